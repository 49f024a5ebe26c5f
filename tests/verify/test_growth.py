"""Expansions of formulas: against the formulas themselves, far out."""

from __future__ import annotations

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.law_cases import rationals
from verify.enclosure import Undecided, working_precision
from verify.formula import Formula
from verify.limits.growth import (
    LINEAR,
    LOG,
    LOG_LOG,
    LOG_SQUARED,
    Expansion,
    expand,
    power_of_x,
    sign_of_constant,
)

#: Where a formula and its expansion are compared, and bits for it.
FAR, BITS = (fmpq(10) ** 40, fmpq(10) ** 400), 4096


def value(found: Expansion, x: arb) -> arb:
    """The expansion at a point, without its o(1)."""
    scale = {3: x, 2: x.log(), 1: x.log().log()}
    terms = (c.ball() * scale[level] ** exponent for (level, exponent), c in found.terms)
    return sum(terms, found.constant())


def gaps(text: str, found: Expansion) -> list[arb]:
    """The distances between a formula and an expansion."""
    formula = Formula.parse(text)
    with working_precision(BITS):
        return [abs(arb(formula.evaluate(arb(x))) - value(found, arb(x))) for x in FAR]


def agrees(text: str, found: Expansion) -> bool:
    """Whether the distance vanishes: no faster than 1/log x is asked of it."""
    near, far = gaps(text, found)
    return bool(near < 0.1) and bool(far < near / 5 or far < arb("1e-30"))


FORMULAS = (
    "-x", "-x/2 - 3*log(1 + x)", "-3*log((2 + x)/5) + 1/x", "-sqrt(2 + 3*x)", "-x**0.3 + log(x)",
    "-(2 + 5*x)**(1/3)", "-log(1 + 3*x)**2 - log(2 + x)", "-2*log(1 + x**2)", "-log(1 + log(x))",
    "-log(log(2 + x)) - pi", "-exp(1)*x - log(3)*log(x)", "-log(3 + log(x)**2)", "-x - 5/x**2",
    "2*(x - 3*log(x)) - x", "-log(x + sqrt(x))",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula(text: str) -> None:
    found = expand(Formula.parse(text))
    assert found is not None and agrees(text, found)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_wrong_expansion_is_noticed(text: str) -> None:
    found = expand(Formula.parse(text))
    assert found is not None
    assert not agrees(text, found.plus(lambda: arb("0.1")))
    assert not agrees(text, found + Expansion.of(((LOG_LOG, fmpq(1, 100)),), lambda: arb(0)))


@pytest.mark.parametrize(
    "text",
    ["-x/log(x)", "-x*log(x)", "-(1 + x)**2", "-exp(x)", "-log(x)**3", "-log(x + log(x))**2",
     "-log(log(log(x)))", "-log(x)*log(2 + x)", "-sqrt(x**2 + 1)"],
)  # fmt: skip
def test_other_forms_have_none(text: str) -> None:
    assert expand(Formula.parse(text)) is None


@given(scale=rationals("1/5", "7"), shift=rationals("-9", "9"), data=st.data())
def test_shift_and_scale(scale: fmpq, shift: fmpq, data: st.DataObject) -> None:
    """``f((x - b)/a)`` from the expansion of f, and from the formula itself."""
    text = data.draw(st.sampled_from(FORMULAS))
    formula = Formula.parse(text)
    found = expand(formula)
    assert found is not None
    moved = found.stretched(scale).shifted(shift)
    with working_precision(BITS):
        for x in FAR:
            inner = (arb(x) - shift) / scale
            gap = arb(formula.evaluate(inner)) - value(moved, arb(x))
            # What is left of the formula itself, and 1/log x beside it.
            own = abs(arb(formula.evaluate(arb(x))) - value(found, arb(x)))
            assert abs(gap) < 2 * own + 4 / arb(x).log()


def test_terms_are_sorted_and_added_up() -> None:
    one = Expansion.of(((LOG, 2), (LINEAR, -1), (LOG, -2), (power_of_x(fmpq(1, 2)), 3)), arb)
    assert [scale for scale, _ in one.terms] == [LINEAR, power_of_x(fmpq(1, 2))]
    assert one.grows() == -1 and (one - one).grows() == 0
    assert one.without(LINEAR).grows() == 1
    assert one.coefficient(LOG_SQUARED).rational == 0


def test_a_coefficient_that_may_be_zero_is_not_decided() -> None:
    zero = Formula.parse("log(6) - log(2) - log(3)")
    with pytest.raises(Undecided, match="the sign of"):
        sign_of_constant(zero)
    with pytest.raises(Undecided):
        Expansion.of(((LOG, zero),), arb)


def test_a_shift_of_a_square_is_refused() -> None:
    square = Expansion.of(((power_of_x(fmpq(2)), -1),), arb)
    with pytest.raises(Undecided, match="above the first"):
        square.shifted(fmpq(1))
