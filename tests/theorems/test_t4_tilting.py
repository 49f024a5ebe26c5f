"""Theorem 4: false variants of its steps, false instances, and the laws that are meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
from flint import arb, fmpq

from tests.theorems.planted import by_points
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.t4_tilting import CLAIMS, continuity, errata, normalising, path, saturation
from theorems.t4_tilting.symbols import symbols
from verify.claim import Enclosed, Finding
from verify.enclosure import Diverges, working_precision
from verify.identity import Relation, prove
from verify.independent_sum import IndependentSum
from verify.law import Law
from verify.ledger import tabulate
from verify.symbolic_values import evaluate

N = symbols()
NORMAL = "normal(mu=0, sigma=1)"

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    l_, b, r, d, w, g, q = N.l, N.b, N.r, N.d, N.w, N.g, N.q
    u, v, x, c, K, J, A, z = N.u, N.v, N.x, N.c, N.K, N.J, N.A, N.z
    gap = b * w * sp.log(w / sp.exp(u / b - K))
    normal = sp.exp(-((v + l_) ** 2) / 2) / sp.sqrt(2 * sp.pi)
    mean, log_mgf = 1 / g + 1 - g, -sp.log(g) + (1 - g) ** 2 / 2
    return {
        "the penalty tilts by b": Relation(
            w * u - b * w * sp.log(w), b * K * w - b * w * sp.log(w / sp.exp(u * b - K))
        ),
        "the penalty without K": Relation(w * u - b * w * sp.log(w), -gap),
        "the penalty with the entropy added": Relation(w * u - b * w * sp.log(w), b * K * w + gap),
        "short of the cap by l": Relation((d - z + K) / l_, (d + K) / l_ - l_ * z),
        "the tilt of U leaves V alone": replace(
            path.factors(), right=sp.exp(l_ * x - J) * sp.exp(-K)
        ),
        "the tilt of U tilts V by half": replace(
            path.factors(), right=sp.exp(l_ * x - J) * sp.exp(l_ * v / 2 - K)
        ),
        "the slope is the second moment": replace(path.slope_of_mean(), right=N.m2 / N.m0),
        "terms rise by v": replace(path.terms_rise(), right=v * sp.exp(l_ * v)),
        "below the chord": Relation(
            K / l_, A, ">=", (K - l_ * A) / l_, (l_ * A >= K,), {A: (K + z) / l_}
        ),
        "the chord without its hypothesis": Relation(A, K / l_, ">=", (l_ * A - K) / l_),
        "mass above c, without its logarithm": replace(
            path.mass_above(), right=c + q, form=sp.log(1 + z) / l_
        ),
        "the chord tends to c + log q": replace(path.chord_limit(), right=c + sp.log(q)),
        "X = -2V leaves V": Relation(-2 * v + v, v),
        "square with the other sign": replace(
            errata.square(), right=sp.exp(l_**2 / 2) * sp.exp(-((v - l_) ** 2) / 2)
        ),
        "square without its factor": replace(errata.square(), right=sp.exp(-((v + l_) ** 2) / 2)),
        "the mean rises": Relation(sp.Integral(v * normal, (v, -sp.oo, sp.oo)), l_),
        "E V tends to oo with X = -2V": replace(errata.without_end(), right=sp.oo),
        "MGF of Exp(1) is g": replace(errata.exponential_mgf(), right=g),
        "MGF at 1 is finite": replace(errata.at_the_rate(), right=sp.Integer(1)),
        "mean of the normal is 1": replace(errata.normal_mean(), right=sp.Integer(1)),
        "objective with KL added": Relation(A + b * (l_ * A - K), (1 - b * l_) * A + b * K),
        "an optimum at b = 1": replace(errata.no_optimum_at_one(), right=sp.Integer(1)),
        "an optimum at b = 2": Relation(
            sp.Limit((1 - 2 * (1 - g)) * mean + 2 * log_mgf, g, 0, "+"), sp.oo
        ),
        "cost without the normal part": replace(
            errata.cost_of_tilts(), right=1 / g - 1 + sp.log(g)
        ),
        "cost tends to 1": replace(errata.every_cap_is_spent(), right=sp.Integer(1)),
        "weights stay": replace(normalising.weight_grows(), right=sp.Integer(1)),
        "odds without the gap": replace(normalising.odds(), right=N.q),
        "odds stay": replace(normalising.odds_grow(), right=N.q),
        "Poisson means stay": replace(continuity.poisson_mean(), right=N.m),
        "Poisson means have a bound": replace(continuity.poisson_grows(), right=N.m),
        "from Q_r with the other sign of K": replace(
            saturation.from_the_last_tilt(),
            right=w * sp.log(w) - r * w * u - w * K,
        ),
        "slack without the rate": replace(saturation.slack(), right=z - N.s),
        "slack that adds what is unspent": replace(saturation.slack(), right=r * z + N.s),
        "moved rate that forgets r": replace(saturation.moved_rate(), right=sp.exp(N.h * v - K)),
        "the rest grows by r": replace(saturation.the_rest(), right=r * N.h),
    }


VARIANTS = false_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    assert prove(VARIANTS[name]) is not None
    assert by_points(VARIANTS[name])


# ---------------------------------------------------------------- false instances


@pytest.mark.parametrize(
    ("check", "case"),
    [
        # The digits of the page, each off by one in its last place.
        (errata.under_a_cap, ("1", "0.646849483354")),
        (errata.under_a_cap, ("1", "0.646849483352")),
        (errata.under_a_cap, ("100", "0.990491132452372")),
        (errata.under_a_cap, ("1.0001", "0.646849483353")),
        # Where there is an optimum, what the cut tilts make has a bound.
        (path.cut_tilts, ("exponential()", "2")),
        (path.cut_tilts, (NORMAL, "3")),
        # A constant utility does not rise.
        (path.rises_along, ("point(x=1)", "2")),
        (normalising.weight_and_share, ("0.5", 4)),
        # A tilt too small to take the mass there.
        (normalising.share_and_its_bound, (NORMAL, "5", "1", "10")),
        (errata.grows_iff, ("exponential()", NORMAL, "2")),
        (errata.grows_iff, ("exponential()", NORMAL, "oo")),
        (errata.grows_iff, (NORMAL, NORMAL, "1")),
        (errata.grows_iff, (NORMAL, 'tail(log_sf="-x-3*log(1+x)", lower=0)', "oo")),
        # Too near: mass at t = 100 is expensive.
        (saturation.comes_close, (NORMAL, "3", 2)),
        # Two nats away the third cumulant shows.
        (saturation.bound_on_the_lighter, ("poisson(mu=3)", "0.5", "4")),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


@pytest.mark.parametrize(
    ("check", "case"),
    [
        (path.tends_to, ("pareto(alpha=2)", NORMAL)),
        (errata.grows_iff, (NORMAL, "lognormal(mu=0, sigma=1)", "oo")),
        (saturation.comes_close, (NORMAL, "0.7", 6)),
        (saturation.as_computed, (saturation.NON_STEEP, NORMAL, "0.5")),
        (saturation.as_computed, (NORMAL, NORMAL, "5")),
        (saturation.as_computed, (saturation.NON_STEEP, saturation.NON_STEEP, "3")),
    ],
)
def test_an_instance_outside_the_claim_does_not_hold(check: Any, case: Any) -> None:
    """Heavy laws, caps that a tilt spends, a rate that both share: nothing is called proved."""
    assert Enclosed(check, (case,)).run().outcome != "holds"


def test_a_dependent_pair_does_not_factor() -> None:
    """Planted: with V = X in place of independence, E V under the tilt is not K_V'(l)."""
    law, tilt = Law.parse("bernoulli(p=0.3)"), fmpq(1)
    total = weighted = arb(0)
    for v, q in law.atoms():
        size = q * (tilt * arb(2 * v)).exp()
        total, weighted = total + size, weighted + size * v
    assert not abs(weighted / total - law.cumulants(tilt)[1]) < arb(1) / 100


