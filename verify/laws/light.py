"""Laws with exponential tails or bounded support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import acb, arb, arb_series, ctx, fmpq

from verify.arithmetic import Arithmetic, ComplexBalls
from verify.continuous import ContinuousLaw
from verify.decimals import decimal_text
from verify.enclosure import Number, ball
from verify.law import Bound, LawError, Point
from verify.laws.bases import HALF, HalfLine, InfiniteAtAbscissa, Symmetric, float_of
from verify.laws.parameters import REAL, SHAPE, Parametric, parameter
from verify.laws.special import (
    beta_factor,
    kummer,
    log1m_exp,
    log_beta_i,
    log_gamma_p,
    log_gamma_q,
    union_of_ends,
    upper_factor,
)
from verify.series import variable
from verify.tail_rates import TailRates

#: Size of an argument from which closed forms that cancel near 0 lose at most a dozen bits.
_ELEMENTARY_FROM = 0.125
#: Tilt up to which Kummer's differential equation gives the second moment of a beta law.
_KUMMER_UP_TO = 64


@dataclass(frozen=True)
class Exponential(Parametric, InfiniteAtAbscissa, HalfLine):
    """``Q(X > x) = exp(-x)``."""

    name: ClassVar[str] = "exponential"

    @property
    def right_tail(self) -> TailRates:
        return TailRates.exponential(1, "Q(X > x) = exp(-x)")

    def _log_survival(self, x: arb) -> arb:
        return -x

    def _log_cdf(self, x: arb) -> arb:
        return log1m_exp(-x)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return -x

    def mean(self) -> Number:
        return arb(1)

    def _upper_mean(self, x: arb) -> arb:
        return (1 + x) * (-x).exp()

    def tail_mean(self, t: Point) -> Number:
        return 1 + ball(t) if t > 0 else super().tail_mean(t)

    def cumulant_series(self, tilt: arb) -> arb_series:
        return -(1 - variable(tilt)).log()

    def scipy(self) -> Any:
        from scipy import stats

        return stats.expon()


@dataclass(frozen=True)
class Gamma(Parametric, InfiniteAtAbscissa, HalfLine):
    """Density ``x^(shape - 1) exp(-x) / Gamma(shape)``."""

    name: ClassVar[str] = "gamma"
    shape: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.exponential(1, "the density is exp(-x) times a power of x")

    def _log_survival(self, x: arb) -> arb:
        return log_gamma_q(self.shape, x)

    def _log_cdf(self, x: arb) -> arb:
        return log_gamma_p(self.shape, x)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        shape = a.number(self.shape)
        return (shape - 1) * a.log(x) - x - a.log_gamma(shape)

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        found = super().tilted_density(x, tilt, arithmetic)
        if found.is_finite() or self.shape.q != 1:
            return found
        # Around 0 a whole power is analytic, but its logarithm is not.
        rest = (tilt - 1) * x - arithmetic.log_gamma(acb(self.shape))
        return arithmetic.power(x, self.shape - 1) * rest.exp()

    def mean(self) -> Number:
        return arb(self.shape)

    def _upper_mean(self, x: arb) -> arb:
        # x f(x) is shape times the gamma density of shape + 1.
        return self.shape * log_gamma_q(self.shape + 1, x).exp()

    def tail_mean(self, t: Point) -> Number:
        x = ball(t)
        if not x > self.shape:
            return super().tail_mean(t)
        return x * upper_factor(self.shape + 1, x) / upper_factor(self.shape, x)

    def cumulant_series(self, tilt: arb) -> arb_series:
        return (1 - variable(tilt)).log() * -self.shape

    def scipy(self) -> Any:
        from scipy import stats

        return stats.gamma(float_of(self.shape))


@dataclass(frozen=True)
class Laplace(Parametric, InfiniteAtAbscissa, Symmetric):
    """Density ``exp(-|x|)/2``."""

    name: ClassVar[str] = "laplace"

    @property
    def right_tail(self) -> TailRates:
        return TailRates.exponential(1, "Q(X > x) = exp(-x)/2 for x > 0")

    def _log_survival(self, x: arb) -> arb:
        if x >= 0:
            return -x - arb.const_log2()
        if x <= 0:
            return (-x.exp() / 2).log1p()
        return union_of_ends(x, self._log_survival)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        # |x| as a root: complex balls across 0 then say that it is not analytic there.
        return -arithmetic.sqrt(x * x) - arithmetic.log(arithmetic.number(fmpq(2)))

    def _upper_mean(self, x: arb) -> arb:
        if x >= 0:
            return (1 + x) * (-x).exp() / 2
        if x <= 0:
            return (1 - x) * x.exp() / 2
        # The derivative is -x f(x), at most |x|/2 in size.
        return HALF + arb(0, (x * x).abs_upper())

    def tail_mean(self, t: Point) -> Number:
        return 1 + ball(t) if t >= 0 else super().tail_mean(t)

    def cumulant_series(self, tilt: arb) -> arb_series:
        return -(1 - variable(tilt)).log() - (1 + variable(tilt)).log()

    def scipy(self) -> Any:
        from scipy import stats

        return stats.laplace()


@dataclass(frozen=True)
class Logistic(Parametric, InfiniteAtAbscissa, Symmetric):
    """``Q(X > x) = 1/(1 + exp(x))``."""

    name: ClassVar[str] = "logistic"

    @property
    def right_tail(self) -> TailRates:
        return TailRates.exponential(1, "Q(X > x) = 1/(1 + exp(x))")

    def _log_survival(self, x: arb) -> arb:
        return -x - (-x).exp().log1p() if x > 0 else -x.exp().log1p()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        if isinstance(x, arb_series):  # where e^x is large its terms would have to cancel
            down = -x if x[0].mid() > 0 else x
            return down - 2 * arithmetic.log1p(arithmetic.exp(down))
        return -arithmetic.log(2 + arithmetic.exp(x) + arithmetic.exp(-x))

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        # Wide balls far out hold 0 in e^x, so that the logarithm above has none.
        small = (-x if x.real.mid() > 0 else x).exp()
        return (tilt * x).exp() * small / (1 + small) ** 2

    def log_slope(self, x: acb) -> acb:
        side = 1 if x.real.mid() > 0 else -1
        small = (-side * x).exp()
        return -side * (1 - small) / (1 + small)

    def _upper_mean(self, x: arb) -> arb:
        # By parts: x S(x) + int_x^oo S, which is even in x.
        if x < 0:
            return self._upper_mean(-x)
        small = (-x).exp()
        return x * small / (1 + small) + small.log1p()

    def tail_mean(self, t: Point) -> Number:
        x = ball(t)
        if not x > 0:
            return super().tail_mean(t)
        small = (-x).exp()
        size = small.abs_upper()
        if size < arb(2) ** -ctx.prec:  # (1 + s) log(1 + s)/s lies between 1 and 1 + s
            return x + arb(1, size)
        return x + (1 + small) * small.log1p() / small

    def cumulant_series(self, tilt: arb) -> arb_series:
        # log(Gamma(1 + l) Gamma(1 - l)) = log(pi l/sin(pi l)); near 0 the latter cancels
        if not abs(tilt) > _ELEMENTARY_FROM:
            return (1 + variable(tilt)).lgamma() + (1 - variable(tilt)).lgamma()
        if not abs(tilt) < 1:
            return arb_series([arb.nan()] * 3, prec=3)  # astride the abscissa
        sine, cosine = tilt.sin_cos_pi()
        slope = arb.pi() / sine
        first = 1 / tilt - slope * cosine
        return arb_series([(slope * tilt).log(), first, (slope**2 - 1 / tilt**2) / 2], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.logistic()


@dataclass(frozen=True)
class Uniform(Parametric, ContinuousLaw):
    """Constant density on ``[low, high]``."""

    name: ClassVar[str] = "uniform"
    low: fmpq = parameter(REAL, default=0)
    high: fmpq = parameter(REAL, default=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low < self.high:
            low, high = decimal_text(self.low), decimal_text(self.high)
            raise LawError(f"uniform: low must be below high, got low={low}, high={high}")

    @property
    def support(self) -> tuple[Bound, Bound]:
        return self.low, self.high

    @property
    def right_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def _width(self) -> fmpq:
        return self.high - self.low

    def _log_survival(self, x: arb) -> arb:
        return ((self.high - x) / self._width).log()

    def _log_cdf(self, x: arb) -> arb:
        return ((x - self.low) / self._width).log()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return 0 * x - arithmetic.log(arithmetic.number(self._width))

    def mean(self) -> Number:
        return arb((self.low + self.high) / 2)

    def _upper_mean(self, x: arb) -> arb:
        return (self.high - x) * (self.high + x) / (2 * self._width)

    def tail_mean(self, t: Point) -> Number:
        inside = self._place(ball(t)) == "inside"
        return (ball(t) + self.high) / 2 if inside else super().tail_mean(t)

    def cumulant_series(self, tilt: arb) -> arb_series:
        # K = (middle) l + log(sinh(h)/h), h = l (half width)
        half = self._width / 2
        middle = (self.low + self.high) / 2
        value, first, second = _log_sinch(half * tilt)
        terms = [middle * tilt + value, middle + half * first, half**2 * second / 2]
        return arb_series(terms, prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.uniform(float_of(self.low), float_of(self._width))


def _log_sinch(h: arb) -> tuple[arb, arb, arb]:
    """``log(sinh(h)/h)`` and its first two derivatives."""
    if abs(h) > _ELEMENTARY_FROM:
        size = abs(h)
        small = (-2 * size).exp()
        first = (1 + small) / (1 - small) - 1 / size  # coth(h) - 1/h, odd
        value = size + log1m_exp(-2 * size) - (2 * size).log()
        return value, first if h > 0 else -first, 1 / size**2 - 4 * small / (1 - small) ** 2
    # sinh(h)/h = 0F1(3/2, w), w = h^2/4, and d/dw 0F1(b, w) = 0F1(b + 1, w)/b: nothing cancels.
    w = h * h / 4
    ratio = w.hypgeom_0f1(arb(1.5))
    slope = w.hypgeom_0f1(arb(2.5)) / ratio / arb(1.5)
    bend = w.hypgeom_0f1(arb(3.5)) / ratio / arb(3.75) - slope * slope
    return ratio.log(), h * slope / 2, slope / 2 + w * bend


@dataclass(frozen=True)
class Beta(Parametric, ContinuousLaw):
    """Density proportional to ``x^(a - 1) (1 - x)^(b - 1)`` on [0, 1]."""

    name: ClassVar[str] = "beta"
    a: fmpq = parameter(SHAPE)
    b: fmpq = parameter(SHAPE)

    @property
    def support(self) -> tuple[Bound, Bound]:
        return fmpq(0), fmpq(1)

    @property
    def right_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    def _log_survival(self, x: arb) -> arb:
        return log_beta_i(self.b, self.a, 1 - x, x)

    def _log_cdf(self, x: arb) -> arb:
        return log_beta_i(self.a, self.b, x, 1 - x)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        m = arithmetic
        a, b = m.number(self.a), m.number(self.b)
        constant = m.log_gamma(a + b) - m.log_gamma(a) - m.log_gamma(b)
        return constant + (a - 1) * m.log(x) + (b - 1) * m.log1p(-x)

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        found = super().tilted_density(x, tilt, arithmetic)
        if found.is_finite():
            return found
        # Around an end a whole power is analytic, but its logarithm is not; another power is NaN.
        powers = arithmetic.power(x, self.a - 1) * arithmetic.power(1 - x, self.b - 1)
        constant = arb(self.a + self.b).lgamma() - arb(self.a).lgamma() - arb(self.b).lgamma()
        return powers * (constant + tilt * x).exp()

    def mean(self) -> Number:
        return arb(self.a / (self.a + self.b))

    def _upper_mean(self, x: arb) -> arb:
        # x f(x) is the mean times the beta density with a + 1.
        return self.a / (self.a + self.b) * log_beta_i(self.b, self.a + 1, 1 - x, x).exp()

    def tail_mean(self, t: Point) -> Number:
        x = ball(t)
        if not (self.b * x > self.a * (1 - x) and x < 1):
            return super().tail_mean(t)
        y = 1 - x
        return x * beta_factor(self.b, self.a + 1, y) / beta_factor(self.b, self.a, y)

    def cumulant_series(self, tilt: arb) -> arb_series:
        value, first, second = beta_cumulants(self.a, self.b, tilt)
        return arb_series([value, first, second / 2], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.beta(float_of(self.a), float_of(self.b))


def beta_cumulants(a: fmpq, b: fmpq, tilt: arb) -> tuple[arb, arb, arb]:
    """Log-MGF of the beta law, ``log 1F1(a, a + b, l)``, and its first two derivatives."""
    if tilt > 0:  # 1 - X is beta(b, a); near 0 its moments do not cancel
        value, first, second = beta_cumulants(b, a, -tilt)
        return tilt + value, 1 - first, second
    # d^n/dl^n 1F1(a, c, l) = (a)_n/(c)_n 1F1(a + n, c + n, l) (DLMF 13.3.16), and by Kummer's
    # transformation (13.2.39) each is exp(l) 1F1(b, c + n, -l), a sum of positive terms.
    c = a + b
    m0, m1 = (kummer(b, c + n, -tilt) for n in range(2))
    first = a / c * (m1 / m0)
    if -tilt > arb(c) / 8 and -tilt < _KUMMER_UP_TO:
        # Kummer's equation (13.2.1); elsewhere more than a few bits would cancel in it.
        second = (a - (c - tilt) * first) / tilt
    else:
        second = a * (a + 1) / (c * (c + 1)) * (kummer(b, c + 2, -tilt) / m0)
    return tilt + m0.log(), first, second - first * first
