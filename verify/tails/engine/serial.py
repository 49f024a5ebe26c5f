"""One shard after the other, in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from verify.tails.engine.task import Task
from verify.tails.summary.summary import Summary


def results(tasks: Iterator[Task], workers: int) -> Generator[Summary]:
    """The summaries of the shards, in their order."""
    for task in tasks:
        yield task.done()
