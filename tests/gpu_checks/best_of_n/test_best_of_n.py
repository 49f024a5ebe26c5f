"""Best-of-n on scored answers: by enumeration, exact laws, and answers that break a hypothesis."""

from __future__ import annotations

import json
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from gpu_checks.best_of_n import ScoredAnswers, best_of_answers, read_answers
from gpu_checks.best_of_n.outcome import outcomes, sizes_of, tied_kl
from gpu_checks.best_of_n.predictions import slope_of
from tests.terminal import Terminal
from verify.errors import InputError
from verify.law import Law
from verify.laws import mixture, parse, point
from verify.reweighted import Reweighted, reweight
from verify.weight import BestOfN


def answers_of(
    rng: np.random.Generator, prompts: int, each: int, error: str | None = None
) -> ScoredAnswers:
    """Normal gold scores, their means normal as well, and an independent error of a law."""
    gold = rng.normal(size=(prompts, each)) + rng.normal(size=(prompts, 1))
    noise = rng.normal(size=gold.shape) if error is None else None
    if noise is None:
        noise = parse(str(error)).sample(gold.size, rng).reshape(gold.shape)
    return ScoredAnswers((gold + noise).ravel(), gold.ravel(), np.repeat(np.arange(prompts), each))


# ---------------------------------------------------------------- outcomes


def test_the_best_of_n_by_enumeration() -> None:
    proxy = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 0.5, 0.25, 6.0])
    gold = np.array([1.0, 7.0, -2.0, 0.5, 3.0, 2.0, 4.0, -1.0])
    prompt = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    answers = ScoredAnswers(proxy, gold, prompt)
    for outcome in outcomes(answers, [1, 2, 3, 4]):
        means = [
            np.mean(
                [
                    gold[max(chosen, key=lambda row: proxy[row])]
                    for chosen in combinations(np.flatnonzero(prompt == each), outcome.n)
                ]
            )
            for each in (0, 1)
        ]
        # Weights of four answers: a few roundings of numbers below 8.
        assert outcome.gold.value == pytest.approx(np.mean(means), abs=1e-14)
        assert outcome.gain.value == pytest.approx(np.mean(means) - gold.mean(), abs=1e-14)


def test_prompts_that_are_hard_for_all_do_not_blur_the_gain(rng: np.random.Generator) -> None:
    answers = answers_of(rng, 40, 32)
    outcome = outcomes(answers, [8])[0]
    assert outcome.gold.low is not None and outcome.gold.high is not None
    assert outcome.gain.low is not None and outcome.gain.high is not None
    # Prompts differ with variance 1, gains of one prompt by much less.
    assert outcome.gain.high - outcome.gain.low < (outcome.gold.high - outcome.gold.low) / 2
    assert outcomes(answers.pooled(), [1])[0].gain.value == 0


def reweighted_kl(law: Law, n: int) -> arb:
    found = reweight(law, BestOfN(n))
    assert isinstance(found, Reweighted)
    kl = found.kl()
    assert isinstance(kl, arb)
    return kl


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.integers(1, 30))
def test_kl_where_all_proxies_tie_is_the_certified_one(scores: list[int], n: int) -> None:
    proxy = np.array(scores * 2, dtype=float)  # so that each comes twice
    parts = [(fmpq(scores.count(each), len(scores)), point(each)) for each in set(scores)]
    law = mixture(parts) if len(parts) > 1 else parts[0][1]
    exact = reweighted_kl(law, n)
    # Masses, powers and logarithms of at most 4 atoms, each rounded a few times.
    assert tied_kl(proxy, n) == pytest.approx(float(exact.mid()), abs=1e-13)


def test_kl_without_ties_is_the_closed_form_and_ties_make_it_less() -> None:
    proxy = np.arange(100.0)
    for n in (1, 2, 7, 100, 10**6):
        assert tied_kl(proxy, n) == pytest.approx(log(n) - (n - 1) / n, abs=1e-13)
        rounded = np.round(proxy / 10)
        assert tied_kl(rounded, n) <= tied_kl(proxy, n)
    # Of many answers the best is one of the five with the largest value, in a hundred.
    assert tied_kl(np.round(proxy / 10), 10**6) == pytest.approx(log(100 / 5), abs=1e-13)


