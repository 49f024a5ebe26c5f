"""The extreme-value index of a sample, with an interval that allows for the choice of threshold.

A GPD shape fitted to the k largest rewards has a bias that falls like ``(k / n)^-rho`` with a
second-order parameter ``rho < 0`` (de Haan and Ferreira, *Extreme Value Theory*, 2006, 2.3). So
two fits, at k and at k / 4, are extrapolated to k = 0:

    index = x(k / 4) + c (x(k / 4) - x(k)),    c = 1 / (4^-rho - 1).

That is the generalised jackknife of Gray and Schucany, as Gomes, Martins and Neves (Extremes 3,
2000) use it on tail indices. No sample tells rho well. Here it is tied to the shape, as heavier
tails of the usual families come closer to theirs sooner: ``-rho = 0.4 + 0.75 x(k)``. The first k
depends on the sample size only. It is left for k / 4, k / 16, .. only where fits further out
contradict the answer, as they do where the tail is a small part of a mixture. All fits are to
excesses over an order statistic, so a shift of the rewards changes nothing, nor does a positive
scale.

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
#: Towards shape -1/2 the errors cease to be normal, and beyond it they are smaller than the formula
#: says. Where 1 + x is below this, the standard error is that of this.
FLOOR = 0.7
#: Estimates from few rewards err downwards: the upper margin is longer by the factor
#: ``1 + (FIRST s + SECOND s**2) exp(-FADING x(k))`` with s the standard error at shape 0.
FIRST, SECOND, FADING = 1.2, 3.5, 1.6
#: A fit further out that is so many standard errors off says that another tail begins there. Less
#: would leave the first k too often where there is no reason to.
CONTRADICTION = 3.5


@dataclass(frozen=True)
class Extrapolation:
    """The two fits, and what they are extrapolated to.

    Attributes
    ----------
    few, many : int
        How many of the largest rewards the fits are to.
    upper, lower : float
        The GPD shapes there.
    """

    few: int
    many: int
    upper: float
    lower: float

    @property
    def weight(self) -> float:
        """c: how far their difference is extrapolated."""
        rho = -min(max(INTERCEPT + SLOPE * self.lower, LEAST), MOST)
        return float(1 / ((self.many / self.few) ** -rho - 1))

    @property
    def index(self) -> float:
        """The extreme-value index."""
        return self.upper + self.weight * (self.upper - self.lower)

    @property
    def relative_error(self) -> float:
        """s: the standard error at shape 0.

        The fit to ``many`` is efficient, so its covariance with the other is its own variance,
        ``(1 + shape)^2 / many``.
        """
        c = self.weight
        return sqrt((1 + c) ** 2 / self.few - (2 * c + c * c) / self.many)

    @property
    def growth(self) -> float:
        """Standard errors are this times those at shape 0."""
        return max(1 + self.lower, FLOOR)

    def contradicts(self, shape: float, k: int) -> bool:
        """Whether a fit to the k largest rewards, fewer than ``few``, has too different a shape."""
        c = self.weight
        covariance = (1 + c) / self.few - c / self.many
        error = sqrt(1 / k + self.relative_error**2 - 2 * covariance)
        return abs(shape - self.index) > CONTRADICTION * error * self.growth

    def interval(self, level: float) -> Interval:
        """The interval at a level."""
        z = NormalDist().inv_cdf((1 + level) / 2)
        s = self.relative_error
        margin = z * s * self.growth
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
    many = tail.untied(min(largest_used(tail.count), tail.kept - 1))
    ks: list[int] = []
    while many >= FEWEST:
        ks.append(many)
        many = tail.untied(many // RATIO)
    unknown = Interval(nan, -inf, inf, level), 0
    if len(ks) < 2:
        return unknown
    shapes = [float(each) for each in gpd_path(tail, ks).shape][::-1]
    for place in range(len(ks) - 1):
        found = Extrapolation(ks[place + 1], ks[place], shapes[place + 1], shapes[place])
        further = zip(shapes[place + 2 :], ks[place + 2 :], strict=True)
        if not any(found.contradicts(*each) for each in further):
            break
    return unknown if isnan(found.index) else (found.interval(level), found.many)
