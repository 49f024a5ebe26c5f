"""The tilt path: closed forms, mpmath, the ends of the path, and what is not there to be had."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.law_cases import few, rational
from verify.cap_search import decimals_around, tilts_around
from verify.enclosure import INFINITE, Diverges, Undecided, working_precision
from verify.errors import InputError
from verify.independent_sum import IndependentSum
from verify.law import Law
from verify.tilt_search import TiltPath
from verify.tilted_pair import TiltedPair
from verify.tilted_utility import tilted_utility
from verify.utility_curve import UtilityPoint, limit_text

NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'


def the_point(error: str, utility: str, **asked: str) -> UtilityPoint:
    (name, value) = next(iter(asked.items()))
    return tilted_utility(error, utility, **{name: [value]}).points[0]


def contains(value: Any, number: Any, room: str = "1e-17") -> bool:
    """Whether a ball encloses an mpmath number, and is narrow."""
    assert isinstance(value, arb)
    with working_precision(160), mpmath.workdps(40):
        other = arb(mpmath.nstr(number, 35))
        return bool(abs(value - other) < arb(room) * (1 + abs(other)))


# ---------------------------------------------------------------- numbers by other routes


@pytest.mark.parametrize("cap", ["0.000001", "0.25", "1", "3", "10000"])
def test_two_normals(cap: str) -> None:
    """KL of the tilt is ``l^2 (1 + s^2)/2``, and E V is ``l s^2``."""
    point = the_point("normal()", "2*normal()", kl_caps=cap)
    with mpmath.workdps(40):
        tilt = mpmath.sqrt(2 * mpmath.mpf(cap) / 5)
        assert contains(point.mean_v, 4 * tilt) and contains(point.mean_x, tilt)
        assert contains(point.mean_u, 5 * tilt) and contains(point.kl, mpmath.mpf(cap))
    assert point.attained


@pytest.mark.parametrize("cap", ["0.001", "1", "100"])
def test_an_exponential_error_by_mpmath(cap: str) -> None:
    point = the_point("exponential()", "normal()", kl_caps=cap)
    with mpmath.workdps(40):

        def excess(gap: Any) -> Any:  # in g = 1 - l
            return 1 / gap - 1 + mpmath.log(gap) + (1 - gap) ** 2 / 2 - mpmath.mpf(cap)

        gap = mpmath.findroot(excess, (mpmath.mpf("1e-3"), mpmath.mpf("0.999")), solver="anderson")
        assert contains(point.mean_v, 1 - gap) and contains(point.mean_x, 1 / gap)


def test_integrals_by_mpmath() -> None:
    """Both cumulants are integrals here: densities ``2 x exp(-x^2)`` and that of 2 - 2 W."""
    point = the_point("weibull(2)", "gev(-0.5)", tilts="1.5")

    def mean_and_log_mgf(tilt: Any) -> tuple[Any, Any]:
        def moment(k: int) -> Any:
            def weighted(x: Any) -> Any:
                return 2 * x ** (k + 1) * mpmath.exp(tilt * x - x * x)

            return mpmath.quad(weighted, [0, 2, 12])

        return moment(1) / moment(0), mpmath.log(moment(0))

    with mpmath.workdps(30):
        tilt = mpmath.mpf("1.5")
        mean_x, log_x = mean_and_log_mgf(tilt)
        mean_w, log_w = mean_and_log_mgf(-2 * tilt)
        mean_v = 2 - 2 * mean_w
        assert contains(point.mean_x, mean_x) and contains(point.mean_v, mean_v)
        kl = tilt * (mean_x + mean_v) - log_x - (2 * tilt + log_w)
        assert contains(point.kl, kl)


def test_betas_are_tilts() -> None:
    by_beta = the_point("laplace()", "normal()", betas="1.6")
    by_tilt = the_point("laplace()", "normal()", tilts="0.625")
    assert by_beta.at == by_tilt.at == fmpq(5, 8)
    assert str(by_beta.mean_v) == str(by_tilt.mean_v)
    assert str(by_beta.beta) == "1.6" and by_tilt.beta is None


PAIRS = (
    ("exponential()", "normal()"),
    ("normal()", "laplace()"),
    ("poisson(3)", "gamma(2.5)"),
    ("bernoulli(0.5)", "uniform(-1, 2)"),
    ("gumbel()", "-pareto(0.5)"),
)


@pytest.mark.parametrize("pair", PAIRS)
@given(data=st.data())
def test_along_the_path_everything_rises(pair: tuple[str, str], data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.decimals("0.001", "0.99", places=4), min_size=2, unique=True))
    points = tilted_utility(*pair, tilts=sorted(drawn)).points
    for before, after in pairwise(points):
        for one, other in zip(before.quantities.values(), after.quantities.values(), strict=True):
            assert isinstance(one, arb) and isinstance(other, arb) and one < other


@few
@given(
    pair=st.sampled_from(PAIRS),
    cap=st.fractions(Fraction(1, 1000), 50, max_denominator=1000).map(float),
)
def test_a_cap_is_spent_by_its_tilt(pair: tuple[str, str], cap: float) -> None:
    """No other tilt has a larger E U within the cap, and the dual bound of each is above it."""
    point = tilted_utility(*pair, kl_caps=[cap]).points[0]
    proxy = IndependentSum(*(Law.parse(text) for text in pair))
    assert isinstance(point.mean_u, arb) and isinstance(point.at, fmpq)
    spent, mean_u = (x for x in (point.kl, point.mean_u) if isinstance(x, arb))
    with working_precision(128):  # 24 digits of a tilt leave 1e-22 of the cap, and more near a rate
        assert abs(spent - rational(Fraction(repr(cap)))) < arb("1e-20") * (1 + spent)
    for share in (fmpq(1, 2), fmpq(9, 10)):
        log_mgf, mean, _ = proxy.cumulants(point.at * share)
        bound = (spent + log_mgf) / (point.at * share)
        assert mean < mean_u < bound


@pytest.mark.parametrize("error", ["normal()", "exponential()", "2*gumbel()", "uniform(-1, 2)"])
def test_no_tilt_passes_the_limit(error: str) -> None:
    for utility in (
        "normal()",
        "0.4*laplace()",
        "poisson(3)",
        "beta(2, 3)",
        "-pareto(2)",
        "gumbel()",
    ):
        curve = tilted_utility(error, utility, kl_caps=["0.01", "1", "20"])
        heights = [point.mean_v for point in curve.points]
        assert all(isinstance(height, arb) for height in heights)
        limit = curve.limit.mean_v
        if isinstance(limit, arb):
            assert all(height < limit for height in heights)  # type: ignore[operator]
        else:
            assert limit == INFINITE


# ---------------------------------------------------------------- the ends of the path


def test_past_the_last_tilt_the_utility_stays() -> None:
    """X sets the rate 1: E V stays at K_V'(1) = 1, and E U grows by 1 for each nat."""
    curve = tilted_utility(NON_STEEP, "normal()", kl_caps=["0.5", "0.76", "0.77", "3", "30"])
    *inside, first, second, third = curve.points
    with mpmath.workdps(30):
        constant = mpmath.log(mpmath.mpf(3) / 2) + mpmath.mpf(1) / 2
        for point, cap in ((first, "0.77"), (second, "3"), (third, "30")):
            assert point.attained is False and point.at == 1
            assert contains(point.mean_v, mpmath.mpf(1))
            assert contains(point.mean_u, mpmath.mpf(cap) + constant)
    assert all(point.attained for point in inside)
    # D* is 2/3 - log(3/2) + 1/2 = 0.76120: the last tilts are next to the limit.
    assert isinstance(inside[1].mean_v, arb) and 0.98 < inside[1].mean_v < 1


