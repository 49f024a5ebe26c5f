"""Reading JSON: a row a line (.jsonl, also packed with gzip), and files that are one value."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from verify.reading import DataError, content_of, json_columns
from verify.tails.reading.columns import UNNAMED, Columns, Kind
from verify.tails.reading.formats import WHOLE, Arrays, Part
from verify.tails.reading.packed import BROKEN, broken, is_packed, opened

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes of a block; a longer line is read by the slow way.
BLOCK = 2**23
#: Rows of a block that is read by the slow way.
ROWS = 2**14
#: What a column holds is seen from so many rows.
LOOK = 1000
#: How a list begins that holds no objects: numbers, or lists of them.
_BARE = re.compile(rb"\s*\[\s*(null|NaN|-?Infinity|[-\d\[])")


class JsonLines:
    """An object a line."""

    def columns(self, path: str) -> dict[str, Kind]:
        """What the first rows hold."""
        rows = list(islice(_objects(path), LOOK))
        if not rows:
            raise DataError(f"{path}: there are no rows in it")
        return _kinds(_by_column(rows, list(dict.fromkeys(name for row in rows for name in row))))

    def parts(self, path: str) -> list[Part]:
        """The whole."""
        return [WHOLE]

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Blocks of rows: through pyarrow up to the first thing that it does not know.

        From text among numbers on, or a number too large for a float, they are read line by line.
        """
        import pyarrow as pa

        names = columns.names()
        kinds = self.columns(path)
        read = 0
        try:
            types = {name: _type(kinds.get(name, "number"), columns, name) for name in names}
            for batch in _through_pyarrow(path, pa.schema(types)):
                yield read, {name: batch.column(name) for name in names}
                read += batch.num_rows
            return
        except (pa.ArrowInvalid, OSError):
            pass  # line by line it shows what was wrong, and in which line
        rows = _objects(path, read)
        while waiting := list(islice(rows, ROWS)):
            cells = _by_column(waiting, names)
            yield read, {name: _array(cells[name], kinds.get(name, "number")) for name in names}
            read += len(waiting)


class Json:
    """One value: a list of objects or of rewards, one a row, or an object of lists, its columns."""

    def columns(self, path: str) -> dict[str, Kind]:
        """What the lists hold."""
        return _kinds(_lists(path))

    def parts(self, path: str) -> list[Part]:
        """The whole."""
        return [WHOLE]

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """All rows at once: JSON is not read in parts."""
        found = _lists(path)
        lengths = {name: len(found[name]) for name in columns.names()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name!r} {rows}" for name, rows in lengths.items())
            raise DataError(f"{path}: its lists differ in length ({shown})")
        kinds = _kinds(found)
        yield 0, {name: _array(found[name], kinds[name]) for name in lengths}


def _objects(path: str, skip: int = 0) -> Iterator[dict[str, Any]]:
    """The objects of a file, one a line, without the first so many; empty lines are none."""
    unpacked: Any = gzip.open if is_packed(path) else open
    number = 0
    with unpacked(path, "rb") as file:
        lines = enumerate(file, start=1)
        while True:
            try:
                number, line = next(lines, (0, b""))
            except BROKEN as error:
                raise broken(path, error) from None
            if not number:
                return
            if not line.strip():
                continue
            if skip:
                skip -= 1
                continue
            try:
                found = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except ValueError:
                whole = "" if line.endswith(b"\n") else ", the last, is cut off or"
                raise DataError(f"{path}: line {number}{whole} is not JSON") from None
            if not isinstance(found, dict):
                raise DataError(f"{path}: line {number} is not an object of JSON, {{...}}")
            yield found


def _through_pyarrow(path: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    from pyarrow import json as arrow_json

    with opened(path) as source:
        yield from arrow_json.open_json(
            source,
            arrow_json.ReadOptions(block_size=BLOCK),
            arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )


def _type(kind: Kind, columns: Columns, name: str) -> pa.DataType:
    """How pyarrow reads a column; prompts that are numbers are whole ones, or are not read so."""
    import pyarrow as pa

    if kind == "text":
        return pa.string()
    number = pa.int64() if name == columns.prompt else pa.float64()
    return pa.list_(number) if kind == "numbers" else number


def _lists(path: str) -> dict[str, list[Any]]:
    """The lists in a file; what is beside them, such as the name of a model, is no column."""
    content = content_of(path)
    if _BARE.match(content):
        return {UNNAMED: json.loads(content)}
    found = {name: each for name, each in json_columns(content).items() if isinstance(each, list)}
    if not found:
        raise DataError(f"{path}: expected a list of objects, or an object of lists")
    return found


def _by_column(rows: list[dict[str, Any]], names: list[str]) -> dict[str, list[Any]]:
    return {name: [row.get(name) for row in rows] for name in names}


def _kinds(columns: dict[str, list[Any]]) -> dict[str, Kind]:
    return {name: _kind(cells[:LOOK]) for name, cells in columns.items()}


def _kind(cells: list[Any]) -> Kind:
    """What most of the cells are; numbers if nothing is in them."""
    there = [cell for cell in cells if cell is not None]
    kinds: dict[Kind, int] = {
        "number": sum(isinstance(cell, int | float) for cell in there),
        "numbers": sum(isinstance(cell, list) and _kind(cell) == "number" for cell in there),
        "text": sum(isinstance(cell, str) for cell in there),
    }
    most = max(kinds, key=lambda kind: kinds[kind])
    return most if 2 * kinds[most] >= len(there) else "other"


def _array(cells: list[Any], kind: Kind) -> pa.Array:
    """Cells as text, numbers as JSON writes them: text among them keeps its quotes, and is seen."""
    import pyarrow as pa

    if kind == "text":
        return pa.array(
            [cell if isinstance(cell, str) else _written(cell) for cell in cells], pa.string()
        )
    if kind == "numbers":
        lists = [cell if isinstance(cell, list) or cell is None else [cell] for cell in cells]
        written = [None if cell is None else [_written(each) for each in cell] for cell in lists]
        return pa.array(written, pa.list_(pa.string()))
    return pa.array([_written(cell) for cell in cells], pa.string())


def _written(cell: Any) -> str | None:
    if cell is None:
        return None
    return json.dumps(int(cell) if isinstance(cell, bool) else cell)
