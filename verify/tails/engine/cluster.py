"""Workers of a Ray cluster: the one at RAY_ADDRESS, or one that is started on this machine.

Ray is an extra and is imported only here. It neither reports its use nor opens a dashboard.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from verify.errors import InputError
from verify.tails.engine.task import Task
from verify.tails.summary.summary import Summary

#: How often a shard is given to another worker when its own has died.
RETRIES = 3
#: For how many seconds a cluster may be silent when it is called.
PATIENCE = 10


def results(tasks: Iterator[Task], workers: int) -> Generator[Summary]:
    """The summaries of the shards, in their order.

    A worker that dies is replaced, and its shard is done again.

    Raises
    ------
    InputError
        If ray is not installed, or workers keep dying.
    """
    with connected(workers) as ray:
        done = ray.remote(max_retries=RETRIES)(Task.done)
        running = deque(done.remote(task) for task in islice(tasks, 2 * workers))
        try:
            while running:
                yield _result(ray, running.popleft())
                running.extend(done.remote(task) for task in islice(tasks, 1))
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


def _result(ray: Any, reference: Any) -> Summary:
    try:
        found: Summary = ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # what was raised there is raised here
        raise error.cause from None
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError):
        raise InputError(
            f"a shard killed {RETRIES + 1} worker{'s' if RETRIES else ''}, most likely for want of "
            "memory"
        ) from None
    return found


@contextmanager
def connected(workers: int) -> Iterator[Any]:
    """The ray module, connected; a cluster that was started here is stopped at the end.

    Raises
    ------
    InputError
        If ray is not installed, or no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise InputError(
            "the engine 'ray' needs ray: pip install '.[cluster]' in the checkout"
        ) from None
    if ray.is_initialized():
        yield ray
        return
    address = os.environ.get("RAY_ADDRESS")
    if address:
        _check_reached(address)
    size: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
    ray.init(address=address or "local", log_to_driver=False, logging_level="error", **size)
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_reached(address: str) -> None:
    """Refuse an address where nobody answers: Ray itself would try for two minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return  # such as auto
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError):
        raise InputError(
            f"no Ray cluster answers at {address}, where RAY_ADDRESS says that one is"
        ) from None
