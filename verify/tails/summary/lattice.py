"""The lattice of float64, from which the cells of a sketch are cut.

Read as an integer, the bits of a float64 without its sign count the floats from 0 upwards: the
magnitude. Magnitudes shifted right by s bits are cells of 2**s neighbouring floats; a cell never
spans two binades as long as s <= 52, so that floats in it are evenly spaced. Cells of s + 1 are
pairs of cells of s. The key of a float orders them: for negative floats the magnitude's complement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: All bits but the sign.
MAGNITUDE = np.int64(2**63 - 1)
#: Bits of the mantissa that are stored.
MANTISSA_BITS = 52


def keys_of(values: Floats) -> Ints:
    """Integers in the order of the floats, none of which may be -0.0."""
    bits = values.view(np.int64)
    keys: Ints = bits ^ ((bits >> 63) & MAGNITUDE)
    return keys


def magnitudes_of(keys: Ints) -> Ints:
    """The magnitude from a key; the same for cells."""
    magnitudes: Ints = keys ^ (keys >> 63)
    return magnitudes


def floats_of(magnitudes: Ints, negative: NDArray[np.bool_]) -> Floats:
    """The floats of the given magnitudes and signs."""
    values = np.ascontiguousarray(magnitudes).view(np.float64)
    signed: Floats = np.where(negative, -values, values) + 0.0  # no -0.0
    return signed


def lowest_bit(bits: int) -> int:
    """The place of the lowest bit that is set; 63 if none is."""
    return (bits & -bits).bit_length() - 1 if bits else 63
