"""Quenched frontiers: what is refused, what comes out, and rows of scores."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from verify.enclosure import Undecided, exact, working_precision
from verify.errors import InputError
from verify.frontier import frontier_point
from verify.law import Law
from verify.laws.empirical_law import Empirical
from verify.laws.point import PointMass
from verify.mixture import Mixture, mixture
from verify.prompts import quenched
from verify.prompts.answer import QuenchedPoint
from verify.prompts.laws import PromptLaws
from verify.prompts.quenched import quenched_frontier

#: What a frontier's two values may be apart: 1e-13 of max(|S|, S - mean), all below 100 here.
GAP = 1e-11


@pytest.fixture(autouse=True)
def precise() -> Iterator[None]:
    """Comparisons at 53 bits would blur what the frontier knows to 80."""
    with working_precision(256):
        yield


def finite(value: object) -> arb:
    assert isinstance(value, arb)
    return value


# ---------------------------------------------------------------- input and output


@pytest.mark.parametrize(
    ("laws", "weights", "names", "words"),
    [
        ([], None, None, "expected the law of at least one"),
        (["normal()"], [1, 2], None, "1 laws and 2 weights"),
        (["normal()"], None, ["a", "b"], "1 laws and 2 names"),
        (["normal()"], [0], None, "expected a positive weight for prompt 1, got 0"),
        (["normal()"], ["x"], ["a"], "expected a positive weight for a, got 'x'"),
        (["normal()"], [float("nan")], None, "expected a positive weight"),
        (["nosuch()"], None, None, "nosuch"),
    ],
)
def test_refusals(laws: Any, weights: Any, names: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        quenched_frontier(laws, ["0.1"], weights, names)


def test_budgets_are_checked() -> None:
    with pytest.raises(InputError, match="0 or more"):
        quenched_frontier(["normal()"], ["-1"])


def test_the_answer_as_json() -> None:
    laws = ["normal()", "normal(sigma=3)", "point(x=0)"]
    answer = quenched_frontier(laws, ["0.1"], [1, 1, 2]).to_dict()
    assert set(answer) == {"base", "divergence", "points", "pooled", "overstated"}
    (point,), (pooled,) = answer["points"], answer["pooled"]
    assert point["attained"] is True and point["means"] == "ball"
    # prompt 2 first: it spends 9 parts of 10; the constant spends nothing and is not named
    assert [(row["prompt"], row["part"]) for row in point["split"]] == [
        ("prompt 2", "0.9"),
        ("prompt 1", "0.1"),
    ]
    assert Decimal(point["lower"][0]) <= Decimal(point["upper"][1]) < Decimal(pooled["lower"][0])
    (over,) = answer["overstated"]
    low, high = (Decimal(end) for end in over["excess"])
    assert low < Decimal(pooled["lower"][0]) - Decimal(point["lower"][0]) < high
    assert Decimal(over["gain_ratio"][0]) > 1


def test_the_frontier_does_without_a_split(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_reach(*_: object) -> Any:
        raise Undecided("out of reach")

    monkeypatch.setattr(quenched, "_mean_and_cost", out_of_reach)
    (point,) = quenched_frontier(["normal()", "exponential()"], ["0.1"]).points
    assert point.settled and point.split == () and point.spenders(5) == []


def test_scores_of_answers() -> None:
    """Lists and arrays stand for a draw from them; equal scores for a constant."""
    given: list[Any] = [[1, 2], np.array([0.0, 10.0, 1.0]), [4.0], [3, 3]]
    law = mixture([(fmpq(1, 3), PointMass(exact(x))) for x in (0, 10, 1)])
    other: list[Any] = [Law.parse("1 + bernoulli(p=0.5)"), law, "point(x=4)", "point(x=3)"]
    for one, two in zip(
        quenched_frontier(given, ["0.1", "0.4", "9"]).points,
        quenched_frontier(other, ["0.1", "0.4", "9"]).points,
        strict=True,
    ):
        assert abs(finite(one.lower) - finite(two.lower)) < GAP
        assert one.split[2].kl == one.split[3].kl == 0


def test_an_array_of_scores_has_a_prompt_a_row() -> None:
    rows: Any = np.array([[1.0, 2.0, 7.0], [0.0, 10.0, 1.0]])
    (one,), (other,) = (quenched_frontier(laws, ["0.1"]).points for laws in (rows, list(rows)))
    assert abs(finite(one.lower) - finite(other.lower)) < GAP


def test_scores_that_count_the_same_are_one_sample(rng: np.random.Generator) -> None:
    """Where every row has one weight the pooled law is that of the rows, else a mixture."""
    scores: list[Any] = [rng.normal(size=size) for size in (3, 5, 1)]
    even, uneven = PromptLaws.of(scores, [3, 5, 1]), PromptLaws.of(scores)
    assert isinstance(even.pooled, Empirical) and even.pooled.n == 9
    assert isinstance(uneven.pooled, Mixture)
    parts = mixture(list(zip(even.weights, even.laws, strict=True)))
    one, other = frontier_point(even.pooled, "0.3"), frontier_point(parts, "0.3")
    assert abs(finite(one.lower) - finite(other.lower)) < GAP


def test_weights_that_no_float_holds(rng: np.random.Generator) -> None:
    """The search does without its estimates, which take whole numbers below 2^53 as weights."""
    scores: list[Any] = [rng.normal(size=4), 3 * rng.normal(size=6)]
    odd = quenched_frontier(scores, ["0.2"], ["0.30000000000000000001", "0.7"])
    plain = quenched_frontier(scores, ["0.2"], ["0.3", "0.7"])
    assert abs(finite(odd.points[0].lower) - finite(plain.points[0].lower)) < GAP


@pytest.mark.parametrize("scores", [[], [1.0, float("nan")], ["a"]])
def test_scores_that_are_none(scores: Any) -> None:
    with pytest.raises(InputError, match="empirical"):
        quenched_frontier([scores, "normal()"], ["0.1"])


def test_one_prompt_spends_everything() -> None:
    (point,) = quenched_frontier(["normal()"], ["0.1"]).points
    assert isinstance(point, QuenchedPoint)
    ((share, part),) = point.spenders(5)
    assert share.name == "prompt 1" and part == 1.0
