"""Exponential sums over bins: the true sums lie within the bounds, and broken bounds are caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from verify import binned_moments
from verify.binned_moments import (
    ELEMENTARY,
    LARGEST_EXPONENT,
    NARROWEST,
    ROUNDING,
    Bins,
    _sum_of_rows,
    bin_edges,
)
from verify.enclosure import working_precision

Floats = NDArray[np.float64]

#: The bounds on errors may be as small as 1e-300 beside terms of size 1.
BITS = 1200


@contextmanager
def coarse_bins(most_bins: int, grading: int) -> Iterator[None]:
    """Wide bins even for few rewards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binned_moments, "MOST_BINS", most_bins)
        patch.setattr(binned_moments, "GRADING", grading)
        yield


def coarsely_binned(rewards: Floats, most_bins: int = 8, grading: int = 1) -> Bins:
    with coarse_bins(most_bins, grading):
        return Bins.of(np.sort(rewards))


def exact_sums(
    rewards: Floats, tilt: float, reference: float, bits: int = BITS
) -> tuple[arb, arb, arb]:
    """W, A and V by their definition, in balls."""
    with working_precision(bits):
        excess, first = arb(0), arb(0)
        for reward in rewards.tolist():
            distance = arb(reward) - arb(reference)
            more = (arb(tilt) * distance).expm1()
            excess += more
            first += (1 + more) * distance
        n = len(rewards)
        return 1 + excess / n, excess / n, first / n


def check_sums(bins: Bins, tilts: list[float], references: list[float]) -> None:
    """That the true sums are where the computed ones and their errors say."""
    found = bins.sums(np.array(tilts), np.array(references))
    for k, (tilt, reference) in enumerate(zip(tilts, references, strict=True)):
        truth = exact_sums(bins.rewards, tilt, reference)
        for name, true in zip(("total", "excess", "first"), truth, strict=True):
            value = float(getattr(found, name)[k])
            error = float(getattr(found, f"{name}_error")[k])
            with working_precision(BITS):
                assert abs(true - arb(value)) <= arb(error), f"{name} at l = {tilt}"


def usable_reference(bins: Bins, tilt: float, place: float) -> float:
    """A place between the ends, at least so high that no exponent is too large."""
    low, high = float(bins.rewards[0]), float(bins.rewards[-1])
    wanted = low + place * (high - low)
    return wanted if tilt * (high - wanted) <= LARGEST_EXPONENT else high


def spread_tilts(bins: Bins) -> tuple[list[float], list[float]]:
    """From those that do next to nothing to those that see only the top, three references each."""
    spread = float(bins.rewards[-1] - bins.rewards[0]) or 1.0
    pairs = [
        (tilt / spread, usable_reference(bins, tilt / spread, place))
        for tilt in (1e-6, 1e-3, 0.1, 1.0, 5.0, 40.0, 3e3)
        for place in (0.0, 0.4, 1.0)
    ]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


# ---- samples ------------------------------------------------------------------------------------

whole = st.integers(-(2**20), 2**20).map(lambda k: k / 2**20)
samples = st.one_of(
    st.lists(whole, min_size=1, max_size=60),  # spread
    st.lists(st.integers(-3, 3).map(lambda k: k / 4), min_size=1, max_size=60),  # tied
    st.lists(st.integers(0, 40).map(lambda k: 1 - 2.0**-k), min_size=1, max_size=60),  # tailed
    st.lists(st.integers(0, 900).map(lambda k: -(2.0**-k)), min_size=1, max_size=60),
    st.lists(st.integers(0, 2**10).map(lambda k: 0.75 + k * 2.0**-53), min_size=1, max_size=60),
).map(np.array)


@given(samples, st.sampled_from([1, 4, 8]), st.sampled_from([1, 4]))
def test_the_sums_are_within_their_errors(sample: Floats, most_bins: int, grading: int) -> None:
    bins = coarsely_binned(sample, most_bins, grading)
    check_sums(bins, *spread_tilts(bins))


