"""Policies that realise weights, in float64, against exact rationals and against predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from gpu_checks.enumerable.doob import h_transform
from gpu_checks.enumerable.exact import as_arrays, as_mdp
from gpu_checks.enumerable.realised import Realised, realise
from gpu_checks.enumerable.rounding import (
    FUNCTION,
    bound_on_chain_rule,
    bound_on_kl,
    bound_on_mean,
    error_of_transform,
)
from gpu_checks.enumerable.tree import PrefixTree, kl_by_tokens, kl_of_trajectories
from gpu_checks.enumerable.weights import RewardLaw
from tests.gpu_checks.enumerable.trees import WEIGHTS, random_tree, rewards_with_ties, trees
from verify.divergence import binary_kl
from verify.enclosure import exact
from verify.errors import InputError
from verify.mdp import chain_rule_kl, mean_return, trajectory_kl
from verify.mdp import h_transform as exact_h_transform
from verify.mdp.array_frontier import array_frontier
from verify.mdp.linear import base_policy
from verify.weight import BestOfN, Identity, Threshold, Tilt, TopFraction, Weight

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
def test_the_policy_does_what_is_predicted(weight: Weight) -> None:
    tree = random_tree(1, 5, 5)
    found = realise(tree, rewards_with_ties(tree, 2), weight)
    assert found.holds
    assert found.policy.probabilities.sum() == pytest.approx(1, abs=1e-9)
    assert (found.token_kl >= -found.chain_bound).all()


@given(trees, st.integers(0, 10**6), st.sampled_from(WEIGHTS))
def test_predictions_hold_on_any_tree(tree: PrefixTree, seed: int, weight: Weight) -> None:
    rewards = rewards_with_ties(tree, seed)
    reached = rewards[tree.probabilities > 0]
    if isinstance(weight, Threshold):  # some reward on either side
        weight = Threshold.at(float(np.median(reached)) - 0.125, "0.3")
        if not reached.min() < float(weight.location.t or 0) < reached.max():
            return
    assert realise(tree, rewards, weight).holds


def test_a_slightly_other_tilt_is_seen() -> None:
    """Planted: the bounds tell tilts apart that differ in the eleventh digit."""
    tree = random_tree(1, 5, 5)
    rewards = rewards_with_ties(tree, 2)
    one, other = (realise(tree, rewards, Tilt(tilt)) for tilt in ("1/2", "0.500000000005"))
    assert one.holds
    assert other.holds
    assert not replace(one, mean=other.mean).holds
    assert not replace(one, kl=other.kl, token_kl=other.token_kl).holds


def test_a_changed_token_is_seen_by_the_chain_rule() -> None:
    """Planted: one row of one level is moved by 1e-6, and only what tokens add up to sees it."""
    tree = random_tree(1, 3, 4)
    found = realise(tree, rewards_with_ties(tree, 2), Tilt(1))
    levels = [level.copy() for level in found.policy.levels]
    levels[2][4] += [1e-6, 0, 0]
    levels[2][4] -= np.log(np.exp(levels[2][4]).sum())
    moved = kl_by_tokens(found.policy.with_levels(levels), tree)
    assert found.holds
    assert not replace(found, token_kl=moved).holds


def test_an_average_over_states_is_no_chain_rule() -> None:
    """Planted, the third reading of Theorem 3 in print: each prefix counted the same."""
    tree = random_tree(1, 3, 4)
    found = realise(tree, rewards_with_ties(tree, 2), Tilt(1))
    average = [
        (np.exp(level) * (level - base)).sum(axis=1).mean()
        for level, base in zip(found.policy.levels, tree.levels, strict=True)
    ]
    assert not replace(found, token_kl=np.array(average)).holds


# ---------------------------------------------------------------- against exact rationals

EXACT = (
    Identity(),
    Tilt("1/2"),
    Threshold.at("0.25", "0.3"),
    BestOfN(7),
    TopFraction("1/3"),
    TopFraction("1/1000"),
)


@pytest.mark.parametrize("weight", EXACT, ids=str)
def test_against_exact_rationals(weight: Weight) -> None:
    tree = random_tree(3, 3, 3)
    rewards = rewards_with_ties(tree, 4)
    found, mdp = realise(tree, rewards, weight), as_mdp(tree, rewards)
    realised = exact_h_transform(mdp, weight)
    mean = mean_return(mdp, realised.policy)
    # A level's exp and the division by the sum of its row move the base's probabilities a little.
    base = tree.horizon * (FUNCTION + tree.defect + tree.arity * 2**-53)
    slack = 4 * base * (1 + float(np.abs(rewards).max()))
    assert abs(float(arb(mean) - found.mean)) <= found.mean_bound + slack
    routes = [kl(mdp, realised.policy, base_policy(mdp)) for kl in (trajectory_kl, chain_rule_kl)]
    for kl in routes:
        value = kl if isinstance(kl, arb) else kl.ball()
        assert abs(float(value - found.kl)) <= found.kl_bound + slack
    kept = kept_of_cut_atom(tree, rewards, weight)
    for prefix, chances in realised.policy.items():
        row = np.exp(found.policy.levels[len(prefix)][number_of(tree, prefix)])
        for token, chance in chances.items():
            off = abs(float(arb(chance) - float(row[token])))
            assert off <= error_of_transform(found.transformed, tree) + slack / kept


def kept_of_cut_atom(tree: PrefixTree, rewards: Any, weight: Weight) -> float:
    """What a top fraction keeps of the value that it cuts; it is the difference of two ranks."""
    if not isinstance(weight, TopFraction):
        return 1.0
    law, fraction = RewardLaw.of(tree, rewards), float(arb(weight.fraction))
    return float((fraction - law.above[law.above < fraction]).min())


def number_of(tree: PrefixTree, prefix: tuple[int, ...]) -> int:
    return int(sum(s * tree.arity**i for i, s in enumerate(reversed(prefix))))


def test_thresholds_cost_what_theorem_1_says() -> None:
    """``kl(p, q)`` exactly, from the ball of ``q = Q(U > t)``."""
    tree = random_tree(5, 4, 4)
    rewards = rewards_with_ties(tree, 6)
    q = sum((exact(float(p)) for p in tree.probabilities[rewards > 1]), fmpq(0))
    found = realise(tree, rewards, Threshold.at(1, "0.2"))
    kl = binary_kl(arb(fmpq(1, 5)), arb(q).log(), arb(1 - q).log())
    assert abs(float(kl - found.kl)) <= found.kl_bound


# ---------------------------------------------------------------- h itself


def test_h_of_weights_beyond_float64() -> None:
    """Tilts by thousands: the best trajectory is taken almost surely, and h stays finite."""
    tree = random_tree(1, 3, 4)
    rewards = rewards_with_ties(tree, 2)
    found = h_transform(tree, 5000 * rewards)
    best = rewards == rewards.max()
    assert found.policy.probabilities[best].sum() == pytest.approx(1, abs=1e-9)
    assert np.isfinite(found.log_mean_weight)


def test_where_the_weight_is_0_the_base_policy_goes_on() -> None:
    tree = random_tree(1, 2, 3)
    weights = np.where(tree.trajectories[:, 0] == 0, 0.0, -np.inf)
    found = h_transform(tree, weights)
    assert np.exp(found.policy.levels[0]).tolist() == [[1, 0]]
    assert (found.policy.levels[1][1] == tree.levels[1][1]).all()
    assert found.log_mean_weight == pytest.approx(tree.levels[0][0, 0], abs=1e-14)


@pytest.mark.parametrize(
    ("weights", "line"),
    [
        (np.full(8, -np.inf), "the weight is 0 at every trajectory"),
        (np.array([0.0, np.nan] * 4), "trajectory 1: not finite"),
        (np.array([np.inf] * 8), "trajectory 0: not finite"),
        (np.zeros(7), "one weight for each of the 8 trajectories"),
    ],
)
def test_bad_weights_get_one_line(weights: Any, line: str) -> None:
    with pytest.raises(InputError, match=line):
        h_transform(random_tree(1, 2, 3), weights)


# ---------------------------------------------------------------- sampling and the frontier


def test_sampled_trajectories_reach_the_predicted_mean() -> None:
    tree = random_tree(7, 3, 4)
    rewards = rewards_with_ties(tree, 8)
    found = realise(tree, rewards, BestOfN(5))
    drawn = rewards[found.policy.sample(20_000, np.random.default_rng(9))]
    # Five standard errors: a chance of 6e-7.
    assert abs(drawn.mean() - found.predicted_mean) < 5 * drawn.std() / 20_000**0.5


def test_the_frontier_is_reached_by_a_tilt() -> None:
    """Another solver's tilt, realised here: its mean and cost, and the dual bound above it."""
    tree = random_tree(5, 4, 4)
    rewards = rewards_with_ties(tree, 6)
    for budget in (0.01, 0.3, 2.0):
        best = array_frontier(as_arrays(tree, rewards), budget)
        found = realise(tree, rewards, Tilt(exact(best.tilt)))
        # The solver ends within 1e-12 of the budget, which is that much of the mean's slope.
        assert found.mean == pytest.approx(best.lower, abs=1e-10)
        assert found.mean == pytest.approx(best.upper, abs=1e-10)
        assert found.kl == pytest.approx(budget, rel=1e-10)


