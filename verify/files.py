"""Writing files so that an interruption or a full disk leaves nothing half-written."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from verify.errors import InputError

#: The file name that stands for standard output.
STDOUT = "-"


class OutputError(InputError):
    """A file that cannot be written; the message is one line."""


def check_outputs(options: dict[str, str | None], reads: Iterable[str] = ()) -> None:
    """Refuse, before any work is done, outputs that would overwrite each other or what is read.

    Those that cannot be written, as there is no such folder, are refused as well.

    Parameters
    ----------
    options : dict
        The file that each option names; None where it is not given.
    reads : iterable of str, optional
        The files that the command reads.

    Raises
    ------
    InputError
        If two options name the same file, both name standard output, one names nothing, or one
        names a file that is read.
    OutputError
        If one cannot be written.
    """
    sources = list(reads)
    taken: dict[str, str] = {}
    for option, target in options.items():
        if target is None:
            continue
        if not target:
            raise InputError(f"{option}: expected the name of a file, or '-', got nothing")
        place = target if target == STDOUT else os.path.realpath(target)
        if place in taken:
            where = "standard output" if target == STDOUT else target
            raise InputError(f"{taken[place]} and {option} both go to {where}; name two files")
        for other, earlier in taken.items():
            if _same_file(target, other):
                raise InputError(f"{earlier} and {option} are one file, {target}; name two files")
        if any(_same_file(target, source) for source in sources):
            raise InputError(
                f"{option}: {target} is a file that is read here, and it would be overwritten; "
                "name another"
            )
        taken[place] = option
        _check_place(target)


def _check_place(target: str) -> None:
    """Refuse what is seen to be no place for a file, before hours are spent on what to write."""
    if target == STDOUT or _is_special(target):
        return
    final = Path(os.path.realpath(target))
    if final.is_dir():
        raise OutputError(f"cannot write {target}: is a directory")
    if not final.parent.is_dir():
        raise OutputError(f"cannot write {target}: no such file or directory")
    if not os.access(final.parent, os.W_OK):
        raise OutputError(f"cannot write {target}: permission denied")


def _same_file(target: str, other: str) -> bool:
    """Whether an output is another file that exists: by a link, or by names of either case."""
    if target == STDOUT:
        return False
    try:
        return os.path.samefile(target, other)
    except (OSError, ValueError):  # one of them does not exist, or has a name that none can have
        return False


@contextmanager
def whole_file(target: str) -> Iterator[BinaryIO]:
    """A binary file that appears under the name ``target`` only when the block ends well.

    It is written beside the target and renamed, so that the target is never half-written. ``-`` is
    standard output; a device or a pipe is written to directly.

    Raises
    ------
    OutputError
        If the file cannot be written; ``target`` is then as it was.
    """
    try:
        if target == STDOUT:
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.flush()
        elif _is_special(target):
            with open(target, "wb") as file:
                yield file
        else:
            with _renamed_at_the_end(Path(os.path.realpath(target))) as file:
                yield file
    except OSError as error:
        shown = "standard output" if target == STDOUT else target
        raise OutputError(f"cannot write {shown}: {reason(error)}") from None


def _is_special(target: str) -> bool:
    """Whether the target is a device, a pipe or a socket, which renaming would replace."""
    try:
        mode = os.stat(target).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def _renamed_at_the_end(final: Path) -> Iterator[BinaryIO]:
    if final.is_dir():  # before any work is spent on it
        raise IsADirectoryError("is a directory")
    handle, name = tempfile.mkstemp(prefix=".goodhart-", suffix=final.suffix, dir=final.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: str, text: str) -> None:
    """Write text to a file, whole or not at all; ``-`` is standard output."""
    with whole_file(target) as file:
        file.write(text.encode("utf-8"))


def write_csv(target: str, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV, quoted where they need it; ``-`` is standard output."""
    import csv
    import io

    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    write_text(target, buffer.getvalue())


def make_folder(place: str) -> Path:
    """The folder of this name, made with those above it where it is not there.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    folder = Path(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {place}: {reason(error)}") from None
    return folder


def reason(error: OSError) -> str:
    """Why an operation on a file failed, in a few words."""
    return (error.strerror or str(error)).lower()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
