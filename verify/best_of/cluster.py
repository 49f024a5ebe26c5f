"""Many pieces of a density as few points, for a kernel that is smooth on all of them.

Where a kernel g is at most M on the ellipse of parameter r > 1 around an interval, its polynomial
of degree ``m - 1`` through m Chebyshev points of the interval errs by at most
``4 M r^(1 - m)/(r - 1)`` (Trefethen, *Approximation Theory and Approximation Practice*, theorem
8.2, whose proof holds for the roots of T_m too). The density integrates that polynomial exactly, by
its moments ``int T_k f``: they are found once, whatever the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

from flint import acb, arb, ctx

from verify.best_of.density import Density
from verify.best_of.interval_sums import Place, largest
from verify.best_of.leaves import ELLIPSES, Leaf, ellipse, error_bound, goal_bits

#: Bits to which moments are sought, beyond the goal.
MOMENT_BITS = 16
#: Halvings of a piece for its moments.
MOST_HALVINGS = 8


def count() -> int:
    """Points of a cluster: enough for an ellipse of parameter 5."""
    return 2 * goal_bits() // 5 + 3


@lru_cache(maxsize=8)
def _angles(points: int, bits: int) -> list[list[arb]]:
    """``T_k`` at the Chebyshev points: a row for each point."""
    rows = []
    for i in range(points):
        angle = arb.pi() * (2 * i + 1) / (2 * points)
        rows.append([(angle * k).cos() for k in range(points)])
    return rows


class Cluster:
    """The first pieces of a ray, up to one of them.

    Parameters
    ----------
    leaves : sequence of Leaf
        The pieces, from the first one on.
    """

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves, self.ray = tuple(leaves), leaves[0].ray
        self.start, self.reach = leaves[0].start, leaves[-1].reach
        self._fits = ELLIPSES[0]  # the ellipse that did for the last piece does for most
        ends = [self.ray.place(distance) for distance in (self.start, self.reach)]
        self.middle = ((ends[0] + ends[1]) / 2).mid()
        # The points of pieces lie inside, their roundings included.
        half = abs(ends[1] - self.middle).max(abs(ends[0] - self.middle))
        self.half = (half * (1 + arb(2) ** (20 - ctx.prec))).upper()

    @cached_property
    def mass(self) -> arb:
        """A bound of its mass."""
        return self.ray.mass(self.start.lower(), self.reach.upper()).upper()

    @property
    def hull(self) -> arb:
        """All its points."""
        return self.middle + arb(0, self.half)

    @cached_property
    def nodes(self) -> list[tuple[arb, arb]] | None:
        """Points and weights; None where the moments are not to be had."""
        points = count()
        moments = self._moments(points)
        if moments is None:
            return None
        found = []
        for row in _angles(points, ctx.prec):
            terms = zip(row[1:], moments[1:], strict=True)
            weight = moments[0] + 2 * sum((t * moment for t, moment in terms), arb(0))
            found.append((self.middle + self.half * row[1], weight / points))
        return found

    def _moments(self, points: int) -> list[arb] | None:
        """``int T_k f`` for k below the number of points."""
        error = arb(0)
        nodes: list[tuple[arb, arb]] = []
        waiting = [(leaf, 0) for leaf in self.leaves]
        while waiting:
            leaf, depth = waiting.pop()
            own = self._leaf_error(leaf, points)
            if own is not None:
                error += own
                nodes += leaf.nodes
            elif depth < MOST_HALVINGS:
                waiting += [(half, depth + 1) for half in leaf.halves]
            else:
                return None
        totals = [arb(0)] * points
        for place, weight in nodes:
            x = (place - self.middle) / self.half
            last, now = arb(1), x
            for k in range(points):
                totals[k] += weight * last
                last, now = now, 2 * x * now - last
        return [total + arb(0, error.upper()) for total in totals]

    def _leaf_error(self, leaf: Leaf, points: int) -> arb | None:
        """A bound of what a rule misses of each moment, if it is small enough."""
        enough = self.mass * arb(2) ** (-goal_bits() - MOMENT_BITS)
        for parameter in sorted(ELLIPSES, key=lambda one: one != self._fits):
            size = largest(
                bound * self._growth(point) ** (points - 1) for point, bound in leaf.over(parameter)
            )
            error = error_bound(leaf.half, size, parameter)
            if error < enough:
                self._fits = parameter
                return error
        return None

    def _growth(self, z: acb) -> arb:
        """The parameter of the ellipse around the interval on which a point is: |T_k| is at most
        its power k."""
        x = (z - self.middle) / self.half
        axis = (((x - 1).abs_upper() + (x + 1).abs_upper()) / 2).max(arb(1))
        return (axis + (axis * axis - 1).sqrt()).upper()

    def error(self, kernel: Density, place: Place, tolerance: arb) -> tuple[arb, arb, arb] | None:
        """A bound of the error for ``f(t - v)``, t in an interval, that is small enough.

        With bounds of ``|v|`` and ``|t - v|`` at the points that it looked at.
        """
        t, degree = acb(place.hull), count() - 1
        for parameter in ELLIPSES[:4]:
            r = arb(parameter)
            boxes = ellipse(self.middle, self.half, parameter)
            size = largest(kernel.over(t - point) for point in boxes)
            error = 4 * self.mass * size * r**-degree / (r - 1)
            if error < tolerance:
                own = largest(point.abs_upper() for point in boxes)
                return error, own, largest((t - point).abs_upper() for point in boxes)
        return None
