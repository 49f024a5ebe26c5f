"""``E V``, ``E X``, ``E U`` and KL under the best of n draws by ``U = X + V``, as enclosures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from flint import arb

from verify.best_of.expansion import rank_integral
from verify.best_of.infinite_means import infinite_mean, infinite_sum
from verify.best_of.ranks import RankIntegral
from verify.conditioning.parts import atom_of, components, is_atomic
from verify.enclosure import Diverges, Number, Undecided, working_precision
from verify.independent_sum import add
from verify.law import Law
from verify.laws.gaussian import Normal, normal_parameters
from verify.progress import Progress
from verify.reweighted import reweight
from verify.weight import BestOfN

#: The working precision of the integrals.
BITS = 96
#: How well the mass under best-of-n, which is 1, is to be known, for an answer.
MASS_BITS = 7


class BestOfNumbers(NamedTuple):
    """The numbers of one n: the KL in nats, and the means of U, V and X (NaN: not settled)."""

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
            closed = self._both_normal(n)
            if closed is not None:
                return closed
            infinite = self._both_infinite(n)
            if infinite is None:
                return self._by_ranks(n)
            # Only where both are infinite on the left alone may more be known.
            if any(law.mean() != Diverges(-1) for law in (self.error, self.utility)):
                return infinite
            if _is_settled(infinite.mean_v) and _is_settled(infinite.mean_x):
                return infinite
            try:
                return self._by_ranks(n)
            except Undecided:
                return infinite

    def _by_ranks(self, n: int) -> BestOfNumbers:
        """The numbers by the law of U."""
        mass, mean_v, mean_x = self.ranks.means(n)
        if not mass.rad() < arb(2) ** -MASS_BITS:
            raise Undecided(f"the best of {n}: its mass is known as {mass.str(3)} only")
        if not mass.contains(1):
            raise Undecided(f"the best of {n}: its mass is {mass.str(10)}, not 1")
        v = _mean(self.utility, self.error, n, mean_v)
        x = _mean(self.error, self.utility, n, mean_x)
        return BestOfNumbers(self.ranks.kl(n), self._sum(n, x, v), v, x)

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
        v, x = _mean(utility, error, n, arb.nan()), _mean(error, utility, n, arb.nan())
        return BestOfNumbers(arb(n).log() - arb(n - 1) / n, self._sum(n, x, v), v, x)

    def _sum(self, n: int, x: Number, v: Number) -> Number:
        """``E U``, which is not known where one of the two is not."""
        if not (_is_settled(x) and _is_settled(v)):
            return arb.nan()
        total = add(x, v)
        if total != Diverges(0):
            return total
        infinite = infinite_sum(self.error, self.utility, n)
        return arb.nan() if infinite is None else infinite

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


def _mean(law: Law, other: Law, n: int, found: arb) -> Number:
    """The mean under the best of n, where the law's own may be infinite; NaN: not known."""
    if not isinstance(law.mean(), Diverges):
        return found
    infinite = infinite_mean(law, other, n)
    return found if infinite is None else infinite


def _is_settled(mean: Number) -> bool:
    return isinstance(mean, Diverges) or bool(mean.is_finite())


def _has_no_atoms(law: Law) -> bool:
    return all(not is_atomic(part.law) and atom_of(part.law) is None for part in components(law))


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
