"""Exact sums of logarithms: equality is decided right, against factorisation and against balls."""

from __future__ import annotations

from math import gcd

import pytest
from flint import arb, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from verify.enclosure import sign_of, working_precision
from verify.log_sum import LogSum, coprime_base

positive = st.builds(fmpq, st.integers(1, 400), st.integers(1, 400))
coefficients = st.builds(fmpq, st.integers(-20, 20), st.integers(1, 12))
sums = st.lists(st.tuples(coefficients, positive), max_size=5).map(lambda ts: LogSum(tuple(ts)))


def by_primes(value: LogSum) -> bool:
    """Whether the sum is 0, by prime factors: the second route."""
    totals: dict[int, fmpq] = {}
    for c, r in value.terms:
        for number, sign in ((r.p, 1), (r.q, -1)):
            for prime, power in fmpz(number).factor():
                totals[int(prime)] = totals.get(int(prime), fmpq(0)) + sign * int(power) * c
    return all(total == 0 for total in totals.values())


@given(sums, sums)
def test_equality_by_prime_factors_and_by_balls(one: LogSum, other: LogSum) -> None:
    difference = one + other.scaled(fmpq(-1))
    assert one.equals(other) == by_primes(difference)
    if one.equals(other):
        with working_precision(200):
            assert difference.ball().contains(0)
    else:
        assert sign_of(difference.ball, "a sum that is not 0") in {-1, 1}


@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=4))
def test_products_split(pairs: list[tuple[fmpq, fmpq]]) -> None:
    together = LogSum(tuple((fmpq(1, 3), a * b) for a, b in pairs))
    apart = LogSum(tuple((fmpq(1, 3), r) for pair in pairs for r in pair))
    assert together.equals(apart)
    assert not together.equals(apart + LogSum(((fmpq(1, 10**9), fmpq(2)),)))


@given(st.lists(st.integers(1, 10**6), max_size=6))
def test_coprime_base(numbers: list[int]) -> None:
    base = coprime_base(numbers)
    assert all(b > 1 for b in base)
    assert all(gcd(a, b) == 1 for i, a in enumerate(base) for b in base[:i])
    for number in numbers:
        rest = number
        for b in base:
            while rest % b == 0:
                rest //= b
        assert rest == 1


def test_value_and_refusal() -> None:
    value = LogSum(((fmpq(1, 2), fmpq(9)), (fmpq(-1), fmpq(3, 5))))
    assert value.equals(LogSum(((fmpq(1), fmpq(5)),)))
    assert abs(value.ball() - arb(5).log()) < arb(2) ** -45
    with pytest.raises(ValueError, match="logarithm of 0"):
        LogSum(((fmpq(1), fmpq(0)),))
