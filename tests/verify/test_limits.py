"""Where E V goes under tilting: every pair of laws against the tilts themselves, and the ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.law_cases import LawCase, all_cases, draw_law, few, rationals
from verify.enclosure import Diverges, Number, Undecided, ball, working_precision
from verify.formula import Formula
from verify.independent_sum import rate_of_sum
from verify.law import Law
from verify.laws import CATALOGUE
from verify.laws.custom import Tail
from verify.limits import limit_of_utility
from verify.path_ends import largest_value, up_to_rate
from verify.reweighted import reweight
from verify.tilted_utility import tilted_utility
from verify.weight import Threshold, Tilt

NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'
#: At the rate the MGF of this one is finite, and the mean of its tilt is not.
LAST_MEAN_INFINITE = 'tail(log_sf="-x-2*log(1+x)", lower=0)'

HEAVY = (
    "lognormal()", "cauchy()", "student_t(3)", "pareto(2)", "weibull(0.5)", "frechet(2)",
    "burr(2, 1.2)", "log_logistic(3)", "inverse_gamma(3)", "f(3, 8)", "genpareto(0.5)", "gev(0.5)",
    "levy()", "log_cauchy()", "log_gamma(2)", "half_cauchy()", "half_student_t(3)", "zeta(3)",
)  # fmt: skip
LIGHT = (
    "exponential()", "gamma(2.5)", "laplace()", "logistic()", "gumbel()", "weibull(1)",
    "genpareto(0)", "gev(0)", "inverse_gaussian(2, 1)", "geometric(0.3)",
    "negative_binomial(2.5, 0.4)", "-gev(-1)", "1 - 2*laplace()", "0.5*laplace()",
    "mixture(0.5*gamma(2), 0.5*normal())", "truncate(logistic(), low=1)", LAST_MEAN_INFINITE,
)  # fmt: skip
FINITE_AT_RATE = (
    NON_STEEP, f"3*{NON_STEEP}", f"mixture(0.5*{NON_STEEP}, 0.5*normal())",
    f"truncate({NON_STEEP}, low=2)",
)  # fmt: skip
ENDLESS = (
    "normal()", "2 + 3*normal()", "half_normal()", "skew_normal(2)", "weibull(2)", "poisson(3)",
    "-gumbel()",
)  # fmt: skip
BOUNDED = (
    "uniform(-1, 2)", "beta(2, 3)", "genpareto(-0.5)", "gev(-0.5)", "bernoulli(0.3)",
    "binomial(5, 0.2)", "point(1)", "-pareto(2)", "-lognormal()", "truncate(poisson(3), high=2.5)",
)  # fmt: skip
TEXTS = HEAVY + LIGHT + FINITE_AT_RATE + ENDLESS + BOUNDED

#: What is left of the way to a finite rate, and tilts where there is no end.
GAPS = tuple(fmpq(1, 2**k) for k in (6, 12, 18, 24))
FAR = (1, 8, 64, 512)


@cache
def law(text: str) -> Law:
    return Law.parse(text)


#: ``log Q(X > x)`` is 0 up to x = 1, so there is no mass next to ``lower``. No parser lets it pass.
FLAT_AT_FIRST = Tail(Formula.parse("-(x - 1 + sqrt((x - 1)**2))"), Formula.number(0), ())


@cache
def means(text: str, rate: Any) -> list[arb]:
    """``K'(l)`` on the way to the rate, or ever further out."""
    if isinstance(rate, Diverges):
        tilts = [arb(tilt) for tilt in FAR]
    else:
        tilts = [(ball(rate) * (1 - gap)).mid() for gap in GAPS]
    with working_precision(128):
        return [law(text).cumulants(tilt)[1] for tilt in tilts]


