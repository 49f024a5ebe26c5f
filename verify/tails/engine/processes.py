"""Several processes of this machine."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from verify.errors import InputError
from verify.tails.engine.pool import in_order
from verify.tails.engine.task import Task
from verify.tails.summary.summary import Summary


def results(tasks: Iterator[Task], workers: int) -> Generator[Summary]:
    """The summaries of the shards, in their order.

    Raises
    ------
    InputError
        If a worker dies, which mostly is for want of memory.
    """
    # Not forked: other threads of this process, such as Arrow's, would leave locks behind.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        try:
            yield from in_order(pool, tasks, workers)
        except BrokenProcessPool:
            raise InputError(
                "a worker process died, most likely for want of memory: take fewer workers; "
                "with a work folder, shards that were done are not done again"
            ) from None
