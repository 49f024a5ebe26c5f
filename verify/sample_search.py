"""Newton's method for ``D(l) = d`` on a binned sample, for many budgets at once, with error bounds.

With a reference r and the sums W, A and V of :mod:`verify.binned_moments`, everything is read off
one tilt l::

    K_r = log W = log1p A      m = V/W      D = l m - K_r
    r + m <= S(d) if D <= d    S(d) <= r + (d + K_r)/l

With r near the mean of the tilt, m is near 0 and ``K_r`` near -D. So nothing cancels, neither for
tiny budgets nor near the top, where l is large. Errors of the sums pass to first order, with 1.01
for the rest: ``dK <= dW/(W - dW)``, ``dm <= (dV + |m| dW)/(W - dW)``, ``dD <= l dm + dK``; the
roundings of the formulas themselves, no more than 4 in a row, are added to each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from verify.binned_moments import ELEMENTARY, LARGEST_EXPONENT, ROUNDING, Bins, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: What truncation may add to D, and how far D may stay below the budget, relative to the budget.
#: As ``S - mean >= d/l``, this is relative to S - mean too: a hundredth of the 1e-9 aimed at.
NEGLIGIBLE = 1e-11

#: Evaluations for a budget before the best found is taken.
LONGEST_SEARCH = 100

#: One step changes a tilt at most by this factor.
LONGEST_STEP = 16.0

#: Bins must be narrow enough for tilts up to this much larger than those found.
BEYOND = 1.05

#: A budget below this is searched as if it were this one.
SMALLEST_BUDGET = 1e-280

#: Four roundings in a row.
FOUR = 4 * ROUNDING


@dataclass(frozen=True)
class Reading:
    """``K_r``, m and D of some tilts, how wrong they can be, and about K''.

    Attributes
    ----------
    log_mass, mean, kl : numpy.ndarray
        ``K_r``, m and D.
    log_mass_error, mean_error, kl_error : numpy.ndarray
        Bounds on their errors; infinite where nothing is known.
    curvature : numpy.ndarray
        ``K''``, roughly.
    """

    log_mass: Floats
    mean: Floats
    kl: Floats
    log_mass_error: Floats
    mean_error: Floats
    kl_error: Floats
    curvature: Floats

    @classmethod
    def of(cls, sums: Sums, tilt: Floats) -> Reading:
        """Read the numbers off the sums."""
        with np.errstate(divide="ignore", invalid="ignore"):
            log_mass, log_mass_error = _log_mass(sums)
            mean = sums.first / sums.total
            mean_error = sums.first_error + np.abs(mean) * sums.total_error
            mean_error = _over(mean_error, sums.total - sums.total_error) + FOUR * np.abs(mean)
            slope = tilt * mean
            kl_error = 1.01 * (tilt * mean_error + log_mass_error)
            kl_error += FOUR * (np.abs(slope) + np.abs(log_mass))
            curvature = sums.second / sums.total - mean**2
        return cls(
            log_mass, mean, slope - log_mass, log_mass_error, mean_error, kl_error, curvature
        )

    def bounds(self, tilt: Floats, reference: Floats, budget: Floats) -> tuple[Floats, Floats]:
        """The mean of the tilt, rounded down, and the dual bound, rounded up."""
        size = np.abs(reference)
        lower = reference + (self.mean - self.mean_error)
        lower -= FOUR * (size + np.abs(self.mean) + self.mean_error)
        above = (budget + self.log_mass) + self.log_mass_error
        above += 2 * FOUR * (budget + np.abs(self.log_mass) + self.log_mass_error)
        above /= tilt
        upper = reference + above + FOUR * (size + 2 * np.abs(above))
        return lower, upper


def _log_mass(sums: Sums) -> tuple[Floats, Floats]:
    """``K_r`` and its error, from A or from W, whichever is the more accurate.

    A is for small budgets, where W is near 1; W for large ones, where A is near -1.
    """
    small, large = np.log1p(sums.excess), np.log(sums.total)
    # 1 + A is rounded once, which the error of log1p does not see: it is added here.
    beside = sums.excess_error + ROUNDING
    small_error = _over(sums.excess_error, 1 + sums.excess - beside)
    large_error = _over(sums.total_error, sums.total - sums.total_error)
    small_error += (ELEMENTARY + ROUNDING) * np.abs(small)
    large_error += (ELEMENTARY + ROUNDING) * np.abs(large)
    better = small_error < large_error
    return np.where(better, small, large), np.where(better, small_error, large_error)


def _over(error: Floats, divisor: Floats) -> Floats:
    """``error/divisor`` with 1.01 for second-order terms; infinite unless the divisor is > 0."""
    return np.where(divisor > 0, 1.01 * error / divisor, inf)


class Search:
    """The search, in scaled units.

    Parameters
    ----------
    read : callable
        The :class:`Reading` of some tilts, given a reference for each.
    budgets : numpy.ndarray
        Each below ``price``.
    top, price : float
        The largest reward, and ``-log`` of its share: the supremum of D.
    tilts, centre : numpy.ndarray, float
        Where to start, and about where the mean is.

    Attributes
    ----------
    lower, upper : numpy.ndarray
        The best bounds on S found so far; ``lower`` is infinite where there is none.
    achieving : numpy.ndarray
        The tilt that ``lower`` comes from; 0 where there is none.
    """

    def __init__(
        self,
        read: Callable[[Floats, Floats], Reading],
        budgets: Floats,
        top: float,
        price: float,
        tilts: Floats,
        centre: float,
    ) -> None:
        self.read, self.top, self.price = read, top, price
        self.budgets = np.maximum(budgets, SMALLEST_BUDGET)
        # One ulp down and up: a decimal budget is within half of one.
        self.least, self.most = np.nextafter(budgets, 0), np.nextafter(self.budgets, inf)
        self.tilts = tilts
        self.references = reference_near(np.full(len(budgets), centre), tilts, self.top)
        self.lower = np.full(len(budgets), -inf)
        self.upper = np.full(len(budgets), top)
        self.achieving = np.zeros(len(budgets))

    def run(self) -> None:
        """Newton's method from the tilts at hand, kept between those known to be too far."""
        active = np.arange(len(self.budgets))
        below, above = np.zeros(len(active)), np.full(len(active), inf)
        for _ in range(LONGEST_SEARCH):
            tilt, budget = self.tilts[active], self.budgets[active]
            reading = self.read(tilt, self.references[active])
            within = self._record(active, reading)
            error, left = reading.kl_error, budget - reading.kl
            # Half of what is left aside is for D's error, so that the next D is surely within.
            aim = budget * (1 - NEGLIGIBLE / 4) - np.minimum(2 * error, budget / 2)
            under = reading.kl <= aim
            below[active] = np.where(under, tilt, below[active])
            above[active] = np.where(under, above[active], tilt)
            found = within & (left <= NEGLIGIBLE * budget + 6 * error)
            # Nothing is surely within the budget where D is that uncertain.
            hopeless = (error > budget / 4) & (np.abs(reading.kl - aim) < budget / 4)
            stuck = above[active] <= below[active] * (1 + FOUR)
            going = ~(found | hopeless | stuck)
            if not going.any():
                return
            wanted = _newton_tilt(reading.kl, reading.curvature, tilt, aim, self.price)
            step = _between(wanted, below[active], above[active])
            mean = self.references[active] + reading.mean
            change = step - tilt
            mean += np.where(np.abs(change) < tilt / 4, reading.curvature * change, 0.0)
            active = active[going]
            self.tilts[active] = step[going]
            self.references[active] = reference_near(mean[going], step[going], self.top)

    def _record(self, active: NDArray[np.int64], reading: Reading) -> Flags:
        """Keep what is better than before; tell which tilts are surely within the budget."""
        tilt = self.tilts[active]
        lower, upper = reading.bounds(tilt, self.references[active], self.most[active])
        within = reading.kl + reading.kl_error <= self.least[active]
        better = within & (lower > self.lower[active])
        self.lower[active[better]] = lower[better]
        self.achieving[active[better]] = tilt[better]
        tighter = upper < self.upper[active]
        self.upper[active[tighter]] = upper[tighter]
        return within


