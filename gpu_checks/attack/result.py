"""What an attack found: the best of all runs, and what it costs to force it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from gpu_checks.attack.price import Price
from gpu_checks.attack.settings import Settings
from gpu_checks.attack.state import State
from verify.certificate import versions
from verify.tails.consequences.answer import number

SCHEMA = "goodhart-attack/1"


@dataclass(frozen=True)
class Run:
    """One search from one seed.

    Attributes
    ----------
    settings : Settings
    state : State
        Where it ended.
    text : str
        The text of its best answer.
    text_reward : float
        The reward of that text. The reward of the tokens, unless no text has these tokens.
    """

    settings: Settings
    state: State
    text: str
    text_reward: float

    @property
    def reward(self) -> float:
        """The best reward that it found."""
        return self.state.best.reward

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        state = self.state
        return {
            "seed": self.settings.seed,
            "reward": number(state.best.reward),
            "ids": list(state.best.ids),
            "text": self.text,
            "text_reward": number(self.text_reward),
            "found_at_step": state.best_step,
            "steps": state.step,
            "forward_passes": state.passes,
            "stopped": state.stopped,
            "trace": [[step, passes, number(reward)] for step, passes, reward in state.trace],
        }


@dataclass(frozen=True)
class LogProb:
    """The log-probability of the best answer under the base policy.

    Attributes
    ----------
    policy, fingerprint : str
    value : float
        In nats: the sum over the tokens.
    ids : tuple of int
        The policy's tokens of the answer.
    shared : bool
        Whether they are the reward model's: both have one vocabulary. Else they are those that the
        policy's tokenizer has for the text.
    """

    policy: str
    fingerprint: str
    value: float
    ids: tuple[int, ...]
    shared: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "policy": self.policy,
            "fingerprint": self.fingerprint,
            "log_prob": number(self.value),
            "tokens": len(self.ids),
            "shared_vocabulary": self.shared,
        }


@dataclass(frozen=True)
class BaseSample:
    """The base rewards: how many, their mean, exact, and the largest."""

    files: tuple[str, ...]
    n: int
    mean: fmpq
    largest: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        mean = float(self.mean.p) / float(self.mean.q)
        return {
            "files": list(self.files),
            "n": self.n,
            "mean": number(mean),
            "largest": number(self.largest),
        }


@dataclass(frozen=True)
class Attack:
    """What all runs found.

    Attributes
    ----------
    reward_model, fingerprint, prompt : str
    device, dtype : str
        Where, and in which format, rewards were computed.
    prefix_cache : bool
        Whether the beginnings of candidates were read once.
    runs : tuple of Run
        One for each seed, in the order of the seeds.
    log_prob : LogProb or None
        Of the best; None without a base policy.
    base : BaseSample or None
    prices : tuple of Price
        Of the best answer; none without a base policy.
    """

    reward_model: str
    fingerprint: str
    prompt: str
    device: str
    dtype: str
    prefix_cache: bool
    runs: tuple[Run, ...]
    log_prob: LogProb | None = None
    base: BaseSample | None = None
    prices: tuple[Price, ...] = ()

    @property
    def best(self) -> Run:
        """The run that found the largest reward."""
        return best_of(self.runs)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON."""
        mean = None if self.base is None else self.base.mean
        rewards = [run.reward for run in self.runs]
        return {
            "schema": SCHEMA,
            "reward_model": {"name": self.reward_model, "fingerprint": self.fingerprint},
            "prompt": self.prompt,
            "settings": {**self.runs[0].settings.to_dict(), "prefix_cache": self.prefix_cache},
            "best": self.best.to_dict(),
            "rewards_of_runs": [number(reward) for reward in rewards],
            "base_policy": None if self.log_prob is None else self.log_prob.to_dict(),
            "base_sample": None if self.base is None else self.base.to_dict(),
            "mixtures": [each.to_dict(mean) for each in self.prices],
            "runs": [run.to_dict() for run in self.runs],
            "device": self.device,
            "dtype": self.dtype,
            "versions": versions() | _model_versions(),
        }

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The rows of the CSV, its header first: each time that a run's best was bettered."""
        yield ("seed", "step", "forward_passes", "reward")
        for run in self.runs:
            for step, passes, reward in run.state.trace:
                yield (run.settings.seed, step, passes, number(reward))


def best_of(runs: Sequence[Run]) -> Run:
    """The run with the largest reward; of equal ones the first."""
    return max(runs, key=lambda run: run.reward)


def _model_versions() -> dict[str, str]:
    import torch
    import transformers

    return {"torch": torch.__version__, "transformers": transformers.__version__}
