"""Masses of the lattice laws, by formulas of the second route's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache

from flint import fmpq
from mpmath import mp

from verify.enclosure import Undecided
from verify.law import Law
from verify.laws.discrete import Bernoulli, Binomial, Geometric, NegativeBinomial, Poisson
from verify.laws.zeta import Zeta
from verify.second_route.arithmetic import arithmetic
from verify.second_route.numbers import Real, number


class Masses(ABC):
    """``Pr(X = k)`` for whole k from ``first`` to ``last`` (None: without end)."""

    first: int = 0
    last: int | None = None

    @abstractmethod
    def log_mass(self, k: Real) -> Real:
        """Its logarithm, as a function of real k."""

    @abstractmethod
    def ratio(self, k: Real) -> Real:
        """``Pr(X = k + 1) / Pr(X = k)``."""

    @abstractmethod
    def peak(self, factor: Real) -> Real:
        """Where ``factor ratio(k)`` passes 1, or anything below ``first`` if it never exceeds 1."""

    def last_ratio(self) -> Real:
        """The limit of the ratio, 0 unless there is another."""
        return mp.zero

    def lost_bits(self, k: Real) -> int:
        """Bits that cancel between terms of size ``k log k``; of astronomical ones, not all."""
        return min((max(int(mp.mag(k)), 0) if k else 0) + 12, 1200)


class BinomialMasses(Masses):
    def __init__(self, trials: int, p: fmpq) -> None:
        self.last, self.p = trials, p

    def log_mass(self, k: Real) -> Real:
        a = arithmetic()
        n = self.last
        assert n is not None
        ways = a.log_gamma(mp.mpf(n + 1)) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)
        return ways + k * a.log(number(self.p)) + (n - k) * mp.log1p(-number(self.p))

    def ratio(self, k: Real) -> Real:
        a = arithmetic()
        assert self.last is not None
        return mp.mpf(self.last - k) / (k + 1) * a.number(self.p / (1 - self.p))

    def peak(self, factor: Real) -> Real:
        odds = number(self.p / (1 - self.p)) * factor
        assert self.last is not None
        return (self.last * odds - 1) / (1 + odds)


class PoissonMasses(Masses):
    def __init__(self, mu: fmpq) -> None:
        self.mu = mu

    def log_mass(self, k: Real) -> Real:
        mu = number(self.mu)
        return k * arithmetic().log(mu) - mu - mp.loggamma(k + 1)

    def ratio(self, k: Real) -> Real:
        return arithmetic().number(self.mu) / (k + 1)

    def peak(self, factor: Real) -> Real:
        return number(self.mu) * factor - 1


class NegativeBinomialMasses(Masses):
    """Failures before the r-th success; shifted by one for r = 1 it is the geometric law."""

    def __init__(self, r: fmpq, p: fmpq, first: int = 0) -> None:
        self.r, self.p, self.first = r, p, first

    def log_mass(self, k: Real) -> Real:
        a = arithmetic()
        r, p, k = a.number(self.r), a.number(self.p), k - self.first
        chance = r * a.log(p) + k * mp.log1p(-p)
        if self.r == 1:
            return chance
        return chance + mp.loggamma(k + r) - mp.loggamma(k + 1) - a.log_gamma(r)

    def ratio(self, k: Real) -> Real:
        a = arithmetic()
        k = k - self.first
        fail = a.number(1 - self.p)
        return fail if self.r == 1 else (k + a.number(self.r)) / (k + 1) * fail

    def last_ratio(self) -> Real:
        return number(1 - self.p)

    def peak(self, factor: Real) -> Real:
        fail = number(1 - self.p) * factor
        if fail >= 1:
            raise Undecided("second route: a tilt at or beyond the abscissa")
        return (number(self.r) * fail - 1) / (1 - fail) + self.first


class ZetaMasses(Masses):
    first = 1

    def __init__(self, s: fmpq) -> None:
        self.s = s

    def log_mass(self, k: Real) -> Real:
        size = _log_zeta(int(self.s.p), int(self.s.q), mp.prec // 64 + 1)
        return -number(self.s) * mp.log(k) - size

    def ratio(self, k: Real) -> Real:
        return mp.exp(-arithmetic().number(self.s) * mp.log1p(1 / mp.mpf(k)))

    def last_ratio(self) -> Real:
        return mp.one

    def lost_bits(self, k: Real) -> int:
        return 12

    def peak(self, factor: Real) -> Real:
        if factor > 1:
            raise Undecided("second route: a tilt beyond the abscissa")
        return mp.zero


@cache
def _log_zeta(p: int, q: int, words: int) -> Real:
    with mp.workprec(64 * words):
        return mp.log(mp.zeta(mp.mpf(p) / q))


def masses_of(law: Law) -> Masses:
    """The masses of a catalogue law on the integers.

    Raises
    ------
    Undecided
        For a law that is not known here.
    """
    match law:
        case Bernoulli():
            return BinomialMasses(1, law.p)
        case Binomial():
            return BinomialMasses(int(law.n.p), law.p)
        case Poisson():
            return PoissonMasses(law.mu)
        case Geometric():
            return NegativeBinomialMasses(fmpq(1), law.p, first=1)
        case NegativeBinomial():
            return NegativeBinomialMasses(law.r, law.p)
        case Zeta():
            return ZetaMasses(law.s)
    raise Undecided(f"second route: none is known for {law}")
