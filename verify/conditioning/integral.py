"""``Pr(U > t)`` and means over ``U > t`` as integrals over one of two independent summands.

With B the summand that has a density f and A the other one,

    Pr(A + B > t)          = int f(x) Pr(A > t - x) dx,
    E[A - a; A + B > t]    = int f(x) E[A - a; A > t - x] dx,
    E[B - b; A + B > t]    = int (x - b) f(x) Pr(A > t - x) dx.

With a = E A the second integrand is nowhere negative, so it keeps its digits however far out t is.
Where ``A > t - x`` is sure, or impossible, the integrals are known in closed form. What is left is
cut at the ends of supports and where the mass is; beside each such anchor the variable is x as far
as the density's own unit, and the logarithm of the distance from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from flint import acb, arb, ctx, fmpq

from verify.conditioning.cuts import ZERO, Cuts
from verify.conditioning.panels import integrate_panels
from verify.conditioning.smooth import AboveNear, Smooth
from verify.enclosure import Undecided, working_precision

#: Factor between distances from an anchor at which the integrands are looked at.
STEP = 4
#: Steps out to where a ray is cut.
MOST_STEPS = 400
#: Panels that the error is shared out to.
SHARES = 16
#: Width of a panel in the logarithm, to begin with.
WIDTH = 2
#: Fall of the logarithm of a density over half a box from which on it is taken out of bounds.
STEEP = 8
#: Steps in the search of a peak, and the change of the logarithm that ends it.
MOST_CUTS, FLAT = 60, 0.5
#: At least ``1/log 2``: bits per unit of a logarithm.
LOG2_E = 1.45


@dataclass(frozen=True)
class Piece:
    """``x = s``, or ``x = anchor + side exp(s)``, for s between two ends.

    Where the anchor is the end of a support, it takes more bits to see the distance from it.
    """

    low: arb
    high: arb
    anchor: arb | None = None
    side: int = 0
    bits: int = 0

    def place(self, s: arb) -> tuple[arb, arb]:
        """x, and its derivative in s."""
        if self.anchor is None:
            return s, arb(1)
        distance = s.exp()
        return self.anchor + self.side * distance, distance

    def box(self, s: acb) -> tuple[acb, arb]:
        """The box that a box of s is taken to, and a bound of the derivative there."""
        if self.anchor is None:
            return s, arb(1)
        distance = s.exp()
        return self.anchor + self.side * distance, abs(distance).upper()


class PairIntegral(Cuts):
    """The integrals over B; parameters as for :class:`.Cuts`.

    Parameters
    ----------
    goal : int
        Bits that the answer should have.
    bound_bits : int
        Precision of bounds.
    """

    over: Smooth
    above: AboveNear

    def __init__(
        self,
        over: Smooth,
        above: AboveNear,
        t: fmpq,
        centre: arb | None,
        goal: int,
        bound_bits: int,
    ) -> None:
        super().__init__(over, above, t, centre)
        self.share = arb(2) ** -goal
        other = above.smooth
        self.start = _largest(over.low, None if other.high is None else t - other.high)
        self.sure_from = None if other.low is None else t - other.low
        self.end = _smallest(over.high, self.sure_from)
        self.bound_bits = bound_bits + 2 * _bits_to_resolve(self.start, self.end)
        self.seen = [ZERO] * self.count
        self.totals = [ZERO] * self.count

    def enclose(self) -> list[arb]:
        """The integrals: the mass, that of A where wanted, that of B where wanted."""
        edge = self.sure_from
        if edge is not None and not (self.over.high is not None and self.over.high <= edge):
            low = self.above.law.support[0]
            # A fraction where it is one: laws without a mean have partial ones at such points only.
            point = self.t - low if isinstance(low, int | fmpq) else edge
            self._add(self._see(self.sure(point)))
        if self.start is None or self.end is None or self.start < self.end:
            for piece in self._pieces():
                self._add(self._integrated(piece))
        return self.totals

    def _add(self, parts: Sequence[arb]) -> None:
        self.totals = [total + part for total, part in zip(self.totals, parts, strict=True)]

    # ---- integrands -------------------------------------------------------------------------

    def values(self, x: arb) -> list[arb]:
        """The integrands at a point."""
        height = self.over.density(x)
        found = [height * part for part in self.above.inside(self.t - x)]
        if self.centre is not None:
            found.append((x - self.centre) * found[0])
        return found

    def sizes(self, z: acb) -> list[arb]:
        """Upper bounds of the sizes of the integrands on a box."""
        height = abs(self.over.density_near(z)).upper()
        if not height.is_finite():
            return [arb.nan()] * self.count
        y = self.t - z
        found = [(height * part).upper() for part in self.above.sizes(y)]
        tilted = self._tilted(z, y) if all(size.is_finite() for size in found) else None
        if tilted is not None:
            found = [
                other if not one <= other else one for one, other in zip(found, tilted, strict=True)
            ]
        if self.centre is not None:
            found.append((abs(z - self.centre) * found[0]).upper())
        return found

    def _tilted(self, z: acb, y: acb) -> list[arb] | None:
        """Other bounds, where the density falls so much that its size alone says little.

        Where f falls like ``exp(-r x)``, what A has may rise like that: both are bounded once this
        is taken out of them.
        """
        rate = -self.over.log_slope(acb(z.real.mid())).real.mid()
        if not rate * z.real.rad() > STEEP:
            return None
        others = self.above.tilted_sizes(y, rate)
        if others is None:
            return None
        height = self.over.tilted_size(z, rate)
        found = [(height * part).upper() for part in others]
        return found if all(part.is_finite() for part in found) else None

    def _integrated(self, piece: Piece) -> list[arb]:
        def values(s: arb) -> list[arb]:
            x, slope = piece.place(s)
            return [slope * value for value in self.values(x)]

        def sizes(s: acb) -> list[arb]:
            with working_precision(bound_bits):
                z, slope = piece.box(s)
                return [(slope * size).upper() for size in self.sizes(z)]

        tolerances = [self.share * size / SHARES for size in self._sizes_that_matter()]
        bound_bits = self.bound_bits + piece.bits
        with working_precision(ctx.prec + piece.bits):
            return integrate_panels(values, sizes, piece.low, piece.high, tolerances)

    # ---- pieces -----------------------------------------------------------------------------

    def _pieces(self) -> list[Piece]:
        inner = [self.over.centre]
        if self.above.smooth.centre is not None:
            inner.append(self.t - self.above.smooth.centre)
        anchors = [x for x in (self.start, self.end) if x is not None]
        for x in inner:
            if x is not None and self._is_inside(x):
                anchors.append(x.mid())
        anchors = sorted(anchors, key=lambda x: x.mid().fmpq())
        if not anchors:
            anchors = [arb(0)]
        self._look(anchors)
        pieces: list[Piece] = []
        if self.start is None:
            pieces += self._ray(anchors[0], -1)
        for left, right in pairwise(anchors):
            pieces += self._between(left, right)
        if self.end is None:
            pieces += self._ray(anchors[-1], +1)
        return pieces

    def _between(self, left: arb, right: arb) -> list[Piece]:
        """The way between two anchors, but for parts that a bound shows not to matter."""
        middle = (right - left) / 2
        for side in (+1, -1):
            distance = 4 * self.over.unit
            while distance < middle:
                if side > 0:
                    parts = self.middle(left.lower(), (right - distance).mid())
                else:
                    parts = self.middle((left + distance).mid(), right.upper())
                if self._is_negligible(parts):
                    return self._cut_off(left, right, distance, parts, side)
                distance = distance * STEP
        return self._beside(left, +1, middle) + self._beside(right, -1, middle)

    def _cut_off(
        self, left: arb, right: arb, distance: arb, parts: Sequence[arb], side: int
    ) -> list[Piece]:
        """What is left next to one of two anchors, where the rest is known."""
        self._add(parts)
        if side > 0:
            return self._beside(right, -1, right - (right - distance).mid())
        return self._beside(left, +1, (left + distance).mid() - left)

    def _is_inside(self, x: arb) -> bool:
        above = self.start is None or x > self.start
        return bool(above and (self.end is None or x < self.end))

    def _see(self, parts: list[arb]) -> list[arb]:
        """Take sizes into account; pass them on."""
        pairs = zip(self.seen, parts, strict=True)
        self.seen = [(seen + abs(part).mid()).mid() for seen, part in pairs]
        return parts

    def _look(self, anchors: list[arb]) -> None:
        """Sizes of the integrals between anchors."""
        with working_precision(self.bound_bits):
            for left, right in pairwise(anchors):
                middle = ((right - left) / 2).mid()
                distances = [self._nearest(left, +1, middle).min(self._nearest(right, -1, middle))]
                while distances[-1] < middle:
                    distances.append((distances[-1] * STEP).min(middle).mid())
                places = [left + distance for distance in distances]
                places += [right - distance for distance in reversed(distances[:-1])]
                both = zip(places, distances + distances[-2::-1], strict=True)
                heights = [_log(self._look_at(x, distance)) for x, distance in both]
                best = max(range(len(heights)), key=heights.__getitem__)
                if 0 < best < len(heights) - 1:
                    self._look_closer(places[best - 1].mid(), places[best + 1].mid())

    def _look_at(self, x: arb, distance: arb) -> arb:
        """Take the sizes at a point into account; the first integrand there."""
        values = self.values(x.mid())
        self._see([distance * abs(value) for value in values])
        return values[0]

    def _nearest(self, anchor: arb, side: int, limit: arb) -> arb:
        """A distance from an anchor so short that next to nothing is nearer."""
        distance = (self.over.unit / 16).min(limit).mid()
        here = _log(distance * self._look_at(anchor + side * distance, distance))
        for _ in range(MOST_STEPS):
            nearer = (distance / STEP).mid()
            there = _log(nearer * self._look_at(anchor + side * nearer, nearer))
            if not there > here:
                break
            distance, here = nearer, there
        return distance

    def _look_closer(self, low: arb, high: arb) -> None:
        """Sizes of the integrals where they may have a peak that is narrow."""
        for _ in range(MOST_CUTS):
            third = ((high - low) / 3).mid()
            one, other = (low + third).mid(), (high - third).mid()
            heights = [_log(self._look_at(x, third)) for x in (one, other)]
            low, high = (one, high) if heights[0] < heights[1] else (low, other)
            if abs(heights[0] - heights[1]) < FLAT:
                break

    def _ray(self, anchor: arb, side: int) -> list[Piece]:
        """From an anchor outward, as far as it matters; what is beyond is added as a bound."""
        with working_precision(self.bound_bits):
            distance = self._nearest(anchor, side, self.over.unit)
        for _ in range(MOST_STEPS):
            x = (anchor + side * distance).mid()
            with working_precision(self.bound_bits):
                self._look_at(x, distance)
            parts = self.right(x) if side > 0 else self.left(x)
            if self._is_negligible(parts):
                self._add(parts)
                return self._beside(anchor, side, abs(x - anchor))
            distance = (distance * STEP).mid()
        raise Undecided("the tails are too slow to be cut")

    def _is_negligible(self, parts: Sequence[arb]) -> bool:
        pairs = zip(parts, self._sizes_that_matter(), strict=True)
        return all(part.rad() <= self.share * size / 4 for part, size in pairs)

    def _sizes_that_matter(self) -> list[arb]:
        """The sizes that were seen, but means to which next to nothing is added as they are.

        The answer is the centre plus the quotient of a quantity and the mass: where ``U > t`` is
        nearly sure, that quotient is nearly 0, and no digit of it is asked for.
        """
        centres = [ZERO, *(c for c in (self.above.centre, self.centre) if c is not None)]
        mass = self.seen[0]
        return [
            size.max(abs(centre).mid() * mass).mid()
            for size, centre in zip(self.seen, centres, strict=True)
        ]

    # ---- next to an anchor ------------------------------------------------------------------

    def _beside(self, anchor: arb, side: int, length: arb) -> list[Piece]:
        """From an anchor to a distance; the anchor may be the end of a support."""
        if not self._is_smooth_at(anchor, length):
            return self._logarithmic(anchor, side, length)
        near = self.over.unit.min(length)
        edge = anchor + side * near
        pieces = [Piece(anchor, edge) if side > 0 else Piece(edge, anchor)]
        if near < length:
            pieces += _cut_up(Piece(near.log(), length.log(), anchor, side))
        return pieces

    def _is_smooth_at(self, anchor: arb, length: arb) -> bool:
        """Whether no power of the distance from the anchor is in the way."""
        radius = (self.over.unit.min(length) / 64).mid()
        other = self.above.smooth
        with working_precision(self.bound_bits):
            return self.over.is_analytic_around(anchor, radius) and other.is_analytic_around(
                self.t - anchor, radius
            )

    def _logarithmic(self, anchor: arb, side: int, length: arb) -> list[Piece]:
        """All of the way in the logarithm; what is next to the anchor is added as a bound."""
        step, nearest = 4, length.log().mid()
        for _ in range(MOST_STEPS):
            nearest, step = (nearest - step).mid(), step + 4
            bits = 8 + int((abs(nearest) * LOG2_E).upper().ceil().unique_fmpz() or 0)
            with working_precision(ctx.prec + bits):
                parts = self._next_to(anchor, side, nearest.exp())
            if self._is_negligible(parts):
                break
        self._add(parts)
        return _cut_up(Piece(nearest, length.log(), anchor, side, bits))

    def _next_to(self, anchor: arb, side: int, distance: arb) -> list[arb]:
        """What the interval from an anchor to a distance contributes."""
        x = anchor + side * distance
        mass = self.over.mass_between(anchor, x, side)
        one, two = self.above.at_edge(self.t - anchor), self.above.at_edge(self.t - x)
        factors = [first.union(second) for first, second in zip(one, two, strict=True)]
        if self.above.centre is not None:
            reach = abs(self.t - x).upper().max(abs(self.t - anchor).upper())
            change = (reach + abs(self.above.centre)) * abs(one[0] - two[0])
            factors[1] += arb(0, change.abs_upper())
        moment = ZERO if self.centre is None else mass * (x.union(anchor) - self.centre)
        return self.parts(mass, factors, moment)


def _bits_to_resolve(start: arb | None, end: arb | None) -> int:
    """How many bits numbers next to an interval take before they see its width."""
    if start is None or end is None or not start < end:
        return 0
    ratio = (1 + abs(start).max(abs(end))) / (end - start)
    return max(0, int(float(ratio.log().upper()) * LOG2_E)) if ratio.is_finite() else 0


def _log(x: arb) -> float:
    """About the logarithm of a positive number."""
    return float(x.mid().log()) if x.mid() > 0 else -inf


def _cut_up(piece: Piece) -> list[Piece]:
    """The pieces of about :data:`WIDTH` that a piece is made of."""
    count = int(((piece.high - piece.low) / WIDTH).upper().ceil().unique_fmpz() or 1)
    inner = [(piece.low + (piece.high - piece.low) * k / count).mid() for k in range(1, count)]
    ends = pairwise([piece.low, *inner, piece.high])
    return [replace(piece, low=low, high=high) for low, high in ends]


def _largest(*ends: arb | None) -> arb | None:
    """The largest of the lower ends that there are."""
    found = [end for end in ends if end is not None]
    return None if not found else found[0] if len(found) == 1 else found[0].max(found[1])


def _smallest(*ends: arb | None) -> arb | None:
    """The smallest of the upper ends that there are."""
    found = [end for end in ends if end is not None]
    return None if not found else found[0] if len(found) == 1 else found[0].min(found[1])
