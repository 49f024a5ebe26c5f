"""Intervals to draw from: ``low < x <= high``, with either end open or closed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.enclosure import escalate
from verify.law import Law

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST = 1.7976931348623157e308
"""The largest float64."""


@dataclass(frozen=True)
class Window:
    """``low < x <= high``, with the flags turned into ``low <= x`` or ``x < high``."""

    low: fmpq | None = None
    high: fmpq | None = None
    low_in: bool = False
    high_out: bool = False

    def mapped(self, shift: fmpq, scale: fmpq) -> Window:
        """The window of X for that of ``shift + scale X``."""
        low, high = ((None if e is None else (e - shift) / scale) for e in (self.low, self.high))
        if scale > 0:
            return replace(self, low=low, high=high)
        # (low, high] is turned round to [-high, -low).
        low_in = self.high is not None and not self.high_out
        high_out = self.low is not None and not self.low_in
        return Window(high, low, low_in, high_out)

    def within(self, low: fmpq | None, high: fmpq | None) -> Window:
        """The part of the window in ``(low, high]``."""
        result = self
        if low is not None and (self.low is None or low >= self.low):
            result = replace(result, low=low, low_in=False)
        if high is not None and (self.high is None or high < self.high):
            result = replace(result, high=high, high_out=False)
        return result

    def log_mass(self, law: Law) -> float:
        """``log`` of the mass in the window, as a float64."""

        def settled(value: arb) -> bool:
            known = value.is_finite() and (abs(value) < 1e-6 or value.rel_accuracy_bits() > 40)
            return bool(value == arb.neg_inf() or known)

        value = escalate(
            lambda: law.log_between(self.low, self.high, self.low_in, self.high_out),
            settled,
            f"the mass of {law} in {self}",
        )
        return float(value)

    def keeps(self, draws: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which draws, taken as the exact numbers that they are, lie in the window."""
        low, high = self.floats()
        return (draws >= low) & (draws <= high)

    def floats(self) -> tuple[float, float]:
        """The least and the largest float64 in the window (infinite where there is no limit)."""
        low = -math.inf if self.low is None else float_beyond(self.low, +1, self.low_in)
        high = math.inf if self.high is None else float_beyond(self.high, -1, not self.high_out)
        return low, high

    def __str__(self) -> str:
        low, high = ("-oo" if self.low is None else self.low), self.high
        return f"({low}, {'oo' if high is None else high}]"


def float_beyond(limit: fmpq, side: int, inclusive: bool) -> float:
    """The float64 next to ``limit`` on the given side, or on it if that is included."""
    value = nearest(limit)
    away, back = side * math.inf, -side * math.inf
    if math.isinf(value):
        return value if value == away else math.copysign(LARGEST, value)

    def beyond(candidate: float) -> bool:
        if math.isinf(candidate):
            return candidate == away
        gap = side * (fmpq(*candidate.as_integer_ratio()) - limit)
        return bool(gap > 0 or (inclusive and gap == 0))

    while not beyond(value):
        value = math.nextafter(value, away)
    while beyond(math.nextafter(value, back)):
        value = math.nextafter(value, back)
    return value


def nearest(value: fmpq) -> float:
    """The nearest float64, or an infinity beyond the largest."""
    try:
        return int(value.p) / int(value.q)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
