"""``Pr(U > t)`` and means over ``U > t`` as sums over the atoms of one of two summands."""

from __future__ import annotations

from flint import arb, fmpq

from verify.conditioning.cuts import Cuts
from verify.conditioning.parts import atoms_between, count_between
from verify.enclosure import Diverges, Undecided, ball
from verify.law import Bound

#: Atoms that are summed.
MOST_ATOMS = 100_000
#: Distances at which the largest terms are looked for, each four times the one before.
LOOKS = 24
#: Steps out to where a sum is cut; each goes twice as far.
MOST_STEPS = 200


class AtomSum(Cuts):
    """The sums over B, a component that is a list of atoms; parameters as for :class:`.Cuts`."""

    def enclose(self, goal: int) -> list[arb]:
        """The mass, the quantity of A where wanted, and that of B where wanted.

        Parameters
        ----------
        goal : int
            Bits to which what is cut off is negligible.

        Raises
        ------
        Undecided
            If more than :data:`MOST_ATOMS` atoms matter.
        """
        low, high, totals = self._window(goal)
        count = count_between(self.over.law, low, high)
        if count > MOST_ATOMS:
            raise Undecided(f"about {count} atoms of {self.over.law} matter: too many to sum")
        for x, mass in atoms_between(self.over.law, low, high):
            moment = arb(0) if self.centre is None else (x - self.centre) * mass
            found = self.parts(mass, self.above.at(self.t - x), moment)
            totals = [total + part for total, part in zip(totals, found, strict=True)]
        return totals

    # ---- the window -------------------------------------------------------------------------

    def _window(self, goal: int) -> tuple[fmpq | None, fmpq | None, list[arb]]:
        """The range of atoms to be summed (None: an end of the support), and what lies outside."""
        first, last = (_rational(end) for end in self.over.law.support)
        least, most = (_rational(end) for end in self.above.law.support)
        start, log_size = self._start(first, last, least, most)
        error = (log_size - goal * arb(2).log()).exp()
        # B <= low is too little for U > t, and B > high is enough.
        low = None if most is None else self.t - most - 1
        high = None if least is None else self.t - least + 1
        low, below = self._cut(start, -1, first, low, error)
        high, above = self._cut(start, +1, last, high, error)
        return low, high, [one + other for one, other in zip(below, above, strict=True)]

    def _start(
        self, first: fmpq | None, last: fmpq | None, least: fmpq | None, most: fmpq | None
    ) -> tuple[fmpq, arb]:
        """About where the sum has its largest terms, and the logarithm of a bound of it from below.

        Where ``B >= x`` and ``A > t - x``, U is above t.
        """
        of_b = first if first is not None else last if last is not None else fmpq(0)
        of_a = least if least is not None else most if most is not None else fmpq(0)
        steps = (0, *(4**k for k in range(LOOKS)))
        places = [
            c + side * step for c in (of_b, self.t - of_a) for step in steps for side in (-1, 1)
        ]
        if last is not None and most is not None:  # there may be little room between the two tops
            room = last + most - self.t
            places += [last - room + room / 4**k for k in range(LOOKS)]
        best, at = arb.neg_inf(), of_b
        for x in places:
            score = self.over.law.log_survival(x, closed=True)
            score += self.above.law.log_survival(self.t - x, self.above.closed)
            if score.is_finite() and score.lower() > best:
                best, at = score.lower(), x
        if not best.is_finite():
            raise Undecided("Pr(U > t) cannot be told from 0")
        return at, best

    def _cut(
        self, start: fmpq, side: int, end: fmpq | None, edge: fmpq | None, error: arb
    ) -> tuple[fmpq | None, list[arb]]:
        """A point with no more than an error beyond it, and bounds of what is there.

        None where that is the end of the support; beyond the edge all is known.
        """
        distance = fmpq(1)
        for _ in range(MOST_STEPS):
            x = start + side * distance
            if edge is not None and side * (edge - x) <= 0:
                return edge, self.sure(edge) if side > 0 else [arb(0)] * self.count
            if end is not None and side * (end - x) <= 0:
                return None, [arb(0)] * self.count
            parts = self.right(x) if side > 0 else self.left(x)
            if all(part.rad() <= error for part in parts):
                return x, parts
            distance *= 2
        raise Undecided("the tails are too slow to be cut")


def _rational(end: Bound) -> fmpq | None:
    """An end of a support as a fraction, rounded where it is none; None for an infinite one."""
    if isinstance(end, Diverges):
        return None
    return fmpq(end) if isinstance(end, int | fmpq) else ball(end).mid().fmpq()
