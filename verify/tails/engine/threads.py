"""Several threads of this process: numpy and Arrow let go of the interpreter while they work.

Nothing has to be sent anywhere, and nothing is started: a process has to import numpy and Arrow
first, in a second or more, and to send up to 8 MB for each shard. So processes are quicker only
where Python itself has much to do, as with prompts in many large files of text.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, local

from verify.progress import Progress
from verify.tails.engine.fingerprint import State
from verify.tails.engine.pool import in_order
from verify.tails.engine.task import Source, Task, add_shard
from verify.tails.reading.batch import Batch
from verify.tails.summary.prompts import PromptSummaries, joined
from verify.tails.summary.summary import Summary, Summing

#: How many there are unless more are asked for: each takes some 15 MB, and two take 90 in all.
MOST_THREADS = 2


def results(tasks: Iterator[Task], workers: int) -> Generator[Summary]:
    """The summaries of the shards, in their order."""
    with ThreadPoolExecutor(workers) as pool:
        yield from in_order(pool, tasks, workers)


def summed(
    shards: Sequence[Source],
    states: dict[str, State],
    keep: int,
    progress: Progress | None,
    workers: int,
) -> Summary:
    """All shards in one go: quicker than to make a summary of each first.

    Each thread has a summary that grows, and takes one shard after the other. As summaries merge
    exactly, it does not matter which shards it took; only the sums of prompts are rounded, and
    these are put together in the order of the shards.

    Raises
    ------
    InputError
        If a file is damaged or has changed; of several the first.
    """
    if workers == 1:
        return _summed_here(shards, states, keep, progress)
    whole, own, parts, stop = Summing(keep), local(), SimpleQueue[Summing](), Event()

    def begin() -> None:
        own.summing = whole.beside()
        parts.put(own.summing)

    def work(shard: Source) -> PromptSummaries | None:
        summing: Summing = own.summing
        add_shard(summing, _Stoppable(shard, stop), states[shard.path])
        return summing.take_prompts()

    prompts = None
    with ThreadPoolExecutor(workers, initializer=begin) as pool:
        try:
            for number, (shard, found) in enumerate(
                zip(shards, pool.map(work, shards), strict=True)
            ):
                prompts = joined(prompts, found)
                if progress is not None:
                    progress(number + 1, len(shards), shard.path)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    while not parts.empty():
        whole.join(parts.get())
    whole.add_prompts(prompts)
    return whole.result()


def _summed_here(
    shards: Sequence[Source], states: dict[str, State], keep: int, progress: Progress | None
) -> Summary:
    """The same in this thread alone."""
    summing = Summing(keep)
    for number, shard in enumerate(shards):
        add_shard(summing, shard, states[shard.path])
        if progress is not None:
            progress(number + 1, len(shards), shard.path)
    return summing.result()


class _Stoppable:
    """A shard of which no more is read once the work has ended, as by an error elsewhere."""

    def __init__(self, shard: Source, stop: Event) -> None:
        self._shard = shard
        self._stop = stop

    @property
    def path(self) -> str:
        """The file."""
        return self._shard.path

    def batches(self) -> Iterator[Batch]:
        """Its rows."""
        for batch in self._shard.batches():
            if self._stop.is_set():
                return
            yield batch
