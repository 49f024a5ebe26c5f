"""The exponential rate of a light tail, from the excesses over a threshold.

A light tail whose rate is finite has a hazard rate that settles: like a gamma law's, ``h = rate *
(1 + kappa/y)`` with ``y`` minus the logarithm of the tail (gamma with shape a has kappa near 1 -
a; the exponential has 0). Above the threshold that k of n rewards exceed ``y`` is about ``log(n/k)
+ rate * excess``, which gives the excess the cumulative hazard ``rate*e + kappa log(1 + rate*e /
log(n/k))``. The rate is read off with kappa left free: what the hazard does above the threshold is
followed to its limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from verify.tails.decision.climbing import Point, Slopes, climb, standard_error
from verify.tails.verdict import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Rates more than ``exp`` of this away from one over the mean excess are not looked for: an end of
#: the interval that lies further off is 0 or infinite.
FARTHEST = 5.0
#: Ends are found to this relative accuracy.
DIGITS = 1e-3
#: The hazard falls no more than that of a gamma law with shape 1/2: a tail that bends more is not
#: called light (:mod:`verify.tails.decision.levels` draws the same line).
MOST_KAPPA = 0.5
MOST_STEPS = 50


@dataclass(frozen=True, eq=False)
class GammaTail:
    """The excesses of the k largest of n rewards, and the likelihood of their rate.

    Attributes
    ----------
    excesses : array of shape (k,)
        Over the threshold, in units of their mean.
    mean : float
        That unit.
    log_odds : float
        ``y0 = log(n/k)``.
    """

    excesses: Floats
    mean: float
    log_odds: float

    @classmethod
    def of(cls, excesses: Floats, count: int) -> GammaTail:
        """Of k excesses, not all 0, out of ``count`` rewards."""
        mean = float(excesses.mean())
        return cls(excesses / mean, mean, math.log(count / len(excesses)))

    def rate(self, level: float) -> Interval:
        """The rate per unit of reward, with the ends where the likelihood ratio is too large."""
        from scipy.special import ndtri

        top, _ = self._top
        width = float(ndtri((1 + level) / 2))
        ends = [self._end(width, side) for side in (-1, 1)]
        value, low, high = (math.exp(log) / self.mean for log in (top[0], *ends))
        return Interval(value, low, high, level)

    @cached_property
    def _top(self) -> tuple[Point, float]:
        at, value = climb(self._value, self._slopes, (0.0, 0.0))
        if at[1] > MOST_KAPPA:
            at, value = climb(self._value, self._slopes, (at[0], MOST_KAPPA), (True, False))
        return at, value

    def _end(self, width: float, side: int) -> float:
        """The logarithm of the rate on one side whose signed root is ``width``."""
        from scipy.optimize import brentq

        top = self._top[0][0]

        def missing(log_rate: float) -> float:
            return self._root(log_rate) - width

        near, step = top, side * width * self._error()
        while missing(near + step) < 0:
            near, step = near + step, 2 * step
            if abs(near) > FARTHEST:
                return side * math.inf
        return float(brentq(missing, near, near + step, xtol=DIGITS))

    def _error(self) -> float:
        """A first guess of the standard error of the logarithm of the rate."""
        bend, cross, end = self._slopes(self._top[0])[2:]
        return min(1.0, standard_error(bend, end, cross))

    def _root(self, log_rate: float) -> float:
        """The root of the likelihood-ratio statistic of a rate."""
        best = self._value((log_rate, self._best_kappa(log_rate)))
        return math.sqrt(max(0.0, 2 * (self._top[1] - best)))

    def _best_kappa(self, log_rate: float) -> float:
        """The most likely kappa for a rate: the likelihood is concave in it."""
        import numpy as np

        along = self.log_odds + math.exp(log_rate) * self.excesses
        least = -float(along.min())
        bent = float(np.log(along / self.log_odds).sum())
        kappa = self._top[0][1]
        for _ in range(MOST_STEPS):
            inverse = 1 / (along + kappa)
            step = (float(inverse.sum()) - bent) / float((inverse**2).sum())
            moved = kappa + step if kappa + step > least else (kappa + least) / 2
            moved = min(moved, MOST_KAPPA)
            if abs(moved - kappa) < DIGITS:
                return moved
            kappa = moved
        return kappa

    def _value(self, at: Point) -> float:
        """The log-likelihood at the logarithm of the rate and kappa."""
        import numpy as np

        log_rate, kappa = at
        along = self.log_odds + math.exp(log_rate) * self.excesses
        hazard = 1 + kappa / along
        if not hazard.min() > 0:
            return -math.inf
        total = np.log(hazard).sum() - kappa * np.log(along / self.log_odds).sum()
        return float(total - (along - self.log_odds).sum()) + len(along) * log_rate

    def _slopes(self, at: Point) -> Slopes:
        """Gradient and Hessian there."""
        import numpy as np

        log_rate, kappa = at
        step = math.exp(log_rate) * self.excesses
        along = self.log_odds + step
        bent = along + kappa
        share = step / along
        inverse = 1 / bent
        fading = step * inverse**2
        faster = (self.log_odds + kappa) * fading
        slower = (1 + kappa) * self.log_odds * share / along
        return (
            float((1 + step * inverse - (1 + kappa) * share - step).sum()),
            float((inverse - np.log(along / self.log_odds)).sum()),
            float((faster - slower - step).sum()),
            -float((fading + share).sum()),
            -float((inverse**2).sum()),
        )
