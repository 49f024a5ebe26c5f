"""The law of ``U = X + V`` as a certified expansion, piece by piece.

On the intervals of the line (:mod:`verify.best_of.line`) :mod:`verify.best_of.convolution` expands
the density of U, and ``E[V; U in dt]`` and ``E[X; U in dt]`` beside it. What lies beyond the last
interval on either side, and what the expansions miss, is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, cmp_to_key, partial
from time import process_time

from flint import arb, fmpq

from verify.best_of.convolution.interval_sums import Place, Sums, TooWide, terms
from verify.best_of.convolution.lumps import lumped
from verify.best_of.line import HOLE_BITS, Line
from verify.best_of.log_cauchy.beside_densities import Alone
from verify.best_of.panel import Panel
from verify.best_of.parts.density import Parts
from verify.best_of.parts.jumps import Jump, Lump
from verify.best_of.parts.leaves import goal_bits
from verify.enclosure import Undecided
from verify.progress import Progress
from verify.taylor_series import series_length

#: The narrowest interval, as a share of what was tried first.
MOST_HALVINGS = 40
#: Intervals that are tried in all.
MOST_PANELS = 3000
#: Below this, ``Pr(U <= t)`` is little.
LITTLE_BELOW = 2.0**-8
#: Where about so little mass is expected, in bits, or after so many halvings, an interval is
#: bounded to see whether it need be expanded.
FEW_BITS, MANY_HALVINGS = 50, 5


class SumLaw(Line):
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
        super().__init__(error, utility, cut, alone)
        self.started, self.seconds = process_time(), seconds
        self.panels: list[Panel] = []
        self.lumps: list[Lump] = []
        self.attempts = self.depth = 0
        self.body: arb | None = None  # where Pr(U <= t) begins not to be little
        if self.pairs:
            work = self._work()
            for k, step in enumerate(work):
                step()
                if progress is not None:
                    progress(k + 1, len(work), "intervals of the proxy")

    @cached_property
    def pieces(self) -> list[Panel | Jump]:
        """In increasing order."""
        return by_place([*self.panels, *self.jumps, *self.lumps])

    def check_time(self) -> None:
        """Give up where the time is over."""
        if self.seconds is not None and process_time() - self.started > self.seconds:
            raise Undecided(f"the law of U takes more than {self.seconds} seconds of work")

    def _work(self) -> list[Callable[[], None]]:
        """What is to be done, step by step."""
        places = list(self.places())
        return [
            *(partial(self._leave_hole, hole) for hole in self.holes),
            *(partial(self._add, place, 0) for place in places),
        ]

    @property
    def ends(self) -> tuple[arb, arb]:
        """Where the pieces begin and end."""
        first, last = self.pieces[0], self.pieces[-1]
        return (
            arb(first.at) if isinstance(first, Jump) else first.place.ends[0],
            arb(last.at) if isinstance(last, Jump) else last.place.ends[1],
        )

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
        little = self.little(place)
        if mass > little:
            return False
        found = self.bounds(place)
        if not found.mass < little:
            return False
        self.panels.append(Panel.unknown(place, found))
        return True

    def _leave_hole(self, hole: Place) -> None:
        """Leave what lies next to a corner to bounds, or to its mass where that is not little."""
        found = None
        if not self.bounds(hole).mass < arb(2) ** -HOLE_BITS and not self._is_cut(hole):
            found = lumped(self.within(hole), hole)
        if found is None:
            self._leave(hole)
        else:
            self.lumps.append(found[0])
            self.panels.append(found[1])

    def _is_cut(self, hole: Place) -> bool:
        """Whether pieces are to end inside."""
        return self.cut is not None and hole.hull.contains(self.cut)

    def _leave(self, place: Place) -> None:
        """Leave an interval to bounds."""
        self.panels.append(Panel.unknown(place, self.bounds(place)))


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
