"""A folder of Parquet files, each with consecutive rows of a run, and what the run is."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import InputError
from verify.files import make_folder, whole_file, write_text

if TYPE_CHECKING:
    import pyarrow as pa

#: What the run is. Files that begin with ``_`` are no scores to ``goodhart audit``.
DESCRIPTION = "_run.json"
#: The key of the description in the metadata of each Parquet file.
METADATA = b"goodhart"
#: Of files that were being written when a run was killed.
UNFINISHED = ".goodhart-*"
FILES = "part-*.parquet"
#: A file is named after its first row.
NAME = re.compile(r"part-(\d{12})\.parquet")


class RunFolder:
    """Where a run keeps what is done.

    A file appears under its name only when it is whole and on the disk, so what is there after a
    crash is done, and what is not is to be done.

    Parameters
    ----------
    place : str
        The folder; made where it is not there.
    description : dict
        What decides the rows, such as fingerprints and seeds; JSON can hold it. The run goes on
        where the folder has this description, and is refused where it has another.

    Raises
    ------
    InputError
        If the folder is another run's, or has other files.
    OutputError
        If it cannot be made.
    """

    def __init__(self, place: str, description: Mapping[str, Any]) -> None:
        self.place, self.description = Path(place), dict(description)
        record = self.place / DESCRIPTION
        if record.is_file():
            _check_same(place, description_of(record), self.description)
            return
        if any(make_folder(place).iterdir()):
            raise InputError(f"{place}: the folder has other files; expected an empty or a new one")
        write_text(str(record), json.dumps(self.description, indent=2, sort_keys=True) + "\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes away, and remove what a killed one left half-written.

        Raises
        ------
        InputError
            If another process is at it.
        """
        handle = os.open(self.place, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"{self.place}: another process is writing there; wait until it ends, or name "
                    "another folder"
                ) from None
            except OSError:
                pass  # a file system that has no locks
            for left in self.place.glob(UNFINISHED):
                left.unlink()
            yield
        finally:
            os.close(handle)

    def file(self, first: int) -> Path:
        """The file that begins with this row, numbered from 0."""
        return self.place / f"part-{first:012d}.parquet"

    def done(self) -> dict[int, int]:
        """The first row of each file that is there, and how many it has.

        Raises
        ------
        InputError
            If one is damaged, of another run, or has rows that another has too.
        """
        found, end = {}, 0
        for file in sorted(self.place.glob(FILES)):
            named = NAME.fullmatch(file.name)
            first, rows = int(named[1]) if named else -1, self._rows(file)
            if first < end:
                raise InputError(
                    f"{file}: has rows that another file has, or a name that is not its own; "
                    "delete it, and the run makes them again"
                )
            found[first] = rows
            end = first + rows
        return found

    def _rows(self, file: Path) -> int:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            found = pq.read_metadata(file)
        except (OSError, pa.ArrowInvalid):
            raise InputError(f"{file}: is damaged; delete it, and the run makes it again") from None
        if (found.metadata or {}).get(METADATA) != self._packed():
            raise InputError(f"{file}: belongs to another run; name another folder")
        return int(found.num_rows)

    def write(self, first: int, table: pa.Table) -> None:
        """Write consecutive rows, the first of which has this number.

        Raises
        ------
        OutputError
            If they cannot be written; what was done before is kept.
        """
        import pyarrow.parquet as pq

        buffer = io.BytesIO()
        marked = table.replace_schema_metadata({METADATA: self._packed()})
        pq.write_table(marked, buffer, compression="zstd")
        with whole_file(str(self.file(first))) as file:
            file.write(buffer.getbuffer())

    def _packed(self) -> bytes:
        return json.dumps(self.description, sort_keys=True).encode()


def read_records(
    place: str, columns: Sequence[str] | None = None
) -> tuple[pa.Table, dict[str, Any]]:
    """The rows of a run in their order, and what the run is.

    Parameters
    ----------
    place : str
        Its folder.
    columns : sequence of str, optional
        Those that are read; all by default.

    Returns
    -------
    (pyarrow.Table, dict)
        The rows, and the description of the run.

    Raises
    ------
    InputError
        If it is no folder of a run, has no rows yet, or a file is damaged or lacks a column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    record = Path(place, DESCRIPTION)
    if not record.is_file():
        raise InputError(
            f"{place}: expected a folder of goodhart sample or score: no {DESCRIPTION}"
        )
    description = description_of(record)
    files = sorted(Path(place).glob(FILES))
    if not files:
        raise InputError(f"{place}: no rows yet; run the command that makes it to its end")
    tables = []
    for file in files:
        try:
            tables.append(pq.read_table(file, columns=None if columns is None else list(columns)))
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"{file}: cannot be read: {error!s:.100}") from None
        missing = set(columns or ()) - set(tables[-1].column_names)
        if missing:
            raise InputError(f"{file}: no column {min(missing)!r}")
    return pa.concat_tables(tables), description


def description_of(record: Path) -> dict[str, Any]:
    """What a run is, as its folder keeps it."""
    try:
        found = json.loads(record.read_text())
    except (OSError, ValueError):
        raise InputError(f"{record}: is damaged; name another folder") from None
    if not isinstance(found, dict):
        raise InputError(f"{record}: expected an object of JSON; name another folder")
    return found


def _check_same(place: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if found == wanted:
        return
    key = min(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    raise InputError(
        f"{place}: holds another run: {key} is {_short(found.get(key))} there and "
        f"{_short(wanted.get(key))} here; name another folder"
    )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 24 else text[:20] + "..."
