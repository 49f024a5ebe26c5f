"""How far a driver may go off the road within a budget, under penalties on actions and on states.

The process is that of :mod:`verify.mitigations.road`. The driver turns with one probability at each
step; each penalty allows it up to a largest one, which is enclosed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from verify.divergence import binary_kl
from verify.enclosure import Undecided, between, exact, working_precision
from verify.utility_curve import written

#: What is shown: so many steps, the base policy's probability of a turn, and the budget.
STEPS, BASE_TURN, BUDGET = 100, fmpq(1, 10**4), "0.05"
#: Precision, and halvings of the interval that holds the largest probability.
BITS, HALVINGS = 128, 60


@dataclass(frozen=True)
class Driving:
    """What a driver does, next to the base policy.

    Attributes
    ----------
    actions : arb
        The KL divergence of the actions at one step on the road.
    ravine, base_ravine : arb
        The share of the time in the ravine, of the driver and of the base policy.
    """

    actions: arb
    ravine: arb
    base_ravine: arb

    @classmethod
    def of(cls, turn: fmpq, base: fmpq, steps: int) -> Driving:
        """From the probabilities of a turn at each step."""
        actions = binary_kl(arb(turn), arb(base).log(), (-arb(base)).log1p())
        return cls(actions, _in_the_ravine(turn, steps), _in_the_ravine(base, steps))


def _in_the_ravine(turn: fmpq, steps: int) -> arb:
    stays = (steps * (-arb(turn)).log1p()).exp()
    return 1 - (1 - stays) / (turn * steps)


def average_of_actions(driving: Driving, steps: int) -> arb:
    """The KL divergence of the actions at a moment drawn at random; in the ravine it is 0."""
    return driving.actions * (1 - driving.ravine)


def of_trajectories(driving: Driving, steps: int) -> arb:
    """The KL divergence of the trajectories: the sum over the steps."""
    return steps * average_of_actions(driving, steps)


def kl_of_occupancies(driving: Driving, steps: int) -> arb:
    """The KL divergence of where the car is."""
    base = driving.base_ravine
    return binary_kl(driving.ravine, base.log(), (-base).log1p())


def chi_square_of_occupancies(driving: Driving, steps: int) -> arb:
    """The chi-square divergence of where the car is."""
    base = driving.base_ravine
    return (driving.ravine - base) ** 2 / (base * (1 - base))


def variation_of_occupancies(driving: Driving, steps: int) -> arb:
    """The total variation of where the car is."""
    return driving.ravine - driving.base_ravine


PENALTIES: dict[str, Callable[[Driving, int], arb]] = {
    "KL of actions, average over the steps": average_of_actions,
    "KL of trajectories, the sum": of_trajectories,
    "KL of the occupancy": kl_of_occupancies,
    "chi-square of the occupancy": chi_square_of_occupancies,
    "total variation of the occupancy": variation_of_occupancies,
}


@dataclass(frozen=True)
class Loss:
    """The most that one penalty allows.

    Attributes
    ----------
    penalty : str
        Its name.
    turn : arb
        The largest probability of a turn at each step.
    lost : arb
        The share of the time that is moved into the ravine: what the utility loses.
    """

    penalty: str
    turn: arb
    lost: arb

    def to_dict(self) -> dict[str, Any]:
        """As JSON: enclosures."""
        return {"penalty": self.penalty, "turn": written(self.turn), "lost": written(self.lost)}


def losses(steps: int = STEPS, base: fmpq = BASE_TURN, budget: str = BUDGET) -> tuple[Loss, ...]:
    """What each penalty allows within the same budget.

    Raises
    ------
    Undecided
        If a divergence cannot be told from the budget.
    """
    with working_precision(BITS):
        return tuple(_loss(name, steps, base, exact(budget)) for name in PENALTIES)


def _loss(penalty: str, steps: int, base: fmpq, budget: fmpq) -> Loss:
    divergence = PENALTIES[penalty]
    low, high = base, fmpq(1) - fmpq(1, 2**HALVINGS)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        spent = divergence(Driving.of(middle, base, steps), steps)
        if spent <= budget:
            low = middle
        elif spent > budget:
            high = middle
        else:
            raise Undecided(f"{penalty}: is {spent.str(8)} above {budget}?")
    ends = (variation_of_occupancies(Driving.of(turn, base, steps), steps) for turn in (low, high))
    return Loss(penalty, between(arb(low), arb(high)), between(*ends))
