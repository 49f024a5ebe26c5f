"""Many pieces of a density as few points, for a kernel that is smooth on all of them.

Where a kernel g is at most M on the ellipse of parameter r > 1 around an interval, its polynomial
of degree ``m - 1`` through m Chebyshev points of the interval errs by at most
``4 M r^(1 - m)/(r - 1)`` (Trefethen, *Approximation Theory and Approximation Practice*, theorem
8.2, whose proof holds for the roots of T_m too). The density integrates that polynomial exactly, by
its moments ``int T_k f``: they are found once, whatever the kernel. So does the density times v, by
``int T_k v f``: that is a second set of weights for the same points. What the polynomial misses
counts with the mass of the pieces in the first, and with ``E|V|`` on them in the second, which is
far less than the mass times the largest |v| where most of the mass is close.

The points and weights of a smaller cluster are a rule that is exact for such polynomials, whatever
interval they belong to: so a larger one that begins with the same pieces finds its moments by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from flint import acb, arb, arb_mat, ctx

from verify.best_of.convolution.interval_sums import Place, largest
from verify.best_of.parts.density import Density
from verify.best_of.parts.leaves import ELLIPSES, Leaf, ellipse, fewest, goal_bits, smallest_rule
from verify.best_of.parts.sizes import Node, Nodes, Sizes

#: Bits to which moments are sought, beyond the goal.
MOMENT_BITS = 20
#: Halvings of a piece for its moments.
MOST_HALVINGS = 8
#: The number of pieces of a cluster that larger ones are made from, or a multiple of it.
INNER = 8


def count() -> int:
    """Points of a cluster at most: enough for an ellipse of parameter 5."""
    return 2 * goal_bits() // 5 + 3


@lru_cache(maxsize=32)
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
    inner : Cluster or None
        One of the first of them, which takes their place where its moments are to be had.
    """

    def __init__(self, leaves: Sequence[Leaf], inner: Cluster | None = None) -> None:
        self.leaves, self.inner, self.ray = tuple(leaves), inner, leaves[0].ray
        self.start, self.reach = leaves[0].start, leaves[-1].reach
        self._nodes: dict[int, Nodes | None] = {}
        ends = [self.ray.place(distance) for distance in (self.start, self.reach)]
        self.middle = ((ends[0] + ends[1]) / 2).mid()
        # The points of pieces lie inside, their roundings included.
        half = abs(ends[1] - self.middle).max(abs(ends[0] - self.middle))
        self.half = (half * (1 + arb(2) ** (20 - ctx.prec))).upper()

    @cached_property
    def mass(self) -> arb:
        """A bound of its mass."""
        return self.ray.mass(self.start.lower(), self.reach.upper()).upper()

    @cached_property
    def moment(self) -> arb:
        """A bound of ``E|v|`` on it, piece by piece."""
        total = arb(0)
        for leaf in self.leaves:
            mass = self.ray.mass(leaf.start.lower(), leaf.reach.upper())
            total += mass * abs(leaf.hull).upper()
        return total.upper()

    @property
    def hull(self) -> arb:
        """All its points."""
        return self.middle + arb(0, self.half)

    def nodes_of(self, points: int) -> Nodes | None:
        """So many points and their two weights; None where the moments are not to be had."""
        if points not in self._nodes:
            self._nodes[points] = None if self._totals is None else self._points(points)
        return self._nodes[points]

    def _points(self, points: int) -> Nodes:
        assert self._totals is not None
        found = []
        for row in _angles(points, ctx.prec):
            weights = []
            for total in self._totals:
                terms = zip(row[1:], total[1:points], strict=True)
                weights.append((total[0] + 2 * sum((t * m for t, m in terms), arb(0))) / points)
            found.append(Node(self.middle + self.half * row[1], *weights))
        return Nodes(found)

    @cached_property
    def _totals(self) -> tuple[list[arb], list[arb]] | None:
        """``int T_k f`` and ``int T_k v f`` for k below the largest number of points."""
        errors = Sizes(arb(0), arb(0), arb(0))
        within = None if self.inner is None else self.inner.nodes_of(count())
        nodes = [] if within is None else list(within.points)
        done = 0 if self.inner is None or within is None else len(self.inner.leaves)
        waiting = [(leaf, 0) for leaf in self.leaves[done:]]
        while waiting:
            leaf, depth = waiting.pop()
            found = self._leaf_error(leaf)
            if found is not None:
                errors = errors.plus(found[0])
                nodes += leaf.nodes_of(found[1]).points
            elif depth < MOST_HALVINGS:
                waiting += [(half, depth + 1) for half in leaf.halves]
            else:
                return None
        rows, orders = [], range(2, count())
        for node in nodes:
            x = (node.point - self.middle) / self.half
            before, last, twice = arb(1), x, 2 * x
            row = [before, last]
            for _ in orders:
                before, last = last, twice * last - before
                row.append(last)
            rows.append(row)
        weights = arb_mat([[node.mass for node in nodes], [node.moment for node in nodes]])
        masses, moments = (weights * arb_mat(rows)).tolist()
        off = arb(0, errors.mass.upper()), arb(0, errors.of_v.upper())
        return [total + off[0] for total in masses], [total + off[1] for total in moments]

    def _leaf_error(self, leaf: Leaf) -> tuple[Sizes, int] | None:
        """Bounds of what a rule misses of either moment, if they are small enough."""
        share = arb(2) ** (-goal_bits() - MOMENT_BITS)
        goals = Sizes(self.mass * share, self.moment * share, arb.pos_inf())
        return smallest_rule(self._leaf_sizes(leaf), leaf.half, goals)

    def _leaf_sizes(self, leaf: Leaf) -> Iterator[tuple[float, arb, tuple[arb, arb]]]:
        for parameter in ELLIPSES:
            boxes = leaf.over(parameter)
            size = largest(bound * self._growth(point) ** (count() - 1) for point, bound in boxes)
            yield parameter, size, (largest(point.abs_upper() for point, _ in boxes), arb(0))

    def _growth(self, z: acb) -> arb:
        """The parameter of the ellipse around the interval on which a point is: |T_k| is at most
        its power k."""
        x = (z - self.middle) / self.half
        axis = (((x - 1).abs_upper() + (x + 1).abs_upper()) / 2).max(arb(1))
        return (axis + (axis * axis - 1).sqrt()).upper()

    def error(
        self, kernel: Density, place: Place, is_v: bool, goals: Sizes
    ) -> tuple[Sizes, int] | None:
        """A bound of the error for ``f(t - v)``, t in an interval, that is small enough.

        And for how many points. ``is_v``: the cluster is of V. The other variable's part is t times
        the first, less the second.
        """
        t, numbers = acb(place.hull), range(3, count() + 1, 3)
        for parameter in ELLIPSES[:4]:
            r = arb(parameter)
            boxes = ellipse(self.middle, self.half, parameter)
            error = 4 * largest(kernel.over(t - point) for point in boxes) * r / (r - 1)
            mass, own = error * self.mass, error * self.moment
            sizes = Sizes.ordered(mass, own, mass * t.abs_upper() + own, is_v)
            found = fewest(sizes, 1 / r, numbers, goals)
            if found is not None:
                return found
        return None
