"""Reweightings by rank: best-of-n, and the top fraction (the odds cap)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.enclosure import Diverges, Number, Undecided, ball
from verify.law import Law, Point
from verify.reweighted import Reweighted
from verify.series import Moments
from verify.weight import BestOfN, TopFraction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Cells of the monotone sums that enclose means of best-of-n; the error falls like 1/cells.
CELLS = 256


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
        """``log n - (n-1)/n`` without atoms; the exact sum over them for a finite list."""
        if not self.base.has_atoms:
            return arb(self.n).log() - arb(self.n - 1) / self.n
        pairs = zip(_finite_atoms(self), _finite_atoms(self.base), strict=True)
        return sum((p * (p / q).log() for (_, p), (_, q) in pairs), arb(0))

    def mean(self) -> Number:
        mean = self.base.mean()
        if isinstance(mean, Diverges):
            return self._still_infinite(mean)
        if self.base.has_atoms:
            return sum((mass * x for x, mass in _finite_atoms(self)), arb(0))
        return self._cells(None)

    def _still_infinite(self, mean: Diverges) -> Diverges:
        """The largest of n keeps an infinite upper part; an infinite lower one may be mended."""
        if mean.sign > 0 or self.n == 1:
            return mean
        raise Undecided(f"the mean of the best of {self.n} where {mean.because}")

    def upper_mean(self, t: Point) -> Number:
        mean = self.base.mean()
        if isinstance(mean, Diverges):
            return self._still_infinite(mean)
        if self.base.has_atoms:
            return sum((mass * x for x, mass in _finite_atoms(self) if x > t), arb(0))
        return self._cells(t)

    def _cells(self, start: Point | None) -> arb:
        """``E[X; X > start]``: on each cell the weight lies between its values at the ends."""
        levels = [fmpq(i, CELLS) for i in range(1, CELLS)]
        # P has its quantile at level u where Q has its at u^(1/n).
        ends = [self.base.quantile(arb(level).root(self.n)).mid() for level in levels]
        cuts = [x for x in sorted({*map(_Ordered, ends), _Ordered(arb(0))}) if _after(x, start)]
        points: list[Point | None] = [start, *(x.value for x in cuts), None]
        total = arb(0)
        for low, high in pairwise(points):
            part = self._base_part(low, high)
            smallest = arb(0) if low is None else self._weight(low)
            largest = arb(self.n) if high is None else self._weight(high)
            total += part * smallest.union(largest)
        return total

    def _base_part(self, low: Point | None, high: Point | None) -> arb:
        from_low = self.base.mean() if low is None else self.base.upper_mean(low)
        from_high = arb(0) if high is None else self.base.upper_mean(high)
        if isinstance(from_low, Diverges) or isinstance(from_high, Diverges):
            raise Undecided(f"a partial mean of {self.base}")
        return from_low - from_high

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
        return above / self.fraction * log_odds + _entropy_term(share, atom)

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


def _entropy_term(share: arb, atom: arb) -> arb:
    """``s log(s/a)`` for 0 <= s; where s may be 0, all it can be."""
    if share > 0:
        return share * (share / atom).log()
    largest = share.abs_upper()
    if largest == 0:
        return arb(0)
    # It falls from 0 as s grows from 0, up to s = a/e.
    if not largest < atom / 3:
        return arb.nan()
    return arb(0).union(largest * (largest / atom).log())


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


@dataclass(frozen=True)
class _Ordered:
    """An exact ball that can be sorted and put in a set."""

    value: arb

    def __lt__(self, other: _Ordered) -> bool:
        return bool(self.value < other.value)

    def __hash__(self) -> int:
        return hash(self.value.str(40))


def _after(x: _Ordered, start: Point | None) -> bool:
    return start is None or bool(x.value > ball(start))
