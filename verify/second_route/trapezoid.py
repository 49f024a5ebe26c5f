"""Integrals over the whole line of a positive function given by its logarithm.

The variable is ``z = peak + width g(s)`` with equal steps in s. On a side where the function falls
off like an exponential, g grows exponentially (``s + exp(s)``, ``s - exp(-s)``); where it falls
like the exponential of one, g is linear. In s the function then falls off doubly exponentially, and
as it is analytic near the line, each halving of the step nearly squares the error of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from mpmath import mp

from verify.enclosure import Undecided
from verify.second_route.numbers import Estimate, Real

#: ``log f(z)``, with more bits than the working precision, and a positive weight ``d(z)``; None
#: where they are out of reach.
Curve = Callable[[Real], "tuple[Real, Real] | None"]

#: Bits in which heights are told apart: they may be large and their differences small.
HEIGHT_BITS = 700
#: Relative error that a sum must reach, first and where that leaves something open, and what
#: share of it terms have that are left out.
GOAL, FINE_GOAL = 1e-14, 1e-24
NEGLIGIBLE = 1e-6
#: Logarithms, from the largest, of terms that are nothing at all.
LOWEST = -10_000
#: The first and last step are ``2**-FIRST_LEVEL`` and ``2**-LAST_LEVEL``.
FIRST_LEVEL, LAST_LEVEL = 2, 9
#: Terms on one side with the first step, and with all steps together.
MOST_OUTWARD, MOST_TERMS = 600, 6_000
#: Doublings in the search for a peak.
MOST_DOUBLINGS = 120
#: A drop of the logarithm that marks the flanks of a peak.
FLANK = 2
#: How close to the peak of an integrand its grid has its centre.
CLOSE = 3
#: Growth of the drop, from four flanks to eight, of ``exp(-exp(z))``; it is 2 for ``exp(-z)`` and
#: 4 for ``exp(-z^2)``. The second is the least drop from which to judge.
STEEPER, STEEP = 6, 100
#: Peaks of f and of f d that are this close are summed on one grid.
FARTHEST_PEAKS = 6


def climb(
    height: Callable[[Real], Real], start: Real, step: Real, within: Real = mp.inf
) -> tuple[Real, Real]:
    """A point near the maximum of a unimodal function, and how far its flanks are.

    The maximum lies within :data:`FLANK` of the height there, and within ``within`` of the point.

    Raises
    ------
    Undecided
        If the function rises as far as can be seen.
    """
    low, middle, high = start - step, start, start + step
    at_low, at_middle, at_high = height(low), height(middle), height(high)
    for _ in range(MOST_DOUBLINGS):
        if at_high > at_middle:
            step *= 2
            low, middle, high = middle, high, high + step
            at_low, at_middle, at_high = at_middle, at_high, height(high)
        elif at_low > at_middle:
            step *= 2
            low, middle, high = low - step, low, middle
            at_low, at_middle, at_high = height(low), at_low, at_middle
        else:
            break
    else:
        raise Undecided("second route: an integrand rises as far as can be seen")
    for _ in range(600):
        drop = max(at_middle - at_low, at_middle - at_high)
        if (drop < FLANK and high - low < within) or high - low < mp.ldexp(abs(middle), -60):
            break
        # Into the longer side, a third from the middle.
        right = high - middle > middle - low
        point = middle + ((high if right else low) - middle) * mp.mpf(0.35)
        value = height(point)
        if value > at_middle:
            if right:
                low, at_low = middle, at_middle
            else:
                high, at_high = middle, at_middle
            middle, at_middle = point, value
        elif right:
            high, at_high = point, value
        else:
            low, at_low = point, value
    return middle, (high - low) / 2


@lru_cache(maxsize=20_000)
def _node(numerator: int, level: int, left: bool, right: bool, prec: int) -> tuple[Real, Real]:
    """``g(s)`` and ``g'(s)`` at ``s = numerator / 2**level``, exponential on the sides named."""
    s = mp.ldexp(mp.mpf(numerator), -level)
    up = mp.exp(s)
    value, slope = s, mp.one
    if right:
        value, slope = value + up - 1, slope + up
    if left:
        value, slope = value - 1 / up + 1, slope + 1 / up
    steepness = 1 + left + right  # so that g'(0) = 1
    return value / steepness, slope / steepness


