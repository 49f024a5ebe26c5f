"""From the cells of a column to finite numbers, and a count of the cells that are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.reading import DataError
from verify.tails.reading.batch import Batch, Prompts, Tally
from verify.tails.reading.columns import Columns
from verify.tails.reading.formats import Arrays

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Why a cell is left out, by its code; 0 is a finite number.
REASONS = ("", "NaN", "infinite", "missing", "text")
_NAN, _INFINITE, _NULL, _TEXT = 1, 2, 3, 4
#: What stands for a missing number in a text file.
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "Null", "None", "none", "<NA>"]
#: Numbers as they are written in text files, blanks around them allowed.
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
NOT_A_NUMBER = r"(?i)^\s*[+-]?nan\s*$"
INFINITY = r"(?i)^\s*[+-]?inf(inity)?\s*$"


@dataclass(frozen=True, eq=False)
class _Cells:
    """The cells of a column.

    ``values`` has a number for each cell; ``codes`` says which are none, None if all are;
    ``lengths`` says how many cells each row has, None for one each.
    """

    values: Floats
    codes: NDArray[np.uint8] | None
    lengths: NDArray[np.int64] | None = None


def batch_of(path: str, first: int, arrays: Arrays, columns: Columns, lower: bool) -> Batch:
    """The finite rewards of some rows, with what belongs to them.

    Parameters
    ----------
    path : str
        The file, for messages.
    first : int
        Its row that comes first, from 0.
    arrays : dict
        Numpy or pyarrow arrays by their columns' names, equally long.
    columns : Columns
        Which is which.
    lower : bool
        Whether rewards are negated.

    Raises
    ------
    DataError
        If lists in one row differ in length.
    """
    import numpy as np

    parts = [_part(path, first, arrays, columns, name, lower) for name in columns.reward]
    if len(parts) == 1:
        return parts[0]
    tally = parts[0].tally
    for part in parts[1:]:
        tally += part.tally
    prompts = [part.prompt for part in parts if part.prompt is not None]
    utilities = [part.utility for part in parts if part.utility is not None]
    log_probs = [part.log_prob for part in parts if part.log_prob is not None]
    return Batch(
        np.concatenate([part.reward for part in parts]),
        tally,
        Prompts(np.concatenate([each.codes for each in prompts]), prompts[0].names)
        if prompts
        else None,
        np.concatenate(utilities) if utilities else None,
        np.concatenate(log_probs) if log_probs else None,
    )


def _part(
    path: str, first: int, arrays: Arrays, columns: Columns, reward: str, lower: bool
) -> Batch:
    """What one column of rewards gives."""
    import numpy as np

    found = _cells(arrays[reward])
    lengths, codes = found.lengths, found.codes
    others: dict[str, Floats] = {}
    for role, name in (("utility", columns.utility), ("log_prob", columns.log_prob)):
        if name is None:
            continue
        other = _aligned(path, first, name, _cells(arrays[name]), reward, lengths)
        others[role] = other.values
        if role != "utility":
            codes = _first_reason(codes, other.codes)
        elif other.codes is not None:
            # A reward counts without a gold score too.
            others[role] = np.where(other.codes == 0, other.values, np.nan)
    prompt = None
    if columns.prompt is not None:
        prompt, missing = _prompts(arrays[columns.prompt])
        if lengths is not None:
            prompt = Prompts(np.repeat(prompt.codes, lengths), prompt.names)
            missing = None if missing is None else np.repeat(missing, lengths)
        codes = _first_reason(codes, missing)
    rewards = -found.values if lower else found.values
    if codes is None:
        return Batch(rewards, Tally(len(rewards)), prompt, **others)
    good = codes == 0
    if prompt is not None:
        prompt = Prompts(prompt.codes[good], prompt.names)
    kept = {role: values[good] for role, values in others.items()}
    return Batch(rewards[good], _tally(path, first, codes, lengths), prompt, **kept)


def _tally(
    path: str, first: int, codes: NDArray[np.uint8], lengths: NDArray[np.int64] | None
) -> Tally:
    import numpy as np

    _, nan, infinite, null, text = np.bincount(codes, minlength=len(REASONS)).tolist()
    if not nan + infinite + null + text:
        return Tally(len(codes))
    cell = int(np.flatnonzero(codes)[0])
    row = cell
    if lengths is not None:
        row = int(np.searchsorted(np.cumsum(lengths), cell, side="right"))
    where = (path, first + row + 1, REASONS[codes[cell]])
    return Tally(len(codes), nan, infinite, null, text, where)


def _first_reason(
    codes: NDArray[np.uint8] | None, others: NDArray[np.uint8] | None
) -> NDArray[np.uint8] | None:
    """A row is left out for the first reason there is."""
    import numpy as np

    if codes is None or others is None:
        return others if codes is None else codes
    return np.where(codes == 0, others, codes)


def _aligned(
    path: str,
    first: int,
    name: str,
    other: _Cells,
    reward: str,
    lengths: NDArray[np.int64] | None,
) -> _Cells:
    """A column beside the rewards: one number for each of theirs, or one for the list of a row."""
    import numpy as np

    if other.lengths is None:
        if lengths is None:
            return other
        codes = None if other.codes is None else np.repeat(other.codes, lengths)
        return _Cells(np.repeat(other.values, lengths), codes, lengths)
    ours = np.ones(len(other.lengths), np.int64) if lengths is None else lengths
    if (other.lengths != ours).any():
        row = int(np.argmax(other.lengths != ours))
        raise DataError(
            f"{path}: row {first + row + 1} has {other.lengths[row]} numbers in column {name!r} "
            f"and {ours[row]} in {reward!r}; expected as many"
        )
    return other


def _cells(array: Any) -> _Cells:
    """The numbers in a numpy or a pyarrow array."""
    import numpy as np

    if isinstance(array, np.ndarray):
        values = array.astype(np.float64, copy=False)
        return _Cells(values, _not_finite(values))
    from pyarrow import types

    if types.is_list(array.type) or types.is_large_list(array.type):
        return _lists(array)
    values, codes = _scalars(array)
    return _Cells(values, codes)


def _scalars(array: Any) -> tuple[Floats, NDArray[np.uint8] | None]:
    from pyarrow import compute, float64, scalar, types, uint8

    kind = array.type
    if types.is_string(kind) or types.is_large_string(kind):
        return _written(array)
    if types.is_boolean(kind):
        array = compute.cast(array, uint8())
    values = compute.cast(array, float64(), safe=False)
    missing = None
    if values.null_count:
        missing = values.is_null().to_numpy(zero_copy_only=False)
        values = compute.fill_null(values, scalar(0.0))
    numbers = values.to_numpy(zero_copy_only=False)
    codes = _not_finite(numbers)
    if missing is not None:
        codes = missing.astype("uint8") * _NULL if codes is None else codes | missing * _NULL
    return numbers, codes


def _lists(array: Any) -> _Cells:
    """Lists one after the other; a list that is missing is one entry that is missing."""
    import numpy as np
    from pyarrow import compute

    array = array.combine_chunks() if hasattr(array, "combine_chunks") else array
    values, codes = _scalars(compute.list_flatten(array))
    lengths = compute.fill_null(compute.list_value_length(array), 0)
    counts = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    if array.null_count:
        missing = array.is_null().to_numpy(zero_copy_only=False)
        before = (np.cumsum(counts) - counts)[missing]
        if codes is None:
            codes = np.zeros(len(values), np.uint8)
        values, codes = np.insert(values, before, 0.0), np.insert(codes, before, _NULL)
        counts = np.where(missing, 1, counts)
    return _Cells(values, codes, counts)


def _written(array: Any) -> tuple[Floats, NDArray[np.uint8]]:
    """Numbers that were written down, and words."""
    import numpy as np
    from pyarrow import array as arrow_array
    from pyarrow import compute, float64, nulls

    def matching(pattern: str) -> Any:
        return compute.match_substring_regex(array, pattern).fill_null(False)

    is_number = matching(NUMBER)
    trimmed = compute.utf8_trim_whitespace(array)
    missing = compute.is_in(trimmed, arrow_array([*MISSING, None], trimmed.type))
    # arrow reads no leading plus
    plain = compute.replace_substring_regex(trimmed, r"^\+", "")
    numeric = compute.if_else(is_number, plain, nulls(1, plain.type)[0])
    values = compute.fill_null(compute.cast(numeric, float64()), 0.0)
    numbers: Floats = values.to_numpy(zero_copy_only=False)
    codes = np.where(is_number.to_numpy(zero_copy_only=False), 0, _TEXT).astype(np.uint8)
    codes[matching(NOT_A_NUMBER).to_numpy(zero_copy_only=False)] = _NAN
    codes[matching(INFINITY).to_numpy(zero_copy_only=False)] = _INFINITE
    codes[np.isinf(numbers)] = _INFINITE
    codes[missing.to_numpy(zero_copy_only=False)] = _NULL
    return numbers, codes


def _not_finite(values: Floats) -> NDArray[np.uint8] | None:
    """The codes of numbers; None if all are finite."""
    import numpy as np

    if np.isfinite(values).all():
        return None
    codes = np.where(np.isinf(values), _INFINITE, 0).astype(np.uint8)
    codes[np.isnan(values)] = _NAN
    return codes


def _prompts(array: Any) -> tuple[Prompts, NDArray[np.uint8] | None]:
    """The prompts of some rows, and which rows have none."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import compute

    entries = pa.array(array) if isinstance(array, np.ndarray) else array
    if pa.types.is_dictionary(entries.type):
        entries = compute.cast(entries, entries.type.value_type)
    encoded = entries.dictionary_encode()
    if hasattr(encoded, "combine_chunks") and isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = compute.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    names = tuple(str(entry) for entry in encoded.dictionary.to_pylist())
    missing = entries.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    if "" in names:
        missing = missing | (codes == names.index(""))
    found = Prompts(codes.astype(np.int64), names)
    return found, missing.astype(np.uint8) * _NULL if missing.any() else None
