"""Clipping, the attack on a cap, and the cap that is recommended."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.tails.consequences.cap import (
    RecommendedCap,
    clippings,
    mass_within,
    ordinary_law,
    recommended_cap,
)
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.splice import fitted_tail
from verify.tails.summary import Summary
from verify.tails.verdict import Interval, Verdict

HEAVY = Verdict("heavy", "power law", Interval(0.33, 0.2, 0.45), None, 500, "test")
LIGHT = Verdict("light", None, Interval(-0.1, -0.2, 0.0), Interval(inf, 1.0, inf), 500, "test")


def recommended(cells: CellLaw, verdict: Verdict, budget: float) -> RecommendedCap:
    return recommended_cap(cells, verdict, fitted_tail(cells, verdict), budget)


@given(share=st.floats(1e-12, 0.9), budget=st.floats(1e-4, 40))
def test_the_mass_spends_the_budget(share: float, budget: float) -> None:
    (p,) = mass_within(np.array([share]), budget)
    if budget > -log(share) + 1e-9:
        assert p == pytest.approx(1.0, abs=1e-12)
        return
    spent = p * log(p / share) + ((1 - p) * log((1 - p) / (1 - share)) if p < 1 else 0.0)
    # Halved to the last bit of p; the slope of kl in p there is log(p(1 - q)/(q(1 - p))).
    assert spent <= budget + 1e-12
    assert spent == pytest.approx(budget, rel=1e-9, abs=1e-9)


def gain_at(rewards: np.ndarray, cap: float, budget: float) -> float:
    """The gain of the attack on a cap, from its definition."""
    share = (rewards >= cap).mean()
    (p,) = mass_within(np.array([share]), budget)
    return float((p - share) * (cap - rewards[rewards < cap].mean()))


@pytest.mark.parametrize("budget", [0.3, 2.0])
def test_the_cap_is_the_largest_that_is_safe(budget: float) -> None:
    rewards = np.random.default_rng(3).standard_t(2, 20000)
    found = recommended(CellLaw.of(rewards), HEAVY, budget)
    cap, ordinary = found.cap.value, found.ordinary_gain
    assert cap is not None and ordinary is not None and cap < rewards.max()
    assert found.cap.low is not None and found.cap.high is not None
    assert found.cap.low < cap < found.cap.high
    body = np.quantile(rewards, 0.9)
    below = np.linspace(body, cap * (1 - 1e-6), 300)
    assert max(gain_at(rewards, float(b), budget) for b in below) <= ordinary * (1 + 1e-6)
    # Planted: a cap that is larger by a hundredth is not safe.
    assert gain_at(rewards, cap * 1.01, budget) > ordinary
    assert found.gain is not None and found.gain < 2 * ordinary
    clipped = np.minimum(rewards, cap)
    assert found.mean_lost == pytest.approx(rewards.mean() - clipped.mean(), abs=1e-9)
    assert found.clipped == pytest.approx((rewards > cap).mean(), abs=1e-12)


@pytest.mark.parametrize("law", ["normal", "exponential", "uniform", "gamma"])
@pytest.mark.parametrize("budget", [0.05, 1.0, 8.0])
def test_a_light_tail_needs_no_cap(law: str, budget: float) -> None:
    rng = np.random.default_rng(4)
    rewards = {
        "normal": rng.standard_normal(20000),
        "exponential": rng.exponential(size=20000),
        "uniform": rng.uniform(size=20000),
        "gamma": rng.gamma(2.0, size=20000),
    }[law]
    found = recommended(CellLaw.of(rewards), LIGHT, budget)
    assert found.cap.value == inf and "no cap is needed" in found.cap.because
    assert found.mean_lost == 0.0


def test_a_cap_beyond_the_largest_reward() -> None:
    """A small budget reaches the ordinary gain only beyond the data: the fitted tail says where."""
    rewards = np.random.default_rng(5).standard_t(3, 5000)
    found = recommended(CellLaw.of(rewards), HEAVY, 0.01)
    assert found.cap.evidence == "fitted tail"
    assert found.cap.because.startswith("no reward of the sample is larger")
    assert found.cap.value is not None and rewards.max() < found.cap.value < inf
    assert found.mean_lost == 0.0


@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-2, 1e2))
def test_moves_with_shift_and_scale(shift: float, scale: float) -> None:
    rewards = np.random.default_rng(6).standard_t(2, 2000)
    found = recommended(CellLaw.of(rewards), HEAVY, 1.0).cap.value
    moved = recommended(CellLaw.of(shift + scale * rewards), HEAVY, 1.0).cap.value
    assert found is not None and moved is not None
    assert moved == pytest.approx(shift + scale * found, rel=1e-7, abs=1e-7 * scale)


def test_rewards_without_a_body() -> None:
    rewards = np.append(np.zeros(950), np.arange(50.0))
    assert ordinary_law(CellLaw.of(rewards)) is None
    found = recommended(CellLaw.of(rewards), HEAVY, 1.0)
    assert found.cap.value == clippings(CellLaw.of(rewards), [1.0])[1].cap
    assert found.clipped == pytest.approx(0.01)
    assert "body" in found.cap.because and found.ordinary_gain is None
    assert found.mean_lost == pytest.approx((rewards - np.minimum(rewards, found.cap.value)).mean())
    rare = CellLaw.of(np.append(np.zeros(995), np.ones(5)))
    assert recommended(rare, HEAVY, 1.0).cap.value == 1.0  # and not 0, which leaves nothing
    assert recommended(CellLaw.of(np.ones(50)), LIGHT, 1.0).cap.value == inf


def test_clipping_at_quantiles() -> None:
    rewards = np.random.default_rng(7).standard_t(3, 10000)
    rows = clippings(CellLaw.of(rewards), [0.5, 2.0])
    assert [row.level for row in rows] == [0.9, 0.99, 0.999, 0.9999, 1.0]
    for row in rows:
        clipped = np.minimum(rewards, row.cap)
        assert row.mean_lost == pytest.approx(rewards.mean() - clipped.mean(), abs=1e-9)
        assert row.clipped == pytest.approx((rewards > row.cap).mean(), abs=1e-12)
        assert row.clipped <= 1 - row.level + 1e-12
    summary = Summary.of(rewards)
    for row in rows[:-1]:  # as the report lists quantiles, and as its caption says
        assert row.cap == summary.quantile(row.level)
        assert row.clipped == pytest.approx(1 - row.level, abs=1e-12)
    values = [[answer.value or 0.0 for _, answer in row.best_means] for row in rows]
    for k in (0, 1):
        assert [each[k] for each in values] == sorted(each[k] for each in values)
    assert rows[-1].clipped == 0.0 and rows[-1].cap == rewards.max()
