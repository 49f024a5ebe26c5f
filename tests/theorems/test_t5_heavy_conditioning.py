"""Theorem 5: false variants of its steps, false instances, and the laws that are meant."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theorems.planted import by_points
from tests.verify.law_cases import rationals
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.t5_heavy_conditioning import CLAIMS, errata, instances, lemma_2, members, sharp
from theorems.t5_heavy_conditioning.symbols import symbols
from verify.claim import Enclosed, Exact, Finding
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.identity import Relation, prove
from verify.laws import pareto, parse
from verify.ledger import tabulate
from verify.symbolic_values import evaluate

N = symbols()
NORMAL = "normal(mu=0, sigma=1)"

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    m, n, c, e, s, k, t, h = N.m, N.n, N.c, N.e, N.s, N.k, N.t, N.h
    return {
        "two parts added": replace(sharp.two_parts(), right=N.w * (N.p + N.z)),
        "both high, once": replace(sharp.both_high(), right=s),
        "one low without k": replace(sharp.one_low(), right=e + s),
        "tail by its mean, without t": Relation(
            N.q * N.A, N.q, ">=", N.q * (N.A - 1), (t <= N.A,), {N.A: t + N.u}
        ),
        "the limit is E V": replace(sharp.limit_of_quotient(), right=m - n),
        "the limit is c": replace(sharp.limit_of_quotient(), right=c),
        "the limit is E V - c": replace(sharp.limit_of_quotient(), right=m - n - c),
        "above without t": replace(sharp.above(), left=(1 - h / t) * N.v, right=N.v - h),
        "losses win": replace(sharp.gains_win(), right=-sp.oo),
        "many above, by 1/2": replace(sharp.many_above(), right=sp.Rational(1, 2)),
        "few above, by d/8": replace(sharp.few_above(), right=N.d / 8),
        "Pareto without the index": replace(instances.upper_mean(), right=t**-N.a),
        "Pareto limit once": replace(instances.pareto_limit(), right=(N.a + 1) / N.a),
        "bound stays": replace(instances.bound_vanishes(), right=1),
        "slow tail without 1": replace(instances.slow_tail(), right=h * sp.exp(-h)),
        "printed hypothesis holds": replace(instances.printed_fails(), right=0),
        "ratio of Y is 2": replace(errata.ratio_of_y(), right=2),
        "ratio of X is 4": replace(errata.ratio_of_x(), right=4),
        "X is long-tailed": replace(errata.not_long_tailed(), right=1),
        "V is not tilted": replace(errata.tilts_by_one(), right=1),
        "V is tilted the other way": replace(errata.tilts_by_one(), right=sp.exp(-N.v)),
        "the mean is 0": replace(errata.mean_is_one(), right=0),
        "half-line, 2": replace(errata.of_positive_errors(), right=2),
        "over the line, 0": replace(errata.over_the_line(), right=0),
        "above h, m": replace(errata.above_h_of_v(), right=m),
        "the hypothesis with p = 3": Relation(sp.Limit(t**3 * t**2 / t**4, t, sp.oo), 0),
        "the ratio vanishes": replace(lemma_2.grows_without_bound(), right=0),
        "share of two without h": replace(lemma_2.share_of_two(), right=2 * m * k),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


# ---------------------------------------------------------------- false instances


@pytest.mark.parametrize(
    ("check", "case"),
    [
        # The digits of the page, each off by one in its last place.
        (errata.stays_at_one, (1000, "1.00199862065347")),
        (errata.stays_at_one, (100, "1.00199862065346")),
        (lemma_2.does_not_vanish, (3, 6, "379.247898843")),
        (lemma_2.does_not_vanish, (3, 12, "47403367.6179")),
        (instances.pareto_pair, ("2", "3", "3.00000000000002807")),
        (instances.pareto_pair, ("2", "1.5", "3.00000000000002806")),
        (instances.pareto_pair, ("1.5", "3", "3.333333366666658")),
        # An exponential error stays away from the ratio of 2, a heavy one comes to it.
        (members.belongs, ("exponential()", 1, 2)),
        (members.does_not_belong, "student_t(df=3)"),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (instances.falls_back, ("pareto(alpha=2)", "pareto(alpha=3)")),
        (instances.falls_back, ("exponential()", NORMAL)),
        (instances.goes_with_it, ("pareto(alpha=2)", "pareto(alpha=3)")),
        (instances.goes_with_it, (NORMAL, "laplace()")),
    ],
)
def test_an_instance_outside_the_claim_does_not_hold(check: Any, case: Any) -> None:
    """c > 0, c < oo, light errors: they do not meet the hypotheses, and no case is left."""
    finding = Enclosed(check, (case,)).run()
    assert (finding.outcome, finding.cases_met_hypotheses) == ("fails", 0)


def test_a_wrong_split_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a law whose weights do not add up to 1."""
    case = (sharp.THREE, sharp.FOUR, 0)
    assert Exact(sharp.split_holds, (case,)).run().outcome == "holds"
    monkeypatch.setattr(sharp, "product", lambda one, other: list(zip(one, other, strict=False)))
    assert Exact(sharp.split_holds, (case,)).run().outcome == "fails"


