"""``E V``, ``E X``, ``E U`` and KL under the best of n draws by ``U = X + V``, as enclosures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

from flint import arb, fmpq

from verify.best_of.beside_lattice import beside_lattice, expand
from verify.best_of.density import take_apart
from verify.best_of.far import Beyond, Side
from verify.best_of.panels import SumLaw
from verify.best_of.ranks import RankIntegral
from verify.best_of.slow import Alone, alone, gathered, moved
from verify.conditioning import condition
from verify.conditioning.parts import atom_of, components, is_atomic
from verify.enclosure import Diverges, Number, Undecided, working_precision
from verify.independent_sum import add
from verify.law import Law
from verify.laws.gaussian import Normal, normal_parameters
from verify.penalties.tail_moments import moment_index
from verify.progress import Progress
from verify.reweighted import reweight
from verify.weight import BestOfN

T = TypeVar("T")

#: The working precision of the integrals.
BITS = 96
#: How well the mass under best-of-n, which is 1, is to be known, for an answer.
MASS_BITS = 7


class BestOfNumbers(NamedTuple):
    """The numbers of one n: the KL in nats, and the means of U, V and X."""

    kl: Number
    mean_u: Number
    mean_v: Number
    mean_x: Number


@dataclass(frozen=True)
class BestOfPair:
    """Best-of-n for an error and a utility that are independent; see :func:`best_of`."""

    error: Law
    utility: Law
    progress: Progress | None = field(default=None, compare=False, repr=False)
    seconds: float | None = field(default=None, compare=False, repr=False)

    def at(self, n: int) -> BestOfNumbers:
        """The numbers for one n, from 1 up.

        Raises
        ------
        Undecided
            If the effort does not suffice.
        """
        n = BestOfN(n).n
        with working_precision(BITS):
            if n == 1:
                mean_x, mean_v = self.error.mean(), self.utility.mean()
                return BestOfNumbers(arb(0), add(mean_x, mean_v), mean_v, mean_x)
            for closed in (self._both_normal(n), self._both_infinite(n)):
                if closed is not None:
                    return closed
            mass, mean_v, mean_x = self.ranks.means(n)
            if not mass.rad() < arb(2) ** -MASS_BITS:
                raise Undecided(f"the best of {n}: its mass is known as {mass.str(3)} only")
            if not mass.contains(1):
                raise Undecided(f"the best of {n}: its mass is {mass.str(10)}, not 1")
            v = _mean(self.utility, self.error, mean_v, "V")
            x = _mean(self.error, self.utility, mean_x, "X")
            return BestOfNumbers(self.ranks.kl(n), add(x, v), v, x)

    def _both_normal(self, n: int) -> BestOfNumbers | None:
        """The numbers where X and V are normal: each gains its share of the variance of U."""
        x, v = normal_parameters(self.error), normal_parameters(self.utility)
        if x is None or v is None:
            return None
        score = reweight(Normal(), BestOfN(n)).mean()
        assert isinstance(score, arb)
        gain = score / arb(x[1] ** 2 + v[1] ** 2).sqrt()
        mean_x, mean_v = (law[0] + law[1] ** 2 * gain for law in (x, v))
        return BestOfNumbers(arb(n).log() - arb(n - 1) / n, mean_x + mean_v, mean_v, mean_x)

    def _both_infinite(self, n: int) -> BestOfNumbers | None:
        """The numbers where X and V both have infinite means, and one of them has no atoms."""
        error, utility = self.error, self.utility
        if not (isinstance(error.mean(), Diverges) and isinstance(utility.mean(), Diverges)):
            return None
        if not (_has_no_atoms(error) or _has_no_atoms(utility)):
            return None
        v, x = _mean(utility, error, arb.nan(), "V"), _mean(error, utility, arb.nan(), "X")
        return BestOfNumbers(arb(n).log() - arb(n - 1) / n, add(x, v), v, x)

    @property
    def ranks(self) -> RankIntegral:
        """The law of U, expanded; it takes seconds."""
        if isinstance(self._expanded, str):
            raise Undecided(self._expanded)
        return self._expanded

    @cached_property
    def _expanded(self) -> RankIntegral | str:
        """The law of U, or why it could not be expanded: it is tried once."""
        try:
            return rank_integral(
                self.error, self.utility, progress=self.progress, seconds=self.seconds
            )
        except Undecided as why:
            return str(why)


def rank_integral(
    error: Law,
    utility: Law,
    cut: fmpq | None = None,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> RankIntegral:
    """The law of U taken apart and expanded, at the precision in force.

    Parameters
    ----------
    error, utility : Law
        The laws of X and V.
    cut : fmpq or None
        A point that pieces are to end at.
    progress : callable or None
        Told how far it is.
    seconds : float or None
        Processor time after which it is given up; None: never.

    Raises
    ------
    Undecided
        If the effort does not suffice.
    """
    # A point is known best as a distance from 0: that is where a law is to end.
    shifts = _start(utility), _start(error)
    utility, error = utility - shifts[0], error - shifts[1]
    cut = None if cut is None else cut - shifts[0] - shifts[1]
    if cut is None:
        for one, other in ((error, utility), (utility, error)):
            slow = alone(one, other)
            if slow is not None:
                return _beside_slow(slow, slow.law is utility, shifts, progress, seconds)
            lattice = beside_lattice(one, other)
            if lattice is not None:
                return expand(lattice, one is utility, progress, seconds).ranks(shifts)
    law = SumLaw(take_apart(error), take_apart(utility), cut, progress, seconds)
    if not law.panels:
        nothing = Beyond(arb(0), arb(0), arb(0))
        right = (arb(0), arb(0), arb(0))
        return RankIntegral(law.pieces, right, nothing, nothing, law.lost, shifts)
    start, end = law.ends
    far_right, far_left = law.beyond(end, +1), law.beyond(start, -1)
    right = _right(error, utility, end.mid(), far_right)
    x, v = Side(law.error, +1).last, Side(law.utility, +1).last
    top = None if x is None or v is None else ((end - x).union(v), (end - v).union(x))
    return RankIntegral(law.pieces, right, far_right, far_left, law.lost, shifts, top)


def _beside_slow(
    slow: Alone,
    is_v: bool,
    shifts: tuple[fmpq, fmpq],
    progress: Progress | None,
    seconds: float | None,
) -> RankIntegral:
    """The same, where one of X and V decides alone far out; ``is_v``: it is V."""

    def ordered(own: T, other: T) -> tuple[T, T]:
        """What belongs to V and to X."""
        return (own, other) if is_v else (other, own)

    utility, error = ordered(gathered(slow.law), slow.parts)
    law = SumLaw(error, utility, None, progress, seconds, slow)
    start, end = law.ends
    t, shift = end.mid(), moved(slow.parts)
    far_right, far_left = law.beyond(end, +1), law.beyond(start, -1)
    mass, mean, off = slow.mass(t), slow.mean(t), slow.lost(t)
    right = mass, *ordered(arb.nan(), mass * mean)
    lost = Beyond(arb(0), *ordered(arb.nan(), off))
    change = Beyond(shift.mass, *ordered(arb.nan(), shift.of_v))
    top = ordered(arb.nan(), mean)
    return RankIntegral(law.pieces, right, far_right, far_left, lost, shifts, top, change)


def _start(law: Law) -> fmpq:
    """A finite end of a support, the lower one if there are two; 0 where none is rational."""
    for end in law.support:
        if isinstance(end, int | fmpq):
            return fmpq(end)
    return fmpq(0)


def _right(error: Law, utility: Law, end: arb, far: Beyond) -> tuple[arb, arb, arb]:
    """What lies beyond the last piece, by conditioning; by its bounds if that fails."""
    if far.mass == 0:
        return arb(0), arb(0), arb(0)
    try:
        found = condition(error, utility, end.fmpq())
    except Undecided:
        return arb(0).union(far.mass), arb(0, far.of_v.upper()), arb(0, far.of_x.upper())
    parts = [
        arb.nan() if isinstance(mean, Diverges) else found.mass * mean
        for mean in (found.mean_v, found.mean_x)
        if mean is not None
    ]
    return found.mass, parts[0], parts[1]


def _mean(law: Law, other: Law, found: arb, name: str) -> Number:
    """The mean under best-of-n, where the law's own may be infinite."""
    mean = law.mean()
    if not isinstance(mean, Diverges):
        return found
    if mean.sign > 0 or (mean.sign == 0 and _has_light_left_part(law, other)):
        return Diverges(+1, f"best-of-n has a weight above 0 where U is large: {mean.because}")
    raise Undecided(f"the mean of {name} under best-of-n, where {mean.because}")


