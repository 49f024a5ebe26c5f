"""Ties between sums of atoms that float64 has rounded: 0.1 + 0.2 is not 0.3 there."""

from __future__ import annotations

from math import frexp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Bits of the largest usual sum that are kept: the 12 others take up what a few roundings leave.
KEPT_BITS = 40


def tied(sums: Floats, size: float) -> Floats:
    """Sums on a grid, so that those that are equal but for rounding are equal.

    Parameters
    ----------
    sums : array
        Each of a few terms.
    size : float
        About the largest of the terms. The grid is a power of 2, ``size/2^KEPT_BITS`` or less, so
        that whole numbers and other short fractions stay as they are.
    """
    import numpy as np

    unit = 2.0 ** (frexp(size)[1] - 1 - KEPT_BITS)
    found: Floats = np.rint(sums / unit) * unit
    return found
