"""Keep of runs on models what the pages and their figures show, in ``gpu_checks/results/``.

    python docs/model_results.py train ANSWER.json OUT.json
    python docs/model_results.py tails OUT.json MODEL TEXTS COLUMN FOLDER[,FOLDER...] ...
    python docs/model_results.py words OUT.json POLICY HORIZON
    python docs/model_results.py equal-kl OUT.json FIRST NUMBER

The first takes what ``goodhart train --json`` wrote, the second audits scores that ``goodhart
score`` wrote, the third lists all continuations of a text by a policy, the fourth trains the two
arms of ``goodhart train`` that are compared at equal KL, with so many seeds from the first on. What
``python -m gpu_checks --out`` wrote is kept as it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.tails.audit import audit
from verify.tails.reading import open_scores

if TYPE_CHECKING:
    from gpu_checks.training.experiment import Experiment

#: Of the log of a run: its first updates, from then on one in so many, and the last.
FIRST, EVERY = 12, 10
#: Points of a survival function.
POINTS = 48
SCHEMA = "goodhart-tails/1"
#: The arms that are compared at equal KL, and the updates after which theirs is beyond it.
PAIR, EARLY = ("heavy", "unpenalised"), 12


def thinned(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of ``goodhart train`` with fewer updates in the logs of its runs."""
    return {
        **answer,
        "arms": [
            {**arm, "runs": [{**run, "logged": _some(run["logged"])} for run in arm["runs"]]}
            for arm in answer["arms"]
        ],
    }


def _some(logged: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    *most, last = logged
    kept = [each for each in most if each["step"] < FIRST or each["step"] % EVERY == 0]
    return [*kept, last]


def tail_of(model: str, texts: str, column: str, folders: Sequence[str]) -> dict[str, Any]:
    """What the audit says of a model's rewards, their survival function, and what runs they are of.

    Parameters
    ----------
    model, texts : str
        What the rewards are of.
    column : str
        The column of rewards.
    folders : sequence of str
        Of scores.
    """
    import numpy as np

    from gpu_checks.records.folder import DESCRIPTION, description_of

    runs = [Path(folder, DESCRIPTION) for folder in folders]
    found = audit(open_scores(folders, column, utility="none"))
    answer = found.to_dict()
    rewards = _rewards(column, folders)
    ranks = np.unique(np.geomspace(1, len(rewards), POINTS).astype(int))
    keys = ("n", "verdict", "because", "tail_index", "rate", "per_prompt", "warnings")
    sample = ("mean", "standard_deviation", "smallest", "median", "largest")
    return {
        "model": model,
        "texts": texts,
        **{key: answer[key] for key in keys},
        **{key: answer["sample"][key] for key in sample},
        "runs": [description_of(run) for run in runs if run.is_file()],
        "survival": [[float(rewards[-rank]), float(rank / len(rewards))] for rank in ranks],
    }


def _rewards(column: str, folders: Sequence[str]) -> Any:
    """All rewards, in increasing order."""
    import numpy as np
    from pyarrow import dataset

    parts = [dataset.dataset(folder, format="parquet") for folder in folders]
    columns = [part.to_table([column]).column(column).to_numpy() for part in parts]
    return np.sort(np.concatenate(columns))


def words_of(policy: str, horizon: int) -> dict[str, Any]:
    """What the best policies do on all continuations of a text, and where it was computed."""
    from gpu_checks.enumerable.on_words import summary
    from gpu_checks.models import base_policy
    from gpu_checks.suite.provenance import provenance

    model = base_policy(policy)
    return {
        **summary(model, horizon),
        "model": policy,
        "fingerprint": model.fingerprint,
        "provenance": provenance(model.device),
    }


def trained_pairs(seeds: Sequence[int]) -> Experiment:
    """The enumerable policy under a heavy error, with a penalty and without, for a few updates."""
    from tempfile import TemporaryDirectory

    from gpu_checks.commands.train import ERROR, UTILITY
    from gpu_checks.training.arms import arms
    from gpu_checks.training.enumerable_policy import PROMPT, save_enumerable_policy
    from gpu_checks.training.experiment import run_experiment
    from gpu_checks.training.settings import Settings

    settings = Settings(steps=EARLY)
    every = arms(settings, ERROR, UTILITY, clip=5.0, odds_cap=5.0)
    chosen = [arm for arm in every if arm.name in PAIR]
    with TemporaryDirectory() as work:
        base = save_enumerable_policy(Path(work))
        prompts = [PROMPT] * settings.answers
        return run_experiment(Path(work), base, prompts, chosen, seeds, enumerable=True)


def pairs_of(found: Experiment) -> dict[str, Any]:
    """The utilities of pairs of runs at equal KL divergences, and what they say."""
    from gpu_checks.suite.provenance import provenance
    from gpu_checks.training.findings import EQUAL_KL, at_equal_kl

    return {
        "schema": "goodhart-equal-kl/1",
        "policy": found.fingerprint,
        "provenance": provenance(found.device),
        "updates": EARLY,
        "utility": {
            arm.name: {
                f"{run.seed}": {f"{kl:g}": run.utility_at(kl) for kl in EQUAL_KL}
                for run in found.of(arm.name)
            }
            for arm in found.arms
        },
        "findings": [each.as_json() for each in at_equal_kl(found)],
    }


def main(arguments: Sequence[str]) -> None:
    """Write a file of results."""
    kind, *rest = arguments
    if kind == "train":
        given, out = rest
        kept = thinned(json.loads(Path(given).read_text("utf-8")))
    elif kind == "equal-kl":
        out, first, number = rest
        kept = pairs_of(trained_pairs(range(int(first), int(first) + int(number))))
    elif kind == "words":
        out, policy, horizon = rest
        kept = words_of(policy, int(horizon))
    else:
        import torch

        from gpu_checks.suite.provenance import provenance

        out, *samples = rest
        quadruples = zip(*(samples[place::4] for place in range(4)), strict=True)
        found = [
            tail_of(model, texts, column, folders.split(","))
            for model, texts, column, folders in quadruples
        ]
        kept = {"schema": SCHEMA, "audited": provenance(torch.device("cpu")), "samples": found}
    Path(out).write_text(json.dumps(kept, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
