"""The thresholds, and how far the largest of their statistics reaches."""

from __future__ import annotations

import math

import numpy as np
import pytest

from verify.tails.decision.levels import CORRELATION, critical_value, usable_levels


def descending(n: int, seed: int = 0) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).standard_exponential(n))[::-1]


@pytest.mark.parametrize("level", [0.9, 0.975])
def test_critical_values_against_a_simulated_chain(level: float) -> None:
    draws = np.random.default_rng(1).standard_normal((100_000, 6))
    for i in range(1, 6):
        own = math.sqrt(1 - CORRELATION**2) * draws[:, i]
        draws[:, i] = CORRELATION * draws[:, i - 1] + own
    below = (draws.max(axis=1) <= critical_value(level, 6)).mean()
    # Five standard errors of a share of 100,000.
    assert below == pytest.approx(level, abs=5 * math.sqrt(level * (1 - level) / 100_000))


def test_one_threshold_needs_the_normal_quantile() -> None:
    assert critical_value(0.975, 1) == pytest.approx(1.959963984540054, abs=1e-6)


def test_more_thresholds_reach_further() -> None:
    values = [critical_value(0.95, thresholds) for thresholds in range(1, 10)]
    assert values == sorted(set(values))


@pytest.mark.parametrize(
    ("n", "ks"),
    [
        (299, []),
        (300, [15]),
        (10_000, [500, 250, 125, 62, 31, 15]),
        (100_000, [5000, 2500, 1250, 625, 312, 156, 78, 39, 19]),
    ],
)
def test_each_threshold_has_half_the_rewards(n: int, ks: list[int]) -> None:
    assert [level.k for level in usable_levels(descending(n), n)] == ks


def test_large_samples_go_further_out() -> None:
    """The share falls like one over the root: 50,000 of 10**7."""
    values = np.linspace(9, 1, 60_000)
    assert usable_levels(values, 10**7)[0].k == 50_000


def test_what_was_kept_is_the_limit() -> None:
    values = descending(10_000)[:101]
    assert [level.k for level in usable_levels(values, 10_000)] == [100, 50, 25]


def test_coarse_cells_leave_thresholds_out() -> None:
    values = descending(10_000)
    mean = float((values[:500] - values[500]).mean())
    fine, coarse = np.full(10_000, 0.2 * mean), np.full(10_000, 0.3 * mean)
    assert usable_levels(values, 10_000, fine)[0].k == 500
    assert all(level.k != 500 for level in usable_levels(values, 10_000, coarse))


def test_copies_are_no_evidence() -> None:
    values = descending(10_000)
    assert usable_levels(np.repeat(values[:2000], 2), 20_000)[0].k == 1000
    assert usable_levels(np.repeat(values[:2000], 3), 30_000) == []
    assert usable_levels(np.ones(10_000), 10_000) == []