def test_sizes(rng: np.random.Generator) -> None:
    answers = answers_of(rng, 3, 40)
    assert sizes_of(answers) == [1, 2, 4, 8, 16, 32]
    assert sizes_of(answers.pooled()) == [1, 2, 4, 8]
    assert sizes_of(answers, [40, 1, 40]) == [1, 40]
    with pytest.raises(InputError, match="1 to 40"):
        sizes_of(answers, [41])


# ---------------------------------------------------------------- predictions


def by_name(answers: ScoredAnswers, error: str | None = None, **options: object) -> dict[str, bool]:
    law = None if error is None else parse(error)
    found = best_of_answers(answers, error=law, **options)  # type: ignore[arg-type]
    return {each.prediction.name: bool(each.agrees) for each in found.comparisons}


def test_normal_scores_do_what_both_predictions_say(rng: np.random.Generator) -> None:
    found = by_name(answers_of(rng, 60, 64))
    assert found["normal"] and found["independent error"]


def test_an_interval_that_has_no_gain_as_well_bears_nothing_out(rng: np.random.Generator) -> None:
    # Of three prompts, with an error that drowns the gold score: whatever is foretold lies inside.
    found = best_of_answers(answers_of(rng, 3, 64, "40*normal()")).comparisons
    wide = next(each for each in found if each.prediction.name == "independent error")
    assert wide.outcome.gain.holds(0) and wide.outcome.gain.holds(wide.foretold - wide.outcome.base)
    assert wide.verdict == "not contradicted" and wide.agrees is None


def test_a_heavy_error_is_not_normal_but_independent(rng: np.random.Generator) -> None:
    found = by_name(answers_of(rng, 60, 200, "student_t(df=2)/2"), "student_t(df=2)/2")
    assert found["independent error"] and not found["normal"]


def test_a_dependent_error_is_told_from_an_independent_one(rng: np.random.Generator) -> None:
    # Planted: the error is large just where the gold score is low.
    gold = rng.normal(size=12_000)
    proxy = gold + np.where(gold < -1.5, 6.0, 0.0)
    answers = ScoredAnswers(proxy, gold)
    found = by_name(answers, sizes=[1, 4, 16, 64])
    assert not found["independent error"] and not found["normal"]


@pytest.mark.parametrize(
    ("error", "limit"),
    [("pareto(alpha=3)", "mean"), ("exponential()", "tilted"), ("uniform()", "top")],
)
def test_the_one_law_gives_the_limit(rng: np.random.Generator, error: str, limit: str) -> None:
    gold = rng.uniform(size=2000)
    law = parse(error)
    answers = ScoredAnswers(gold, gold).with_error(law, error, seed=3)
    assert answers.planted == error and not np.array_equal(answers.proxy, gold)
    found = best_of_answers(answers, [1, 16], law)
    foretold = next(each for each in found.comparisons if each.prediction.name == "limit").foretold
    weights = np.exp(gold)
    expected = {"mean": gold.mean(), "tilted": weights @ gold / weights.sum(), "top": gold.max()}
    assert foretold == pytest.approx(expected[limit], abs=1e-12)


def test_the_tail_of_an_error_that_nobody_named_is_looked_at(rng: np.random.Generator) -> None:
    answers = answers_of(rng, 20, 500, "pareto(alpha=3/2)")
    limit = next(
        each for each in best_of_answers(answers, [1, 8]).predictions if each.name == "limit"
    )
    assert "heavy" in limit.because
    starts = np.mean([answers.gold[rows].mean() for rows in answers.groups()])
    assert limit.values[-1] == pytest.approx(starts, abs=1e-12)


def test_the_scale_of_the_proxy_does_not_matter(rng: np.random.Generator) -> None:
    answers = answers_of(rng, 20, 50)
    other = ScoredAnswers(7 * answers.proxy - 3, answers.gold, answers.prompt)
    assert slope_of(other) == pytest.approx(7 * slope_of(answers))
    one, two = (best_of_answers(each).comparisons for each in (answers, other))
    for mine, its in zip(one, two, strict=True):
        assert mine.foretold == pytest.approx(its.foretold, rel=1e-9)


