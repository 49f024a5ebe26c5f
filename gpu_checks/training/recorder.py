"""A reward function for TRL that writes down what became of the parts of the reward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.divergence import Estimated, estimate_kl
from gpu_checks.training.known_parts import KnownParts


@dataclass(frozen=True)
class Entry:
    """What the answers of one update said about the policy that drew them.

    Attributes
    ----------
    step : int
        How many updates it had had.
    u, v, x : Estimated
        The proxy and its parts, before any clipping.
    k1, k3 : Estimated
        The KL divergence of answers from the base policy, in nats.
    coefficient : float
        Of the KL penalty.
    """

    step: int
    u: Estimated
    v: Estimated
    x: Estimated
    k1: Estimated
    k3: Estimated
    coefficient: float

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Recorder:
    """Rewards answers, and keeps an :class:`Entry` for each update.

    Parameters
    ----------
    reward : KnownParts
        Of token ids.
    base : BasePolicy
        Whose KL divergence is estimated.
    clip : float, optional
        Rewards above it are given as it.
    temperature : float
        At which answers are drawn.
    """

    def __init__(
        self, reward: KnownParts, base: BasePolicy, clip: float | None, temperature: float
    ) -> None:
        self.reward = reward
        self.base = base
        self.clip = clip
        self.temperature = temperature
        self.entries: list[Entry] = []
        #: The policy that is trained, and its coefficient; set once there is a trainer.
        self.policy: BasePolicy | None = None
        self.coefficient: Callable[[], float] = float
        #: TRL names the rewards in its log after this.
        self.__name__ = "known_parts"

    def __call__(
        self, prompts: Sequence[Any], completion_ids: Sequence[Sequence[int]], **more: Any
    ) -> list[float]:
        """The reward of each answer, as TRL asks for it."""
        assert self.policy is not None
        parts = self.reward(completion_ids)
        contexts = [self._context(prompt) for prompt in prompts]
        was_training = self.policy.model.training
        self.policy.model.eval()
        own, base = (
            policy.log_probs(contexts, completion_ids, self.temperature)
            for policy in (self.policy, self.base)
        )
        self.policy.model.train(was_training)
        k1, k3 = estimate_kl(own, base)
        u, v, x = (Estimated.of(part) for part in parts)
        step = int(more["trainer_state"].global_step)
        entry = Entry(step, u, v, x, k1, k3, self.coefficient())
        self.entries.append(entry)
        for name in ("u", "v", "x", "k1", "k3"):
            more["log_metric"](f"known_parts/{name}", getattr(entry, name).mean)
        clipped = parts.u if self.clip is None else np.minimum(parts.u, self.clip)
        return [float(each) for each in clipped]

    def _context(self, prompt: Any) -> list[int]:
        """The tokens before an answer: of a text as it stands, or of turns through the template."""
        tokenizer = self.base.tokenizer
        if isinstance(prompt, str):
            return [int(each) for each in tokenizer(prompt)["input_ids"]]
        rendered = tokenizer.apply_chat_template(prompt, tokenize=True, add_generation_prompt=True)
        ids = rendered["input_ids"] if hasattr(rendered, "keys") else rendered
        return [int(each) for each in ids]
