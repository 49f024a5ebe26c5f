"""Membership in tail classes: every law of the catalogue, curves, and two routes to each answer."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.law_cases import rationals
from tests.verify.law_strategies import TAILS, catalogued, compositions, images
from verify.enclosure import Diverges, working_precision
from verify.formula import Formula
from verify.law import Law
from verify.laws import mixture, normal, pareto, parse, zeta
from verify.laws.staircase import Staircase, corner
from verify.limit import LimitResult
from verify.tail_classes import (
    convolution_ratio,
    long_tailed,
    membership,
    negligible_upper_mean,
    step_ratio,
    subexponential,
    upper_mean_ratio,
    upper_mean_ratio_at,
)
from verify.tail_classes.formulas import TailFormulas, tail_formulas, without_constants

MEMBERS = (
    "lognormal()", "cauchy()", "student_t(df=3)", "pareto(alpha=0.5)", "weibull(shape=0.5)",
    "frechet(alpha=2)", "burr(c=2, k=1.2)", "log_logistic(shape=3)", "inverse_gamma(shape=3)",
    "f(d1=3, d2=8)", "genpareto(xi=0.5)", "gev(xi=0.5)", "levy()", "log_cauchy()",
    "log_gamma(shape=2)", "half_cauchy()", "half_student_t(df=3)", "zeta(s=3)",
    "-cauchy()", "2 - 3*student_t(df=3)", "3*zeta(s=1.5)", "truncate(cauchy(), low=-2)",
    "mixture(0.5*skew_normal(alpha=2), 0.5*pareto(alpha=2))",
    "mixture(0.5*poisson(mu=3), 0.5*cauchy())",
    'tail(log_sf="-sqrt(x)", lower=0)',
)  # fmt: skip
OTHERS = (
    "normal()", "-normal()", "exponential()", "gamma(shape=2.5)", "laplace()", "logistic()",
    "uniform()", "beta(a=2, b=3)", "weibull(shape=1)", "weibull(shape=2)", "genpareto(xi=0)",
    "genpareto(xi=-0.5)", "gev(xi=0)", "gev(xi=-0.5)", "gumbel()", "-gumbel()", "half_normal()",
    "skew_normal(alpha=2)", "inverse_gaussian(mu=2, lam=1)", "bernoulli(p=0.3)",
    "binomial(n=5, p=0.2)", "poisson(mu=3)", "geometric(p=0.3)",
    "negative_binomial(r=2.5, p=0.4)", "point(x=1)", "-pareto(alpha=2)",
    "truncate(cauchy(), high=2)", 'tail(log_sf="-x-2*log(1+x)", lower=0)',
)  # fmt: skip

# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("text", MEMBERS)
def test_member(text: str) -> None:
    assert long_tailed(parse(text)).answer == "yes"
    assert subexponential(parse(text)).answer == "yes"


@pytest.mark.parametrize("text", OTHERS)
def test_other(text: str) -> None:
    assert long_tailed(parse(text)).answer == "no"
    assert subexponential(parse(text)).answer == "no"


def test_heavy_is_not_long_tailed() -> None:
    """The staircase has no exponential moment; its corners decide."""
    law = Staircase()
    assert law.mgf_abscissa == 0
    assert long_tailed(law).answer == subexponential(law).answer == "no"
    assert step_ratio(law, corner(3) - 1, fmpq(1)) < arb(10) ** -1000


def test_unknown_is_an_answer() -> None:
    law = mixture([(fmpq(1, 2), Staircase()), (fmpq(1, 2), normal())])
    assert long_tailed(law).answer == subexponential(law).answer == "unknown"
    assert negligible_upper_mean(law, pareto(2)).answer == "unknown"


def assert_agrees_with_declared_rates(law: Law) -> None:
    """Two routes: limits of formulas, and the rates that each family states."""
    rates, found = law.right_tail, long_tailed(law).answer
    bounded = not isinstance(law.support[1], Diverges)
    if found == "yes":
        assert not bounded and rates.abscissa in (0, None) and rates.decay in (0, None)
    if found == "no":
        assert bounded or rates.decay != 0


@given(images(catalogued, rationals("-5", "5")))
@settings(max_examples=8)
def test_formulas_agree_with_declared_rates(law: Law) -> None:
    assert_agrees_with_declared_rates(law)


@pytest.mark.heavy
@given(compositions(st.one_of(catalogued, TAILS), rationals("-5", "5")))
@settings(max_examples=100)
def test_formulas_agree_with_declared_rates_at_length(law: Law) -> None:
    assert_agrees_with_declared_rates(law)


@pytest.mark.parametrize(
    "text", ["mixture(0.5*normal(), 0.5*(-mixture(0.5*half_normal(), 0.5*cauchy())))"]
)
def test_mixtures_turned_round(text: str) -> None:
    assert subexponential(parse(text)).answer == "yes"


# ---------------------------------------------------------------- criteria


def formulas(log_tail: str) -> TailFormulas:
    """As for a law with this tail."""
    tail = Formula.parse(log_tail)
    return TailFormulas(tail, lambda: arb(0), "planted", tail)


@pytest.mark.parametrize("log_tail", ["-x", "-x**2", "-x - 2*log(1 + x)", "-x + sqrt(x)"])
def test_pitmans_criterion_lets_no_light_tail_pass(log_tail: str) -> None:
    assert membership._pitman(formulas(log_tail)).answer == "unknown"


@pytest.mark.parametrize("log_tail", ["-x", "-sqrt(x)", "-log(x)**2"])
def test_regular_variation_lets_nothing_lighter_than_powers_pass(log_tail: str) -> None:
    assert membership._regularly_varying(formulas(log_tail)) is None


def test_a_wrong_limit_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: every limit 0. The declared rates contradict."""
    law = parse("7*exponential()")
    assert_agrees_with_declared_rates(law)
    long_tailed.cache_clear()
    monkeypatch.setattr(membership, "limit_at_infinity", lambda _: LimitResult(fmpq(0), "planted"))
    with pytest.raises(AssertionError):
        assert_agrees_with_declared_rates(law)
    long_tailed.cache_clear()


