"""The table of all rows, as a file, and what is still missing in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from verify.errors import InputError
from verify.files import write_text
from verify.progress import Progress
from verify.tails.calibration.cases import CASES
from verify.tails.calibration.measuring import Row, measure
from verify.tails.calibration.samples import FORMS, Form

SCHEMA = "goodhart-calibration/1"
#: The table that is committed.
TABLE = Path(__file__).with_name("table.json")
#: Sample sizes, with the share of the samples that are drawn of each.
SIZES = {10_000: 1.0, 100_000: 0.25}
#: What a shift hides on top of rounding is seen in few samples.
OF_FORM = {"moved": 1.0, "bf16": 1.0, "bf16 at 100": 0.2}
#: Of laws that were added at the end, fewer do.
OF_GROUP = {"target": 1.0, "reported": 1.0, "held out": 0.25}

Asked = tuple[str, int, Form, int]


def asked(samples: int) -> list[Asked]:
    """What belongs into a table with ``samples`` samples of size 10**4: law, n, form, how many."""
    return [
        (case.text, n, form, max(1, round(samples * share * OF_FORM[form] * OF_GROUP[case.group])))
        for form in FORMS
        for n, share in SIZES.items()
        for case in CASES
    ]


def read_table(path: Path = TABLE) -> list[Row]:
    """The rows of a file.

    Raises
    ------
    InputError
        If it is no such table.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(content["schema"])
        return [Row(**row) for row in content["rows"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected a table of schema {SCHEMA}, got {error!r}") from None


def write_table(rows: Iterable[Row], path: Path = TABLE) -> None:
    """Write them, in the order of the cases, one row a line."""
    places: dict[tuple[str, int, str], int] = {key[:3]: place for place, key in enumerate(asked(1))}
    ordered = sorted(rows, key=lambda row: places.get(row.key, len(places)))
    lines = ",\n".join("  " + json.dumps(asdict(row)) for row in ordered)
    write_text(str(path), f'{{"schema": "{SCHEMA}", "rows": [\n{lines}\n]}}\n')


def complete(path: Path, samples: int, jobs: int, progress: Progress | None = None) -> list[Row]:
    """Measure the rows that the file does not have with as many samples, and write each when done.

    Interrupted, it goes on where it was. Rows are the same whatever the number of processes.
    """
    found = {row.key: row for row in (read_table(path) if path.exists() else [])}
    wanted = asked(samples)
    missing = [row for row in wanted if row[:3] not in found or found[row[:3]].samples < row[3]]
    if progress is not None:
        progress(0, len(missing), "")
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [pool.submit(measure, *row) for row in missing]
        for done, future in enumerate(as_completed(waiting), 1):
            row = future.result()
            found[row.key] = row
            write_table(found.values(), path)
            if progress is not None:
                progress(done, len(missing), f"{row.law}, n = {row.n}")
    return list(found.values())
