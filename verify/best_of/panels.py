"""The law of ``U = X + V`` as a certified expansion, piece by piece.

The line is cut into intervals on which :mod:`verify.best_of.convolution` expands the density of U,
and ``E[V; U in dt]`` and ``E[X; U in dt]`` beside it. They are narrow near points where the density
is not smooth, and grow with the distance from there. What lies beyond the last interval on either
side, and what the expansions miss, is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, cmp_to_key, partial
from time import process_time

from flint import arb, fmpq

from verify.best_of.convolution.atoms_beside import AtomsAndDensity, Special
from verify.best_of.convolution.interval_sums import Place, Sums, TooWide, terms
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.log_cauchy.beside_densities import Alone
from verify.best_of.panel import Panel
from verify.best_of.parts.density import Parts, trimmed
from verify.best_of.parts.far import Beyond, Side, beyond
from verify.best_of.parts.jumps import Jump, jumps
from verify.best_of.parts.leaves import SPARE_BITS, goal_bits
from verify.enclosure import Undecided
from verify.progress import Progress
from verify.taylor_series import series_length

#: Width of an interval in the logarithm of the distance from a point.
STEP = 0.5
#: The narrowest interval, as a share of what was tried first.
MOST_HALVINGS = 40
#: Intervals that are tried in all.
MOST_PANELS = 3000
#: How close intervals come to a corner inside, in bits of the scale: less than the mass there is
#: asked of no mean, and closer by there is not enough left of the working precision.
CORNER_BITS = 42
#: They come closer to a corner at 0 that has more mass than this, in bits.
HOLE_BITS = 38
#: How close they come to an end of U at most.
CLOSEST_BITS = 2000
#: Points beside which the density is not smooth.
MOST_SPECIALS = 500
#: Below this, ``Pr(U <= t)`` is little.
LITTLE_BELOW = 2.0**-8
#: The largest n, as a power of 2.
MOST_DRAWS_BITS = 60
#: An interval with a smaller share of ``Pr(U > t)`` need not be expanded, in bits; where about so
#: little mass is expected, or after so many halvings, it is bounded to see.
LITTLE_BITS, FEW_BITS, MANY_HALVINGS = 56, 50, 5
#: So many bits below that, bounds are not made sharper.
ENOUGH_BITS = 4


def right_goal() -> arb:
    """Mass right of the last interval: where ``n S`` squared is negligible for the largest n."""
    return arb(2) ** (-MOST_DRAWS_BITS - goal_bits() // 2 - 2)


class SumLaw:
    """The law of ``U = X + V``: its atoms, and expansions of its density.

    Parameters
    ----------
    error, utility : Parts
        X and V taken apart, at the precision in force.
    cut : fmpq or None
        A point that pieces are to end at.
    progress : callable or None
        Told of each interval that is done.
    alone : Alone or None
        One of X and V that decides alone far out on one side, if one does.
    seconds : float or None
        Processor time after which it is given up; None: never, so that an answer does not depend
        on how fast the machine is.

    Raises
    ------
    Undecided
        If it takes too much work.
    """

    def __init__(
        self,
        error: Parts,
        utility: Parts,
        cut: fmpq | None = None,
        progress: Progress | None = None,
        seconds: float | None = None,
        alone: Alone | None = None,
    ) -> None:
        self.alone = alone
        self.cut, self.started, self.seconds = cut, process_time(), seconds
        self.error, self.utility = error, utility = trimmed(error), trimmed(utility)
        pairs: list[AtomsAndDensity | TwoDensities] = []
        pairs += [TwoDensities(x, v) for x in error.densities for v in utility.densities]
        if error.atoms:
            pairs += [AtomsAndDensity(error.atoms, v, False) for v in utility.densities]
        if utility.atoms:
            pairs += [AtomsAndDensity(utility.atoms, x, True) for x in error.densities]
        self.pairs = pairs
        self.jumps = jumps(error, utility)
        self.panels: list[Panel] = []
        self.attempts = self.depth = 0
        self.body: arb | None = None  # where Pr(U <= t) begins not to be little
        if pairs:
            work = self._work()
            for k, step in enumerate(work):
                step()
                if progress is not None:
                    progress(k + 1, len(work), "intervals of the proxy")

    @cached_property
    def pieces(self) -> list[Panel | Jump]:
        """In increasing order."""
        return by_place([*self.panels, *self.jumps])

    def check_time(self) -> None:
        """Give up where the time is over."""
        if self.seconds is not None and process_time() - self.started > self.seconds:
            raise Undecided(f"the law of U takes more than {self.seconds} seconds of work")

    def _work(self) -> list[Callable[[], None]]:
        """What is to be done, step by step."""
        return [partial(self._add, place, 0) for place in self._line()]

    # ---- the line ---------------------------------------------------------------------------

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

    def _line(self) -> Iterator[Place]:
        """The intervals to begin with."""
        self.specials = self._specials()
        spread = [s for pair in self.pairs for s in pair.spreads()]
        self.scale = min(spread, key=float)
        specials = self.specials
        for k, special in enumerate(specials):
            self._leave_beside(special)
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

    def _leave_beside(self, special: Special) -> None:
        """Bound what lies next to a point inside that no interval begins at."""
        sides = (-1, +1)
        if any(self._is_expandable(special, s) or self._is_end(special, s) for s in sides):
            return
        low, high = (self._start(special, s) + s * self._closest(special, s) for s in sides)
        self._leave(Place(low.lower(), high.upper()))

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
        for _ in range(MOST_PANELS):
            if self._is_negligible(start + side * low.exp(), side):
                return
            high = (low + STEP).mid()
            yield Place(low, high, start, side)
            low = high
        raise Undecided("the tails of U are too long")

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
        return all(bool(far.mass * size < goal) for size in sizes) and bool(far.mass**2 < goal)

    def _closest(self, special: Special, side: int) -> arb:
        """A distance from a singular point within which there is next to no mass."""
        distance = self.scale
        if not self._is_end(special, -side):
            return self._corner(special.at)
        # Closer, a point would not show its distance from a singular one.
        least = abs(special.at) * arb(2) ** -SPARE_BITS
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
            if self._bounds(hole).mass < arb(2) ** -HOLE_BITS:
                break
            distance = distance / 256
        return distance

    def _is_negligible_within(self, special: Special, side: int, distance: arb) -> bool:
        """Whether an end of the law is left alone up to a distance from it."""
        t = special.at + side * distance
        if side > 0:
            return self._is_negligible(t, -1)
        return bool(self.beyond(t, +1).mass < right_goal())

    @property
    def ends(self) -> tuple[arb, arb]:
        """Where the pieces begin and end."""
        first, last = self.pieces[0], self.pieces[-1]
        return (
            arb(first.at) if isinstance(first, Jump) else first.place.ends[0],
            arb(last.at) if isinstance(last, Jump) else last.place.ends[1],
        )

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

    def _add(self, place: Place, depth: int) -> None:
        if depth < self.depth - 1:  # as wide a neighbour was too wide by more than once
            for half in place.halves():
                self._add(half, depth + 1)
            return
        self.check_time()
        self.attempts += 1
        try:
            estimate = sum((pair.estimate(place) for pair in self.pairs), arb(0))
        except TooWide:
            near = place.ends[0].str(5)
            raise Undecided(f"U near {near}: a tail of X or V is not known well enough") from None
        try:
            with series_length(terms()):
                sums = Sums(place, estimate, self._coarse(place))
                for pair in self.pairs:
                    pair.add_to(sums)
                self.panels.append(Panel.of(place, sums.expansion()))
            self.depth = depth
        except TooWide:
            width = place.ends[1] - place.ends[0]
            is_light = bool(estimate * width < arb(2) ** -FEW_BITS)
            is_narrow = depth > 0 and depth % MANY_HALVINGS == 0
            if (is_light or is_narrow) and self._leave_little(place, estimate * width):
                return
            if depth > MOST_HALVINGS or self.attempts > MOST_PANELS:
                self._leave(place)
                return
            for half in place.halves():
                self._add(half, depth + 1)

    def _coarse(self, place: Place) -> arb:
        """A density that is as good as none on an interval, far on the left.

        With ``F = Pr(U <= t)`` below a half, the weight of the best of two or more is at most 2F:
        what is missed here counts only so much, and so it does in the ranks of what lies further
        on the left. A goal of ``1/F`` per length unit is kept with room for sizes of X and V.
        What is missed adds to F itself: so it is to be little squared, too.
        """
        low, high = place.ends
        if self.body is not None and high >= self.body:
            return arb(0)
        below = self.beyond(high, -1).mass.upper()
        if not below < LITTLE_BELOW:
            self.body = high
            return arb(0)
        below = below.max(arb(2) ** (-goal_bits() // 2) / LITTLE_BELOW)
        size = 1 + abs(low).upper() / self.scale
        return (LITTLE_BELOW / (below * (high - low) * size)).lower()

    def _leave_little(self, place: Place, mass: arb) -> bool:
        """Leave an interval to bounds if it is nothing to best-of-n, for any n; whether.

        The weight where ``Pr(U > t) = S`` is below ``1/S``; S is known from above. About the mass
        is given: bounds are sought only where they may be small enough.
        """
        little = self._little(place)
        if mass > little:
            return False
        found = self._bounds(place)
        if not found.mass < little:
            return False
        self.panels.append(Panel.unknown(place, found))
        return True

    def _leave(self, place: Place) -> None:
        """Leave an interval to bounds."""
        self.panels.append(Panel.unknown(place, self._bounds(place)))

    def _little(self, place: Place) -> arb:
        """A mass that is nothing to best-of-n on an interval."""
        return self.beyond(place.ends[1].upper(), +1).mass * arb(2) ** -LITTLE_BITS

    def _bounds(self, place: Place) -> Beyond:
        """Bounds of what U has in an interval."""
        low, high = place.ends[0].lower(), place.ends[1].upper()
        enough = self._little(place) * arb(2) ** -ENOUGH_BITS
        rows = [pair.bounds(low, high, enough) for pair in self.pairs]
        return Beyond(
            sum((row.mass for row in rows), arb(0)),
            sum((row.of_v for row in rows), arb(0)),
            sum((row.of_x for row in rows), arb(0)),
        )


def by_place(pieces: Sequence[Panel | Jump]) -> list[Panel | Jump]:
    """Pieces in increasing order."""
    return sorted(pieces, key=cmp_to_key(_compared))


def _compared(one: Panel | Jump, other: Panel | Jump) -> int:
    """The order of two pieces, by points inside them."""
    a, b = (
        piece.place if isinstance(piece, Jump) else piece.place.t(piece.place.middle).mid()
        for piece in (one, other)
    )
    return 1 if a > b else -1 if a < b else 0


def _steps(start: arb, side: int, low: arb, high: arb) -> Iterator[Place]:
    """Intervals in the logarithm of the distance."""
    count = int((float(high) - float(low)) / STEP) + 1
    cuts = [low, *((low + (high - low) * k / count).mid() for k in range(1, count)), high]
    for k in range(count):
        yield Place(cuts[k], cuts[k + 1], start, side)
