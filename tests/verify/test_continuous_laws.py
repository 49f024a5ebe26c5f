"""Continuous laws: every number in balls, by mpmath integrals of the density, and by scipy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_series, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.law_cases import (
    CONTINUOUS,
    LawCase,
    all_cases,
    draw_law,
    few,
    rational,
    some,
    tilts,
)
from tests.verify.law_checks import (
    BITS,
    check_cumulants,
    check_moments,
    check_point,
    check_samples,
    check_scipy,
    inside,
)
from verify.arithmetic import numpy_arithmetic
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, accurate, ball, escalate, working_precision
from verify.law import Law, LawError
from verify.laws import CATALOGUE, parse
from verify.laws.bases import float_of
from verify.laws.light import Exponential, Gamma, Logistic
from verify.laws.power import Pareto
from verify.laws.stretched import Lognormal, Weibull
from verify.taylor_series import SERIES, series_length

# ---- the table ------------------------------------------------------------------------------


def test_the_table_has_every_continuous_law() -> None:
    continuous = {name for name, law in CATALOGUE.items() if issubclass(law, ContinuousLaw)}
    assert {case.name for case in CONTINUOUS} == continuous


@all_cases
@given(data=st.data())
@some
def test_text_parses_back(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    assert parse(str(law)) == law


# ---- every number by a second method --------------------------------------------------------


@all_cases
@given(data=st.data())
@few
def test_tails_and_means_agree_with_mpmath(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    check_point(law, data.draw(st.sampled_from([t for t in case.points if inside(law, t)])), case)


@all_cases
@given(data=st.data())
@few
def test_cumulants_agree_with_mpmath(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    choices = tilts(law)
    if choices:
        check_cumulants(law, data.draw(st.sampled_from(choices)), case)


@all_cases
@given(data=st.data())
@few
def test_moments_of_parts_agree_with_mpmath(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    limits = [t for t in case.points if inside(law, t) and abs(t) < 100]
    low = data.draw(st.sampled_from(limits))
    high = data.draw(st.sampled_from([t for t in limits if t > low] or [law.support[1]]))
    tilt = (
        fmpq(-1) if isinstance(high, Diverges) else data.draw(st.sampled_from([fmpq(-1), fmpq(2)]))
    )
    check_moments(law, tilt, low, None if isinstance(high, Diverges) else high, case)


@pytest.mark.parametrize("tilt", [fmpq(-3), fmpq(0), fmpq(5, 2)])
@pytest.mark.parametrize("limits", [(None, fmpq(1, 3)), (fmpq(1, 3), None), (fmpq(4), None)])
def test_moments_of_weibull_parts_agree_with_mpmath(limits: Any, tilt: fmpq) -> None:
    check_moments(Weibull(fmpq(7, 3)), tilt, *limits, CASE["weibull"])


@pytest.mark.parametrize("shape", ["1.05", "1.3", "100"])
def test_weibull_cumulants_at_large_tilts(shape: str) -> None:
    # K is the Legendre transform of x^k up to logs: K' is near the peak of l x - x^k.
    law, k = Weibull(rational(shape)), rational(shape)
    for tilt in (fmpq(1000), fmpq(10) ** 6):
        first = escalate(
            lambda tilt=tilt: law.cumulants(tilt)[1], lambda v: accurate(v, 40), "K'", last=1024
        )
        with working_precision(1024):
            peak = (ball(tilt) / k) ** (1 / (k - 1))
        assert abs(first / peak - 1) < 1e-2


@all_cases
@given(data=st.data())
@some
def test_tails_and_density_agree_with_scipy(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    if case.name in ("half_student_t", "log_cauchy", "log_gamma"):  # scipy has none
        with pytest.raises(TypeError, match="scipy has no distribution"):
            law.scipy()
        return
    check_scipy(law, case.points, law.scipy())


@all_cases
@given(data=st.data())
@few
def test_density_in_float64_is_the_same_formula(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    points = [t for t in case.points if inside(law, t) and abs(t) < 100]
    floats = law.log_density(np.array([float_of(t) for t in points]), numpy_arithmetic())
    with working_precision(BITS):
        exact = [float(law.density(t).log().mid()) for t in points]
    # log-densities are sums of terms of at most 1e5 in size here, each with a relative error of
    # some ulps of 1e-16.
    np.testing.assert_allclose(floats, exact, rtol=1e-10, atol=1e-10)


# ---- properties of the balls themselves -----------------------------------------------------


@all_cases
@given(data=st.data())
@some
def test_survival_and_cdf_add_up_and_are_monotone(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    with working_precision(BITS):
        before = arb(1)
        for t in sorted(case.points):
            survival, cdf = law.survival(t), law.cdf(t)
            assert (survival + cdf).contains(1) and (survival + cdf - 1).rad() < 1e-20
            assert not survival > before, f"{law}: the survival function rises before {t}"
            assert law.mass_at(t) == 0
            if not inside(law, t):
                assert survival in (0, 1) and law.density(t) == 0
            before = survival


@all_cases
@given(data=st.data())
@some
def test_balls_of_more_bits_lie_where_those_of_fewer_do(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    for name, number in numbers(law, case):
        with working_precision(64):
            coarse = number()
        with working_precision(256):
            fine = number()
        if isinstance(fine, Diverges):
            assert coarse == fine
            continue
        assert fine.is_finite(), f"{law}: {name} is {fine} at 256 bits"
        overlaps = coarse.overlaps(fine) or not coarse.is_finite()
        assert overlaps, f"{law}: {name} is {coarse} at 64 bits, {fine} at 256"


def numbers(law: ContinuousLaw, case: LawCase) -> list[tuple[str, Callable[[], Any]]]:
    """What there is to compute at the points and tilts of a case."""
    found: list[tuple[str, Callable[[], Any]]] = [("mean", law.mean)]
    for t in case.points:
        if inside(law, t):
            for function in (law.log_survival, law.log_cdf, law.density, law.upper_mean):
                found.append((f"{function.__name__}({t})", lambda f=function, t=t: f(t)))
            found.append((f"tail_mean({t})", lambda t=t: law.tail_mean(t)))
    slow = case.name in ("weibull", "gev")
    if not slow and type(law).cumulant_series is not ContinuousLaw.cumulant_series:
        for tilt in tilts(law)[:2]:
            found += [
                (f"K^({i})({tilt})", lambda i=i, tilt=tilt: law.cumulants(tilt)[i])
                for i in range(3)
            ]
    return found


@all_cases
@given(data=st.data())
@some
def test_a_ball_of_points_gets_a_ball_of_values(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    width = data.draw(st.sampled_from([fmpq(1, 10**30), fmpq(1, 10**9), fmpq(1, 100)]))
    for t in case.points:
        ends = [t * (1 - width), t, t * (1 + width)]
        if t == 0 or not all(inside(law, end) for end in ends):
            continue
        with working_precision(BITS):
            around = ball(t) + arb(0, ball(abs(t) * width).upper())
            for name in ("log_survival", "log_cdf", "upper_mean", "tail_mean", "density"):
                wide = getattr(law, name)(around)
                if isinstance(wide, Diverges) or not wide.is_finite():
                    continue
                for end in ends:
                    value = getattr(law, name)(end)
                    assert wide.overlaps(value), f"{law}: {name} around {t} misses it at {end}"


@all_cases
@given(data=st.data())
@few
def test_quantile_inverts_the_cdf(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    level = data.draw(st.sampled_from([fmpq(1, 1000), fmpq(1, 3), fmpq(1, 2), fmpq(99, 100)]))
    with working_precision(64):
        x = law.quantile(level)
        assert x.is_finite()
        low, high = x.lower(), x.upper()
    with working_precision(BITS):
        assert law.cdf(low) <= level or law.cdf(low).overlaps(arb(level))
        assert law.cdf(high) >= level or law.cdf(high).overlaps(arb(level))
        assert (law.cdf(high) - law.cdf(low)).abs_upper() < 1e-9


# ---- sampling -------------------------------------------------------------------------------


@all_cases
def test_samples_have_the_law(case: LawCase, rng: np.random.Generator) -> None:
    for value in (fmpq(4, 3), fmpq(7, 2)):
        drawn = {"low": fmpq(-1), "high": value, "mu": value, "alpha": value}
        law = case.build(**{name: drawn.get(name, value) for name in case.parameters})
        check_samples(law, 40_000, rng)


# ---- parameters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: parse("uniform(low=2, high=2)"), "low must be below high"),
        (lambda: parse("gamma(shape=0)"), "shape must be"),
        (lambda: parse("gev(xi=1e7)"), "xi must be"),
        (lambda: parse("normal(sigma=-1)"), "sigma must be a positive number"),
        (lambda: Gamma(float("nan")), "shape must be"),
        (lambda: Lognormal(sigma=0), "sigma must be a positive number"),
    ],
)
def test_bad_parameters_get_one_line(build: Callable[[], Law], names: str) -> None:
    with pytest.raises(LawError, match=names) as caught:
        build()
    assert "\n" not in str(caught.value)


# ---- planted violations: each check can fail ------------------------------------------------


class WrongSurvival(Pareto):
    def _log_survival(self, x: arb) -> arb:
        return super()._log_survival(x) * (1 + arb(10) ** -9)


class WrongUpperMean(Pareto):
    def _upper_mean(self, x: arb) -> arb:
        return super()._upper_mean(x) * (1 + arb(10) ** -9)


class WrongTailMean(Pareto):
    def tail_mean(self, t: Any) -> Any:
        return self.alpha / (self.alpha - 1) * ball(t) + arb(10) ** -9


class WrongMean(Pareto):
    def mean(self) -> Any:
        return ball(self.alpha / (self.alpha - 1)) + arb(10) ** -9


class WrongDensity(Pareto):
    def log_density(self, x: Any, arithmetic: Any) -> Any:
        return super().log_density(x, arithmetic) + arithmetic.number(fmpq(1, 10**9))


class WrongCumulants(Exponential):
    def cumulant_series(self, tilt: arb) -> arb_series:
        return super().cumulant_series(tilt) + arb_series([0, 0, arb(10) ** -9], prec=3)


CASE = {case.name: case for case in CONTINUOUS}


@pytest.mark.parametrize(
    "build", [WrongSurvival, WrongUpperMean, WrongTailMean, WrongMean, WrongDensity]
)
def test_a_planted_error_is_caught_by_the_integrals(build: type[Pareto]) -> None:
    check_point(Pareto(fmpq(5, 2)), fmpq(3), CASE["pareto"])
    with pytest.raises(AssertionError, match="pareto"):
        check_point(build(fmpq(5, 2)), fmpq(3), CASE["pareto"])


def test_planted_cumulants_are_caught_by_the_integrals() -> None:
    check_cumulants(Exponential(), fmpq(1, 2), CASE["exponential"])
    with pytest.raises(AssertionError, match="K''"):
        check_cumulants(WrongCumulants(), fmpq(1, 2), CASE["exponential"])


@pytest.mark.parametrize("build", [WrongSurvival, WrongDensity])
def test_a_planted_error_is_caught_by_scipy(build: type[Pareto]) -> None:
    points = (fmpq(10) ** 10,)
    right, wrong = Pareto(fmpq(5, 2)), build(fmpq(5, 2) + fmpq(1, 10**7))
    check_scipy(right, points, right.scipy())
    with pytest.raises(AssertionError, match="scipy has"):
        check_scipy(wrong, points, right.scipy())


def test_samples_of_another_law_are_caught(rng: np.random.Generator) -> None:
    class Other(Exponential):
        def sample(self, size: int, rng: np.random.Generator) -> Any:
            return super().sample(size, rng) * 1.05

    with pytest.raises(AssertionError, match="draws lie above"):
        check_samples(Other(), 40_000, rng)


@pytest.mark.parametrize("side", [-1, 1])
def test_the_logistic_density_far_out_keeps_the_digits_of_its_series(side: int) -> None:
    """In the logarithm of ``|x|``, by ``1/(4 cosh^2(x/2))`` at five times the precision."""
    terms, law = 30, Logistic()

    def powers() -> arb_series:
        return (arb(50).log() + arb_series([0, 1])).exp() * side

    with series_length(terms):
        with working_precision(96):
            found = law.log_density(powers(), SERIES).exp().coeffs()
        with working_precision(480):
            half = (powers() / 2).exp()
            truth = (1 / (half + 1 / half) ** 2).coeffs()
    for k in range(terms):
        assert found[k].overlaps(truth[k])
        # exp(50 (1 - e^h)) has the coefficients of exp(-50 h): the error is small beside those.
        size = (-arb(50)).exp() * arb(50) ** k / arb(k + 1).gamma()
        assert found[k].rad() < size * 2.0**-75


def test_a_skew_normal_tail_is_kept_by_its_ball_and_precision() -> None:
    """The integral behind it is kept: not one point for a ball, nor few digits for many."""
    law = parse("skew_normal(alpha=3)")
    with working_precision(53):
        rough = law.cdf(arb(-1))
    with working_precision(120):
        sharp, wide = law.cdf(arb(-1)), law.cdf(arb(-1, 1e-6))
        assert rough.contains(sharp) and sharp.rad() < rough.rad() * arb(2) ** -50
        assert wide.rad() >= law.density(-1) * 0.9e-6 and wide.contains(law.cdf(arb("-1.0000009")))
