"""Theorem 2: each step, false variants of each, false instances, and the laws that are meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
from flint import arb, fmpq

from tests.theorems.planted import by_points
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.t2_light_tails import (
    CLAIMS,
    attainment,
    closed_forms,
    corollary_1,
    dichotomy,
    digits,
    duality,
    errata,
    falls_to_the_mean,
    two_sides,
)
from theorems.t2_light_tails.symbols import bowl, cost_of_tilt, symbols, taylor
from verify.claim import Enclosed, Finding
from verify.enclosure import Diverges, working_precision
from verify.identity import Relation, prove
from verify.law import Law
from verify.ledger import tabulate
from verify.symbolic_values import evaluate
from verify.weight import BestOfN, Threshold, Tilt

N = symbols()

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    l_, d, w, x, K, A, B, r, z, v = N.l, N.d, N.w, N.x, N.K, N.A, N.B, N.r, N.z, N.v
    y, t, c, h, m, k = N.y, N.t, N.c, N.h, N.m, N.k
    entropy = w * sp.log(w)
    fits = (d + K >= l_ * A,)
    fitted = {K: l_ * A - d + v}
    cost = (l_ + N.e) * sp.diff(taylor(), N.e) - taylor()
    tilt, at = closed_forms.gamma_tilt()
    gamma = cost_of_tilt(closed_forms.gamma_k(tilt), tilt, at)
    p = N.p
    return {
        "entropy is the bowl at w": Relation(entropy - w + 1, bowl(w)),
        "bowl with the wrong area": Relation(bowl(z), sp.Integral(sp.exp(N.s), (N.s, 0, z))),
        "Gibbs with the other sign of K": Relation(
            entropy - w * (l_ * x + K), w * sp.log(w / sp.exp(l_ * x - K))
        ),
        "Gibbs for a density of 1": Relation(
            entropy - (l_ * x - K), w * sp.log(w / sp.exp(l_ * x - K))
        ),
        "bound the other way round": Relation(
            A, (d + K) / l_, ">=", A - (d + K) / l_, fits, fitted
        ),
        "bound without its hypothesis": Relation((d + K) / l_, A, ">=", (d + K) / l_ - A),
        "bound where KL is dropped": Relation(K / l_, A, ">=", K / l_ - A, fits, fitted),
        "cost of a tilt is l A + K": Relation(
            sp.log(sp.exp(l_ * x - K)) + l_ * (A - x), l_ * A + K
        ),
        "cost grows by K''": Relation(sp.diff(cost, N.e).subs(N.e, 0), B),
        "variance without the mean": replace(duality.variance(), right=N.m2 / N.m0),
        "slope of the bound, other sign": replace(
            duality.dual_slope(), right=-(l_ * A - K - d) / l_**2
        ),
        "a gap at the right tilt": Relation((l_ * A - K) / l_, A),
        "bounds are linear": Relation((2 * d + K) / l_, 2 * (d + K) / l_),
        "log m above the line": Relation(m - 1 - sp.log(m), -m * bowl(-sp.log(m))),
        "chord tends to 1 + x": replace(duality.chord_limit(), right=1 + x),
        "chord rises as l falls": replace(duality.chord_slope(), right=-bowl(l_ * x) / l_**2),
        "a mixture saves its first part only": replace(
            duality.mixture_saves(), right=p * w * sp.log(w / (p * w + (1 - p) * m))
        ),
        "a part saves without y - w": replace(duality.part_saves(), left=w * sp.log(w / y)),
        "beyond D* above the line": Relation((d + K) / r, (d + z + K) / r, ">=", z / r, (), {}),
        "price without r": Relation(z + (d - z + K) / r - K, d),
        "above the last mean for d < D*": Relation(
            (d - z + K) / r,
            A,
            ">",
            (d - z + K - r * A) / r,
            (d - z < r * A - K,),
            {K: r * A - d + z - h},
        ),
        "M(1) of the example is 1": replace(attainment.mass_of_example(), right=sp.Integer(1)),
        "M'(1) of the example is 3/2": replace(
            attainment.mean_of_example(), right=sp.Rational(3, 2)
        ),
        "D* with log(2/3)": replace(
            attainment.last_cost_of_example(), right=sp.Rational(2, 3) - sp.log(sp.Rational(2, 3))
        ),
        "the example has every tilt": replace(
            attainment.beyond_rate_of_example(), right=sp.Integer(0)
        ),
        "the top costs log q": Relation(sp.log(1 / N.q), sp.log(N.q)),
        "normal without the 2": replace(
            closed_forms.normal_frontier(),
            right=N.mu + N.sigma * sp.sqrt((N.sigma * l_) ** 2 / 2),
        ),
        "normal MGF without the 1/2": replace(closed_forms.normal_mgf(), right=sp.exp(l_**2)),
        "exponential MGF upside down": replace(
            closed_forms.exponential_mgf(), right=N.h / (l_ + N.h)
        ),
        "gamma cost with + log w": Relation(gamma, k * (w - 1 + sp.log(w))),
        "gamma cost without the shape": Relation(gamma, w - 1 - sp.log(w)),
        "gamma mean without the scale": replace(closed_forms.gamma_mean(), right=k * w),
        "Lambert without the 1": replace(
            closed_forms.lambert(), right=-sp.exp(-(w - 1 - sp.log(w)))
        ),
        "Laplace mean of the exponential": replace(closed_forms.laplace_mean(), right=1 + h),
        "Laplace cost of two exponentials": replace(
            closed_forms.laplace_cost(), right=2 * (h - sp.log(1 + h))
        ),
        "Laplace, Lambert without the 2": replace(
            closed_forms.laplace_lambert(), right=-sp.exp(-2 - 2 * h + sp.log(1 + h))
        ),
        "Poisson mean at the tilt a": replace(closed_forms.poisson_mean(), right=m * sp.exp(N.a)),
        "Poisson with d/m + 1": replace(
            closed_forms.poisson_lambert(),
            left=closed_forms.poisson_lambert().left + 2 * sp.exp(-1),
        ),
        "Bernoulli with its ratios swapped": replace(
            closed_forms.bernoulli_cost(), right=A * -K + (1 - A) * (l_ - K)
        ),
        "uniform with tanh": replace(
            closed_forms.uniform_mean(),
            right=(sp.exp(l_) - sp.exp(-l_)) / (sp.exp(l_) + sp.exp(-l_)) - 1 / l_,
        ),
        "uniform cost of the other sign": replace(
            closed_forms.uniform_cost(), right=-closed_forms.uniform_cost().right
        ),
        "the mean falls by c": replace(two_sides.mean_tends(), right=-2 - c),
        "the mean does not fall": replace(two_sides.mean_tends(), right=sp.Integer(-2)),
        "the fall has a cost": replace(two_sides.cost_tends(), right=c),
        "-X has the MGF of X": Relation(sp.exp(l_ * -x), sp.exp(l_ * x)),
        "bound below from K(l)": Relation(A, (d + K) / l_, ">=", A - (d + K) / l_, fits, fitted),
        "2 is a half": replace(errata.normaliser_at_rate(), right=sp.Rational(1, 2)),
        "the mean at the rate is finite": replace(errata.mean_diverges(), right=sp.Integer(0)),
        "the mean up to t without log t": replace(errata.mean_up_to_t(), right=1 - 1 / t),
        "z above exp(z)": Relation(sp.exp(z) - z, sp.exp(z) * bowl(-z)),
        "split without the 2": Relation(
            (sp.exp(l_ * (x + N.b)) + sp.exp(-l_ * N.b)) / 2,
            sp.exp(l_ * x),
            ">=",
            (sp.exp(l_ * (x + N.b)) - sp.exp(-l_ * N.b)) ** 2 / 2,
        ),
        "V = X cancels X": Relation(x + x, 0),
        "independence adds MGFs": replace(
            corollary_1.factorises(), right=sp.exp(l_ * N.b) + sp.exp(l_ * x)
        ),
        "tail y^-2 for y^-3": replace(
            attainment.density_of_example(), right=sp.exp(1 - y) * (y**-2 + 2 * y**-3)
        ),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


# ---------------------------------------------------------------- false instances

FORMS = {form.text: form for form in (*digits.FORMS, *two_sides.LEAST)}


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("units", [1, -1])
def test_a_wrong_last_digit_is_rejected(text: str, units: int) -> None:
    number = FORMS[text].number
    wrong = sp.Float(number, 40) + units * sp.Float(10, 40) ** -(len(number.split(".")[1]))
    changed = str(wrong)[: len(number)]
    assert changed != number
    finding = Enclosed(digits.digits, (replace(FORMS[text], number=changed),)).run()
    assert finding.outcome == "fails"


@pytest.mark.parametrize("text", FORMS)
def test_a_wrong_formula_is_rejected(text: str) -> None:
    form = FORMS[text]
    wrong = replace(form, in_balls=lambda d: form.in_balls(d) + arb(10) ** -17)
    assert Enclosed(digits.digits, (wrong,)).run().outcome == "fails"
    elsewhere = replace(form, by_mpmath=lambda d: form.by_mpmath(d / 2))
    assert Enclosed(digits.digits, (elsewhere,)).run().outcome == "fails"
    assert Enclosed(digits.digits, (replace(form, budget=fmpq(51, 100)),)).run().outcome == "fails"


@pytest.mark.parametrize(
    ("check", "case"),
    [
        # A tilt of the wrong sign, and one beyond the rate: dropped hypotheses.
        (duality.bound_at, ("normal(mu=0, sigma=1)", Threshold.at("2", "0.4"), "-1.2")),
        (duality.bound_at, ("exponential()", BestOfN(3), "2")),
        # A heavy law has no finite K at any tilt.
        (duality.bound_at, ("pareto(alpha=3)", Threshold.at("5", "0.4"), "0.1")),
        # The tilt that meets its bound is not strictly below it.
        (duality.bound_at, ("normal(mu=0, sigma=1)", Tilt(fmpq(1, 2)), "0.5")),
        (falls_to_the_mean, ("normal(mu=1, sigma=2)", "1")),
        (falls_to_the_mean, ("-pareto(alpha=0.5)", "-10000")),
        (attainment.last_cost_enclosed, "0.26120155855850229"),
        (attainment.approached_enclosed, ("0.26", 6)),
        (attainment.approached_enclosed, ("1", 2)),
        (attainment.on_the_line, "0.2"),
        (attainment.at_the_top, ("bernoulli(p=0.3)", "0.7")),
        (attainment.at_the_top, ("binomial(n=4, p=0.5)", "1/15")),
        (two_sides.moved_down, (16, 10, "-22.0", "3.81439465810e-14")),
        (two_sides.moved_down, (16, 10, "-2.0", "3.81439465809e-14")),
        (two_sides.moved_down, (16, 11, "-22.0", "3.81439465809e-14")),
        (errata.near_the_rate, attainment.NON_STEEP),
        (errata.bought_on_the_staircase, 2),
        (corollary_1.cancelling, ("pareto(alpha=2)", "pareto(alpha=3)")),
        (corollary_1.cancelling, ("pareto(alpha=2)", "laplace() + 1")),
        (corollary_1.proxy_up_utility_still, ("pareto(alpha=2)", "5", "1000", "0.0001", "0.01")),
        (
            corollary_1.bounded_whatever_the_dependence,
            ("pareto(alpha=2)", "normal(mu=0, sigma=1)", "100", "0.01", "0.14"),
        ),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (corollary_1.cancelling, ("exponential()", "normal(mu=0, sigma=1)")),
        (corollary_1.proxy_up_utility_still, ("exponential()", "1", "100", "0.01", "0.3")),
        (
            corollary_1.bounded_whatever_the_dependence,
            ("pareto(alpha=2)", "pareto(alpha=3)", "100", "0.01", "1"),
        ),
        (falls_to_the_mean, ("pareto(alpha=3)", "2")),
    ],
)
def test_an_instance_outside_the_claim_does_not_hold(check: Any, case: Any) -> None:
    """A light proxy, a heavy utility, a heavy law: nothing is called proved."""
    assert Enclosed(check, (case,)).run().outcome != "holds"


def test_hypotheses_are_looked_at() -> None:
    assert two_sides.squeezed("student_t(df=3)") is None
    assert two_sides.squeezed("-pareto(alpha=2)") is None
    assert attainment.at_the_top(("normal(mu=0, sigma=1)", "0.5")) is None


def test_the_dichotomy_covers_both_kinds() -> None:
    heavy = [Law.parse(text).mgf_abscissa == 0 for text in dichotomy.HEAVY_LAWS]
    light = [Law.parse(text).mgf_abscissa == 0 for text in dichotomy.LIGHT_LAWS]
    assert all(heavy) and not any(light)


# ---------------------------------------------------------------- laws in the identities


def test_laws_in_the_identities_are_the_catalogues() -> None:
    """The K that SymPy differentiates is that of the laws that balls enclose."""
    half = sp.Rational(1, 2)
    cases = [
        ("normal(mu=3, sigma=2)", closed_forms.normal_k().subs({N.mu: 3, N.sigma: 2})),
        ("3*gamma(shape=2.5)", closed_forms.gamma_k(N.l).subs({N.k: 5 * half, N.theta: 3})),
        ("exponential()", closed_forms.gamma_k(N.l).subs({N.k: 1, N.theta: 1})),
        ("laplace()", closed_forms.laplace_k(N.l)),
        ("poisson(mu=3)", closed_forms.poisson_k().subs(N.m, 3)),
        ("bernoulli(p=0.3)", closed_forms.bernoulli_k().subs(N.p, sp.Rational(3, 10))),
        ("uniform(low=-1, high=1)", closed_forms.uniform_k()),
    ]
    for text, log_mgf in cases:
        law = Law.parse(text)
        for tilt in (fmpq(1, 10), fmpq(1, 4)):
            point = {N.l: sp.Rational(int(tilt.p), int(tilt.q))}
            with working_precision(150):
                value = evaluate(log_mgf.subs(point), {})
                assert abs(law.cumulants(tilt)[0] - value) < arb(10) ** -35


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        (attainment.NON_STEEP, attainment.tilted_density()),
        (errata.LAST_MEAN_INFINITE, errata.weight_at_rate()),
    ],
)
def test_densities_in_the_identities_are_the_laws(text: str, weight: Any) -> None:
    law = Law.parse(text)
    for x in (fmpq(1, 3), fmpq(7), fmpq(50)):
        with working_precision(150):
            tilted = law.density(x) * arb(x).exp()
            expected = evaluate(weight.subs(N.y, 1 + sp.Rational(int(x.p), int(x.q))), {})
            assert abs(tilted - expected) < arb(10) ** -30


def test_the_rate_is_where_the_examples_say() -> None:
    for text in (attainment.NON_STEEP, errata.LAST_MEAN_INFINITE):
        assert Law.parse(text).mgf_abscissa == 1
    assert Law.parse(two_sides.COUNTEREXAMPLE).mgf_abscissa == Diverges(+1)
    assert Law.parse(two_sides.COUNTEREXAMPLE).left_tail.abscissa == 0


# ---------------------------------------------------------------- claims


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert ids[0] == "t2"
    assert all(name.startswith("t2") for name in ids)
    assert {"t2.gibbs", "t2.duality", "t2.not-attained", "t2.dichotomy", "t2.corollary"} <= set(ids)
    for group in (duality, attainment, dichotomy, digits, two_sides, errata, corollary_1):
        assert set(group.CLAIMS) <= set(CLAIMS)


def test_verdicts() -> None:
    """Computed: with the refutation undecided, Theorem 2 would not be called false."""

    def verdicts(*undecided: str) -> dict[str, str]:
        findings = {
            claim.id: [
                Finding("unknown" if claim.id in undecided else "holds", 1, 1, 0.0)
                for _ in claim.evidence
            ]
            for claim in CATALOGUE
        }
        return {v.statement: v.verdict for v in tabulate(CATALOGUE, findings).verdicts}

    assert verdicts()["Theorem 2"] == "false as printed"
    assert verdicts()["Corollary 1"] == "false as printed"
    assert verdicts("t2.erratum-a")["Theorem 2"] == "unsettled"
    # Two claims refute the Corollary, each by itself: V's left tail, and a proxy that is not heavy.
    assert verdicts("t2.corollary")["Corollary 1"] == "false as printed"
    assert verdicts("t2.corollary", "t3.erratum-e")["Corollary 1"] == "unsettled"
