"""What is predicted of an optimiser, and what the policy that realises it does, on one tree.

The prediction looks at the law of the reward alone: the reweighted law has a mean, and a KL
divergence from the base. By Theorem 3 some policy has the trajectory law that belongs to it; here
that policy is computed and asked for its mean reward and for its divergence, over trajectories and
added up over tokens. All must agree within rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_checks.enumerable.doob import Transformed, h_transform
from gpu_checks.enumerable.rounding import bound_on_chain_rule, bound_on_kl, bound_on_mean
from gpu_checks.enumerable.tree import PrefixTree, kl_by_tokens, kl_of_trajectories
from gpu_checks.enumerable.weights import RewardLaw, log_weights
from verify.weight import Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Realised:
    """An optimiser on a tree: what the law of the reward predicts, and what its policy does.

    Attributes
    ----------
    transformed : Transformed
        The policy, and h.
    predicted_mean, predicted_kl : float
        Of the reweighted law of the reward; the divergence from the base in nats.
    mean, kl : float
        Of the policy: its mean reward, and its divergence as a sum over trajectories.
    token_kl : array, one entry a step
        Its expected divergence at each step.
    mean_bound, kl_bound, chain_bound : float
        How far rounding may take ``mean`` and ``kl`` from what is predicted, and ``kl`` from the
        sum of ``token_kl``.
    """

    transformed: Transformed
    predicted_mean: float
    predicted_kl: float
    mean: float
    kl: float
    token_kl: Floats
    mean_bound: float
    kl_bound: float
    chain_bound: float

    @property
    def policy(self) -> PrefixTree:
        """The policy that realises the weight."""
        return self.transformed.policy

    @property
    def holds(self) -> bool:
        """Whether the policy does what is predicted, and tokens add up, within rounding."""
        return (
            abs(self.mean - self.predicted_mean) <= self.mean_bound
            and abs(self.kl - self.predicted_kl) <= self.kl_bound
            and abs(self.kl - float(self.token_kl.sum())) <= self.chain_bound
        )


def realise(base: PrefixTree, rewards: Any, weight: Weight) -> Realised:
    """The policy of an optimiser on a tree, beside what is predicted of it.

    Parameters
    ----------
    base : PrefixTree
        The base policy.
    rewards : array, one entry a trajectory
        The proxy that the optimiser looks at.
    weight : Weight
        A threshold, tilt, best-of-n, top fraction or the identity.

    Raises
    ------
    InputError
        If a reward is not finite, or the weight fits no trajectory of the base.
    """
    law = RewardLaw.of(base, rewards)
    by_value = log_weights(law, weight)
    found = h_transform(base, law.at(by_value))
    mean, kl = _predicted(law, by_value)
    given = np.asarray(rewards, dtype=np.float64)
    return Realised(
        found,
        mean,
        kl,
        found.policy.mean(given),
        kl_of_trajectories(found.policy, base),
        kl_by_tokens(found.policy, base),
        bound_on_mean(found, base, np.abs(given)),
        bound_on_kl(found, base),
        bound_on_chain_rule(found.policy, base),
    )


def _predicted(law: RewardLaw, by_value: Floats) -> tuple[float, float]:
    """Mean and KL divergence of a reweighted law."""
    top = float(by_value.max())
    shares = law.masses * np.exp(by_value - top)
    total = float(shares.sum())
    shares /= total
    taken = shares > 0
    ratios = by_value[taken] - top - np.log(total)
    return float((shares * law.values).sum()), float((shares[taken] * ratios).sum())
