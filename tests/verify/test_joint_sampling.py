"""Estimates against certified numbers, with z-scores; and their planted mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, fmpq

from verify.copulas import parse_copula
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.normal_maximum import mean_of_largest
from verify.joint.sampling import (
    Draws,
    best_of,
    best_of_fresh_draws,
    beyond_threshold,
    quantiles,
    sample_pair,
    under_tilt,
    utility_under,
)
from verify.joint.tilt import latent_sum
from verify.law import Law
from verify.ranks import Rank
from verify.utility_curve import Estimate
from verify.weight import BestOfN, Identity, Threshold, Tilt, TopFraction

SIZE = 200_000
#: A normal error exceeds 6 standard errors with probability 2e-9; there are about 100 comparisons
#: here, so that a true one fails with probability 2e-7. The seeds are fixed.
Z = 6.0

PAIRS = [
    ("exponential()", "gaussian(rho=-0.5)"),
    ("exponential()", "clayton(theta=2)"),
    ("normal()", "negated(clayton(theta=1))"),
    ("student_t(df=3)", "gumbel(theta=1.5)"),
    ("student_t(df=3)", "survival(clayton(theta=2))"),
    ("2*lognormal() - 1", "frank(theta=-4)"),
    ("pareto(alpha=2)", "gaussian(rho=0.7)"),
    ("-gumbel()", "frank(theta=6)"),
]


def joined(error: str, copula: str, utility: str = "normal()") -> CopulaLaw:
    return CopulaLaw(Law.parse(error), Law.parse(utility), parse_copula(copula))


def z_score(estimate: Estimate, value: object) -> float:
    """How many standard errors an estimate is off."""
    return abs(estimate.value - float(value)) / estimate.standard_error  # type: ignore[arg-type]


# ---------------------------------------------------------------- draws


@pytest.mark.parametrize(
    "text", ["normal()", "student_t(df=3)", "2 - 3*exponential()", "beta(2, 3)"]
)
def test_quantiles_have_the_ranks_asked_for(text: str) -> None:
    law = Law.parse(text)
    levels = np.array([1e-12, 1e-3, 0.3, 0.5, 0.8, 1 - 1e-3])
    above = np.concatenate([1 - levels, [1e-12, 1e-200]])
    below = np.concatenate([levels, [1 - 1e-12, 1.0]])
    points = quantiles(law, Rank(below, above))
    assert (np.diff(points[np.argsort(below - above, kind="stable")]) >= 0).all()
    with working_precision(256):
        for x, p, q in zip(points, below, above, strict=True):
            if text.startswith(("2 -", "beta")) and q < 1e-100:
                continue  # float64 does not resolve the end of a support
            at = fmpq(*float(x).as_integer_ratio())
            tail = law.cdf(at) if p < q else law.survival(at)
            # Interpolated to 1e-9 of a tail; next to an end of the support x has 16 digits.
            assert abs(float(tail) / min(p, q) - 1) < 1e-3 if q < 1e-9 or p < 1e-9 else 1e-7


# ---------------------------------------------------------------- conditioning


@pytest.mark.parametrize(("error", "copula"), PAIRS)
def test_conditioning_agrees_with_the_integral(
    error: str, copula: str, rng: np.random.Generator
) -> None:
    joint = joined(error, copula)
    draws = sample_pair(joint, SIZE, rng)
    for t in (fmpq(1, 2), fmpq(5, 2)):
        found = beyond_threshold(draws, float(t))
        with working_precision(64):
            exact = conditioned(joint, t)
        assert z_score(found.kl, exact.kl) < Z
        assert z_score(found.mean_v, exact.mean) < Z


def test_a_wrong_copula_is_caught(rng: np.random.Generator) -> None:
    draws = sample_pair(joined("exponential()", "clayton(theta=2)"), SIZE, rng)
    with working_precision(64):
        wrong = conditioned(joined("exponential()", "survival(clayton(theta=2))"), fmpq(5, 2))
    assert z_score(beyond_threshold(draws, 2.5).mean_v, wrong.mean) > 3 * Z


# ---------------------------------------------------------------- tilting


@pytest.mark.parametrize(
    ("error", "copula", "tilt"),
    [
        ("exponential()", "gaussian(rho=-0.5)", fmpq(2, 5)),
        ("exponential()", "gaussian(rho=0.7)", fmpq(1, 4)),
        ("2*normal()", "gaussian(rho=-0.6)", fmpq(1, 2)),
    ],
)
def test_tilting_agrees_with_the_integral(
    error: str, copula: str, tilt: fmpq, rng: np.random.Generator
) -> None:
    joint = joined(error, copula)
    found = under_tilt(sample_pair(joint, SIZE, rng), float(tilt))
    path = latent_sum(joint)
    assert path is not None
    with working_precision(64):
        kl, mean_u, mean_v, mean_x = path.numbers(tilt)
    assert z_score(found.kl, kl) < Z
    assert z_score(found.mean_u, mean_u) < Z
    assert z_score(found.mean_v, mean_v) < Z
    assert z_score(found.mean_x, mean_x) < Z
    assert found.effective > 1000


def test_standard_errors_are_right(rng: np.random.Generator) -> None:
    """The spread of many estimates is the error that each states, to the error of a spread."""
    draws = sample_pair(joined("exponential()", "gaussian(rho=-0.5)"), 300 * 2000, rng)
    rounds = zip(draws.x.reshape(300, -1), draws.v.reshape(300, -1), strict=True)
    found = [under_tilt(Draws(x, v), 0.3) for x, v in rounds]
    for name in ("kl", "mean_v", "mean_u"):
        values = np.array([getattr(each, name).value for each in found])
        stated = np.array([getattr(each, name).standard_error for each in found]).mean()
        # The spread of 300 numbers is good to 1/sqrt(600) = 4 %; six of these are 25 %.
        assert 0.75 < values.std(ddof=1) / stated < 1.25


def test_too_strong_a_tilt_is_refused(rng: np.random.Generator) -> None:
    draws = sample_pair(joined("exponential()", "independent()"), 10_000, rng)
    with pytest.raises(InputError, match="carry the weight of the tilt"):
        under_tilt(draws, 5.0)
    with pytest.raises(InputError, match="draws lie beyond t = 50"):
        beyond_threshold(draws, 50.0)
    with pytest.raises(InputError, match="best of 100 needs 100000 draws, got 10000"):
        best_of(draws, 100)


# ---------------------------------------------------------------- best-of-n and other weights


@pytest.mark.parametrize("n", [2, 50])
def test_best_of_n_normals(n: int, rng: np.random.Generator) -> None:
    from verify.laws import normal
    from verify.reweighted import reweight

    draws = sample_pair(joined("normal()", "gaussian(rho=0.5)"), SIZE, rng)
    found = best_of(draws, n)
    with working_precision(256):
        most = reweight(normal(), BestOfN(n)).mean()
        assert isinstance(most, arb)
        mean_v = most * 3 / 2 / arb(3).sqrt()
    assert z_score(found.mean_v, mean_v) < Z and z_score(found.mean_u, 2 * mean_v) < Z


def test_fresh_draws_for_a_large_n(rng: np.random.Generator) -> None:
    """Against the certified mean of the largest of n normals: V is U/2 and a rest."""
    found = best_of_fresh_draws(joined("normal()", "gaussian(rho=0.5)"), 300, rng)
    with working_precision(64):
        mean_u = mean_of_largest(300) * arb(3).sqrt()
    assert found.size == 300_000
    assert z_score(found.mean_u, mean_u) < Z and z_score(found.mean_v, mean_u / 2) < Z
    assert z_score(found.mean_v, mean_u / 2 + 10 * found.mean_v.standard_error) > Z


def test_a_constant_proxy_is_noticed(rng: np.random.Generator) -> None:
    for error, utility in (
        ("normal()", "normal()"),
        ("gumbel()", "3 - gumbel()"),
        ("1000 + gamma(2.5)", "-gamma(2.5)"),
    ):
        pair = (Law.parse(error), Law.parse(utility), parse_copula("countermonotone()"))
        draws = sample_pair(CopulaLaw(*pair), 1000, rng)
        assert draws.constant
        assert not Draws(draws.x * (1 + 1e-6), draws.v).constant
        assert not Draws(draws.x, -draws.v).constant
    # A large shift is no reason to take U for a constant, nor is an infinite draw.
    assert not Draws(1e10 + draws.x, draws.x).constant
    assert not Draws(np.append(draws.x, np.inf), np.append(draws.v, 0)).constant


def test_best_of_n_is_an_average_of_conditioning(rng: np.random.Generator) -> None:
    """The layer-cake lemma: E_n V integrates E[V; U > t] against the weight n F^(n - 1)."""
    joint, n = joined("exponential()", "clayton(theta=2)"), 8
    grid = [fmpq(k, 4) for k in range(-12, 65)]
    with working_precision(44):
        beyond = [conditioned(joint, t) for t in grid]
    part = np.array([float(each.part) for each in beyond])
    weight = n * (1 - np.array([float(each.mass) for each in beyond])) ** (n - 1)
    middle = (part[1:] + part[:-1]) / 2
    expected = float(middle @ np.diff(weight))
    coarse = float((part[2::2] + part[:-2:2]) @ np.diff(weight[::2])) / 2
    found = best_of(sample_pair(joint, SIZE, rng), n).mean_v
    # The trapezoidal rule errs by about a third of what twice the step changes.
    assert abs(found.value - expected) < Z * found.standard_error + abs(expected - coarse)


def test_every_weight(rng: np.random.Generator) -> None:
    joint = joined("exponential()", "gaussian(rho=-0.5)")
    draws = sample_pair(joint, SIZE, rng)
    assert z_score(utility_under(draws, Identity()), 0) < Z
    with working_precision(64):
        above = conditioned(joint, fmpq(2))
        mass, mean = float(above.mass), float(above.mean)
    below = -mean * mass / (1 - mass)  # E V = 0
    for weight in (Threshold.at("2", "1"), Threshold.at("2", "0.25")):
        share = float(weight.mass)
        assert z_score(utility_under(draws, weight), share * mean + (1 - share) * below) < Z
    assert z_score(utility_under(draws, TopFraction(fmpq(*mass.as_integer_ratio()))), mean) < Z
    assert utility_under(draws, Tilt(fmpq(1, 5))) == under_tilt(draws, 0.2).mean_v
    assert utility_under(draws, BestOfN(4)) == best_of(draws, 4).mean_v


def test_the_wrong_end_of_the_ranks_is_caught(rng: np.random.Generator) -> None:
    v = rng.uniform(-1, 1, 50_000)
    right, wrong = (best_of(Draws(sign * 10 * v, v), 4).mean_v for sign in (1, -1))
    assert z_score(right, 0.6) < Z and z_score(wrong, 0.6) > 3 * Z
    assert z_score(wrong, -0.6) < Z
