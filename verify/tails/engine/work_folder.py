"""Results of single shards, kept in a folder so that a run that was cut off can go on."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from json import dumps
from pathlib import Path

from verify.errors import InputError
from verify.files import reason, whole_file
from verify.tails.engine.fingerprint import State
from verify.tails.engine.task import Source
from verify.tails.summary.stored import SCHEMA, from_bytes, to_bytes
from verify.tails.summary.summary import Summary


class WorkFolder:
    """A folder of summaries, each under a name made of all that it depends on.

    What depends on a file that has changed since has another name, and is not found again.

    Parameters
    ----------
    folder : str
        Made if it is not there.

    Raises
    ------
    InputError
        If it cannot be made.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: cannot be used as a folder ({reason(error)})") from None

    def holds(self, shard: Source, state: State, keep: int) -> bool:
        """Whether a shard was done before."""
        return self._file(shard, state, keep).is_file()

    def load(self, shard: Source, state: State, keep: int) -> Summary | None:
        """The summary of a shard; None where its file is damaged."""
        try:
            return from_bytes(self._file(shard, state, keep).read_bytes())
        except (InputError, OSError):
            return None

    def save(self, shard: Source, state: State, keep: int, summary: Summary) -> None:
        """Keep the summary of a shard.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        with whole_file(str(self._file(shard, state, keep))) as file:
            file.write(to_bytes(summary))

    def _file(self, shard: Source, state: State, keep: int) -> Path:
        what = dumps([SCHEMA, repr(shard), asdict(state), keep])
        return self._folder / f"{hashlib.sha256(what.encode()).hexdigest()}.npz"
