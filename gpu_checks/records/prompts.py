"""Prompts from a file."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gpu_checks.preferences import read_preferences
from verify.errors import InputError
from verify.files import reason

ENDINGS = (".txt", ".txt.gz", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class Prompts:
    """The prompts of a file, in its order.

    Parameters
    ----------
    texts : tuple of str
        None of them empty.
    sha256 : str
        Of the texts: the same prompts in another format are the same.
    """

    texts: tuple[str, ...]
    sha256: str

    @classmethod
    def of(cls, texts: Iterable[str]) -> Prompts:
        """Prompts, with their hash."""
        kept = tuple(texts)
        return cls(kept, hashlib.sha256(json.dumps(kept).encode()).hexdigest())


def read_prompts(file: str, column: str = "prompt") -> Prompts:
    """Read prompts.

    Parameters
    ----------
    file : str
        Lines of text, one prompt each; or one JSON object a line, which holds a prompt, or two
        answers of which one was preferred, as in hh-rlhf. Gzipped or not.
    column : str
        The key of the prompts in objects of JSON.

    Raises
    ------
    InputError
        If it cannot be read, has no prompts, or one is empty.
    """
    if not file.lower().endswith(ENDINGS):
        raise InputError(f"{file}: expected a file of prompts ending in {', '.join(ENDINGS)}")
    try:
        packed = Path(file).read_bytes()
        data = gzip.decompress(packed) if file.lower().endswith(".gz") else packed
        lines = data.decode().split("\n")
    except (EOFError, gzip.BadGzipFile):
        raise InputError(f"{file}: is no whole gzip file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is no text in UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({reason(error)})") from None
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise InputError(f"{file}: no prompts in it")
    if file.lower().removesuffix(".gz").endswith(".txt"):
        return Prompts.of(_lines(file, lines))
    if column == "prompt" and _holds_pairs(lines[0]):
        return Prompts.of(dict.fromkeys(pair.prompt for pair in read_preferences(file).pairs))
    return Prompts.of(_objects(file, lines, column))


def _lines(file: str, lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        yield _checked(line.removesuffix("\r"), f"{file}, line {number}")


def _objects(file: str, lines: list[str], column: str) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        where = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except ValueError:
            raise InputError(f"{where}: is no JSON; expected an object with {column!r}") from None
        found = row.get(column) if isinstance(row, dict) else None
        if not isinstance(found, str):
            raise InputError(f"{where}: no text {column!r}; --prompt-column names the key")
        yield _checked(found, where)


def _checked(prompt: str, where: str) -> str:
    if not prompt.strip():
        raise InputError(f"{where}: the prompt is empty; leave out --prompts to sample without one")
    return prompt


def _holds_pairs(line: str) -> bool:
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and "prompt" not in row and {"chosen", "rejected"} <= row.keys()
