"""Scoring: the rewards of texts or of token ids, beside what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpu_checks.models import RewardModel, reward_model
from gpu_checks.models.fingerprint import vocabulary_fingerprint
from gpu_checks.records.engines import engine_of
from gpu_checks.records.folder import RunFolder
from gpu_checks.records.run import MOST_ROWS, Job, Outcome, Tick, run_jobs
from gpu_checks.records.texts import Texts
from verify.errors import InputError
from verify.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "goodhart-scores/1"
#: Columns of token ids, as ``goodhart sample`` writes them: what is scored is one after the other.
IDS = ("prompt_ids", "answer_ids")


@dataclass(frozen=True)
class OpenScorer:
    """Loads the reward model of a worker, here or in another process.

    Parameters
    ----------
    reward : str
        Its name.
    texts : Texts
        What is scored.
    column : str
        The column that rewards are written to.
    ids : bool
        Whether the token ids of the rows are scored, rather than their texts.
    device, dtype : str or None
        As of :func:`gpu_checks.models.reward_model`.
    """

    reward: str
    texts: Texts
    column: str = "reward"
    ids: bool = False
    device: str | None = None
    dtype: str | None = None

    def __call__(self) -> ScoreWorker:
        """Load it."""
        return ScoreWorker(reward_model(self.reward, self.device, self.dtype), self)


class ScoreWorker:
    """Scores the rows of a job.

    Parameters
    ----------
    reward : RewardModel
        What scores.
    opener : OpenScorer
        What is scored, and how.
    """

    def __init__(self, reward: RewardModel, opener: OpenScorer) -> None:
        self.reward, self.opener = reward, opener

    def describe(self) -> dict[str, Any]:
        """What decides the rewards, as their folder keeps it."""
        return {
            "schema": SCHEMA,
            "reward_model": self.reward.name,
            "reward_fingerprint": self.reward.fingerprint,
            "vocabulary_fingerprint": vocabulary_fingerprint(self.reward.tokenizer),
            "column": self.opener.column,
            "ids": self.opener.ids,
        }

    @property
    def forward_seconds(self) -> float:
        """How long the model's forward passes have taken so far."""
        return self.reward.forward_seconds

    def work(self, job: Job, tick: Tick) -> pa.Table:
        """Score the rows of a job."""
        import pyarrow as pa

        table: pa.Table = job.what
        rewards = self.reward.score_ids(self._tokens(table), tick)
        return table.append_column(self.opener.column, pa.array(rewards, pa.float64()))

    def _tokens(self, table: pa.Table) -> list[list[int]]:
        if not self.opener.ids:
            prompts, answers = (table.column(role).to_pylist() for role in ("prompt", "answer"))
            return [self.reward.encode(*pair) for pair in zip(prompts, answers, strict=True)]
        before, after = (_column_of_ids(table, name) for name in IDS)
        return [[*first, *second] for first, second in zip(before, after, strict=True)]


def score(
    opener: OpenScorer,
    out: str,
    *,
    engine: str = "local",
    workers: int = 1,
    progress: Progress | None = None,
    most: int = MOST_ROWS,
) -> Outcome:
    """Score files into a folder, going on from what is done there.

    Parameters
    ----------
    opener : OpenScorer
        What scores what.
    out : str
        The folder. A row has the columns it had, and its reward.
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
        If the folder holds another run, another process is at it, the model cannot be had, or it
        does not share the token ids that are scored.
    OutputError
        If the disk is full; what is done stays.
    """
    total = opener.texts.count()
    with engine_of(engine, opener, workers, opener.device) as (run, description):
        of = opener.texts.description()
        if opener.ids:
            _check_vocabulary(description, of)
        folder = RunFolder(out, {**description, "of": of})
        return run_jobs(blocks_of(opener), folder, run, total, progress, most)


def blocks_of(opener: OpenScorer) -> Iterator[pa.Table]:
    """The rows that are to be scored."""
    for table in opener.texts.blocks(MOST_ROWS):
        if opener.column in table.column_names:
            raise InputError(
                f"the rows have a column {opener.column!r} already; --column names another"
            )
        yield table


def _check_vocabulary(description: dict[str, Any], of: list[dict[str, Any]]) -> None:
    """Refuse token ids that another vocabulary gave."""
    ours = description["vocabulary_fingerprint"]
    for each in of:
        if each.get("vocabulary_fingerprint", ours) != ours:
            raise InputError(
                f"{description['reward_model']} and {each.get('policy', 'what was sampled')} do "
                "not share a vocabulary; leave out --ids to score texts"
            )


def _column_of_ids(table: pa.Table, name: str) -> list[list[int]]:
    if name not in table.column_names:
        raise InputError(f"no column {name!r}; --ids scores what goodhart sample writes")
    rows: list[list[int]] = table.column(name).to_pylist()
    return rows
