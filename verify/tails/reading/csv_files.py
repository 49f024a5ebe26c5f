"""Reading CSV files in blocks, through pyarrow; also with tabs, and packed with gzip."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from verify.reading import DataError, is_number
from verify.tails.reading.arrow_files import kinds_of
from verify.tails.reading.cells import MISSING
from verify.tails.reading.columns import Columns, Kind
from verify.tails.reading.formats import WHOLE, Arrays, Part
from verify.tails.reading.packed import broken, opened

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of a block.
BLOCK = 2**22
#: A column of words is one of numbers if so large a share of its first cells are numbers.
MOSTLY = 0.5
#: What may stand between cells, and what it is called.
SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


class Csv:
    """A CSV file, with a line of names unless it is a single column of numbers.

    Parameters
    ----------
    separator : str, optional
        What stands between cells.
    """

    def __init__(self, separator: str = ",") -> None:
        self.separator = separator

    def columns(self, path: str) -> dict[str, Kind]:
        """Its columns; one of mostly numbers with words among them holds numbers."""
        from pyarrow import ArrowInvalid, types

        with opened(path) as source:
            try:
                reader = _reader(source, path, {}, self.separator)
                schema = reader.schema
                batch = reader.read_next_batch()
            except ArrowInvalid as error:
                raise _at_row(path, error, self.separator) from None
            except StopIteration:
                raise DataError(f"{path}: there are no rows in it") from None
            except OSError as error:
                raise broken(path, error) from None
        found = kinds_of(path, schema)
        for name, column in zip(schema.names, batch.columns, strict=True):
            if types.is_null(column.type):
                found[name] = "number"
            if found[name] == "text":
                cells = [cell for cell in column.to_pylist() if cell not in {None, *MISSING}]
                if sum(map(_reads_as_number, cells)) >= MOSTLY * len(cells) > 0:
                    found[name] = "number"
            elif found[name] == "other":
                found[name] = "text"  # dates and times can name prompts
        if "number" not in found.values() and (other := _other_separator(path, self.separator)):
            raise DataError(f"{path}: {other}")
        return found

    def parts(self, path: str) -> list[Part]:
        """The whole: a line break may be in a quoted cell, so that no place to cut is safe."""
        return [WHOLE]

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Blocks of rows: numbers as long as all cells are, and written cells from there on."""
        from pyarrow import ArrowInvalid, float64, string

        names = columns.names()
        kinds = self.columns(path)
        is_number = {name: kinds[name] == "number" and name != columns.prompt for name in names}
        types = {name: float64() if is_number[name] else string() for name in names}
        read = 0
        try:
            for first, arrays in _rows(path, names, types, self.separator):
                read = first + len(arrays[names[0]])
                yield first, arrays
            return
        except ArrowInvalid as error:
            if "conversion error" not in str(error):
                raise _at_row(path, error, self.separator) from None
        except OSError as error:
            raise broken(path, error) from None
        # The blocks are cut at the same bytes again: those that were read are passed over.
        try:
            written = dict.fromkeys(names, string())
            for first, arrays in _rows(path, names, written, self.separator):
                if first >= read:
                    yield first, arrays
        except ArrowInvalid as error:
            raise _at_row(path, error, self.separator) from None
        except OSError as error:
            raise broken(path, error) from None


class _Quotes:
    """A stream of bytes that counts the quotes in it: pyarrow takes one that is not closed."""

    closed = False

    def __init__(self, source: Any) -> None:
        self._source = source
        self.count = 0

    def read(self, size: int | None = None) -> bytes:
        """The next bytes."""
        found: bytes = self._source.read(size)
        self.count += found.count(b'"')
        return found

    def close(self) -> None:
        """Whoever opened the source closes it."""


def _rows(
    path: str, names: list[str], kinds: dict[str, pa.DataType], separator: str
) -> Iterator[tuple[int, Arrays]]:
    first = 0
    with opened(path) as source:
        counted = _Quotes(source)
        for batch in _reader(counted, path, kinds, separator):
            yield first, {name: batch.column(name) for name in names}
            first += batch.num_rows
    if counted.count % 2:
        _check_last_quote(path, separator)


def _check_last_quote(path: str, separator: str) -> None:
    """Refuse a file that ends within quotes; an odd number of them may also be inches.

    Raises
    ------
    DataError
        With the line on which they are opened.
    """
    begins = 1
    with opened(path) as source, TextIOWrapper(source, "utf-8", "replace", newline="") as text:
        rows = csv.reader(text, delimiter=separator, strict=True)
        try:
            for _ in rows:
                begins = rows.line_num + 1
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise DataError(
                    f"{path}: line {begins} opens quotes that are not closed: the file is cut off, "
                    "or the line is damaged"
                ) from None


def _reader(source: Any, path: str, kinds: dict[str, pa.DataType], separator: str) -> Any:
    from pyarrow import csv as arrow_csv

    cells = _first_cells(path, separator)
    return arrow_csv.open_csv(
        source,
        # One thread: with several, pyarrow does not say which row is wrong.
        arrow_csv.ReadOptions(
            use_threads=False, block_size=BLOCK, autogenerate_column_names=_has_no_names(cells)
        ),
        # In a file of one column an empty line is a missing reward.
        arrow_csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, ignore_empty_lines=len(cells) > 1
        ),
        arrow_csv.ConvertOptions(
            column_types=kinds, include_columns=list(kinds), null_values=MISSING
        ),
    )


def _first_line(path: str) -> bytes:
    with opened(path) as beginning:
        line: bytes = beginning.read(2**16).lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return line.strip(b" \r")


def _first_cells(path: str, separator: str) -> list[bytes]:
    return _first_line(path).split(separator.encode())


def _other_separator(path: str, separator: str) -> str:
    """What to say where the first line is cut by something else than the separator; else empty."""
    line = _first_line(path).decode("utf-8", "replace")
    seen = next((mark for mark in SEPARATORS if mark in line), None)
    if separator in line or seen is None:
        return ""
    return (
        f"its first line has no {SEPARATORS[separator]} but {SEPARATORS[seen]}s; expected cells "
        "separated by commas, or by tabs in a file that ends in .tsv, and decimal points"
    )


def _has_no_names(cells: list[bytes]) -> bool:
    return all(is_number(cell) for cell in cells)


def _reads_as_number(cell: str) -> bool:
    return is_number(cell.encode("utf-8", "replace"))


def _at_row(path: str, error: Exception, separator: str) -> DataError:
    """What pyarrow says of a broken row, in one line; it counts the line of names as a row."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    found = re.search(r"Row #(\d+): (.*)", text)
    if not found:
        return DataError(f"{path}: cannot be read ({text:.120})")
    if other := _other_separator(path, separator):
        return DataError(f"{path}: {other}")
    row = int(found[1]) - (not _has_no_names(_first_cells(path, separator)))
    return DataError(f"{path}: row {row} is not whole, or has too many cells ({found[2]:.80})")
