"""The second route to an empirical law: sums over its rows in float64, with bounds of their errors.

:func:`math.fsum` rounds once, so the errors are those of the terms. With ``u = l (x - c)`` for some
float64 number c, three roundings give u a relative error of at most ``2 units`` (a unit is 2^-52),
and ``exp(u)`` one of ``(2 |u| + 2) units``. Two choices of c keep it small:

* the mean, for small tilts: ``exp(u) - 1 - u`` and ``(x - c) (exp(u) - 1)`` are never negative, and
  the sum of the ``x - c`` alone is exact;
* the end that the tilt favours, for large ones: no weight exceeds 1.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import fmpq
from mpmath import mp
from numpy.typing import NDArray

from verify.enclosure import Undecided
from verify.laws.empirical_law import Empirical
from verify.second_route.numbers import (
    NOTHING,
    Estimate,
    Interval,
    Part,
    Point,
    exactly,
    number,
)
from verify.second_route.routes import Route

#: ``|u|`` up to which sums are taken about the mean.
LARGEST_ABOUT_MEAN = 20.0
_UNIT = 2.0**-52
_SERIES_BELOW = 0.5
#: Tilts that are no smaller leave ``x`` below 1e292 where ``u`` is moderate: no sum overflows.
_SMALLEST = 1e-290
Array = NDArray[np.float64]


class RowsRoute(Route):
    """Sums over the rows."""

    def __init__(self, law: Empirical) -> None:
        self.values: Array = law.values
        self.counts: NDArray[np.int64] = law.counts
        self.n = law.n

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        first = 0 if interval.low is None else self._rank(interval.low, not interval.low_in)
        last = len(self.values)
        if interval.high is not None:
            last = self._rank(interval.high, interval.high_in)
        if first >= last:
            return NOTHING
        rows = np.repeat(self.values[first:last], self.counts[first:last])
        with np.errstate(all="ignore"):
            return self._sums(rows, tilt, mean)

    def _sums(self, rows: Array, tilt: fmpq, mean: bool) -> Part:
        share = exactly(mp.log(mp.mpf(len(rows)) / self.n))
        centre = _average(rows)
        if tilt == 0:
            return Part(share, centre if mean else None)
        middle = float(centre.value)
        span = max(float(rows[-1]) / 2 - middle / 2, middle / 2 - float(rows[0]) / 2) * 2
        rate = abs(_float(tilt))
        if not _SMALLEST < rate < 1 / _SMALLEST:
            raise Undecided("second route: a tilt beyond float64")
        if rate * span <= LARGEST_ABOUT_MEAN:
            log_average, average = _about_mean(rows, middle, tilt)
        else:
            log_average, average = _about_end(rows, float(rows[-1 if tilt > 0 else 0]), tilt)
        return Part(share + log_average, average)

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


def _float(value: fmpq) -> float:
    return int(value.p) / int(value.q)


def _sum(terms: Array, errors: Array) -> Estimate:
    """A sum of terms with relative errors, given in units."""
    total = math.fsum(terms.tolist())
    return Estimate(mp.mpf(total), mp.mpf(float((np.abs(terms) * (errors + 1)).sum()) * _UNIT))


def _average(rows: Array) -> Estimate:
    """The mean row (scaled, lest the sum overflows)."""
    scale = 2.0**-60 if float(np.abs(rows).max()) > 1e290 else 1.0
    mean = mp.mpf(math.fsum((rows * scale).tolist())) / mp.mpf(scale) / len(rows)
    return Estimate(mean, abs(mean) * _UNIT)


def _about_mean(rows: Array, centre: float, tilt: fmpq) -> tuple[Estimate, Estimate]:
    """The log of the average of ``exp(l x)``, and the mean row under that weight."""
    n, rate = len(rows), number(tilt)
    # Exact but for one rounding: the centre is only nearly the mean.
    drift = exactly(mp.mpf(math.fsum([*rows.tolist(), *([-centre] * n)])) / n)
    drift = Estimate(drift.value, abs(drift.value) * _UNIT)
    away = rows - centre
    u = _float(tilt) * away
    errors = 2 * np.abs(u) + 8
    second = _sum(_beyond_linear(u), errors).times(mp.mpf(1) / n)
    above_one = drift.times(rate) + second
    log_average = Estimate(mp.log1p(above_one.value), above_one.error / (1 + above_one.value))
    moved = _sum(away * np.expm1(u), errors).times(mp.mpf(1) / n) + drift
    total = 1 + above_one.value
    shift = moved.value / total
    error = (moved.error + abs(shift) * above_one.error) / total
    middle = mp.mpf(centre)
    return log_average + exactly(rate * middle), exactly(middle) + Estimate(shift, error)


def _beyond_linear(u: Array) -> Array:
    """``exp(u) - 1 - u``, to a few units."""
    small = np.where(np.abs(u) < _SERIES_BELOW, u, 0.0)
    series = np.ones_like(u)
    for k in range(17, 2, -1):  # u^2/2 (1 + u/3 (1 + u/4 (...)))
        series = 1 + small / k * series
    return np.where(np.abs(u) < _SERIES_BELOW, small * small / 2 * series, np.expm1(u) - u)


def _about_end(rows: Array, end: float, tilt: fmpq) -> tuple[Estimate, Estimate]:
    """The same from an end."""
    n = len(rows)
    away = np.abs(rows - end)
    u = abs(_float(tilt)) * away
    kept = u < 700  # beyond that a weight is nothing beside the 1 at the end
    away, u = away[kept], u[kept]
    weights = np.exp(-u)
    mass = _sum(weights, 2 * u + 2)
    moved = _sum(weights * away, 2 * u + 4)
    log_average = Estimate(mp.log(mass.value / n), mass.error / mass.value)
    shift = moved.value / mass.value
    error = (moved.error + mass.error * shift) / mass.value
    top = mp.mpf(end)
    side = -1 if tilt > 0 else 1
    average = exactly(top) + Estimate(shift, error).times(side)
    return log_average + exactly(number(tilt) * top), average
