"""A density beside a lattice: what it has on all cells of the lattice, seen from one cell.

With atoms at ``step k`` and ``t = step K + s``, ``0 <= s < step``, the density of U at t is
``sum over m of p(K + m) f_V(s - step m)``: the values of ``f_V(s - step m)`` are the same for
each K. The cell is cut where an end of V falls into it, and each part has a Gauss-Legendre rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from flint import acb, arb, arb_mat, ctx

from verify.best_of.density import Density, Parts
from verify.best_of.far import Side
from verify.best_of.interval_sums import largest
from verify.best_of.leaves import ELLIPSES, ellipse, error_bound, goal_bits, rule
from verify.enclosure import Undecided, working_precision

#: Parameters of the ellipses on which the rules are bounded.
PARAMETERS = ELLIPSES[:4]
#: Halvings of a part of a cell.
MOST_HALVINGS = 12
#: Cells on which V is looked at, on either side.
MOST_CELLS = 2**11
#: Bits by which a rule's error is below the goal.
RULE_BITS = 4


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
class Stretch:
    """A part of the cell, which has a rule.

    Attributes
    ----------
    low, high : arb
        Its ends.
    """

    low: arb
    high: arb

    @property
    def middle(self) -> arb:
        """About its middle, exact."""
        return ((self.low + self.high) / 2).mid()

    @property
    def half(self) -> arb:
        """At least half its width, measured from there."""
        return abs(self.high - self.middle).max(abs(self.low - self.middle)).upper()

    def boxes(self, parameter: float) -> list[acb]:
        """The upper half of the ellipse of a parameter."""
        return ellipse(self.middle, self.half, parameter)

    def reach(self, parameter: float) -> arb:
        """How far from its interval a point of that ellipse is at most."""
        r = arb(parameter)
        return (self.half * ((r + 1 / r) / 2 - 1 + (r - 1 / r) / 2)).upper()

    def nodes(self) -> list[tuple[arb, arb]]:
        """Points and weights."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return [(middle + half * root, half * weight) for root, weight in rule()]


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
    """

    density: list[arb]
    of_v: list[arb]
    between: list[arb]
    sizes: list[list[arb]]
    of_sizes: list[list[arb]]


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

    Raises
    ------
    Undecided
        If no rule does.
    """

    def __init__(self, parts: Parts, step: arb, window: Window, stretches: int) -> None:
        self.parts, self.step = parts, step
        self._rows: dict[int, Row] = {}
        self.stretches: list[Stretch] = []
        cuts = sorted(
            [*self._cuts(), *(step * k / stretches for k in range(stretches + 1))], key=float
        )
        waiting = [(Stretch(low, high), 0) for low, high in pairwise(cuts)][::-1]
        while waiting:
            stretch, depth = waiting.pop()
            if self._is_enough(stretch, window):
                self.stretches.append(stretch)
            elif depth == MOST_HALVINGS:
                law = parts.densities[0].law
                raise Undecided(f"{law}: too narrow beside a lattice, or not smooth enough")
            else:
                middle = stretch.middle
                halves = Stretch(stretch.low, middle), Stretch(middle, stretch.high)
                waiting += [(half, depth + 1) for half in reversed(halves)]
        self.nodes = [node for stretch in self.stretches for node in stretch.nodes()]

    def _cuts(self) -> list[arb]:
        """Where ends of V fall into the cell, in increasing order."""
        found: list[arb] = []
        for density in self.parts.densities:
            for knot in density.knots:
                if not knot.real:
                    continue
                count = (knot.place / self.step).floor().mid()
                inside = knot.place - self.step * count
                is_new = all(inside > x or inside < x for x in [arb(0), self.step, *found])
                if is_new and 0 < inside < self.step:
                    found.append(inside)
        return sorted(found, key=float)

    def _is_enough(self, stretch: Stretch, window: Window) -> bool:
        """Whether its rule is good enough."""
        goal = arb(2) ** (-goal_bits() - RULE_BITS)
        for parameter in PARAMETERS:
            total = arb(0)
            for m in range(window.first, window.last + 1):
                total += self._size(stretch, parameter, m)
                if not error_bound(stretch.half, total, parameter) < goal:
                    break
            else:
                return True
        return False

    def _inside(self, stretch: Stretch, m: int) -> list[Density]:
        """The densities that live on a stretch of a cell."""
        middle = stretch.middle - self.step * m
        return [
            density
            for density in self.parts.densities
            if (density.low is None or middle > density.low)
            and (density.high is None or middle < density.high)
        ]

    def _size(self, stretch: Stretch, parameter: float, m: int) -> arb:
        densities = self._inside(stretch, m)
        if not densities:
            return arb(0)
        points = [box - self.step * m for box in stretch.boxes(parameter)]
        return sum((largest(d.over(point) for point in points) for d in densities), arb(0)).upper()

    def row(self, m: int) -> Row:
        """V on the cell of a shift."""
        if m not in self._rows:
            density: list[arb] = []
            of_v: list[arb] = []
            between: list[arb] = []
            sizes: list[list[arb]] = []
            of_sizes: list[list[arb]] = []
            shift = self.step * m
            for stretch in self.stretches:
                inside = self._inside(stretch, m)
                for s, _ in stretch.nodes():
                    v = s - shift
                    height = sum((d.at(v) for d in inside), arb(0))
                    density.append(height)
                    of_v.append(height * v)
                    between.append(self._between(v))
                sizes.append([self._size(stretch, parameter, m) for parameter in PARAMETERS])
                of_sizes.append(
                    [
                        size
                        * largest((box - shift).abs_upper() for box in stretch.boxes(parameter))
                        for parameter, size in zip(PARAMETERS, sizes[-1], strict=True)
                    ]
                )
            between.append(self._between(-shift))
            self._rows[m] = Row(density, of_v, between, sizes, of_sizes)
        return self._rows[m]

    def _between(self, v: arb) -> arb:
        return sum((d.mass(v - self.step, v) for d in self.parts.densities), arb(0))

    def matrices(self, window: Window) -> tuple[arb_mat, arb_mat, arb_mat]:
        """``f(v)``, ``v f(v)`` and ``Pr(v - step < V <= v)``: a row a shift, a column a node."""
        rows = [self.row(m) for m in range(window.first, window.last + 1)]
        return (
            arb_mat([row.density for row in rows]),
            arb_mat([row.of_v for row in rows]),
            arb_mat([row.between for row in rows]),
        )


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
