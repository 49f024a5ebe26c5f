"""Several processes of this machine."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context

from verify.errors import InputError
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
        # Two for each worker: one that it works on, and one that waits for it.
        running: deque[Future[Summary]] = deque()
        try:
            running.extend(pool.submit(task.done) for task in islice(tasks, 2 * workers))
            while running:
                yield running.popleft().result()
                running.extend(pool.submit(task.done) for task in islice(tasks, 1))
        except BrokenProcessPool:
            raise InputError(
                "a worker process died, most likely for want of memory: take fewer workers; "
                "with a work folder, shards that were done are not done again"
            ) from None
        finally:
            for future in running:
                future.cancel()
