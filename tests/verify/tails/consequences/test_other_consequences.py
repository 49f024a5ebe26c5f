"""How many samples are needed; prompts; the answer as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp, inf, nan, sqrt
from typing import Any

import numpy as np
import pytest
from flint import arb

from verify.errors import InputError
from verify.prompts.laws import PromptLaws
from verify.prompts.quenched import quenched_frontier as certified
from verify.tails.consequences import Sample, consequences_of
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.quenched import quenched_frontier
from verify.tails.consequences.samples_needed import samples_needed
from verify.tails.decision import decide
from verify.tails.summary import Summary
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval, Verdict

HEAVY = Verdict("heavy", "power law", Interval(0.33, 0.2, 0.45), None, 100, "test")
LIGHT = Verdict("light", None, Interval(-0.1, -0.2, 0.0), Interval(inf, 1.0, inf), 100, "test")
UNSURE = Verdict("cannot tell", None, Interval(0.2, -0.1, 0.5), None, 100, "test")


# ---- samples needed -----------------------------------------------------------------------------


def test_what_a_sample_can_hide() -> None:
    found = samples_needed(1000, LIGHT, [])
    mass = found.hidden.value
    assert mass is not None and (1 - mass) ** 1000 == pytest.approx(0.05, rel=1e-9)
    assert mass == pytest.approx(3 / 1000, rel=0.01)


def test_rewards_for_a_budget() -> None:
    found = samples_needed(10**4, LIGHT, [2.0, 8.0, 1000.0])
    values = [answer.value for _, answer in found.for_budgets]
    assert values[:2] == [np.ceil(100 * exp(2.0)), np.ceil(100 * exp(8.0))] and values[2] == inf
    assert "has them" in found.for_budgets[0][1].because
    assert "fewer" in found.for_budgets[1][1].because


def test_rewards_to_decide() -> None:
    """At xi = 0.2: (1.96 * 6)^2 = 138 exceedances, and the estimate rests on 100 of 2000."""
    found = samples_needed(2000, UNSURE, []).to_decide
    assert found.value == np.ceil(20 * (1.959963984540054 * 6) ** 2)
    assert found.because.startswith("about 2,800 at least, where now there are 2,000")
    assert samples_needed(1000, HEAVY, []).to_decide.value == 1000
    # In the tail there are more than the 138, and they do not decide: no number is known.
    more = samples_needed(2000, replace(UNSURE, k=480), []).to_decide
    assert more.value is None and "by 138 rewards in the tail, and it has 480" in more.because
    short = samples_needed(300, replace(UNSURE, shape=Interval(nan, -inf, inf), k=0), [])
    assert short.to_decide.value == 1200


# ---- prompts ------------------------------------------------------------------------------------


def test_the_frontier_over_prompts_meets_balls() -> None:
    rng = np.random.default_rng(2)
    parts = [rng.standard_normal(size) * scale for size, scale in ((5, 1.0), (9, 3.0), (1, 1.0))]
    prompts = np.repeat(["b", "a", "c"], [5, 9, 1])
    order = rng.permutation(15)
    sample = Sample.of(np.concatenate(parts)[order], prompts[order])
    found = quenched_frontier(sample, [0.1, 1.0])
    exact = certified(PromptLaws.of(parts), ["0.1", "1"])
    for (_, answer), point in zip(found.points, exact.points, strict=True):
        assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
        assert answer.low is not None and answer.high is not None
        assert answer.low <= float(point.upper) and float(point.lower) <= answer.high
        assert answer.high - answer.low < 1e-9
    assert (found.prompts, found.single) == (3, 1)
    assert found.mean == pytest.approx(float(np.mean([part.mean() for part in parts])))
    assert found.price_of_tops == pytest.approx((np.log(5) + np.log(9)) / 3)


def test_prompts_of_two_scales_pool_to_a_heavier_law() -> None:
    """N(0, s^2) for s = 1, 5: answering gains sqrt(2 d E s^2), choosing prompts too gains more."""
    rng = np.random.default_rng(3)
    scales = np.repeat([1.0, 5.0], 20000)
    sample = Sample.of(scales * rng.standard_normal(40000), scales)
    (_, answer), *_ = quenched_frontier(sample, [0.3]).points
    pooled = consequences_of(sample, LIGHT, [0.3]).frontier[0].plug_in.value
    truth = sqrt(2 * 0.3 * 13)
    assert answer.value == pytest.approx(truth, rel=0.02)
    assert pooled is not None and pooled > 1.04 * truth


def test_prompts_need_rewards() -> None:
    sample = Sample.of_summary(Summary.of(np.arange(100.0), keep=10))
    with pytest.raises(InputError, match="prompts"):
        quenched_frontier(sample, [0.1])
    with pytest.raises(InputError, match="3 rewards and 2 prompts"):
        Sample.of([1.0, 2.0, 3.0], ["a", "b"])


# ---- the whole ----------------------------------------------------------------------------------


def leaves(value: Any) -> list[Any]:
    """All numbers and texts of a JSON answer."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