# ---------------------------------------------------------------- the command


@pytest.fixture
def file(tmp_path: Path, rng: np.random.Generator) -> str:
    answers = answers_of(rng, 5, 40)
    path = tmp_path / "scored.parquet"
    assert answers.prompt is not None
    columns = {
        "prompt": [f"p{each}" for each in answers.prompt],
        "reward": answers.proxy,
        "gold": answers.gold,
    }
    pq.write_table(pa.table(columns), path)
    return str(path)


def test_the_command(terminal: Terminal, file: str) -> None:
    done = terminal("best-of-n", file, "--json", "a.json", "--csv", "a.csv", "--plot", "a.png")
    assert done.status == 0, done.err
    answer = json.loads(Path("a.json").read_text())
    assert answer["schema"] == "goodhart-best-of-n/1"
    assert answer["prompts"] == 5 and answer["answers"] == 200
    assert [each["n"] for each in answer["best_of"]] == [1, 2, 4, 8, 16, 32]
    assert answer["best_of"][3]["kl"] == pytest.approx(log(8) - 7 / 8)
    assert len(Path("a.csv").read_text().splitlines()) == 7
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("law", ["normal()", "lognormal()", "student_t(df=2)"])
def test_a_planted_error_is_independent_of_gold_that_the_same_seed_made(law: str) -> None:
    gold = np.random.default_rng(7).normal(size=2000)
    answers = ScoredAnswers(gold, gold).with_error(parse(law), law, seed=7)
    ranks = [np.argsort(np.argsort(each)) for each in (gold, answers.proxy - gold)]
    # 4.5 standard errors of the rank correlation of independent draws, 1/sqrt(1999).
    assert abs(np.corrcoef(ranks)[0, 1]) < 0.1
    again = ScoredAnswers(gold, gold).with_error(parse(law), law, seed=7)
    assert np.array_equal(again.proxy, answers.proxy)


def test_a_planted_error_needs_no_proxy(terminal: Terminal, file: str) -> None:
    done = terminal("best-of-n", file, "--gold", "gold", "--planted", "exponential()")
    assert done.status == 0 and "decay rate 1" in done.out


def test_a_planted_error_is_added_to_the_gold_score_wherever_it_stands(tmp_path: Path) -> None:
    for names in ("prompt,proxy,gold", "prompt,gold,proxy"):
        path = tmp_path / "scores.csv"
        row = {"prompt": "a", "proxy": "1", "gold": "7"}
        lines = [",".join(row[name] for name in names.split(","))] * 3
        path.write_text("\n".join([names, *lines]) + "\n")
        assert read_answers([str(path)], planted=True).gold.tolist() == [7.0] * 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--n", "1,41"), "1 to 40"),
        (("--n", "two"), "whole numbers"),
        (("--proxy", "reward", "--planted", "normal()"), "give one"),
        (("--gold", "silver"), "silver"),
        (("--planted", "nolaw()"), "nolaw"),
        (("--seed", "-1"), "0 on"),
    ],
)
def test_bad_input_is_one_line(
    terminal: Terminal, file: str, options: tuple[str, ...], words: str
) -> None:
    assert words in terminal.refused("best-of-n", file, *options)


@pytest.mark.parametrize(("planted", "option"), [(True, "--gold"), (False, "--proxy")])
def test_a_column_that_is_not_found_is_asked_for_by_an_option_of_this_command(
    tmp_path: Path, planted: bool, option: str
) -> None:
    path = tmp_path / "several.csv"
    path.write_text("one,two\n1,2\n3,4\n")
    with pytest.raises(InputError, match=f"several columns hold numbers; name one with {option}: "):
        read_answers([str(path)], planted=planted)


def test_prompts_with_a_single_answer_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "single.csv"
    path.write_text("prompt,reward,gold\na,1,2\na,2,1\nb,3,3\n")
    with pytest.raises(InputError, match="--prompt none"):
        read_answers([str(path)])
    assert len(read_answers([str(path)], prompt="none").groups()) == 1
