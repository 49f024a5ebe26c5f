"""The unbiased best-of-n estimate: by enumeration of subsets, by exact weights, by leaving out."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.best_of import estimate as best_of_estimate
from verify.best_of.estimate import (
    BLOCK,
    NEGLIGIBLE,
    ScoredSample,
    best_of_estimates,
    blocks_of_weights,
    error_bound,
    rank_weights,
)
from verify.errors import InputError

Scores = list[tuple[int, int]]
#: Few values, so that many tie.
SCORES = st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9)), min_size=1, max_size=7)


def over_subsets(scores: Scores, n: int) -> Fraction:
    """The mean gold score of the best of each subset of n; those that tie for it are averaged."""
    total = Fraction(0)
    for subset in combinations(scores, n):
        best = max(proxy for proxy, _ in subset)
        golds = [gold for proxy, gold in subset if proxy == best]
        total += Fraction(sum(golds), len(golds))
    return total / comb(len(scores), n)


def left_out(scores: Scores, n: int) -> Fraction:
    """The jackknife's variance, by its definition."""
    size = len(scores)
    without = [over_subsets(scores[:j] + scores[j + 1 :], n) for j in range(size)]
    mean = sum(without, Fraction(0)) / size
    return Fraction(size - 1, size) * sum((each - mean) ** 2 for each in without)


@given(SCORES, st.data())
def test_it_is_the_mean_over_all_subsets(scores: Scores, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, len(scores)))
    (found,) = best_of_estimates(*zip(*scores, strict=True), [n])
    # Sums of seven numbers up to 9, and weights from seven quotients.
    assert found.mean == pytest.approx(float(over_subsets(scores, n)), abs=1e-13)
    if n == len(scores):
        assert found.standard_error is None
    else:
        # A root: where the variance is 0, what rounding leaves of it is about 1e-16.
        assert found.standard_error == pytest.approx(float(left_out(scores, n)) ** 0.5, abs=1e-7)


@given(SCORES.filter(lambda scores: len(scores) > 1), st.data())
def test_the_error_of_a_difference(scores: Scores, data: st.DataObject) -> None:
    """By leaving each out of both; the two errors apart would say more."""
    size = len(scores)
    n, other = data.draw(st.tuples(*[st.integers(1, size - 1)] * 2))
    sample = ScoredSample(*zip(*scores, strict=True))
    rest = [scores[:j] + scores[j + 1 :] for j in range(size)]
    without = [over_subsets(each, n) - over_subsets(each, other) for each in rest]
    away = over_subsets(scores, n) - over_subsets(scores, other)
    variance = Fraction(size - 1, size) * sum((each - away) ** 2 for each in without)
    assert sample.error_of_difference(n, other) == pytest.approx(float(variance) ** 0.5, abs=1e-7)
    with pytest.raises(InputError, match=f"best of {size}: expected n from 1 to {size - 1}"):
        sample.error_of_difference(n, size)


def test_a_difference_counts_draws_below_all_weights() -> None:
    """Two n whose weights end at different ranks."""
    size = 600
    proxy = np.arange(float(size))
    gold = np.random.default_rng(4).standard_normal(size)
    halves = ScoredSample(proxy, gold)
    away = halves.best_of(300).mean - halves.best_of(40).mean
    total = 0.0
    for j in range(size):
        rest = ScoredSample(np.delete(proxy, j), np.delete(gold, j))
        found = [rest.best_of(n, error=False).mean for n in (300, 40)]
        total += (found[0] - found[1] - away) ** 2
    # As for one n: the root of 600 squares, each of a difference rounded by 1e-16.
    error = halves.error_of_difference(300, 40)
    assert error == pytest.approx(((size - 1) / size * total) ** 0.5, rel=1e-9)


def test_rank_weights_count_the_subsets() -> None:
    size, n = 9, 4
    winners = np.bincount([max(chosen) for chosen in combinations(range(size), n)], minlength=size)
    assert np.allclose(rank_weights(size, n), winners / comb(size, n), rtol=1e-15, atol=0)
    assert rank_weights(5000, 1) == pytest.approx(np.full(5000, 1 / 5000))


