"""Ends of densities in a root of the distance: bounds there, against the density itself."""

from __future__ import annotations

from functools import cache

import pytest
from flint import acb, arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.best_of.parts.density import Density, take_apart
from verify.best_of.parts.roots import RootedEnd, rooted
from verify.enclosure import working_precision
from verify.laws import parse

#: A law, and for each of its ends the side that the density is on and the root.
LAWS = {
    "gamma(5/2)": {+1: 2},
    "-2*gamma(1/2) + 1": {-1: 2},
    "beta(1/3, 5/2)": {+1: 3, -1: 2},
    "weibull(1/2)": {+1: 2},
    "burr(3/2, 2)": {+1: 2},
    "f(3, 5)": {+1: 2},
    "genpareto(-2/3)": {-1: 2},
    "gev(-2/3)": {-1: 2},
    "gev(-3/4)": {-1: 3},
    "log_gamma(5/2)": {+1: 2},
    "truncate(gamma(3/2), high=2)": {+1: 2},
}


@pytest.fixture(autouse=True)
def _precision() -> object:
    with working_precision(96):
        yield


@cache
def _ends(text: str) -> list[RootedEnd | None]:
    return [
        rooted(density, knot)
        for density in take_apart(parse(text)).densities
        for knot in density.knots
        if knot.real and not knot.regular
    ]


@pytest.mark.parametrize("text", LAWS)
def test_the_least_root_that_does_is_found(text: str) -> None:
    found = [end for end in _ends(text) if end is not None]
    assert {end.side: end.root for end in found} == LAWS[text]


@pytest.mark.parametrize("text", ["lognormal()", "log_gamma(15/7)", "frechet(3)", "gamma(15/7)"])
def test_an_end_that_is_no_power_or_has_too_large_a_root_has_none(text: str) -> None:
    assert _ends(text) == [None]


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(LAWS)), st.integers(1, 60))
def test_next_to_the_end_it_is_the_density_times_the_slope(text: str, k: int) -> None:
    y = arb(fmpq(k, 100))
    for end in _ends(text):
        assert end is not None
        place = _place(end.density, end.side) + end.side * y**end.root
        here = end.density.at(place) * end.root * y ** (end.root - 1)
        found = end.over(acb(y))
        assert found >= here.lower() and found - here < 1e-20  # an upper end of a ball
        assert end.over(acb(y + arb(0, 0.01), arb(0, 0.01))) >= here


def _place(density: Density, side: int) -> arb:
    place = density.low if side > 0 else density.high
    assert place is not None
    return place


def test_a_root_that_does_not_do_has_no_bound_around_the_end() -> None:
    """The planted violation: gamma(7/3) in a square root, and a whole root of another law."""
    density = take_apart(parse("gamma(7/3)")).densities[0]
    box = acb(arb(0, 0.1), arb(0, 0.1))
    assert RootedEnd(density, +1, 3).over(box).is_finite()
    assert not RootedEnd(density, +1, 2).over(box).is_finite()


def test_around_the_end_a_bound_holds_on_the_other_sheet_too() -> None:
    """gamma(1/2) is ``y^-1 exp(-y^2)/Gamma(1/2)``, times ``2 y``: even in y."""
    density = take_apart(parse("gamma(1/2)")).densities[0]
    end = RootedEnd(density, +1, 2)
    for y in (acb(0, 0.5), acb(-0.5, 0.25), acb(0.125, 0.5)):
        exact = (2 * (-y * y).exp() / arb.pi().sqrt()).abs_upper()
        assert abs(end.over(y) - exact) < 1e-20


@pytest.mark.parametrize("b", [1, 3])
def test_around_another_end_a_whole_power_is_bounded(b: int) -> None:
    """beta(1/2, b), times the slope 2 y, is ``2 (1 - y^2)^(b-1)/B(1/2, b)``."""
    density = take_apart(parse(f"beta(1/2, {b})")).densities[0]
    end, box = RootedEnd(density, +1, 2), acb(arb(1, 0.125), arb(0, 0.125))
    scale = 2 * arb(b + 0.5).gamma() / (arb(0.5).gamma() * arb(b).gamma())
    for y in (acb(1), acb(1.0625, 0.125), acb(0.875, -0.0625)):
        exact = scale * ((1 - y * y) ** (b - 1)).abs_upper()
        assert end.over(box) >= exact.lower()
        assert end.over(y) >= exact.lower() and abs(end.over(y) - exact) < 1e-12
    assert end.over(box) < 2 * scale
    assert not end.over(-box).is_finite()  # the other sheet: the density has another branch there
