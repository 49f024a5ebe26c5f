"""Files of texts to be scored, in blocks of rows: Parquet, JSON lines, plain lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gpu_checks.records.folder import DESCRIPTION, description_of
from verify.errors import InputError
from verify.reading import quoted
from verify.tails.engine.fingerprint import state_of
from verify.tails.reading.sources import files_of

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = (".parquet",)
LINES = (".jsonl", ".jsonl.gz", ".txt", ".txt.gz")
#: Names of the columns of prompts and answers, the usual ones first.
USUAL = {
    "prompt": ("prompt", "query", "instruction", "question", "input"),
    "answer": ("answer", "completion", "response", "output", "text"),
}


@dataclass(frozen=True)
class Texts:
    """Files of prompts and answers.

    Parameters
    ----------
    files : tuple of str
        In order.
    prompt, answer : str or None
        Names of columns; None: found by their usual names, in each file.
    """

    files: tuple[str, ...]
    prompt: str | None = None
    answer: str | None = None

    def count(self) -> int:
        """How many rows they have. Lines are counted by reading them."""
        return sum(_rows(file) for file in self.files)

    def description(self) -> list[dict[str, Any]]:
        """Which rows they are: the runs that made them, or what files look like."""
        found = {}
        for file in self.files:
            record = Path(file).parent / DESCRIPTION
            if record.is_file():
                found[str(record)] = description_of(record)
            else:
                state = state_of(file)
                found[file] = {"bytes": state.size, "ends": state.ends}
        return list(found.values())

    def blocks(self, rows: int) -> Iterator[pa.Table]:
        """Tables of at most so many rows, none across two files.

        They have the columns ``prompt`` and ``answer``, and all that the file has if it is one of
        Parquet.
        """
        for file in self.files:
            if file.lower().endswith(PARQUET):
                for table in _parquet_blocks(file, rows):
                    yield self._with_texts(file, table)
            else:
                yield from self._line_blocks(file, rows)

    def _with_texts(self, file: str, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        answer = _named("answer", self.answer, table.column_names, file)
        prompt = _named("prompt", self.prompt, table.column_names, file)
        for role, name in (("answer", answer), ("prompt", prompt)):
            if name is None:
                texts = pa.array([""] * table.num_rows, pa.string())
            else:
                texts = _column_of_texts(file, table, name)
            if role in table.column_names:
                table = table.set_column(table.column_names.index(role), role, texts)
            else:
                table = table.append_column(role, texts)
        return table

    def _line_blocks(self, file: str, rows: int) -> Iterator[pa.Table]:
        import pyarrow as pa

        found: list[dict[str, Any]] = []
        for number, line in enumerate(_lines(file), start=1):
            row = self._row(file, number, line)
            found.append({"id": number - 1, **row})
            if len(found) == rows:
                yield pa.Table.from_pylist(found)
                found = []
        if found:
            yield pa.Table.from_pylist(found)

    def _row(self, file: str, number: int, line: str) -> dict[str, Any]:
        if not file.lower().removesuffix(".gz").endswith(".jsonl"):
            return {"prompt": "", "answer": line}
        where = f"{file}, line {number}"
        try:
            row = json.loads(line)
        except ValueError:
            raise InputError(f"{where}: is no JSON") from None
        if not isinstance(row, dict):
            raise InputError(f"{where}: expected an object of JSON")
        answer = _named("answer", self.answer, list(row), where)
        prompt = _named("prompt", self.prompt, list(row), where)
        texts = {
            "prompt": "" if prompt is None else row[prompt],
            "answer": None if answer is None else row[answer],
        }
        for role, text in texts.items():
            if not isinstance(text, str):
                raise InputError(f"{where}: its {role} is no text")
        return texts


def open_texts(paths: Sequence[str], prompt: str | None, answer: str | None) -> Texts:
    """Find files of texts.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, patterns.
    prompt, answer : str or None
        Names of columns, or of the keys of objects of JSON.

    Raises
    ------
    InputError
        If nothing is there, or of a kind that is not read.
    """
    files = tuple(files_of([str(path) for path in paths]))
    for file in files:
        if not file.lower().endswith((*PARQUET, *LINES)):
            raise InputError(f"{file}: expected a file ending in {', '.join((*PARQUET, *LINES))}")
    return Texts(files, prompt, answer)


def _named(role: str, asked: str | None, names: Sequence[str], where: str) -> str | None:
    """The column of a role; None if there is no prompt."""
    wanted = USUAL[role] if asked is None else (asked,)
    found = next((name for name in wanted if name in names), None)
    if found is None and (asked is not None or role == "answer"):
        raise InputError(
            f"{where}: no {role}: expected one of {quoted(list(wanted))}; there are "
            f"{quoted(list(names))}; "
            f"--{role}-column names it"
        )
    return found


def _column_of_texts(file: str, table: pa.Table, name: str) -> pa.Array:
    import pyarrow as pa

    column = table.column(name).combine_chunks()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise InputError(f"{file}: column {name!r} holds {column.type}, not texts")
    if column.null_count:
        raise InputError(f"{file}: column {name!r} has {column.null_count} rows without a text")
    return column


def _parquet_blocks(file: str, rows: int) -> Iterator[pa.Table]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(rows):
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{file}: cannot be read: {error!s:.100}") from None


def _lines(file: str) -> Iterator[str]:
    try:
        with _opened(file) as opened:
            for line in opened:
                yield line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile):
        raise InputError(f"{file}: is no whole gzip file") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: is no text in UTF-8") from None


def _opened(file: str) -> IO[str]:
    if file.lower().endswith(".gz"):
        return gzip.open(file, "rt", encoding="utf-8", newline="\n")
    return open(file, encoding="utf-8", newline="\n")


def _rows(file: str) -> int:
    if file.lower().endswith(PARQUET):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return int(pq.read_metadata(file).num_rows)
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"{file}: cannot be read: {error!s:.100}") from None
    return sum(1 for _ in _lines(file))
