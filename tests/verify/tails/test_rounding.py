"""Rounded rewards are noticed, continuous ones are not, and spreading mends what rounding broke."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.verify.tails.rounded import to_bf16
from verify.tails.rounding import cells, detect, share_of_ties, spread
from verify.tails.upper_tail import UpperTail

Floats = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, int], Floats]

LAWS: dict[str, Sampler] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "uniform": lambda rng, n: rng.random(n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "student_t(3)": lambda rng, n: rng.standard_t(3, n),
    "pareto(1.5)": lambda rng, n: 1 + rng.pareto(1.5, n),
}
laws = st.sampled_from(sorted(LAWS))
seeds = st.integers(0, 2**32)


@given(laws, seeds, st.sampled_from([10, 300, 10_000]), st.floats(-1e3, 1e3), st.booleans())
def test_continuous_values_are_not_rounded(
    law: str, seed: int, n: int, shift: float, single: bool
) -> None:
    sample = LAWS[law](np.random.default_rng(seed), n)
    # In float32 a shift rounds: 1e3 leaves 14 bits for what is below 1.
    values = sample.astype(np.float32).astype(np.float64) if single else sample + shift
    assert detect(values) is None
    assert detect(UpperTail.of(values, max(10, n // 10)).values) is None


@given(laws, seeds, st.sampled_from([300, 10_000]), st.floats(-3, 30))
def test_bf16_is_noticed_whatever_the_shift(law: str, seed: int, n: int, shift: float) -> None:
    sample = to_bf16(LAWS[law](np.random.default_rng(seed), n) + shift)
    found = detect(sample)
    if len(np.unique(sample)) < 5:
        assert found is None
    else:
        assert found is not None
        assert found.mantissa_bits is not None and found.mantissa_bits <= 8
        assert found.distinct == len(np.unique(sample))


@pytest.mark.parametrize("law", ["normal", "exponential", "pareto(1.5)", "student_t(3)"])
def test_the_tail_of_whitened_bf16_lies_on_cells_that_double(
    rng: np.random.Generator, law: str
) -> None:
    sample = to_bf16(LAWS[law](rng, 100_000))
    whitened = (sample - sample.mean()) / sample.std()
    tail = UpperTail.of(whitened, 2000)
    found = detect(tail.values)
    assert found is not None and found.mantissa_bits is None
    raw = UpperTail.of(sample, 2000)
    known = detect(raw.values)
    assert known is not None
    low, high = (np.asarray(ends) for ends in cells(tail.values[::-1], found))
    true_low, true_high = (np.asarray(ends) for ends in cells(raw.values[::-1], known))
    ratio = (high - low) * sample.std() / (true_high - true_low)
    ratio = ratio[:-20]  # the 16 largest different values get the step of the finest of them
    # At a power of two the true cell is 3/4 as wide; just below it the next gap is a wider one.
    np.testing.assert_allclose(ratio[np.abs(ratio - 1) < 0.2], 1, rtol=1e-6)
    assert np.mean(np.abs(ratio - 1) < 1e-6) > 0.9
    assert ratio.min() > 0.5 - 1e-6 and ratio.max() < 2 + 1e-6


@pytest.mark.parametrize("step", [0.01, 0.25, 1.0, 1 / 3])
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_a_grid_is_noticed_with_its_step(rng: np.random.Generator, step: float, kind: str) -> None:
    sample = np.round(rng.exponential(3, 5000) / step) * step
    found = detect(sample.astype(kind).astype(np.float64))
    assert found is not None
    # float32 is off by 2^-25 of the largest value, about 30; that over the whole range is left.
    assert found.step == pytest.approx(step, rel=1e-12 if kind == "float64" else 1e-5)
    assert found.ties == pytest.approx(share_of_ties(sample))


@pytest.mark.parametrize("law", sorted(LAWS))
@pytest.mark.parametrize("shift", [0.0, 100.3])
def test_two_decimals_in_float32_are_noticed_under_any_tail(
    rng: np.random.Generator, law: str, shift: float
) -> None:
    sample = np.round(LAWS[law](rng, 10_000) + shift, 2)
    single = sample.astype(np.float32).astype(np.float64)
    for values in (sample, single, UpperTail.of(single, 1000).values):
        found = detect(values)
        assert found is not None and found.step == pytest.approx(0.01, rel=1e-3)


def test_one_reward_far_beyond_the_grid(rng: np.random.Generator) -> None:
    sample = np.append(np.round(rng.exponential(size=5000), 2), 1e300)
    tail = UpperTail.of(sample, 2000)
    found = detect(tail.values)
    assert found is not None and found.step == pytest.approx(0.01)
    assert spread(tail, found).values[0] == 1e300


def test_many_digits_are_no_grid_that_matters(rng: np.random.Generator) -> None:
    sample = rng.normal(size=20_000)
    assert detect(np.round(sample, 6)) is None
    assert detect(np.round(sample, 3)) is not None


def test_duplicates_without_a_lattice_are_no_rounding(rng: np.random.Generator) -> None:
    sample = rng.normal(size=5000)
    twice = np.repeat(sample, 2)
    clipped = np.minimum(sample, 1.0)
    assert detect(twice) is None and share_of_ties(twice) == 1
    assert detect(clipped) is None and share_of_ties(clipped) == np.mean(clipped == 1.0)
    assert share_of_ties(sample) == 0 and share_of_ties(sample[:0]) == 0


@pytest.mark.parametrize("values", [[], [1.0], [0.0] * 50, [0.0, 1.0] * 50])
def test_too_few_values_to_tell(values: list[float]) -> None:
    assert detect(np.array(values)) is None


@given(
    st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=5, max_size=60, unique=True), seeds
)
def test_what_is_drawn_from_a_cell_is_rounded_back(values: list[float], seed: int) -> None:
    rounded = to_bf16(np.array(values, np.float64))
    ascending = np.sort(rounded + 0.0)
    found = detect(np.tile(ascending, 4))
    if found is None:
        assert len(np.unique(ascending)) < 5
        return
    low, high = cells(ascending, found)
    assert (low <= ascending).all() and (ascending <= high).all()
    different = np.flatnonzero(np.diff(ascending))
    # Cells touch at most: what lies between two values goes to one of them.
    assert (high[different] <= low[different + 1] + 1e-12 * np.abs(high[different])).all()
    drawn = np.random.default_rng(seed).uniform(low, high)
    if found.mantissa_bits == 8 and found.step < 1e-3 * np.abs(drawn).min():
        np.testing.assert_array_equal(to_bf16(drawn), ascending)


def test_the_cell_of_a_power_of_two_is_narrower_below() -> None:
    values = np.array([0.0, 0.001, 1.0, 1.0078125, 1.9921875, 2.0, 2.015625, 255.0])
    sample = to_bf16(values)
    found = detect(sample)
    assert found is not None and found.mantissa_bits == 8
    low, high = cells(sample, found)
    one, two = 2, 5
    assert (low[one], high[one]) == (1 - 2**-9, 1 + 2**-8)
    assert (low[two], high[two]) == (2 - 2**-8, 2 + 2**-7)
    assert low[0] == high[0] == 0
    mirrored = cells(-sample[::-1], found)
    np.testing.assert_array_equal(mirrored[0], -high[::-1])
    np.testing.assert_array_equal(mirrored[1], -low[::-1])


def hill(tail: UpperTail, k: int) -> float:
    """The mean log-excess of the k largest over the next, of values above 0."""
    return float(np.mean(np.log(tail.values[:k] / tail.values[k])))


def test_spreading_mends_hill(rng: np.random.Generator) -> None:
    # Shifted by 16, where bf16 steps by 1/8: the excesses of the 10,000 largest of 100,000 are
    # about 1, so that rounding moves their threshold by much of them.
    exact = UpperTail.of(17 + rng.pareto(3, 100_000), 50_000)
    rounded = UpperTail(to_bf16(exact.values), exact.count)
    found = detect(rounded.values)
    assert found is not None
    mended = spread(rounded, found)
    for k in (3000, 10_000, 20_000):
        error = hill(exact, k) / k**0.5
        assert abs(hill(mended, k) - hill(exact, k)) < error
    broken = [abs(hill(rounded, k) / hill(exact, k) - 1) * k**0.5 for k in (3000, 10_000, 20_000)]
    assert max(broken) > 5  # standard errors


def test_spreading_keeps_the_count_above_and_the_seed(rng: np.random.Generator) -> None:
    sample = np.round(rng.exponential(size=20_000), 1)
    tail = UpperTail.of(sample, 3000)
    found = detect(tail.values)
    assert found is not None
    mended = spread(tail, found, seed=3)
    above = int((sample > tail.values[-1]).sum())
    assert mended.kept == above < 3000 and mended.count == 20_000
    assert (np.diff(mended.values) < 0).all()
    # In no cell more than were there: what was cut off would have gone to the lowest only.
    np.testing.assert_allclose(np.round(mended.values, 1), tail.values[:above], atol=1e-9)
    np.testing.assert_array_equal(mended.values, spread(tail, found, seed=3).values)
    assert (mended.values != spread(tail, found, seed=4).values).any()
    assert spread(UpperTail.of(sample), found).kept == 20_000


@pytest.mark.gpu
def test_spreading_keeps_the_kind_of_array(rng: np.random.Generator) -> None:
    import torch

    values = np.round(rng.exponential(size=1000), 1)
    tail = UpperTail.of(torch.from_numpy(values), 300)
    found: Any = detect(tail.values)
    assert found == detect(UpperTail.of(values, 300).values)
    mended = spread(tail, found)
    assert isinstance(mended.values, torch.Tensor) and mended.values.dtype == torch.float64
    np.testing.assert_array_equal(
        mended.values.numpy(), spread(UpperTail.of(values, 300), found).values
    )


def test_the_sentence_says_what_was_found(rng: np.random.Generator) -> None:
    sample = rng.exponential(size=2000)
    assert "8 significant bits, as bf16 has" in str(detect(to_bf16(sample)))
    assert "multiples of 0.01 apart" in str(detect(np.round(sample, 2)))


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-290, 1e290, 5e306])
def test_the_ends_of_float64_are_no_trouble(rng: np.random.Generator, size: float) -> None:
    for values in (size * rng.standard_normal(1000), size * np.rint(9 * rng.standard_normal(1000))):
        found = detect(values)
        assert found is None or found.step > 0