def integrals(
    curve: Curve, weighted: bool, goal: float, what: str
) -> tuple[Real, Estimate, Estimate | None]:
    """``(u, a, b)``: the integral of f is ``exp(u) a``, that of ``f d`` is ``exp(u) a b``.

    The second is None unless it is asked for.

    Raises
    ------
    Undecided
        If they are not settled.
    """
    peak, flank = climb(lambda z: _height(curve, z, 0), mp.zero, mp.one, CLOSE)
    if not weighted:
        return Trapezoid(curve, (0,), peak, flank, goal, what).integrals()
    second, second_flank = climb(lambda z: _height(curve, z, 1), peak, flank, CLOSE)
    if abs(second - peak) < FARTHEST_PEAKS:
        middle = (peak + second) / 2
        flank = min(flank, second_flank)
        return Trapezoid(curve, (0, 1), middle, flank, goal, what).integrals()
    # The mean of a tail may come from far beyond its mass: one grid would not suit both.
    unit, mass, _ = Trapezoid(curve, (0,), peak, flank, goal, what).integrals()
    far, total, _ = Trapezoid(curve, (1,), second, second_flank, goal, what).integrals()
    with mp.workprec(HEIGHT_BITS):
        shift = far - unit
    factor = mp.exp(shift) / mass.value
    ratio = total.value * factor
    error = total.error * factor + ratio * mass.error / mass.value
    return unit, mass, Estimate(ratio, error)


def _height(curve: Curve, z: Real, order: int) -> Real:
    """``log(f d^order)``."""
    found = curve(z)
    if found is None:
        return mp.ninf
    with mp.workprec(HEIGHT_BITS):
        return found[0] + mp.log(found[1]) if order else found[0]


