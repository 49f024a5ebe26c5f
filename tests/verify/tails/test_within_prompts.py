"""The tail that a policy meets where prompts are given: the verdict, and how it is told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import nan

import numpy as np
import pytest

from verify.tails.audit import Audit, Options, audit_rewards
from verify.tails.decision import decide
from verify.tails.prompt_tails import prompt_tails
from verify.tails.report.prompt_section import prompt_section
from verify.tails.report.prompt_words import follows, given, opening
from verify.tails.report.sections import facts
from verify.tails.report.terminal import terminal_lines
from verify.tails.report.words import headline, if_heavy
from verify.tails.rows import Rows
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval, Kind, Verdict
from verify.tails.within_prompts import Scaled, Within, conclude_within, scaled

OPTIONS = Options(budgets=(1.0, 8.0))


def rewards_of(case: str) -> np.ndarray:
    """One row for each prompt."""
    rng = np.random.default_rng(5)
    scales = np.exp(rng.standard_normal((100, 1)))
    drawn: dict[str, np.ndarray] = {
        "means": rng.standard_normal((500, 6)) + 3 * rng.standard_t(1, (500, 1)),
        "scales": scales * rng.standard_normal((100, 60)),
        "light": rng.standard_normal((50, 40)) + rng.standard_normal((50, 1)),
        "heavy": scales * rng.standard_t(2, (100, 60)),
        "few": rng.standard_t(2, (500, 6)),
        "single": rng.standard_normal((1000, 1)),
    }
    return drawn[case]


def with_prompts(case: str) -> tuple[np.ndarray, np.ndarray]:
    rewards = rewards_of(case)
    return rewards.ravel(), np.repeat(np.arange(len(rewards)), rewards.shape[1])


@cache
def audited(case: str) -> Audit:
    return audit_rewards(*with_prompts(case), options=OPTIONS)


def without_prompts(found: Audit) -> Audit:
    """As an audit without a column of prompts."""
    return replace(found, prompts=None, consequences=replace(found.consequences, quenched=None))


@pytest.mark.parametrize(
    ("case", "pooled", "met"),
    [
        ("means", "heavy", "light"),
        ("scales", "heavy", "light"),
        ("light", "light", "light"),
        ("heavy", "heavy", "heavy"),
        ("few", "heavy", "cannot tell"),
    ],
)
def test_what_a_policy_meets(case: str, pooled: Kind, met: Kind) -> None:
    rewards, prompts = with_prompts(case)
    together = decide(UpperTail.of(rewards))
    found = prompt_tails(Rows(rewards, prompts, tuple(map(str, range(len(rewards))))), together)
    assert (together.kind, found.met.kind) == (pooled, met)
    assert found.as_json()["verdict"] == met


def test_the_opening_says_both_where_they_differ() -> None:
    found = audited("scales")
    assert found.consequences.quenched is not None
    ((_, bought), _) = found.consequences.quenched.points
    said = opening(found)
    assert said.startswith("All rewards together: heavy. Within prompts: light. A policy that")
    assert f"a KL budget of 1 nat the best mean of these rewards is {bought.value:.4g}, " in said
    assert "every KL budget" not in said
    for name, value in facts(found):
        if name.startswith(("set the cap", "penalties")):
            assert value.endswith("(for all rewards together; within prompts: light)")


def test_where_they_agree_the_headline_comes_first() -> None:
    found = audited("light")
    assert opening(found).startswith(f"{headline(found)} Where its prompts are given, within a KL")
    assert follows(found) == ""
    alone = without_prompts(found)
    assert opening(alone) == headline(alone)
    # Here the only budget buys the largest of 40 rewards.
    (*_, last), quenched = found.consequences.frontier, found.consequences.quenched
    assert quenched is not None
    ending = replace(quenched, points=quenched.points[1:])
    parts = replace(found.consequences, frontier=(last,), quenched=ending)
    assert "and the data end there" in opening(replace(found, consequences=parts))


def test_what_cannot_be_told_is_treated_as_heavy() -> None:
    found = audited("scales")
    assert found.prompts is not None
    unsure = replace(found, prompts=replace(found.prompts, met=Within("cannot tell", "Few.")))
    assert "meets the second: treat it as heavy" in opening(unsure)
    # The verdict is not told a second time, only what it means.
    assert opening(unsure).endswith(f" are there. {if_heavy(unsure)}")
    assert headline(unsure).endswith(if_heavy(unsure)) and opening(unsure).count("heavy") == 2


def test_the_csv_has_what_is_bought_of_given_prompts() -> None:
    found = audited("scales")
    header, *rows = found.rows()
    assert header[-2:] == ("fitted", "prompts_given") and found.consequences.quenched is not None
    points = found.consequences.quenched.points
    assert [row[-1] for row in rows] == [repr(answer.value) for _, answer in points]


def test_the_terminal_has_a_column_for_prompts() -> None:
    found = audited("scales")
    lines = terminal_lines(found)
    (row,) = (i for i, line in enumerate(lines) if line.endswith("prompts given"))
    quenched = found.consequences.quenched
    assert quenched is not None
    for (budget, answer), line in zip(quenched.points, lines[row + 1 :], strict=False):
        assert line.endswith(f"{answer.value:.4g}")
        assert given(quenched, budget) in line
    # Eight nats buy the largest of 60 rewards, so the truth may be more.
    assert given(quenched, 8.0).startswith("≥")
    assert not given(quenched, 1.0).startswith("≥")
    assert "prompts given" not in "".join(terminal_lines(without_prompts(found)))


def test_the_report_has_one_interval_of_the_index_and_says_where_the_data_end() -> None:
    found = audited("scales")
    assert found.prompts is not None
    section = prompt_section(found.prompts, found.consequences.quenched)
    said = " ".join(section.paragraphs)
    assert "Within prompts the tail is: light." in said and "interquartile range" in said
    # The GPD shape, whose interval allows for no bias, stands in the JSON only.
    assert "GPD" not in said and found.prompts.as_json()["tail_index_by_prompt"] is not None
    (_, bought), (_, ends) = section.tables[0].rows
    assert float(bought) > 0 and ends.startswith("≥")


def test_prompts_of_one_reward_are_warned_of() -> None:
    warnings = audited("single").warnings
    assert any("1,000 of 1,000 prompts have one reward only" in each for each in warnings)
    assert "prompts are given" not in opening(audited("single"))
    assert not any("one reward only" in each for each in audited("light").warnings)


def test_large_rewards_do_not_hide_behind_their_own_scale() -> None:
    """Lognormal prompts of 60 rewards: the standard deviation of a prompt makes them look light."""
    rng = np.random.default_rng(3)
    scales = np.exp(rng.standard_normal((100, 1)))
    prompts = np.repeat(np.arange(100), 60)
    found = scaled((scales * rng.lognormal(size=(100, 60))).ravel(), prompts)
    assert found is not None and (found.verdict.kind, found.fewest) == ("heavy", 50)


def test_scales_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    rewards, prompts = rng.standard_normal((50, 40)), np.repeat(np.arange(50), 40)
    # Powers of 2, so that nothing is rounded.
    moved = rewards * 2.0 ** rng.integers(-9, 9, (50, 1))
    found, same = scaled(rewards.ravel(), prompts), scaled(moved.ravel(), prompts)
    assert found is not None and same is not None
    assert (found.rows, found.fewest) == (same.rows, same.fewest) == (2000, 20)
    assert found.verdict.shape == same.verdict.shape
    # Prompts without a scale say nothing.
    assert scaled(np.zeros(2000), prompts) is None


def test_prompts_with_too_few_rewards_have_no_scale() -> None:
    rewards = np.random.default_rng(3).standard_normal(1900)
    assert scaled(rewards, np.repeat(np.arange(100), 19)) is None


def verdict(kind: Kind) -> Verdict:
    return Verdict(kind, None, Interval(nan, nan, nan, 0.95), None, 0, "", ())


@pytest.mark.parametrize(
    ("pooled", "within", "standard", "single", "met"),
    [
        ("bounded", "heavy", ("heavy", 50), 0.0, "bounded"),
        ("heavy", "heavy", ("heavy", 50), 0.0, "heavy"),
        ("heavy", "heavy", ("heavy", 20), 0.0, "cannot tell"),
        ("heavy", "light", ("heavy", 50), 0.0, "cannot tell"),
        ("heavy", "heavy", ("light", 20), 0.0, "light"),
        ("heavy", "heavy", ("bounded", 20), 0.0, "light"),
        ("heavy", "bounded", ("bounded", 20), 0.0, "bounded"),
        ("heavy", "heavy", None, 0.0, "cannot tell"),
        ("heavy", "light", None, 0.0, "light"),
        ("heavy", "light", None, 0.6, "cannot tell"),
        ("light", "cannot tell", None, 0.6, "light"),
        ("light", "heavy", ("heavy", 50), 0.0, "heavy"),
        ("light", "heavy", None, 0.0, "cannot tell"),
    ],
)
def test_the_rules(
    pooled: Kind, within: Kind, standard: tuple[Kind, int] | None, single: float, met: Kind
) -> None:
    on_scale = None if standard is None else Scaled(9, standard[1], verdict(standard[0]))
    found = conclude_within(verdict(pooled), verdict(within), on_scale, single, [])
    assert found.kind == met and found.because


def test_one_heavy_prompt_is_enough_but_one_in_forty_is_chance() -> None:
    light, heavy = verdict("light"), verdict("heavy")
    on_scale = Scaled(9, 50, light)
    for number, met in ((0, "light"), (2, "light"), (10, "heavy")):
        decided = [heavy] * number + [light] * (80 - number)
        assert conclude_within(light, light, on_scale, 0.0, decided).kind == met
