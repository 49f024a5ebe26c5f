"""Where forced answers lie against the frontier, on rewards whose frontier is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import fmpq

from verify.laws.empirical_law import Empirical

pytestmark = pytest.mark.gpu


def found(rewards: np.ndarray, forced: float, log_prob: float = -30.0, seed: int = 0):  # type: ignore[no-untyped-def]
    from gpu_checks.attack.price import prices
    from gpu_checks.suite.checks.forced_answers import below_frontier

    shares = (fmpq(1, 100), fmpq(1, 10), fmpq(1, 2))
    priced = prices(shares, log_prob, forced, Empirical.from_values(rewards))
    return below_frontier(priced, rewards, forced, seed)


def test_the_distance_is_that_of_a_normal_law() -> None:
    """S(d) = sqrt(2 d) for N(0, 1); half the time costs more than log 400 = 6 nats."""
    rewards = np.random.default_rng(5).standard_normal(400)
    one, other = found(rewards, 5.0)
    for finding, share in ((one, 0.01), (other, 0.1)):
        kl = share * (math.log(share) + 30) + (1 - share) * math.log1p(-share)
        right = math.sqrt(2 * kl) - share * 5
        # The width of the interval is about four standard errors.
        assert abs(finding.outcome - right) < finding.high - finding.low < 1
        assert finding.low < finding.outcome < finding.high
        assert finding.verdict == "holds"
    assert f"(KL {kl:.3g})" in other.prediction


def test_an_answer_that_pays_more_than_the_frontier_fails() -> None:
    rewards = np.random.default_rng(5).standard_normal(400)
    assert [each.verdict for each in found(rewards, 1000.0)] == ["fails", "fails"]
    assert found(rewards, 1000.0, log_prob=-2000.0) == []


def test_the_seed_decides_the_interval() -> None:
    rewards = np.random.default_rng(5).standard_normal(40)
    ends = [
        [(each.low, each.high) for each in found(rewards, 2.0, seed=seed)] for seed in (1, 1, 2)
    ]
    assert ends[0] == ends[1] != ends[2]


def test_frontiers_are_those_that_are_certified() -> None:
    """Of weighted samples too; of budgets that buy the top, ties there among them."""
    from gpu_checks.suite.checks.forced_answers import frontiers
    from verify.large_sample import LargeSample

    rng = np.random.default_rng(3)
    rewards = np.append(rng.standard_normal(60), [3.0, 3.0]) - 1000
    counts = np.stack([np.ones(62, dtype=int), rng.integers(0, 3, 62)])
    budgets = np.array([0.01, 0.7, 3.0, 5.0])
    fast = frontiers(rewards, counts / counts.sum(1, keepdims=True), budgets)
    for row, count in zip(fast, counts, strict=True):
        points = LargeSample(np.repeat(rewards, count)).frontier(budgets)
        for value, point in zip(row, points, strict=True):
            # A tilt known to 2^-30, and rewards of size 1000 whose differences count.
            assert point.lower - 1e-6 < value < point.upper + 1e-6
