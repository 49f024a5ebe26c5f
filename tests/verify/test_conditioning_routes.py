"""Conditioning of independent pairs by other routes: mpmath and float64; and planted violations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from mpmath import mp

from tests.verify.balls import assert_contains, fraction
from verify.conditioning import condition, floats
from verify.conditioning.floats import survival_and_parts
from verify.enclosure import Undecided, exact, working_precision
from verify.errors import InputError
from verify.laws import (
    exponential,
    normal,
    parse,
    zeta,
)

BITS = 64
DIGITS = 20

# ---------------------------------------------------------------- mpmath


@dataclass(frozen=True)
class PeerLaw:
    """A law in mpmath's own functions."""

    text: str
    density: Callable[[Any], Any]
    survival: Callable[[Any], Any]


PEERS = {
    peer.text: peer
    for peer in (
        PeerLaw("normal()", mp.npdf, lambda x: mp.erfc(x / mp.sqrt(2)) / 2),
        PeerLaw(
            "exponential()",
            lambda x: mp.exp(-x) if x > 0 else mp.mpf(0),
            lambda x: mp.exp(-max(x, mp.mpf(0))),
        ),
        PeerLaw(
            "pareto(alpha=3)",
            lambda x: 3 * x**-4 if x > 1 else mp.mpf(0),
            lambda x: max(x, mp.mpf(1)) ** -3,
        ),
        PeerLaw("logistic()", lambda x: mp.sech(x / 2) ** 2 / 4, lambda x: 1 / (1 + mp.exp(x))),
        PeerLaw(
            "student_t(df=3)",
            lambda x: 2 / (mp.pi * mp.sqrt(3) * (1 + x * x / 3) ** 2),
            lambda x: (
                mp.mpf(1) / 2 - (mp.atan(x / mp.sqrt(3)) + mp.sqrt(3) * x / (3 + x * x)) / mp.pi
            ),
        ),
        PeerLaw(
            "weibull(shape=1/2)",
            lambda x: mp.exp(-mp.sqrt(x)) / (2 * mp.sqrt(x)) if x > 0 else mp.mpf(0),
            lambda x: mp.exp(-mp.sqrt(max(x, mp.mpf(0)))),
        ),
    )
}

#: Error, utility, t, and points between which the integrand over V is smooth.
BY_MPMATH = [
    ("exponential()", "normal()", "2", [-9, -3, 0, 2, 5, 12]),
    ("pareto(alpha=3)", "normal()", "5", [-10, -4, 0, 4, 7, 12]),
    ("normal()", "logistic()", "1", [-60, -20, -5, 0, 2, 8, 20, 60]),
    ("student_t(df=3)", "exponential()", "4", [0, 2, 4, 6, 12, 70]),
    ("weibull(shape=1/2)", "logistic()", "3", [-60, -20, -5, 0, 2.9, 3, 3.2, 8, 20, 60]),
    ("logistic()", "pareto(alpha=3)", "-1", [1, 2, 5, 30, 1000, 10**6, mp.inf]),
]


@pytest.mark.parametrize(("error", "utility", "t", "cuts"), BY_MPMATH)
def test_against_mpmath(error: str, utility: str, t: str, cuts: list[float]) -> None:
    x, v = PEERS[error], PEERS[utility]
    with mp.workdps(DIGITS):
        place = mp.mpf(t)

        def mass(u: Any) -> Any:
            return v.density(u) * x.survival(place - u)

        total = mp.quad(mass, cuts)
        part = mp.quad(lambda u: u * mass(u), cuts)
    with working_precision(BITS):
        found = condition(parse(error), parse(utility), exact(t))
        # mpmath's rule stops at its last digits; the cuts leave out less than 1e-17.
        assert_contains(found.mass, total, mp.mpf(10) ** -15)
        assert_contains(found.part, part, mp.mpf(10) ** -14)


# ---------------------------------------------------------------- float64, for each pair of classes

CLASSES = {
    "on the line": "normal(mu=1/2, sigma=2)",
    "heavy on both sides": "student_t(df=3)",
    "exponential": "gamma(shape=5/2)",
    "two exponentials": "laplace()",
    "lognormal": "lognormal()",
    "power": "pareto(alpha=3)",
    "bounded": "beta(a=1/2, b=3)",
    "extreme": "gumbel()",
    "endless mean": "log_gamma(shape=2)",
    "turned": "-weibull(shape=1/2)",
    "few atoms": "bernoulli(p=1/3)",
    "many atoms": "poisson(mu=3)",
    "mixed": "mixture(0.5*poisson(mu=1), 0.5*normal())",
    "written": 'tail(log_sf="-sqrt(x)", lower=1)',
    "cut": "truncate(logistic(), low=-2)",
}
PLACES = ("-4/3", "5/3", "25/3")
#: What the float route promises, and more: its masses are 1e-10 of themselves.
FLOATS = 1e-9


