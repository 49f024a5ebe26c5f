"""Decimal text: exact on the way in, outward by at most a unit on the way out."""

from __future__ import annotations

import time
from decimal import Decimal
from fractions import Fraction

import pytest
from flint import arb, fmpq
from hypothesis import example, given
from hypothesis import strategies as st

from tests.verify.balls import ends, fraction, rational
from verify.decimals import (
    DIGITS,
    DecimalError,
    decimal_text,
    outward,
    parse_decimal,
    plain,
    round_decimal,
)
from verify.decimals import rational as rational_of
from verify.enclosure import Undecided, ball_of_decimal, working_precision
from verify.errors import InputError
from verify.laws import parse, point

#: ``outward`` reads the ends of a ball to 144 bits, so they may lie this share of a unit further.
SLOP = Fraction(1, 2**60)


def dyadic(mantissa: int, exponent: int) -> arb:
    """``mantissa * 2^exponent``, exactly."""
    with working_precision(4000):
        return arb(mantissa) * arb(2) ** exponent


dyadics = st.builds(dyadic, st.integers(-(2**200), 2**200), st.integers(-1500, 1500))
radii = st.builds(dyadic, st.integers(0, 2**29), st.integers(-1600, 100))


def unit(text: str, digits: int = DIGITS) -> Fraction:
    """One unit of the last of ``digits`` digits."""
    return Fraction(10) ** (Decimal(text).adjusted() - digits + 1)


@given(dyadics, radii)
@example(arb(1), arb(0))
@example(arb(10) ** 20 - 1, arb(0))
@example(dyadic(2**30 * 10**20 - 1, -30), arb(0))  # rounds up to a power of ten
@example(dyadic(2**100 - 1, -100), arb(0))
@example(arb(0), arb(2) ** -700)
def test_outward_is_outward_by_at_most_a_unit(middle: arb, radius: arb) -> None:
    with working_precision(4000):
        value = arb(middle, radius)
        low, high = ends(value)
    assert not flaw(outward(value), low, high)


def flaw(written: tuple[str, str], low: Fraction, high: Fraction) -> str:
    """What is wrong with an enclosure that ought to be ``[low, high]`` rounded outward."""
    for text, end, side in zip(written, (low, high), (-1, 1), strict=True):
        gap = side * (Fraction(text) - end)
        if gap < 0:
            return f"{text} lies inside"
        if end != 0 and gap > unit(text) * (1 + SLOP):
            return f"{text} is over a unit away"
        if len(Decimal(text).normalize().as_tuple().digits) > DIGITS:
            return f"{text} has too many digits"
    return ""


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (("0.66666666666666666666", "0.66666666666666666667"), ""),
        (("0.66666666666666666667", "0.66666666666666666667"), "inside"),
        (("0.66666666666666666666", "0.66666666666666666666"), "inside"),
        (("0.66666666666666666665", "0.66666666666666666667"), "a unit away"),
        (("0.66666666666666666666", "0.66666666666666666668"), "a unit away"),
        (("0.666666666666666666666", "0.66666666666666666667"), "too many digits"),
    ],
)
def test_the_property_above_catches_a_unit(written: tuple[str, str], found: str) -> None:
    third = Fraction(2, 3)
    assert found in flaw(written, third, third) and bool(found) == bool(flaw(written, third, third))


@given(st.integers(-(10**20) + 1, 10**20 - 1), st.integers(-280, 280))
def test_a_number_of_20_digits_is_written_exactly(mantissa: int, exponent: int) -> None:
    value = Fraction(mantissa) * Fraction(10) ** exponent
    with working_precision(2000):
        written = outward(arb(rational(value)))
    # A dyadic number that 144 bits hold is its own ball, with itself as both ends.
    if value.denominator & (value.denominator - 1) == 0 and abs(value.numerator) < 2**144:
        assert written[0] == written[1] and Fraction(written[0]) == value
    assert Fraction(written[0]) <= value <= Fraction(written[1])
    if value != 0:  # 2000 bits hold the value within far less than a unit
        assert Fraction(written[1]) - Fraction(written[0]) <= 2 * unit(written[1])


@pytest.mark.parametrize("exponent", [2000, -2000, 10**6, -(10**9), 10**14, -(10**14)])
@pytest.mark.parametrize("sign", [1, -1])
def test_outward_of_huge_exponents(exponent: int, sign: int) -> None:
    with working_precision(200):
        value = sign * arb(2).sqrt() * arb(10) ** exponent
        low, high = outward(value)
        assert ball_of_decimal(Decimal(low)) <= value <= ball_of_decimal(Decimal(high))
        relative = (ball_of_decimal(Decimal(high)) - ball_of_decimal(Decimal(low))) / value
        assert abs(relative) < arb(10) ** (2 - DIGITS)