def approaches(limit: Number | None, along: list[arb]) -> bool:
    """Whether rising means look as if they tended to the limit.

    The slowest finite limit of the table has tails x^-2 under the last tilt: what is left of the
    way is of the order of ``g log(1/g)`` at a gap g, or 1/l at a tilt l far out. The slowest
    infinite one grows like a logarithm of the tilt.
    """
    if any(after < before for before, after in pairwise(along)):
        return False
    if isinstance(limit, Diverges):
        steps = [after - before for before, after in pairwise(along)]
        return limit.sign > 0 and all(step > 1 for step in steps)
    if limit is None or any(mean > limit + arb(2) ** -60 for mean in along):
        return False
    gaps = [limit - mean for mean in along]
    closing = all(b < arb("1e-15") or b < a * arb("0.6") for a, b in pairwise(gaps))
    return closing and bool(gaps[-1] < arb("0.02"))


@pytest.mark.parametrize("error", TEXTS)
def test_every_pair(error: str) -> None:
    for utility in TEXTS:
        found = limit_of_utility(law(error), law(utility))
        assert found.because
        if error in HEAVY or utility in HEAVY:
            assert "no tilt" in found.because
            # A right-light X cannot make E U infinite, so V does; a heavy X leaves E V open.
            if error in HEAVY:
                assert found.mean_v is None and found.text == "not determined"
            else:
                assert found.mean_v == Diverges(+1)
            continue
        rate: Any = rate_of_sum(law(error), law(utility)).rate
        assert approaches(found.mean_v, means(utility, rate)), (utility, found)


def test_the_pairs_are_of_the_whole_catalogue() -> None:
    named = {part.split("(")[0] for text in TEXTS for part in text.replace("-", " ").split()}
    assert set(CATALOGUE) <= named


@pytest.mark.parametrize(
    ("utility", "rate", "wrong"),
    [
        ("normal()", fmpq(1), arb("1.001")),
        ("normal()", fmpq(1), arb("0.999")),
        ("normal()", fmpq(1), Diverges(+1)),
        ("laplace()", fmpq(1), arb(10) ** 6),
        ("laplace()", fmpq(1), Diverges(-1)),
        ("laplace()", fmpq(1), None),
        (NON_STEEP, fmpq(1), arb("0.68")),
        (NON_STEEP, fmpq(1), Diverges(+1)),
        ("uniform(-1, 2)", Diverges(+1), arb("1.99")),
        ("uniform(-1, 2)", Diverges(+1), arb("2.05")),
        ("poisson(3)", Diverges(+1), arb(3)),
    ],
)
def test_a_wrong_limit_is_noticed(utility: str, rate: Any, wrong: Number | None) -> None:
    assert not approaches(wrong, means(utility, rate))


@few
@all_cases
@given(data=st.data())
def test_drawn_laws_against_an_error_of_any_rate(data: st.DataObject, case: LawCase) -> None:
    utility, scale = draw_law(data, case), data.draw(rationals("1/3", "3"))
    found = limit_of_utility(scale * law("exponential()"), utility)
    if utility.mgf_abscissa == 0:
        assert found.mean_v == Diverges(+1) and "V is right-heavy" in found.because
        return
    slowest = rate_of_sum(scale * law("exponential()"), utility)
    rate = slowest.rate
    assert rate is not None and not isinstance(rate, Diverges)
    assert isinstance(found.mean_v, Diverges) == ("V" in slowest.set_by)
    with working_precision(160):
        along = [utility.cumulants(ball(rate) * (1 - gap))[1] for gap in GAPS]
        if isinstance(found.mean_v, Diverges):
            # A pole of K' at the rate, or a root of one: 64 times closer is at least 8 times more.
            assert all(after > 7 * before for before, after in pairwise(along[1:]))
            return
        assert found.mean_v is not None
        gaps = [found.mean_v - mean for mean in along]
        # K' is smooth at a rate that only X sets: the way left shrinks by about 64 each time.
        assert all(gap > 0 for gap in gaps) and all(b < a / 4 for a, b in pairwise(gaps))


# ---------------------------------------------------------------- numbers by mpmath


