"""Probability-weighted moments of excesses (Hosking and Wallis, Technometrics 29, 1987).

With ``a0 = E Y`` and ``a1 = E[Y (1 - F(Y))]`` of a GPD, ``xi = 2 - a0 / (a0 - 2 a1)``; both are
estimated without bias. Always found, one pass for all k, never above 1: for shapes of 1/2 and more
there is no normal limit, and towards 1 it is far too low.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting
from verify.tails.estimators.path import Path
from verify.tails.upper_tail import Array, UpperTail


def probability_weighted_path(tail: UpperTail) -> Path:
    """Estimates for k = 2, 3, .. one less than the number of rewards kept."""
    xp = array_namespace(tail.values)
    from_last = tail.values - tail.values[-1]
    k = counting(from_last, 1, tail.kept - 1)
    top, threshold = from_last[:-1], from_last[1:]
    mean = (xp.cumulative_sum(top) / k - threshold)[1:]
    # Of k excesses the j-th largest has j - 1 above it: a share (j - 1) / (k - 1) of the others.
    ranked = xp.cumulative_sum((k - 1) * top)[1:]
    k = k[1:]
    weighted = ranked / (k * (k - 1)) - threshold[1:] / 2
    shape = probability_weighted_shape(mean, weighted)
    return Path(k, shape, "probability-weighted moments", probability_weighted_variance)


def probability_weighted_shape(mean: Array, weighted: Array) -> Array:
    """The estimate from a0 and a1; NaN where all excesses are equal to 0."""
    xp = array_namespace(mean)
    gap = mean - 2 * weighted
    nothing = xp.full_like(mean, float("nan"))
    return 2 - xp.where(gap > 0, mean / xp.where(gap > 0, gap, 1 + 0 * gap), nothing)


def probability_weighted_variance(shape: Array) -> Array:
    """The asymptotic variance times k; NaN for shapes of 1/2 and more."""
    xp = array_namespace(shape)
    nothing = xp.full_like(shape, float("nan"))
    xi = xp.where(shape < 0.5, shape, nothing)
    top = (1 - xi) * (2 - xi) ** 2 * (1 - xi + 2 * xi**2)
    return top / ((1 - 2 * xi) * (3 - 2 * xi))
