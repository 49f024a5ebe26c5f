"""Rewards by prompt from files: what is read, in every format, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from verify.prompts.reading import PromptRewards, read_prompts
from verify.reading import DataError

PROMPTS = ["b", "a", "b", "c, with a comma", "a", "b"]
REWARDS = [1.0, -2.5, 0.0, 7.0, 1e-300, 3.0]
EXPECTED = {"b": [1.0, 0.0, 3.0], "a": [-2.5, 1e-300], "c, with a comma": [7.0]}


def written(folder: Path, ending: str, table: pa.Table) -> str:
    path = folder / f"scores{ending}"
    if ending == ".csv":
        csv.write_csv(table, path)
    elif ending == ".parquet":
        parquet.write_table(table, path, row_group_size=2)
    else:
        import json

        lines = [json.dumps(row) for row in table.to_pylist()]
        path.write_text("\n".join(lines) + "\n")
    return str(path)


def by_prompt(data: PromptRewards) -> dict[str, list[float]]:
    parts = np.split(data.rewards, np.cumsum(data.rows)[:-1])
    return {name: part.tolist() for name, part in zip(data.names, parts, strict=True)}


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_every_format(tmp_path: Path, ending: str) -> None:
    """Prompts in the order in which they come, rewards in that of the file; other columns do no
    harm."""
    table = pa.table({"answer": ["x"] * 6, "prompt": PROMPTS, "reward": REWARDS})
    data = read_prompts(written(tmp_path, ending, table), "prompt", "reward")
    assert by_prompt(data) == EXPECTED and list(data.names) == list(EXPECTED)
    assert data.rows.tolist() == [3, 2, 1] and len(data.sha256) == 64
    assert data.text.endswith(f"scores{ending} by prompt, rewards reward")


@pytest.mark.parametrize(
    "prompts",
    [
        pa.array([3, 3, -1, 0, 0, 3]),
        pa.array([True, False] * 3),
        pa.array([0.5, 1.5, 0.5, 2.0, 1.5, 0.5]),
        pa.array(PROMPTS).dictionary_encode(),
        pa.array(PROMPTS, type=pa.large_string()),
    ],
    ids=["integers", "booleans", "floats", "categories", "large strings"],
)
def test_kinds_of_prompts(tmp_path: Path, prompts: Any) -> None:
    table = pa.table({"prompt": prompts, "reward": REWARDS})
    data = read_prompts(written(tmp_path, ".parquet", table), "prompt", "reward")
    wanted: dict[str, list[float]] = {}
    for prompt, reward in zip(prompts.to_pylist(), REWARDS, strict=True):
        wanted.setdefault(str(prompt), []).append(reward)
    assert by_prompt(data) == wanted


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("01", "1"),
        ("1.10", "1.1"),
        ("true", "True"),
        ("NA", "5"),
        ("2024-01-01", "2024-01-02"),
        ("18446744073709551615", "18446744073709551614"),
    ],
)
def test_prompts_of_a_csv_are_text_as_it_stands(tmp_path: Path, one: str, two: str) -> None:
    """Read as numbers or dates, two of them would be one, or be refused."""
    path = tmp_path / "scores.csv"
    path.write_text(f"prompt,reward\n{one},1\n{two},2\n{one},3\n")
    assert by_prompt(read_prompts(str(path), "prompt", "reward")) == {one: [1.0, 3.0], two: [2.0]}


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_prompts_that_float64_merges_are_refused(tmp_path: Path, ending: str) -> None:
    """Without a type for such integers the reader makes floats of them: one prompt of these two."""
    ids = [2**64 - 1, 2**64 - 2]
    prompts = pa.array(map(float, ids)) if ending == ".parquet" else pa.array(ids, pa.uint64())
    table = pa.table({"prompt": prompts, "reward": [1.0, 2.0]})
    with pytest.raises(DataError, match="column prompt holds numbers that were rounded"):
        read_prompts(written(tmp_path, ending, table), "prompt", "reward")


def test_many_prompts_keep_their_rows(tmp_path: Path, rng: np.random.Generator) -> None:
    """More than 2^16 of them, which are sorted another way."""
    prompts = rng.permutation(np.repeat(np.arange(70_000), 2))
    rewards = prompts + rng.integers(2, size=len(prompts)) / 2
    path = tmp_path / "scores.parquet"
    parquet.write_table(pa.table({"prompt": prompts, "reward": rewards}), path)
    data = read_prompts(str(path), "prompt", "reward")
    assert len(data.names) == 70_000 and (data.rows == 2).all()
    assert (np.floor(data.rewards) == np.repeat([int(name) for name in data.names], 2)).all()


CSV = "prompt,reward\np1,1\np2,2\n"


@pytest.mark.parametrize(
    ("content", "columns", "words"),
    [
        (CSV, ("prom", "reward"), "no column named 'prom'; columns: 'prompt', 'reward'"),
        (CSV, ("prompt", "rew"), "no column named 'rew'; columns with numbers: 'reward'"),
        (CSV, ("prompt", "prompt"), "prompts and rewards are both to be in column prompt"),
        (CSV, ("reward", "prompt"), "column prompt holds string; columns with numbers: none"),
        ("prompt,reward\np1,1\n,2\n", ("prompt", "reward"), "row 2 has no prompt in column prompt"),
        ("prompt,reward\n1,1\n,2\n", ("prompt", "reward"), "row 2 has no prompt in column prompt"),
        (
            "prompt,reward\np1,1\np2,\n",
            ("prompt", "reward"),
            "the entry in row 2 (of 2) is missing, NaN or infinite",
        ),
        (
            "prompt,reward\np1,nan\np2,1\n",
            ("prompt", "reward"),
            "the entry in row 1 (of 2)",
        ),
        (
            "prompt,reward\np1,1\np2,nan\np2,inf\n",
            ("prompt", "reward"),
            "2 of 3 entries are missing, NaN or infinite; the first is row 2",
        ),
        ("prompt,reward\np1,inf\np2,1\n", ("prompt", "reward"), "the entry in row 1"),
        ("prompt,reward\np1,1\np2,x\n", ("prompt", "reward"), "row 2 holds 'x'; expected a number"),
        ("prompt,reward\n", ("prompt", "reward"), "there are no rows in it"),
        ("prompt,reward\np1\n", ("prompt", "reward"), "cannot be read"),
        (
            "prompt,prompt,reward\na,b,1\n",
            ("prompt", "reward"),
            "more than one column named 'prompt'",
        ),
        (
            "prompt, reward\np1,1\n",
            ("prompt", "reward"),
            "no column named 'reward'; columns with numbers: ' reward'",
        ),
        ("", ("prompt", "reward"), "the file is empty"),
    ],
)
def test_refusals(tmp_path: Path, content: str, columns: tuple[str, str], words: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(content)
    with pytest.raises(DataError) as refused:
        read_prompts(str(path), *columns)
    assert words in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("prompts", "words"),
    [
        (pa.array(["a", None]), "row 2 has no prompt"),
        (pa.array([float("nan"), 1.0]), "row 1 has no prompt"),
        (pa.array(["a", None]).dictionary_encode(), "row 2 has no prompt"),
        (pa.array([["a"], ["b"]]), "expected text or numbers"),
    ],
)
def test_missing_prompts(tmp_path: Path, prompts: Any, words: str) -> None:
    table = pa.table({"prompt": prompts, "reward": [1.0, 2.0]})
    path = written(tmp_path, ".parquet", table)
    with pytest.raises(DataError, match=words):
        read_prompts(path, "prompt", "reward")


@pytest.mark.parametrize("name", ["scores.npy", "scores.txt", "scores"])
def test_formats_without_columns(name: str) -> None:
    with pytest.raises(DataError, match="expected a file with named columns"):
        read_prompts(name, "prompt", "reward")


def test_no_such_file() -> None:
    with pytest.raises(DataError, match="no such file"):
        read_prompts("none.csv", "prompt", "reward")
