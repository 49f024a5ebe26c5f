"""Discrete laws: every number by balls, by mpmath sums over the masses, and by scipy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy import stats

from tests.verify.law_cases import rational, rationals
from tests.verify.mpmath_route import mp_ball, mp_number
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.law import Law, LawError
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
from verify.laws.lattice import LatticeLaw

#: As many as the profile says: ten times as many under HEAVY=1.
EXAMPLES = settings().max_examples

BITS = 128
#: The masses and their sums in mpmath have 50 digits, of which the sums lose a few.
DIGITS = 50
SUM_ERROR = 1e-40


@dataclass(frozen=True)
class DiscreteCase:
    """A law, its parameters, its mass in mpmath from the textbook, and scipy's distribution."""

    name: str
    build: Callable[..., Law]
    parameters: dict[str, st.SearchStrategy[fmpq]]
    first: int
    mass: Callable[..., Any]
    scipy: Callable[..., Any]
    last: Callable[[dict[str, fmpq]], int | None] = lambda drawn: None


#: Ratios of neighbouring masses are at most 3/4, far out, which makes sums of masses short.
_P = rationals("1/4", "11/12")

CASES = (
    DiscreteCase(
        "bernoulli",
        bernoulli,
        {"p": _P},
        0,
        lambda k, p: p if k else 1 - p,
        stats.bernoulli,
        lambda drawn: 1,
    ),
    DiscreteCase(
        "binomial",
        binomial,
        {"n": st.integers(1, 60).map(fmpq), "p": _P},
        0,
        lambda k, n, p: mp.binomial(n, k) * p**k * (1 - p) ** (n - k),
        stats.binom,
        lambda drawn: int(drawn["n"].p),
    ),
    DiscreteCase(
        "poisson",
        poisson,
        {"mu": rationals("1/12", "40")},
        0,
        lambda k, mu: mp.exp(-mu) * mu**k / mp.factorial(k),
        stats.poisson,
    ),
    DiscreteCase(
        "geometric", geometric, {"p": _P}, 1, lambda k, p: p * (1 - p) ** (k - 1), stats.geom
    ),
    DiscreteCase(
        "negative_binomial",
        negative_binomial,
        {"r": rationals("1/6", "12"), "p": _P},
        0,
        lambda k, r, p: mp.rf(r, k) / mp.factorial(k) * p**r * (1 - p) ** k,
        stats.nbinom,
    ),
    DiscreteCase(
        "zeta",
        zeta,
        {"s": rationals("5/4", "9")},
        1,
        lambda k, s: mp.mpf(k) ** -s / mp.zeta(s),
        stats.zipf,
    ),
)
BY_NAME = {case.name: case for case in CASES}
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
SAMPLES = settings(max_examples=EXAMPLES // 4)


def drawn_from(data: st.DataObject, case: DiscreteCase) -> tuple[dict[str, fmpq], Law]:
    drawn = data.draw(st.fixed_dictionaries(case.parameters))
    return drawn, case.build(**drawn)


def masses(case: DiscreteCase, drawn: dict[str, fmpq], count: int) -> list[Any]:
    """The first masses, in mpmath."""
    numbers = {name: mp_number(value) for name, value in drawn.items()}
    last = case.last(drawn)
    stop = case.first + count if last is None else min(case.first + count, last + 1)
    return [case.mass(k, **numbers) for k in range(case.first, stop)]


def assert_contains(
    value: arb, truth: Any, error: Any = 0, digits: int = 25, size: Any = 0
) -> None:
    """The ball contains ``truth +- error`` and is narrow, relative to itself or to ``size``."""
    middle, radius = mp_ball(value)
    assert abs(middle - truth) <= radius + error, f"{value} does not contain {mp.nstr(truth, 30)}"
    assert radius <= max(abs(middle), size) * mp.mpf(10) ** -digits, f"{value} is wide"


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


# ------------------------------------------------------------------ far out


def mp_log_tail(law: str, n: Any) -> Any:
    """``log Q(X > n)`` in mpmath from the first masses beyond n, with many digits."""
    logs: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "poisson": (
            (n + 1) * mp.log(3) - 3 - mp.loggamma(n + 2),
            lambda j: mp.mpf(3) / (n + 2 + j),
        ),
        "geometric": (n * mp.log(mp.mpf(4) / 5), lambda j: mp.mpf(0)),
        "negative_binomial": (
            mp.loggamma(n + mp.mpf(7) / 2)
            - mp.loggamma(mp.mpf(5) / 2)
            - mp.loggamma(n + 2)
            + mp.mpf(5) / 2 * mp.log(mp.mpf(3) / 10)
            + (n + 1) * mp.log(mp.mpf(7) / 10),
            lambda j: mp.mpf(7) / 10 * (n + mp.mpf(7) / 2 + j) / (n + 2 + j),
        ),
    }
    start, ratio = logs[law]
    term = total = mp.mpf(1)
    for j in range(600):
        term *= ratio(j)
        total += term
    return start + mp.log(total)


