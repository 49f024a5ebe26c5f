"""Which rewards an expectation is over."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq


@dataclass(frozen=True)
class Region:
    """Which rewards count: ``low < X <= high`` and ``z = side (X - cut) > 0``."""

    cut: fmpq
    side: int
    low: fmpq | None = None
    high: fmpq | None = None

    def within(self, low: fmpq | None, high: fmpq | None) -> Region:
        """The part of it in ``(low, high]``."""
        lows = [end for end in (self.low, low) if end is not None]
        highs = [end for end in (self.high, high) if end is not None]
        return Region(self.cut, self.side, max(lows, default=None), min(highs, default=None))

    def distance(self, x: fmpq) -> fmpq:
        """z at a reward."""
        return self.side * (x - self.cut)

    def place(self, z: fmpq) -> fmpq:
        """The reward at z."""
        return self.cut + self.side * z
