"""The second route agrees with the ball route on every law, and says so when it cannot tell.

Guides
------
* A disagreement is a bug in one of the two: the trapezoidal sums of :mod:`verify.second_route`
  report their error, so suspect a law's closed form first, then its density.
* A law that is new in the catalogue needs a row in ``LAWS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from mpmath import mp

from verify.assertion import (
    Assertion,
    BoundedByTilt,
    BoundedByTop,
    ByIdentity,
    ByThreshold,
    ByTilt,
    Target,
)
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.law import Law
from verify.laws import CATALOGUE
from verify.laws.custom import Tail
from verify.laws.discrete import Poisson
from verify.laws.empirical_law import Empirical
from verify.laws.gaussian import Normal
from verify.laws.light import Gamma
from verify.laws.power import Pareto
from verify.laws.stretched import Lognormal
from verify.second_route import SecondRoute, disagreements
from verify.second_route.numbers import (
    Interval,
)
from verify.weight import Location, Threshold

#: Bits of the ball route: twice what a double needs to see an error of the other.
BITS = 192
TARGET = Target(Decimal(1), Decimal(1))
#: Thresholds where a heavy tail is still far from nothing, or is nothing to any float.
FAR = ("1e6", "1e50", "1e400", "1e10000")


@dataclass(frozen=True)
class Case:
    """A law, thresholds beside its median and 0.999 quantile, and tilts."""

    law: str
    thresholds: tuple[str, ...] = ()
    tilts: tuple[str, ...] = ()


LAWS = (
    Case("normal(mu=3, sigma=0.2)", ("-1", "1e6", "1e50", "1e400"), ("0.001", "30", "-2")),
    Case("lognormal(mu=1, sigma=3)", FAR, ("-1",)),
    Case("exponential()", ("1e6",), ("0.5", "0.9999", "-7")),
    Case("gamma(shape=0.3)", ("0.0001", "1e6"), ("0.5", "0.9999", "-7")),
    Case("gamma(shape=100000)", ("110000",), ("0.3",)),
    Case("laplace()", ("-2", "1e6"), ("0.9", "-0.5")),
    Case("logistic()", ("-2", "1e6"), ("0.9", "-0.5")),
    Case("cauchy()", FAR),
    Case("uniform(low=-1, high=3)", ("2.9999",), ("0.001", "50", "-3")),
    Case("beta(a=0.5, b=0.1)", ("0.01", "0.9999999"), ("3", "-3")),
    Case("beta(a=7, b=200)", ("0.5",), ("30",)),
    Case("student_t(df=3)", ("-1", *FAR)),
    Case("student_t(df=1.1)", FAR),
    Case("pareto(alpha=1.05)", FAR, ("-1",)),
    Case("pareto(alpha=20, scale=3)", FAR),
    Case("weibull(shape=0.5)", FAR),
    Case("weibull(shape=3)", ("20",), ("5", "-2")),
    Case("frechet(alpha=1.5)", FAR),
    Case("burr(c=2, k=0.6)", FAR, ("-1",)),
    Case("log_logistic(shape=1.5)", FAR),
    Case("inverse_gamma(shape=3)", FAR, ("-1",)),
    Case("f(d1=3, d2=5)", FAR),
    Case("genpareto(xi=0.9)", FAR),
    Case("genpareto(xi=-0.5)", ("1.9999",), ("3",)),
    Case("gev(xi=0.5)", ("-1", *FAR)),
    Case("gev(xi=-0.5)", ("-3",), ("1", "-2")),
    Case("gumbel()", ("-2", "1e6"), ("0.5", "-3")),
    Case("levy()", FAR, ("-1",)),
    Case("log_cauchy()", ("1e6", "1e50")),
    Case("log_gamma(shape=2.5)", FAR),
    Case("half_normal()", ("50",), ("2", "-2")),
    Case("half_cauchy()", FAR),
    Case("half_student_t(df=3)", FAR),
    Case("skew_normal(alpha=3)", ("-1", "30"), ("2",)),
    Case("skew_normal(alpha=-1000)", ("0.001",), ("2",)),
    Case("inverse_gaussian(mu=1, lam=1)", ("1e6",), ("0.499", "-1")),
    Case("bernoulli(p=0.3)", ("0", "0.5"), ("0.5", "40")),
    Case("binomial(n=100, p=0.3)", ("70",), ("0.5", "-3")),
    Case("binomial(n=1000000, p=0.5)", ("500300",), ("0.01",)),
    Case("poisson(mu=3)", ("3", "1e6", "1e50"), ("3", "-2")),
    Case("poisson(mu=100000)", ("101000",), ("0.01",)),
    Case("geometric(p=0.001)", ("5", "1e6"), ("0.0005", "-2")),
    Case("negative_binomial(r=2.5, p=0.3)", ("1e6", "1e50"), ("0.3", "-2")),
    Case("negative_binomial(r=0.01, p=0.0001)", ("1e5",), ("0.00005",)),
    Case("zeta(s=2.5)", ("3", *FAR[:3]), ("-2", "-0.001")),
    Case("point(2)", (), ("3",)),
    Case("2 + 3*lognormal()", FAR),
    Case("-pareto(alpha=2)", ("-1.01", "-30"), ("0.5", "20")),
    Case("0.1*poisson(mu=3)", ("0.3", "0.35"), ("5",)),
    Case("3 - geometric(p=0.1)", ("-7",), ("1",)),
    Case("mixture(0.99*normal(), 0.01*pareto(alpha=1.5))", FAR),
    Case("mixture(0.5*poisson(mu=3), 0.5*normal())", ("3", "2.5"), ("0.5",)),
    Case("truncate(normal(), low=30, high=31)", ("30.5",), ("30",)),
    Case("truncate(poisson(mu=3), low=0, high=7)", ("6",), ("3",)),
    Case('tail(log_sf="-x/log(x)", lower="exp(1)")', FAR[:2]),
    Case('tail(log_sf="-sqrt(x) - 1/2", lower=0)', FAR[:2], ("-0.5",)),
    Case('tail(log_sf="-x**2", lower="1/3")', ("0.4", "100"), ("0.5", "10")),
)


def numbers_of(assertion: Assertion) -> dict[str, Any]:
    with working_precision(BITS):
        return assertion.numbers()


def threshold(law: Law, t: object, mass: str = "0.01", floor: str | None = None) -> ByThreshold:
    location = t if isinstance(t, Location) else Location(t=Decimal(str(t)))
    bottom = None if floor is None else Decimal(floor)
    return ByThreshold(law, TARGET, Threshold(location, Decimal(mass)), bottom)


def assert_agreement(assertion: Assertion) -> None:
    numbers = numbers_of(assertion)
    known = [v for v in numbers.values() if isinstance(v, arb)]
    assert known, "the ball route has nothing to compare with"
    assert all(v.is_finite() for v in known), f"the ball route fails for {assertion}: {numbers}"
    found = disagreements(assertion, numbers)
    assert found == [], f"{assertion}: {found}"


def body_thresholds(law: Law) -> list[str]:
    """The median and the 0.999 quantile, as short decimals."""
    with working_precision(64):
        points = [law.quantile(fmpq(level, 1000)).mid() for level in (500, 999)]
        return [point.str(6, radius=False) for point in points]


@pytest.mark.parametrize("case", LAWS, ids=lambda case: case.law)
def test_agrees_at_thresholds(case: Case) -> None:
    law = Law.parse(case.law)
    low, high = law.support
    for place in [*body_thresholds(law), *case.thresholds]:
        above = isinstance(low, Diverges) or arb(place) >= ball(low)
        if above and (isinstance(high, Diverges) or arb(place) < ball(high)):
            assert_agreement(threshold(law, place))


@pytest.mark.parametrize("case", [c for c in LAWS if c.tilts], ids=lambda case: case.law)
def test_agrees_at_tilts(case: Case) -> None:
    law = Law.parse(case.law)
    for tilt in case.tilts:
        assert_agreement(ByTilt(law, TARGET, Decimal(tilt)))
        assert_agreement(BoundedByTilt(law, TARGET, Decimal(tilt)))


def test_every_law_of_the_catalogue_is_tried() -> None:
    missing = [n for n in CATALOGUE if not any(f"{n}(" in case.law for case in LAWS)]
    assert missing == [], f"laws without a row in LAWS: {missing}"


@pytest.mark.parametrize(
    "text",
    [
        'tail(log_sf="-x/log(x)", lower="exp(1)")',
        "lognormal()",
        "burr(c=2, k=0.6)",
        "student_t(df=3)",
    ],
)
@pytest.mark.parametrize("log_t", ["30000.25", "1e6"])
def test_agrees_at_thresholds_too_large_to_write(text: str, log_t: str) -> None:
    law = Law.parse(text)
    assert_agreement(threshold(law, Location(log_t=Decimal(log_t)), "1e-10"))


@pytest.mark.parametrize("floor", ["-50", "-1e50"])
@pytest.mark.parametrize(
    "text", ["mixture(0.5*(-pareto(alpha=0.5)), 0.5*pareto(alpha=1.5))", "student_t(df=1.5)"]
)
def test_agrees_above_a_floor(text: str, floor: str) -> None:
    assert_agreement(threshold(Law.parse(text), "1e6", floor=floor))


@pytest.mark.parametrize("kl_tilt", ["0.0001", "0.0000001"])
def test_small_divergences_keep_their_digits(kl_tilt: str) -> None:
    # KL is about l^2/2, a difference of terms of size l.
    assert_agreement(ByTilt(Law.parse("gamma(shape=8.785)"), TARGET, Decimal(kl_tilt)))


def test_identity_and_upper_end() -> None:
    assert_agreement(ByIdentity(Law.parse("2 + 3*lognormal()"), TARGET))
    assert_agreement(ByIdentity(Law.parse("student_t(df=3)"), TARGET))
    assert_agreement(BoundedByTop(Law.parse("beta(a=2, b=3)"), TARGET))
    assert_agreement(BoundedByTop(Law.parse("binomial(n=7, p=0.2)"), TARGET))


# ------------------------------------------------------------------ rows


def rows(n: int, seed: int) -> Empirical:
    return Empirical.from_values(np.random.default_rng(seed).normal(size=n).round(3))


@pytest.mark.parametrize("n", [1, 2, 500, 16_000])
def test_rows_agree(n: int) -> None:
    law = rows(n, n)
    top = float(law.values[-1])
    if n > 2:
        for t in (0, "0.5", top / 2):
            assert_agreement(threshold(law, t))
    for tilt in ("0.00001", "0.5", "-3", "40", "5000"):
        assert_agreement(BoundedByTilt(law, TARGET, Decimal(tilt)))
        if n > 1 and Decimal(tilt) < 100:
            assert_agreement(ByTilt(law, TARGET, Decimal(tilt)))


def test_float_sums_stay_within_their_stated_error() -> None:
    values = np.random.default_rng(5).standard_t(3, size=400)
    law = Empirical.from_values(values)
    for tilt in (fmpq(1, 1000), fmpq(1), fmpq(-1, 3), fmpq(30)):
        part = SecondRoute(law).part(Interval(), tilt)
        with mp.workdps(60):
            rate = mp.mpf(int(tilt.p)) / int(tilt.q)
            weights = [mp.exp(rate * mp.mpf(float(x))) for x in values]
            mass = sum(weights)
            mean = sum(w * mp.mpf(float(x)) for w, x in zip(weights, values, strict=True)) / mass
            assert abs(part.log_mass.value - mp.log(mass / 400)) <= part.log_mass.error
            assert part.mean is not None
            assert abs(part.mean.value - mean) <= part.mean.error
            assert part.mean.error < 1e-13 * (1 + abs(mean))


def test_rows_at_the_limits_of_float64() -> None:
    law = Empirical.from_values([1e308, 1.1e308, 1.2e308, -1e308])
    assert mp.almosteq(SecondRoute(law).mean().value, mp.mpf("0.575e308"), 1e-15)
    assert mp.almosteq(SecondRoute(law).tilted_mean("1e-289").value, mp.mpf(1.2e308), 1e-15)
    with pytest.raises(Undecided, match="float64"):
        SecondRoute(law).log_mgf(fmpq(10) ** -400)


def test_atoms_belong_to_the_right_side() -> None:
    law = Law.parse("mixture(0.25*point(0), 0.5*point(1), 0.25*point(2))")
    route = SecondRoute(law)
    assert mp.almosteq(mp.exp(route.log_survival(1).value), 0.25)
    assert mp.almosteq(mp.exp(route.log_survival(fmpq(999, 1000)).value), 0.75)
    flipped = SecondRoute(-law)
    assert mp.almosteq(mp.exp(flipped.log_survival(-1).value), 0.25)
    closed = route.part(Interval(fmpq(1), fmpq(2), low_in=True, high_in=False))
    assert mp.almosteq(mp.exp(closed.log_mass.value), 0.5)


# ------------------------------------------------------------------ planted violations


class WrongTail(Pareto):
    """A survival function that is off by one part in 10^10."""

    def _log_survival(self, x: arb) -> arb:
        return super()._log_survival(x) * (1 + arb("1e-10"))


class WrongTailMean(Lognormal):
    def tail_mean(self, t: Any) -> Any:
        return super().tail_mean(t) * (1 + arb("1e-10"))


class WrongLogMgf(Gamma):
    def cumulant_series(self, tilt: arb) -> Any:
        return super().cumulant_series(tilt) * (1 + arb("1e-10"))


class WrongMasses(Poisson):
    def _log_tails(self, n: arb) -> tuple[arb, arb]:
        above, below = super()._log_tails(n)
        return above + arb("1e-9"), below


class WrongDensity(Normal):
    """Not normalised: the ball route does not use the density."""

    def log_density(self, x: Any, arithmetic: Any) -> Any:
        return super().log_density(x, arithmetic) * (1 + arithmetic.number(fmpq(1, 10**9)))


class WrongUserTail(Tail):
    def tail_mean(self, t: Any) -> Any:
        return super().tail_mean(t) * (1 + arb("1e-10"))


class WrongRows(Empirical):
    def _rank(self, t: Any, before: bool) -> int:
        return super()._rank(t, True)  # an atom at t counts as above


@pytest.mark.parametrize(
    ("law", "t", "named"),
    [
        (WrongTail(alpha=2), "1e10", "log_tail"),
        (WrongTailMean(), "50", "mean"),
        (WrongMasses(mu=3), "5", "log_tail"),
        (WrongDensity(), "3", "log_tail"),
        (WrongRows.from_values([0, 1, 1, 2, 3]), "1", "log_tail"),
    ],
)
def test_a_wrong_tail_is_caught(law: Law, t: str, named: str) -> None:
    assertion = threshold(law, t)
    found = disagreements(assertion, numbers_of(assertion))
    assert any(phrase.startswith(f"{named} is") for phrase in found), found


def test_a_wrong_mean_of_a_users_tail_is_caught() -> None:
    right = Law.parse('tail(log_sf="-sqrt(x)", lower=0)')
    assert isinstance(right, Tail)
    assertion = threshold(WrongUserTail(right.log_sf, right.lower, right.proofs), "100")
    found = disagreements(assertion, numbers_of(assertion))
    assert [phrase.split()[0] for phrase in found] == ["mean"]


def test_a_wrong_log_mgf_is_caught() -> None:
    assertion = ByTilt(WrongLogMgf(shape=2), TARGET, Decimal("0.5"))
    assert disagreements(assertion, numbers_of(assertion))


@pytest.mark.parametrize("name", ["log_tail", "mean", "kl"])
def test_an_edited_number_is_caught(name: str) -> None:
    assertion = threshold(Law.parse("burr(c=2, k=1.2)"), "1000")
    numbers = numbers_of(assertion)
    numbers[name] *= 1 + arb("1e-11")
    (found,) = disagreements(assertion, numbers)
    assert found.startswith(f"{name} is")
