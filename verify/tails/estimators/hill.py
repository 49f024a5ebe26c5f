"""Hill's estimator (Annals of Statistics 3, 1975): for power laws with a known zero point.

The mean of the logarithms of the k largest rewards over the next. It is never negative, and for
any tail that is not a power law it falls to 0 more slowly than one can see.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting, positive_logs
from verify.tails.estimators.path import NOT_INVARIANT, Path, above
from verify.tails.upper_tail import Array, UpperTail


def hill_path(tail: UpperTail) -> Path:
    """Estimates for k = 2, 3, .. in one pass; the standard error is ``shape / sqrt(k)``.

    Raises
    ------
    InputError
        If fewer than four rewards are above 0.
    """
    logs = positive_logs(tail)
    xp = array_namespace(logs)
    k = counting(logs, 1, logs.shape[0] - 1)
    shape = xp.cumulative_sum(logs[:-1])
    shape /= k
    shape -= logs[1:]
    return Path(k[1:], shape[1:], "Hill", hill_variance, NOT_INVARIANT)


def hill_variance(shape: Array) -> Array:
    """The asymptotic variance times k."""
    return shape**2


def port_hill_path(tail: UpperTail, base: int | None = None) -> Path:
    """Hill's estimates on the rewards above the ``base``-th largest: no shift changes them.

    See :func:`verify.tails.estimators.path.above`. Consistent for power laws only, and biased
    towards large values where k is not small beside ``base``.

    Raises
    ------
    InputError
        If fewer than four rewards are above the base.
    """
    path = hill_path(above(tail, base))
    return Path(path.k, path.shape, "PORT-Hill", hill_variance)
