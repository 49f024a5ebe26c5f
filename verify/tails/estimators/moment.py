"""The moment estimator of Dekkers, Einmahl and de Haan (Annals of Statistics 17, 1989).

With M1, M2 the mean and the mean square of the logarithms of the k largest rewards over the next,
``xi = M1 + 1 - 1 / (2 (1 - M1^2 / M2))``. Unlike Hill's it estimates shapes of any sign.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting, positive_logs
from verify.tails.estimators.path import NOT_INVARIANT, Path
from verify.tails.upper_tail import Array, UpperTail


def moment_path(tail: UpperTail) -> Path:
    """Estimates for k = 2, 3, .. in one pass.

    Raises
    ------
    InputError
        If fewer than four rewards are above 0.
    """
    logs = positive_logs(tail)
    xp = array_namespace(logs)
    k = counting(logs, 1, logs.shape[0] - 1)
    top, last = logs[:-1], logs[1:]
    mean = xp.cumulative_sum(top) / k
    square = xp.cumulative_sum(top * top) / k
    # The mean square about `last`; the mean about it is `first`.
    first = mean - last
    second = square - last * (mean + first)
    shape = moment_shape(first, second)[1:]
    k = k[1:]
    error = xp.sqrt(moment_variance(shape) / k)
    return Path(xp.astype(k, xp.int64), shape, error, "moment", NOT_INVARIANT)


def moment_shape(first: Array, second: Array) -> Array:
    """The estimate from the mean and the mean square of logarithms; NaN where all are equal."""
    xp = array_namespace(first)
    spread = second - first * first
    nothing = xp.full_like(spread, float("nan"))
    positive = spread > 0
    return first + 1 - xp.where(positive, second / xp.where(positive, 2 * spread, spread), nothing)


def moment_variance(shape: Array) -> Array:
    """The asymptotic variance times k (de Haan and Ferreira, Extreme Value Theory, section 3.5)."""
    xp = array_namespace(shape)
    low = xp.minimum(shape, xp.zeros_like(shape))
    below = (1 - low) ** 2 * (1 - 2 * low) * (1 - low + 6 * low**2)
    below = below / ((1 - 3 * low) * (1 - 4 * low))
    return xp.where(shape >= 0, 1 + shape**2, below)
