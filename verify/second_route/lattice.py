"""The second route to the lattice laws: own formulas for their masses, summed.

A sum over k starts where the terms are largest and follows the ratio of neighbouring masses both
ways. Where that would take too many terms, its middle is an integral, with Gregory's corrections at
both ends.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from flint import fmpq
from mpmath import mp

from verify.law import Law
from verify.second_route.curve import Curve
from verify.second_route.masses import Masses, masses_of
from verify.second_route.numbers import (
    NOTHING,
    Estimate,
    Interval,
    Part,
    Point,
    Real,
    exactly,
    number,
    rounding,
    together,
)
from verify.second_route.routes import Route

#: Terms summed one by one on one side, before the rest is integrated.
MOST_TERMS = 400
#: Terms left out are smaller than this share of the sum, together.
NEGLIGIBLE = mp.ldexp(1, -80)
#: Integers beyond this are kept as mpmath numbers.
LARGEST_INTEGER = 10**300
#: Order of Gregory's corrections.
GREGORY_ORDER = 12


class _Sum(NamedTuple):
    """Sums of terms relative to the one at ``start``: of the terms, and of k - start times them."""

    mass: Real
    distance: Real


class LatticeRoute(Route):
    """Sums of masses."""

    def __init__(self, law: Law, goal: float) -> None:
        self.masses, self.name, self.goal = masses_of(law), f"a sum for {law}", goal

    def part(self, interval: Interval, tilt: fmpq, mean: bool = True) -> Part:
        masses = self.masses
        low: Real = masses.first
        if interval.low is not None:
            low = max(low, _whole(interval.low, up=True, included=interval.low_in))
        high: Real = masses.last
        if interval.high is not None:
            limit = _whole(interval.high, up=False, included=interval.high_in)
            high = limit if high is None else min(high, limit)
        if high is not None and low > high:
            return NOTHING
        return _LatticeSum(masses, tilt, low, high, mean, self.name, self.goal).part()


def _whole(x: Point, up: bool, included: bool) -> Real:
    """The first whole number above x (or at x), or the last below it."""
    if isinstance(x, fmpq):
        floor = int(x.floor())
        if x.q == 1 and included:
            return floor
        return floor + 1 if up else (floor - 1 if x.q == 1 else floor)
    with mp.workprec(800):
        floor = mp.floor(x)
        whole = floor + 1 if up else floor
    return int(whole) if abs(whole) < LARGEST_INTEGER else whole


class _LatticeSum:
    """``sum of exp(l k) Pr(X = k)`` over low <= k <= high."""

    def __init__(
        self,
        masses: Masses,
        tilt: fmpq,
        low: Real,
        high: Real | None,
        mean: bool,
        name: str,
        goal: float,
    ) -> None:
        self.masses, self.tilt, self.low, self.high = masses, tilt, low, high
        self.mean, self.name, self.goal = mean, name, goal
        self.factor = mp.exp(number(tilt)) if tilt else mp.one

    def log_term(self, k: Real) -> Real:
        """``l k + log Pr(X = k)`` with enough digits for its exponential."""
        with mp.workprec(mp.prec + self.masses.lost_bits(k)):
            at = mp.mpf(k)
            return self.masses.log_mass(at) + number(self.tilt) * at

    def part(self) -> Part:
        start = self._start()
        up = self._outward(start, +1)
        down = self._outward(start, -1)
        parts = [(mp.zero, self._summed(start, up[0], down[0]))]
        if up[1] is not None:
            parts.append((mp.zero, self._rest(up[1], +1)))
        if down[1] is not None:
            parts.append((mp.zero, self._rest(down[1], -1)))
        return together(parts)

    def _start(self) -> Real:
        """The whole number in range with the largest term, or nearly."""
        peak = self.masses.peak(self.factor)
        if peak <= self.low:
            return self.low
        if self.high is not None and peak >= self.high:
            return self.high
        whole = mp.floor(peak) + 1
        return int(whole) if whole < LARGEST_INTEGER else whole

    def _summed(self, start: Real, up: _Sum, down: _Sum) -> Part:
        mass = 1 + up.mass + down.mass
        distance = (up.distance - down.distance) / mass
        log_start = self.log_term(start)
        error = mp.ldexp(1, -70)
        log_mass = Estimate(log_start + mp.log(mass), error + rounding(log_start))
        if not self.mean:
            return Part(log_mass, None)
        spread = (up.distance + down.distance) / mass
        return Part(log_mass, exactly(mp.mpf(start)) + Estimate(distance, spread * error))

    def _outward(self, start: Real, side: int) -> tuple[_Sum, Real | None]:
        """The terms on one side of the start; where they stop if they are not negligible there."""
        masses, factor = self.masses, self.factor
        term, mass, distance = mp.one, mp.zero, mp.zero
        limit = self.high if side > 0 else self.low
        for step in range(1, MOST_TERMS + 1):
            k = start + side * step
            if limit is not None and (k > limit if side > 0 else k < limit):
                return _Sum(mass, distance), None
            ratio = masses.ratio(k - 1) * factor if side > 0 else 1 / (masses.ratio(k) * factor)
            term *= ratio
            mass += term
            distance += term * step
            if step % 8 == 0 and ratio < 0.999:
                # Ratios that grow (r < 1, zeta) tend to at most the next bound.
                bound = max(ratio, masses.last_ratio() * factor) if side > 0 else ratio
                if bound < 0.999:
                    rest = term * bound / (1 - bound)
                    heavier = rest * (step + 1 / (1 - bound))
                    if rest < mass * NEGLIGIBLE and heavier < (distance + mass) * NEGLIGIBLE:
                        return _Sum(mass, distance), None
        return _Sum(mass, distance), start + side * (MOST_TERMS + 1)

    # ---- many terms -------------------------------------------------------------------------

    def _rest(self, start: Real, side: int) -> Part:
        """The terms from ``start`` outward: an integral, and corrections at its ends."""
        far = self.high if side > 0 else self.low
        if side < 0:
            # Next to the lower end of the support masses may be singular: sum there.
            near_end = self.low + MOST_TERMS
            if start <= near_end:
                return self._listed(self.low, start)
            parts = [self._listed(self.low, near_end - 1), self._smooth(near_end, start)]
        elif far is None:
            parts = [self._smooth(start, None)]
        else:
            near_end = far - MOST_TERMS
            if start >= near_end:
                return self._listed(start, far)
            parts = [self._smooth(start, near_end), self._listed(near_end + 1, far)]
        return together([(mp.zero, part) for part in parts])

    def _listed(self, low: Real, high: Real) -> Part:
        """The terms from low to high, all of them."""
        start = high if self.log_term(high) > self.log_term(low) else low
        up = _Sum(mp.zero, mp.zero)
        down = _Sum(mp.zero, mp.zero)
        term = mp.one
        for step in range(1, int(high - low) + 1):
            if start == low:
                term *= self.masses.ratio(low + step - 1) * self.factor
                up = _Sum(up.mass + term, up.distance + term * step)
            else:
                term /= self.masses.ratio(high - step) * self.factor
                down = _Sum(down.mass + term, down.distance + term * step)
        return self._summed(start, up, down)

    def _smooth(self, low: Real, high: Real | None) -> Part:
        """``sum f = int f + corrections``, Gregory's formula, for a slowly varying f."""
        curve = Curve(self.log_term, None, None, (), self.name, self.goal)
        ends = [None if end is None else fmpq(int(end)) for end in (low, high)]
        body = curve.integral(ends[0], ends[1], mean=self.mean)
        unit = body.log_mass.value
        corrected = [(low, 1)] if high is None else [(low, 1), (high, -1)]
        mass = error = mp.zero
        first = first_error = mp.zero
        for end, direction in corrected:
            value = mp.exp(self.log_term(end) - unit)
            terms = self._inward(end, direction, value)
            for weights, is_first in ((terms, False), (_moments(terms, direction), True)):
                correction, rest = _gregory(weights)
                if is_first:
                    # Distances from low, in units of the integral's mass.
                    first += correction + (end - low) * _gregory(terms)[0]
                    first_error += rest
                else:
                    mass += correction
                    error += rest
        total = 1 + mass
        error = (error + body.log_mass.error) / total
        log_mass = Estimate(unit + mp.log(total), error + rounding(unit))
        if body.mean is None:
            return Part(log_mass, None)
        distance = (body.mean.value - low + first) / total
        slack = (body.mean.error + first_error) / total + abs(distance) * error
        return Part(log_mass, exactly(mp.mpf(low)) + Estimate(distance, slack))

    def _inward(self, end: Real, direction: int, value: Real) -> list[Real]:
        """The terms at an end of the smooth part and next to it, inside."""
        terms = [value]
        for step in range(GREGORY_ORDER):
            k = end + direction * step
            if direction > 0:
                terms.append(terms[-1] * self.masses.ratio(k) * self.factor)
            else:
                terms.append(terms[-1] / (self.masses.ratio(k - 1) * self.factor))
        return terms


