"""Limits: right ones are found and confirmed, wrong ones are not believed, nothing hangs."""

from __future__ import annotations

import time

import pytest
from flint import fmpq

from verify import limit
from verify.enclosure import Diverges
from verify.formula import Formula
from verify.limit import LimitResult, limit_at_infinity

# Found without SymPy.
QUICK = [
    ("-x/log(x)/x", fmpq(0)),
    ("(-x-3*log(1+x))/x", fmpq(-1)),
    ("-sqrt(x)/x", fmpq(0)),
    ("-x**2/x", Diverges(-1)),
    ("-x*exp(-sqrt(log(x)))/x", fmpq(0)),
    ("log(0.9*exp(-x)+0.1*(1+x)**-3)/x", fmpq(0)),
    ("(log(2)-log(1+exp(x)))/x", fmpq(-1)),
    ("log(0.3*exp(-0.5*x)+0.7*exp(-2*x))/x", fmpq(-1, 2)),
    ("-x/log(log(x))/x", fmpq(0)),
    ("exp(-x)*x**5", fmpq(0)),
    ("2 + 1/x", fmpq(2)),
    ("7/3", fmpq(7, 3)),
    ("pi", Formula.parse("pi")),
    ("log(x) - x**-1", Diverges(1)),
]


@pytest.mark.parametrize(("text", "value"), QUICK)
def test_limits_that_need_no_other_process(
    text: str, value: fmpq | Formula | Diverges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "_ask_sympy", lambda _: pytest.fail("SymPy was asked"))
    found = limit_at_infinity(Formula.parse(text))
    assert found.value == value
    assert found.because and "\n" not in found.because


# The last one approaches its limit like 1/log(log(x)).
ASKED = [
    ("-pi*x/(x+1)", Formula.parse("-pi")),
    ("(1+1/x)**x", Formula.parse("exp(1)")),
    ("log(x+1)/log(x)", fmpq(1)),
    ("x-sqrt(x**2+x)", fmpq(-1, 2)),
    ("x**0.1/log(x)**5", Diverges(1)),
    ("-x*(1+1/log(log(x)))/x", fmpq(-1)),
]


@pytest.mark.parametrize(("text", "value"), ASKED)
def test_limits_from_sympy(text: str, value: fmpq | Formula | Diverges) -> None:
    found = limit_at_infinity(Formula.parse(text))
    assert found.value == value
    assert "\n" not in found.because


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("log(x+1)/log(x) + 0/x", "limit:(1/2)"),
        ("(1+1/x)**x + 0/x", "limit:e+1/1000"),
        ("x-sqrt(x**2+x) + 0/x", "limit:oo"),
        ("x**0.1/log(x)**5 + 0/x", "limit:-oo"),
        ("x**0.1/log(x)**5 + 1/x", "limit:0"),
        ("x-sqrt(x**2+x) + 1/x", "limit:sin(1)"),
        ("x-sqrt(x**2+x) + 2/x", "limit:"),
        ("x-sqrt(x**2+x) + 3/x", ""),
    ],
)
def test_a_wrong_answer_is_not_believed(
    text: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "_ask_sympy", lambda _: answer)
    assert limit_at_infinity(Formula.parse(text)).value is None


def test_a_process_that_thinks_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit, "SECONDS", 0.01)
    begun = time.perf_counter()
    found = limit_at_infinity(Formula.parse("log(x+2)/log(x)"))
    assert found == LimitResult(None, "SymPy found no limit in 0.01 seconds")
    assert time.perf_counter() - begun < 5


def test_an_answer_is_remembered() -> None:
    formula = Formula.parse("(-x-3*log(1+x))/x")
    assert limit_at_infinity(formula) is limit_at_infinity(formula)


def test_what_the_other_process_says() -> None:
    assert limit._answer("x - sqrt(x**2 + x)") == "limit:(-1/2)"
    assert limit._answer("exp(x)") == "limit:oo"
    assert limit._answer("log(3)*exp(1/x)") == "limit:log((3))"
    for text in ("-pi*sqrt(2)", "exp(2) + log(2)**3/7", "-5/3", "exp(-pi)"):
        kind, _, answer = limit._answer(f"{text} + 1/x").partition(":")
        assert kind == "limit"
        assert Formula.parse(answer).ball().overlaps(Formula.parse(text).ball())
