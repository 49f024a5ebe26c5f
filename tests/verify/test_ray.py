"""Statements about formulas on rays: what must be proved, what must be refused, none false."""

from __future__ import annotations

import time

import pytest
from flint import arb, fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verify import sign_search
from verify.enclosure import Undecided, ball, working_precision
from verify.expression import Binary, Call, ExpressionError, Name, Node, Number
from verify.formula import Formula
from verify.interval import INFINITY, Interval
from verify.normal_form import NormalForm
from verify.piece import Effort, Piece, Place
from verify.ray import (
    Proof,
    Refuted,
    exponential_bound,
    power_bound,
    power_lower_bound,
    prove_defined,
    prove_nonincreasing,
    prove_nonpositive,
    prove_tends_to_minus_infinity,
)
from verify.sign_proof import Prover


def formula(text: str) -> Formula:
    return Formula.parse(text)


# log_sf, lower: tails that a user may write.
TAILS = [
    ("-x/log(x)", "exp(1)"),  # the slope is exactly 0 at lower
    ("-x - 3*log(1+x)", "0"),
    ("-2*log(x)", "1"),
    ("-sqrt(x)", "0"),  # the slope is infinite at lower
    ("-x**0.9", "0"),
    ("-x**2", "0"),
    ("-exp(x)+1", "0"),
    ("-x/log(x)**2", "exp(2)"),
    ("-log(x)**2", "1"),
    ("-x/(1+log(x))", "1"),
    ("-x/log(log(x))", "exp(exp(1))"),
    ("-x/log(log(x))", "20"),
    ("-x*exp(-sqrt(log(x)))", "exp(1)"),
    ("-x*exp(-sqrt(log(x)))", "exp(1/4)"),
    ("log(0.5*exp(-x)+0.5*exp(-sqrt(x)))", "0"),
    ("log(0.9*exp(-x)+0.1*(1+x)**-3)", "0"),
    ("-3*log(1+x)+log(2+sqrt(x))-log(2)", "1"),
    ("-(x/log(1+x))+1", "0.5"),
    ("-1.5*log(log(x))", "exp(1)"),
    ("-x + log(1+x)", "0"),
    ("-log(1+x**2)", "0"),
    ("-log(1+exp(x))+log(2)", "0"),
    ("-sqrt(1+x**2)+1", "0"),
    ("-log(log(log(x)))", "exp(exp(1))"),
    ("-log(x+sqrt(1+x**2))", "0"),
    ("-(x+5)**2", "-5"),
    ("-x**2/(1+x)", "0"),
    ("-x**(1/3)*log(1+x)", "0"),
    ("-log(x)**1.5", "1"),
    ("-exp(sqrt(log(x)))+1", "1"),
    ("-log(1+x)-log(1+log(1+x))", "0"),
    ("-x**x+1", "1"),
    ("-2**x+1", "0"),
    ("-x/log(e+x)", "0"),
    ("-x/log(2+x)**2", "0"),
    ("log(0.5*exp(-x)+0.5*exp(-x/log(e+x)))", "0"),
    ("log(1+x+x**2/2)-x", "0"),
    ("-0.5*x**2+2*x", "2"),
    ("-log(1+x**3)**2", "0"),
    ("-sqrt(x+sqrt(x+sqrt(x)))", "0"),
    ("-x**0.999999", "0"),
    ("-log(1+1e-6*x)", "0"),
    ("-(1+1/x)*log(x)", "1"),
    ("-sqrt(log(1+log(1+x)))", "1"),
    ("-1e300*x-1e-300*x**2+log(x)*1e200", "1"),
    ("-x + 1e-4*exp(-1e6*(x-7)**2)", "0"),  # a narrow bump, not high enough to rise
    ("-log(x) + exp(-(x-1000)**2)*0.0005", "1"),
]


@pytest.mark.parametrize(("text", "lower"), TAILS)
def test_tails_are_proved_to_fall_to_minus_infinity(text: str, lower: str) -> None:
    falls = prove_nonincreasing(formula(text), formula(lower))
    assert isinstance(falls, Proof) and falls.steps
    assert "nonincreasing" in str(falls)
    sinks = prove_tends_to_minus_infinity(formula(text), formula(lower))
    assert "tends to -oo" in sinks.statement and sinks.steps


