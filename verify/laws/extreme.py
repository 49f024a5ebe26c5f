"""Extreme-value laws: Gumbel, generalised extreme value, generalised Pareto."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import acb, arb, arb_series, ctx, fmpq

from verify.arithmetic import Arithmetic, ComplexBalls
from verify.continuous import ContinuousLaw
from verify.enclosure import INFINITE, Number, Undecided, ball, between
from verify.law import Bound, Point
from verify.laws.bases import (
    MINUS_INFINITY,
    InfiniteAtAbscissa,
    float_of,
    infinite_mean,
    power_tail,
)
from verify.laws.light import beta_cumulants
from verify.laws.parameters import LARGEST_SHAPE, SIGNED_SHAPE, Parametric, parameter
from verify.laws.power import lomax_log_mgf
from verify.laws.special import (
    drop_ratio,
    entire_exponential_integral,
    gamma,
    gamma_lower,
    log1m_exp,
    lower_factor,
    upper_factor,
)
from verify.laws.stretched import Weibull
from verify.series import variable
from verify.tail_rates import TailRates

_EXPONENTIAL_RIGHT = "Q(X > x) ~ exp(-x)"


class ExtremeValue(InfiniteAtAbscissa, ContinuousLaw):
    """``Q(X <= x) = exp(-y)`` with ``y = (1 + xi x)^(-1/xi)``, or ``exp(-x)`` for xi = 0."""

    _shape: fmpq

    @property
    def support(self) -> tuple[Bound, Bound]:
        xi = self._shape
        end = -1 / xi if xi != 0 else fmpq(0)
        return end if xi > 0 else MINUS_INFINITY, end if xi < 0 else INFINITE

    @property
    def right_tail(self) -> TailRates:
        if self._shape > 0:
            return power_tail(1 / self._shape)
        if self._shape < 0:
            return TailRates.bounded()
        return TailRates.exponential(1, _EXPONENTIAL_RIGHT)

    @property
    def left_tail(self) -> TailRates:
        xi = self._shape
        if xi > 0:
            return TailRates.bounded()
        if xi > -1:
            return TailRates.superexponential("Q(X < -x) = exp(-y), y outgrowing every l x")
        if xi == -1:
            return TailRates.exponential(1, "Q(X < -x) = exp(-1 - x)")
        return TailRates.heavy("Q(X < -x) = exp(-(1 - xi x)^(-1/xi)), xi < -1")

    def _log_y(self, x: arb) -> arb:
        xi = self._shape
        return -(xi * x).log1p() / xi if xi != 0 else -x

    def _log_survival(self, x: arb) -> arb:
        log_y = self._log_y(x)
        if log_y < 0:
            return log_y + drop_ratio(log_y.exp()).log()
        if log_y > ctx.prec:  # exp(-y) is beyond notice, and y itself may be out of reach
            return between(log1m_exp(-arb(ctx.prec).exp()), arb(0))
        return log1m_exp(-log_y.exp())

    def _log_cdf(self, x: arb) -> arb:
        return -self._log_y(x).exp()

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a, xi = arithmetic, self._shape
        if xi == 0:
            return -x - a.exp(-x)
        log_y = -a.log1p(a.number(xi) * x) / a.number(xi)
        return a.number(1 + xi) * log_y - a.exp(log_y)

    def mean(self) -> Number:
        xi = self._shape
        if xi >= 1:
            return infinite_mean(1 / xi)
        return (gamma(1 - xi) - 1) / xi if xi != 0 else arb.const_euler()

    def _upper_mean(self, x: arb) -> arb:
        log_y = self._log_y(x)
        if log_y > ctx.prec:  # x < 0 here, where E[X; X > x] falls to the mean as x does
            mean = self.mean()
            assert isinstance(mean, arb)
            return between(mean, self._mean_below(arb(ctx.prec)))
        return self._mean_below(log_y)

    def _mean_below(self, log_y: arb) -> arb:
        """``E[X; Y < y]`` for the exponential Y with ``X = (Y^-xi - 1)/xi``, or ``-log Y``."""
        xi, y = self._shape, log_y.exp()
        if xi != 0:
            return (gamma_lower(1 - xi, y) + (-y).expm1()) / xi
        return log_y * (-y).expm1() + entire_exponential_integral(y)

    def lower_mean(self, t: Point) -> Number:
        x = ball(t)
        log_y = self._log_y(x) if self._place(x) == "inside" else arb(0)
        if log_y > ctx.prec:  # x < 0 here, where E[X; X <= x] rises to 0 as x falls
            return between(self._mean_above(arb(ctx.prec)), arb(0))
        return self._mean_above(log_y) if log_y > 0 else super().lower_mean(t)

    def _mean_above(self, log_y: arb) -> arb:
        """``E[X; Y >= y]`` likewise."""
        xi, y = self._shape, log_y.exp()
        if xi != 0:  # Gamma(1 - xi, y) over exp(-y)
            part = upper_factor(1 - xi, y) * (log_y * (1 - xi)).exp()
            return (-y).exp() * (part - 1) / xi
        return -(-y).exp() * (log_y + upper_factor(fmpq(0), y))

    def tail_mean(self, t: Point) -> Number:
        xi, x = self._shape, ball(t)
        if xi >= 1 or self._place(x) != "inside":
            return super().tail_mean(t)
        log_y = self._log_y(x)
        if not log_y < 0:
            return super().tail_mean(t)
        y = log_y.exp()
        if xi == 0:
            return x + _shrink(y) / drop_ratio(y)
        # gamma(1 - xi, y) over 1 - exp(-y), where y^-xi = 1 + xi x.
        ratio = (-y).exp() * lower_factor(1 - xi, y) / drop_ratio(y)
        return ((1 + xi * x) * ratio - 1) / xi

    def cumulant_series(self, tilt: arb) -> arb_series:
        xi = self._shape
        if xi == 0:
            return (1 - variable(tilt)).lgamma()
        if xi > 0:
            return super().cumulant_series(tilt)
        # X = (1 - W)/|xi| with W = Y^|xi|, a Weibull variable of shape 1/|xi|.
        if 1 / -xi > LARGEST_SHAPE:
            raise Undecided(f"log-MGF of {self}: 1/xi is too large")
        inner = Weibull(-1 / xi).cumulant_series(tilt / xi)
        return arb_series([inner[0] - tilt / xi, (inner[1] - 1) / xi, inner[2] / xi**2], prec=3)


def _shrink(y: arb) -> arb:
    """``Ein(y)/y`` for small y, also where y is known only as ``[0, tiny]``."""
    one, two = arb(1), arb(2)
    return (-y).hypgeom([one, one], [two, two])


@dataclass(frozen=True)
class Gumbel(Parametric, ExtremeValue):
    """``Q(X <= x) = exp(-exp(-x))``."""

    name: ClassVar[str] = "gumbel"

    @property
    def _shape(self) -> fmpq:  # type: ignore[override]
        return fmpq(0)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.gumbel_r()


@dataclass(frozen=True)
class Gev(Parametric, ExtremeValue):
    """Generalised extreme value law; xi > 0 is heavy, xi = 0 Gumbel, xi < 0 bounded above."""

    name: ClassVar[str] = "gev"
    xi: fmpq = parameter(SIGNED_SHAPE)

    @property
    def _shape(self) -> fmpq:  # type: ignore[override]
        return self.xi

    def scipy(self) -> Any:
        from scipy import stats

        return stats.genextreme(-float_of(self.xi))


@dataclass(frozen=True)
class Genpareto(Parametric, InfiniteAtAbscissa, ContinuousLaw):
    """``Q(X > x) = (1 + xi x)^(-1/xi)``, or ``exp(-x)`` for xi = 0; xi > 0 is heavy."""

    name: ClassVar[str] = "genpareto"
    xi: fmpq = parameter(SIGNED_SHAPE)

    @property
    def support(self) -> tuple[Bound, Bound]:
        return fmpq(0), -1 / self.xi if self.xi < 0 else INFINITE

    @property
    def right_tail(self) -> TailRates:
        if self.xi > 0:
            return power_tail(1 / self.xi)
        if self.xi < 0:
            return TailRates.bounded()
        return TailRates.exponential(1, "Q(X > x) = exp(-x)")

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    def _log_survival(self, x: arb) -> arb:
        return -(self.xi * x).log1p() / self.xi if self.xi != 0 else -x

    def _log_cdf(self, x: arb) -> arb:
        return log1m_exp(self._log_survival(x))

    def log_density(self, x: Any, arithmetic: Arithmetic[Any]) -> Any:
        a = arithmetic
        if self.xi == 0:
            return -x
        return -a.number(1 + 1 / self.xi) * a.log1p(a.number(self.xi) * x)

    def tilted_density(self, x: acb, tilt: arb, arithmetic: ComplexBalls) -> acb:
        found = super().tilted_density(x, tilt, arithmetic)
        if found.is_finite() or self.xi >= 0 or (1 / self.xi).q != 1:
            return found
        # Around the upper end a whole power is analytic, but its logarithm is not.
        return arithmetic.power(1 + acb(self.xi) * x, -1 - 1 / self.xi) * (tilt * x).exp()

    def mean(self) -> Number:
        return infinite_mean(1 / self.xi) if self.xi >= 1 else ball(1 / (1 - self.xi))

    def _mean_above(self, x: arb) -> arb:
        return x + (1 + self.xi * x) / (1 - self.xi)  # the mean excess is linear

    def _upper_mean(self, x: arb) -> arb:
        return self._log_survival(x).exp() * self._mean_above(x)

    def tail_mean(self, t: Point) -> Number:
        if self.xi >= 1 or self._place(ball(t)) != "inside":
            return super().tail_mean(t)
        return self._mean_above(ball(t))

    def cumulant_series(self, tilt: arb) -> arb_series:
        xi = self.xi
        if xi == 0:
            return -(1 - variable(tilt)).log()
        if xi > 0:  # xi X is Lomax
            inner = lomax_log_mgf(1 / xi, tilt / xi)
            return arb_series([inner[0], inner[1] / xi, inner[2] / xi**2], prec=3)
        # -xi X is beta(1, -1/xi)
        value, first, second = beta_cumulants(fmpq(1), -1 / xi, tilt / -xi)
        return arb_series([value, first / -xi, second / xi**2 / 2], prec=3)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.genpareto(float_of(self.xi))