@given(
    samples,
    st.floats(0, 1e4),
    st.floats(0, 1),
)
def test_any_tilt_and_reference(sample: Floats, tilt: float, place: float) -> None:
    bins = coarsely_binned(sample)
    check_sums(bins, [tilt], [usable_reference(bins, tilt, place)])


@pytest.mark.parametrize("n", [1, 2, 100, 3000, 20_000])
def test_bins_as_they_come(n: int, rng: np.random.Generator) -> None:
    """No patch: full-size bins, of rewards with both tails heavy."""
    sample = rng.standard_t(2, n)
    bins = Bins.of(np.sort(sample / np.abs(sample).max() / 2))
    assert (bins.wide > 0) == (n > 2048)
    check_sums(bins, [0.3, 20.0], [0.0, usable_reference(bins, 20.0, 0.7)])


def test_the_bounds_are_close() -> None:
    """A bound that is always valid may be useless: these are a few hundred roundings at most."""
    bins = Bins.of(np.linspace(-1, 1, 50_000))
    sums = bins.sums(np.array([1e-3, 1.0]), np.array([0.0, 0.3]))
    # unit = (25 + 2 * 11) u, (1 + |t|) <= 3, kappa a and the last digits: below 200 u
    assert (sums.total_error <= 200 * ROUNDING * sums.total).all()
    # A is as small as l: its error is too.
    assert sums.excess_error[0] <= 200 * ROUNDING * 1e-3


def test_second_moments_are_about_right(rng: np.random.Generator) -> None:
    sample = np.sort(rng.uniform(-1, 1, 30_000))
    bins = Bins.of(sample)
    found = bins.sums(np.array([2.0]), np.array([0.4])).second[0]
    expected = ((sample - 0.4) ** 2 * np.exp(2 * (sample - 0.4))).mean()
    # Up to (l h)^2, with h about 1/1024.
    assert abs(found - expected) < 1e-5 * expected


# ---- planted violations -------------------------------------------------------------------------


def half_wide_bins() -> tuple[Bins, list[float], list[float]]:
    """Few bins, with ``l h`` a little below 1/2 in the widest, and next to 0 in all."""
    bins = coarsely_binned(np.linspace(-1, 1, 200) ** 3)
    widest = float(bins.half.max())
    return bins, [0.499 / widest, 0.02 / widest], [0.25, 0.25]


def test_the_sums_that_the_violations_are_planted_in() -> None:
    check_sums(*half_wide_bins())


def drop_last_moment(bins: Bins, patch: pytest.MonkeyPatch) -> None:
    bins.moments[-1] = 0.0


def no_truncation_error(bins: Bins, patch: pytest.MonkeyPatch) -> None:
    def nothing(_: Bins, __: Floats, ___: Floats, weight: Floats, a: Floats) -> Any:
        return np.zeros_like(weight), np.zeros_like(weight)

    patch.setattr(Bins, "_truncation", nothing)


def wrong_centre(bins: Bins, patch: pytest.MonkeyPatch) -> None:
    bins.centre[0] += 1e-10


