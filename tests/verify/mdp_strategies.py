"""Hypothesis strategies for finite MDPs: trees, and layered graphs with merging states."""

from __future__ import annotations

from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from verify.mdp import MDP

#: Few values, so that returns coincide and optima are tied now and then.
returns = st.integers(-6, 6).map(lambda k: fmpq(k, 2))


def law_over(states: list[Any], most: int) -> st.SearchStrategy[dict[Any, fmpq]]:
    """A law on one to ``most`` of the states."""
    return st.lists(st.sampled_from(states), min_size=1, max_size=most, unique=True).flatmap(
        lambda chosen: st.lists(st.integers(1, 9), min_size=len(chosen), max_size=len(chosen)).map(
            lambda ws: {s: fmpq(w, sum(ws)) for s, w in zip(chosen, ws, strict=True)}
        )
    )


@st.composite
def layered(draw: st.DrawFn, deterministic: bool = True, starts: int = 1, deepest: int = 4) -> MDP:
    """States in layers; each action leads to any later layer, so that paths merge.

    With ``deterministic=False`` an action may lead to up to three states.
    """
    depth = draw(st.integers(1, deepest))
    names = [[(t, i) for i in range(draw(st.integers(1, 3)))] for t in range(depth + 1)]
    if starts > 1:
        names[0] = [(0, i) for i in range(draw(st.integers(2, starts)))]
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {}
    for t in range(depth):
        later = [state for layer in names[t + 1 :] for state in layer]
        for state in names[t]:
            weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
            most = 1 if deterministic else 3
            moves[state] = {
                action: (fmpq(w, sum(weights)), draw(law_over(later, most)))
                for action, w in enumerate(weights)
            }
    first = draw(law_over(names[0], starts)) if starts > 1 else names[0][0]
    return MDP.build(first, moves, {state: draw(returns) for state in names[depth]})


@st.composite
def trees(draw: st.DrawFn) -> MDP:
    """Every state has one way to it: its name is the list of actions."""
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {}
    ends: dict[Any, fmpq] = {}
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        state = waiting.pop()
        if len(state) < 3 and (not state or draw(st.booleans())):
            weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
            total = sum(weights)
            moves[state] = {
                action: (fmpq(w, total), (*state, action)) for action, w in enumerate(weights)
            }
            waiting.extend((*state, action) for action in range(len(weights)))
        else:
            ends[state] = draw(returns)
    return MDP.build((), moves, ends)


#: MDPs with deterministic transitions and one start state.
deterministic = st.one_of(trees(), layered())


def weights(mdp: MDP) -> st.SearchStrategy[dict[Any, fmpq]]:
    """Weights by final state, not all 0 and not normalised."""
    ends = mdp.final
    return (
        st.lists(st.integers(0, 5), min_size=len(ends), max_size=len(ends))
        .filter(any)
        .map(lambda ws: dict(zip(ends, map(fmpq, ws), strict=True)))
    )
