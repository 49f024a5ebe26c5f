"""Doing the jobs of a run that are not done yet, with how fast it goes and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gpu_checks.records.folder import RunFolder
from verify.files import OutputError
from verify.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

#: Told how many more rows of a job are done.
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Job:
    """Rows that are made together.

    Parameters
    ----------
    number : int
        From 0 on; it names the file.
    rows : int
        How many.
    what : object
        What the worker needs for them; it can be sent to another process.
    """

    number: int
    rows: int
    what: Any


@dataclass(frozen=True)
class Made:
    """The rows of a job, and how long the model's forward passes took of it, in seconds."""

    table: pa.Table
    forward_seconds: float


class Worker(Protocol):
    """Does jobs; the model it needs is loaded once."""

    def describe(self) -> dict[str, Any]:
        """What decides the rows of the run."""

    def work(self, job: Job, tick: Tick) -> Made:
        """Make the rows of a job."""


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

    def line(self, verb: str) -> str:
        """One line that says so, with the rate beside that of the forward passes."""
        kept = f" ({self.kept:,} were there)" if self.kept else ""
        if not self.rows:
            return f"{verb} no rows: all {self.kept:,} were there"
        rate = self.rows / max(self.seconds, 1e-9)
        share = self.forward_seconds / max(self.seconds, 1e-9)
        return (
            f"{verb} {self.rows:,} rows{kept} in {_duration(self.seconds)}: {rate:,.1f} a second; "
            f"{share:.0%} of the time was the model's forward passes"
        )


def run_jobs(
    jobs: Iterable[Job],
    folder: RunFolder,
    engine: Engine,
    total: int,
    progress: Progress | None = None,
) -> Outcome:
    """Do what a run has still to do.

    Parameters
    ----------
    jobs : iterable of Job
        All of the run, those that are done among them.
    folder : RunFolder
        Where what is made goes.
    engine : callable
        Who does the jobs (:mod:`gpu_checks.records.engines`).
    total : int
        How many rows the run has.
    progress : callable, optional
        Told how many rows are done, and the rate and the time left.

    Raises
    ------
    OutputError
        If a file cannot be written, as when the disk is full; what is done stays.
    """
    kept, started = 0, time.monotonic()
    done, written, forward = 0, 0, 0.0

    def tick(rows: int) -> None:
        nonlocal done
        done += rows
        if progress is not None:
            progress(kept + done, total, _pace(done, total - kept - done, started))

    def left() -> Iterator[Job]:
        nonlocal kept
        for job in jobs:
            if folder.is_done(job.number):
                kept += job.rows
            else:
                yield job

    for job, made in engine(left(), tick):
        try:
            folder.write(job.number, made.table)
        except OutputError as error:
            raise OutputError(
                f"{error}; {kept + written:,} of {total:,} rows are done and stay: the same "
                "command goes on from there"
            ) from None
        written += job.rows
        forward += made.forward_seconds
    return Outcome(written, kept, time.monotonic() - started, forward)


def _pace(done: int, left: int, started: float) -> str:
    rate = done / max(time.monotonic() - started, 1e-9)
    if not rate:
        return ""
    return f"{rate:,.1f} rows/s, {_duration(left / rate)} left"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
