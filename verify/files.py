"""Writing files so that an interruption or a full disk leaves nothing half-written."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from verify.errors import InputError

#: The file name that stands for standard output.
STDOUT = "-"


class OutputError(InputError):
    """A file that cannot be written; the message is one line."""


@contextmanager
def atomic_path(target: str) -> Iterator[Path]:
    """A temporary path beside ``target`` that takes its name when the block ends well.

    Raises
    ------
    OutputError
        If the file cannot be written; ``target`` is then as it was.
    """
    final = Path(target)
    try:
        handle, name = tempfile.mkstemp(prefix=".goodhart-", suffix=final.suffix, dir=final.parent)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {_reason(error)}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(final)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {_reason(error)}") from None
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: str, text: str) -> None:
    """Write text to a file, whole or not at all; ``-`` is standard output."""
    if target == STDOUT:
        sys.stdout.write(text)
        return
    with atomic_path(target) as path:
        path.write_text(text, encoding="utf-8")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