def test_a_wrong_joint_mean_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    case = ("binomial(n=5, p=0.2)", "bernoulli(p=0.3)", "0.5")
    assert Enclosed(path.over_the_joint_atoms, (case,)).run().outcome == "holds"
    law = type(Law.parse("bernoulli(p=0.3)"))
    right = law.cumulants

    def wrong(self: Law, tilt: Any) -> Any:
        log_mgf, mean, variance = right(self, tilt)
        return log_mgf, mean + arb(10) ** -20, variance

    monkeypatch.setattr(law, "cumulants", wrong)
    assert Enclosed(path.over_the_joint_atoms, (case,)).run().outcome == "fails"


# ---------------------------------------------------------------- laws in the identities


def test_the_example_is_the_catalogues() -> None:
    """K of erratum b in the steps is that of the two laws that balls enclose."""
    pair = IndependentSum(Law.parse("exponential()"), Law.parse(NORMAL))
    mean, log_mgf = errata._mean_and_log_mgf()
    for tilt in (fmpq(1, 3), fmpq(9, 10)):
        point = {N.g: 1 - sp.Rational(int(tilt.p), int(tilt.q))}
        with working_precision(150):
            values = pair.cumulants(tilt)
            for value, expression in ((values[0], log_mgf), (values[1], mean)):
                assert abs(value - evaluate(expression.subs(point), {})) < arb(10) ** -35


def test_the_examples_meet_the_printed_hypotheses() -> None:
    """Light tails, V unbounded above, and a proxy with a density."""
    for text in ("exponential()", NORMAL, f"-2*{NORMAL}"):
        law = Law.parse(text)
        assert law.mgf_abscissa != 0 and not law.has_atoms
    assert isinstance(Law.parse(NORMAL).support[1], Diverges)
    assert Law.parse(saturation.NON_STEEP).mgf_abscissa == 1


# ---------------------------------------------------------------- claims


def test_module_holds_its_claims_together() -> None:
    ids = [claim.id for claim in CLAIMS]
    assert ids[0] == "t4" and all(name.startswith("t4") for name in ids)
    for group in (path, errata, continuity, saturation):
        assert set(group.CLAIMS) <= set(CLAIMS)
    assert set(CLAIMS) <= set(CATALOGUE)


def test_verdict() -> None:
    """Computed: with both refutations undecided, Theorem 4 would not be called false."""

    def verdict(*undecided: str) -> str:
        findings = {
            claim.id: [
                Finding("unknown" if claim.id in undecided else "holds", 1, 1, 0.0)
                for _ in claim.evidence
            ]
            for claim in CATALOGUE
        }
        found = {v.statement: v.verdict for v in tabulate(CATALOGUE, findings).verdicts}
        return found["Theorem 4"]

    assert verdict() == "false as printed"
    assert verdict("t4.erratum-a", "t4.erratum-b") == "unsettled"
