"""A sample with a fitted tail: its frontier, its fit and the tails that a verdict allows."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw
from scipy.stats import genpareto

from verify.frontier import frontier
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import Excesses, Spliced
from verify.tails.consequences.splice import fitted_tail
from verify.tails.verdict import Interval, Verdict

HEAVY = Verdict("heavy", "power law", Interval(0.33, 0.2, 0.4), None, 500, "test")
LIGHT = Verdict("light", None, Interval(0.0, -0.05, 0.05), Interval(1.0, 0.8, inf), 500, "test")


def point(value: float) -> CellLaw:
    """One reward."""
    values = np.array([value])
    return CellLaw(np.array([1]), values, values, values)


@pytest.mark.parametrize("budget", [0.01, 0.5, 2.0, 20.0])
def test_an_exponential_tail_has_its_closed_form(budget: float) -> None:
    """All mass in the tail: ``u - sigma W_-1(-e^(-1-d))`` (THEORY section 2)."""
    law = Spliced(point(3.0), 0, 0.0, 2.0)
    exact = 3 - 2 * float(lambertw(-np.exp(-1 - budget), -1).real)
    assert law.best_mean(budget) == pytest.approx(exact, rel=1e-10)


def test_a_uniform_tail_has_the_certified_frontier() -> None:
    """Shape -1/2 is a Beta(1, 2) law; its frontier is proved in balls."""
    law = Spliced(point(0.0), 0, -0.5, 0.5)
    for found in frontier("beta(1, 2)", ["0.1", "1", "3"]).points:
        assert isinstance(found.lower, arb)
        assert law.best_mean(float(found.budget)) == pytest.approx(float(found.lower), rel=1e-8)


@given(shape=st.floats(-0.9, -0.01), tilt=st.floats(1e-3, 500))
def test_the_exponential_moment_of_a_bounded_excess(shape: float, tilt: float) -> None:
    law = Spliced(point(0.0), 0, shape, 1.0)
    log_mgf, mean = law.log_mgf_of_excess(tilt)
    b, x = -1 / shape, -tilt / shape
    with mpmath.workdps(30):
        series = mpmath.hyp1f1(1, 1 + b, x)
        slope = mpmath.hyp1f1(2, 2 + b, x) / (1 + b) / series
        assert log_mgf == pytest.approx(float(mpmath.log(series)), rel=1e-9, abs=1e-12)
        assert mean == pytest.approx(float(slope * b), rel=1e-7)


def test_a_tail_with_a_body() -> None:
    """An exponential sample up to a threshold, an exponential tail above: the exact law's value."""
    grid = -np.log1p(-(np.arange(100000) + 0.5) / 100000)
    cells = CellLaw.of(grid)
    excesses = Excesses(cells, cells.cell_of(0.9))
    law = excesses.tail(0.0)
    # 10^5 midpoints have the law's integrals to about 1e-5.
    assert law.scale == pytest.approx(1.0, abs=1e-4)
    assert law.best_mean(0.5) == pytest.approx(2.35767667394589906, abs=2e-4)
    assert law.mean == pytest.approx(1.0, abs=1e-4)
    assert law.share_above(law.quantile(np.array([1e-3]))[0]) == pytest.approx(1e-3, rel=1e-12)


@pytest.mark.parametrize("shape", [-0.4, 0.3, 0.8])
def test_the_scale_is_the_likeliest(shape: float) -> None:
    rng = np.random.default_rng(2)
    rewards = genpareto.rvs(shape, scale=2.0, size=2000, random_state=rng)
    cells = CellLaw.of(rewards)
    law = Excesses(cells, 0).tail(shape)
    sizes = rewards - rewards.min()
    _, _, scale = genpareto.fit(sizes, f0=shape, floc=0.0)
    # scipy's simplex stops at a relative 1e-4.
    assert law.scale == pytest.approx(scale, rel=1e-3)
    likelihood = genpareto.logpdf(sizes, shape, scale=law.scale).sum()
    for off in (0.99, 1.01):
        assert genpareto.logpdf(sizes, shape, scale=off * law.scale).sum() < likelihood


def test_a_heavy_verdict_has_infinite_frontiers() -> None:
    cells = CellLaw.of(np.random.default_rng(0).standard_t(3, 10000))
    fitted = fitted_tail(cells, HEAVY)
    assert fitted is not None and fitted.rows == 200  # 2 sqrt(10^4)
    assert fitted.central.best_mean(1e-6) == inf
    assert fitted.low.quantile(np.array([1e-6])) < fitted.high.quantile(np.array([1e-6]))


def test_a_light_verdict_has_the_slowest_rate_at_its_end() -> None:
    cells = CellLaw.of(np.random.default_rng(0).exponential(size=10000))
    fitted = fitted_tail(cells, LIGHT)
    assert fitted is not None
    assert fitted.high.scale == pytest.approx(1.25) and fitted.high.shape == 0.0
    values = [law.best_mean(1.0) for law in (fitted.low, fitted.central, fitted.high)]
    assert values[0] < values[1] < values[2] < inf
    # A rate that may be 0 bounds nothing.
    assert LIGHT.rate is not None
    unsure = replace(LIGHT, rate=replace(LIGHT.rate, low=0.0))
    fitted = fitted_tail(cells, unsure)
    assert fitted is not None and fitted.high.best_mean(1.0) == inf


def test_no_tail_where_nothing_exceeds() -> None:
    assert fitted_tail(CellLaw.of(np.full(100, 2.0)), LIGHT) is None
