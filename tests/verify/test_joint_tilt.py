"""The tilt under a Gaussian copula, by mpmath and by closed forms; and when there is a tilt."""

from __future__ import annotations

from typing import Any

import pytest
from flint import arb, fmpq
from mpmath import mp

from tests.verify.balls import assert_contains
from tests.verify.mpmath_route import mp_number
from verify.copulas import clayton, gaussian, independent
from verify.enclosure import Undecided, working_precision
from verify.joint.laws import CopulaLaw
from verify.joint.rate import all_moments, has_mgf, why_no_mgf
from verify.joint.tilt import LatentSum, latent_sum
from verify.law import Law
from verify.laws import exponential, normal


def path_of(error: str, utility: str, rho: str) -> LatentSum:
    path = latent_sum(CopulaLaw(Law.parse(error), Law.parse(utility), gaussian(rho=rho)))
    assert path is not None
    return path


def by_mpmath(rho: fmpq, tilt: fmpq) -> tuple[Any, Any]:
    """``K(l)`` and ``E_l V`` for an exponential X and a normal V: an integral over x."""
    r, lam = mp_number(rho), mp_number(tilt)

    def weight(s: Any) -> Any:
        # x = exp(s), and the score of its rank by erfinv of 1 - 2 exp(-x), or by its tail.
        x = mp.exp(s)
        z = score(x)
        return mp.exp(-x + lam * x + lam * r * z + s), z

    ends = [-60, -20, -6, -2, 0, 1, 2, 3, 4, 5]
    total = mp.quad(lambda s: weight(s)[0], ends)
    mean_z = mp.quad(lambda s: weight(s)[0] * weight(s)[1], ends) / total
    left = 1 - r**2
    return mp.log(total) + left * lam**2 / 2, r * mean_z + left * lam


def score(x: Any) -> Any:
    """The z with ``Pr(Z > z) = exp(-x)``."""
    if x > 1:
        z = mp.sqrt(2 * x)
        for _ in range(60):
            tail = mp.erfc(z / mp.sqrt(2)) / 2
            step = (mp.log(tail) + x) * tail / mp.npdf(z)
            z += step
            if abs(step) < mp.mpf(10) ** -25:
                return z
        raise AssertionError(f"no score for {x}")
    return mp.sqrt(2) * mp.erfinv(2 * -mp.expm1(-x) - 1)


@pytest.mark.parametrize(("rho", "tilt"), [("-0.5", "2/5")])
def test_an_exponential_error_by_mpmath(rho: str, tilt: str) -> None:
    path, at = path_of("exponential()", "normal()", rho), fmpq(*map(int, tilt.split("/")))
    with working_precision(64):
        kl, mean_u, mean_v, mean_x = path.numbers(at)
        log_mgf = path.cumulants(at)[0]
        assert kl.overlaps(at * (mean_v + mean_x) - log_mgf) and mean_u.overlaps(mean_v + mean_x)
    with mp.workdps(30):
        expected = by_mpmath(path.rho, at)
    assert_contains(log_mgf, expected[0], mp.mpf(10) ** -13)
    assert_contains(mean_v, expected[1], mp.mpf(10) ** -13)
    with working_precision(44):
        wrong = path_of("exponential()", "normal()", str(-float(rho))).numbers(at)[2]
    assert abs(float(wrong) - float(expected[1])) > 1e-2  # a wrong sign of rho is caught


def test_the_integral_meets_the_bivariate_normal() -> None:
    """A mixture of two equal normals is a normal law that takes the long way."""
    rho, tilt = "-0.8", fmpq(1, 3)
    twice = "mixture(0.5*normal(mu=1, sigma=2), 0.5*normal(mu=1, sigma=2))"
    long, short = path_of(twice, "normal()", rho), path_of("1 + 2*normal()", "normal()", rho)
    with working_precision(64):
        for one, other in zip(long.numbers(tilt), short.numbers(tilt), strict=True):
            assert one.overlaps(other) and one.rad() < 1e-9
        for one, other in zip(long.cumulants(tilt), short.cumulants(tilt), strict=True):
            assert one.overlaps(other)


