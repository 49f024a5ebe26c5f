"""The claims about best-of-n can fail: planted false variants of the lemma and of the price."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.theorems.planted import by_points, falsified
from theorems.best_of_n import CLAIMS
from theorems.best_of_n.fractions import ties_share
from theorems.best_of_n.instances import RARE, rare_errors
from theorems.best_of_n.layers import (
    finite_law,
    layered,
    layers_add_up,
    rewards_of,
    shared_limit,
    weights_of,
)
from theorems.best_of_n.price import coin, with_atoms
from verify.claim import Enclosed, Exact
from verify.identity import Step, prove, steps_of


@pytest.mark.parametrize("step", steps_of(CLAIMS), ids=lambda step: step.name)
def test_each_step_can_fail(step: Step) -> None:
    wrong = falsified(step.build())
    assert prove(wrong) is not None
    assert by_points(wrong)


def test_the_lemma_needs_the_closed_half_line() -> None:
    """With E[V | U > t] in place of E[V | U >= t] at the jumps it is false where U has atoms."""

    def with_open_half_lines(case: tuple[int, str]) -> bool:
        rewards = rewards_of(finite_law(case[0]))
        weights = weights_of(case[1], rewards)
        moved = [*rewards[1:], (rewards[-1][0] + 1, Fraction(0), Fraction(0))]
        shifted = layered(
            [(u, p, part) for (u, _, _), (_, p, part) in zip(rewards, moved, strict=True)][:-1],
            weights[:-1],
        )[0]
        direct = sum(w * part for w, (_, _, part) in zip(weights, rewards, strict=True))
        return shifted == direct

    cases = [(seed, "best:3") for seed in range(4) if len(rewards_of(finite_law(seed))) > 2]
    assert cases and Exact(with_open_half_lines, tuple(cases)).run().outcome == "fails"


def test_the_lemma_needs_a_weight_of_mean_one() -> None:
    rewards = rewards_of(finite_law(1))
    weights = [2 * weight for weight in weights_of("best:3", rewards)]
    assert layered(rewards, weights)[1] == 2


def test_ties_are_no_ranks() -> None:
    """The weight n F^(n-1), right without atoms, is not that of best-of-n at a tie."""
    rewards = rewards_of(finite_law(2))
    below, weights = Fraction(0), []
    for _, mass, _ in rewards:
        below += mass
        weights.append(3 * below**2)
    assert layered(rewards, weights)[1] != 1
    assert ties_share((2, 3)) and layers_add_up((2, "best:3"))


def test_a_wrong_limit_fails() -> None:
    wrong = ("exponential()", "bernoulli(p=1/2)", "1/2", "1/100000")
    assert Enclosed(shared_limit, (wrong,)).run().outcome == "fails"


def test_the_price_without_atoms_is_not_met_without_them() -> None:
    """A law without atoms pays the whole price: not strictly less, at any precision."""
    exact = ("exponential()", "bernoulli(p=1/2)", 2)
    assert Enclosed(with_atoms, (exact,)).run().outcome != "holds"
    assert Enclosed(coin, ((1, 2, 2),)).run().outcome == "holds"


@pytest.mark.heavy
def test_the_other_reading_of_the_mixture_fails() -> None:
    """With 0.01 as the standard deviation E V is 1.80 for n = 50, not 1.79."""
    other = RARE.replace("1/10*normal", "1/100*normal")
    assert other != RARE
    finding = Enclosed(rare_errors, ((other, "normal(mu=0, sigma=1)"),)).run()
    assert finding.outcome == "fails" and "n = 50" in finding.detail
