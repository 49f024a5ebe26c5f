"""Where E V goes for X and V that depend on each other."""

from __future__ import annotations

import pytest
from flint import arb

from verify.copulas import parse_copula
from verify.enclosure import exact, working_precision
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.limits import limit_under
from verify.law import Law
from verify.limits import limit_of_utility


def joint(error: str, utility: str, copula: str) -> CopulaLaw:
    return CopulaLaw(Law.parse(error), Law.parse(utility), parse_copula(copula))


@pytest.mark.parametrize("optimizer", ["condition", "best-of-n", "tilt"])
def test_independent_laws_have_their_own(optimizer: str) -> None:
    pair = joint("exponential()", "normal()", "independent()")
    own = limit_of_utility(pair.error, pair.utility, optimizer)  # type: ignore[arg-type]
    assert limit_under(pair, optimizer) == own  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "theta", "t", "room"),
    # The rank of X at t is short of 1 by its tail, and V is off by terms of the order of 1/t.
    [("student_t(3)", 1, "1e6", "1e-5"), ("pareto(2)", 2, "1e6", "1e-5")],
)
def test_clayton_against_the_curve(error: str, theta: int, t: str, room: str) -> None:
    pair = joint(error, "normal()", f"clayton(theta={theta})")
    found = limit_under(pair, "condition")
    with working_precision(64):
        given = conditioned(pair, exact(t)).mean_v
    assert isinstance(found.mean_v, arb) and isinstance(given, arb)
    assert abs(found.mean_v - given) < arb(room)
    assert abs(found.mean_v - given) > arb(room) / 1000  # so that it is no coincidence of digits
    best = limit_under(pair, "best-of-n").mean_v
    assert isinstance(best, arb) and best.overlaps(found.mean_v)


@pytest.mark.parametrize(
    ("error", "utility", "copula", "optimizer"),
    [
        ("exponential()", "normal()", "clayton(theta=1)", "condition"),  # V is tilted too
        ("pareto(2)", "pareto(3)", "clayton(theta=1)", "condition"),  # V is heavy
        ("pareto(2)", "normal()", "clayton(theta=1.5)", "condition"),
        ("pareto(2)", "normal()", "survival(clayton(theta=1))", "condition"),
        ("pareto(2)", "normal()", "frank(theta=1)", "best-of-n"),
        ("exponential()", "normal()", "clayton(theta=1)", "tilt"),
    ],
)
def test_others_are_not_known(error: str, utility: str, copula: str, optimizer: str) -> None:
    found = limit_under(joint(error, utility, copula), optimizer)  # type: ignore[arg-type]
    assert found.mean_v is None and found.because
