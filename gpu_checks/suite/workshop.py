"""What the checks share: models, a folder, and answers that are drawn and scored once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gpu_checks.models import RewardModel, reward_model
from gpu_checks.models.policy import BasePolicy, base_policy
from gpu_checks.records.prompts import Prompts
from gpu_checks.records.texts import open_texts
from gpu_checks.sampling import OpenSampler, Plan, sample
from gpu_checks.scoring import OpenScorer, score
from gpu_checks.suite.prompts import PROMPTS
from gpu_checks.suite.sizes import Size
from verify.files import make_folder
from verify.progress import Progress

POLICY = "smollm2"


@dataclass
class Workshop:
    """Where the checks of one run of the suite work.

    Parameters
    ----------
    folder : Path
        For samples and scores; a run that was cut off goes on there.
    size : Size
    device, dtype : str or None
        Of the models.
    proxy, gold : str
        Two reward models by name.
    seed : int
    progress : callable, optional
    say : callable, optional
        Told a line before each stage.
    """

    folder: Path
    size: Size
    device: str | None = None
    dtype: str | None = None
    proxy: str = "minilm-harmless"
    gold: str = "smollm2-harmless"
    seed: int = 0
    progress: Progress | None = None
    say: Callable[[str], None] = lambda _: None
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Of the models that were used, by name."""

    @cached_property
    def policy(self) -> BasePolicy:
        """The base policy."""
        found = base_policy(POLICY, self.device, self.dtype)
        self.fingerprints[POLICY] = found.fingerprint
        return found

    def reward(self, name: str) -> RewardModel:
        """A reward model."""
        found = reward_model(name, self.device, self.dtype)
        self.fingerprints[name] = found.fingerprint
        return found

    @cached_property
    def answers(self) -> str:
        """A folder of the policy's answers, each scored by the proxy and by gold."""
        size = self.size
        plan = Plan(size.answers, size.tokens, self.seed)
        prompts = Prompts.of(PROMPTS[: size.prompts])
        drawn = self._place("answers")
        self.say(f"  sampling {size.answers} answers to {size.prompts} prompts from {POLICY} ...")
        sample(
            OpenSampler(POLICY, plan, prompts, self.device, self.dtype),
            drawn,
            progress=self.progress,
        )
        return self._scored(self._scored(drawn, self.proxy, "proxy"), self.gold, "gold")

    @cached_property
    def random_texts(self) -> str:
        """A folder of uniform random tokens, each text scored by the proxy."""
        plan = Plan(self.size.random_texts, self.size.tokens, self.seed, uniform=True)
        drawn = self._place("random")
        self.say(f"  sampling {self.size.random_texts} texts of random tokens ...")
        opener = OpenSampler(POLICY, plan, Prompts.of([""]), self.device, self.dtype)
        sample(opener, drawn, progress=self.progress)
        return self._scored(drawn, self.proxy, "proxy")

    def _scored(self, folder: str, name: str, column: str) -> str:
        opener = OpenScorer(
            name, open_texts([folder], None, None), column, False, self.device, self.dtype
        )
        out = f"{folder}-{column}"
        self.say(f"  scoring them with {name} ...")
        score(opener, out, progress=self.progress)
        self.fingerprints.setdefault(name, self.reward(name).fingerprint)
        return out

    def _place(self, name: str) -> str:
        return str(make_folder(str(self.folder)) / name)