@pytest.mark.parametrize("verdict", [HEAVY, LIGHT, UNSURE])
def test_the_whole_answer_is_json(verdict: Verdict) -> None:
    rng = np.random.default_rng(4)
    rewards = rng.standard_t(4, 3000)
    sample = Sample.of(rewards, rng.integers(0, 40, 3000))
    gold = rewards + rng.standard_normal(3000) if verdict is HEAVY else None
    found = consequences_of(sample, verdict, [0.1, 1.0], gold=gold)
    text = json.dumps(found.as_json(), allow_nan=False)
    answer = json.loads(text)
    assert {"frontier", "best_of_n", "safe_penalties", "cap", "samples_needed"} <= answer.keys()
    # Beside the fit of the gold score, which is goodhart fit's, all that matters are texts.
    if gold is not None:
        answer["gold"].pop("fit")
    assert not any(isinstance(leaf, float) for leaf in leaves(answer))
    for point in answer["frontier"]["pooled"]:
        assert point["plug_in"]["evidence"] == "exact for these rewards"
        assert point["fitted"]["value"] == ("oo" if verdict is HEAVY else point["fitted"]["value"])


def test_the_same_again_to_the_last_digit() -> None:
    sample = Sample.of(np.random.default_rng(4).standard_t(4, 3000))
    first, second = (consequences_of(sample, HEAVY, [0.1], seed=3).as_json() for _ in range(2))
    assert first == second
    assert first != consequences_of(sample, HEAVY, [0.1], seed=4).as_json()


def test_constant_rewards() -> None:
    found = consequences_of(Sample.of(np.full(50, 2.0)), UNSURE, [0.5])
    assert found.fitted is None and found.frontier[0].plug_in.value == 2.0
    assert found.cap.cap.value == 2.0 and found.best_of_n[-1].fitted is not None
    json.dumps(found.as_json(), allow_nan=False)


@pytest.mark.parametrize("budget", [0.0, -1.0, inf, float("nan")])
def test_budgets_are_positive(budget: float) -> None:
    with pytest.raises(InputError, match="positive budget"):
        consequences_of(Sample.of(np.arange(10.0)), LIGHT, [budget])


def test_gold_needs_rewards() -> None:
    sample = Sample.of_summary(Summary.of(np.arange(100.0), keep=10))
    with pytest.raises(InputError, match="one by one"):
        consequences_of(sample, LIGHT, [0.1], gold=np.arange(100.0))


def test_numbers_of_the_json() -> None:
    assert [number(x) for x in (0.1, inf, -inf, float("nan"), None)] == [
        "0.1",
        "oo",
        "-oo",
        None,
        None,
    ]
    assert Answer(1.0, None, 2.0, "verdict", "").as_json()["interval"] is None


ODD = {
    "one": np.array([2.0]),
    "three": np.array([1.0, -4.0, 2.5]),
    "two values": np.repeat([0.0, 1.0], [900, 100]),
    "one that differs": np.append(np.zeros(500), 1.0),
    "whole numbers": np.random.default_rng(0).poisson(3, 2000).astype(float),
    "huge": 1e300 * np.random.default_rng(1).standard_normal(1000),
    "tiny": 1e-300 * np.random.default_rng(2).standard_normal(1000),
    "far": 1e12 + np.random.default_rng(3).standard_normal(1000),
    "without a mean": np.random.default_rng(4).pareto(0.3, 2000),
    "left tail": -np.random.default_rng(5).pareto(0.5, 2000),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_samples_have_answers_too(name: str) -> None:
    """With the verdict that each gets; no warning of numpy, no NaN in the JSON."""
    sample = Sample.of(ODD[name])
    verdict = decide(UpperTail.of(ODD[name]))
    found = consequences_of(sample, verdict, [0.1, 3.0])
    text = json.dumps(found.as_json(), allow_nan=False)
    assert "nan" not in text.lower()
    for answer in found.frontier:
        assert answer.plug_in.value is not None
        room = 1e-12 * abs(ODD[name]).max()
        assert sample.cells.average - room <= answer.plug_in.value <= sample.cells.top + room
    if verdict.kind == "cannot tell":
        assert found.frontier[0].fitted.high == inf
