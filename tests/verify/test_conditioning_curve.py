"""The curve of conditioning: its points, thresholds as people write them, what is not settled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flint import arb, ctx, fmpq

from tests.verify.balls import assert_sharp, number
from verify.conditioning import condition
from verify.conditioning.curve import conditioning_curve
from verify.enclosure import Undecided, working_precision
from verify.errors import InputError
from verify.laws import (
    exponential,
    logistic,
    normal,
    point,
    poisson,
    uniform,
)

#: What the command promises of a relative radius.
RELATIVE = 1e-12


def test_curve() -> None:
    curve = conditioning_curve("pareto(alpha=2)", "normal()", ["-1", "3", "1e12"])
    assert [point.place for point in curve.points] == ["-1", "3", "1000000000000"]
    for place in curve.points:
        assert place.attained and place.means == "ball"
        for value in place.quantities.values():
            assert_sharp(number(value), RELATIVE)
    assert curve.limit.text == "0"
    undecided = conditioning_curve("poisson(2)", "poisson(2)", [10**6]).points[0]
    assert not undecided.known and undecided.attained is None
    assert undecided.because.startswith("not settled: about")


def test_the_precision_in_force_decides() -> None:
    answers: list[arb] = []
    for bits in (64, 128, 256):
        with working_precision(bits):
            answers.append(condition(exponential(), logistic(), fmpq(2)).mean)
    assert answers[0].overlaps(answers[1]) and answers[1].overlaps(answers[2])
    assert answers[1].rel_accuracy_bits() >= 108 and answers[2].rel_accuracy_bits() >= 236
    assert ctx.prec == 53


REFUSED: list[tuple[Callable[[], object], str]] = [
    (
        lambda: condition(normal(), normal() * 1, 0) and condition(uniform(0, 1), point(1), 3),
        "is 0",
    ),
    (lambda: condition(poisson(2), poisson(2), 10**6), "too many to sum"),
    (lambda: condition(normal(), normal(), arb(1).union(arb(2))), "exact points"),
]


@pytest.mark.parametrize(("ask", "says"), REFUSED)
def test_what_is_not_settled_says_so(ask: Callable[[], object], says: str) -> None:
    with pytest.raises(Undecided, match=says):
        ask()


@pytest.mark.parametrize("half", [0.5, "0.5", "1/2", Decimal("0.5")])
def test_thresholds_as_people_write_them(half: object) -> None:
    found, one = (
        condition(exponential(), normal(), t).mean_v  # type: ignore[arg-type]
        for t in (half, fmpq(1, 2))
    )
    assert str(found) == str(one)


@pytest.mark.parametrize("t", [float("nan"), "inf", "x", None])
def test_thresholds_that_are_none(t: object) -> None:
    with pytest.raises(InputError, match="threshold: expected a finite number"):
        condition(exponential(), normal(), t)  # type: ignore[arg-type]


def test_far_below_all_is_sure() -> None:
    """exp(-12.5e10) of the base is at most t/2; the bounds say so."""
    with working_precision(64):
        found = condition(exponential(), normal(), -(10**6))
    assert found.mean_x is not None and isinstance(found.mean_x, arb)
    assert near(found.mean_x, 1) and near(found.mean, 0) and near(found.kl, 0)


def near(value: arb, number: int) -> bool:
    return bool(value.contains(number)) and bool(value.rad() < arb(2) ** -40)


def test_what_never_happens_is_settled() -> None:
    curve = conditioning_curve("uniform()", "uniform()", ["1/3", 2, "2.5"])
    first, *never = curve.points
    assert first.place == "1/3" and first.attained is True
    assert [point.because for point in never] == ["U never exceeds 2", "U never exceeds 2.5"]
    assert all(point.attained is False and not point.known for point in never)
    assert conditioning_curve("bernoulli(0.5)", "bernoulli(0.5)", [3]).answered
