"""Gauss-Legendre rules on pieces of a density, with a bound of their error.

A rule of m points is exact for polynomials of degree below 2m, and its weights are positive. So on
an interval of half-width h its error for an f that is at most M on the ellipse of parameter r > 1
around it (foci at the ends) is at most ``4 h`` times the error of the best polynomial,
``8 h M r^(1 - 2m)/(r - 1)`` in all (Trefethen, *Is Gauss quadrature better than Clenshaw-Curtis?*).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from flint import acb, arb, ctx

from verify.best_of.parts.density import Density, Knot
from verify.best_of.parts.sizes import Node, Nodes, Sizes
from verify.enclosure import working_precision

#: Bits of the working precision that are not asked of densities.
SPARE_BITS = 36
#: Parameters of the ellipses that are tried.
ELLIPSES = (10.0, 6.0, 4.0, 2.7, 2.0, 1.5)
#: The last piece of an endless ray that is looked at.
LAST_PIECE = 600
#: Pieces grow by this factor with the distance from where they start.
GROWTH = 4


@lru_cache(maxsize=64)
def _rule(points: int, bits: int) -> tuple[tuple[arb, arb], ...]:
    return tuple(arb.legendre_p_root(points, k, weight=True) for k in range(points))


def goal_bits() -> int:
    """Bits to which densities are sought at the precision in force."""
    return int(ctx.prec) - SPARE_BITS


def points() -> int:
    """Points of a rule: enough for the smaller ellipses."""
    return goal_bits() // 5 + 2


def most_points() -> int:
    """Points of the largest rule: it is better to halve an interval than to take more."""
    return 2 * points() - 4


def rule(count: int | None = None) -> tuple[tuple[arb, arb], ...]:
    """Points and weights on [-1, 1], at the precision in force."""
    return _rule(points() if count is None else count, ctx.prec)


def oval(middle: arb, wide: arb, tall: arb, columns: int, rows: int) -> list[acb]:
    """Boxes that cover the upper half of an ellipse with axes parallel to the real line.

    A function that is real on the real line has conjugate values on the lower half.
    """
    boxes = []
    for k in range(columns):
        left, right = (2 * arb(k + j) / columns - 1 for j in (0, 1))
        nearest = arb(0) if left < 0 < right else abs(left).min(abs(right))
        height = tall * (1 - nearest * nearest).sqrt() if nearest > 0 else tall
        column = (middle + wide * left).union(middle + wide * right)
        for j in range(rows):
            boxes.append(acb(column, (height * j / rows).union(height * (j + 1) / rows)))
    return boxes


def ellipse(middle: arb, half: arb, parameter: float) -> list[acb]:
    """Boxes that cover the upper half of the ellipse of a parameter about an interval."""
    r = arb(parameter)
    return oval(middle, (r + 1 / r) / 2 * half, (r - 1 / r) / 2 * half, 4, 1)


def error_bound(half: arb, size: arb, parameter: float, count: int | None = None) -> arb:
    """The bound in the module's docstring, for a rule of so many points (None: the usual one)."""
    r = arb(parameter)
    return 8 * half * size * r ** (1 - 2 * (points() if count is None else count)) / (r - 1)


def fewest(sizes: Sizes, factor: arb, numbers: range, goals: Sizes) -> tuple[Sizes, int] | None:
    """The smallest number of points with an error within goals, and the error; None: there is none.

    Parameters
    ----------
    sizes : Sizes
        The errors for no points at all.
    factor : arb
        What each point makes of them.
    numbers : range
        Numbers of points, in increasing order.
    goals : Sizes
        What the errors may be.
    """
    if not sizes.times(factor ** numbers[-1]).within(goals):
        return None
    for count in numbers:
        found = sizes.times(factor**count)
        if found.within(goals):
            return found, count
    return None


def smallest_rule(
    errors: Iterable[tuple[float, arb, tuple[arb, arb]]],
    half: arb,
    goals: Sizes,
) -> tuple[Sizes, int] | None:
    """The smallest rule with an error within goals, and the error; None: there is none.

    Parameters
    ----------
    errors : iterable of tuple
        Parameters of ellipses, the larger ones first, and bounds on them: of the integrand, and of
        |v| and |x|.
    half : arb
        Half the width of the interval.
    goals : Sizes
        What the errors may be.
    """
    best: tuple[Sizes, int] | None = None
    for parameter, size, (v, x) in errors:
        error = error_bound(half, size, parameter, 0)
        sizes = Sizes(error, error * v, error * x)
        found = fewest(sizes, arb(parameter) ** -2, range(2, most_points() + 1, 2), goals)
        if best is not None and (found is None or found[1] >= best[1]):
            break
        best = found if found is not None else best
    return best


def lost_bits(distance: arb | None) -> int:
    """Bits by which a point so close to its knot is to be known better, to show its distance."""
    if distance is None or not distance > 0:
        return 0
    return max(0, -int(float(distance.log()) * 1.45))


