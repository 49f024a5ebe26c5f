"""Frontiers of samples: the plug-in that lies, its growth, its band, and the fitted tail."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf, sqrt
from typing import Any

import numpy as np
import pytest
from flint import arb
from numpy.typing import NDArray

from verify.divergence import KL
from verify.frontier import frontier
from verify.law import Law
from verify.tails.audit import audit_rewards
from verify.tails.consequences.band import delta_band
from verify.tails.consequences.best_mean import best_mean
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.frontier import BudgetAnswer, fitted_frontier, frontier_of
from verify.tails.consequences.sample import Sample
from verify.tails.consequences.splice import fitted_tail
from verify.tails.decision import decide
from verify.tails.summary import Summary
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Interval, Verdict

HEAVY = Verdict("heavy", "power law", Interval(0.33, 0.28, 0.4), None, 400, "test")
LIGHT = Verdict("light", None, Interval(-0.1, -0.2, 0.0), Interval(inf, 3.0, inf), 400, "test")
EXACT = "exact for these rewards"
UNSURE = Verdict("cannot tell", None, Interval(0.1, -0.1, 0.3), None, 400, "test")


def answers(sample: Sample, verdict: Verdict, *budgets: float) -> tuple[BudgetAnswer, ...]:
    return frontier_of(sample, verdict, fitted_tail(sample.cells, verdict), budgets)


@pytest.mark.parametrize(("rows", "finite"), [(10**4, 12.5), (10**6, 29.0)])
def test_the_plug_in_of_a_heavy_tail_is_finite_and_the_answer_is_not(
    rows: int, finite: float
) -> None:
    """Student t(3) at d = 2: what every tool prints, and the truth beside it."""
    sample = Sample.of(np.random.default_rng(0).standard_t(3, rows))
    (answer,) = answers(sample, HEAVY, 2.0)
    assert answer.plug_in.value == pytest.approx(finite, abs=0.05)
    assert answer.fitted.value == answer.fitted.low == inf
    assert "heavy" in answer.fitted.because
    assert answer.band.value is None and answer.band.high is None
    steps = [step.mean for step in answer.growth]
    # A frontier that settles would not double from n/64 to n.
    assert steps == sorted(steps) and steps[-1] > 2 * steps[0]
    assert steps[-1] == pytest.approx(answer.plug_in.value, rel=1e-6)


def alone(point: dict[str, Any]) -> bool:
    """Whether a budget of the JSON answer has a plug-in without what belongs beside it."""
    grows = len(point.get("growth", [])) >= 2
    fitted = point.get("fitted")
    told = fitted is not None and bool(fitted["because"]) and fitted["evidence"] != EXACT
    return point["plug_in"]["evidence"] == EXACT and not (grows and told)


def test_the_plug_in_is_never_alone() -> None:
    """What every other tool prints is caught, and so is a plug-in that is called the answer."""
    sample = Sample.of(np.random.default_rng(0).standard_t(3, 1000))
    for verdict in (HEAVY, LIGHT, UNSURE):
        (answer,) = answers(sample, verdict, 2.0)
        point = answer.as_json()
        assert not alone(point)
        assert alone({"plug_in": point["plug_in"]})
        assert alone({**point, "growth": []})
        assert alone({**point, "fitted": point["plug_in"]})


def test_a_light_tail_settles() -> None:
    sample = Sample.of(np.random.default_rng(1).standard_normal(2**18))
    (answer,) = answers(sample, LIGHT, 0.5)
    assert [step.parts for step in answer.growth] == [64, 16, 4, 1]
    least, most = answer.growth[0], answer.growth[-1]
    assert most.mean == pytest.approx(1.0, abs=0.01) and least.mean == pytest.approx(1.0, abs=0.02)
    assert answer.fitted.low is not None and answer.fitted.high is not None
    assert answer.fitted.low <= 1.0 <= answer.fitted.high < 1.1


def test_an_undecided_tail_has_no_upper_end() -> None:
    sample = Sample.of(np.random.default_rng(1).standard_t(20, 10000))
    (answer,) = answers(sample, UNSURE, 0.5)
    assert answer.fitted.value is None and answer.fitted.high == inf


def test_a_budget_that_buys_the_top_says_so() -> None:
    sample = Sample.of(np.random.default_rng(1).standard_normal(100))
    (answer,) = answers(sample, LIGHT, 5.0)  # log 100 = 4.6
    assert answer.plug_in.value == sample.cells.top and "largest reward" in answer.plug_in.because
    assert answer.band.low is None


def covered(
    draw: NDArray[np.float64], truth: float, budget: float, prompts: NDArray[np.int64] | None
) -> bool:
    sample = Sample.of(draw, prompts)
    band, _ = delta_band(sample, LIGHT, budget, best_mean(sample.cells, KL, budget).middle)
    assert band.low is not None and band.high is not None
    return band.low <= truth <= band.high


def test_the_band_covers_a_light_frontier() -> None:
    """Normal at d = 1/2: S = 1. Of 300 bands at 95 % at least 269 cover, but for 1 in 2000."""
    rng = np.random.default_rng(11)
    hits = sum(covered(rng.standard_normal(4000), 1.0, 0.5, None) for _ in range(300))
    # 285 less 3.3 standard deviations of sqrt(300 0.95 0.05), and 1 % for n = 4000.
    assert 285 - 3.3 * sqrt(300 * 0.95 * 0.05) - 3 <= hits <= 300


def test_a_band_that_does_not_know_the_prompts_is_too_narrow() -> None:
    """X = prompt + noise, 100 prompts of 20: pooled normal(0, 2), S(d) = 2 sqrt d."""
    rng = np.random.default_rng(12)
    budget, codes = 0.25, np.repeat(np.arange(100), 20)
    truth = 2 * sqrt(budget)
    draws = [
        np.repeat(rng.standard_normal(100), 20) + rng.standard_normal(2000) for _ in range(120)
    ]
    aware = sum(covered(draw, truth, budget, codes) for draw in draws)
    naive = sum(covered(draw, truth, budget, None) for draw in draws)
    assert naive < 0.7 * 120 < 0.85 * 120 < aware


def test_a_band_needs_rewards_to_rest_on() -> None:
    sample = Sample.of(np.random.default_rng(1).standard_normal(1000))
    (answer,) = answers(sample, LIGHT, 1.0)
    assert answer.effective < 500 and answer.band.low is None
    because = answer.band.because
    assert because.startswith("no band: too few rewards decide this number")
    assert "fewer than 500" in because


def test_capped_rewards_have_the_frontier_of_the_sample() -> None:
    """No tail is fitted where rewards end at a cap, and nothing there is infinite or missing."""
    rewards = np.minimum(np.random.default_rng(1).standard_t(3, 2000), 2.0)
    found = audit_rewards(rewards)
    assert found.verdict.kind == "bounded" and found.consequences.fitted is None
    for point in found.consequences.frontier:
        assert point.fitted.value == point.plug_in.value
    assert found.consequences.best_of_n[-1].fitted is not None
    assert found.consequences.best_of_n[-1].fitted.value == 2.0


def test_a_summary_brackets_what_the_rewards_say() -> None:
    rewards = np.random.default_rng(3).standard_t(4, 50000)
    exact = answers(Sample.of(rewards), HEAVY, 0.1, 1.0, 4.0)
    summed = answers(Sample.of_summary(Summary.of(rewards, keep=5000)), HEAVY, 0.1, 1.0, 4.0)
    for one, other in zip(exact, summed, strict=True):
        assert one.plug_in.value is not None
        assert other.plug_in.low is not None and other.plug_in.high is not None
        room = 1e-9 * abs(one.plug_in.value)
        assert other.plug_in.low - room <= one.plug_in.value <= other.plug_in.high + room
        assert other.plug_in.high - other.plug_in.low < 1e-5 * abs(one.plug_in.value)
    # Where everything is kept, the summary is the sample.
    whole = Sample.of_summary(Summary.of(rewards))
    assert whole.rewards is not None
    assert answers(whole, HEAVY, 1.0)[0].plug_in == exact[1].plug_in


def test_the_frontier_is_the_entropic_value_at_risk() -> None:
    """At level 1 - e^-d: ``inf_z (log(M(z)/(1 - level)))/z``, on a grid of z."""
    rewards = np.random.default_rng(4).exponential(size=2000)
    (answer,) = answers(Sample.of(rewards), LIGHT, 0.8)
    z = np.linspace(0.2, 1.2, 2001)
    mgf = np.exp(z[:, None] * rewards[None, :]).mean(axis=1)
    values = np.log(mgf / exp(-0.8)) / z
    # The grid is off the best z by at most 1/4000, where the values are flat.
    assert answer.plug_in.value == pytest.approx(float(values.min()), rel=1e-6)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "law", ["normal()", "exponential()", "logistic()", "gamma(2)", "uniform()"]
)
def test_the_fitted_interval_covers_with_the_verdict_of_the_same_sample(law: str) -> None:
    """10^4 rewards, 200 samples: docs/concepts/consequences.md has what was measured."""
    hits = {0.1: 0, 0.5: 0, 1.0: 0, 2.0: 0, 5.0: 0}
    truths = frontier(law, [str(budget) for budget in hits]).points
    for seed in range(200):
        sample = Sample.of(Law.parse(law).sample(10**4, np.random.default_rng(seed)))
        assert sample.rewards is not None
        verdict = decide(UpperTail.of(sample.rewards))
        fitted = fitted_tail(sample.cells, verdict)
        for point in truths:
            assert isinstance(point.lower, arb)
            budget = float(point.budget)
            value = best_mean(sample.cells, KL, budget).middle
            band, _ = delta_band(sample, verdict, budget, value)
            found = fitted_frontier(verdict, fitted, budget, band, sample)
            assert found.low is not None and found.high is not None
            hits[budget] += found.low <= float(point.lower) <= found.high
    # Aimed at 95 %; the least that was measured is 92 %, less 3 standard errors of 200 samples.
    assert min(hits.values()) >= 200 * 0.86


def of_prompts(seed: int, prompts: int = 400, each: int = 50) -> Sample:
    """Levels of standard deviation 2, and answers to a prompt of standard deviation 1."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(prompts), each)
    return Sample.of(rng.normal(0, 2, prompts)[codes] + rng.normal(size=len(codes)), codes)


