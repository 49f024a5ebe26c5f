"""The law of ``U = X + V``, where one of X and V has light atoms on a lattice, the other a density.

U has an end of V at every atom of the lattice. There it is taken cell by cell: on one cell V is
expanded once (:mod:`verify.best_of.lattices.light_cell`). The density on cell K is the sum over
rows j of ``p(K - j)`` times that of row j: a coefficient of the product of two polynomials, for all
cells at once. Beyond the cells, where U is smooth, it is expanded on intervals that grow, as any
other law (:mod:`verify.best_of.panels`).

*How well V is to be known.* In the best of n, what is missed near t counts with ``n F(t)^(n-1)``,
and what is beyond t has the mass ``S = Pr(U > t)``; as ``n S F^(n-1) < 1``, what is missed is to be
small against S. In row j that is the least of ``S(K)/p(K - j)`` over the cells K, times a share.
What is missed in fact is summed up for each cell: it is bounded, however that was chosen.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import floor, gcd, inf, lcm

from flint import arb, arb_poly, ctx, fmpq

from verify.best_of.convolution.atoms_beside import Special
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.lattices.corners import Corner, corners
from verify.best_of.lattices.light_cell import (
    SPARE_BITS,
    LightCell,
    Needs,
    Stretch,
    Tip,
)
from verify.best_of.line import MOST_DRAWS_BITS
from verify.best_of.panel import Panel
from verify.best_of.panels import SumLaw, by_place
from verify.best_of.parts.density import Parts, take_apart
from verify.best_of.parts.far import Beyond, Side
from verify.best_of.parts.jumps import Jump, Lump
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.parts.sizes import v_and_x
from verify.conditioning.parts import components, is_atomic
from verify.enclosure import working_precision
from verify.law import Law
from verify.progress import Progress

#: Points of a lattice at most, and cells between the first end of V and its last one.
MOST_POINTS, MOST_ROWS = 2000, 300
#: Bits by which the share of S that may be missed is above the goal.
SHARE_BITS = 4
#: Bits below the goal of what is nothing to the largest n.
LEAST_BITS = 4


@dataclass(frozen=True)
class Lattice:
    """Atoms at ``shift + step i`` for i = 0, 1, ..., some of which may have no mass.

    Attributes
    ----------
    shift, step : fmpq
        Where they are; the step is above 0.
    masses : list of arb
        What they have.
    """

    shift: fmpq
    step: fmpq
    masses: list[arb]

    @classmethod
    def of(cls, parts: Parts) -> Lattice | None:
        """The atoms of a law on their coarsest lattice; None if there are too few, or too many."""
        places = [x for x, _ in parts.atoms]
        if len(places) < 2:
            return None
        apart = [x - places[0] for x in places[1:]]
        unit = lcm(*(int(x.q) for x in apart))
        step = fmpq(gcd(*(int((x * unit).p) for x in apart)), unit)
        count = int((apart[-1] / step).p) + 1
        if count > MOST_POINTS:
            return None
        masses = [arb(0)] * count
        for x, mass in parts.atoms:
            masses[int(((x - places[0]) / step).p)] = mass
        return cls(places[0], step, masses)

    def place(self, k: int) -> fmpq:
        """Where a cell begins."""
        return self.shift + self.step * k


class LightSum(SumLaw):
    """The law of ``U = X + V``, where one has atoms on a lattice, the other has none.

    Parameters
    ----------
    lattice : Lattice
        The atoms.
    atoms, light : Parts
        The law that has them, and the other one.
    corners : list of Corner
        Where the ends of the other one fall into a cell.
    is_v : bool
        Whether V has the atoms.
    progress, seconds
        See :class:`SumLaw`.

    Raises
    ------
    Undecided
        If it takes too much work.
    """

    def __init__(
        self,
        lattice: Lattice,
        atoms: Parts,
        light: Parts,
        corners: list[Corner],
        is_v: bool,
        progress: Progress | None,
        seconds: float | None,
    ) -> None:
        self.lattice, self.light, self.corners, self.is_v = lattice, light, corners, is_v
        self._closed: dict[int, arb] = {}
        error, utility = (light, atoms) if is_v else (atoms, light)
        super().__init__(error, utility, None, progress, seconds)

    def _work(self) -> list[Callable[[], None]]:
        """The cells, and the intervals beyond them."""
        self.scale = min((s for pair in self.pairs for s in pair.spreads()), key=float)
        self.cells = self._range()
        first, last = self.cells[0], self.cells[-1]
        self.start, self.end = arb(self.lattice.place(first)), arb(self.lattice.place(last + 1))
        needs = self._needs(first, last)
        self.cell = LightCell(self.light, self.lattice.step, self.corners, needs, self.check_time)
        outer = [
            place
            for at, side in ((self.start, -1), (self.end, +1))
            for place in self._outward(Special(at, False, True), side)
        ]
        return [
            *(partial(self.cell.add, piece) for piece in self.cell.cuts()),
            *(partial(self._add, place, 0) for place in outer),
        ]

    @cached_property
    def pieces(self) -> list[Panel | Jump]:
        """In increasing order."""
        below, above = self._outer
        return [*below, *(piece for pieces in self._by_cell for piece in pieces), *above]

    @property
    def _outer(self) -> tuple[list[Panel | Jump], list[Panel | Jump]]:
        """Those below the cells, and above them."""
        outer = by_place(self.panels)
        before = sum(bool(panel.place.t(panel.place.middle) < self.start) for panel in self.panels)
        return outer[:before], outer[before:]

    @cached_property
    def _by_cell(self) -> list[list[Panel | Jump]]:
        """The pieces of each cell."""
        return Cells(self.lattice, self.cell.pieces, self.cells, self.is_v).pieces()

    def pieces_from(self, cut: fmpq) -> list[Panel | Jump]:
        """Those from where a cell begins on, which is not before the first one.

        What an end of V has next to it is at the end: that is no matter of places.
        """
        first = int(((cut - self.lattice.place(self.cells[0])) / self.lattice.step).p)
        return [*(piece for pieces in self._by_cell[first:] for piece in pieces), *self._outer[1]]

    @property
    def ends(self) -> tuple[arb, arb]:
        """Where the pieces begin and end."""
        first, last = super().ends
        return first.min(self.start), last.max(self.end)

    def beyond(self, t: arb, side: int) -> Beyond:
        """Bounds of what lies above t (side +1) or below it: nothing beyond the end of U."""
        if side in self._closed and not side * (t - self._closed[side]) < 0:
            return Beyond(arb(0), arb(0), arb(0))
        return super().beyond(t, side)

    # ---- which cells ------------------------------------------------------------------------

    def _range(self) -> range:
        """The cells: from the first to the last end of a density of U.

        Cells that are nothing to best-of-n are left to bounds, on either side.
        """
        place, rows = self.lattice.place, [corner.row for corner in self.corners]
        if not rows:  # where V has no ends, U changes most where its middle is
            step = float(arb(self.lattice.step))
            knots = [knot for density in self.light.densities for knot in density.knots]
            rows = [floor(float(knot.place) / step) for knot in knots]
        first, last = min(rows), max(rows) + len(self.lattice.masses) - 1
        for side, k in ((-1, first), (+1, last + 1)):
            sides = (Side(parts, side) for parts in (self.error, self.utility))
            if all(seen.last is not None for seen in sides):
                self._closed[side] = arb(place(k))
        cells = range(first, last + 1)
        low = bisect_left(cells, True, key=lambda k: not self._is_negligible(arb(place(k + 1)), -1))
        high = bisect_left(cells, True, key=lambda k: self._is_negligible(arb(place(k + 1)), +1))
        return range(min(first + low, last), min(first + high, last) + 1)

    def _needs(self, first: int, last: int) -> Needs:
        """How well each row is to be known: guessed, in floats."""
        masses, step = self.lattice.masses, self.lattice.step
        start, seen = first - len(masses) + 1, Side(self.light, +1)
        above = [seen.mass(arb(step * (j + 1))) for j in range(start, last + 1)]
        survival = arb_poly(masses) * arb_poly(above)
        share, least = (
            arb(2) ** -bits
            for bits in (goal_bits() - SHARE_BITS, MOST_DRAWS_BITS + goal_bits() + LEAST_BITS)
        )
        ends = [corner for corner in self.corners if corner.is_top]
        top = ends[0].row if ends and ends[0].row + len(masses) - 1 == last else None
        goals = [
            float((survival[k - start] * share).max(least))
            for k in range(first, last + (top is None))
        ]
        sizes, needs = [float(mass) for mass in masses], {}
        for j in range(start, last + 1):
            cells = range(max(first, j), min(first + len(goals), j + len(masses)))
            asked = [goals[k - first] / sizes[k - j] for k in cells if sizes[k - j] > 0]
            needs[j] = arb(min(asked, default=inf))
        return Needs(needs, top, share, least / masses[-1])


class Cells:
    """The cells of U, from what V has on one of them.

    Parameters
    ----------
    lattice : Lattice
        The atoms.
    found : sequence of Stretch and Tip
        V on a cell.
    cells : range
        The cells.
    is_v : bool
        Whether V has the atoms.
    """

    def __init__(
        self, lattice: Lattice, found: Sequence[Stretch | Tip], cells: range, is_v: bool
    ) -> None:
        self.lattice, self.found, self.cells, self.is_v = lattice, found, cells, is_v
        self.start = cells[0] - len(lattice.masses) + 1
        places = [lattice.place(i) for i in range(len(lattice.masses))]
        rows = zip(lattice.masses, places, strict=True)
        self.mass = arb_poly(lattice.masses)
        self.lifted = arb_poly([mass * x for mass, x in rows])
        rows = zip(lattice.masses, places, strict=True)
        self.sizes = arb_poly([mass * abs(x) for mass, x in rows])

    def pieces(self) -> list[list[Panel | Jump]]:
        """For each cell, in increasing order."""
        columns = [
            list(self._panels(piece) if isinstance(piece, Stretch) else self._tips(piece))
            for piece in self.found
        ]
        rows = zip(*columns, strict=True)
        return [[piece for pieces in row for piece in pieces] for row in rows]

    def _by_row(self, values: dict[int, arb]) -> arb_poly:
        """A polynomial with what each row has."""
        found = [arb(0)] * (self.cells[-1] - self.start + 1)
        for j, value in values.items():
            found[j - self.start] = +value
        return arb_poly(found)

    def _on_cells(self, polynomial: arb_poly) -> list[arb]:
        """What a product has for each cell."""
        return [polynomial[k - self.start] for k in self.cells]

    def _missed(self, rows: dict[int, tuple[arb, arb]]) -> list[tuple[arb, arb, arb]]:
        """What is missed on each cell, from what is missed in each row."""
        mass, own = (self._by_row({j: row[k] for j, row in rows.items()}) for k in (0, 1))
        products = self.mass * mass, self.mass * own, self.sizes * mass
        found = []
        for parts in zip(*(self._on_cells(product) for product in products), strict=True):
            total, of_own, of_lattice = (abs(part).upper() for part in parts)
            found.append((total, *v_and_x(of_lattice, of_own, self.is_v)))
        return found

    def _panels(self, stretch: Stretch) -> Iterator[list[Panel]]:
        """A stretch of each cell; none where there is nothing."""
        rows = stretch.rows
        # A polynomial density times v has a term more.
        length = max(
            (len(part) for row in rows.values() for part in (row.mass, row.of_v)), default=0
        )
        columns: list[list[list[arb]]] = [[], [], []]
        for t in range(length):
            mass = self._by_row({j: row.mass[t] for j, row in rows.items() if t < len(row.mass)})
            own = self._by_row({j: row.of_v[t] for j, row in rows.items() if t < len(row.of_v)})
            for column, product in zip(
                columns, (self.mass * mass, self.mass * own, self.lifted * mass), strict=True
            ):
                column.append(self._on_cells(product))
        missed = self._missed({j: row.missed for j, row in rows.items()})
        for index, k in enumerate(self.cells):
            total, own_part, lifted = (
                arb_poly([values[index] for values in column]) for column in columns
            )
            miss = missed[index]
            if total.degree() < 0 and miss[0] == 0:
                yield []
                continue
            place = _moved(stretch.place, self.lattice.place(k))
            yield [Panel(place, total, *v_and_x(lifted, own_part, self.is_v), miss)]

    def _tips(self, tip: Tip) -> Iterator[list[Panel | Jump]]:
        """What lies next to a corner, for each cell.

        The rest is to the right: the ranks of the corner's own mass allow for it.
        """
        corner, masses = tip.corner, self.lattice.masses
        low = (tip.distance.log() - 1).mid()
        for k, miss in zip(self.cells, self._missed(tip.rest), strict=True):
            found: list[Panel | Jump] = []
            at = self.lattice.place(k) + corner.at
            i = k - corner.row
            if tip.mass is not None and 0 <= i < len(masses) and masses[i] > 0:
                mass, x = tip.mass * masses[i], self.lattice.place(i)
                parts = v_and_x(mass * x, mass * tip.v, self.is_v)
                sizes = v_and_x(mass * abs(arb(x)), mass * abs(tip.v).upper(), self.is_v)
                found.append(Lump(at, mass, *parts, sizes))
            if miss[0] > 0:
                place = Place(low, tip.distance.log(), arb(at), corner.side)
                found.append(Panel.unknown(place, Beyond(*miss)))
            yield found


def _moved(place: Place, by: fmpq) -> Place:
    """The same stretch of another cell."""
    if place.origin is None:
        return Place(place.low + by, place.high + by)
    return Place(place.low, place.high, place.origin + by, place.side)


def beside_light(
    law: Law, other: Law, is_v: bool, progress: Progress | None, seconds: float | None
) -> LightSum | None:
    """The law of U, where a law has light atoms on a lattice, and another has none; else None.

    Parameters
    ----------
    law, other : Law
        The one with the atoms, and the other one.
    is_v : bool
        Whether V has the atoms.
    progress, seconds
        See :class:`SumLaw`.

    Raises
    ------
    Undecided
        If it takes too much work.
    """
    if not all(is_atomic(part.law) for part in components(law)) or is_atomic(other):
        return None
    return light_sum(take_apart(law), other, is_v, progress, seconds)


def light_sum(
    atoms: Parts, other: Law, is_v: bool, progress: Progress | None, seconds: float | None
) -> LightSum | None:
    """The same for atoms that need not have all of a law's mass."""
    lattice = Lattice.of(atoms)
    if lattice is None:
        return None
    with working_precision(ctx.prec + SPARE_BITS):
        light = take_apart(other)
    if light.atoms or light.left_out:
        return None
    is_endless = any(rest.side > 0 for rest in atoms.left_out)
    ends = corners(light, lattice.step, not is_endless)
    rows = [corner.row for corner in ends or []]
    if ends is None or max(rows, default=0) - min(rows, default=0) > MOST_ROWS:
        return None
    return LightSum(lattice, atoms, light, ends, is_v, progress, seconds)
