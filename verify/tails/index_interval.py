"""The extreme-value index of a sample, with an interval that allows for the choice of threshold.

A GPD shape fitted to the k largest rewards has a bias that falls like ``(k / n)^-rho`` with a
second-order parameter ``rho < 0`` (de Haan and Ferreira, *Extreme Value Theory*, 2006, 2.3). So
two fits, at k and at k / 4, are extrapolated to k = 0:

    index = x(k / 4) + c (x(k / 4) - x(k)),    c = 1 / (4^-rho - 1).

That is the generalised jackknife of Gray and Schucany, as Gomes, Martins and Neves (Extremes 3,
2000) use it on tail indices. No sample tells rho well. Here it is tied to the shape, as heavier
tails of the usual families come closer to theirs sooner: ``-rho = 0.4 + 0.75 x(k)``. The threshold
is no choice of the data: k depends on the sample size only. Both fits are to excesses over an order
statistic, so a shift of the rewards changes nothing, nor does a positive scale.

The line for rho, the growth of k and the correction for small k were chosen by simulation, on
Student t, Burr, Frechet, inverse gamma, F, log-gamma, GEV and exact GPD samples of 10**3 to 10**6
(docs/concepts/thresholds.md says which, and what is met on laws that had no part in it).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isnan, nan, sqrt
from statistics import NormalDist

from verify.tails.estimators.gpd import gpd_path
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval

#: k is at most this share of the sample, and at most this many times its square root.
SHARE, ROOTS = 0.2, 20
#: How much smaller the k of the upper fit is.
RATIO = 4
#: The least k of the upper fit. With fewer the errors are far from normal.
FEWEST = 25
#: -rho = INTERCEPT + SLOPE x(k), kept between LEAST and MOST.
INTERCEPT, SLOPE, LEAST, MOST = 0.4, 0.75, 0.35, 0.9
#: The normal limit of the errors ends at shape -1/2. For smaller 1 + x the standard error is that
#: of this one: too large, as the fits are then better than their normal limit.
FLOOR = 0.7
#: Estimates from few rewards err downwards: the upper margin is longer by the factor
#: ``1 + (FIRST s + SECOND s**2) exp(-FADING x(k))`` with s the standard error at shape 0.
FIRST, SECOND, FADING = 1.2, 3.5, 1.6


@dataclass(frozen=True)
class Extrapolation:
    """The two fits, and what they are extrapolated to.

    Attributes
    ----------
    upper, lower : float
        The GPD shapes at k / 4 and at k.
    weight : float
        c: how far their difference is extrapolated.
    index : float
        The extreme-value index.
    relative_error : float
        s: the standard error at shape 0.
    """

    upper: float
    lower: float
    weight: float
    index: float
    relative_error: float

    @classmethod
    def of(cls, upper: float, lower: float, few: int, many: int) -> Extrapolation:
        """From the shapes at ``few`` and at ``many`` largest rewards.

        The fit at ``many`` is efficient, so its covariance with the other is its own variance,
        ``(1 + shape)^2 / many``.
        """
        rho = -min(max(INTERCEPT + SLOPE * lower, LEAST), MOST)
        c = 1 / ((many / few) ** -rho - 1)
        variance = (1 + c) ** 2 / few - (2 * c + c * c) / many
        return cls(upper, lower, c, upper + c * (upper - lower), sqrt(variance))

    def interval(self, level: float) -> Interval:
        """The interval at a level."""
        z = NormalDist().inv_cdf((1 + level) / 2)
        s = self.relative_error
        margin = z * s * max(1 + self.lower, FLOOR)
        longer = 1 + (FIRST * s + SECOND * s * s) * exp(-FADING * max(self.lower, 0.0))
        return Interval(self.index, self.index - margin, self.index + longer * margin, level)


def largest_used(count: int) -> int:
    """k: how many of the largest of ``count`` rewards are used."""
    return int(min(SHARE * count, ROOTS * sqrt(count)))


def index_interval(tail: UpperTail, level: float = 0.95) -> tuple[Interval, int]:
    """The extreme-value index and its interval.

    Parameters
    ----------
    tail : UpperTail
        Independent rewards without ties (spread rounded ones first), at least a fifth of them or
        ``20 sqrt(count)``; from fewer, all but the last are used.
    level : float
        Of the interval; how often it is met was measured.

    Returns
    -------
    Interval
        ``(nan, -oo, oo)`` for fewer than 500 rewards, and where a fit is not possible because the
        largest rewards are equal.
    int
        How many of the largest rewards it rests on; 0 where there is no estimate.
    """
    many = min(largest_used(tail.count), tail.kept - 1)
    few = many // RATIO
    unknown = Interval(nan, -inf, inf, level), 0
    if few < FEWEST or not float(tail.values[0]) > float(tail.values[few]):
        return unknown
    upper, lower = (float(each) for each in gpd_path(tail, [few, many]).shape)
    if isnan(upper) or isnan(lower):
        return unknown
    return Extrapolation.of(upper, lower, few, many).interval(level), many
