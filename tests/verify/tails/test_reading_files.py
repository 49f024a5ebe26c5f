"""Which files and columns are meant; what is said of those that are broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.verify.tails.written import WRITERS, read
from verify.reading import DataError
from verify.tails.reading import open_scores


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named without their folder, as in the messages."""
    monkeypatch.chdir(tmp_path)


def refusal(paths: Any, **columns: Any) -> str:
    """The one line that opening or reading ends with."""
    with pytest.raises(DataError) as caught:
        read(paths, **columns)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ------------------------------------------------------------------ which files


def test_a_folder_a_pattern_and_a_list_of_files() -> None:
    Path("shards/deep").mkdir(parents=True)
    for name in ("shards/b.parquet", "shards/a.parquet", "shards/deep/c.parquet"):
        parquet.write_table(pa.table({"x": [float(ord(Path(name).stem))]}), name)
    Path("shards/.hidden.csv").write_text("1\n")
    Path("shards/notes.txt").write_text("1\n")
    assert read("shards")[0].tolist() == [97, 98, 99]
    assert read("shards/*.parquet")[0].tolist() == [97, 98]
    assert read(["shards/b.parquet", "shards/a.parquet"])[0].tolist() == [98, 97]
    assert "the same file" in refusal(["shards/b.parquet", "./shards/b.parquet"])
    assert "no file of a known format matches" in refusal("shards/*.csv")
    Path("shards/d.csv").write_text("x\n1\n")
    assert "several formats ('csv', 'parquet')" in refusal("shards")


def test_a_data_set_of_hugging_face() -> None:
    Path("set/train").mkdir(parents=True)
    names = [f"data-0000{i}-of-00002.arrow" for i in range(2)]
    for i, name in enumerate(names):
        WRITERS["stream.arrow"](Path("set/train", name), {"reward": [1.0 * i] * 7})
    WRITERS["stream.arrow"](Path("set/train/cache-1.arrow"), {"reward": [9.0]})
    state = {"_data_files": [{"filename": name} for name in names]}
    Path("set/train/state.json").write_text(json.dumps(state))
    Path("set/train/dataset_info.json").write_text("{}")
    Path("set/dataset_dict.json").write_text('{"splits": ["train"]}')
    assert read("set/train")[0].tolist() == [0.0] * 7 + [1.0] * 7
    assert refusal("set") == "set: a data set with splits; name one of them: set/train"
    Path("set/train", names[1]).unlink()
    assert refusal("set/train") == f"set/train/{names[1]}: no such file"
    Path("set/train/state.json").write_text("{}")
    assert "does not list the files" in refusal("set/train")


def test_all_files_have_the_columns_of_the_first() -> None:
    Path("a.csv").write_text("prompt,reward\nx,1\n")
    Path("b.csv").write_text("prompt,score\nx,1\n")
    assert refusal(["a.csv", "b.csv"]) == (
        "b.csv: no column named 'reward' (reward); columns that would do: 'score'"
    )


# ------------------------------------------------------------------ which columns


@pytest.mark.parametrize(
    ("header", "reward", "prompt", "utility"),
    [
        ("id,text,Reward", "Reward", None, None),
        ("id,reward,score", "reward", None, None),
        ("prompt,value", "value", "prompt", None),
        ("prompt,prompt_id,proxy,gold", "proxy", "prompt_id", "gold"),
        ("prompt,proxy score,gold_score", "proxy score", "prompt", "gold_score"),
    ],
)
def test_columns_are_found_by_their_names(
    header: str, reward: str, prompt: str | None, utility: str | None
) -> None:
    cells = {"id": "7", "text": "word", "prompt": "word"}
    Path("a.csv").write_text(
        f"{header}\n" + ",".join(cells.get(n, "1.5") for n in header.split(","))
    )
    scores = open_scores("a.csv")
    assert scores.columns.reward == (reward,)
    assert (scores.columns.prompt, scores.columns.utility) == (prompt, utility)
    guessed = [reward, *(name for name in (prompt, utility) if name is not None)]
    assert len(scores.messages) == len(guessed)
    assert all(any(repr(name) in text for text in scores.messages) for name in guessed)
    assert open_scores("a.csv", reward=reward).columns.reward == (reward,)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "several columns hold numbers; name one with --reward: 'x', 'y'"),
        ({"reward": "z"}, "no column named 'z' (reward); columns that would do: 'x', 'y'"),
        ({"reward": "word"}, "column 'word' (reward) holds text; expected numbers"),
        ({"reward": "x", "utility": "x"}, "column 'x' is to be both reward and utility"),
        ({"reward": "x", "prompt": "q"}, "no column named 'q' (prompt)"),
    ],
)
def test_columns_that_are_refused(columns: dict[str, str], said: str) -> None:
    Path("a.csv").write_text("x,y,word\n1,2,a\n")
    assert said in refusal("a.csv", **columns)


