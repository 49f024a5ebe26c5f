"""The threshold search: the best mass, the smallest t, in any arithmetic, and exact decimals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_close, mp_of, number, rational
from verify.divergence import binary_kl
from verify.enclosure import ball, ball_of_decimal, working_precision
from verify.law import Law
from verify.laws import exponential, pareto, parse, weibull
from verify.laws.staircase import Staircase
from verify.threshold_search import FIRST_STEP, best_mass, candidates, reachable_mean
from verify.threshold_tails import BallTails, rounded_threshold

BITS = 96


class FloatTails:
    """Pareto's tails in Python's floats: the search asks for nothing that floats lack."""

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    exp, log, log1p = staticmethod(math.exp), staticmethod(math.log), staticmethod(math.log1p)

    def settle(self, x: float) -> float:
        return x

    def number(self, value: float) -> float:
        return value

    def mean(self) -> float:
        return self.alpha / (self.alpha - 1)

    def log_survival(self, t: float) -> float:
        return -self.alpha * math.log(max(t, 1.0))

    def tail_mean(self, t: float) -> float:
        return self.mean() * max(t, 1.0)


class MpTails(FloatTails):
    """The same in mpmath."""

    exp, log, log1p = staticmethod(mp.exp), staticmethod(mp.log), staticmethod(mp.log1p)

    def number(self, value: float) -> Any:
        return mp.mpf(value)

    def log_survival(self, t: Any) -> Any:
        return -self.alpha * mp.log(max(t, 1))


def balls(law: Law) -> BallTails:
    return BallTails(law, number(law.mean()), only_bounds=False)


def found(law: Law, target: str, budget: str) -> Iterator[tuple[arb, arb, arb]]:
    return candidates(balls(law), arb(target), arb(budget))


# ---- the best mass ------------------------------------------------------------------------------

log_tails = st.fractions(-(10**6), Fraction(-1, 10**6), max_denominator=10**6)
budgets = st.fractions(Fraction(1, 10**9), 5, max_denominator=10**9)


@given(log_tails, budgets)
def test_the_best_mass_spends_the_budget(log_q: Fraction, budget: Fraction) -> None:
    with working_precision(BITS):
        tails = balls(pareto(2))
        log_tail, eps = arb(rational(log_q)), arb(rational(budget))
        p = best_mass(tails, log_tail.mid(), eps.mid())
        q, log_not_q = log_tail.exp(), (-log_tail.expm1()).log()
        if -log_tail < eps:
            assert p == 1
            return
        assert q <= p <= 1
        spent = binary_kl(p, log_tail, log_not_q)
        # Newton stops at a step of 1e-9 of p; then kl is off by its square, or by rounding.
        assert_close(spent, eps, 1e-6, 1e-20)


@given(log_tails.filter(lambda x: x > -300), budgets)
def test_the_best_mass_is_the_same_in_every_arithmetic(log_q: Fraction, budget: Fraction) -> None:
    with working_precision(BITS), mp.workdps(30):
        exact = best_mass(balls(pareto(2)), arb(rational(log_q)).mid(), arb(rational(budget)).mid())
        in_mpmath = best_mass(
            MpTails(2.5),
            mp.mpf(log_q.numerator) / log_q.denominator,
            mp.mpf(budget.numerator) / budget.denominator,
        )
        assert abs(mp_of(exact.mid()) / in_mpmath - 1) < 1e-7


def test_the_best_mass_where_nothing_else_works() -> None:
    """exp(-10^30) is no number to add to; and a budget below what doubles can add to 1."""
    with working_precision(BITS):
        tails = balls(pareto(2))
        p = best_mass(tails, -(arb(10) ** 30), arb("0.01"))
        assert_close(p, arb(10) ** -32, 1e-20)  # eps/log(1/q), for a q this small
        tiny = best_mass(tails, arb("0.3").log(), arb("1e-20"))
        assert 0 < tiny - arb("0.3") < 1e-9


# ---- the search ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "budget"), [(100, 0.01), (5, 0.3), (2, 1e-4)])
def test_three_arithmetics_find_the_same_t(target: float, budget: float) -> None:
    with working_precision(BITS), mp.workdps(30):
        gaps = [
            float(next(candidates(tails, goal, eps))[0])
            for tails, goal, eps in (
                (FloatTails(2.5), target, budget),
                (MpTails(mp.mpf(2.5)), mp.mpf(target), mp.mpf(budget)),
                (balls(pareto("2.5")), arb(target), arb(budget)),
            )
        ]
    assert gaps[1] == pytest.approx(gaps[0], rel=1e-9)
    assert gaps[2] == pytest.approx(gaps[0], rel=1e-9)


HEAVY = [
    "pareto(alpha=1.5)", "lognormal()", "weibull(shape=0.9)", "student_t(df=3)", "zeta(s=3)",
    "mixture(0.99*normal(), 0.01*pareto(alpha=1.5))", 'tail(log_sf="-sqrt(x)", lower=0)',
]  # fmt: skip


@pytest.mark.parametrize("text", HEAVY)
def test_proposals_reach_the_target_and_move_out(text: str) -> None:
    law = parse(text)
    with working_precision(BITS):
        tails, target, budget = balls(law), arb(50), arb("0.05")
        proposals = list(islice(candidates(tails, target, budget), 4))
        for gap, t, p in proposals:
            assert_close(t - tails.mean(), gap, 1e-9)
            assert reachable_mean(tails, t, budget)[0] > target
            assert 0 < p <= 1
        ts = [float(t.log()) for _, t, _ in proposals]
        assert ts == sorted(ts) and len(set(ts)) == 4
        # Refined to a 32nd of a step of at most FIRST_STEP * 1.3^k: a much smaller t does not do.
        nearer = tails.mean() + proposals[0][0] * (-arb(FIRST_STEP) * 8).exp()
        if nearer > target:
            assert not reachable_mean(tails, nearer, budget)[0] > target


@given(
    st.sampled_from(["pareto(alpha=2.5)", "burr(c=2, k=1.2)", "weibull(shape=0.6)"]),
    st.integers(-(10**6), 10**6),
    st.integers(1, 10**6),
)
def test_the_search_moves_along_with_the_law(text: str, shift: int, scale: int) -> None:
    """Under a + bX the gap is b times as large: but for rounding, the same steps are taken."""
    law = parse(text)
    with working_precision(BITS):
        gap, _, p = next(candidates(balls(law), arb(30), arb("0.05")))
        a, b = fmpq(shift), fmpq(scale, 1000)
        moved = next(candidates(balls(a + b * law), a + b * arb(30), arb("0.05")))
        assert_close(moved[0], b * gap, 1e-9)
        assert_close(moved[2], p, 1e-6)


def test_a_tail_that_is_heavy_along_a_sequence_only() -> None:
    """The staircase law: at its corners no t works; just below the next corner some t does."""
    law = Staircase(fmpq(1), fmpq(3, 2))
    with working_precision(BITS):
        tails = balls(law)
        _, t, _ = next(candidates(tails, arb(5), arb("0.1")))
        assert reachable_mean(tails, t, arb("0.1"))[0] > 5
        corner = arb(256)
        assert not reachable_mean(tails, corner, arb("0.1"))[0] > 5


def test_the_even_pass_ends_where_nothing_is_found() -> None:
    with working_precision(BITS):
        light = balls(exponential())
        assert next(candidates(light, arb(3), arb("0.1")), None) is None
        # S(0.5) of Exp(1) is 2.3577, so 2.36 is out of reach; 1.6 is not.
        assert next(candidates(light, arb("2.36"), arb("0.5")), None) is None
        assert next(candidates(light, arb("1.6"), arb("0.5")), None) is not None


def test_without_a_mean_the_bounds_are_used() -> None:
    """``E[X | X > t] >= t`` and a lower bound of X are enough for a heavy tail."""
    law = weibull("1/2")
    with working_precision(BITS):
        tails = BallTails(law, arb(0), only_bounds=True)
        assert tails.tail_mean(arb(7)) == 7
        _, t, p = next(candidates(tails, arb(50), arb("0.05")))
        assert p * t > 50
        assert t > next(found(law, "50", "0.05"))[1]  # less is known, so t is further out


# ---- exact decimals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "target", "budget"),
    [
        ("pareto(alpha=2.5)", "100", "0.01"),
        ("1e15 + pareto(alpha=2.5)", "1000000000000100", "0.01"),
        ("-5 + 1e-20*lognormal()", "-4.99999999999999999", "0.001"),
        ("weibull(shape=0.9)", "3", "1e-3"),
    ],
)
def test_rounding_keeps_t_near_and_the_mass_affordable(text: str, target: str, budget: str) -> None:
    law = parse(text)
    with working_precision(BITS):
        tails, eps = balls(law), arb(budget).mid()
        gap, t, _ = next(candidates(tails, ball_of_decimal(Decimal(target)), eps))
        weight = rounded_threshold(tails, gap, t, eps)
        assert weight is not None and weight.location.t is not None
    with working_precision(400):
        moved = ball(rational(weight.location.t)) - t
        assert 0 <= moved <= gap / 1000  # up, by at most a thousandth of t - mean
        point = rational(weight.location.t)
        p = ball_of_decimal(weight.mass)
        spent = binary_kl(p, law.log_survival(point), law.log_cdf(point))
        assert spent < ball_of_decimal(Decimal(budget))
        assert spent > ball_of_decimal(Decimal(budget)) * (1 - arb("1e-4"))
    assert len(weight.mass.as_tuple().digits) <= 8


def test_beyond_every_exponent_t_is_given_by_its_logarithm() -> None:
    law = parse('tail(log_sf="-x/log(x)", lower="exp(1)")')
    with working_precision(BITS):
        tails, eps = balls(law), arb("0.001").mid()
        gap, t, _ = next(candidates(tails, arb(100), eps))
        weight = rounded_threshold(tails, gap, t, eps)
        assert weight is not None and weight.location.t is None
        log_t = weight.location.log_t
        assert log_t is not None and len(log_t.as_tuple().digits) <= 12
        assert_close(ball_of_decimal(log_t), t.log(), 1e-10)
        # t is about exp(c/eps), and the mass about c/t
        assert 9e4 < float(log_t) < 1e5
        assert weight.mass.adjusted() < -39_000


def test_no_weight_is_proposed_where_the_tail_is_empty() -> None:
    law = parse("truncate(pareto(alpha=2), high=10)")
    with working_precision(BITS):
        beyond = arb(50)
        tails = balls(law)
        assert rounded_threshold(tails, beyond - tails.mean(), beyond, arb("0.1")) is None


@given(st.fractions(Fraction(11, 10), 6, max_denominator=10), st.sampled_from(["0.003", "0.3"]))
def test_the_search_never_needs_a_light_touch(alpha: Fraction, budget: str) -> None:
    """On every Pareto tail the first proposal is there, and t is not absurdly far out."""
    law = pareto(rational(alpha))
    with working_precision(BITS):
        mean = law.mean()
        assume(isinstance(mean, arb))
        gap, _, _ = next(candidates(balls(law), mean + 10, arb(budget)))
        # p t alpha/(alpha - 1) is about 10 where -p log q = eps, so t is about the solution of
        # t = (10/eps) (alpha - 1) log t; the search stops within a step or two of it.
        scale = 10 / float(budget) * float(alpha - 1)
        assert float(gap) < 20 * (scale + 10) * math.log(scale + 10)
