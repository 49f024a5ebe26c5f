"""A density beside a lattice: what it has on all cells of the lattice, seen from one cell.

With atoms at ``step k`` and ``t = step K + s``, ``0 <= s < step``, the density of U at t is
``sum over m of p(K + m) f_V(s - step m)``: the values of ``f_V(s - step m)`` are the same for
each K. The cell is cut where an end of V falls into it, and each part has a Gauss-Legendre rule.

Next to an end where V is not smooth the rules are in ``y``, the logarithm of the distance d from
it: there ``f_V d`` is what is integrated over y. What V has within some least distance is left
out, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log

from flint import acb, arb, arb_mat, ctx, fmpq

from verify.best_of.convolution.interval_sums import Place, largest
from verify.best_of.parts.density import Density, Knot, Parts
from verify.best_of.parts.far import Side
from verify.best_of.parts.leaves import (
    ELLIPSES,
    ellipse,
    error_bound,
    goal_bits,
    lost_bits,
    points,
    rule,
)
from verify.enclosure import Undecided, working_precision

#: Parameters of the ellipses on which the rules are bounded.
PARAMETERS = ELLIPSES[:4]
#: Halvings of a part of a cell.
MOST_HALVINGS = 12
#: Cells on which V is looked at, on either side.
MOST_CELLS = 2**11
#: Bits by which a rule's error is below the goal; one of the many beside an end.
RULE_BITS, GRADED_BITS = 4, 10
#: How far apart stretches beside an end begin, as a logarithm.
STEP = log(16)
#: Bits by which what is left out next to an end is below the goal; how close that is, at most.
LEFT_BITS, CLOSEST_BITS = 8, 512


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
class Corner:
    """Where an end of V falls into the cell.

    Attributes
    ----------
    at : arb
        The place in the cell.
    density : Density
        What ends.
    knot : Knot
        Its end.
    """

    at: arb
    density: Density
    knot: Knot

    @property
    def side(self) -> int:
        """On which side of it V is: +1 for the right."""
        return -self.knot.end

    def closest(self, width: arb) -> arb:
        """A distance, exact, up to which V has next to nothing; below a width.

        On other cells V need not be small there: the distance is next to nothing itself.
        """
        goal = arb(2) ** (-goal_bits() - LEFT_BITS)
        for bits in range(goal_bits() + LEFT_BITS, CLOSEST_BITS, 2):
            distance = (width * arb(2) ** -bits).mid()
            with working_precision(ctx.prec + lost_bits(distance)):
                end = self.knot.place
                other = end + self.side * distance
                ends = (end, other) if self.side > 0 else (other, end)
                if self.density.mass(*ends) < goal:
                    return distance
        raise Undecided(f"{self.density.law}: too much of it is next to its end")


@dataclass(frozen=True)
class Stretch:
    """A part of the cell, which has a rule.

    Attributes
    ----------
    place : Place
        It, in s or in the logarithm of a distance.
    points : int
        Those of the rule.
    """

    place: Place
    points: int

    def reach(self, parameter: float) -> arb:
        """How far from its interval a point of an ellipse is at most, in y."""
        return _reach(self.place, parameter)

    def missed(self, size: arb, parameter: float) -> arb:
        """A bound of its rule's error, for what is bounded on an ellipse."""
        return error_bound(_half(self.place), size, parameter, self.points)

    def nodes(self) -> list[tuple[arb, arb]]:
        """Points s and weights; a point is known well enough to show its distance from an end."""
        place, found = self.place, []
        middle, half = (place.low + place.high) / 2, (place.high - place.low) / 2
        near = None if place.origin is None else place.low.exp()
        for root, weight in rule(self.points):
            y = middle + half * root
            with working_precision(ctx.prec + lost_bits(near)):
                s = place.t(y)
            found.append((s, half * weight * place.slope(y)))
        return found


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
        Bounds of the two for each stretch, for each of :data:`PARAMETERS`; NaN: not known.
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
            count = self._points(place, window)
            if count is not None:
                self.stretches.append(Stretch(place, count))
            elif depth == MOST_HALVINGS:
                law = parts.densities[0].law
                raise Undecided(f"{law}: too narrow beside a lattice, or not smooth enough")
            else:
                waiting += [(half, depth + 1) for half in place.halves()]
        self.nodes = [node for stretch in self.stretches for node in stretch.nodes()]

    def _corners(self) -> list[Corner]:
        """Where the ends of V are; one between two cells is where V lies."""
        found = []
        for density in self.parts.densities:
            for knot in density.knots:
                if not knot.real:
                    continue
                place = density.law.support[0 if knot.end < 0 else 1]
                if not isinstance(place, int | fmpq):
                    raise Undecided(f"{density.law}: its end is not rational")
                count = int((fmpq(place) / self.exact).floor())
                if knot.end > 0 and place == self.exact * count:
                    count -= 1
                found.append(Corner(arb(place - self.exact * count), density, knot))
        return found

    def _places(self, stretches: int) -> Iterator[Place]:
        """The stretches to begin with."""
        corners = self._corners()
        cuts = [arb(self.exact * k / stretches) for k in range(stretches + 1)]
        for corner in corners:
            if all(corner.at > cut or corner.at < cut for cut in cuts):
                cuts.append(corner.at)
        for low, high in pairwise(sorted(cuts, key=float)):
            left, right = (
                [c for c in corners if c.side == side and not c.knot.regular and c.at.overlaps(cut)]
                for side, cut in ((+1, low), (-1, high))
            )
            middle = ((low + high) / 2).mid()
            if left and right:
                yield from self._graded(left, middle)
                yield from self._graded(right, middle)
            elif left:
                yield from self._graded(left, high)
            elif right:
                yield from self._graded(right, low)
            else:
                yield Place(low, high)

    def _graded(self, corners: list[Corner], end: arb) -> Iterator[Place]:
        """Stretches from where some ends of V are to a point, in the logarithm of the distance."""
        first = corners[0]
        width = abs(end - first.at)
        closest = min((corner.closest(width) for corner in corners), key=float)
        with working_precision(ctx.prec + lost_bits(closest)):
            inner = first.at + first.side * closest
        self.left_out.append((first.at, inner) if first.side > 0 else (inner, first.at))
        low, high = closest.log().mid(), width.log()
        count = ceil(float(high - low) / STEP)
        cuts = [low, *((low + (high - low) * k / count).mid() for k in range(1, count)), high]
        for near, far in pairwise(cuts):
            yield Place(near, far, first.at, first.side)

    def _points(self, place: Place, window: Window) -> int | None:
        """The points of a rule that is good enough; None: there is none."""
        is_graded = place.origin is not None
        goal = arb(2) ** (-goal_bits() - (GRADED_BITS if is_graded else RULE_BITS))
        counts = range(2, points() + 1, 2) if is_graded else [points()]
        half, best = _half(place), None
        for parameter in PARAMETERS:
            total = arb(0)
            for m in range(window.first, window.last + 1):
                total += self._size(place, parameter, m)
                if not error_bound(half, total, parameter, counts[-1]) < goal:
                    break
            else:
                if not total * _reach(place, parameter) < self.growth:
                    continue
                found = next(c for c in counts if error_bound(half, total, parameter, c) < goal)
                best = found if best is None else min(best, found)
        return best

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
        boxes = ellipse(place.middle, _half(place), parameter)
        sizes = []
        near = None if place.origin is None else place.low.exp()
        with working_precision(ctx.prec + lost_bits(near)):
            for y in boxes:
                v = acb(place.t(y)) - self.exact * m
                slope = abs(place.slope(y)) if place.origin is None else y.exp().abs_upper()
                sizes.append(sum((d.over(v) for d in densities), arb(0)) * slope)
        return largest(sizes)

    def region(self, stretch: Stretch, parameter: float) -> tuple[acb, arb]:
        """A box around the s of an ellipse of a stretch, and a bound of the slope there."""
        place, found, slopes = stretch.place, [], []
        for y in ellipse(place.middle, _half(place), parameter):
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
                sizes = [self._size(stretch.place, parameter, m) for parameter in PARAMETERS]
                far = [self._farthest(stretch.place, parameter, m) for parameter in PARAMETERS]
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
        boxes = ellipse(place.middle, _half(place), parameter)
        return largest((acb(place.t(y)) - self.step * m).abs_upper() for y in boxes)

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


def _half(place: Place) -> arb:
    """At least half the width of a part in y, measured from its middle, which is exact."""
    return abs(place.high - place.middle).max(abs(place.low - place.middle)).upper()


def _reach(place: Place, parameter: float) -> arb:
    """How far from an interval of y a point of an ellipse is at most."""
    r = arb(parameter)
    return (_half(place) * ((r + 1 / r) / 2 - 1 + (r - 1 / r) / 2)).upper()


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
