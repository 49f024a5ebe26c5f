"""The Weibull-tail coefficient, estimated from the excesses over a threshold.

Write the upper tail by its quantiles: ``Q(X > x(y)) = exp(-y)``. The law is of Weibull type with
coefficient theta if ``x'(y)`` grows like ``y**(theta - 1)`` (Gardes and Girard, "Estimating
extreme quantiles of Weibull tail distributions", 2005, with the location left free). The hazard
rate is ``1 / x'(y)``, so the coefficient draws the lines that matter here:

- theta > 1: the hazard falls to 0, and no exponential moment is finite: heavy. Weibull(1/2) has 2;
  lognormal tails and power laws have local coefficients that grow without bound;
- 0 <= theta <= 1: light. Exponential, gamma, logistic tails have 1, the normal 1/2;
- theta < 0: ``x(y)`` converges: bounded.

Above the threshold that the k largest of n rewards exceed, ``y = log(n/k) + E`` with E standard
exponential, so the excesses are ``scale * ((1 + E/y0)**theta - 1) * y0/theta`` with ``y0 =
log(n/k)``. This is a family with two parameters, like the generalised Pareto one, and the excesses
do not change when the rewards are shifted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from verify.tails.decision.climbing import Point, Slopes, climb, standard_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Coefficients nearer to 0 than this are moved here, where ``log1p(theta q)/theta`` keeps 12
#: digits and its second derivative 7.
NEAREST_TO_ZERO = 1e-4
#: ``exp`` of more overflows.
LARGEST_EXPONENT = 600.0


@dataclass(frozen=True, eq=False)
class WeibullTail:
    """The excesses of the k largest of n rewards, and the likelihood of the coefficient.

    Attributes
    ----------
    excesses : array of shape (k,)
        Over the threshold, in units of their mean.
    log_odds : float
        ``y0 = log(n/k)``.
    """

    excesses: Floats
    log_odds: float

    @classmethod
    def of(cls, excesses: Floats, count: int) -> WeibullTail:
        """Of k excesses, not all 0, in any unit, out of ``count`` rewards."""
        return cls(excesses / excesses.mean(), math.log(count / len(excesses)))

    @property
    def coefficient(self) -> float:
        """The maximum-likelihood estimate of theta."""
        return self._top[0][1]

    @cached_property
    def error(self) -> float:
        """Its standard error, from the curvature of the likelihood; infinite where it is flat."""
        bend, cross, end = self._slopes(self._top[0])[2:]
        return standard_error(end, bend, cross)

    def signed_root(self, coefficient: float) -> float:
        """How far the estimate lies above ``coefficient``, in standard errors.

        The signed root of the likelihood-ratio statistic: standard normal for large k if theta is
        ``coefficient``.
        """
        _, below = climb(self._value, self._slopes, self._start(coefficient), (True, False))
        root = math.sqrt(max(0.0, 2 * (self._top[1] - below)))
        return math.copysign(root, self.coefficient - coefficient)

    @cached_property
    def _top(self) -> tuple[Point, float]:
        return climb(self._value, self._slopes, self._start(1.0))

    def log_densities(self) -> Floats:
        """Of each excess, in the unit of their mean, under the most likely law."""
        (log_scale, theta), _ = self._top
        return self._terms(log_scale, _off_zero(theta))

    def _start(self, coefficient: float) -> Point:
        """A scale that every excess is possible with."""
        least = -coefficient * float(self.excesses.max()) / self.log_odds
        return (math.log(2 * least) if 2 * least > 1 else 0.0), coefficient

    def _value(self, at: Point) -> float:
        """The log-likelihood at the logarithm of the scale and theta."""
        log_scale, theta = at[0], _off_zero(at[1])
        farthest = theta * float(self.excesses.max()) * math.exp(-log_scale) / self.log_odds
        if not (math.isfinite(theta) and farthest > -1):
            return -math.inf
        if not math.log1p(farthest) / theta < LARGEST_EXPONENT:
            return -math.inf
        return float(self._terms(log_scale, theta).sum())

    def _terms(self, log_scale: float, theta: float) -> Floats:
        """The log-density of each excess."""
        import numpy as np

        part = self.excesses * (math.exp(-log_scale) / self.log_odds)
        growth = np.log1p(theta * part) / theta
        terms: Floats = (1 - theta) * growth - self.log_odds * np.expm1(growth) - log_scale
        return terms

    def _slopes(self, at: Point) -> Slopes:
        """Gradient and Hessian there."""
        import numpy as np

        log_scale, theta = at[0], _off_zero(at[1])
        part = self.excesses * (math.exp(-log_scale) / self.log_odds)
        inside = 1 + theta * part
        # g = log(inside)/theta, and its derivatives: b in the log of the scale, t in theta.
        g = np.log(inside) / theta
        g_b = -part / inside
        g_t = -(g_b + g) / theta
        g_bb = -g_b / inside
        g_bt = g_b * g_b
        g_tt = -(g_bt + 2 * g_t) / theta
        rise = self.log_odds * np.exp(g)
        weight = 1 - theta - rise
        bent = rise * g_t
        # Sums of products, not `@`: threads of BLAS wait for each other on a busy machine.
        return (
            float((weight * g_b).sum()) - len(g),
            float((weight * g_t - g).sum()),
            float((weight * g_bb - rise * g_bt).sum()),
            float((weight * g_bt - (1 + bent) * g_b).sum()),
            float((weight * g_tt - (2 + bent) * g_t).sum()),
        )


def _off_zero(theta: float) -> float:
    if abs(theta) >= NEAREST_TO_ZERO:
        return theta
    return math.copysign(NEAREST_TO_ZERO, theta)
