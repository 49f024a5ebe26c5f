"""Dependence: each step, false variants of each, false instances, and the laws that are meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.theorems.planted import by_points
from tests.verify.weighted_cases import few
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.dependence import CLAIMS, covariance, footnote, limits_of_blocks, two_tails
from theorems.dependence.footnote import (
    PRINTED,
    REPAIRED,
    Example,
    by_mpmath,
    density_given_tail,
    mean_given_tail,
)
from theorems.dependence.symbols import symbols
from theorems.dependence.two_tails import Margin
from verify.claim import Enclosed, Exact, Finding, ball_of_mpf
from verify.enclosure import working_precision
from verify.identity import Relation, prove
from verify.law import Law
from verify.ledger import tabulate

N = symbols()

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    blocks, cov, two = limits_of_blocks, covariance, two_tails
    t, y, z, k = N.t, N.y, N.z, N.k
    slope_of_square = cov.normal_slope()
    return {
        "the tail is phi over z": replace(blocks.tail_slope(), right=sp.exp(-(z**2) / 2)),
        "the hazard is below z": replace(blocks.hazard(), right=sp.exp(-(z**2) / 2) * z),
        "s is below z": replace(blocks.hazard_sign(), right=N.s / z + 1),
        "by parts without y": replace(blocks.by_parts(), right=k * N.f),
        "by parts for a weight that rises": replace(
            blocks.by_parts(), given=(N.g >= -k * N.f,), via={N.g: -k * N.f + N.v}
        ),
        "by parts, the other way round": replace(
            blocks.by_parts_above(), given=(N.g <= -k * N.f,), via={N.g: -k * N.f - N.v}
        ),
        "the printed weight falls at t/4": replace(blocks.printed_slope(), right=t / 4),
        "it falls no faster than t/4": replace(blocks.printed_slope_above(), left=t / 4),
        "the printed limit is 0": replace(blocks.printed_limit(), right=sp.Integer(0)),
        "V >= t stays": replace(blocks.printed_rest(), right=sp.Integer(1)),
        "end of block without k": replace(blocks.end_of_block(), right=sp.exp(2 * k) - 1),
        "the end stays": replace(blocks.end_vanishes(), right=sp.Integer(2)),
        "the rate is 2": replace(blocks.printed_rate(), right=sp.Integer(2)),
        "the rate below is 2": replace(blocks.printed_rate_below(), right=sp.Integer(2)),
        "repaired score with t + 2": replace(
            blocks.score_slope_right(), right=(t + 2) / (2 - y) ** 2
        ),
        "left score with t - 2": replace(blocks.score_slope_left(), right=(t - 2) / (2 - y) ** 2),
        "least score is t": replace(blocks.score_right(), right=t),
        "least score on the left is t": replace(blocks.score_left(), right=t),
        "the slope is at least t - 2": replace(blocks.slope_at_least(), right=t - 2),
        "the repaired limit is 1": replace(blocks.repaired_limit(), right=sp.Integer(1)),
        "V >= t stays, repaired": replace(blocks.repaired_rest(), right=sp.Integer(1)),
        "slope without the means": replace(cov.slope(), right=N.n1 / N.m0),
        "slope of a variance": replace(cov.slope(), right=(N.n1 - N.n0**2 / N.m0) / N.m0),
        "curvature is the slope": replace(cov.curvature(), right=cov.slope().right),
        "z above exp(z)": replace(cov.dominated(), left=z - sp.exp(z)),
        "Cov(U, V) is Cov(X, V)": replace(cov.at_the_base(), right=(N.x - N.C) * (N.b - N.B)),
        "harmful from 0 on": replace(cov.harmful(), given=(N.kappa < 0,), via={N.kappa: -N.h}),
        "harmless below": replace(
            cov.harmless(), given=(N.kappa <= -(N.sigma**2),), via={N.kappa: -(N.sigma**2) - N.v}
        ),
        "the tilt moves the score by sd V": replace(
            cov.square(), right=cov.square().right.subs(N.rho, 0)
        ),
        "normal slope without the utility": replace(slope_of_square, right=N.rho * N.sigma * N.tau),
        "normal, harmful from 0 on": replace(
            cov.normal_harmful(), given=(N.rho < 0,), via={N.rho: -N.h}
        ),
        "normal, the ratio upside down": replace(
            cov.normal_harmless(),
            given=(N.rho >= -N.tau / N.sigma,),
            via={N.rho: -N.tau / N.sigma + N.v},
        ),
        "costs multiply": replace(two.costs_add(), right=N.m * sp.log(N.m) * N.q * sp.log(N.q)),
        "margins cost nothing": replace(two.no_cheaper(), right=N.w * sp.log(N.w)),
        "two tilts without K_V": replace(two.two_tilts(), left=two.two_tilts().left - N.w * N.R),
        "bound for two, V's share added": replace(
            two.bound_for_two(),
            left=(N.d + N.K + N.R + N.r * N.M) / N.l,
        ),
        "the mass is M": replace(two.hits_exactly(), left=N.M * N.A + (1 - N.M) * N.B),
        "a heavier tail costs a": replace(two.heavier_cost(), right=N.a),
        "a share costs its share": replace(two.share_of_cost(), right=sp.Integer(0)),
        "a share has a price": replace(two.cost_vanishes(), right=sp.Integer(1)),
        "the mean up to t is t": replace(two.heavier_mean(), right=t),
        "it is finite": replace(two.heavier_diverges(), right=sp.Integer(1)),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


# ---------------------------------------------------------------- false instances

LIGHT = Margin("exponential()", "50", "60")


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (footnote.printed_value, (5, "0.365068643996")),
        (footnote.printed_value, (100, "0.958096957")),
        (footnote.printed_value, (10**4, "0.9995998000762077")),
        (footnote.printed_value, (100, "0")),
        (footnote.repaired_value, (10, "0.0236662978292149")),
        (footnote.repaired_value, (10**4, "3.19999884800046e-11")),
        # A mean past its threshold's reach, a mean on the wrong side, a budget that is too small.
        (two_tails.any_pair, (Margin("pareto(alpha=2)", "1", "1e6"), two_tails.PAIRS[0][1], "1")),
        (two_tails.any_pair, (*two_tails.PAIRS[0][:2], "0.0005")),
        (two_tails.infinite_pair, ("0.1", "0.1", "0.001")),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


def test_a_wrong_closed_form_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    case = ("0.1", "0.1", "0.05")
    right = two_tails.cost_of_share
    assert Enclosed(two_tails.infinite_pair, (case,)).run().outcome == "holds"
    monkeypatch.setattr(two_tails, "cost_of_share", lambda p: right(p) * (1 - arb(10) ** -20))
    assert Enclosed(two_tails.infinite_pair, (case,)).run().outcome == "fails"


def test_hypotheses_are_looked_at() -> None:
    assert two_tails.any_pair((LIGHT, two_tails.PAIRS[0][1], "1")) is None
    assert covariance.normal_tilted(("1", "2", "-1.4", "1")) is None


@pytest.mark.parametrize("place", range(4))
def test_normal_numbers_of_another_law_are_rejected(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second route with sd V, sd X, the correlation or the tilt a little larger."""
    right = covariance.normal_by_mpmath

    def moved(*numbers: fmpq) -> Any:
        changed = [number + fmpq(i == place, 10) for i, number in enumerate(numbers)]
        return right(*changed)

    case = ("1", "2", "-0.4", "1")
    monkeypatch.setattr(covariance, "normal_by_mpmath", moved)
    assert Enclosed(covariance.normal_tilted, (case,)).run().outcome == "fails"


