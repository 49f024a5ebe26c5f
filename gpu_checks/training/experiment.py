"""All arms with several seeds, and what they say of the theory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gpu_checks.models.policy import BasePolicy
from gpu_checks.training.arms import Arm
from gpu_checks.training.recorder import Entry
from gpu_checks.training.running import Watched, train_policy
from gpu_checks.training.summed_parts import Enumerated, PartMeans, SumCallback

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
    summed : dict of int to PartMeans
        Over all answers, by the number of updates; empty where answers cannot be listed.
    watched : Watched
        What the tail monitor said.
    """

    arm: str
    seed: int
    entries: tuple[Entry, ...]
    summed: dict[int, PartMeans]
    watched: Watched

    @property
    def last(self) -> PartMeans:
        """Where it ended: over all answers if they can be listed, else over the last drawn."""
        if self.summed:
            return self.summed[max(self.summed)]
        entry = self.entries[-1]
        return PartMeans(entry.u.mean, entry.v.mean, entry.x.mean, entry.k1.mean)

    def utility_at(self, kl: float) -> float | None:
        """E V when the KL divergence first came to so much; None if it never did.

        Between two policies of the run, one before and one after, it is taken to be linear in the
        KL.
        """
        along = [
            (0.0, entry.v.mean) if not entry.step else (entry.k1.mean, entry.v.mean)
            for entry in self.entries
        ]
        if self.summed:
            along = [(means.kl, means.v) for _, means in sorted(self.summed.items())]
        for (before, low), (after, high) in pairwise(along):
            if before < kl <= after:
                return low + (high - low) * (kl - before) / (after - before)
        return None


@dataclass(frozen=True, eq=False)
class Experiment:
    """All runs of all arms.

    Attributes
    ----------
    arms : tuple of Arm
    runs : tuple of ArmRun
        One for each arm and seed, arm by arm.
    base : PartMeans or None
        Of the base policy, for the arms' rewards by name.
    best : dict of str to PartMeans
        What the best policy does for an arm's objective, where answers can be listed.
    best_objective : dict of str to float
        What its ``E U - coefficient KL`` is, under a penalty: no policy has more.
    fingerprint : str
        Of the base policy.
    device : torch.device
        That it was trained on.
    """

    arms: tuple[Arm, ...]
    runs: tuple[ArmRun, ...]
    base: dict[str, PartMeans]
    best: dict[str, PartMeans]
    best_objective: dict[str, float]
    fingerprint: str
    device: Any

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
    begins: dict[str, PartMeans] = {}
    best: dict[str, PartMeans] = {}
    objective: dict[str, float] = {}
    for arm in arms:
        answers = Enumerated(base, arm.reward) if enumerable else None
        if answers is not None:
            begins[arm.name] = answers.of(base)
            found = answers.best(arm.settings)
            if found is not None:
                best[arm.name] = found
                if arm.settings.odds_cap is None:
                    objective[arm.name] = answers.best_objective(
                        arm.settings.coefficient, arm.settings.clip
                    )
        for seed in seeds:
            if progress is not None:
                progress(f"{arm.name}: seed {seed}")
            runs.append(_run(folder, base, prompts, arm, seed, answers))
        if answers is None:
            begins[arm.name] = _began(runs[-len(seeds) :])
    return Experiment(
        tuple(arms), tuple(runs), begins, best, objective, base.fingerprint, base.device
    )


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
        callbacks.append(SumCallback(answers, base.tokenizer, every))
    with TemporaryDirectory() as work:
        run = train_policy(folder, base, prompts, arm.reward, settings, Path(work), callbacks)
    summed = callbacks[0].found if callbacks else {}
    return ArmRun(arm.name, seed, run.entries, summed, run.watched)


def _began(runs: Sequence[ArmRun]) -> PartMeans:
    """The base policy, by the answers of all runs before their first update."""
    first = [run.entries[0] for run in runs]
    u, v, x = (
        sum(getattr(entry, part).mean for entry in first) / len(first) for part in ("u", "v", "x")
    )
    return PartMeans(u, v, x, 0.0)
