"""Integrals over the whole line of a positive function given by its logarithm.

The variable is ``z = peak + width sinh(s)`` with equal steps in s: functions that are analytic near
the line and fall off exponentially, or faster, on both sides then fall off doubly exponentially in
s, and each halving of the step squares the error of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from mpmath import mp

from verify.enclosure import Undecided
from verify.second_route.numbers import Estimate, Real

#: ``log f(z)`` and a positive weight ``d(z)``; None where f is out of reach, or 0.
Curve = Callable[[Real], "tuple[Real, Real] | None"]

#: Relative error that a sum must reach, and the size at which terms are left out.
GOAL = 1e-14
NEGLIGIBLE = mp.ldexp(1, -70)
#: The first and last step are ``2**-FIRST_LEVEL`` and ``2**-LAST_LEVEL``.
FIRST_LEVEL, LAST_LEVEL = 2, 9
#: Terms on one side with the first step, and with all steps together.
MOST_OUTWARD, MOST_TERMS = 600, 12_000
#: Doublings in the search for a peak.
MOST_DOUBLINGS = 120
#: A drop of the logarithm that marks the flanks of a peak.
FLANK = 2


def climb(height: Callable[[Real], Real], start: Real, step: Real) -> tuple[Real, Real]:
    """A point near the maximum of a unimodal function, and how far its flanks are.

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
        if at_middle - min(at_low, at_high) < FLANK or high - low < mp.ldexp(abs(middle), -60):
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
def _node(numerator: int, level: int, prec: int) -> tuple[Real, Real]:
    """``sinh`` and ``cosh`` of ``numerator / 2**level``."""
    up = mp.exp(mp.ldexp(mp.mpf(numerator), -level))
    down = 1 / up
    return (up - down) / 2, (up + down) / 2


class Trapezoid:
    """The integrals of ``f`` and ``f d`` over the line."""

    def __init__(self, curve: Curve, weighted: bool, what: str) -> None:
        self.curve, self.weighted, self.what = curve, weighted, what
        self.terms = 0

    def _height(self, z: Real) -> Real:
        found = self.curve(z)
        if found is None:
            return mp.ninf
        # Between the peaks of f and of f d, which for a heavy tail lie apart.
        return found[0] + mp.log(found[1]) / 2 if self.weighted else found[0]

    def integrals(self) -> tuple[Real, Estimate, Estimate | None]:
        """``(u, a, b)``: the integrals are ``exp(u) a`` and, where asked for, ``exp(u) a b``.

        Raises
        ------
        Undecided
            If they are not settled to :data:`GOAL`.
        """
        self.peak, flank = climb(self._height, mp.zero, mp.one)
        self.width = min(flank, mp.one)
        top = self.curve(self.peak)
        assert top is not None
        self.unit, self.distance_unit = top
        left, right, sums = self._first_sums()
        history = [self._every_second, sums]
        for level in range(FIRST_LEVEL + 1, LAST_LEVEL + 1):
            odd = [mp.zero, mp.zero]
            left, right = 2 * left, 2 * right
            for k in range(left + 1, right, 2):
                a, b = self._term(k, level) or (mp.zero, mp.zero)
                odd[0] += a
                odd[1] += b
            half = mp.ldexp(1, -level)
            sums = [old / 2 + new * half for old, new in zip(history[-1], odd, strict=True)]
            history.append(sums)
            errors = [_error([past[i] for past in history[-3:]]) for i in range(2)]
            if max(errors[: 1 + self.weighted]) < GOAL:
                return self._result(sums, errors)
            if self.terms > MOST_TERMS:
                break
        raise Undecided(f"second route: {self.what} has not settled with {self.terms} terms")

    def _result(
        self, sums: list[Real], errors: list[Real]
    ) -> tuple[Real, Estimate, Estimate | None]:
        total = sums[0] * self.width
        mass = Estimate(total, total * errors[0])
        if not self.weighted:
            return self.unit, mass, None
        ratio = sums[1] / sums[0] * self.distance_unit
        return self.unit, mass, Estimate(ratio, ratio * (errors[0] + errors[1]))

    def _term(self, k: int, level: int) -> tuple[Real, Real] | None:
        self.terms += 1
        sinh, cosh = _node(k, level, mp.prec)
        found = self.curve(self.peak + self.width * sinh)
        if found is None:
            return None
        value = mp.exp(found[0] - self.unit) * cosh
        return value, value * found[1] / self.distance_unit if self.weighted else value

    def _first_sums(self) -> tuple[int, int, list[Real]]:
        """The range of s that matters, and the sums with the first step, and with twice that."""
        centre = self._term(0, FIRST_LEVEL)
        assert centre is not None
        sums = list(centre)
        even = list(centre)
        ends = []
        for side in (-1, 1):
            quiet, k = 0, 0
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
                negligible = all(b <= a * NEGLIGIBLE for a, b in zip(sums, found, strict=True))
                quiet = quiet + 1 if negligible else 0
            ends.append(k)
        step = mp.ldexp(1, -FIRST_LEVEL)
        self._every_second = [value * step * 2 for value in even]
        return ends[0], ends[1], [value * step for value in sums]

    @staticmethod
    def _small(term: tuple[Real, Real], sums: list[Real]) -> bool:
        return all(b <= a * GOAL for a, b in zip(sums, term, strict=True))


def _error(history: list[Real]) -> Real:
    """The relative error of the last of three sums, extrapolated as mpmath's ``quad`` does.

    Errors like ``exp(-c/h^a)`` have ``log e3 / log e2 = log e2 / log e1``, which is 2^a. It is capped
    at 1.4, as for a = 1/2: where singularities draw near the line further out, a is below 1.
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
    return 10 * second**exponent + floor
