"""Exponential excesses against generalised Pareto ones: the likelihood-ratio test of shape 0.

Shape 0 lies inside the GPD family, so twice the log of the ratio has the chi-square law with one
degree of freedom as k grows, and its signed root the standard normal law: positive roots speak for
a heavier tail. It tests the excesses over one threshold. A lognormal tail too has excesses that
come close to exponential ones, far enough out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import copysign, erfc, log, sqrt

from array_api_compat import array_namespace

from verify.tails.estimators.gpd import GpdFit, fit_gpd, gpd_path
from verify.tails.upper_tail import Array, UpperTail


@dataclass(frozen=True)
class ExponentialTest:
    """The outcome of one test.

    Attributes
    ----------
    statistic : float
        Twice the log of the likelihood ratio.
    k : float
        How many excesses.
    shape : float
        The fitted GPD shape.
    rate : float
        Of the exponential law fitted, per unit of reward.
    """

    statistic: float
    k: float
    shape: float
    rate: float

    @property
    def signed_root(self) -> float:
        """Standard normal under exponential excesses; positive for heavier ones."""
        return copysign(sqrt(self.statistic), self.shape)

    @property
    def p_value(self) -> float:
        """The chance of a statistic at least as large, under exponential excesses."""
        return erfc(sqrt(self.statistic / 2))

    @property
    def p_heavier(self) -> float:
        """The chance of a signed root at least as large: small where the tail is heavier."""
        return 0.5 * erfc(self.signed_root / sqrt(2))

    @property
    def p_lighter(self) -> float:
        """The chance of a signed root at most as large: small where the tail is lighter."""
        return 0.5 * erfc(-self.signed_root / sqrt(2))


def exponential_test(excesses: Array) -> ExponentialTest:
    """Test excesses, in any order.

    Raises
    ------
    InputError
        If there are fewer than two excesses, or all of them are 0.
    """
    fit = fit_gpd(excesses)
    return _test(fit, float(array_namespace(excesses).mean(excesses)))


def exponential_tests(tail: UpperTail, ks: Sequence[int]) -> list[ExponentialTest]:
    """Test the k largest rewards less the next, for each k of ``ks``, ascending.

    Raises
    ------
    InputError
        As :func:`verify.tails.estimators.gpd.gpd_path`.
    """
    xp = array_namespace(tail.values)
    return [
        _test(fit, float(xp.mean(tail.excesses(int(fit.k))))) for fit in gpd_path(tail, ks).fits()
    ]


def _test(fit: GpdFit, mean: float) -> ExponentialTest:
    exponential = -fit.k * (log(mean) + 1)
    # The exponential law is one of the family: less than 0 is rounding.
    statistic = max(0.0, 2 * (fit.log_likelihood - exponential))
    return ExponentialTest(statistic, fit.k, fit.shape, 1 / mean)