@pytest.mark.parametrize("bad", [arb.nan(), arb.pos_inf(), arb(0, float("inf"))], ids=str)
def test_a_ball_that_is_not_finite_is_not_written(bad: arb) -> None:
    with pytest.raises(ValueError, match="not finite"):
        outward(bad)


@pytest.mark.parametrize(("sign", "words"), [(1, "too large to write"), (-1, "too close to 0")])
@pytest.mark.parametrize("places", [17, 5000])  # Python does not show an exponent of 5000 digits
def test_a_number_beyond_every_exponent_is_not_written(places: int, sign: int, words: str) -> None:
    with working_precision(64 + 4 * places), pytest.raises(Undecided, match=words):
        outward((sign * arb(10) ** places).exp())


@given(dyadics, st.integers(1, 40), st.booleans())
def test_round_decimal(value: arb, digits: int, up: bool) -> None:
    true = fraction(value.fmpq())
    rounded = round_decimal(value, digits, up)
    gap = (Fraction(rounded) - true) * (1 if up else -1)
    assert gap >= 0
    if true != 0:
        assert gap < unit(str(rounded), digits)
        assert len(rounded.normalize().as_tuple().digits) <= digits


@given(st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: abs(d.adjusted()) < 300))
@example(Decimal("-0"))
@example(Decimal("100000000000000000000000"))
@example(Decimal("0.0000001000"))
def test_plain_text_is_the_same_number(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert len(text) <= len(str(value)) + 22  # whole numbers are written out up to 21 digits
    assert not (value == 0 and text != "0")


@given(st.fractions(max_denominator=10**9))
@example(Fraction(1, 10**300))
@example(Fraction(10**299))
@example(Fraction(-(2**1023)))
def test_decimal_text_is_exact_and_reads_back_in_a_law(value: Fraction) -> None:
    text = decimal_text(rational(value))
    assert Fraction(text) == value
    law = point(rational(value))
    assert parse(str(law)) == law


@given(st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: abs(d.adjusted()) < 300))
def test_rational_is_exact(value: Decimal) -> None:
    assert fraction(rational_of(value)) == Fraction(value)


@given(
    st.from_regex(r"\A-?[0-9]{1,40}(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?\Z").filter(str.isascii)
)
def test_parse_reads_decimals_exactly(text: str) -> None:
    value = parse_decimal(text, "it")
    assert Fraction(value) == Fraction(text)


HOSTILE = [
    "", " 1", "1 ", "1\n", "+1", ".", "1e", "e5", "1e+", "--1", "0x10", "1_000", "1,5",
    "nan", "NaN", "inf", "Infinity", "-oo", "1/2", "[3 +/- 1]", "١٢", "1e5e5", "1.2.3",
    "9" * 61, "1" * 10**6, "1e10001", "-1e-10001", "1e" + "9" * 18, "1e-" + "9" * 18,
    "12e" + "9" * 18, "1234567e" + "9" * 18, "0.001e-" + "9" * 18, "1e" + "9" * 400,
    "__import__('os').system('true')", None, True, 1, 1.5, float("nan"), [], ["1"], {"1": 1},
    b"1", Decimal(1), 10**400,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:25])
def test_parse_refuses_in_one_line(text: object) -> None:
    started = time.perf_counter()
    with pytest.raises(DecimalError) as refusal:
        parse_decimal(text, "target mean")
    assert time.perf_counter() - started < 0.5
    message = str(refusal.value)
    assert message.startswith("target mean: ") and "\n" not in message and len(message) < 200
    assert isinstance(refusal.value, InputError)


def test_a_zero_of_huge_exponent_is_refused() -> None:
    # rational(Decimal("0e99999999")) would write out the power of ten.
    for text in ("0e10001", "0e-99999999", "-0e99999999999999999"):
        with pytest.raises(DecimalError, match="exponents up to 10000"):
            parse_decimal(text, "it")
    assert rational_of(parse_decimal("-0e100", "it")) == fmpq(0)


def test_bounds_are_the_callers() -> None:
    assert parse_decimal("1e20000", "it", exponent=10**15) == Decimal("1e20000")
    with pytest.raises(DecimalError, match="at most 3 digits"):
        parse_decimal("1234", "it", digits=3)
    with pytest.raises(DecimalError, match="exponents up to 5"):
        parse_decimal("1e6", "it", exponent=5)
