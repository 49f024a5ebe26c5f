"""MDPs at random, from a seed: trees, graphs with merging states, several start states, draws.

Probabilities are rational, so that all that is checked on them is checked exactly.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from flint import fmpq

from verify.mdp import MDP

#: Layers of states below the start, and the most states in one.
DEPTH, WIDTH = 4, 3


class Kind(NamedTuple):
    """What to draw; the text names the case.

    Attributes
    ----------
    seed : int
    tree : bool
        Whether each state has one way to it only: a tree for each start state.
    starts : int
        How many start states.
    outcomes : int
        To how many states one action may lead; 1 is deterministic.
    """

    seed: int
    tree: bool = False
    starts: int = 1
    outcomes: int = 1


def generated(kind: Kind) -> MDP:
    """The MDP of a kind."""
    rng = random.Random(str(kind))
    return _trees(rng, kind) if kind.tree else _graph(rng, kind)


def weight_for(mdp: MDP, kind: Kind) -> dict[Any, fmpq]:
    """A weight on its final states: not all 0, and not normalised."""
    rng = random.Random(f"weight of {kind}")
    weights = {state: fmpq(rng.randint(0, 5)) for state in mdp.final}
    weights[rng.choice(mdp.final)] += 6  # above all others
    return weights


def policy_for(mdp: MDP, kind: Kind) -> dict[Any, dict[Any, fmpq]]:
    """Some policy that takes actions of the base policy; a few with probability 0."""
    rng = random.Random(f"policy of {kind}")
    policy = {}
    for state in mdp.states:
        if state in mdp.moves:
            policy[state] = _law(rng, list(mdp.moves[state]), least=0)
    return policy


def _law(rng: random.Random, items: list[Any], least: int = 1) -> dict[Any, fmpq]:
    weights = [rng.randint(least, 6) for _ in items]
    weights[rng.randrange(len(items))] += 1
    return {item: fmpq(w, sum(weights)) for item, w in zip(items, weights, strict=True)}


def _trees(rng: random.Random, kind: Kind) -> MDP:
    """A state is named by its start and the actions that lead to it."""
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {}
    returns: dict[Any, fmpq] = {}
    starts = [str(number) for number in range(kind.starts)]
    waiting = list(starts)
    while waiting:
        state = waiting.pop()
        if len(state) <= DEPTH and (state in starts or rng.random() < 0.7):
            chances = _law(rng, list("abc"[: rng.randint(1, 3)]))
            moves[state] = {action: (q, state + action) for action, q in chances.items()}
            waiting.extend(state + action for action in chances)
        else:
            returns[state] = fmpq(rng.randint(-9, 9), 2)
    return MDP.build(_law(rng, starts), moves, returns)


def _graph(rng: random.Random, kind: Kind) -> MDP:
    sizes = [kind.starts, *(rng.randint(2, WIDTH) for _ in range(DEPTH))]
    layers = [[(t, i) for i in range(size)] for t, size in enumerate(sizes)]
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {}
    for t, layer in enumerate(layers[:-1]):
        later = [state for below in layers[t + 1 :] for state in below]
        for state in layer:
            chances = _law(rng, list("abc"[: rng.randint(2, 3)]))
            moves[state] = {
                action: (q, _outcomes(rng, later, kind)) for action, q in chances.items()
            }
    returns = {state: fmpq(rng.randint(-9, 9), 2) for state in layers[-1]}
    return MDP.build(_law(rng, layers[0]), moves, returns)


def _outcomes(rng: random.Random, states: list[Any], kind: Kind) -> dict[Any, fmpq]:
    number = min(len(states), rng.randint(1, kind.outcomes))
    return _law(rng, rng.sample(states, number))
