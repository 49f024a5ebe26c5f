"""The finite version of Theorem 1 beside the optimum, against brute force on small lists."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_close, number, rational
from verify.enclosure import working_precision
from verify.finite import best_threshold, finite_bound, finite_context
from verify.frontier import frontier_point
from verify.laws import normal, uniform
from verify.laws.empirical_law import Empirical

rewards = st.lists(st.integers(-40, 40).map(lambda n: n / 8), min_size=2, max_size=15).filter(
    lambda rows: len(set(rows)) > 1
)
budgets = st.integers(1, 4000).map(lambda n: Decimal(n).scaleb(-3))


def frontier(rows: list[float], eps: Any) -> Any:
    """``inf_l (eps + K(l))/l`` in mpmath, by solving D(l) = eps: the best mean, at 30 digits."""
    top, n = max(rows), len(rows)
    if eps >= -mp.log(mp.mpf(rows.count(top)) / n):
        return mp.mpf(top)

    def spent(log_tilt: Any) -> Any:
        tilt = mp.exp(log_tilt)
        weights = [mp.exp(tilt * (row - top)) for row in rows]
        total = mp.fsum(weights)
        away = mp.fsum(w * (row - top) for w, row in zip(weights, rows, strict=True)) / total
        return tilt * away - mp.log(total / n) - eps

    low, high = mp.mpf(-15), mp.mpf(1)
    while spent(high) < 0:
        high += 2
    for _ in range(80):  # the bound is least at the root, so 2^-80 of it is more than enough
        middle = (low + high) / 2
        low, high = (low, middle) if spent(middle) > 0 else (middle, high)
    tilt = mp.exp(high)
    return (eps + mp.log(mp.fsum(mp.exp(tilt * (row - top)) for row in rows) / n)) / tilt + top


@given(rewards, budgets)
def test_the_optimum_is_the_frontier(rows: list[float], kl: Decimal) -> None:
    law = Empirical.from_values(rows)
    point = frontier_point(law, kl)
    low, high = number(point.lower), number(point.upper)
    with mp.workdps(30):
        best = frontier(rows, mp.mpf(str(kl)))
        spread = max(rows) - min(rows)
        assert low <= arb(mp.nstr(best, 28)) + 1e-15 * spread
        assert high >= arb(mp.nstr(best, 28)) - 1e-15 * spread
    assert high - low < 1e-12 * spread


def by_definition(rows: list[float], b: float, kl: Decimal) -> arb:
    """``mu_below + p (b - mu_below)`` from the rows."""
    below = [Fraction(row) for row in rows if row < b]
    mean_below = sum(below, Fraction(0)) / len(below)
    q = arb(fmpq(len(rows) - len(below), len(rows)))
    p = (arb(str(kl)) / -q.log()).min(arb(1))
    return arb(rational(mean_below)) + p * (arb(b) - arb(rational(mean_below)))


@given(rewards, budgets)
def test_the_finite_bound_of_every_threshold(rows: list[float], kl: Decimal) -> None:
    """It is the formula's value, and no more than the optimum where p >= q."""
    law = Empirical.from_values(rows)
    high = number(frontier_point(law, kl).upper)
    with working_precision(128):
        for b in sorted(set(rows))[1:]:
            bound = finite_bound(law, rational(Fraction(b)), kl)
            assert_close(bound, by_definition(rows, b, kl), 2.0**-100, 2.0**-100)
            q = sum(row >= b for row in rows) / len(rows)
            p = min(float(kl) / -mp.log(q), 1)
            if p >= q + 1e-12:
                assert not bound > high + arb(10) ** -12


@given(rewards, budgets)
def test_the_best_threshold_is_the_best(rows: list[float], kl: Decimal) -> None:
    law = Empirical.from_values(rows)
    chosen = best_threshold(law, float(kl))
    usable = [
        b
        for b in sorted(set(rows))[1:]
        if float(kl) / -mp.log(sum(row >= b for row in rows) / len(rows))
        >= sum(row >= b for row in rows) / len(rows)
    ]
    if chosen is None:
        assert not usable
        return
    assume(usable)
    with working_precision(128):
        value = finite_bound(law, chosen, kl)
        best = max((finite_bound(law, rational(Fraction(b)), kl) for b in usable), key=float)
        # float64 chose among them
        assert value > best - arb(10) ** -12


def test_what_is_shown_beside_a_decision() -> None:
    law = Empirical.from_values([0.0] * 90 + [1.0] * 9 + [10.0])
    shown = finite_context(law, Decimal("0.5"))
    low, high = (Decimal(end) for end in shown["frontier"])
    bound = [Decimal(end) for end in shown["finite_bound"]["mean"]]
    assert shown["finite_bound"]["threshold"] == "10"
    assert bound[0] <= bound[1] < low <= high < 10
    # mu_below = 9/99; p = 0.5/log 100
    with mp.workdps(30):
        expected = mp.mpf(1) / 11 + mp.mpf("0.5") / mp.log(100) * (10 - mp.mpf(1) / 11)
        assert abs(mp.mpf(str(bound[0])) - expected) < 1e-18


def test_a_budget_too_small_for_the_bound() -> None:
    law = Empirical.from_values([0.0, 1.0])
    shown = finite_context(law, Decimal("0.0001"))
    assert shown["finite_bound"] is None
    low, high = (float(end) for end in shown["frontier"])
    # About mean + sigma sqrt(2 eps) = 0.5 + 0.5 sqrt(0.0002)
    assert low <= high and abs(low - 0.5 - 0.5 * 0.0002**0.5) < 1e-5


@pytest.mark.parametrize("law", [normal(), uniform(0, 1)], ids=str)
def test_other_laws_have_no_finite_context(law: Any) -> None:
    assert finite_context(law, Decimal("0.1")) == {}