def test_proofs_take_milliseconds() -> None:
    for text, lower in TAILS:
        prove_nonincreasing(formula(text), formula(lower))
    begun = time.process_time()
    for text, lower in TAILS:
        prove_nonincreasing(formula(text), formula(lower))
    # Measured at 2 ms of processor time a tail; the bound leaves room.
    assert (time.process_time() - begun) / len(TAILS) < 0.05


# log_sf, lower, the ends of an interval where the counterexample lies, or None.
INCREASING = [
    ("-x/log(x)", "2", (2, 2.7183)),
    ("-x/log(x)", "2.718281828", (2.718281828, 2.718281829)),
    ("-x + 2*sqrt(x)", "0", (0, 1)),
    ("x", "0", (0, 1e9)),
    ("-sqrt(x)+0.001*x", "0", (249999, 1e9)),
    ("-1/log(log(x))", "20", (20, 1e9)),
    ("-log(x) + exp(-(x-1000)**2)*0.05", "1", (990, 1001)),
    ("-x + 1e-2*exp(-1e6*(x-7)**2)", "0", (6.9, 7.1)),
]


@pytest.mark.parametrize(("text", "lower", "where"), INCREASING)
def test_an_increase_is_found(text: str, lower: str, where: tuple[float, float]) -> None:
    begun = time.process_time()
    with pytest.raises(Refuted, match="increases near x = ") as refusal:
        prove_nonincreasing(formula(text), formula(lower))
    # At worst 0.3 s of processor time; the bound leaves room.
    assert time.process_time() - begun < 3
    assert "\n" not in str(refusal.value)
    at = refusal.value.at
    assert at is not None
    assert where[0] <= float(at) <= where[1]
    assert arb(formula(text).derivative().evaluate(arb(at))) > 0


UNDEFINED = [
    ("-x/log(x)", "1", "no value at x = 1"),
    ("-x/log(1+x)", "0", "no value at x = 0"),
    ("-log(log(x))", "1", "no value at x = 1"),
    ("-log(x-5)", "3", "no value at x = 3"),
    ("-x/(x-5)", "0", "no value somewhere between"),
    ("-x + log(6-x)", "0", "no value at x = "),
    ("-x - sqrt(100-x)", "0", "no value at x = "),
    ("-x - exp(1/(1000-x))", "0", "no value somewhere between"),
    ("-exp(exp(exp(exp(exp(x)))))", "5", "cannot be evaluated"),
]


@pytest.mark.parametrize(("text", "lower", "says"), UNDEFINED)
def test_a_place_without_value_is_found(text: str, lower: str, says: str) -> None:
    with pytest.raises(Refuted, match=says) as refusal:
        prove_nonincreasing(formula(text), formula(lower))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["-1", "-1+1/x", "x", "-2+1/log(x)", "-1/log(log(x))", "-sqrt(x)+0.001*x", "1-x/(1+x)"]
)
def test_what_does_not_go_to_minus_infinity_is_refused(text: str) -> None:
    with pytest.raises(Refuted, match="does not tend to -oo"):
        prove_tends_to_minus_infinity(formula(text), 20)


# Formula, low, high: certainly not <= 0 everywhere, though the place is hard to hit.
HIDDEN = [
    ("1e-12-(x-1000)**2", "0", None),
    ("1e-12-(x-1000)**2", "0", "5000"),
    ("1.1e-6*exp(-(x-1000)**2*1e6)-1/x**2", "1", None),
    ("-1 + x/10**30", "0", None),
    ("1e-9-(log(x)-3)**2", "1", None),
    ("1e-9-(log(1+x)-sqrt(x)+1)**2", "1", None),
    ("x**0.0001-log(x)-10", "1", None),
    ("x-exp(sqrt(log(x)))*1e6", "1", None),
    ("x**3-x**2-1e10", "0", None),
    ("(x-2)**2-1e-6", "0", "2.0005"),
]


