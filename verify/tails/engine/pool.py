"""Tasks handed to a pool of workers, a few ahead, and their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future
from itertools import islice

from verify.tails.engine.task import Task
from verify.tails.summary.summary import Summary


def in_order(pool: Executor, tasks: Iterator[Task], workers: int) -> Generator[Summary]:
    """The summaries of the shards, in their order."""
    # Two for each worker: one that it works on, and one that waits for it.
    running: deque[Future[Summary]] = deque()
    try:
        running.extend(pool.submit(task.done) for task in islice(tasks, 2 * workers))
        while running:
            yield running.popleft().result()
            running.extend(pool.submit(task.done) for task in islice(tasks, 1))
    finally:
        for future in running:
            future.cancel()
