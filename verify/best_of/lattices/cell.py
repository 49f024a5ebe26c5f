"""A density beside a lattice: what it has on all cells of the lattice, seen from one cell.

With atoms at ``step k`` and ``t = step K + s``, ``0 <= s < step``, the density of U at t is
``sum over m of p(K + m) f_V(s - step m)``: the values of ``f_V(s - step m)`` are the same for
each K. The cell is cut where an end of V falls into it, and each part has a Gauss-Legendre rule
(:mod:`verify.best_of.lattices.stretches`).
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import acb, arb, arb_mat, ctx, fmpq

from verify.best_of.convolution.interval_sums import Place, largest
from verify.best_of.lattices.stretches import (
    CLOSEST_BITS,
    PARAMETERS,
    Cuts,
    RootPlace,
    Stretch,
    bits_lost,
    boxes,
    half_width,
    is_graded,
    reach,
)
from verify.best_of.parts.density import Density, Parts
from verify.best_of.parts.far import Side
from verify.best_of.parts.leaves import error_bound, goal_bits, lost_bits, points
from verify.enclosure import Undecided, working_precision

#: Halvings of a part of a cell.
MOST_HALVINGS = 12
#: Cells on which V is looked at, on either side.
MOST_CELLS = 2**11
#: Bits by which a rule's error is below the goal; one of the many beside an end.
RULE_BITS, GRADED_BITS = 4, 10


@dataclass(frozen=True)
class Window:
    """The cells on which V is not left out: ``s - step m`` for m from ``first`` to ``last``.

    Attributes
    ----------
    first, last : int
        The shifts.
    mass, of_v : arb
        Bounds of what is left out, and of ``E|V|`` there.
    """

    first: int
    last: int
    mass: arb
    of_v: arb


@dataclass(frozen=True)
class Row:
    """What V has on one cell: at the nodes, and bounds on the ellipse of each stretch.

    Attributes
    ----------
    density, of_v : list of arb
        ``f(v)`` and ``v f(v)`` at the nodes.
    between : list of arb
        ``Pr(v - step < V <= v)`` at the nodes, and at last for s = 0.
    sizes, of_sizes : list of list of arb
        Bounds of the two for each stretch, for each of its parameters; NaN: not known.
    left, of_left : arb
        What is left out next to ends of V, on this cell: the mass, and ``E|V|``.
    """

    density: list[arb]
    of_v: list[arb]
    between: list[arb]
    sizes: list[list[arb]]
    of_sizes: list[list[arb]]
    left: arb
    of_left: arb


class Cell:
    """V, which has no atoms, on one cell of a lattice.

    Parameters
    ----------
    parts : Parts
        V, taken apart.
    step : arb
        The length of a cell.
    window : Window
        The cells that the rules are made for.
    stretches : int
        Stretches of equal length to begin with.
    growth : float
        By how much ``Pr(V <= s - step m)``, summed over m, may grow on an ellipse; the less, the
        better for a weight that is steep on a cell.

    Raises
    ------
    Undecided
        If no rule does.
    """

    def __init__(
        self, parts: Parts, step: fmpq, window: Window, stretches: int, growth: float
    ) -> None:
        self.parts, self.step, self.exact, self.growth = parts, arb(step), step, growth
        self._rows: dict[int, Row] = {}
        self._matrices: dict[tuple[int, int], tuple[arb_mat, arb_mat, arb_mat]] = {}
        self._knots = [k.place for d in parts.densities for k in d.knots if k.real]
        self.stretches: list[Stretch] = []
        self.left_out: list[tuple[arb, arb]] = []
        waiting = [(place, 0) for place in self._places(stretches)]
        while waiting:
            place, depth = waiting.pop()
            stretch = self._stretch(place, window)
            if stretch is not None:
                self.stretches.append(stretch)
            elif depth == MOST_HALVINGS:
                law = parts.densities[0].law
                raise Undecided(f"{law}: too narrow beside a lattice, or not smooth enough")
            else:
                waiting += [(half, depth + 1) for half in place.halves()]
        self.nodes = [node for stretch in self.stretches for node in stretch.nodes()]

    def _places(self, stretches: int) -> list[Place]:
        """The stretches to begin with; what lies next to ends of V is left out."""
        cuts = Cuts(self.parts, self.exact)
        found = list(cuts.places(stretches))
        self.left_out += cuts.left_out
        return found

    def _stretch(self, place: Place, window: Window) -> Stretch | None:
        """A part with a rule that is good enough; None: there is none."""
        is_one_of_many = is_graded(place)
        goal = arb(2) ** (-goal_bits() - (GRADED_BITS if is_one_of_many else RULE_BITS))
        counts = range(2, points() + 1, 2) if is_one_of_many else [points()]
        half, best = half_width(place), None
        for parameter in PARAMETERS:
            total = arb(0)
            for m in range(window.first, window.last + 1):
                total += self._size(place, parameter, m)
                if not error_bound(half, total, parameter, counts[-1]) < goal:
                    break
            else:
                if not total * reach(place, parameter) < self.growth:
                    continue
                found = next(c for c in counts if error_bound(half, total, parameter, c) < goal)
                best = found if best is None else min(best, found)
        return None if best is None else Stretch(place, best)

    def _inside(self, place: Place, m: int) -> list[Density]:
        """The densities that live on a stretch of a cell."""
        middle = place.t(place.middle) - self.step * m
        return [
            density
            for density in self.parts.densities
            if (density.low is None or middle > density.low)
            and (density.high is None or middle < density.high)
        ]

    def _size(self, place: Place, parameter: float, m: int) -> arb:
        """A bound of density times slope on the ellipse of a parameter."""
        densities = self._inside(place, m)
        if not densities:
            return arb(0)
        ends = {}
        if isinstance(place, RootPlace):
            ends = {end.density: end for row, end in place.corners if row == m}
        sizes = []
        with working_precision(ctx.prec + (bits_lost(place) if is_graded(place) else 0)):
            for y in self._boxes(place, parameter, m):
                v, slope = acb(place.t(y)) - self.exact * m, acb(place.slope(y)).abs_upper()
                parts = (ends[d].over(y) if d in ends else d.over(v) * slope for d in densities)
                sizes.append(sum(parts, arb(0)))
        return largest(sizes)

    def _boxes(self, place: Place, parameter: float, m: int) -> list[acb]:
        """The upper half of the ellipse of a parameter, in y, as fine as a cell needs it."""
        return boxes(place, parameter)

    def region(self, stretch: Stretch, parameter: float) -> tuple[acb, arb]:
        """A box around the s of an ellipse of a stretch, and a bound of the slope there."""
        place, found, slopes = stretch.place, [], []
        for y in boxes(place, parameter):
            found.append(acb(place.t(y)))
            slopes.append(acb(place.slope(y)).abs_upper())
        real, imag = found[0].real, found[0].imag
        for s in found[1:]:
            real, imag = real.union(s.real), imag.union(s.imag)
        return acb(real, imag), largest(slopes)

    def row(self, m: int) -> Row:
        """V on the cell of a shift."""
        if m not in self._rows:
            found = Row([], [], [], [], [], *self._left(m))
            for stretch in self.stretches:
                inside = self._inside(stretch.place, m)
                for s, _ in stretch.nodes():
                    self._add_node(found, inside, s, m)
                place, parameters = stretch.place, stretch.parameters
                sizes = [self._size(place, parameter, m) for parameter in parameters]
                far = [self._farthest(place, parameter, m) for parameter in parameters]
                found.sizes.append(sizes)
                found.of_sizes.append([a * b for a, b in zip(sizes, far, strict=True)])
            found.between.append(self._between(-self.step * m))
            self._rows[m] = found
        return self._rows[m]

    def _add_node(self, row: Row, inside: list[Density], s: arb, m: int) -> None:
        """What V has at a node of a cell."""
        lost = self._lost(s, m)
        with working_precision(ctx.prec + lost):
            v = s - self.exact * m
            height = sum((d.at(v) for d in inside), arb(0))
            between = self._between(v)
        row.density.append(+height)
        row.of_v.append(height * v)
        row.between.append(+between)

    def _left(self, m: int) -> tuple[arb, arb]:
        """What is left out next to ends of V, on a cell."""
        mass, of_v = arb(0), arb(0)
        with working_precision(ctx.prec + CLOSEST_BITS):
            for ends in self.left_out:
                low, high = (s - self.exact * m for s in ends)
                own = sum((d.mass(low, high) for d in self.parts.densities), arb(0))
                mass, of_v = mass + own, of_v + own * abs(low.union(high))
        return mass.upper(), of_v.upper()

    def _lost(self, s: arb, m: int) -> int:
        """Bits by which V is to be known better there, and a cell before, to show the distance."""
        found = 0
        with working_precision(ctx.prec + CLOSEST_BITS):
            for shift in (m, m + 1):
                for knot in self._knots:
                    distance = abs(s - self.exact * shift - knot)
                    found = max(found, lost_bits(distance)) if distance < 1 else found
        return found

    def _farthest(self, place: Place, parameter: float, m: int) -> arb:
        """A bound of |v| on the ellipse of a parameter."""
        ellipse = boxes(place, parameter)
        return largest((acb(place.t(y)) - self.step * m).abs_upper() for y in ellipse)

    def _between(self, v: arb) -> arb:
        return sum((d.mass(v - self.exact, v) for d in self.parts.densities), arb(0))

    def matrices(self, window: Window) -> tuple[arb_mat, arb_mat, arb_mat]:
        """``f(v)``, ``v f(v)`` and ``Pr(v - step < V <= v)``: a row a shift, a column a node."""
        key = window.first, window.last
        if key not in self._matrices:
            rows = [self.row(m) for m in range(window.first, window.last + 1)]
            self._matrices[key] = (
                arb_mat([row.density for row in rows]),
                arb_mat([row.of_v for row in rows]),
                arb_mat([row.between for row in rows]),
            )
        return self._matrices[key]


def window(parts: Parts, step: arb, goal: arb) -> Window | None:
    """The least cells beyond which V has less than a goal; None for more than are looked at."""
    found = []
    for side in (+1, -1):
        seen = Side(parts, side)
        low, high = -1, 1
        while high < MOST_CELLS and not seen.mass(side * step * high) < goal:
            low, high = high, 2 * high
        if not seen.mass(side * step * high) < goal:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if seen.mass(side * step * middle) < goal else (middle, high)
        with working_precision(2 * ctx.prec):  # a part of a mean may be a difference
            moment = seen.moment(side * step * high)
        found.append((high, seen.mass(side * step * high), moment))
    (right, *above), (left, *below) = found
    return Window(-right, left, (above[0] + below[0]).upper(), (above[1] + below[1]).upper())
