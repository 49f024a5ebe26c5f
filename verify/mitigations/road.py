"""A road along a cliff: a process in which a small change of the actions changes the states a lot.

A car drives for so many steps. At each it goes straight on, or with a small probability the driver
turns the wheel a bit too far; then it is at the foot of the cliff, for the rest of the time. The
driver steers with the left hand or the right one, which is all the same to the car.
"""

from __future__ import annotations

from typing import Any

from flint import fmpq

from verify.mdp import MDP

ROAD, RAVINE, TURN = "road", "ravine", "turn"
HALF = fmpq(1, 2)
#: The driver's hands, both of which go straight on.
HANDS = ("left hand", "right hand")


def road(steps: int, turn: fmpq, left: fmpq = HALF) -> MDP:
    """The process, with a base policy that turns with probability ``turn`` at each step.

    Parameters
    ----------
    steps : int
        How long the drive takes.
    turn : fmpq
        In (0, 1).
    left : fmpq, optional
        The probability of the left hand, where the car goes straight on.

    Returns
    -------
    MDP
        States are ``(where, step)``; the return is 1 if the car ends on the road, else 0.
    """
    hands = dict(zip(HANDS, (left, 1 - left), strict=True))
    moves = {}
    for step in range(steps):
        following = (ROAD, step + 1)
        straight = {hand: ((1 - turn) * share, following) for hand, share in hands.items()}
        moves[ROAD, step] = {**straight, TURN: (turn, (RAVINE, step + 1))}
        if step > 0:
            moves[RAVINE, step] = {"stay": (fmpq(1), (RAVINE, step + 1))}
    ends = {(where, steps): fmpq(where == ROAD) for where in (ROAD, RAVINE)}
    return MDP.build((ROAD, 0), moves, ends)


def driver(mdp: MDP, turn: fmpq, left: fmpq = HALF) -> dict[Any, dict[str, fmpq]]:
    """The policy that turns, and uses its hands, with other probabilities."""
    hands = dict(zip(HANDS, (left, 1 - left), strict=True))
    on_road = {hand: (1 - turn) * share for hand, share in hands.items()} | {TURN: turn}
    return {state: on_road if state[0] == ROAD else {"stay": fmpq(1)} for state in mdp.moves}


def on_the_road(turn: fmpq, steps: int) -> fmpq:
    """The share of the time on the road, for a driver who turns with this probability."""
    return (1 - (1 - turn) ** steps) / (turn * steps)


def where(state: tuple[str, int]) -> str:
    """On the road, or in the ravine."""
    return state[0]
