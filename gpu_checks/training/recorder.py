"""A reward function for TRL that writes down what became of the parts of the reward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.divergence import Estimated, estimate_kl
from gpu_checks.training.known_parts import KnownParts
from gpu_checks.training.settings import Settings
from verify.tails.monitor import Monitor
from verify.tails.monitor_state import State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


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


def given_rewards(u: Floats, log_odds: Floats, settings: Settings, reward: KnownParts) -> Floats:
    """What training gives for the rewards of answers: clipped, and nothing beyond the odds cap.

    With an odds cap R the policy p is trained for ``sum min(p, R q) (U - least)``: that is at most
    what the best policy within the cap, R q on the top 1/R, has. Its gradient counts the answers
    with ``p <= R q`` alone, so the others are given the least reward.

    Parameters
    ----------
    u, log_odds : arrays, one entry an answer
        The rewards, and ``log(p/q)``.
    """
    given = u if settings.clip is None else np.minimum(u, settings.clip)
    if settings.odds_cap is None:
        return given
    beyond = log_odds > np.log(settings.odds_cap)
    return np.where(beyond, reward.least(settings.length), given)


class Recorder:
    """Rewards answers, and keeps an :class:`Entry` for each update.

    Parameters
    ----------
    reward : KnownParts
        Of token ids.
    base : BasePolicy
        Whose KL divergence is estimated.
    settings : Settings
    monitor : Monitor
        Is shown the rewards that are given, with the KL of the policy that they were given to.
    """

    def __init__(
        self, reward: KnownParts, base: BasePolicy, settings: Settings, monitor: Monitor
    ) -> None:
        self.reward = reward
        self.base = base
        self.settings = settings
        self.monitor = monitor
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
            policy.log_probs(contexts, completion_ids, self.settings.temperature)
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
        odds = np.array([float((o - b).sum()) for o, b in zip(own, base, strict=True)])
        given = given_rewards(parts.u, odds, self.settings, self.reward)
        self.monitor.update(given, k1.mean, prompts)
        return [float(each) for each in given]

    def show_base(self, prompts: Sequence[Any]) -> State:
        """Show the monitor what the base policy's answers earn, before there is any training.

        Returns
        -------
        State
            What the monitor sees.
        """
        settings = self.settings
        contexts = [self._context(prompt) for prompt in prompts]
        asked = [contexts[place % len(contexts)] for place in range(settings.base_answers)]
        generator = np.random.default_rng(settings.seed)
        drawn = self.base.sample(asked, settings.length, generator, settings.temperature)
        u = self.reward([each.ids for each in drawn]).u
        return self.monitor.begin(given_rewards(u, np.zeros(len(u)), settings, self.reward))

    def _context(self, prompt: Any) -> list[int]:
        """The tokens before an answer: of a text as it stands, or of turns through the template."""
        tokenizer = self.base.tokenizer
        if isinstance(prompt, str):
            return [int(each) for each in tokenizer(prompt)["input_ids"]]
        rendered = tokenizer.apply_chat_template(prompt, tokenize=True, add_generation_prompt=True)
        ids = rendered["input_ids"] if hasattr(rendered, "keys") else rendered
        return [int(each) for each in ids]
