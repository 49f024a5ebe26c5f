"""Reading Parquet and Arrow files in blocks, through pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from verify.reading import DataError
from verify.tails.reading.columns import Columns, Kind
from verify.tails.reading.formats import WHOLE, Arrays, Part

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of a block, where the file does not say.
BLOCK = 2**18
#: Bytes of a column that are read at once: a row group may be larger than memory.
BUFFER = 2**22
#: Rows of a shard at least, where there are so many.
SHARD = 2**23
#: How an Arrow file begins that can be read in any order; others are streams.
FILE_MAGIC = b"ARROW1"


class Parquet:
    """A Parquet file, by its row groups."""

    def columns(self, path: str) -> dict[str, Kind]:
        """Its columns; those that are nested in others are of no use."""
        with _parquet(path) as file:
            return kinds_of(path, file.schema_arrow)

    def parts(self, path: str) -> list[Part]:
        """Row groups, together where they are small."""
        with _parquet(path) as file:
            rows = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        parts, start, together = [], 0, 0
        for group, length in enumerate(rows):
            together += length
            if together >= SHARD:
                parts.append(Part(start, group + 1))
                start, together = group + 1, 0
        return parts + ([Part(start, len(rows))] if together else [])

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Blocks of rows of the row groups."""
        names = columns.names()
        with _parquet(path) as file:
            groups = [file.metadata.row_group(i).num_rows for i in range(part.stop)]
            first = sum(groups[: part.start])
            found = file.iter_batches(BLOCK, list(range(part.start, part.stop)), names)
            while True:
                try:
                    batch = next(found, None)
                except (OSError, ValueError) as error:
                    raise _damaged(path, first, error) from None
                if batch is None:
                    return
                yield first, dict(zip(batch.schema.names, batch.columns, strict=True))
                first += batch.num_rows


class Arrow:
    """An Arrow file or stream, as Hugging Face's data sets are."""

    def columns(self, path: str) -> dict[str, Kind]:
        """Its columns."""
        import pyarrow as pa

        with pa.memory_map(path) as source:
            return kinds_of(path, _arrow(source).schema)

    def parts(self, path: str) -> list[Part]:
        """The whole: streams tell nothing of where they can be cut."""
        return [WHOLE]

    def blocks(self, path: str, part: Part, columns: Columns) -> Iterator[tuple[int, Arrays]]:
        """Its record batches, together where they are small."""
        import pyarrow as pa

        names = columns.names()
        first = read = 0
        with pa.memory_map(path) as source:
            waiting: list[pa.RecordBatch] = []
            batches = _batches(_arrow(source))
            while True:
                try:
                    batch = next(batches, None)
                    if batch is not None:
                        batch = batch.select(names)
                        # Nothing else checks where a text begins and ends in a damaged file.
                        batch.validate(full=True)
                except (OSError, ValueError) as error:
                    raise _damaged(path, read, error) from None
                if batch is not None:
                    waiting.append(batch)
                    read += batch.num_rows
                if waiting and (batch is None or read - first >= BLOCK):
                    table = pa.Table.from_batches(waiting)
                    yield first, {name: table.column(name) for name in names}
                    waiting, first = [], read
                if batch is None:
                    return


def kinds_of(path: str, schema: pa.Schema) -> dict[str, Kind]:
    """What the columns of a schema hold.

    Raises
    ------
    DataError
        If two have the same name.
    """
    names = schema.names
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}: more than one column is named {name!r:.60}")
    return {field.name: _kind(field.type) for field in schema}


def _kind(kind: pa.DataType) -> Kind:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
        return "text" if _is_text(kind) else "other"
    if _is_text(kind):
        return "text"
    if types.is_list(kind) or types.is_large_list(kind):
        return "numbers" if _is_number(kind.value_type) else "other"
    return "number" if _is_number(kind) else "other"


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    from pyarrow import types

    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    return any(holds(kind) for holds in numbers)


def _parquet(path: str) -> Any:
    from pyarrow import ArrowInvalid, parquet

    try:
        return parquet.ParquetFile(
            path, page_checksum_verification=True, pre_buffer=False, buffer_size=BUFFER
        )
    except ArrowInvalid as error:
        if "magic bytes" in str(error) or "footer" in str(error) or "too small" in str(error):
            raise DataError(
                f"{path}: not a Parquet file, or cut off (its last bytes are not those of one)"
            ) from None
        raise


def _arrow(source: Any) -> Any:
    from pyarrow import ipc

    is_file = source.read(len(FILE_MAGIC)) == FILE_MAGIC
    source.seek(0)
    return ipc.open_file(source) if is_file else ipc.open_stream(source)


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if hasattr(reader, "num_record_batches"):
        return (reader.get_batch(i) for i in range(reader.num_record_batches))
    return iter(reader)


def _damaged(path: str, row: int, error: Exception) -> DataError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return DataError(f"{path}: damaged or cut off after row {row} ({first:.120})")
