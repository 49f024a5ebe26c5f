"""Adding up a sketch from a stream, several times as fast as by sorting.

Once the fineness has settled, the cells that hold nearly all of the data lie in a window of the
lattice that a table covers. Then a chunk costs a few passes of integer operations and one weighted
``bincount``, that counts rows and adds up positions at once: its weights are
``1 + position * 2**-f`` with f so large that fractions never add up to 1, and every sum is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.tails.summary.few_values import FewValues
from verify.tails.summary.lattice import MAGNITUDE, Floats, Ints, lowest_bit, magnitudes_of
from verify.tails.summary.sketch import UNIT, QuantileSketch

#: The table covers 2**WINDOW cells of either sign.
WINDOW = 15
#: Chunks have at most 2**LARGEST rows, so that they fit into a processor's cache.
LARGEST = 17
#: Which share of the data a window must hold to be worth it.
WORTH = 0.9
#: Chunks after which a table is emptied at the latest: its sums of positions stay below 2**53.
LONGEST = 2**8
#: The bits of 1.0.
ONE = np.int64(0x3FF << 52)


class Sketching:
    """A sketch that grows."""

    def __init__(self) -> None:
        #: Of what the table does not hold.
        self.settled = QuantileSketch.empty()
        self._window: _Window | FewValues | None = None
        self._chunks = 0  # since the window was chosen
        self._patience = 1

    def add(self, values: Floats) -> None:
        """Add finite numbers; quick for many at a time."""
        start = 0
        while start < len(values):
            size = 1 << LARGEST if self._window is None else self._window.rows
            self._add_chunk(np.ascontiguousarray(values[start : start + size], np.float64))
            start += size

    def merge(self, other: QuantileSketch) -> None:
        """Add what another sketch holds."""
        self.settled = self.result() + other

    def result(self) -> QuantileSketch:
        """Of all that was added."""
        if self._window is not None and self._window.used:
            self.settled += self._window.sketch(self.settled.shift)
            self._window = None
        return self.settled

    def _add_chunk(self, chunk: Floats) -> None:
        loose = chunk if self._window is None else self._window.add(chunk)
        if len(loose):
            self.settled += QuantileSketch.of(loose)
        self._chunks += 1
        misplaced = self._window is not None and len(loose) > (1 - WORTH) * len(chunk)
        if misplaced or self._chunks >= self._patience:
            settled = self.result()
            self._window = _Window.over(settled) or FewValues.over(settled)
            self._chunks, self._patience = 0, min(3 * self._patience // 2 + 1, LONGEST)


class _Window:
    """A table over cells of one fineness, of both signs.

    Parameters
    ----------
    shift : int
        A cell is 2**shift floats.
    first : int
        The lowest magnitude of a cell in the window.
    bits : int
        All magnitudes of the data so far, joined by a bitwise or.
    """

    def __init__(self, shift: int, first: int, bits: int) -> None:
        self.shift = shift
        self.first = first
        self.bits = bits
        self.used = False
        self.zeros = 0  # apart, as a window that reaches down to 0 holds nothing else
        position_bits = max(0, shift - UNIT)
        # Counts up to the number of rows and fractions have to fit into 53 bits.
        exponent = min(LARGEST, (52 - position_bits) // 2)
        #: How many rows a chunk may have.
        self.rows = 1 << exponent
        self.fraction = exponent + position_bits
        self.mask = ((1 << position_bits) - 1) << (52 - self.fraction)
        self.counts = np.zeros(2 << WINDOW)
        self.fractions = np.zeros(2 << WINDOW)
        self._index = np.empty(self.rows, np.int64)
        self._scratch = np.empty(self.rows, np.int64)

    @classmethod
    def over(cls, sketch: QuantileSketch) -> _Window | None:
        """Where it holds most of the data; None where that is too little."""
        # Where all values have zeros in their last bits, coarser cells are still as fine.
        shift = max(sketch.shift, min(lowest_bit(sketch.bits), 49))
        cells = magnitudes_of(sketch.keys) >> (shift - sketch.shift)
        order = np.argsort(cells, kind="stable")
        cells, up_to = cells[order], np.concatenate([[0], np.cumsum(sketch.counts[order])])
        if not len(cells):
            return None
        end = np.searchsorted(cells, cells + (1 << WINDOW))
        held = up_to[end] - up_to[:-1]
        best = int(held.argmax())
        if held[best] < WORTH * (up_to[-1] - sketch.zeros):
            return None
        last = int(cells[end[best] - 1])
        # In the middle of what is free, but not below 0.
        free = (1 << WINDOW) - 1 - (last - int(cells[best]))
        return cls(shift, max(0, int(cells[best]) - free // 2), sketch.bits)

    def add(self, chunk: Floats) -> Floats:
        """Add a chunk of at most ``rows``, less what lies outside, which is returned.

        Zeros lie inside. Where the cells rest on last bits that are 0, and in the chunk they are
        not, all lies outside.
        """
        if not self.first:
            chunk = chunk + 0.0  # no -0.0
        bits = chunk.view(np.int64)
        if not self.bits & 1:
            found = int(np.bitwise_or.reduce(bits)) & int(MAGNITUDE)
            if lowest_bit(found) < self.shift <= lowest_bit(self.bits):
                return chunk
            self.bits |= found
        index = self._index[: len(chunk)]
        outside = self._place(bits, index)
        loose = chunk[:0]
        if outside is not None:
            loose, bits = chunk[outside], bits[~outside]
            self.zeros += len(loose) - int(np.count_nonzero(loose))
            loose = loose[loose != 0]
            index = index[: len(bits)]
            self._place(bits, index)
        scratch = self._scratch[: len(bits)]
        np.right_shift(bits, 63, out=scratch)
        np.bitwise_and(scratch, 1 << WINDOW, out=scratch)
        np.bitwise_or(index, scratch, out=index)
        self._count(bits, index, scratch)
        self.used = True
        return loose

    def _place(self, bits: Ints, index: Ints) -> NDArray[np.bool_] | None:
        """The places of cells in the window; which rows lie outside, if any."""
        np.bitwise_and(bits, MAGNITUDE, out=index)
        np.right_shift(index, self.shift, out=index)
        np.subtract(index, self.first, out=index)
        places = index.view(np.uint64)  # below the window is then far above it
        if len(places) and int(places.max()) >> WINDOW:
            outside: NDArray[np.bool_] = places >= np.uint64(1 << WINDOW)
            return outside
        return None

    def _count(self, bits: Ints, index: Ints, scratch: Ints) -> None:
        if not self.mask:
            counts = np.bincount(index)
            self.counts[: len(counts)] += counts
            return
        by = self.fraction - (52 - UNIT)
        if by >= 0:
            np.right_shift(bits, by, out=scratch)
        else:
            np.left_shift(bits, -by, out=scratch)
        np.bitwise_and(scratch, self.mask, out=scratch)
        np.bitwise_or(scratch, ONE, out=scratch)
        sums = np.bincount(index, weights=scratch.view(np.float64))
        counts = np.floor(sums)
        self.counts[: len(sums)] += counts
        np.subtract(sums, counts, out=sums)
        self.fractions[: len(sums)] += sums

    def sketch(self, finest: int) -> QuantileSketch:
        """What the table holds, in cells of 2**finest floats at most."""
        held = np.flatnonzero(self.counts)
        negative = held >> WINDOW != 0
        cells = self.first + (held & ((1 << WINDOW) - 1))
        counts = self.counts[held].astype(np.int64)
        positions = np.ldexp(self.fractions[held], self.fraction).astype(np.int64)
        shift = min(self.shift, finest)
        # Finer cells are asked for only where each holds one value, at its end nearer to 0.
        cells = cells << (self.shift - shift)
        keys = np.where(negative, ~cells, cells)
        order = np.argsort(keys)
        found = QuantileSketch(shift, keys[order], counts[order], positions[order], self.bits)
        return found + QuantileSketch.of_zeros(self.zeros)
