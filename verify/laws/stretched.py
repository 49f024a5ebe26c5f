"""Lognormal and Weibull laws: between power tails and exponential ones, and beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import acb, arb, arb_series, ctx, fmpq

from verify.arithmetic import Arithmetic, ComplexBalls
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
from verify.quadrature import integrate_moments
from verify.series import Moments, variable
from verify.tail_rates import TailRates

#: Size of ``l x`` from which Taylor's formula pays.
_CANCELS_FROM = 100


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

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        found = super().tilted_density(x, tilt, arithmetic)
        if found.is_finite() or self.shape.q != 1:
            return found
        # Around 0 a whole power is analytic, but its logarithm is not.
        a = arithmetic
        rest = (tilt * x - a.power(x, self.shape)).exp()
        return self.shape * a.power(x, self.shape - 1) * rest

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
        if self.shape <= 1:
            return super().exponential_moments(tilt, low, high)
        if high is not None and high <= (0 if low is None else max(low, fmpq(0))):
            return arb(0), arb(0), arb(0)
        left = None if low is None or low <= 0 else arb(low)
        right = None if high is None else arb(high)
        if right is not None and left is not None and not right > left:
            return arb.nan(), arb.nan(), arb.nan()  # too close for these bits, but not empty
        return self._moments_near_peak(tilt, left, right)

    def _moments_near_peak(self, tilt: arb, left: arb | None, right: arb | None) -> Moments:
        """Integrals over the part that matters, and bounds of the rest.

        ``log(x^n exp(l x) f(x))`` is concave for shape > 1, so beyond a point with slope r on the
        falling side the integral is at most the value there over ``|r|``.
        """
        middle = self._peak(tilt)
        middle = middle if left is None else middle.max(left.mid())
        middle = middle if right is None else middle.min(right.mid())
        if (tilt * middle).abs_upper() > arb(2) ** (ctx.prec - 24):
            return arb.nan(), arb.nan(), arb.nan()  # the exponent cannot be held: more bits
        top, slope = self._log_integrand(tilt, middle, 0)
        top = top.mid()
        curvature = (self.shape - 1) * (1 + self.shape * self._power(middle)) / middle**2
        width = 1 / (curvature.sqrt() + abs(slope))
        high, above = self._right_cut(tilt, middle, width, top, right)
        if self.shape.q == 1 and (tilt * high).abs_upper() < _CANCELS_FROM:
            # A whole shape: the integrand is entire in x itself.
            low, below = arb(0) if left is None else left, [arb(0)] * 3
            inside = self._inside_by_place(tilt, low, high, top)
        else:
            low, below = self._left_cut(tilt, middle, width, top, left)
            inside = self._inside_by_log(tilt, low, high, top)
        first, second, third = (
            top.exp() * hull(part, part + below[order] + above[order])
            for order, part in enumerate(inside)
        )
        return first, second, third

    def _inside_by_place(self, tilt: arb, low: arb, high: arb, top: arb) -> Moments:
        """The moments over ``(low, high)`` over ``exp(top)``, integrated in x."""
        power = int(self.shape.p)
        scale = power * (-top).exp()

        def weight(x: acb, _: bool) -> acb:
            rise = x ** (power - 1)
            return rise * ((tilt - rise) * x).exp() * scale

        return integrate_moments(lambda x: x, weight, low, high)

    def _inside_by_log(self, tilt: arb, low: arb, high: arb, top: arb) -> Moments:
        """The same in ``log x``."""

        def weight(s: acb, _: bool) -> acb:
            return (self._log_weight(tilt, s) - top).exp()

        return integrate_moments(lambda s: s.exp(), weight, low.log(), high.log())

    def _log_weight(self, tilt: arb, s: acb) -> acb:
        """``log(x f(x) exp(l x))`` at ``x = exp(s)``.

        Near the peak ``l x`` and ``x^k`` nearly cancel. Where they are large the sum over a ball is
        taken by Taylor's formula about its middle, with the second derivative over the whole ball.
        """
        shape = arb(self.shape)
        first, second = tilt * s.exp(), (shape * s).exp()
        if first.abs_upper() < _CANCELS_FROM:
            return shape.log() + shape * s + first - second
        middle = s.mid()
        gap = s - middle
        first, second = tilt * middle.exp(), (shape * middle).exp()
        value = shape.log() + shape * middle + first - second
        bend = tilt * s.exp() - shape**2 * (shape * s).exp()
        return value + gap * (shape + first - shape * second) + gap**2 * bend / 2

    def _log_integrand(self, tilt: arb, x: arb, order: int) -> tuple[arb, arb]:
        """``log(x^order exp(l x) f(x))`` and its derivative."""
        power, total = self._power(x), order + self.shape - 1
        value = arb(self.shape).log() + total * x.log() + tilt * x - power
        return value, total / x + tilt - self.shape * power / x

    def _peak(self, tilt: arb) -> arb:
        """About where ``exp(l x) f(x)`` is largest; its log-slope falls through 0 there."""
        tilt, rise = tilt.mid(), self.shape - 1
        low = (rise / (abs(tilt) + self.shape)).log()
        high = (2 * (tilt.max(arb(0)) / self.shape + 1)).log() / rise
        for _ in range(ctx.prec):
            middle = ((low + high) / 2).mid()
            x = middle.exp().mid()
            if self._log_integrand(tilt, x, 0)[1] > 0:
                low = middle
            else:
                high = middle
        return ((low + high) / 2).exp().mid()

    def _left_cut(
        self, tilt: arb, middle: arb, width: arb, top: arb, left: arb | None
    ) -> tuple[arb, list[arb]]:
        """A point, and what the moments below it are at most over ``exp(top)``."""
        spread = 8 * width / middle
        for _ in range(200 + 2 * ctx.prec):  # near 0 the bound is about a power of the cut
            cut = (middle / (1 + spread)).mid()
            if left is not None and cut <= left:
                return left, [arb(0)] * 3
            bounds = [self._beyond(tilt, cut, order, top, +1) for order in range(3)]
            if bounds[0] < width * arb(2) ** (-ctx.prec - 8):
                return cut, bounds
            spread = spread * 2
        return cut, [arb.nan()] * 3

    def _right_cut(
        self, tilt: arb, middle: arb, width: arb, top: arb, right: arb | None
    ) -> tuple[arb, list[arb]]:
        """The same above."""
        spread = 8 * width
        for _ in range(200):
            cut = (middle + spread).mid()
            if right is not None and cut >= right:
                return right, [arb(0)] * 3
            bounds = [self._beyond(tilt, cut, order, top, -1) for order in range(3)]
            if bounds[2] < width * middle**2 * arb(2) ** (-ctx.prec - 8):
                return cut, bounds
            spread = spread * 2
        return cut, [arb.nan()] * 3

    def _beyond(self, tilt: arb, cut: arb, order: int, top: arb, side: int) -> arb:
        """A bound of the moment on the falling side of ``cut`` (side +1: below it)."""
        value, slope = self._log_integrand(tilt, cut, order)
        return (value - top).exp() / (side * slope) if side * slope > 0 else arb.nan()

    def scipy(self) -> Any:
        from scipy import stats

        return stats.weibull_min(float_of(self.shape))
