"""Balls: exact in, contained, and no answer where the balls give none."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.balls import ends, fraction, rational
from verify.enclosure import (
    INFINITE,
    Diverges,
    Undecided,
    accurate,
    ball,
    ball_of_decimal,
    between,
    escalate,
    exact,
    hull,
    sign_of,
    to_accuracy,
    working_precision,
)

precisions = st.sampled_from([2, 24, 53, 64, 300])
fractions = st.fractions(max_denominator=10**6)
decimals = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent),
    st.integers(-(10**25), 10**25),
    st.integers(-400, 400),
)


@given(fractions, precisions)
def test_a_ball_contains_its_fraction(value: Fraction, bits: int) -> None:
    with working_precision(bits):
        low, high = ends(ball(rational(value)))
        assert low <= value <= high


@given(decimals, precisions)
def test_a_ball_contains_its_decimal(value: Decimal, bits: int) -> None:
    with working_precision(bits):
        low, high = ends(ball_of_decimal(value))
        assert low <= Fraction(value) <= high
        assert high - low <= abs(Fraction(value)) / 2 ** (bits - 3)


@pytest.mark.parametrize("exponent", [10**6, -(10**6), 10**15, -(10**15)])
def test_a_decimal_of_huge_exponent(exponent: int) -> None:
    with working_precision(128):
        value = ball_of_decimal(Decimal((1, (7, 5), exponent)))
        assert value < 0
        size = (-value).log() / arb(10).log() - arb(75).log() / arb(10).log()
        assert size.contains(exponent)
        assert size.rad() < arb(10) ** -15  # 10^15 takes 50 of the 128 bits


@pytest.mark.parametrize("text", ["1.0000000", "-3.00", "250", "1e3", "0.000", "-0.0", "4.50e1"])
def test_trailing_zeros_cost_no_exactness(text: str) -> None:
    """A mass of 1.000 is all of the mass, and 1 - p is 0."""
    value = ball_of_decimal(Decimal(text))
    assert value.is_exact() and fraction(value.fmpq()) == Fraction(text)


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_a_decimal_that_is_not_a_number_has_no_ball(bad: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        ball_of_decimal(Decimal(bad))


@pytest.mark.parametrize(
    ("given_as", "meant"),
    [
        (0.1, Fraction(1, 10)),
        (-2.5e-7, Fraction(-1, 4 * 10**6)),
        (1e300, Fraction(10**300)),
        (np.float64(0.1), Fraction(1, 10)),
        (np.int64(-3), Fraction(-3)),
        ("1/3", Fraction(1, 3)),
        ("0.30", Fraction(3, 10)),
        (Decimal("1e-40"), Fraction(1, 10**40)),
        (fmpq(2, 7), Fraction(2, 7)),
        (fmpz(5), Fraction(5)),
    ],
)
def test_exact_reads_what_a_person_means(given_as: object, meant: Fraction) -> None:
    assert fraction(exact(given_as)) == meant  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad", [True, None, "x", "nan", "inf", float("inf"), float("nan"), Decimal("NaN"), 1j, [1]]
)
def test_exact_refuses_what_is_no_number(bad: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        exact(bad)  # type: ignore[arg-type]


@given(st.lists(fractions, min_size=1, max_size=5), precisions)
def test_a_hull_contains_its_parts(values: list[Fraction], bits: int) -> None:
    with working_precision(bits):
        balls = [ball(rational(value)) for value in values]
        low, high = ends(hull(*balls))
        assert low <= min(values) and max(values) <= high
        low, high = ends(between(ball(rational(min(values))), ball(rational(max(values)))))
        assert low <= min(values) and max(values) <= high


def test_working_precision_is_put_back() -> None:
    before = ctx.prec
    with pytest.raises(ZeroDivisionError), working_precision(999):
        with working_precision(77):
            assert ctx.prec == 77
        assert ctx.prec == 999
        raise ZeroDivisionError
    assert ctx.prec == before


@pytest.mark.parametrize(
    ("value", "is_accurate"),
    [
        (arb(0), True),
        (arb(5), True),
        (Diverges(1), True),
        (arb(1, 1e-12), True),
        (arb(1, 1e-3), False),
        (arb(0, 1e-30), False),
        (arb.nan(), False),
        (arb.pos_inf(), False),
    ],
    ids=str,
)
def test_accurate(value: arb | Diverges, is_accurate: bool) -> None:
    assert accurate(value, 32) is is_accurate


def test_escalate_raises_the_precision_until_the_answer_is_there() -> None:
    seen = []

    def tiny_difference() -> arb:
        seen.append(ctx.prec)
        return (arb(10) ** -200).exp() - 1

    assert sign_of(tiny_difference, "exp(1e-200) - 1") == 1
    assert seen == [64, 128, 256, 512, 1024]
    assert sign_of(lambda: -tiny_difference(), "1 - exp(1e-200)") == -1


@pytest.mark.parametrize(
    "unanswerable",
    [
        lambda: (arb(2).sqrt() ** 2) - 2,  # 0: no number of bits gives it a sign
        arb.nan,  # every comparison is False, although nan.contains(3) is True
        lambda: arb(0, 1),
    ],
    ids=["zero", "nan", "wide"],
)
def test_no_sign_is_ever_guessed(unanswerable: object) -> None:
    with pytest.raises(Undecided, match="a number: not settled with 1024 bits"):
        sign_of(unanswerable, "a number", last=1024)  # type: ignore[arg-type]


def test_escalate_takes_undecided_for_not_yet_and_quotes_it() -> None:
    def later() -> arb:
        if ctx.prec < 200:
            raise Undecided("too few bits")
        return arb(1)

    assert escalate(later, lambda value: bool(value > 0), "it") == 1
    with pytest.raises(Undecided, match=r"it: not settled with 128 bits \(too few bits\)"):
        escalate(later, lambda value: bool(value > 0), "it", last=128)


def test_escalate_lets_bugs_through_and_restores_the_precision() -> None:
    before = ctx.prec
    with pytest.raises(KeyError):
        escalate(lambda: {}["missing"], bool, "a bug")
    assert ctx.prec == before


def test_to_accuracy() -> None:
    def one() -> arb:
        third = arb(10) ** 40 + arb(1) / 3
        return third - arb(10) ** 40

    value = to_accuracy(one, 100, "a third, less 133 bits")
    low, high = ends(value)
    assert low <= Fraction(1, 3) <= high and value.rel_accuracy_bits() >= 100


def test_infinities_compare_by_sign_alone() -> None:
    assert Diverges(1, "one reason") == INFINITE == Diverges(1, "another")
    assert Diverges(-1) != INFINITE != Diverges(0)
    assert len({Diverges(1, "a"), Diverges(1, "b"), Diverges(-1)}) == 2
    assert [str(Diverges(sign)) for sign in (1, -1, 0)] == ["oo", "-oo", "undefined"]
    assert Diverges(1) != float("inf")
