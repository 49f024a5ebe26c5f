"""Runs evidence, in this process or in several, and passes on what was found as it comes."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

from verify.claim import Evidence, Finding

#: Findings as they come, each with the place of its evidence in the list.
Numbered = Generator[tuple[int, Finding], None, None]
#: What is found where a process is lost, to a lack of memory say.
DIED = "the process that ran it died"


def findings_of(evidence: Sequence[Evidence], jobs: int | None = None) -> Numbered:
    """Run each piece of evidence, in any order.

    Parameters
    ----------
    evidence : sequence of Evidence
        The pieces.
    jobs : int, optional
        Processes; by default one for each processor this one may use. With 1 all runs in this one.
    """
    if jobs is None:
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    jobs = min(jobs or 1, len(evidence))
    return _run_here(evidence) if jobs <= 1 else _run_in_processes(evidence, jobs)


def _run_here(evidence: Sequence[Evidence]) -> Numbered:
    for index, piece in enumerate(evidence):
        yield index, piece.run()


def _run_in_processes(evidence: Sequence[Evidence], jobs: int) -> Numbered:
    """Findings as they come. Fresh interpreters: a fork would copy whatever threads hold."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        with _interrupts_held_back():
            futures = {pool.submit(_run_one, piece): i for i, piece in enumerate(evidence)}
        for future in as_completed(futures):
            try:
                finding = future.result()
            except BrokenProcessPool:
                finding = Finding("unknown", 0, 0, 0.0, DIED)
            yield futures[future], finding
        pool.shutdown()
    except BaseException:  # Ctrl-C above all: stop the processes, then let it through
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise


def _run_one(evidence: Evidence) -> Finding:
    return evidence.run()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Block SIGINT for a while. Processes started meanwhile never see it: only we answer Ctrl-C."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
