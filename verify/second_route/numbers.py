"""Numbers of the second route: mpmath values with an error, points, and parts of a law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flint import fmpq, fmpz
from mpmath import mp

from verify.enclosure import Undecided, exact

#: An mpmath real; mpmath has no types of its own.
Real = Any
#: An exact rational where there is one, so that atoms are hit exactly; else an mpmath number.
Point = Any

#: Working precision of integrands, and of what is made of the integrals, in bits. Logarithms of
#: tails are computed to :data:`ABSOLUTE_BITS` after the binary point.
BITS = 110
OUTER_BITS = 340
ABSOLUTE_BITS = 80
#: Points that are no moderate rationals are kept to this many bits.
POINT_BITS = 700
#: Decimals up to this exponent are used as rationals.
RATIONAL_EXPONENT = 400

#: Exponentials of less than minus this are 0.
SMALLEST_LOG = 2**64

MINUS_INFINITY = mp.ninf


@dataclass(frozen=True)
class Estimate:
    """A number and an estimate of its absolute error (not a proved bound)."""

    value: Real
    error: Real

    def __add__(self, other: Estimate) -> Estimate:
        value = self.value + other.value
        return Estimate(value, self.error + other.error + rounding(value))

    def __sub__(self, other: Estimate) -> Estimate:
        return self + other.times(-1)

    def times(self, factor: Real) -> Estimate:
        """The product with an exact number."""
        return Estimate(self.value * factor, self.error * abs(factor))

    def settled(self, relative: float, what: str, size: Real = 0) -> Estimate:
        """Itself, if its error is small against its value (or against ``size``).

        Raises
        ------
        Undecided
            If it is not.
        """
        if not self.error <= relative * max(abs(self.value), abs(size)):
            raise Undecided(f"second route: {what} is known to {mp.nstr(self.error, 3)} only")
        return self


def exactly(value: Real) -> Estimate:
    """A number with no error but that of rounding."""
    return Estimate(value, rounding(value))


def rounding(value: Real) -> Real:
    """The size of a few rounding errors in a number, 0 where it is infinite."""
    return abs(value) * mp.ldexp(1, 4 - mp.prec) if mp.isfinite(value) else mp.zero


def exponential(log: Estimate) -> Estimate:
    """``exp``; a logarithm whose error is not small gives one whose error is its size."""
    if log.value < -SMALLEST_LOG:
        return Estimate(mp.zero, mp.exp(-SMALLEST_LOG))
    value = mp.exp(log.value)
    return Estimate(value, value * min(mp.expm1(min(log.error, 1)), 1) + rounding(value))


def complement(log: Estimate) -> Estimate:
    """``log(1 - p)`` from ``log p``."""
    p = exponential(log)
    if p.value >= 1:
        return Estimate(MINUS_INFINITY, mp.zero)
    value = mp.log1p(-p.value) if p.value < 0.5 else mp.log(-mp.expm1(log.value))
    return Estimate(value, p.error / (1 - p.value) + rounding(value))


# ---- points ------------------------------------------------------------------------------------


def number(point: Point) -> Real:
    """A point in mpmath, at the working precision."""
    if isinstance(point, fmpq):
        return mp.mpf(int(point.p)) / int(point.q)
    return point


def point_of(value: object) -> Point:
    """A point from a rational, a decimal, or a threshold's location."""
    log_t = getattr(value, "log_t", None)
    if log_t is not None:
        with mp.workprec(POINT_BITS + 4 * abs(log_t.adjusted())):
            result = mp.exp(mp.mpf(str(log_t)))
        return result
    value = getattr(value, "t", value)
    if isinstance(value, Decimal):
        if value and abs(value.adjusted()) > RATIONAL_EXPONENT:
            with mp.workprec(POINT_BITS):
                return mp.mpf(str(value))
        numerator, denominator = value.as_integer_ratio()
        return fmpq(numerator, denominator)
    return exact(value) if isinstance(value, int | str | float | fmpz) else value


# ---- parts of a law ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """From ``low`` to ``high`` (None: no limit); by default ``low < x <= high``."""

    low: Point | None = None
    high: Point | None = None
    low_in: bool = False
    high_in: bool = True


@dataclass(frozen=True)
class Part:
    """What lies in an interval: ``log E[exp(l X); ...]`` and the mean under that weight.

    The mean is None where it was not asked for, or there is no mass.
    """

    log_mass: Estimate
    mean: Estimate | None

    @property
    def empty(self) -> bool:
        """Whether there is no mass."""
        return bool(self.log_mass.value == MINUS_INFINITY)


NOTHING = Part(Estimate(MINUS_INFINITY, mp.zero), None)


def together(parts: Sequence[tuple[Real, Part]]) -> Part:
    """The union of parts, the mass of each multiplied by a positive factor given by its log."""
    shifted = [(p.log_mass + exactly(factor), p) for factor, p in parts if not p.empty]
    if not shifted:
        return NOTHING
    if len(shifted) == 1:
        return Part(shifted[0][0], shifted[0][1].mean)
    unit = max(log.value for log, _ in shifted)
    weights = [exponential(log - Estimate(unit, mp.zero)) for log, _ in shifted]
    total = sum(w.value for w in weights)
    error = sum(w.error for w in weights) / total
    log_mass = Estimate(unit + mp.log(total), error + rounding(unit))
    if any(part.mean is None for _, part in shifted):
        return Part(log_mass, None)
    means = [part.mean for _, part in shifted if part.mean is not None]
    value = sum(w.value * m.value for w, m in zip(weights, means, strict=True)) / total
    spread = sum(
        w.value * m.error + w.error * abs(m.value - value)
        for w, m in zip(weights, means, strict=True)
    )
    return Part(log_mass, Estimate(value, spread / total + rounding(value)))
