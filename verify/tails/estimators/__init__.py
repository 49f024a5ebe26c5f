"""Estimators of how heavy the upper tail of a sample is, and tests of what it looks like.

All take a :class:`~verify.tails.upper_tail.UpperTail` or excesses, numpy arrays or torch tensors
alike, through one array-API code path; all compute in float64. The paths along k take one pass
over the tail, whatever the number of k. Only likelihood-based ones and the mean excess are
unchanged by a shift of the rewards as they stand; the others are so on
:func:`~verify.tails.estimators.path.above`.
"""

from verify.tails.estimators.exponential_test import (
    ExponentialTest,
    exponential_test,
    exponential_tests,
)
from verify.tails.estimators.gpd import GpdFit, GpdPath, fit_gpd, gpd_path
from verify.tails.estimators.gpd_profile import profile_interval
from verify.tails.estimators.hill import hill_path, port_hill_path
from verify.tails.estimators.mean_excess import MeanExcess, mean_excess
from verify.tails.estimators.moment import moment_path
from verify.tails.estimators.path import Path, above

__all__ = [
    "ExponentialTest",
    "GpdFit",
    "GpdPath",
    "MeanExcess",
    "Path",
    "above",
    "exponential_test",
    "exponential_tests",
    "fit_gpd",
    "gpd_path",
    "hill_path",
    "mean_excess",
    "moment_path",
    "port_hill_path",
    "profile_interval",
]
