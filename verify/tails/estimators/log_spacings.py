"""Running sums over the largest rewards that every estimator on logarithms shares."""

from __future__ import annotations

from math import inf

from array_api_compat import array_namespace, device

from verify.errors import InputError
from verify.tails.upper_tail import Array, UpperTail


def counting(like: Array, first: int, last: int) -> Array:
    """first, .., last as int64, on the device of ``like``."""
    xp = array_namespace(like)
    return xp.arange(first, last + 1, dtype=xp.int64, device=device(like))


def positive_logs(tail: UpperTail) -> Array:
    """Logarithms of the rewards over the least of them, descending; rewards above 0 only.

    All estimators on logarithms are functions of differences, and small numbers have small sums.

    Raises
    ------
    InputError
        If fewer than four rewards are above 0.
    """
    xp = array_namespace(tail.values)
    values = tail.values
    if not float(values[-1]) > 0:
        values = values[: int(xp.sum(xp.astype(values > 0, xp.int64)))]
    if values.shape[0] < 4:
        raise InputError(
            f"logarithms of the largest rewards: expected four or more above 0, "
            f"got {values.shape[0]}"
        )
    if float(values[0]) / float(values[-1]) == inf:  # beside a reward such as 1e-310
        return xp.log(values) - xp.log(values[-1])
    return xp.log(values / values[-1])
