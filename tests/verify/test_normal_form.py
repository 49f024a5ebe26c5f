"""What proofs on rays stand on: signs and limits from intervals, a normal form for a formula."""

from __future__ import annotations

import pytest
from flint import arb

from verify.formula import Formula
from verify.interval import INFINITY, MINUS_INFINITY, Interval, limit_of, range_of
from verify.normal_form import NormalForm


@pytest.mark.parametrize(
    ("text", "low", "sign"),
    [
        ("exp(-x)", 0, 1),
        ("x**-0.5", 0, 1),
        ("-x - 3*log(1+x)", 0, -1),
        ("0.5*exp(-x)+0.5*exp(-sqrt(x))", 0, 1),
        ("log(1+x)", 0, 1),
        ("log(x)", 0, 0),
        ("(x-5)**2", 0, 0),
        ("1/(x-5)", 0, 0),
        ("0*log(x)", 0, 0),
        ("exp(-exp(exp(x)))", 100, 1),
    ],
)
def test_signs_from_intervals(text: str, low: int, sign: int) -> None:
    assert range_of(Formula.parse(text).node, Interval(arb(low), INFINITY, 1)).sign == sign


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("-x-3*log(1+x)", "-oo"),
        ("exp(-x)+2", "2"),
        ("1/x", "0"),
        ("x-log(x)", None),
        ("x/x", None),
        ("x*(1/x)", None),
        ("exp(1/x)", "1"),
        ("log(1+1/x)*x", None),
        ("log(x)**-2", "0"),
        ("0*x", "0"),
        ("0*log(x)", None),
        ("(1+1/x)**x", None),
        ("log(x)**0", "1"),
        ("sqrt(1-x)", None),
    ],
)
def test_limits_from_parts(text: str, limit: str | None) -> None:
    found = limit_of(Formula.parse(text).node)
    if limit is None:
        assert found is None
    elif limit == "-oo":
        assert found is not None and found.high == MINUS_INFINITY
    else:
        assert found is not None and found.low == found.high == int(limit)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("x/log(x)/x", "1/log(x)"),
        ("exp(2*log(x))/x", "x"),
        ("log(x**2*exp(x)) - 2*log(x)", "x"),
        ("sqrt(4*x**3)/sqrt(x)", "2*x"),
        ("exp(x+1)/exp(x-1)", "exp(2)"),
        ("log(x) - sqrt(log(x))**2", "0"),
        ("exp(x/2)**2 - exp(x/3)**3", "0"),
        ("1/(1+x) - 1/(1-x) + 2*x/(1-x**2)", "0"),
        ("log(8) - 3*log(2)", "0"),
    ],
)
def test_normal_forms(text: str, form: str) -> None:
    field = NormalForm(Interval(arb(2), INFINITY, 1))
    assert str(field.formula(field.ratio(Formula.parse(text)))) == form
