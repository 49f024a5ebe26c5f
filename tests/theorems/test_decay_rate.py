"""The one law: false variants of its steps, false instances, and the digits of its page."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy as sp
from flint import arb, fmpq

from tests.theorems.planted import by_points
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.decay_rate import CLAIMS, agreement, alternation, boundary, one_law, rates
from theorems.decay_rate.symbols import symbols
from verify.claim import Enclosed, Exact
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.identity import Relation, prove
from verify.law import Law
from verify.laws import CATALOGUE as LAWS
from verify.limits.asymptote import asymptote

N = symbols()

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    g, v, d, k, q, n, t, h = N.g, N.v, N.d, N.k, N.q, N.n, N.t, N.h
    return {
        "V is tilted down": replace(one_law.exponential_ratio(), right=sp.exp(-g * v)),
        "V is tilted by 1": replace(one_law.slower_factors(), right=sp.exp(v)),
        "slower factors count": replace(one_law.slower_factors(), right=sp.exp(g * v) * v),
        "one step more": replace(one_law.unit_steps(), left=(g + d) * v, form=(g + d) * (v - n)),
        "Markov without e": replace(
            one_law.exponential_above_line(),
            left=sp.exp(1 + N.z) / d - (1 + N.z) / d,
        ),
        "what is left stays": replace(one_law.what_is_left(), right=sp.Integer(1)),
        "the normal slope is sigma": replace(one_law.normal_slope(), right=g * N.sigma),
        "the Laplace slope without its pole": replace(
            one_law.laplace_slope(), right=2 * g / (k**2 + g**2)
        ),
        "the normal tail falls by a constant": replace(
            one_law.normal_ratio(), right=sp.exp(-h * t)
        ),
        "it falls to a half": replace(one_law.normal_falls(), right=sp.Rational(1, 2)),
        "odds without q": replace(one_law.odds_below(), right=N.z),
        "MGF of X is 3/2": replace(boundary.mgf_of_error(), right=sp.Rational(3, 2)),
        "MGF of V is 2": replace(boundary.mgf_of_utility(), right=sp.Integer(2)),
        "the tilt has mean 1": replace(boundary.mean_of_tilt(), right=sp.Integer(1)),
        "c is 0": replace(boundary.lower_part(), right=sp.Integer(0)),
        "a large V does not count": replace(boundary.split(), right=N.W / N.M),
        "a large V counts without the odds": replace(boundary.split(), right=N.W / N.M + N.c / N.M),
        "the limit is K'": replace(boundary.comes_to_two(), right=sp.Rational(2, 3)),
        "the ratio is q^n": replace(alternation.unit_ratio(), right=q**n),
        "whole numbers as in between": replace(
            alternation.at_whole_numbers(), right=sp.Rational(1, 4)
        ),
        "in between as at whole numbers": replace(
            alternation.in_between(), right=1 / (2 * (1 + q))
        ),
        "a mixture slows down": replace(rates.sum_of_two(), right=sp.exp(-g * h / 2)),
        "a lighter component counts": replace(rates.negligible(), right=sp.Integer(1)),
        "k X has the rate k g": replace(rates.stretched(), right=sp.exp(-g * k * h)),
        "a tilt leaves the tail": replace(rates.tilted_tail(), right=sp.exp(-(k + N.j) * t)),
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
        (one_law.closes_in, ("exponential()", "normal()", "4", "8", "1e-12")),  # it is 1.12e-12
        (
            one_law.closes_in,
            ("exponential()", "normal()", "8", "4", "1"),
        ),  # not closer, but further
        (one_law.is_the_number, ("exponential()", "normal()", "1.0000000001")),
        (one_law.is_the_number, ("2*exponential()", "normal()", "1")),
        (one_law.grows, ("exponential()", "exponential()", ("10", "20"), "6")),
        (one_law.grows, ("exponential()", "normal()", ("10", "20"), "0")),
        (one_law.digits, (boundary.SQUARED, boundary.CUBED, "1000", "2.0111")),
        (one_law.digits, (boundary.SQUARED, boundary.CUBED, "1000", "2.0109")),
        (agreement.parts_from_the_tilt, ("5", "3.83")),
        (agreement.parts_from_the_tilt, ("80", "80.0")),
        (agreement.one_limit, ("normal()", boundary.CUBED)),
        (rates.decays_so, "planted"),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if case == "planted":  # a law that says of itself what is not so
        law = type(Law.parse("gamma(shape=2)"))
        monkeypatch.setattr(law, "decay_rate", fmpq(11, 10))
        case = "gamma(shape=2)"
    assert Enclosed(check, (case,)).run().outcome != "holds"


def test_the_alternation_is_not_the_same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    case = (Fraction(1, 3), 4)
    assert Exact(alternation.alternates, (case,)).run().outcome == "holds"
    right = alternation.beyond
    monkeypatch.setattr(alternation, "beyond", lambda p, t: right(p, t) + fmpq(1, 10**30))
    assert Exact(alternation.alternates, (case,)).run().outcome == "fails"


# ---------------------------------------------------------------- numbers by another route


def by_mpmath(t: int) -> Any:
    """``E[V | U > t]`` for the boundary's example, from densities times ``exp(t)``, by mpmath."""

    def slow(v: Any) -> Any:  # the density of V without its exponential factor
        return (1 + v) ** -3 + 3 * (1 + v) ** -4

    steps = [mpmath.mpf(2) ** k - 1 for k in range(6)]
    ends = [*steps, mpmath.mpf(t) / 2, *(t - step for step in reversed(steps))]
    below, beyond = (
        [mpmath.quad(lambda v, k=k: v**k * slow(v) * (1 + t - v) ** -2, ends) for k in (0, 1)],
        [
            mpmath.quad(
                lambda s, k=k: (t + s) ** k * slow(t + s) * mpmath.exp(-s), [0, 1, 3, 10, 30, 90]
            )
            for k in (0, 1)
        ],
    )
    return (below[1] + beyond[1]) / (below[0] + beyond[0])


def test_the_boundary_by_mpmath() -> None:
    with mpmath.workdps(30):
        second = by_mpmath(100)
        error, utility = Law.parse(boundary.SQUARED), Law.parse(boundary.CUBED)
        with working_precision(64):
            first = condition(error, utility, fmpq(100)).mean_v
        assert isinstance(first, arb)
        assert abs(mpmath.mpf(first.str(18, radius=False)) - second) < mpmath.mpf("1e-14")


# ---------------------------------------------------------------- the catalogue


def test_every_family_is_there_or_has_no_decay_rate() -> None:
    named = {text.replace("-", "").split("(")[0] for text in rates.CATALOGUE}
    without = {
        "uniform", "beta", "bernoulli", "binomial", "poisson", "geometric", "negative_binomial",
        "point",
    }  # fmt: skip
    assert named | without >= set(LAWS) and not named & without
    for text in rates.CATALOGUE:
        law = Law.parse(text)
        assert law.decay_rate == law.mgf_abscissa and law.right_tail.decay_because


def test_the_boundary_is_one() -> None:
    """Both decay at the rate 1; V is lighter by a factor that is not enough."""
    error, utility = (asymptote(Law.parse(text)) for text in (boundary.SQUARED, boundary.CUBED))
    assert error is not None and utility is not None
    gap = error - utility
    assert [str(term) for _, term in gap.terms] == ["1"] and gap.grows() == 1


# ---------------------------------------------------------------- claims


def test_the_claims_are_all_ours_and_in_the_catalogue() -> None:
    assert {claim.id for claim in CLAIMS} <= {claim.id for claim in CATALOGUE}
    assert all(claim.stance == "ours" for claim in CLAIMS)
