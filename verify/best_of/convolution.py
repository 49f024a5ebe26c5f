"""The density of ``X + V`` as sums over rules, on an interval of t.

``f(t) = int f_V(v) f_X(t - v) dv``. The range of v is cut where either density is not smooth, or
narrow: at points of V, which are fixed, and at ``t - x`` for points x of X, which move with t. From
a fixed point outward the integral runs over v, from a moving one over x, each up to some distance;
the gap left between the two is where both densities are smooth at the scale of the gap. So all
that is expanded in t is smooth there, and rules of few points do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from flint import acb, arb

from verify.best_of.atoms_beside import Special
from verify.best_of.cluster import Cluster
from verify.best_of.density import Density, Knot
from verify.best_of.far import Beyond
from verify.best_of.gap import Gap
from verify.best_of.holes import of_densities
from verify.best_of.interval_sums import Place, Sums, TooWide, largest
from verify.best_of.leaves import (
    ELLIPSES,
    LAST_PIECE,
    Leaf,
    Ray,
    rays,
    rule,
    smallest_rule,
)
from verify.best_of.sizes import Sizes
from verify.enclosure import Undecided

#: Share of the distance between two knots up to which pieces of one density are used.
NEAR = 0.4
#: Pieces beside a singular end begin at a multiple of so many, so that clusters are found again.
BEGIN_STEP = 4
#: Share of the density up to which it is guessed.
GUESS = arb(2) ** -20
#: Points of a rule for that.
ROUGH = 6
NOTHING, ENDLESS = Sizes(arb(0), arb(0), arb(0)), arb.pos_inf()


class Span(NamedTuple):
    """What a ray has between two distances (None: no limit)."""

    ray: Ray
    near: arb
    far: arb | None


@dataclass(frozen=True)
class _End:
    """An end of a range of v: fixed, moving with t, or infinite."""

    at: arb | None = None
    knot: Knot | None = None
    moves: bool = False


@dataclass(frozen=True)
class _Pieces:
    """What is taken of a ray: pieces, what is left out, and whether that is all of it."""

    leaves: list[Leaf]
    rests: list[Span]
    is_all: bool

    @property
    def parts(self) -> list[Leaf | Span]:
        """The pieces, and what is left out."""
        return [*self.leaves, *self.rests]

    @property
    def end(self) -> arb:
        """The distance from the knot at which the last piece ends."""
        return self.leaves[-1].reach if self.leaves else arb(0)


class TwoDensities:
    """The convolution of a density of X with one of V."""

    def __init__(self, error: Density, utility: Density) -> None:
        self.error, self.utility = error, utility
        self.x_knots, self.v_knots = error.knots, utility.knots
        self.x_rays, self.v_rays = rays(error), rays(utility)
        self._clusters: dict[tuple[int, int], Cluster] = {}  # by the first piece and the number
        self._means = utility.mean_size, error.mean_size
        self._sized: tuple[Place, Sizes] | None = None
        self._begins: dict[int, int] = {}  # by ray, where the last interval began

    def specials(self) -> list[Special]:
        """Where the sum is not smooth."""
        return [
            Special(x.place + v.place, x.real and v.real, x.regular and v.regular)
            for x in self.x_knots
            for v in self.v_knots
        ]

    def spreads(self) -> list[arb]:
        """Scales of the densities."""
        return [self.error.spread, self.utility.spread]

    # ---- the ranges of v ----------------------------------------------------------------------

    def _ends(self, place: Place) -> list[_End]:
        """The ends of the ranges of v, in increasing order."""
        low, high = place.ends
        x_knots, v_knots = self.x_knots, self.v_knots
        sums = [(x.place + v.place, x.real and v.real) for x in x_knots for v in v_knots]
        if any(real and not (at <= low or at >= high) for at, real in sums):
            raise TooWide
        if any(not real and not (at < low or at > high) for at, real in sums):
            # The order changes within the interval, of points that are not needed.
            if x_knots[0].real:
                v_knots = ()
            else:
                x_knots = ()
        t = place.t(place.middle)
        found = [_End(v.place, v, False) for v in v_knots]
        found += [_End(t - x.place, x, True) for x in x_knots]
        # As exact numbers: far out, floats do not tell two ends apart.
        found.sort(key=lambda end: end.at.mid())  # type: ignore[union-attr]
        return [_End(), *found, _End()]

    def _is_inside(self, left: _End, right: _End, t: arb) -> bool:
        """Whether both densities live between two neighbouring ends."""
        v_low, v_high = self.utility.low, self.utility.high
        x_low, x_high = self.error.low, self.error.high
        if left.at is None and not (v_low is None and x_high is None):
            return False
        if right.at is None and not (v_high is None and x_low is None):
            return False
        if left.at is None:
            assert right.at is not None
            middle = right.at - 1
        else:
            middle = left.at + 1 if right.at is None else (left.at + right.at) / 2
        x = t - middle
        inside = (v_low is None or middle > v_low) and (v_high is None or middle < v_high)
        return bool(inside and (x_low is None or x > x_low) and (x_high is None or x < x_high))

    def _ranges(self, place: Place) -> Iterator[tuple[Ray, Ray] | Ray]:
        """For each range: the rays of V and of X with a gap between, or one ray to its own end."""
        t = place.t(place.middle)
        for left, right in pairwise(self._ends(place)):
            if not self._is_inside(left, right, t):
                continue
            first = None if left.knot is None else self._ray(left, +1)
            last = None if right.knot is None else self._ray(right, -1)
            if first is not None and last is not None and left.moves != right.moves:
                yield (last, first) if left.moves else (first, last)
                continue
            for ray in (first, last):
                if ray is not None:
                    yield ray

    def _ray(self, end: _End, side: int) -> Ray:
        """The ray from an end towards larger v (+1) or smaller ones; x runs the other way."""
        assert end.knot is not None
        rays_of, own = (self.x_rays, -side) if end.moves else (self.v_rays, side)
        if (end.knot.end, own) not in rays_of:
            # The order of two ends is lost where they are closer than the working precision tells.
            raise Undecided(f"the density of U where {end.knot.place.str(10)} meets another end")
        return rays_of[end.knot.end, own]

    def _is_v(self, ray: Ray) -> bool:
        return ray.density is self.utility

    def _other(self, ray: Ray) -> Density:
        return self.error if self._is_v(ray) else self.utility

    # ---- the pieces of a range ----------------------------------------------------------------

    def _begin(self, ray: Ray, length: arb | None, place: Place, goals: Sizes) -> int:
        """The number of the first piece that is needed: beside a singular end, little is left."""
        if ray.knot.regular:
            return 0
        k = self._begins.get(id(ray), 0)
        while self._is_little(ray, k + 1, length, place, goals) and k < LAST_PIECE:
            k += 1
        while not self._is_little(ray, k, length, place, goals):
            k -= 1
            if k < -LAST_PIECE:
                raise Undecided(f"{ray.density.law} has too much mass next to an end")
        self._begins[id(ray)] = k
        return k - k % BEGIN_STEP

    def _is_little(self, ray: Ray, k: int, length: arb | None, place: Place, goals: Sizes) -> bool:
        """Whether what lies before piece k is little, and that piece within a share of a length."""
        if length is not None and not ray.reach(k) <= length * NEAR:
            return False
        if ray.limit is not None and not ray.start(k) < ray.limit:
            return False
        return self._is_within(Span(ray, arb(0), ray.start(k)), place, goals)

    def _pieces(self, ray: Ray, length: arb | None, begin: int) -> Iterator[int]:
        """Numbers of the pieces of a ray: all, or those up to a share of a length."""
        for k in range(begin, LAST_PIECE):
            if ray.limit is not None and not ray.start(k) < ray.limit:
                return
            if length is not None and not ray.reach(k) <= length * NEAR:
                return
            yield k
        raise TooWide

    def _ends_beside(self, span: Span, place: Place) -> tuple[arb | None, arb | None]:
        """Where the other variable is, on an interval of t."""
        low, high = place.ends
        first = span.ray.place(span.near)
        last = None if span.far is None else span.ray.place(span.far)
        if span.ray.side < 0:
            return low - first, None if last is None else high - last
        return None if last is None else low - last, high - first

    def _is_within(self, span: Span, place: Place, goals: Sizes) -> bool:
        """Whether what lies between two distances, on an interval of t, is within goals."""
        ends = self._ends_beside(span, place)
        mass = span.ray.mass(span.near, span.far) * self._other(span.ray).mass(*ends)
        return bool(mass <= goals.mass) and self._rest(span, place).within(goals)

    def _rest(self, span: Span, place: Place) -> Sizes:
        """Bounds of the mass that lies between two distances, and of ``E|V|`` and ``E|X|``."""
        ray, ends = span.ray, self._ends_beside(span, place)
        own, other = ray.mass(span.near, span.far), self._other(ray).mass(*ends)
        of_own = ray.moment(span.near, span.far) * other
        of_other = own * self._other(ray).moment(*ends)
        return Sizes.ordered(own * other, of_own, of_other, self._is_v(ray))

    def _leaves(self, ray: Ray, length: arb | None, place: Place, goals: Sizes) -> _Pieces:
        """The pieces of a ray up to where the rest is below a goal, or to a share of a length."""
        leaves: list[Leaf] = []
        whole = Span(ray, arb(0), ray.limit if length is None else None)
        if self._is_within(whole, place, goals):
            return _Pieces([], [whole], True)
        begin = self._begin(ray, length, place, goals)
        before = [] if ray.knot.regular else [Span(ray, arb(0), ray.start(begin))]
        for k in self._pieces(ray, length, begin):
            rest = Span(ray, ray.start(k), whole.far)
            if self._is_within(rest, place, goals):
                return _Pieces(leaves, [*before, rest], True)
            leaves.append(ray.leaf(k))
        return _Pieces(leaves, before, False)

    def _split(self, place: Place, goals: Sizes) -> Iterator[Leaf | Gap | Span]:
        """The density on an interval: leaves, gaps, and what is left out."""
        for found in self._ranges(place):
            if isinstance(found, Ray):
                yield from self._leaves(found, None, place, goals).parts
            else:
                yield from self._both(found, place, goals)

    def _both(
        self, rays: tuple[Ray, Ray], place: Place, goals: Sizes
    ) -> Iterator[Leaf | Gap | Span]:
        """The rays of V and of X and the gap between; one ray, if all beyond its end is little."""
        distance = abs(place.hull - rays[0].knot.place - rays[1].knot.place).lower()
        found = []
        for ray in rays:
            pieces = self._leaves(ray, distance, place, goals)
            if pieces.is_all:
                yield from pieces.parts
                return
            found.append(pieces)
        for pieces in found:
            yield from pieces.parts
        yield Gap(*rays, *(pieces.end for pieces in found))

    # ---- sums ---------------------------------------------------------------------------------

    def bounds(self, low: arb, high: arb) -> Beyond:
        """Bounds of its part of what U has in an interval."""
        return of_densities(self.error, self.utility, low, high)

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
            for piece in self._split(place, Sizes(goal, ENDLESS, ENDLESS)):
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
        kernel, total, own, other = self._other(leaf.ray), arb(0), arb(0), arb(0)
        for point, mass, moment in leaf.nodes_of(ROUGH).points:
            away = t - point
            height = kernel.at(away)
            total, own = total + mass * height, own + abs(moment) * height
            other += mass * height * abs(away)
        return Sizes.ordered(total, own, other, self._is_v(leaf.ray)).known

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
        for piece in self._split(place, goals.times(width)):
            if isinstance(piece, Leaf):
                leaves.setdefault(id(piece.ray), []).append(piece)
            elif isinstance(piece, Gap):
                piece.add_to(sums, goals)
            else:
                sums.neglect(self._rest(piece, place))
        for row in leaves.values():
            for leaf in row[self._add_cluster(sums, row, goals) :]:
                self._add_leaf(sums, leaf, goals)

    def _add_cluster(self, sums: Sums, row: list[Leaf], goals: Sizes) -> int:
        """Add as many of the first pieces of a ray as may be taken together, and their number."""
        kernel, is_v = self._other(row[0].ray), self._is_v(row[0].ray)
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
            self._clusters[key] = Cluster(leaves)
        return self._clusters[key]

    def _add_leaf(self, sums: Sums, leaf: Leaf, goals: Sizes) -> None:
        """Add a piece, halved as often as the rule's error demands."""
        kernel, is_v = self._other(leaf.ray), self._is_v(leaf.ray)
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
            yield parameter, size, (own, other) if self._is_v(leaf.ray) else (other, own)
