"""Optimisers as weights on the trajectories of a tree, in the logarithm.

The weights are those of :mod:`verify.weight`; there they are exact and look at one reward, here
they are float64 and for as many trajectories as there are. Ranks come from masses summed from the
nearer end, so the best of 10^5 keeps its digits at a top that the base policy hardly ever reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_checks.enumerable.tree import PrefixTree
from verify.errors import InputError
from verify.weight import BestOfN, Identity, Location, Threshold, Tilt, TopFraction, Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RewardLaw:
    """The law of a reward under a policy: its values, in increasing order, with their masses.

    Attributes
    ----------
    values, masses : array
        The values that the policy reaches, and their probabilities.
    below, above : array
        ``Q(U < value)`` and ``Q(U > value)``.
    place : array of int, one entry a trajectory
        Which value its reward is; -1 where the policy never goes.
    """

    values: Floats
    masses: Floats
    below: Floats
    above: Floats
    place: NDArray[np.intp]

    @classmethod
    def of(cls, tree: PrefixTree, rewards: Any) -> RewardLaw:
        """The law of the rewards of a tree's trajectories.

        Raises
        ------
        InputError
            If there is not one finite reward a trajectory.
        """
        given = np.asarray(rewards, dtype=np.float64)
        if given.shape != (tree.size,):
            raise InputError(
                f"expected one reward for each of the {tree.size} trajectories, got {given.shape}"
            )
        if not np.isfinite(given).all():
            raise InputError(
                f"the reward of trajectory {np.argmin(np.isfinite(given))}: not finite"
            )
        reached = tree.probabilities > 0
        values, places = np.unique(given[reached], return_inverse=True)
        masses = np.bincount(places, tree.probabilities[reached], len(values)).astype(np.float64)
        place: NDArray[np.intp] = np.full(tree.size, -1, dtype=np.intp)
        place[reached] = places
        below = np.concatenate([[0.0], np.cumsum(masses[:-1])])
        above = np.concatenate([np.cumsum(masses[:0:-1])[::-1], [0.0]])
        return cls(np.asarray(values), masses, below, above, place)

    @property
    def log_survival(self) -> Floats:
        """``log Q(U >= value)``, 0 at the least value."""
        with_it = self.above + self.masses
        near = np.log1p(-np.minimum(self.below, 0.5))
        return np.asarray(np.where(self.below < 0.5, near, np.log(with_it)))

    def at(self, by_value: Floats) -> Floats:
        """What belongs to each value, for each trajectory; ``-inf`` where the policy never goes."""
        return np.asarray(np.append(by_value, -np.inf)[self.place])


def log_weights(law: RewardLaw, weight: Weight) -> Floats:
    """The logarithm of an optimiser's weight at each value of a law, up to a common constant.

    Raises
    ------
    InputError
        If a threshold leaves no value above it, or none below while it wants mass there.
    """
    match weight:
        case Identity():
            return np.zeros(len(law.values))
        case Tilt():
            return np.asarray(_float(weight.tilt) * law.values)
        case Threshold():
            return _of_threshold(law, weight)
        case BestOfN():
            return _of_best(law, weight.n)
        case TopFraction():
            # An atom that is kept whole keeps its digits: no difference of ranks enters.
            kept = np.clip(_float(weight.fraction) - law.above, 0.0, law.masses)
            return _log(kept / law.masses)
    raise TypeError(f"no weight of trajectories is known for {weight!r}")


def _of_threshold(law: RewardLaw, weight: Threshold) -> Floats:
    """``log(p/q)`` above the threshold and ``log((1 - p)/(1 - q))`` up to it."""
    first = int(np.searchsorted(law.values, _largest_up_to(weight.location), side="right"))
    share = float(weight.mass)
    if first == len(law.values):
        raise InputError(f"threshold {weight.location}: no reward lies above it")
    if first == 0 and share < 1:
        raise InputError(f"threshold {weight.location}: every reward lies above it")
    found = np.full(len(law.values), np.log(share) - np.log(law.masses[first:].sum()))
    if first:
        rest = np.log1p(-share) if share < 1 else -np.inf
        found[:first] = rest - np.log(law.masses[:first].sum())
    return found


def _largest_up_to(location: Location) -> float:
    """The largest float that is not above a threshold: a reward lies above both or neither."""
    if location.t is None:
        raise InputError(f"threshold {location}: expected the threshold itself, not its logarithm")
    cut = Fraction(location.t)
    try:
        near = float(cut)
    except OverflowError:
        return np.inf if cut > 0 else -np.inf
    return near if Fraction(near) <= cut else float(np.nextafter(near, -np.inf))


def _of_best(law: RewardLaw, n: int) -> Floats:
    """``log((F(x)^n - F(x-)^n)/Q{x})``.

    With ``r = F(x-)/F(x)`` it is ``n log F(x) + log(1 - r^n) - log Q{x}``, and ``log F(x)`` comes
    from ``Q(U > x)`` where that is the smaller.
    """
    up_to = law.below + law.masses
    log_up_to = np.where(law.above < 0.5, np.log1p(-np.minimum(law.above, 0.5)), np.log(up_to))
    with np.errstate(divide="ignore"):
        log_ratio = np.log1p(-np.minimum(law.masses / up_to, 1.0))
    return np.asarray(
        n * log_up_to + np.log(-np.expm1(n * log_ratio)) - np.log(law.masses), dtype=np.float64
    )


def _log(values: Floats) -> Floats:
    """With ``log 0 = -inf``."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values))


def _float(value: Any) -> float:
    return float(Fraction(int(value.p), int(value.q)))