@pytest.mark.parametrize("exponent", [3, 15, 50, 1000])
@pytest.mark.parametrize("name", ["poisson", "geometric", "negative_binomial"])
def test_far_tails_keep_relative_digits(name: str, exponent: int) -> None:
    law = {
        "poisson": poisson(3),
        "geometric": geometric(p=fmpq(1, 5)),
        "negative_binomial": negative_binomial(fmpq(5, 2), fmpq(3, 10)),
    }[name]
    with working_precision(BITS), mp.workdps(exponent + 60):
        n = 10**exponent
        truth = mp_log_tail(name, mp.mpf(n))
        for t in (fmpq(n), fmpq(n) + fmpq(1, 2), arb(n)):
            value = law.log_survival(t)
            assert value.rel_accuracy_bits() > 115
            assert_contains(value, truth, abs(truth) * mp.mpf(10) ** -50)
        mean = law.tail_mean(fmpq(n))
        assert isinstance(mean, arb) and mean.rel_accuracy_bits() > 110 and not mean < n


@pytest.mark.parametrize("mu", ["1/1000000", "1/3", "50", "1000000"])
def test_poisson_tails_meet_across_their_change_of_method(mu: str) -> None:
    law = poisson(mu=rational(mu))
    with working_precision(BITS):
        centre = int(rational(mu).floor())
        for n in {max(centre + d, 0) for d in (-3000, -2, -1, 0, 1, 2, 3000)}:
            above, before = law.survival(fmpq(n)), law.survival(fmpq(n - 1))
            assert (before - above).overlaps(law.mass_at(fmpq(n)))
            assert (law.cdf(fmpq(n)) + above).overlaps(arb(1)) and above.rel_accuracy_bits() > 90


@pytest.mark.parametrize(
    ("r", "p"),
    [("5/2", "1/1000000"), ("1/1000000", "1/2"), ("1000000", "1/9"), ("2000", "1/100000")],
)
def test_negative_binomial_tails_at_hard_parameters(r: str, p: str) -> None:
    law = negative_binomial(r=rational(r), p=rational(p))
    with working_precision(BITS):
        mean = law.mean()
        assert isinstance(mean, arb)
        centre = int(mean.floor().unique_fmpz())
        for factor in (0, fmpq(1, 7), 1, fmpq(9, 8), 2, 40, 5000):
            n = int((fmpq(centre) * factor + 3).floor())
            above, before = law.survival(fmpq(n)), law.survival(fmpq(n - 1))
            assert above.rel_accuracy_bits() > 90, (n, above)
            # The difference of neighbouring tails is the mass, to what is left of its digits.
            assert (before - above).overlaps(law.mass_at(fmpq(n)))
            assert (law.cdf(fmpq(n)) + above).overlaps(arb(1))


