"""Reweightings by rank: best-of-n, and the top fraction (the odds cap)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from flint import arb, ctx, fmpq

from verify.divergence import entropy_term
from verify.enclosure import Diverges, Number, Undecided, ball, working_precision
from verify.law import Law, Point, exact_point
from verify.reweighted import Reweighted
from verify.series import Moments
from verify.weight import BestOfN, TopFraction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.best_of.ranks import RankIntegral

#: Bits by which a law is expanded more precisely than its best of n is asked for.
RANK_BITS = 48


@dataclass(frozen=True)
class BestOf(Reweighted):
    """The law of the largest of n independent draws: ``P(X <= x) = F(x)^n``."""

    base: Law
    weight: BestOfN

    @property
    def n(self) -> int:
        """The number of draws."""
        return self.weight.n

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        log_cdf = self.base.log_cdf(t, open=closed)
        return arb(0) if log_cdf == arb.neg_inf() else (-(self.n * log_cdf).expm1()).log()

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        return self.n * self.base.log_cdf(t, open)

    def mass_at(self, t: Point) -> arb:
        return self._weight(t) * self.base.mass_at(t)

    def density(self, t: Point) -> arb:
        return self._weight(t) * self.base.density(t)

    def _weight(self, t: Point) -> arb:
        return self.weight.value(t, self.base.cdf(t, open=True), self.base.cdf(t))

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        up_to = arb(0)
        for x, mass in self.base.atoms():
            below, up_to = up_to, up_to + mass
            yield x, up_to**self.n - below**self.n

    def kl(self) -> arb:
        """``log n - (n-1)/n`` without atoms; with them the exact sum, which is less."""
        if self.n == 1:
            return arb(0)
        if not self.base.has_atoms:
            return arb(self.n).log() - arb(self.n - 1) / self.n
        return self._of_ranks(None, lambda ranks: ranks.kl(self.n))

    def mean(self) -> Number:
        mean = self.base.mean()
        if isinstance(mean, Diverges):
            return self._still_infinite(mean)
        if self.n == 1:
            return mean
        if isinstance(self.base, BestOf):  # the best of n bests of m is the best of n m
            return self._of_base().mean()
        return self._of_ranks(None, lambda ranks: ranks.means(self.n)[2])

    def _still_infinite(self, mean: Diverges) -> Diverges:
        """The largest of n keeps an infinite upper part; an infinite lower one may be mended."""
        if mean.sign > 0 or self.n == 1:
            return mean
        raise Undecided(f"the mean of the best of {self.n} where {mean.because}")

    def upper_mean(self, t: Point) -> Number:
        mean = self.base.mean()
        if isinstance(mean, Diverges):
            return self._still_infinite(mean)
        if self.n == 1:
            return self.base.upper_mean(t)
        if isinstance(self.base, BestOf):
            return self._of_base().upper_mean(t)
        cut = exact_point(t)
        low, high = self.base.support
        if not isinstance(high, Diverges) and ball(t) >= ball(high):
            return arb(0)
        if not isinstance(low, Diverges) and ball(t) < ball(low):
            return self.mean()
        return self._of_ranks(cut, lambda ranks: ranks.means(self.n, cut)[2])

    def _of_base(self) -> BestOf:
        """The same law as the best of more draws, where the base is a best of some."""
        assert isinstance(self.base, BestOf)
        return BestOf(self.base.base, BestOfN(self.n * self.base.n))

    def _of_ranks(self, cut: fmpq | None, number: Callable[[RankIntegral], arb]) -> arb:
        """A number of the base law's expansions, taken with more bits."""
        if isinstance(self.base, Reweighted):
            raise Undecided(f"the density of {self.base} is not known as a formula")
        bits = ctx.prec + RANK_BITS
        with working_precision(bits):
            value = number(_rank_integral(self.base, cut, bits))
        return +value

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        return _moments_of_atoms(self, tilt, low, high)

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        best = self.base.sample(size, rng)
        for _ in range(self.n - 1):
            np.maximum(best, self.base.sample(size, rng), out=best)
        return best


