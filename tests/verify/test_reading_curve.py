"""Reading the points of a curve: formats, columns by name, and files that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from verify.errors import InputError
from verify.overoptimization.data import CurveData, read_curve
from verify.reading import read_column

COLUMNS: dict[str, list[float]] = {
    "n": [1, 2, 4, 1000],
    "proxy": [0.5, 1.25, 2.0, 3.5],
    "gold": [0.1, 0.5, -1.0, 1e-3],
}
ROWS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def save_csv(path: Path) -> None:
    lines = [",".join(COLUMNS), *(",".join(map(str, row.values())) for row in ROWS)]
    path.write_text("\n".join(lines) + "\n")


SAVE: dict[str, Callable[[Path], object]] = {
    "a.csv": save_csv,
    "a.jsonl": lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in ROWS)),
    "rows.json": lambda path: path.write_text(json.dumps(ROWS)),
    "columns.json": lambda path: path.write_text(json.dumps(COLUMNS)),
    "a.parquet": lambda path: parquet.write_table(pa.table(COLUMNS), path),
}


@pytest.mark.parametrize("name", SAVE)
def test_every_format_gives_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    SAVE[name](path)
    data = read_curve(str(path))
    assert data.columns == {"n": "n", "gold": "gold", "proxy": "proxy"}
    assert set(data.guessed) == {"n", "gold", "proxy"}
    assert data.gold.tolist() == COLUMNS["gold"] and data.error is None
    assert data.proxy is not None and data.proxy.tolist() == COLUMNS["proxy"]
    assert data.kl[0] == 0 and data.kl[1] == pytest.approx(np.log(2) - 0.5)
    assert data.d == pytest.approx(data.kl**0.5)


def read(folder: Path, text: str, name: str = "c.csv", **options: str) -> CurveData:
    path = folder / name
    path.write_text(text)
    return read_curve(str(path), **options)


def test_names_may_be_given(tmp_path: Path) -> None:
    text = "step,divergence,reward,judge,spread\n1,0.5,2,3,0.1\n2,1,4,5,0.2\n"
    data = read(tmp_path, text, kl="divergence", gold="judge", proxy="reward", error="spread")
    assert data.kl.tolist() == [0.5, 1] and data.gold.tolist() == [3, 5]
    assert data.error is not None and data.error.tolist() == [0.1, 0.2]
    assert data.guessed == ()


def test_kl_goes_before_n(tmp_path: Path) -> None:
    data = read(tmp_path, "n,KL,gold\n2,0.1,1\n4,0.4,2\n")
    assert data.kl.tolist() == [0.1, 0.4] and "n" not in data.columns
    assert read(tmp_path, "n,KL,gold\n2,0.1,1\n4,0.4,2\n", n="n").kl[0] != 0.1


def test_an_n_that_is_not_read_is_compared(tmp_path: Path) -> None:
    same = read(tmp_path, "n,KL,gold\n1,0,0\n2,0.19,1\n64,3.17,2\n")
    assert same.unread_n == "n" and same.disagreement is None
    other = read(tmp_path, "n,KL,gold\n1,0,0\n2,0.69,1\n64,4.16,2\n")  # log n
    assert other.disagreement == (
        "row 2 has KL 0.69, and the best of n = 2 has 0.1931: the KL is used; --n n uses n "
        "(2 such rows)"
    )
    single = read(tmp_path, "n,KL,gold\n1,0,0\n2,0.69,1\n")
    assert single.disagreement is not None and single.disagreement.endswith("(1 such row)")
    for n in ("x", "0"):
        meant = read(tmp_path, f"n,KL,gold\n{n},0.1,1\n")
        assert meant.unread_n == "n" and meant.disagreement is None
    assert read(tmp_path, "n,KL,gold\n2,0.69,1\n", n="n").unread_n is None
    assert read(tmp_path, "KL,gold\n0.69,1\n").unread_n is None


def test_a_column_that_was_named_is_not_guessed_again(tmp_path: Path) -> None:
    data = read(tmp_path, "kl,gold,proxy\n0.1,1,2\n", gold="proxy")
    assert data.columns == {"gold": "proxy", "kl": "kl"} and data.proxy is None


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "no kl": ("a,gold\n1,2\n", {}, "no column is called kl or n; name one with --kl COL"),
    "no gold": ("kl,reward\n1,2\n", {}, "no column is called gold; name one with --gold COL"),
    "both": ("kl,n,gold\n1,2,3\n", {"kl": "kl", "n": "n"}, "give one"),
    "one twice": ("kl,gold\n1,2\n", {"gold": "kl", "kl": "kl"}, "to be both"),
    "not there": ("kl,gold\n1,2\n", {"gold": "judge"}, "no column named 'judge'"),
    "negative": ("kl,gold\n1,2\n-0.5,3\n", {}, "row 2 has -0.5 in column 'kl'; expected a KL"),
    "n of 0": ("n,gold\n1,2\n0,3\n", {}, "row 2 has 0 in column 'n'; expected a whole number"),
    "half an n": ("n,gold\n1.5,2\n", {}, "row 1 has 1.5 in column 'n'"),
    "no error": ("kl,gold,gold_se\n1,2,0\n", {}, "expected a standard error above 0"),
    "no error, found": ("kl,gold,gold_se\n1,2,0\n", {}, "none: rename the column"),
    "no error, named": ("kl,gold,e\n1,2,0\n", {"error": "e"}, "none: no --gold-error"),
    "tiny error": ("kl,gold,gold_se\n1,2,1e-200\n", {}, "above 0, at least 1e-60"),
    "huge score": ("kl,gold\n1,2\n2,-1e200\n", {}, "row 2 has -1e+200 in column 'gold'; expected"),
    "NaN": ("kl,gold\n1,2\n2,nan\n", {}, "column gold: the entry in row 2 (of 2) is missing, NaN"),
    "missing": ("kl,gold\n1,2\n2,\n", {}, "the entry in row 2 (of 2) is missing"),
    "text": ("kl,gold\n1,2\n2,good\n", {}, "row 2 holds 'good'"),
    "no rows": ("n,gold\n", {}, "it has no rows; columns: 'n', 'gold'"),
    "empty": ("", {}, "the file is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, tmp_path: Path) -> None:
    text, options, says = REFUSED[name]
    with pytest.raises(InputError) as refused:
        read(tmp_path, text, **options)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


WRONG_JSON = {
    '{"kl": 1}': "a list of objects, or an object of lists",
    "[1, 2]": "a list of objects, or an object of lists",
    '{"kl": [1], "kl": [2], "gold": [3]}': "two entries of one name",
    '[{"kl": 1, "gold": 2}, {"kl": 1}]': "the entry in row 2 (of 2) is missing",
    '[{"kl": 1, "gold": NaN}]': "the entry in row 1 (of 1) is missing, NaN",
    '[{"kl": 1, "gold": 1e999}]': "infinite",
    '[{"kl": 1, "gold": "x"}]': "column gold holds string",
    "[" * 100_000: "cannot be read",
    "{": "cannot be read",
}


@pytest.mark.parametrize("text", WRONG_JSON, ids=lambda text: text[:24])
def test_json_that_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, text, "c.json")
    assert WRONG_JSON[text] in str(refused.value)


def test_a_column_of_rewards_from_json(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    values: list[Any] = [0.1, -2, 3e300]
    path.write_text(json.dumps({"reward": values}))
    assert read_column(str(path)).values.tolist() == values
