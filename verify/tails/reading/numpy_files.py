"""Reading .npy and .npz files in blocks, never unpickled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from verify.reading import DataError
from verify.tails.reading.formats import UNNAMED, Arrays, Kind, Part

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
        with open(path, "rb") as file:
            _header(path, file)
        return {UNNAMED: "number"}

    def parts(self, path: str) -> list[Part]:
        with open(path, "rb") as file:
            rows, dtype = _header(path, file)
            there = (os.fstat(file.fileno()).st_size - file.tell()) // dtype.itemsize
        if there < rows:
            raise DataError(f"{path}: cut off after row {there}; its header says {rows} rows")
        return [Part(start, min(start + SHARD, rows)) for start in range(0, rows, SHARD)]

    def blocks(self, path: str, part: Part, names: list[str]) -> Iterator[tuple[int, Arrays]]:
        with open(path, "rb", buffering=0) as file:
            _, dtype = _header(path, file)
            file.seek(part.start * dtype.itemsize, os.SEEK_CUR)
            for start in range(part.start, part.stop, BLOCK):
                rows = min(BLOCK, part.stop - start)
                yield start, {UNNAMED: _rows(path, file, dtype, rows, start)}


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
    if dtype.kind not in "fiub":
        raise DataError(f"{path}: holds {dtype}; expected floats or integers")
    return max(shape) if 0 not in shape else 0, dtype


def _rows(path: str, file: IO[bytes], dtype: np.dtype[Any], rows: int, start: int) -> NDArray[Any]:
    """The next rows of a file that has them, whatever it is read from."""
    import numpy as np

    block = np.empty(rows, dtype)
    view = memoryview(block.view(np.uint8))
    while len(view):
        got = file.readinto(view)  # type: ignore[attr-defined]
        if not got:
            there = start + (block.nbytes - len(view)) // dtype.itemsize
            raise DataError(f"{path}: cut off after row {there}")
        view = view[got:]
    return block
