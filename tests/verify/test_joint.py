"""Conditioning on the proxy, against closed forms, other integrals, and the pair turned round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.verify.copula_cases import FAMILIES
from tests.verify.law_cases import few, rationals, some
from verify.claim import rounds_to
from verify.copulas import Copula, clayton, gaussian, independent, negated, survival
from verify.enclosure import working_precision
from verify.errors import InputError
from verify.joint.laws import Block, ConditionalLaw, CopulaLaw, conditioned
from verify.law import Law
from verify.laws import exponential, gumbel, normal, pareto
from verify.laws.special import mills
from verify.ranks import FLOAT_RANKS, Rank

BITS = 64
#: Copulas whose integrals are quick: Student t needs a quantile at each point.
QUICK = st.one_of(*(strategy for name, strategy in FAMILIES.items() if name != "student_t"))
turned_copulas = st.builds(
    lambda turn, copula: turn(copula), st.sampled_from([lambda c: c, survival, negated]), QUICK
)
ERRORS = {
    "exponential()": stats.expon(),
    "student_t(df=3)": stats.t(3),
    "lognormal()": stats.lognorm(1),
    "pareto(alpha=2)": stats.pareto(2),
    "normal()": stats.norm(),
}


def found(joint: Any, t: fmpq) -> tuple[arb, arb]:
    """Mass and mean at the precision of the tests."""
    with working_precision(BITS):
        answer = conditioned(joint, t)
        return answer.mass, answer.mean


# ---------------------------------------------------------------- closed forms


@some
@given(rationals("1/4", "3"), rationals("-11/12", "11/12"), rationals("-2", "6"))
def test_bivariate_normal(sd: fmpq, rho: fmpq, t: fmpq) -> None:
    """``E[V | U > t] = Cov(U, V)/sd U`` over the Mills ratio."""
    mass, mean = found(CopulaLaw(sd * normal(), normal(), gaussian(rho)), t)
    with working_precision(128):
        spread = arb(1 + sd**2 + 2 * rho * sd).sqrt()
        score = t / spread
        assert (mass / normal().survival(score)).overlaps(arb(1))
        expected = (1 + rho * sd) / spread / mills(score)
        assert mean.overlaps(expected) and abs(mean - expected) < arb(10) ** -9 * (1 + abs(mean))


@given(rationals("1/2", "20"))
def test_two_exponentials(t: fmpq) -> None:
    """Rates 1 and 2: ``Pr(U > t) = 2 exp(-t) - exp(-2 t)``; V is the quicker one."""
    mass, mean = found(CopulaLaw(exponential(), exponential() / 2, independent()), t)
    small = (-arb(t)).exp()
    assert mass.overlaps(2 * small - small**2)
    # E[V; U > t] = int_0^t 2 v e^(-2v) e^(v - t) dv + E[V; V > t]
    part = 2 * (small - (1 + arb(t)) * small**2) + (t + fmpq(1, 2)) * small**2
    assert mean.overlaps(part / (2 * small - small**2))


# ---------------------------------------------------------------- other integrals


def by_density(error: Any, copula: Copula, t: float) -> tuple[float, float]:
    """Mass and mean from the copula's density: a double integral, in float64.

    Over v Gauss's rule on either side of the kink where ``t - v`` meets the end of X's support;
    over the ranks u above ``F(t - v)`` a logistic rule.
    """
    x, w = np.polynomial.legendre.leggauss(240)
    kink = min(max(t - error.support()[0], -8.0), 8.0)
    middles, halves = np.array([[kink - 8], [kink + 8]]) / 2, np.array([[kink + 8], [8 - kink]]) / 2
    v, weight_v = (middles + halves * x).ravel(), (halves * w).ravel()
    weight_v = weight_v * stats.norm.pdf(v)
    s, weight_s = 17 * x, 17 * w
    share, rest = 1 / (1 + np.exp(-s)), 1 / (1 + np.exp(s))
    above = error.sf(t - v)[:, None] * share[None, :]  # 1 - u runs over (0, S(t - v))
    slope = error.sf(t - v)[:, None] * (share * rest * weight_s)[None, :]
    u = Rank(1 - above, above)
    q = Rank(stats.norm.cdf(v)[:, None] + 0 * above, stats.norm.sf(v)[:, None] + 0 * above)
    with np.errstate(all="ignore"):
        density = np.nan_to_num(np.exp(copula.log_density(u, q, FLOAT_RANKS)))
    tail = (density * slope).sum(axis=1)
    mass = float(weight_v @ tail)
    return mass, float(weight_v @ (v * tail)) / mass


#: By the rule's nodes: densities with a ridge cost it most.
AGREES = 2e-3


@few
@given(st.sampled_from(sorted(ERRORS)), turned_copulas, rationals("2", "5"))
def test_against_the_density(name: str, copula: Copula, t: fmpq) -> None:
    mass, mean = found(CopulaLaw(Law.parse(name), normal(), copula), t)
    expected = by_density(ERRORS[name], copula, float(arb(t)))
    assert abs(float(mass) / expected[0] - 1) < AGREES
    assert abs(float(mean) - expected[1]) < 4 * AGREES


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("a wrong sign of rho", gaussian(rho="-0.3"), gaussian(rho="0.3")),
        ("a survival copula not turned", clayton(theta=2), survival(clayton(theta=2))),
        (
            "a negation of the other variable",
            survival(negated(clayton(theta=2))),
            negated(clayton(theta=2)),
        ),
    ],
)
def test_planted(name: str, wrong: Copula, right: Copula) -> None:
    _, mean = found(CopulaLaw(Law.parse("exponential()"), normal(), wrong), fmpq(3))
    assert abs(float(mean) - by_density(ERRORS["exponential()"], right, 3.0)[1]) > 10 * AGREES


@few
@given(st.sampled_from(sorted(ERRORS)), turned_copulas, rationals("-1", "20"))
def test_the_pair_turned_round_says_the_same(name: str, copula: Copula, t: fmpq) -> None:
    """The integral over x is another route to the mass; and E U is above t."""
    joint = CopulaLaw(Law.parse(name), normal(), copula)
    mass, mean_v = found(joint, t)
    other, mean_x = found(joint.swapped(), t)
    assert mass.overlaps(other)
    assert mass.rel_accuracy_bits() > 24 and other.rel_accuracy_bits() > 16
    assert mean_v + mean_x > arb(t) - arb(10) ** -6


@dataclass(frozen=True)
class _Unswapped(CopulaLaw):
    """A mistake: the laws change places, the copula does not."""

    def swapped(self) -> CopulaLaw:
        return CopulaLaw(self.utility, self.error, self.copula)


def test_a_copula_not_swapped_is_caught() -> None:
    joint = _Unswapped(exponential(), normal(), negated(clayton(theta=2)))
    assert not found(joint, fmpq(2))[0].overlaps(found(joint.swapped(), fmpq(2))[0])


# ---------------------------------------------------------------- far out


@pytest.mark.parametrize(
    ("error", "copula", "t", "limit"),
    [
        ("student_t(df=3)", "clayton(theta=1)", 10**9, "0.564189583547756"),
        ("exponential()", "clayton(theta=1)", 40, "1.28897818128"),
        ("2 + 3*pareto(alpha=2)", "independent()", 10**12, "0"),
    ],
)
def test_far_thresholds(error: str, copula: str, t: int, limit: str) -> None:
    """Where the limit is known, ``1/sqrt(pi)`` for the first."""
    from verify.copulas import parse_copula

    joint = CopulaLaw(Law.parse(error), normal(), parse_copula(copula))
    mass, mean = found(joint, fmpq(t))
    assert abs(mean - arb(limit)) < arb(10) ** -8
    assert mass.rel_accuracy_bits() > 24


# ---------------------------------------------------------------- conditional blocks

OUTSIDE = partial(Block, noise=normal(), scale=fmpq(0))
FOOTNOTE = ConditionalLaw(
    normal(),
    (
        OUTSIDE(None, fmpq(-1)),
        Block(fmpq(-1), fmpq(1), normal(), scale=fmpq(2)),
        OUTSIDE(fmpq(1), None),
    ),
)


@pytest.mark.parametrize(
    ("t", "printed"),
    [
        (5, "0.365068643995"),
        (10, "0.569146324671"),
        (50, "0.912937157"),
        (100, "0.958096956"),
        (10**4, "0.9995998000762076"),
    ],
)
def test_the_footnote(t: int, printed: str) -> None:
    def mean() -> arb:
        return conditioned(FOOTNOTE, fmpq(t)).mean

    assert rounds_to("E[V | U > t]", mean, printed).failure() is None
    wrong = printed[:-1] + str((int(printed[-1]) + 1) % 10)
    assert rounds_to("E[V | U > t]", mean, wrong).failure() is not None


def test_an_error_that_is_a_function_of_the_utility() -> None:
    """X = -2 V: U = -V, so that V given U > t is minus a normal tail mean."""
    joint = ConditionalLaw(normal(), (Block(None, None, normal(), slope=fmpq(-2), scale=fmpq(0)),))
    mass, mean = found(joint, fmpq(2))
    assert mass.overlaps(normal().survival(2)) and mean.overlaps(-1 / mills(arb(2)))


def test_a_block_like_a_gaussian_copula() -> None:
    """``X = rho V + sqrt(1 - rho^2) Z`` with rho = 3/5."""
    block = Block(None, None, normal(), slope=fmpq(3, 5), scale=fmpq(4, 5))
    one = found(ConditionalLaw(normal(), (block,)), fmpq(3))
    other = found(CopulaLaw(normal(), normal(), gaussian(rho="0.6")), fmpq(3))
    assert one[0].overlaps(other[0]) and one[1].overlaps(other[1])


def test_a_gap_between_blocks_is_refused() -> None:
    left, right = Block(None, fmpq(0), normal()), Block(fmpq(0), None, normal())
    ConditionalLaw(normal(), (left, right))
    for blocks in ((), (left,), (right, left), (left, Block(fmpq(1), None, normal()))):
        with pytest.raises(InputError, match="expected blocks that cover the line"):
            ConditionalLaw(normal(), blocks)


# ---------------------------------------------------------------- refusals


def test_a_utility_without_a_mean_is_refused() -> None:
    with pytest.raises(InputError, match="expected a utility law with a finite mean"):
        found(CopulaLaw(normal(), pareto(alpha=1), independent()), fmpq(1))


def test_atoms_are_refused() -> None:
    for laws in (("poisson(mu=3)", "normal()"), ("normal()", "poisson(mu=3)")):
        with pytest.raises(InputError, match="expected a law with a density"):
            CopulaLaw(*(Law.parse(text) for text in laws), independent())


def test_the_precision_asked_for_is_kept() -> None:
    """More bits give more digits, and the answers agree."""
    joint = CopulaLaw(gumbel(), normal(), clayton(theta=2))
    coarse = found(joint, fmpq(4))
    with working_precision(128):
        fine = conditioned(joint, fmpq(4))
        assert fine.mean.rel_accuracy_bits() > coarse[1].rel_accuracy_bits() + 40
        assert fine.mean.overlaps(coarse[1]) and fine.mass.overlaps(coarse[0])


@pytest.mark.parametrize(
    ("low", "high", "scale", "slope"),
    [(None, 1, 1, 1), (0, 3, 1, -1), (0, 1, -1, 0), (0, 1, -1, 2)],
)
def test_a_negative_scale_is_refused(low: int | None, high: int, scale: int, slope: int) -> None:
    start = None if low is None else fmpq(low)
    with pytest.raises(InputError, match="expected a scale that is positive"):
        Block(start, fmpq(high), normal(), scale=fmpq(scale), scale_slope=fmpq(slope))
