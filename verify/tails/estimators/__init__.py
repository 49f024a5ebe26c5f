"""Estimators of how heavy the upper tail of a sample is, and tests of what it looks like.

All take a :class:`~verify.tails.upper_tail.UpperTail` or excesses, numpy arrays or torch tensors
alike, through one array-API code path; all compute in float64. The paths along k take one pass
over the tail, whatever the number of k. Those that take logarithms of the rewards depend
on their zero point, and say so; on :func:`~verify.tails.estimators.path.above` they do not. The
others are unchanged by any shift.
"""

from verify.tails.estimators.against_exponential import (
    ExponentialTest,
    exponential_test,
    exponential_tests,
)
from verify.tails.estimators.alternatives import Alternatives, compare_families
from verify.tails.estimators.goodness_of_fit import Goodness, goodness
from verify.tails.estimators.gpd import GpdFit, GpdPath, fit_gpd, gpd_path
from verify.tails.estimators.gpd_profile import profile_interval
from verify.tails.estimators.hill import hill_path, port_hill_path
from verify.tails.estimators.kernel import kernel_path
from verify.tails.estimators.maximum_ratio import maximum_to_sum
from verify.tails.estimators.mean_excesses import MeanExcess, mean_excess
from verify.tails.estimators.moment import moment_path
from verify.tails.estimators.path import Path, above, half
from verify.tails.estimators.pickands import generalised_pickands_path, pickands_path
from verify.tails.estimators.probability_weighted import probability_weighted_path

__all__ = [
    "Alternatives",
    "ExponentialTest",
    "Goodness",
    "GpdFit",
    "GpdPath",
    "MeanExcess",
    "Path",
    "above",
    "compare_families",
    "exponential_test",
    "exponential_tests",
    "fit_gpd",
    "generalised_pickands_path",
    "goodness",
    "gpd_path",
    "half",
    "hill_path",
    "kernel_path",
    "maximum_to_sum",
    "mean_excess",
    "moment_path",
    "pickands_path",
    "port_hill_path",
    "probability_weighted_path",
    "profile_interval",
]
