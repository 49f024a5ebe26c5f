"""Laws with power tails: Pareto and its relatives, Student t, F, Cauchy, Levy, log-Cauchy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from flint import arb, fmpq

from verify.arithmetic import Arithmetic
from verify.enclosure import INFINITE, Diverges, Number, ball
from verify.law import Bound, ContinuousLaw, Rate, TailRates
from verify.laws.parameters import POSITIVE, SHAPE, Parametric, parameter

N = TypeVar("N")
HALF = fmpq(1, 2)
MINUS_INFINITY = Diverges(-1, "the support has no lower end")


def log1m(x: arb) -> arb:
    """``log(1 - x)``."""
    return (-x).log1p()


def power_tail(index: fmpq) -> TailRates:
    """A regularly varying tail of the given index."""
    return TailRates.heavy(f"power tail of index {index}: E exp(l X) = oo for every l > 0")


def infinite_mean(index: fmpq) -> Diverges:
    """The mean of a law on a half-line whose tail index is at most 1."""
    return Diverges(+1, f"tail index {index} <= 1, so the survival function is not integrable")


class HeavyHalfLine(ContinuousLaw):
    """A law on ``[a, oo)`` with a heavy right tail."""

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()


@dataclass(frozen=True)
class Pareto(Parametric, HeavyHalfLine):
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
        return (-self._log_survival(x).expm1()).log()

    def log_density(self, x: N, arithmetic: Arithmetic[N]) -> N:
        a = arithmetic
        alpha, scale = a.number(self.alpha), a.number(self.scale)
        return a.log(alpha) + alpha * a.log(scale) - (alpha + a.number(fmpq(1))) * a.log(x)  # type: ignore[operator, no-any-return]

    def mean(self) -> Number:
        if self.alpha <= 1:
            return infinite_mean(self.alpha)
        return ball(self.alpha * self.scale / (self.alpha - 1))

    def _upper_mean(self, x: arb) -> arb:
        return self.alpha / (self.alpha - 1) * x * self.survival(x)

    def tail_mean(self, t: Any) -> Number:
        if self.alpha <= 1 or not ball(t) >= ball(self.scale):
            return super().tail_mean(t)
        return self.alpha / (self.alpha - 1) * ball(t)

    def scipy(self) -> Any:
        from scipy import stats

        return stats.pareto(float_of(self.alpha), scale=float_of(self.scale))


def float_of(value: fmpq) -> float:
    """The nearest float64 (for scipy and pictures only)."""
    return int(value.p) / int(value.q)
