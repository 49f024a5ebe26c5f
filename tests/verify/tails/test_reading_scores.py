"""Scores are read alike from every format, and what is no number is counted."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tests.verify.tails.written import WRITERS, read
from verify.reading import DataError
from verify.tails.reading import (
    MOST_BAD,
    Tally,
    arrow_files,
    csv_files,
    json_files,
    numpy_files,
    open_scores,
)
from verify.tails.reading.columns import PAIRS

REWARDS = [1.5, -2.25, 1e300, 0.1, 3.0, 5e-324]
PROMPTS = ["01", "a", "01", "b", "ü", "a"]
GOLD = [0.5, 1.0, 2.0, -1.0, 0.25, 3.0]


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path, {"id": PROMPTS, "text": PROMPTS, "reward": REWARDS, "gold": GOLD})
    rewards, prompts, gold, tally = read(str(path), prompt="id")
    assert rewards.dtype == np.float64
    np.testing.assert_array_equal(rewards, REWARDS)
    np.testing.assert_array_equal(gold, GOLD)
    assert prompts == PROMPTS
    assert tally == Tally(rows=6)


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_no_number_is_counted_by_its_reason(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rewards: list[Any] = [1.0, float("nan"), float("inf"), None, -float("inf"), 2.0]
    if name == "a.npz":
        rewards[3] = float("nan")
    WRITERS[name](path, {"prompt": PROMPTS, "reward": rewards})
    found, prompts, _, tally = read(str(path))
    assert found.tolist() == [1.0, 2.0] and prompts == [PROMPTS[0], PROMPTS[5]]
    null = 0 if name == "a.npz" else 1
    assert tally == Tally(6, 2 - null, 2, null, 0, (str(path), 2, "NaN"))
    with pytest.raises(DataError, match=r"4 of 6 rows .* the first is row 2 of .*, which is NaN"):
        tally.check()
    tally.check(most=0.7)


@pytest.mark.parametrize(
    ("content", "rewards", "bad"),
    [("[0.5, -1, NaN, null, 3e2]", [0.5, -1, 300], 2), (" [[1, 2], [3]]", [1, 2, 3], 0)],
)
def test_a_list_of_json_holds_rewards_without_a_name(
    tmp_path: Path, content: str, rewards: list[float], bad: int
) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    found, _, _, tally = read(str(path))
    assert found.tolist() == rewards and tally.bad == bad


def test_log_probabilities_are_only_read_if_asked_for(tmp_path: Path) -> None:
    """Nothing of the audit rests on them, and so no row is left out for want of one."""
    path = str(tmp_path / "a.csv")
    WRITERS["a.csv"](Path(path), {"rm_score": [1.0, 2.0], "logp": [-3.0, float("nan")]})
    scores = open_scores(path)
    assert scores.columns.names() == ["rm_score"] and read(path)[0].tolist() == [1.0, 2.0]
    assert scores.messages[-1].startswith("column 'logp' is not read: what the base policy")
    asked = read(path, log_prob="logp")
    assert asked[0].tolist() == [1.0] and asked[3].nan == 1


@pytest.mark.parametrize("pair", PAIRS)
def test_the_scores_of_a_pair_are_both_rewards(tmp_path: Path, pair: tuple[str, str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(pair) + "\n2,1\n4,3\n")
    assert read(str(path))[0].tolist() == [2, 4, 1, 3]


def test_words_among_the_numbers_of_a_csv_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    cells = ["1", "-2.5e3", "word", " 3 ", "+4", "1e400", "NA", "", "-nan", '"5"', ".5", "1.5x"]
    path.write_text("p,reward\n" + "".join(f"{i:02},{cell}\n" for i, cell in enumerate(cells)))
    found, prompts, _, tally = read(str(path), prompt="p")
    assert found.tolist() == [1, -2500, 3, 4, 5, 0.5]
    assert prompts == ["00", "01", "03", "04", "09", "10"]
    assert tally == Tally(12, 1, 1, 2, 2, (str(path), 3, "text"))


def test_a_word_after_many_blocks_of_a_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", 2**12)
    path = tmp_path / "a.csv"
    rows = 3000
    numbers = np.arange(rows, dtype=float)
    path.write_text("reward\n" + "".join(f"{n}\n" for n in numbers) + "word\n7\n")
    found, _, _, tally = read(str(path))
    np.testing.assert_array_equal(found, [*numbers, 7])
    assert tally == Tally(rows + 2, text=1, first=(str(path), rows + 1, "text"))


def test_a_word_after_many_blocks_of_json_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "BLOCK", 2**12)
    path = tmp_path / "a.jsonl"
    rows = [f'{{"reward": {i}.5}}\n' for i in range(3000)]
    path.write_text("".join(rows[:2000]) + '\n{"reward": "word"}\n' + "".join(rows[2000:]))
    found, _, _, tally = read(str(path))
    np.testing.assert_array_equal(found, np.arange(3000) + 0.5)
    assert tally == Tally(3001, text=1, first=(str(path), 2001, "text"))


def test_text_in_json_is_no_number_though_it_reads_like_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"p": 1, "reward": 1}\n{"p": 1, "reward": "1.5"}\n\n{"p": 2}\n{"p": 3, "reward": 1e999}\n'
        '{"p": 3, "reward": {"a": 1}}\n{"p": 2, "reward": 2.5, "more": []}\n'
    )
    found, prompts, _, tally = read(str(path), prompt="p")
    assert found.tolist() == [1, 2.5] and prompts == ["1", "2"]
    assert tally == Tally(6, 0, 1, 1, 2, (str(path), 2, "text"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "stream.arrow", "a.json"])
def test_lists_are_the_completions_of_a_prompt(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    columns = {
        "prompt": ["a", "b", "c", "d"],
        "rewards": [[1.0, 2.0], [], None, [3.0, None, 4.0]],
        "gold": [[5.0, 6.0], [], None, [7.0, 8.0, 9.0]],
    }
    WRITERS[name](path, columns)
    found, prompts, gold, tally = read(str(path))
    assert found.tolist() == [1, 2, 3, 4] and prompts == ["a", "a", "d", "d"]
    assert gold.tolist() == [5, 6, 7, 9]
    assert tally == Tally(6, null=2, first=(str(path), 3, "missing"))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_reward_without_a_gold_score_counts(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path, {"reward": [1.0, 2.0, None, 4.0], "gold": [5.0, None, 7.0, 8.0]})
    found, _, gold, tally = read(str(path))
    assert found.tolist() == [1, 2, 4]
    np.testing.assert_array_equal(gold, [5, np.nan, 8])
    assert tally == Tally(4, null=1, first=(str(path), 3, "missing"))


def test_lists_beside_each_other_are_as_long(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"rewards": [1, 2], "gold": [1, 2]}\n{"rewards": [1, 2], "gold": [1]}\n')
    with pytest.raises(DataError, match="row 2 has 1 numbers in column 'gold' and 2 in 'rewards'"):
        read(str(path))


def test_the_output_of_openrlhf_names_its_prompts(tmp_path: Path) -> None:
    rows = [{"input": f"p{i % 2}", "output": "z", "reward": 0.5 * i} for i in range(5)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rewards, prompts, _, _ = read(str(path))
    assert rewards.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert prompts == ["p0", "p1", "p0", "p1", "p0"]


def test_a_result_of_rewardbench_has_two_rewards_a_row(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(
        json.dumps(
            {
                "model": "m",
                "prompt": ["a", "b"],
                "scores_chosen": [[1.0], [2.0]],
                "scores_rejected": [3.0, "x"],
            }
        )
    )
    scores = open_scores(str(path))
    assert any("taken together" in message for message in scores.messages)
    found, prompts, _, tally = read(str(path))
    assert found.tolist() == [1, 2, 3] and prompts == ["a", "b", "a"]
    assert tally == Tally(4, text=1, first=(str(path), 2, "text"))
    chosen, *_ = read(str(path), reward="scores_chosen")
    assert chosen.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2", "<i8", "|u1", "|b1"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
def test_npy_of_any_kind_of_number(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    path = tmp_path / "a.npy"
    values = np.array([1, 0, 1, 1]).astype(dtype)
    np.save(path, values.reshape(shape))
    assert read(str(path))[0].tolist() == [1, 0, 1, 1]
    assert read(str(path), side="lower")[0].tolist() == [-1, 0, -1, -1]


def test_shards_are_read_alone_and_in_any_process(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy_files, "SHARD", 300)
    monkeypatch.setattr(numpy_files, "BLOCK", 70)
    monkeypatch.setattr(arrow_files, "SHARD", 300)
    values = rng.normal(size=1000)
    values[[5, 650]] = np.nan
    np.save(tmp_path / "a.npy", values)
    parquet.write_table(pa.table({"x": values}), tmp_path / "a.parquet", row_group_size=100)
    for name in ("a.npy", "a.parquet"):
        path = str(tmp_path / name)
        shards = pickle.loads(pickle.dumps(open_scores(path).shards))
        assert len(shards) == 4
        batches = [batch for shard in reversed(shards) for batch in shard.batches()]
        together = np.sort(np.concatenate([batch.reward for batch in batches]))
        np.testing.assert_array_equal(together, np.sort(values[np.isfinite(values)]))
        tally = sum((batch.tally for batch in batches), Tally())
        assert tally == Tally(1000, nan=2, first=(path, 6, "NaN"))


tallies = st.builds(
    lambda rows, nan, row: Tally(rows + nan, nan, first=("a", row, "NaN") if nan else None),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(1, 99),
)


@given(tallies, tallies, tallies)
def test_tallies_add_up_in_any_order(one: Tally, two: Tally, three: Tally) -> None:
    assert (one + two) + three == three + (two + one)
    assert one + Tally() == one


def test_the_share_that_is_refused() -> None:
    Tally(100, nan=1, first=("a", 1, "NaN")).check()
    assert MOST_BAD == 0.01
    with pytest.raises(DataError, match="at most 1"):
        Tally(99, nan=1, first=("a", 1, "NaN")).check()
    with pytest.raises(DataError, match="no rewards"):
        Tally().check()
    assert str(Tally(5)) == ""