@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_covariance_is_rejected(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    right = covariance.FiniteJoint.covariance
    monkeypatch.setattr(covariance.FiniteJoint, "covariance", lambda self, y: 2 * right(self, y))
    assert Exact(covariance.slope_is_covariance, (seed,)).run().outcome == "fails"
    assert Exact(covariance.turns, (fmpq(1),)).run().outcome == "fails"


def test_the_other_way_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    swapped = {"up": covariance.EQUALITY["down"], "down": covariance.EQUALITY["up"]}
    monkeypatch.setattr(covariance, "EQUALITY", swapped)
    assert Exact(covariance.at_equality, ("up",)).run().outcome == "fails"
    assert Exact(covariance.at_equality, ("down",)).run().outcome == "fails"


def test_nothing_turns_where_the_covariance_keeps_its_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for joint in covariance.EQUALITY.values():
        monkeypatch.setattr(covariance, "RARE_ERROR", joint)
        assert Exact(covariance.turns, (fmpq(3),)).run().outcome == "fails"


def test_a_slope_that_is_another_polynomial_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covariance, "TURN", covariance.TURN * fmpq(2))
    assert Exact(covariance.turns, (fmpq(3),)).run().outcome == "fails"


# ---------------------------------------------------------------- the covariance, by other means


@given(st.integers(100, 10**6), st.fractions(-2, 2, max_denominator=50))
def test_the_slope_is_a_difference_quotient(seed: int, tilt: Any) -> None:
    """E_l V of a random finite law from its definition, at l + h and l - h, against Cov_l."""
    joint = covariance.FiniteJoint.random(seed)
    step = arb(2) ** -60

    def utility(at: arb) -> arb:
        weights = [(v, share * (at * u).exp()) for u, v, share in joint.outcomes]
        return sum((v * w for v, w in weights), arb(0)) / sum((w for _, w in weights), arb(0))

    with working_precision(256):
        l_ = arb(fmpq(tilt.numerator, tilt.denominator))
        quotient = (utility(l_ + step) - utility(l_ - step)) / (2 * step)
        tilted = [(u, v, share * (l_ * u).exp()) for u, v, share in joint.outcomes]
        total = sum((w for _, _, w in tilted), arb(0))
        mean_u = sum((u * w for u, _, w in tilted), arb(0)) / total
        cov = sum(((u - mean_u) * v * w for u, v, w in tilted), arb(0)) / total
        # h^2 times a third cumulant of U, U, U, V: at most 5^3 * 18, with 2^10 to spare.
        assert abs(quotient - cov) < arb(2) ** -98


