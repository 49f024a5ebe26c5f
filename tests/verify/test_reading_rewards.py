"""Files of rewards: what is read, and what is refused."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from verify.errors import InputError
from verify.law import LawError
from verify.laws import empirical, parse
from verify.laws.empirical_law import Empirical
from verify.reading import DataError, read_column

REWARDS = [0.1, -2.5, 0.1, 3.0, -2.5, 1e-300, 7.25]


def save_npy(path: Path, values: Any) -> None:
    np.save(path, np.asarray(values))


def save_csv(path: Path, values: Any) -> None:
    path.write_text("reward,prompt\n" + "".join(f"{v!r},p{i}\n" for i, v in enumerate(values)))


def save_bare_csv(path: Path, values: Any) -> None:
    path.write_text("".join(f"{v!r}\n" for v in values))


def save_parquet(path: Path, values: Any) -> None:
    parquet.write_table(pa.table({"prompt": ["p"] * len(values), "reward": list(values)}), path)


def save_jsonl(path: Path, values: Any) -> None:
    path.write_text("".join(json.dumps({"reward": v, "prompt": "p"}) + "\n" for v in values))


FORMATS: dict[str, tuple[str, Callable[[Path, Any], None]]] = {
    "npy": ("r.npy", save_npy),
    "csv": ("r.csv", save_csv),
    "csv without header": ("r2.csv", save_bare_csv),
    "parquet": ("r.parquet", save_parquet),
    "jsonl": ("r.jsonl", save_jsonl),
}


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_gives_the_same_numbers(form: str, tmp_path: Path) -> None:
    name, save = FORMATS[form]
    path = tmp_path / name
    save(path, REWARDS)
    read = read_column(str(path))
    assert read.values.dtype == np.float64 and read.values.tolist() == REWARDS
    assert read.sha256 == sha256(path.read_bytes()).hexdigest()
    law = empirical(str(path))
    assert isinstance(law, Empirical) and law.n == 7 and law.sha256 == read.sha256
    assert law.values.tolist() == sorted(set(REWARDS)) and law.counts.tolist() == [2, 1, 2, 1, 1]
    assert law == parse(str(law)) and hash(law) == hash(parse(str(law)))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i1", "i8", "u4", "g"])
def test_dtypes_are_taken_exactly(dtype: str, tmp_path: Path) -> None:
    values = np.array([1.5, 2, 3, 100]).astype(dtype)
    np.save(tmp_path / "x.npy", values)
    assert read_column(str(tmp_path / "x.npy")).values.tolist() == values.astype(float).tolist()
    np.save(tmp_path / "x.npy", values.reshape(-1, 1))  # a single column
    assert len(read_column(str(tmp_path / "x.npy")).values) == 4
    third = np.array([1 / 3], dtype=np.float16)
    assert Empirical.from_values(third).values[0] == float(np.float16(1 / 3))


def bad_files(tmp_path: Path) -> dict[str, tuple[str, str | None, str]]:
    """Name of a file, the column asked for, and what the message must say."""
    arrays = {
        "object.npy": np.array([1, {}], dtype=object),
        "nan.npy": np.array([0.0, 1.0, np.nan, np.inf]),
        "two.npy": np.zeros((3, 2)),
        "none.npy": np.empty(0),
        "text.npy": np.array(["a"]),
        "bool.npy": np.array([True]),
        "long.npy": np.array([1, 2**53 + 1]),
        "third.npy": np.array([1], dtype=np.longdouble) / 3,
        "scalar.npy": np.array(3.0),
        "good.npy": np.array([1.0]),
    }
    for name, array in arrays.items():
        np.save(tmp_path / name, array, allow_pickle=True)
    good = (tmp_path / "good.npy").read_bytes()
    texts: dict[str, bytes] = {
        "cut.npy": good[:-3],
        "huge.npy": good.replace(
            b"'shape': (1,), }" + b" " * 15, b"'shape': (10000000000000000,), }"[:31]
        ),
        "notnpy.npy": b"hello",
        "pickle.npy": pickle.dumps([1.0]),
        "empty.csv": b"",
        "two.csv": b"x,y\n1,2\n",
        "gap.csv": b"x,y\n1,a\n,b\n",
        "inf.csv": b"x\n1\n2\ninf\n",
        "words.csv": b"x\na\n",
        "cell.csv": b"x,y\n1,a\n2,3\n",
        "cells.csv": b"x\n1\n2\nfoo\nbar\n",
        "bare.csv": b"1\n\nfoo\n",
        "twins.csv": b"x,x\n1,2\n",
        "ragged.csv": b"x,y\n1,2\n3\n",
        "header.csv": b"x\n",
        "noise.csv": bytes(range(256)),
        "null.jsonl": b'{"r": 1}\n{"r": null}\n',
        "nan.jsonl": b'{"r": NaN}\n',
        "noise.jsonl": b"not json\n",
        "deep.jsonl": b'{"a":' * 100_000,
        "noise.parquet": b"PAR1" + b"\0" * 40,
        "x.txt": b"1\n",
    }
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.csv").mkdir()
    return {
        "object.npy": ("object.npy", None, "never unpickled"),
        "not finite": (
            "nan.npy",
            None,
            "2 of 4 entries are missing, NaN or infinite; the first is row 3",
        ),
        "two columns": ("two.npy", None, "shape (3, 2)"),
        "no numbers": ("none.npy", None, "no numbers"),
        "text": ("text.npy", None, "expected floats or integers"),
        "bool": ("bool.npy", None, "expected floats or integers"),
        "integers that no float64 holds": ("long.npy", None, "more digits"),
        "long double": ("third.npy", None, "more digits"),
        "scalar": ("scalar.npy", None, "shape ()"),
        "column of npy": ("good.npy", "reward", "no named columns"),
        "cut off": ("cut.npy", None, "cannot be read"),
        "claims more than there is": ("huge.npy", None, "huge.npy: "),
        "not npy": ("notnpy.npy", None, "not a .npy file"),
        "pickle": ("pickle.npy", None, "not a .npy file"),
        "empty": ("empty.csv", None, "empty"),
        "several columns": ("two.csv", None, "several columns hold numbers ('x', 'y')"),
        "no such column": ("two.csv", "z", "no column named 'z'; columns with numbers: 'x', 'y'"),
        "gap": ("gap.csv", None, "the entry in row 2 (of 2) is missing, NaN or infinite"),
        "infinite": ("inf.csv", None, "the entry in row 3"),
        "words": ("words.csv", None, "no column holds numbers"),
        "a word": ("cells.csv", None, "row 3 holds 'foo'; expected a number in every row"),
        "a word in a column": ("cell.csv", "y", "row 1 holds 'a'; expected a number in every row"),
        "a word without header": ("bare.csv", None, "row 2 holds ''; expected a number"),
        "column of words": ("gap.csv", "y", "column y holds string; columns with numbers: 'x'"),
        "twins": ("twins.csv", "x", "more than one column named 'x'"),
        "ragged": ("ragged.csv", None, "cannot be read"),
        "header only": ("header.csv", None, "no column holds numbers"),
        "noise": ("noise.csv", None, "noise.csv: "),
        "null": ("null.jsonl", None, "the entry in row 2"),
        "NaN in JSON": ("nan.jsonl", None, "the entry in row 1 (of 1) is missing, NaN"),
        "not JSON": ("noise.jsonl", None, "cannot be read"),
        "deep JSON": ("deep.jsonl", None, "cannot be read"),
        "not parquet": ("noise.parquet", None, "cannot be read"),
        "other extension": ("x.txt", None, ".npy, .csv, .parquet, .jsonl"),
        "missing": ("missing.npy", None, "no such file"),
        "folder": ("folder.csv", None, "is not a file"),
    }


def test_bad_files_get_one_line(tmp_path: Path) -> None:
    for case, (name, column, says) in bad_files(tmp_path).items():
        path = str(tmp_path / name)
        started = time.perf_counter()
        with pytest.raises(DataError) as caught:
            empirical(path, column)
        message = str(caught.value)
        assert says in message and message.startswith(path), f"{case}: {message}"
        assert "\n" not in message and len(message) < 400, case
        assert isinstance(caught.value, InputError)
        # Most take a millisecond; a header that claims 1e16 numbers must not be believed.
        assert time.perf_counter() - started < 2, case


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "sprung",))

    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="never unpickled"):
        empirical(str(tmp_path / "trap.npy"))
    assert not (tmp_path / "sprung").exists()
    np.load(tmp_path / "trap.npy", allow_pickle=True)  # the trap works, where it is let
    assert (tmp_path / "sprung").exists()


def test_arrays_that_are_no_law() -> None:
    for bad in ([], ["a"], [1.0, np.nan], [np.inf], [2**53 + 1], [True]):
        with pytest.raises(LawError):
            Empirical.from_values(np.array(bad))
