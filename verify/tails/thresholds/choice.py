"""What a method of choosing the threshold answers, and what the methods share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from array_api_compat import array_namespace

from verify.errors import InputError
from verify.tails.estimators.path import NOT_INVARIANT, above
from verify.tails.upper_tail import Array, UpperTail

#: Methods on logarithms look at no more than this share of the rewards above their zero point.
SHARE = 0.3
#: So many logarithms are needed at least.
FEWEST = 30


@dataclass(frozen=True)
class Choice:
    """How many of the largest rewards to call the tail.

    Attributes
    ----------
    k : int
        So many rewards.
    threshold : float
        The next one, in units of reward: the tail is what lies above it.
    method : str
        Who chose.
    detail : mapping of str to float
        What the choice rests on; each method says what it holds.
    warning : str or None
        What the reader must know before relying on it.
    """

    k: int
    threshold: float
    method: str
    detail: Mapping[str, float] = field(default_factory=dict)
    warning: str | None = None


def candidates(least: int, most: int, number: int) -> list[int]:
    """At most ``number`` different k from ``least`` to ``most``, evenly spaced in their logarithms.

    Raises
    ------
    InputError
        If ``most`` is below ``least``.
    """
    import numpy as np

    if most < least:
        raise InputError(
            f"choice of a threshold: expected at least {least + 1} rewards to choose from, "
            f"got {max(most, 0) + 1}"
        )
    return [int(k) for k in np.unique(np.geomspace(least, most, number).round())]


def log_rewards(tail: UpperTail, base: int | None) -> tuple[Array, str | None]:
    """Logarithms of the largest rewards over a zero point, and the warning that goes with it.

    Parameters
    ----------
    base : int or None
        The zero point is the reward that ``base`` others exceed, the least one kept if None: a
        shift of the rewards then changes nothing. With 0 the rewards are taken as they are.

    Returns
    -------
    array of shape (m,)
        Descending; of the rewards above the zero point, the largest ``SHARE``.
    str or None

    Raises
    ------
    InputError
        If ``m`` would be less than ``FEWEST``.
    """
    warning = NOT_INVARIANT if base == 0 else None
    values = tail.values if base == 0 else above(tail, base).values
    xp = array_namespace(values)
    positive = int(xp.sum(xp.astype(values > 0, xp.int64)))
    held = int(SHARE * positive)
    if held < FEWEST:
        raise InputError(
            f"choice of a threshold: expected {ceil(FEWEST / SHARE)} or more rewards above the "
            f"zero point, got {positive}"
        )
    return xp.log(values[:held]), warning
