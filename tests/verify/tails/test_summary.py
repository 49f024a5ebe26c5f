"""A summary says of a sample what the sample says, and merges to the same however it was split."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from verify.errors import InputError
from verify.tails.reading.batch import Batch, Prompts, Tally
from verify.tails.summary import Summary, largest, moments, summary
from verify.tails.summary.largest import Largest
from verify.tails.summary.moments import ROUNDING, Moments
from verify.tails.summary.prompts import FEW, PromptSummaries
from verify.tails.summary.stored import from_bytes, to_bytes
from verify.tails.summary.summary import Summing

Floats = NDArray[np.float64]
numbers = st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float)
samples = st.lists(numbers, min_size=1, max_size=50).map(np.array)
HALF_UNIT = 2.0**-53


def identical(first: Summary, second: Summary) -> bool:
    """Bit for bit, sums included."""
    return to_bytes(first) == to_bytes(second)


# ---------------------------------------------------------------- the largest


@given(samples, st.integers(1, 60), st.integers(1, 7), st.floats(-10, 10) | st.just(-np.inf))
def test_the_largest_are_those_of_sorting(data: Floats, keep: int, step: int, floor: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(largest, "CHUNK", 4)
        found = Largest(keep, floor)
        found._buffer = np.empty(keep + 3)  # it fills
        for start in range(0, len(data), step):
            found.add(data[start : start + step])
            if len(data[: start + step]) >= keep:
                found.forget_below(np.sort(data[: start + step])[::-1][:keep][-1])
    wanted = np.sort(data[data > floor])[::-1][:keep] + 0.0
    assert found.values.tobytes() == wanted.tobytes()


def test_the_same_in_a_long_stream(rng: np.random.Generator) -> None:
    data = rng.standard_cauchy(300_000)
    for order in (data, np.sort(data), np.sort(data)[::-1]):
        found = Largest(10_000)
        found.add(order)
        assert np.array_equal(found.values, np.sort(data)[::-1][:10_000])
        assert found.reached() <= found.values[-1]


# ---------------------------------------------------------------- moments


def exact(data: Floats) -> tuple[Fraction, Fraction]:
    """The mean and the variance in fractions."""
    each = [Fraction(x) for x in data.tolist()]
    mean = sum(each, Fraction(0)) / len(each)
    return mean, sum(((x - mean) ** 2 for x in each), Fraction(0)) / len(each)


def close(found: Moments, data: Floats, chunk: int) -> bool:
    """Whether the mean and the variance are within the rounding that is stated.

    A chunk's sum errs by d = ROUNDING * sum |x|. Its sum of squares about its centre c errs by the
    sum, and 3 roundings of each term. As the rest is exact, an error d also moves the variance by
    2 |c - mean| d / n, and by second-order terms: c is off by d / n and half a unit.
    """
    mean, variance = exact(data)
    size = float(np.abs(data).mean())
    centres = [data[i : i + chunk].mean() for i in range(0, len(data), chunk)]
    away = max(abs(centre - float(mean)) for centre in centres)
    slack = ROUNDING * size
    tolerance = (ROUNDING + 5 * HALF_UNIT) * float(variance) + 2 * slack * (away + 2 * slack)
    return (
        abs(found.mean - float(mean)) <= slack + 2 * HALF_UNIT * abs(float(mean))
        and abs(found.variance - float(variance)) <= tolerance + 5e-324
    )


@given(samples, st.integers(1, 50), st.sampled_from([0.0, 1e9]))
def test_moments_are_those_in_fractions(data: Floats, chunk: int, shift: float) -> None:
    data = data + shift
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moments, "CHUNK", chunk)
        assert close(Moments.of(data), data, chunk)


def test_moments_far_from_0_keep_their_digits(rng: np.random.Generator) -> None:
    data = 1e9 + rng.standard_normal(2_000)
    assert close(Moments.of(data), data, len(data))
    # Planted: the sum of squares less the square of the sum has none left.
    naive = Moments(len(data), Moments.of(data).total, Moments.of(data * data).total << 1074)
    assert not close(naive, data, len(data))


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-160, 1e160, 1e300])
def test_moments_of_tiny_and_huge_numbers(scale: float, rng: np.random.Generator) -> None:
    data = rng.uniform(-5, 5, 1_000) * scale
    mean, variance = exact(data)
    found = Moments.of(data)
    assert abs(found.mean - float(mean)) <= ROUNDING * float(np.abs(data / 8).mean()) * 8
    if scale < 1e160:
        assert found.variance == pytest.approx(float(variance), rel=1e-13, abs=5e-324)
    elif scale > 1e160:
        assert found.variance == np.inf


@given(samples, samples, samples)
def test_moments_add_up_in_any_order(x: Floats, y: Floats, z: Floats) -> None:
    a, b, c = (Moments.of(each) for each in (x, y, z))
    assert (a + b) + c == c + (b + a) == Moments() + b + (a + c)


def test_there_is_no_mean_of_nothing() -> None:
    assert np.isnan(Moments().mean)
    assert np.isnan(Moments().variance)


# ---------------------------------------------------------------- the summary


@pytest.mark.parametrize("keep", [1, 100, 10_000])
def test_it_does_not_matter_how_a_sample_is_split(keep: int, rng: np.random.Generator) -> None:
    data = rng.standard_t(3, 200_000) - 5
    whole = Summary.of(data, keep)
    parts = [Summary.of(part, keep) for part in np.split(rng.permutation(data), [9, 999, 150_000])]
    merged = parts[3].merge(parts[1]).merge(parts[0].merge(parts[2]))
    assert merged.count == whole.count == len(data)
    for name in ("top", "lowest"):
        assert getattr(merged, name).tobytes() == getattr(whole, name).tobytes()
    for name in ("keys", "counts", "positions"):
        assert np.array_equal(getattr(merged.sketch, name), getattr(whole.sketch, name))
    assert abs(merged.mean - whole.mean) <= 2 * ROUNDING * float(np.abs(data).mean())
    assert merged.variance == pytest.approx(whole.variance, rel=1e-12)
    # Merging alone rounds nothing.
    other = parts[0].merge(parts[1]).merge(parts[2]).merge(parts[3])
    assert identical(merged, other)


@pytest.mark.parametrize("n", [1, 10, 5_000, 150_000])
def test_quantiles_are_those_of_sorting(n: int, rng: np.random.Generator) -> None:
    data = rng.standard_normal(n)
    found, ordered = Summary.of(data, keep=1_000), np.sort(data)
    cells = found.sketch.cells()
    for level in (0, 1e-5, 0.003, 0.2, 0.5, 0.9, 0.994, 0.9999, 1):
        rank = max(int(np.ceil(level * n)), 1)
        true = ordered[rank - 1]
        cell = int(np.searchsorted(cells.high, true))
        kept = rank <= 256 or n - rank < 1_000
        width = 0 if kept else cells.high[cell] - cells.low[cell]
        assert abs(found.quantile(level) - true) <= width
    assert found.quantile(0) == ordered[0]
    assert found.quantile(1) == ordered[-1]


@pytest.mark.parametrize("shift", [0.0, -30.0, 100.0])
def test_the_log_mgf_over_cells_is_as_good_as_stated(
    shift: float, rng: np.random.Generator
) -> None:
    data = rng.exponential(size=100_000) + shift
    cells = Summary.of(data).cells()
    assert cells.counts.sum() == len(data)
    assert (cells.low <= cells.mean).all()
    assert (cells.mean <= cells.high).all()
    assert (np.diff(cells.mean) >= 0).all()
    width = (cells.high - cells.low).max()
    for tilt in (0.1, 1.0, 10.0):
        largest_term = tilt * data.max()
        true = np.log(np.exp(tilt * data - largest_term).mean())
        found = np.log(cells.counts @ np.exp(tilt * cells.mean - largest_term) / len(data))
        # By Hoeffding's lemma, by how much means may be off (2**-28 of their size), and rounding.
        slack = tilt * abs(data).max() * 2.0**-27 + 1e-12
        assert -slack <= true - found <= tilt**2 * width**2 / 8 + slack


def test_the_tail_is_what_estimators_take(rng: np.random.Generator) -> None:
    data = rng.standard_normal(5_000)
    tail = Summary.of(data, keep=100).tail()
    assert tail.count == 5_000
    assert np.array_equal(tail.values, np.sort(data)[::-1][:100])


def test_there_may_be_nothing() -> None:
    nothing = Summary.of([])
    assert nothing.count == nothing.tail().count == nothing.tail().kept == 0
    assert np.isnan([nothing.mean, nothing.variance, nothing.quantile(0.5)]).all()
    assert not len(nothing.cells().counts)
    assert identical(from_bytes(to_bytes(nothing)), nothing)
    some = Summary.of([3.0, 1.0])
    assert identical(nothing.merge(some), some)
    assert identical(some.merge(nothing), some)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match=f"expected finite numbers, got {bad}"):
        Summary.of([1.0, bad, 2.0])


def test_a_floor_that_was_too_high_is_noticed(rng: np.random.Generator) -> None:
    data = rng.permutation(1_000).astype(float)
    for floor, complete in ((899.0, True), (900.0, True), (901.0, False), (5000.0, False)):
        part = Summing(keep=100, floor=floor)
        part.add_batch(Batch(data[:500], Tally(500)))
        rest = Summary.of(data[500:], keep=100)
        found = part.result().merge(rest)
        assert found.is_complete is complete
        assert identical(found, Summary.of(data[:500], keep=100).merge(rest)) is complete


def test_small_batches_are_gathered(rng: np.random.Generator) -> None:
    data = rng.standard_normal(3 * summary.CHUNK // 2)
    summing = Summing(keep=50)
    for part in np.array_split(data, 100):
        summing.add(part)
    found = summing.result()
    assert np.array_equal(found.top, np.sort(data)[::-1][:50])
    assert found.count == len(data)


# ---------------------------------------------------------------- prompts


def prompts_of(rows: list[tuple[str, float]], most: int = 2**16) -> PromptSummaries:
    """From rows of prompts and rewards."""
    names = tuple(sorted({name for name, _ in rows}))
    codes = np.array([names.index(name) for name, _ in rows], np.int64)
    return PromptSummaries.of(codes, names, np.array([x for _, x in rows]), most)


rows = st.lists(
    st.tuples(st.sampled_from([f"prompt {k}" for k in range(12)]), st.integers(-50, 50).map(float)),
    max_size=80,
)


@given(rows, rows, st.sampled_from([4, 2**16]))
def test_prompts_are_those_of_a_dictionary(
    first: list[tuple[str, float]], second: list[tuple[str, float]], most: int
) -> None:
    merged = prompts_of(first, most) + prompts_of(second, most)
    wanted: dict[str, list[float]] = {}
    for name, reward in first + second:
        wanted.setdefault(name, []).append(reward)
    assert merged.cut == (len(wanted) > most)
    assert len(merged.names) == min(len(wanted), most)
    for place, name in enumerate(merged.names):
        rewards = sorted(wanted[name], reverse=True)
        assert merged.counts[place] == len(rewards)
        assert merged.means[place] * len(rewards) == pytest.approx(sum(rewards))
        padded = (rewards + [-np.inf] * FEW)[:FEW]
        assert merged.top[place].tolist() == padded
    whole = prompts_of(first + second, most)
    assert whole.names == merged.names
    assert np.array_equal(whole.top, merged.top)
    assert np.array_equal(whole.counts, merged.counts)


def test_how_many_prompts_there_were_is_estimated() -> None:
    many = prompts_of([(f"{k}", 0.0) for k in range(2_000)], most=256)
    assert many.cut
    # Its standard error is 1/sqrt(256) of it; 4 of them.
    assert abs(many.distinct / 2_000 - 1) < 0.25
    assert prompts_of([("a", 1.0), ("b", 1.0)]).distinct == 2


# ---------------------------------------------------------------- as bytes


def batch(rng: np.random.Generator) -> Batch:
    """With prompts, and a row that was left out."""
    rewards = rng.standard_normal(500)
    prompts = Prompts(rng.integers(0, 3, 500), ("one", "zwei \ud800", "x" * 200))
    return Batch(rewards, Tally(501, nan=1, first=("a.csv", 7, "NaN")), prompts)


@pytest.mark.parametrize("floor", [-np.inf, 1.5])
def test_bytes_and_pickles_give_the_summary_back(floor: float, rng: np.random.Generator) -> None:
    summing = Summing(keep=10, floor=floor)
    summing.add_batch(batch(rng))
    found = summing.result()
    for back in (from_bytes(to_bytes(found)), pickle.loads(pickle.dumps(found))):
        assert identical(back, found)
        assert back.moments == found.moments
        assert back.tally == found.tally
        assert back.prompts is not None and found.prompts is not None
        assert back.prompts.names == found.prompts.names


def test_bytes_that_are_damaged_are_refused(rng: np.random.Generator) -> None:
    content = to_bytes(Summary.of(rng.standard_normal(100)))
    other = content.replace(b"goodhart-summary/1", b"goodhart-summary/0")
    for damaged in (b"", content[:-30], content[: len(content) // 2], other, b"text" + content[9:]):
        with pytest.raises(InputError):
            from_bytes(damaged)
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 1
    with pytest.raises(InputError):  # the archive has checksums
        from_bytes(bytes(flipped))