def test_who_is_normal_does_not_matter() -> None:
    one, other = (
        path_of("exponential()", "normal()", "0.5"),
        path_of("normal()", "exponential()", "0.5"),
    )
    assert one.normal_is_v and not other.normal_is_v
    with working_precision(48):
        kl, mean_u, mean_v, mean_x = one.numbers(fmpq(1, 2))
        same = other.numbers(fmpq(1, 2))
    assert kl.overlaps(same[0]) and mean_u.overlaps(same[1])
    assert mean_v.overlaps(same[3]) and mean_x.overlaps(same[2])


def test_the_mean_is_the_slope_and_float64_is_near() -> None:
    path, step = path_of("exponential()", "normal()", "-0.5"), fmpq(1, 1000)
    with working_precision(60):
        low, high = (path.cumulants(fmpq(2, 5) + side * step)[0] for side in (-1, 1))
        _, mean, variance = path.cumulants(fmpq(2, 5))
        # The difference quotient errs by K'''/6 step^2, and K''' is below 100 here.
        assert abs((high - low) / (2 * step) - mean) < 100 * arb(step) ** 2
        assert variance > 0
        kl = path.numbers(fmpq(2, 5))[0]
    assert abs(path.kl_in_floats(0.4) - float(kl)) < 1e-9


@pytest.mark.parametrize("text", ["beta(a=2, b=3)", "-exponential()", "uniform(low=-3, high=-1)"])
def test_bounded_errors(text: str) -> None:
    path = path_of(text, "normal()", "0.5")
    with working_precision(44):
        kl, mean_u, mean_v, mean_x = path.numbers(fmpq(1))
    assert kl > 0 and mean_u.overlaps(mean_v + mean_x) and mean_v > 0.9
    assert Law.parse(text).cdf(mean_x) > 0 and Law.parse(text).survival(mean_x) > 0


def test_other_pairs_have_no_such_path() -> None:
    for pair in (
        CopulaLaw(exponential(), normal(), clayton(theta=2)),
        CopulaLaw(exponential(), exponential(), gaussian(rho="0.5")),
    ):
        assert latent_sum(pair) is None


def test_beyond_the_rate_nothing_is_said() -> None:
    with working_precision(64), pytest.raises(Undecided):
        path_of("exponential()", "normal()", "0.5").numbers(fmpq(3, 2))


# ---------------------------------------------------------------- the rate of U

TINY, HALF, ONE = fmpq(1, 10**6), fmpq(1, 2), fmpq(1)


@pytest.mark.parametrize(
    ("error", "utility", "copula", "tilt", "expected"),
    [
        ("normal()", "normal()", clayton(theta=2), fmpq(1000), True),
        ("exponential()", "normal()", clayton(theta=2), fmpq(99, 100), True),
        ("exponential()", "normal()", clayton(theta=2), fmpq(101, 100), False),
        ("exponential()", "normal()", clayton(theta=2), ONE, None),
        ("exponential()", "exponential()", clayton(theta=2), fmpq(49, 100), True),
        ("exponential()", "exponential()", clayton(theta=2), fmpq(51, 100), None),
        ("exponential()", "exponential()", independent(), fmpq(99, 100), True),
        ("exponential()", "exponential()", clayton(theta=2), fmpq(101, 100), False),
        ("laplace()", "laplace()", gaussian(rho="-0.5"), fmpq(101, 100), None),
        ("student_t(df=3)", "normal()", gaussian(rho="-0.9"), TINY, False),
        ("student_t(df=3)", "student_t(df=3)", gaussian(rho="-0.9"), TINY, None),
        ("normal()", "pareto(alpha=2)", gaussian(rho="0.5"), TINY, False),
        ("-pareto(alpha=2)", "normal()", clayton(theta=2), fmpq(9), True),
        ("exponential()", "normal()", independent(), ONE, None),
    ],
)
def test_the_rate_under_dependence(
    error: str, utility: str, copula: Any, tilt: fmpq, expected: bool | None
) -> None:
    joint = CopulaLaw(Law.parse(error), Law.parse(utility), copula)
    assert has_mgf(joint, tilt) is expected
    assert why_no_mgf(joint, tilt)


def test_moments() -> None:
    assert all_moments(Law.parse("laplace()")) and all_moments(normal())
    assert not all_moments(Law.parse("pareto(alpha=9)"))
    assert not all_moments(Law.parse("-lognormal()"))
