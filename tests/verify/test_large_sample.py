"""The frontier of many rewards in float64: balls find the true one between its two values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from math import inf, log
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.verify.test_binned_moments import coarse_bins, exact_sums
from verify import binned_moments, sample_search
from verify.binned_moments import Bins
from verify.enclosure import ball_of_decimal, working_precision
from verify.errors import InputError
from verify.large_sample import LargeSample, SamplePoint
from verify.laws.empirical_law import Empirical
from verify.sample_search import Search

Floats = NDArray[np.float64]
Cumulants = Callable[[arb], tuple[arb, arb, arb]]

#: The aim, relative to max(|S|, S - mean).
AIM = 1e-9

#: For balls: rewards at 1e9 apart by 1e-7, and exponents of hundreds, leave 200 bits and more.
BITS = 400

BUDGETS = ["1e-6", "1e-4", "0.01", "0.5", "1", "3", "6", "12"]


def best_mean(law: Empirical, start: float, budget: Decimal) -> tuple[arb, arb]:
    """Bounds on S in balls, 10^-19 apart: the mean of a tilt with D < d, and its dual bound.

    Newton's method from ``start``, for log D or, near the supremum of D, for log of what is
    missing; that it arrived is what the two bounds prove.
    """
    cumulants = law.cumulants
    with working_precision(BITS):
        goal, tilt = ball_of_decimal(budget), arb(start)
        price = (arb(law.n) / int(law.counts[-1])).log()
        step, low, high = arb(1), arb(0), arb.pos_inf()
        while not abs(step) < arb(2) ** -80:
            log_mgf, mean, variance = cumulants(tilt)
            kl = tilt * mean - log_mgf
            slope = tilt * tilt * variance
            if goal < price / 2:
                step = (goal / kl).log() * kl / slope
            else:
                step = ((price - kl) / (price - goal)).log() * (price - kl) / slope
            low, high = (tilt, high) if kl < goal else (low, tilt)
            tilt = (tilt * (1 + step)).mid()
            if not low < tilt < high:
                tilt = ((low + high) / 2 if high.is_finite() else 2 * low).mid()
        tilt = (tilt * (1 - arb(2) ** -70)).mid()
        log_mgf, mean, _ = cumulants(tilt)
        assert tilt * mean - log_mgf < goal, "the reference is not within the budget"
        bound = (goal + log_mgf) / tilt
        assert bound - mean <= abs(bound - cumulants(arb(0))[1]) * arb(10) ** -19
        return mean, bound


def check_point(cumulants: Cumulants, point: SamplePoint, truth: tuple[arb, arb]) -> None:
    """That the true S lies between the two values, and that the tilt does what it says."""
    with working_precision(BITS):
        assert arb(point.lower) <= truth[1], f"too high a lower value: {point}"
        assert arb(point.upper) >= truth[0], f"too low an upper value: {point}"
        assert point.tilt is not None
        tilt = arb(point.tilt)
        log_mgf, mean, _ = cumulants(tilt)
        assert tilt * mean - log_mgf <= ball_of_decimal(point.budget), f"over budget: {point}"
        assert mean >= arb(point.lower), f"the tilt's mean is below: {point}"


def check_sample(rewards: Floats, budgets: list[str], error: float = AIM) -> list[SamplePoint]:
    """Check each point of a sample against balls; the points that were checked so."""
    law = Empirical.from_values(rewards)
    points = LargeSample(rewards).frontier(budgets)
    top, rows = float(rewards.max()), int((rewards == rewards.max()).sum())
    for point in points:
        assert point.error <= error, f"{point}"
        assert point.at_top == (float(point.budget) >= log(len(rewards) / rows))
        if point.at_top:
            assert (point.lower, point.upper, point.tilt) == (top, top, None)
        else:
            assert point.tilt is not None
            truth = best_mean(law, point.tilt, point.budget)
            check_point(law.cumulants, point, truth)
            assert point.lower <= point.upper <= top
    return [point for point in points if not point.at_top]


# ---- against balls ------------------------------------------------------------------------------

numbers = st.one_of(
    st.floats(-10, 10),  # spread, and where Hypothesis likes it: ends, integers, tiny
    st.integers(-3, 3).map(float),  # tied
    st.integers(-60, 60).map(lambda k: float(np.copysign(2.0 ** abs(k), k))),  # both tails heavy
    st.integers(0, 2**20).map(lambda k: 1e9 + k * 2.0**-20),  # noise on a huge offset
    st.sampled_from([0.0, 1e-12, 1.0, 1 + 1e-12]),  # clusters
)
samples = st.one_of(
    numbers.flatmap(lambda x: st.lists(st.just(x), min_size=1, max_size=5)),  # all equal
    st.lists(numbers, min_size=2, max_size=50),
    st.lists(st.integers(0, 2**20).map(lambda k: 1e9 + k * 2.0**-20), min_size=2, max_size=50),
    st.lists(st.sampled_from([0.0, 1e-12, 1.0, 1 + 1e-12]), min_size=2, max_size=50),
    st.lists(st.integers(0, 3).map(lambda k: 1 - k * 2.0**-53), min_size=2, max_size=50),
    st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.integers(1, 40)).map(
        lambda two: [two[0]] * two[2] + [two[1]]
    ),
).map(np.array)


@given(samples, st.sampled_from([(1024, 32), (1, 1), (6, 4)]))
def test_the_frontier_lies_between(rewards: Floats, bins: tuple[int, int]) -> None:
    with coarse_bins(*bins):
        check_sample(rewards, BUDGETS)


def shapes(n: int) -> dict[str, Floats]:
    """Samples of the kinds that come, and of some that should not."""
    rng = np.random.default_rng(n)
    normal = rng.standard_normal(n)
    return {
        "normal": normal,
        "sorted": np.sort(normal),
        "reversed": np.sort(normal)[::-1],
        "light": rng.exponential(size=n),
        "bounded": rng.uniform(-1, 1, n),
        "heavy": rng.standard_t(2, n),
        "heavier": rng.pareto(0.3, n),
        "heavy below": -rng.pareto(0.3, n),
        "tied": np.round(normal * 8) / 8,
        "two values": (rng.random(n) < 0.3) * 1.0,
        "one above": np.eye(1, n)[0],
        "one below": -np.eye(1, n)[0],
        "offset": 1e9 + normal,
        "clusters": rng.integers(0, 7, n) + 1e-6 * normal,
        "scales": normal * 10.0 ** rng.integers(-8, 9, n),
        "log-uniform": np.copysign(10.0 ** rng.uniform(-30, 30, n), normal),
        "neighbours": np.concatenate([[1.0], np.full(n - 1, 1 + 2.0**-52)]),
        "two at the top": np.concatenate([normal[2:], [9.0, 9.0 - 1e-14]]),
    }


@pytest.mark.parametrize("shape", shapes(1))
def test_medium_samples(shape: str) -> None:
    """At 20,000 rewards there are bins of up to 19; some must be split."""
    assert check_sample(shapes(20_000)[shape], ["1e-6", "0.01", "1", "6"])


@pytest.mark.heavy
@pytest.mark.parametrize("shape", shapes(1))
def test_large_samples(shape: str) -> None:
    assert check_sample(shapes(50_000)[shape], BUDGETS)


def test_a_million_tied_rewards() -> None:
    """Scores in bfloat16: the balls need only the distinct ones."""
    rng = np.random.default_rng(3)
    bits = rng.standard_normal(10**6).astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    checked = check_sample(bits.view(np.float32).astype(np.float64), ["1e-6", "0.5", "9"])
    assert len(checked) == 3


def test_a_million_heavy_rewards() -> None:
    """All distinct: balls add up every one. The tilt's own two bounds hold S, closely enough."""
    rewards = np.random.default_rng(4).standard_t(3, 10**6)
    [point] = LargeSample(rewards).frontier(["0.5"])
    assert point.tilt is not None and point.error <= AIM
    reference = (point.lower + point.upper) / 2
    total, _, first = exact_sums(rewards, point.tilt, reference, bits=200)
    with working_precision(200):
        mean, log_mass = first / total, total.log()
        kl = point.tilt * mean - log_mass
        goal = ball_of_decimal(point.budget)
        assert kl <= goal and arb(point.lower) <= reference + mean
        # S is at most this dual bound; the upper value is one for the same l, with its error.
        dual = reference + (goal + log_mass) / point.tilt
        assert dual - (reference + mean) <= arb(AIM) * dual and dual <= arb(point.upper)


