"""The whole audit of odd samples: it ends with an answer that is JSON, or with one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from verify.errors import InputError
from verify.tails.audit import Audit, audit, audit_rewards
from verify.tails.reading import open_scores
from verify.tails.report.sections import page_of
from verify.tails.report.terminal import terminal_lines
from verify.tails.report.words import penalties_in_words

Floats = NDArray[np.float64]


def normal(count: int) -> Floats:
    return np.random.default_rng(1).standard_normal(count)


def with_one(count: int, other: float, rest: Floats | float = 0.0) -> Floats:
    sample = np.zeros(count) + rest
    sample[5] = other
    return sample


ODD: dict[str, Floats] = {
    "one": normal(1),
    "fifty": normal(50),
    "zeros": np.zeros(600),
    "zeros and one": with_one(600, 1.0),
    "zeros and a few": np.append(np.zeros(2990), normal(10) ** 2),
    "zeros and some": np.append(np.zeros(2000), normal(1000)),
    "a huge one": with_one(1000, 1e60, normal(1000)),
    "far from zero": 1e16 + 10 * normal(1000),
    "of all sizes": np.exp(np.random.default_rng(1).uniform(-150, 100, 1000)),
}


def answer_of(found: Audit) -> dict[str, Any]:
    """Its JSON, which has no numbers that JSON does not have."""
    answer: dict[str, Any] = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    return answer


@pytest.mark.parametrize("name", ODD)
def test_odd_samples_are_answered(name: str) -> None:
    found = audit_rewards(ODD[name], prompts=np.arange(len(ODD[name])) // 2)
    answer = answer_of(found)
    assert answer["n"] == len(ODD[name])
    lines = terminal_lines(found)
    assert len(lines) < 40
    assert any(line.startswith(f"verdict: {answer['verdict']}") for line in lines[:12])
    assert page_of(found).html().startswith("<!doctype html>")


def test_of_few_scores_a_cap_and_a_penalty_are_named() -> None:
    """Grades: bounded unless larger ones can occur, and what to do if they can."""
    found = audit_rewards(np.tile([0.0, 0.0, 0.0, 0.0, 0.5, 1.0], 3000))
    answer, said = answer_of(found), " ".join(" ".join(terminal_lines(found)).split())
    assert answer["safe_penalties"] == ["odds"] and answer["cap"]["cap"]["value"] == "1.0"
    assert "the largest 1: the tail is bounded, unless larger ones can occur" in said
    assert "this is the largest reward: it clips none of them" in said
    assert "Unless you know that it ends, treat it as heavy." in said
    assert "no 95 % at KL budget 2: the budget buys the largest reward" in said
    assert "penalties that hold the tail: odds, if the mean of the rewards is finite" in said


@pytest.mark.parametrize(
    ("values", "told"),
    [((0.0, 0.0, 1.0), "they take no other values than 0 and 1"), ((1.0,), "all are 1")],
)
def test_of_one_value_or_two_it_is_asked_whether_larger_ones_can_occur(
    values: tuple[float, ...], told: str
) -> None:
    """Those of a verifier: to cap them at the largest, or to treat them as heavy, says nothing."""
    found = audit_rewards(np.tile(values, 1500))
    said = " ".join(" ".join(terminal_lines(found)).split())
    assert f"rewards: {told}. If no larger value than 1 can occur, no audit is needed" in said
    assert "to (KL budget 2): none is needed if no reward can be above 1" in said
    assert "penalties that hold the tail: all, if no reward can be above 1" in said
    for empty in ("treat it as heavy", "lower is safer", "rewards to collect", "clips none"):
        assert empty not in said


def test_penalties_say_what_they_need_of_the_mean() -> None:
    """Of 600 rewards the index may be that of an infinite mean; of 40 there is none."""
    few, more = (audit_rewards(np.random.default_rng(4).standard_t(3, n)) for n in (40, 600))
    assert penalties_in_words(few) == "odds, if the mean of the rewards is finite"
    assert more.verdict.shape.high >= 1 and not more.consequences.penalties.safe
    assert penalties_in_words(more).endswith("looked at: the mean of the rewards may be infinite")
    many = audit_rewards(normal(20000))
    assert "mean" not in penalties_in_words(many)


@pytest.mark.parametrize("what", ["rewards", "gold scores"])
def test_scores_that_are_all_equal_are_no_gold_to_look_at(what: str) -> None:
    """All else is audited: a column that was found by its name cannot be left out."""
    scores = {"rewards": normal(600), "gold scores": normal(600), what: np.full(600, 0.7)}
    found = audit_rewards(scores["rewards"], utility=scores["gold scores"])
    assert answer_of(found)["gold"] is None
    (said,) = (each for each in found.warnings if "gold" in each)
    assert said.startswith(
        f"The gold scores (column 'utility') were not looked at: the {what} are all equal, so"
    )


def test_gold_scores_of_a_part_of_the_rewards() -> None:
    """The verdict is that of all rewards, the gold part that of the rewards with a gold score."""
    rewards = normal(3000)
    gold = np.where(np.arange(3000) % 5 == 0, rewards + normal(3000)[::-1], np.nan)
    part, alone = audit_rewards(rewards, utility=gold), audit_rewards(rewards)
    there = ~np.isnan(gold)
    assert part.verdict == alone.verdict and part.summary.count == 3000
    of_these = audit_rewards(rewards[there], utility=gold[there]).consequences.gold
    assert part.consequences.gold is not None and of_these is not None
    assert part.consequences.gold.as_json() == of_these.as_json()
    (said,) = set(part.warnings) - set(alone.warnings)
    assert said.startswith("Of 3,000 rewards 600 have a gold score (column 'utility'): only what")
    none = audit_rewards(rewards, utility=np.full(3000, np.nan))
    assert none.consequences.gold is None
    assert any("were not looked at: no reward has a finite one" in each for each in none.warnings)


@pytest.mark.parametrize("factor", [1e100, 1e300, 1e-100, 1e-310])
def test_sizes_beyond_float64_squared_are_refused(factor: float) -> None:
    for sample in (factor * normal(600), -np.abs(factor * normal(600))):
        with pytest.raises(InputError, match=r"rewards: the largest in size is .* expected one"):
            audit_rewards(sample)
    with pytest.raises(InputError, match="gold scores: the largest in size"):
        audit_rewards(normal(600), utility=factor * normal(600))


#: Sentences hold rounded numbers; likelihoods and parameters of logarithms move by logarithms.
UNITLESS = {"because", "warnings", "log_likelihood", "mu", "log_scale"}


def numbers_of(answer: Any, path: str = "") -> dict[str, Any]:
    """All entries of a JSON value by their paths, but sentences, and what has no unit."""
    if isinstance(answer, dict):
        kept = {key: each for key, each in answer.items() if key not in UNITLESS}
        return {k: v for key in kept for k, v in numbers_of(kept[key], f"{path}/{key}").items()}
    if isinstance(answer, list):
        found: dict[str, Any] = {}
        for i, each in enumerate(answer):
            if not (isinstance(each, dict) and each.get("estimator") == "Hill"):
                found |= numbers_of(each, f"{path}/{i}")
        return found
    return {path: answer}


@settings(max_examples=4)
@given(
    st.sampled_from(["normal", "pareto", "rounded", "zeros"]),
    st.integers(0, 2**32),
    st.integers(-20, 20),
    st.integers(-(2**12), 2**12),
)
def test_an_audit_moves_with_shift_and_scale(law: str, seed: int, power: int, shift: int) -> None:
    rng = np.random.default_rng(seed)
    rewards = rng.pareto(1.5, 600) if law == "pareto" else rng.standard_normal(600)
    # So few bits that the shift rounds nothing. What is rounded itself is not shifted: where its
    # rounding cells are wide depends on where 0 is.
    shift = 0 if law == "rounded" else shift
    rewards = np.rint(rewards * 2.0 ** (6 if law == "rounded" else 30))
    rewards /= 2.0 ** (6 if law == "rounded" else 30)
    if law == "zeros":
        rewards = np.maximum(rewards, 0)
    prompts = np.arange(600) % 7
    scale = 2.0**power
    ours = answer_of(audit_rewards(rewards + shift, prompts))
    scaled = answer_of(audit_rewards(scale * (rewards + shift), prompts))
    there = answer_of(audit_rewards(rewards, prompts))
    for name in ("verdict", "family", "tail_index"):
        assert ours[name] == scaled[name] == there[name]
    ours, scaled, there = map(numbers_of, (ours, scaled, there))
    assert set(scaled) == set(ours) == set(there)
    for path, value in ours.items():
        assert is_moved(value, scaled[path], (scale, 1 / scale), 0), path
        assert is_moved(there[path], value, (), shift), path


def is_moved(value: Any, other: Any, factors: tuple[float, ...], shift: float) -> bool:
    """Whether an entry is the same, or in other units, up to the rounding of sums."""
    if value == other:
        return True
    try:
        number, found = float(value), float(other)
    except (TypeError, ValueError):
        return False
    small = 1e-12 * abs(shift)
    wanted = [number, number + shift, *(number * factor for factor in factors)]
    return any(found == pytest.approx(each, rel=1e-6, abs=small) for each in wanted)


def test_an_audit_of_shards_is_that_of_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rewards = np.concatenate([rng.standard_t(3, 1500), np.zeros(200)])
    rng.shuffle(rewards)
    prompts, golds = rng.integers(0, 9, 1700), rng.standard_normal(1700)
    answers = []
    for name, shards in (("whole", 1), ("shards", 7)):
        folder = tmp_path / name
        folder.mkdir()
        for i, rows in enumerate(np.array_split(np.arange(1700), shards)):
            np.savez(
                folder / f"{i}.npz", reward=rewards[rows], prompt=prompts[rows], gold=golds[rows]
            )
        work = None if shards == 1 else str(tmp_path / "work")
        found = answer_of(audit(open_scores([str(folder)]), work_folder=work))
        found["sample"].pop("files")
        answers.append(numbers_of(found))
    whole, parts = answers
    assert set(whole) == set(parts)
    differ = {path for path in whole if whole[path] != parts[path]}
    # Sums are rounded in other places; nothing else differs.
    assert differ <= {"/sample/mean", "/sample/standard_deviation"}
    for path in differ:
        assert float(whole[path]) == pytest.approx(float(parts[path]), rel=1e-14, abs=1e-14)
