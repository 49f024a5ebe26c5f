"""Prompts and texts from files, and what is said of those that cannot be read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from verify.errors import InputError

pytestmark = pytest.mark.gpu


def written(folder: Path, name: str, text: str) -> str:
    file = folder / name
    packed = text.encode()
    file.write_bytes(gzip.compress(packed) if name.endswith(".gz") else packed)
    return str(file)


def test_prompts_are_the_same_in_every_format(tmp_path: Path) -> None:
    from gpu_checks.records.prompts import read_prompts

    prompts = ("What is it?", "Größe — “x”\u2028y", "  spaces ")
    lines = "\n".join(prompts)
    rows = "\n".join(json.dumps({"id": 3, "prompt": each}) for each in prompts) + "\n"
    other = rows.replace('"prompt"', '"question"')
    found = [
        read_prompts(written(tmp_path, "a.txt", lines)),
        read_prompts(written(tmp_path, "b.txt", lines.replace("\n", "\r\n") + "\r\n")),
        read_prompts(written(tmp_path, "c.txt.gz", lines + "\n")),
        read_prompts(written(tmp_path, "d.jsonl", rows)),
        read_prompts(written(tmp_path, "e.jsonl.gz", other), "question"),
    ]
    assert all(each == found[0] for each in found) and found[0].texts == prompts
    changed = read_prompts(written(tmp_path, "f.txt", lines + "!"))
    assert changed.sha256 != found[0].sha256


def test_prompts_of_preferences_are_taken_once(tmp_path: Path) -> None:
    from gpu_checks.records.prompts import read_prompts

    opening = "\n\nHuman: Is it late?\n\nAssistant:"
    pairs = [{"chosen": f"{opening} Yes{i}.", "rejected": f"{opening} No."} for i in range(3)]
    file = written(tmp_path, "p.jsonl.gz", "\n".join(map(json.dumps, pairs)))
    assert read_prompts(file).texts == (opening,)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "one\n\nthree\n", r"a\.txt, line 2: the prompt is empty"),
        ("a.jsonl", '{"prompt": " "}\n', r"line 1: the prompt is empty"),
        ("a.jsonl", '{"prompt": "x"}\n{"query": "y"}\n', r"line 2: no text 'prompt'"),
        ("a.jsonl", '{"prompt": "x"}\nnot json\n', r"line 2: is no JSON"),
        ("a.txt", "", r"no prompts in it"),
        ("a.csv", "prompt\nx\n", r"expected a file of prompts ending in \.txt"),
    ],
)
def test_bad_prompts_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    from gpu_checks.records.prompts import read_prompts

    with pytest.raises(InputError, match=message):
        read_prompts(written(tmp_path, name, text))


def test_unreadable_prompts_are_refused(tmp_path: Path) -> None:
    from gpu_checks.records.prompts import read_prompts

    (tmp_path / "a.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError, match=r"is no text in UTF-8 \(byte 3\)"):
        read_prompts(str(tmp_path / "a.txt"))
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"x" * 999)[:-9])
    with pytest.raises(InputError, match="is no whole gzip file"):
        read_prompts(str(tmp_path / "a.txt.gz"))
    with pytest.raises(InputError, match="cannot be read"):
        read_prompts(str(tmp_path / "none.txt"))


def test_texts_are_read_in_blocks_with_their_columns(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gpu_checks.records.texts import open_texts

    rows = [{"query": f"q{i}", "response": f"r{i}", "n": i} for i in range(5)]
    lines = "\n".join(map(json.dumps, rows))
    in_lines = open_texts([written(tmp_path, "a.jsonl.gz", lines)], None, None)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    in_parquet = open_texts([str(tmp_path / "a.parquet")], None, None)
    plain = open_texts([written(tmp_path, "a.txt", "r0\nr1\nr2\nr3\nr4\n")], None, None)
    for texts, prompts in ((in_lines, "q{}"), (in_parquet, "q{}"), (plain, "")):
        blocks = list(texts.blocks(2))
        assert texts.count() == 5 and [block.num_rows for block in blocks] == [2, 2, 1]
        whole = pa.concat_tables(blocks)
        assert whole["answer"].to_pylist() == [f"r{i}" for i in range(5)]
        assert whole["prompt"].to_pylist() == [prompts.format(i) for i in range(5)]
    assert pa.concat_tables(in_parquet.blocks(9))["n"].to_pylist() == list(range(5))


def test_texts_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gpu_checks.records.texts import open_texts

    pq.write_table(pa.table({"n": [1], "answer": ["x"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="no answer: expected one of 'said'; there are"):
        list(open_texts([str(tmp_path / "a.parquet")], None, "said").blocks(9))
    with pytest.raises(InputError, match="column 'n' holds int64, not texts"):
        list(open_texts([str(tmp_path / "a.parquet")], None, "n").blocks(9))
    pq.write_table(pa.table({"answer": ["x", None]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="column 'answer' has 1 rows without a text"):
        list(open_texts([str(tmp_path / "b.parquet")], None, None).blocks(9))
    with pytest.raises(InputError, match=r"line 1: its answer is no text"):
        file = written(tmp_path, "c.jsonl", '{"answer": 3}')
        list(open_texts([file], None, None).blocks(9))
    with pytest.raises(InputError, match=r"expected a file ending in \.parquet"):
        open_texts([written(tmp_path, "d.csv", "answer\nx\n")], None, None)