def test_past_the_last_tilt_the_utility_grows_if_it_sets_the_rate() -> None:
    point = the_point("normal()", NON_STEEP, kl_caps="30")
    with mpmath.workdps(30):
        constant = mpmath.log(mpmath.mpf(3) / 2) - mpmath.mpf(1) / 2
        assert contains(point.mean_v, 30 + constant) and contains(point.mean_x, mpmath.mpf(1))


def test_past_the_last_tilt_of_both_nothing_is_said_of_the_utility() -> None:
    point = the_point(NON_STEEP, NON_STEEP, kl_caps="3")
    assert point.mean_v is None and point.mean_x is None and isinstance(point.mean_u, arb)
    assert "from 0.666667 to 3.14426" in point.because


def test_the_last_tilt_itself() -> None:
    point = the_point(NON_STEEP, "normal()", betas="1")
    assert point.attained and contains(point.mean_v, mpmath.mpf(1))
    with mpmath.workdps(30):
        third = mpmath.mpf(2) / 3
        assert contains(point.mean_x, third)
        assert contains(point.kl, third + mpmath.log(third) + mpmath.mpf(1) / 2)


@pytest.mark.parametrize(
    ("error", "beta", "words"),
    [
        ("exponential()", "1", "there E U exp(l U) is infinite"),
        ("exponential()", "0.5", "beyond it E exp(l U) is infinite"),
        ("inverse_gaussian(2, 1)", "8", "there E U exp(l U) is infinite"),
        (NON_STEEP, "0.999", "beyond it E exp(l U) is infinite"),
    ],
)
def test_below_one_over_the_rate_there_is_no_optimum(error: str, beta: str, words: str) -> None:
    point = the_point(error, "normal()", betas=beta)
    assert not point.known and point.attained is False
    assert point.because.startswith("no optimum") and words in point.because


def test_the_largest_values() -> None:
    """``-log(0.3 * 0.5)`` = 1.897 buys both for certain."""
    below, above = tilted_utility(
        "bernoulli(0.5)", "bernoulli(0.3)", kl_caps=["1.89", "1.9"]
    ).points
    assert above.at == INFINITE and above.mean_u == 2 and above.mean_v == 1
    with mpmath.workdps(30):
        assert contains(above.kl, -mpmath.log(mpmath.mpf("0.15")))
    assert isinstance(below.mean_u, arb) and 1.99 < below.mean_u < 2