@dataclass(frozen=True)
class Ray:
    """The part of a density on one side of a knot, up to a limit.

    Attributes
    ----------
    density : Density
        The density.
    knot : Knot
        Where it starts.
    side : int
        +1 to the right of the knot, -1 to its left.
    limit : arb or None
        Distance at which it ends; None if it does not.
    """

    density: Density
    knot: Knot
    side: int
    limit: arb | None
    _leaves: dict[int, Leaf] = field(default_factory=dict, compare=False)
    _masses: dict[object, arb] = field(default_factory=dict, compare=False)

    @cached_property
    def scale(self) -> arb:
        """Distance of the end of the first piece."""
        spread, room = self.density.spread, self.knot.room
        spread = spread if room is None else spread.min(room)
        return spread.mid() if self.limit is None else spread.min(self.limit / 2).mid()

    def start(self, k: int) -> arb:
        """Distance from the knot at which piece k starts."""
        if k == 0 and self.knot.regular:
            return arb(0)
        return (self.scale * arb(GROWTH) ** (k - 1)).mid()

    def reach(self, k: int) -> arb:
        """Distance from the knot at which piece k ends."""
        end = self.start(k + 1)
        return end if self.limit is None else end.min(self.limit).mid()

    def place(self, distance: arb) -> arb:
        """The point at a distance."""
        return self.knot.place + self.side * distance

    def _ordered(self, near: arb, far: arb | None) -> tuple[arb | None, arb | None]:
        ends = (self.place(near), None if far is None else self.place(far))
        return ends if self.side > 0 else (ends[1], ends[0])

    def mass(self, near: arb, far: arb | None) -> arb:
        """What the density has between two distances, which are exact."""
        key = ctx.prec, near.man_exp(), None if far is None else far.man_exp()
        if key not in self._masses:
            with working_precision(ctx.prec + lost_bits(near if near > 0 else far)):
                self._masses[key] = self.density.mass(*self._ordered(near, far))
        return self._masses[key]

    def moment(self, near: arb, far: arb | None) -> arb:
        """``int |x| density`` between two distances."""
        with working_precision(ctx.prec + lost_bits(near if near > 0 else far)):
            return self.density.moment(*self._ordered(near, far))

    def leaf(self, k: int) -> Leaf:
        """Piece k."""
        if k not in self._leaves:
            end = self.reach(k)
            if k == 0 and self.knot.regular:
                self._leaves[k] = Leaf(self, arb(0), end, False)
            else:
                self._leaves[k] = Leaf(self, self.start(k).log().mid(), end.log().mid(), True)
        return self._leaves[k]


class Leaf:
    """A piece of a ray with a rule, in the distance from the knot or in its logarithm."""

    def __init__(self, ray: Ray, low: arb, high: arb, in_log: bool) -> None:
        self.ray, self.low, self.high, self.in_log = ray, low, high, in_log
        self.middle, self.half = ((low + high) / 2).mid(), ((high - low) / 2).upper()
        self._nodes: dict[int, Nodes] = {}
        self._over: dict[float, list[tuple[acb, arb]]] = {}

    @cached_property
    def halves(self) -> tuple[Leaf, Leaf]:
        """The two halves."""
        ends = ((self.low, self.middle), (self.middle, self.high))
        return tuple(Leaf(self.ray, *end, self.in_log) for end in ends)  # type: ignore[return-value]

    @property
    def nodes(self) -> Nodes:
        """Points, and weights times the density, and those times the point."""
        return self.nodes_of(points())

    def nodes_of(self, count: int) -> Nodes:
        """The same for a rule of so many points."""
        if count not in self._nodes:
            self._nodes[count] = Nodes(self._points(count))
        return self._nodes[count]

    def _points(self, count: int) -> list[Node]:
        found = []
        # A point close to the knot is to show its distance.
        with working_precision(ctx.prec + self._lost):
            for root, weight in _rule(count, ctx.prec):
                s = (self.low + self.high) / 2 + (self.high - self.low) / 2 * root
                distance = s.exp() if self.in_log else s
                slope = distance if self.in_log else arb(1)
                point = self.ray.place(distance)
                size = weight * (self.high - self.low) / 2 * slope * self.ray.density.at(point)
                found.append((point, size))
        return [Node(+point, +size, point * size) for point, size in found]

    @cached_property
    def total(self) -> arb:
        """The sum of the weights."""
        return sum((node.mass for node in self.nodes.points), arb(0))

    @property
    def start(self) -> arb:
        """The distance from the knot at which it starts."""
        return self.low.exp() if self.in_log else self.low

    @property
    def reach(self) -> arb:
        """The distance from the knot at which it ends."""
        return self.high.exp() if self.in_log else self.high

    @property
    def hull(self) -> arb:
        """All its points."""
        return self.ray.place(self.start).union(self.ray.place(self.reach))

    def over(self, parameter: float) -> list[tuple[acb, arb]]:
        """The points of an ellipse, in boxes, with bounds of density times slope."""
        if parameter in self._over:
            return self._over[parameter]
        found = []
        with working_precision(ctx.prec + self._lost):
            for s in ellipse(self.middle, self.half, parameter):
                distance = s.exp() if self.in_log else s
                point = acb(self.ray.knot.place) + self.ray.side * distance
                size = self.ray.density.over(point)
                if self.in_log:
                    size = size * distance.abs_upper()
                found.append((point, size))
                if not size.is_finite():
                    break
        self._over[parameter] = found
        return found

    @property
    def _lost(self) -> int:
        return lost_bits(self.low.exp()) if self.in_log else 0


def rays(density: Density) -> dict[tuple[int, int], Ray]:
    """Both rays of each knot inside the support, the inner one of each end, by end and side."""
    knots = density.knots
    limit = None
    if len(knots) == 2:
        limit = ((knots[1].place - knots[0].place) / 2).mid()
    found = {}
    for knot in knots:
        for side in (-1, +1):
            if knot.end != side:
                found[knot.end, side] = Ray(density, knot, side, limit)
    return found
