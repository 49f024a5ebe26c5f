"""Continuous laws: every number in balls, by mpmath integrals of the density, and by scipy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_series, fmpq
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.verify.law_cases import CONTINUOUS, LawCase, rational, tilts
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
from verify.enclosure import Diverges, Undecided, accurate, ball, escalate, working_precision
from verify.law import Law, LawError
from verify.laws import CATALOGUE, parse
from verify.laws.bases import float_of
from verify.laws.light import Exponential, Gamma
from verify.laws.power import Pareto
from verify.laws.stretched import Lognormal, Weibull

EXAMPLES = settings().max_examples
# Integrals take tenths of a second: the failing law is told, not shrunk.
few = settings(max_examples=max(EXAMPLES // 13, 1), phases=[Phase.explicit, Phase.generate])
some = settings(max_examples=max(EXAMPLES // 4, 1))
all_cases = pytest.mark.parametrize("case", CONTINUOUS, ids=lambda case: case.name)

FAR: dict[str, Callable[[], arb]] = {
    "1e15": lambda: arb(10) ** 15,
    "1e50": lambda: arb(10) ** 50,
    "1e1000": lambda: arb(10) ** 1000,
    "exp(1e4)": lambda: arb(10**4).exp(),
}


def draw_law(data: st.DataObject, case: LawCase) -> ContinuousLaw:
    """A law of the case."""
    law = data.draw(case.laws())
    assert isinstance(law, ContinuousLaw)
    return law


def extremes() -> list[Any]:
    """The laws at the ends of what parameters are accepted."""
    return [
        pytest.param(
            case.build(**{k: rational(v) for k, v in values.items()}), id=f"{case.name}{i}"
        )
        for case in CONTINUOUS
        for i, values in enumerate(case.extreme)
    ]


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


# ---- far out --------------------------------------------------------------------------------


def check_far_tail(law: ContinuousLaw) -> None:
    """64 good bits of tail and mean above t within 4096 bits, far out; the tail falls."""
    if not isinstance(law.support[1], Diverges):
        return
    before = None
    for name, point in FAR.items():

        def good(value: Any) -> bool:
            return accurate(value, 64)

        tail = escalate(lambda p=point: law.log_survival(p()), good, f"{law} at {name}", last=4096)
        assert tail < 0 and (before is None or tail < before), f"{law}: no fall before {name}"
        before = tail.upper()
        above = escalate(lambda p=point: law.tail_mean(p()), good, f"{law} at {name}", last=4096)
        if isinstance(above, arb):
            # At the precision in force t itself is a ball, hence not `above > t`.
            assert not above < point(), f"{law}: E[X | X > t] < t at {name}"


@all_cases
@given(data=st.data())
@few
def test_far_tails_keep_their_digits(case: LawCase, data: st.DataObject) -> None:
    check_far_tail(draw_law(data, case))


@pytest.mark.parametrize("law", extremes())
def test_extreme_parameters(law: ContinuousLaw) -> None:
    check_far_tail(law)
    with working_precision(BITS):
        before = arb(1)
        for text in ("1e-9", "1/100", "1/3", "99/100", "1", "3/2", "20", "1e6"):
            t = rational(text)
            if inside(law, t):
                survival = law.survival(t)
                assert survival.is_finite() and survival < before + 1e-20, f"{law} at {t}"
                assert (survival + law.cdf(t)).contains(1)
                before = survival.upper()


@pytest.mark.parametrize("text", ["-1e15", "-1e50", "-1e1000"])
@all_cases
def test_far_left_tails_stay_finite(case: LawCase, text: str) -> None:
    law = case.build(**{name: _middle(name) for name in case.parameters})
    t = rational(text)
    with working_precision(512):
        if inside(law, t):
            assert law.log_cdf(t).is_finite() or case.name == "gumbel"  # -exp(1e1000)
            assert law.log_survival(t).is_finite()
        else:
            assert law.log_cdf(t) == arb.neg_inf() and law.log_survival(t) == 0


def _middle(name: str) -> fmpq:
    return fmpq(0) if name == "low" else fmpq(4, 3)


# ---- infinite means and exact rates ---------------------------------------------------------


@pytest.mark.parametrize(
    ("heavier", "lighter"),
    [
        ("pareto(alpha=1)", "pareto(alpha=1.0001)"),
        ("frechet(alpha=1)", "frechet(alpha=1.0001)"),
        ("burr(c=0.5, k=2)", "burr(c=0.5, k=2.0001)"),
        ("log_logistic(shape=1)", "log_logistic(shape=1.0001)"),
        ("inverse_gamma(shape=1)", "inverse_gamma(shape=1.0001)"),
        ("f(d1=3, d2=2)", "f(d1=3, d2=2.0001)"),
        ("student_t(df=1)", "student_t(df=1.0001)"),
        ("half_student_t(df=1)", "half_student_t(df=1.0001)"),
        ("genpareto(xi=1)", "genpareto(xi=0.9999)"),
        ("gev(xi=1)", "gev(xi=0.9999)"),
        ("cauchy()", "normal()"),
        ("half_cauchy()", "half_normal()"),
        ("levy()", "lognormal()"),
        ("log_cauchy()", "weibull(shape=1e-3)"),
        ("log_gamma(shape=1e-3)", "exponential()"),
    ],
)
def test_infinite_means_are_proved_infinities(heavier: str, lighter: str) -> None:
    mean = parse(heavier).mean()
    assert isinstance(mean, Diverges) and len(mean.because) > 10
    assert mean.sign == (0 if heavier.startswith(("student", "cauchy")) else 1)
    for t in (fmpq(-5), fmpq(2)):
        assert parse(heavier).upper_mean(t) == Diverges(+1)
        assert parse(heavier).tail_mean(t) == Diverges(+1)
    finite = parse(lighter).mean()
    assert isinstance(finite, arb) and finite.is_finite()


def test_symmetric_law_without_mean_has_infinite_lower_mean() -> None:
    assert parse("cauchy()").lower_mean(fmpq(1)) == Diverges(-1)
    assert parse("-1 * cauchy()").upper_mean(fmpq(1)) == Diverges(+1)


@all_cases
@given(data=st.data())
@few
def test_rates_agree_with_tails_and_mgf(case: LawCase, data: st.DataObject) -> None:
    law = draw_law(data, case)
    for tail, side in ((law.right_tail, 1), (law.left_tail, -1)):
        assert tail.abscissa_because and tail.decay_because
        if tail.decay is None:
            assert not isinstance(law.support[side > 0], Diverges)  # a bounded side
            assert tail.abscissa == Diverges(+1)
            continue
        assert tail.abscissa == tail.decay
        # Q(X > t + 1)/Q(X > t) tends to exp(-rate); the slowest, a stretched exponential of shape
        # 11/12, is there like t^(-1/12).
        t = fmpq(10) ** 400
        with working_precision(3000):  # t^(3/2) - (t + 1)^(3/2)
            function = law.log_survival if side > 0 else law.log_cdf
            fall = function(side * t) - function(side * (t + 1))
        if isinstance(tail.decay, Diverges):
            assert fall > 1e9
        else:
            assert abs(fall - fmpq(tail.decay)) < 1e-9, f"{law}: falls by {fall}"
        check_abscissa(law, side, tail.abscissa)


def check_abscissa(law: Law, side: int, abscissa: Any) -> None:
    """The MGF is infinite beyond the abscissa, with a reason; finite before it."""
    if isinstance(abscissa, Diverges):
        return  # test_cumulants_agree_with_mpmath has finite values
    beyond = law.log_mgf(side * (abscissa + fmpq(1, 10**9)))
    assert isinstance(beyond, Diverges) and beyond.sign == 1 and beyond.because
    with pytest.raises(Undecided, match="infinite"):
        law.cumulants(side * (abscissa + fmpq(1, 10**9)))
    at = law.log_mgf(side * abscissa)
    if abscissa == 0:
        assert at == 0
    elif "inverse_gaussian" in str(law):
        assert isinstance(at, arb) and at.is_finite()  # the one law finite at its abscissa
    else:
        assert at == Diverges(+1)


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


class LosesDigits(Exponential):
    """The textbook form of log S, which a double would get away with at t = 3."""

    def _log_survival(self, x: arb) -> arb:
        return (1 - (1 - (-x).exp())).log()


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


def test_planted_loss_of_digits_is_caught_far_out() -> None:
    check_far_tail(Exponential())
    with pytest.raises((AssertionError, Undecided)):
        check_far_tail(LosesDigits())


def test_samples_of_another_law_are_caught(rng: np.random.Generator) -> None:
    class Other(Exponential):
        def sample(self, size: int, rng: np.random.Generator) -> Any:
            return super().sample(size, rng) * 1.05

    with pytest.raises(AssertionError, match="draws lie above"):
        check_samples(Other(), 40_000, rng)