def test_where_the_band_ends_the_fitted_interval_keeps_the_error_of_prompts() -> None:
    """Answers to a prompt are alike: a larger budget is not known better than a small one."""
    without = 0
    for seed in range(1000, 1006):
        sample = of_prompts(seed)
        assert sample.rewards is not None
        found = answers(sample, decide(UpperTail.of(sample.rewards)), 0.5, 1.0, 2.0)
        without += sum(answer.band.low is None for answer in found)
        widths = []
        for answer in found:
            assert answer.fitted.low is not None and answer.fitted.high is not None
            widths.append(answer.fitted.high - answer.fitted.low)
        assert widths == sorted(widths)
    assert without >= 3


def test_the_error_of_prompts_is_that_of_leaving_a_part_of_each_out() -> None:
    """The shape, the scale and the threshold held, so that cells keep a reward each."""
    prompts = 60
    sample = of_prompts(3, prompts)
    fitted = fitted_tail(sample.cells, LIGHT)
    assert fitted is not None and sample.rewards is not None and sample.prompts is not None
    tail = fitted.central
    order = np.argsort(sample.rewards)
    rewards, of_which = sample.rewards[order], sample.prompts[order]
    moved = []
    for prompt in range(prompts):
        # One of 20 copies of this prompt is left out: a twentieth of what all of it would move.
        cells = CellLaw(20 - (of_which == prompt), rewards, rewards, rewards)
        moved.append(20 * (replace(tail, body=cells).best_mean(1.0) - tail.best_mean(1.0)))
    error = sqrt(sum(each**2 for each in moved))
    # The second order: a tenth of the 12 % by which halves, instead of twentieths, are off.
    assert tail.best_mean_error(1.0, sample) == pytest.approx(error, rel=0.02)
    assert tail.best_mean_error(1.0, sample) > 2 * tail.best_mean_error(1.0)


@pytest.mark.heavy
def test_the_fitted_interval_covers_where_answers_to_a_prompt_are_alike() -> None:
    """200 samples: 94 %, 93 % and 94 % were measured."""
    hits = {0.5: 0, 1.0: 0, 2.0: 0}
    for seed in range(200):
        sample = of_prompts(seed)
        assert sample.rewards is not None
        found = answers(sample, decide(UpperTail.of(sample.rewards)), *hits)
        for answer in found:
            assert answer.fitted.low is not None and answer.fitted.high is not None
            # N(0, 5): sqrt(2 d) standard deviations.
            truth = sqrt(10 * answer.budget)
            hits[answer.budget] += answer.fitted.low <= truth <= answer.fitted.high
    # Aimed at 95 %; the least that was measured, less 3 standard errors of 200 samples.
    assert min(hits.values()) >= 200 * 0.86
