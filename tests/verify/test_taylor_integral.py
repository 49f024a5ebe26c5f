"""Expansions of ranks and quantiles, and the integrals that are made of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from flint import arb, arb_series, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.law_cases import LawCase, all_cases, draw_law, few
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.law import Law
from verify.laws import normal
from verify.ranks import SERIES_RANKS, rank_of
from verify.taylor_integral import TaylorIntegral
from verify.taylor_series import check_density, corners, density, series_length, variable

BITS, LENGTH = 128, 8


def middle_part(law: Law) -> tuple[arb, arb]:
    """An interval with half of the mass, between exact points."""
    return law.quantile(fmpq(1, 4)).mid(), law.quantile(fmpq(3, 4)).mid()


def whole(law: Law, low: arb, high: arb, cut: bool = True) -> TaylorIntegral:
    """The integral of the density, cut at the corners or not."""

    def expansion(x: arb_series) -> tuple[arb_series, ...]:
        return (density(law, x),)

    def bound(start: arb, end: arb) -> tuple[arb, ...]:
        return (law.between(start.fmpq(), end.fmpq()),)

    integral = TaylorIntegral(expansion, bound)
    inner = [corner.mid() for corner in corners(law) if low < corner < high] if cut else []
    for start, end in pairwise([low, *sorted(inner, key=float), high]):
        integral.add(start, end)
    return integral


@all_cases
@few
@given(data=st.data())
def test_densities_integrate_to_the_laws_own_probabilities(
    case: LawCase, data: st.DataObject
) -> None:
    law = draw_law(data, case)
    with working_precision(BITS):
        low, high = middle_part(law)
        (found,) = whole(law, low, high).refine(60)
        expected = law.between(low.fmpq(), high.fmpq())
        assert found.overlaps(expected)
        assert found.rad() < arb(2) ** -50


@all_cases
@few
@given(data=st.data())
def test_ranks_expand_into_densities_and_quantiles_undo_them(
    case: LawCase, data: st.DataObject
) -> None:
    law = draw_law(data, case)
    with working_precision(BITS), series_length(LENGTH):
        x = variable(law.quantile(fmpq(2, 3)).mid(), LENGTH)
        rank = rank_of(law, x)
        assert rank.below[0].overlaps(law.cdf(x[0])) and rank.above[0].overlaps(law.survival(x[0]))
        slopes = rank.below.derivative() - density(law, x)
        assert all(slopes[k].contains(0) for k in range(LENGTH - 1))
        # Without the place the point has to be found again.
        back = SERIES_RANKS.quantile(law, type(rank)(rank.below, rank.above)) - x
        assert all(back[k].contains(0) for k in range(LENGTH))
        assert back[0].rad() < abs(x[0]) * arb(2) ** -80 + arb(2) ** -80


@pytest.mark.parametrize(
    "text",
    ["2 - 3*lognormal()", "mixture(0.25*normal(), 0.75*(1 + exponential()))", "laplace()/4"],
)
def test_algebra_and_corners(text: str) -> None:
    law = Law.parse(text)
    with working_precision(BITS):
        low, high = middle_part(law)
        (found,) = whole(law, low, high).refine(60)
        assert found.overlaps(law.between(low.fmpq(), high.fmpq()))


def test_a_corner_that_is_not_cut_at_is_caught() -> None:
    """The middle of an interval says which side of a corner it lies on: the other is lost."""
    law = Law.parse("mixture(0.5*normal(), 0.5*(1 + exponential()))")
    with working_precision(BITS):
        wrong = whole(law, arb(0.5), arb(2), cut=False)
        assert not wrong.totals()[0].overlaps(law.between(fmpq(1, 2), fmpq(2)))


def test_a_wrong_expansion_is_caught() -> None:
    law = normal()

    def shortened(x: arb_series) -> tuple[arb_series, ...]:
        return (arb_series(density(law, x).coeffs()[:3], prec=x.prec),)

    with working_precision(BITS):
        integral = TaylorIntegral(shortened, lambda low, high: (arb(0).union(arb(1)),))
        integral.add(arb(-1), arb(1))
        assert not integral.totals()[0].overlaps(law.between(fmpq(-1), fmpq(1)))


def test_an_expansion_without_its_remainder_is_caught() -> None:
    """A derivative has one coefficient less: that of the remainder would be missing."""
    integral = TaylorIntegral(lambda x: (x.derivative(),), lambda low, high: (high - low,))
    with pytest.raises(AssertionError, match="shorter than the series"):
        integral.add(arb(0), arb(1))


def test_the_cap_on_series_is_put_back() -> None:
    before = ctx.cap
    with series_length(33):
        assert ctx.cap == 33
    assert ctx.cap == before


@pytest.mark.parametrize("text", ["poisson(mu=3)", "mixture(0.5*normal(), 0.5*point(x=1))"])
def test_laws_without_a_density_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected a law with a density"):
        check_density(Law.parse(text))
