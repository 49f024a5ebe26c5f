"""Laws made of the normal one: normal, half-normal, skew-normal, inverse Gaussian."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from flint import acb, arb, arb_series, ctx, fmpq, fmpz

from verify.affine import Affine
from verify.arithmetic import Arithmetic, ComplexBalls
from verify.enclosure import Number, ball, between
from verify.law import Law, Point
from verify.laws.bases import HalfLine, Line, float_of
from verify.laws.parameters import POSITIVE, REAL, SIGNED_SHAPE, Parametric, parameter
from verify.laws.special import (
    log1m,
    log1m_exp,
    log_normal_density,
    log_normal_tail,
    mills,
    mills_slope,
    normal_density,
    normal_tail,
)
from verify.quadrature import integrate
from verify.tail_rates import TailRates

_GAUSSIAN = "log Q(X > x) ~ -x^2/2 up to scale"


@dataclass(frozen=True)
class Normal(Parametric, Line):
    """Mean ``mu`` and standard deviation ``sigma``."""

    name: ClassVar[str] = "normal"
    mu: fmpq = parameter(REAL, default=0)
    sigma: fmpq = parameter(POSITIVE, default=1)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.superexponential(_GAUSSIAN)

    @property
    def left_tail(self) -> TailRates:
        return self.right_tail

    def _standard(self, x: arb) -> arb:
        return (x - self.mu) / self.sigma

    def _log_survival(self, x: arb) -> arb:
        return log_normal_tail(self._standard(x))

    def _log_cdf(self, x: arb) -> arb:
        return log_normal_tail(-self._standard(x))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        sigma = a.number(self.sigma)
        z = (x - a.number(self.mu)) / sigma
        return -z * z / 2 - a.log(sigma) - a.log(2 * a.pi()) / 2

    def mean(self) -> Number:
        return arb(self.mu)

    def _upper_mean(self, x: arb) -> arb:
        z = self._standard(x)
        return self.mu * normal_tail(z) + self.sigma * normal_density(z)

    def lower_mean(self, t: Point) -> Number:
        z = self._standard(ball(t))
        return self.mu * normal_tail(-z) - self.sigma * normal_density(z)

    def tail_mean(self, t: Point) -> Number:
        return self.mu + self.sigma / mills(self._standard(ball(t)))

    def cumulant_series(self, tilt: arb) -> arb_series:
        variance = arb(self.sigma**2)
        first = self.mu + variance * tilt
        return arb_series([(self.mu + first) * tilt / 2, first, variance / 2], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.norm(float_of(self.mu), float_of(self.sigma))


def half_normal_cumulants(tilt: arb) -> tuple[arb, arb, arb]:
    """``K(l) = log(2 Phi(l)) + l^2/2``, the log-MGF of |N|, with its derivatives."""
    # K(l) = log R(-l) - log R(0) with the Mills ratio R, for which R'(x) = x R(x) - 1.
    ratio = mills(-tilt)
    first = mills_slope(-tilt) / ratio
    return ratio.log() - (arb.pi() / 2).log() / 2, first, 1 + first * (tilt - first)


def normal_parameters(law: Law) -> tuple[fmpq, fmpq] | None:
    """Mean and standard deviation of a normal law; None for any other."""
    if isinstance(law, Normal):
        return law.mu, law.sigma
    if isinstance(law, Affine) and isinstance(law.base, Normal):
        return law.shift + law.scale * law.base.mu, abs(law.scale) * law.base.sigma
    return None


@dataclass(frozen=True)
class HalfNormal(Parametric, HalfLine):
    """``|N|`` for a standard normal N."""

    name: ClassVar[str] = "half_normal"

    @property
    def right_tail(self) -> TailRates:
        return TailRates.superexponential(_GAUSSIAN)

    def _log_survival(self, x: arb) -> arb:
        if x < 1:
            return log1m((x / arb(2).sqrt()).erf())
        return log_normal_tail(x) + arb.const_log2()

    def _log_cdf(self, x: arb) -> arb:
        if x < 1:
            return (x / arb(2).sqrt()).erf().log()
        return log1m_exp(log_normal_tail(x) + arb.const_log2())

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return -x * x / 2 - arithmetic.log(arithmetic.pi() / 2) / 2

    def mean(self) -> Number:
        return (2 / arb.pi()).sqrt()

    def _upper_mean(self, x: arb) -> arb:
        return 2 * normal_density(x)

    def tail_mean(self, t: Point) -> Number:
        return 1 / mills(ball(t)) if ball(t) > 0 else super().tail_mean(t)

    def cumulant_series(self, tilt: arb) -> arb_series:
        value, first, second = half_normal_cumulants(tilt)
        return arb_series([value, first, second / 2], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.halfnorm()


@lru_cache(maxsize=1024)  # both tails ask for it, and intervals share their ends
def _far_factor(size: fmpq, middle: tuple[fmpz, fmpz], radius: tuple[fmpz, fmpz], bits: int) -> arb:
    """``C(h) exp(h^2 (1 + alpha^2)/2)`` for an h > 0 and the alpha of a size, not 0.

    With ``u^2 = alpha^2 + 2 w/h^2`` it is ``1/(pi h^2)`` times the integral over w > 0 of
    ``exp(-w)/(u (1 + u^2))``.
    """
    square, alpha2 = arb(arb(middle), arb(radius)) ** 2, arb(size**2)
    scale = 1 / (arb(size) * (1 + alpha2))

    def integrand(w: acb, analytic: bool) -> acb:
        u2 = alpha2 + 2 * w / square
        return (-w).exp() / (u2.sqrt(analytic=analytic) * (1 + u2))

    end = bits * arb.const_log2() + 4
    whole = integrate(integrand, arb(0), end, scale)
    whole += between(arb(0), scale * (-end).exp())  # exp(-w) times the factor at w = 0, beyond
    return whole / (arb.pi() * square)


@dataclass(frozen=True)
class SkewNormal(Parametric, Line):
    """Density ``2 phi(x) Phi(alpha x)``.

    For alpha >= 0 the left tail at -h is ``C(h)``, 1/pi times the integral over u from alpha to oo
    of ``exp(-h^2 (1 + u^2)/2)/(1 + u^2)`` (Owen's T function, complementary), and the right tail at
    h is ``2 Pr(N > h) - C(h)``. For alpha < 0 the sides are exchanged.
    """

    name: ClassVar[str] = "skew_normal"
    alpha: fmpq = parameter(SIGNED_SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.superexponential(_GAUSSIAN)

    @property
    def left_tail(self) -> TailRates:
        return self.right_tail

    @property
    def _size(self) -> fmpq:
        return abs(self.alpha)

    def _log_survival(self, x: arb) -> arb:
        return self._log_long(x) if self.alpha >= 0 else self._log_short(-x)

    def _log_cdf(self, x: arb) -> arb:
        return self._log_short(x) if self.alpha >= 0 else self._log_long(-x)

    def _is_far(self, h: arb) -> bool:
        """Whether ``C(h)`` is better found by itself than as a difference."""
        return bool(self._size * h > 0.5)

    def _log_long(self, x: arb) -> arb:
        """``log Pr(X > x)`` for the alpha of the same size that is not negative."""
        if x < 0:
            return log1m_exp(self._log_short(x))
        if self._is_far(x):
            return log_normal_density(x) + self._long_factor(x).log()
        return log_normal_tail(x) + self._owen_share(x).log1p()

    def _log_short(self, x: arb) -> arb:
        """``log Pr(X <= x)`` likewise."""
        if x > 0:
            return log1m_exp(self._log_long(x))
        if self._is_far(-x):
            return self._far_factor(-x).log() - x * x * arb(1 + self.alpha**2) / 2
        return log_normal_tail(-x) + log1m(self._owen_share(-x))

    def _long_factor(self, x: arb) -> arb:
        """``Pr(X > x)/phi(x)`` for x > 0 and the alpha that is not negative."""
        if not self._is_far(x):
            return mills(x) * (1 + self._owen_share(x))
        small = (-(x * x) * arb(self.alpha**2) / 2).exp()
        return 2 * mills(x) - (2 * arb.pi()).sqrt() * small * self._far_factor(x)

    def _owen_share(self, h: arb) -> arb:
        """``2 T(h, alpha) / Pr(N > h)``; T is an integral over ``u = tan(angle)`` up to alpha."""
        square = h * h / 2

        def integrand(angle: acb, _: bool) -> acb:
            return (-square * angle.tan() ** 2).exp()

        whole = integrate(integrand, arb(0), arb(self._size).atan(), arb(1))
        return whole / (mills(h) * (arb.pi() / 2).sqrt())

    def _far_factor(self, h: arb) -> arb:
        """``C(h) exp(h^2 (1 + alpha^2)/2)`` for h > 0, alpha not 0."""
        if not h.is_finite():
            return arb.nan()
        return _far_factor(self._size, h.mid().man_exp(), h.rad().man_exp(), ctx.prec)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        argument = -a.number(self.alpha) * x / a.sqrt(a.number(fmpq(2)))
        return -x * x / 2 - a.log(2 * a.pi()) / 2 + a.log_erfc(argument)

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        # Entire, while its logarithm has cuts that wide complex balls meet.
        both = (-self.alpha * x / arb(2).sqrt()).erfc()
        return both * (tilt * x - x * x / 2).exp() / (2 * arb.pi()).sqrt()

    def log_slope(self, x: acb) -> acb:
        z = -self.alpha * x / arb(2).sqrt()
        return self.alpha * (2 / arb.pi()).sqrt() * (-z * z).exp() / z.erfc() - x

    def _delta(self) -> arb:
        return self.alpha / arb(1 + self.alpha**2).sqrt()

    def mean(self) -> Number:
        return self._delta() * (2 / arb.pi()).sqrt()

    def _upper_mean(self, x: arb) -> arb:
        # By parts: 2 phi(x) Phi(alpha x) + 2 alpha int_x^oo phi(s) phi(alpha s) ds.
        if x > 0 and self.alpha < 0:
            return normal_density(x) * normal_density(self.alpha * x) * self._slow_mean(x)
        spread = arb(1 + self.alpha**2).sqrt()
        straight = 2 * normal_density(x) * normal_tail(-self.alpha * x)
        return straight + (2 / arb.pi()).sqrt() * self._delta() * normal_tail(spread * x)

    def lower_mean(self, t: Point) -> Number:
        # -X is skew normal too.
        return -SkewNormal(-self.alpha)._upper_mean(-ball(t))

    def _slow_mean(self, x: arb) -> arb:
        """``E[X; X > x]/(phi(x) phi(alpha x))`` for x > 0."""
        spread = arb(1 + self.alpha**2).sqrt()
        return 2 * (mills(-self.alpha * x) + self._delta() * mills(spread * x))

    def tail_mean(self, t: Point) -> Number:
        x = ball(t)
        if not x > 0:
            return super().tail_mean(t)
        inner = normal_density(self.alpha * x)
        if self.alpha >= 0:
            spread = arb(1 + self.alpha**2).sqrt()
            both = normal_tail(-self.alpha * x) + inner * self._delta() * mills(spread * x)
            return 2 * both / self._long_factor(x)
        if self._is_far(x):
            return self._slow_mean(x) / (2 * arb.pi() * self._far_factor(x))
        return self._slow_mean(x) * inner / (mills(x) * (1 - self._owen_share(x)))

    def cumulant_series(self, tilt: arb) -> arb_series:
        # K(l) = l^2/2 + log(2 Phi(delta l)).
        delta = self._delta()
        rest = 1 / arb(1 + self.alpha**2)  # 1 - delta^2
        value, first, second = half_normal_cumulants(delta * tilt)
        terms = [
            rest * tilt * tilt / 2 + value,
            rest * tilt + delta * first,
            (rest + delta**2 * second) / 2,
        ]
        return arb_series(terms, prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.skewnorm(float_of(self.alpha))


@dataclass(frozen=True)
class InverseGaussian(Parametric, HalfLine):
    """First passage of a drifting Brownian motion: mean ``mu``, shape ``lam``.

    With ``a, b = sqrt(lam/x) (x/mu -+ 1)``: ``b^2 = a^2 + 4 lam/mu``, so that the textbook form
    ``S = Pr(N > a) - exp(2 lam/mu) Pr(N > b)`` is ``phi(a) (R(a) - R(b))`` with Mills ratios R.
    """

    name: ClassVar[str] = "inverse_gaussian"
    mu: fmpq = parameter(POSITIVE)
    lam: fmpq = parameter(POSITIVE, default=1)

    @property
    def _rate(self) -> fmpq:
        return self.lam / (2 * self.mu**2)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.exponential(
            self._rate, "the density is x^(-3/2) exp(-lam x/(2 mu^2)) times a bounded factor"
        )

    def _ends(self, x: arb) -> tuple[arb, arb]:
        scale = (self.lam / x).sqrt()
        return scale * (x - self.mu) / self.mu, scale * (x + self.mu) / self.mu

    def _difference(self, x: arb, a: arb, b: arb) -> arb:
        """``R(a) - R(b)`` for a > 0."""
        if not x > self.mu * arb(2) ** (ctx.prec // 3):
            return mills(a) - mills(b)
        # Far out the two nearly cancel. -R' is convex (R is completely monotone), so its mean over
        # (a, b) lies between its value in the middle and the mean of those at the ends.
        width = 2 * (self.lam / x).sqrt()
        middle = mills_slope((a + b) / 2)
        return width * between(middle, (mills_slope(a) + mills_slope(b)) / 2)

    def _log_survival(self, x: arb) -> arb:
        a, b = self._ends(x)
        if a > 0:
            return log_normal_density(a) + self._difference(x, a, b).log()
        return log1m_exp(self._log_cdf_from_below(a, b))

    def _log_cdf(self, x: arb) -> arb:
        a, b = self._ends(x)
        if a > 0:
            return log1m_exp(log_normal_density(a) + self._difference(x, a, b).log())
        return self._log_cdf_from_below(a, b)

    def _log_cdf_from_below(self, a: arb, b: arb) -> arb:
        return log_normal_density(a) + (mills(-a) + mills(b)).log()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        mu, lam = a.number(self.mu), a.number(self.lam)
        gap = (x - mu) / mu
        return (a.log(lam) - a.log(2 * a.pi()) - 3 * a.log(x)) / 2 - lam * gap * gap / (2 * x)

    def mean(self) -> Number:
        return arb(self.mu)

    def _upper_mean(self, x: arb) -> arb:
        a, b = self._ends(x)
        return self.mu * (normal_tail(a) + normal_density(a) * mills(b))

    def tail_mean(self, t: Point) -> Number:
        if not ball(t) > 0:
            return super().tail_mean(t)
        a, b = self._ends(ball(t))
        if not a > 0:
            return super().tail_mean(t)
        return self.mu * (mills(a) + mills(b)) / self._difference(ball(t), a, b)

    def log_mgf(self, tilt: Point) -> Number:
        # Finite at the abscissa, where its derivative is not and a ball would reach beyond.
        at_abscissa = isinstance(tilt, fmpq) and tilt == self._rate
        return ball(self.lam / self.mu) if at_abscissa else super().log_mgf(tilt)

    def cumulant_series(self, tilt: arb) -> arb_series:
        # K(l) = (lam/mu) (1 - root), root = sqrt(1 - 2 mu^2 l/lam).
        root = (1 - tilt / self._rate).sqrt()
        value = 2 * self.mu * tilt / (1 + root)
        return arb_series([value, self.mu / root, self.mu**3 / self.lam / root**3 / 2], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.invgauss(float_of(self.mu / self.lam), scale=float_of(self.lam))
