"""What a law without a mean on the left has far out there under best-of-n, by its leading power.

Let A be the law, of index ``k <= 1`` on the left, B the one beside it, ``E|B|`` finite, and
``U = A + B``. From ``s_0`` on ``Pr(A < -s) = c s^-k`` with c in a ball (:func:`power_end`). With
``Pr(|B| > d s) <= m/(d s)`` there, ``m = E[|B|; |B| > d s_0]``, for any d in (0, 1)::

    Pr(A < -(1 + d) s) (1 - m/(d s)) <= F(-s) <= Pr(A < -(1 - d) s) + m/(d s).

As ``k <= 1``, ``F(-s) = C s^-k`` with C in a ball. The best of n has ``Pr(U < -s)^n`` below -s: so
``E[U_-; U < -s_0]`` is ``s_0 F^n`` and the integral of ``F(-s)^n`` from there on,
``C^n s_0^(1 - n k) n k/(n k - 1)``. What B has of it is at most the largest weight there,
``n F(-s_0)^(n-1)``, times ``E|B| Pr(A < -s_0/2) + E[|B|; |B| > s_0/2]``.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.affine import Affine
from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.laws.zeta import Zeta
from verify.mixture import Mixture
from verify.penalties.tail_moments import power_index, tail_limit
from verify.truncation import Truncated

#: Values of the d of the module's docstring that are tried, in bits.
SHARE_BITS = range(4, 124, 4)


@dataclass(frozen=True)
class PowerEnd:
    """``Pr(side X > s) = c s^-index`` for all s from a start on, above 0.

    Attributes
    ----------
    index : fmpq
        The index.
    size : arb
        All that c may be.
    """

    index: fmpq
    size: arb


def power_end(law: Law, side: int, start: arb) -> PowerEnd | None:
    """One tail of a law between two multiples of one power, for ever; None: not known.

    Holds for ``Pr(side X >= s)`` too.

    Parameters
    ----------
    law : Law
        The law.
    side : int
        Which tail, +1 or -1.
    start : arb
        A number above 0.
    """
    if not start > 0:
        return None
    match law:
        case Affine():
            return _of_affine(law, side, start)
        case Mixture():
            return _of_mixture(law, side, start)
        case Truncated():
            return _of_truncated(law, side, start)
    index = power_index(law)
    if index is None or not index > 0 or not isinstance(law.support[side > 0], Diverges):
        return None
    if isinstance(law, Zeta):
        if not 2 * start > 1:
            return None
        # As x^-s is convex, the sum from m on is between the integrals from m and from m - 1/2; and
        # m, the first atom, is between s and s + 1.
        late, early = (1 + 1 / start) ** -index, (1 - 1 / (2 * start)) ** -index
        return PowerEnd(index, late.union(early) / (index * arb(law.s).zeta()))
    limit = tail_limit(law)
    if limit is None:
        return None
    return PowerEnd(index, (law.density(side * start) * start ** (index + 1)).union(limit) / index)


def _of_affine(law: Affine, side: int, start: arb) -> PowerEnd | None:
    """``side X > s`` is ``turn Y > (s - side shift)/|scale|``."""
    shift, size = side * arb(law.shift), abs(arb(law.scale))
    base = power_end(law.base, -side if law.flips else side, (start - shift) / size)
    if base is None:
        return None
    bent = (1 - shift / start).union(arb(1)) ** -base.index
    return PowerEnd(base.index, base.size * size**base.index * bent)


def _of_mixture(law: Mixture, side: int, start: arb) -> PowerEnd | None:
    """The heaviest components, and at most what the others have at the start.

    A tail with a mean is at most ``E[|X|; side X > start/2]/s``.
    """
    ends = [(arb(w), one, power_end(one, side, start)) for w, one in law.components]
    least = min((end.index for _, _, end in ends if end is not None), default=fmpq(2))
    if least > 1:
        return None
    total = arb(0)
    for weight, one, end in ends:
        if end is not None:
            falls = start ** (least - end.index)
            total += weight * end.size * (arb(1) if end.index == least else arb(0).union(falls))
        else:
            mean = one.upper_mean(start / 2) if side > 0 else one.lower_mean(-start / 2)
            if isinstance(mean, Diverges):
                return None
            total += weight * arb(0).union(abs(mean) * start ** (least - 1))
    return PowerEnd(least, total)


def _of_truncated(law: Truncated, side: int, start: arb) -> PowerEnd | None:
    """That of the base where only the other side is cut, and before the start."""
    own, other = (law.high, law.low) if side > 0 else (law.low, law.high)
    if own is not None or (other is not None and not side * arb(other) < start):
        return None
    base = power_end(law.base, side, start)
    return None if base is None else PowerEnd(base.index, base.size / law.log_mass().exp())


@dataclass(frozen=True)
class LeftPower:
    """The C of the module's docstring, from ``s_0`` on.

    Attributes
    ----------
    start : arb
        The ``s_0``.
    end : PowerEnd
        ``F(-s)``.
    of_other : arb
        A bound of ``E[|B|; U < -s_0]``.
    """

    start: arb
    end: PowerEnd
    of_other: arb

    @property
    def mass(self) -> arb:
        """``Pr(U < -s_0)``."""
        return self.end.size * self.start**-self.end.index

    def part(self, n: int) -> arb:
        """``E[A; U < -s_0]`` under the best of n; NaN where it is not known."""
        k, size = self.end.index, self.end.size
        if not n * k > 1:
            return arb.nan()
        far = size**n * self.start ** (1 - n * k) * (n * k) / (n * k - 1)
        weight = n * self.mass ** (n - 1)
        return -far + arb(0, (weight * self.of_other).upper())


def left_power(law: Law, other: Law, place: arb) -> LeftPower | None:
    """The law far on the left; None where no leading power is known, or the other has no mean.

    Parameters
    ----------
    law, other : Law
        A and B.
    place : arb
        The point ``-s_0``.
    """
    start = -place
    if isinstance(other.mean(), Diverges) or not start > 0:
        return None
    best: PowerEnd | None = None
    try:
        for bits in SHARE_BITS:
            end = _of_sum(law, other, start, arb(2) ** -bits)
            if end is not None and (best is None or end.size.rad() < best.size.rad()):
                best = end
        if best is None:
            return None
        half = start / 2
        of_other = _size_beyond(other, arb(0)) * law.cdf(-half) + _size_beyond(other, half)
    except Undecided:
        return None
    return LeftPower(start, best, of_other.upper())


def _of_sum(law: Law, other: Law, start: arb, share: arb) -> PowerEnd | None:
    """``F(-s)``, by one d."""
    ends = [power_end(law, -1, start * (1 + sign * share)) for sign in (1, -1)]
    if ends[0] is None or ends[1] is None or not ends[0].index <= 1:
        return None
    k = ends[0].index
    most = _size_beyond(other, share * start).upper() / (share * start)
    if not most < 1:
        return None
    least = ends[0].size * (1 + share) ** -k * (1 - most)
    return PowerEnd(k, least.union(ends[1].size * (1 - share) ** -k + most * start**k))


def _size_beyond(law: Law, distance: arb) -> arb:
    """``E[|B|; |B| > y]``, or more."""
    above, below = law.upper_mean(distance), law.lower_mean(-distance)
    assert isinstance(above, arb) and isinstance(below, arb)
    return above - below
