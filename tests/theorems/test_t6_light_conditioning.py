"""Theorem 6: false variants of its steps, false instances, and errors of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theorems.planted import by_points
from tests.verify.law_cases import rationals
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.t6_light_conditioning import CLAIMS, derivation, hypotheses
from theorems.t6_light_conditioning.symbols import symbols
from verify.claim import Enclosed, Finding
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.identity import Relation, prove
from verify.laws import geometric, normal, parse, poisson
from verify.ledger import tabulate

N = symbols()
NORMAL = "normal(mu=0, sigma=1)"


def false_variants() -> dict[str, Relation]:
    return {
        "gains of more": replace(derivation.gains(), right=N.h + 1),
        "less error needed": replace(derivation.needs_more_error(), right=N.t - N.M + 2 * N.w),
        "next step, 3": replace(derivation.next_step(), right=3 * (N.k + 1 + N.z)),
        "balance without r": replace(derivation.balance(), right=N.F * N.h * N.q),
        "balance tips to 0": replace(derivation.balance_tips(), right=0),
        "bounded error, V > t": replace(derivation.bounded_error(), right=N.t + N.x),
        "MGF ends": replace(hypotheses.entire(), right=sp.oo),
        "high utility without 1": replace(hypotheses.utility_lacks(), right=N.h * sp.exp(-N.h)),
        "corners lose": replace(hypotheses.against_the_corner(), right=sp.oo),
        "low utility stays": replace(hypotheses.low_utility(), right=1),
        "tilted by -1": replace(
            hypotheses.exponential_pair(),
            right=sp.exp(sp.Rational(1, 2) - N.t) * sp.exp(-((N.v + 1) ** 2) / 2),
        ),
        "opposite, V": replace(hypotheses.opposite(), right=N.v),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


@pytest.mark.parametrize(
    ("check", "case"),
    [
        # A heavy error: E[V | U > t] falls back.
        (derivation.above_each, ("student_t(df=3)", NORMAL, (1, 10, 100))),
        # From 5 to 4 it falls.
        (derivation.above_each, (NORMAL, NORMAL, (5, 4))),
        (derivation.at_least_the_gap, ("exponential()", NORMAL, 5)),
        # At y = 8 V > y/2 is still more likely than the next corner.
        (hypotheses.falls_back, 3),
    ],
)
def test_false_instance_does_not_hold(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome != "holds"


def test_falling_back_is_noticed() -> None:
    case = ("student_t(df=3)", NORMAL, (1, 10, 100))
    finding = Enclosed(derivation.above_each, (case,)).run()
    assert finding.outcome == "fails" and "is not below" in finding.detail


def test_staircase_by_brute_force() -> None:
    """All corners up to the third beyond t, with mpmath's digits, at the smallest k."""
    with mpmath.workdps(60):
        t, mass, part = mpmath.mpf(24), mpmath.mpf(0), mpmath.mpf(0)
        for j in range(8):
            before = mpmath.mpf(1) if j == 0 else mpmath.exp(-(mpmath.mpf(4) ** j))
            weight = before - mpmath.exp(-(mpmath.mpf(4) ** (j + 1)))
            low = mpmath.exp(t - 2**j)
            mass += weight * mpmath.exp(-low)
            part += weight * ((t - 2**j) * mpmath.exp(-low) + mpmath.e1(low))
        expected = part / mass
    with working_precision(128):
        found = hypotheses.mean_given_tail(4, fmpq(24))
        assert abs(found - arb(mpmath.nstr(expected, 30))) < arb(10) ** -25


def test_euler() -> None:
    """``E[V; V > v]`` by parts against the catalogue's own partial mean."""
    with working_precision(128):
        for v in (-30, -2, 0, 3):
            expected = hypotheses.UTILITY.upper_mean(fmpq(v))
            assert isinstance(expected, arb)
            assert abs(hypotheses.upper_mean(fmpq(v)) - expected) < arb(10) ** -25


@given(rationals("1/4", "4"), rationals("1/4", "4"))
@settings(max_examples=15)
def test_normal_pairs(sigma: fmpq, tau: fmpq) -> None:
    """X ~ N(0, sigma^2), V ~ N(0, tau^2): E[V | U > t] is more than t tau^2/(sigma^2 + tau^2)."""
    share = tau**2 / (sigma**2 + tau**2)
    for t in (1, 10, 100):
        mean = condition(normal(0, sigma), normal(0, tau), fmpq(t)).mean
        assert mean > arb(t * share)


@given(rationals("1/2", "6"), rationals("1/4", "3/4"), st.sampled_from((20, 40)))
@settings(max_examples=10)
def test_poisson_errors(mu: fmpq, p: fmpq, t: int) -> None:
    """X Poisson, V geometric: E[X | U > t] tends to mu/(1 - p), so that V has nearly all of t.

    The weight ``(1-p)^-x`` of a geometric V turns X into a Poisson variable of that mean, while
    V > t - x is asked of V; X above t changes the mean by less than 1 here.
    """
    mean = condition(poisson(mu), geometric(p), fmpq(t)).mean
    assert mean > t - float(int(mu.p) / int(mu.q)) / (1 - float(int(p.p) / int(p.q))) - 1


def test_bounded_errors_by_hand() -> None:
    """X in {0, 1}, V Poisson(3): the sum over the two atoms."""
    error, utility = parse("bernoulli(p=0.3)"), parse("poisson(mu=3)")
    t = fmpq(12)
    part = mass = arb(0)
    for x, p in error.atoms():
        upper = utility.upper_mean(t - x)
        assert isinstance(upper, arb)
        part, mass = part + p * upper, mass + p * utility.survival(t - x)
    assert abs(condition(error, utility, t).mean - part / mass) < arb(10) ** -9


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert ids[0] == "t6" and all(name.startswith("t6") for name in ids)
    assert set(CLAIMS) <= set(CATALOGUE)


def test_verdict() -> None:
    def verdict(outcome: str) -> str:
        findings = {
            claim.id: [
                Finding(outcome if claim.id == "t6" else "holds", 1, 1, 0.0)  # type: ignore[arg-type]
                for _ in claim.evidence
            ]
            for claim in CATALOGUE
        }
        found = {v.statement: v.verdict for v in tabulate(CATALOGUE, findings).verdicts}
        return found["Theorem 6"]

    assert verdict("holds") == "true"
    assert verdict("unknown") == "unsettled"