@pytest.mark.parametrize(("size", "n"), [(3 * BLOCK, 3), (20_000, 200), (9000, 8990), (10, 10)])
def test_weights_are_exact_to_the_bound(size: int, n: int) -> None:
    """Against integers, at every 997th rank: over several blocks, and up to where they end."""
    weights, total = rank_weights(size, n), comb(size, n)
    kept = np.flatnonzero(weights)
    for place in kept[::-997]:
        exact = Fraction(comb(int(place), n - 1), total)
        assert abs(Fraction(float(weights[place])) / exact - 1) <= 2 * size * Fraction(1, 2**53)
    first = int(kept[0])
    assert Fraction(comb(first, n), total) <= Fraction(NEGLIGIBLE)
    assert weights.sum() == pytest.approx(1, abs=error_bound(size))


def test_log_gamma_is_the_second_route() -> None:
    from scipy.special import gammaln

    size, n = 10_000, 64
    i = np.arange(n, size + 1)
    logs = gammaln(i) - gammaln(n) - gammaln(i - n + 1)
    total = gammaln(size + 1) - gammaln(n + 1) - gammaln(size - n + 1)
    # Logarithms of factorials of 1e4 are about 1e5: 5 digits of 16 are lost.
    assert np.allclose(rank_weights(size, n)[n - 1 :], np.exp(logs - total), rtol=1e-9, atol=1e-18)


def test_the_standard_error_is_that_of_fresh_samples() -> None:
    rng = np.random.default_rng(3)
    found = [
        ScoredSample(proxy, proxy + rng.standard_normal(400)).best_of(8)
        for proxy in rng.standard_normal((400, 400))
    ]
    spread = float(np.std([each.mean for each in found], ddof=1))
    stated = float(np.mean([each.standard_error for each in found]))
    # The spread of 400 numbers is good to 1/sqrt(800) = 3.5 %; six of these are 21 %.
    assert 0.79 < stated / spread < 1.21


def test_draws_below_all_weights_count_in_the_error() -> None:
    """For large n most draws have no weight; the jackknife knows them all the same."""
    size, n = 600, 300
    proxy = np.arange(float(size))
    gold = np.random.default_rng(4).standard_normal(size)
    assert sum(len(part) for _, part in blocks_of_weights(size, n)) < 100
    whole = ScoredSample(proxy, gold).best_of(n)
    without = [
        ScoredSample(np.delete(proxy, j), np.delete(gold, j)).best_of(n, error=False).mean
        for j in range(size)
    ]
    by_definition = (size - 1) / size * sum((each - whole.mean) ** 2 for each in without)
    # 600 differences of numbers near 1, each rounded by 1e-16; the root of 1e-13 of their sum.
    assert whole.standard_error == pytest.approx(by_definition**0.5, rel=1e-9)


def test_effective_draws() -> None:
    (every, top) = best_of_estimates(np.arange(50.0), np.arange(50.0), [1, 50])
    assert every.effective == pytest.approx(50) and top.effective == pytest.approx(1)
    assert (every.mean, top.mean) == (pytest.approx(24.5), 49)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([1.0], [1.0, 2.0], [1]), "a proxy and a gold score for each draw"),
        (([], [], [1]), "got none"),
        (([1.0, float("nan")], [1.0, 2.0], [1]), "the proxy of draw 2 is not finite"),
        (([1.0, 2.0], [float("inf"), 2.0], [1]), "the gold score of draw 1 is not finite"),
        (([1.0, 2.0], [1.0, 2.0], [3]), "best of 3: expected n from 1 to the 2 draws"),
        (([1.0, 2.0], [1.0, 2.0], [0]), "best of 0"),
    ],
)
def test_bad_input_is_one_line(arguments: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        best_of_estimates(*arguments)


def test_planted_ties_by_order_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were ties broken by their order in the sample, the subsets would disagree."""
    monkeypatch.setattr(best_of_estimate._Groups, "of", classmethod(lambda cls, proxies: None))
    scores = [(1, 0), (1, 6), (0, 3)]
    (found,) = best_of_estimates(*zip(*scores, strict=True), [2])
    assert found.mean != pytest.approx(float(over_subsets(scores, 2)))
