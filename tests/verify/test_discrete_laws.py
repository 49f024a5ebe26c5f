"""Discrete laws: every number by balls, by mpmath sums over the masses, and by scipy."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from tests.verify.discrete_cases import (
    BITS,
    BY_NAME,
    CASES,
    SAMPLES,
    DiscreteCase,
    assert_contains,
    drawn_from,
    every_case,
)
from tests.verify.law_cases import rational, rationals
from tests.verify.mpmath_route import mp_number
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.law import Law
from verify.laws import (
    bernoulli,
    binomial,
    geometric,
    negative_binomial,
    parse,
    point,
    poisson,
    zeta,
)

#: The masses and their sums in mpmath have 50 digits, of which the sums lose a few.
DIGITS = 50
SUM_ERROR = 1e-40


def masses(case: DiscreteCase, drawn: dict[str, fmpq], count: int) -> list[Any]:
    """The first masses, in mpmath."""
    numbers = {name: mp_number(value) for name, value in drawn.items()}
    last = case.last(drawn)
    stop = case.first + count if last is None else min(case.first + count, last + 1)
    return [case.mass(k, **numbers) for k in range(case.first, stop)]


# ------------------------------------------------------------------ masses and tails


@every_case
@SAMPLES
@given(data=st.data())
def test_atoms_and_tails_against_sums(case: DiscreteCase, data: st.DataObject) -> None:
    drawn, law = drawn_from(data, case)
    with working_precision(BITS), mp.workdps(DIGITS):
        expected = masses(case, drawn, 120)
        found = list(islice(law.atoms(), len(expected)))
        assert [int(x.p) for x, _ in found] == list(range(case.first, case.first + len(expected)))
        up_to = mp.mpf(0)
        for (x, mass), truth in zip(found, expected, strict=True):
            assert_contains(mass, truth, SUM_ERROR * truth)
            assert mass.overlaps(law.mass_at(x))
            assert_contains(law.cdf(x, open=True), up_to, SUM_ERROR)
            assert_contains(law.survival(x, closed=True), 1 - up_to, SUM_ERROR)
            up_to += truth
            assert_contains(law.cdf(x), up_to, SUM_ERROR)
            if x != law.support[1]:
                assert_contains(law.survival(x), 1 - up_to, SUM_ERROR, digits=0)
                assert_contains(law.log_cdf(x), mp.log(up_to), SUM_ERROR / up_to)


@every_case
@SAMPLES
@given(data=st.data())
def test_against_scipy(case: DiscreteCase, data: st.DataObject) -> None:
    drawn, law = drawn_from(data, case)
    floats = {name: float(value.p) / float(value.q) for name, value in drawn.items()}
    names = {"mu": "mu", "s": "a", "r": "n"}
    frozen = case.scipy(**{names.get(name, name): value for name, value in floats.items()})
    with working_precision(BITS):
        for k in (case.first, case.first + 1, case.first + 5, case.first + 17):
            # scipy's tails have a relative error of about 1e-10 at these parameters.
            assert float(law.survival(fmpq(k))) == pytest.approx(frozen.sf(k), rel=1e-9, abs=1e-14)
            assert float(law.mass_at(fmpq(k))) == pytest.approx(frozen.pmf(k), rel=1e-9, abs=1e-14)
        mean = law.mean()
        if isinstance(mean, arb):
            assert float(mean) == pytest.approx(frozen.mean(), rel=1e-9)
        for level in ("1/100", "1/3", "9/10"):
            quantile = law.quantile(rational(level))
            assert law.cdf(quantile) >= ball(rational(level)) or law.cdf(quantile).overlaps(
                ball(rational(level))
            )


@every_case
@SAMPLES
@given(data=st.data())
def test_points_between_atoms_and_strictness(case: DiscreteCase, data: st.DataObject) -> None:
    _, law = drawn_from(data, case)
    shift, scale = (data.draw(rationals("-3", "3").filter(bool)) for _ in range(2))
    image = shift + scale * law
    with working_precision(BITS):
        for k in (case.first, case.first + 1):
            check_strictness(law, fmpq(k))
            check_strictness(image, shift + scale * k)
            assert law.survival(fmpq(k)).overlaps(law.survival(fmpq(k) + fmpq(1, 3)))
            assert law.mass_at(fmpq(k) + fmpq(1, 3)) == 0
        assert law.survival(fmpq(case.first), closed=True) == 1
        assert law.survival(fmpq(case.first) - fmpq(1, 10**30)) == 1
        assert law.log_cdf(fmpq(case.first), open=True) == arb.neg_inf()


def check_strictness(law: Law, atom: fmpq) -> None:
    """``Q(X >= x) - Q(X > x)`` and ``Q(X <= x) - Q(X < x)`` are the mass at x: positive."""
    mass = law.mass_at(atom)
    assert mass > 0, "no mass at an atom"
    assert (law.survival(atom, closed=True) - law.survival(atom)).overlaps(mass)
    assert (law.cdf(atom) - law.cdf(atom, open=True)).overlaps(mass)
    assert (law.cdf(atom) + law.survival(atom)).overlaps(arb(1))


def test_strictness_at_the_atoms_of_an_image_that_no_float_holds() -> None:
    law = parse("1/3 + 2/3*bernoulli(p=0.5)")
    third = fmpq(1, 3)
    assert law.survival(third) == arb(0.5) and law.survival(third, closed=True) == 1
    assert law.survival(fmpq(1)) == 0 and law.survival(fmpq(1), closed=True) == arb(0.5)
    assert law.survival(third - fmpq(1, 10**100)) == 1
    turned = -law
    assert turned.survival(-third) == 0 and turned.survival(-third, closed=True) == arb(0.5)
    assert turned.cdf(fmpq(-1), open=True) == 0 and turned.cdf(fmpq(-1)) == arb(0.5)
    # A ball that cannot tell the sides of an atom apart covers both.
    assert law.survival(arb(1) / 3).contains(arb(0.5)) and law.survival(arb(1) / 3).contains(1)


def test_the_strictness_check_catches_a_law_that_takes_one_tail_for_the_other() -> None:
    class Sloppy(type(poisson(3))):  # type: ignore[misc]
        def survival(self, t: Any, closed: bool = False) -> arb:
            return super().survival(t, True)

    with pytest.raises(AssertionError):
        check_strictness(Sloppy(fmpq(3)), fmpq(2))


def test_the_sums_catch_a_wrong_mass() -> None:
    case = replace(BY_NAME["poisson"], mass=lambda k, mu: mp.exp(-mu) * mu**k / mp.factorial(k + 1))
    with working_precision(BITS), mp.workdps(DIGITS), pytest.raises(AssertionError):
        assert_contains(poisson(3).mass_at(fmpq(4)), masses(case, {"mu": fmpq(3)}, 9)[4])


# ------------------------------------------------------------------ means and moments


def tail_sums(case: DiscreteCase, drawn: dict[str, fmpq], n: int, count: int) -> tuple[Any, Any]:
    """``Q(X > n)`` and ``E[X; X > n]`` by summing masses above n."""
    above = masses(case, drawn, count)[n + 1 - case.first :]
    weighted = [(n + 1 + i) * mass for i, mass in enumerate(above)]
    return mp.fsum(above), mp.fsum(weighted)


@pytest.mark.parametrize("case", CASES[:-1], ids=lambda case: case.name)
@SAMPLES
@given(data=st.data())
def test_means_against_sums(case: DiscreteCase, data: st.DataObject) -> None:
    drawn, law = drawn_from(data, case)
    with working_precision(BITS), mp.workdps(DIGITS):
        count, end = 500, law.support[1]  # (3/4)^500 < 1e-62
        mean = tail_sums(case, drawn, case.first - 1, count)[1]
        assert_contains(law.mean(), mean, SUM_ERROR * mean)  # type: ignore[arg-type]
        for n in {case.first, case.first + 1, case.first + 9}:
            if not isinstance(end, Diverges) and n >= end:
                assert law.upper_mean(fmpq(n)) == 0
                continue
            mass, upper = tail_sums(case, drawn, n, count)
            at = fmpq(n) + fmpq(1, 7)
            assert_contains(law.upper_mean(at), upper, 1e-38 * upper)  # type: ignore[arg-type]
            assert_contains(law.tail_mean(at), upper / mass, 1e-38 * upper / mass)  # type: ignore[arg-type]
            lower = law.lower_mean(at)
            assert_contains(lower, mean - upper, 1e-38 * mean, size=mean)  # type: ignore[arg-type]


@pytest.mark.parametrize("s", ["5/2", "3", "2.01", "30"])
def test_zeta_means_against_partial_sums(s: str) -> None:
    law = zeta(s=rational(s))
    with working_precision(BITS), mp.workdps(DIGITS):
        exponent = mp_number(rational(s))
        whole = mp.zeta(exponent - 1) / mp.zeta(exponent)
        assert_contains(law.mean(), whole, SUM_ERROR * whole)  # type: ignore[arg-type]
        for n in (1, 2, 40):
            below = mp.fsum(mp.mpf(k) ** (1 - exponent) for k in range(1, n + 1))
            upper = whole - below / mp.zeta(exponent)
            assert_contains(law.upper_mean(fmpq(n)), upper, SUM_ERROR * whole, digits=10)  # type: ignore[arg-type]


@pytest.mark.parametrize("s", ["1.001", "3/2", "2"])
def test_zeta_without_a_mean(s: str) -> None:
    law = zeta(s=rational(s))
    mean = law.mean()
    assert isinstance(mean, Diverges) and mean.sign == 1 and "diverges" in mean.because
    assert law.upper_mean(fmpq(10)) == mean and law.tail_mean(fmpq(10)) == mean
    with working_precision(BITS), mp.workdps(DIGITS):
        exponent = mp_number(rational(s))
        terms = [mp.mpf(k) ** (1 - exponent) / mp.zeta(exponent) for k in range(1, 61)]
        assert_contains(law.lower_mean(fmpq(60)), mp.fsum(terms), SUM_ERROR)  # type: ignore[arg-type]
        assert_contains(law.partial_mean(fmpq(7), fmpq(60)), mp.fsum(terms[7:]), SUM_ERROR)
        minus = -law
        assert minus.mean() == Diverges(-1)


@every_case
@SAMPLES
@given(data=st.data())
def test_cumulants_against_sums(case: DiscreteCase, data: st.DataObject) -> None:
    drawn, law = drawn_from(data, case)
    tilts = [rational("-2"), rational("-1/5")]
    rate = law.mgf_abscissa
    if rate != 0:
        tilts += [rational("1/25")]  # below -log(3/4) = 0.29
    with working_precision(BITS), mp.workdps(DIGITS):
        expected = masses(case, drawn, 600)
        for tilt in tilts:
            l = mp_number(tilt)  # noqa: E741
            terms = [mp.exp(l * (case.first + i)) * m for i, m in enumerate(expected)]
            sums = [
                mp.fsum((case.first + i) ** k * term for i, term in enumerate(terms))
                for k in range(3)
            ]
            mean = sums[1] / sums[0]
            truth = (mp.log(sums[0]), mean, sums[2] / sums[0] - mean**2)
            for value, number in zip(law.cumulants(tilt), truth, strict=True):
                # (3/4 exp(1/25))^600 < 1e-64 and exp(-600/5) < 1e-52: the sums are complete.
                assert_contains(value, number, 1e-30 * (1 + abs(number)), digits=20, size=1)
            moments = law.exponential_moments(ball(tilt))
            for value, number in zip(moments, sums, strict=True):
                assert_contains(value, number, 1e-30 * (1 + number), digits=18)


@every_case
@SAMPLES
@given(data=st.data())
def test_exponential_moments_of_parts(case: DiscreteCase, data: st.DataObject) -> None:
    drawn, law = drawn_from(data, case)
    low = data.draw(rationals("-2", "25"))
    high = low + data.draw(rationals("0", "30"))
    tilt = data.draw(st.sampled_from(["-3/2", "-1/9", "1/30"])) if case.name != "zeta" else "-1/4"
    with working_precision(BITS), mp.workdps(DIGITS):
        l, expected = mp_number(rational(tilt)), masses(case, drawn, 70)  # noqa: E741
        inside = [
            (x, mp.exp(l * x) * mass)
            for x, mass in enumerate(expected, case.first)
            if mp_number(low) < x <= mp_number(high)
        ]
        part = law.exponential_moments(arb(rational(tilt)), low, high)
        for k in range(3):
            truth = mp.fsum(x**k * mass for x, mass in inside)
            assert_contains(part[k], truth, 1e-38 * truth)
        beyond = law.exponential_moments(arb(rational(tilt)), high, None)
        before = law.exponential_moments(arb(rational(tilt)), None, low)
        for whole, *parts in zip(
            law.exponential_moments(arb(rational(tilt))), before, part, beyond, strict=True
        ):
            assert whole.overlaps(sum(parts, arb(0)))


def test_moments_far_in_the_tail_keep_their_digits() -> None:
    with working_precision(BITS):
        for law, n in ((poisson(3), 10**4), (negative_binomial(fmpq(5, 2), fmpq(1, 3)), 10**6)):
            at = fmpq(n)
            moments = law.exponential_moments(arb(0), at, None)
            assert moments[0].rel_accuracy_bits() > 90
            assert (moments[0].log() - law.log_survival(at)).contains(0)
            assert (moments[1] / moments[0]).overlaps(law.tail_mean(at))  # type: ignore[arg-type]


def test_too_many_atoms_to_sum() -> None:
    with pytest.raises(Undecided, match="atoms"):
        zeta(s=3).exponential_moments(arb(0), fmpq(0), fmpq(10**9))


# ------------------------------------------------------------------ rates


def test_rates() -> None:
    for law in (bernoulli(p=fmpq(1, 3)), binomial(5, fmpq(1, 3)), point(3)):
        assert law.mgf_abscissa == Diverges(1) and law.decay_rate is None
    assert poisson(3).mgf_abscissa == Diverges(1) and poisson(3).decay_rate is None
    assert "lattice" in poisson(3).right_tail.decay_because
    for law in (geometric(p=fmpq(1, 3)), negative_binomial(fmpq(5, 2), fmpq(1, 3))):
        assert str(law.mgf_abscissa) == "-log(2/3)" and law.decay_rate is None
        assert (2 * law).mgf_abscissa.ball().overlaps(-(arb(2) / 3).log() / 2)  # type: ignore[union-attr]
        below, above = fmpq(405, 1000), fmpq(406, 1000)  # log(3/2) = 0.40546...
        assert law.log_mgf(below).is_finite()  # type: ignore[union-attr]
        assert law.log_mgf(above) == Diverges(1)
        with pytest.raises(Undecided, match="infinite"):
            law.exponential_moments(arb(above), fmpq(3), None)
    law = zeta(s=fmpq(3, 2))
    assert law.mgf_abscissa == 0 and law.decay_rate == 0
    assert law.log_mgf(fmpq(1, 10**9)) == Diverges(1)
    with pytest.raises(Undecided):
        law.exponential_moments(arb(1), fmpq(3), None)
