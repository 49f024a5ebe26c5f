"""Corollary 1: the bound on E V, against closed forms and against the policies it speaks of."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import number, rational
from tests.verify.weighted_cases import few, thresholds
from verify.construction import construct
from verify.enclosure import ball_of_decimal, working_precision
from verify.laws import parse
from verify.reweighted import ThresholdReweighted, reweight
from verify.utility import bound_at, utility_bound
from verify.weight import Tilt

LIGHT = [
    "normal(mu=1, sigma=2)", "exponential()", "uniform(low=-1, high=2)", "laplace()",
    "bernoulli(p=0.3)", "-lognormal(mu=0, sigma=1)", "-levy()", "poisson(mu=3)",
]  # fmt: skip

kls = st.fractions(Fraction(1, 1000), 2, max_denominator=1000)


def ends_of(written: object) -> tuple[arb, arb]:
    assert isinstance(written, tuple)
    return ball_of_decimal(Decimal(written[0])), ball_of_decimal(Decimal(written[1]))


@given(kls)
def test_closed_forms(kl: Fraction) -> None:
    """The frontier of a normal law, ``mu + sigma sqrt(2 d)``, and of Exp(1), by Lambert's W."""
    with working_precision(128), mp.workdps(40):
        d = arb(rational(kl))
        low, high = ends_of(utility_bound(parse(LIGHT[0]), d).upper_bound)
        best = 1 + 2 * (2 * d).sqrt()
        # The bound is least at its l, and the search finds l to 1e-12: it is off by its square.
        assert not high < best and high - best < 1e-18
        assert high - low < 1e-17
        _, high = ends_of(utility_bound(parse("exponential()"), d).upper_bound)
        w = -mp.lambertw(-mp.exp(-1 - mp.mpf(kl.numerator) / kl.denominator), -1).real
        assert abs(high - arb(mp.nstr(w, 35))) < 1e-18 * w


@pytest.mark.parametrize("text", LIGHT)
@few(8)
@given(data=st.data())
def test_no_policy_within_the_kl_exceeds_it(text: str, data: st.DataObject) -> None:
    law = parse(text)
    weight = data.draw(thresholds(law), label="weight")
    policy = ThresholdReweighted(law, weight)
    with working_precision(128):
        kl = policy.kl()
        if not kl > 1e-30:
            return  # nothing was moved
        bound = utility_bound(law, kl)
        _, high = ends_of(bound.upper_bound)
        mean = policy.mean()
        assert not isinstance(mean, arb) or not mean > high
        assert bound.tilt is not None and bound.law == str(law)


@pytest.mark.parametrize(("text", "tilt"), [("normal()", "3/2"), ("gamma(shape=2)", "1/3")])
def test_a_tilt_meets_its_own_bound(text: str, tilt: str) -> None:
    law = parse(text)
    with working_precision(128):
        policy = reweight(law, Tilt(rational(tilt)))
        _, high = ends_of(utility_bound(law, policy.kl()).upper_bound)  # type: ignore[attr-defined]
        assert 0 <= high - number(policy.mean()) < 1e-18


def test_a_heavy_utility_has_no_bound() -> None:
    bound = utility_bound(parse("pareto(alpha=3)"), arb("0.1"))
    assert (bound.tilt, bound.upper_bound) == (None, "oo")
    assert "right-heavy" in bound.because
    # Written by a user: heavy by a proved limit.
    assert utility_bound(parse('tail(log_sf="-sqrt(x)", lower=0)'), arb("0.1")).upper_bound == "oo"


def test_nothing_spent_buys_nothing() -> None:
    low, high = ends_of(utility_bound(parse("exponential()"), arb(0)).upper_bound)
    assert low == high == 1
    assert utility_bound(parse("-levy()"), arb(0)).upper_bound == "-oo"


def test_what_is_not_known_is_said() -> None:
    """Right-light by its rate, but no tilt's MGF is certified: no bound, and the reason."""
    slow = parse('tail(log_sf="-x/log(log(x))", lower=20)')
    bound = utility_bound(slow, arb("0.1"))
    assert bound.upper_bound in (None, "oo") and bound.because


def test_the_bound_at_one_tilt() -> None:
    with working_precision(128):
        value = bound_at(parse("normal()"), arb(2), Decimal(2))
        assert value == 2  # (2 + 2)/2


def test_the_bound_grows_with_the_kl() -> None:
    law = parse("laplace()")
    with working_precision(128):
        highs = [ends_of(utility_bound(law, arb(d)).upper_bound)[1] for d in (0.01, 0.1, 1, 10)]
        assert all(later > earlier for earlier, later in pairwise(highs))


def test_it_uses_the_kl_that_is_spent_and_not_the_budget() -> None:
    made = construct(parse("pareto(alpha=3)"), "100", "0.5", parse("normal()"))
    assert made.utility is not None
    with working_precision(128):
        _, high = ends_of(made.utility.upper_bound)
        spent = ball_of_decimal(Decimal(made.enclosures["kl"][1]))  # type: ignore[index, arg-type]
        assert abs(high - (2 * spent).sqrt()) < 1e-17
        assert high < arb(1)  # sqrt(2 * 0.5)
    assert fmpq(0) < rational(str(made.utility.tilt))
