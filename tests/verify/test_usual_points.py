"""Where a curve is looked at by itself: thresholds that U passes about as often as is said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flint import arb

from verify.conditioning import condition
from verify.decimals import rational
from verify.enclosure import working_precision
from verify.law import Law
from verify.usual_points import DRAWS, ODDS, thresholds

PAIRS = (
    ("exponential()", "normal()"), ("normal()", "normal()"), ("pareto(2)", "pareto(3)"),
    ("normal()", "student_t(3)"), ("uniform()", "beta(2, 3)"), ("uniform()", "uniform()"),
    ("poisson(3)", "normal()"), ("lognormal()", "-pareto(2)"),
)  # fmt: skip


@pytest.mark.parametrize(("error", "utility"), PAIRS)
def test_how_often_they_are_passed(error: str, utility: str) -> None:
    x, v = Law.parse(error), Law.parse(utility)
    found = thresholds(x, v)
    assert len(found) == len(ODDS) and sorted(found, key=Decimal) == found
    for text, odds in zip(found, ODDS, strict=True):
        if "uniform" not in error:  # next to a top it takes more
            assert len(Decimal(text).normalize().as_tuple().digits) <= 3
        with working_precision(64):
            log_mass = condition(x, v, rational(Decimal(text))).log_mass
        # At least about half of the odds, and less than their fourth root; 3 digits move it by 1 %.
        least, most = -arb(3 * odds).log(), arb(odds).log() / 5
        assert least < log_mass < -most


@pytest.mark.parametrize(
    ("error", "utility", "expected"),
    [
        ("bernoulli(0.3)", "binomial(5, 0.2)", {"1", "2", "3", "5"}),
        ("point(2)", "point(3)", {"4"}),
        ("normal()", "-normal()", {"0"}),
    ],
)
def test_below_the_top_and_round(error: str, utility: str, expected: set[str]) -> None:
    assert expected <= set(thresholds(Law.parse(error), Law.parse(utility)))
    if error != "normal()":
        assert expected == set(thresholds(Law.parse(error), Law.parse(utility)))


def test_what_is_out_of_reach_is_left_out() -> None:
    """log_cauchy passes exp(3e11) once in 1e12 draws."""
    found = thresholds(Law.parse("log_cauchy()"), Law.parse("normal()"))
    assert 1 <= len(found) < len(ODDS) and all(Decimal(t) < Decimal(10) ** 300 for t in found)


def test_far_out_they_have_three_digits_too() -> None:
    """pareto(1/4) passes 1e48 once in 1e12 draws: more places than a decimal has by itself."""
    found = thresholds(Law.parse("pareto(1/4)"), Law.parse("normal()"))
    assert len(found) == len(ODDS) and Decimal(found[-1]) == Decimal("1e48")


def test_draws_are_whole_and_rise() -> None:
    numbers = [int(n) for n in DRAWS]
    assert numbers[0] == 1 and numbers[-1] == 10**18 and sorted(set(numbers)) == numbers


def test_both_phases_of_a_lattice_are_looked_at() -> None:
    geometric = Law.parse("geometric(0.5)")
    found = [rational(Decimal(t)) for t in thresholds(geometric, Law.parse("0.5*bernoulli(0.5)"))]
    assert len(found) == len(ODDS) and [t.q for t in found] == [1, 2, 1, 2, 1, 2, 1]
    assert found == sorted(found)
    # V on the lattice does not notice, and a lattice may have no decimal points.
    assert all(Decimal(t) % 1 == 0 for t in thresholds(geometric, Law.parse("poisson(3)")))
    thirds = thresholds(Law.parse("1/3*geometric(0.5)"), Law.parse("normal()"))
    assert any("/3" in t for t in thirds) and any("/6" in t or t.endswith(".5") for t in thirds)
