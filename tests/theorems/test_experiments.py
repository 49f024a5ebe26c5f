"""The numbers in print: false variants of the steps, false instances, and the verdicts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.theorems.planted import by_points
from theorems.catalogue import CLAIMS as CATALOGUE
from theorems.experiments import (
    CLAIMS,
    hill,
    mixture,
    normal_error,
    objective,
    sequences,
    synthetic,
)
from theorems.experiments.symbols import symbols
from verify.affine import Affine
from verify.claim import Enclosed, Exact, Finding, ball_of_mpf
from verify.conditioning.floats import survival_and_parts
from verify.continuous import ContinuousLaw
from verify.enclosure import exact, working_precision
from verify.identity import Relation, prove
from verify.law import Law
from verify.ledger import tabulate

N = symbols()

# ---------------------------------------------------------------- false variants by hand


def false_variants() -> dict[str, Relation]:
    a, q, p = N.a, N.q, mixture.mass_of_forced()
    forced, cross = p * sp.log(p / q), normal_error.cross_ratio()
    return {
        "the last term read as log((1 - a)(1 - q))": replace(
            mixture.formula(),
            right=forced + (1 - a) * sp.log((1 - a) * (1 - q)),
            given=(a < 1, q < 1),
        ),
        "the formula without its last term": replace(mixture.formula(), right=forced),
        "the formula without 1 - q": replace(
            mixture.formula(), right=forced + (1 - a) * sp.log(1 - a)
        ),
        "elsewhere P is Q": replace(mixture.elsewhere(), right=sp.Integer(1)),
        "the first order leaves nothing out": replace(
            mixture.beyond_first_order(), right=sp.Integer(0)
        ),
        "the second term is a": replace(mixture.second_term(), right=sp.Integer(1)),
        "the gain adds the base mean": replace(mixture.gain(), right=a * (N.r + N.mu)),
        "choices know the zero": replace(hill.choice(), right=1 / (1 + sp.exp(N.v - N.u - N.c))),
        "a term that stays": replace(hill.vanishes(), right=sp.log(2)),
        "a term with a bound": replace(hill.no_bound(), right=sp.Integer(0)),
        "a term that rises": replace(
            hill.falls(), left=sp.Derivative(sp.log((N.z + N.g) / N.z), N.z)
        ),
        "spacings keep their unit": replace(hill.spacings(), right=N.h * (N.u - N.v) / (N.v - N.r)),
        "odds keep the shift": replace(hill.of_odds(), right=N.u - N.v + N.c),
        "conditioning costs nothing": replace(objective.conditioning_cost(), right=sp.Integer(0)),
        "the objective has a bound": replace(objective.runs_away(), right=N.s),
        "the objective with a minus runs away": replace(
            objective.runs_away(), left=sp.Limit(N.s + sp.log(N.q), N.q, 0, "+")
        ),
        "near the supremum nothing is lacking": replace(
            objective.unspent(), right=N.s - N.J + N.d, form=N.J - N.s
        ),
        "proxies and utilities go crosswise": replace(cross, left=-cross.left, form=-cross.form),
        "the mean rank is 1/2": replace(normal_error.mean_rank(), right=sp.Rational(1, 2)),
        "one draw more doubles": replace(
            normal_error.one_draw_more(), right=2 * N.n * N.x ** (N.n - 1)
        ),
        "a lognormal error is heavier than t(10)": synthetic.vanishes("t10", "lognormal"),
        "t(5) is heavier than t(3)": replace(
            synthetic.outgrows(), left=sp.Limit(synthetic.quotient("t5", "t3"), N.x, sp.oo)
        ),
        "together whatever they do": replace(
            normal_error.together(), given=(N.m >= N.l,), via={N.m: N.l + N.y}
        ),
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
        # With 1338.70 nats every number of the example is another.
        (mixture.sign_in_print, (mixture.SHARE, exact("1338.70"))),
        (mixture.right_sign, (mixture.SHARE, exact("1338.70"))),
        (mixture.right_sign, (exact("0.02"), mixture.NATS)),
        # Of a million answers the best one costs more than the mixture does.
        (mixture.by_conditioning, 1_000_000),
        # Three rewards that are equal at the top: the estimate from one of them is 0.
        (hill.takes_any_value, ((fmpq(3), fmpq(3), fmpq(1)), 1)),
        # A tenth of the law costs 2.3 nats: less than 3.
        (objective.rewards_divergence, ("normal(mu=0, sigma=1)", 1)),
        (synthetic.falls_back, ("normal", "normal")),
        (synthetic.falls_back, ("t10", "lognormal")),
        (synthetic.no_bound, ("t10", "t3")),
        (synthetic.lognormal_scale, ("0.27", "0.99864")),
        (synthetic.lognormal_scale, ("0.28", "0.99863")),
        (synthetic.after_the_fall, ("100", "0.720250100551655")),
    ],
)
def test_false_instance_is_rejected(check: Any, case: Any) -> None:
    assert Enclosed(check, (case,)).run().outcome == "fails"


@pytest.mark.parametrize(
    ("check", "case"),
    [
        # What the print should have: then it is no longer wrong.
        (mixture.difference_in_print, (mixture.REWARD, mixture.BASE_MEAN, "0.019048")),
        (mixture.right_gain, (mixture.REWARD, mixture.BASE_MEAN, "0.02572")),
        (mixture.right_gain, (mixture.REWARD, -mixture.BASE_MEAN, "0.02571")),
        (sequences.decimal_order, (133, 598)),
        (sequences.decimal_order, (133, 2000)),
        (sequences.decimal_order, (1024, 4614)),
        (sequences.first_beyond, (2000, 443)),
        (sequences.first_beyond, (2000, 445)),
    ],
)
def test_false_exact_instance_is_rejected(check: Any, case: Any) -> None:
    assert Exact(check, (case,)).run().outcome == "fails"


REWARDS = st.lists(
    st.fractions(-5, 5, max_denominator=20), min_size=3, max_size=8, unique=True
).map(lambda values: tuple(fmpq(v.numerator, v.denominator) for v in values))


@given(rewards=REWARDS, data=st.data())
def test_hill_takes_every_value_once(rewards: tuple[fmpq, ...], data: st.DataObject) -> None:
    """It falls with the distance of the zero, from above any height to nothing."""
    k = data.draw(st.integers(1, len(rewards) - 1))
    edge = sorted(rewards, reverse=True)[k]
    near, far = sorted(data.draw(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6))))
    with working_precision(128):

        def estimate(distance: fmpq) -> arb:
            return hill.hill(rewards, k, edge - distance)

        if near < far:
            assert estimate(fmpq(far)) < estimate(fmpq(near))
        assert 0 < estimate(fmpq(10**9)) < arb(10) ** -6
        # One reward of k is at least 1/400 above the edge: log(1 + 10^40/400) > 86.
        assert estimate(fmpq(1, 10**40)) > arb(86) / k


@given(
    share=st.fractions("1/1000", "999/1000", max_denominator=1000),
    nats=st.fractions("1/10", 2000, max_denominator=100),
)
def test_divergence_of_a_mixture_by_mpmath(share: Fraction, nats: Fraction) -> None:
    a, r = (fmpq(value.numerator, value.denominator) for value in (share, nats))
    with working_precision(256):
        ours = mixture.divergence(a, r)
        gap = ours - ball_of_mpf(mixture._by_mpmath(a, r))
        # mpmath carries 40 digits more than 1 - q needs; 20 are left for its errors.
        assert abs(gap) < arb(10) ** -20 * (1 + ours)
        assert ours > 0


def test_an_estimate_that_moves_with_the_zero_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: Hill's own estimate in place of the mean excess."""
    case = (hill.REWARDS, 3)
    assert hill.same_after_a_shift(case)

    def raw(rewards: tuple[fmpq, ...], k: int) -> fmpq:
        return sum(sorted(rewards, reverse=True)[:k], fmpq(0)) / k

    monkeypatch.setattr(hill, "mean_excess", raw)
    assert not hill.same_after_a_shift(case)