class Trapezoid:
    """The integrals of ``f d^k`` over the line, for the orders k asked for."""

    def __init__(
        self,
        curve: Curve,
        orders: tuple[int, ...],
        peak: Real,
        flank: Real,
        goal: float,
        what: str,
    ) -> None:
        self.curve, self.orders, self.goal, self.what = curve, orders, goal, what
        # In the logarithm of a distance, features have about the size 1.
        self.peak, self.width = peak, min(flank, mp.one)
        self.terms = 0
        self.slow = [not self._steep(side * flank) for side in (-1, 1)]

    def _steep(self, step: Real) -> bool:
        """Whether the function falls off like ``exp(-exp(z))`` in the direction of a step."""
        order = self.orders[-1]
        top, near, far = (
            _height(self.curve, self.peak + multiple * step, order) for multiple in (0, 4, 8)
        )
        return bool(top - far > max(STEEPER * (top - near), STEEP))

    def integrals(self) -> tuple[Real, Estimate, Estimate | None]:
        """``(u, a, b)``: the first is ``exp(u) a``, the second, if any, ``exp(u) a b``."""
        top = self.curve(self.peak)
        assert top is not None
        self.distance_unit = top[1]
        self.unit = top[0]
        left, right, sums = self._first_sums()
        history = [self._every_second, sums]
        for level in range(FIRST_LEVEL + 1, LAST_LEVEL + 1):
            left, right = 2 * left, 2 * right
            if self.terms + (right - left) // 2 > MOST_TERMS:
                break
            odd = [mp.zero for _ in self.orders]
            for k in range(left + 1, right, 2):
                found = self._term(k, level)
                if found is not None:
                    odd = [a + b for a, b in zip(odd, found, strict=True)]
            half = mp.ldexp(1, -level)
            sums = [old / 2 + new * half for old, new in zip(history[-1], odd, strict=True)]
            history.append(sums)
            errors = [_error([past[i] for past in history[-3:]]) for i in range(len(sums))]
            if max(errors) < self.goal:
                return self._result(sums, errors)
        raise Undecided(f"second route: {self.what} has not settled with {self.terms} terms")

    def _result(
        self, sums: list[Real], errors: list[Real]
    ) -> tuple[Real, Estimate, Estimate | None]:
        total = sums[0] * self.width
        mass = Estimate(total, total * errors[0])
        if self.orders == (1,):
            return self.unit, mass.times(self.distance_unit), None
        if len(sums) == 1:
            return self.unit, mass, None
        ratio = sums[1] / sums[0] * self.distance_unit
        return self.unit, mass, Estimate(ratio, ratio * (errors[0] + errors[1]))

    def _term(self, k: int, level: int) -> list[Real] | None:
        self.terms += 1
        place, slope = _node(k, level, *self.slow, mp.prec)
        found = self.curve(self.peak + self.width * place)
        if found is None:
            return None
        with mp.workprec(HEIGHT_BITS):
            height = found[0] - self.unit
        height = +height
        if height < LOWEST or self.orders == (1,):
            farther = height + mp.log(found[1] / self.distance_unit)
            if self.orders == (1,):
                height = farther
            if max(height, farther) < LOWEST:
                return [mp.zero for _ in self.orders]
        value = mp.exp(height) * slope
        if len(self.orders) == 1:
            return [value]
        return [value, value * found[1] / self.distance_unit]

    def _first_sums(self) -> tuple[int, int, list[Real]]:
        """The range of s that matters, and the sums with the first step, and with twice that."""
        centre = self._term(0, FIRST_LEVEL)
        assert centre is not None
        sums = list(centre)
        even = list(centre)
        ends = []
        for side in (-1, 1):
            quiet, k, last = 0, 0, centre
            while quiet < 3:
                k += side
                found = self._term(k, FIRST_LEVEL)
                if found is None or abs(k) > MOST_OUTWARD:
                    # Out of reach: an error, unless the last terms were already small.
                    if quiet or (found is None and self._small(last, sums)):
                        break
                    raise Undecided(f"second route: {self.what} reaches too far out")
                last = found
                sums = [a + b for a, b in zip(sums, found, strict=True)]
                if k % 2 == 0:
                    even = [a + b for a, b in zip(even, found, strict=True)]
                least = NEGLIGIBLE * self.goal
                negligible = all(b <= a * least for a, b in zip(sums, found, strict=True))
                quiet = quiet + 1 if negligible else 0
            ends.append(k)
        step = mp.ldexp(1, -FIRST_LEVEL)
        self._every_second = [value * step * 2 for value in even]
        return ends[0], ends[1], [value * step for value in sums]

    def _small(self, term: list[Real], sums: list[Real]) -> bool:
        return all(b <= a * self.goal for a, b in zip(sums, term, strict=True))


def _error(history: list[Real]) -> Real:
    """The relative error of the last of three sums, extrapolated as mpmath's ``quad`` does.

    Errors like ``exp(-c/h^a)`` have ``log e3 / log e2 = log e2 / log e1``, which is 2^a. It is
    capped at 1.4, as for a = 1/2: where singularities draw near the line further out, a is below 1.
    """
    before, previous, last = history
    if not last > 0:
        return mp.one
    second, first = abs(last - previous) / last, abs(last - before) / last
    floor = mp.ldexp(1, -mp.prec + 8)
    if second <= floor:
        return floor
    if second >= 1e-5 or second >= first:
        return second
    exponent = min(mp.mpf(1.4), mp.log(second) / mp.log(first))
    # A second, smaller part of the error may fall more slowly than the first.
    return max(10 * second**exponent, second / 100) + floor