class BinnedSearch(Search):
    """The search on a binned sample; ``bins`` are split as it needs.

    Parameters
    ----------
    bins : Bins
        The sample.
    budgets, top, price, tilts, centre
        As for :class:`Search`.
    """

    def __init__(
        self, bins: Bins, budgets: Floats, top: float, price: float, tilts: Floats, centre: float
    ) -> None:
        super().__init__(self._read_bins, budgets, top, price, tilts, centre)
        self.bins = bins

    def run(self) -> None:
        """Search; split the bins whose truncation matters at the tilts found; search on."""
        while True:
            super().run()
            allowed = NEGLIGIBLE * self.budgets / len(self.bins)
            # A little beyond: where a bin becomes too wide to be expanded, the error jumps, and the
            # search may have stopped short of that.
            chosen = self.bins.truncated(self.tilts * BEYOND, self.references, allowed)
            if not chosen.any():
                return
            self.bins = self.bins.split(chosen)

    def _read_bins(self, tilts: Floats, references: Floats) -> Reading:
        return Reading.of(self.bins.sums(tilts, references), tilts)


def _newton_tilt(kl: Floats, curvature: Floats, tilt: Floats, aim: Floats, price: float) -> Floats:
    """The next tilt: straight lines for log D over log l, and for log(price - D) over l.

    Each is nearly straight, the first where D is small, the second where it nears its supremum.
    """
    with np.errstate(all="ignore"):
        slope = tilt * curvature
        small = tilt * (aim / kl) ** (kl / (tilt * slope))
        gap = price - kl
        large = tilt + gap / slope * np.log(gap / (price - aim))
        wanted = np.where(kl < price / 2, small, large)
        return np.clip(wanted, tilt / LONGEST_STEP, tilt * LONGEST_STEP)


def reference_near(mean: Floats, tilt: Floats, top: Floats | float) -> Floats:
    """The mean, or less far below the top where exponents would be too large."""
    with np.errstate(divide="ignore"):
        reference = np.minimum(np.maximum(mean, top - LARGEST_EXPONENT / tilt), top)
    # The difference may round to a neighbour of the top, far away for such a tilt.
    return np.where(tilt * (top - reference) > 1.01 * LARGEST_EXPONENT, top, reference)


def _between(wanted: Floats, below: Floats, above: Floats) -> Floats:
    """What is wanted where it lies strictly between two positive limits, else their middle."""
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.sqrt(below) * np.sqrt(above)
        middle = np.where(np.isinf(above), LONGEST_STEP * below, middle)
        middle = np.where(below == 0, above / LONGEST_STEP, middle)
        return np.where((wanted > below) & (wanted < above), wanted, middle)
