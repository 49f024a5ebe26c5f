"""Whether a file is still what it was: its size, when it was written, and bytes of both ends."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from verify.errors import InputError
from verify.files import reason

#: How many bytes at either end are looked at.
ENDS = 2**16


@dataclass(frozen=True)
class State:
    """What a file was like.

    Attributes
    ----------
    size : int
        In bytes.
    written : int
        When it was last written, in ns.
    ends : str
        A hash of its first and its last 64 KiB.
    """

    size: int
    written: int
    ends: str


def state_of(path: str) -> State:
    """What a file is like now.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            ends = hashlib.sha256(file.read(ENDS))
            file.seek(max(0, found.st_size - ENDS))
            ends.update(file.read(ENDS))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from None
    return State(found.st_size, found.st_mtime_ns, ends.hexdigest())


def check_unchanged(path: str, state: State) -> None:
    """Refuse a file that has changed since.

    Raises
    ------
    InputError
        If it has.
    """
    if state_of(path) != state:
        raise InputError(f"{path}: the file changed while it was read; run it again")
