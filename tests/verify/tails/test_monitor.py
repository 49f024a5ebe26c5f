"""A monitor warns of planted heavy tails, is quiet on light ones, and can be saved and merged."""

from __future__ import annotations

import asyncio
import json
from math import isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.verify.tails.rounded import to_bf16
from verify.errors import InputError
from verify.tails.index_interval import index_interval
from verify.tails.monitor import Monitor, watched
from verify.tails.monitor_state import exponential_gain, share_of_top
from verify.tails.upper_tail import UpperTail

Floats = NDArray[np.float64]
STEP = 500


def fed(monitor: Monitor, rewards: Floats, **columns: Any) -> Monitor:
    """The monitor after rewards, in steps."""
    for first in range(0, len(rewards), STEP):
        monitor.update(rewards[first : first + STEP], **columns)
    return monitor


# ------------------------------------------------------------------ warnings


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(
    "light", ["standard_normal", "standard_exponential", "logistic", "random", "laplace"]
)
def test_light_rewards_raise_no_warning(
    rng: np.random.Generator, light: str, rounded: bool
) -> None:
    monitor = Monitor()
    for _ in range(4):
        rewards = 10 + getattr(rng, light)(size=Monitor().window // 2)
        fed(monitor, to_bf16(rewards) if rounded else rewards, kl=0.1)
        assert monitor.state().warnings == {}


@pytest.mark.parametrize("rounded", [False, True])
def test_rewards_that_turn_heavy_raise_warnings(rng: np.random.Generator, rounded: bool) -> None:
    monitor = fed(Monitor(), rng.standard_normal(20_000))
    assert monitor.state().warnings == {}
    heavy = 0.5 * rng.standard_t(2, 16_384)
    state = fed(monitor, to_bf16(heavy) if rounded else heavy).state()
    assert state.warnings.keys() == {"heavy tail", "share rising"}
    assert state.shape.low > 0
    if not rounded:
        assert state.shape == index_interval(UpperTail.of(heavy))[0]
    assert "times" in state.warnings["share rising"]


def test_a_few_heavy_rewards_among_light_ones_are_seen(rng: np.random.Generator) -> None:
    monitor = fed(Monitor(), rng.standard_normal(20_000))
    rewards = rng.standard_normal(16_384)
    hacked = rng.random(len(rewards)) < 0.003  # reward hacks: one answer in 300
    rewards[hacked] += 3 + rng.pareto(1.5, int(hacked.sum()))
    assert "share rising" in fed(monitor, rewards).state().warnings


def test_a_mean_that_runs_away_at_a_small_kl(rng: np.random.Generator) -> None:
    monitor = fed(Monitor(2000), rng.standard_normal(2000), kl=0.0)
    # By a tilt of a normal law the mean rises by sqrt(2 KL), as far as it can: no warning.
    tilted = fed(monitor, np.sqrt(2 * 0.5) + rng.standard_normal(2000), kl=0.5).state()
    assert tilted.kl == 0.5 and "reward beyond KL" not in tilted.warnings
    beyond = fed(monitor, 3 + rng.standard_normal(2000), kl=0.5).state()
    assert "at a KL of 0.5 nats" in beyond.warnings["reward beyond KL"]
    unknown = fed(monitor, 9 + rng.standard_normal(2000)).state()
    assert isnan(unknown.kl) and "reward beyond KL" not in unknown.warnings


@pytest.mark.parametrize("shape", [0.5, 1.0, 5.0])
def test_a_mean_that_its_kl_explains(rng: np.random.Generator, shape: float) -> None:
    # The tilt of a gamma law by l is one of scale 1/(1 - l), and is the best policy at its KL.
    monitor = fed(Monitor(2000), rng.gamma(shape, size=2000), kl=0.0)
    for scale in (1.1, 2.0, 5.0, 30.0):
        kl = shape * (scale - 1 - np.log(scale))
        tilted = fed(monitor, scale * rng.gamma(shape, size=2000), kl=kl).state()
        assert "reward beyond KL" not in tilted.warnings
        if shape == 1:
            assert exponential_gain(kl) == pytest.approx(scale - 1, rel=1e-9)


def test_prompts_that_differ_are_not_a_heavy_tail_within_prompts(
    rng: np.random.Generator,
) -> None:
    # The law of each prompt is normal, its mean is heavy: no policy can choose the prompt.
    means = np.repeat(5 * rng.standard_t(2, 4096), 4)
    rewards = means + rng.standard_normal(len(means))
    monitor = Monitor()
    for first in range(0, len(rewards), 4 * 64):
        prompts = [f"prompt {i // 4}" for i in range(first, first + 4 * 64)]
        monitor.update(rewards[first : first + 4 * 64], prompts=prompts)
    state = monitor.state()
    assert "heavy tail" in state.warnings and "heavy tail within prompts" not in state.warnings
    assert state.shape_within.value < 0 < state.shape.low
    heavy = rng.standard_t(2, (4096, 4))
    other = Monitor()
    for row in heavy.reshape(-1, 256):
        other.update(row, prompts=[i // 4 for i in range(256)])
    assert "heavy tail within prompts" in other.state().warnings


@pytest.mark.parametrize("seed", range(4))
def test_a_clipped_reward_has_no_tail(seed: int) -> None:
    # Each step has another mean, so that less that mean the clipped rewards are many values: a tail
    # of its own making, which had an index of 1.2 and gave an alarm.
    rng = np.random.default_rng(seed)
    monitor = Monitor()
    for step in range(80):
        mean = 2 + 2 * min(1, step / 8)
        clipped = np.minimum(mean + 1.5 * np.round(rng.standard_normal(128)), 5)
        monitor.update(clipped, prompts=["prompt"] * 128)
    state = monitor.state()
    assert state.ends_in_ties and state.warnings == {}
    assert isnan(state.shape.value) and isnan(state.shape_within.value)
    assert state.tied_at_top == (np.asarray(monitor.tail().values) == 5).mean() > 0.05
    assert "equal the largest, 5: bounded there" in state.tail


def test_a_heavy_reward_that_is_clipped_is_bounded(rng: np.random.Generator) -> None:
    heavy = rng.standard_t(2, 16_384)
    top = float(np.sort(heavy)[-100])
    free, clipped = (fed(Monitor(), rewards).state() for rewards in (heavy, np.minimum(heavy, top)))
    assert "heavy tail" in free.warnings and not free.ends_in_ties
    assert "fall off more slowly" in free.tail
    assert clipped.ends_in_ties and clipped.warnings == {}
    assert f"{clipped.tied_at_top:.4f}" == f"{100 / 16_384:.4f}"


def test_rounded_rewards_within_prompts_are_no_lattice(rng: np.random.Generator) -> None:
    # Less the means of their steps, whole numbers are many lattices: spread before, they are not.
    monitor, spread = Monitor(), Monitor()
    for step in range(120):
        counts = rng.poisson(1 + step / 40, 128).astype(float)
        monitor.update(counts, prompts=["prompt"] * 128)
        spread.update(counts + rng.uniform(-0.5, 0.5, 128), prompts=["prompt"] * 128)
    one, other = monitor.state().shape_within, spread.state().shape_within
    assert one.low < other.value < one.high and other.low < one.value < other.high
    heavy = Monitor()
    for _ in range(120):
        heavy.update(np.rint(4 * rng.standard_t(2, 128)), prompts=["prompt"] * 128)
    assert "heavy tail within prompts" in heavy.state().warnings


def test_a_short_run_is_compared_with_the_base_policy(rng: np.random.Generator) -> None:
    # 640 rewards fill no window: what they began with is known only if it is shown.
    shown, alone = Monitor(), Monitor()
    base = shown.begin([*rng.standard_normal(1000), nan])
    assert (base.held, base.left_out, base.kl) == (1000, 1, 0) and base.warnings == {}
    assert shown.seen == 0 and shown.start is not None and shown.start.count == 1000
    for monitor in (shown, alone):
        for _ in range(5):
            monitor.update(40 + rng.standard_normal(128), kl=9.0)
    assert shown.state().warnings.keys() == {"reward beyond KL"}
    assert alone.state().warnings == {}
    heavy = Monitor().begin(rng.standard_t(2, 16_384))
    assert heavy.warnings.keys() == {"heavy tail"}
    with pytest.raises(InputError, match="two finite ones"):
        Monitor().begin([1.0, nan])


@pytest.mark.heavy
@pytest.mark.parametrize("light", ["standard_normal", "standard_exponential", "logistic"])
def test_how_often_a_long_light_run_is_called_heavy(rng: np.random.Generator, light: str) -> None:
    """10 runs of 50 windows, looked at 16 times a window, without an alarm.

    A normal variable is above 4.5 with a chance of 3.4e-6, and the 8000 looks of an exponential
    law, most of whose rewards they share, are fewer than 8000 of those: under 3 %.
    """
    alarms = 0
    for _ in range(10):
        monitor = Monitor()
        warned = False
        for _ in range(50 * 16):
            monitor.update(getattr(rng, light)(size=monitor.window // 16))
            warned = warned or "heavy tail" in monitor.state().warnings
        alarms += warned
    assert alarms == 0


# ------------------------------------------------------------------ the numbers


def test_the_share_of_the_top_of_known_laws(rng: np.random.Generator) -> None:
    # Exponential: the mean excess over the median log 2 is 1, half of all are above it, and the
    # mean of the top 1/1000 is log 1000 + 1. The error of 1000 at the top is 1/sqrt(1000).
    expected = 0.001 * (np.log(1000) + 1 - np.log(2)) / 0.5
    found = share_of_top(rng.exponential(size=1_000_000))
    assert abs(found - expected) < 4 * 0.002 / np.sqrt(1000)
    assert share_of_top(np.array([*np.zeros(999), 5.0])) == 1
    assert isnan(share_of_top(np.zeros(1000))) and isnan(share_of_top(np.arange(999.0)))


def test_what_is_no_reward_is_counted() -> None:
    monitor = Monitor(1000)
    monitor.update([1.0, None, nan, float("inf"), 3], kl=[0, 1, 2, 3, 4.0])
    state = monitor.state()
    assert (state.seen, state.held, state.left_out, state.steps) == (2, 2, 3, 1)
    assert (state.mean, state.median, state.largest, state.kl) == (2, 2, 3, 2)
    assert state.metrics()["goodhart/mean"] == 2
    assert "goodhart/shape" not in state.metrics()  # NaN is no number for a tracker


def test_before_the_first_reward() -> None:
    state = Monitor().state()
    assert state.held == 0 and isnan(state.mean) and state.warnings == {}
    assert state.metrics() == {"goodhart/held": 0, "goodhart/left_out": 0, "goodhart/warnings": 0}


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 9))
def test_the_last_rewards_are_held_whatever_the_steps(steps: list[int], seed: int) -> None:
    stream = np.random.default_rng(seed).normal(size=sum(steps))
    monitor = Monitor(1000)
    for rewards in np.split(stream, np.cumsum(steps)[:-1]) if steps else []:
        monitor.update(rewards)
    last = stream[-1000:]
    np.testing.assert_array_equal(monitor.tail().values, np.sort(last)[::-1])
    assert monitor.state().seen == len(stream)
    if len(stream) < 1000:
        assert monitor.start is None


def test_a_step_longer_than_the_window() -> None:
    monitor = Monitor(1000)
    monitor.update(np.arange(2500.0))
    assert monitor.tail().values[-1] == 1500
    assert monitor.start is not None and monitor.start.mean == 499.5


def test_prompts_are_compared_with_themselves() -> None:
    monitor = Monitor(1000)
    prompts = [[{"role": "user", "content": text}] for text in "aabbbc"]
    monitor.update([1.0, 3.0, 5.0, 6.0, nan, 9.0], prompts=prompts)
    within = monitor._rows[1, :5]
    # Of two, each is off their mean by half their variance: scaled by sqrt 2.
    np.testing.assert_allclose(within, np.sqrt(2) * np.array([-1, 1, -0.5, 0.5, nan]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"rewards": ["a"]}, "rewards: expected numbers or None"),
        ({"rewards": [1, 2], "prompts": ["a"]}, "prompts: expected 2, one for each reward, got 1"),
        ({"rewards": [1, 2], "kl": [1, 2, 3]}, "KL divergences: expected 2"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Monitor().update(**arguments)
    with pytest.raises(InputError, match="window: expected at least 1000 rewards, got 999"):
        Monitor(999)


# ------------------------------------------------------------------ merging and saving


def test_merging_holds_what_both_hold(rng: np.random.Generator) -> None:
    streams = rng.normal(size=2500), rng.normal(3, 2, size=1700)
    one, two = (fed(Monitor(1000), stream, kl=0.25) for stream in streams)
    both = one.merge(two)
    held = np.concatenate([stream[-1000:] for stream in streams])
    np.testing.assert_array_equal(both.tail().values, np.sort(held)[::-1])
    assert both.state().seen == 4200 and both.state().kl == 0.25 and both.window == 2000
    first = np.concatenate([stream[:1000] for stream in streams])
    assert both.start is not None
    assert both.start.mean == pytest.approx(first.mean(), rel=1e-12)
    assert both.start.deviation == pytest.approx(first.std(), rel=1e-12)
    other = two.merge(one).state()
    assert other.shape == both.state().shape and other.share_of_top == both.state().share_of_top


def test_saving_and_going_on_is_the_same_as_going_on(rng: np.random.Generator) -> None:
    stream = rng.normal(size=4000)
    prompts = [i // 2 for i in range(STEP)]
    monitor = fed(Monitor(1500, seed=3), stream[:2000], kl=0.5, prompts=prompts)
    again = Monitor.from_dict(json.loads(json.dumps(monitor.to_dict())))
    assert again.to_dict() == monitor.to_dict()
    for one in (monitor, again):
        fed(one, stream[2000:], kl=0.25, prompts=prompts)
    assert again.to_dict() == monitor.to_dict()
    assert again.state() == monitor.state()


@pytest.mark.parametrize(
    "change", [{"window": 10}, {"held": "?"}, {"held": "AAAA"}, {"start": {}}, {"seen": None}]
)
def test_what_was_not_saved_is_refused(change: dict[str, Any]) -> None:
    saved = fed(Monitor(1000), np.arange(1200.0)).to_dict() | change
    with pytest.raises(InputError):
        Monitor.from_dict(saved)
    with pytest.raises(InputError):
        Monitor.from_dict({})


# ------------------------------------------------------------------ reward functions


def test_a_watched_reward_function_is_the_same_function() -> None:
    monitor = Monitor()

    def length_reward(prompts: list[str], completions: list[str], **columns: Any) -> list[Any]:
        """A docstring."""
        return [len(completion) or None for completion in completions]

    wrapped = watched(length_reward, monitor)
    assert (wrapped.__name__, wrapped.__doc__) == ("length_reward", "A docstring.")
    given = wrapped(prompts=["p", "p", "q"], completions=["ab", "c", ""], extra=[1, 2, 3])
    assert given == [2, 1, None]
    assert wrapped(["p", "p"], ["ab", "abcd"]) == [2, 4]
    assert (monitor.seen, monitor.left_out, monitor.steps) == (4, 1, 2)
    assert np.isfinite(monitor._rows[1, :4]).all()  # prompts were seen both ways


def test_a_watched_function_may_be_asynchronous() -> None:
    monitor = Monitor()

    async def reward(prompts: list[str], completions: list[str]) -> list[float]:
        return [1.0 for _ in completions]

    assert asyncio.run(watched(reward, monitor)(prompts=["p"], completions=["c"])) == [1.0]
    assert monitor.seen == 1


@pytest.mark.parametrize("binary", [False, True])
def test_a_full_window_is_restored_bit_for_bit_from_valid_json(
    rng: np.random.Generator, binary: bool
) -> None:
    monitor = Monitor(2000)
    for _ in range(33):  # its end is no multiple of the steps
        rewards = rng.standard_normal(130)
        monitor.update(np.sign(rewards) if binary else rewards, kl=0.1)
    restored = Monitor.from_dict(json.loads(json.dumps(monitor.to_dict(), allow_nan=False)))
    assert repr(restored.state()) == repr(monitor.state())
    assert repr(restored.start) == repr(monitor.start)


def test_rewards_that_are_mostly_0_are_not_heavy_for_it(rng: np.random.Generator) -> None:
    # One answer in 100 is rewarded, by a gamma law, whose tail is exponential.
    rewards = np.where(rng.random(20_000) < 0.01, rng.gamma(0.5, size=20_000), 0.0)
    assert "heavy tail" not in fed(Monitor(), rewards).state().warnings


@pytest.mark.parametrize("size", [1e-310, 5e-324, 1e300])
def test_no_size_of_rewards_ends_a_training_run(rng: np.random.Generator, size: float) -> None:
    monitor = fed(Monitor(), size * np.rint(20 * rng.standard_normal(3000)))
    assert monitor.state().held == 3000
