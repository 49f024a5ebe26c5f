"""The line of U, cut into intervals on which its density is smooth.

They are narrow near points where the density is not smooth, and grow with the distance from there,
up to where what lies beyond is next to nothing, on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from flint import arb, fmpq

from verify.best_of.convolution.atoms_beside import AtomsAndDensity, Special
from verify.best_of.convolution.holes import Within
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.log_cauchy.beside_densities import Alone
from verify.best_of.parts.density import Parts, trimmed
from verify.best_of.parts.far import Beyond, Side, beyond
from verify.best_of.parts.jumps import jumps
from verify.best_of.parts.leaves import SPARE_BITS, goal_bits
from verify.enclosure import Diverges, Undecided
from verify.penalties.tail_moments import moment_index

#: Width of an interval in the logarithm of the distance from a point.
STEP = 0.5
#: Intervals on one side of all points that are not smooth.
MOST_OUTWARD = 3000
#: How close intervals come to a corner inside, in bits of the scale: less than the mass there is
#: asked of no mean, and closer by there is not enough left of the working precision.
CORNER_BITS = 42
#: They come closer to a corner at 0 that has more mass than this, in bits.
HOLE_BITS = 38
#: How close they come to an end of U at most.
CLOSEST_BITS = 2000
#: How far out intervals go for a mean that is infinite, in bits of the scale: farther, a place of
#: U does not show where the other law is.
LONGEST_BITS = 124
#: Points beside which the density is not smooth.
MOST_SPECIALS = 500
#: The largest n, as a power of 2.
MOST_DRAWS_BITS = 60
#: An interval with a smaller share of ``Pr(U > t)`` need not be expanded, in bits.
LITTLE_BITS = 56
#: So many bits below that, bounds are not made sharper.
ENOUGH_BITS = 4


def right_goal() -> arb:
    """Mass right of the last interval: where ``n S`` squared is negligible for the largest n."""
    return arb(2) ** (-MOST_DRAWS_BITS - goal_bits() // 2 - 2)


class Line:
    """The line of ``U = X + V``: where its density is not smooth, and the intervals between.

    Parameters
    ----------
    error, utility : Parts
        X and V taken apart, at the precision in force.
    cut : fmpq or None
        A point that intervals are to end at.
    alone : Alone or None
        One of X and V that decides alone far out on one side, if one does.
    """

    def __init__(
        self, error: Parts, utility: Parts, cut: fmpq | None = None, alone: Alone | None = None
    ) -> None:
        self.alone, self.cut = alone, cut
        self.error, self.utility = error, utility = trimmed(error), trimmed(utility)
        pairs: list[AtomsAndDensity | TwoDensities] = []
        pairs += [TwoDensities(x, v) for x in error.densities for v in utility.densities]
        if error.atoms:
            pairs += [AtomsAndDensity(error.atoms, v, False) for v in utility.densities]
        if utility.atoms:
            pairs += [AtomsAndDensity(utility.atoms, x, True) for x in error.densities]
        self.pairs: Sequence[AtomsAndDensity | TwoDensities] = pairs
        self.jumps = jumps(error, utility)
        self.holes: list[Place] = []  # next to corners, where no interval comes

    # ---- bounds -----------------------------------------------------------------------------

    @property
    def lost(self) -> Beyond:
        """Bounds of what is left out of X and V: atoms, and next to flat ends."""
        x, v = self.error, self.utility
        if not x.left_out and not v.left_out:
            return Beyond(arb(0), arb(0), arb(0))
        (of_x, mean_x), (of_v, mean_v) = (
            (
                sum((rest.mass for rest in p.left_out), arb(0)),
                sum((rest.mean for rest in p.left_out), arb(0)),
            )
            for p in (x, v)
        )
        every_v, every_x = Side(v, 1).moment(None), Side(x, 1).moment(None)
        return Beyond(of_x + of_v, mean_v + of_x * every_v, mean_x + of_v * every_x)

    def beyond(self, t: arb, side: int) -> Beyond:
        """Bounds of what lies above t (side +1) or below it."""
        return beyond(self.error, self.utility, t, side)

    def little(self, place: Place) -> arb:
        """A mass that is nothing to best-of-n on an interval."""
        return self.beyond(place.ends[1].upper(), +1).mass * arb(2) ** -LITTLE_BITS

    def bounds(self, place: Place) -> Beyond:
        """Bounds of what U has in an interval."""
        low, high = place.ends[0].lower(), place.ends[1].upper()
        enough = self.little(place) * arb(2) ** -ENOUGH_BITS
        rows = [pair.bounds(low, high, enough) for pair in self.pairs]
        return Beyond(
            sum((row.mass for row in rows), arb(0)),
            sum((row.of_v for row in rows), arb(0)),
            sum((row.of_x for row in rows), arb(0)),
        )

    def within(self, place: Place) -> list[Within]:
        """What U has in an interval, part by part, from both sides."""
        low, high = place.ends[0].lower(), place.ends[1].upper()
        return [row for pair in self.pairs for row in pair.within(low, high)]

    # ---- where it is cut --------------------------------------------------------------------

    def _specials(self) -> list[Special]:
        """In increasing order, those at one point as one."""
        found = sorted(
            [
                *(special for pair in self.pairs for special in pair.specials()),
                *(Special(arb(jump.at), False, True) for jump in self.jumps),
                *([] if self.cut is None else [Special(arb(self.cut), False, True)]),
            ],
            key=lambda special: float(special.at),
        )
        merged: list[Special] = []
        for special in found:
            last = merged[-1] if merged else None
            if last is not None and not special.at > last.at:
                merged[-1] = last.merged(special)
            else:
                merged.append(special)
        if len(merged) > MOST_SPECIALS:
            raise Undecided(f"the density of U is not smooth at more than {MOST_SPECIALS} points")
        return merged

    def places(self) -> Iterator[Place]:
        """The intervals to begin with; what no interval comes to is kept as holes."""
        self.specials = self._specials()
        spread = [s for pair in self.pairs for s in pair.spreads()]
        self.scale = min(spread, key=float)
        specials = self.specials
        for k, special in enumerate(specials):
            self._leave_out_beside(special)
            for side, other in ((-1, k - 1), (1, k + 1)):
                if 0 <= other < len(specials):
                    length = (abs(specials[other].at - special.at) / 2).mid()
                    yield from self._beside(special, side, length)
                else:
                    yield from self._outward(special, side)

    def _start(self, special: Special, side: int) -> arb:
        """A point at the special one, exact, on the side given."""
        at = special.at
        return at.upper() if side > 0 else at.lower()

    def _leave_out_beside(self, special: Special) -> None:
        """Note what lies next to a point inside that no interval begins at."""
        sides = (-1, +1)
        if any(self._is_expandable(special, s) or self._is_end(special, s) for s in sides):
            return
        low, high = (self._start(special, s) + s * self._closest(special, s) for s in sides)
        self.holes.append(Place(low.lower(), high.upper()))

    def _beside(self, special: Special, side: int, length: arb) -> Iterator[Place]:
        """From a special point to half-way to the next."""
        start = self._start(special, side)
        if self._is_expandable(special, side):
            reach = self._reach(special, side).min(length).mid()
            close = (start + side * reach).mid()
            yield Place(start, close) if side > 0 else Place(close, start)
            if not reach < length:
                return
            low = reach.log().mid()
        else:
            low = self._closest(special, side).log().mid()
        if not low < length.log():
            raise Undecided(f"the density of U near {start.str(10)}, where two corners are close")
        yield from _steps(start, side, low, length.log().mid())

    def _outward(self, special: Special, side: int) -> Iterator[Place]:
        """From the first or the last special point outward."""
        start = self._start(special, side)
        if self._is_end(special, side) or self._is_negligible(start, side):
            return
        if self._is_expandable(special, side):
            reach = self._reach(special, side)
            close = (start + side * reach).mid()
            yield Place(start, close) if side > 0 else Place(close, start)
            low = reach.log().mid()
        else:
            low = self._closest(special, side).log().mid()
        for _ in range(MOST_OUTWARD):
            if self._is_negligible(start + side * low.exp(), side):
                return
            high = (low + STEP).mid()
            yield Place(low, high, start, side)
            low = high
        raise Undecided(
            "the tails of U are too long; a log-Cauchy law is taken beside a law with a finite "
            "mean that has atoms only, or none"
        )

    def _is_expandable(self, special: Special, side: int) -> bool:
        """Whether an interval may begin at a special point itself.

        Not at the largest value: the best of many is as close to it as their number asks. Nor at an
        end that is flat: what is next to it is nothing to any number.
        """
        if (side < 0 or special.is_flat) and self._is_end(special, -side):
            return False
        return special.regular or not special.real

    def _reach(self, special: Special, side: int) -> arb:
        """How far to go at first from a point that an interval begins at."""
        room = special.rooms[side > 0]
        return self.scale if room is None else self.scale.min(room).mid()

    def _is_end(self, special: Special, side: int) -> bool:
        """Whether U has no mass on a side of a special point, or what is cut off at a flat end."""
        if not special.real:
            return False
        if special.is_flat and special is self.specials[0 if side < 0 else -1]:
            return self._is_negligible(self._start(special, side), side)
        return bool(self.beyond(special.at, side).mass == 0)

    def _is_negligible(self, t: arb, side: int) -> bool:
        """Whether what lies beyond a point can be left to bounds, or to conditioning."""
        if self.alone is not None and self.alone.side == side and self.alone.decides(t):
            return True
        far = self.beyond(t, side)
        if side > 0:
            return bool(far.mass < right_goal())
        # The best of two or more weighs it by at most 2 Pr(U <= t).
        goal = arb(2) ** -goal_bits()
        sizes = [size for size in (far.of_v, far.of_x) if size.is_finite()]
        if not (all(far.mass * size < goal for size in sizes) and far.mass**2 < goal):
            return False
        # Of a mean that is infinite the best of n has about this beyond.
        n, most = self._left_draws, self.scale * arb(2) ** LONGEST_BITS
        return n is None or bool(abs(t) * far.mass**n < goal) or bool(abs(t) > most)

    @cached_property
    def _left_draws(self) -> int | None:
        """The least n for which ``E U_-`` is finite, where it is not for n = 1, and ``E U_+`` is.

        None also where it is not known.
        """
        laws = [density.law for parts in (self.error, self.utility) for density in parts.densities]
        means = {mean.sign for mean in (law.mean() for law in laws) if isinstance(mean, Diverges)}
        if means != {-1}:
            return None
        indices = [moment_index(law, -1).index for law in laws]
        least = min((index for index in indices if isinstance(index, fmpq)), default=fmpq(0))
        return int((1 / least).floor()) + 1 if least > 0 else None

    def _closest(self, special: Special, side: int) -> arb:
        """A distance from a singular point within which there is next to no mass."""
        distance = self.scale
        if not self._is_end(special, -side):
            return self._corner(special.at)
        # Closer, a point would not show its distance from a singular one.
        least = abs(special.at) * arb(2) ** -SPARE_BITS
        if self.alone is not None:  # an atom is next to the top: X and V are close to theirs
            least = least.max(self.scale * arb(2) ** -CORNER_BITS)
        while not self._is_negligible_within(special, side, distance):
            if not special.regular and distance < least:
                break
            distance = distance / 2
            if distance < self.scale * arb(2) ** -CLOSEST_BITS:
                raise Undecided(f"U has too much mass next to {special.at.str(10)}")
        return distance.mid()

    def _corner(self, at: arb) -> arb:
        """A distance from a corner inside within which there is little mass.

        Next to 0 a point shows its distance, however small it is; elsewhere it does not.
        """
        distance = (self.scale * arb(2) ** -CORNER_BITS).mid()
        least = distance * arb(2) ** -CLOSEST_BITS
        while abs(at) < distance and distance > least:
            hole = Place((at - distance).lower(), (at + distance).upper())
            if self.bounds(hole).mass < arb(2) ** -HOLE_BITS:
                break
            distance = distance / 256
        return distance

    def _is_negligible_within(self, special: Special, side: int, distance: arb) -> bool:
        """Whether an end of the law is left alone up to a distance from it."""
        t = special.at + side * distance
        if side > 0:
            return self._is_negligible(t, -1)
        return bool(self.beyond(t, +1).mass < right_goal())


def _steps(start: arb, side: int, low: arb, high: arb) -> Iterator[Place]:
    """Intervals in the logarithm of the distance."""
    count = int((float(high) - float(low)) / STEP) + 1
    cuts = [low, *((low + (high - low) * k / count).mid() for k in range(1, count)), high]
    for k in range(count):
        yield Place(cuts[k], cuts[k + 1], start, side)
