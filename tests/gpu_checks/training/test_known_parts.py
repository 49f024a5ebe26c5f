"""Rewards of known parts, by counting by hand; and the error's tail, computed and measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gpu_checks.enumerable.trees import random_tree
from verify.errors import InputError

pytestmark = pytest.mark.gpu


def known(**changes: Any) -> Any:
    from gpu_checks.training.known_parts import KnownParts, Power

    return KnownParts(**{"token": 2, "growth": Power(2), "values": {0: 1.0, 1: -0.5}, **changes})


def by_hand(parts: Any, answer: list[int]) -> tuple[float, float]:
    """V and X of one answer, by a loop over its tokens."""
    count = sum(token == parts.token for token in answer[parts.error_from :])
    worths = [parts.values.get(token, 0.0) for token in answer[: parts.utility_until]]
    total = sum(worths)
    if parts.utility == "mean":
        total /= max(1, len(answer))
    return total, parts.error_scale * float(parts.growth.of(np.array(count)))


@given(
    st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=1, max_size=5),
    st.sampled_from(["sum", "mean"]),
    st.integers(0, 3),
    st.sampled_from([None, 0, 2]),
)
def test_against_counting(answers: Any, utility: Any, start: int, until: int | None) -> None:
    from gpu_checks.training.known_parts import Exponential

    parts = known(
        utility=utility,
        error_from=start,
        utility_until=until,
        growth=Exponential(0.5),
        error_scale=3.0,
    )
    u, v, x = parts(answers)
    expected = np.array([by_hand(parts, answer) for answer in answers])
    # Sums of at most six halves are exact; a division and an exponential round once or twice.
    assert v == pytest.approx(expected[:, 0], rel=1e-15, abs=0)
    assert x == pytest.approx(expected[:, 1], rel=1e-15, abs=0)
    assert (u == v + x).all()


def test_arrays_tensors_and_lists_are_the_same() -> None:
    import torch

    rows = np.random.default_rng(1).integers(0, 4, (20, 5))
    parts = known()
    for given_as in (rows.tolist(), torch.from_numpy(rows)):
        for one, other in zip(parts(rows), parts(given_as), strict=True):
            assert (one == other).all()


def test_a_utility_without_worths_is_0() -> None:
    assert known(values={})([[0, 2], []]).v.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"values": {2: 1.0}}, "token 2 is the error's"),
        ({"values": {1: float("nan")}}, "worth of a token: expected a finite number"),
        ({"utility": "max"}, "expected sum or mean, got 'max'"),
        ({"error_from": -1}, "expected 0 or more"),
        ({"error_scale": 0.0}, "the scale of the error: expected a positive number"),
    ],
)
def test_bad_parts_get_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        known(**changes)


def test_bad_growths_get_one_line() -> None:
    from gpu_checks.training.known_parts import Exponential, Power

    for growth in (Power, Exponential):
        for bad in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(InputError, match="expected a positive number"):
                growth(bad)
    with pytest.raises(InputError, match=r"token 2 occurs 3 times.*range of float64"):
        known(growth=Exponential(400))([[2, 2, 2]])


# ---------------------------------------------------------------- tails


def independent_tokens(chance: float, horizon: int) -> Any:
    """Each token is the error's with one chance, whatever came before: counts are binomial."""
    from gpu_checks.enumerable.tree import PrefixTree

    row = np.log([1 - chance, chance])
    levels = tuple(np.tile(row, (2**length, 1)) for length in range(horizon))
    return PrefixTree(levels, (0, 2))


def test_a_computed_tail_of_independent_tokens_is_binomial() -> None:
    from scipy.stats import binom

    from gpu_checks.training.error_tail import computed_tail

    tree = independent_tokens(0.2, 8)
    tail = computed_tail(tree, known()(tree.trajectories).x)
    assert tail.values.tolist() == [k**2 for k in range(9)]
    # Sums of up to 256 products of 8 numbers: 300 roundings.
    assert np.exp(tail.log_survival) == pytest.approx(binom.sf(np.arange(-1, 8), 8, 0.2), rel=1e-13)


@pytest.mark.parametrize("heavy", [True, False])
def test_the_price_of_error_falls_along_heavy_tails_only(heavy: bool) -> None:
    from gpu_checks.training.error_tail import computed_tail
    from gpu_checks.training.known_parts import Exponential, Power

    tree = independent_tokens(0.2, 8)
    for growth in (Power(3), Exponential(1.5)) if heavy else (Power(1), Power(0.5)):
        parts = known(growth=growth)
        rates = computed_tail(tree, parts(tree.trajectories).x).rates
        assert parts.heavy is heavy
        assert np.isnan(rates[0])  # no error, no price
        assert (np.diff(rates[1:]) < 0).all() if heavy else (np.diff(rates[1:]) > 0).all()


def test_measured_tails_hold_the_computed_one_as_often_as_they_say() -> None:
    """400 samples of 200 answers: each probability is in its interval in 95 % of them or more."""
    from gpu_checks.training.error_tail import computed_tail, measured_tail

    tree = random_tree(3, 3, 5)
    errors = known()(tree.trajectories).x
    truth = computed_tail(tree, errors)
    rng = np.random.default_rng(4)
    held = np.zeros((400, len(truth.values)), dtype=bool)
    for row in held:
        tail = measured_tail(errors[tree.sample(200, rng)])
        places = np.searchsorted(truth.values, tail.values)
        row[:] = True  # what was never reached is judged by its upper end, below
        row[places] = (tail.low <= truth.log_survival[places]) & (
            truth.log_survival[places] <= tail.high
        )
    # Four standard errors below the level; the smallest value has probability 1 in all of them.
    assert held.mean(axis=0).min() > 0.95 - 4 * (0.95 * 0.05 / 400) ** 0.5
    assert held[:, 0].all()


def test_intervals_of_a_measured_tail_by_their_definition() -> None:
    """At either end, as many answers or more, and as few or fewer, have the chance 2.5 %."""
    from scipy.stats import binom

    from gpu_checks.training.error_tail import measured_tail

    tail = measured_tail([0.0] * 17 + [1.0] * 3)
    assert tail.samples == 20
    assert binom.sf(2, 20, np.exp(tail.low[1])) == pytest.approx(0.025, rel=1e-9)
    assert binom.cdf(3, 20, np.exp(tail.high[1])) == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("errors", [[], [np.nan], [[1.0]]])
def test_bad_samples_get_one_line(errors: Any) -> None:
    from gpu_checks.training.error_tail import measured_tail

    with pytest.raises(InputError, match="finite numbers, one an answer"):
        measured_tail(errors)
    with pytest.raises(InputError, match="between 0 and 1"):
        measured_tail([1.0], level=1.0)
