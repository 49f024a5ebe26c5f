"""A histogram whose cells follow the data: for quantiles, pictures and sums over many rewards.

Its cells are those of the lattice of float64 (:mod:`verify.tails.summary.lattice`), as fine as
CELLS of them allow. Cells of one fineness are unions of cells of the next, and the more data, the
more cells are occupied. So the finest shift that is allowed, and with it every count, depends on
the data alone: not on their order, nor on how they were split.

What is known of a cell is its count, exactly; its ends; and the sum of how far into it the values
lie, each of them cut to 27 bits of mantissa. So ranks are exact at the ends of cells, a quantile is
known up to the width of its cell, and a cell's mean up to 2**-28 of its size, or 1e-316; exactly,
but for the rounding of a float64, where data comes from float32, fp16 or bf16. Where the data has
at most CELLS distinct values, each has a cell of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from verify.errors import InputError
from verify.tails.summary.lattice import (
    MANTISSA_BITS,
    Floats,
    Ints,
    floats_of,
    keys_of,
    lowest_bit,
    magnitudes_of,
)

#: How many cells may be occupied.
CELLS = 2**15
#: Positions within cells are counted in 2**UNIT floats: 27 bits of mantissa.
UNIT = 25
#: More rewards could overflow the sum of positions in one cell: a position has at most 24 bits, as
#: all floats lie in fewer than CELLS cells of 2**49.
MOST_ROWS = 2**38


@dataclass(frozen=True, eq=False)
class Cells:
    """Data in cells, ascending.

    Attributes
    ----------
    counts : array of shape (m,), int64
        How many values each cell holds, at least 1.
    low, mean, high : array of shape (m,), float64
        No value in the cell is less than ``low`` or more than ``high``; the mean of its values.
    """

    counts: Ints
    low: Floats
    mean: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class QuantileSketch:
    """Counts of the cells of the float lattice that are occupied.

    Attributes
    ----------
    shift : int
        A cell is 2**shift neighbouring floats.
    keys : array of shape (m,), int64
        Which cells are occupied, ascending.
    counts : array of shape (m,), int64
    positions : array of shape (m,), int64
        The sum of distances from the end of the cell nearer to 0, in 2**UNIT floats, cut.
    bits : int
        All magnitudes, joined by a bitwise or.
    """

    shift: int
    keys: Ints
    counts: Ints
    positions: Ints
    bits: int

    @classmethod
    def empty(cls) -> QuantileSketch:
        """Of nothing."""
        none = np.empty(0, np.int64)
        return cls(0, none, none, none, 0)

    @classmethod
    def of(cls, values: Floats) -> QuantileSketch:
        """Of finite numbers, by sorting them."""
        keys = np.sort(keys_of(np.asarray(values, np.float64) + 0.0))  # no -0.0
        starts = _starts(keys)
        distinct, counts = keys[starts], np.diff(starts, append=len(keys))
        bits = int(np.bitwise_or.reduce(magnitudes_of(distinct))) if len(keys) else 0
        return cls(0, distinct, counts, np.zeros_like(distinct), bits)._gathered()

    @classmethod
    def of_zeros(cls, count: int) -> QuantileSketch:
        """Of so many zeros."""
        if not count:
            return cls.empty()
        none = np.zeros(1, np.int64)
        return cls(0, none, none + count, none, 0)

    def __add__(self, other: QuantileSketch) -> QuantileSketch:
        """Of the data of both.

        Raises
        ------
        InputError
            If there are more than 2**38 rewards.
        """
        if not len(other.keys) or not len(self.keys):
            return self if len(self.keys) else other
        if self.count + other.count > MOST_ROWS:
            raise InputError(f"expected at most 2**38 rewards, got {self.count + other.count:,}")
        shift = max(self.shift, other.shift)
        left, right = self._coarser(shift), other._coarser(shift)
        keys = np.concatenate([left.keys, right.keys])
        order = np.argsort(keys, kind="stable")  # two sorted runs: a merge
        counts = np.concatenate([left.counts, right.counts])[order]
        positions = np.concatenate([left.positions, right.positions])[order]
        joined = QuantileSketch(shift, keys[order], counts, positions, self.bits | other.bits)
        return joined._gathered()

    @cached_property
    def count(self) -> int:
        """How many numbers."""
        return int(self.counts.sum())

    @cached_property
    def is_exact(self) -> bool:
        """Whether every cell holds one value only."""
        return self.shift <= lowest_bit(self.bits)

    def cells(self) -> Cells:
        """The cells, ascending; ends are values that the data may have."""
        magnitudes, negative = magnitudes_of(self.keys), self.keys < 0
        # Above the last set bit of the data, floats have zeros: fewer values are possible.
        free = min(lowest_bit(self.bits), self.shift)
        near = magnitudes << self.shift
        far = near + ((1 << self.shift) - (1 << free))
        # Positions were cut: on average by half of what lies below their unit.
        unit = min(self.shift, UNIT)
        cut = max(0.0, (2.0**unit - 2.0**free) / 2)
        inward, outward = floats_of(near, negative), floats_of(far, negative)
        into = self.positions / self.counts * 2.0**UNIT + cut
        # The step between neighbours is even within a cell.
        step = (outward - inward) / max((1 << self.shift) - (1 << free), 1)
        low, high = np.minimum(inward, outward), np.maximum(inward, outward)
        mean = np.clip(inward + step * into, low, high)
        return Cells(self.counts, low, mean, high)

    @property
    def zeros(self) -> int:
        """How many values the cell of 0 holds."""
        place = int(np.searchsorted(self.keys, 0))
        return int(self.counts[place]) if place < len(self.keys) and not self.keys[place] else 0

    def bound_of_largest(self, keep: int) -> float:
        """A number that at least ``keep`` values are not below; minus infinity if there is none."""
        below = self.count - keep
        if below < 0:
            return float("-inf")
        cell = int(np.searchsorted(np.cumsum(self.counts), below, side="right"))
        return float(self.cells().low[min(cell, len(self.keys) - 1)])

    def without(self, values: Floats) -> QuantileSketch:
        """Less numbers that it holds; cells may become empty."""
        keys = keys_of(np.asarray(values, np.float64) + 0.0)
        place = np.searchsorted(self.keys, keys >> self.shift)
        within = (magnitudes_of(keys) & ((1 << self.shift) - 1)) >> UNIT
        counts, positions = self.counts.copy(), self.positions.copy()
        np.subtract.at(counts, place, 1)
        np.subtract.at(positions, place, within)
        held = counts > 0
        return QuantileSketch(self.shift, self.keys[held], counts[held], positions[held], self.bits)

    def _coarser(self, shift: int) -> QuantileSketch:
        """With cells of 2**shift floats, not gathered: keys may repeat."""
        by = shift - self.shift
        if not by:
            return self
        nearer = magnitudes_of(self.keys) & ((1 << by) - 1)
        within = (nearer << self.shift) >> UNIT
        positions = self.positions + self.counts * within
        return QuantileSketch(shift, self.keys >> by, self.counts, positions, self.bits)

    def _gathered(self) -> QuantileSketch:
        """Equal keys gathered, and as coarse as needed."""
        shift = self.shift + _needed(self.keys, MANTISSA_BITS - self.shift)
        coarse = self._coarser(shift)
        starts = _starts(coarse.keys)
        if not len(starts):
            return coarse
        counts = np.add.reduceat(coarse.counts, starts)
        positions = np.add.reduceat(coarse.positions, starts)
        return QuantileSketch(shift, coarse.keys[starts], counts, positions, self.bits)


def _starts(keys: Ints) -> NDArray[np.intp]:
    """Where runs of equal keys begin."""
    if not len(keys):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))


def _needed(keys: Ints, most: int) -> int:
    """By how many bits, or ``most``, sorted keys must be shifted for CELLS or fewer to differ."""
    keys = keys[_starts(keys)]
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        shifted = keys >> middle
        if np.count_nonzero(shifted[1:] != shifted[:-1]) < CELLS:
            high = middle
        else:
            low = middle + 1
    return low