@every_case
def test_huge_points_given_as_balls_are_covered_and_quick(case: DiscreteCase) -> None:
    simple = {"n": 7, "p": fmpq(1, 5), "mu": 3, "r": fmpq(5, 2), "s": fmpq(5, 2)}
    law = case.build(**{name: simple[name] for name in case.parameters})
    started = time.perf_counter()
    with working_precision(BITS):
        for huge in (arb(10) ** 50, arb(10**4).exp(), arb(10**9).exp()):
            value = law.log_survival(huge)
            inside = law.log_survival(huge.mid())
            assert value.is_nan() or not value.is_finite() or value.contains(inside)
            if law.support[1] == Diverges(1):
                assert value.rel_accuracy_bits() > 100
                mean = law.tail_mean(huge)
                assert isinstance(mean, arb) and mean.rel_accuracy_bits() > 100
            assert law.log_survival(-huge) == 0
            assert huge.is_exact() or law.mass_at(huge).contains(0)
        assert not law.survival(arb("nan")).is_finite() and not law.survival(arb("inf")).is_finite()
    # Written out, exp(1e9) is an integer of 1.4e9 bits; a second is a thousand times what it takes.
    assert time.perf_counter() - started < 1


@every_case
@SAMPLES
@given(data=st.data())
def test_a_ball_covers_all_its_points(case: DiscreteCase, data: st.DataObject) -> None:
    _, law = drawn_from(data, case)
    low = data.draw(rationals("-1", "12"))
    high = low + data.draw(rationals("0", "3"))
    with working_precision(BITS):
        t = arb(low).union(arb(high))
        for part in range(4):
            at = low + (high - low) * fmpq(part, 3)
            for closed in (False, True):
                assert law.survival(t, closed).contains(law.survival(at, closed))
                assert law.cdf(t, closed).contains(law.cdf(at, closed))
                inner = law.log_survival(at, closed)
                outer = law.log_survival(t, closed)
                assert outer.contains(inner) or not outer.is_finite()
            assert law.mass_at(t).contains(law.mass_at(at))
            mean, wide = law.upper_mean(at), law.upper_mean(t)
            assert wide == mean if isinstance(mean, Diverges) else wide.contains(mean)  # type: ignore[union-attr]


# ------------------------------------------------------------------ quantiles, samples, the rest


@every_case
@SAMPLES
@given(data=st.data())
def test_quantiles_are_the_least_atoms_that_reach_the_level(
    case: DiscreteCase, data: st.DataObject
) -> None:
    _, law = drawn_from(data, case)
    level = data.draw(rationals("1/12", "11/12"))
    with working_precision(BITS):
        x = law.quantile(level)
        assert x.is_exact() and x.is_integer()
        at = x.fmpq()
        assert not law.cdf(at) < ball(level) and not law.cdf(at - 1) > ball(level)