def test_ten_million_rewards() -> None:
    """A normal sample: near the normal law's mu + sigma sqrt(2d), and as accurate as any."""
    rewards = np.random.default_rng(5).standard_normal(10**7)
    for point in LargeSample(rewards).frontier(["1e-6", "0.01", "0.5"]):
        assert point.error <= AIM
        # The mean of 10^7 draws has standard error 3.2e-4, of the tilted ones about as much.
        assert abs(point.lower - (2 * float(point.budget)) ** 0.5) < 5 * 3.2e-4


# ---- what must hold of any frontier -------------------------------------------------------------


@given(samples)
def test_conditioning_stays_below(rewards: Floats) -> None:
    """The k largest rewards cost log(n/k): another reweighting within the budget."""
    ordered = np.sort(rewards)[::-1]
    n = len(ordered)
    costs = [log(n / k) for k in range(1, n)]
    points = LargeSample(rewards).frontier([cost + 1e-9 for cost in costs])
    for k, point in enumerate(points, start=1):
        mean = float(ordered[:k].sum()) / k
        # Summing k numbers rounds k times.
        assert mean <= point.upper + k * 2.0**-52 * float(np.abs(ordered).max())


@given(samples)
def test_increasing_and_concave(rewards: Floats) -> None:
    points = LargeSample(rewards).frontier([0.5, 1.0, 1.5])
    one, two, three = points
    assert one.lower <= two.upper and two.lower <= three.upper
    rounding = 4 * 2.0**-52 * float(np.abs(rewards).max())
    assert two.upper >= (one.lower + three.lower) / 2 - rounding


