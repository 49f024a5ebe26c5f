"""Densities that begin with a whole power are analytic around their ends, and known to be."""

from __future__ import annotations

import pytest
from flint import acb, arb

from tests.verify.balls import assert_close
from verify.arithmetic import complex_balls
from verify.continuous import ContinuousLaw
from verify.laws import parse


def _around(text: str, place: float) -> acb:
    law = parse(text)
    assert isinstance(law, ContinuousLaw)
    box = acb(arb(place, 0.01), arb(0, 0.01))
    return law.tilted_density(box, arb(0), complex_balls(True))


@pytest.mark.parametrize(
    ("text", "end", "inside"),
    [("gamma(3)", 0, 0.005), ("weibull(2)", 0, 0.005), ("beta(2, 3)", 1, 0.995)],
)
def test_a_box_around_an_end_holds_the_density(text: str, end: int, inside: float) -> None:
    law = parse(text)
    assert isinstance(law, ContinuousLaw)
    found = _around(text, end)
    assert found.is_finite() and found.real.contains(law.density(arb(inside)))
    at = law.tilted_density(acb(inside), arb(2), complex_balls(True))
    assert_close(at.real, law.density(arb(inside)) * (2 * arb(inside)).exp(), 2.0**-40)


@pytest.mark.parametrize("text", ["gamma(5/2)", "weibull(3/2)", "beta(3/2, 2)"])
def test_another_power_is_not_analytic(text: str) -> None:
    assert not _around(text, 0).is_finite()
