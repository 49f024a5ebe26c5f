"""One piece of the work: a shard to be read and summed up, wherever that is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from verify.tails.engine.fingerprint import State, check_unchanged
from verify.tails.reading.batch import Batch
from verify.tails.summary.summary import Summary, Summing


class Source(Protocol):
    """A part of a file that can be read alone; picklable, with a ``repr`` that says all of it."""

    @property
    def path(self) -> str:
        """The file."""

    def batches(self) -> Iterator[Batch]:
        """Its rows."""


@dataclass(frozen=True)
class Task:
    """A shard to sum up.

    Attributes
    ----------
    shard : Source
    state : State
        Of its file when the work began.
    keep : int
        How many of the largest rewards are kept.
    floor : float
        What the largest rewards of the whole are known to lie above.
    """

    shard: Source
    state: State
    keep: int
    floor: float

    def done(self) -> Summary:
        """The summary of the shard.

        Raises
        ------
        InputError
            If the file is damaged, or is no longer what it was when the work began.
        """
        summing = Summing(self.keep, self.floor)
        add_shard(summing, self.shard, self.state)
        return summing.result()


def add_shard(summing: Summing, shard: Source, state: State) -> None:
    """Add a shard to a summary, as a part of its own.

    Raises
    ------
    InputError
        If the file is damaged, or is no longer in the state that it was in.
    """
    for batch in shard.batches():
        summing.add_batch(batch)
    check_unchanged(shard.path, state)
    summing.end_part()