def _has_no_atoms(law: Law) -> bool:
    return all(not is_atomic(part.law) and atom_of(part.law) is None for part in components(law))


def _has_light_left_part(law: Law, other: Law) -> bool:
    """Whether the left part of A has a finite mean under best-of-n, for B beside it; a proof.

    The weight is at most ``n F(U)``. A second draw U' of U is at most U = B - T, where A = -T, only
    if T' or B'_- or B_+ is at least T/3. So ``E[T; U' <= U]`` is at most the sum over these Y of
    ``E min(T, 3 Y) <= sqrt(3) E sqrt(T Y)``, and T and Y are independent.
    """
    half = fmpq(1, 2)
    parts = moment_index(law, -1), moment_index(other, -1), moment_index(other, +1)
    return all(part.finite(half) is True for part in parts)


def best_of(
    error: Law | str,
    utility: Law | str,
    progress: Progress | None = None,
    seconds: float | None = None,
) -> BestOfPair:
    """Best-of-n by ``U = X + V`` for X and V that are independent.

    Parameters
    ----------
    error, utility : Law or str
        The laws of X and V, or their texts.
    progress : callable or None
        Told how far the law of U is expanded, which takes seconds.
    seconds : float or None
        Processor time after which the law of U is given up, as not settled; None: never.

    Returns
    -------
    BestOfPair
        Its :meth:`~BestOfPair.at` gives the numbers of any n.
    """
    error, utility = (Law.parse(law) if isinstance(law, str) else law for law in (error, utility))
    return BestOfPair(error, utility, progress, seconds)