# ---------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    "text",
    ["f(d1=3, d2=8)", "2 - 3*student_t(df=3)", "truncate(cauchy(), low=-2)", "7*gamma(shape=2.5)"],
)
def test_formula_and_constant_give_the_density(text: str) -> None:
    law = parse(text)
    base = law.base if text.startswith("truncate") else law  # type: ignore[attr-defined]
    found = tail_formulas(law)
    assert found is not None
    with working_precision(128):
        for point in (30, 500):
            value = arb(found.log_density.evaluate(arb(point))) + found.constant()
            share = law.log_mass() if base is not law else arb(0)  # type: ignore[attr-defined]
            assert abs(value - (base.density(point).log() - share)) < arb(10) ** -30


def test_mixture_adds_what_the_others_have() -> None:
    law = parse("mixture(0.5*pareto(alpha=2), 0.25*(3*pareto(alpha=2)), 0.25*normal())")
    found = tail_formulas(law)
    assert found is not None
    with working_precision(128):
        x = arb(10) ** 40  # the normal part is out of sight
        value = arb(found.log_density.evaluate(x)) + found.constant()
        assert abs(value - law.density(x).log()) < arb(10) ** -30


def test_constants_are_left_out() -> None:
    formula = without_constants(Formula.parse("log(2) - (3*log(x) - 5) + 2*(1 + x)"))
    assert formula == Formula.parse("-3*log(x) + 2*(1 + x)")
    assert without_constants(Formula.parse("7")) == 0


# ---------------------------------------------------------------- E[V; V > t] against Pr(X > t)

scales = rationals("1/8", "8")


@given(rationals("1/2", "6"), rationals("5/4", "7"), scales, scales)
def test_pareto_pairs(a: fmpq, b: fmpq, size_x: fmpq, size_v: fmpq) -> None:
    """``E[V; V > t] = b/(b-1) size_v^b t^(1-b)`` and ``Pr(X > t) = (size_x/t)^a``."""
    error, utility = pareto(a, size_x), pareto(b, size_v)
    found = upper_mean_ratio(error, utility).value
    assert negligible_upper_mean(error, utility).answer == ("yes" if b > a + 1 else "no")
    if b != a + 1:
        assert found == (0 if b > a + 1 else Diverges(+1))


