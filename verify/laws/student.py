"""Student t and Cauchy laws, their absolute values, and the exponential of a Cauchy variable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from flint import acb, arb, ctx, fmpq

from verify.arithmetic import BALLS, Arithmetic
from verify.enclosure import Diverges, Number, ball
from verify.law import Point
from verify.laws.bases import (
    HALF,
    HalfLine,
    Symmetric,
    bounded_draws,
    float_of,
    infinite_mean,
    power_tail,
)
from verify.laws.parameters import SHAPE, Parametric, parameter
from verify.laws.special import beta_factor, log1m, log1m_exp, log_beta, log_beta_i, log_gamma
from verify.series import Moments
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BOTH_SIDES = "both tails have index {index} <= 1, so the positive and negative parts are infinite"


def _log_density(df: fmpq, x: Any, arithmetic: Arithmetic[Any]) -> Any:
    a = arithmetic
    v = a.number(df)
    in_balls = isinstance(v, arb | acb)
    peak = _log_peak(int(df.p), int(df.q), ctx.prec) if in_balls else _log_peak_in(a, v)
    return peak - (v + 1) / 2 * a.log1p(x * x / v)


def _log_peak_in(arithmetic: Arithmetic[Any], v: Any) -> Any:
    """The log-density at 0."""
    a = arithmetic
    return a.log_gamma((v + 1) / 2) - a.log_gamma(v / 2) - a.log(v * a.pi()) / 2


# Integrals ask for the density a hundred thousand times, and most of that was this constant.
@lru_cache(maxsize=256)
def _log_peak(top: int, bottom: int, bits: int) -> arb:
    """The same in balls, once a precision."""
    return _log_peak_in(BALLS, arb(fmpq(top, bottom)))  # type: ignore[no-any-return]


def _central(df: fmpq, x: arb) -> arb:
    """``Pr(0 < T < x)``: the density integrated as a power series in ``x^2/df``."""
    peak = (log_gamma((df + 1) / 2) - log_gamma(df / 2)).exp() / (df * arb.pi()).sqrt()
    series = (-x * x / df).hypgeom_2f1(arb(HALF), arb((df + 1) / 2), arb(1.5))
    return peak * x * series


def _log_outside(df: fmpq, x: arb) -> arb:
    """``log Pr(|T| > x) = log I_{df/(df + x^2)}(df/2, 1/2)`` for x > 0 (DLMF 8.17)."""
    square = x * x
    total = df + square
    return log_beta_i(df / 2, HALF, df / total, square / total)


def _upper_mean(df: fmpq, x: arb) -> arb:
    """``E[T; T > x]`` for df > 1: ``f(x) (df + x^2)/(df - 1)``, as its derivative shows."""
    log_peak = -log_beta(df / 2, HALF)
    power = (x * x / df).log1p() * ((df - 1) / 2)
    return (log_peak - power).exp() * arb(df).sqrt() / (df - 1)


def _tail_mean(df: fmpq, x: arb) -> arb:
    """``E[T | T > x]`` for df > 1, x >= 1: the hazard rate is ``df/(x F)``, F the beta factor."""
    square = x * x
    factor = beta_factor(df / 2, HALF, df / (df + square))
    return df / (df - 1) * (df + square) / (x * factor)


@dataclass(frozen=True)
class StudentT(Parametric, Symmetric):
    """Student's t with ``df`` degrees of freedom."""

    name: ClassVar[str] = "student_t"
    df: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return power_tail(self.df)

    def _log_survival(self, x: arb) -> arb:
        if x > HALF:
            return _log_outside(self.df, x) - arb.const_log2()
        if x < -HALF:
            return log1m(_log_outside(self.df, -x).exp() / 2)
        return (HALF - _central(self.df, x)).log()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return _log_density(self.df, x, arithmetic)

    def mean(self) -> Number:
        if self.df <= 1:
            return Diverges(0, _BOTH_SIDES.format(index=self.df))
        return arb(0)

    def _upper_mean(self, x: arb) -> arb:
        return _upper_mean(self.df, x)

    def tail_mean(self, t: Point) -> Number:
        if self.df <= 1 or not ball(t) >= 1:
            return super().tail_mean(t)
        return _tail_mean(self.df, ball(t))

    def scipy(self) -> Any:
        from scipy import stats

        return stats.t(float_of(self.df))


