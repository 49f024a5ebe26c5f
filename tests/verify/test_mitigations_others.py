"""Mitigations beside those that weigh by the proxy: entropy, ensembles, occupancies, the road."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.mitigation_cases import FINITE, JOINED, LAPLACE_NORMAL, NORMALS
from verify.enclosure import ball, working_precision
from verify.errors import InputError
from verify.mdp import MDP, base_policy, chain_rule_kl
from verify.mdp.array_frontier import evaluate
from verify.mitigations.ensembles import Ensemble, lowest, mean_less_variance
from verify.mitigations.entropy import EntropyBonus
from verify.mitigations.existence import why_no_errors, why_no_power, why_no_tilt
from verify.mitigations.losses import PENALTIES, Driving, losses
from verify.mitigations.model import COARSE, Model, default_models
from verify.mitigations.occupancy import (
    average_kl,
    chi_square,
    gathered,
    kl,
    occupancy,
    occupancy_of_actions,
    total_variation,
)
from verify.mitigations.one_step import OneStep
from verify.mitigations.road import driver, road, where
from verify.mitigations.weights import (
    Draws,
    Tilts,
)

# ---------------------------------------------------------------- entropy


def test_entropy_of_uniform_laws() -> None:
    """The base is uniform itself: the box leaves out 0.2 % of each side; tilts are Langevin's."""
    model = Model.parse("box", "uniform(low=-1, high=1)", "uniform(low=-1, high=1)")
    path = EntropyBonus(model, 12)
    assert path.outcome(1e-9).kl == pytest.approx(-2 * log(0.998), abs=1e-9)
    tilt, half = 2.0, 0.998
    mean = half / np.tanh(tilt * half) - 1 / tilt
    found = path.outcome(tilt)
    assert (found.mean_v, found.mean_u) == pytest.approx((mean, 2 * mean), abs=1e-9)
    # Of each side: l K' - K, with K = log(sinh(l h)/(l h)), and the box's own.
    cost = tilt * mean - log(np.sinh(tilt * half) / (tilt * half)) - log(0.998)
    assert found.kl == pytest.approx(2 * cost, abs=1e-9)


def test_entropy_under_a_copula_sees_the_dependence() -> None:
    apart, joined = (EntropyBonus(model, 8).outcome(0.01).kl for model in (NORMALS, JOINED))
    # -E log c of a uniform point of the box, c the Gaussian copula's density with rho = -0.3:
    # (rho^2 (x^2 + y^2) - 2 rho x y)/(2 (1 - rho^2)) + log(1 - rho^2)/2 with E x^2 = b^2/3.
    b = 3.090232306167813
    extra = 0.09 * 2 * b**2 / 3 / (2 * 0.91) + log(0.91) / 2
    assert joined - apart == pytest.approx(extra, abs=0.02)


# ---------------------------------------------------------------- ensembles


def test_the_lowest_of_exponential_errors() -> None:
    """The lowest of 4 is Exp(4): its mean is 1/4."""
    model = Model.parse("pair", "exponential()", "point(x=0)")
    profiles = Ensemble(4, lowest).profiles(model, size=40_000)
    mean = np.mean([profile.mass @ profile.score for profile in profiles])
    assert abs(mean - 0.25) < 6 * 0.25 / 40_000**0.5
    one = np.mean([profile.mass @ profile.reward for profile in profiles])
    assert abs(one - 1) < 6 / 40_000**0.5


def test_shared_errors_leave_one_proxy() -> None:
    for score in (lowest, mean_less_variance):
        for profile in Ensemble(4, score, shared=1.0).profiles(LAPLACE_NORMAL, size=2_000):
            assert np.allclose(profile.score, profile.reward)


def test_dependent_errors_are_drawn_given_the_utility() -> None:
    profiles = Ensemble(2, lowest).profiles(JOINED, size=40_000)
    error = np.concatenate([profile.reward - profile.utility for profile in profiles])
    utility = np.concatenate([profile.utility for profile in profiles])
    # The correlation of 40,000 normal pairs has a standard error below 1/200.
    assert abs(np.corrcoef(error, utility)[0, 1] + 0.3) < 6 / 200


# ---------------------------------------------------------------- existence


def test_which_penalties_have_an_optimum() -> None:
    light, heavy, dependent = default_models()
    assert why_no_tilt(light) == "" == why_no_tilt(dependent)
    assert "right-heavy" in why_no_tilt(heavy)
    # t(3) has moments of orders below 3: a/(a - 1) has to be below 3, that is a above 3/2.
    assert why_no_power(heavy, fmpq(2)) == "" == why_no_power(heavy, fmpq(151, 100))
    assert "E U^3 is infinite" in why_no_power(heavy, fmpq(3, 2))
    assert why_no_errors(heavy) == ""
    assert "standard error" in why_no_errors(Model.parse("pair", "pareto(alpha=2)", "normal()"))


def test_a_heavy_error_may_be_undone_by_the_utility() -> None:
    """Joined laws: an infinite moment of X says nothing if -V has none either."""
    heavy = Model.parse("pair", "pareto(alpha=2)", "-pareto(alpha=2)", "gaussian(rho=-0.9)")
    assert why_no_power(heavy, fmpq(2)).startswith("not known")
    light = Model.parse("pair", "pareto(alpha=2)", "normal()", "gaussian(rho=-0.9)")
    assert why_no_power(light, fmpq(2)).startswith("no optimum")


