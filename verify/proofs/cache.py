"""What a check of proofs remembers, and how processes that check at the same time wait.

A file appears under its name only when it is whole. The lock is the system's: it is given back
whatever becomes of the process that holds it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """Where what passed is remembered: under ``$XDG_CACHE_HOME``, by default ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "catastrophic-goodhart" / "kernel"


def digest(*parts: str) -> str:
    """The hash of a list of texts."""
    # Lengths first, so that no two lists run into the same text.
    found = hashlib.sha256(repr([len(part) for part in parts]).encode())
    for part in parts:
        found.update(part.encode())
    return found.hexdigest()


def put(target: Path, content: bytes) -> None:
    """Write a file whole or not at all; where it cannot be, nothing is remembered."""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(target)
    except OSError:
        return


@contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """The cache, for this process alone; where there can be none, a folder for this time only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        with tempfile.TemporaryDirectory(prefix="goodhart-kernel-") as once:
            yield Path(once)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(lock)


@contextmanager
def workshop(cache: Path) -> Iterator[Path]:
    """An empty folder to work in. What killed processes left is removed: the cache is locked."""
    for left in cache.glob("work-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=cache) as folder:
        yield Path(folder)
