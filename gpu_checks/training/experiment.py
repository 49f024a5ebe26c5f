"""All arms with several seeds, and what they say of the theory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.arms import Arm
from gpu_checks.training.exact_parts import Enumerated, ExactCallback, ExactParts
from gpu_checks.training.recorder import Entry
from gpu_checks.training.running import train_policy

#: How often all answers are summed over in a run, beside its beginning and its end.
SUMS = 4


@dataclass(frozen=True, eq=False)
class ArmRun:
    """One arm with one seed.

    Attributes
    ----------
    arm : str
    seed : int
    entries : tuple of Entry
        What was logged.
    exact : dict of int to ExactParts
        By the number of updates; empty where answers cannot be listed.
    warnings : tuple of str
        Of the tail monitor.
    """

    arm: str
    seed: int
    entries: tuple[Entry, ...]
    exact: dict[int, ExactParts]
    warnings: tuple[str, ...]

    @property
    def last(self) -> ExactParts:
        """Where it ended: exactly if answers can be listed, else by the last answers."""
        if self.exact:
            return self.exact[max(self.exact)]
        entry = self.entries[-1]
        return ExactParts(entry.u.mean, entry.v.mean, entry.x.mean, entry.k1.mean)

    def stopped_at(self, kl: float) -> Entry | None:
        """What was logged when the KL first came to so much; None if it never did."""
        return next((entry for entry in self.entries if entry.k1.mean >= kl), None)


@dataclass(frozen=True, eq=False)
class Experiment:
    """All runs of all arms.

    Attributes
    ----------
    arms : tuple of Arm
    runs : tuple of ArmRun
        One for each arm and seed, arm by arm.
    base : ExactParts or None
        Of the base policy, for the arms' rewards by name.
    tilted : dict of str to ExactParts
        What the best policy does under an arm's penalty, where answers can be listed.
    best_objective : dict of str to float
        What its ``E U - coefficient KL`` is: no policy has more.
    """

    arms: tuple[Arm, ...]
    runs: tuple[ArmRun, ...]
    base: dict[str, ExactParts]
    tilted: dict[str, ExactParts]
    best_objective: dict[str, float]

    def of(self, name: str) -> list[ArmRun]:
        """The runs of an arm."""
        return [run for run in self.runs if run.arm == name]


def run_experiment(
    folder: Path,
    base: BasePolicy,
    prompts: Sequence[Any],
    arms: Sequence[Arm],
    seeds: Sequence[int],
    enumerable: bool,
    progress: Callable[[str], None] | None = None,
) -> Experiment:
    """Train every arm with every seed.

    Parameters
    ----------
    folder, base, prompts
        See :func:`gpu_checks.training.running.train_policy`.
    arms : sequence of Arm
    seeds : sequence of int
    enumerable : bool
        Whether the answers of the policy can be listed.
    progress : callable, optional
        Told a line before each run.
    """
    runs = []
    begins: dict[str, ExactParts] = {}
    tilted: dict[str, ExactParts] = {}
    best: dict[str, float] = {}
    for arm in arms:
        answers = Enumerated(base, arm.reward) if enumerable else None
        coefficient = arm.settings.coefficient
        if answers is not None:
            begins[arm.name] = answers.of(base)
            if coefficient > 0 and arm.settings.target_kl is None:
                tilted[arm.name] = answers.tilted(coefficient, arm.settings.clip)
                best[arm.name] = answers.best_objective(coefficient, arm.settings.clip)
        for seed in seeds:
            if progress is not None:
                progress(f"{arm.name}: seed {seed}")
            runs.append(_run(folder, base, prompts, arm, seed, answers))
        if answers is None:
            begins[arm.name] = _began(runs[-len(seeds) :])
    return Experiment(tuple(arms), tuple(runs), begins, tilted, best)


def _run(
    folder: Path,
    base: BasePolicy,
    prompts: Sequence[Any],
    arm: Arm,
    seed: int,
    answers: Enumerated | None,
) -> ArmRun:
    settings = replace(arm.settings, seed=seed)
    callbacks = []
    if answers is not None:
        every = max(1, settings.steps // SUMS)
        callbacks.append(ExactCallback(answers, base.tokenizer, every))
    with TemporaryDirectory() as work:
        run = train_policy(folder, base, prompts, arm.reward, settings, Path(work), callbacks)
    exact = callbacks[0].found if callbacks else {}
    return ArmRun(arm.name, seed, run.entries, exact, run.warnings)


def _began(runs: Sequence[ArmRun]) -> ExactParts:
    """The base policy, by the answers of all runs before their first update."""
    first = [run.entries[0] for run in runs]
    u, v, x = (
        sum(getattr(entry, part).mean for entry in first) / len(first) for part in ("u", "v", "x")
    )
    return ExactParts(u, v, x, 0.0)
