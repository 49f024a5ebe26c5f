"""Frozen scipy distributions become the same law of the catalogue, or a law of floats only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from scipy import stats

from verify.enclosure import Diverges, working_precision
from verify.law import Law, LawError
from verify.laws import CATALOGUE, normal, parse
from verify.laws.from_scipy import STANDARD, FloatOnly, from_scipy

#: Shapes to try each distribution with; all have finite variance unless the law says otherwise.
SHAPES: dict[str, tuple[float, ...]] = {
    "bernoulli": (0.3,),
    "beta": (2.5, 1.5),
    "betaprime": (2.0, 5.5),
    "binom": (12, 0.25),
    "burr12": (2.5, 1.75),
    "chi2": (5.0,),
    "erlang": (3,),
    "f": (4.0, 9.5),
    "fisk": (3.5,),
    "gamma": (2.25,),
    "genextreme": (-0.3,),
    "genpareto": (0.2,),
    "geom": (0.35,),
    "invgamma": (3.5,),
    "invgauss": (1.5,),
    "invweibull": (3.25,),
    "lognorm": (0.75,),
    "lomax": (3.5,),
    "nbinom": (2.5, 0.4),
    "pareto": (2.75,),
    "poisson": (4.5,),
    "skewnorm": (-2.5,),
    "t": (4.5,),
    "weibull_max": (1.5,),
    "weibull_min": (0.8,),
    "zipf": (4.25,),
}
DISCRETE = {"bernoulli", "binom", "geom", "nbinom", "poisson", "zipf"}


def frozen(name: str) -> Any:
    """The distribution moved to 2, and scaled by 1.5 where it may be."""
    moved = {"loc": 2} if name in DISCRETE else {"loc": 2, "scale": 1.5}
    return getattr(stats, name)(*SHAPES.get(name, ()), **moved)


def check_same(law: Law, distribution: Any) -> None:
    """Tails, quantiles and mean agree with scipy's to the digits that scipy has."""
    with working_precision(128):
        for level in (0.01, 0.2, 0.5, 0.9, 0.999):
            at = float(distribution.ppf(level))
            t = fmpq(*at.as_integer_ratio())
            assert float(law.survival(t)) == pytest.approx(distribution.sf(at), rel=1e-8)
            assert float(law.cdf(t)) == pytest.approx(distribution.cdf(at), rel=1e-8)
        mean = law.mean()
        if isinstance(mean, Diverges):
            assert not np.isfinite(distribution.mean())
        else:
            assert float(mean) == pytest.approx(distribution.mean(), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("name", STANDARD)
def test_each_distribution_is_the_law_it_says(name: str) -> None:
    law = from_scipy(frozen(name))
    assert not isinstance(law, FloatOnly)
    check_same(law, frozen(name))
    assert parse(str(law)) == law and Law.from_scipy(frozen(name)) == law


@pytest.mark.parametrize("name", ["genextreme", "skewnorm", "weibull_min"])
def test_the_check_catches_a_parameter_with_the_wrong_sign_or_value(name: str) -> None:
    wrong = SHAPES[name][0] * (-1 if name != "weibull_min" else 2)
    law = from_scipy(getattr(stats, name)(wrong, loc=2, scale=1.5))
    with pytest.raises(AssertionError):
        check_same(law, frozen(name))


def test_each_law_that_scipy_has_is_mapped() -> None:
    made = set()
    for name in STANDARD:
        made |= {part.name for part in from_scipy(frozen(name)).parts() if hasattr(part, "name")}
    # Those that scipy does not have as such.
    assert set(CATALOGUE) - made == {"log_cauchy", "log_gamma", "half_student_t", "point"}


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (stats.norm(1, 2), "normal(mu=1, sigma=2)"),
        (stats.norm(), "normal(mu=0, sigma=1)"),
        (stats.norm(scale=0.1), "normal(mu=0, sigma=0.1)"),
        (stats.uniform(-1, 2), "uniform(low=-1, high=1)"),
        (stats.genextreme(0.3), "gev(xi=-0.3)"),
        (stats.genpareto(0.3, scale=2), "2*genpareto(xi=0.3)"),
        (stats.t(3, loc=1), "1 + student_t(df=3)"),
        (stats.lognorm(0.5, scale=3), "3*lognormal(mu=0, sigma=0.5)"),
        (stats.binom(10, 0.3, loc=2), "2 + binomial(n=10, p=0.3)"),
        (stats.invgauss(1.5, scale=2), "2*inverse_gaussian(mu=1.5, lam=1)"),
        (stats.gumbel_l(1, 2), "1 - 2*gumbel()"),
        (stats.betaprime(2, 3), "2/3*f(d1=4, d2=6)"),
        (stats.norm(np.float64(0.1), np.int64(3)), "normal(mu=0.1, sigma=3)"),
    ],
)
def test_texts(distribution: Any, text: str) -> None:
    assert str(from_scipy(distribution)) == text


REFUSED: dict[str, Callable[[Law], object]] = {
    "survival": lambda law: law.survival(fmpq(1)),
    "log-survival": lambda law: law.log_survival(fmpq(1)),
    "cdf": lambda law: law.cdf(fmpq(1)),
    "mass": lambda law: law.mass_at(fmpq(1)),
    "density": lambda law: law.density(fmpq(1)),
    "mean": lambda law: law.mean(),
    "upper mean": lambda law: law.upper_mean(fmpq(1)),
    "tail mean": lambda law: law.tail_mean(fmpq(1)),
    "log-MGF": lambda law: law.log_mgf(fmpq(1)),
    "cumulants": lambda law: law.cumulants(fmpq(1)),
    "moments": lambda law: law.exponential_moments(arb(1)),
    "support": lambda law: law.support,
    "abscissa": lambda law: law.mgf_abscissa,
    "decay rate": lambda law: law.decay_rate,
    "quantile": lambda law: law.quantile(fmpq(1, 2)),
    "image": lambda law: (2 + 3 * law).survival(fmpq(1)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_is_certified_about_other_distributions(what: str) -> None:
    law = from_scipy(stats.triang(0.4, loc=1))
    assert isinstance(law, FloatOnly) and str(law) == "scipy.stats.triang(0.4, loc=1)"
    with pytest.raises(LawError, match="float64 only, so nothing about it is certified") as caught:
        REFUSED[what](law)
    assert "\n" not in str(caught.value)
    REFUSED[what](normal())  # the catalogue's answer it


def test_float_only_laws_are_sampled(rng: np.random.Generator) -> None:
    law = from_scipy(stats.triang(0.4))
    assert isinstance(law, FloatOnly)
    draws = law.sample(5000, rng)
    tail = law.survival_float(0.5)
    assert abs((draws > 0.5).mean() - tail) < 5 * (tail * (1 - tail) / 5000) ** 0.5
    assert law.log_survival_float(0.5) == pytest.approx(np.log(tail))
    assert ((2 + 3 * law).sample(10, rng) > 2).all()


def test_parameters_beyond_the_catalogue_are_float_only() -> None:
    assert isinstance(from_scipy(stats.gamma(1e9)), FloatOnly)
    assert isinstance(from_scipy(stats.loggamma(2)), FloatOnly)  # not exp(gamma)


@pytest.mark.parametrize(
    "bad", [3, None, "norm", stats.norm, stats.norm([0, 1]), stats.norm(float("nan"))]
)
def test_what_is_no_frozen_distribution(bad: Any) -> None:
    with pytest.raises(LawError, match="expected a frozen distribution") as caught:
        from_scipy(bad)
    assert "\n" not in str(caught.value)