@dataclass(frozen=True)
class HalfStudentT(Parametric, HalfLine):
    """``|T|`` for a Student t variable T."""

    name: ClassVar[str] = "half_student_t"
    df: fmpq = parameter(SHAPE)

    @property
    def right_tail(self) -> TailRates:
        return power_tail(self.df)

    def _log_survival(self, x: arb) -> arb:
        if x > HALF:
            return _log_outside(self.df, x)
        return log1m(2 * _central(self.df, x))

    def _log_cdf(self, x: arb) -> arb:
        if x > HALF:
            return log1m_exp(_log_outside(self.df, x))
        return (2 * _central(self.df, x)).log()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return _log_density(self.df, x, arithmetic) + arithmetic.log(arithmetic.number(fmpq(2)))

    def mean(self) -> Number:
        return infinite_mean(self.df) if self.df <= 1 else 2 * _upper_mean(self.df, arb(0))

    def _upper_mean(self, x: arb) -> arb:
        return 2 * _upper_mean(self.df, x)

    def tail_mean(self, t: Point) -> Number:
        if self.df <= 1 or not ball(t) >= 1:
            return super().tail_mean(t)
        return _tail_mean(self.df, ball(t))

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return abs(StudentT(self.df).sample(size, rng))


def _log_cauchy_tail(x: arb) -> arb:
    """``log Pr(C > x)`` for a Cauchy variable C."""
    if x > 1:
        return ((1 / x).atan() / arb.pi()).log()
    if x < -1:
        return log1m((-1 / x).atan() / arb.pi())
    return (HALF - x.atan() / arb.pi()).log()


@dataclass(frozen=True)
class Cauchy(Parametric, Symmetric):
    """Student's t with one degree of freedom."""

    name: ClassVar[str] = "cauchy"

    @property
    def right_tail(self) -> TailRates:
        return power_tail(fmpq(1))

    def _log_survival(self, x: arb) -> arb:
        return _log_cauchy_tail(x)

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return -arithmetic.log(arithmetic.pi()) - arithmetic.log1p(x * x)

    def mean(self) -> Number:
        return Diverges(0, _BOTH_SIDES.format(index=1))

    def _upper_mean(self, x: arb) -> arb:
        raise AssertionError("the mean does not exist")

    def scipy(self) -> Any:
        from scipy import stats

        return stats.cauchy()


@dataclass(frozen=True)
class HalfCauchy(Parametric, HalfLine):
    """``|C|`` for a Cauchy variable C."""

    name: ClassVar[str] = "half_cauchy"

    @property
    def right_tail(self) -> TailRates:
        return power_tail(fmpq(1))

    def _log_survival(self, x: arb) -> arb:
        return (2 * (1 / x).atan() / arb.pi()).log() if x > 1 else log1m(self._share(x))

    def _log_cdf(self, x: arb) -> arb:
        return log1m_exp(self._log_survival(x)) if x > 1 else self._share(x).log()

    def _share(self, x: arb) -> arb:
        return 2 * x.atan() / arb.pi()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        return -arithmetic.log(arithmetic.pi() / 2) - arithmetic.log1p(x * x)

    def mean(self) -> Number:
        return infinite_mean(fmpq(1))

    def _upper_mean(self, x: arb) -> arb:
        raise AssertionError("the mean is infinite")

    def scipy(self) -> Any:
        from scipy import stats

        return stats.halfcauchy()


@dataclass(frozen=True)
class LogCauchy(Parametric, HalfLine):
    """``exp(C)`` for a Cauchy variable C: a tail heavier than every power."""

    name: ClassVar[str] = "log_cauchy"

    @property
    def right_tail(self) -> TailRates:
        return TailRates.heavy("Q(X > x) ~ 1/(pi log x), heavier than every power")

    def _log_survival(self, x: arb) -> arb:
        return _log_cauchy_tail(x.log())

    def _log_cdf(self, x: arb) -> arb:
        return _log_cauchy_tail(-x.log())

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        log_x = a.log(x)
        return -a.log(a.pi()) - log_x - a.log1p(log_x * log_x)

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        if low is not None or high is not None or not tilt < 0:
            return super().exponential_moments(tilt, low, high)
        from verify.laws.log_cauchy_moments import moments_below_zero

        return moments_below_zero(self, tilt)

    def mean(self) -> Number:
        return Diverges(+1, "Q(X > x) ~ 1/(pi log x) is not integrable")

    def _upper_mean(self, x: arb) -> arb:
        raise AssertionError("the mean is infinite")

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        with np.errstate(over="ignore"):
            draws = np.exp(rng.standard_cauchy(size))
        return np.asarray(bounded_draws(draws), dtype=np.float64)