def frontier(rewards: Any, budgets: list[str] | None = None) -> list[tuple[float, float]]:
    points = LargeSample(rewards).frontier(["0.01", "0.5", "2"] if budgets is None else budgets)
    return [(point.lower, point.upper) for point in points]


@pytest.mark.parametrize("shape", ["normal", "heavy", "tied", "clusters"])
def test_order_and_powers_of_two_change_nothing(shape: str) -> None:
    """Sorted, reversed, in any units: the same numbers, to the last bit."""
    rewards = shapes(3000)[shape]
    expected = frontier(rewards)
    assert frontier(rewards[::-1]) == expected == frontier(np.sort(rewards).reshape(3, -1))
    for power in (-900, -30, 900):
        scaled = frontier(rewards * 2.0**power)
        # The outward ulp is an ulp at either scale.
        assert scaled == [(low * 2.0**power, high * 2.0**power) for low, high in expected]


@pytest.mark.parametrize("scale", [1e-300, 1e300, 1.7e308, 1e-307])
def test_extreme_scales(scale: float) -> None:
    rewards = shapes(3000)["bounded"]
    reference = LargeSample(rewards).frontier(BUDGETS)
    for point, plain in zip(LargeSample(rewards * scale).frontier(BUDGETS), reference, strict=True):
        assert point.error <= AIM
        # Rounding each reward moves S by at most as much: 2^-53, or 2^-1075 below 1e-307.
        slack = 2.0**-51 * scale + 2.0**-1073
        assert plain.lower * scale - slack <= point.upper
        assert point.lower <= plain.upper * scale + slack


@given(samples)
def test_a_shift_moves_the_frontier(rewards: Floats) -> None:
    """By 2^40, rounding each reward by at most 2^-13: S moves as far."""
    for plain, moved in zip(frontier(rewards), frontier(rewards + 2.0**40), strict=True):
        slack = 2.0**-11 * max(1.0, float(np.abs(rewards).max()) * 2.0**-40)
        assert plain[0] - slack <= moved[1] - 2.0**40
        assert moved[0] - 2.0**40 <= plain[1] + slack


