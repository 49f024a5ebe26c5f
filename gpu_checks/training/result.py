"""An experiment as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from gpu_checks.finding import LEVEL
from gpu_checks.suite.provenance import provenance
from gpu_checks.training.experiment import Experiment
from gpu_checks.training.findings import findings

SCHEMA = "goodhart-train/2"
PARTS = ("u", "v", "x", "k1", "k3")


def to_dict(experiment: Experiment) -> dict[str, Any]:
    """The answer as JSON."""
    return {
        "schema": SCHEMA,
        "level": LEVEL,
        "policy": experiment.fingerprint,
        "provenance": provenance(experiment.device),
        "arms": [
            {
                "name": arm.name,
                "about": arm.about,
                "error": str(arm.reward.growth),
                "settings": asdict(arm.settings),
                "base": experiment.base[arm.name].as_json(),
                "best_policy": (
                    experiment.best[arm.name].as_json() if arm.name in experiment.best else None
                ),
                "runs": [
                    {
                        "seed": run.seed,
                        "last": run.last.as_json(),
                        "logged": [entry.as_json() for entry in run.entries],
                        "summed": {
                            str(step): parts.as_json() for step, parts in run.summed.items()
                        },
                        "monitor": run.watched.as_json(),
                    }
                    for run in experiment.of(arm.name)
                ],
            }
            for arm in experiment.arms
        ],
        "findings": [found.as_json() for found in findings(experiment)],
    }


def rows(experiment: Experiment) -> Iterator[tuple[object, ...]]:
    """The rows of the CSV, its header first: one for each update of each run."""
    ends = [f"{part}{end}" for part in PARTS for end in ("", "_error")]
    yield ("arm", "seed", "step", *ends, "coefficient")
    for run in experiment.runs:
        for entry in run.entries:
            found = [getattr(entry, part) for part in PARTS]
            numbers = [value for each in found for value in (each.mean, each.error)]
            yield (run.arm, run.seed, entry.step, *numbers, entry.coefficient)
