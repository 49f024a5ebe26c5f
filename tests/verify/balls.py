"""What tests say about balls, in one place: exact rationals out of them, and closeness."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from flint import arb, fmpq
from mpmath import mp

from verify.enclosure import Diverges


def fraction(value: fmpq | int | str | Decimal) -> Fraction:
    """An exact number as Python's fraction."""
    if isinstance(value, fmpq):
        return Fraction(int(value.p), int(value.q))
    return Fraction(value)


def rational(value: Fraction | int | str | Decimal) -> fmpq:
    """An exact number as flint's fraction."""
    exact = Fraction(value)
    return fmpq(exact.numerator, exact.denominator)


def ends(value: arb) -> tuple[Fraction, Fraction]:
    """The exact ends of a ball: its midpoint minus, and plus, its radius."""
    middle, radius = (fraction(part.fmpq()) for part in (value.mid(), value.rad()))
    return middle - radius, middle + radius


def number(value: object) -> arb:
    """A finite ball, or a failure that says what was found instead."""
    assert isinstance(value, arb), f"expected a ball, got {value!r}"
    assert value.is_finite(), f"expected a finite ball, got {value}"
    return value


def assert_close(one: object, other: object, relative: float, absolute: float = 0.0) -> None:
    """That two balls differ by less than the tolerance at every pair of their points.

    A wide ball fails, so a test cannot pass because nothing was computed.
    """
    if isinstance(one, Diverges) or isinstance(other, Diverges):
        assert one == other, f"{one} and {other}"
        return
    a, b = number(one), number(other)
    gap = abs(a - b)
    allowed = relative * max(abs(a).lower(), abs(b).lower(), key=float) + absolute
    assert gap <= allowed, f"{a} and {b} differ by {gap}, over {allowed}"


def assert_sharp(value: arb, relative: float) -> None:
    """That a ball has at most such a relative radius."""
    assert value.rad() <= relative * abs(value).lower(), f"{value} is too wide"


def assert_contains(value: arb, expected: Any, error: Any) -> None:
    """That a ball contains an mpmath number, up to the number's own error."""
    number(value)
    with mp.workprec(400):
        middle, radius = mp_of(value.mid()), mp_of(value.rad())
        gap = abs(middle - expected)
        assert gap <= radius + error, f"{value} against {mp.nstr(expected, 30)} +- {error}"


def mp_of(value: arb) -> Any:
    """An exact ball as an mpmath number."""
    mantissa, exponent = value.man_exp()
    return mp.ldexp(mp.mpf(int(mantissa)), int(exponent))
