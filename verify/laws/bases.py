"""What several families of continuous laws share."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from verify.continuous import ContinuousLaw
from verify.decimals import decimal_text
from verify.enclosure import INFINITE, Diverges, Number, ball
from verify.law import Bound, Point
from verify.tail_rates import TailRates

HALF = fmpq(1, 2)
MINUS_INFINITY = Diverges(-1, "the support has no lower end")


def power_tail(index: fmpq) -> TailRates:
    """A regularly varying tail of the given index."""
    text = decimal_text(index)
    return TailRates.heavy(f"power tail of index {text}: E exp(l X) = oo for every l > 0")


def infinite_mean(index: fmpq) -> Diverges:
    """The mean of a law on a half-line whose tail index is at most 1."""
    text = decimal_text(index)
    return Diverges(+1, f"tail index {text} <= 1, so the survival function is not integrable")


class HalfLine(ContinuousLaw):
    """A law on ``(0, oo)``, or from another lower end."""

    @property
    def support(self) -> tuple[Bound, Bound]:
        return fmpq(0), INFINITE

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()


class Line(ContinuousLaw):
    """A law on the whole line."""

    @property
    def support(self) -> tuple[Bound, Bound]:
        return MINUS_INFINITY, INFINITE


class Symmetric(Line):
    """A law on the line that is symmetric about 0."""

    @property
    def left_tail(self) -> TailRates:
        return self.right_tail

    def _log_cdf(self, x: arb) -> arb:
        return self._log_survival(-x)

    def mean(self) -> Number:
        return arb(0)

    def lower_mean(self, t: Point) -> Number:
        upper = self.upper_mean(-t)
        return Diverges(-1, upper.because) if isinstance(upper, Diverges) else -upper


class InfiniteAtAbscissa(ContinuousLaw):
    """A law whose MGF is infinite at a finite positive abscissa too, not only beyond it."""

    def _mgf_diverges(self, tilt: Point) -> Diverges | None:
        tail, size = (self.right_tail, tilt) if tilt > 0 else (self.left_tail, -tilt)
        rate = tail.abscissa
        if rate is None or isinstance(rate, Diverges) or rate == 0 or not ball(size) >= ball(rate):
            return super()._mgf_diverges(tilt)
        return Diverges(+1, f"at the abscissa or beyond: {tail.abscissa_because}")


def float_of(value: fmpq) -> float:
    """The nearest float64 (for scipy and pictures only)."""
    return int(value.p) / int(value.q)


def bounded_draws(draws: Any) -> Any:
    """Float64 draws with those beyond the largest float64 set to it: inf would be no reward."""
    import numpy as np

    largest = np.finfo(np.float64).max
    return np.clip(np.asarray(draws, dtype=np.float64), -largest, largest)