def by_mpmath(density: Callable[[Any], Any], low: Any, high: Any, tilt: Any) -> Any:
    """The mean of a tilt from a density, by mpmath's quadrature."""
    total, first = (
        mpmath.quad(lambda x, k=k: x**k * density(x) * mpmath.exp(tilt * x), [low, 0, high])
        for k in (0, 1)
    )
    return first / total


@pytest.mark.parametrize(
    ("error", "utility", "density", "rate"),
    [
        ("exponential()", "normal()", lambda x: mpmath.exp(-x * x / 2), 1),
        ("2*gamma(3)", "laplace()", lambda x: mpmath.exp(-abs(x)), "0.5"),
        ("inverse_gaussian(2, 1)", "logistic()", lambda x: mpmath.sech(x / 2) ** 2, "0.125"),
        ("exponential()", "0.5*laplace()", lambda x: mpmath.exp(-2 * abs(x)), 1),
    ],
)
def test_the_limit_is_the_mean_at_the_rate(
    error: str, utility: str, density: Callable[[Any], Any], rate: Any
) -> None:
    found = limit_of_utility(law(error), law(utility)).mean_v
    assert isinstance(found, arb)
    with mpmath.workdps(25):
        second = by_mpmath(density, -mpmath.inf, mpmath.inf, mpmath.mpf(rate))
        assert abs(mpmath.mpf(found.str(20, radius=False)) - second) < mpmath.mpf("1e-15")


def steep_at(power: int) -> str:
    """A tail with the rate 1 whose mean at the rate is finite for powers above 2."""
    return f'tail(log_sf="-x-{power}*log(1+x)", lower=0)'


@pytest.mark.parametrize(
    ("error", "utility", "along", "said"),
    [
        ("normal()", NON_STEEP, "as the price b falls to 1", "E V grows with them without bound"),
        ("normal()", f"2*{NON_STEEP}", "as the price b falls to 2", "without bound"),
        (steep_at(4), NON_STEEP, "as the price b falls to 1", "E V is not determined there"),
        ("exponential()", NON_STEEP, "", "tends to K_V'(l)"),  # E X grows endlessly: D* = oo
        (NON_STEEP, "normal()", "", "tends to K_V'(l)"),  # X takes what is left
    ],
)
def test_whose_limit_it_is(error: str, utility: str, along: str, said: str) -> None:
    """Past D* the points themselves are the second route: they keep the limit, or do not."""
    found = limit_of_utility(law(error), law(utility))
    assert found.along.endswith(along) and bool(found.along) == bool(along)
    assert found.because.endswith(said) and isinstance(found.mean_v, arb)
    points = tilted_utility(error, utility, kl_caps=["40", "80"]).points
    means = [point.mean_v for point in points]
    if said.endswith("without bound"):
        assert all(isinstance(mean, arb) for mean in means)
        # E V of a cap d is d/r and a constant; 1/r is at least 1.
        assert means[0] > found.mean_v + 30 and means[1] > means[0] + 39  # type: ignore[operator]
    elif along:
        assert means == [None, None]
    else:
        assert all(isinstance(mean, arb) and mean < found.mean_v + arb("1e-12") for mean in means)


@pytest.mark.parametrize(("power", "scale"), [("3", 1), ("2.5", 2), ("4", 3)])
def test_the_last_tilt_of_a_tail_by_mpmath(power: str, scale: int) -> None:
    """Tail ``exp(-x/c)(1 + x)^-a`` at the rate 1/c; the density by mpmath's own derivative rule."""
    found = law(f'tail(log_sf="-x/{scale} - {power}*log(1+x)", lower=0)')
    with working_precision(128):
        last = up_to_rate(found, fmpq(1, scale))
    assert not isinstance(last, Diverges)
    with mpmath.workdps(60):  # tanh-sinh at u^-1/2 keeps half of them
        a = mpmath.mpf(power)

        def weight(u: Any) -> Any:  # y = 1 + x = 1/u: the density times exp(x/c), dx = du/u^2
            return (u**a / scale + a * u ** (a + 1)) / u**2

        mass = mpmath.quad(weight, [0, 1])
        mean = mpmath.quad(lambda u: (1 / u - 1) * weight(u), [0, 1]) / mass
        for value, second in zip(last, (mpmath.log(mass), mean), strict=True):
            assert abs(mpmath.mpf(value.str(22, radius=False)) - second) < mpmath.mpf("1e-18")