def test_a_constant_proxy() -> None:
    """Its cost is exactly 0, also where balls do not hold the constants."""
    for error in ("point(1)", "0.1 - 0.3*point(0.1)"):
        point = the_point(error, "point(0.1)", tilts="0.3")
        assert point.attained and point.kl == 0
        assert contains(point.mean_v, mpmath.mpf(1) / 10, room="1e-15")


def test_without_optimisation() -> None:
    for asked in ({"tilts": "0"}, {"kl_caps": "0"}):
        point = the_point("exponential()", "-pareto(0.5)", **asked)
        assert point.kl == 0 and point.mean_u == point.mean_v == Diverges(-1)


def test_a_heavy_proxy_has_no_tilt() -> None:
    # A finite KL leaves a right-light law a finite mean above 0: the other one must have it all.
    for error, utility, mean_v, mean_x in (
        ("pareto(2)", "normal()", None, INFINITE),
        ("normal()", "pareto(2)", INFINITE, None),
        ("pareto(2)", "cauchy()", None, None),
        ("-pareto(2)", "cauchy()", INFINITE, None),
    ):
        curve = tilted_utility(error, utility, tilts=["0.1"], kl_caps=["0.01"])
        tilted, capped = curve.points
        assert not tilted.known and "no tilt" in tilted.because
        assert capped.mean_u == INFINITE
        assert (capped.mean_v, capped.mean_x) == (mean_v, mean_x)
        assert curve.limit.mean_v == mean_v and curve.limit.determined == (mean_v is not None)


def test_what_cannot_be_written_is_not_settled() -> None:
    """Means beyond the largest exponent, 10^15, on either side; and those just within are shown."""
    for utility, words in (("poisson(3)", "too large"), ("-bernoulli(0.5)", "too close to 0")):
        near, beyond = tilted_utility("normal()", utility, tilts=["1e8", "1e16"]).points
        assert near.attained and beyond.attained is None and words in beyond.because
        text = limit_text(near.mean_v, 10)  # type: ignore[arg-type]
        assert text is not None and "e" in text
    base = the_point("normal()", "-lognormal(mu=1e16)", tilts="0")
    assert base.attained is None and "too large" in base.because
    limit = tilted_utility("1e-17*exponential()", "poisson(3)").limit
    assert limit.mean_v is None and "too large" in limit.because


def test_what_is_not_settled_says_so() -> None:
    point = the_point("normal()", "-log_cauchy()", kl_caps="1e-9")
    assert point.attained is None and point.because.startswith("not settled")
    assert point.to_dict("tilt")["tilt"] is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"tilts": "-1"}, "tilt: expected a number, 0 or more, got -1"),
        ({"betas": "0"}, "beta: expected a number above 0, got 0"),
        ({"kl_caps": "-0.1"}, "KL cap: expected a number, 0 or more"),
        ({"kl_caps": "one"}, "KL cap: expected a decimal number"),
        ({"tilts": "1e999"}, "tilt: decimal exponents up to 300"),
    ],
)
def test_bad_numbers_are_one_line(asked: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        the_point("normal()", "normal()", **asked)


def test_numbers_of_any_kind() -> None:
    points = tilted_utility("normal()", "normal()", kl_caps=[1, 1.0, "1"]).points
    assert len({str(point.mean_v) for point in points}) == 1


# ---------------------------------------------------------------- the search for a cap


def test_a_tilt_that_does_not_spend_the_cap_is_refused() -> None:
    """Planted: the check sees twice what the search does."""
    laws = Law.parse("exponential()"), Law.parse("normal()")
    path, pair = TiltPath.of(IndependentSum(*laws)), TiltedPair(*laws)
    low, middle, high = tilts_around(path, fmpq(1), lambda tilt: pair.numbers(tilt, 100)[0])
    assert low < middle < high
    with pytest.raises(Undecided, match="no tilt was found"):
        tilts_around(path, fmpq(1), lambda tilt: 2 * pair.numbers(tilt, 100)[0])


@pytest.mark.parametrize("cap", ["30", "100"])
def test_huge_tilts(cap: str) -> None:
    """``1 - E V`` is about 3/l for V ~ beta(2, 3), whose density falls like a square at 1."""
    point = the_point("bernoulli(0.3)", "beta(2, 3)", kl_caps=cap)
    assert point.attained and isinstance(point.at, fmpq) and isinstance(point.mean_v, arb)
    with working_precision(200):
        assert abs((1 - point.mean_v) * point.at - 3) < arb("0.001")


def test_decimals_next_to_the_rate_keep_their_distance() -> None:
    path = TiltPath.of(IndependentSum(Law.parse("exponential()"), Law.parse("normal()")))
    with working_precision(300):
        low, middle, high = decimals_around(path, arb(80))  # 1 - l is exp(-80)
    assert low < middle < high < 1
    assert (high - low) / (1 - middle) < fmpq(1, 10**20)
