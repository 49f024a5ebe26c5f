"""Laws on a half-line with power tails: Pareto and its relatives, F, inverse gamma, Levy."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from flint import arb, arb_series, fmpq

from verify.arithmetic import Arithmetic, log_erfc
from verify.enclosure import INFINITE, Diverges, Number, ball
from verify.law import Bound, Point
from verify.laws.bases import (
    HALF,
    HalfLine,
    bounded_draws,
    float_of,
    infinite_mean,
    power_tail,
)
from verify.laws.parameters import POSITIVE, SHAPE, Parametric, parameter
from verify.laws.special import (
    beta_factor,
    drop_ratio,
    gamma,
    gamma_lower,
    log1m_exp,
    log_beta,
    log_beta_i,
    log_gamma_p,
    log_gamma_q,
    lower_factor,
)
from verify.series import log_series, variable
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def lomax_log_mgf(k: fmpq, tilt: arb) -> arb_series:
    """``log E exp(l V)`` for ``Q(V > v) = (1 + v)^-k`` and l < 0, as a series at l."""
    # E[V^n exp(-s V)] = k n! U(n + 1, n + 1 - k, s) (DLMF 13.4.4).
    m0, m1, m2 = (k * (-tilt).hypgeom_u(arb(n + 1), arb(n + 1 - k)) for n in range(3))
    return log_series((m0, m1, 2 * m2))


@dataclass(frozen=True)
class Pareto(Parametric, HalfLine):
    """``Q(X > x) = (scale/x)^alpha`` for x >= scale."""

    name: ClassVar[str] = "pareto"
    alpha: fmpq = parameter(SHAPE)
    scale: fmpq = parameter(POSITIVE, default=1)

    @property
    def support(self) -> tuple[Bound, Bound]:
        return self.scale, INFINITE

    @property
    def right_tail(self) -> TailRates:
        return power_tail(self.alpha)

    def _log_survival(self, x: arb) -> arb:
        return -self.alpha * (x / self.scale).log()

    def _log_cdf(self, x: arb) -> arb:
        return log1m_exp(self._log_survival(x))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        alpha, scale = a.number(self.alpha), a.number(self.scale)
        return a.log(alpha) + alpha * a.log(scale) - (alpha + 1) * a.log(x)

    def mean(self) -> Number:
        if self.alpha <= 1:
            return infinite_mean(self.alpha)
        return ball(self.alpha * self.scale / (self.alpha - 1))

    def _upper_mean(self, x: arb) -> arb:
        return self.alpha / (self.alpha - 1) * x * self._log_survival(x).exp()

    def tail_mean(self, t: Point) -> Number:
        if self.alpha <= 1 or not ball(t) >= ball(self.scale):
            return super().tail_mean(t)
        return self.alpha / (self.alpha - 1) * ball(t)

    def cumulant_series(self, tilt: arb) -> arb_series:
        # X = scale (1 + V)
        inner = lomax_log_mgf(self.alpha, self.scale * tilt)
        c = self.scale
        return arb_series([inner[0] + c * tilt, c * (inner[1] + 1), c**2 * inner[2]], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.pareto(float_of(self.alpha), scale=float_of(self.scale))


@dataclass(frozen=True)
class Frechet(Parametric, HalfLine):
    """``Q(X <= x) = exp(-x^-alpha)``."""

    name: ClassVar[str] = "frechet"
    alpha: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return power_tail(self.alpha)

    def _power(self, x: arb) -> arb:
        return x ** int(-self.alpha.p) if self.alpha.q == 1 else x ** (-self.alpha)

    def _log_survival(self, x: arb) -> arb:
        return log1m_exp(-self._power(x))

    def _log_cdf(self, x: arb) -> arb:
        return -self._power(x)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        alpha = a.number(self.alpha)
        return a.log(alpha) - (alpha + 1) * a.log(x) - a.power(x, -self.alpha)

    def mean(self) -> Number:
        return infinite_mean(self.alpha) if self.alpha <= 1 else gamma(1 - 1 / self.alpha)

    def _upper_mean(self, x: arb) -> arb:
        # X = Y^(-1/alpha) with Y exponential, and X > x where Y < x^-alpha.
        return gamma_lower(1 - 1 / self.alpha, self._power(x))

    def tail_mean(self, t: Point) -> Number:
        if self.alpha <= 1 or not ball(t) >= 1:
            return super().tail_mean(t)
        y = self._power(ball(t))
        return ball(t) * (-y).exp() * lower_factor(1 - 1 / self.alpha, y) / drop_ratio(y)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.invweibull(float_of(self.alpha))


class BurrFamily(HalfLine):
    """``Q(X > x) = (1 + x^c)^-k``."""

    @property
    @abstractmethod
    def exponents(self) -> tuple[fmpq, fmpq]:
        """The parameters ``c`` and ``k``."""

    @property
    def right_tail(self) -> TailRates:
        c, k = self.exponents
        return power_tail(c * k)

    def _odds(self, x: arb) -> arb:
        c = self.exponents[0]
        return x ** int(c.p) if c.q == 1 else x**c

    def _log_survival(self, x: arb) -> arb:
        return -self.exponents[1] * self._odds(x).log1p()

    def _log_cdf(self, x: arb) -> arb:
        return log1m_exp(self._log_survival(x))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        c, k = self.exponents
        constant = a.log(a.number(c * k)) + a.number(c - 1) * a.log(x)
        return constant - a.number(k + 1) * a.log1p(a.power(x, c))

    def mean(self) -> Number:
        c, k = self.exponents
        if c * k <= 1:
            return infinite_mean(c * k)
        return k * log_beta(k - 1 / c, 1 + 1 / c).exp()

    def _upper_mean(self, x: arb) -> arb:
        # With u = 1/(1 + x^c) uniform powers: k B_u(k - 1/c, 1 + 1/c).
        c, k = self.exponents
        odds = self._odds(x)
        a, b = k - 1 / c, 1 + 1 / c
        part = log_beta_i(a, b, 1 / (1 + odds), odds / (1 + odds))
        return k * (part + log_beta(a, b)).exp()

    def tail_mean(self, t: Point) -> Number:
        c, k = self.exponents
        if c * k <= 1 or not ball(t) >= 1:
            return super().tail_mean(t)
        x = ball(t)
        odds = self._odds(x)
        a = k - 1 / c
        return k / a * x * odds / (1 + odds) * beta_factor(a, 1 + 1 / c, 1 / (1 + odds))


@dataclass(frozen=True)
class Burr(Parametric, BurrFamily):
    """``Q(X > x) = (1 + x^c)^-k`` (Burr XII)."""

    name: ClassVar[str] = "burr"
    c: fmpq = parameter(SHAPE)
    k: fmpq = parameter(SHAPE)

    @property
    def exponents(self) -> tuple[fmpq, fmpq]:
        return self.c, self.k

    def scipy(self) -> Any:
        from scipy import stats

        return stats.burr12(float_of(self.c), float_of(self.k))


@dataclass(frozen=True)
class LogLogistic(Parametric, BurrFamily):
    """``Q(X > x) = 1/(1 + x^shape)``."""

    name: ClassVar[str] = "log_logistic"
    shape: fmpq = parameter(SHAPE)

    @property
    def exponents(self) -> tuple[fmpq, fmpq]:
        return self.shape, fmpq(1)

    def scipy(self) -> Any:
        from scipy import stats

        # Not stats.fisk: its survival function is a difference from 1.
        return stats.burr12(float_of(self.shape), 1.0)


@dataclass(frozen=True)
class InverseGamma(Parametric, HalfLine):
    """``1/G`` for a gamma variable G of the given shape."""

    name: ClassVar[str] = "inverse_gamma"
    shape: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return power_tail(self.shape)

    def _log_survival(self, x: arb) -> arb:
        return log_gamma_p(self.shape, 1 / x)

    def _log_cdf(self, x: arb) -> arb:
        return log_gamma_q(self.shape, 1 / x)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        shape = a.number(self.shape)
        return -(shape + 1) * a.log(x) - 1 / x - a.log_gamma(shape)

    def mean(self) -> Number:
        return infinite_mean(self.shape) if self.shape <= 1 else ball(1 / (self.shape - 1))

    def _upper_mean(self, x: arb) -> arb:
        return log_gamma_p(self.shape - 1, 1 / x).exp() / (self.shape - 1)

    def tail_mean(self, t: Point) -> Number:
        x = ball(t)
        if self.shape <= 1 or not x * (self.shape - 1) >= 1:
            return super().tail_mean(t)
        return x * lower_factor(self.shape - 1, 1 / x) / lower_factor(self.shape, 1 / x)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.invgamma(float_of(self.shape))


@dataclass(frozen=True)
class F(Parametric, HalfLine):
    """Fisher's F with ``d1`` and ``d2`` degrees of freedom."""

    name: ClassVar[str] = "f"
    d1: fmpq = parameter(SHAPE)
    d2: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return power_tail(self.d2 / 2)

    def _share(self, x: arb) -> tuple[arb, arb]:
        """``u = d2/(d2 + d1 x)``, a beta(d2/2, d1/2) variable, and 1 - u."""
        total = self.d2 + self.d1 * x
        return self.d2 / total, self.d1 * x / total

    def _log_survival(self, x: arb) -> arb:
        return log_beta_i(self.d2 / 2, self.d1 / 2, *self._share(x))

    def _log_cdf(self, x: arb) -> arb:
        return log_beta_i(self.d1 / 2, self.d2 / 2, *reversed(self._share(x)))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        m = arithmetic
        a, b = m.number(self.d1 / 2), m.number(self.d2 / 2)
        ratio = m.number(self.d1 / self.d2)
        constant = a * m.log(ratio) + m.log_gamma(a + b) - m.log_gamma(a) - m.log_gamma(b)
        return constant + (a - 1) * m.log(x) - (a + b) * m.log1p(ratio * x)

    def mean(self) -> Number:
        if self.d2 <= 2:
            return infinite_mean(self.d2 / 2)
        return ball(self.d2 / (self.d2 - 2))

    def _upper_mean(self, x: arb) -> arb:
        # x = (d2/d1) (1 - u)/u turns the weight into that of beta(d2/2 - 1, d1/2 + 1).
        part = log_beta_i(self.d2 / 2 - 1, self.d1 / 2 + 1, *self._share(x))
        return self.d2 / (self.d2 - 2) * part.exp()

    def tail_mean(self, t: Point) -> Number:
        x = ball(t)
        if self.d2 <= 2 or not x >= 1:
            return super().tail_mean(t)
        a, b, u = self.d2 / 2, self.d1 / 2, self._share(x)[0]
        return a / (a - 1) * x * beta_factor(a - 1, b + 1, u) / beta_factor(a, b, u)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.f(float_of(self.d1), float_of(self.d2))


