"""The best of n inside a sample and beyond it."""

from __future__ import annotations

from itertools import combinations
from math import exp as exponential
from math import inf, lgamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma
from scipy.stats import t

from verify.best_of.estimate import ScoredSample
from verify.errors import InputError
from verify.tails.consequences.best_of_n import best_of_curve, spliced_mean, unbiased
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import Excesses, Spliced
from verify.tails.consequences.splice import fitted_tail
from verify.tails.verdict import Interval, Verdict

HEAVY = Verdict("heavy", "power law", Interval(0.33, 0.2, 0.45), None, 500, "test")
LIGHT = Verdict("light", None, Interval(0.0, -0.1, 0.05), Interval(1.0, 0.8, 1.2), 500, "test")


def test_the_average_over_all_subsets() -> None:
    rewards = np.array([0.5, -1.0, 2.0, 2.0, 7.0, -3.0, 0.5])
    cells = CellLaw.of(rewards)
    for n in range(1, 8):
        direct = np.mean([max(subset) for subset in combinations(rewards.tolist(), n)])
        assert unbiased(cells, n)[0] == pytest.approx(float(direct), abs=1e-13)


@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 3000),
    share=st.floats(0, 1),
    digits=st.booleans(),
)
def test_meets_the_estimate_reward_by_reward(
    seed: int, rows: int, share: float, digits: bool
) -> None:
    rewards = np.random.default_rng(seed).standard_t(2, rows)
    rewards = np.round(rewards, 1) if digits else rewards
    n = 1 + round(share * (rows - 1))
    mean, error = unbiased(CellLaw.of(rewards), n)
    other = ScoredSample(rewards, rewards).best_of(n)
    # Logarithms of factorials of 3000 have five digits before the point.
    assert mean == pytest.approx(other.mean, abs=1e-10 * abs(rewards).max())
    if other.standard_error is not None and n * 10 <= rows and rows >= 100:
        # The jackknife's error has more than its leading term.
        assert error == pytest.approx(other.standard_error, rel=0.02, abs=1e-12)


def test_many_rewards_in_cells() -> None:
    rewards = np.random.default_rng(0).standard_normal(10**5)
    cells, one_by_one = CellLaw.of(rewards), ScoredSample(rewards, rewards)
    for n in (2, 77, 9000):
        mean, error = unbiased(cells, n)
        other = one_by_one.best_of(n)
        # A cell is at most 1e-3 wide where its rewards count, and its mean is kept.
        assert mean == pytest.approx(other.mean, abs=1e-6)
        assert other.standard_error == pytest.approx(error, rel=0.01)


def all_in_the_tail(shape: float) -> Spliced:
    """A generalised Pareto law from 1 on."""
    values = np.array([1.0])
    return Spliced(CellLaw(np.array([1]), values, values, values), 0, shape, 1.0)


@pytest.mark.parametrize("shape", [-0.5, 0.0, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("n", [1, 5, 1000, 10**6])
def test_the_best_of_a_generalised_pareto_law(shape: float, n: int) -> None:
    """``1 + (n!/Gamma(n + 1 - xi) Gamma(1 - xi) - 1)/xi``; at 0 the n-th harmonic number."""
    if shape:
        gammas = lgamma(n + 1) + lgamma(1 - shape) - lgamma(n + 1 - shape)
        exact = 1 + (exponential(gammas) - 1) / shape
    else:
        exact = 1 + digamma(n + 1) + np.euler_gamma
    # The logarithms have seven digits before the point.
    assert spliced_mean(all_in_the_tail(shape), n) == pytest.approx(exact, rel=1e-7)


def test_an_infinite_mean() -> None:
    assert spliced_mean(all_in_the_tail(1.0), 2) == inf


def test_a_spliced_law_against_its_draws() -> None:
    rng = np.random.default_rng(6)
    rewards = rng.standard_normal(3000)
    cells = CellLaw.of(rewards)
    law = Excesses(cells, cells.cell_of(0.9)).tail(0.2)
    n, draws = 40, 20000
    shares = rng.uniform(size=(draws, n)).min(axis=1)  # the share above the largest of n
    ordered = np.sort(rewards)[::-1]
    inside = ordered[np.minimum((shares * 3000).astype(int), 2999)]
    best = np.where(shares < law.share, law.quantile(np.minimum(shares, law.share)), inside)
    error = best.std() / draws**0.5
    assert spliced_mean(law, n) == pytest.approx(best.mean(), abs=4 * error)


def test_the_curve_says_where_it_leaves_the_sample() -> None:
    cells = CellLaw.of(np.random.default_rng(0).standard_t(3, 10**4))
    curve = best_of_curve(cells, HEAVY, fitted_tail(cells, HEAVY))
    assert curve[-1].n == 10**9
    for each in curve:
        assert (each.where == "inside the sample") == (each.n <= 1000)
        assert (each.sampled is None) == (each.where == "beyond the sample") == (each.n > 10**4)
        assert (each.fitted is None) == (each.where == "inside the sample")
    leaving = next(each for each in curve if each.where == "leaving the sample")
    assert leaving.sampled is not None and leaving.fitted is not None
    assert leaving.sampled.low is None
    assert leaving.fitted.low is not None and leaving.fitted.high is not None
    assert leaving.fitted.value is not None
    assert leaving.fitted.low < leaving.fitted.value < leaving.fitted.high
    shown = [each.fitted or each.sampled for each in curve]
    values = [-inf if answer is None or answer.value is None else answer.value for answer in shown]
    assert values == sorted(values) and values[0] > -inf


@pytest.mark.parametrize(("name", "verdict"), [("exponential", LIGHT), ("t", HEAVY)])
def test_beyond_the_sample_the_interval_holds_the_truth(name: str, verdict: Verdict) -> None:
    """At n = 10^7 from 10^4 rewards: the harmonic number; for t(3) the limit of extremes."""
    rng = np.random.default_rng(2)
    rewards = rng.exponential(size=10**4) if name == "exponential" else rng.standard_t(3, 10**4)
    cells = CellLaw.of(rewards)
    (found,) = best_of_curve(cells, verdict, fitted_tail(cells, verdict), [10**7])
    assert found.fitted is not None
    if name == "exponential":
        exact = float(digamma(10**7 + 1) + np.euler_gamma)
    else:
        exact = float(t.isf(1e-7, 3)) * exponential(lgamma(1 - 1 / 3))
    assert found.fitted.low is not None and found.fitted.high is not None
    assert found.fitted.low <= exact <= found.fitted.high


@pytest.mark.parametrize("n", [0, -1, 10**13, 2.5])
def test_an_n_that_is_no_number_of_draws(n: int) -> None:
    cells = CellLaw.of(np.arange(10.0))
    with pytest.raises(InputError, match="whole number"):
        best_of_curve(cells, LIGHT, None, [n])
