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

from verify.best_of.parts.density import Density
from verify.best_of.parts.leaves import goal_bits, oval
from verify.best_of.parts.sizes import Nodes, Sizes, v_and_x
from verify.taylor_series import variable

#: The radius on which sums are bounded, as a multiple of an interval's half-width, and the bits
#: that a term of a polynomial gains with it.
RADIUS, TERM_BITS = 3.3, 1.72
#: Columns and rows of the boxes that cover half a disc.
BOXES = (8, 3)
#: They are looked at in so many blocks of columns first.
BLOCKS = 4
#: Bits by which a single piece is to be better than what is sought.
GOAL_BITS = 4
#: Bits by which the polynomials may fall short of what is sought.
SHORT_BITS = 6
#: A bound of a piece on the disc, over the density, that is not made sharper.
ENOUGH = 4
#: Pieces that may be halved before an interval of t is taken to be too wide.
MOST_HALVED = 150
#: By this factor and more bounds allow for the rounding of an interval's ends.
WIDER = 1 + arb(2) ** -20


def terms() -> int:
    """Terms of a polynomial, at the precision in force."""
    return int(goal_bits() / TERM_BITS) + 2


class TooWide(Exception):
    """An interval of t on which the density could not be expanded."""


def _hull(boxes: list[acb]) -> acb:
    """One box for some."""
    real, imag = boxes[0].real, boxes[0].imag
    for box in boxes[1:]:
        real, imag = real.union(box.real), imag.union(box.imag)
    return acb(real, imag)


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
    def blocks(self) -> list[tuple[acb, list[acb]]]:
        """Those by columns, each with one box for all of them."""
        columns, rows = BOXES
        size = rows * columns // BLOCKS
        parts = [self.regions[k : k + size] for k in range(0, rows * columns, size)]
        return [(_hull(part), part) for part in parts]

    @cached_property
    def region(self) -> acb:
        """One box for them all."""
        return _hull(self.regions)

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
        About the density at its middle.
    coarse : arb or None
        A density that is as good as none, where it need not be known so well.
    """

    def __init__(self, place: Place, estimate: arb, coarse: arb | None = None) -> None:
        self.place, self.coarse = place, arb(0) if coarse is None else coarse
        self.estimate = estimate.max(self.coarse)
        self.halved = 0
        self.terms = terms()
        self.t: arb_series = place.t(variable(place.middle, self.terms))
        self.parts: list[arb_series] = [0 * self.t for _ in range(3)]
        self.bounds = self.quadrature = self.neglected = Sizes(arb(0), arb(0), arb(0))

    def goals(self, own: Sizes | None = None) -> Sizes:
        """What one piece may miss of the density, and of it times |V| and |X|.

        Parameters
        ----------
        own : Sizes or None
            What the latter two are measured against; None: nothing is asked of them.
        """
        endless = arb.pos_inf()
        sizes = Sizes(self.estimate, endless, endless)
        if own is not None:
            sizes = Sizes(self.estimate, own.of_v, own.of_x)
        return sizes.times(arb(2) ** (-goal_bits() - GOAL_BITS))

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

    def add_nodes(self, nodes: Nodes, kernel: Density, is_v: bool, goals: Sizes) -> None:
        """The sum of ``c f(t - p)`` over points p of V (or of X), and its bounds."""
        self.bound(_bound(nodes, kernel, is_v, self.place, enough_of(goals)))
        total, moment = 0 * self.t, 0 * self.t
        for node in nodes.points:
            height = kernel.series(self.t - node.point)
            total, moment = total + height * node.mass, moment + height * node.moment
        other = self.t * total - moment
        self.add(total, *v_and_x(moment, other, is_v))

    def add_term(self, mass: arb_series, v: arb_series, x: arb_series) -> None:
        """A term of the density, and the V and X it is at."""
        self.add(mass, mass * v, mass * x)

    def add(self, *parts: arb_series) -> None:
        """A term of the density, and of it times V and X."""
        self.parts = [a + b for a, b in zip(self.parts, parts, strict=True)]

    def bound(self, sizes: Sizes) -> None:
        """Bounds of terms on the disc.

        Raises
        ------
        TooWide
            If they are too large.
        """
        self.bounds = self.bounds.plus(sizes)
        if not self._left(0) < self.estimate * arb(2) ** (SHORT_BITS - goal_bits()):
            raise TooWide

    def _left(self, k: int) -> arb:
        """What the polynomial for t misses on the interval."""
        return WIDER * self.bounds[k] * arb(RADIUS) ** -self.terms / (1 - 1 / arb(RADIUS))

    def add_error(self, sizes: Sizes) -> None:
        """The error of a rule."""
        self.quadrature = self.quadrature.plus(sizes)

    def neglect(self, sizes: Sizes) -> None:
        """Leave out a part of the measure."""
        self.neglected = self.neglected.plus(Sizes(*(size.abs_upper() for size in sizes)))

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


def enough_of(goals: Sizes) -> Sizes:
    """Bounds of a piece on the disc that need not be sharper, where it may miss so much."""
    return goals.times(arb(2) ** (goal_bits() + GOAL_BITS) * ENOUGH)


def largest(sizes: Iterable[arb]) -> arb:
    """The largest of some bounds; NaN if one is not finite."""
    found = arb(0)
    for size in sizes:
        if not size.is_finite():
            return arb.nan()
        found = found.max(size)
    return found


def _bound(nodes: Nodes, kernel: Density, is_v: bool, place: Place, enough: Sizes) -> Sizes:
    """Bounds of the sum over nodes on the disc: by one box, by some, or by many small ones."""
    found = _on_box(nodes, kernel, is_v, place.region, enough, halve=False)
    if found.within(enough):
        return found
    rows = []
    for box, parts in place.blocks:
        found = _on_box(nodes, kernel, is_v, box, enough, halve=False)
        if found.within(enough):
            rows.append(found)
        else:
            rows += [_on_box(nodes, kernel, is_v, part, enough, halve=True) for part in parts]
    return Sizes(*(largest(row[k] for row in rows) for k in range(3)))


def _on_box(
    nodes: Nodes, kernel: Density, is_v: bool, box: acb, enough: Sizes, halve: bool
) -> Sizes:
    """Bounds of the sum for t in a box; by halves of the nodes, if they are large."""
    away = box - acb(nodes.hull)
    total = nodes.bound(kernel.over(away), away, is_v)
    if not halve or len(nodes) == 1 or total.within(enough):
        return total
    enough = enough.times(arb(1) / 2)
    total = Sizes(arb(0), arb(0), arb(0))
    for half in nodes.halves:
        total = total.plus(_on_box(half, kernel, is_v, box, enough, halve))
        if not total.mass.is_finite():
            break
    return total
