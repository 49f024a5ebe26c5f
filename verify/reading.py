"""Reading one column of numbers from a user's file, exactly.

Accepted are .npy (never unpickled), .csv, .parquet, .jsonl and .json. Every number is kept as the
float64 it is; an integer that no float64 holds is refused, not rounded. What is wrong with a file
is said in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Larger files are refused before they are read.
MOST_BYTES = 4 * 2**30


class DataError(InputError):
    """A data file that is refused; the message is one line."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of finite numbers."""

    values: NDArray[np.float64]
    sha256: str
    """Of the bytes of the file."""


def read_column(path: str, column: str | None = None) -> Column:
    """Read a column of numbers.

    Parameters
    ----------
    path : str
        A .npy, .csv, .parquet, .jsonl or .json file.
    column : str, optional
        Which column; may be left out where only one column holds numbers.

    Raises
    ------
    DataError
        One line: the file cannot be read, is empty, has no such column or several that would do,
        holds something else than numbers, or has entries that are missing or not finite.
    """
    if Path(path).suffix.lower() == ".npy":
        content = content_of(path)
        with broken_files(path):
            numbers = _read_npy(path, content, column)
    else:
        content, table = read_table(path, [] if column is None else [column], arrays=True)
        numbers = numbers_in(path, table, column)
    return Column(exact_floats(path, numbers), digest(content))


def read_table(
    path: str, columns: list[str], text: str | None = None, arrays: bool = False
) -> tuple[bytes, Any]:
    """The bytes of a file, and the pyarrow table in it.

    Parameters
    ----------
    path : str
        A .csv, .parquet, .jsonl or .json file.
    columns : list of str
        Those that are needed: others may be left out, if all of these are there.
    text : str, optional
        A column that is text as it stands where the format has no types: 01 in a .csv is not 1.
    arrays : bool, optional
        Whether the caller would have read a .npy file: only messages depend on it.

    Raises
    ------
    DataError
        One line, if the file cannot be read.
    """
    reader = _TABLES.get(Path(path).suffix.lower())
    if reader is None:
        raise DataError(f"{path}: expected a file that ends in {_endings(arrays)}")
    content = content_of(path, arrays)
    with broken_files(path):
        return content, reader(content, columns, text)


def digest(content: bytes) -> str:
    """The SHA-256 of a file's bytes."""
    from hashlib import sha256  # late: laws are imported by commands that read no file

    return sha256(content).hexdigest()


