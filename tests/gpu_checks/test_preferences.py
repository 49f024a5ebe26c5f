"""Preferences: what is read, what is refused, and how pairs are divided."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_checks.dialogue import ANSWER, QUESTION, is_dialogue, messages_of, plain
from gpu_checks.preferences import Preference, folds, read_preferences, split
from verify.errors import InputError

SHARED = f"{QUESTION} Is it late?{ANSWER} A little.{QUESTION} Then good night.{ANSWER}"


def written(folder: Path, rows: list[Any], name: str = "pairs.jsonl") -> str:
    file = folder / name
    text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()
    file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return str(file)


# ---------------------------------------------------------------- dialogues


def test_a_dialogue_has_turns() -> None:
    assert messages_of(SHARED) == [
        {"role": "user", "content": "Is it late?"},
        {"role": "assistant", "content": "A little."},
        {"role": "user", "content": "Then good night."},
    ]
    assert plain(SHARED).startswith("Human: Is it late?") and plain(SHARED).endswith("Assistant:")


@given(st.text())
def test_any_other_text_is_one_question(text: str) -> None:
    asked = text.lstrip()
    assert messages_of(asked) == [{"role": "user", "content": asked}] and plain(asked) == asked
    # The same question, written as a dialogue of one turn, is the same prompt.
    if not any(mark in asked for mark in (QUESTION, ANSWER)):
        assert plain(f"{QUESTION} {asked}{ANSWER}") == asked.strip()


def test_a_text_that_only_begins_like_a_dialogue_is_none() -> None:
    assert not is_dialogue(f"{QUESTION} Is it late?") and is_dialogue(SHARED)


# ---------------------------------------------------------------- reading


def test_both_forms_are_read_packed_or_not(tmp_path: Path) -> None:
    pair = Preference(SHARED, "Sleep well.", "Sleep.")
    whole = {"chosen": f"{SHARED} Sleep well.", "rejected": f"{SHARED} Sleep."}
    apart = {"prompt": SHARED, "chosen": "Sleep well.", "rejected": "Sleep."}
    for name in ("a.jsonl", "b.jsonl.gz"):
        found = read_preferences(written(tmp_path, [whole, "", apart], name))
        assert found.pairs == (pair, pair) and found.ties == 0
        assert len(found.sha256) == 64


def test_the_prompt_ends_where_an_answer_starts(tmp_path: Path) -> None:
    # The answers share their first words: these are not the prompt's.
    row = {"chosen": f"{SHARED} I think so.", "rejected": f"{SHARED} I think not."}
    (pair,) = read_preferences(written(tmp_path, [row])).pairs
    assert (pair.prompt, pair.chosen, pair.rejected) == (SHARED, "I think so.", "I think not.")
    assert pair.opening == "Is it late?"


def test_one_answer_may_be_the_start_of_the_other(tmp_path: Path) -> None:
    row = {"chosen": f"{SHARED} Yes", "rejected": f"{SHARED} Yes, it is."}
    (pair,) = read_preferences(written(tmp_path, [row])).pairs
    assert (pair.chosen, pair.rejected) == ("Yes", "Yes, it is.")


def test_a_line_separator_inside_a_text_ends_no_row(tmp_path: Path) -> None:
    row = json.dumps(
        {"prompt": "a\u2028b", "chosen": "c\x85d", "rejected": "e"}, ensure_ascii=False
    )
    assert read_preferences(written(tmp_path, [row])).pairs[0].prompt == "a\u2028b"


def test_ties_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "chosen": "a", "rejected": each} for each in ("a", "b")]
    found = read_preferences(written(tmp_path, rows))
    assert len(found.pairs) == 1 and found.ties == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["{"], "line 1: is no JSON"),
        (["[" * 100_000], "line 1: is no JSON"),
        (["[1]"], "line 1: is no JSON object"),
        ([{"prompt": "p", "chosen": "a"}], "line 1: no text rejected"),
        ([{"prompt": 1, "chosen": "a", "rejected": "b"}], "line 1: no text prompt"),
        ([{"chosen": "a", "rejected": "b"}], "share no text that ends in"),
        ([{"prompt": "p", "chosen": "a", "rejected": "b"}, {"chosen": None}], "line 2: no text"),
        ([], "no preferences in it"),
        ([{"prompt": "p", "chosen": "a", "rejected": "a"}], "no preferences in it"),
    ],
)
def test_what_is_no_preference_is_refused(tmp_path: Path, rows: list[Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        read_preferences(written(tmp_path, rows))
    assert "\n" not in str(refused.value)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    whole = Path(written(tmp_path, [{"prompt": "p", "chosen": "a", "rejected": "b"}], "a.jsonl.gz"))
    (tmp_path / "cut.jsonl.gz").write_bytes(whole.read_bytes()[:-9])
    (tmp_path / "plain.jsonl.gz").write_bytes(b"{}")
    for name, said in (
        ("cut.jsonl.gz", "no whole gzip file"),
        ("plain.jsonl.gz", "no whole gzip file"),
        ("none.jsonl", "cannot be read"),
        ("pairs.csv", "ending in"),
    ):
        with pytest.raises(InputError, match=said):
            read_preferences(str(tmp_path / name))


# ---------------------------------------------------------------- dividing

PAIRS = tuple(Preference(f"question {each // 2}", "a", "b") for each in range(2000))
"""Each opening twice."""


def test_parts_are_disjoint_and_share_no_opening() -> None:
    whole, first, second = (split(PAIRS, part=part) for part in ((1, 1), (1, 2), (2, 2)))
    assert first.held_out == second.held_out == whole.held_out
    trained = [set(each.train) | set(each.validation) for each in (first, second)]
    assert not trained[0] & trained[1]
    assert trained[0] | trained[1] == set(whole.train) | set(whole.validation)
    everything = [*whole.train, *whole.validation, *whole.held_out]
    assert sorted(everything) == list(range(len(PAIRS)))
    openings = [{PAIRS[each].opening for each in part} for part in (*trained, whole.held_out)]
    assert sum(map(len, openings)) == len(set().union(*openings)) == 1000


def test_shares_are_about_those_asked_for() -> None:
    parts = split(PAIRS, held_out=0.2, validation=0.25)
    # Of 1000 openings: five standard deviations, which a seed that looks random stays within.
    assert abs(len(parts.held_out) / 2 - 200) < 5 * (1000 * 0.2 * 0.8) ** 0.5
    assert abs(len(parts.validation) / 2 - 200) < 5 * (1000 * 0.2 * 0.8) ** 0.5


def test_a_pair_stays_where_it_is_when_others_come() -> None:
    few, many = split(PAIRS[:500]), split(PAIRS)
    for name in ("train", "validation", "held_out"):
        assert getattr(few, name) == tuple(each for each in getattr(many, name) if each < 500)


def test_seeds_divide_differently() -> None:
    assert split(PAIRS, seed=1).held_out != split(PAIRS).held_out
    other = split(PAIRS, training_seed=1)
    assert other.held_out == split(PAIRS).held_out and other.train != split(PAIRS).train


def test_folds_keep_openings_together() -> None:
    found = folds(PAIRS, 5, 0)
    assert set(found) == set(range(5)) and found[::2] == found[1::2]
    assert found != folds(PAIRS, 5, 1)


@pytest.mark.parametrize(
    "wrong", [{"held_out": 1.0}, {"validation": -0.1}, {"part": (3, 2)}, {"part": (0, 1)}]
)
def test_shares_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="expected"):
        split(PAIRS, **wrong)
