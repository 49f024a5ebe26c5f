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
    first = xp.cumulative_sum(logs[:-1])
    second = xp.cumulative_sum((logs * logs)[:-1])
    k, last, first, second = k[1:], logs[2:], first[1:], second[1:]
    first /= k
    second /= k
    # Both about `last`: E(t - u)^2 = E t^2 - u (E t + E(t - u)). In place: memory is what costs.
    about = first - last
    first += about
    first *= last
    second -= first
    shape = moment_shape(about, second, float(logs[0]) ** 2)
    return Path(k, shape, "moment", moment_variance, NOT_INVARIANT)


def moment_shape(first: Array, second: Array, square: float) -> Array:
    """The estimate from the mean and the mean square of logarithms; NaN where all are equal.

    Mean squares below 1e-13 of ``square``, the largest one, are rounding.
    """
    xp = array_namespace(first)
    spread = second - first * first
    spread *= 2
    seen = (spread > 0) & (second > 1e-13 * square)
    shape = second / xp.where(seen, spread, xp.full_like(spread, float("nan")))
    shape -= first
    return 1 - shape


def moment_variance(shape: Array) -> Array:
    """The asymptotic variance times k (de Haan and Ferreira, Extreme Value Theory, section 3.5)."""
    xp = array_namespace(shape)
    low = xp.minimum(shape, xp.zeros_like(shape))
    below = (1 - low) ** 2 * (1 - 2 * low) * (1 - low + 6 * low**2)
    below = below / ((1 - 3 * low) * (1 - 4 * low))
    return xp.where(shape >= 0, 1 + shape**2, below)
