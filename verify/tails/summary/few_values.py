"""Counting data of few distinct values that lie on no lattice of float64, such as cents.

A value is looked up under 16 bits of a product. What is found there is compared, so that values
that share a place, or are new, are told apart, and left to be sorted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify.tails.summary.lattice import Floats, Ints, floats_of, keys_of, magnitudes_of
from verify.tails.summary.sketch import QuantileSketch

#: More distinct values would share places too often.
MOST = 2**12
#: How many places there are, as a power of two.
PLACES = 16
#: Rows of a chunk, so that it fits into a processor's cache.
ROWS = 2**17
#: 2**64 over the golden ratio: the products of neighbours lie far apart (Knuth 6.4).
FACTOR = np.uint64(0x9E3779B97F4A7C15)
#: The bits of a NaN, which no value has.
NOTHING = 0x7FF8 << 48


class FewValues:
    """Counts of values that are known.

    Parameters
    ----------
    values : array of shape (m,), float64
        Those that are counted.
    """

    rows = ROWS

    def __init__(self, values: Floats) -> None:
        self.used = False
        bits = values.view(np.int64)
        self._known = np.full(1 << PLACES, NOTHING, np.int64)
        self._known[_places(bits)] = bits
        self._counts = np.zeros(1 << PLACES, np.int64)

    @classmethod
    def over(cls, sketch: QuantileSketch) -> FewValues | None:
        """Of the values of a sketch; None where it does not know them, or they are many."""
        if not 0 < len(sketch.keys) <= MOST or not sketch.is_exact:
            return None
        magnitudes = magnitudes_of(sketch.keys) << sketch.shift
        return cls(floats_of(magnitudes, sketch.keys < 0))

    def add(self, chunk: Floats) -> Floats:
        """Count a chunk; what of it was not known is returned."""
        bits = (chunk + 0.0).view(np.int64)  # no -0.0
        places = _places(bits)
        known = self._known[places] == bits
        loose = chunk[:0]
        if not known.all():
            loose, places = chunk[~known], places[known]
        self._counts += np.bincount(places, minlength=1 << PLACES)
        self.used = True
        return loose

    def sketch(self, finest: int) -> QuantileSketch:
        """What was counted, in cells of single values."""
        held = np.flatnonzero(self._counts)
        bits = self._known[held]
        keys = keys_of(bits.view(np.float64))
        order = np.argsort(keys)
        keys, counts = keys[order], self._counts[held][order]
        joined = int(np.bitwise_or.reduce(magnitudes_of(keys))) if len(keys) else 0
        return QuantileSketch(0, keys, counts, np.zeros_like(counts), joined)


def _places(bits: Ints) -> NDArray[np.int64]:
    product = bits.view(np.uint64) * FACTOR
    np.right_shift(product, np.uint64(64 - PLACES), out=product)
    return product.view(np.int64)