@pytest.mark.parametrize("error", CLASSES)
def test_every_pair_of_classes(error: str) -> None:
    """Each pair at one of the places; turning a pair round is a test of its own."""
    for i, utility in enumerate(CLASSES):
        compare(CLASSES[error], CLASSES[utility], PLACES[(i + list(CLASSES).index(error)) % 3])
        if utility == error:
            break


@pytest.mark.heavy
@pytest.mark.parametrize("error", CLASSES)
def test_every_pair_of_classes_everywhere(error: str) -> None:
    for utility in CLASSES.values():
        for t in PLACES:
            compare(CLASSES[error], utility, t)


def compare(error: str, utility: str, t: str) -> None:
    """Balls against floats; t is no atom of U, where floats may go either way."""
    where = f"{error} + {utility} at {t}"
    place = float(fraction(exact(t)))
    with np.errstate(all="ignore"):
        found = survival_and_parts(parse(error), parse(utility), place)
    mass, part, of_u = (float(each[0]) for each in found)
    try:
        with working_precision(BITS):
            certified = condition(parse(error), parse(utility), exact(t))
    except Undecided:
        assert mass == 0.0, where
        return
    assert certified.mass.rel_accuracy_bits() > 40, where
    assert mass == pytest.approx(float(certified.mass), rel=FLOATS), where
    for quantity, mean in ((part, certified.mean_v), (of_u, certified.mean_u)):
        if isinstance(mean, arb):
            size = FLOATS * max(1.0, abs(float(mean)))
            assert abs(quantity / mass - float(mean)) < size, where
        else:
            assert quantity == np.inf, where


#: Mass nearer to 0 than any float, mass beyond all floats, and atoms without end.
FAR_AND_NEAR = [
    ("log_cauchy()", "gamma(shape=5/2)", "1"),
    ("log_cauchy()", "gamma(shape=5/2)", "1000000"),
    ("log_cauchy()", "log_cauchy()", "30"),
    ("-log_cauchy()", "pareto(alpha=3)", "1/100"),
    ("zeta(s=3)", "weibull(shape=1/2)", "3/2"),
    ("zeta(s=4)", "student_t(df=3)", "10"),
    ("-zeta(s=4)", "student_t(df=3)", "7/2"),
    ("poisson(mu=3)", "zeta(s=3)", "7/2"),
]


@pytest.mark.parametrize(("error", "utility", "t"), FAR_AND_NEAR)
def test_floats_where_mass_lies_beyond_their_points(error: str, utility: str, t: str) -> None:
    compare(error, utility, t)


@pytest.mark.parametrize("planted", ["BEYOND", "UNLIKELY"])
def test_mass_that_is_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch, planted: str) -> None:
    """Planted: what is beyond the last point does not count; atoms are taken together too soon."""
    monkeypatch.setattr(floats, planted, {"BEYOND": 0.0, "UNLIKELY": 0.5}[planted])
    with pytest.raises(AssertionError):
        for error, utility, t in FAR_AND_NEAR:
            compare(error, utility, t)


def test_floats_refuse_lists_that_are_too_long() -> None:
    with pytest.raises(InputError, match="at most 100000 atoms that matter for U > 1e"):
        survival_and_parts(zeta(3), normal(), [1.0, 1e12])


# ---------------------------------------------------------------- refused laws, and a plant


def test_foreign_laws_are_refused() -> None:
    from scipy import stats

    from verify.law import Law

    with pytest.raises(InputError, match="law of the catalogue"):
        condition(Law.from_scipy(stats.vonmises(1)), normal(), fmpq(1))


def test_a_wrong_mean_is_seen() -> None:
    """Planted: with the mean of V for centre of a law moved by 1/10 nothing agrees any more."""
    with working_precision(BITS):
        right = condition(exponential(), normal(), fmpq(2))
        wrong = condition(exponential(), normal() + fmpq(1, 10), fmpq(2))
        assert not right.mean.overlaps(wrong.mean) and not right.mass.overlaps(wrong.mass)
