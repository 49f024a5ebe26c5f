"""The exponential rate of a light tail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize

from tests.verify.tails.decision.slopes import check_slopes
from verify.tails.decision.gamma_tail import MOST_KAPPA, GammaTail

N, K = 10_000, 500


def top(draws: np.ndarray, k: int = K) -> GammaTail:
    largest = np.sort(draws)[::-1][: k + 1]
    return GammaTail.of(largest[:k] - largest[k], len(draws))


@pytest.mark.parametrize("kappa", [-2.0, 0.0, 0.5, 3.0])
def test_densities_integrate_to_one(kappa: float) -> None:
    def density(x: float) -> float:
        return math.exp(GammaTail(np.array([x]), 1.0, 3.0)._value((0.2, kappa)))

    mass, _ = integrate.quad(density, 0, math.inf, epsabs=1e-10, limit=200)
    assert mass == pytest.approx(1, abs=1e-8)


@given(log_rate=st.floats(-1, 1), kappa=st.floats(-2, 3), seed=st.integers(0, 2**32 - 1))
def test_slopes_are_those_of_the_value(log_rate: float, kappa: float, seed: int) -> None:
    tail = GammaTail(np.random.default_rng(seed).standard_exponential(30), 1.0, 3.0)
    check_slopes(tail, (log_rate, kappa))


def test_the_rate_is_the_top_by_another_optimiser() -> None:
    tail = top(np.random.default_rng(1).gamma(2, size=N))
    found = optimize.minimize(
        lambda at: -tail._value(tuple(at)) if at[1] <= MOST_KAPPA else 1e9,
        (0.1, 0.1),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10},
    )
    assert tail.rate(0.95).value == pytest.approx(math.exp(found.x[0]) / tail.mean, rel=1e-4)


def test_ends_are_where_the_likelihood_ratio_is_too_large() -> None:
    tail = top(np.random.default_rng(1).gamma(2, size=N))
    rate = tail.rate(0.95)
    for end in (rate.low, rate.high):
        profile = optimize.minimize_scalar(
            lambda kappa, end=end: -tail._value((math.log(end * tail.mean), kappa)),
            bounds=(-tail.log_odds + 1e-6, MOST_KAPPA),
            method="bounded",
        )
        # Ends are found to 1e-3 in the logarithm of the rate, where the root rises by 10 a unit.
        root = math.sqrt(2 * (tail._top[1] + profile.fun))
        assert root == pytest.approx(1.96, abs=0.02)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0])
def test_intervals_hold_the_rate_of_gamma_laws(shape: float) -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(60):
        rate = top(rng.gamma(shape, size=N) / 3).rate(0.95)
        held += rate.low <= 3 <= rate.high
    # Coverage as measured is 92 to 98 % (docs/concepts/calibration.md): 48 of 60 is four standard
    # errors of 3 % below 92 %.
    assert held >= 48


@given(power=st.integers(-60, 60))
def test_the_rate_scales(power: int) -> None:
    draws = np.random.default_rng(4).standard_exponential(2000)
    one, other = top(draws, 100).rate(0.9), top(draws * 2.0**power, 100).rate(0.9)
    for name in ("value", "low", "high"):
        assert getattr(one, name) == getattr(other, name) * 2.0**power


def test_a_hazard_that_falls_too_much_is_held_up() -> None:
    """A power law passes for no light tail: its kappa would be far above the bound."""
    tail = top(np.random.default_rng(5).pareto(2, size=N))
    assert tail._top[0][1] == MOST_KAPPA
