"""Summing up all shards of some files, by any engine: the answer is the same.

Every shard is summed up by itself, and the summaries are merged in the order of the shards. What is
merged does not depend on which process made it, so the engines agree bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Literal, Protocol

from verify.errors import InputError
from verify.progress import Progress
from verify.tails.engine import cluster, processes, serial, threads
from verify.tails.engine.fingerprint import State, state_of
from verify.tails.engine.task import Source, Task
from verify.tails.engine.work_folder import WorkFolder
from verify.tails.summary.summary import TOP, Summary, Summing

Engine = Literal["threads", "serial", "processes", "ray"]
#: From tasks and a number of workers to their results, in the same order.
Results = Callable[[Iterator[Task], int], Generator[Summary]]
ENGINES: dict[Engine, Results] = {
    "threads": threads.results,
    "serial": serial.results,
    "processes": processes.results,
    "ray": cluster.results,
}


class Sources(Protocol):
    """Files that are cut into shards."""

    @property
    def shards(self) -> Sequence[Source]:
        """All of them."""


def summarise(
    scores: Sources,
    *,
    engine: Engine = "threads",
    workers: int | None = None,
    work_folder: str | None = None,
    progress: Progress | None = None,
    keep: int = TOP,
) -> Summary:
    """Sum up all shards.

    Parameters
    ----------
    scores : Scores
        What is read (:func:`verify.tails.reading.open_scores`).
    engine : {'threads', 'serial', 'processes', 'ray'}, optional
        Where the work is done.
    workers : int, optional
        How many threads or processes; as many as there are processors if it is not given, of
        threads at most 2.
    work_folder : str, optional
        Where summaries of single shards are kept. A run that was cut off goes on from there; files
        that have changed since are read again.
    progress : callable, optional
        Called with how many shards are done, how many there are, and the file of the last.
    keep : int, optional
        How many of the largest rewards are kept.

    Raises
    ------
    InputError
        One line: which file is damaged or has changed, or why the engine cannot work.
    """
    if engine not in ENGINES:
        raise InputError(f"no engine is called {engine!r}; there are {', '.join(ENGINES)}")
    if workers is not None and workers < 1:
        raise InputError(f"workers: expected at least 1, got {workers}")
    states = {path: state_of(path) for path in {shard.path for shard in scores.shards}}
    workers = _workers(engine, workers, len(scores.shards))
    if engine in ("threads", "serial") and work_folder is None:
        return threads.summed(scores.shards, states, keep, progress, workers)
    run = _Run(
        scores.shards, states, keep, None if work_folder is None else WorkFolder(work_folder)
    )
    summary = run.merged(ENGINES[engine], workers, progress)
    if not summary.is_complete:
        # What was kept in the work folder leaves out rewards that were too small beside others,
        # which a file that has changed no longer holds.
        summary = run.afresh().merged(ENGINES[engine], workers, progress)
    return summary


def _workers(engine: Engine, asked: int | None, shards: int) -> int:
    """How many threads or processes there are to be."""
    if engine == "serial":
        return 1
    found = asked or os.cpu_count() or 1
    if engine == "threads":
        return max(1, min(found, shards, asked or threads.MOST_THREADS))
    return found


class _Run:
    """A pass over all shards, some of which may have been done before."""

    def __init__(
        self,
        shards: Sequence[Source],
        states: dict[str, State],
        keep: int,
        folder: WorkFolder | None,
        fresh: bool = False,
    ) -> None:
        self._shards = shards
        self._states = states
        self._keep = keep
        self._folder = folder
        self._merged = Summing(keep)
        self._before = [
            not fresh and folder is not None and folder.holds(shard, states[shard.path], keep)
            for shard in shards
        ]

    def afresh(self) -> _Run:
        """The same pass without what was done before."""
        return _Run(self._shards, self._states, self._keep, self._folder, fresh=True)

    def merged(self, results: Results, workers: int, progress: Progress | None) -> Summary:
        """All shards, merged in their order."""
        others = (
            shard for shard, before in zip(self._shards, self._before, strict=True) if not before
        )
        with closing(results(map(self._task, others), workers)) as found:
            for number, (shard, before) in enumerate(zip(self._shards, self._before, strict=True)):
                self._merged.merge(
                    self._loaded(shard) if before else self._saved(shard, next(found))
                )
                if progress is not None:
                    progress(number + 1, len(self._shards), shard.path)
        return self._merged.result()

    def _task(self, shard: Source) -> Task:
        return Task(shard, self._states[shard.path], self._keep, self._merged.reached())

    def _loaded(self, shard: Source) -> Summary:
        assert self._folder is not None
        found = self._folder.load(shard, self._states[shard.path], self._keep)
        # None where the file is damaged.
        return self._saved(shard, self._task(shard).done()) if found is None else found

    def _saved(self, shard: Source, summary: Summary) -> Summary:
        if self._folder is not None:
            self._folder.save(shard, self._states[shard.path], self._keep, summary)
        return summary