# ---------------------------------------------------------------- trees


def test_a_policy_that_leaves_the_base_costs_infinitely_much() -> None:
    tree = random_tree(1, 2, 2)
    one_way = tree.with_levels([np.array([[0.0, -np.inf]]), tree.levels[1]])
    for divergence in (kl_of_trajectories, kl_by_tokens):
        assert np.isfinite(divergence(one_way, tree)).all()
        with pytest.raises(InputError, match="infinite"):
            divergence(tree, one_way)


def test_trajectories_and_their_numbers() -> None:
    tree = PrefixTree(random_tree(1, 3, 3).levels, (9, 2, 5))
    assert tree.trajectories[:4].tolist() == [[9, 9, 9], [9, 9, 2], [9, 9, 5], [9, 2, 9]]
    assert (tree.numbers(tree.trajectories) == np.arange(27)).all()
    assert tree.trajectories[5, 1] == 2
    assert tree.log_probabilities[5] == pytest.approx(
        tree.levels[0][0, 0] + tree.levels[1][0, 1] + tree.levels[2][1, 2], abs=1e-14
    )
    for strange, line in (
        ([[9, 2, 3]], "token 3 is not one"),
        ([[9, 2, 10]], "token 10 is not one"),
        ([[9, 2]], "rows of 3 token ids"),
        ([[9, 2], [9]], "rows of 3 token ids"),
    ):
        with pytest.raises(InputError, match=line):
            tree.numbers(strange)