def test_a_simulated_tilt_has_the_covariance_as_its_slope(rng: np.random.Generator) -> None:
    """Jointly normal, corr -0.6, sd X = 2: the regression of V on U under the base policy."""
    v, noise = rng.standard_normal((2, 10**6))
    x = -1.2 * v + 1.6 * noise
    u = v + x
    weights = np.exp(0.3 * u)
    utility = float((weights * v).sum() / weights.sum())
    # Six standard errors of a self-normalised mean with weights of a lognormal of spread 0.3 * 1.6.
    assert abs(utility - 0.3 * (1 - 1.2)) < 6 * 1.3e-3


# ---------------------------------------------------------------- the footnote, by other means


@pytest.mark.parametrize("example", [PRINTED, REPAIRED], ids=["printed", "repaired"])
def test_by_the_law_itself(example: Example, rng: np.random.Generator) -> None:
    """Draws of (X, V) with U >= 3: about 4 or 0.4 % of them, within six standard errors."""
    v, noise = rng.standard_normal((2, 2_000_000))
    spread = 2 - example.shrinks * np.abs(v)
    u = v + np.where(np.abs(v) <= 1, spread * noise, 0)
    kept = v[u >= 3]
    error = 6 * kept.std() / np.sqrt(len(kept))
    assert abs(kept.mean() - float(mean_given_tail(example, fmpq(3)))) < error


