"""The likelihood of the Weibull-tail coefficient."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from tests.verify.tails.decision.slopes import check_slopes
from verify.tails.decision.weibull_tail import WeibullTail

N = 10_000
K = 500
LOG_ODDS = math.log(N / K)


def quantile_excesses(theta: float, k: int = K, n: int = N) -> np.ndarray:
    """The excesses of a law with this coefficient at evenly spaced quantiles, descending."""
    y0 = math.log(n / k)
    levels = -np.log((np.arange(k) + 0.5) / k)
    grown = np.log1p(levels / y0)
    return y0 * (np.expm1(theta * grown) / theta if theta else grown)


@pytest.mark.parametrize("theta", [-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 4.0])
def test_the_coefficient_of_exact_quantiles_comes_back(theta: float) -> None:
    # Quantiles at midpoints differ from the law by less than the standard error, 0.2, of a random
    # sample of this size: its top k-th part is missing.
    tail = WeibullTail.of(quantile_excesses(theta), N)
    assert tail.coefficient == pytest.approx(theta, abs=0.1)
    assert abs(tail.signed_root(theta)) < 0.3


def test_the_law_is_a_weibull_law_above_its_quantile() -> None:
    """By scipy: Weibull with shape 1/theta given that it exceeds its quantile at k/n."""
    theta = 2.0
    law = stats.weibull_min(1 / theta)
    threshold = law.isf(K / N)
    scale = theta * LOG_ODDS ** (theta - 1)  # of y**theta: its slope at the threshold
    excesses = quantile_excesses(theta) * scale
    tail = WeibullTail.of(excesses, N)
    at = (math.log(scale / excesses.mean()), theta)
    other = law.logpdf(threshold + excesses) - law.logsf(threshold) + math.log(excesses.mean())
    np.testing.assert_allclose(tail._terms(*at), other, rtol=1e-9)


@pytest.mark.parametrize("theta", [-1.5, -1e-7, 0.3, 1.0, 2.5])
def test_densities_integrate_to_one(theta: float) -> None:
    end = LOG_ODDS / -theta if theta < -0.1 else math.inf

    def density(x: float) -> float:
        tail = WeibullTail(np.array([x]), LOG_ODDS)
        return math.exp(tail._value((0.0, theta)))

    mass, _ = integrate.quad(density, 0, end, epsabs=1e-10, limit=200)
    assert mass == pytest.approx(1, abs=1e-6)


@given(
    theta=st.floats(-2, 4),
    log_scale=st.floats(-0.3, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_slopes_are_those_of_the_value(theta: float, log_scale: float, seed: int) -> None:
    excesses = np.random.default_rng(seed).uniform(0, 1, 30)
    tail = WeibullTail(excesses, LOG_ODDS)
    if abs(theta) > 3e-3:  # the value is taken beside 0 there
        check_slopes(tail, (log_scale, theta))


@pytest.mark.parametrize("law", ["exponential", "pareto", "uniform", "normal"])
def test_the_estimate_is_the_top_by_another_optimiser(law: str) -> None:
    rng = np.random.default_rng(3)
    draws = {
        "exponential": rng.standard_exponential(N),
        "pareto": rng.pareto(2, N),
        "uniform": rng.random(N),
        "normal": rng.standard_normal(N),
    }[law]
    largest = np.sort(draws)[::-1][: K + 1]
    tail = WeibullTail.of(largest[:K] - largest[K], N)
    start = (0.5 * abs(tail.coefficient) + 0.5, tail.coefficient / 2)
    found = optimize.minimize(
        lambda at: min(-tail._value(tuple(at)), 1e9),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000},
    )
    assert tail._top[1] >= -found.fun - 1e-6
    assert tail.coefficient == pytest.approx(found.x[1], abs=1e-3 * tail.error)


@given(power=st.integers(-60, 60))
def test_the_unit_does_not_matter(power: int) -> None:
    excesses = np.random.default_rng(5).standard_exponential(40)
    one, other = WeibullTail.of(excesses, 400), WeibullTail.of(excesses * 2.0**power, 400)
    assert one.coefficient == other.coefficient
    assert one.signed_root(1.2) == other.signed_root(1.2)


def test_signed_roots_are_standard_normal() -> None:
    """On the boundary: 300 samples of an exponential tail; and they see a heavier one."""
    rng = np.random.default_rng(11)
    level = rng.standard_exponential((300, K))
    roots = np.array([WeibullTail.of(row, N).signed_root(1.0) for row in level])
    # The mean of 300 standard normal numbers is within 4/sqrt(300) but once in 16,000; the bias of
    # the statistic at k = 500 is 0.1 at most by 4,000 samples.
    assert abs(roots.mean()) < 4 / math.sqrt(300) + 0.1
    assert roots.std() == pytest.approx(1, abs=4 / math.sqrt(600))
    grown = LOG_ODDS * np.expm1(2 * np.log1p(level / LOG_ODDS)) / 2
    assert np.mean([WeibullTail.of(row, N).signed_root(1.0) for row in grown[:50]]) > 4


def test_the_error_is_the_spread_of_estimates() -> None:
    rng = np.random.default_rng(12)
    tails = [WeibullTail.of(row, N) for row in rng.standard_exponential((200, K))]
    spread = np.std([tail.coefficient for tail in tails])
    # The standard deviation of 200 numbers is known to 5 %: 4 of those.
    assert np.median([tail.error for tail in tails]) == pytest.approx(spread, rel=0.2)