@dataclass(frozen=True)
class Levy(Parametric, HalfLine):
    """``1/N^2`` for a standard normal N: the stable law of index 1/2."""

    name: ClassVar[str] = "levy"

    @property
    def right_tail(self) -> TailRates:
        return power_tail(HALF)

    def _log_survival(self, x: arb) -> arb:
        if x > HALF:
            return (1 / (2 * x).sqrt()).erf().log()
        return log1m_exp(self._log_cdf(x))

    def _log_cdf(self, x: arb) -> arb:
        return log_erfc(1 / (2 * x).sqrt())

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        return -(a.log(2 * a.pi()) + 3 * a.log(x) + 1 / x) / 2

    def mean(self) -> Number:
        return infinite_mean(HALF)

    def _upper_mean(self, x: arb) -> arb:
        raise AssertionError("the mean is infinite")

    def cumulant_series(self, tilt: arb) -> arb_series:
        return -(-2 * variable(tilt)).sqrt()

    def scipy(self) -> Any:
        from scipy import stats

        return stats.levy()


@dataclass(frozen=True)
class LogGamma(Parametric, HalfLine):
    """``exp(G)`` for a gamma variable G of the given shape."""

    name: ClassVar[str] = "log_gamma"
    shape: fmpq = parameter(SHAPE)

    @property
    def support(self) -> tuple[Bound, Bound]:
        return fmpq(1), INFINITE

    @property
    def right_tail(self) -> TailRates:
        return power_tail(fmpq(1))

    def _log_survival(self, x: arb) -> arb:
        return log_gamma_q(self.shape, x.log())

    def _log_cdf(self, x: arb) -> arb:
        return log_gamma_p(self.shape, x.log())

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        shape, log_x = a.number(self.shape), a.log(x)
        return (shape - 1) * a.log(log_x) - 2 * log_x - a.log_gamma(shape)

    def mean(self) -> Number:
        return Diverges(+1, "E exp(G) = int (log x)^(shape - 1) dx/x / Gamma(shape) = oo")

    def _upper_mean(self, x: arb) -> arb:
        raise AssertionError("the mean is infinite")

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        with np.errstate(over="ignore"):
            draws = np.exp(rng.standard_gamma(float_of(self.shape), size))
        return np.asarray(bounded_draws(draws), dtype=np.float64)