@pytest.mark.parametrize(("text", "low", "high"), HIDDEN)
def test_a_hidden_positive_value_is_found(text: str, low: str, high: str | None) -> None:
    with pytest.raises(Refuted) as refusal:
        prove_nonpositive(formula(text), formula(low), None if high is None else formula(high))
    at = refusal.value.at
    assert at is not None and at >= 0
    with working_precision(256):
        assert arb(formula(text).evaluate(arb(at))) > 0


NONPOSITIVE = [
    ("-(x-1000)**2", "0", None, False),
    ("-(log(x)-1)**2", "1", None, False),
    ("x*log(x)/exp(x/10)-16", "1", None, True),
    ("1-x**0.001+log(x)/10**6", "1", None, True),
    ("log(log(log(x)))-log(log(x))", "20", None, True),
    ("(x-1)*(x-2)*(x-3)*exp(-x)-0.5", "0", None, True),
    ("(x-2)*(x-3)", "2", "3", False),
    ("log(x)-x+1", "1", None, True),
    ("1+x-exp(x)", "0", None, True),
    ("x-x", "0", None, False),
    ("log(x)**3-x", "94", None, True),
    ("log(x)**20-x", "1e40", None, True),
    ("x**2-(x+1)*(x-1)-1", "0", None, False),
]


@pytest.mark.parametrize(("text", "low", "high", "strict"), NONPOSITIVE)
def test_nonpositive_formulas_are_proved(
    text: str, low: str, high: str | None, strict: bool
) -> None:
    end = None if high is None else formula(high)
    assert prove_nonpositive(formula(text), formula(low), end, strict=strict)
    assert prove_nonpositive(formula(text), formula(low), end)


def test_strictness_is_not_taken_for_granted() -> None:
    for text in ("-(x-1000)**2", "-(log(x)-1)**2"):
        with pytest.raises((Refuted, Undecided)):
            prove_nonpositive(formula(text), 1, strict=True)
    # Strict means: at every point but the first.
    assert prove_nonpositive(formula("-x*(x-1)"), 1, strict=True)


def test_what_cannot_be_decided_is_said() -> None:
    # The largest value is exactly 0, and the atoms do not show it.
    touching = formula("exp(-x)*x**50 - exp(50*log(50)-50)")
    with pytest.raises(Undecided, match="could not be decided near x = ") as refusal:
        prove_nonpositive(touching, 1)
    assert "\n" not in str(refusal.value)


def test_bad_questions() -> None:
    with pytest.raises(ValueError, match="expected a constant"):
        prove_nonpositive(formula("-x"), formula("x"))
    with pytest.raises(ValueError, match="expected an interval"):
        prove_nonpositive(formula("-x"), 2, 1)


@pytest.mark.parametrize(
    ("text", "low", "least", "most"),
    [
        ("-2*log(x)", "1", 2, 2),
        ("-2.5*log(x)", "7", 2.5, 2.5),
        ("-3*log(1+x)", "10", 2.69, 2.7273),  # 3*10/11 at the start
        ("-3*log(1+x)", "1e6", 2.97, 3),
        ("-sqrt(x)", "4", 0.99, 1),
        ("-x/log(log(x))", "20", 12, 12.7),
        ("-3*log(1+x)+log(2+sqrt(x))-log(2)", "1", 1.3, 1.3334),
        ("-(x/log(1+x))+1", "0.5", 0.2, 0.2199),
        ("-x*log(x)/(1+x)", "1", 0.49, 0.5),
    ],
)
def test_power_bound(text: str, low: str, least: float, most: float) -> None:
    k = power_bound(formula(text), formula(low))
    assert k is not None and least <= float(k) <= most


@pytest.mark.parametrize("text", ["-log(log(x))", "-sqrt(log(x))", "-1+1/x", "x", "-x/log(x)"])
def test_no_power_bound_where_there_is_none(text: str) -> None:
    # -x/log(x) is flat at e.
    assert power_bound(formula(text), formula("exp(1)")) is None


