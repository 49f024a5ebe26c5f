"""Checks of one law at a point, which the tests of the catalogue share.

Each raises AssertionError with the law, the quantity, both values and what to suspect. The planted
violations in ``test_continuous_laws.py`` show that each of them can fail.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from mpmath import mp

from tests.verify.law_cases import LawCase
from tests.verify.mpmath_route import DIGITS, integrals, mp_ball, mp_number, pieces
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, ball, working_precision
from verify.law import Law
from verify.laws.bases import float_of

BITS = 128

#: scipy's special functions keep ten digits or more here; its inputs are off by an ulp, which tails
#: magnify by ``|t f(t)/S(t)|``, below 1e3 where S is above the cut at 1e-50.
SCIPY_RELATIVE = 1e-8
SCIPY_SMALLEST = 1e-50


def inside(law: Law, t: fmpq) -> bool:
    """Whether ``t`` is strictly inside the support."""
    low, high = law.support
    above = isinstance(low, Diverges) or ball(t) > ball(low)
    return bool(above and (isinstance(high, Diverges) or ball(t) < ball(high)))


def agree(law: Law, what: str, value: Any, reference: Any, error: Any) -> None:
    """The ball and the mpmath number overlap, given the mpmath number's error."""
    assert isinstance(value, arb), f"{law}: {what} is {value}, mpmath has {reference}"
    assert value.is_finite(), f"{law}: {what} is {value} at {BITS} bits, mpmath has {reference}"
    middle, radius = mp_ball(value)
    with mp.workdps(DIGITS):
        far = abs(middle - reference) > radius + 2 * error
    assert not far, (
        f"{law}: {what} is {value.str(20)}, mpmath has {mp.nstr(reference, 20)} "
        f"+/- {mp.nstr(error, 3)}: the closed form or the density is wrong"
    )


def check_point(law: ContinuousLaw, t: fmpq, case: LawCase) -> None:
    """Total mass, both tails and all means at ``t`` against integrals of the density."""
    with working_precision(BITS):
        mean = law.mean()
        functions = [lambda x: mp.mpf(1)]
        if not isinstance(mean, Diverges):
            functions.append(lambda x: x)
        above = integrals(law, pieces(law, t, None, case.breaks), functions)
        below = integrals(law, pieces(law, None, t, case.breaks), functions)
        agree(law, f"Q(X > {t})", law.survival(t), *above[0])
        agree(law, f"Q(X <= {t})", law.cdf(t), *below[0])
        total, total_error = (above[0][i] + below[0][i] for i in range(2))
        agree(law, "the total mass", arb(1), total, total_error)
        if isinstance(mean, Diverges):
            assert isinstance(law.upper_mean(t), Diverges)
            assert isinstance(law.tail_mean(t), Diverges)
            return
        agree(law, f"E[X; X > {t}]", law.upper_mean(t), *above[1])
        agree(law, f"E[X; X <= {t}]", law.lower_mean(t), *below[1])
        agree(law, "E X", mean, *(above[1][i] + below[1][i] for i in range(2)))
        agree(law, f"E[X | X > {t}]", law.tail_mean(t), *_ratio(above[1], above[0]))


def _ratio(top: tuple[Any, Any], bottom: tuple[Any, Any]) -> tuple[Any, Any]:
    with mp.workdps(DIGITS):
        value = top[0] / bottom[0]
        return value, (top[1] + abs(value) * bottom[1]) / bottom[0]


def check_cumulants(law: ContinuousLaw, tilt: fmpq, case: LawCase) -> None:
    """``K, K', K''`` at a tilt against integrals of the density."""
    with mp.workdps(DIGITS):
        size = mp_number(tilt)
        functions = [
            lambda x: mp.exp(size * x),
            lambda x: x * mp.exp(size * x),
            lambda x: x * x * mp.exp(size * x),
        ]
        m0, m1, m2 = integrals(law, pieces(law, None, None, case.breaks), functions)
        first, first_error = _ratio(m1, m0)
        square, square_error = _ratio(m2, m0)
        expected = [
            (mp.log(m0[0]), m0[1] / m0[0]),
            (first, first_error),
            (square - first**2, square_error + 2 * abs(first) * first_error),
        ]
    with working_precision(BITS):
        for name, value, (reference, error) in zip(
            ("K", "K'", "K''"), law.cumulants(tilt), expected, strict=True
        ):
            agree(law, f"{name}({tilt})", value, reference, error)
            assert value.rel_accuracy_bits() > BITS // 4, f"{law}: {name}({tilt}) lost its digits"
        agree(law, f"log M({tilt})", law.log_mgf(tilt), *expected[0])


def check_moments(
    law: ContinuousLaw, tilt: fmpq, low: fmpq | None, high: fmpq | None, case: LawCase
) -> None:
    """``E[X^n exp(l X); low < X <= high]`` against integrals of the density."""
    with mp.workdps(DIGITS):
        size = mp_number(tilt)
        functions = [lambda x, n=n: x**n * mp.exp(size * x) for n in range(3)]
        expected = integrals(law, pieces(law, low, high, case.breaks), functions)
    with working_precision(BITS):
        values = law.exponential_moments(ball(tilt), low, high)
        for n, (value, (reference, error)) in enumerate(zip(values, expected, strict=True)):
            agree(law, f"E[X^{n} exp({tilt} X); {low} < X <= {high}]", value, reference, error)


def check_scipy(law: ContinuousLaw, points: tuple[fmpq, ...], distribution: Any) -> None:
    """Tails and density against a scipy distribution, where its float64 can follow."""
    inner = [t for t in points if inside(law, t)]
    at = np.array([float_of(t) for t in inner])
    routes = {
        "survival": (law.survival, distribution.sf(at)),
        "cdf": (law.cdf, distribution.cdf(at)),
        "density": (law.density, distribution.pdf(at)),
    }
    with working_precision(BITS):
        for what, (function, numbers) in routes.items():
            for t, number in zip(inner, numbers, strict=True):
                value = float(function(t).mid())
                if min(value, number) > SCIPY_SMALLEST:
                    assert value == pytest.approx(number, rel=SCIPY_RELATIVE, abs=0), (
                        f"{law}: {what} at {t} is {value}, scipy has {number}"
                    )


def check_samples(law: Law, size: int, rng: np.random.Generator) -> None:
    """The share of draws above some quantiles is within 5 standard errors of the survival there."""
    draws = law.sample(size, rng)
    assert draws.dtype == np.float64 and draws.shape == (size,)
    assert np.isfinite(draws).all(), f"{law}: a draw is not finite"
    for level in (fmpq(1, 50), fmpq(1, 2), fmpq(9, 10), fmpq(199, 200)):
        t = float(law.quantile(level).mid())
        expected = float(law.survival(fmpq(*t.as_integer_ratio())).mid())
        error = (expected * (1 - expected) / size) ** 0.5
        share = float(np.mean(draws > t))
        assert abs(share - expected) <= 5 * error, (
            f"{law}: {share} of {size} draws lie above {t}, expected {expected} +/- {error}"
        )