@dataclass(frozen=True)
class TopShare(Reweighted):
    """Q's top fraction f, renormalised: ``P(X > x) = min(Q(X > x), f)/f``."""

    base: Law
    weight: TopFraction

    @property
    def fraction(self) -> fmpq:
        """The fraction f that is kept."""
        return self.weight.fraction

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        kept = self.base.log_survival(t, closed) - ball(self.fraction).log()
        return kept if kept < 0 else (arb(0) if kept >= 0 else kept.union(arb(0)))

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        above = self.log_survival(t, closed=open)
        return arb.neg_inf() if above == 0 else (-above.expm1()).log()

    def mass_at(self, t: Point) -> arb:
        return self.survival(t, closed=True) - self.survival(t)

    def density(self, t: Point) -> arb:
        return self.base.density(t) * self._weight(t)

    def _weight(self, t: Point) -> arb:
        return self.weight.value(t, self.base.cdf(t, open=True), self.base.cdf(t))

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        for x, mass in self.base.atoms():
            yield x, mass * self._weight(x)

    def cut(self) -> Point:
        """The quantile at level ``1 - f``: exact where the base has atoms."""
        if self.fraction == 1:
            raise Undecided("the top fraction 1 cuts nothing")
        cut = self.base.quantile(1 - self.fraction)
        if cut.is_exact():
            return cut.fmpq()
        if self.base.has_atoms:  # an atom in so narrow a ball is its simplest fraction
            x = simplest_fraction(cut)
            if self.base.mass_at(x) > 0:
                return x
        return cut

    def kl(self) -> arb:
        if self.fraction == 1:
            return arb(0)
        log_odds = -ball(self.fraction).log()
        if not self.base.has_atoms:
            return log_odds
        cut = self.cut()
        atom = self.base.mass_at(cut)
        if atom == 0:
            return log_odds
        above = self.base.survival(cut)
        share = 1 - above / self.fraction  # of P, on the atom that is split
        return above / self.fraction * log_odds + entropy_term(share, atom)

    def mean(self) -> Number:
        if self.fraction == 1:
            return self.base.mean()
        cut = self.cut()
        above = self.base.upper_mean(cut)
        if isinstance(above, Diverges):
            return above
        return (above + (self.fraction - self.base.survival(cut)) * ball(cut)) / self.fraction

    def upper_mean(self, t: Point) -> Number:
        if self.fraction == 1:
            return self.base.upper_mean(t)
        if self.log_survival(t) == 0:
            return self.mean()
        above = self.base.upper_mean(t)
        return above if isinstance(above, Diverges) else above / self.fraction

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        return _moments_of_atoms(self, tilt, low, high)

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        from verify.sampling import sample_top

        return sample_top(self.base, self.fraction, size, rng)


def simplest_fraction(value: arb) -> fmpq:
    """The fraction of smallest denominator in a ball."""
    low, high = value.lower().fmpq(), value.upper().fmpq()
    if low <= 0 <= high:
        return fmpq(0)
    return _simplest(low, high) if low > 0 else -_simplest(-high, -low)


def _simplest(low: fmpq, high: fmpq) -> fmpq:
    """The same between two positive fractions, by their continued fractions."""
    whole = low.ceil()
    if whole <= high:
        return fmpq(whole)
    below = whole - 1
    return below + 1 / _simplest(1 / (high - below), 1 / (low - below))


def _finite_atoms(law: Law) -> list[tuple[fmpq, arb]]:
    """All atoms of a law with finitely many."""
    if isinstance(law.support[0], Diverges) or isinstance(law.support[1], Diverges):
        raise Undecided(f"{law} has infinitely many atoms")
    return list(law.atoms())


def _moments_of_atoms(law: Law, tilt: arb, low: fmpq | None, high: fmpq | None) -> Moments:
    """Exponential moments of a finite list of atoms."""
    if not law.has_atoms:
        raise Undecided(f"exponential moments of {law} are known for lists of atoms only")
    total = [arb(0), arb(0), arb(0)]
    for x, mass in _finite_atoms(law):
        if (low is None or x > low) and (high is None or x <= high):
            term = mass * (tilt * arb(x)).exp()
            for order in range(3):
                total[order] += term * arb(x) ** order
    return total[0], total[1], total[2]


@lru_cache(maxsize=64)
def _rank_integral(law: Law, cut: fmpq | None, bits: int) -> RankIntegral:
    """The law in the form in which the best of any n is averaged, at the precision in force."""
    from verify.best_of.expansion import rank_integral
    from verify.laws.point import PointMass

    return rank_integral(law, PointMass(fmpq(0)), cut)