def _moments(terms: list[Real], direction: int) -> list[Real]:
    """The terms times their distances (with sign) from the end."""
    return [term * direction * step for step, term in enumerate(terms)]


def _gregory(terms: list[Real]) -> tuple[Real, Real]:
    """What an end adds to ``sum - integral``, ``sum_j g_j (-1)^j Delta^j f``, and its last term."""
    total = last = mp.zero
    differences = list(terms)
    for order, coefficient in enumerate(gregory_coefficients()):
        last = coefficient * differences[0] * (-1) ** order
        total += last
        differences = [b - a for a, b in pairwise(differences)]
    return total, abs(last)


@cache
def gregory_coefficients() -> tuple[Real, ...]:
    """1/2, 1/12, 1/24, 19/720, ...: ``|G_1|, |G_2|, ...`` of ``x/log(1 + x)``."""
    # The product of x/log(1 + x) and log(1 + x)/x = sum (-x)^n/(n + 1) is 1.
    series = [Fraction(1)]
    for n in range(1, GREGORY_ORDER + 1):
        series.append(
            -sum((series[j] * Fraction((-1) ** (n - j), n - j + 1) for j in range(n)), Fraction(0))
        )
    return tuple(abs(mp.mpf(g.numerator) / g.denominator) for g in series[1:])
