"""Discrete laws: Bernoulli, binomial, Poisson, geometric, negative binomial."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from flint import arb, fmpq

from verify.enclosure import INFINITE, Number, ball
from verify.formula import Formula
from verify.formula import log as exact_log
from verify.law import Point
from verify.laws.bases import float_of
from verify.laws.lattice import LatticeLaw
from verify.laws.parameters import (
    COUNT,
    PROBABILITY,
    SHAPE,
    Parametric,
    parameter,
)
from verify.laws.ratio_series import log_beta_tails, log_gamma_ratio, ratio_sum
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A probability that is a fraction of at most about this many bits is answered exactly.
_FRACTION_BITS = 512


def _bits(value: fmpq) -> int:
    return int(value.p.bit_length() + value.q.bit_length())


def _log1m(p: fmpq) -> arb:
    """``log(1 - p)`` of an exact p, accurate for small p too."""
    return arb(-p).log1p() if p < fmpq(1, 2) else arb(1 - p).log()


def _sum_by_ratios(mass: fmpq, last: int, ratio: Callable[[int], fmpq]) -> fmpq:
    """The first masses up to atom ``last``, from the mass at 0 and the ratios of neighbours."""
    total = mass
    for k in range(last):
        mass = mass * ratio(k)
        total += mass
    return total


# ------------------------------------------------------------------ bounded


class _Trials(LatticeLaw):
    """The number of successes in ``trials`` independent trials of probability p."""

    p: fmpq

    @property
    @abstractmethod
    def trials(self) -> int:
        """How many trials."""

    @property
    def last(self) -> int | None:
        return self.trials

    @property
    def right_tail(self) -> TailRates:
        return TailRates.bounded()

    def _exact_cdf(self, n: int) -> fmpq | None:
        p, trials = self.p, self.trials
        if trials * _bits(p) > _FRACTION_BITS:
            return None
        odds = p / (1 - p)
        return _sum_by_ratios((1 - p) ** trials, n, lambda k: odds * (trials - k) / (k + 1))

    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        return _binomial_tails(self.trials, self.p, n)

    def _log_mass(self, n: arb) -> arb:
        return _log_binomial_mass(self.trials, self.p, n)

    def mean(self) -> Number:
        return arb(self.trials * self.p)

    def _log_upper_mean(self, n: arb) -> arb:
        # k C(N, k) = N C(N - 1, k - 1)
        total = arb(self.trials * self.p).log()
        return total if n == 0 else total + _binomial_tails(self.trials - 1, self.p, n - 1)[0]

    def _ratio(self, n: arb) -> arb:
        return (self.trials - n) / (n + 1) * (self.p / (1 - self.p))

    _largest_ratio = _ratio

    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb]:
        p, q = arb(self.p), arb(1 - self.p)
        if tilt > 1:  # exp(-l) stays finite, and l itself is most of K
            down = (-tilt).exp()
            k = tilt + (q * (-tilt).expm1()).log1p()
            yes, no = p, q * down
        else:
            up = tilt.exp()
            k = (p * tilt.expm1()).log1p()
            yes, no = p * up, q
        chance, against = yes / (yes + no), no / (yes + no)
        return self.trials * k, self.trials * chance, self.trials * chance * against

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        return rng.binomial(self.trials, float_of(self.p), size).astype(np.float64)


def _log_binomial_mass(trials: int, p: fmpq, n: arb) -> arb:
    if n == trials:
        return n * _log1m(1 - p)
    ways = arb(trials + 1).lgamma() - (n + 1).lgamma() - (trials - n + 1).lgamma()
    return ways + n * _log1m(1 - p) + (trials - n) * _log1m(p)


def _binomial_tails(trials: int, p: fmpq, n: arb) -> tuple[arb, arb]:
    """``log Q(X > n)`` and ``log Q(X <= n)``; the smaller one is summed, the other is 1 less it."""
    if n >= trials:
        return arb.neg_inf(), arb(0)
    odds = arb(p / (1 - p))
    if n + 1 > trials * p:
        total = ratio_sum(lambda j: odds * (trials - n - 1 - j) / (n + 2 + j))
        above = _log_binomial_mass(trials, p, n + 1) + total.log()
        return above, (-above.exp()).log1p()
    total = ratio_sum(lambda j: (n - j) / (odds * (trials - n + 1 + j)))
    up_to = _log_binomial_mass(trials, p, n) + total.log()
    return (-up_to.exp()).log1p(), up_to


@dataclass(frozen=True)
class Bernoulli(Parametric, _Trials):
    """1 with probability p, else 0."""

    name: ClassVar[str] = "bernoulli"
    p: fmpq = parameter(PROBABILITY)

    @property
    def trials(self) -> int:
        return 1


@dataclass(frozen=True)
class Binomial(Parametric, _Trials):
    """The number of successes in n independent trials of probability p."""

    name: ClassVar[str] = "binomial"
    n: fmpq = parameter(COUNT)
    p: fmpq = parameter(PROBABILITY)

    @property
    def trials(self) -> int:
        return int(self.n.p)


# ------------------------------------------------------------------ light tails


@dataclass(frozen=True)
class Poisson(Parametric, LatticeLaw):
    """``Q(X = n) = exp(-mu) mu^n / n!`` for n = 0, 1, ..."""

    name: ClassVar[str] = "poisson"
    mu: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.lattice(INFINITE, "E exp(l X) = exp(mu (exp(l) - 1)) for every l")

    def _log_mass(self, n: arb) -> arb:
        return n * arb(self.mu).log() - self.mu - (n + 1).lgamma()

    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        mu = arb(self.mu)
        if n + 1 > mu:
            # 1F1(1; n + 2; mu), summed here
            total = ratio_sum(lambda j: mu / (n + 2 + j))
            above = self._log_mass(n + 1) + total.log()
            return above, (-above.exp()).log1p()
        total = ratio_sum(lambda j: (n - j) / mu)
        up_to = self._log_mass(n) + total.log()
        return (-up_to.exp()).log1p(), up_to

    def mean(self) -> Number:
        return arb(self.mu)

    def _log_upper_mean(self, n: arb) -> arb:
        # k mu^k/k! = mu mu^(k-1)/(k-1)!
        log_mu = arb(self.mu).log()
        return log_mu if n == 0 else log_mu + self._log_tails(n - 1)[0]

    def _ratio(self, n: arb) -> arb:
        return self.mu / (n + 1)

    _largest_ratio = _ratio

    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb]:
        tilted = self.mu * tilt.exp()
        return self.mu * tilt.expm1(), tilted, tilted

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        return rng.poisson(float_of(self.mu), size).astype(np.float64)


class _ToFailures(LatticeLaw):
    """Laws with geometric tails of ratio ``1 - p``."""

    p: fmpq

    @cached_property
    def right_tail(self) -> TailRates:
        rate = -exact_log(Formula.number(1 - self.p))
        return TailRates.lattice(rate, "Q(X > n) falls like (1 - p)^n up to a power of n")

    def _gap(self, tilt: arb) -> tuple[arb, arb]:
        """``D = 1 - (1 - p) exp(l)`` and ``log(D/p)``, both accurate near 0 and the abscissa."""
        gap = -(tilt + _log1m(self.p)).expm1()
        change = (1 - self.p) / self.p * tilt.expm1()
        log_gap = (-change).log1p() if abs(change) < 0.5 else (gap / self.p).log()
        return gap, log_gap


@dataclass(frozen=True)
class Geometric(Parametric, _ToFailures):
    """The number of trials up to the first success: ``Q(X > n) = (1 - p)^n``, n = 1, 2, ..."""

    name: ClassVar[str] = "geometric"
    first: ClassVar[int] = 1
    p: fmpq = parameter(PROBABILITY)

    def _exact_cdf(self, n: int) -> fmpq | None:
        return None if n * _bits(self.p) > _FRACTION_BITS else 1 - (1 - self.p) ** n

    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        above = n * _log1m(self.p)
        return above, (-above.exp()).log1p() if above < -1 else (-above.expm1()).log()

    def _log_mass(self, n: arb) -> arb:
        return _log1m(1 - self.p) + (n - 1) * _log1m(self.p)

    def mean(self) -> Number:
        return arb(1 / self.p)

    def _log_upper_mean(self, n: arb) -> arb:
        return n * _log1m(self.p) + (n + 1 / self.p).log()

    def tail_mean(self, t: Point) -> Number:
        # Without memory: X - n given X > n has the law of X.
        return self._over(t, False, lambda n: 1 / self.p + (ball(n) if n > 0 else arb(0)))

    def _ratio(self, n: arb) -> arb:
        return arb(1 - self.p)

    _largest_ratio = _ratio

    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb]:
        gap, log_gap = self._gap(tilt)
        return tilt - log_gap, 1 / gap, (1 - self.p) * tilt.exp() / gap**2

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        # numpy's own stops at 2^63, which a small p passes.
        log_q = float(_log1m(self.p))
        return np.maximum(np.ceil(rng.standard_exponential(size) / -log_q), 1.0)


@dataclass(frozen=True)
class NegativeBinomial(Parametric, _ToFailures):
    """Failures before the r-th success: ``C(n + r - 1, n) p^r (1 - p)^n``; r need not be whole."""

    name: ClassVar[str] = "negative_binomial"
    r: fmpq = parameter(SHAPE)
    p: fmpq = parameter(PROBABILITY)

    def _exact_cdf(self, n: int) -> fmpq | None:
        p, r = self.p, self.r
        if r.q != 1 or (r + n) * _bits(p) > _FRACTION_BITS:
            return None
        return _sum_by_ratios(p ** int(r.p), n, lambda k: (1 - p) * (k + r) / (k + 1))

    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        return log_beta_tails(n + 1, self.r, 1 - self.p)

    def _log_mass(self, n: arb) -> arb:
        if n == 0:
            return self.r * _log1m(1 - self.p)
        ways = log_gamma_ratio(n, arb(self.r), arb(1)) - arb(self.r).lgamma()
        return ways + self.r * _log1m(1 - self.p) + n * _log1m(self.p)

    def mean(self) -> Number:
        return arb(self.r * (1 - self.p) / self.p)

    def _log_upper_mean(self, n: arb) -> arb:
        # n C(n + r - 1, n) = r C(n + r - 1, n - 1): the law with r + 1, one step to the left.
        total = arb(self.r * (1 - self.p) / self.p).log()
        return total if n == 0 else total + log_beta_tails(n, self.r + 1, 1 - self.p)[0]

    def _ratio(self, n: arb) -> arb:
        return (1 - self.p) * (n + self.r) / (n + 1)

    def _largest_ratio(self, n: arb) -> arb:
        return arb(1 - self.p).max(self._ratio(n))  # it goes monotonically to 1 - p

    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb]:
        gap, log_gap = self._gap(tilt)
        tilted = (1 - self.p) * tilt.exp()
        return -self.r * log_gap, self.r * tilted / gap, self.r * tilted / gap**2

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        rates = rng.standard_gamma(float_of(self.r), size) * float_of((1 - self.p) / self.p)
        # From 1e15 on the Poisson step is below the spacing that float64 can show.
        small = np.minimum(rates, 1e15)
        return np.where(rates > 1e15, np.round(rates), rng.poisson(small).astype(np.float64))
