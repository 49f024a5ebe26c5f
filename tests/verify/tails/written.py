"""Files of scores in every format, and what reading them gives."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, ipc, parquet

from verify.tails.reading import Tally, open_scores

Floats = NDArray[np.float64]
Columns = dict[str, list[Any]]


def _csv(path: Path, columns: Columns) -> None:
    csv.write_csv(pa.table(columns), path)


def _tsv(path: Path, columns: Columns) -> None:
    csv.write_csv(pa.table(columns), path, csv.WriteOptions(delimiter="\t"))


def _jsonl(path: Path, columns: Columns) -> None:
    rows = zip(*columns.values(), strict=True)
    path.write_text(
        "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
    )


def _packed(write: Callable[[Path, Columns], None]) -> Callable[[Path, Columns], None]:
    def written(path: Path, columns: Columns) -> None:
        write(path, columns)
        path.write_bytes(gzip.compress(path.read_bytes()))

    return written


def _stream(path: Path, columns: Columns) -> None:
    table = pa.table(columns)
    with ipc.new_stream(path, table.schema) as out:
        out.write_table(table, max_chunksize=3)


def _file(path: Path, columns: Columns) -> None:
    table = pa.table(columns)
    with ipc.new_file(path, table.schema) as out:
        out.write_table(table)


#: How to write columns under a name that ends so.
WRITERS: dict[str, Callable[[Path, Columns], None]] = {
    "a.csv": _csv,
    "a.csv.gz": _packed(_csv),
    "a.tsv": _tsv,
    "a.tsv.gz": _packed(_tsv),
    "a.jsonl": _jsonl,
    "a.jsonl.gz": _packed(_jsonl),
    "a.json": lambda path, columns: path.write_text(json.dumps(columns)) and None,
    "a.parquet": lambda path, columns: parquet.write_table(
        pa.table(columns), path, row_group_size=4
    ),
    "stream.arrow": _stream,
    "file.arrow": _file,
    "a.npz": lambda path, columns: np.savez_compressed(path, **columns),
}


def read(paths: Any, **columns: Any) -> tuple[Floats, list[str], Floats, Tally]:
    """All rewards, prompts and utilities of some files, with the tally."""
    batches = [batch for shard in open_scores(paths, **columns).shards for batch in shard.batches()]
    tally = sum((batch.tally for batch in batches), Tally())
    prompts = [
        batch.prompt.names[code] for batch in batches if batch.prompt for code in batch.prompt.codes
    ]
    utilities = [batch.utility for batch in batches if batch.utility is not None]
    return (
        np.concatenate([batch.reward for batch in batches]),
        prompts,
        np.concatenate([*utilities, []]),
        tally,
    )
