"""Best means of samples in float64: against balls, against brute force, and at their ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from verify.divergence import parse_divergence
from verify.laws.empirical_law import Empirical
from verify.penalties import penalised_frontier
from verify.tails.consequences.best_mean import best_mean, best_tilt, price_of_top
from verify.tails.consequences.cell_law import CellLaw

TOKENS = (
    "kl",
    "chi2",
    "renyi:2",
    "power:3/2",
    "renyi:1/2",
    "odds",
    "tv",
    "hellinger",
    "js",
    "reverse_kl",
)
#: Sums of at most some hundred terms, and a root found to 1e-12 where the value is flat.
ROUNDING = 1e-11


@pytest.mark.parametrize("token", TOKENS)
def test_meets_the_enclosure_in_balls(token: str) -> None:
    rewards = np.random.default_rng(5).standard_t(3, 60)
    size = abs(rewards).max()
    for budget in ("0.05", "0.4"):
        found = best_mean(CellLaw.of(rewards), parse_divergence(token), float(budget))
        (point,) = penalised_frontier(Empirical.from_values(rewards), token, [budget]).points
        assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
        assert float(point.lower) - ROUNDING * size <= found.upper
        assert found.lower <= float(point.upper) + ROUNDING * size
        assert found.upper - found.lower <= ROUNDING * size


@pytest.mark.parametrize("token", TOKENS)
def test_no_reweighting_within_the_budget_does_better(token: str) -> None:
    """Random weights on three values, scaled to lie within the budget, stay below the bound."""
    rng = np.random.default_rng(8)
    values, counts = np.array([-1.0, 0.5, 2.0]), np.array([5, 3, 2])
    cells = CellLaw(counts, values, values, values)
    divergence, masses = parse_divergence(token), counts / 10
    budget = 0.15
    found = best_mean(cells, divergence, budget)
    best = -np.inf
    for _ in range(400):
        law = rng.dirichlet([1.0, 1.0, 1.0])
        groups = [(arb(q), arb(p / q)) for q, p in zip(masses, law, strict=True)]
        spent = divergence.of_groups(groups)
        if isinstance(spent, arb) and float(spent) <= budget:
            best = max(best, float(law @ values))
    assert best <= found.upper + ROUNDING
    # 400 random laws of three masses come near the best one.
    assert best > found.upper - 0.25


@given(
    seed=st.integers(0, 10**6),
    token=st.sampled_from(TOKENS),
    budget=st.floats(1e-3, 3),
    shift=st.floats(-50, 50),
    scale=st.floats(1e-3, 1e3),
)
def test_moves_with_shift_and_scale(
    seed: int, token: str, budget: float, shift: float, scale: float
) -> None:
    rewards = np.random.default_rng(seed).standard_t(2, 50)
    divergence = parse_divergence(token)
    found = best_mean(CellLaw.of(rewards), divergence, budget)
    moved = best_mean(CellLaw.of(shift + scale * rewards), divergence, budget)
    size = abs(shift) + scale * abs(rewards).max()
    # Powers of distances from the top, whose rounding the shift makes 50/1e-3 times as large.
    assert abs(moved.lower - (shift + scale * found.lower)) <= 1e-8 * size
    assert abs(moved.upper - (shift + scale * found.upper)) <= 1e-8 * size


@given(seed=st.integers(0, 10**6), token=st.sampled_from(TOKENS))
def test_rises_with_the_budget_up_to_the_top(seed: int, token: str) -> None:
    cells = CellLaw.of(np.random.default_rng(seed).exponential(size=40))
    divergence = parse_divergence(token)
    budgets = (0.01, 0.1, 0.3, 0.6, 0.9)
    values = [best_mean(cells, divergence, budget) for budget in budgets]
    for less, more in pairwise(values):
        assert less.lower <= more.upper + ROUNDING
    assert cells.average <= values[0].upper and values[-1].upper <= cells.top


@pytest.mark.parametrize("token", ["kl", "chi2", "odds"])
def test_the_price_of_the_top_buys_it(token: str) -> None:
    cells = CellLaw.of(np.array([0.0] * 9 + [1.0]))
    divergence = parse_divergence(token)
    price = price_of_top(cells, divergence)
    # log 10, 9, log 10: the divergences of a point with a mass of 1/10.
    assert price == pytest.approx({"chi2": 9.0}.get(token, np.log(10)), rel=1e-14)
    assert best_mean(cells, divergence, price * 1.001).at_top
    below = best_mean(cells, divergence, price * 0.999)
    assert not below.at_top and below.upper < 1.0


def test_the_best_tilt_spends_the_budget() -> None:
    rewards = np.random.default_rng(1).standard_normal(500)
    tilt = best_tilt(CellLaw.of(rewards), 0.7)
    assert tilt is not None
    weights = np.exp(tilt * rewards)
    weights /= weights.sum()
    assert (weights * np.log(weights * 500)).sum() == pytest.approx(0.7, rel=1e-10)
    assert best_tilt(CellLaw.of(rewards), np.log(500) + 1e-6) is None


def test_equal_rewards_cannot_be_improved() -> None:
    cells = CellLaw.of(np.full(7, 3.0))
    for token in TOKENS:
        assert best_mean(cells, parse_divergence(token), 0.5).upper == 3.0
