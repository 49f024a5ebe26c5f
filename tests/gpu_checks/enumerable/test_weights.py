"""Optimisers as float64 weights, against the exact ones of verify.mdp."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb

from gpu_checks.enumerable.exact import as_mdp
from gpu_checks.enumerable.tree import PrefixTree
from gpu_checks.enumerable.weights import RewardLaw, log_weights
from tests.gpu_checks.enumerable.trees import WEIGHTS, random_tree, rewards_with_ties
from verify.enclosure import exact
from verify.errors import InputError
from verify.mdp import MDP, weights_at_end
from verify.weight import BestOfN, Location, Threshold, Tilt, Weight

pytestmark = pytest.mark.gpu


def in_exact_numbers(law: RewardLaw) -> MDP:
    """One step to each value of the law; its masses are taken exactly, divided by their sum."""
    masses = [exact(float(mass)) for mass in law.masses]
    total = sum(masses, exact(0))
    moves = {"start": {i: (mass / total, i) for i, mass in enumerate(masses)}}
    return MDP.build("start", moves, dict(enumerate(exact(float(v)) for v in law.values)))


def relative_bound(law: RewardLaw, weight: Weight) -> float:
    """What rounding may do to a weight that is divided by its mean.

    Ranks are sums of up to k masses: k roundings each, and as many that their sum is not 1. The
    best of n raises a rank to n: n times that, where the rank is not close to 1, and where it is,
    relative to the distance from 1, which the sum from the top gives as well. A tilt rounds its
    exponent. Functions are within 4 ulp, and a difference of two minima keeps the digits of the
    top fraction relative to the mass of the atom that is cut.
    """
    n = getattr(weight, "n", 1)
    tilt = abs(float(arb(getattr(weight, "tilt", 0)))) * float(np.abs(law.values).max())
    cut = 1 / law.masses.min() if type(weight).__name__ == "TopFraction" else 1.0
    return float((4 * len(law.values) * n * cut + 4 * tilt + 64) * 2.0**-53)


@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
def test_against_exact_weights(weight: Weight) -> None:
    tree = random_tree(3, 3, 3)
    law = RewardLaw.of(tree, rewards_with_ties(tree, 4))
    if getattr(weight, "n", 1) > 10**3:
        weight = type(weight)(1000)  # exact powers of fractions of 53 bits grow long
    logs = log_weights(law, weight)
    weights = np.exp(logs - logs.max())
    weights /= (law.masses * weights).sum()
    expected = weights_at_end(in_exact_numbers(law), weight)
    bound = relative_bound(law, weight)
    for i, found in enumerate(weights):
        wanted = arb(expected[i])
        off = float(abs(wanted - arb(float(found))).upper())
        # Weights of the best of n at the bottom lie below the smallest float.
        assert off <= bound * float(wanted.upper()) + 1e-300, i


def test_ranks_keep_their_digits_at_the_top() -> None:
    """A value with a mass of e^-60: the best of 10^5 gives it n times its mass, to all digits."""
    level = np.array([[np.log1p(-np.exp(-60.0)), -60.0]])
    law = RewardLaw.of(PrefixTree((level,), (0, 1)), [0.0, 1.0])
    assert law.log_survival[1] == pytest.approx(-60, abs=1e-13)
    assert law.below[1] == pytest.approx(1, abs=1e-15)
    # n q (1 - (n - 1) q/2 + ...) with q = e^-60: the second term is 1e-21 of the first.
    assert log_weights(law, BestOfN(10**5))[1] == pytest.approx(np.log(1e5), abs=1e-13)


@pytest.mark.parametrize("place", ["0.25", "0.2499999999999999999999", "0.2500000000000000000001"])
def test_a_reward_at_the_threshold_is_not_above_it(place: str) -> None:
    """Decimals between two floats fall on their own side."""
    tree = random_tree(1, 2, 1)
    logs = log_weights(RewardLaw.of(tree, [0.0, 0.25]), Threshold.at("0.1", 1))
    assert (logs > -np.inf).tolist() == [False, True]
    above = place == "0.2499999999999999999999"
    law = RewardLaw.of(tree, [0.25, 1.0])
    if above:
        assert log_weights(law, Threshold.at(place, 1)) == pytest.approx([0, 0], abs=1e-15)
    else:
        assert log_weights(law, Threshold.at(place, 1))[0] == -np.inf


@pytest.mark.parametrize(
    ("weight", "line"),
    [
        (Threshold.at(1, 1), "no reward lies above it"),
        (Threshold.at("1e9000", 1), "no reward lies above it"),
        (Threshold.at(-1, "0.5"), "every reward lies above it"),
        (Threshold.at("-1e9000", "0.5"), "every reward lies above it"),
        (Threshold(Location(log_t=Threshold.at(1, 1).mass), Threshold.at(1, 1).mass), "logarithm"),
    ],
)
def test_thresholds_that_divide_nothing_get_one_line(weight: Weight, line: str) -> None:
    tree = random_tree(1, 2, 1)
    with pytest.raises(InputError, match=line):
        log_weights(RewardLaw.of(tree, [0.0, 1.0]), weight)


@pytest.mark.parametrize(
    ("rewards", "line"),
    [([0.0], "one reward for each of the 2"), ([0.0, np.nan], "trajectory 1: not finite")],
)
def test_bad_rewards_get_one_line(rewards: Any, line: str) -> None:
    with pytest.raises(InputError, match=line):
        RewardLaw.of(random_tree(1, 2, 1), rewards)


def test_what_the_policy_never_takes_has_no_rank() -> None:
    """A reward beyond all others, at a trajectory of probability 0, is not the top."""
    tree = PrefixTree((np.array([[np.log(0.5), np.log(0.5), -np.inf]]),), (0, 1, 2))
    law = RewardLaw.of(tree, [1.0, 2.0, 3.0])
    assert law.values.tolist() == [1, 2]
    assert law.at(log_weights(law, Tilt(1))).tolist() == [1, 2, -np.inf]


def test_a_large_tree_is_not_written_out_as_fractions() -> None:
    tree = random_tree(1, 10, 5)
    with pytest.raises(InputError, match="up to 10000 are written out"):
        as_mdp(tree, np.zeros(tree.size))
