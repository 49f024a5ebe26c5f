"""The ranges of v in ``f(t) = int f_V(v) f_X(t - v) dv``, and their pieces.

A range ends at points of V, which are fixed, and at ``t - x`` for points x of X, which move with t.
From a fixed point outward the pieces run over v, from a moving one over x, each up to some
distance; the gap left between the two is where both densities are smooth at the scale of the gap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from flint import arb, ctx

from verify.best_of.convolution.gap import Gap
from verify.best_of.convolution.interval_sums import Place, TooWide
from verify.best_of.parts.density import Density, Knot
from verify.best_of.parts.leaves import LAST_PIECE, Leaf, Ray, lost_bits, rays
from verify.best_of.parts.sizes import Sizes
from verify.enclosure import Undecided, working_precision

#: Share of the distance between two knots up to which pieces of one density are used.
NEAR = 0.4
#: Pieces beside a singular end begin at a multiple of so many, so that clusters are found again.
BEGIN_STEP = 4


class Span(NamedTuple):
    """What a ray has between two distances (None: no limit)."""

    ray: Ray
    near: arb
    far: arb | None


@dataclass(frozen=True)
class End:
    """An end of a range of v: fixed, moving with t, or infinite."""

    at: arb | None = None
    knot: Knot | None = None
    moves: bool = False


@dataclass(frozen=True)
class Pieces:
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


def _first(guess: int, numbers: range, holds: Callable[[int], bool]) -> int:
    """The first number for which something holds that holds from there on; the end if for none.

    It is sought from a guess: from one interval to the next it hardly moves.
    """
    k = min(max(guess, numbers.start), numbers.stop)
    while k > numbers.start and holds(k - 1):
        k -= 1
    while k < numbers.stop and not holds(k):
        k += 1
    return k


class Ranges:
    """The ranges of v between the knots of two densities, cut into pieces."""

    def __init__(self, error: Density, utility: Density) -> None:
        self.error, self.utility = error, utility
        self.x_knots, self.v_knots = error.knots, utility.knots
        self.x_rays, self.v_rays = rays(error), rays(utility)
        # By ray, and whether it is asked of the means too: where the last interval began and ended.
        self._begins: dict[tuple[int, bool], int] = {}
        self._lasts: dict[tuple[int, bool], int] = {}
        # What the other density has beside spans on the last interval.
        self._place: Place | None = None
        self._beside: dict[object, arb] = {}

    # ---- the ranges of v ----------------------------------------------------------------------

    def ends(self, place: Place) -> list[End]:
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
        t = place.t(place.middle).mid()
        found = [End(v.place, v, False) for v in v_knots]
        found += [End(t - x.place, x, True) for x in x_knots]
        # As exact numbers: far out, floats do not tell two ends apart.
        found.sort(key=lambda end: end.at.mid())  # type: ignore[union-attr]
        return [End(), *found, End()]

    def _is_inside(self, left: End, right: End, t: arb) -> bool:
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
        sides = [(middle, v_low, 1), (middle, v_high, -1)]
        sides += [(t - middle, x_low, 1), (t - middle, x_high, -1)]
        beyond = [side * (point - end) for point, end, side in sides if end is not None]
        if any(distance <= 0 for distance in beyond):
            return False
        if not all(distance > 0 for distance in beyond):
            raise TooWide  # a range that may be one is not left out
        return True

    def _inside(self, place: Place) -> list[tuple[End, End]]:
        """Neighbouring ends between which both densities live."""
        far = abs(place.hull).upper()
        # Far out the ends are closer to each other than the working precision tells.
        with working_precision(ctx.prec + (lost_bits(1 / far) if far > 0 else 0)):
            t = place.t(place.middle).mid()
            return [pair for pair in pairwise(self.ends(place)) if self._is_inside(*pair, t)]

    def _ranges(self, place: Place) -> Iterator[tuple[Ray, Ray] | Ray]:
        """For each range: the rays of V and of X with a gap between, or one ray to its own end."""
        for left, right in self._inside(place):
            first = None if left.knot is None else self._ray(left, +1)
            last = None if right.knot is None else self._ray(right, -1)
            if first is not None and last is not None and left.moves != right.moves:
                yield (last, first) if left.moves else (first, last)
                continue
            for ray in (first, last):
                if ray is not None:
                    yield ray

    def _ray(self, end: End, side: int) -> Ray:
        """The ray from an end towards larger v (+1) or smaller ones; x runs the other way."""
        assert end.knot is not None
        rays_of, own = (self.x_rays, -side) if end.moves else (self.v_rays, side)
        if (end.knot.end, own) not in rays_of:
            # The order of two ends is lost where they are closer than the working precision tells.
            raise Undecided(f"the density of U where {end.knot.place.str(10)} meets another end")
        return rays_of[end.knot.end, own]

    def is_v(self, ray: Ray) -> bool:
        return ray.density is self.utility

    def other(self, ray: Ray) -> Density:
        return self.error if self.is_v(ray) else self.utility

    # ---- the pieces of a range ----------------------------------------------------------------

    def _begin(self, ray: Ray, length: arb | None, place: Place, goals: Sizes) -> int:
        """The number of the first piece that is needed: beside a singular end, little is left."""
        if ray.knot.regular and ray.knot.room is None:
            return 0
        first = 0 if ray.knot.regular else -LAST_PIECE
        key = id(ray), goals.of_v.is_finite()
        k = _first(
            self._begins.get(key, 1),
            range(first, LAST_PIECE),
            lambda k: not self._is_little(ray, k, length, place, goals),
        )
        if k == -LAST_PIECE:
            raise Undecided(f"{ray.density.law} has too much mass next to an end")
        self._begins[key] = k
        return max(first, k - 1 - (k - 1) % BEGIN_STEP)

    def _is_little(self, ray: Ray, k: int, length: arb | None, place: Place, goals: Sizes) -> bool:
        """Whether what lies before piece k is little, and that piece within a share of a length."""
        if length is not None and not ray.reach(k) <= length * NEAR:
            return False
        if ray.limit is not None and not ray.start(k) < ray.limit:
            return False
        return self.is_within(Span(ray, arb(0), ray.start(k)), place, goals)

    def _is_piece(self, ray: Ray, k: int, length: arb | None) -> bool:
        """Whether piece k of a ray is one, within a share of a length."""
        if ray.limit is not None and not ray.start(k) < ray.limit:
            return False
        return length is None or bool(ray.reach(k) <= length * NEAR)

    def _ends_beside(self, span: Span, place: Place) -> tuple[arb | None, arb | None]:
        """Where the other variable is, on an interval of t."""
        low, high = place.ends
        first = span.ray.place(span.near)
        last = None if span.far is None else span.ray.place(span.far)
        if span.ray.side < 0:
            return low - first, None if last is None else high - last
        return None if last is None else low - last, high - first

    def is_within(self, span: Span, place: Place, goals: Sizes) -> bool:
        """Whether what lies between two distances, on an interval of t, is within goals."""
        mass = span.ray.mass(span.near, span.far) * self._mass_beside(span, place)
        return bool(mass <= goals.mass) and self.rest(span, place).within(goals)

    def _mass_beside(self, span: Span, place: Place) -> arb:
        """The mass of the other variable that belongs to a span, on an interval of t."""
        if self._place is not place:
            self._place, self._beside = place, {}
        far = None if span.far is None else span.far.man_exp()
        key = id(span.ray), span.near.man_exp(), far
        if key not in self._beside:
            self._beside[key] = self.other(span.ray).mass(*self._ends_beside(span, place))
        return self._beside[key]

    def rest(self, span: Span, place: Place) -> Sizes:
        """Bounds of the mass that lies between two distances, and of ``E|V|`` and ``E|X|``."""
        ray, ends = span.ray, self._ends_beside(span, place)
        own, other = ray.mass(span.near, span.far), self._mass_beside(span, place)
        of_own = ray.moment(span.near, span.far) * other
        of_other = own * self.other(ray).moment(*ends)
        sizes = Sizes.ordered(own * other, of_own, of_other, self.is_v(ray))
        return sizes.by_sum(abs(place.hull).upper())

    def _leaves(self, ray: Ray, length: arb | None, place: Place, goals: Sizes) -> Pieces:
        """The pieces of a ray up to where the rest is below a goal, or to a share of a length."""
        whole = Span(ray, arb(0), ray.limit if length is None else None)
        if self.is_within(whole, place, goals):
            return Pieces([], [whole], True)
        begin = self._begin(ray, length, place, goals)
        start = ray.start(begin)
        before = [Span(ray, arb(0), start)] if start > 0 else []
        numbers = range(begin, LAST_PIECE)
        end = begin + bisect_left(numbers, True, key=lambda k: not self._is_piece(ray, k, length))
        key = id(ray), goals.of_v.is_finite()
        last = _first(
            self._lasts.get(key, 0),
            range(begin, end),
            lambda k: self.is_within(Span(ray, ray.start(k), whole.far), place, goals),
        )
        self._lasts[key] = last
        leaves = [ray.leaf(k) for k in range(begin, last)]
        if last < end:
            return Pieces(leaves, [*before, Span(ray, ray.start(last), whole.far)], True)
        if end == LAST_PIECE:
            raise TooWide
        return Pieces(leaves, before, False)

    def split(self, place: Place, goals: Sizes) -> Iterator[Leaf | Gap | Span]:
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