def test_columns_may_be_left_unread() -> None:
    Path("a.csv").write_text("prompt,reward,gold\n1,2,3\n")
    found = open_scores("a.csv", prompt="none", utility="none").columns
    assert (found.reward, found.prompt, found.utility) == (("reward",), None, None)
    assert open_scores("a.csv", utility="none").columns.prompt == "prompt"
    Path("a.csv").write_text("none,reward,gold\n1,2,3\n")
    assert open_scores("a.csv", utility="none").columns.utility == "none"


@pytest.mark.parametrize("name", ["id", "Index", "step", "sample_id"])
def test_a_column_that_numbers_the_rows_is_no_reward_unless_named(name: str) -> None:
    Path("a.jsonl").write_text(f'{{"{name}": 1, "result": {{"reward": 0.5}}}}\n')
    said = refusal("a.jsonl")
    assert f"with --reward {name}; what lies within 'result' has to be a column" in said
    assert read("a.jsonl", reward=name)[0].tolist() == [1]


def test_a_file_without_names_takes_none() -> None:
    np.save("a.npy", np.ones(3))
    assert "without a name" in refusal("a.npy", reward="x")
    Path("a.csv").write_text("1\n2\n")
    assert read("a.csv")[0].tolist() == [1, 2]


# ------------------------------------------------------------------ broken files

CSV = "prompt,reward\n" + "".join(f"{i},{i % 7}.5\n" for i in range(5000))
JSONL = "".join(f'{{"prompt": "{i}", "reward": {i % 7}.5}}\n' for i in range(5000))


def cut(content: str | bytes, keep: int) -> bytes:
    """The beginning of a file."""
    return (content if isinstance(content, bytes) else content.encode())[:keep]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", cut(CSV, len(CSV) - 4) + b"\n12", "a.csv: row 5001 is not whole"),
        ("a.csv", b"prompt,reward\n1,2\n1,2,3\n", "a.csv: row 2 is not whole, or has too many"),
        (
            "a.csv",
            b'reward,prompt\n1,"a\nb"\n2,"a\n3,b\n',
            "a.csv: line 4 opens quotes that are not",
        ),
        ("a.csv", b"prompt,reward\na,1\n\xff,2\n", "a.csv: row 2 is not whole"),
        ("a.csv", b"prompt,reward\n", "a.csv: there are no rows in it"),
        ("a.csv", b"a,a\n1,2\n", "a.csv: more than one column is named 'a'"),
        ("a.jsonl", cut(JSONL, len(JSONL) - 9), "a.jsonl: line 5000, the last, is cut off"),
        ("a.jsonl", b'{"reward": 1}\n{"reward" 2}\n{}\n', "a.jsonl: line 2 is not JSON"),
        ("a.jsonl", b'{"reward": 1}\n[3]\n', "a.jsonl: line 2 is not an object of JSON"),
        ("a.jsonl", b"\n\n", "a.jsonl: there are no rows in it"),
        ("a.csv.gz", cut(gzip.compress(CSV.encode()), 5000), "a.csv.gz: damaged or cut off after"),
        ("a.jsonl.gz", cut(gzip.compress(JSONL.encode()), 5000), "damaged or cut off after line"),
        ("a.csv.gz", CSV.encode(), "a.csv.gz: damaged or cut off after line 0"),
        ("a.json", b'[{"reward": 1}, {"rew', "a.json: cannot be read"),
        ("a.json", b"3", "expected a list of objects, or an object of lists"),
        ("a.npy", b"no numpy", "a.npy: not a .npy file"),
        ("a.npz", b"no archive", "a.npz: not a .npz file, or cut off"),
        ("a.parquet", b"PAR1 and no more", "a.parquet: not a Parquet file, or cut off"),
        ("a.arrow", b"no arrow file at all", "a.arrow: cannot be read"),
        ("a.csv", b"", "a.csv: the file is empty"),
        ("a.csv", b"prompt;reward\na;1\n", "a.csv: its first line has no comma but semicolons"),
        ("a.csv", b"prompt;reward\na;0,5\n", "commas, or by tabs in a file that ends in .tsv"),
        ("a.tsv", b"prompt,reward\na,1\n", "a.tsv: its first line has no tab but commas"),
        ("a.tsv", b'reward\tword\n1\t"a\n2\tb\n', "a.tsv: line 2 opens quotes that are not"),
        ("a.txt", b"1\n", "a.txt: expected a file that ends in .npy, .npz"),
    ],
)
def test_what_is_said_of_a_broken_file(name: str, content: bytes, said: str) -> None:
    Path(name).write_bytes(content)
    assert said in refusal(name)


