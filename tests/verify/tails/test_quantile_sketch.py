"""The sketch is a function of the data alone, and true to it; the quick way agrees with sorting."""

from __future__ import annotations

from collections.abc import Callable
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from verify.errors import InputError
from verify.tails.summary import QuantileSketch, few_values, sketch, sketching
from verify.tails.summary.few_values import FewValues
from verify.tails.summary.lattice import floats_of, keys_of, magnitudes_of
from verify.tails.summary.sketching import Sketching

Floats = NDArray[np.float64]
finite = st.floats(allow_nan=False, allow_infinity=False)
#: Values that meet: equal ones, neighbours, zeros of either sign, both ends of the range.
values = st.lists(
    finite | st.integers(-40, 40).map(lambda k: k / 8) | st.sampled_from([0.0, -0.0, 5e-324]),
    max_size=60,
).map(lambda each: np.array(each, np.float64))

SAMPLES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "far from 0": lambda rng, n: 1000 + rng.standard_t(3, n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "negative": lambda rng, n: -rng.exponential(size=n),
    "clipped at 0": lambda rng, n: np.maximum(rng.standard_normal(n), 0),
    "float32": lambda rng, n: rng.standard_normal(n).astype(np.float32).astype(np.float64),
    "halves": lambda rng, n: np.round(4 * rng.standard_normal(n)) / 2,
    "cents": lambda rng, n: np.round(rng.standard_normal(n), 2),
    "tenths": lambda rng, n: np.round(rng.standard_normal(n), 1),
    "one value": lambda rng, n: np.full(n, 2.5),
    "subnormal": lambda rng, n: rng.standard_normal(n) * 1e-310,
    "huge": lambda rng, n: rng.uniform(-1, 1, n) * 1.7e308,
}
N = 60_000


