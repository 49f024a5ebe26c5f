"""Real models: base policies and reward models, from packages, folders or the hub.

:func:`base_policy` and :func:`reward_model` load them by name (:mod:`.sources`). Log-probabilities
and samples are those of the model itself (:mod:`.policy`, :mod:`.drawing`); a reward model whose
head has no weights is refused (:mod:`.loading`, :mod:`.heads`). What was trained here is a small
folder beside a trunk that is named (:mod:`.saved`). Each has a fingerprint (:mod:`.fingerprint`).
"""

from gpu_checks.models.drawing import Sampled
from gpu_checks.models.heads import RewardNetwork, register_adapter
from gpu_checks.models.policy import BasePolicy, base_policy
from gpu_checks.models.reward import RewardModel, reward_model

__all__ = [
    "BasePolicy",
    "RewardModel",
    "RewardNetwork",
    "Sampled",
    "base_policy",
    "register_adapter",
    "reward_model",
]
