"""The upper tail of an error under the base policy: computed on a tree, measured on samples.

A bounded error has no tail in the limit. What counts is how much it costs to get there: a value x
that the base policy reaches with probability q is a mean of at least ``p x`` (for an error that is
never negative) at a KL divergence of ``kl(p, q)``, about ``p log(1/q)``. So the *rate*
``log(1/q)/x`` is the price of a unit of mean error in nats; along a heavy tail it falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_checks.enumerable.tree import PrefixTree
from gpu_checks.enumerable.weights import RewardLaw
from verify.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Of the interval for each probability of a measured tail.
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class ErrorTail:
    """``Q(X >= x)`` at each value x that was found.

    Attributes
    ----------
    values : array
        In increasing order.
    log_survival : array
        ``log Q(X >= x)``: computed in float64, or of the share of a sample.
    low, high : array
        Where it was measured, an interval for each, at the level asked for; else the same number.
    samples : int or None
        How many answers it was measured on; None where it was computed.
    """

    values: Floats
    log_survival: Floats
    low: Floats
    high: Floats
    samples: int | None

    @property
    def rates(self) -> Floats:
        """``log(1/q)/x``, in nats per unit of error; NaN where x is not positive."""
        found = np.full(len(self.values), np.nan)
        positive = self.values > 0
        found[positive] = -self.log_survival[positive] / self.values[positive]
        return found


def computed_tail(tree: PrefixTree, errors: Any) -> ErrorTail:
    """The tail of an error under the policy of a tree.

    Parameters
    ----------
    tree : PrefixTree
    errors : array, one entry a trajectory

    Raises
    ------
    InputError
        If there is not one finite error a trajectory.
    """
    law = RewardLaw.of(tree, errors)
    survival = law.log_survival
    return ErrorTail(law.values, survival, survival, survival, None)


def measured_tail(errors: Any, level: float = LEVEL) -> ErrorTail:
    """The tail of an error in a sample, each probability with its exact binomial interval.

    The intervals are Clopper and Pearson's: each holds its probability with at least the level
    asked for, for independent answers. They are for one probability at a time.

    Parameters
    ----------
    errors : array of float
        One entry an answer, drawn independently from the base policy.
    level : float
        Between 0 and 1.

    Raises
    ------
    InputError
        If there are no errors, one is not finite, or the level is not between 0 and 1.
    """
    from scipy.stats import beta

    given = np.asarray(errors, dtype=np.float64)
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all():
        raise InputError("errors: expected finite numbers, one an answer")
    if not 0 < level < 1:
        raise InputError(f"level: expected a number between 0 and 1, got {level}")
    values, counts = np.unique(given, return_counts=True)
    reached = np.cumsum(counts[::-1])[::-1]
    rest = len(given) - reached
    low = beta.ppf((1 - level) / 2, reached, rest + 1)
    high = np.where(rest > 0, beta.ppf((1 + level) / 2, reached + 1, np.maximum(rest, 1)), 1.0)
    return ErrorTail(
        values, np.log(reached / len(given)), np.log(low), np.log(high), samples=len(given)
    )
