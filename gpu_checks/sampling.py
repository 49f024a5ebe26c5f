"""Sampling: answers of a base policy, or uniform random tokens, with their log-probabilities."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_checks.models import BasePolicy, Sampled, base_policy
from gpu_checks.models.fingerprint import vocabulary_fingerprint
from gpu_checks.models.uniform import UniformPolicy, uniform_policy
from gpu_checks.records.engines import engine_of
from gpu_checks.records.folder import RunFolder
from gpu_checks.records.prompts import Prompts
from gpu_checks.records.run import MOST_ROWS, Job, Outcome, Tick, run_jobs
from verify.errors import InputError
from verify.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "goodhart-samples/1"


@dataclass(frozen=True)
class Plan:
    """What is sampled: it decides every row, whatever the batch, the file and the engine.

    Parameters
    ----------
    answers : int
        Of each prompt.
    tokens : int
        The most of an answer; of uniform random tokens, all have so many.
    seed : int
        Row i draws from a generator of its own, ``SeedSequence(seed, spawn_key=(i,))``.
    uniform : bool
        Uniform random tokens, special ones left out, in place of the policy's answers.
    """

    answers: int
    tokens: int
    seed: int
    uniform: bool = False

    def __post_init__(self) -> None:
        for option in ("answers", "tokens"):
            if getattr(self, option) < 1:
                raise InputError(
                    f"{option}: expected a number from 1 on, got {getattr(self, option)}"
                )
        if self.seed < 0:
            raise InputError(f"seed: expected a number from 0 on, got {self.seed}")

    def generator(self, row: int) -> np.random.Generator:
        """The random numbers of a row."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(row,)))


@dataclass(frozen=True)
class OpenSampler:
    """Loads the model of a worker, here or in another process.

    Parameters
    ----------
    policy : str
        Its name.
    plan : Plan
        What is drawn.
    prompts : Prompts
        What is answered.
    device, dtype : str or None
        As of :func:`gpu_checks.models.base_policy`.
    """

    policy: str
    plan: Plan
    prompts: Prompts
    device: str | None = None
    dtype: str | None = None

    def __call__(self) -> SampleWorker:
        """Load it."""
        if self.plan.uniform:
            return SampleWorker(uniform_policy(self.policy), self.plan, self.prompts)
        policy = base_policy(self.policy, self.device, self.dtype)
        return SampleWorker(policy, self.plan, self.prompts)


class SampleWorker:
    """Draws the rows of a job.

    Parameters
    ----------
    policy : BasePolicy or UniformPolicy
        What draws.
    plan : Plan
        What is drawn.
    prompts : Prompts
        What is answered.
    """

    def __init__(self, policy: BasePolicy | UniformPolicy, plan: Plan, prompts: Prompts) -> None:
        self.policy, self.plan, self.prompts = policy, plan, prompts

    def describe(self) -> dict[str, Any]:
        """What decides the rows, as their folder keeps it."""
        return {
            "schema": SCHEMA,
            "policy": self.policy.name,
            "policy_fingerprint": self.policy.fingerprint,
            "vocabulary_fingerprint": vocabulary_fingerprint(self.policy.tokenizer),
            "prompts": {"count": len(self.prompts.texts), "sha256": self.prompts.sha256},
            **asdict(self.plan),
        }

    @property
    def forward_seconds(self) -> float:
        """How long the model's forward passes have taken so far."""
        return self.policy.forward_seconds

    def work(self, job: Job, tick: Tick) -> pa.Table:
        """Make the rows of a job."""
        rows: range = job.what
        generators = [self.plan.generator(row) for row in rows]
        contexts = [self.policy.encode_prompt(self._prompt(row)) for row in rows]
        answers = self.policy.sample(contexts, self.plan.tokens, generators, tick=tick)
        return self._table(rows, contexts, answers)

    def _prompt(self, row: int) -> str:
        return self.prompts.texts[row // self.plan.answers]

    def _table(self, rows: range, contexts: list[list[int]], answers: list[Sampled]) -> pa.Table:
        import pyarrow as pa

        ids, numbers = pa.list_(pa.int32()), pa.list_(pa.float64())
        logs = [each.log_probs for each in answers]
        columns = {
            "id": pa.array(rows, pa.int64()),
            "prompt_id": pa.array([row // self.plan.answers for row in rows], pa.int64()),
            "prompt": pa.array([self._prompt(row) for row in rows], pa.string()),
            "answer": pa.array([self.policy.decode(each.ids) for each in answers], pa.string()),
            "prompt_ids": pa.array(contexts, ids),
            "answer_ids": pa.array([each.ids for each in answers], ids),
            "token_log_probs": pa.array(logs, numbers),
            "log_prob": pa.array([math.fsum(each) for each in logs], pa.float64()),
            "length": pa.array([len(each.ids) for each in answers], pa.int32()),
            "ended": pa.array([each.ended for each in answers], pa.bool_()),
        }
        return pa.table(columns)


def sample(
    opener: OpenSampler,
    out: str,
    *,
    engine: str = "local",
    workers: int = 1,
    progress: Progress | None = None,
    most: int = MOST_ROWS,
) -> Outcome:
    """Sample into a folder, going on from what is done there.

    Parameters
    ----------
    opener : OpenSampler
        What draws what.
    out : str
        The folder. Its rows have the columns ``id``, ``prompt_id``, ``prompt``, ``answer``,
        ``prompt_ids``, ``answer_ids``, ``token_log_probs`` (natural, of the answer's tokens),
        ``log_prob`` (their sum), ``length`` (tokens), ``ended`` (by itself).
    engine : {'local', 'ray'}
        This process, or workers of a cluster.
    workers : int
        Of the cluster.
    progress : callable, optional
        Told how far it is.
    most : int
        How many rows a file has at most.

    Raises
    ------
    InputError
        If the folder holds another run, another process is at it, or the model cannot be had.
    OutputError
        If the disk is full; what is done stays.
    """
    plan = opener.plan
    total = len(opener.prompts.texts) * plan.answers
    with engine_of(engine, opener, workers, opener.device) as (run, description):
        folder = RunFolder(out, description)
        return run_jobs([range(total)], folder, run, total, progress, most)
