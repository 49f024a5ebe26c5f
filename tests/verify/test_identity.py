"""Identities: both routes accept what is true, and each by itself rejects what is false."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from flint import arb

from verify.enclosure import working_precision
from verify.identity import POINTS, Identity, Relation, Step, prove
from verify.symbolic_values import evaluate

x, y = sp.symbols("x y", positive=True)
v = sp.Symbol("v", nonnegative=True)
n = sp.Symbol("n", integer=True, positive=True)
r = sp.Symbol("r", real=True)

TRUE: dict[str, Relation] = {
    "square": Relation((r + y) ** 2, r**2 + 2 * r * y + y**2),
    "logs": Relation(sp.log(x / y), sp.log(x) - sp.log(y)),
    "log of a quotient": Relation(sp.log((x + y) / (x + 2 * y)), sp.log(x + y) - sp.log(x + 2 * y)),
    "integral": Relation(sp.Integral(sp.exp(-x * y), (x, 0, sp.oo)), 1 / y),
    "limit": Relation(sp.Limit((x + y) / x, x, sp.oo), 1),
    "limit at 0": Relation(sp.Limit(sp.log(1 + x * y) / x, x, 0, "+"), y),
    "limit from below": Relation(sp.Limit((1 - x**2) / (1 - x), x, 1, "-"), 2),
    "infinite limit": Relation(sp.Limit(x**2 - y * x, x, sp.oo), sp.oo),
    "minus infinity": Relation(sp.Limit(y - x, x, sp.oo), -sp.oo),
    "sign": Relation(1 + x, 1, ">", x),
    "weak sign": Relation(1 + v, 1, ">=", v),
    "log sign": Relation(sp.log(1 + v), 0, ">=", sp.log(1 + v)),
    "sign under a condition": Relation(
        x,
        y,
        ">=",
        x - y,
        (x >= y,),
        {x: sp.Symbol("b", positive=True) + v, y: sp.Symbol("b", positive=True)},
    ),
    "integers": Relation((-1) ** (2 * n), 1),
    "derivative": Relation(sp.Derivative(sp.log(x) * r**2, x), r**2 / x),
    "second derivative": Relation(sp.Derivative(sp.exp(r * y), (r, 2)), y**2 * sp.exp(r * y)),
    "derivative at a place": Relation(
        sp.Subs(sp.Derivative(sp.sqrt(x), x), x, 1 + sp.sqrt(y)), 1 / (2 * sp.sqrt(1 + sp.sqrt(y)))
    ),
}

FALSE: dict[str, Relation] = {
    "square": Relation((r + y) ** 2, r**2 + r * y + y**2),
    "logs": Relation(sp.log(x / y), sp.log(y) - sp.log(x)),
    "sign of a root": Relation(sp.sqrt(r**2), r),
    "integral": Relation(sp.Integral(sp.exp(-x * y), (x, 0, sp.oo)), y),
    "limit": Relation(sp.Limit((x + y) / x, x, sp.oo), y),
    "limit off by 1e-9": Relation(sp.Limit((x + y) / x, x, sp.oo), 1 + sp.Rational(1, 10**9)),
    "infinite limit": Relation(sp.Limit(x**2, x, sp.oo), -sp.oo),
    "finite, not infinite": Relation(sp.Limit(1 / x, x, sp.oo), sp.oo),
    "sign": Relation(x, 1, ">", x - 1),
    "strict sign": Relation(v, v, ">", sp.Integer(0)),
    "without its condition": Relation(x, y, ">=", x - y),
    "derivative": Relation(sp.Derivative(sp.log(x) * r**2, x), r**2 / x**2),
    "derivative off by 1e-30": Relation(sp.Derivative(x**2, x), 2 * x + sp.Rational(1, 10**30)),
    "second derivative": Relation(sp.Derivative(sp.exp(r * y), (r, 2)), y * sp.exp(r * y)),
    "derivative at another place": Relation(
        sp.Subs(sp.Derivative(sp.sqrt(x), x), x, 1 + y), 1 / (2 * sp.sqrt(y))
    ),
    "third derivative": Relation(sp.Derivative(x**4, (x, 3)), 24 * x + 1),
    "nearly equal": Relation(x, x + sp.Rational(1, 10**30)),
}


def step(relation: Relation) -> Step:
    return Step("planted", "Planted.", lambda: relation)


def by_points(relation: Relation) -> list[str]:
    """Reasons that the second route gives, without the proof."""
    cases = [c for c in Identity((step(relation),)).cases() if not c.name.endswith("proof")]
    reasons = []
    for case in cases:
        try:
            reasons.append(case.check())
        except Exception as error:
            reasons.append(type(error).__name__)
    return [reason for reason in reasons if reason not in (None, "NotMet")]


@pytest.mark.parametrize("name", TRUE)
def test_true(name: str) -> None:
    finding = Identity((step(TRUE[name]),)).run()
    assert (finding.outcome, finding.detail) == ("holds", "")


@pytest.mark.parametrize("name", FALSE)
def test_false_fails(name: str) -> None:
    assert Identity((step(FALSE[name]),)).run().outcome == "fails"


@pytest.mark.parametrize("name", FALSE)
def test_the_proof_alone_rejects(name: str) -> None:
    assert prove(FALSE[name]) is not None


@pytest.mark.parametrize("name", FALSE)
def test_points_alone_reject(name: str) -> None:
    assert by_points(FALSE[name])


def test_a_wrong_form_proves_nothing() -> None:
    assert prove(Relation(1 + x, 1, ">", x + y)) is not None
    assert prove(Relation(x, 1, ">", (x - 1) ** 1)) is not None


def test_a_substitution_that_is_too_narrow_is_seen_at_points() -> None:
    # "Proved" only where x >= y, but said of all x and y.
    narrow = Relation(x, y, ">=", x - y, (), {x: y + v})
    assert prove(narrow) is None
    assert Identity((step(narrow),)).run().outcome == "fails"


@pytest.mark.parametrize("given", [(x < y, y < x), (sp.false,)])
def test_conditions_that_no_point_meets(given: tuple[Any, ...]) -> None:
    finding = Identity((step(Relation(x, x, given=given)),)).run()
    assert finding.outcome == "fails"
    assert "no point" in finding.detail


def test_points_meet_their_conditions_and_all_draws_are_counted() -> None:
    finding = Identity((step(Relation(x, x, given=(x < y, y < 1))),)).run()
    assert finding.outcome == "holds"
    assert finding.cases_met_hypotheses == POINTS + 1  # and the proof
    assert finding.cases_tried > finding.cases_met_hypotheses


def test_every_step_must_hold() -> None:
    good, bad = step(TRUE["logs"]), step(FALSE["logs"])
    assert Identity((good, bad)).run().outcome == "fails"
    assert Identity(()).run().outcome == "fails"


def test_a_function_without_ball_arithmetic_fails_rather_than_pass() -> None:
    assert Identity((step(Relation(sp.gamma(x + 1), x * sp.gamma(x))),)).run().outcome == "fails"


EXPRESSIONS: list[tuple[Any, Callable[[arb, arb], arb]]] = [
    (x + y * x - y, lambda a, b: a + b * a - b),
    (x**y, lambda a, b: a**5),
    (x ** (y / 3), lambda a, b: (a.log() * 5 / 3).exp()),
    (sp.sqrt(x), lambda a, b: a.sqrt()),
    (sp.log(x) * sp.exp(y), lambda a, b: a.log() * b.exp()),
    (sp.pi + sp.E, lambda a, b: arb.pi() + arb(1).exp()),
    (sp.atan(y), lambda a, b: b.atan()),
    (sp.Subs(x * y, x, sp.sqrt(y)), lambda a, b: b.sqrt() * b),
]


@pytest.mark.parametrize(
    ("derivative", "expected"),
    [
        (sp.Derivative(sp.exp(x * y), x), lambda a, b: b * (a * b).exp()),
        (sp.Derivative(sp.log(x), (x, 2)), lambda a, b: -1 / a**2),
        (sp.Subs(sp.Derivative(x**3, x), x, sp.sqrt(y)), lambda a, b: 3 * b),
    ],
)
def test_derivatives_by_quotients(derivative: Any, expected: Callable[[arb, arb], arb]) -> None:
    """At 600 bits what is left is the square of the step, 2^-200, times a higher derivative."""
    with working_precision(600):
        value = evaluate(derivative, {x: Fraction(2, 3), y: Fraction(5)})
        assert abs(value - expected(arb(2) / 3, arb(5))) < arb(2) ** -180


def test_a_third_derivative_has_no_quotient() -> None:
    with pytest.raises(TypeError, match="order 3"):
        evaluate(sp.Derivative(x**4, (x, 3)), {x: Fraction(1)})


@pytest.mark.parametrize(("expression", "expected"), EXPRESSIONS)
def test_evaluation_in_balls(expression: Any, expected: Callable[[arb, arb], arb]) -> None:
    with working_precision(200):
        value = evaluate(expression, {x: Fraction(2, 3), y: Fraction(5)})
        assert abs(value - expected(arb(2) / 3, arb(5))) < arb(2) ** -180
