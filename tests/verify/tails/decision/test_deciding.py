"""The verdict about a tail."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.tails.rounded import to_bf16
from verify.errors import InputError
from verify.tails.decision import decide, deciding
from verify.tails.decision.family import heavy_family
from verify.tails.decision.levels import Level
from verify.tails.decision.weibull_tail import WeibullTail
from verify.tails.rounding import detect, spread
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval, Verdict

N = 10_000
DRAWS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "exponential": lambda rng, n: rng.standard_exponential(n),
    "uniform": lambda rng, n: rng.random(n),
    "student_t(3)": lambda rng, n: rng.standard_t(3, n),
    "weibull(1/2)": lambda rng, n: rng.weibull(0.5, n),
}


def drawn(law: str, seed: int = 0, n: int = N) -> np.ndarray:
    return DRAWS[law](np.random.default_rng(seed), n)


def verdict(rewards: np.ndarray) -> Verdict:
    return decide(UpperTail.of(rewards, len(rewards) // 4))


@pytest.mark.parametrize(
    ("law", "kind"),
    [
        ("normal", "light"),
        ("exponential", "light"),
        ("uniform", "bounded"),
        ("student_t(3)", "heavy"),
        ("weibull(1/2)", "heavy"),
    ],
)
def test_large_samples_are_told(law: str, kind: str) -> None:
    found = verdict(drawn(law, n=100_000))
    assert found.kind == kind
    assert (found.rate is not None) == (kind == "light")


@settings(max_examples=12)
@given(
    law=st.sampled_from(list(DRAWS)),
    seed=st.integers(0, 100),
    power=st.integers(-30, 30),
    shift=st.integers(-(2**12), 2**12),
)
def test_shift_and_scale_change_nothing_but_the_rate(
    law: str, seed: int, power: int, shift: int
) -> None:
    # On a fine lattice shifts by whole numbers and scales by powers of two are exact.
    rewards = np.round(drawn(law, seed, 2000) * 2**30) / 2**30
    one, other = verdict(rewards), verdict((rewards + shift) * 2.0**power)
    assert one.rate is None or other.rate == Interval(
        *(end / 2.0**power for end in (one.rate.value, one.rate.low, one.rate.high))
    )
    assert replace(one, rate=None) == replace(other, rate=None)


def test_rewards_in_any_units_are_decided_alike() -> None:
    """Shifts and scales that round: the numbers move in their last digits only."""
    rewards = drawn("exponential")
    one, other = verdict(rewards), verdict(1e-3 * (rewards + 100 / 3))
    assert one.kind == other.kind == "light"
    assert one.rate is not None and other.rate is not None
    # The shift leaves 14 digits of an excess; ends are found to 1e-3.
    assert other.rate.low * 1e-3 == pytest.approx(one.rate.low, rel=2e-3)
    assert other.shape.low == pytest.approx(one.shape.low, abs=1e-6)


def test_the_normal_rate_is_infinite() -> None:
    found = verdict(drawn("normal", n=100_000))
    assert found.rate is not None
    assert found.rate.value == found.rate.high == math.inf
    assert found.rate.low > 2  # the hazard rate of the normal law at its top 5 %


def test_bf16_is_spread_and_decided_like_the_rewards_behind_it() -> None:
    for law in DRAWS:
        rewards = drawn(law, 1)
        plain, rounded = verdict(rewards), verdict(to_bf16(rewards))
        assert rounded.kind == plain.kind
        assert "bf16" in rounded.warnings[0]


def test_a_tail_that_was_spread_is_not_spread_again() -> None:
    rewards = to_bf16(drawn("student_t(3)"))
    tail = UpperTail.of(rewards, N // 4)
    rounding = detect(tail.values)
    assert rounding is not None
    assert decide(spread(tail, rounding), rounding=rounding) == decide(tail)


@pytest.mark.parametrize("shift", [100, 300, 10_000])
def test_bf16_far_from_zero_hides_a_light_tail(shift: int) -> None:
    for law in ("normal", "exponential"):
        assert verdict(to_bf16(drawn(law) + shift)).kind == "cannot tell"


def test_a_cap_is_an_end() -> None:
    clipped = np.minimum(drawn("student_t(3)"), 4)
    found = verdict(clipped)
    assert found.kind == "bounded"
    assert found.k == (clipped == 4).sum()
    assert "cap" in found.because


def test_two_values_tell_nothing_about_a_tail() -> None:
    found = decide(UpperTail.of(np.random.default_rng(0).integers(0, 2, N).astype(np.float64)))
    assert found.kind == "cannot tell"
    assert (
        "The rewards take 2 different values, the largest 1: the tail is bounded" in found.because
    )


def test_one_value_says_that_it_is_one() -> None:
    assert "take one value, 7: the tail is bounded, unless" in verdict(np.full(N, 7.0)).because


def test_whole_numbers_hide_a_tail_as_narrow_as_they_are() -> None:
    found = verdict(np.random.default_rng(0).poisson(3, N).astype(np.float64))
    assert found.kind == "cannot tell"
    assert "rounded" in found.because


def test_copied_rows_are_warned_about() -> None:
    rewards = drawn("normal")
    found = verdict(np.concatenate([rewards, rewards[: N // 3]]))
    assert any("copied" in warning for warning in found.warnings)
    assert not verdict(rewards).warnings


@pytest.mark.parametrize("times", [2, 3, 12])
@pytest.mark.parametrize("rounded", [False, True])
def test_of_rows_that_were_all_copied_one_of_each_decides(times: int, rounded: bool) -> None:
    rewards = drawn("student_t(3)")
    rewards = to_bf16(rewards) if rounded else rewards
    once, often = verdict(rewards), decide(UpperTail.of(np.repeat(rewards, times), N // 4 * times))
    assert f"occurs {times} times" in often.warnings[0]
    if rounded:  # the lowest value may have been cut off, and is left out
        assert often.kind == once.kind == "heavy"
    else:
        assert replace(often, warnings=once.warnings) == once


@pytest.mark.parametrize("decimals", [3, 4, 5])
def test_decimals_of_any_number_are_not_called_copies(decimals: int) -> None:
    rewards = np.round(drawn("normal"), decimals)
    assert not any("copied" in warning for warning in verdict(rewards).warnings)
    copied = verdict(np.concatenate([rewards, rewards[: N // 3]]))
    assert any("copied" in warning for warning in copied.warnings) == (decimals > 3)


@pytest.mark.parametrize("n", [0, 1, 20, 299])
def test_few_rewards_tell_nothing(n: int) -> None:
    found = decide(UpperTail.of(drawn("student_t(3)", n=n)))
    assert found.kind == "cannot tell"
    assert math.isnan(found.shape.value)


def test_the_sentence_says_so_when_there_are_too_few() -> None:
    found = decide(UpperTail.of(drawn("exponential", n=1000)))
    assert found.kind == "cannot tell"
    assert "Too few" in found.because


def test_a_mixture_of_exponentials_bends_back() -> None:
    """Heavy at the top 2 %, light at the top 0.2 %: not called heavy where that shows."""
    rng = np.random.default_rng(1)
    slow = rng.random(1_000_000) < 0.1
    rewards = rng.standard_exponential(1_000_000) * np.where(slow, 3, 1)
    found = decide(UpperTail.of(rewards, 50_000))
    assert found.kind == "cannot tell"
    assert "bends back" in found.because


def test_a_clear_index_contradicts_a_light_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    tail = UpperTail.of(drawn("exponential"), N // 4)
    assert decide(tail).kind == "light"
    monkeypatch.setattr(deciding, "index_interval", lambda *_: (Interval(0.2, 0.1, 0.3), 100))
    found = decide(tail)
    assert found.kind == "cannot tell"
    assert "index" in found.because


def test_a_power_law_is_named() -> None:
    assert verdict(drawn("student_t(3)", 3, 300_000)).family == "power law"


def test_the_better_family_leads() -> None:
    """On exact quantiles of both, 20,000 of 10**6."""
    log_odds = math.log(50)
    steps = -np.log((np.arange(20_000) + 0.5) / 20_000)
    power = np.expm1(0.4 * steps) / 0.4
    bent = log_odds * np.expm1(5 * np.log1p(steps / log_odds)) / 5
    for excesses, name in ((power, "power law"), (bent, "subexponential")):
        level = Level(20_000, WeibullTail.of(excesses, 1_000_000))
        assert heavy_family(level, 1.96) == name
    even = Level(20_000, WeibullTail.of(steps, 1_000_000))
    assert heavy_family(even, 1.96) is None  # an exponential tail is in both families


@pytest.mark.gpu
def test_tensors_are_decided_like_arrays() -> None:
    torch = pytest.importorskip("torch")
    rewards = drawn("student_t(3)")
    one, other = verdict(rewards), verdict(torch.from_numpy(rewards))
    assert replace(one, shape=other.shape) == other
    assert one.shape.low == pytest.approx(other.shape.low, rel=1e-9)  # sums in another order


@pytest.mark.parametrize("level", [0.5, 1.0, math.nan])
def test_levels_out_of_range_are_refused(level: float) -> None:
    with pytest.raises(InputError, match=r"above 0\.5 and below 1"):
        decide(UpperTail.of(drawn("normal", n=400)), level=level)


def test_a_higher_level_calls_less_heavy() -> None:
    kinds = [
        decide(UpperTail.of(drawn("weibull(1/2)", seed, 3000)), level=level).kind
        for level in (0.8, 0.999)
        for seed in range(20)
    ]
    assert kinds[:20].count("heavy") > kinds[20:].count("heavy")


@pytest.mark.parametrize("share", [0.003, 0.03, 0.1])
def test_rewards_above_many_equal_ones_are_a_sample_of_their_own(
    rng: np.random.Generator, share: float
) -> None:
    # A gamma law of shape 1/2 falls off fast from where it begins, and its tail is exponential.
    count = 20_000
    kinds = []
    for _ in range(5):
        rewards = np.zeros(count)
        some = int(share * count)
        rewards[:some] = rng.gamma(0.5, size=some)
        found = verdict(rewards)
        kinds.append(found.kind)
        assert any("equal 0: the tail is that" in each for each in found.warnings)
        alone = verdict(rewards[:some])
        assert replace(alone, warnings=found.warnings) == found
    assert "heavy" not in kinds
    heavy = np.concatenate([np.full(count, 7.0), 7 + rng.pareto(1.5, count)])
    assert verdict(heavy).kind == "heavy"
