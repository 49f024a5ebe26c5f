"""The thresholds that the decision looks at, and how far the statistics at them may reach."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from verify.tails.decision.weibull_tail import WeibullTail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The widest threshold leaves this share of the rewards above it, ...
WIDEST_SHARE = 0.05
#: ... but from so many rewards on a share that falls like one over the root of their number, so
#: that the threshold goes to the end of the tail and the error still to 0.
GROWING = 100_000
#: The fewest rewards above a threshold. Below some 60 the statistic leans to light laws.
FEWEST = 15
#: Rewards whose rounding cells are wider than this share of the mean excess tell the rounding, not
#: the tail: the variance of an exponential law that is cut into such cells is right to 1 %.
COARSEST = 0.25
#: At least this share of the rewards above a threshold differs from the next one. More ties than
#: that are copies, and copies are no further evidence.
DISTINCT = 0.5
#: Correlation of the statistics at a threshold and at the next one. That of two means, the second
#: over half of the terms, is 0.71; measured here 0.5 to 0.7. The less it is, the more a maximum
#: has to reach to be called large, so the guess is on the low side.
CORRELATION = 0.6
#: The normal law beyond so many standard deviations is left out; points of the grid.
REACH, POINTS = 8.0, 60


@dataclass(frozen=True, eq=False)
class Level:
    """The k largest of n rewards, seen from the next one."""

    k: int
    tail: WeibullTail

    @property
    def line(self) -> float:
        """The coefficient up to which the tail passes as light.

        The line itself is at 1. But light tails come down to it from above: that of a gamma law
        with shape a < 1 is ``1 + (1 - a)/log(n/k)`` to first order. The allowance is the one for
        shape 1/2; it goes to 0 as the sample grows, so every coefficient above 1 is found out.
        """
        return 1 + 0.5 / self.tail.log_odds

    @property
    def lowest_line(self) -> float:
        """The coefficient from which on the tail passes as unbounded: as far below 0."""
        return -0.5 / self.tail.log_odds

    @cached_property
    def heaviness(self) -> float:
        """How far the coefficient lies above :attr:`line`, in standard errors."""
        return self.tail.signed_root(self.line)


def usable_levels(values: Floats, count: int, cells: Floats | None = None) -> list[Level]:
    """The thresholds, the widest first, each with half as many rewards above it as the one before.

    Where many rewards equal one value, such as 0, a threshold at it counts those above it only.

    Parameters
    ----------
    values : array of shape (m,)
        The largest rewards, descending.
    count : int
        n, of how many.
    cells : array of shape (m,), optional
        How wide the rounding cell of each value is.
    """
    import numpy as np

    share = WIDEST_SHARE * min(1.0, math.sqrt(GROWING / max(count, 1)))
    k = min(int(count * share), len(values) - 1)
    different = np.concatenate(([0], np.cumsum(np.diff(values[: k + 1]) < 0)))
    found = []
    while k >= FEWEST:
        k = int((values[:k] > values[k]).sum())
        if k < FEWEST:
            break
        excesses = values[:k] - values[k]
        mean = float(excesses.mean())
        distinct = different[k] >= DISTINCT * k
        if distinct and (cells is None or cells[k] <= COARSEST * mean):
            found.append(Level(k, WeibullTail.of(excesses, count)))
        k //= 2
    return found


@cache
def critical_value(level: float, thresholds: int) -> float:
    """What the largest of the statistics stays below with probability ``level``, on the line.

    They are taken as normal, each correlated with the next one and only through it.
    """
    from scipy.optimize import brentq

    return float(brentq(lambda c: _stays_below(c, thresholds) - level, -REACH, REACH, xtol=1e-6))


def _stays_below(limit: float, thresholds: int) -> float:
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    half = (limit + REACH) / 2
    at, weights = -REACH + half * (nodes + 1), half * weights
    left = math.sqrt(1 - CORRELATION**2)

    def normal(x: Floats) -> Floats:
        density: Floats = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        return density

    density = normal(at)
    onward = normal((at[:, None] - CORRELATION * at[None, :]) / left) / left
    for _ in range(thresholds - 1):
        density = onward @ (weights * density)
    return float(weights @ density)
