"""kl(p, q) between two coins, q given by its logarithms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from flint import arb
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_close, assert_contains, rational
from verify.divergence import binary_kl
from verify.enclosure import escalate, working_precision

BITS = 192
probabilities = st.fractions(0, 1, max_denominator=10**6)
interior = probabilities.filter(lambda p: 0 < p < 1)


def kl(p: Fraction, q: Fraction) -> arb:
    """``kl(p, q)`` for exact probabilities, q inside (0, 1)."""
    chance = arb(rational(q))
    return binary_kl(arb(rational(p)), chance.log(), (-chance).log1p())


def reference(p: Fraction, q: Fraction) -> Any:
    """The same from its definition, in mpmath."""
    a, b = (mp.mpf(value.numerator) / value.denominator for value in (p, q))
    terms = [(a, b), (1 - a, 1 - b)]
    return mp.fsum(x * mp.log(x / y) for x, y in terms if x)


@given(probabilities, interior)
def test_by_definition(p: Fraction, q: Fraction) -> None:
    with working_precision(BITS), mp.workdps(70):
        assert_contains(kl(p, q), reference(p, q), mp.mpf(10) ** -60)


@given(probabilities, interior)
def test_never_negative_and_zero_only_where_equal(p: Fraction, q: Fraction) -> None:
    if p == q:
        with working_precision(BITS):
            value = kl(p, q)
            assert value.contains(0) and value.rad() < arb(2) ** -150
    else:  # near p = q it is about (p - q)^2/(2 q (1 - q)): the bits that cancel must be there
        escalate(lambda: kl(p, q), lambda value: bool(value > 0), f"kl({p}, {q}) > 0")


@given(interior, interior, interior)
def test_grows_away_from_q(p: Fraction, further: Fraction, q: Fraction) -> None:
    assume(q < p < further or further < p < q)
    escalate(lambda: kl(further, q) - kl(p, q), lambda gap: bool(gap > 0), "the growth")


@given(interior, interior)
def test_symmetric_in_the_two_sides_of_the_coin(p: Fraction, q: Fraction) -> None:
    with working_precision(BITS):
        assert_close(kl(p, q), kl(1 - p, 1 - q), 0, 2.0**-170)


@given(interior, interior)
def test_pinsker(p: Fraction, q: Fraction) -> None:
    with working_precision(BITS):
        assert not kl(p, q) < 2 * arb(rational(p - q)) ** 2


@pytest.mark.parametrize("q", [Fraction(1, 3), Fraction(1, 10**9)])
def test_the_ends(q: Fraction) -> None:
    with working_precision(BITS):
        assert_close(kl(Fraction(1), q), -arb(rational(q)).log(), 1e-50)
        assert_close(kl(Fraction(0), q), -arb(rational(1 - q)).log(), 1e-50, 2.0**-180)


def test_a_chance_far_below_every_float() -> None:
    """q = exp(-10^30): a ball of 1 - q would not know it from 1."""
    with working_precision(BITS):
        log_q = -(arb(10) ** 30)
        p = arb(10) ** -40
        value = binary_kl(p, log_q, -arb(0, 1e-300))
        assert_close(value, p * (p.log() - log_q) + (1 - p) * (-p).log1p(), 1e-40)
        certain = binary_kl(arb(1), log_q, arb(0))
        assert certain == arb(10) ** 30


def test_a_planted_swap_is_seen() -> None:
    """kl(q, p) instead of kl(p, q) would not pass ``test_by_definition``."""
    p, q = Fraction(1, 3), Fraction(1, 10)
    with working_precision(BITS), mp.workdps(70), pytest.raises(AssertionError):
        assert_contains(kl(q, p), reference(p, q), mp.mpf(10) ** -60)
