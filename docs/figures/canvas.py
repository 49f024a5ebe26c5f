"""What the figures of the site share: precision, and points to draw at."""

from __future__ import annotations

from flint import fmpq

BITS = 128


def geometric(low: float, high: float, points: int) -> list[fmpq]:
    """Exact numbers, close to evenly spaced on a logarithmic scale."""
    import numpy as np

    return [fmpq(int(x * 2**20), 2**20) for x in np.geomspace(low, high, points)]
