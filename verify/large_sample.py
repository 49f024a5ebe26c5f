"""The frontier of a large sample in float64, each value with a bound on its error.

For the empirical law of n rewards, ``S(d) = min_l (d + K(l))/l``, and the tilt with ``D(l) = d``
attains it (THEORY section 2). :mod:`verify.sample_search` finds the tilts; here the sample is
scaled, and the bounds put back into its units. From ``-log q`` on, where q is the share of the
largest reward, S is that reward.

The values hold as far as float64 rounds as IEEE 754 says and numpy's exp and log are within 4 ulp.
That is less than certified: up to 10^5 rewards, balls prove the frontier.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from math import frexp, inf, ldexp, log, nextafter
from typing import Any

import numpy as np
from flint import arb, fmpq

from verify.binned_moments import NARROWEST, Bins
from verify.enclosure import ball_of_decimal, sign_of
from verify.errors import InputError
from verify.reading import DataError, exact_floats
from verify.sample_search import FOUR, SMALLEST_BUDGET, BinnedSearch


@dataclass(frozen=True)
class SamplePoint:
    """``lower <= S(budget) <= upper`` for a sample.

    Attributes
    ----------
    budget : decimal.Decimal
        d, in nats.
    lower, upper : float
        A mean within the budget, less its error; a dual bound, plus its error.
    tilt : float or None
        The l, per unit of reward, whose tilt has KL <= d and mean >= ``lower``. None where the
        budget buys the top, or is too small for float64 to show any tilt to be within it, or
        rewards of such a size (beyond 1e-300 or 1e300) need an l outside float64.
    at_top : bool
        Whether d >= -log q. Then conditioning on the largest reward is within the budget, and S is
        that reward, exactly.
    error : float
        A bound on ``(upper - lower)/max(|S|, S - mean)``; infinite where that may be 0.
    """

    budget: Decimal
    lower: float
    upper: float
    tilt: float | None
    at_top: bool
    error: float


class LargeSample:
    """Rewards, sorted and binned once, for any number of budgets.

    Parameters
    ----------
    rewards : array_like
        In any order and shape; each is taken exactly.

    Attributes
    ----------
    n : int
        How many rewards.
    top : float
        The largest of them.
    top_rows : int
        How many are equal to it.

    Raises
    ------
    DataError
        If there are no rewards, or one is not finite, or is no float64.
    """

    def __init__(self, rewards: Any) -> None:
        given = np.asarray(rewards).reshape(-1)
        if given.dtype.kind not in "fiu":
            raise DataError(f"rewards: expected numbers, got {given.dtype}")
        ordered = exact_floats("rewards", given)
        if (ordered[1:] < ordered[:-1]).any():
            ordered.sort()
        self.n = len(ordered)
        self._bottom, self.top = float(ordered[0]), float(ordered[-1])
        self.top_rows = self.n - int(np.searchsorted(ordered, self.top))
        # A power of two that brings all sizes below 1. What underflows is within NARROWEST.
        self._exponent = max(frexp(max(abs(self._bottom), abs(self.top)))[1], -1000)
        ordered *= ldexp(1.0, -self._exponent)
        self._scaled_top = float(ordered[-1])
        self._bins = Bins.of(ordered)

    @cached_property
    def mean(self) -> tuple[float, float]:
        """Bounds on the mean."""
        return self._in_units(*self._scaled_mean)

    def frontier(self, budgets: Iterable[Decimal | float | str]) -> list[SamplePoint]:
        """Bounds on S for each budget, with the tilts that they come from.

        Parameters
        ----------
        budgets : iterable
            In nats, positive. A float stands for the shortest decimal that prints as it does.

        Raises
        ------
        InputError
            If a budget is not a positive number.
        """
        exact = [_positive(budget) for budget in budgets]
        points: dict[Decimal, SamplePoint] = {}
        for budget in exact:
            if self._buys_top(budget):
                points[budget] = SamplePoint(budget, self.top, self.top, None, True, 0.0)
        tilted = sorted(set(exact) - set(points))
        if tilted:
            search = self._search(tilted)
            for k, budget in enumerate(tilted):
                lower, upper = self._in_units(search.lower[k], search.upper[k])
                tilt = self._tilt_in_units(float(search.achieving[k]))
                error = self._relative(lower, upper)
                points[budget] = SamplePoint(budget, lower, upper, tilt, False, error)
        return [points[budget] for budget in exact]

    def _buys_top(self, budget: Decimal) -> bool:
        """Whether ``d >= log(n/rows at the top)``; the two are never equal, unless both are 0."""
        if self.top_rows == self.n:
            return True
        share = fmpq(self.n, self.top_rows)
        return sign_of(lambda: ball_of_decimal(budget) - arb(share).log(), "the top's price") > 0

    def _search(self, budgets: Sequence[Decimal]) -> BinnedSearch:
        values = np.array([float(budget) for budget in budgets])
        centre, variance = self._centre_and_variance
        price = log(self.n / self.top_rows)
        # The normal law's tilt, but no more than makes one reward at the top outweigh the rest.
        spread = variance**0.5
        tilts = np.sqrt(2 * np.maximum(values, SMALLEST_BUDGET)) / spread
        tilts = np.minimum(tilts, (price + values + 5) / max(self._scaled_top - centre, spread))
        search = BinnedSearch(self._bins, values, self._scaled_top, price, tilts, centre)
        search.run()
        # Every tilt, and S, is above the mean.
        search.lower = np.maximum(search.lower, self._scaled_mean[0])
        return search

    @cached_property
    def _centre_and_variance(self) -> tuple[float, float]:
        """About the mean and the variance, in scaled units."""
        bins, wide = self._bins, slice(0, self._bins.wide)
        places = bins.centre.copy()
        places[wide] += bins.half[wide] * bins.moments[0]
        centre = float((bins.rows * places).sum() / self.n)
        sums = bins.sums(np.zeros(1), np.array([centre]))
        return centre, float(sums.second[0])

    @cached_property
    def _scaled_mean(self) -> tuple[float, float]:
        """Bounds on the mean: V at l = 0."""
        centre, _ = self._centre_and_variance
        sums = self._bins.sums(np.zeros(1), np.array([centre]))
        first, error = float(sums.first[0]), float(sums.first_error[0])
        error += FOUR * (abs(centre) + abs(first))
        return centre + first - error, centre + first + error

    def _in_units(self, lower: float, upper: float) -> tuple[float, float]:
        """Scaled bounds in the units of the rewards, rounded outward.

        NARROWEST, twice, is how far scaling and narrow bins may have moved rewards; S moves no
        further than they do.
        """
        lower = times_power(float(lower) - 2 * NARROWEST, self._exponent)
        upper = times_power(float(upper) + 2 * NARROWEST, self._exponent)
        return max(nextafter(lower, -inf), self._bottom), min(nextafter(upper, inf), self.top)

    def _tilt_in_units(self, scaled: float) -> float | None:
        """A scaled tilt per unit of reward; None if there is none, or no float64 is exactly it."""
        tilt = times_power(scaled, -self._exponent)
        return tilt if tilt > 0 and times_power(tilt, self._exponent) == scaled else None

    def _relative(self, lower: float, upper: float) -> float:
        """``(upper - lower)/max(|S|, S - mean)``, exactly, for the S that makes it largest."""
        least = max(
            Fraction(lower), -Fraction(upper), Fraction(lower) - Fraction(self.mean[1]), Fraction(0)
        )
        width = Fraction(upper) - Fraction(lower)
        if width > least * 2**100:
            return inf
        return nextafter(float(width / least), inf) if width else 0.0


def _positive(budget: Decimal | float | str) -> Decimal:
    """The decimal that a person means by ``budget``."""
    text = repr(float(budget)) if isinstance(budget, float) else str(budget)
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("nan")
    if not (value.is_finite() and value > 0):
        raise InputError(f"expected a positive budget, got {budget!r}")
    return value


def times_power(value: float, exponent: int) -> float:
    """``value * 2^exponent``, to the nearest float64."""
    try:
        return ldexp(value, exponent)
    except OverflowError:
        return inf if value > 0 else -inf