def test_quantiles_at_levels_that_are_hit_exactly() -> None:
    assert bernoulli(p=fmpq(2, 3)).quantile(fmpq(1, 3)) == 0
    assert binomial(3, fmpq(1, 3)).quantile(fmpq(8, 27)) == 0
    assert binomial(3, fmpq(1, 3)).quantile(fmpq(8, 27) + fmpq(1, 10**40)) == 1
    assert geometric(p=fmpq(1, 3)).quantile(fmpq(5, 9)) == 2
    assert negative_binomial(2, fmpq(1, 3)).quantile(fmpq(1, 9)) == 0
    # Where balls cannot tell, the answer covers both candidates.
    either = negative_binomial(fmpq(1, 2), fmpq(1, 4)).quantile(fmpq(1, 2))  # cdf(0) = 1/2
    assert either.contains(0) and either.contains(1)
    for level in (fmpq(0), fmpq(1), fmpq(7, 5)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            poisson(3).quantile(level)


def test_far_quantiles() -> None:
    level = 1 - fmpq(1, 10**12)
    tiny = geometric(p=fmpq(1, 10**300))
    with working_precision(2048):
        for law in (zeta(s=fmpq(3, 2)), tiny, poisson(100)):
            x = law.quantile(level).fmpq()
            assert law.survival(x) <= ball(1 - level) and law.survival(x - 1) > ball(1 - level)
    with working_precision(BITS):  # too few bits to single out an integer of 300 digits
        assert tiny.quantile(level).rel_accuracy_bits() > 80


@every_case
def test_draws_have_the_law(case: DiscreteCase, rng: np.random.Generator) -> None:
    simple = {"n": 7, "p": fmpq(1, 5), "mu": 3, "r": fmpq(5, 2), "s": fmpq(5, 2)}
    law = case.build(**{name: simple[name] for name in case.parameters})
    size = 20_000
    draws = law.sample(size, rng)
    assert draws.dtype == np.float64 and draws.shape == (size,)
    assert (draws == np.floor(draws)).all() and draws.min() >= case.first
    for k in range(case.first, case.first + 8):
        mass = float(law.mass_at(fmpq(k)))
        # Five standard errors: one false alarm in two million.
        assert abs((draws == k).mean() - mass) <= 5 * np.sqrt(mass * (1 - mass) / size) + 1e-12


def test_draws_beyond_64_bit_integers(rng: np.random.Generator) -> None:
    for law, level in ((zeta(s=fmpq(11, 10)), 1e19), (geometric(p=fmpq(1, 10**20)), 1e19)):
        draws, tail = law.sample(4000, rng), float(law.survival(fmpq(int(level))))
        assert abs((draws > level).mean() - tail) < 5 * np.sqrt(tail * (1 - tail) / 4000)


def test_point() -> None:
    law = point(fmpq(1, 3))
    assert str(law) == "point(x=1/3)" and law.support == (fmpq(1, 3), fmpq(1, 3))
    assert law.survival(fmpq(1, 3)) == 0 and law.survival(fmpq(1, 3), closed=True) == 1
    assert law.cdf(fmpq(1, 3)) == 1 and law.cdf(fmpq(1, 3), open=True) == 0
    assert law.log_survival(fmpq(1, 4)) == 0 and law.log_survival(fmpq(1)) == arb.neg_inf()
    unsure = arb(1) / 3
    assert law.survival(unsure).contains(0) and law.survival(unsure).contains(1)
    assert law.log_survival(unsure).is_nan() and law.survival(arb(0.25)) == 1
    assert law.mean().contains(fmpq(1, 3)) and law.upper_mean(fmpq(0)).contains(fmpq(1, 3))  # type: ignore[union-attr]
    assert law.upper_mean(fmpq(1)) == 0 and law.lower_mean(fmpq(1)).contains(fmpq(1, 3))  # type: ignore[union-attr]
    k, mean, variance = law.cumulants(fmpq(6))
    assert k.contains(2) and mean.contains(fmpq(1, 3)) and variance == 0
    assert list(law.atoms()) == [(fmpq(1, 3), arb(1))]
    assert law.quantile(fmpq(1, 2)).contains(fmpq(1, 3))
    assert law.exponential_moments(arb(3), fmpq(1, 3), None) == (0, 0, 0)
    assert law.exponential_moments(arb(3), None, fmpq(1, 3))[0].overlaps(arb(1).exp())
    assert (law.sample(3, np.random.default_rng(0)) == 1 / 3).all()


@pytest.mark.parametrize(
    "text",
    [
        "bernoulli(p=0)",
        "bernoulli(p=1)",
        "binomial(n=0, p=0.5)",
        "binomial(n=2.5, p=0.5)",
        "poisson(mu=0)",
        "geometric(p=2)",
        "negative_binomial(r=0, p=0.5)",
        "zeta(s=1)",
        "zeta(s=0.5)",
    ],
)
def test_parameters_outside_their_domain(text: str) -> None:
    with pytest.raises(LawError, match="must be"):
        parse(text)


def test_every_lattice_law_is_in_the_table() -> None:
    from verify.laws import CATALOGUE

    lattice = {name for name, law in CATALOGUE.items() if issubclass(law, LatticeLaw)}
    assert lattice == set(BY_NAME)
