"""How many samples: against exact enumeration of tests, mpmath, and the edges."""

from __future__ import annotations

from itertools import product
from math import comb, prod

import mpmath as mp
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from verify.detection import samples_any_pair, samples_any_test, samples_to_see
from verify.errors import InputError

probabilities = st.builds(lambda k: fmpq(k, 40), st.integers(1, 39))


@given(probabilities, probabilities)
def test_samples_to_see_exactly(chance: fmpq, miss: fmpq) -> None:
    """The definition, in rationals; where a power is equal to the miss, it counts."""
    n = samples_to_see(chance, miss)
    assert (1 - chance) ** n <= miss < (1 - chance) ** (n - 1)


@pytest.mark.parametrize(
    ("chance", "miss"), [("1e-6", "0.05"), ("5.9e-15", "0.05"), ("0.3", "1e-9")]
)
def test_samples_to_see_by_mpmath(chance: str, miss: str) -> None:
    with mp.workdps(50):
        expected = int(mp.ceil(mp.log(mp.mpf(miss)) / mp.log1p(-mp.mpf(chance))))
    assert samples_to_see(chance, miss) == expected


def test_a_power_that_is_the_miss() -> None:
    assert samples_to_see("0.5", "0.25") == 2
    assert samples_to_see("0.5", "0.2499") == 3
    assert samples_to_see("0.9", "0.5") == 1


# ---------------------------------------------------------------- any test


def most_alarms(p: fmpq, q: fmpq, n: int, alpha: fmpq) -> fmpq:
    """The power of the best test on n samples, by Neyman and Pearson, over all outcomes.

    A sample is the event, or one of two others that are even given that it is not.
    """
    of_p, of_q = ([c, (1 - c) / 2, (1 - c) / 2] for c in (p, q))
    masses = [
        (
            prod((of_p[i] for i in outcome), start=fmpq(1)),
            prod((of_q[i] for i in outcome), start=fmpq(1)),
        )
        for outcome in product(range(3), repeat=n)
    ]
    masses.sort(key=lambda pair: pair[0] / pair[1], reverse=True)
    power, left = fmpq(0), alpha
    for under_p, under_q in masses:
        share = min(fmpq(1), left / under_q)
        power += share * under_p
        left -= share * under_q
    return power


@pytest.mark.parametrize(
    ("p", "q"), [("0.3", "0.001"), ("0.5", "0.01"), ("0.2", "0.05"), ("0.4", "1e-6")]
)
def test_no_test_does_better_than_the_bound(p: str, q: str) -> None:
    """With fewer samples the best test of all misses more; the bound is close where q is small."""
    from verify.enclosure import exact

    alpha = beta = fmpq(1, 10)
    n = samples_any_test(p, q, alpha, beta)
    powers = [most_alarms(exact(p), exact(q), k, alpha) for k in range(1, min(n, 7) + 1)]
    assert all(power < 1 - beta for power in powers[: n - 1])
    if n <= 7 and exact(q) * n < alpha:
        # False alarms whenever one is seen cost at most n q: the bound is met but for that.
        seen = 1 - (1 - exact(p)) ** n
        assert powers[n - 1] >= seen


def test_a_bound_that_is_met_exactly() -> None:
    """``(1/2)^n (1 - a (4/3)^n)`` is 3/10 at n = 1 and a = 3/10, and 1/6 at n = 2 and a = 3/16."""
    assert samples_any_test("0.5", "0.25", "0.3", "0.3") == 1
    assert samples_any_test("0.5", "0.25", "0.3", "0.299") == 2
    assert samples_any_test("0.5", "0.25", fmpq(3, 16), fmpq(1, 6)) == 2


def test_bound_by_mpmath() -> None:
    p, q = mp.mpf("1e-6"), mp.mpf("5.8687772120153909269e-15")
    n = samples_any_test("1e-6", "5.8687772120153909269e-15", "0.05", "0.05")
    with mp.workdps(50):

        def missed(k: int) -> mp.mpf:
            return mp.exp(k * mp.log1p(-p)) * (1 - mp.mpf("0.05") * mp.exp(-k * mp.log1p(-q)))

        assert missed(n) <= mp.mpf("0.05") < missed(n - 1)


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))
def test_any_pair_holds_for_coins(n: int, i: int, j: int) -> None:
    """Two coins: the overlap of n tosses is at least the power of the overlap of one."""
    p, q = fmpq(i, 10), fmpq(j, 10)
    overlap = sum(
        (
            comb(n, k) * min(p**k * (1 - p) ** (n - k), q**k * (1 - q) ** (n - k))
            for k in range(n + 1)
        ),
        fmpq(0),
    )
    assert overlap >= (1 - abs(p - q)) ** n


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: samples_to_see(0, "0.05"), "chance: expected a number between 0 and 1, got 0"),
        (lambda: samples_to_see("0.1", 1), "miss: expected a number between 0 and 1, got 1"),
        (
            lambda: samples_to_see("often", "0.1"),
            "chance: expected a number between 0 and 1, got 'of",
        ),
        (lambda: samples_to_see(float("nan"), "0.1"), "chance: expected a number"),
        (
            lambda: samples_any_test("0.1", "0.2", "0.1", "0.1"),
            "chance: expected more than base_chance",
        ),
        (
            lambda: samples_any_test("0.2", "0.1", "0.5", "0.5"),
            "expected less than 1 together, got 1",
        ),
        (lambda: samples_any_pair("0.1", "0.7", "0.5"), "expected less than 1 together, got 6/5"),
    ],
)
def test_bad_input(ask: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ask()  # type: ignore[operator]
    assert "\n" not in str(caught.value)
