"""Theorem 1: each step, false variants of each, and the theorem on random laws and weights."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.theorems.planted import by_points
from theorems.t1_heavy_tails import (
    CLAIMS,
    derivation,
    errata,
    instances,
    reach,
    staircase,
    subsequence,
)
from theorems.t1_heavy_tails.symbols import between, kl, mean_of_p, mean_of_q, ordered, symbols
from verify.claim import Enclosed
from verify.divergence import binary_kl
from verify.enclosure import ball, to_accuracy, working_precision
from verify.identity import Relation, prove
from verify.law import Law
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

N = symbols()


# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    p, q, A, B, t = N.p, N.q, N.A, N.B, N.t
    mu = mean_of_q()
    above, below = p / q, (1 - p) / (1 - q)
    cost = q * above * sp.log(above) + (1 - q) * below * sp.log(below)
    inside = (p < 1, q < 1)
    return {
        "kl with p and q swapped": Relation(cost, kl(q, p), given=inside),
        "cost without the lower part": Relation(cost, p * sp.log(p / q), given=inside),
        "weights without normaliser": Relation(p * above + (1 - p) * below, 1, given=inside),
        "kl >= p log(p/q)": Relation(
            kl(p, q), p * sp.log(p / q), ">=", kl(p, q) - p * sp.log(p / q), ordered(), between()
        ),
        "kl <= p log(p/q) for all p, q": Relation(
            p * sp.log(p / q), kl(p, q), ">=", p * sp.log(p / q) - kl(p, q), inside
        ),
        "-p log q is below p log(p/q)": Relation(
            p * sp.log(p / q), -p * sp.log(q), ">=", p * sp.log(p), ordered(), between()
        ),
        "mean moves the other way": Relation(mean_of_p(), mu - (p - q) * (A - B)),
        "mean moves by p (A - B)": Relation(mean_of_p(), mu + p * (A - B)),
        "mean bound with the wrong sign": Relation(
            mu + (p - q) * (t - mu),
            mean_of_p(),
            ">=",
            -(p - q) * (A - t + q * (A - B)),
            (*ordered(), t <= A, t >= B),
            {**between(), A: t + N.u, B: t - N.v},
        ),
        "mean bound for p < q": Relation(
            mean_of_p(),
            mu + (p - q) * (t - mu),
            ">=",
            (p - q) * (A - t + q * (A - B)),
            (p < 1, q < 1, t <= A, t >= B),
            {A: t + N.u, B: t - N.v},
        ),
        "mean bound where A is below t": Relation(
            mean_of_p(),
            mu + (p - q) * (t - mu),
            ">=",
            (p - q) * (A - t + q * (A - B)),
            (*ordered(), t >= A, t >= B),
            {**between(), A: t - N.u, B: t - N.v},
        ),
        "cost at c/t is r": Relation(-(N.c / t) * sp.log(sp.exp(-N.r * t)), N.r),
        "tail integral for l > a": Relation(
            sp.Integral(N.l * sp.exp(-N.h * N.y), (N.y, t, sp.oo)), -N.l / N.h * sp.exp(-N.h * t)
        ),
        "heavy along the corners": Relation(
            sp.Limit(kl(1 / N.x, staircase.tail_at_corner()), N.x, sp.oo), 0
        ),
        "finite MGF of the staircase": Relation(
            sp.Limit(N.l * N.x**2 + sp.log(staircase.tail_at_corner()), N.x, sp.oo), -sp.oo
        ),
        "Pareto rise is c": replace(errata.pareto_rise(), right=N.c),
        "Weibull rise is 2c": replace(errata.stretched_rise(), right=2 * N.c),
        "t(3) limit is 1": replace(errata.student_limit(), right=sp.Integer(1)),
        "F_P above F_Q": Relation(1 - N.p, 1 - N.q, ">=", N.q - N.p, ordered(), between()),
        "tail conditioned on X > -L decays slower": replace(reach.stays_heavy(), right=N.r / 2),
        "finite cost with p = eps": Relation(-N.eps * sp.log(sp.exp(-N.r)), N.eps),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (staircase.printed_cost, (3, "15.974440539957")),
        (staircase.printed_cost, (4, "255.99981551595")),
        (staircase.printed_cost, (3, "255.99981551594")),
        (errata.printed_mean, ("50", "1.49971230992985")),
        (errata.printed_mean, ("1e5", "1.499999999924604")),
        (errata.printed_mean, ("50", "1.0")),
        (errata.rise_enclosed, ("pareto(alpha=2)", "3", "1", "0")),
        (errata.rise_enclosed, ("burr(c=2, k=1.2)", "1.2", "2", "1.2")),
        (errata.rise_enclosed, ("weibull(shape=0.5)", "2", "1", "0")),
        (instances.raised, ("exponential()", 3)),
        (instances.raised, ("normal(mu=0, sigma=1)", 3)),
        (instances.raised, ("weibull(shape=0.9)", 3)),
        (reach.exponential_cap, "2.35767667394589907"),
        (reach.without_a_mean, ("cauchy()", 1)),
        (reach.without_a_mean, ("student_t(df=3)", 10)),
        (reach.finite_version, ("uniform(low=0, high=1)", "0.5", "0.1", "1")),
        (reach.finite_version, ("uniform(low=0, high=1)", "0.99", "5", "1")),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


def test_a_law_without_a_mean_is_outside_the_theorem() -> None:
    assert instances.raised(("levy()", 3)) is None


def test_right_tail_matters() -> None:
    assert reach.left_tail_is_no_use("-pareto(alpha=2)") is True
    assert reach.left_tail_is_no_use("student_t(df=3)") is False
    assert reach.left_tail_is_no_use("normal(mu=0, sigma=1)") is None


# ---------------------------------------------------------------- closed forms by another route


def test_student_closed_form_is_the_reweighted_mean() -> None:
    for exponent in (2, 5, 9):
        t = fmpq(10) ** exponent
        weight = Threshold.at(f"1e{exponent}", f"1e-{exponent}")
        with working_precision(200):
            mean = ThresholdReweighted(Law.parse("student_t(df=3)"), weight).mean()
            assert isinstance(mean, arb)
            assert abs(mean - errata.student_mean(t)) < arb(10) ** -30


def test_laws_in_the_identities_are_the_catalogues() -> None:
    """The tails that SymPy integrates are those of the laws that balls enclose."""
    pareto = errata.pareto()
    cases = [
        ("student_t(df=3)", errata.student()[0], {}),
        ("weibull(shape=0.5)", errata.stretched()[0], {}),
        ("pareto(alpha=2.5)", pareto[1], {N.h: sp.Rational(3, 2)}),
    ]
    for text, tail, values in cases:
        law = Law.parse(text)
        for t in (2, 50):
            expected = sp.N(tail.subs({**values, N.t: t}), 30)
            with working_precision(150):
                assert abs(law.survival(fmpq(t)) - arb(str(expected))) < arb(10) ** -25


def test_staircase_in_the_identities_is_the_law() -> None:
    for k in range(4):
        x = 2 ** (2**k)
        expected = sp.N(sp.log(staircase.tail_at_corner().subs(N.x, x)), 30)
        with working_precision(150):
            value = staircase.LAW.log_survival(fmpq(x) ** 2 - 1)
            assert abs(value - arb(str(expected))) < arb(10) ** -20


# ---------------------------------------------------------------- random laws and weights

HEAVY = [text for text, _ in instances.HEAVY_LAWS if "log_gamma" not in text and "tail" not in text]
LIGHT = ["normal(mu=0, sigma=1)", "exponential()", "binomial(n=9, p=0.3)", "-pareto(alpha=3)"]
laws = st.sampled_from(HEAVY + LIGHT).map(Law.parse)
thresholds = st.fractions(-3, 10_000, max_denominator=100)
masses = st.decimals("0.001", "0.999", places=3)


def reweighted(law: Law, t: Fraction, mass: Any) -> tuple[ThresholdReweighted, fmpq]:
    """With t rounded to a short decimal; laws with nothing on one side of it are passed over."""
    decimal = round(float(t), 2)
    weight = Threshold.at(decimal, mass)
    point = weight.location.point()
    assert isinstance(point, fmpq)
    assume(law.log_survival(point).is_finite() and law.log_cdf(point).is_finite())
    return ThresholdReweighted(law, weight), point


@given(laws, thresholds, masses)
def test_cost_and_mean_on_random_laws(law: Law, t: Fraction, mass: Any) -> None:
    optimised, point = reweighted(law, t, mass)
    with working_precision(300):
        p, log_q, log_not_q = optimised.p, law.log_survival(point), law.log_cdf(point)
        assume(log_not_q < 0)
        mu, mean = law.mean(), optimised.mean()
        assert isinstance(mu, arb)
        assert isinstance(mean, arb)
        cost = optimised.kl()
        q = log_q.exp()
        size = 1 + abs(mu) + ball(abs(point))
        tiny = arb(10) ** -40 * size
        # Mass and cost.
        assert abs(optimised.survival(point) - p) < tiny
        assert abs(optimised.cdf(point) - (1 - p)) < tiny
        assert abs(cost - binary_kl(p, log_q, log_not_q)) < tiny
        assert cost > -tiny
        # Mean.
        above, below = law.tail_mean(point), law.lower_mean(point)
        assert isinstance(above, arb)
        assert isinstance(below, arb)
        gap = above - below / law.cdf(point)
        assert abs(mean - mu - (p - q) * gap) < tiny * 10**6
        if p > q:
            assert cost < p * (p.log() - log_q) + tiny
            assert p * (p.log() - log_q) < -p * log_q + tiny
            assert mean > mu + (p - q) * (point - mu) - tiny * 10**6


@given(
    st.integers(2, 12), st.fractions("0.05", "0.95", max_denominator=20), st.integers(0, 10), masses
)
def test_cost_by_summing_atoms(n: int, chance: Fraction, t: int, mass: Any) -> None:
    """E_Q[w log w] over the atoms, which knows nothing of kl(p, q)."""
    assume(t < n)
    law = Law.parse(f"binomial(n={n}, p={chance.numerator}/{chance.denominator})")
    optimised = ThresholdReweighted(law, Threshold.at(t, mass))
    with working_precision(200):
        total, cost, mean = arb(0), arb(0), arb(0)
        for (x, q), (_, p) in zip(law.atoms(), optimised.atoms(), strict=True):
            total, cost, mean = total + p, cost + p * (p / q).log(), mean + p * x
        assert abs(total - 1) < arb(10) ** -50
        assert abs(cost - optimised.kl()) < arb(10) ** -50
        # The mean below t is a difference over Q(X <= t), which is 0.05^12 = 10^-16 at least: that
        # leaves 44 of the 60 digits that 200 bits have.
        assert abs(mean - optimised.mean()) < arb(10) ** -40


@given(st.sampled_from(HEAVY).map(Law.parse), st.fractions(1, 3, max_denominator=4))
def test_recipe_succeeds_along_a_geometric_grid(law: Law, c: Fraction) -> None:
    """Some 2^k has cost below 1/20 and a rise above c/2, with p = c/t: Theorem 1 in miniature."""
    share = fmpq(c.numerator, c.denominator)
    mu = to_accuracy(lambda: ball_of(law.mean()), 100, "the mean")
    for k in range(1, 4000):
        t = arb(2) ** k
        log_q = law.log_survival(t)
        p, q = share / t, log_q.exp()
        if p < 1 and p > q and -share * log_q / t < 0.05:
            rise = (p - q) * (t - mu)
            if rise > ball(share) / 2:
                assert binary_kl(p, log_q, (-q).log1p()) < 0.05
                return
    raise AssertionError(f"no threshold for {law}")


def ball_of(value: Any) -> arb:
    assert isinstance(value, arb)
    return value


@given(
    st.sampled_from(
        ["uniform(low=0, high=1)", "beta(a=2, b=3)", "truncate(pareto(alpha=2), high=9)"]
    ),
    st.fractions("0.5", "0.98", max_denominator=50),
    st.fractions("0.02", 1, max_denominator=50),
)
def test_finite_version_on_random_cases(text: str, level: Fraction, eps: Fraction) -> None:
    """Where its hypothesis q <= p <= 1 holds, the bound is met at a cost of at most eps."""
    law = Law.parse(text)
    low, high = law.support
    assert isinstance(low, fmpq)
    assert isinstance(high, fmpq)
    b = low + (high - low) * fmpq(level.numerator, level.denominator)
    budget = fmpq(eps.numerator, eps.denominator)
    with working_precision(150):
        log_q = law.log_survival(b)
        p = budget / -log_q
        assume(p < 1 and p > log_q.exp())
        upper, mean = ball_of(law.upper_mean(b)), ball_of(law.mean())
        below = (mean - upper) / law.cdf(b)
        reached = p * upper / log_q.exp() + (1 - p) * below
        assert reached > below + p * (b - below)
        assert binary_kl(p, log_q, law.log_cdf(b)) < ball(budget)


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert ids[0] == "t1"
    assert all(name.startswith("t1") for name in ids)
    assert {"t1.search", "t1.no-moments", "t1.finite", "t1.light"} <= set(ids)
    assert all(f"t1.erratum-{letter}" in ids for letter in "abcd")
    for group in (derivation, subsequence, reach, staircase, errata):
        assert set(group.CLAIMS) <= set(CLAIMS)
