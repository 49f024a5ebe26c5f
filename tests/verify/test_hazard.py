"""Mills ratios over intervals: by closed forms and mpmath; and how wide the intervals may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flint import arb, arb_series, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.balls import assert_contains
from verify.copulas import gaussian
from verify.enclosure import working_precision
from verify.hazard import _range, mills_ratio, narrowed
from verify.joint.laws import CopulaLaw
from verify.joint.tilt import latent_sum
from verify.law import Law
from verify.laws import exponential, normal
from verify.ranks import SERIES_RANKS, rank_of
from verify.taylor_integral import TaylorIntegral
from verify.taylor_series import over_interval, series_length, variable

LENGTH = 12
#: Law, tail, and its Mills ratio in closed form as a power series.
CLOSED: list[tuple[str, bool, Callable[[Any], Any]]] = [
    ("exponential()", True, lambda x: 1 + 0 * x),
    ("exponential()", False, lambda x: x.exp() - 1),
    ("2*exponential() - 3", True, lambda x: 2 + 0 * x),
    ("gamma(shape=2)", True, lambda x: 1 + 1 / x),
    ("logistic()", True, lambda x: 1 + (-x).exp()),
    ("logistic()", False, lambda x: 1 + x.exp()),
    ("weibull(shape=2)", True, lambda x: 1 / (2 * x)),
    ("uniform(low=-10, high=60)", True, lambda x: 60 - x),
    ("laplace()", True, lambda x: 1 + 0 * x),
    ("mixture(0.5*exponential(), 0.5*exponential())", True, lambda x: 1 + 0 * x),
]


def ratio_at(law: Law, x: arb, upper: bool) -> list[arb]:
    mass = over_interval(law.survival if upper else law.cdf, x)
    with series_length(LENGTH + 1):
        return mills_ratio(law, x, mass, upper, LENGTH)


@pytest.mark.parametrize(("text", "upper", "closed"), CLOSED)
@given(st.integers(1, 160), st.integers(0, 32), st.integers(0, 16))
def test_every_point_of_an_interval_by_closed_forms(
    text: str, upper: bool, closed: Callable[[Any], Any], start: int, width: int, place: int
) -> None:
    low = arb(start) / 8
    end = low + arb(width) / 16
    over = ratio_at(Law.parse(text), low.union(end), upper)
    with series_length(LENGTH), working_precision(200):
        inside = low + (end - low) * place / 16
        expected = closed(variable(inside, LENGTH))
        for k, coefficient in enumerate(over):
            # A NaN contains everything: there is none away from 0 on narrow intervals.
            assert coefficient.overlaps(expected[k])
            assert coefficient.is_finite() or width > min(8, start / 2)


@pytest.mark.parametrize("start", [-3, 0, 5, 20])
def test_the_normal_law_by_mpmath(start: int) -> None:
    over = ratio_at(normal(), arb(start).union(arb(start) + 0.5), True)
    with mp.workdps(60):
        for place in (mp.mpf(start), start + mp.mpf(1) / 3, start + mp.mpf(1) / 2):
            expected = mp.taylor(
                lambda x: mp.sqrt(mp.pi / 2) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2)), place, 6
            )
            for k, number in enumerate(expected):
                assert_contains(over[k], number, mp.mpf(10) ** -25)


def test_a_series_that_is_cut_off_is_refused() -> None:
    with series_length(LENGTH), pytest.raises(AssertionError, match="cap"):
        mills_ratio(Law.parse("logistic()"), arb(1), arb(0.5), True, LENGTH)


def test_the_range_is_narrow_where_densities_are_not() -> None:
    """Over half a unit at 8 the density falls 60-fold, and the ratio by a twentieth."""
    x = arb(8).union(arb(8.5))
    ratio = ratio_at(normal(), x, True)[0]
    assert ratio.rad() < ratio.mid() / 10
    assert _range(exponential(), x, arb(1), True).rad() < arb(2) ** -45


def test_a_rate_that_is_not_the_laws_is_seen() -> None:
    x = arb(8).union(arb(8.5))
    true = ratio_at(normal(), arb(8), True)[0]
    assert _range(normal(), x, x, True).contains(true)
    assert not _range(normal(), x, 2 * x, True).contains(true)


def test_narrowing() -> None:
    """``exp`` over [0, 1/2] by its coefficients at 1/4; an offset too small misses the ends."""
    with series_length(8):
        wide, middle = (
            [variable(x, 8).exp()[k] for k in range(8)] for x in (arb(0.25, 0.25), arb(0.25))
        )
        crude = [ball + arb(0, 1) for ball in wide[:-1]] + wide[-1:]
        tight, missed = (narrowed(crude, middle, arb(0, rad)) for rad in (0.25, 0.125))
        for x in (arb(0), arb(0.5)):
            exact = variable(x, 8).exp()
            assert all(tight[k].overlaps(exact[k]) for k in range(8))
            assert not missed[0].overlaps(exact[0])
    assert all(new.rad() <= old.rad() for new, old in zip(tight, crude, strict=True))
    assert tight[0].rad() < 0.4


@pytest.mark.parametrize("place", [True, False])
@pytest.mark.parametrize("text", ["exponential()", "gamma(shape=2)", "gumbel()", "student_t(df=3)"])
def test_a_quantile_over_an_interval_holds_at_its_points(text: str, place: bool) -> None:
    """With the point behind the rank known, and from the rank alone."""
    law = Law.parse(text)

    def quantile(x: arb) -> arb_series:
        rank = rank_of(normal(), variable(x, LENGTH))
        return SERIES_RANKS.quantile(law, rank if place else type(rank)(rank.below, rank.above))

    with series_length(LENGTH):
        for low in (arb(-2), arb(0.25), arb(2.5)):
            width = arb(0.0625)
            over = quantile(low.union(low + width))
            for part in (0, 0.3, 1):
                exact = quantile(low + part * width)
                assert all(over[k].is_finite() for k in range(LENGTH))
                assert all(over[k].overlaps(exact[k]) for k in range(LENGTH))


def test_intervals_of_a_tilt_are_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the quotient of densities it took 327 expansions, most of them 1/64 wide."""
    made: list[TaylorIntegral] = []
    refine = TaylorIntegral.refine

    def watched(self: TaylorIntegral, bits: int) -> tuple[arb, ...]:
        made.append(self)
        return refine(self, bits)

    monkeypatch.setattr(TaylorIntegral, "refine", watched)
    path = latent_sum(CopulaLaw(exponential(), normal(), gaussian(rho="-0.5")))
    assert path is not None
    with working_precision(40):
        path.numbers(fmpq(2, 5))
    assert 10 < made[-1].count < 100
