"""The largest power over the sum of powers: which moments are finite.

``R_n(p) = max |Y_i|^p / sum |Y_i|^p`` over the first n rewards tends to 0 if and only if
``E |Y|^p`` is finite (O'Brien, Journal of Applied Probability 17, 1980). Here Y is what a reward
exceeds an origin by, or 0: the upper tail alone.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.upper_tail import Array


def maximum_to_sum(rewards: Array, power: float, origin: float | None = None) -> Array:
    """The ratio R_n(p) for each n.

    Parameters
    ----------
    rewards : array of shape (n,)
        In an order that does not depend on their size, such as that of arrival.
    power : float
        p, above 0.
    origin : float, optional
        What rewards are measured from; their median if None, which makes the ratio the same
        whatever the shift.

    Returns
    -------
    array of shape (n,)
        0 as long as no reward is above the origin.
    """
    xp = array_namespace(rewards)
    rewards = xp.astype(rewards, xp.float64)
    if origin is None:
        origin = float(xp.sort(rewards)[rewards.shape[0] // 2])
    over = xp.maximum(rewards - origin, xp.zeros_like(rewards))
    # Over the largest of all, so that no power overflows.
    powers = (over / (xp.max(over) + (xp.max(over) == 0))) ** power
    total = xp.cumulative_sum(powers)
    positive = total > 0
    ratio = _running_maximum(powers) / xp.where(positive, total, xp.ones_like(total))
    return xp.where(positive, ratio, xp.zeros_like(ratio))


def _running_maximum(values: Array) -> Array:
    """Not in the array-API standard."""
    if hasattr(values, "cummax"):
        return values.cummax(0).values
    import numpy as np

    return np.maximum.accumulate(values)
