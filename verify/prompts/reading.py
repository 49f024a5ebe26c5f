"""Rewards by prompt from a file of a user: a column says which prompt, another has the reward."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.reading import (
    DataError,
    broken_files,
    digest,
    exact_floats,
    numbers_in,
    quoted,
    read_table,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Formats that have named columns.
FORMATS = (".csv", ".parquet", ".jsonl")
#: From here on float64 does not tell all integers apart.
ROUNDED_FROM = 2.0**53


@dataclass(frozen=True, eq=False)
class PromptRewards:
    """The rewards of a file, prompt after prompt.

    Attributes
    ----------
    text : str
        What the file and its columns are called.
    names : tuple of str
        The prompts, in the order in which they first occur.
    rewards : numpy.ndarray
        Finite float64, those of a prompt next to each other.
    rows : numpy.ndarray
        How many each prompt has, at least 1.
    sha256 : str
        Of the bytes of the file.
    """

    text: str
    names: tuple[str, ...]
    rewards: NDArray[np.float64]
    rows: NDArray[np.int64]
    sha256: str


def read_prompts(path: str, prompt: str, reward: str) -> PromptRewards:
    """Read rewards by prompt.

    Parameters
    ----------
    path : str
        A .csv, .parquet or .jsonl file.
    prompt, reward : str
        The columns: text or numbers that tell prompts apart (of a .csv file, text as it stands),
        and numbers.

    Raises
    ------
    DataError
        One line: the file cannot be read, a column is missing or holds something else, a row has
        no prompt or no finite reward, or prompts are numbers that float64 does not tell apart.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise DataError(f"{path}: expected a file with named columns: {', '.join(FORMATS)}")
    if prompt == reward:
        raise DataError(f"{path}: prompts and rewards are both to be in column {prompt}")
    content, table = read_table(path, [prompt, reward], text=prompt)
    with broken_files(path):
        names, codes = _codes(path, table, prompt)
        rewards = exact_floats(path, numbers_in(path, table, reward))
    ordered, rows = _by_prompt(codes, rewards, len(names))
    text = f"{path} by {prompt}, rewards {reward}"
    return PromptRewards(text, names, ordered, rows, digest(content))


def _by_prompt(
    codes: NDArray[np.int64], rewards: NDArray[np.float64], prompts: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The rewards in the order of their prompts' numbers, and how many each prompt has."""
    import numpy as np

    small = codes.astype(np.uint16) if prompts <= 2**16 else codes  # numpy sorts those by digits
    return rewards[np.argsort(small, kind="stable")], np.bincount(codes, minlength=prompts)


def _codes(path: str, table: Any, column: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The distinct entries of a column as text, and the number of each row's."""
    import numpy as np
    from pyarrow import compute, types

    names = table.schema.names
    if names.count(column) != 1:
        problem = "no column" if column not in names else "more than one column"
        raise DataError(f"{path}: {problem} named {column!r}; columns: {quoted(names)}")
    entries = table.column(column)
    if types.is_dictionary(entries.type):
        entries = compute.cast(entries, entries.type.value_type)
    kind = entries.type
    known = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean)
    if not (any(of_kind(kind) for of_kind in known) or types.is_floating(kind)):
        raise DataError(f"{path}: column {column} holds {kind}; expected text or numbers")
    missing = entries.is_null(nan_is_null=types.is_floating(kind))
    if types.is_string(kind) or types.is_large_string(kind):
        missing = compute.or_kleene(missing, compute.equal(entries, "")).fill_null(True)
    if compute.any(missing).as_py():
        first = missing.to_pylist().index(True)
        raise DataError(f"{path}: row {first + 1} has no prompt in column {column}")
    if types.is_floating(kind) and compute.any(
        compute.greater_equal(compute.abs(entries), ROUNDED_FROM)
    ):
        raise DataError(
            f"{path}: column {column} holds numbers that were rounded, so that different prompts "
            "may look alike; expected text, or integers below 2^63"
        )
    encoded = entries.dictionary_encode().combine_chunks()
    if not len(encoded):
        raise DataError(f"{path}: there are no rows in it")
    codes: NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return tuple(str(entry) for entry in encoded.dictionary.to_pylist()), codes
