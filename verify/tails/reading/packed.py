"""Files packed with gzip, and what is left of damaged ones."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

from verify.reading import DataError

#: What reading raises where a packed file is damaged or cut off.
BROKEN = (OSError, EOFError, zlib.error)


def is_packed(path: str) -> bool:
    """Whether a file's name says that it is packed with gzip."""
    return path.lower().endswith(".gz")


def opened(path: str) -> Any:
    """A file's bytes, unpacked, as pyarrow reads them."""
    import pyarrow as pa

    return pa.input_stream(path, compression="gzip" if is_packed(path) else None)


def broken(path: str, error: Exception) -> DataError:
    """What to say of a damaged file: how many of its lines can be read.

    Only gzip is known to break; what else goes wrong is said as it was.
    """
    lines = 0
    if is_packed(path):
        try:
            with gzip.open(path, "rb") as file:
                for _ in file:
                    lines += 1
        except BROKEN as why:
            error = why
    return DataError(f"{path}: damaged or cut off after line {lines} ({error})")