# ---------------------------------------------------------------- the ends of the path


def test_below_the_rate_it_is_the_tilt() -> None:
    values = law("logistic()").cumulants(fmpq(1, 2))
    found = up_to_rate(law("logistic()"), fmpq(1, 2))
    assert not isinstance(found, Diverges)
    assert [str(value) for value in found] == [str(value) for value in values[:2]]


def test_beyond_the_rate_there_is_nothing() -> None:
    with pytest.raises(Undecided, match="infinite"):
        up_to_rate(law("logistic()"), fmpq(3, 2))
    with pytest.raises(Undecided, match="infinite"):
        up_to_rate(law(NON_STEEP), fmpq(1) + fmpq(1, 10**9))


def test_what_is_not_known_is_said() -> None:
    # x exp(rest) is 1/(x log(x)^2), whose integral is finite, but which no power of x bounds.
    unproved = law('tail(log_sf="-x - 2*log(1+x) - 2*log(1+log(1+x))", lower=0)')
    found = limit_of_utility(law("normal()"), unproved)
    assert found.mean_v is None and "no power of x decides" in found.because
    tilted = reweight(law("gumbel()"), Tilt(fmpq(1, 2)))
    assert limit_of_utility(law("normal()"), tilted).mean_v is None


@pytest.mark.parametrize(
    ("text", "largest"),
    [
        ("truncate(poisson(3), high=2.5)", 2),
        ("-truncate(poisson(3), low=2.5)", -3),
        ("-truncate(poisson(3), low=2)", -3),
        ("truncate(poisson(3), high=2)", 2),
        ("truncate(mixture(0.5*uniform(0, 1), 0.5*uniform(5, 6)), high=3)", 1),
        ("truncate(mixture(0.5*uniform(0, 1), 0.5*uniform(5, 6)), high=5.5)", 5.5),
        ("truncate(2*exponential(), high=3)", 3),
        ("truncate(-2*exponential(), high=3)", 0),
        ("mixture(0.5*uniform(), 0.5*point(7))", 7),
        ("3 - 2*beta(2, 3)", 3),
        (f"-{NON_STEEP}", 0),
        (f"truncate({NON_STEEP}, high=3)", 3),
    ],
)
def test_the_largest_value(text: str, largest: float) -> None:
    found = largest_value(law(text))
    assert not isinstance(found, Diverges) and ball(found) == largest


def test_an_end_without_mass_is_not_the_largest_value() -> None:
    """The tail stays at 1 up to x = 1: ``lower`` is no infimum, and no end is made up."""
    flat = -FLAT_AT_FIRST
    assert flat.support[1] == 0
    found = limit_of_utility(law("normal()"), flat)
    assert found.mean_v is None and "right above" in found.because


def test_the_ends_of_an_optimised_law() -> None:
    """Conditioning on X > 1/2 leaves the top of a uniform law, and lifts its bottom."""
    conditioned = reweight(law("uniform(0, 1)"), Threshold.at("0.5", "1"))
    assert largest_value(conditioned) == 1
    with pytest.raises(Undecided, match="lower end"):
        largest_value(-conditioned)
    assert largest_value(-reweight(law("uniform(0, 1)"), Tilt(fmpq(3)))) == 0


def test_rates_that_need_no_value_are_not_asked_for() -> None:
    """One heavy law decides, whatever the rate of the other."""
    slowest = rate_of_sum(law("lognormal()"), FLAT_AT_FIRST)
    assert slowest.rate == 0 and slowest.set_by == ("X",)
