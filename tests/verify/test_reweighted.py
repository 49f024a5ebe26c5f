"""Reweighted laws are laws: total mass 1, tails that add up, and the mean and KL of the definition.

The properties run over every law of the catalogue with every weight that applies to it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.verify.balls import assert_close, rational
from tests.verify.weighted_cases import (
    LAWS,
    decimal_place,
    few,
    levels,
    masses,
    place,
    thresholds,
    usable_tilts,
    weights,
)
from verify.divergence import binary_kl
from verify.enclosure import Diverges, Undecided, ball_of_decimal, escalate, working_precision
from verify.law import Law
from verify.laws import mixture, normal, pareto, parse, point, uniform
from verify.reweighted import Reweighted, ThresholdReweighted, Tilted, reweight
from verify.weight import BestOfN, Identity, Location, Threshold, Tilt, TopFraction, Weight

BITS = 128
#: The worst loss of bits here is in quadratures and in ``1 - cdf``: far fewer than 128 - 80.
CLOSE = 2.0**-80

by_law = pytest.mark.parametrize("name", LAWS)


def drawn_law(data: st.DataObject, name: str) -> Law:
    return data.draw(LAWS[name], label="law")


# ---- again a law --------------------------------------------------------------------------------


@by_law
@few(20)
@given(data=st.data())
def test_the_two_tails_add_up_to_1(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    optimised = reweight(law, data.draw(weights(law), label="weight"))
    x = place(law, data.draw(levels, label="level"))
    with working_precision(BITS):
        for closed in (False, True) if law.has_atoms else (False,):
            above, below = optimised.survival(x, closed), optimised.cdf(x, open=closed)
            assert_close(above + below, arb(1), CLOSE)
            assert not (above < 0 or above > 1 or below < 0 or below > 1)
        if law.has_atoms:
            atom = optimised.survival(x, closed=True) - optimised.survival(x)
            assert_close(atom, optimised.mass_at(x), CLOSE, CLOSE)


@by_law
@few(20)
@given(data=st.data())
def test_tails_never_rise(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    optimised = reweight(law, data.draw(weights(law), label="weight"))
    few_points = isinstance(optimised, Tilted) and not law.has_atoms  # each is an integral
    count = 2 if few_points else 5
    level = st.lists(levels, min_size=count, max_size=count, unique=True)
    xs = sorted(place(law, one) for one in data.draw(level, label="levels"))
    with working_precision(BITS):
        tails = [optimised.log_survival(x) for x in xs]
        assert all(not tail > 0 and not tail.is_nan() for tail in tails)
        assert not any(later > earlier for earlier, later in pairwise(tails))


@by_law
@few(20)
@given(data=st.data())
def test_partial_means_add_up(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    weight = data.draw(weights(law).filter(lambda w: not isinstance(w, BestOfN)), label="weight")
    optimised = reweight(law, weight)
    x = place(law, data.draw(levels, label="level"))
    with working_precision(BITS):
        mean = optimised.mean()
        if isinstance(mean, Diverges):
            return  # partial means of these are tested beside their laws
        upper, lower = optimised.upper_mean(x), optimised.lower_mean(x)
        scale = float(abs(upper).upper() + abs(lower).upper())
        assert_close(upper + lower, mean, 0, CLOSE * scale)
        mass = optimised.survival(x)
        if mass > CLOSE:  # an atom at the top of a top fraction leaves none
            assert_close(optimised.tail_mean(x) * mass, upper, CLOSE, CLOSE * scale)


# ---- divergence ---------------------------------------------------------------------------------


def divergence(law: Law) -> arb:
    """The KL of a reweighted law as a ball (the identity gives back the base, at KL 0)."""
    if not isinstance(law, Reweighted):
        return arb(0)
    kl = law.divergence("kl")
    assert isinstance(kl, arb)
    return kl


@by_law
@few(20)
@given(data=st.data())
def test_kl_is_never_negative(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    weight = data.draw(weights(law), label="weight")
    with working_precision(BITS):
        try:
            kl = divergence(reweight(law, weight))
        except Undecided:
            assume(False)  # best-of-n of infinitely many atoms
        assert kl.is_finite() and not kl < 0
        if is_constant(weight):
            assert kl.contains(0) and kl.rad() < CLOSE
        elif not isinstance(weight, Threshold):  # p may be close to q: see the next test
            assert kl > 0


def is_constant(weight: Weight) -> bool:
    return weight in (Identity(), BestOfN(1), TopFraction(fmpq(1)), Tilt(fmpq(0)))


@by_law
@few(20)
@given(data=st.data())
def test_kl_of_a_threshold(name: str, data: st.DataObject) -> None:
    """It is ``kl(p, q)``, and above 0 unless p = q exactly."""
    law = drawn_law(data, name)
    weight = data.draw(thresholds(law), label="weight")
    optimised = ThresholdReweighted(law, weight)
    t, p = optimised.t, weight.mass
    with working_precision(BITS):
        q = law.survival(t)
        assert_close(
            optimised.kl(), binary_kl(ball_of_decimal(p), q.log(), law.cdf(t).log()), 0, CLOSE
        )
    same = law.has_atoms and q.contains(rational(p))
    if not same:
        escalate(optimised.kl, lambda kl: bool(kl > 0), f"KL({optimised}) > 0", last=512)


def test_kl_is_0_where_the_mass_is_the_bases_own() -> None:
    quarter = ThresholdReweighted(uniform(0, 4), Threshold.at(3, "0.25"))
    near = ThresholdReweighted(uniform(0, 4), Threshold.at(3, "0.2500000000000000000001"))
    with working_precision(BITS):
        assert quarter.kl().contains(0) and quarter.kl().rad() < CLOSE
        low, high = quarter.log_weights()
        assert low.contains(0) and high.contains(0)
    # kl is about (p - q)^2/(2 q (1 - q)): 1e-44 takes more bits
    assert escalate(near.kl, lambda kl: bool(kl > 0), "the KL") < 1e-40


@by_law
@few(20)
@given(data=st.data())
def test_mean_identity(name: str, data: st.DataObject) -> None:
    """``E_P X = mu + (p - q)(E[X | X > t] - E[X | X <= t])``, with partial means of the base."""
    law = drawn_law(data, name)
    weight = data.draw(thresholds(law), label="weight")
    optimised = ThresholdReweighted(law, weight)
    t = optimised.t
    with working_precision(BITS):
        mean = law.mean()
        if isinstance(mean, Diverges):
            assert isinstance(optimised.mean(), Diverges) or weight.mass == 1
            return
        q, not_q = law.survival(t), law.cdf(t)
        above = law.upper_mean(t) / q
        below = (mean - law.upper_mean(t)) / not_q
        expected = mean + (optimised.p - q) * (above - below)
        scale = float(abs(mean).upper() + abs(above).upper() + abs(below).upper())
        assert_close(optimised.mean(), expected, 0, CLOSE * scale)


# ---- weights compose ----------------------------------------------------------------------------


def assert_same_law(one: Law, other: Law, x: fmpq) -> None:
    with working_precision(BITS):
        assert_close(one.log_survival(x), other.log_survival(x), CLOSE, CLOSE)
        assert_close(one.log_cdf(x), other.log_cdf(x), CLOSE, CLOSE)


@by_law
@few(20)
@given(data=st.data())
def test_two_thresholds_at_one_point_are_the_second(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    first = data.draw(thresholds(law), label="first")
    assume(first.mass < 1)
    second = Threshold(first.location, data.draw(masses, label="mass"))
    twice = reweight(reweight(law, first), second)
    x = place(law, data.draw(levels, label="level"))
    assume(second.mass < 1 or law.survival(x) < law.survival(first.location.point()))
    assert_same_law(twice, reweight(law, second), x)
    with working_precision(BITS):
        assert_close(twice.mean(), reweight(law, second).mean(), CLOSE, CLOSE)


@pytest.mark.parametrize("name", ["normal", "gamma", "logistic", "weibull", "poisson", "geometric"])
@few(20)
@given(data=st.data())
def test_two_tilts_are_their_sum(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    found = usable_tilts(law)
    assume(found)
    tilt = data.draw(st.sampled_from(found), label="tilt")
    twice, once = Tilted(Tilted(law, Tilt(tilt / 3)), Tilt(2 * tilt / 3)), Tilted(law, Tilt(tilt))
    with working_precision(BITS):
        assert_close(twice.mean(), once.mean(), CLOSE)
        # KL(P2||P1) + E_P2 log dP1/dQ = KL(P2||Q)
        first = Tilted(law, Tilt(tilt / 3))
        log_weight = tilt / 3 * twice.mean() - law.cumulants(tilt / 3)[0]
        assert_close(twice.kl() + log_weight, once.kl(), 0, CLOSE * float(1 + abs(log_weight)))
        assert first.mgf_abscissa == law.mgf_abscissa or first.mgf_abscissa is not None
    assert_same_law(twice, once, place(law, fmpq(2, 3)))


def test_tilting_moves_the_abscissa() -> None:
    law = reweight(parse("exponential()"), Tilt(fmpq(1, 4)))
    assert law.mgf_abscissa == fmpq(3, 4) == law.decay_rate
    assert reweight(normal(), Tilt(fmpq(5))).mgf_abscissa == normal().mgf_abscissa
    assert reweight(pareto(2), Threshold.at(9, "0.5")).mgf_abscissa == 0


def test_tilting_moves_the_decay_rate_where_the_density_allows() -> None:
    """A heavy lattice law that is tilted down falls by steps: it has no decay rate any more."""
    down = Tilt(fmpq(-1))
    for law in (pareto(2), 3 + 2 * pareto(2), parse("truncate(student_t(3), low=1)")):
        assert reweight(law, down).decay_rate == 1
    for law in (parse("zeta(3)"), parse("mixture(0.5*pareto(2), 0.5*zeta(4))")):
        tilted = reweight(law, down)
        assert law.decay_rate == 0 and tilted.mgf_abscissa == 1 and tilted.decay_rate is None
        with working_precision(256):  # the tail is level from 1000 to 1000.9, and falls to 1001
            first, last = (tilted.log_survival(fmpq(10 * k, 10)) for k in (1000, 1001))
            level = tilted.log_survival(fmpq(10009, 10))
            if law == parse("zeta(3)"):
                assert first.overlaps(level) and last < level - 0.9


@by_law
@few(20)
@given(data=st.data())
def test_conditioning_twice_is_conditioning_on_the_higher(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    points = [data.draw(levels, label="level") for _ in range(2)]
    low, high = sorted(decimal_place(law, level) for level in points)
    once = reweight(law, Threshold(Location(t=high), Decimal(1)))
    twice = reweight(
        reweight(law, Threshold(Location(t=low), Decimal(1))),
        Threshold(Location(t=high), Decimal(1)),
    )
    x = rational(high) + fmpq(1, 7)
    with working_precision(BITS):
        assert_close(twice.survival(x), once.survival(x), CLOSE, CLOSE)
        assert twice.cdf(rational(low)) == 0
        assert_close(twice.mean(), once.mean(), CLOSE)


# ---- shift and scale ----------------------------------------------------------------------------

shifts = st.fractions(-50, 50, max_denominator=9)
scales = st.fractions(Fraction(1, 20), 40, max_denominator=20).filter(lambda b: b > 0)


@by_law
@few(20)
@given(data=st.data(), shift=shifts, scale=scales)
def test_weights_commute_with_shift_and_scale(
    name: str, data: st.DataObject, shift: Fraction, scale: Fraction
) -> None:
    law = drawn_law(data, name)
    a, b = rational(shift), rational(scale)
    weight = data.draw(weights(law).filter(lambda w: not isinstance(w, Threshold)), label="weight")
    moved_weight = Tilt(weight.tilt / b) if isinstance(weight, Tilt) else weight
    moved, direct = reweight(a + b * law, moved_weight), reweight(law, weight)
    with working_precision(BITS):
        try:
            assert_close(divergence(moved), divergence(direct), CLOSE, CLOSE)
        except Undecided:
            assume(False)  # best-of-n of infinitely many atoms
        if isinstance(weight, BestOfN) and not law.has_atoms:
            return  # its mean is a wide enclosure
        mean = direct.mean()
        if isinstance(mean, arb):
            scale_of = float(abs(a) + b * abs(mean).upper())
            assert_close(moved.mean(), a + b * mean, 0, CLOSE * scale_of)
        else:
            assert moved.mean() == mean


@given(shifts, scales, masses)
def test_a_threshold_moves_along(shift: Fraction, scale: Fraction, mass: Decimal) -> None:
    law = pareto("7/3")
    a, b = rational(shift), rational(scale)
    # 5 a decimal of the new scale: choose t there, and go back
    t = Decimal(int(5 * scale) + 1) + Decimal(round(shift * 16)) / 16
    inner = (rational(t) - a) / b
    assume(inner > 1)
    moved = ThresholdReweighted(a + b * law, Threshold.at(t, mass))
    with working_precision(BITS):
        log_tail = law.log_survival(inner)
        p = ball_of_decimal(mass)
        assert_close(moved.kl(), binary_kl(p, log_tail, law.log_cdf(inner)), CLOSE, CLOSE)
        below = law.lower_mean(inner) / law.cdf(inner)
        direct = p * law.tail_mean(inner) + (1 - p) * below
        assert_close(moved.mean(), a + b * direct, CLOSE, CLOSE * (abs(float(shift)) + 1))


# ---- the rest -----------------------------------------------------------------------------------


def test_an_infinite_mean_stays_infinite_and_a_cut_one_becomes_finite() -> None:
    heavy = pareto("1/2")
    assert reweight(heavy, Threshold.at(9, "0.001")).mean() == Diverges(1)
    assert reweight(-heavy, Threshold.at(-9, "0.5")).mean() == Diverges(-1)
    kept = reweight(-heavy, Threshold.at(-9, 1)).mean()
    assert isinstance(kept, arb) and -9 < kept < -1
    with pytest.raises(Undecided, match="infinite"):
        reweight(heavy, Tilt(fmpq(1))).mean()


def test_an_atom_at_the_threshold_lies_below_it() -> None:
    law = mixture([("0.5", point(0)), ("0.5", point(3))])
    optimised = ThresholdReweighted(law, Threshold.at(0, "0.9"))
    with working_precision(BITS):
        assert_close(optimised.mean(), arb(27) / 10, CLOSE)
        assert_close(optimised.mass_at(fmpq(0)), arb(1) / 10, CLOSE)
        assert dict(optimised.atoms()).keys() == {fmpq(0), fmpq(3)}
    # nothing lies above the top atom, so nothing can be put there
    top = ThresholdReweighted(law, Threshold.at(3, "0.9"))
    assert not top.kl().is_finite()


@pytest.mark.parametrize("name", ["normal", "pareto", "student_t", "weibull"])
@few(20)
@given(data=st.data())
def test_quantiles_of_a_reweighted_law(name: str, data: st.DataObject) -> None:
    law = drawn_law(data, name)
    weight = data.draw(thresholds(law), label="weight")
    assume(weight.mass < 1)
    optimised = reweight(law, weight)
    level = data.draw(levels, label="level")
    assume(abs(1 - rational(weight.mass) - level) > fmpq(1, 10**6))
    with working_precision(BITS):
        x = optimised.quantile(level)
        assert_close(optimised.cdf(x), arb(level), 2.0**-60)


def test_draws_have_the_mass_above_t(rng: np.random.Generator) -> None:
    optimised = reweight(normal(), Threshold.at(2, "0.3"))
    draws = optimised.sample(20_000, rng)
    # four standard errors of a share of 0.3
    assert abs(np.mean(draws > 2) - 0.3) < 4 * np.sqrt(0.21 / 20_000)
    below = draws[draws <= 2]
    assert abs(below.mean() - float(normal().lower_mean(fmpq(2)) / normal().cdf(fmpq(2)))) < 0.03


def test_a_divergence_that_is_not_known() -> None:
    optimised = reweight(normal(), Tilt(fmpq(1)))
    assert isinstance(optimised, Reweighted)
    with pytest.raises(ValueError, match=r"expected one of kl, chi2, .*got 'l2'"):
        optimised.divergence("l2")


def test_a_weight_that_is_not_known() -> None:
    with pytest.raises(TypeError, match="no reweighting is known"):
        reweight(normal(), "heavier")  # type: ignore[arg-type]
