"""The frontier over policies: against the frontier of a law, and against a direct optimiser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tests.verify.mdp_strategies import deterministic, layered
from verify.enclosure import Undecided, working_precision
from verify.frontier import frontier_point
from verify.law import Law
from verify.laws import geometric, half_normal, mixture, normal, point
from verify.laws.gaussian import Normal
from verify.mdp import (
    MDP,
    Drawn,
    Noise,
    base_policy,
    mean_return,
    performance,
    policy_frontier,
    trajectory_law,
    visits,
)
from verify.mdp.array_frontier import array_frontier
from verify.mdp.arrays import ArrayMDP
from verify.mdp.greedy import greedy, greedy_costs

#: Both sides of a settled point are within 1e-10 of S, relative to a size of at most 10 here.
SETTLED = arb(10) ** -9

budgets = st.sampled_from(["0.001", "0.05", "0.5", "1.7"])


def law_of_returns(mdp: MDP) -> Any:
    """The law of the return under the base policy."""
    ends = visits(mdp, base_policy(mdp))
    return mixture([(ends[state], point(x=mdp.exact_return(state))) for state in mdp.final])


@given(deterministic, budgets)
def test_one_start_and_no_draws_is_the_frontier_of_the_law(mdp: MDP, budget: str) -> None:
    ours, law = policy_frontier(mdp, budget), frontier_point(law_of_returns(mdp), budget)
    assert ours.settled and ours.attained
    assert isinstance(ours.lower, arb) and isinstance(ours.upper, arb)
    assert isinstance(law.lower, arb) and isinstance(law.upper, arb)
    assert abs(ours.lower - law.lower) < SETTLED
    assert abs(ours.upper - law.upper) < SETTLED
    assert not ours.lower > law.upper
    assert not law.lower > ours.upper


@given(layered(deterministic=False, starts=3), budgets)
def test_both_sides_are_what_they_say(mdp: MDP, budget: str) -> None:
    found = policy_frontier(mdp, budget)
    assert found.settled and found.policy is not None
    tilt = found.tilt if found.tilt is not None else fmpq(1)
    done = performance(mdp, found.policy, tilt)
    assert done.kl < arb(budget) + arb(2) ** -40
    assert abs(done.mean - found.lower) < SETTLED  # type: ignore[operator]
    assert not found.lower > found.upper  # type: ignore[operator]
    assert not found.lower < mean_return(mdp, base_policy(mdp)) - SETTLED  # type: ignore[operator]


@given(layered(deterministic=False, starts=3), budgets)
def test_float64_agrees(mdp: MDP, budget: str) -> None:
    exact, fast = policy_frontier(mdp, budget), array_frontier(ArrayMDP.of(mdp)[0], float(budget))
    # Newton's steps end at a relative error of 1e-12 in the KL divergence; sums lose 4 digits more.
    assert fast.lower == pytest.approx(float(exact.lower), abs=1e-8)  # type: ignore[arg-type]
    assert fast.upper == pytest.approx(float(exact.upper), abs=1e-8)  # type: ignore[arg-type]
    assert fast.kl <= float(budget) * (1 + 1e-9)


# ---------------------------------------------------------------- by a direct optimiser


def by_optimiser(mdp: MDP, budget: float) -> float:
    """The most mean return over all policies, by SLSQP from the definitions alone.

    Policies are softmax parameters at each state; mean and divergence are sums over trajectories.
    """
    chances = [(s, a, m.probability) for s in mdp.states for a, m in mdp.moves.get(s, {}).items()]
    place = {(s, a): i for i, (s, a, _) in enumerate(chances)}
    base = np.array([float(arb(p)) for _, _, p in chances])
    same_state = np.array([[float(s == t) for t, _, _ in chances] for s, _, _ in chances])
    paths = trajectory_law(mdp, base_policy(mdp))
    taken = np.zeros((len(paths), len(chances)))
    for row, path in zip(taken, paths, strict=True):
        for step in zip(path.states, path.actions, strict=False):
            row[place[step]] = 1.0
    before = np.array([float(arb(p)) for p in paths.values()])
    gains = np.array([float(arb(mdp.exact_return(path.end))) for path in paths])

    def laws(x: Any) -> tuple[Any, Any]:
        """The probability of each trajectory, and the logarithm of its quotient with the base."""
        raised = base * np.exp(x)
        quotient = taken @ np.log(raised / (same_state @ raised) / base)
        return before * np.exp(quotient), quotient

    def loss(x: Any) -> float:
        return -float(laws(x)[0] @ gains)

    def spare(x: Any) -> float:
        chance, quotient = laws(x)
        return budget - float(chance @ quotient)

    found = minimize(
        loss,
        np.random.default_rng(5).normal(size=len(chances)) * 0.1,
        method="SLSQP",
        constraints=[{"type": "ineq", "fun": spare}],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert spare(found.x) > -1e-9
    return -float(found.fun)


def random_mdp(seed: int) -> MDP:
    """Two prompts, three actions each, three outcomes for each action, and once more."""
    rng = np.random.default_rng(seed)

    def law(states: list[Any]) -> dict[Any, fmpq]:
        weights = rng.integers(1, 10, len(states))
        return {s: fmpq(int(w), int(weights.sum())) for s, w in zip(states, weights, strict=True)}

    first, second, last = [
        [f"{name}{i}" for i in range(n)] for name, n in zip("stu", (2, 3, 4), strict=True)
    ]
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {}
    for layer, below in ((first, second), (second, last)):
        for state in layer:
            chances = law(list("abc"))
            moves[state] = {action: (chances[action], law(below)) for action in "abc"}
    ends = {state: fmpq(int(rng.integers(-20, 21)), 4) for state in last}
    return MDP.build(law(first), moves, ends)


@pytest.mark.parametrize("seed", range(6))
def test_direct_optimiser_agrees(seed: int) -> None:
    mdp = random_mdp(seed)
    found = policy_frontier(mdp, "0.2")
    # SLSQP stops at ftol 1e-14 with difference quotients good to about 1e-8; it errs below.
    best = by_optimiser(mdp, 0.2)
    assert best == pytest.approx(float(found.lower), abs=2e-6)  # type: ignore[arg-type]
    assert best <= float(found.upper) + 1e-7  # type: ignore[arg-type]


# ---------------------------------------------------------------- edges


def two_prompts() -> MDP:
    """Prompt s: 0 or 4, evenly. Prompt t: nothing to choose."""
    return MDP.build(
        {"s": "1/2", "t": "1/2"},
        {"s": {"a": ("1/2", "x"), "b": ("1/2", "y")}, "t": {"c": (1, "y")}},
        {"x": 4, "y": 0},
    )


def test_the_best_mean_has_a_price() -> None:
    """``log 2`` at one of two prompts: log(2)/2 = 0.34657 in all."""
    mdp = two_prompts()
    best = greedy(mdp)
    assert best.value == 2 and not best.free
    costs = greedy_costs(mdp, best)
    assert abs(costs["s"] + arb(2).log()) < arb(2) ** -45 and costs["t"] == 0
    below, above = policy_frontier(mdp, "0.3465"), policy_frontier(mdp, "0.3466")
    assert above.lower == 2 and above.tilt is None and above.attained
    assert below.tilt is not None and below.settled
    assert below.lower < 2 and below.lower > arb("1.98")  # type: ignore[operator]


def test_nothing_to_choose() -> None:
    mdp = MDP.build({"s": "1/2", "x": "1/2"}, {"s": {"a": (1, "y")}}, {"x": 4, "y": 1})
    for budget in (0, "0.001", 100):
        found = policy_frontier(mdp, budget)
        assert found.lower == found.upper == fmpq(5, 2)


def test_noise_with_an_irrational_mean() -> None:
    coin = {"s": {"a": ("1/2", "x"), "b": ("1/2", "y")}}
    mdp = MDP.build("s", coin, {"x": Noise(geometric(p="1/3")), "y": Noise(normal())})
    found = policy_frontier(mdp, 2)
    assert abs(found.lower - 3) < SETTLED and found.attained  # type: ignore[operator]


def test_one_law_of_noise_ties_with_itself() -> None:
    """Both actions lead to the same noise, whose mean no ball shows exactly: nothing to gain."""
    noise = Noise(half_normal())
    coin = {"s": {"a": ("1/3", "x"), "b": ("2/3", "y")}}
    mdp = MDP.build("s", coin, {"x": noise, "y": Noise(half_normal())})
    found = policy_frontier(mdp, "0.1")
    assert found.settled and "only best actions" in found.because
    assert abs(found.lower - (2 / arb.pi()).sqrt()) < SETTLED  # type: ignore[operator]


BLUR = arb(2) ** -30


class Blurred(Normal):
    """A normal law whose mean is known within BLUR only."""

    def mean(self) -> arb:
        return arb(self.mu) + arb(0, BLUR)


COIN = {"s": {"a": ("1/3", "x"), "b": ("2/3", "y")}}
#: Another law with the mean of the half-normal, sqrt(2/pi).
SAME_MEAN = mixture([("1/2", half_normal()), ("1/2", half_normal())])


@pytest.mark.parametrize(
    ("noise", "number"), [(2 * normal(), 0), (1 + normal(), 1), (geometric(p="1/2"), "2")]
)
def test_noise_ties_with_the_number_that_is_its_mean(noise: Law, number: Any) -> None:
    mdp = MDP.build("s", COIN, {"x": Noise(noise), "y": number})
    found = policy_frontier(mdp, "0.1")
    assert found.attained and found.settled
    assert found.lower == found.upper == arb(number)
    assert found.policy == base_policy(mdp)


def test_means_that_balls_cannot_tell_apart_have_two_sides() -> None:
    """Whether there is anything to gain is left open; the two sides hold either way."""
    mdp = MDP.build("s", COIN, {"x": Noise(half_normal()), "y": Noise(SAME_MEAN)})
    found = policy_frontier(mdp, "0.1")
    assert found.settled and found.attained is None and "cannot tell" in found.because
    with working_precision(200):
        mean = (2 / arb.pi()).sqrt()
    for side in (found.lower, found.upper):
        assert isinstance(side, arb) and side.contains(mean)
        assert side.rad() < arb(10) ** -20  # 80 bits, of which a few are lost


def test_a_tie_beside_a_worse_action() -> None:
    """The tied actions have 1/2 together: log 2 buys them, and less is found by a tilt."""
    moves = {"s": {"a": ("1/4", "x"), "b": ("1/4", "y"), "c": ("1/2", "z")}}
    ends = {"x": Noise(half_normal()), "y": Noise(SAME_MEAN), "z": -1}
    mdp = MDP.build("s", moves, ends)
    mean = (2 / arb.pi()).sqrt()
    found = policy_frontier(mdp, 1)
    assert found.settled and found.attained is None and found.policy is not None
    assert abs(found.lower - mean) < SETTLED and abs(found.upper - mean) < SETTLED  # type: ignore[operator]
    assert "c" not in found.policy["s"]
    even = MDP.build("s", {"s": {"a": ("1/2", "x"), "c": ("1/2", "z")}}, {**ends, "y": 0})
    tied, alone = policy_frontier(mdp, "0.1"), policy_frontier(even, "0.1")
    assert tied.settled and tied.attained and tied.tilt is not None
    assert abs(tied.lower - alone.lower) < SETTLED  # type: ignore[operator]


def test_a_blurred_tie_is_not_settled() -> None:
    """Both sides are given, and said to be apart."""
    one, other = Noise(Blurred(fmpq(1), fmpq(1))), Noise(Blurred(fmpq(1), fmpq(2)))
    found = policy_frontier(MDP.build("s", COIN, {"x": one, "y": other}), "0.1")
    assert not found.settled and found.attained is None
    for side in (found.lower, found.upper):
        assert isinstance(side, arb) and side.contains(1) and side.rad() > BLUR / 2


@given(deterministic, budgets)
def test_best_actions_that_are_not_certain_give_sides_that_hold(mdp: MDP, budget: str) -> None:
    """Each return as noise whose mean is not known exactly, against the return itself."""
    noise = {state: Noise(Blurred(mdp.exact_return(state))) for state in mdp.returns}
    noisy = MDP(mdp.start, mdp.moves, noise)
    true = policy_frontier(mdp, budget)
    try:
        found = policy_frontier(noisy, budget)
    except Undecided:
        return
    assert not found.lower > true.upper  # type: ignore[operator]
    assert not found.upper < true.lower  # type: ignore[operator]


def test_the_last_tilt_of_a_law_that_is_not_steep_is_not_settled() -> None:
    """Beyond D* a policy that tilts does not come close: said, not hidden."""
    from verify.laws import tail

    law = tail(log_sf="-x-3*log(1+x)", lower=0)
    found = policy_frontier(MDP.build("s", {}, {"s": Drawn(law)}), 1)
    assert not found.settled and found.attained is None
    assert "no tilt was found" in found.because
    assert found.lower < found.upper  # type: ignore[operator]
