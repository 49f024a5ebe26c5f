"""The formats of files: each says which columns it has, in which parts to read it, and its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from verify.reading import DataError
from verify.tails.reading.columns import Columns, Kind

#: Numpy arrays or pyarrow arrays, by the names of their columns.
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A part of a file: rows or row groups ``start`` to ``stop``; the last is not part of it."""

    start: int
    stop: int


#: Of a format that is read from its beginning to its end only.
WHOLE = Part(0, 1)


class Format(Protocol):
    """How files of one format are read. All methods raise DataError where a file is broken."""

    def columns(self, path: str) -> dict[str, Kind]:
        """What the columns of a file are called, and what they hold."""

    def parts(self, path: str) -> list[Part]:
        """The parts to read a file in, each by a process of its own if need be."""

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Some rows of the columns named, again and again: the first row, from 0, and arrays."""


def format_of(path: str) -> Format:
    """The format of a file, by the end of its name.

    Raises
    ------
    DataError
        If it has none that is known.
    """
    known = _formats()
    name = Path(path).name.lower()
    for suffix, found in known.items():
        if name.endswith(suffix):
            return found
    raise DataError(f"{path}: expected a file that ends in {', '.join(known)}")


def is_known(path: str) -> bool:
    """Whether the end of a file's name says what format it has."""
    return Path(path).name.lower().endswith(tuple(_formats()))


def _formats() -> dict[str, Format]:
    from verify.tails.reading.arrow_files import Arrow, Parquet
    from verify.tails.reading.csv_files import Csv
    from verify.tails.reading.json_files import Json, JsonLines
    from verify.tails.reading.numpy_files import Npy, Npz

    return {
        ".npy": Npy(),
        ".npz": Npz(),
        ".csv": Csv(),
        ".csv.gz": Csv(),
        ".tsv": Csv("\t"),
        ".tsv.gz": Csv("\t"),
        ".jsonl": JsonLines(),
        ".jsonl.gz": JsonLines(),
        ".json": Json(),
        ".parquet": Parquet(),
        ".arrow": Arrow(),
    }
