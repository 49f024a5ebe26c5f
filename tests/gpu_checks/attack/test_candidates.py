"""Candidates, the history and the schedules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.gpu


@given(
    length=st.integers(1, 12),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
    k=st.integers(1, 9),
)
def test_a_candidate_differs_in_as_many_places_as_it_was_to(
    length: int, share: float, seed: int, k: int
) -> None:
    """Places are distinct, and no token is replaced by itself: the official script does both."""
    import torch

    from gpu_checks.attack.candidates import best_tokens, from_gradient

    edits = 1 + int(share * (length - 1))
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 10, size=length)
    allowed = torch.ones(10, dtype=torch.bool)
    tokens = best_tokens(torch.as_tensor(rng.standard_normal((length, 10))), ids, allowed, k)
    rows = from_gradient(ids, tokens, 20, edits, rng)
    assert rows.shape == (20, length)
    assert ((rows != ids).sum(axis=1) == edits).all()

    # Planted: places drawn with repetition, as in the official script.
    places = rng.integers(0, length, size=(200, edits))
    if edits > 2 and length < 8:
        assert any(len(set(each)) < edits for each in places.tolist())


def test_tokens_of_the_largest_gradient_are_offered() -> None:
    import torch

    from gpu_checks.attack.candidates import best_tokens

    gradient = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
    allowed = torch.tensor([False, True, True, True, True])
    tokens = best_tokens(gradient, np.array([2, 4]), allowed, 2)
    assert tokens.tolist() == [[1, 3], [3, 2]]  # 0 is not allowed; 2 and 4 are there already
    assert best_tokens(gradient, np.array([2, 4]), allowed, 99).shape == (2, 3)


def test_candidates_are_distinct_and_none_is_the_parent() -> None:
    from gpu_checks.attack.candidates import enough_of

    parent = np.array([1, 1])
    rng = np.random.default_rng(0)

    def every(rows: np.ndarray) -> np.ndarray:
        return np.ones(len(rows), dtype=bool)

    def nothing(rows: np.ndarray) -> np.ndarray:
        return rows[:0]

    def drawn(count: int) -> np.ndarray:
        return rng.integers(0, 2, size=(count, 2))

    rows = enough_of(drawn, every, nothing, parent, 10)
    assert sorted(map(tuple, rows.tolist())) == [(0, 0), (0, 1), (1, 0)]
    none = enough_of(lambda n: np.ones((n, 2), np.int64), every, nothing, parent, 10)
    assert none.shape == (0, 2)


def test_what_is_no_text_s_is_mended_only_where_the_rest_is_too_little() -> None:
    from gpu_checks.attack.candidates import enough_of

    parent = np.array([0, 0])
    rng = np.random.default_rng(0)

    def even(rows: np.ndarray) -> np.ndarray:
        return rows[:, 0] % 2 == 0

    def drawn(count: int) -> np.ndarray:
        return rng.integers(0, 100, size=(count, 2))

    def next_even(rows: np.ndarray) -> np.ndarray:
        assert (rows[:, 0] % 2 == 1).all()
        return rows + np.array([1000, 0])

    enough = enough_of(drawn, even, next_even, parent, 8)
    assert enough.shape == (8, 2) and enough.max() < 100
    few = enough_of(drawn, lambda rows: rows[:, 0] < 3, lambda rows: rows + 1000, parent, 30)
    assert few.shape == (30, 2)
    mended = few[:, 0] >= 1000
    assert mended.any() and not mended[0] and list(mended) == sorted(mended)


def test_the_edits_of_better_candidates_are_put_together() -> None:
    from gpu_checks.attack.candidates import merged

    parent = np.zeros(5, dtype=np.int64)
    better = np.array([[0, 3, 0, 0, 0], [0, 4, 0, 0, 0], [5, 6, 0, 0, 0], [0, 0, 0, 0, 7]])
    rows = merged(parent, better, 9)
    assert rows.tolist() == [[5, 3, 0, 0, 0], [5, 3, 0, 0, 7]]  # the second has nothing to add
    assert merged(parent, better, 1).tolist() == [[5, 3, 0, 0, 0]]
    for few in (better[:1], better[:0]):
        assert merged(parent, few, 9).shape == (0, 5)


@given(
    size=st.integers(1, 5),
    added=st.lists(st.tuples(st.integers(0, 20), st.integers(-3, 3)), min_size=1, max_size=40),
)
def test_the_history_is_the_best_of_what_was_added(size: int, added: list[tuple[int, int]]) -> None:
    from gpu_checks.attack.history import History, Point

    history = History(size)
    rewards = {token: float(reward) for token, reward in reversed(added)}  # a state has one reward
    seen: list[float] = []
    for token, _ in added:
        better = history.add(Point((token,), rewards[token]))
        assert better == (not seen or rewards[token] > max(seen))
        seen.append(rewards[token])
    expected = sorted(rewards.values(), reverse=True)[:size]
    assert [point.reward for point in history.points] == expected
    assert history.best.reward == max(seen)
    again = History.from_dict(history.to_dict())
    assert again == history


def test_states_take_turns() -> None:
    from gpu_checks.attack.history import History, Point

    history = History(2)
    one, other = Point((1,), 1.0), Point((2,), 2.0)
    history.add(one)
    history.add(other)
    turns = []
    for _ in range(6):
        turns.append(history.parent(patience=2))
        history.tried(turns[-1], found=False)
    assert turns == [other, other, one, one, other, other]
    history.tried(other, found=True)
    assert history.parent(patience=2) == other


def test_the_official_schedule() -> None:
    """Against its formula in float64; 9 edits at first, 2 at last."""
    from gpu_checks.attack.schedule import official

    counts = official()
    assert len(counts) == 1000 and counts[0] == 9 and counts[-1] == 2
    assert list(counts) == [int((100000 / (i + 1)) ** 0.3) // 4 + 2 for i in range(1000)]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 60))
def test_a_geometric_schedule_goes_from_its_first_to_its_last(a: int, b: int, steps: int) -> None:
    from gpu_checks.attack.schedule import geometric

    first, last = max(a, b), min(a, b)
    counts = geometric(first, last, steps)
    assert len(counts) == steps and counts[0] == first
    assert counts[-1] == (last if steps > 1 else first)
    assert list(counts) == sorted(counts, reverse=True)
