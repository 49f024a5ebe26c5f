"""Doing the rows of a run that are not done yet, with how fast it goes and how long it takes."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gpu_checks.records.folder import RunFolder
from verify.files import OutputError
from verify.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "goodhart-run/1"
#: A file has so many rows at least, as small batches are slow, and so many at most.
FEWEST_ROWS, MOST_ROWS = 32, 1024
#: How long a file may take: about what an interruption costs at most.
SECONDS = 20.0
#: A file has at most so many times the rows of the one before.
GROWTH = 4
#: Told how many more rows of a job are done.
Tick = Callable[[int], None]


class Rows(Protocol):
    """Consecutive rows, such as a range or a table."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Any: ...


@dataclass(frozen=True)
class Job:
    """Rows that are made together, and go to one file.

    Parameters
    ----------
    first : int
        The first of them, from 0 on.
    rows : int
        How many.
    what : object
        What the worker needs for them; it can be sent to another process.
    """

    first: int
    rows: int
    what: Any


@dataclass(frozen=True)
class Made:
    """What was made in a job.

    Parameters
    ----------
    table : pyarrow.Table
        The rows.
    seconds, forward_seconds : float
        How long it took, and the model's forward passes of it.
    """

    table: pa.Table
    seconds: float
    forward_seconds: float


class Worker(Protocol):
    """Does jobs; the model it needs is loaded once."""

    @property
    def forward_seconds(self) -> float:
        """How long the model's forward passes have taken so far."""

    def describe(self) -> dict[str, Any]:
        """What decides the rows of the run."""

    def work(self, job: Job, tick: Tick) -> pa.Table:
        """Make the rows of a job."""


def made_by(worker: Worker, job: Job, tick: Tick) -> Made:
    """What a worker makes in a job, with the time it takes."""
    started, before = time.monotonic(), worker.forward_seconds
    table = worker.work(job, tick)
    return Made(table, time.monotonic() - started, worker.forward_seconds - before)


#: From jobs to what was made of them, in any order. A worker that is elsewhere ticks once a job.
Engine = Callable[[Iterator[Job], Tick], Iterator[tuple[Job, Made]]]


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    Parameters
    ----------
    rows : int
        Made now.
    kept : int
        There before.
    seconds : float
        It took, models not loaded in that time.
    forward_seconds : float
        Of all workers, in forward passes.
    """

    rows: int
    kept: int
    seconds: float
    forward_seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / max(self.seconds, 1e-9)

    def line(self, verb: str) -> str:
        """One line that says so, with the rate beside that of the forward passes."""
        kept = f" ({self.kept:,} were there)" if self.kept else ""
        if not self.rows:
            return f"{verb} no rows: all {self.kept:,} were there"
        share = self.forward_seconds / max(self.seconds, 1e-9)
        return (
            f"{verb} {self.rows:,} rows{kept} in {_duration(self.seconds)}: {self.rate:,.1f} a "
            f"second; {share:.0%} of the time was the model's forward passes"
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"schema": SCHEMA, **asdict(self), "rows_per_second": self.rate}


class Pace:
    """How many rows the next job has: as many as take :data:`SECONDS`, by how long others took.

    Parameters
    ----------
    most : int
        It has no more.
    """

    def __init__(self, most: int) -> None:
        self.most, self.rows = most, min(most, FEWEST_ROWS)

    def took(self, rows: int, seconds: float) -> None:
        """Learn how long a job took."""
        fits = int(SECONDS * rows / max(seconds, 1e-9))
        self.rows = min(max(fits, FEWEST_ROWS), GROWTH * self.rows, self.most)


def run_jobs(
    blocks: Iterable[Rows],
    folder: RunFolder,
    engine: Engine,
    total: int,
    progress: Progress | None = None,
    most: int = MOST_ROWS,
) -> Outcome:
    """Do what a run has still to do.

    Parameters
    ----------
    blocks : iterable of rows
        What the rows are made from, all of the run, in their order. No job is across two blocks.
    folder : RunFolder
        Where what is made goes.
    engine : callable
        Who does the jobs (:mod:`gpu_checks.records.engines`).
    total : int
        How many rows the run has.
    progress : callable, optional
        Told how many rows are done, and the rate and the time left.
    most : int
        How many rows a file has at most.

    Raises
    ------
    InputError
        If another process is at this folder.
    OutputError
        If a file cannot be written, as when the disk is full; what is done stays.
    """
    with folder.locked():
        there = folder.done()
        kept, started, pace = sum(there.values()), time.monotonic(), Pace(most)
        done, written, forward = 0, 0, 0.0

        def tick(rows: int) -> None:
            nonlocal done
            done += rows
            if progress is not None:
                progress(kept + done, total, _left(done, total - kept - done, started))

        for job, made in engine(jobs_left(blocks, there, pace), tick):
            try:
                folder.write(job.first, made.table)
            except OutputError as error:
                raise OutputError(
                    f"{error}; {kept + written:,} of {total:,} rows are done and stay: the same "
                    "command goes on from there"
                ) from None
            pace.took(job.rows, made.seconds)
            written += job.rows
            forward += made.forward_seconds
    return Outcome(written, kept, time.monotonic() - started, forward)


def jobs_left(blocks: Iterable[Rows], done: Mapping[int, int], pace: Pace) -> Iterator[Job]:
    """Jobs for the rows that no file has.

    Parameters
    ----------
    blocks : iterable of rows
        In their order.
    done : mapping
        The first row of each file, and how many it has.
    pace : Pace
        How many rows the next job has at most.
    """
    starts = sorted(done)
    row = end = 0
    for block in blocks:
        begin, end = end, end + len(block)
        while row < end:
            if row in done:
                row += done[row]
                continue
            place = bisect_right(starts, row)
            stop = min(row + pace.rows, end, *starts[place : place + 1])
            yield Job(row, stop - row, block[row - begin : stop - begin])
            row = stop


def _left(done: int, left: int, started: float) -> str:
    rate = done / max(time.monotonic() - started, 1e-9)
    if not rate:
        return ""
    return f"{rate:,.1f} rows/s, {_duration(left / rate)} left"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