@pytest.mark.parametrize("example", [PRINTED, REPAIRED], ids=["printed", "repaired"])
@few(8)
@given(st.fractions(3, 10**5, max_denominator=8))
def test_two_routes_agree_anywhere(example: Example, t: Any) -> None:
    """To 25 digits of the scale on which the mean moves, 1/t or 1/t^3, of mpmath's 40."""
    at = fmpq(t.numerator, t.denominator)
    with working_precision(192):
        first, second = mean_given_tail(example, at), ball_of_mpf(by_mpmath(example, at))
        assert abs(first - second) < arb(10) ** -25 / arb(at) ** (3 if example.shrinks else 1)
        if at > 5:
            bound = 8 / (arb(at) * (arb(at) - 2)) if example.shrinks else 4 / (arb(at) - 5)
            assert abs(first - example.peak) < bound + (-arb(at)).exp()


@pytest.mark.parametrize("example", [PRINTED, REPAIRED], ids=["printed", "repaired"])
def test_the_density_integrates_to_its_mean(example: Example) -> None:
    """The midpoint rule at t = 10, where the block has all but 1e-10 of the mass."""
    density, n = density_given_tail(example, fmpq(10)), 1000
    places = [fmpq(2 * k + 1, 2 * n) - 1 for k in range(2 * n)]
    heights = [float(density(v)) / n for v in places]
    mean = sum(float(arb(v)) * height for v, height in zip(places, heights, strict=True))
    # The rule is off by 1/(24 n^2) times the change of the slope, in all at most 2 * 10 * 7.
    assert abs(sum(heights) - 1) < 1e-5
    assert abs(mean - float(mean_given_tail(example, fmpq(10)))) < 1e-5


def test_a_wrong_spread_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """N(0, 4) read as a standard deviation of 4."""
    right = PRINTED.law
    wide = tuple(replace(block, scale=2 * block.scale) for block in right.blocks)
    wrong = replace(right, blocks=wide)
    monkeypatch.setattr(Example, "law", property(lambda _: wrong))
    assert Enclosed(footnote.printed_value, ((5, "0.365068643995"),)).run().outcome == "fails"


# ---------------------------------------------------------------- two tails, by other means


@pytest.mark.parametrize("margin", [pair[0] for pair in two_tails.PAIRS[:3]])
def test_the_mass_is_the_one_that_hits(margin: Margin) -> None:
    with working_precision(128):
        law = margin.rounded()
        assert abs(law.mean() - arb(margin.goal)) < arb(10) ** -20  # type: ignore[operator]
        more = replace(margin, goal=str(int(margin.goal) + 1))
        assert margin.cost() < more.cost()
        assert law.base.mgf_abscissa == 0


def test_pareto_in_the_identities_is_the_catalogues() -> None:
    """The logarithm of the density that the steps average, and the density it is averaged with."""
    heavier, base = Law.parse("pareto(alpha=1)"), Law.parse("pareto(alpha=3)")
    for x in (fmpq(3, 2), fmpq(7), fmpq(10**6)):
        density = heavier.density(x)
        assert abs(density - 1 / arb(x) ** 2) < arb(10) ** -12
        ratio = (density / base.density(x)).log()
        assert abs(ratio - (2 * arb(x).log() - arb(3).log())) < arb(10) ** -12


# ---------------------------------------------------------------- claims


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert all(name.startswith("dependence.") for name in ids)
    for group in (footnote, covariance, two_tails):
        assert set(group.CLAIMS) <= set(CLAIMS)


def test_verdict() -> None:
    """Computed: with the refutation undecided, the footnote would not be called false."""

    def verdict(undecided: str = "") -> str:
        findings = {
            claim.id: [
                Finding("unknown" if claim.id == undecided else "holds", 1, 1, 0.0)
                for _ in claim.evidence
            ]
            for claim in CATALOGUE
        }
        verdicts = {v.statement: v.verdict for v in tabulate(CATALOGUE, findings).verdicts}
        return verdicts["Footnote on dependence"]

    assert verdict() == "false as printed"
    assert verdict("dependence.footnote") == "unsettled"