@pytest.fixture(autouse=True)
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables and chunks, so that few rows fill them and fall outside."""
    monkeypatch.setattr(sketch, "CELLS", 2**9)
    monkeypatch.setattr(sketching, "WINDOW", 9)
    monkeypatch.setattr(sketching, "LARGEST", 10)


def same(first: QuantileSketch, second: QuantileSketch) -> bool:
    """Bit for bit."""
    return (
        first.shift == second.shift
        and first.bits == second.bits
        and np.array_equal(first.keys, second.keys)
        and np.array_equal(first.counts, second.counts)
        and np.array_equal(first.positions, second.positions)
    )


@given(finite, finite)
def test_keys_are_in_the_order_of_floats(x: float, y: float) -> None:
    first, second = keys_of(np.array([x, y]) + 0.0)
    assert (first < second) == (x < y)
    back = floats_of(magnitudes_of(np.array([first])), np.array([first < 0]))
    assert back[0] == x


@given(values, st.lists(st.integers(0, 60), max_size=3))
def test_it_does_not_matter_how_data_is_split(data: Floats, cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketch, "CELLS", 8)
        whole = QuantileSketch.of(data)
        merged = QuantileSketch.empty()
        for part in reversed(np.split(data, sorted(cuts))):
            merged += QuantileSketch.of(part)
        assert same(whole, merged)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_quick_way_agrees_with_sorting(name: str, rng: np.random.Generator) -> None:
    data = SAMPLES[name](rng, N)
    quick = Sketching()
    for part in np.split(data, [7, 5_000, 5_001, 30_000]):
        quick.add(part)
    assert same(quick.result(), QuantileSketch.of(data))


@pytest.mark.parametrize("name", ["normal", "far from 0", "halves", "float32", "tenths"])
def test_nearly_all_rows_go_the_quick_way(
    name: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, sorted_rows = SAMPLES[name](rng, N), 0
    by_sorting = QuantileSketch.of

    def counted(rows: Floats) -> QuantileSketch:
        nonlocal sorted_rows
        sorted_rows += len(rows)
        return by_sorting(rows)

    monkeypatch.setattr(QuantileSketch, "of", counted)
    quick = Sketching()
    quick.add(data)
    assert sorted_rows < N / 10


@pytest.mark.parametrize("name", SAMPLES)
def test_cells_tell_the_truth(name: str, rng: np.random.Generator) -> None:
    data = SAMPLES[name](rng, N)
    cells = QuantileSketch.of(data).cells()
    ordered = np.sort(data)
    last = np.cumsum(cells.counts)
    assert last[-1] == N
    assert len(cells.counts) <= 2**9
    # All that is in a cell lies between its ends, and cells do not overlap: so ranks are exact.
    assert (ordered[last - cells.counts] >= cells.low).all()
    assert (ordered[last - 1] <= cells.high).all()
    assert (cells.high[:-1] <= cells.low[1:]).all()
    # The mean by adding up; it is scaled so that 1.7e308 adds up to something finite.
    means = np.add.reduceat(ordered / N, last - cells.counts) / cells.counts * N
    # Positions are cut after 27 bits, of which the mean cut was put back: at most half is left.
    # The sums above err by N units in the last place.
    size = np.maximum(abs(cells.low), abs(cells.high))
    assert (abs(means - cells.mean) <= size * (2.0**-28 + N * 2.0**-53) + 1e-316).all()


@pytest.mark.parametrize("name", ["float32", "halves", "tenths", "one value"])
def test_what_has_few_bits_or_few_values_is_known_exactly(
    name: str, rng: np.random.Generator
) -> None:
    data = SAMPLES[name](rng, N)
    found = QuantileSketch.of(data)
    cells = found.cells()
    ordered, last = np.sort(data), np.cumsum(cells.counts)
    means = [
        fsum(ordered[end - count : end]) / count
        for end, count in zip(last, cells.counts, strict=True)
    ]
    # The division, the step, its product and the sum round by a unit each.
    assert cells.mean == pytest.approx(means, rel=4 * 2.0**-52)
    if name != "float32":
        distinct, counts = np.unique(data + 0.0, return_counts=True)
        assert found.is_exact
        assert np.array_equal(cells.low, distinct)
        assert np.array_equal(cells.high, distinct)
        assert np.array_equal(cells.counts, counts)


def test_values_that_share_a_place_are_told_apart(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_values, "PLACES", 5)  # 32 for some 80 values
    data = np.round(rng.standard_normal(N), 1)
    table = FewValues.over(QuantileSketch.of(data))
    assert table is not None
    loose = table.add(data)
    assert 0 < len(loose) < N
    assert same(table.sketch(0) + QuantileSketch.of(loose), QuantileSketch.of(data))
    assert FewValues.over(QuantileSketch.of(rng.standard_normal(N))) is None


@given(values, st.data())
def test_without_takes_out_what_was_put_in(data: Floats, draw: st.DataObject) -> None:
    taken = draw.draw(st.lists(st.booleans(), min_size=len(data), max_size=len(data)))
    mask = np.array(taken, bool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sketch, "CELLS", 8)
        left = QuantileSketch.of(data).without(data[mask])
        rest = QuantileSketch.of(data[~mask])
        assert left.count == rest.count
        coarse = QuantileSketch.of(data[~mask])._coarser(max(left.shift, rest.shift))
        assert int(coarse.positions.sum()) == int(left.positions.sum())
        assert set(coarse.keys.tolist()) == set(left.keys.tolist())


@given(values, st.integers(1, 60))
def test_a_bound_of_the_largest_is_one(data: Floats, keep: int) -> None:
    bound = QuantileSketch.of(data).bound_of_largest(keep)
    assert bound == -np.inf if len(data) < keep else (data >= bound).sum() >= keep


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "MOST_ROWS", 10)
    ten = QuantileSketch.of(np.arange(9.0)) + QuantileSketch.of(np.array([3.0]))
    with pytest.raises(InputError, match=r"at most 2\*\*38 rewards, got 11"):
        ten + QuantileSketch.of(np.array([3.0]))


def test_a_sum_that_does_not_fit_is_noticed(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: chunks so long that counts and positions run into each other."""
    data = rng.standard_normal(N)
    monkeypatch.setattr(sketching._Window, "add", _with_long_chunks(sketching._Window.add))
    quick = Sketching()
    quick.add(data)
    assert not same(quick.result(), QuantileSketch.of(data))


def _with_long_chunks(
    add: Callable[[sketching._Window, Floats], Floats],
) -> Callable[[sketching._Window, Floats], Floats]:
    def longer(self: sketching._Window, chunk: Floats) -> Floats:
        position_bits = max(0, self.shift - sketch.UNIT)
        self.fraction = max(position_bits, 1)
        self.mask = ((1 << position_bits) - 1) << (52 - self.fraction)
        return add(self, chunk)

    return longer
