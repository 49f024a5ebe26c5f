"""Exponential moments of the log-Cauchy law: along log x, and along x."""

from __future__ import annotations

import mpmath
import pytest
from flint import arb

from verify.claim import mpf_of_ball
from verify.enclosure import working_precision
from verify.frontier import frontier
from verify.laws.student import LogCauchy
from verify.quadrature import exponential_moments


@pytest.mark.parametrize("log_rate", [-50, 0, 3, 100])
def test_by_the_density_of_x(log_rate: int) -> None:
    with working_precision(80):
        tilt = -arb(log_rate).exp().mid()
        one = LogCauchy().exponential_moments(tilt)
        other = exponential_moments(LogCauchy(), tilt, None, None)
        for left, right in zip(one, other, strict=True):
            assert left.rel_accuracy_bits() > 60 and right.rel_accuracy_bits() > 50
            assert left.overlaps(right)


def test_by_mpmath() -> None:
    with working_precision(80), mpmath.workdps(20):
        for order, found in enumerate(LogCauchy().exponential_moments(arb(-2))):

            def term(s: mpmath.mpf, order: int = order) -> mpmath.mpf:
                return mpmath.exp(order * s - 2 * mpmath.exp(s)) / (mpmath.pi * (1 + s * s))

            value = mpmath.quad(term, [-mpmath.inf, -40, -5, 0, 2, 5])
            assert abs(mpf_of_ball(found) - value) < mpmath.mpf("1e-12")


def test_the_tilt_that_spends_ten_nats() -> None:
    """It is about e^7000: the mass it leaves is exp(-10), within e^-7000 of 0."""
    (found,) = frontier("-log_cauchy()", ["10"]).points
    assert found.settled and isinstance(found.lower, arb) and found.gap is not None
    assert found.gap < arb("1e-10") * abs(found.lower)
    # A law within the same odds cap spends no more KL: its best mean (E_1, by hand) is below.
    assert found.lower > arb("-1.6235589294517e-3049") and found.lower < arb("-1e-3049")