# ---------------------------------------------------------------- laws in the identities


def test_the_counterexample_is_what_the_steps_say() -> None:
    """The closed form of the ratio in balls is that of the steps, at N = 2 + t + 2 log 2."""
    with working_precision(128):
        t, shift = arb(50), arb.const_log2()
        size = 2 + t + 2 * shift
        of_steps = (size - 1) ** -2 + evaluate(errata.both_large(N.N), {N.N: size})
        expected = of_steps * (size - 1 - shift) ** 2 / 2
        assert abs(errata.ratio_at(t) - expected) < arb(10) ** -30


def test_the_counterexample_meets_the_printed_hypotheses() -> None:
    """Ratio near 2, V with all moments; and not ours: X is light."""
    assert abs(errata.ratio_at(arb(10) ** 9) - 2) < arb(10) ** -6
    assert errata.BOUNDARY.mgf_abscissa == 1
    assert parse(NORMAL).mgf_abscissa != 0


def test_the_number_is_between_its_neighbours() -> None:
    """A third route to 5a's number: exact thresholds on either side of 1000 + log 2."""
    shift = fmpq(6931471805599453, 10**16)
    with working_precision(96):
        means = [
            condition(errata.BOUNDARY, parse(NORMAL), 1000 + shift + d).mean
            for d in (-fmpq(1, 10**15), fmpq(1, 10**15))
        ]
        value = errata.mean_given_tail(1000)
        # The slope of about -2/t^2 moves it by 2e-21 over the gap.
        assert all(abs(mean - value) < arb(10) ** -20 for mean in means)


@given(rationals("5/4", "4"), rationals("1/4", "3"), st.integers(4, 7))
@settings(max_examples=15)
def test_sharp_form_for_pareto_laws(a: fmpq, above: fmpq, power: int) -> None:
    """c = 0 or (a + 1)/a: E[V | U > t] is as near to E V + c as the next terms say.

    Next to E V and c come terms of the sizes ``t^-1``, ``t^(1-a)`` and ``t^-above``; the constants
    stay below 200 in this range of the indices.
    """
    t = fmpq(10) ** power
    for b in (a + 1, a + 1 + above):
        mean = condition(pareto(a), pareto(b), t).mean
        limit = arb(b / (b - 1)) + (arb((a + 1) / a) if b == a + 1 else 0)
        rest = [arb(t) ** -1, arb(t) ** (1 - arb(a))]
        if b > a + 1:
            rest.append(arb(t) ** -arb(above))
        assert abs(mean - limit) < 200 * sum(rest, arb(0))


# ---------------------------------------------------------------- claims


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert ids[0] == "t5" and all(name.startswith("t5") for name in ids)
    for group in (sharp, instances, errata, lemma_2, members):
        assert set(group.CLAIMS) <= set(CLAIMS)
    assert set(CLAIMS) <= set(CATALOGUE)


def test_verdicts() -> None:
    """Computed: without the refutations neither statement would be called false."""

    def verdict(statement: str, *undecided: str) -> str:
        findings = {
            claim.id: [
                Finding("unknown" if claim.id in undecided else "holds", 1, 1, 0.0)
                for _ in claim.evidence
            ]
            for claim in CATALOGUE
        }
        found = {v.statement: v.verdict for v in tabulate(CATALOGUE, findings).verdicts}
        return found[statement]

    for statement, refutation in (("Theorem 5", "t5.erratum-a"), ("Lemma 2", "t5.erratum-b")):
        assert verdict(statement) == "false as printed"
        assert verdict(statement, refutation) == "unsettled"


@pytest.mark.parametrize(("index", "power"), [(3, 6), (5, 9)])
def test_partial_fractions_by_quadrature(index: int, power: int) -> None:
    """A third route to Lemma 2's part: certified quadrature in log v."""
    from flint import acb

    t = arb(10) ** power
    h = t.log()

    def inside(s: acb, _: bool) -> acb:
        v = s.exp()
        return index * v**-index * (1 - v / t) ** -2

    low, high = h.log(), (t / 2).log()
    left = acb.integral(inside, low, high).real
    closed = partial(lemma_2.integral_of_quotient, index + 1, 2, t)
    assert abs(index * closed(h, t / 2) * t**2 - left) < left * arb(10) ** -6
