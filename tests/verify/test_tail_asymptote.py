"""Asymptotes of right tails: against the certified tails, far out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.law_cases import LawCase, all_cases, draw_law, rationals, some
from tests.verify.test_growth import value
from tests.verify.test_limits import BOUNDED, ENDLESS, HEAVY, LIGHT, law
from verify.enclosure import Diverges, working_precision
from verify.laws.staircase import Staircase
from verify.limits.asymptote import asymptote, index_of, log_ratio, rest_of
from verify.limits.growth import LINEAR, Expansion
from verify.reweighted import reweight
from verify.weight import BestOfN, Threshold, Tilt, TopFraction

FAR, BITS = (fmpq(10) ** 30, fmpq(10) ** 300), 4096

MADE = (
    "3 - 2*laplace()", "1 + 0.5*gamma(shape=2)", "5 + 3*weibull(0.5)", "2*lognormal(1, 2) + 3",
    "-gev(-2)", "1 - 2*gev(-1)", "-student_t(3)", "2*log_cauchy()", "3*log_gamma(2.5)",
    "mixture(0.5*exponential(), 0.5*laplace())", "mixture(0.2*gamma(2), 0.8*geometric(0.8))",
    "mixture(0.5*pareto(2), 0.3*student_t(2), 0.2*normal())",
    "mixture(0.01*pareto(2), 0.99*lognormal())", "truncate(logistic(), low=1)",
    "-mixture(0.5*normal(), 0.5*(-pareto(3)))", "-truncate(cauchy(), high=2)",
)  # fmt: skip


def gaps(text: str, found: Expansion) -> list[arb]:
    """The distances between a log-tail and what it is said to come to."""
    with working_precision(BITS):
        return [abs(law(text).log_survival(arb(x)) - value(found, arb(x))) for x in FAR]


def agrees(near: arb, far: arb) -> bool:
    """Whether the distance vanishes: no faster than 1/log x is asked of it."""
    return bool(near < 0.15) and bool(far < near / 5 or far < arb("1e-20"))


@pytest.mark.parametrize("text", [*HEAVY, *LIGHT, *MADE])
def test_the_tail_comes_to_it(text: str) -> None:
    found = asymptote(law(text))
    if found is None:
        assert text in ("geometric(0.3)", "negative_binomial(2.5, 0.4)")  # on a lattice
        return
    assert agrees(*gaps(text, found))
    wrong = (found.plus(lambda: arb("0.2")), replace(found, terms=found.terms[:-1]))
    for planted in wrong:
        assert not agrees(*gaps(text, planted))


@pytest.mark.parametrize("text", [*ENDLESS, *BOUNDED])
def test_others_have_none(text: str) -> None:
    assert asymptote(law(text)) is None
    assert asymptote(Staircase(fmpq(1), fmpq(3, 2))) is None


@some
@all_cases
@given(data=st.data())
def test_drawn_laws(data: st.DataObject, case: LawCase) -> None:
    drawn = draw_law(data, case)
    made = drawn * data.draw(rationals("1/3", "3")) + data.draw(rationals("-2", "2"))
    found = asymptote(made)
    ends = not isinstance(drawn.support[1], Diverges)
    assert (found is None) == (ends or isinstance(drawn.mgf_abscissa, Diverges))
    if found is None:
        return
    rate, slope = made.mgf_abscissa, found.coefficient(LINEAR).rational
    assert slope is not None and rate == -slope
    with working_precision(BITS):
        near, far = (abs(made.log_survival(arb(x)) - value(found, arb(x))) for x in FAR)
    # A tail index of 1/3 over a power of 1/4: x^-(1/12) at 1e30, times coefficients up to 10.
    assert far < arb("0.1") and (far < near / 4 or far < arb("1e-20"))


def test_of_optimised_laws() -> None:
    base = law("pareto(2)")
    for weight in (BestOfN(7), Threshold.at("5", "0.25"), TopFraction(fmpq(1, 8))):
        made = reweight(base, weight)
        found = asymptote(made)
        assert found is not None
        with working_precision(BITS):
            x = arb(10) ** 30
            assert abs(made.log_survival(x) - value(found, x)) < arb("1e-25")
    assert asymptote(reweight(law("gamma(2)"), Tilt(fmpq(1, 2)))) is None


def test_what_it_says() -> None:
    gamma, pareto = asymptote(law("gamma(2.5)")), asymptote(law("pareto(3)"))
    assert gamma is not None and pareto is not None
    assert index_of(rest_of(gamma)).rational == fmpq(3, 2)  # type: ignore[union-attr]
    assert index_of(pareto).rational == -3  # type: ignore[union-attr]
    lognormal = asymptote(law("lognormal()"))
    assert lognormal is not None and index_of(lognormal) == Diverges(-1)
    assert log_ratio(gamma, pareto) == Diverges(-1)
    twice = asymptote(law("2*pareto(3)"))
    assert twice is not None
    assert abs(log_ratio(twice, pareto) - 3 * arb(2).log()) < arb("1e-14")  # type: ignore[operator]
