"""Lognormal and Weibull laws: between power tails and exponential ones, and beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import arb, arb_series, ctx, fmpq

from verify.arithmetic import Arithmetic
from verify.enclosure import Number, ball, hull
from verify.law import Point
from verify.laws.bases import HalfLine, InfiniteAtAbscissa, float_of
from verify.laws.parameters import POSITIVE, REAL, SHAPE, Parametric, parameter
from verify.laws.special import (
    gamma,
    gamma_upper,
    log1m_exp,
    log_normal_tail,
    mills,
    normal_tail,
    upper_factor,
)
from verify.series import Moments, variable
from verify.tail_rates import TailRates


@dataclass(frozen=True)
class Lognormal(Parametric, HalfLine):
    """``exp(N)`` with N normal of mean ``mu`` and standard deviation ``sigma``."""

    name: ClassVar[str] = "lognormal"
    mu: fmpq = parameter(REAL, default=0)
    sigma: fmpq = parameter(POSITIVE, default=1)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.heavy("lognormal tail: exp(l x) outgrows exp(-(log x)^2/(2 sigma^2))")

    def _standard(self, x: arb) -> arb:
        return (x.log() - self.mu) / self.sigma

    def _log_survival(self, x: arb) -> arb:
        return log_normal_tail(self._standard(x))

    def _log_cdf(self, x: arb) -> arb:
        return log_normal_tail(-self._standard(x))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        log_x, sigma = a.log(x), a.number(self.sigma)
        z = (log_x - a.number(self.mu)) / sigma
        return -z * z / 2 - log_x - a.log(sigma) - a.log(2 * a.pi()) / 2

    def mean(self) -> Number:
        return ball(self.mu + self.sigma**2 / 2).exp()

    def _upper_mean(self, x: arb) -> arb:
        # x f(x) is the normal density in log x shifted by sigma, times exp(mu + sigma^2/2).
        shifted = self._standard(x) - self.sigma
        return ball(self.mu + self.sigma**2 / 2).exp() * normal_tail(shifted)

    def tail_mean(self, t: Point) -> Number:
        if not ball(t) > 0:
            return super().tail_mean(t)
        # The mean times S(z - sigma)/S(z), with phi(z - sigma)/phi(z) = exp(sigma z - sigma^2/2).
        z = self._standard(ball(t))
        if z > 0:
            return ball(t) * mills(z - self.sigma) / mills(z)
        return self._upper_mean(ball(t)) / normal_tail(z)

    def scipy(self) -> Any:
        import math

        from scipy import stats

        return stats.lognorm(float_of(self.sigma), scale=math.exp(float_of(self.mu)))


@dataclass(frozen=True)
class Weibull(Parametric, InfiniteAtAbscissa, HalfLine):
    """``Q(X > x) = exp(-x^shape)``."""

    name: ClassVar[str] = "weibull"
    shape: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        if self.shape < 1:
            return TailRates.heavy("stretched exponential: shape < 1, so l x outgrows x^shape")
        if self.shape == 1:
            return TailRates.exponential(1, "Q(X > x) = exp(-x)")
        return TailRates.superexponential("shape > 1, so x^shape outgrows every l x")

    def _power(self, x: arb) -> arb:
        return x ** int(self.shape.p) if self.shape.q == 1 else x**self.shape

    def _log_survival(self, x: arb) -> arb:
        return -self._power(x)

    def _log_cdf(self, x: arb) -> arb:
        return log1m_exp(-self._power(x))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        shape = a.number(self.shape)
        return a.log(shape) + (shape - 1) * a.log(x) - a.power(x, self.shape)

    def mean(self) -> Number:
        return gamma(1 + 1 / self.shape)

    def _upper_mean(self, x: arb) -> arb:
        return gamma_upper(1 + 1 / self.shape, self._power(x))

    def tail_mean(self, t: Point) -> Number:
        if not ball(t) > 0:
            return super().tail_mean(t)
        # exp(y) Gamma(1 + 1/k, y) with y = t^k, and y^(1/k) = t.
        y = self._power(ball(t))
        if y > 1:
            return ball(t) * y * upper_factor(1 + 1 / self.shape, y)
        return gamma_upper(1 + 1 / self.shape, y) * y.exp()

    def cumulant_series(self, tilt: arb) -> arb_series:
        if self.shape == 1:
            return -(1 - variable(tilt)).log()
        return super().cumulant_series(tilt)

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        if tilt < 0 or self.shape <= 1 or high is not None:
            return super().exponential_moments(tilt, low, high)
        cut = self._cut(tilt)
        if low is not None and low >= cut / 2:
            cut = 2 * low
        inside = super().exponential_moments(tilt, low, cut)
        beyond = [self._beyond(tilt, arb(cut), order) for order in range(3)]
        m0, m1, m2 = (hull(m, m + rest) for m, rest in zip(inside, beyond, strict=True))
        return m0, m1, m2

    def _log_integrand(self, tilt: arb, x: arb, order: int) -> tuple[arb, arb]:
        """``log(x^order exp(l x) f(x))`` and its derivative, which decreases (shape > 1)."""
        power, total = self._power(x), order + self.shape - 1
        value = arb(self.shape).log() + total * x.log() + tilt * x - power
        return value, total / x + tilt - self.shape * power / x

    def _beyond(self, tilt: arb, cut: arb, order: int) -> arb:
        """A bound of ``E[X^order exp(l X); X > cut]``: beyond it falls at least as exp(slope x)."""
        value, slope = self._log_integrand(tilt, cut, order)
        return value.exp() / -slope if slope < 0 else arb.nan()

    def _cut(self, tilt: arb) -> fmpq:
        """A point beyond which the moments are negligible at the working precision."""
        size = tilt.abs_upper()
        peak = (size / self.shape) ** (1 / (self.shape - 1)) if size > 0 else arb(0)
        largest = (size * peak - self._power(peak)).mid() if peak > 0 else arb(0)
        goal = largest.max(arb(0)) - ctx.prec * arb.const_log2() - 16
        cut = (1 + 2 * peak).mid()
        for _ in range(10_000):
            value, slope = self._log_integrand(size, cut, 2)
            if slope < 0 and value - (-slope).log() < goal:
                break
            cut = (cut * 5 / 4).mid()
        return cut.fmpq()

    def scipy(self) -> Any:
        from scipy import stats

        return stats.weibull_min(float_of(self.shape))