@pytest.mark.parametrize(
    ("levels", "symbols", "line"),
    [
        ([], (0, 1), "at least one level and two symbols"),
        ([np.zeros((1, 1))], (0,), "at least one level and two symbols"),
        ([np.log([[0.5, 0.5, 0.1]])], (0, 1), "level 0 .* expected the shape"),
        ([np.log([[0.5, 0.5001]])], (0, 1), "sum to 1 only within 1.0e-04"),
        ([np.array([[0.0, np.nan]])], (0, 1), "sum to 1 only within nan"),
    ],
)
def test_what_is_no_policy_is_refused(levels: Any, symbols: Any, line: str) -> None:
    with pytest.raises(InputError, match=line):
        PrefixTree(tuple(levels), symbols)


def test_bounds_are_small_and_grow_with_what_they_bound() -> None:
    """A bound that lets everything pass would guard nothing."""
    tree = random_tree(1, 5, 5)
    rewards = rewards_with_ties(tree, 2)
    found: Realised = realise(tree, rewards, Tilt(1))
    assert bound_on_chain_rule(found.policy, tree) < 1e-12
    assert bound_on_kl(found.transformed, tree) < 1e-12
    one, ten = (bound_on_mean(found.transformed, tree, np.abs(k * rewards)) for k in (1, 10))
    assert one < 1e-12
    assert ten == pytest.approx(10 * one, rel=1e-12)
