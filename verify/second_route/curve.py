"""Integrals of ``exp(l x) f(x)`` over an interval, for an f given by its logarithm.

An interval is reached from one point, its *anchor*: an end of the support, the threshold, or the
mode. The variable is the logarithm of the distance from there (beside a far end of the support: the
logistic map, which is that at both ends). So nothing is lost however far out the anchor lies, and
powers of the distance, of any size, become exponentials.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from flint import fmpq
from mpmath import mp

from verify.enclosure import Undecided
from verify.second_route.numbers import (
    ABSOLUTE_BITS,
    BITS,
    NOTHING,
    Estimate,
    Part,
    Point,
    Real,
    exactly,
    exponential,
    number,
    rounding,
    together,
)
from verify.second_route.trapezoid import GOAL, HEIGHT_BITS, climb, integrals

#: Extra bits for a point close to an end of the support, and close to another point.
MOST_END_BITS, MOST_POINT_BITS = 2_000, 500
#: Logarithms of more bits than this before the binary point are left to ``Curve._sharp``.
SHARP_BITS = 140


class _Anchor(NamedTuple):
    point: Point
    is_end: bool  # of the support: the integrand may be singular there


class Curve:
    """``exp(log_f)`` on the open interval from ``low`` to ``high`` (None: infinite).

    Parameters
    ----------
    log_f : callable
        In mpmath, at its working precision.
    low, high : rational, mpmath number or None
        The support.
    kinks : tuple of rational
        Points inside where f is not analytic.
    name : str
        For messages.
    goal : float
        Relative error that integrals must reach.
    """

    def __init__(
        self,
        log_f: Callable[[Real], Real],
        low: Point | None,
        high: Point | None,
        kinks: tuple[Point, ...] = (),
        name: str = "an integral",
        goal: float = GOAL,
    ) -> None:
        self.log_f, self.low, self.high, self.kinks = log_f, low, high, kinks
        self.name, self.goal = name, goal

    def integral(
        self,
        low: Point | None = None,
        high: Point | None = None,
        tilt: fmpq | int = 0,
        mean: bool = True,
    ) -> Part:
        """``log int exp(l x) f`` over ``(low, high)``, and the mean under that weight."""
        start = self.low if low is None or _at_most(low, self.low) else low
        end = self.high if high is None or _at_least(high, self.high) else high
        if start is not None and end is not None and not number(start) < number(end):
            return NOTHING
        inside = [k for k in self.kinks if not _at_most(k, start) and not _at_least(k, end)]
        edges = [start, *inside, end]
        return together(
            [(mp.zero, _Stretch(self, a, b, tilt, mean).part()) for a, b in pairwise(edges)]
        )

    def over_height(self, low: Point) -> Estimate:
        """``int f / f(low)`` over ``(low, oo)``, also where both are out of reach."""
        stretch = _Stretch(self, low, None, 0, mean=False)
        height = stretch.log_weight(lambda: number(low), 0, mp.ninf)
        if mp.mag(height) > SHARP_BITS:
            slope, error = stretch.rate(low, +1)
            return Estimate(1 / slope, error / slope)
        return exponential(stretch.part().log_mass - exactly(height))


def _at_most(x: Point, bound: Point | None) -> bool:
    """Whether x is at or below a lower end (None: minus infinity)."""
    if bound is None:
        return False
    exact = isinstance(x, fmpq) and isinstance(bound, fmpq)
    return bool(x <= bound if exact else number(x) <= number(bound))


def _at_least(x: Point, bound: Point | None) -> bool:
    if bound is None:
        return False
    exact = isinstance(x, fmpq) and isinstance(bound, fmpq)
    return bool(x >= bound if exact else number(x) >= number(bound))


class _Stretch:
    """An interval on which the integrand is analytic, cut where it is best reached from."""

    def __init__(
        self, curve: Curve, low: Point | None, high: Point | None, tilt: fmpq | int, mean: bool
    ) -> None:
        self.curve, self.low, self.high, self.tilt, self.mean = curve, low, high, tilt, mean
        self.low_is_end, self.high_is_end = low is curve.low, high is curve.high

    def part(self) -> Part:
        low = None if self.low is None else _Anchor(self.low, self.low_is_end)
        high = None if self.high is None else _Anchor(self.high, self.high_is_end)
        if low is not None and (low.is_end or self._falls_from(low.point, +1)):
            return self._reach(low, +1, high)
        if high is not None and (high.is_end or self._falls_from(high.point, -1)):
            return self._reach(high, -1, low)
        mode = _Anchor(self._mode(), False)
        if low is not None and not number(low.point) < mode.point:
            return self._reach(low, +1, high)
        if high is not None and not mode.point < number(high.point):
            return self._reach(high, -1, low)
        parts = [self._reach(mode, +1, high), self._reach(mode, -1, low)]
        return together([(mp.zero, part) for part in parts])

    def _reach(self, anchor: _Anchor, side: int, far: _Anchor | None) -> Part:
        if not anchor.is_end:
            height = abs(self.log_weight(lambda: number(anchor.point), 0, mp.ninf))
            if height == mp.inf:
                raise Undecided(f"second route: {self.curve.name} is out of reach")
            if mp.mag(height) > SHARP_BITS:
                return self._sharp(anchor.point, side)
        return _Piece(self, anchor, side, far).part()

    def log_weight(self, x: Callable[[], Real], extra: int, worth: Real) -> Real:
        """``log f(x) + l x`` with :data:`ABSOLUTE_BITS` bits after the point.

        Parameters
        ----------
        x : callable
            Computes the point at the working precision.
        extra : int
            Bits more than the usual that the point takes.
        worth : mpf
            Values far below this need no accuracy.
        """
        bits = BITS + extra
        for _ in range(3):
            with mp.workprec(bits):
                point = x()
                value = self.curve.log_f(point)
                shift = number(fmpq(self.tilt)) * point if self.tilt else mp.zero
                total = value + shift
            if not mp.isfinite(total) or hasattr(total, "_mpc_"):
                return mp.ninf
            size = max(mp.mag(value), mp.mag(shift)) if self.tilt else mp.mag(value)
            missing = size + ABSOLUTE_BITS + extra - bits
            far_below = total < worth - 200 and mp.mag(total) > size - BITS + 20
            if missing <= 0 or size > 4 * SHARP_BITS or far_below:
                break
            bits += missing + 10
        return total

    def _slope(self, point: Point, side: int) -> tuple[Real, Real]:
        """The first two derivatives of the log-integrand away from a point, by differences."""
        size = mp.mag(number(point)) if number(point) else 0
        for digits in (30, 50, 80, 120):
            with mp.workprec(BITS + 8 * digits):
                x = number(point)
                first = []
                for step in (mp.ldexp(1, size - 4 * digits // 2), mp.ldexp(1, size - 4 * digits)):
                    values = [self._plain(x + side * k * step) for k in range(3)]
                    slope = (values[1] - values[0]) / step
                    bend = (values[2] - 2 * values[1] + values[0]) / step**2
                    first.append((slope, bend))
                (coarse, _), (fine, bend) = first
                if abs(coarse - fine) <= abs(fine) * mp.mpf(1e-6):
                    return fine, bend
        return fine, bend

    def _plain(self, x: Real) -> Real:
        return self.curve.log_f(x) + (number(fmpq(self.tilt)) * x if self.tilt else 0)

    def _falls_from(self, point: Point, side: int) -> bool:
        """Whether the integrand falls as one leaves a point of the interval."""
        size = mp.mag(number(point)) if number(point) else 0
        bits = BITS
        for _ in range(4):
            with mp.workprec(bits):
                x = number(point)
                here, there = self._plain(x), self._plain(x + side * mp.ldexp(1, size - 40))
                if abs(there - here) > mp.ldexp(abs(here) + 1, 20 - bits):
                    return bool(there < here)
            bits *= 2
        return bool(there <= here)

    def _sharp(self, point: Point, side: int) -> Part:
        """So far out that the integrand is exponential: ``f(t)/r`` with its rate r at t.

        By Watson's lemma (DLMF 2.3.2) the relative error is that of the rate over a distance 1/r.
        """
        height = self._plain(number(point))
        rate, error = self.rate(point, side)
        log_mass = height - mp.log(rate)
        mean = number(point) + side / rate
        return Part(
            Estimate(log_mass, error + rounding(log_mass)),
            Estimate(mean, error / rate + rounding(mean)),
        )

    def rate(self, point: Point, side: int) -> tuple[Real, Real]:
        """The rate of decay at a point far out, and its relative change over its inverse."""
        slope, bend = self._slope(point, side)
        if not slope < 0:
            where = mp.nstr(number(point), 6)
            raise Undecided(f"second route: {self.curve.name} rises from {where}")
        return -slope, 4 * abs(bend) / slope**2 + mp.mpf(1e-5)

    def _mode(self) -> Point:
        """A point near the maximum of the integrand over the whole support."""
        low, high = (
            None if end is None else _Anchor(end, True) for end in (self.curve.low, self.curve.high)
        )
        if low is not None:
            place = _Piece(self, low, 1, high).place
        else:
            place = _whole_line if high is None else _Piece(self, high, -1, None).place
        best = mp.ninf

        def height(z: Real) -> Real:
            nonlocal best
            spot = place(z)
            if spot is None:
                return mp.ninf
            value = self.log_weight(spot.x, spot.extra, best)
            best = max(best, value)
            return value

        z, _ = climb(height, mp.zero, mp.one)
        spot = place(z)
        assert spot is not None
        with mp.workprec(BITS + spot.extra):
            result = spot.x()
        return result


class _Spot(NamedTuple):
    """A point of an interval: how to compute it, with how many more bits than usual."""

    x: Callable[[], Real]
    extra: int
    distance: Real
    log_slope: Real


def _whole_line(z: Real) -> _Spot:
    return _Spot(lambda: z, 0, abs(z), mp.zero)


class _Piece:
    """From an anchor to one side, to infinity or to a far end."""

    def __init__(self, stretch: _Stretch, anchor: _Anchor, side: int, far: _Anchor | None) -> None:
        self.stretch, self.anchor, self.side, self.far = stretch, anchor, side, far
        self.best = mp.ninf
        if far is not None:
            with mp.workprec(BITS + MOST_POINT_BITS):
                self.length = abs(number(far.point) - number(anchor.point))
            self.log_length = mp.log(self.length)

    def part(self) -> Part:
        stretch = self.stretch
        with mp.workprec(BITS):
            curve = stretch.curve
            unit, mass, distance = integrals(self._curve, stretch.mean, curve.goal, curve.name)
        error = mass.error / mass.value + mp.ldexp(1, -ABSOLUTE_BITS + 4)
        log_mass = Estimate(mp.log(mass.value), error) + exactly(unit)
        if distance is None:
            return Part(log_mass, None)
        return Part(log_mass, exactly(number(self.anchor.point)) + distance.times(self.side))

    def place(self, z: Real) -> _Spot | None:
        """The point at coordinate z; None where it cannot be told from an end."""
        e = mp.exp(z)
        if self.far is None:
            return self._near(self.anchor, self.side, e, e, z)
        share = e / (1 + e)
        distance, rest = self.length * share, self.length / (1 + e)
        log_slope = self.log_length + z - 2 * mp.log1p(e)
        if e <= 1:
            return self._near(self.anchor, self.side, distance, distance, log_slope)
        return self._near(self.far, -self.side, rest, distance, log_slope)

    def _near(
        self, base: _Anchor, side: int, offset: Real, distance: Real, log_slope: Real
    ) -> _Spot | None:
        extra = 0
        if base.point != 0:
            extra = max(mp.mag(number(base.point)) - mp.mag(offset), 0)
            if base.is_end and extra > MOST_END_BITS:
                return None
            # A point that close to one where f is smooth is that point.
            extra = min(extra, MOST_END_BITS if base.is_end else MOST_POINT_BITS)
        point = base.point
        return _Spot(lambda: number(point) + side * offset, extra, distance, log_slope)

    def _curve(self, z: Real) -> tuple[Real, Real] | None:
        spot = self.place(z)
        if spot is None:
            return None
        worth = self.best - spot.log_slope
        value = self.stretch.log_weight(spot.x, spot.extra, worth)
        if value == mp.ninf:
            return value, spot.distance
        self.best = max(self.best, value + spot.log_slope)
        with mp.workprec(HEIGHT_BITS):
            return value + spot.log_slope, spot.distance
