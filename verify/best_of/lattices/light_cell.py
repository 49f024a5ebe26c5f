"""A density beside light atoms on a lattice: its polynomials on one cell, the same for all cells.

With atoms of mass ``p(i)`` at ``shift + step i``, the density of U at ``shift + step K + s``,
``0 <= s < step``, is the sum of ``p(K - j) f(s + step j)`` over the rows j, for every cell K. So
each ``f(s + step j)`` is expanded once: the cell is cut into stretches, and on each of them it is,
in a variable y from -1 to 1, the Taylor polynomial of degree below T. If it is at most M on the
disc of radius R, that misses at most ``2 M R^-T/(1 - 1/R)`` of its integral (Cauchy), geometrically
little in T. A stretch on which a row has too large an M is halved, unless V has next to nothing
there.

*Next to an end of V*, where it may not be smooth, the variable is the logarithm of the distance d
from the end: then ``f d`` is what is expanded, and a power of d is smooth. The other rows are
nearly constant there. So stretches may be the wider the closer they are, and few of them reach down
to d = ``step 2^-64``. Up to there a cell has, of V's own mass next to the end, a :class:`Lump`: at
one point, as far as best-of-n can tell, as all the other rows have next to nothing on so short a
way, which is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import acb, arb, arb_series, ctx, fmpq

from verify.best_of.convolution.interval_sums import RADIUS, WIDER, Place, terms
from verify.best_of.lattices.corners import Corner
from verify.best_of.panel import ROUNDED_BITS
from verify.best_of.parts.density import Density, Parts
from verify.best_of.parts.leaves import lost_bits
from verify.enclosure import Undecided, working_precision
from verify.taylor_series import series_length, variable

#: How close to an end of V stretches come, in bits of the step.
CLOSE_BITS = 64
#: Bits of working precision that V is to be taken apart with beyond the usual ones, so that points
#: next to its ends show their distance.
SPARE_BITS = 2 * CLOSE_BITS
#: The first stretch that ends so far from an end as the cell allows is so wide, as a logarithm, and
#: others are a share of the way to where it ends.
WIDEST, WIDEST_SHARE = 0.9, 0.6
#: Halvings of a stretch.
MOST_HALVINGS = 24
#: Terms beyond those that a density needs which is bounded by its own size.
MORE_TERMS = 4


@dataclass(frozen=True)
class Row:
    """What V has on a stretch in one row, in y from -1 to 1 as s rises.

    Attributes
    ----------
    mass, of_v : list of arb
        The coefficients of the density, and of it times v; none: all of it is missed.
    missed : tuple of arb
        Of the mass, and of E|V|.
    """

    mass: list[arb]
    of_v: list[arb]
    missed: tuple[arb, arb]


@dataclass(frozen=True)
class Stretch:
    """A part of the cell, with what V has on it in each row."""

    place: Place
    rows: dict[int, Row]


@dataclass(frozen=True)
class Tip:
    """What lies next to a sharp corner: V's own mass there, and bounds of all the rest.

    Attributes
    ----------
    corner : Corner
        The corner.
    distance : arb
        How far it reaches.
    mass : arb or None
        What V has there of its own; None where that is next to nothing, and one of the rest.
    v : arb
        The v that it is at.
    rest : dict of (arb, arb)
        For each row the mass, and E|V|.
    """

    corner: Corner
    distance: arb
    mass: arb | None
    v: arb
    rest: dict[int, tuple[arb, arb]]


@dataclass(frozen=True)
class Needs:
    """How much may be missed of V in a row, on a stretch.

    Attributes
    ----------
    rows : dict of arb
        For each row that matters, the mass.
    top : int or None
        The row with the largest value of U: next to that there is no mass beyond to compare with.
    share, least : arb
        There it may be a share of what the row has on the stretch, or so much.
    """

    rows: dict[int, arb]
    top: int | None
    share: arb
    least: arb

    def at(self, row: int, mass: arb | None = None) -> arb:
        """What may be missed in a row; the mass it has on a stretch, for the top one."""
        need = self.rows[row]
        if row != self.top:
            return need
        least = self.least if mass is None else self.least.max(self.share * mass)
        return need.min(least)


class LightCell:
    """V, which has no atoms, on one cell of a lattice.

    Parameters
    ----------
    parts : Parts
        V, taken apart with :data:`SPARE_BITS` more.
    step : fmpq
        The length of a cell.
    ends : list of Corner
        Its corners.
    needs : Needs
        How well it is to be known.
    check_time : callable
        Called again and again; it may raise.

    Attributes
    ----------
    pieces : list of Stretch and Tip
        What was added, in that order.
    """

    def __init__(
        self,
        parts: Parts,
        step: fmpq,
        ends: list[Corner],
        needs: Needs,
        check_time: Callable[[], None],
    ) -> None:
        self.parts, self.step, self.corners, self.needs = parts, step, ends, needs
        self.check_time = check_time
        # The rows that fail first are those next to the ends of V, or its middle.
        knots = [float(knot.place / arb(step)) for d in parts.densities for knot in d.knots]
        rows = sorted(needs.rows, key=lambda j: min(abs(j + 0.5 - knot) for knot in knots))
        self.terms = terms() + MORE_TERMS
        self.little = self._little(rows)
        self.rows = [j for j in rows if j not in self.little]
        self.pieces: list[Stretch | Tip] = []

    def _little(self, rows: list[int]) -> dict[int, Row]:
        """Rows that are left out on every stretch."""
        found = {}
        for j in rows:
            ends = arb(self.step * j), arb(self.step * (j + 1))
            left = self._left_out(self.parts.densities, *ends)
            if left[0] <= self.needs.at(j):
                found[j] = Row([], [], left)
        return found

    @staticmethod
    def _left_out(densities: Sequence[Density], low: arb, high: arb) -> tuple[arb, arb]:
        """What densities have from one v to another: the mass, and E|V|."""
        mass = sum((d.mass(low, high) for d in densities), arb(0)).upper()
        return mass, (mass * abs(low.union(high))).upper()

    def add(self, piece: Place | Corner) -> None:
        """Expand V on a stretch, halved as often as need be; or what lies next to a corner.

        Raises
        ------
        Undecided
            If V is too narrow.
        """
        if isinstance(piece, Corner):
            self.pieces.append(self._tip(piece))
            return
        waiting = [(piece, 0)]
        while waiting:
            place, depth = waiting.pop()
            self.check_time()
            rows = self._rows_on(place)
            if rows is not None:
                self.pieces.append(Stretch(place, rows))
            elif depth == MOST_HALVINGS:
                law = self.parts.densities[0].law
                raise Undecided(f"{law}: too narrow beside a lattice, or not smooth enough")
            else:
                halves = place.halves()
                waiting += [(half, depth + 1) for half in halves[:: 1 if place.falls else -1]]

    # ---- the cell, cut ----------------------------------------------------------------------

    def cuts(self) -> Iterator[Place | Corner]:
        """What to :meth:`add`: stretches to begin with, and sharp corners, in increasing order."""
        ends = sorted({fmpq(0), self.step, *(corner.at for corner in self.corners)})
        sharp = {(corner.at, corner.side): corner for corner in self.corners if corner.is_sharp}
        for low, high in pairwise(ends):
            left, right = sharp.get((low, +1)), sharp.get((high, -1))
            middle = (low + high) / 2
            if left is not None:
                yield left
                yield from self._graded(left, high if right is None else middle)
            if right is not None:
                yield from self._graded(right, low if left is None else middle)
                yield right
            if left is None and right is None:
                yield Place(arb(low).mid(), arb(high).mid())

    @property
    def _closest(self) -> arb:
        """How close stretches come to a sharp corner, as a logarithm."""
        return (arb(self.step) * arb(2) ** -CLOSE_BITS).log().mid()

    def _graded(self, corner: Corner, end: fmpq) -> list[Place]:
        """From next to a corner to a point, or back: in the logarithm of the distance."""
        low, high = self._closest, arb(abs(end - corner.at)).log().mid()
        cuts = [high]
        while cuts[-1] > low:
            way = (WIDEST_SHARE * (high - cuts[-1])).max(arb(WIDEST))
            cuts.append((cuts[-1] - way).mid().max(low))
        with working_precision(ctx.prec + SPARE_BITS):
            at = arb(corner.at)
        places = [Place(near, far, at, corner.side) for near, far in pairwise(cuts[::-1])]
        return places[:: corner.side]

    def _tip(self, corner: Corner) -> Tip:
        """What lies closer to a corner than stretches come."""
        distance = self._closest.exp().upper()
        rest = {j: row.missed for j, row in self.little.items()}
        with working_precision(ctx.prec + SPARE_BITS):
            at = arb(corner.at)
            near = at.union(at + corner.side * distance)
            for j in self.rows:
                others = [
                    d
                    for d in self._inside(near.mid(), j)
                    if not (d is corner.density and j == corner.row)
                ]
                rest[j] = self._next_to(others, near + self.step * j, distance)
            first = corner.knot.place
            last = first + corner.side * distance
            ends = (first, last) if corner.side > 0 else (last, first)
            mass = corner.density.mass(*ends)
        v = first.union(last)
        if mass > 0 and not mass <= self.needs.at(corner.row):
            return Tip(corner, distance, +mass, v, rest)
        little = mass.upper(), (mass * abs(v)).upper()
        old = rest[corner.row]
        rest[corner.row] = (old[0] + little[0]).upper(), (old[1] + little[1]).upper()
        return Tip(corner, distance, None, v, rest)

    @staticmethod
    def _next_to(densities: list[Density], place: arb, distance: arb) -> tuple[arb, arb]:
        """Bounds of what densities have on a short way: the mass, and E|V|."""
        total = arb(0)
        for density in densities:
            found = density.over(acb(place)) * distance
            total += found if found.is_finite() else density.mass(place.lower(), place.upper())
        return total.upper(), (total * abs(place)).upper()

    # ---- a stretch --------------------------------------------------------------------------

    def _inside(self, s: arb, row: int) -> list[Density]:
        """The densities that live about a point of the cell in a row."""
        v = s + self.step * row
        return [
            density
            for density in self.parts.densities
            if (density.low is None or v > density.low)
            and (density.high is None or v < density.high)
        ]

    def _rows_on(self, place: Place) -> dict[int, Row] | None:
        """V on a stretch; None where that is too wide."""
        near = None if place.origin is None else place.low.exp()
        found = dict(self.little)
        with working_precision(ctx.prec + lost_bits(near)), series_length(self.terms):
            y = variable(place.middle, self.terms)
            s, slope = place.t(y), place.slope(y)
            boxes = Boxes(place)
            middle = place.t(place.middle)
            bounded = []
            for j in self.rows:
                inside = self._inside(middle, j)
                missed = self._missed(boxes, inside, j)
                if missed is None:
                    return None
                bounded.append((j, inside, missed))
            for j, inside, missed in bounded:
                found[j] = self._row(place, inside, s + self.step * j, slope, missed)
        return found

    def _missed(
        self, boxes: Boxes, inside: list[Density], row: int
    ) -> tuple[tuple[arb, arb], bool] | None:
        """What the polynomials of a row miss, and whether they are 0; None for too much."""
        if not inside:
            return (arb(0), arb(0)), True
        shift = arb(self.step * row)
        low, high = (end + shift for end in boxes.place.ends)
        is_top = row == self.needs.top
        mass = self._left_out(inside, low, high) if is_top else None
        need = self.needs.at(row, None if mass is None else mass[0])
        share = WIDER * arb(RADIUS) ** -self.terms / (1 - 1 / arb(RADIUS)) * 2 * boxes.place.half
        for size, of_v in boxes.sizes(inside, shift):
            if share * size <= need:
                return ((share * size).upper(), (share * of_v).upper()), False
        left = mass or self._left_out(inside, low, high)
        return (left, True) if left[0] <= need else None

    def _row(
        self,
        place: Place,
        inside: list[Density],
        v: arb_series,
        slope: arb_series,
        missed: tuple[tuple[arb, arb], bool],
    ) -> Row:
        """The polynomials of a row."""
        if missed[1]:
            return Row([], [], missed[0])
        mass = sum((density.series(v) for density in inside), 0 * v) * slope
        half = -place.half if place.falls else place.half
        rows = [_scaled(series, place.half, half) for series in (mass, mass * v)]
        # Where it ends is rounded, and so it is in its neighbours.
        rounded = [
            miss + sum((abs(c) for c in row), arb(0)) * arb(2) ** (ROUNDED_BITS - ctx.prec)
            for miss, row in zip(missed[0], rows, strict=True)
        ]
        return Row(rows[0], rows[1], (rounded[0].upper(), rounded[1].upper()))


class Boxes:
    """The disc of a stretch in boxes: one, some, or many, with bounds of the slope on them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        parts = [part for _, parts in place.blocks for part in parts]
        self.sets = [[place.region], [block for block, _ in place.blocks], parts]

    def _slope(self, box: acb) -> arb:
        place = self.place
        return arb(1) if place.origin is None else (box - place.origin).abs_upper()

    def sizes(self, densities: list[Density], shift: arb) -> Iterator[tuple[arb, arb]]:
        """Bounds of the densities times the slope, and of that times v, ever sharper."""
        for boxes in self.sets:
            size, of_v = arb(0), arb(0)
            for box in boxes:
                v = box + shift
                found = sum((d.over(v) for d in densities), arb(0)) * self._slope(box)
                if not found.is_finite():
                    size = of_v = arb.nan()
                    break
                size, of_v = size.max(found), of_v.max(found * v.abs_upper())
            yield size, of_v


def _scaled(series: arb_series, factor: arb, half: arb) -> list[arb]:
    """The coefficients in y over half a width, times a factor."""
    found = []
    for c in series.coeffs():
        found.append(c * factor)
        factor = factor * half
    return found
