"""Which states come before which: reachability, and groups of states on common cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

#: Anything hashable.
State = Any
Successors = Callable[[State], Iterable[State]]
#: Groups of states, each group after all that its states lead to.
Blocks = tuple[tuple[State, ...], ...]

_NO_MORE = object()


def reachable(sources: Iterable[State], successors: Successors) -> frozenset[State]:
    """All states on paths from the sources, the sources included."""
    found = set(sources)
    waiting = list(found)
    while waiting:
        for following in successors(waiting.pop()):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return frozenset(found)


def states_without_end(states: Iterable[State], successors: Successors) -> list[State]:
    """Those of the states from which no path leads to one without successors."""
    states = list(states)
    before: dict[State, list[State]] = {state: [] for state in states}
    ends = []
    for state in states:
        following = list(successors(state))
        for after in following:
            before[after].append(state)
        if not following:
            ends.append(state)
    ending = reachable(ends, lambda state: before[state])
    return [state for state in states if state not in ending]


def blocks_in_order(sources: Iterable[State], successors: Successors) -> Blocks:
    """The strongly connected components of what the sources reach, successors first.

    Tarjan's algorithm, without recursion: paths may be as long as there are states.
    """
    found: list[tuple[State, ...]] = []
    number: dict[State, int] = {}
    low: dict[State, int] = {}
    stack: list[State] = []
    open_states: set[State] = set()

    def enter(state: State) -> tuple[State, Iterator[State]]:
        number[state] = low[state] = len(number)
        stack.append(state)
        open_states.add(state)
        return state, iter(list(successors(state)))

    def close(state: State) -> None:
        block: list[State] = []
        while not block or block[-1] != state:
            block.append(stack.pop())
            open_states.remove(block[-1])
        found.append(tuple(block))

    for source in sources:
        if source in number:
            continue
        path = [enter(source)]
        while path:
            state, rest = path[-1]
            following = next(rest, _NO_MORE)
            if following is _NO_MORE:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[state])
                if low[state] == number[state]:
                    close(state)
            elif following not in number:
                path.append(enter(following))
            elif following in open_states:
                low[state] = min(low[state], number[following])
    return tuple(found)
