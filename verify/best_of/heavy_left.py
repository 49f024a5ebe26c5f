"""Bounds on the left of a law without a mean that has one under best-of-n.

Let A be the law, B the one beside it, ``E B_+`` finite, and ``U = A + B``. As
``A_- <= U_- + B_+``, what A has beyond the pieces, on ``U < u`` with mass F, is bounded by two
parts.

*That of the proxy.* The best of n has ``Pr(U < -s)^n`` below -s. So its ``E[U_-; U < u]`` is
``int_0^oo min(F, Pr(U < -s))^n ds``, which is at most ``s F^n`` and the integral from s on, for any
s above 0. Its first part is summed by intervals ``(s, 2s]``, with
``Pr(U < -s) <= Pr(A <= -7s/8) + Pr(B <= -s/8)``. The rest is bounded by Markov's inequality: with
``M = E|A|^p + E|B|^p`` for ``p <= 1`` and ``n p > 1`` it is at most
``M^n s^(1 - n p)/(n p - 1)``.

*That of B.* The weight is at most ``n F^(n-1)`` there, and A is below u where U is and ``B > 0``:
so ``E[B_+; U < u] <= Pr(A <= u) E B_+``.

*What is left out*, an event of mass q, wherever it is: of ``U_-`` it has at most
``n int_0^oo min(q, F(-s)) F(-s)^(n-1) ds``, as the weight on ``U < -s`` is at most
``n Pr(U' < -s)^(n-1)``. That is summed by the same intervals, up to where F is below q, and bounded
as above from there on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, fmpq

from verify.affine import Affine
from verify.best_of.infinite_means import left_part_is_finite
from verify.best_of.left_powers import LeftPower, left_power
from verify.best_of.parts.far import Beyond
from verify.enclosure import Diverges, Undecided, ball
from verify.law import Law
from verify.mixture import Mixture
from verify.penalties.tail_moments import moment_bound, moment_index
from verify.truncation import Truncated

#: Intervals ``(s, 2s]`` that are summed.
DOUBLINGS = 160
#: The share of s that B is to have.
SHARE = fmpq(1, 8)
#: Orders of Markov's inequality: the index less it halved so often.
ORDERS = range(1, 16)
#: Intervals at most up to where there is less than is left out.
MOST_DOUBLINGS = 2000


@dataclass(frozen=True)
class HeavyLeft:
    """A law whose mean is minus infinity, and the one beside it.

    Attributes
    ----------
    law, other : Law
        A and B; ``E A_+`` and ``E B_+`` are finite.
    index : fmpq
        Below it all moments of ``A_-`` and ``B_-`` are finite; at most 1.
    mass : arb
        A bound of F, what U has beyond the pieces.
    place : arb
        A point inside of the first piece.
    power : LeftPower or None
        Its leading power beyond the pieces, where it is known.
    """

    law: Law
    other: Law
    index: fmpq
    mass: arb
    place: arb
    power: LeftPower | None = None

    def part(self, n: int) -> arb:
        """``E A`` under the best of n beyond the pieces, enclosed; NaN: not known."""
        bound = self.beyond(n)
        if not bound.is_finite():
            return arb.nan()
        found = arb.nan() if self.power is None else self.power.part(n)
        return found if found.rad() < bound else arb(0, bound)

    def beyond(self, n: int) -> arb:
        """A bound of ``E|A|`` under the best of n beyond the pieces; NaN: none."""
        if not n * self.index > 1 or not self.place < 0:
            return arb.nan()
        rights = (self.law, self.other), (self.other, self.law)
        parts = sum((_right(one) * other.cdf(self.place) for one, other in rights), arb(0))
        return (self._of_sum(n) + n * self.mass ** (n - 1) * parts).upper()

    def lost(self, n: int, mass: arb, of_other: arb) -> arb:
        """A bound of ``E|A|`` under the best of n where something is left out; NaN: none.

        Parameters
        ----------
        n : int
            The draws.
        mass, of_other : arb
            Bounds of the mass and of ``E|B|`` that are left out.
        """
        top, top_other = self.law.support[1], self.other.support[1]
        if mass == 0:
            return arb(0)
        if not n * self.index > 1 or isinstance(top, Diverges):
            return arb.nan()
        if not isinstance(top_other, Diverges):
            of_other = abs(ball(top_other)) * mass
        total, s = mass, arb(1)  # up to 1, and on
        for _ in range(MOST_DOUBLINGS):
            far = self._below(s)
            if far < mass:
                break
            total, s = total + s * mass * far ** (n - 1), 2 * s
        of_sum = total + self._markov(n, s)
        return (n * (of_sum + of_other + abs(ball(top)) * mass)).upper()

    def _of_sum(self, n: int) -> arb:
        """A bound of what U has beyond the pieces."""
        start, bounds = self._ladder
        total, s = start * self.mass**n, start
        for far in bounds:
            total = total + s * far.min(self.mass) ** n
            s = 2 * s
        return total + self._markov(n, s)

    @cached_property
    def _ladder(self) -> tuple[arb, list[arb]]:
        """The first s, which is exact, and bounds of ``Pr(U < -s)`` for each one that is summed."""
        start = (-self.place).mid()
        places = [start * arb(2) ** j for j in range(DOUBLINGS)]
        return start, [self._below(s) for s in places]

    def _below(self, s: arb) -> arb:
        """A bound of ``Pr(U < -s)``."""
        return (self.law.cdf(-s * (1 - SHARE)) + self.other.cdf(-s * SHARE)).upper().min(arb(1))

    def _markov(self, n: int, s: arb) -> arb:
        """A bound of the integral from s on."""
        best = arb.pos_inf()
        for p in (self.index * (1 - fmpq(1, 2**k)) for k in ORDERS):
            if n * p > 1:
                found = (self._moment(p) * s ** (-p)) ** n * s / (n * p - 1)
                best = best.min(found.upper()) if found.is_finite() else best
        return best

    def _moment(self, order: fmpq) -> arb:
        """A bound of ``E|A|^p + E|B|^p``."""
        return moment_size(self.law, order) + moment_size(self.other, order)


def heavy_left(law: Law, other: Law, far: Beyond, place: arb) -> HeavyLeft | None:
    """The law as one without a mean on the left, if it is one and the bounds are for it.

    Parameters
    ----------
    law, other : Law
        A and B.
    far : Beyond
        Bounds of what U has beyond the pieces.
    place : arb
        As of :class:`HeavyLeft`.
    """
    if law.mean() != Diverges(-1):
        return None
    indices = [moment_index(one, -1).index for one in (law, other)]
    known = [index for index in indices if isinstance(index, fmpq)]
    if None in indices or not known or not _right(other).is_finite():
        return None
    power = None if far.point is None else left_power(law, other, far.point)
    return HeavyLeft(law, other, min(known), far.mass.upper(), place, power)


def why_open(law: Law, other: Law, n: int) -> str:
    """Why the mean of a law is not known under the best of n, in one clause.

    Parameters
    ----------
    law, other : Law
        A and B.
    n : int
        The draws.
    """
    if left_part_is_finite(law, other, n):
        return f"{law} has a finite mean here, of which no bound beside {other} is known"
    return f"whether {law} has a finite mean here is proved neither way"


def _right(law: Law) -> arb:
    """``E A_+``; NaN: infinite."""
    mean = law.upper_mean(0)
    return arb.nan() if isinstance(mean, Diverges) else mean


def moment_size(law: Law, order: fmpq) -> arb:
    """A bound of ``E|A|^p`` for p from 0 to 1; NaN: none is known.

    By ``|a + b|^p <= |a|^p + |b|^p``; of a law with a mean by ``(E|A|)^p``.
    """
    mean = law.mean()
    if not isinstance(mean, Diverges):
        return (2 * _right(law) - mean).upper() ** order
    match law:
        case Affine():
            shift, scale = (abs(arb(number)) for number in (law.shift, law.scale))
            return shift**order + scale**order * moment_size(law.base, order)
        case Mixture():
            parts = (weight * moment_size(one, order) for weight, one in law.components)
            return sum(parts, arb(0))
        case Truncated():
            return moment_size(law.base, order) / law.log_mass().exp()
    try:
        return moment_bound(law, order).upper()
    except Undecided:
        return arb.nan()
