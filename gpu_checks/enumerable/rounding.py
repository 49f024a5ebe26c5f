"""How far rounding may take the numbers of a tree: bounds to first order, and 1 % to spare.

Let u = 2^-53, T the horizon, K the number of symbols, L the largest ``|log-probability|`` of a
trajectory that the policy takes, and let numpy's exp and log be within 4 ulp (8 u). Logarithms of
probabilities all have one sign, so their sums along a trajectory only grow and each of the T
additions is off by u L at most: the logarithm of a mass is off by ``T L u``, and that is the
relative error of the mass, beside 8 u. A sum of n terms in numpy's order is off by
``(log2 n + 20) u`` times the sum of their sizes.
"""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

import numpy as np

from gpu_checks.enumerable.doob import Transformed
from gpu_checks.enumerable.tree import PrefixTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UNIT = 2.0**-53
FUNCTION = 8 * UNIT
SPARE = 1.01


def error_of_logarithms(tree: PrefixTree) -> float:
    """Of the log-probability of a trajectory, given the tree's levels."""
    found = tree.log_probabilities
    return float(tree.horizon * np.abs(found[found > -np.inf]).max() * UNIT)


def error_of_sums(tree: PrefixTree) -> float:
    """Of a mean under a policy, relative to the mean of the sizes: masses, products, sum."""
    return error_of_logarithms(tree) + FUNCTION + (log2(tree.size) + 22) * UNIT


def bound_on_chain_rule(policy: PrefixTree, base: PrefixTree) -> float:
    """How far apart the two routes to a KL divergence may be: by trajectories and by tokens.

    Both are means of ``log(p/q)``, the one of its sum along a trajectory. Let B be the expected sum
    of its sizes. Each route has the errors of its sums, relative to B, and a rounding where one
    logarithm is subtracted from another; by trajectories the two logarithms have errors of their
    own. Besides, probabilities that sum to ``1 + d`` are no law: by trajectories a token then
    counts ``(1 + d)^(what follows)`` times.
    """
    size = 0.0
    for masses, chosen, given in zip(
        policy.log_masses[:-1], policy.levels, base.levels, strict=True
    ):
        taken = chosen > -np.inf
        ratios = np.abs(np.subtract(chosen, given, out=np.zeros_like(chosen), where=taken))
        size += float((np.exp(masses) * (np.exp(chosen) * ratios).sum(axis=1)).sum())
    by_sums = 2 * error_of_sums(policy) + (policy.arity + policy.horizon + 2) * UNIT
    no_law = policy.horizon * (policy.defect + (policy.arity + 8) * UNIT)
    logarithms = error_of_logarithms(policy) + error_of_logarithms(base)
    return SPARE * ((by_sums + no_law) * size + logarithms)


def error_of_transform(found: Transformed, base: PrefixTree) -> float:
    """Of the log-probability of a trajectory under an h-transformed policy, against ``log(w q)``.

    With A the largest ``|log-probability|`` of a token and H the largest finite ``|log h|`` as it
    was computed: each level is off by ``2 (A + 2 H) u``. Along a trajectory the quotients of h
    cancel but for the first, ``log E w``, made of T sums of K terms, each with an exp and a log.
    """
    token = max(float(np.abs(level[level > -np.inf]).max()) for level in base.levels)
    shift = abs(found.log_mean_weight)
    h = shift + max(float(np.abs(each[each > -np.inf]).max(initial=0.0)) for each in found.log_h)
    levels = 2 * base.horizon * (token + 2 * h) * UNIT
    first = base.horizon * ((base.arity + 2 + h + token) * UNIT + 2 * FUNCTION)
    return levels + first


def bound_on_mean(found: Transformed, base: PrefixTree, sizes: Floats) -> float:
    """How far a mean under an h-transformed policy may be from that under the weight.

    Parameters
    ----------
    sizes : array, one entry a trajectory
        The sizes of the function whose mean it is.
    """
    policy = found.policy
    # The weight's own route: masses and sum under the base, the weight's exp, and its normaliser.
    by_weight = 2 * (error_of_sums(base) + FUNCTION)
    steps = error_of_sums(policy) + by_weight + error_of_transform(found, base)
    return SPARE * steps * policy.mean(sizes)


def bound_on_kl(found: Transformed, base: PrefixTree) -> float:
    """How far the KL divergence by trajectories may be from the mean of the weight's logarithm."""
    ratios = np.abs(np.where(found.log_h[-1] > -np.inf, found.log_h[-1], 0.0))
    logarithms = error_of_logarithms(found.policy) + error_of_logarithms(base)
    logarithms += 2 * error_of_transform(found, base) + 4 * FUNCTION
    return bound_on_mean(found, base, ratios) + SPARE * logarithms
