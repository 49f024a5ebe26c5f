"""The density of ``X + V`` as sums over rules, on an interval of t.

``f(t) = int f_V(v) f_X(t - v) dv``. The range of v is cut where either density is not smooth, or
narrow (:mod:`verify.best_of.convolution.ranges`). So all that is expanded in t is smooth there, and
rules of few points do.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import acb, arb

from verify.best_of.convolution.atoms_beside import Special
from verify.best_of.convolution.cluster import INNER, Cluster
from verify.best_of.convolution.gap import Gap
from verify.best_of.convolution.holes import Within, densities_within, of_densities
from verify.best_of.convolution.interval_sums import Place, Sums, largest
from verify.best_of.convolution.ranges import Ranges
from verify.best_of.parts.density import Density
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.leaves import (
    ELLIPSES,
    Leaf,
    rule,
    smallest_rule,
)
from verify.best_of.parts.sizes import Sizes, v_and_x

#: Share of the density up to which it is guessed.
GUESS = arb(2) ** -20
#: Points of a rule for that.
ROUGH = 6
NOTHING, ENDLESS = Sizes(arb(0), arb(0), arb(0)), arb.pos_inf()


class TwoDensities:
    """The convolution of a density of X with one of V."""

    def __init__(self, error: Density, utility: Density) -> None:
        self.error, self.utility = error, utility
        self.ranges = Ranges(error, utility)
        self._clusters: dict[tuple[int, int], Cluster] = {}  # by the first piece and the number
        self._means = utility.mean_size, error.mean_size
        self._sized: tuple[Place, Sizes] | None = None

    def specials(self) -> list[Special]:
        """Where the sum is not smooth."""
        return [Special.at_sum(x, v) for x in self.error.knots for v in self.utility.knots]

    def spreads(self) -> list[arb]:
        """Scales of the densities."""
        return [self.error.spread, self.utility.spread]

    # ---- sums ---------------------------------------------------------------------------------

    def bounds(self, low: arb, high: arb, enough: arb) -> Beyond:
        """Bounds of its part of what U has in an interval, no sharper than a mass that will do."""
        return of_densities(self.error, self.utility, low, high, enough)

    def within(self, low: arb, high: arb) -> list[Within]:
        """Its part of what U has in an interval, from both sides."""
        return densities_within(self.error, self.utility, low, high)

    def estimate(self, place: Place) -> arb:
        """About the density at the middle of an interval, by rules on whole pieces."""
        return self._sizes(place).mass

    def _sizes(self, place: Place) -> Sizes:
        """The same, and that of it times |V| and |X|; the last interval's are kept."""
        if self._sized is None or self._sized[0] is not place:
            self._sized = place, self._measured(place)
        return self._sized[1]

    def _measured(self, place: Place) -> Sizes:
        t = place.t(place.middle)
        width = place.ends[1] - place.ends[0]
        factor, total = GUESS * GUESS, NOTHING
        # About what the last interval has, this one may have.
        goal = factor if self._sized is None else factor * self._sized[1].mass * width
        goal = goal if goal > 0 else factor
        for _ in range(8):  # what is left out is to be small against what is found
            total = NOTHING
            for piece in self.ranges.split(place, Sizes(goal, ENDLESS, ENDLESS)):
                if isinstance(piece, Leaf):
                    total = total.plus(self._at(piece, t))
                elif isinstance(piece, Gap):
                    total = total.plus(piece.at(t, rule(ROUGH)).known)
            if total.mass * width * GUESS > goal:
                break
            goal, factor = goal * factor, factor * factor
        return Sizes(*(arb(size.mid()) for size in total))

    def _at(self, leaf: Leaf, t: arb) -> Sizes:
        """About a piece's part of the density, and of that times |V| and |X|."""
        kernel, total, own, other = self.ranges.other(leaf.ray), arb(0), arb(0), arb(0)
        for point, mass, moment in leaf.nodes_of(ROUGH).points:
            away = t - point
            height = kernel.at(away)
            total, own = total + mass * height, own + abs(moment) * height
            other += mass * height * abs(away)
        return Sizes.ordered(total, own, other, self.ranges.is_v(leaf.ray)).known

    def _goals(self, sums: Sums) -> Sizes:
        """What one piece may miss on an interval.

        What is missed of ``E[V; U in dt]`` is to be little against ``E[|V|; U in dt]`` or
        ``E|V| Pr(U in dt)``, the larger of the two: the weights of any optimiser have mean 1.
        """
        found = self._sizes(sums.place)
        far = abs(sums.place.hull).upper()
        own = []
        for size, mean, density in (
            (found.of_v, self._means[0], self.utility),
            (found.of_x, self._means[1], self.error),
        ):
            least = sums.coarse * (far + density.spread)
            own.append((size + sums.estimate * mean).max(least))
        return sums.goals(Sizes(sums.estimate, *own))

    def add_to(self, sums: Sums) -> None:
        """Its part of the density on an interval."""
        place = sums.place
        goals = self._goals(sums)
        width = (place.ends[1] - place.ends[0]).lower()
        leaves: dict[int, list[Leaf]] = {}
        for piece in self.ranges.split(place, goals.times(width)):
            if isinstance(piece, Leaf):
                leaves.setdefault(id(piece.ray), []).append(piece)
            elif isinstance(piece, Gap):
                piece.add_to(sums, goals)
            else:
                sums.neglect(self.ranges.rest(piece, place))
        for row in leaves.values():
            for leaf in row[self._add_cluster(sums, row, goals) :]:
                self._add_leaf(sums, leaf, goals)

    def _add_cluster(self, sums: Sums, row: list[Leaf], goals: Sizes) -> int:
        """Add as many of the first pieces of a ray as may be taken together, and their number."""
        kernel, is_v = self.ranges.other(row[0].ray), self.ranges.is_v(row[0].ray)
        found: tuple[Cluster, Sizes, int] | None = None
        low, high = 0, len(row) // 2
        while low < high:  # the more pieces, the closer they come to where the kernel is not smooth
            middle = (low + high + 1) // 2
            cluster = self._cluster(row[: 2 * middle])
            error = cluster.error(kernel, sums.place, is_v, goals)
            if error is None:
                high = middle - 1
            else:
                found, low = (cluster, *error), middle
        if found is None:
            return 0
        cluster, size, count = found
        nodes = cluster.nodes_of(count)
        if nodes is None:
            return 0
        sums.add_error(size)
        sums.add_nodes(nodes, kernel, is_v, goals)
        return 2 * low

    def _cluster(self, leaves: list[Leaf]) -> Cluster:
        """The first pieces of a ray as one."""
        key = id(leaves[0]), len(leaves)
        if key not in self._clusters:
            done = len(leaves) - len(leaves) % INNER
            is_inner = done in (0, len(leaves))
            inner = None if is_inner else self._cluster(leaves[:done])
            self._clusters[key] = Cluster(leaves, inner)
        return self._clusters[key]

    def _add_leaf(self, sums: Sums, leaf: Leaf, goals: Sizes) -> None:
        """Add a piece, halved as often as the rule's error demands."""
        kernel, is_v = self.ranges.other(leaf.ray), self.ranges.is_v(leaf.ray)
        waiting = [leaf]
        while waiting:
            part = waiting.pop()
            found = self._leaf_error(part, kernel, sums.place, goals)
            if found is None:
                sums.count()
                waiting += part.halves
                continue
            error, count = found
            sums.add_error(error)
            sums.add_nodes(part.nodes_of(count), kernel, is_v, goals)

    def _leaf_error(
        self, leaf: Leaf, kernel: Density, place: Place, goals: Sizes
    ) -> tuple[Sizes, int] | None:
        """A bound of the rule's error that is small enough, and for how many points."""
        return smallest_rule(self._leaf_sizes(leaf, kernel, place), leaf.half, goals)

    def _leaf_sizes(
        self, leaf: Leaf, kernel: Density, place: Place
    ) -> Iterator[tuple[float, arb, tuple[arb, arb]]]:
        """Bounds on ellipses."""
        t = acb(place.hull)
        for parameter in ELLIPSES:
            boxes = leaf.over(parameter)
            own = largest(point.abs_upper() for point, _ in boxes)
            other = largest((t - point).abs_upper() for point, _ in boxes)
            size = largest(size * kernel.over(t - point) for point, size in boxes)
            yield parameter, size, v_and_x(own, other, self.ranges.is_v(leaf.ray))
