"""Theorem 2 on random laws, weights and budgets: no P beats the bounds, and the tilts meet them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.verify.balls import rational
from tests.verify.weighted_cases import few, weights
from theorems.t2_light_tails.corollary_1 import Capped
from theorems.t2_light_tails.digits import FORMS, gamma_best, poisson_best, tilts_around
from theorems.t2_light_tails.tilts import bound_near_zero, tilt_bound, tilt_cost, tilt_mean
from theorems.t2_light_tails.two_sides import LEAST
from verify.enclosure import working_precision
from verify.frontier import frontier_point
from verify.law import Law
from verify.laws.empirical_law import Empirical
from verify.reweighted import Reweighted, ThresholdReweighted, reweight
from verify.weight import Threshold

BOTH_LIGHT = [
    "normal(mu=1, sigma=2)", "exponential()", "gamma(shape=2.5)", "laplace()", "half_normal()",
    "bernoulli(p=0.3)", "binomial(n=9, p=0.3)", "uniform(low=-1, high=1)",
    "mixture(0.5*exponential(), 0.5*(-2*exponential()))",
]  # fmt: skip
#: Nothing is known of their left tails but that they are there.
RIGHT_LIGHT = [*BOTH_LIGHT, "-pareto(alpha=2)", "-lognormal(mu=0, sigma=1)"]
#: Laws with D* = oo: a tilt spends any budget.
STEEP = [
    "normal(mu=1, sigma=2)", "exponential()", "gamma(shape=2.5)", "laplace()", "poisson(mu=3)",
    "uniform(low=-1, high=1)", "mixture(0.5*exponential(), 0.5*(-2*exponential()))",
]  # fmt: skip

tilts = st.fractions(Fraction(1, 50), Fraction(9, 10), max_denominator=50).map(rational)
budgets = st.fractions(Fraction(1, 1000), 3, max_denominator=1000).map(rational)
shares = st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20).map(rational)


def ball_of(value: Any) -> arb:
    assert isinstance(value, arb)
    return value


# ---------------------------------------------------------------- no P beats the bounds


@pytest.mark.parametrize("text", RIGHT_LIGHT)
@few(12)
@given(data=st.data(), tilt=tilts)
def test_no_weight_beats_a_bound(text: str, data: st.DataObject, tilt: fmpq) -> None:
    """Thresholds, tilts, best-of-n and top fractions; every tilt is a bound, not only the best."""
    law = Law.parse(text)
    optimised = reweight(law, data.draw(weights(law), label="weight"))
    with working_precision(160):
        cost = optimised.kl() if isinstance(optimised, Reweighted) else arb(0)
        mean = optimised.mean()
        assume(isinstance(cost, arb) and cost.is_finite())
        assert (
            ball_of(mean).lower() <= tilt_bound(law, tilt, fmpq(0)) + ball_of(cost).upper() / tilt
        )


@pytest.mark.parametrize("text", BOTH_LIGHT)
@few(8)
@given(data=st.data(), tilt=tilts)
def test_no_weight_beats_a_bound_from_below(text: str, data: st.DataObject, tilt: fmpq) -> None:
    law, size = Law.parse(text), tilt / 4  # below the rates of -X too
    optimised = reweight(law, data.draw(weights(law), label="weight"))
    with working_precision(160):
        cost = optimised.kl() if isinstance(optimised, Reweighted) else arb(0)
        assume(isinstance(cost, arb) and cost.is_finite())
        least = -tilt_bound(-law, size, fmpq(0)) - ball_of(cost).upper() / size
        assert ball_of(optimised.mean()).upper() >= least


@given(
    st.lists(st.integers(-40, 40), min_size=2, max_size=8, unique=True),
    st.data(),
    tilts,
)
def test_any_law_on_a_list_of_rewards(rows: list[int], data: st.DataObject, tilt: fmpq) -> None:
    """P is anything, not a monotone weight: Gibbs' identity, and the bound, by plain sums."""
    law = Empirical.from_values([row / 8 for row in rows])
    parts = data.draw(
        st.lists(st.integers(0, 50), min_size=len(rows), max_size=len(rows)).filter(any)
    )
    with working_precision(200):
        atoms = list(law.atoms())
        masses = [arb(fmpq(part, sum(parts))) for part in parts]
        log_mgf = law.cumulants(tilt)[0]
        cost = from_tilt = mean = arb(0)
        for (x, q), p in zip(atoms, masses, strict=True):
            mean += p * x
            if p != 0:
                cost += p * (p / q).log()
                from_tilt += p * (p / (q * (tilt * arb(x) - log_mgf).exp())).log()
        assert abs(cost - tilt * mean + log_mgf - from_tilt) < arb(10) ** -45
        assert mean < (cost + log_mgf) / tilt + arb(10) ** -45
        assert from_tilt > -(arb(10) ** -45)


@given(st.sampled_from(BOTH_LIGHT).map(Law.parse), tilts)
def test_jensen(law: Law, tilt: fmpq) -> None:
    with working_precision(128):
        mean, size = ball_of(law.mean()), tilt / 4
        assert tilt_bound(law, tilt, fmpq(0)) > mean - arb(10) ** -25
        assert -tilt_bound(-law, size, fmpq(0)) < mean + arb(10) ** -25


# ---------------------------------------------------------------- the tilts meet them


