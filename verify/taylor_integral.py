"""Certified integrals of functions known by their Taylor series.

Over an interval of half-width r about m, a function is its Taylor polynomial at m plus a remainder
``c(v) (v - m)^n``, where c(v) lies in the coefficient of order n expanded at the interval
(Lagrange). So two expansions enclose an integral. Intervals whose share of the error is too large
are halved. An expansion that cannot be had, at a singular end say, is replaced by a bound.

Against :mod:`verify.quadrature` this needs no complex arguments: it takes survival functions and
quantiles as :mod:`verify.taylor_series` expands them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flint import arb, arb_series, ctx

from verify.errors import InputError
from verify.taylor_series import series_length, variable

#: Intervals that are looked at before the answer is left as wide as it is.
MOST_INTERVALS = 4000
#: Intervals that make less than this share of the error are left alone for the time being.
SMALL_SHARE = arb(2) ** -8

#: The functions to integrate, expanded at ``v + e``; NaN where they cannot be.
Expansion = Callable[[arb_series], tuple[arb_series, ...]]
#: Enclosures of the integrals over an interval that need no expansion.
Bound = Callable[[arb, arb], tuple[arb, ...]]


@dataclass(frozen=True)
class _Part:
    low: arb
    high: arb
    values: tuple[arb, ...]


class TaylorIntegral:
    """Integrals of several functions at once, the first of which is positive.

    Parameters
    ----------
    expansion, bound : callable
        The functions, and enclosures of their integrals that always exist.
    """

    def __init__(self, expansion: Expansion, bound: Bound) -> None:
        self.expansion, self.bound = expansion, bound
        self.order = 2 * (ctx.prec // 10) + 4  # even, so that (v - m)^n has one sign
        self.parts: list[_Part] = []
        self.settled: list[tuple[arb, ...]] = []
        self.count = 0

    def add(self, low: arb, high: arb) -> None:
        """Add the interval between two exact points; the functions are smooth inside it."""
        self.count += 1
        values = self._expanded(low, high)
        if values is None or not values[0].rad() < abs(values[0]):
            bound = self.bound(low, high)
            values = bound if values is None or bound[0].rad() < values[0].rad() else values
        self.parts.append(_Part(low, high, values))

    def add_bound(self, values: tuple[arb, ...]) -> None:
        """Add what lies elsewhere, by its enclosures."""
        self.settled.append(values)

    def totals(self) -> tuple[arb, ...]:
        """The integrals, as wide as they are now."""
        return _sums([part.values for part in self.parts] + self.settled)

    def refine(self, bits: int) -> tuple[arb, ...]:
        """Halve intervals until the integrals have about ``bits`` bits, or the effort ends.

        An error is held against its integral and the first one together, so that an integral that
        happens to vanish is no obstacle.
        """
        goal = arb(2) ** -bits
        while self.parts:
            inside = _sums([part.values for part in self.parts])
            least = inside[0].lower() if inside[0] > 0 else arb(0)
            wanted = [goal * (least + (abs(value).lower() if least > 0 else 0)) for value in inside]
            errors = [
                sum((part.values[k].rad() for part in self.parts), arb(0))
                for k in range(len(inside))
            ]
            pairs = list(zip(errors, wanted, strict=True))
            if all(error <= want for error, want in pairs) or self.count > MOST_INTERVALS:
                break
            floors = [error * SMALL_SHARE for error in errors]
            shares = [
                max(want, floor) / (2 * len(self.parts))
                for want, floor in zip(wanted, floors, strict=True)
            ]
            self._halve(shares)
        return self.totals()

    def _halve(self, shares: list[arb]) -> None:
        """Halve the intervals of which some integral's error is above its share."""
        parts, self.parts = self.parts, []
        for part in parts:
            middle = ((part.low + part.high) / 2).mid()
            pairs = zip(part.values, shares, strict=True)
            fine = all(value.rad() <= share for value, share in pairs)
            if fine or not part.low < middle < part.high:
                self.parts.append(part)
            else:
                self.add(part.low, middle)
                self.add(middle, part.high)

    def _expanded(self, low: arb, high: arb) -> tuple[arb, ...] | None:
        middle, interval = ((low + high) / 2).mid(), low.union(high)
        with series_length(self.order + 1):
            try:
                around = self.expansion(variable(interval, self.order + 1))
                if any(series.prec <= self.order for series in around):
                    raise AssertionError("an expansion is shorter than the series it was asked at")
                rests = [series[self.order] for series in around]
                if not all(rest.is_finite() for rest in rests):
                    return None
                at = self.expansion(variable(middle, self.order))
            except InputError:
                raise
            except (ZeroDivisionError, ValueError):  # a series is divided by one that may be 0
                return None
            radius = ((high - low) / 2).upper()
            pairs = zip(at, rests, strict=True)
            values = tuple(_integrated(series, rest, radius, self.order) for series, rest in pairs)
        return values if all(value.is_finite() for value in values) else None


def _integrated(series: arb_series, rest: arb, radius: arb, order: int) -> arb:
    """The polynomial of degree below ``order`` and the remainder, over ``[-radius, radius]``."""
    total, power = arb(0), 2 * radius
    for k in range(0, order, 2):
        total += series[k] * power / (k + 1)
        power = power * radius * radius
    return total + rest * power / (order + 1)


def _sums(values: Iterable[tuple[arb, ...]]) -> tuple[arb, ...]:
    return tuple(sum(column, arb(0)) for column in zip(*values, strict=True))
