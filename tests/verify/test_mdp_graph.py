"""Order of states: strongly connected components against scipy's, and paths too long to recurse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from verify.mdp import MDP, base_policy, mean_return
from verify.mdp.graph import blocks_in_order, reachable, states_without_end

#: Graphs on 8 states: for each the states that come right after it.
graphs = st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=8, max_size=8)


def matrix(after: list[list[int]]) -> csr_array:
    dense = np.zeros((len(after), len(after)))
    for state, following in enumerate(after):
        dense[state, following] = 1
    return csr_array(dense)


@given(graphs, st.lists(st.integers(0, 7), min_size=1, max_size=3))
def test_blocks_are_scipys_components_successors_first(
    after: list[list[int]], sources: list[int]
) -> None:
    blocks = blocks_in_order(sources, lambda state: after[state])
    edges = matrix(after)
    reached = {int(s) for source in sources for s in breadth_first_order(edges, source)[0]}
    assert {s for block in blocks for s in block} == reached
    assert reachable(sources, lambda state: after[state]) == reached
    _, labels = connected_components(edges, connection="strong")
    assert all(len({labels[s] for s in block}) == 1 for block in blocks)
    assert len({labels[block[0]] for block in blocks}) == len(blocks)
    number = {s: i for i, block in enumerate(blocks) for s in block}
    assert all(number[t] <= number[s] for s in reached for t in after[s])


@given(graphs)
def test_states_without_end_reach_no_end(after: list[list[int]]) -> None:
    found = states_without_end(range(8), lambda state: after[state])
    edges = matrix(after)
    for state in range(8):
        ahead = breadth_first_order(edges, state)[0]
        assert (state in found) == all(after[s] for s in ahead)


def test_long_paths_and_long_cycles() -> None:
    """100,000 states in a row, and the same closed to a ring: no recursion, no quadratic time."""
    length = 100_000
    row = blocks_in_order([0], lambda s: [s + 1] if s < length - 1 else [])
    assert len(row) == length and row[0] == (length - 1,)
    (ring,) = blocks_in_order([0], lambda s: [(s + 1) % length])
    assert len(ring) == length


@pytest.mark.parametrize("steps", [1, 3000])
def test_long_mdp(steps: int) -> None:
    moves = {t: {"on": ("999/1000", t + 1), "stop": ("1/1000", "end")} for t in range(steps)}
    mdp = MDP.build(0, moves, {steps: 1, "end": 0})
    assert not mdp.cyclic
    value = mean_return(mdp, base_policy(mdp))
    assert value.p == 999**steps  # type: ignore[union-attr]