# ---------------------------------------------------------------- the synthetic rewards


def test_laws_are_scaled_as_in_print() -> None:
    """Standard deviations 2 and 1, by scipy; the lognormal law has its own, and a mean above 0."""
    for laws, wanted in ((synthetic.UTILITIES, 2.0), (synthetic.ERRORS, 1.0)):
        for name, text in laws.items():
            mean, spread = moments(text)
            if name == "lognormal":
                assert (round(mean, 2), round(spread, 5)) == (0.27, 0.99863)
            else:
                assert abs(mean) < 1e-12 and abs(spread - wanted) < 1e-12


def moments(text: str) -> tuple[float, float]:
    """Mean and standard deviation of a shifted and scaled law, by scipy."""
    law = Law.parse(text)
    shift, scale = fmpq(0), fmpq(1)
    if isinstance(law, Affine):
        shift, scale, law = law.shift, law.scale, law.base
    assert isinstance(law, ContinuousLaw)
    mean, variance = law.scipy().stats("mv")
    shift_, scale_ = (int(v.p) / int(v.q) for v in (shift, scale))
    return float(shift_ + scale_ * mean), float(scale_ * variance**0.5)


@pytest.mark.parametrize("t", [8, 100])
def test_given_a_threshold_by_floats(t: int) -> None:
    """A second route to the certified numbers: double-exponential quadrature in float64."""
    laws = Law.parse(synthetic.ERRORS["lognormal"]), Law.parse(synthetic.UTILITIES["t10"])
    mass, part, _ = survival_and_parts(*laws, [float(t)])
    # To about 1e-10 of E|V| and the mass, as it says.
    assert float(synthetic.given_a_threshold(fmpq(t))) == pytest.approx(part[0] / mass[0], rel=1e-8)


# ---------------------------------------------------------------- claims


def test_module_holds_its_claims_together() -> None:
    assert all(claim.id.startswith("experiments.") for claim in CLAIMS)
    for group in (mixture, hill, sequences, objective, normal_error, synthetic):
        assert set(group.CLAIMS) <= set(CLAIMS)
    assert set(CLAIMS) <= set(CATALOGUE)


def test_verdicts() -> None:
    holds = Finding("holds", 1, 1, 0.0)
    table = tabulate(CATALOGUE, {c.id: [holds] * len(c.evidence) for c in CATALOGUE})
    verdicts = {verdict.statement: verdict.verdict for verdict in table.verdicts}
    printed = {c.source for c in CLAIMS if c.source != "ours"}
    assert {name: verdicts[name] for name in printed} == {
        "KL of a mixture": "true",
        "KL of the example": "false as printed",
        "Gain of the example": "false as printed",
        "Conclusion of the example": "true",
        "Hill plots": "false as printed",
        "Number of token sequences": "false as printed",
        "Bounded objective": "false as printed",
        "Best-of-N figure: normal error": "true",
        "Best-of-N figure: peaks": "true",
        "Best-of-N figure: Theorem 5": "false as printed",
    }
