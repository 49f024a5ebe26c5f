"""One formula, four arithmetics: they must agree wherever they all apply."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import acb, arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_contains, rational
from verify.arithmetic import (
    BALLS,
    Arithmetic,
    complex_balls,
    log_erfc,
    mpmath_arithmetic,
    numpy_arithmetic,
)
from verify.enclosure import working_precision

BITS, DIGITS = 128, 60
#: mpmath at 60 digits, whose functions lose at most a few.
MPMATH_ERROR = 1e-50
#: float64 functions are good to a few units of 2e-16, amplified near zeros of the result.
FLOAT_ERROR = 1e-13

#: Each operation as a formula, with the interval of arguments that all four accept.
FORMULAS: dict[str, tuple[Callable[[Any, Arithmetic[Any]], Any], str, str]] = {
    "number": (lambda x, a: a.number(fmpq(1, 3)) + x, "-5", "5"),
    "exp": (lambda x, a: a.exp(x), "-30", "30"),
    "log": (lambda x, a: a.log(x), "1/1000", "1000"),
    "log1p": (lambda x, a: a.log1p(x), "-9/10", "1000"),
    "sqrt": (lambda x, a: a.sqrt(x), "1/1000", "1000"),
    "power 5": (lambda x, a: a.power(x, fmpq(5)), "1/100", "100"),
    "power -2": (lambda x, a: a.power(x, fmpq(-2)), "1/100", "100"),
    "power 7/3": (lambda x, a: a.power(x, fmpq(7, 3)), "1/100", "100"),
    "pi": (lambda x, a: a.pi() * x, "-5", "5"),
    "log_gamma": (lambda x, a: a.log_gamma(x), "1/10", "100"),
    "log_erfc": (lambda x, a: a.log_erfc(x), "-4", "5"),
    "a density": (lambda x, a: -x * x / 2 - a.log(2 * a.pi()) / 2, "-9", "9"),
}


@pytest.mark.parametrize("name", FORMULAS)
@given(data=st.data())
def test_the_four_arithmetics_agree(name: str, data: st.DataObject) -> None:
    formula, low, high = FORMULAS[name]
    at = rational(data.draw(st.fractions(Fraction(low), Fraction(high), max_denominator=10**4)))
    with working_precision(BITS), mp.workdps(DIGITS):
        balls = formula(arb(at), BALLS)
        reference = formula(mp.mpf(int(at.p)) / int(at.q), mpmath_arithmetic())
        assert_contains(balls, reference, MPMATH_ERROR * (1 + abs(reference)))
        assert balls.rel_accuracy_bits() > 80 or abs(balls) < 1e-3
        for analytic in (False, True):
            value = formula(acb(at), complex_balls(analytic))
            assert value.imag.contains(0)
            assert value.real.overlaps(balls) and value.is_finite()
    floats = formula(np.array([int(at.p) / int(at.q)]), numpy_arithmetic())
    assert abs(float(np.ravel(floats)[0]) - float(reference)) <= FLOAT_ERROR * (1 + abs(reference))


@pytest.mark.parametrize("operation", ["log", "log1p", "sqrt", "power"])
def test_complex_balls_say_where_a_function_is_not_analytic(operation: str) -> None:
    """Without the flag ``acb.integral`` would integrate across the cut, and be wrong."""
    on_the_cut = acb(arb(-2), arb(0, 1e-3))
    arguments = (fmpq(1, 2),) if operation == "power" else ()
    strict = getattr(complex_balls(True), operation)(on_the_cut, *arguments)
    plain = getattr(complex_balls(False), operation)(on_the_cut, *arguments)
    assert not strict.is_finite() and plain.is_finite()


def test_whole_powers_have_no_cut() -> None:
    value = complex_balls(True).power(acb(arb(-2), arb(0, 1e-3)), fmpq(3))
    assert value.is_finite() and value.contains(acb(-8))


@given(st.fractions(-40, 10**6, max_denominator=1000))
def test_log_erfc_keeps_its_digits(at: Fraction) -> None:
    with working_precision(BITS), mp.workdps(DIGITS):
        value = log_erfc(arb(rational(at)))
        x = mp.mpf(at.numerator) / at.denominator
        if x < 100:
            reference = mp.log(mp.erfc(x))
        else:  # erfc underflows nothing in mpmath, but takes long: the asymptotic series instead
            terms = [(-1) ** n * mp.fac2(2 * n - 1) / (2 * x * x) ** n for n in range(12)]
            reference = -x * x - mp.log(x) - mp.log(mp.pi) / 2 + mp.log(mp.fsum(terms))
        # The first term left out: 23!!/(2 10^4)^12 at x = 100.
        assert_contains(value, reference, (1 + abs(reference)) * mp.mpf(10) ** -36)
        assert value.rel_accuracy_bits() > 100 or abs(value) < 1e-2


@pytest.mark.parametrize("exponent", [10, 50, 1000, 10**6])
def test_log_erfc_of_an_inexact_ball_far_out(exponent: int) -> None:
    with working_precision(BITS):
        x = arb(10) ** exponent / 3
        value = log_erfc(x)
        # log erfc(x) = -x^2 - log(x sqrt(pi)) - O(x^-2)
        assert (value + x * x + (x * arb.pi().sqrt()).log()).contains(0)
        assert value.rel_accuracy_bits() > BITS - 10


def test_float64_log_erfc_does_not_underflow() -> None:
    values = numpy_arithmetic().log_erfc(np.array([30.0, 1e3, 1e100]))
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values[1], float(log_erfc(arb(1000))), rtol=1e-13)
