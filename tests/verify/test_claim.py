"""Evidence: what is true holds, what is false fails, what cannot be told stays unknown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq

from verify.claim import (
    Claim,
    Comparison,
    Draws,
    Enclosed,
    Evidence,
    Exact,
    Sampled,
    agrees,
    ball_of_mpf,
    below,
    compare,
    mpf_of_ball,
    near,
    rounds_to,
)
from verify.enclosure import Diverges, Undecided, working_precision


def is_even(value: int) -> bool | None:
    """Of the non-negative integers only."""
    return value % 2 == 0 if value >= 0 else None


def undecided(value: Any) -> Any:
    raise Undecided(f"{value}: out of reach")


def broken(value: Any) -> Any:
    raise ZeroDivisionError("a bug")


# ---------------------------------------------------------------- outcomes


def test_true_holds() -> None:
    finding = Exact(is_even, (0, 2, 4)).run()
    assert (finding.outcome, finding.detail) == ("holds", "")
    assert (finding.cases_tried, finding.cases_met_hypotheses) == (3, 3)
    assert finding.seconds >= 0


def test_planted_false_case_fails() -> None:
    finding = Exact(is_even, (0, 3, 4)).run()
    assert finding.outcome == "fails"
    assert "3" in finding.detail
    assert finding.cases_tried == 2  # the failure decides


def test_cases_outside_the_hypotheses_are_counted_and_skipped() -> None:
    finding = Exact(is_even, (-1, 2, -3)).run()
    assert finding.outcome == "holds"
    assert (finding.cases_tried, finding.cases_met_hypotheses) == (3, 1)


@pytest.mark.parametrize("given", [(), (-1, -2)])
def test_no_case_meets_the_hypotheses(given: tuple[int, ...]) -> None:
    finding = Exact(is_even, given).run()
    assert finding.outcome == "fails"
    assert "hypotheses" in finding.detail


def test_undecided_stays_unknown() -> None:
    finding = Exact(undecided, (1, 2)).run()
    assert finding.outcome == "unknown"
    assert "out of reach" in finding.detail


def test_a_failure_outweighs_an_undecided_case() -> None:
    def check(value: int) -> bool:
        if value == 0:
            raise Undecided("no")
        return value > 1

    assert Exact(check, (0, 2)).run().outcome == "unknown"
    assert Exact(check, (0, 1)).run().outcome == "fails"


def test_an_error_is_a_failure() -> None:
    finding = Exact(broken, (1,)).run()
    assert finding.outcome == "fails"
    assert "ZeroDivisionError" in finding.detail


def test_an_error_in_the_list_of_cases_is_a_failure() -> None:
    @dataclasses.dataclass(frozen=True)
    class Odd(Evidence):
        def cases(self) -> Iterator[Any]:
            raise KeyError("cases")

    assert Odd().run().outcome == "fails"


@pytest.mark.parametrize("answer", [1, "yes", 0.5])
def test_an_exact_check_answers_with_a_truth_value(answer: object) -> None:
    assert Exact(lambda value: answer, (1,)).run().outcome == "fails"


# ---------------------------------------------------------------- balls


def number(value: Any) -> Callable[[], arb]:
    return lambda: arb(value)


def one_third() -> arb:
    return arb(fmpq(1, 3))


ENCLOSED: list[tuple[str, Comparison, str]] = [
    ("1/3 < 0.334", below("x", one_third, number(fmpq(334, 1000))), "holds"),
    ("1/3 < 0.333", below("x", one_third, number(fmpq(333, 1000))), "fails"),
    ("1 < 1", below("x", number(1), number(1)), "fails"),
    ("1/3 < 1/3", below("x", one_third, one_third), "unknown"),
    ("nan", below("x", arb.nan, number(1)), "unknown"),
    ("1 < oo", below("x", number(1), lambda: Diverges(1)), "holds"),
    ("oo < oo", below("x", lambda: Diverges(1), lambda: Diverges(1)), "fails"),
    ("-oo < 1", below("x", lambda: Diverges(-1), number(1)), "holds"),
    ("undefined < 1", below("x", lambda: Diverges(0), number(1)), "unknown"),
    ("float inf", below("x", number(1), arb.pos_inf), "unknown"),
    ("1/3 = 0.33333", rounds_to("x", one_third, "0.33333"), "holds"),
    ("1/3 = 0.33334", rounds_to("x", one_third, "0.33334"), "fails"),
    ("2/3 = 0.66", rounds_to("x", number(fmpq(2, 3)), "0.66"), "fails"),
    ("2/3 = 0.67", rounds_to("x", number(fmpq(2, 3)), "0.67"), "holds"),
    ("12345 = 1.2e4", rounds_to("x", number(12345), "1.2e4"), "holds"),
    ("near", near("x", one_third, number(fmpq(1, 3)), number(fmpq(1, 10**9))), "holds"),
    ("two routes", agrees("x", one_third, lambda: mpmath.mpf(1) / 3, 15), "holds"),
    ("two routes", agrees("x", one_third, lambda: mpmath.mpf(1) / 3, 17), "fails"),
    ("mpmath nan", agrees("x", one_third, lambda: mpmath.nan, 10), "unknown"),
]


@pytest.mark.parametrize(("name", "comparison", "outcome"), ENCLOSED)
def test_comparisons(name: str, comparison: Comparison, outcome: str) -> None:
    assert Enclosed(lambda case: [comparison], (name,)).run().outcome == outcome


def test_more_bits_are_tried_before_giving_up() -> None:
    tiny = below("x", lambda: arb(10) ** -500 * arb(3).sqrt(), lambda: arb(10) ** -500 * 2)
    close = below("x", lambda: 1 + arb(10) ** -500, lambda: 1 + 2 * arb(10) ** -500)
    assert Enclosed(lambda case: [tiny, close], (1,)).run().outcome == "holds"


def test_all_comparisons_must_hold() -> None:
    good, bad = below("good", number(1), number(2)), below("bad", number(2), number(1))
    open_question = below("open", one_third, one_third)
    assert Enclosed(lambda case: [good, bad], (1,)).run().outcome == "fails"
    assert Enclosed(lambda case: [open_question, bad], (1,)).run().outcome == "fails"
    assert Enclosed(lambda case: [good, open_question], (1,)).run().outcome == "unknown"


def test_nothing_compared_is_a_failure() -> None:
    assert Enclosed(lambda case: [], (1,)).run().outcome == "fails"


def test_unmet_hypotheses_compare_nothing() -> None:
    assert Enclosed(lambda case: None, (1,)).run().outcome == "fails"


def test_wide_balls_are_not_ordered() -> None:
    wide = arb(0, 5)
    assert compare(wide, arb(1)) == 0
    assert compare(arb.nan(), arb.nan()) == 0


def test_mpmath_numbers_pass_exactly() -> None:
    with mpmath.workdps(50), working_precision(400):
        for value in (mpmath.mpf(1) / 3, -(mpmath.mpf(2) ** 500), mpmath.mpf(0)):
            assert mpf_of_ball(ball_of_mpf(value)) == value
    with pytest.raises(Undecided):
        ball_of_mpf(mpmath.inf)


# ---------------------------------------------------------------- Monte Carlo


def coin(bias: float, rng: np.random.Generator) -> Draws:
    return Draws((rng.random(10_000) < bias).astype(np.float64), 0, 1, 0.5)


def test_sampled_mean() -> None:
    assert Sampled(coin, (0.5,)).run().outcome == "holds"
    assert Sampled(coin, (0.5, 0.6)).run().outcome == "fails"


def test_tolerance_is_hoeffdings() -> None:
    draws = Draws(np.zeros(10_000), 0, 1, 0.5)
    # 2 exp(-2 n d^2) = 1e-9 at d = sqrt(log(2e9)/(2n)).
    assert draws.tolerance() == pytest.approx(0.0327, abs=1e-4)


def test_sampling_is_seeded_by_the_case() -> None:
    seen: list[float] = []

    def check(case: int, rng: np.random.Generator) -> Draws:
        seen.append(float(rng.random()))
        return Draws(np.full(100, 0.5), 0, 1, 0.5)

    Sampled(check, (1, 2)).run()
    Sampled(check, (2, 1)).run()
    assert seen[0] == seen[3]
    assert seen[1] == seen[2] != seen[0]


@pytest.mark.parametrize("values", [[0.5, 1.5], [0.5, float("nan")], []])
def test_draws_must_be_bounded_as_said(values: list[float]) -> None:
    evidence = Sampled(lambda case, rng: Draws(np.array(values), 0, 1, 0.5), (1,))
    assert evidence.run().outcome == "fails"


def test_no_draws_where_the_hypotheses_are_not_met() -> None:
    assert Sampled(lambda case, rng: None, (1,)).run().outcome == "fails"


# ---------------------------------------------------------------- claims


def claim(**changes: Any) -> Claim:
    given: dict[str, Any] = {
        "id": "t9.x",
        "statement": "2 is even.",
        "source": "ours",
        "stance": "ours",
        "evidence": (Exact(is_even, (2,)),),
    }
    return Claim(**{**given, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "T9"},
        {"id": "t9 x"},
        {"id": ""},
        {"stance": "believed"},
        {"source": "Theorem 9"},
        {"stance": "refutation"},
        {"evidence": ()},
    ],
)
def test_claims_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"t9|T9|claim id"):
        claim(**changes)


@pytest.mark.parametrize("kind", [Exact, Enclosed, Sampled])
@pytest.mark.parametrize("axis", ["reach", "means", "strength"])
def test_strength_cannot_be_declared(kind: type[Evidence], axis: str) -> None:
    with pytest.raises(TypeError, match=axis):
        kind(is_even, (2,), **{axis: "all"})  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=axis):
        claim(**{axis: "all"})


def test_claims_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        claim().stance = "corrected"  # type: ignore[misc]


def test_precision_is_put_back() -> None:
    from flint import ctx

    before = ctx.prec
    for kind in (is_even, undecided, broken):
        Exact(kind, (2,)).run()
    assert ctx.prec == before
