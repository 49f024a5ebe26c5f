"""Random prompts: printed numbers by mpmath, false variants of the steps, false instances."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from flint import arb

from tests.theorems.planted import by_points
from theorems.t3_policies import prompt_counterexamples, quenched, soft_values
from theorems.t3_policies.prompt_counterexamples import BEST_MEAN, MOST_MEAN
from theorems.t3_policies.prompt_instances import MDPS, skewed
from theorems.t3_policies.soft_symbols import symbols, two_actions
from verify.claim import Enclosed
from verify.identity import Relation, prove
from verify.mdp import soft_values as mdp_soft_values
from verify.prompts.quenched import quenched_frontier

N = symbols()
DIGITS = 30

# ---------------------------------------------------------------- numbers, by a second route


def shown(value: Any, printed: str) -> bool:
    """Whether an mpmath number rounds to a printed one."""
    places = len(printed.split(".")[1])
    return bool(abs(value - mp.mpf(printed)) <= mp.mpf(10) ** -places / 2)


def test_numbers_of_the_counter() -> None:
    with mp.workdps(DIGITS):
        # E k from its series, by mpmath's own summation.
        mean = mp.nsum(lambda k: k**-2, [1, mp.inf]) / mp.nsum(lambda k: k**-3, [1, mp.inf])
        assert shown(mean + 1, MOST_MEAN)

        def cost(p: Any) -> Any:
            return p * mp.log(2 * p) + (1 - p) * mp.log(2 * (1 - p))

        best = mp.findroot(lambda p: cost(p) - mp.mpf("0.01"), (0.55, 0.6), solver="anderson")
        assert shown(mean + best, BEST_MEAN)


def test_numbers_of_the_normal_prompts() -> None:
    with mp.workdps(DIGITS):
        best = mp.sqrt(2 * mp.mpf("0.1") * (mp.mpf("0.5") + mp.mpf("1.2") + 5))
        assert shown(best, quenched.NORMAL_NUMBER)


def test_the_pooled_normal_prompts() -> None:
    """``(d + log E exp(l X))/l`` minimised by mpmath."""
    with mp.workdps(DIGITS):

        def bound(tilt: Any) -> Any:
            parts = ((5, 1), (3, 2), (2, 5))
            total = sum(mp.mpf(w) / 10 * mp.exp((tilt * s) ** 2 / 2) for w, s in parts)
            return (mp.mpf("0.1") + mp.log(total)) / tilt

        tilt = mp.findroot(lambda x: mp.diff(bound, x), 0.15)
        assert shown(bound(tilt), "1.206262805353")


def test_the_noise_inside_the_logarithm() -> None:
    """Two actions with noise N(0, 4): ``K = log((1 + exp l)/2)``, and 2 l^2 more."""
    with mp.workdps(DIGITS):
        for noise, printed in ((0, "0.7197946262"), (2, "1.421901429049")):

            def bound(tilt: Any, noise: int = noise) -> Any:
                value = mp.log((1 + mp.exp(tilt)) / 2) + noise * tilt**2
                return (mp.mpf("0.1") + value) / tilt

            tilt = mp.findroot(lambda x, f=bound: mp.diff(f, x), 0.9 if noise == 0 else 0.2)
            assert shown(bound(tilt), printed)


def test_students_prompts_are_students_t(rng: np.random.Generator) -> None:
    """Draws of a normal variable at a drawn s against Student t(3): Kolmogorov and Smirnov.

    Of n = 10^5 draws the distance exceeds 3.0/sqrt(n) with probability 2 exp(-18) < 1e-7.
    """
    from scipy import stats

    n = 10**5
    s = np.sqrt(3 / rng.chisquare(3, n))
    distance = stats.kstest(s * rng.normal(size=n), stats.t(3).cdf).statistic
    assert distance < 3 / np.sqrt(n)
    wrong = stats.kstest(s * rng.normal(size=n), stats.t(4).cdf).statistic
    assert wrong > 3 / np.sqrt(n)


def test_the_counter_with_many_prompts() -> None:
    """The first 400 prompts, weights in proportion: the mean and the best mean close in."""
    weights = [1 / k**3 for k in range(1, 401)]
    laws = [f"{k} + bernoulli(p=0.5)" for k in range(1, 401)]
    (point,) = quenched_frontier(laws, ["0.01"], weights).points
    assert isinstance(point.lower, arb)
    # Left out: about sum_{k > 400} k^-2/zeta(3) = 2.1e-3.
    assert float(BEST_MEAN) - 2.2e-3 < float(point.lower) < float(BEST_MEAN)


# ---------------------------------------------------------------- false variants of the steps


def false_variants() -> dict[str, Relation]:
    w, c, L, g, x, l_, d = N.w, N.c, N.L, N.g, N.x, N.l, N.d
    e, v = N.e, N.v
    fits = (d + L >= l_ * N.A,)
    normal = (d + l_**2 * v / 2) / l_
    return {
        "soft value with the other sign": Relation(
            w * sp.log(w) - w * (c + L), w * sp.log(w / sp.exp(c - L))
        ),
        "the loss of the next state dropped": Relation(
            w * L + w * sp.log(w) - w * (c - g), w * sp.log(w / sp.exp(c - L))
        ),
        "the loss not weighted by the policy": Relation(
            w * L + w * sp.log(w) - w * (c - g), w * sp.log(w / sp.exp(c - L)) + g
        ),
        "the bound without the budget": Relation(L / l_, N.A, ">=", (L - l_ * N.A) / l_, fits),
        "inside the logarithm it is less": Relation(
            1 + x, sp.exp(x), ">=", -sp.exp(x) * (1 + (-x - 1) * sp.exp(-x))
        ),
        "the mean of the soft policy at even weights": Relation(
            sp.Subs(sp.Derivative(two_actions(), e), e, 0), (N.m1 + N.m2) / 2
        ),
        "the curvature without the variance": Relation(
            sp.Subs(sp.Derivative(two_actions(), (e, 2)), e, 0),
            (N.i * N.b1 + N.j * N.b2) / (N.i + N.j),
        ),
        "sqrt(d v) for normal prompts": Relation(
            sp.Subs(normal, l_, sp.sqrt(2 * d / v)), sp.sqrt(d * v)
        ),
        "a budget split evenly": Relation(
            sp.Subs((l_ * N.sigma) ** 2 / 2, l_, sp.sqrt(2 * d / v)), d
        ),
        "Student's prompts with density t(4)": Relation(
            prompt_counterexamples.scale_mixture().left,
            sp.Rational(3, 8) * (1 + x**2 / 4) ** sp.Rational(-5, 2),
        ),
    }


@pytest.mark.parametrize("name", false_variants())
def test_false_variant_is_rejected_by_both_routes(name: str) -> None:
    wrong = false_variants()[name]
    assert prove(wrong) is not None
    assert by_points(wrong)


# ---------------------------------------------------------------- false instances


def outcome(check: Any, *given: Any) -> str:
    return Enclosed(check, given).run().outcome


@pytest.mark.parametrize(
    ("check", "given"),
    [
        (prompt_counterexamples.most_any_policy_has, "2.36843277762020688"),
        (prompt_counterexamples.best_of_the_counter, "1.93902534789370117"),
        (prompt_counterexamples.student_square, "3.1"),
        (prompt_counterexamples.heavy_when_pooled, ("counter", "1e6", "0.01", MOST_MEAN)),
        (prompt_counterexamples.heavy_when_pooled, ("Student", "1e3", "0.0003", "0.25")),
        (prompt_counterexamples.one_start_or_many, (("normal()", "exponential()"), True)),
        (prompt_counterexamples.one_start_or_many, (("normal()", "pareto(alpha=2)"), False)),
        (quenched.pooled_is_more, ("0.1", "1.157583690279")),
        (quenched.noise_is_not_the_policys, ("0.1", "1.421901429049", "1.421901429049")),
        (quenched.heavy_prompt_does_it, ("0.001", "0.9", 6)),
        (quenched.light_prompts_are_finite, (("normal()", "pareto(alpha=2)"), "100")),
    ],
)
def test_false_instance_fails(check: Any, given: Any) -> None:
    assert outcome(check, given) == "fails"


def test_prompts_averaged_inside_the_log_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The annealed L in place of E L: what the bound leaves is no longer a divergence."""

    def annealed(mdp: Any, values: Any) -> Any:
        start = [w * values[s].exp() for s, w in mdp.start.items()]
        return sum(start[1:], start[0]).log()

    case = ("two stages", 3, "0.7")
    assert outcome(quenched.loses_what_it_deviates, case) == "holds"
    monkeypatch.setattr(quenched, "at_start", annealed)
    assert outcome(quenched.loses_what_it_deviates, case) == "fails"
    assert outcome(quenched.is_met, ("two stages", "0.7")) == "fails"


def test_soft_values_at_another_tilt_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilt that is off by a millionth of itself is not the policy's."""
    monkeypatch.setattr(
        quenched, "soft_values", lambda mdp, tilt: mdp_soft_values(mdp, tilt * (1 + tilt / 10**6))
    )
    assert outcome(quenched.loses_what_it_deviates, ("two stages", 3, "0.7")) == "fails"


@pytest.mark.parametrize("name", ["two stages", "noisy arms", "chancy"])
def test_skewed_policies_are_policies(name: str) -> None:
    mdp = MDPS[name]()
    for actions in skewed(mdp, 5).values():
        assert sum(actions.values()) == 1
    assert {**skewed(mdp, 1)} == {
        s: {a: m.probability for a, m in v.items()} for s, v in mdp.moves.items()
    }


def test_every_step_is_in_a_claim() -> None:
    named = {
        step.name for step in (*soft_values.SOFT, *soft_values.ATTAINED, *soft_values.ANNEALED)
    }
    named |= {step.name for step in (*soft_values.INFINITE, *soft_values.NORMALS)}
    claimed = {
        step.name
        for claim in quenched.CLAIMS
        for evidence in claim.evidence
        for step in getattr(evidence, "steps", ())
    }
    assert named == claimed
