"""Sources that need no reader, some of which misbehave: for the tests of the engines."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from verify.errors import InputError
from verify.tails.reading.batch import Batch, Prompts, Tally


@dataclass(frozen=True)
class Lines:
    """A text file with one reward a line, in batches of 100."""

    path: str

    def batches(self) -> Iterator[Batch]:
        """The rewards; a prompt for each remainder by 5 of their row."""
        rewards = np.loadtxt(self.path)
        for start in range(0, len(rewards), 100):
            batch = rewards[start : start + 100]
            prompts = Prompts(np.arange(len(batch)) % 5, ("a", "b", "c", "d", "e"))
            yield Batch(batch, Tally(len(batch)), prompts)


@dataclass(frozen=True)
class Deadly(Lines):
    """Kills the process that reads it half-way, the first time."""

    marker: str = ""

    def batches(self) -> Iterator[Batch]:
        """The rewards, if the marker is there."""
        for number, batch in enumerate(super().batches()):
            if number == 1 and not Path(self.marker).exists():
                Path(self.marker).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch


@dataclass(frozen=True)
class Damaged(Lines):
    """A file that is no good."""

    def batches(self) -> Iterator[Batch]:
        """Says so."""
        yield next(super().batches())
        raise InputError(f"{self.path}: row 101 is cut off")


@dataclass(frozen=True)
class Changing(Lines):
    """A file that somebody writes to while it is read."""

    def batches(self) -> Iterator[Batch]:
        """The rewards, and a line more in the file."""
        yield from super().batches()
        with open(self.path, "a") as file:
            file.write("1.0\n")


@dataclass(frozen=True)
class Sources:
    """Some of them together."""

    shards: tuple[Lines, ...]


def written(folder: Path, rewards: np.ndarray, parts: int) -> list[str]:
    """Rewards in so many files of unequal lengths."""
    cuts = np.sort(np.random.default_rng(1).integers(0, len(rewards), parts - 1))
    paths = []
    for number, part in enumerate(np.split(rewards, cuts)):
        path = folder / f"{number:02d}.txt"
        np.savetxt(path, part, fmt="%.17g")
        paths.append(str(path))
    return paths