def test_a_search_that_meets_a_jump_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the way up, the bin from 6.5 to 7.7 becomes too wide to be expanded: it must be split.

    The budget is 3e-10 below the top's price, where D hardly grows any more.
    """
    rewards = np.concatenate([np.linspace(-9, 5, 96), [6.5, 7.7, 8.6, 32.8]])
    with coarse_bins(1, 1):
        check_sample(rewards, ["4.6051701857239"], error=1e-11)
        monkeypatch.setattr(sample_search, "BEYOND", 1.0)
        with pytest.raises(AssertionError):
            check_sample(rewards, ["4.6051701857239"], error=1e-11)


# ---- ends ---------------------------------------------------------------------------------------


def test_one_reward_and_equal_ones() -> None:
    for rewards in ([2.5], [2.5] * 5000):
        [point] = LargeSample(rewards).frontier(["1e-9"])
        assert point.at_top and point.lower == point.upper == 2.5 and point.error == 0


def test_the_price_of_the_top() -> None:
    """log 4, told from its neighbours to any digit."""
    sample = LargeSample([3.0, 1.0, 0.0, -2.0])
    with working_precision(200):
        digits = arb(4).log().str(50, radius=False)
    below, above = sample.frontier([digits[:41], digits[:40] + "9"])
    assert not below.at_top and below.lower < below.upper <= 3.0
    assert above.at_top and above.tilt is None


def test_budgets_too_small_to_see() -> None:
    """The values say so: they hold the mean, and no tilt is claimed."""
    sample = LargeSample([1.0, 2.0, 4.5])
    for point in sample.frontier(["1e-40", "1e-400"]):
        assert point.lower <= 2.5 <= point.upper < 2.5 + 1e-12
        assert point.tilt is None and not point.at_top
    low, high = sample.mean
    assert low <= 2.5 <= high < low + 1e-12


def test_a_relative_error_that_cannot_be_told() -> None:
    [point] = LargeSample([-1.0, 1.0]).frontier(["1e-40"])
    assert point.lower <= 0 <= point.upper and point.error == inf


def test_the_same_budget_written_twice() -> None:
    one, two, three = LargeSample([0.0, 1.0, 5.0]).frontier(["0.5", 0.5, Decimal("0.50")])
    assert one == two == three and one.budget == Decimal("0.5")
    assert LargeSample([0.0, 1.0]).frontier([]) == []


@pytest.mark.parametrize("rewards", [[], [1.0, float("nan")], [inf, 0.0], ["a"], [2**60 + 1]])
def test_rewards_that_are_refused(rewards: list[Any]) -> None:
    with pytest.raises(InputError, match="rewards:"):
        LargeSample(rewards)


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf", "much", 0.0, -0.5, float("nan")])
def test_budgets_that_are_refused(budget: Any) -> None:
    with pytest.raises(InputError, match="positive budget"):
        LargeSample([0.0, 1.0]).frontier([budget])


# ---- planted violations -------------------------------------------------------------------------


@cache
def clustered() -> Floats:
    """Clusters with gaps: without a split or its error, bins across a gap are badly wrong.

    The mean is about 0, so that small budgets show every rounding.
    """
    rng = np.random.default_rng(6)
    rewards = rng.integers(0, 5, 3000) + 0.05 * rng.standard_normal(3000)
    return rewards - rewards.mean()


def check_clustered() -> None:
    with coarse_bins(8, 1):
        check_sample(clustered(), ["1e-6", "1e-5", "1e-4", "0.01", "0.3", "1", "3"], error=inf)


def test_what_the_violations_are_planted_in() -> None:
    check_clustered()


def no_truncation_error(patch: pytest.MonkeyPatch) -> None:
    def nothing(_: Bins, __: Floats, ___: Floats, weight: Floats, a: Floats) -> Any:
        return np.zeros_like(weight), np.zeros_like(weight)

    patch.setattr(Bins, "_truncation", nothing)


def a_moment_dropped(patch: pytest.MonkeyPatch) -> None:
    make = Bins.of.__func__  # type: ignore[attr-defined]

    def without(cls: type[Bins], rewards: Floats) -> Bins:
        bins: Bins = make(cls, rewards)
        bins.moments[2] = 0.0
        return bins

    patch.setattr(Bins, "of", classmethod(without))


def no_rounding_error(patch: pytest.MonkeyPatch) -> None:
    for module in (binned_moments, sample_search):
        for name in ("ROUNDING", "ELEMENTARY"):
            patch.setattr(module, name, 1e-40)
    patch.setattr(sample_search, "FOUR", 1e-40)


def any_tilt_is_within(patch: pytest.MonkeyPatch) -> None:
    record = Search._record

    def generous(self: Search, active: Any, reading: Any) -> Any:
        self.least = self.least * 1.001
        return record(self, active, reading)

    patch.setattr(Search, "_record", generous)


@pytest.mark.parametrize(
    "plant", [no_truncation_error, a_moment_dropped, no_rounding_error, any_tilt_is_within]
)
def test_planted_errors_are_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"lower value|upper value|over budget|mean is below"):
        check_clustered()


def test_without_splitting_the_bound_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bins that are too wide give a wide bound, not a wrong one."""
    budgets = ["0.01", "0.3", "1", "3"]

    def none(bins: Bins, *_: Floats) -> Any:
        return np.zeros(bins.wide, dtype=np.bool_)

    with coarse_bins(8, 1):
        fine = frontier(clustered(), budgets)
        monkeypatch.setattr(Bins, "truncated", none)
        points = LargeSample(clustered()).frontier(budgets)
    assert max(point.error for point in points) > AIM
    for point, (low, high) in zip(points, fine, strict=True):
        assert point.lower <= high and low <= point.upper