def test_a_quote_for_inches_is_no_quote() -> None:
    Path("a.csv").write_text('reward,prompt\n1,5" tall\n2,"6"" tall"\n')
    assert read("a.csv")[1] == ['5" tall', '6" tall']


def damaged(name: str, damage: Callable[[bytearray], bytes | bytearray]) -> str:
    content = bytearray(Path(name).read_bytes())
    Path(name).write_bytes(damage(content))
    return refusal(name)


def test_binary_files_that_are_cut_off_name_the_row(rng: np.random.Generator) -> None:
    values = rng.normal(size=2000)
    np.save("a.npy", values)
    assert "cut off after row 1998; its header says 2000" in damaged("a.npy", lambda c: c[:-9])
    WRITERS["stream.arrow"](Path("a.arrow"), {"x": values.tolist()})
    said = damaged("a.arrow", lambda c: c[: len(c) // 2])
    assert "a.arrow: damaged or cut off after row 9" in said or "row 10" in said
    parquet.write_table(pa.table({"x": values}), "a.parquet")
    assert "cut off" in damaged("a.parquet", lambda c: c[:-20])


def test_a_damaged_page_names_the_row(rng: np.random.Generator) -> None:
    def flip(content: bytearray) -> bytearray:
        content[len(content) // 2] ^= 0xFF
        return content

    table = pa.table({"x": rng.normal(size=60_000)})
    parquet.write_table(table, "a.parquet", row_group_size=20_000, write_page_checksum=True)
    said = damaged("a.parquet", flip)
    assert "a.parquet: damaged or cut off after row " in said
    np.savez_compressed("a.npz", x=rng.normal(size=20_000))
    assert "a.npz: " in damaged("a.npz", flip)


def test_what_is_not_numbers() -> None:
    np.save("objects.npy", np.array([None, 1]), allow_pickle=True)
    assert "never unpickled" in refusal("objects.npy")
    np.save("square.npy", np.ones((3, 3)))
    assert "has shape (3, 3)" in refusal("square.npy")
    np.save("words.npy", np.array(["a"]))
    assert "holds <U1; expected floats or integers" in refusal("words.npy")
    np.savez("lengths.npz", reward=np.ones(3), prompt=np.array(["a"]))
    assert "its arrays differ in length ('reward' 3, 'prompt' 1)" in refusal("lengths.npz")
    Path("lengths.json").write_text('{"reward": [1, 2], "prompt": ["a"]}')
    assert "its lists differ in length ('reward' 2, 'prompt' 1)" in refusal("lengths.json")
    parquet.write_table(pa.table({"reward": [1.0], "prompt": [[{"role": "user"}]]}), "c.parquet")
    assert "'prompt' (prompt) holds neither text nor" in refusal("c.parquet", prompt="prompt")
