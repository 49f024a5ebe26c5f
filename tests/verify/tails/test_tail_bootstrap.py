"""The bootstrap by prompt: against copied samples, and against answers that are all alike."""

from __future__ import annotations

import numpy as np
import pytest

from verify.errors import InputError
from verify.tails.bootstrap import SHAPES, by_prompt
from verify.tails.estimators import (
    fit_gpd,
    gpd_path,
    hill_path,
    moment_path,
    probability_weighted_path,
)
from verify.tails.upper_tail import UpperTail

PATHS = {
    "Hill": hill_path,
    "moment": moment_path,
    "probability-weighted moments": probability_weighted_path,
}


@pytest.mark.parametrize("name", SHAPES)
def test_weights_are_copies(name: str) -> None:
    """Weighted estimates are those of a sample in which each reward stands as often."""
    rng = np.random.default_rng(0)
    values, threshold = np.sort(rng.pareto(2.0, 60) + 2)[::-1], 1.5
    times = rng.integers(0, 4, 60)
    weighted = SHAPES[name](values, threshold, times[None, :].astype(np.float64))[0]
    copies = np.repeat(values, times)
    if name == "GPD maximum likelihood":
        wanted = fit_gpd(copies - threshold).shape
    else:
        tail = UpperTail(np.append(copies, [threshold, threshold - 0.5]), 1000)
        path = PATHS[name](tail)
        wanted = path.shape[int(np.searchsorted(path.k, len(copies)))]
    # Equal rewards share their ranks here and take turns in the path: the same weighted sum.
    assert weighted == pytest.approx(wanted, abs=1e-8)


def test_one_answer_each_is_the_plain_bootstrap() -> None:
    rng = np.random.default_rng(1)
    tail = UpperTail.of(rng.pareto(2.0, 5000) + 1, 1000)
    k = 500
    found = by_prompt(tail, np.arange(1000), 5000, k, "Hill", resamples=2000, seed=3)
    path = hill_path(tail).at(k)
    assert found.value == pytest.approx(path.value)
    # The percentile interval has the normal one's width up to 1 / sqrt(k) = 4 % and the error of
    # two quantiles of 2,000 (5 % each, 4 sd of a width about 14 %).
    assert found.high - found.low == pytest.approx(path.high - path.low, rel=0.2)


def test_answers_that_are_alike_widen_the_interval() -> None:
    """Ten copies of each reward: the interval must be sqrt(10) as wide as it seems without ids."""
    rng = np.random.default_rng(2)
    rewards = np.repeat(rng.pareto(2.0, 3000) + 1, 10)
    rewards = rewards * np.exp(1e-9 * rng.standard_normal(len(rewards)))
    prompts = np.repeat(np.arange(3000), 10)
    order = np.argsort(-rewards)[:3001]
    tail = UpperTail(rewards[order], len(rewards))
    by_ids = by_prompt(tail, prompts[order], 3000, 3000, "Hill", resamples=600)
    blind = by_prompt(tail, np.arange(3001), len(rewards), 3000, "Hill", resamples=600)
    ratio = (by_ids.high - by_ids.low) / (blind.high - blind.low)
    # Widths from 600 drawings are known to about 5 % each; 4 sd of their ratio are 28 %.
    assert ratio == pytest.approx(np.sqrt(10), rel=0.28)
    one = by_prompt(tail, prompts[order], 3000, 300, resamples=40)
    assert one.value == pytest.approx(gpd_path(tail, [300]).shape[0], abs=1e-7)


def test_coverage_with_alike_answers() -> None:
    """What the normal interval promises and does not keep, the bootstrap by prompt keeps."""
    covered = {"bootstrap": 0, "normal": 0}
    samples, k = 100, 1500
    for seed in range(samples):
        rng = np.random.default_rng([4, seed])
        rewards = np.repeat(rng.pareto(2.0, 1000) + 1, 5)  # five answers a prompt, all alike
        prompts = np.repeat(np.arange(1000), 5)
        order = np.argsort(-rewards, kind="stable")[: k + 1]
        tail = UpperTail(rewards[order], len(rewards))
        interval = by_prompt(tail, prompts[order], 1000, k, "Hill", resamples=200, seed=seed)
        covered["bootstrap"] += interval.low <= 0.5 <= interval.high
        normal = hill_path(tail).at(k)
        covered["normal"] += normal.low <= 0.5 <= normal.high
    # At 95 %, percentile intervals of 200 drawings lose about 1 %; 4 sd of 100 are 9 %.
    assert covered["bootstrap"] >= 85
    # sqrt(5) too narrow: normal coverage is 62 %; 4 sd are 20 %.
    assert covered["normal"] <= 82


def test_seeded() -> None:
    tail = UpperTail.of(np.random.default_rng(5).standard_t(3, 2000), 300)
    prompts = np.arange(300) % 50
    one = by_prompt(tail, prompts, 60, 200, resamples=100, seed=1)
    assert one == by_prompt(tail, prompts, 60, 200, resamples=100, seed=1)
    assert one != by_prompt(tail, prompts, 60, 200, resamples=100, seed=2)


def test_bad_input_is_one_line() -> None:
    tail, prompts = UpperTail.of(np.arange(50.0)), np.arange(50)
    with pytest.raises(InputError, match="expected one of"):
        by_prompt(tail, prompts, 50, 20, "Zipf")
    with pytest.raises(InputError, match="from 2 to 49"):
        by_prompt(tail, prompts, 50, 50)
    with pytest.raises(InputError, match="at least the 20"):
        by_prompt(tail, prompts, 10, 20)
    with pytest.raises(InputError, match="use more rewards"):
        by_prompt(UpperTail.of(np.arange(3.0)), np.arange(3), 10_000, 2, resamples=50)


@pytest.mark.parametrize("name", SHAPES)
def test_torch_tensors_give_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    tail = UpperTail.of(np.random.default_rng(6).pareto(2.0, 2000) + 1, 400)
    other = UpperTail(torch.tensor(tail.values.copy()), tail.count)
    prompts = np.arange(400) % 90
    one, two = (by_prompt(each, prompts, 100, 200, name, resamples=50) for each in (tail, other))
    # Sums in another order; two searches, each ending within 1e-9.
    assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high), abs=1e-7)
