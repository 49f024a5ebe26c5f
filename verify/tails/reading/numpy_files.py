"""Reading .npy and .npz files in blocks, never unpickled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from verify.reading import DataError
from verify.tails.reading.columns import UNNAMED, Columns, Kind
from verify.tails.reading.formats import WHOLE, Arrays, Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Rows of a block: 1 MiB of float64, which stays in the processor's cache until it is summed up.
BLOCK = 2**17
#: Rows of a shard: 128 MiB of float64.
SHARD = 2**24


class Npy:
    """A .npy file: one column, without a name."""

    def columns(self, path: str) -> dict[str, Kind]:
        """One column, whatever is in it: :meth:`parts` refuses what is no numbers."""
        return {UNNAMED: "number"}

    def parts(self, path: str) -> list[Part]:
        """Rows."""
        with open(path, "rb") as file:
            rows, dtype = _header(path, file)
            there = (os.fstat(file.fileno()).st_size - file.tell()) // dtype.itemsize
        if _kind(dtype) != "number":
            raise DataError(f"{path}: holds {dtype}; expected floats or integers")
        if there < rows:
            raise DataError(f"{path}: cut off after row {there}; its header says {rows} rows")
        return [Part(start, min(start + SHARD, rows)) for start in range(0, rows, SHARD)]

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Blocks of the rows of a part."""
        with open(path, "rb", buffering=0) as file:
            _, dtype = _header(path, file)
            file.seek(part.start * dtype.itemsize, os.SEEK_CUR)
            for start in range(part.start, part.stop, BLOCK):
                rows = min(BLOCK, part.stop - start)
                yield start, {UNNAMED: _rows(path, file, dtype, rows, start)}


class Npz:
    """A .npz file: a column for each array in it, unpacked as it is read."""

    def columns(self, path: str) -> dict[str, Kind]:
        """The arrays of one dimension; others are of no use."""
        found: dict[str, Kind] = {}
        with _archive(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as file:
                    try:
                        kind = _kind(_header(path, file)[1])
                    except DataError:
                        kind = "other"
                found[member.removesuffix(".npy")] = kind
        return found

    def parts(self, path: str) -> list[Part]:
        """The whole."""
        return [WHOLE]

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Blocks of rows of all the arrays, side by side."""
        names = columns.names()
        with _archive(path) as archive, ExitStack() as stack:
            files = {name: stack.enter_context(archive.open(f"{name}.npy")) for name in names}
            headers = {name: _header(path, file) for name, file in files.items()}
            lengths = {name: rows for name, (rows, _) in headers.items()}
            if len(set(lengths.values())) > 1:
                shown = ", ".join(f"{name!r} {rows}" for name, rows in lengths.items())
                raise DataError(f"{path}: its arrays differ in length ({shown})")
            total = lengths[names[0]]
            for start in range(0, total, BLOCK):
                rows = min(BLOCK, total - start)
                yield (
                    start,
                    {
                        name: _rows(path, file, headers[name][1], rows, start)
                        for name, file in files.items()
                    },
                )


def _archive(path: str) -> ZipFile:
    try:
        return ZipFile(path)
    except BadZipFile:
        raise DataError(
            f"{path}: not a .npz file, or cut off (its last bytes are not those of one)"
        ) from None


def _kind(dtype: np.dtype[Any]) -> Kind:
    if dtype.kind in "fiub":
        return "number"
    return "text" if dtype.kind == "U" else "other"


def _header(path: str, file: IO[bytes]) -> tuple[int, np.dtype[Any]]:
    """How many rows there are, and of what; the file is left at the first."""
    from numpy.lib import format as npy

    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    except ValueError:
        raise DataError(f"{path}: not a .npy file (its header is not that of one)") from None
    if dtype.hasobject:
        raise DataError(
            f"{path}: holds Python objects, which are never unpickled; save plain numbers"
        )
    if len(shape) != 1 and not (len(shape) == 2 and 1 in shape):
        raise DataError(f"{path}: has shape {shape}; expected one dimension or one column")
    return max(shape) if 0 not in shape else 0, dtype


def _rows(path: str, file: IO[bytes], dtype: np.dtype[Any], rows: int, start: int) -> NDArray[Any]:
    """The next rows of a file."""
    import numpy as np

    block = np.empty(rows, dtype)
    view = block.view(np.uint8).data
    while view.nbytes:
        got = file.readinto(view)  # type: ignore[attr-defined]
        if not got:
            there = start + (block.nbytes - view.nbytes) // dtype.itemsize
            raise DataError(f"{path}: cut off after row {there}")
        view = view[got:]
    return block
