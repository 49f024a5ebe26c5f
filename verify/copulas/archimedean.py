"""Clayton, Gumbel and Frank copulas, in forms that keep their digits in every corner.

With ``h(u | v)`` written as ``exp(-s)``, small s is computed as such: ``1 - h`` is then right where
h is nearly 1, and ``log h`` where it is nearly 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flint import acb, arb, fmpq

from verify.copulas.base import Copula, Floats
from verify.enclosure import ball
from verify.laws.parameters import Domain, Parametric, parameter
from verify.ranks import FLOAT_RANKS, Rank, RankArithmetic, rank_of_cost

LEAST, LARGEST = fmpq(1, 1000), 500
#: Newton steps for one inverse; its convergence is quadratic.
MOST_STEPS = 60

CLAYTON = Domain(
    f"a number from 0.001 to {LARGEST} (for tau < 0 write negated(clayton(...)))",
    lambda value: LEAST <= value <= LARGEST,
)
GUMBEL = Domain(
    f"a number from 1 to {LARGEST} (for tau < 0 write negated(gumbel(...)))",
    lambda value: 1 <= value <= LARGEST,
)
FRANK = Domain(
    f"a number from -{LARGEST} to {LARGEST}, at least 0.001 in size",
    lambda value: LEAST <= abs(value) <= LARGEST,
)


def _rank(cost: Any, arithmetic: RankArithmetic[Any]) -> Rank[Any]:
    """The rank ``exp(-cost)``."""
    return Rank(arithmetic.exp(-cost), -arithmetic.expm1(-cost))


def _log_expm1(y: Any) -> Any:
    """``log(exp(y) - 1)`` for y > 0, in float64."""
    import numpy as np

    return y + np.log(-np.expm1(-y))


@dataclass(frozen=True)
class Clayton(Parametric, Copula):
    """``C(u, v) = (u^-theta + v^-theta - 1)^(-1/theta)``: dependent in the lower corner."""

    name: ClassVar[str] = "clayton"
    theta: fmpq = parameter(CLAYTON)

    def _excess(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        """``log(1 + v^theta (u^-theta - 1))``."""
        a, theta = arithmetic, arithmetic.number(self.theta)
        return a.log1p(a.exp(theta * a.log_of(v)) * a.expm1(-theta * a.log_of(u)))

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        power = arithmetic.number(1 + 1 / self.theta)
        return _rank(power * self._excess(u, v, arithmetic), arithmetic)

    def inverse(self, level: Floats, v: Floats) -> Floats:
        # u^-theta = 1 + v^-theta (level^(-theta/(1 + theta)) - 1)
        import numpy as np

        a, theta = FLOAT_RANKS, FLOAT_RANKS.number(self.theta)
        log_excess = _log_expm1(-theta / (1 + theta) * a.log_of(level)) - theta * a.log_of(v)
        return rank_of_cost(np.logaddexp(0.0, log_excess) / theta)

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        a, theta = arithmetic, arithmetic.number(self.theta)
        total = self._excess(u, v, a) - theta * a.log_of(v)  # log(u^-theta + v^-theta - 1)
        logs = a.log_of(u) + a.log_of(v)
        return a.log1p(theta) - (theta + 1) * logs - a.number(2 + 1 / self.theta) * total

    def tau(self) -> arb:
        return ball(self.theta / (self.theta + 2))

    def tail_dependence(self) -> tuple[arb, arb]:
        return (-arb.const_log2() / self.theta).exp(), arb(0)


@dataclass(frozen=True)
class Gumbel(Parametric, Copula):
    """``-log C = ((-log u)^theta + (-log v)^theta)^(1/theta)``: dependent in the upper corner.

    With ``y = -log v`` and ``d = log(-log C / y)``: ``-log h = y (exp(d) - 1) + (theta - 1) d``.
    """

    name: ClassVar[str] = "gumbel"
    theta: fmpq = parameter(GUMBEL)

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        y = -arithmetic.log_of(v)
        return _rank(self._cost(y, self._distance(u, v, arithmetic), arithmetic), arithmetic)

    def _distance(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        a, theta = arithmetic, arithmetic.number(self.theta)
        log_ratio = a.log(-a.log_of(u)) - a.log(-a.log_of(v))
        return a.log1p(a.exp(theta * log_ratio)) / theta

    def _cost(self, y: Any, d: Any, arithmetic: RankArithmetic[Any]) -> Any:
        return y * arithmetic.expm1(d) + arithmetic.number(self.theta - 1) * d

    def inverse(self, level: Floats, v: Floats) -> Floats:
        # The cost is convex and increasing in d, 0 at 0. Where its first term alone reaches the
        # goal lies above the root, and from there Newton's method falls to it.
        a, theta, rest = FLOAT_RANKS, FLOAT_RANKS.number(self.theta), float(self.theta - 1)
        goal, y = -a.log_of(level), -a.log_of(v)
        d = a.log1p(goal / y)
        for _ in range(MOST_STEPS):
            step = (self._cost(y, d, a) - goal) / (y * a.exp(d) + rest)
            d = d - step
            if (abs(step) <= 1e-15 * d).all():
                break
        return rank_of_cost(y * a.exp(_log_expm1(theta * d) / theta))

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        a, theta = arithmetic, arithmetic.number(self.theta)
        x, y = -a.log_of(u), -a.log_of(v)
        total = y * a.exp(self._distance(u, v, a))  # -log C
        powers = (theta - 1) * (a.log(x) + a.log(y)) + (1 - 2 * theta) * a.log(total)
        return x + y - total + powers + a.log(total + theta - 1)

    def tau(self) -> arb:
        return ball(1 - 1 / self.theta)

    def tail_dependence(self) -> tuple[arb, arb]:
        return arb(0), 2 - (arb.const_log2() / self.theta).exp()


@dataclass(frozen=True)
class Frank(Parametric, Copula):
    """``C = -log(1 + (e^(-theta u) - 1)(e^(-theta v) - 1)/(e^-theta - 1))/theta``: no tails.

    The odds of h are ``exp(-theta v) (1 - exp(-theta u))`` to
    ``exp(-theta u) (1 - exp(-theta (1 - u)))``, a form without cancellation.
    """

    name: ClassVar[str] = "frank"
    theta: fmpq = parameter(FRANK)

    def _odds(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> tuple[Any, Any]:
        a, theta = arithmetic, arithmetic.number(self.theta)
        sign = 1 if self.theta > 0 else -1
        up_to = -sign * a.expm1(-theta * u.below) * a.exp(-theta * v.below)
        beyond = -sign * a.expm1(-theta * u.above) * a.exp(-theta * u.below)
        return up_to, beyond

    def conditional(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Rank[Any]:
        up_to, beyond = self._odds(u, v, arithmetic)
        return Rank(up_to / (up_to + beyond), beyond / (up_to + beyond))

    def inverse(self, level: Floats, v: Floats) -> Floats:
        # h turns into 1 - h where both ranks turn into 1 minus themselves.
        return Rank(self._solved(level, v), self._solved(level.turned(), v.turned()))

    def _solved(self, level: Floats, v: Floats) -> Any:
        """u with ``exp(-theta u) = 1 - s + s exp(-theta)``, ``s = w/(w + (1-w) exp(-theta v))``."""
        import numpy as np

        theta = FLOAT_RANKS.number(self.theta)
        shift = np.log(level.above) - np.log(level.below) - theta * v.below
        log_share, log_rest = -np.logaddexp(0.0, shift), -np.logaddexp(0.0, -shift)
        near = np.maximum(np.exp(log_share) * np.expm1(-theta), -0.5)
        far = np.logaddexp(log_rest, log_share - theta)
        return np.where(near > -0.5, -np.log1p(near), -far) / theta

    def log_density(self, u: Rank[Any], v: Rank[Any], arithmetic: RankArithmetic[Any]) -> Any:
        # c = theta (1 - e^-theta) e^(-theta (u + v)) over the square of both odds together
        a, theta = arithmetic, arithmetic.number(self.theta)
        up_to, beyond = self._odds(u, v, a)
        step = a.log(-theta * a.expm1(-theta))
        return step - theta * (u.below + v.below) - 2 * a.log(up_to + beyond)

    def tau(self) -> arb:
        size = ball(abs(self.theta))
        tau = 1 - 4 / size * (1 - _debye(size))
        return tau if self.theta > 0 else -tau

    def tail_dependence(self) -> tuple[arb, arb]:
        return arb(0), arb(0)


def _debye(x: arb) -> arb:
    """The first Debye function, the mean of ``t/(exp(t) - 1)`` over ``(0, x)``."""
    # The integral is pi^2/6 + x log(1 - exp(-x)) - Li2(exp(-x)) (DLMF 25.12).
    small = (-x).exp()
    dilogarithm = acb(small).polylog(acb(2)).real
    return (arb.pi() ** 2 / 6 + x * (-(-x).expm1()).log() - dilogarithm) / x