@given(rationals("1/2", "6"), scales, scales)
def test_pareto_pairs_at_the_edge(a: fmpq, size_x: fmpq, size_v: fmpq) -> None:
    error, utility = pareto(a, size_x), pareto(a + 1, size_v)
    found = upper_mean_ratio(error, utility).value
    assert isinstance(found, arb)
    exact = (a + 1) / a * arb(size_v) ** (a + 1) / arb(size_x) ** a
    assert abs(found - exact) < exact * arb(10) ** -12
    far = upper_mean_ratio_at(error, utility, fmpq(10) ** 6)
    assert isinstance(far, arb) and abs(far - exact) < exact * arb(10) ** -9


@pytest.mark.parametrize(
    ("error", "utility"),
    [
        ("inverse_gamma(shape=2)", "f(d1=3, d2=6)"),
        ("mixture(0.99*normal(), 0.01*pareto(alpha=2))", "1 + 2*pareto(alpha=3)"),
    ],
)
def test_curve_tends_to_the_limit(error: str, utility: str) -> None:
    """The next terms are of the size of 1/t."""
    with working_precision(128):
        limit = upper_mean_ratio(parse(error), parse(utility)).value
        assert isinstance(limit, arb) and limit > 0
        for power in (4, 8):
            value = upper_mean_ratio_at(parse(error), parse(utility), fmpq(10) ** power)
            assert isinstance(value, arb)
            assert abs(value / limit - 1) < 100 * arb(10) ** -power


@pytest.mark.parametrize(
    ("error", "utility", "answer"),
    [
        ("pareto(alpha=2)", "poisson(mu=3)", "yes"),
        ("pareto(alpha=2)", "uniform()", "yes"),
        ("zeta(s=3)", "zeta(s=5)", "yes"),
        ("zeta(s=3)", "zeta(s=4)", "no"),
        ("lognormal()", "student_t(df=10)", "no"),
        ("student_t(df=10)", "lognormal()", "yes"),
        ("exponential()", "pareto(alpha=3)", "no"),
        ("cauchy()", "cauchy()", "no"),  # E V+ is infinite
        ("log_cauchy()", "pareto(alpha=1.1)", "yes"),
        ("log_gamma(shape=2)", "pareto(alpha=2)", "yes"),
        ("uniform()", "pareto(alpha=3)", "unknown"),
    ],
)
def test_negligible(error: str, utility: str, answer: str) -> None:
    assert negligible_upper_mean(parse(error), parse(utility)).answer == answer


def test_zeta_constant() -> None:
    """``E[V; V > n]`` and ``Pr(X > n)`` are Hurwitz sums: asymptotically n^-2/2 each, over zeta."""
    found = upper_mean_ratio(zeta(3), zeta(4)).value
    assert isinstance(found, arb)
    exact = arb(3).zeta() / arb(4).zeta()
    assert abs(found - exact) < arb(10) ** -12


# ---------------------------------------------------------------- curves


def test_convolution_ratio_by_mpmath() -> None:
    """Two lognormal variables above 50, over one: an integral over the density."""
    with mpmath.workdps(25):
        t = mpmath.mpf(50)

        def tail(x: Any) -> Any:
            return mpmath.erfc(mpmath.log(x) / mpmath.sqrt(2)) / 2

        def inside(s: Any) -> Any:  # x = exp(s)
            density = mpmath.exp(-(s**2) / 2) / mpmath.sqrt(2 * mpmath.pi)
            return density * (tail(t - mpmath.exp(s)) if mpmath.exp(s) < t else 1)

        places = [-10, -2, 0, 2, mpmath.log(25), mpmath.log(45), mpmath.log(t)]
        expected = (mpmath.quad(inside, places) + tail(t)) / tail(t)
    with working_precision(96):
        found = convolution_ratio(parse("lognormal()"), fmpq(50))
    # mpmath's integral is good for a dozen digits, by its own error estimate.
    assert abs(found - arb(mpmath.nstr(expected, 20))) < arb(10) ** -10


@given(st.integers(1, 200))
def test_convolution_ratio_of_exponentials(t: int) -> None:
    ratio = convolution_ratio(parse("exponential()"), fmpq(t))
    assert abs(ratio - (1 + t)) < arb(10) ** -6


@given(rationals("1/4", "9"), rationals("1/4", "9"), st.integers(1, 6))
def test_step_ratio_of_pareto(a: fmpq, step: fmpq, power: int) -> None:
    t = fmpq(10) ** power
    expected = (arb(t) / (t + step)) ** arb(a)
    assert abs(step_ratio(pareto(a), t, step) - expected) < arb(10) ** -9