@given(st.sampled_from(RIGHT_LIGHT).map(Law.parse), tilts, tilts)
def test_a_tilt_meets_its_own_bound_and_no_other(law: Law, tilt: fmpq, other: fmpq) -> None:
    with working_precision(160):
        cost = tilt_cost(law, tilt)
        mean, tiny = tilt_mean(law, tilt), arb(10) ** -25
        at_it, elsewhere = (tilt_bound(law, l_, fmpq(0)) + cost / l_ for l_ in (tilt, other))
        assert abs(at_it - mean) < tiny * (1 + abs(mean))
        assert elsewhere > mean - tiny * (1 + abs(mean))


@few(20)
@given(st.sampled_from(RIGHT_LIGHT).map(Law.parse), st.lists(tilts, min_size=2, max_size=4))
def test_cost_and_mean_grow_with_the_tilt(law: Law, several: list[fmpq]) -> None:
    with working_precision(160):
        for low, high in pairwise(sorted(set(several))):
            assert 0 < tilt_cost(law, low) < tilt_cost(law, high)
            assert tilt_mean(law, low) < tilt_mean(law, high)


def best(law: Law, budget: fmpq) -> tuple[arb, arb]:
    """S(d) from below and from above, by the two tilts around the budget."""
    low, high = tilts_around(law, budget)
    with working_precision(256):
        assert tilt_cost(law, low) < budget
        return tilt_mean(law, low), tilt_bound(law, high, budget)


@given(st.sampled_from(STEEP).map(Law.parse), budgets, budgets, shares)
def test_s_is_concave_and_grows(law: Law, one: fmpq, other: fmpq, share: fmpq) -> None:
    assume(one < other)
    middle = share * one + (1 - share) * other
    (low_1, high_1), (_, high_m), (low_2, _) = (best(law, d) for d in (one, middle, other))
    tiny = arb(10) ** -20
    assert high_m > share * low_1 + (1 - share) * low_2 - tiny
    assert low_2 > high_1 - tiny


@given(st.sampled_from(STEEP).map(Law.parse), st.integers(1, 12))
def test_s_starts_at_the_mean(law: Law, places: int) -> None:
    """S(d) lies between the mean and the bound at l = sqrt(d), which closes in on it."""
    with working_precision(128):
        mean = ball_of(law.mean())
        room = 10 * (1 + law.cumulants(fmpq(1, 1000))[2]) / arb(10) ** places
        assert mean < bound_near_zero(law, 10**places) < mean + room


# ---------------------------------------------------------------- closed forms at random budgets


@pytest.mark.parametrize("form", [*FORMS, *LEAST], ids=str)
@few(10)
@given(budget=st.fractions(Fraction(1, 100), Fraction(11, 10), max_denominator=100))
def test_closed_forms_at_random_budgets(form: Any, budget: Fraction) -> None:
    """Below 1.1 < -log 0.3 every law here has a tilt that spends the budget."""
    d = rational(budget)
    low, high = best(Law.parse(form.text), d)
    with working_precision(256):
        value = form.in_balls(d)
        assert not value < low
        assert not value > high
        assert value.rad() < 1e-20
        assert high - low < 1e-20


@given(st.fractions(Fraction(1, 4), 9, max_denominator=8), budgets)
def test_gamma_of_any_shape(shape: Fraction, d: fmpq) -> None:
    low, high = best(Law.parse(f"gamma(shape={shape})"), d)
    with working_precision(256):
        value = gamma_best(rational(shape), d)
        assert not value < low and not value > high


@given(st.integers(1, 20), budgets)
def test_poisson_of_any_mean(mean: int, d: fmpq) -> None:
    low, high = best(Law.parse(f"poisson(mu={mean})"), d)
    with working_precision(256):
        value = poisson_best(d, mean)
        assert not value < low and not value > high


@given(st.sampled_from(FORMS), st.integers(1, 300))
def test_the_frontier_holds_the_closed_form(form: Any, hundredths: int) -> None:
    """Its lower value is at most S(d), its upper at least, and their gap is closed."""
    if "bernoulli" in form.text:
        assume(hundredths < 120)  # -log 0.3 = 1.2039...
    point = frontier_point(form.text, str(hundredths / 100))
    lower, upper = ball_of(point.lower), ball_of(point.upper)
    with working_precision(128):
        value = form.in_balls(fmpq(hundredths, 100))
        assert not lower > value
        assert not upper < value
        assert upper - lower < 1e-11
        assert point.attained is True


# ---------------------------------------------------------------- Corollary 1


@given(
    st.sampled_from(["pareto(alpha=2)", "student_t(df=3)", "lognormal(mu=0, sigma=1)"]),
    st.integers(2, 8),
    st.decimals("0.001", "0.3", places=3),
    tilts,
)
def test_a_capped_utility_stays_below_its_bound(text: str, cap: int, mass: Any, tilt: fmpq) -> None:
    """U goes up without bound as the threshold moves out; V = min(U, cap) does not."""
    law = Law.parse(text)
    utility = Capped(law, fmpq(cap))
    with working_precision(128):
        for t in (100, 10**6):
            optimised = ThresholdReweighted(law, Threshold.at(t, mass))
            value, cost = utility.mean(optimised), optimised.kl()
            assert value < (cost + utility.log_mgf(tilt)) / tilt
            assert value <= cap
            assert ball_of(optimised.mean()) > fmpq(t) * rational(str(mass)) - 10