def test_rates_of_pairs() -> None:
    light, heavy, dependent = default_models()
    assert light.largest_tilt[0] == 1 and heavy.largest_tilt[0] == 0
    assert dependent.largest_tilt[0] == pytest.approx(1, abs=1e-9)
    assert NORMALS.largest_tilt[0] == float("inf")


@pytest.mark.parametrize(
    ("error", "utility", "copula", "message"),
    [
        ("cauchy()", "normal()", None, "mean"),
        ("normal()", "pareto(alpha=1)", None, "mean is oo"),
        ("poisson(mu=1)", "normal()", "gaussian(rho=0.5)", "density"),
        ("normal()", "normal()", "comonotone()", "has no density"),
    ],
)
def test_pairs_that_cannot_be_compared(
    error: str, utility: str, copula: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Model.parse("pair", error, utility, copula)


def test_real_numbers_of_draws() -> None:
    """n = 1.5 lies between 1 and 2."""
    found = [Draws(FINITE).outcome(log(n)).mean_u for n in (1, 1.5, 2)]
    assert found[0] < found[1] < found[2]


# ---------------------------------------------------------------- occupancies


@pytest.mark.parametrize("strength", [0.01, 0.4, 0.95])
def test_one_step_is_the_kl_penalty(strength: float) -> None:
    """Soft values of the process, and tilts: two routes to one policy, and to its divergence."""
    profile = LAPLACE_NORMAL.profile(COARSE)
    path = OneStep(profile)
    here, there = path.outcome(strength), Tilts(profile).outcome(strength)
    assert here.distance(there) < 1e-9
    # The sweep that adds up the KL divergence along trajectories knows no occupancy.
    mean, spent = evaluate(path.mdp, strength)
    assert abs(here.kl - spent) < 1e-9 and abs(here.mean_u - mean) < 1e-9
    assert abs(path.occupancy(strength).sum() - 1) < 1e-12


def test_another_process_is_noticed() -> None:
    """Planted: with a tenth of the time spent elsewhere, the occupancy is no law of answers."""
    path = OneStep(LAPLACE_NORMAL.profile(COARSE))
    path.mdp.start[0] = 0.9
    assert abs(path.occupancy(0.4).sum() - 1) > 0.05


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=2, max_size=6))
def test_in_one_step_every_divergence_is_that_of_the_answers(sizes: list[tuple[int, int]]) -> None:
    """Exactly, for policies in fractions: whatever is penalised, it is the same penalty."""
    if not any(new for _, new in sizes):
        return
    totals = [sum(column) for column in zip(*sizes, strict=True)]
    base, new = (
        {f"answer {k}": fmpq(pair[side], totals[side]) for k, pair in enumerate(sizes)}
        for side in (0, 1)
    )
    moves = {"prompt": {answer: (chance, f"after {answer}") for answer, chance in base.items()}}
    mdp = MDP.build("prompt", moves, {f"after {answer}": 0 for answer in base})
    policy, usual = {"prompt": new}, base_policy(mdp)
    one, other = (occupancy_of_actions(mdp, each) for each in (policy, usual))
    assert {action: share for (_, action), share in one.items()} == new
    assert total_variation(one, other) == total_variation(new, base)
    assert chi_square(one, other) == chi_square(new, base)
    along = chain_rule_kl(mdp, policy, usual)
    assert abs(ball(kl(one, other)) - ball(along)) < arb(2) ** -40


# ---------------------------------------------------------------- the road


@pytest.mark.parametrize(("steps", "base", "turn"), [(20, 400, 20), (7, 3, 2)])
def test_driving_in_closed_form_is_the_process(steps: int, base: int, turn: int) -> None:
    mdp = road(steps, fmpq(1, base))
    policy, usual = driver(mdp, fmpq(1, turn)), base_policy(mdp)
    one, other = (gathered(occupancy(mdp, each), where) for each in (policy, usual))
    with working_precision(128):
        driving = Driving.of(fmpq(1, turn), fmpq(1, base), steps)
        expected = {
            "KL of actions, average over the steps": average_kl(mdp, policy, usual),
            "KL of trajectories, the sum": ball(chain_rule_kl(mdp, policy, usual)),
            "KL of the occupancy": ball(kl(one, other)),
            "chi-square of the occupancy": arb(chi_square(one, other)),
            "total variation of the occupancy": arb(total_variation(one, other)),
        }
        assert set(expected) == set(PENALTIES)
        for name, value in expected.items():
            assert abs(PENALTIES[name](driving, steps) - value) < arb(2) ** -100, name


def test_losses_are_what_the_budget_allows() -> None:
    """At the largest turn the penalty is the budget; a bit beyond, it is above it."""
    for loss in losses(steps=50, base=fmpq(1, 1000), budget="0.02"):
        for side, sign in ((-1, 1), (1, -1)):
            turn = loss.turn.mid().fmpq() + fmpq(side, 2**50)
            with working_precision(128):
                spent = PENALTIES[loss.penalty](Driving.of(turn, fmpq(1, 1000), 50), 50)
            assert sign * (arb(2) / 100 - spent) > 0, loss.penalty
    (variation,) = (x for x in losses() if x.penalty.startswith("total variation"))
    assert abs(variation.lost - arb(1) / 20) < arb(2) ** -50