def test_bounds_of_the_slope() -> None:
    assert exponential_bound(formula("-x-3*log(1+x)"), 0, 1)
    assert not exponential_bound(formula("-x-3*log(1+x)"), 0, 5)
    assert exponential_bound(formula("-x**2"), 3, 6)
    assert not exponential_bound(formula("-x**2"), 3, fmpq(601, 100))
    assert not exponential_bound(formula("-x/log(x)"), 20, fmpq(1, 1000))
    assert power_lower_bound(formula("-log(x)"), 1, 1)
    assert power_lower_bound(formula("-log(1+x)"), 1, 1)
    assert power_lower_bound(formula("-5*log(log(x))"), 200, 1)
    assert not power_lower_bound(formula("-1.01*log(x)"), 1, 1)


def test_definedness_of_corners() -> None:
    assert prove_defined(formula("sqrt(x)"), 0)
    assert prove_defined(formula("sqrt(x-exp(1))"), formula("exp(1)"))
    assert prove_defined(formula("x**-1*log(x)"), 1)
    with pytest.raises(Refuted):
        prove_defined(formula("sqrt(x-exp(1))"), formula("2.718281828"))


def test_a_wrong_proof_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_search, "_search", lambda *_: (-2, ("trust me",), []))
    with pytest.raises(sign_search.ContradictionError):
        prove_nonpositive(formula("x-100"), 0)


def test_a_quotient_by_something_that_vanishes_at_the_start_proves_nothing() -> None:
    # factor/x increases on (0, oo) and the factor is 0 at 0, yet it is negative up to 1.25.
    field = NormalForm(Interval(arb(0), INFINITY, 1))
    factor = field.ratio(formula("exp(x) - 2*x - 1")).top
    prover = Prover(field, Effort(1000))
    sign, _ = prover.derivative_rule(factor, 1, Piece(Place(formula("0"), arb(0)), None), 3, 0)
    assert sign <= 0


# ------------------------------------------------------------------ soundness


numbers = st.fractions(-3, 5, max_denominator=6).map(
    lambda value: Number(fmpq(value.numerator, value.denominator))
)
exponents = st.sampled_from([-2, -1, fmpq(1, 2), fmpq(1, 3), fmpq(3, 2), 2, 3]).map(
    lambda value: Number(fmpq(value))
)
X = Name("x")


def _call(name: str, node: Node) -> Node:
    return Call(name, (node,))


nodes = st.recursive(
    st.one_of(st.just(X), st.just(X), numbers),
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/"]), inner, inner),
        st.builds(Binary, st.just("**"), inner, exponents),
        st.builds(_call, st.sampled_from(["exp", "log", "sqrt"]), inner),
        inner.map(lambda node: _call("log", Binary("+", Number(fmpq(1)), node))),
    ),
    max_leaves=7,
)
starts = st.sampled_from(["0", "1", "exp(1)", "0.5", "-1"])
octaves = st.lists(st.floats(-12, 40), min_size=20, max_size=20)


@given(nodes, starts, st.booleans(), octaves)
@settings(max_examples=100)
def test_no_proved_statement_is_ever_false(
    node: Node, start: str, bounded: bool, places: list[float]
) -> None:
    try:
        given_formula = Formula.of(node)
    except ExpressionError:
        assume(False)
    low = formula(start)
    high = low + 3 if bounded else None
    try:
        prove_nonpositive(given_formula, low, high)
    except Undecided:
        return
    except Refuted as refuted:
        assert refuted.at is not None
        with working_precision(256):
            assert arb(given_formula.evaluate(arb(refuted.at))) > 0
        return
    with working_precision(200):
        first = ball(low).upper()
        for octave in places:
            x = (first + arb(2) ** arb(octave)).mid()
            if high is None or x < ball(high).lower():
                assert not arb(given_formula.evaluate(x)) > 0


@given(nodes, starts, octaves)
@settings(max_examples=60)
def test_no_proved_monotonicity_is_ever_false(node: Node, start: str, places: list[float]) -> None:
    try:
        given_formula = Formula.of(node)
    except ExpressionError:
        assume(False)
    low = formula(start)
    try:
        prove_nonincreasing(given_formula, low)
    except (Undecided, Refuted):
        return
    with working_precision(200):
        first = ball(low).upper()
        points = [(first + arb(2) ** arb(octave)).mid() for octave in sorted(places)]
        values = [arb(given_formula.evaluate(x)) for x in points]
        for x, y, before, after in zip(points, points[1:], values, values[1:], strict=False):
            assert not (x < y and after > before)
