"""The density of U on an interval of t, as polynomials with bounds of what they miss.

Rules make of the density a sum ``sum_j c_j f_X(t - v_j)`` and the like, which is analytic. Its
Taylor polynomial of degree below K misses, for ``|e| <= r``, at most ``M (r/R)^K/(1 - r/R)`` where
M is a bound for ``|e| <= R`` (Cauchy).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import acb, arb, arb_series

from verify.best_of.density import Density
from verify.best_of.leaves import goal_bits, oval
from verify.taylor_series import variable

#: The radius on which sums are bounded, as a multiple of an interval's half-width, and the bits
#: that a term of a polynomial gains with it.
RADIUS, TERM_BITS = 3.3, 1.72
#: Columns and rows of the boxes that cover half a disc.
BOXES = (8, 3)
#: Bits by which the polynomials may fall short of what is sought.
SHORT_BITS = 6
#: A bound of a piece on the disc, over the density, that is not made sharper.
ENOUGH = 2.0**-2
#: Pieces that may be halved before an interval of t is taken to be too wide.
MOST_HALVED = 150
#: By this factor and more bounds allow for the rounding of an interval's ends.
WIDER = 1 + arb(2) ** -20


def terms() -> int:
    """Terms of a polynomial, at the precision in force."""
    return int(goal_bits() / TERM_BITS) + 2


class TooWide(Exception):
    """An interval of t on which the density could not be expanded."""


@dataclass(frozen=True)
class Place:
    """An interval of ``t``, in t itself or in the logarithm of its distance from a point.

    Attributes
    ----------
    low, high : arb
        Its ends in y, exact; ``t = y``, or ``origin + side exp(y)``.
    origin : arb or None
        None: the variable is t.
    side : int
        Of the origin.
    """

    low: arb
    high: arb
    origin: arb | None = None
    side: int = 1

    @property
    def middle(self) -> arb:
        """Its middle in y."""
        return ((self.low + self.high) / 2).mid()

    @property
    def half(self) -> arb:
        """Half its width in y."""
        return (self.high - self.low) / 2

    def t(self, y: Any) -> Any:
        """The t of a y, in any arithmetic."""
        return y if self.origin is None else self.origin + self.side * y.exp()

    @property
    def falls(self) -> bool:
        """Whether t falls as y rises."""
        return self.origin is not None and self.side < 0

    @cached_property
    def ends(self) -> tuple[arb, arb]:
        """The least and the largest t."""
        ends = self.t(self.low), self.t(self.high)
        return (ends[1], ends[0]) if self.falls else ends

    @cached_property
    def hull(self) -> arb:
        """All its t."""
        return self.ends[0].union(self.ends[1])

    def slope(self, y: Any) -> Any:
        """``|dt/dy|`` at a y."""
        return arb(1) if self.origin is None else y.exp()

    @cached_property
    def disc(self) -> list[acb]:
        """The upper half of the disc of y on which sums are bounded, in boxes."""
        radius = self.half * RADIUS * WIDER
        return oval(self.middle, radius, radius, *BOXES)

    @cached_property
    def regions(self) -> list[acb]:
        """The t of that."""
        return [acb(self.t(y)) for y in self.disc]

    @cached_property
    def region(self) -> acb:
        """One box for them all."""
        real, imag = self.regions[0].real, self.regions[0].imag
        for box in self.regions[1:]:
            real, imag = real.union(box.real), imag.union(box.imag)
        return acb(real, imag)

    def halves(self) -> tuple[Place, Place]:
        """Its two halves."""
        return (
            Place(self.low, self.middle, self.origin, self.side),
            Place(self.middle, self.high, self.origin, self.side),
        )


@dataclass(frozen=True)
class Expansion:
    """What is known of the measure of U on an interval, in y.

    Attributes
    ----------
    densities : tuple of arb_series
        Of the mass, and times ``E[V | U = t]`` and ``E[X | U = t]``.
    missed : tuple of arb
        Bounds of the total variation of what the three leave out.
    """

    densities: tuple[arb_series, ...]
    missed: tuple[arb, ...]


class Sums:
    """Collects the pieces of one interval of t; flint's cap on series is :func:`terms` meanwhile.

    Parameters
    ----------
    place : Place
        The interval.
    estimate : arb
        About the density at its middle, or more, where it need not be known so well.
    """

    def __init__(self, place: Place, estimate: arb) -> None:
        self.place, self.estimate = place, estimate
        self.halved = 0
        self.terms = terms()
        self.t: arb_series = place.t(variable(place.middle, self.terms))
        self.parts: list[arb_series] = [0 * self.t for _ in range(3)]
        self.bounds = [arb(0)] * 3
        self.quadrature = [arb(0)] * 3
        self.neglected = [arb(0)] * 3

    @property
    def tolerance(self) -> arb:
        """Of the density, for one piece."""
        return self.estimate * arb(2) ** (-goal_bits() - 4)

    @property
    def enough(self) -> arb:
        """Of the density on the disc: a bound of one piece so small need not be sharper."""
        return self.estimate * ENOUGH

    def count(self) -> None:
        """Count a piece that had to be halved.

        Raises
        ------
        TooWide
            When there are too many.
        """
        self.halved += 1
        if self.halved > MOST_HALVED:
            raise TooWide

    def add_nodes(
        self, nodes: list[tuple[arb, arb]], kernel: Density, is_v: bool, hull: arb
    ) -> None:
        """The sum of ``c f(t - p)`` over points p of V (or of X) in a hull, and its bounds."""
        regions = [self.place.region]
        size = _one_bound(kernel, regions[0], nodes, hull)
        if not size < self.enough:
            regions = self.place.regions
            size = largest(
                _kernel_bound(kernel, region, nodes, hull, self.enough) for region in regions
            )
        own = size * abs(hull).abs_upper()
        rest = size * largest((region - acb(hull)).abs_upper() for region in regions)
        self.bound(size, own if is_v else rest, rest if is_v else own)
        total, moment = 0 * self.t, 0 * self.t
        for point, mass in nodes:
            height = kernel.series(self.t - point) * mass
            total, moment = total + height, moment + height * point
        other = self.t * total - moment
        self._add(total, moment if is_v else other, other if is_v else moment)

    def add_term(self, mass: arb_series, v: arb_series, x: arb_series) -> None:
        """A term of the density, and the V and X it is at."""
        self._add(mass, mass * v, mass * x)

    def _add(self, *parts: arb_series) -> None:
        self.parts = [a + b for a, b in zip(self.parts, parts, strict=True)]

    def bound(self, *sizes: arb) -> None:
        """Bounds of terms, and of them times |V| and |X|, on the disc.

        Raises
        ------
        TooWide
            If they are too large.
        """
        self.bounds = [a + b for a, b in zip(self.bounds, sizes, strict=True)]
        if not self._left(0) < self.estimate * arb(2) ** (SHORT_BITS - goal_bits()):
            raise TooWide

    def _left(self, k: int) -> arb:
        """What the polynomial for t misses on the interval."""
        return WIDER * self.bounds[k] * arb(RADIUS) ** -self.terms / (1 - 1 / arb(RADIUS))

    def add_error(self, size: arb, v: arb, x: arb) -> None:
        """The error of a rule, where |V| and |X| are at most so large."""
        for k, factor in enumerate((arb(1), v, x)):
            self.quadrature[k] = self.quadrature[k] + size * factor

    def neglect(self, mass: arb, of_v: arb, of_x: arb) -> None:
        """Leave out a part of the measure."""
        for k, part in enumerate((mass, of_v, of_x)):
            self.neglected[k] = self.neglected[k] + part.abs_upper()

    def expansion(self) -> Expansion:
        """The polynomials, and what they miss.

        Raises
        ------
        TooWide
            If they miss too much.
        """
        place, width = self.place, 2 * self.place.half
        slope = place.slope(variable(place.middle, self.terms))
        series = tuple(part * slope for part in self.parts)
        if any(part.prec < self.terms for part in series):
            raise AssertionError("a series is shorter than it was asked for")
        steepest = abs(arb(place.slope(place.low.union(place.high)))).upper()
        on_disc = largest(acb(place.slope(y)).abs_upper() for y in place.disc)
        missed = tuple(
            (
                (self._left(k) * on_disc + self.quadrature[k] * steepest) * width
                + self.neglected[k]
            ).upper()
            for k in range(3)
        )
        most = self.estimate * steepest * width * arb(2) ** (SHORT_BITS + 2 - goal_bits())
        if not missed[0] < most:
            raise TooWide
        return Expansion(series, missed)


def largest(sizes: Iterable[arb]) -> arb:
    """The largest of some bounds; NaN if one is not finite."""
    found = arb(0)
    for size in sizes:
        if not size.is_finite():
            return arb.nan()
        found = found.max(size)
    return found


def _one_bound(kernel: Density, region: acb, nodes: list[tuple[arb, arb]], hull: arb) -> arb:
    """A bound of ``sum c |f(t - p)|`` for t in a region, by that of f."""
    return sum((abs(c) for _, c in nodes), arb(0)) * kernel.over(region - acb(hull))


def _kernel_bound(
    kernel: Density, region: acb, nodes: list[tuple[arb, arb]], hull: arb, enough: arb
) -> arb:
    """A bound of ``sum c |f(t - p)|`` for t in a region; halves of the nodes, if it is large."""
    total = _one_bound(kernel, region, nodes, hull)
    if total < enough or len(nodes) == 1:
        return total
    middle = len(nodes) // 2
    total = arb(0)
    for part in (nodes[:middle], nodes[middle:]):
        own = part[0][0].union(part[-1][0])
        total += _kernel_bound(kernel, region, part, own, enough / 2)
        if not total.is_finite():
            break
    return total