@contextmanager
def broken_files(path: str) -> Iterator[None]:
    """What the libraries raise on a broken file becomes one line: they raise what they like."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise DataError(f"{path}: cannot be read ({_first_line(error)})") from None


def content_of(path: str, arrays: bool = True) -> bytes:
    """The bytes of a file; whether .npy is accepted beside tables, messages say."""
    file = Path(path)
    try:
        if not file.is_file():
            what = "is not a file" if file.exists() else "no such file"
            raise DataError(f"{path}: {what}; expected a {_endings(arrays)} file")
        if file.stat().st_size > MOST_BYTES:
            raise DataError(f"{path}: larger than {MOST_BYTES // 2**30} GiB")
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise DataError(f"{path}: cannot be opened ({reason})") from None
    if not content:
        raise DataError(f"{path}: the file is empty")
    return content


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def exact_floats(path: str, numbers: NDArray[Any]) -> NDArray[np.float64]:
    """The numbers as float64, none of them changed, all of them finite.

    Raises
    ------
    DataError
        If that cannot be; ``path`` is named in the message.
    """
    import numpy as np

    if numbers.size == 0:
        raise DataError(f"{path}: there are no numbers in it")
    with np.errstate(over="ignore"):
        values = numbers.astype(np.float64)
    finite = np.isfinite(numbers) if numbers.dtype.kind == "f" else np.ones(len(numbers), bool)
    if not finite.all():
        first = int(np.argmin(finite))
        raise DataError(not_finite(path, int((~finite).sum()), len(numbers), first + 1))
    if numbers.dtype.kind in "iu":
        # Integers below 2^53 are float64 numbers; from there on, compare as integers.
        large = np.abs(values) >= 2.0**53
        same = [int(v) == int(n) for v, n in zip(values[large], numbers[large], strict=True)]
    elif numbers.dtype.itemsize > values.dtype.itemsize:
        large = numbers != values.astype(numbers.dtype)
        same = [not large.any()]
    else:
        same = []
    if not all(same):
        raise DataError(f"{path}: some numbers have more digits than a float64 holds")
    return values + 0.0  # -0.0 becomes 0.0


def not_finite(path: str, bad: int, entries: int, row: int) -> str:
    """What is said of entries that are no finite numbers; ``row`` is the first of them, from 1."""
    if bad == 1:
        return f"{path}: the entry in row {row} (of {entries}) is missing, NaN or infinite"
    return (
        f"{path}: {bad} of {entries} entries are missing, NaN or infinite; the first is row {row}"
    )


def quoted(names: list[str]) -> str:
    """Names of columns for messages, in quotes: blanks in them are seen."""
    return ", ".join(f"{name!r:.60}" for name in names[:20]) or "none"


# ------------------------------------------------------------------ the formats


def _read_npy(path: str, content: bytes, column: str | None) -> NDArray[Any]:
    import numpy as np

    if column is not None:
        raise DataError(f"{path}: a .npy file has no named columns; leave out the column")
    if not content.startswith(b"\x93NUMPY"):
        raise DataError(f"{path}: not a .npy file (its first bytes are not those of one)")
    try:
        array = np.load(BytesIO(content), allow_pickle=False)
    except MemoryError:
        raise DataError(f"{path}: its header claims more numbers than there is memory") from None
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path}: holds Python objects, which are never unpickled; save plain numbers"
            ) from None
        raise
    if array.dtype.kind not in "fiu":
        raise DataError(f"{path}: holds {array.dtype}; expected floats or integers")
    if array.ndim != 1 and not (array.ndim == 2 and 1 in array.shape):
        raise DataError(f"{path}: has shape {array.shape}; expected one dimension or one column")
    numbers: NDArray[Any] = array.reshape(-1)
    return numbers


def _csv_table(content: bytes, columns: list[str], text: str | None) -> Any:
    from pyarrow import csv, string

    first = content.lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    options = csv.ReadOptions(autogenerate_column_names=is_number(first))
    # In a file of one column an empty line is a missing reward: it is refused, not skipped.
    parsing = csv.ParseOptions(ignore_empty_lines=False)
    types = csv.ConvertOptions(column_types={} if text is None else {text: string()})
    return csv.read_csv(
        BytesIO(content), read_options=options, parse_options=parsing, convert_options=types
    )


def is_number(line: bytes) -> bool:
    """Whether a line is one number: a column without a header."""
    try:
        float(line.decode("ascii"))
    except ValueError:
        return False
    return True


def _parquet_table(content: bytes, columns: list[str], text: str | None) -> Any:
    from pyarrow import parquet

    file = parquet.ParquetFile(BytesIO(content))
    names = file.schema_arrow.names
    enough = bool(columns) and all(names.count(column) == 1 for column in columns)
    return file.read(columns=columns if enough else None)


def _jsonl_table(content: bytes, columns: list[str], text: str | None) -> Any:
    from pyarrow import json

    return json.read_json(BytesIO(content))


def _json_table(content: bytes, columns: list[str], text: str | None) -> Any:
    """A list of objects, one a row, or an object of lists, one a column."""
    from pyarrow import table

    found = json_columns(content)
    if not all(isinstance(each, list) for each in found.values()):
        raise ValueError("expected a list of objects, or an object of lists")
    return table(found)


def json_columns(content: bytes) -> dict[str, Any]:
    """The lists in a list of objects, one a row, or in an object, each under its name.

    Raises
    ------
    ValueError
        If it is neither; what an object has beside lists is for the caller to judge.
    """
    from json import loads

    found = loads(content, object_pairs_hook=_once_each)
    if isinstance(found, list) and all(isinstance(row, dict) for row in found):
        names = dict.fromkeys(name for row in found for name in row)
        found = {name: [row.get(name) for row in found] for name in names}
    if not isinstance(found, dict):
        raise ValueError("expected a list of objects, or an object of lists")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose names differ."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("an object has two entries of one name")
    return dict(pairs)


_TABLES: dict[str, Callable[[bytes, list[str], str | None], Any]] = {
    ".csv": _csv_table,
    ".parquet": _parquet_table,
    ".jsonl": _jsonl_table,
    ".json": _json_table,
}


def _endings(arrays: bool) -> str:
    """How the files end that are read, in words."""
    *first, last = [".npy", *_TABLES] if arrays else _TABLES
    return f"{', '.join(first)} or {last}"


def numbers_in(path: str, table: Any, column: str | None) -> NDArray[Any]:
    """The column asked for, or the only one that holds numbers.

    Raises
    ------
    DataError
        If there is none, or several; or it holds something else, or entries are missing.
    """
    from pyarrow import compute, types

    def holds_numbers(kind: Any) -> bool:
        return bool(types.is_integer(kind) or types.is_floating(kind))

    numeric = [field.name for field in table.schema if holds_numbers(field.type)]
    listed = quoted(numeric)
    if column is None and not numeric and len(table.schema.names) == 1:
        _refuse_cells(path, table.column(0))
    if column is None:
        if len(numeric) != 1:
            problem = "several columns hold" if numeric else "no column holds"
            raise DataError(
                f"{path}: {problem} numbers ({listed})"
                + ("; name one with column=" * bool(numeric))
            )
        column = numeric[0]
    names = table.schema.names
    if names.count(column) != 1:
        problem = "no column" if column not in names else "more than one column"
        raise DataError(f"{path}: {problem} named {column!r}; columns with numbers: {listed}")
    chosen = table.column(column)
    if not holds_numbers(chosen.type):
        _refuse_cells(path, chosen)
        raise DataError(
            f"{path}: column {column} holds {chosen.type}; columns with numbers: {listed}"
        )
    if chosen.null_count:
        finite = compute.is_finite(chosen).fill_null(False)
        bad, first = len(chosen) - compute.sum(finite).as_py(), compute.index(finite, False).as_py()
        raise DataError(not_finite(path, bad, len(chosen), first + 1))
    numbers: NDArray[Any] = chosen.to_numpy()
    return numbers


def _refuse_cells(path: str, column: Any) -> None:
    """Name the first cell that is no number in a column of which others are.

    Raises
    ------
    DataError
        With the row, counted from 1 below the header.
    """
    from pyarrow import types

    if not (types.is_string(column.type) or types.is_large_string(column.type)):
        return
    cells = [cell for cell in column.to_pylist() if cell is not None]
    are_numbers = [is_number(cell.encode("utf-8", "replace")) for cell in cells]
    if any(are_numbers) and not all(are_numbers):
        first = are_numbers.index(False)
        row = column.to_pylist().index(cells[first]) + 1
        shown = f"{cells[first]!r:.40}"
        raise DataError(f"{path}: row {row} holds {shown}; expected a number in every row")
