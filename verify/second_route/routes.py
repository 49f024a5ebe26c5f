"""The second route to each kind of law: one question, answered from densities, masses and rows.

A :class:`Route` answers ``part(interval, tilt)``: the logarithm of ``E[exp(l X); ...]`` over the
interval, and the mean of X under that weight. What a certificate says follows from a few parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from flint import fmpq
from mpmath import mp

from verify.affine import Affine
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.laws.custom import Tail
from verify.laws.empirical_law import Empirical
from verify.laws.gaussian import SkewNormal
from verify.laws.lattice import LatticeLaw
from verify.laws.light import Beta, Laplace
from verify.laws.point import PointMass
from verify.mixture import Mixture
from verify.second_route.arithmetic import arithmetic
from verify.second_route.curve import Curve
from verify.second_route.numbers import (
    NOTHING,
    Estimate,
    Interval,
    Part,
    Point,
    Real,
    exactly,
    exponential,
    number,
    together,
)
from verify.second_route.trapezoid import GOAL
from verify.truncation import Truncated


class Route(ABC):
    """The numbers of a law by the second route; see the module."""

    @abstractmethod
    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        """The part of the law in an interval, under the weight ``exp(l X)``."""


def route_of(law: Law, goal: float = GOAL) -> Route:
    """The second route to a law; ``goal`` is the relative error that integrals must reach.

    Raises
    ------
    Undecided
        For a law that has none.
    """
    from verify.second_route.lattice import LatticeRoute
    from verify.second_route.rows import RowsRoute

    match law:
        case Affine():
            return AffineRoute(law, goal)
        case Mixture():
            return MixtureRoute(law, goal)
        case Truncated():
            return TruncatedRoute(law, goal)
        case Tail():
            return TailRoute(law, goal)
        case Empirical():
            return RowsRoute(law)
        case PointMass():
            return PointRoute(law)
        case LatticeLaw():
            return LatticeRoute(law, goal)
        case Beta() if law.b < law.a:
            # Near 1 a point cannot be told from 1; near 0 it can be told from 0.
            return AffineRoute(Affine(Beta(law.b, law.a), fmpq(1), fmpq(-1)), goal)
        case ContinuousLaw():
            return DensityRoute(law, goal)
    raise Undecided(f"second route: none is known for {law}")


class DensityRoute(Route):
    """Integrals of a density."""

    def __init__(self, law: ContinuousLaw, goal: float) -> None:
        self.law = law
        low, high = (None if isinstance(end, Diverges) else end for end in law.support)
        kinks = (fmpq(0),) if isinstance(law, Laplace | SkewNormal) else ()
        self.curve = Curve(self._log_density, low, high, kinks, f"an integral of {law}", goal)

    def _log_density(self, x: Real) -> Real:
        return self.law.log_density(x, arithmetic())

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        return self.curve.integral(interval.low, interval.high, tilt, mean)


class AffineRoute(Route):
    """``shift + scale X``."""

    def __init__(self, law: Affine, goal: float) -> None:
        self.law, self.base = law, route_of(law.base, goal)

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        shift, scale = self.law.shift, self.law.scale
        low, high = (self._inverse(end) for end in (interval.low, interval.high))
        if scale > 0:
            inner = Interval(low, high, interval.low_in, interval.high_in)
        else:
            inner = Interval(high, low, interval.high_in, interval.low_in)
        part = self.base.part(inner, scale * tilt, mean)
        if part.empty:
            return part
        log_mass = part.log_mass + exactly(number(shift * tilt))
        if part.mean is None:
            return Part(log_mass, None)
        return Part(log_mass, part.mean.times(number(scale)) + exactly(number(shift)))

    def _inverse(self, end: Point | None) -> Point | None:
        if end is None or isinstance(end, fmpq):
            return None if end is None else (end - self.law.shift) / self.law.scale
        with mp.workprec(800):
            return (end - number(self.law.shift)) / number(self.law.scale)


class MixtureRoute(Route):
    """A mixture, from the parts of its components."""

    def __init__(self, law: Mixture, goal: float) -> None:
        self.components = [(weight, route_of(inner, goal)) for weight, inner in law.components]

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        return together(
            [
                (mp.log(number(weight)), route.part(interval, tilt, mean))
                for weight, route in self.components
            ]
        )


class TruncatedRoute(Route):
    """``X given low < X <= high``."""

    def __init__(self, law: Truncated, goal: float) -> None:
        self.law, self.base = law, route_of(law.base, goal)

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        total = self.base.part(Interval(self.law.low, self.law.high), fmpq(0), mean=False)
        part = self.base.part(self._cut(interval), tilt, mean)
        return part if part.empty else Part(part.log_mass - total.log_mass, part.mean)

    def _cut(self, interval: Interval) -> Interval:
        low, low_in = interval.low, interval.low_in
        high, high_in = interval.high, interval.high_in
        limit = self.law.low
        if limit is not None and (low is None or number(low) <= number(limit)):
            low, low_in = limit, False
        limit = self.law.high
        if limit is not None and (high is None or number(high) > number(limit)):
            high, high_in = limit, True
        return Interval(low, high, low_in, high_in)


class PointRoute(Route):
    """All mass at one point."""

    def __init__(self, law: PointMass) -> None:
        self.x = law.x

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        x = self.x
        low, high = interval.low, interval.high
        if low is not None and not (_less(low, x) or (interval.low_in and not _less(x, low))):
            return NOTHING
        if high is not None and not (_less(x, high) or (interval.high_in and not _less(high, x))):
            return NOTHING
        return Part(exactly(number(x * tilt)), exactly(number(x)))


def _less(a: Point, b: Point) -> bool:
    if isinstance(a, fmpq) and isinstance(b, fmpq):
        return bool(a < b)
    return bool(number(a) < number(b))


class TailRoute(Route):
    """``log Q(X > x) = h(x)`` from ``lower`` on, an atom there, by integrals of ``exp(h)``.

    By parts over ``(a, b]``, with ``S = exp(h)`` and ``Jk`` the integral of
    ``(x - a)^k exp(l x) S(x)``: ``E[exp(l X)]`` is ``exp(l a) S(a) - exp(l b) S(b) + l J0``, and
    ``E[(X - a) exp(l X)]`` is ``J0 + l J1 - (b - a) exp(l b) S(b)``.
    """

    def __init__(self, law: Tail, goal: float) -> None:
        self.law = law
        rational = law.lower.rational
        self.lower: Point = rational
        if rational is None:
            with mp.workprec(1000):
                self.lower = law.lower.evaluate(None, arithmetic())
        self.curve = Curve(self._log_sf, self.lower, None, (), f"an integral of {law}", goal)

    def _log_sf(self, x: Real) -> Real:
        return mp.mpf(self.law.log_sf.evaluate(x, arithmetic()))

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        low, high = interval.low, interval.high
        with_atom = low is None or _less(low, self.lower)
        with_atom = with_atom or (interval.low_in and not _less(self.lower, low))
        if high is not None and (
            _less(high, self.lower) or (not interval.high_in and not _less(self.lower, high))
        ):
            return NOTHING
        start = self.lower if with_atom or _less(low, self.lower) else low
        end = high
        if end is not None and not _less(start, end):
            return self._atom(tilt) if with_atom else NOTHING
        if tilt == 0 and end is None:
            return self._beyond(start, with_atom, mean)
        needed = mean or tilt != 0
        body = self.curve.integral(start, end, tilt, mean and tilt != 0) if needed else None
        return self._by_parts(start, end, tilt, with_atom, body, mean)

    def _beyond(self, start: Point, with_atom: bool, mean: bool) -> Part:
        """Where no limit and no tilt complicates: ``E[X | X > a] = a + J0/S(a)``."""
        a = number(start)
        log_mass = exactly(self._log_sf(a))
        average = None
        if mean:
            excess = self.curve.over_height(start)
            if with_atom:
                mass = exponential(log_mass)
                excess = Estimate(
                    excess.value * mass.value,
                    excess.error * mass.value + mass.error * excess.value,
                )
            average = exactly(a) + excess
        return Part(exactly(mp.zero) if with_atom else log_mass, average)

    def _atom(self, tilt: fmpq) -> Part:
        start = number(self.lower)
        mass = mp.log(-mp.expm1(self._log_sf(start)))
        return Part(exactly(number(tilt) * start + mass), exactly(start))

    def _by_parts(
        self,
        start: Point,
        end: Point | None,
        tilt: fmpq,
        with_atom: bool,
        body: Part | None,
        mean: bool,
    ) -> Part:
        a, rate = number(start), number(tilt)
        first = exactly(rate * a + (mp.zero if with_atom else self._log_sf(a)))
        logs = [first]
        last = None
        if end is not None:
            b = number(end)
            last = exactly(rate * b + self._log_sf(b))
            logs.append(last)
        if body is not None:
            logs.append(body.log_mass)
        unit = Estimate(max(log.value for log in logs), mp.zero)
        upper = exponential(first - unit)
        beyond = exponential(last - unit) if last is not None else exactly(mp.zero)
        inner = exponential(body.log_mass - unit) if body is not None else exactly(mp.zero)
        mass = upper - beyond + inner.times(rate)
        if not mass.value > mass.error:
            raise Undecided(f"second route: a part of {self.law} is lost in rounding")
        log_mass = Estimate(mp.log(mass.value), mass.error / mass.value) + unit
        if not mean or body is None:
            return Part(log_mass, None)
        excess = inner
        if end is not None:
            excess = excess - beyond.times(number(end) - a)
        if tilt != 0:
            assert body.mean is not None
            distance = body.mean - exactly(a)
            weighted = Estimate(
                distance.value * inner.value,
                distance.error * inner.value + inner.error * abs(distance.value),
            )
            excess = excess + weighted.times(rate)
        ratio = excess.value / mass.value
        error = (excess.error + mass.error * abs(ratio)) / mass.value
        return Part(log_mass, exactly(a) + Estimate(ratio, error))
