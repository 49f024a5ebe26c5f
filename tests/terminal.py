"""The command line in this process, for tests: what a command printed, and its exit status."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import goodhart


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str


class Terminal:
    """Runs commands in this process."""

    def __init__(self, capture: pytest.CaptureFixture[bytes]) -> None:
        self.capture = capture
        self.raw = b""

    def __call__(self, *arguments: str | Path) -> Done:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as stop:
            goodhart.main([str(argument) for argument in arguments])
        sys.stdout.flush()
        self.raw, err = self.capture.readouterr()
        status = stop.value.code
        assert isinstance(status, int)
        return Done(status, self.raw.decode("utf-8", "replace"), err.decode())

    def refused(self, *arguments: str | Path) -> str:
        """The line on stderr of a command that is refused, and does nothing else."""
        done = self(*arguments)
        assert done.status == 2, done
        assert done.err.startswith("goodhart: "), done
        assert done.err.count("\n") == 1, done
        return done.err.removeprefix("goodhart: ").strip()


def listing() -> list[str]:
    """The files in the working directory, hidden ones too."""
    return sorted(os.listdir())
