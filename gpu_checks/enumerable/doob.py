"""The policy that realises a weight on the trajectories of a tree: Doob's h-transform (Theorem 3).

``h(prefix) = E[w | prefix]`` under the base policy, from the ends backwards; the policy takes
symbol a after a prefix s with probability ``pi0(a|s) h(s a)/h(s)``. Along a trajectory the
quotients telescope to ``w/E w``. All in logarithms: weights may leave the range of float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gpu_checks.enumerable.tree import PrefixTree
from verify.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Transformed:
    """A policy that realises a weight.

    Attributes
    ----------
    policy : PrefixTree
        Where ``h = 0``, which it never gets to, it is the base policy.
    log_h : tuple of arrays
        ``log E[w | prefix]`` by length of the prefix, 0 up to the horizon, for w divided by its
        mean; so the first is 0, and the last is the logarithm of the weight itself.
    log_mean_weight : float
        ``log E w`` of the weight as it was given.
    """

    policy: PrefixTree
    log_h: tuple[Floats, ...]
    log_mean_weight: float


def h_transform(base: PrefixTree, log_weights: Floats) -> Transformed:
    """The policy with trajectory law ``w Tr(base)/E w``.

    Parameters
    ----------
    base : PrefixTree
    log_weights : array, one entry a trajectory
        ``log w``; ``-inf`` is a weight of 0. Where the base policy never goes it may be any.

    Raises
    ------
    InputError
        If a weight is infinite or NaN, or all of them are 0 where the base policy goes.
    """
    found = np.asarray(log_weights, dtype=np.float64)
    if found.shape != (base.size,):
        raise InputError(
            f"expected one weight for each of the {base.size} trajectories, got {found.shape}"
        )
    if not (found < np.inf).all():
        raise InputError(f"the weight of trajectory {int(np.argmin(found < np.inf))}: not finite")
    log_h = [found]
    for level in reversed(base.levels):
        log_h.append(_log_sums(level + log_h[-1].reshape(level.shape)))
    log_h.reverse()
    mean = float(log_h[0][0])
    if mean == -np.inf:
        raise InputError("the weight is 0 at every trajectory that the base policy takes")
    levels = [
        _chosen(level, after.reshape(level.shape), here)
        for level, here, after in zip(base.levels, log_h, log_h[1:], strict=False)
    ]
    return Transformed(base.with_levels(levels), tuple(each - mean for each in log_h), mean)


def _chosen(level: Floats, after: Floats, here: Floats) -> Floats:
    """``log pi0(a|s) + log h(s a) - log h(s)``, and the base policy where ``h(s) = 0``."""
    possible = here > -np.inf
    chosen = level.copy()
    chosen[possible] += after[possible] - here[possible, None]
    return chosen


def _log_sums(exponents: Floats) -> Floats:
    """``log(sum exp)`` of each row, with the largest taken out first."""
    largest = exponents.max(axis=1)
    base = np.where(largest > -np.inf, largest, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(exponents - base[:, None]).sum(axis=1)) + base)