def lost_reward(bins: Bins, patch: pytest.MonkeyPatch) -> None:
    bins.rows[bins.wide // 2] -= 1


def moments_not_of_the_centre(bins: Bins, patch: pytest.MonkeyPatch) -> None:
    bins.moments[0] += 1e-10


@pytest.mark.parametrize(
    "plant",
    [drop_last_moment, no_truncation_error, wrong_centre, lost_reward, moments_not_of_the_centre],
)
def test_planted_errors_are_caught(
    plant: Callable[[Bins, pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bins, tilts, references = half_wide_bins()
    plant(bins, monkeypatch)
    with pytest.raises(AssertionError, match="at l ="):
        check_sums(bins, tilts, references)


def test_a_missing_rounding_error_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    bins = coarsely_binned(np.linspace(-1, 1, 100) ** 3, most_bins=200, grading=200)
    assert not bins.wide
    check_sums(bins, [0.7], [0.1])
    monkeypatch.setattr(binned_moments, "ROUNDING", 0.0)
    with pytest.raises(AssertionError, match="at l ="):
        check_sums(bins, [0.7], [0.1])


def test_a_crude_bin_without_its_error_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two clusters in one bin, far too wide to be expanded."""
    bins = coarsely_binned(np.array([0.0] * 30 + [0.9] * 2 + [1.0] * 32), 1, 1)
    tilt = 4 / float(bins.half.max())
    check_sums(bins, [tilt], [0.5])
    no_truncation_error(bins, monkeypatch)
    with pytest.raises(AssertionError, match="at l ="):
        check_sums(bins, [tilt], [0.5])


# ---- what the bounds rest on --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p"])
def test_numpy_is_within_four_ulp(name: str, rng: np.random.Generator) -> None:
    """The one thing that is assumed of the machine's library, on 4000 arguments of all sizes."""
    size = np.exp(rng.uniform(-40, 6, 4000))
    argument = size if name == "log" else np.concatenate([size[::2], -size[1::2]])
    if name == "log1p":
        argument = argument[argument > -0.999]
    for x, y in zip(argument.tolist(), getattr(np, name)(argument).tolist(), strict=True):
        with working_precision(150):
            true = getattr(arb(x), name)()
            assert abs(true - arb(y)) <= arb(ELEMENTARY) * abs(true), (name, x)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=70))
def test_the_sum_of_a_row_rounds_seldom(row: list[float]) -> None:
    """No term meets more than ceil(log2 n) roundings."""
    found = Fraction(float(_sum_of_rows(np.array([row, row]))[1]))
    exact = sum(map(Fraction, row), Fraction(0))
    depth = (len(row) - 1).bit_length()
    bound = (1 + Fraction(1, 2**53)) ** depth - 1
    assert abs(found - exact) <= bound * sum(map(abs, map(Fraction, row)), Fraction(0))


@pytest.mark.parametrize("n", [1, 2, 3, 31, 64, 65, 1000, 2048, 5000, 123_457, 10**6])
def test_the_edges_of_bins(n: int) -> None:
    edges = bin_edges(n)
    counts = np.diff(edges)
    assert edges[0] == 0 and edges[-1] == n and (counts > 0).all()
    assert counts.max() <= max(1, n // binned_moments.MOST_BINS)
    # Near an end a bin is small against its rank.
    rank = np.minimum(edges[:-1], n - edges[1:])
    assert (counts <= np.maximum(1, rank / binned_moments.GRADING + 1)).all()


# ---- splitting ----------------------------------------------------------------------------------


@given(samples, st.integers(0, 2**30))
def test_splitting_keeps_the_sums(sample: Floats, seed: int) -> None:
    bins = coarsely_binned(sample)
    chosen = np.random.default_rng(seed).random(bins.wide) < 0.5
    split = bins.split(chosen)
    assert split.rows.sum() == len(sample) and split.wide == bins.wide - chosen.sum()
    check_sums(split, *spread_tilts(split))
    whole = split.split(np.ones(split.wide, dtype=np.bool_))
    assert not whole.wide
    check_sums(whole, *spread_tilts(whole))


def test_the_bin_that_must_be_split() -> None:
    """A bin across a gap is found; those with equal rewards never are."""
    sample = np.sort(np.concatenate([np.zeros(37), np.ones(27), [0.01, 0.99]]))
    bins = coarsely_binned(sample)
    chosen = bins.truncated(np.array([0.2, 3.0]), np.array([0.5, 0.5]), np.full(2, 1e-14))
    across = bins.half[: bins.wide] > 0.1
    assert across.any() and (chosen >= across).all()
    split = bins.split(chosen)
    assert not split.truncated(np.array([3.0]), np.array([0.5]), np.full(1, 1e-14)).any()


def test_bins_too_narrow_to_scale_are_one_place() -> None:
    tiny = 2.0**-1060
    bins = coarsely_binned(np.array([-0.5] + [k * tiny for k in range(40)] + [0.5] * 20))
    middle = np.abs(bins.centre) < 0.25
    assert middle.any() and (bins.half[middle] == 0).all()
    assert 40 * tiny < NARROWEST
