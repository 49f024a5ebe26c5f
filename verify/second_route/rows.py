"""The second route to an empirical law: sums over its rows, in mpmath, or in float64 where many.

In float64 a weight ``exp(-u)`` with ``u = |l (x - end)|`` has relative error at most
``(2 u + 2) 2^-52`` (l, the difference and the product are rounded, and exp is good to a unit of the
last place). :func:`math.fsum` rounds once. So the errors of the sums are bounded by the same sums
with that factor.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import fmpq
from mpmath import mp
from numpy.typing import NDArray

from verify.laws.empirical import Empirical
from verify.second_route.numbers import (
    NOTHING,
    Estimate,
    Interval,
    Part,
    Point,
    Real,
    exactly,
    number,
)
from verify.second_route.routes import Route

#: Distinct values up to which mpmath is quick enough: about 10 microseconds each.
MOST_IN_MPMATH = 40_000
_UNIT = 2.0**-52


class RowsRoute(Route):
    """Sums over the distinct rows."""

    def __init__(self, law: Empirical) -> None:
        self.values: NDArray[np.float64] = law.values
        self.counts: NDArray[np.int64] = law.counts
        self.n = law.n

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        first = 0 if interval.low is None else self._rank(interval.low, not interval.low_in)
        last = len(self.values)
        if interval.high is not None:
            last = self._rank(interval.high, interval.high_in)
        if first >= last:
            return NOTHING
        values, counts = self.values[first:last], self.counts[first:last]
        if tilt == 0:
            share = mp.log(mp.mpf(int(counts.sum())) / self.n)
            return Part(exactly(share), _average(values, counts) if mean else None)
        # Distances from the end that the tilt favours, so that every weight is at most 1.
        end = float(values[-1] if tilt > 0 else values[0])
        sums = _in_mpmath if len(values) <= MOST_IN_MPMATH else _in_float64
        mass, distance = sums(values, counts, end, tilt)
        log_mass = Estimate(mp.log(mass.value / self.n), mass.error / mass.value)
        ratio = distance.value / mass.value
        error = (distance.error + mass.error * ratio) / mass.value
        shift = exactly(number(tilt) * mp.mpf(end))
        away = Estimate(ratio, error).times(-1 if tilt > 0 else 1)
        return Part(log_mass + shift, exactly(mp.mpf(end)) + away)

    def _rank(self, t: Point, or_equal: bool) -> int:
        """How many distinct values are below t (or equal to it)."""
        exact_t = Fraction(int(t.p), int(t.q)) if isinstance(t, fmpq) else t
        low, high = 0, len(self.values)
        while low < high:
            middle = (low + high) // 2
            x = float(self.values[middle])
            value = Fraction(x) if isinstance(t, fmpq) else mp.mpf(x)
            below = value <= exact_t if or_equal else value < exact_t
            low, high = (middle + 1, high) if below else (low, middle)
        return low


def _average(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Estimate:
    """The mean row: fsum is exact but for one rounding (scaled, lest it overflows)."""
    scale = 2.0**-60 if float(np.abs(values).max()) > 1e290 else 1.0
    total = mp.mpf(math.fsum(np.repeat(values * scale, counts).tolist())) / mp.mpf(scale)
    mean = total / int(counts.sum())
    return Estimate(mean, abs(mean) * _UNIT)


def _in_mpmath(
    values: NDArray[np.float64], counts: NDArray[np.int64], end: float, tilt: fmpq
) -> tuple[Estimate, Estimate]:
    """The sums of the weights, and of the weights times the distances from ``end``."""
    rate, top = number(tilt), mp.mpf(end)
    mass = first = mp.zero
    for x, count in zip(values.tolist(), counts.tolist(), strict=True):
        away = mp.mpf(x) - top
        weight: Real = mp.exp(rate * away)
        if count != 1:
            weight *= count
        mass += weight
        first += weight * abs(away)
    slack = mp.ldexp(len(values) + abs(rate * (values[0] - values[-1])), 4 - mp.prec)
    return Estimate(mass, mass * slack), Estimate(first, first * slack)


def _in_float64(
    values: NDArray[np.float64], counts: NDArray[np.int64], end: float, tilt: fmpq
) -> tuple[Estimate, Estimate]:
    with np.errstate(under="ignore", over="ignore"):
        away = np.abs(values - end)
        u = abs(int(tilt.p) / int(tilt.q)) * away
        weights = counts * np.exp(-u)
        firsts = weights * np.where(weights > 0, away, 0)
        errors = [float(((2 * u + 4) * w)[w > 0].sum()) * _UNIT for w in (weights, firsts)]
    sums = [math.fsum(w.tolist()) for w in (weights, firsts)]
    mass, first = (
        Estimate(mp.mpf(s), mp.mpf(e)) for s, e in zip(sums, errors, strict=True)
    )
    return mass, first
