"""Numbers as reward models write them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def to_bf16(values: Floats) -> Floats:
    """The nearest numbers of bf16, as float64; ties go to even."""
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    bits += 0x7FFF + ((bits >> 16) & 1)
    kept = (bits & 0xFFFF0000).astype(np.uint32)
    return kept.view(np.float32).astype(np.float64)
