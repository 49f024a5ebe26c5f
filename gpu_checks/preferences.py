"""Human preferences: pairs of answers to one prompt, one of which a person preferred."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_checks.dialogue import ANSWER, messages_of
from verify.errors import InputError
from verify.files import reason

#: How the names of such files end.
ENDINGS = (".jsonl", ".jsonl.gz")
WANTED = "expected the texts prompt, chosen and rejected, or chosen and rejected as in hh-rlhf"


@dataclass(frozen=True)
class Preference:
    """One judgement: which of two answers to a prompt was preferred.

    Parameters
    ----------
    prompt : str
        What was asked: plain text, or a dialogue as in hh-rlhf (see
        :func:`~gpu_checks.dialogue.messages_of`).
    chosen, rejected : str
        The answer that was preferred, and the other.
    """

    prompt: str
    chosen: str
    rejected: str

    @property
    def opening(self) -> str:
        """The first thing that was asked. Dialogues that open alike are alike further on."""
        return messages_of(self.prompt)[0]["content"]


@dataclass(frozen=True)
class Preferences:
    """The judgements of a file.

    Parameters
    ----------
    pairs : tuple of Preference
        In the order of the file.
    ties : int
        Rows left out, as their two answers are the same.
    sha256 : str
        Of the file.
    """

    pairs: tuple[Preference, ...]
    ties: int
    sha256: str


def read_preferences(file: str) -> Preferences:
    """Read judgements, one JSON object a line, gzipped or not.

    A row holds ``prompt``, ``chosen`` and ``rejected``; or as in hh-rlhf (Bai et al., arXiv
    2204.05862) two whole dialogues ``chosen`` and ``rejected``, whose prompt is what they share up
    to the start of an answer.

    Raises
    ------
    InputError
        If the file cannot be read, or a row is something else; the message names the line.
    """
    if not file.lower().endswith(ENDINGS):
        raise InputError(f"{file}: expected a file of preferences ending in {' or '.join(ENDINGS)}")
    try:
        packed = Path(file).read_bytes()
        data = gzip.decompress(packed) if file.lower().endswith(".gz") else packed
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(f"{file}: is no whole gzip file") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({reason(error)})") from None
    rows = tuple(_rows(file, data))
    pairs = tuple(row for row in rows if row.chosen != row.rejected)
    if not pairs:
        raise InputError(f"{file}: no preferences in it; {WANTED}")
    return Preferences(pairs, len(rows) - len(pairs), hashlib.sha256(packed).hexdigest())


def _rows(file: str, data: bytes) -> Iterator[Preference]:
    # By bytes: str.splitlines would also cut at separators that may stand inside a JSON text.
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{file}, line {number}: is no JSON; {WANTED}") from None
        yield _preference(row, f"{file}, line {number}")


def _preference(row: Any, where: str) -> Preference:
    if not isinstance(row, dict):
        raise InputError(f"{where}: is no JSON object; {WANTED}")
    for name in ("prompt", "chosen", "rejected"):
        if not isinstance(row.get(name), str) and (name in row or name != "prompt"):
            raise InputError(f"{where}: no text {name}; {WANTED}")
    chosen, rejected = row["chosen"], row["rejected"]
    if "prompt" in row:
        return Preference(row["prompt"], chosen, rejected)
    parts = (place for place, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b)
    shared = chosen[: next(parts, min(len(chosen), len(rejected)))]
    end = shared.rfind(ANSWER)
    if end < 0:
        raise InputError(
            f"{where}: chosen and rejected share no text that ends in {ANSWER!r}; {WANTED}"
        )
    end += len(ANSWER)
    return Preference(chosen[:end], chosen[end:].strip(), rejected[end:].strip())


@dataclass(frozen=True)
class Parts:
    """What each pair is for: its places in the list of pairs.

    Parameters
    ----------
    train : tuple of int
        Fitted to.
    validation : tuple of int
        Say when to stop, and which of several fits is kept.
    held_out : tuple of int
        Looked at once, at the end.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    held_out: tuple[int, ...]


def split(
    pairs: Sequence[Preference],
    held_out: float = 0.2,
    validation: float = 0.1,
    part: tuple[int, int] = (1, 1),
    seed: int = 0,
    training_seed: int = 0,
) -> Parts:
    """Divide pairs into those to train on, to validate on, and to hold out.

    Dialogues with the same opening go together. Where one goes depends on its opening and the seed
    alone, not on the other rows or their order.

    Parameters
    ----------
    pairs : sequence of Preference
        What to divide.
    held_out : float
        The share held out, 0 <= held_out < 1: the same pairs for each part and training seed.
    validation : float
        The share of the others that validates, 0 <= validation < 1.
    part : (int, int)
        ``(k, m)``: take the k-th of m equal parts of what is not held out, from 1 on. Two parts
        share no opening, so that two reward models can be made whose errors have no data in common.
    seed : int
        Of what is held out, and of the parts.
    training_seed : int
        Of what validates.

    Raises
    ------
    InputError
        If a share or a part is out of range.
    """
    which, of = part
    for name, share in (("held out", held_out), ("validation", validation)):
        if not 0 <= share < 1:
            raise InputError(f"share of {name}: expected a number from 0 up to 1, got {share:g}")
    if not 1 <= which <= of:
        raise InputError(f"part: expected k/m with k from 1 to m, got {which}/{of}")
    found: dict[str, list[int]] = {"train": [], "validation": [], "held_out": []}
    for place, pair in enumerate(pairs):
        if _uniform("held out", seed, pair.opening) < held_out:
            found["held_out"].append(place)
        elif int(_uniform("part", seed, pair.opening) * of) == which - 1:
            validates = _uniform("validation", training_seed, pair.opening) < validation
            found["validation" if validates else "train"].append(place)
    return Parts(*(tuple(found[name]) for name in ("train", "validation", "held_out")))


def folds(pairs: Sequence[Preference], count: int, seed: int) -> list[int]:
    """The fold of each pair, from 0 to ``count - 1``: dialogues with the same opening share one."""
    return [int(_uniform("fold", seed, pair.opening) * count) for pair in pairs]


def _uniform(what: str, seed: int, text: str) -> float:
    """A number in [0, 1) that looks drawn at random, the same wherever it is asked for."""
    digest = hashlib.sha256(json.dumps([what, seed, text]).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
