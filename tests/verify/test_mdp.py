"""MDPs: what is refused, cycles, whose randomness a return is; small cases by hand."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from verify.enclosure import Undecided, ball
from verify.laws import exponential, normal, pareto
from verify.log_sum import LogSum
from verify.mdp import (
    MDP,
    Drawn,
    MDPError,
    Noise,
    Policy,
    averages,
    base_policy,
    chain_rule_kl,
    h_transform,
    mean_return,
    policy_frontier,
    soft_values,
    trajectories,
    trajectory_kl,
    trajectory_law,
    visits,
    weights_at_end,
)
from verify.mdp.sampling import sample_ends
from verify.weight import BestOfN, Identity, Location, Threshold, Tilt, TopFraction

HALF = fmpq(1, 2)

#: Two ways to the same return, and one to another.
FORK: dict[str, Any] = {
    "moves": {
        "s": {"a": ("1/3", "t"), "b": ("2/3", "u")},
        "t": {"c": (HALF, "x"), "d": (HALF, "y")},
        "u": {"e": (1, "y")},
    },
    "returns": {"x": 5, "y": 1},
}
LOOP: dict[str, Any] = {
    "moves": {"s": {"again": (HALF, "s"), "win": ("1/3", "x"), "lose": ("1/6", "y")}},
    "returns": {"x": 1, "y": 0},
}


def fork() -> MDP:
    return MDP.build("s", **FORK)


def only_x() -> Policy:
    """The policy that always ends at x."""
    return h_transform(fork(), {"x": 1, "y": 0}).policy


def loop() -> MDP:
    return MDP.build("s", **LOOP)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("start", "moves", "returns", "message"),
    [
        ("s", {"s": {"a": (HALF, "x")}}, {"x": 0}, "state 's': the base probabilities"),
        ("s", {"s": {}}, {"x": 0}, "state 's': the base probabilities of its actions sum to 0"),
        ("s", {"s": {"a": (1, "q")}}, {"x": 0}, "action 'a': state 'q' has neither"),
        ("q", {}, {"x": 0}, "the start law: state 'q' has neither"),
        ({"x": "0.3"}, {}, {"x": 0}, "the start law: the probabilities sum to 3/10"),
        ("s", {"s": {"a": (1, {"x": HALF})}}, {"x": 0}, "action 'a': the probabilities sum to 1/2"),
        ("s", {"s": {"a": (2, "x"), "b": (-1, "x")}}, {"x": 0}, "'b': a negative probability"),
        ("s", {"s": {"a": ("one", "x")}}, {"x": 0}, "'a': expected a number, got 'one'"),
        ("s", {"s": {"a": (float("nan"), "x")}}, {"x": 0}, "'a': expected a number, got nan"),
        ("x", {"x": {"a": (1, "x")}}, {"x": 0}, "state 'x' has actions and a return"),
        ("x", {}, {"x": "much"}, "final state 'x': expected a number"),
        ("x", {}, {"x": normal()}, "final state 'x': say whose randomness"),
        ("s", {"s": {"a": (1, "s")}}, {"x": 0}, "state 's': the base policy gets there"),
        (
            "s",
            {"s": {"a": (HALF, "x"), "b": (HALF, "t")}, "t": {"c": (1, "u")}, "u": {"c": (1, "t")}},
            {"x": 0},
            "state 'u': the base policy gets there and from there to no final state",
        ),
    ],
)
def test_bad_input_names_the_state(start: Any, moves: Any, returns: Any, message: str) -> None:
    with pytest.raises(MDPError) as caught:
        MDP.build(start, moves, returns)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_never_reached_need_not_end() -> None:
    mdp = MDP.build("s", {"s": {"a": (1, "x"), "b": (0, "t")}, "t": {"c": (1, "t")}}, {"x": 2})
    assert set(mdp.states) == {"s", "x"}
    assert mean_return(mdp, base_policy(mdp)) == 2


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: list(trajectories(loop())), "'s' may come again: there are infinitely many"),
        (lambda: policy_frontier(loop(), 1), "frontier needs an MDP without cycles"),
        (lambda: soft_values(loop(), fmpq(1)), "soft values need an MDP without cycles"),
        (lambda: policy_frontier(fork(), -1), "budget: expected a number of nats"),
        (lambda: policy_frontier(fork(), "much"), "budget: expected a finite number"),
        (lambda: h_transform(fork(), {"x": 1}), "final state 'y': the weight has no value"),
        (lambda: h_transform(fork(), {"x": -1, "y": 2}), "final state 'x': a negative weight"),
        (
            lambda: h_transform(fork(), {"x": 1, "y": 2, "q": 3}),
            "the weight has a value at 'q', which is no final state",
        ),
        (lambda: h_transform(fork(), {"x": 1, "y": 2, "s": 3}), "at 's', which is no final state"),
        (
            lambda: h_transform(fork(), {"x": "much", "y": 2}),
            "final state 'x', the weight: expected a number, got 'much'",
        ),
        (lambda: h_transform(fork(), lambda _: 0), "the weight is 0 at every final state"),
        (lambda: h_transform(fork(), Threshold.at(5, "0.5")), "no return lies above it"),
        (lambda: h_transform(fork(), Threshold.at(0, "0.5")), "every return lies above it"),
        (
            lambda: h_transform(MDP.build("x", {}, {"x": Noise(normal())}), Tilt(fmpq(1))),
            "final state 'x': expected a number as its return, not a law",
        ),
        (lambda: visits(fork(), {}), "state 't': the policy has no actions there"),
        (
            lambda: chain_rule_kl(fork(), None, base_policy(fork())),  # type: ignore[arg-type]
            "the policy: expected a mapping {state: {action: probability}}, got NoneType",
        ),
        (
            lambda: mean_return(loop(), {"s": {"win": "often"}}),
            "state 's', action 'win': expected a number, got 'often'",
        ),
        (
            lambda: averages(loop(), {"s": {"win": "1/2"}}, {"x": fmpq(1), "y": fmpq(0)}),
            "state 's': the policy's probabilities sum to 1/2",
        ),
        (
            lambda: trajectory_law(fork(), {"t": {"c": 2, "d": -1}, "u": {"e": 1}, "s": {"a": 1}}),
            "state 't', action 'd': a negative probability",
        ),
        (
            lambda: visits(loop(), {"s": {"fly": 1}}),
            "'s': the base policy never takes action 'fly'",
        ),
        (
            lambda: visits(loop(), {"s": {"win": fmpq(2), "lose": fmpq(-1)}}),
            "state 's', action 'lose': a negative probability",
        ),
        (
            lambda: visits(loop(), {"s": {"win": fmpq(1, 2)}}),
            "state 's': the policy's probabilities sum to 1/2",
        ),
        (
            lambda: visits(loop(), {"s": {"win": arb("0.5")}}),
            "state 's': the policy's probabilities sum to 0.5",
        ),
        (
            lambda: visits(loop(), {"s": {"win": arb("nan")}}),
            "state 's': the policy's probabilities sum to nan",
        ),
        (
            lambda: trajectory_kl(fork(), base_policy(fork()), only_x()),
            "the KL divergence is infinite",
        ),
        (
            lambda: chain_rule_kl(loop(), base_policy(loop()), {"s": {"win": fmpq(1)}}),
            "the KL divergence is infinite",
        ),
        (
            lambda: visits(loop(), {"s": {"again": fmpq(1)}}),
            "'s': the policy does not end almost surely",
        ),
        (
            lambda: visits(loop(), {"s": {"again": arb(1)}}),
            "'s': the policy does not end almost surely",
        ),
    ],
)
def test_questions_without_an_answer(ask: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        ask()
    assert "\n" not in str(caught.value)


def test_too_many_trajectories_are_counted_not_listed() -> None:
    moves = {i: {a: (HALF, i + 1) for a in "ab"} for i in range(40)}
    with pytest.raises(MDPError, match=f"^{2**40} trajectories"):
        next(trajectories(MDP.build(0, moves, {40: 0})))


# ---------------------------------------------------------------- by hand


def test_fork_by_hand() -> None:
    mdp = fork()
    found = h_transform(mdp, {"x": 3, "y": "3/5"})
    assert found.h == {"x": 3, "y": fmpq(3, 5), "t": fmpq(9, 5), "u": fmpq(3, 5), "s": 1}
    assert found.policy["s"] == {"a": fmpq(3, 5), "b": fmpq(2, 5)}
    assert found.policy["t"] == {"c": fmpq(5, 6), "d": fmpq(1, 6)}
    ends = [(path.end, p) for path, p in trajectory_law(mdp, found.policy).items()]
    assert ends == [("x", HALF), ("y", fmpq(1, 10)), ("y", fmpq(2, 5))]
    assert mean_return(mdp, found.policy) == 3
    # kl(1/2, 1/6) = log(3)/2 + log(3/5)/2
    spent = chain_rule_kl(mdp, found.policy, base_policy(mdp))
    assert spent.equals(trajectory_kl(mdp, found.policy, base_policy(mdp)))  # type: ignore[union-attr, arg-type]
    assert abs(spent.ball() - (arb(9) / 5).log() / 2) < arb(2) ** -45  # type: ignore[union-attr]


def test_loop_is_solved_exactly() -> None:
    """A coin that is thrown until it stops: two throws on average, win 2/3."""
    mdp = loop()
    assert mdp.cyclic
    assert visits(mdp, base_policy(mdp)) == {"s": 2, "x": fmpq(2, 3), "y": fmpq(1, 3)}
    assert averages(mdp, base_policy(mdp), {"x": fmpq(3), "y": fmpq(0)})["s"] == 2
    found = h_transform(mdp, {"x": 1, "y": 0})
    assert found.policy["s"] == {"again": HALF, "win": HALF, "lose": 0}
    # The trajectories are those that win, in the proportions of the base policy: cost log 3/2.
    spent = chain_rule_kl(mdp, found.policy, base_policy(mdp))
    assert abs(spent.ball() - (arb(3) / 2).log()) < arb(2) ** -45  # type: ignore[union-attr]


def test_cycle_of_two_states_exactly_and_in_balls() -> None:
    """Gambler's ruin on 0, 1, 2, 3 from 1: up with probability p wins p^2/(1 - p + p^2)."""
    p = fmpq(2, 5)
    mdp = MDP.build(
        1,
        {1: {"+": (p, 2), "-": (1 - p, 0)}, 2: {"+": (p, 3), "-": (1 - p, 1)}},
        {0: 0, 3: 1},
    )
    expected = p**2 / (1 - p + p**2)
    assert mean_return(mdp, base_policy(mdp)) == expected
    in_balls = {s: {a: arb(q) for a, q in law.items()} for s, law in base_policy(mdp).items()}
    assert abs(ball(mean_return(mdp, in_balls)) - expected) < arb(2) ** -45
    winning = h_transform(mdp, {0: 0, 3: 1})
    assert winning.policy[1]["-"] == 0
    assert mean_return(mdp, winning.policy) == 1


def test_weights_of_optimisers_are_those_of_the_law_of_returns() -> None:
    mdp = fork()  # 5 with probability 1/6, 1 with 5/6
    for weight, high, low in (
        (Identity(), 1, 1),
        (Threshold.at(2, "0.5"), 3, fmpq(3, 5)),
        (Threshold.at(2, 1), 6, 0),
        (BestOfN(2), fmpq(11, 6), fmpq(5, 6)),
        (TopFraction(fmpq(1, 12)), 6, 0),
        (TopFraction(fmpq(1, 2)), 2, fmpq(4, 5)),
    ):
        assert weights_at_end(mdp, weight) == {"x": high, "y": low}
    tilted = weights_at_end(mdp, Tilt(HALF))
    total = (arb(5) / 2).exp() / 6 + arb(HALF).exp() * 5 / 6
    assert abs(tilted["x"] - (arb(5) / 2).exp() / total) < arb(2) ** -40


def test_thresholds_are_compared_exactly() -> None:
    """However near a return is, it is above the threshold or it is not."""
    moves = {"s": {"a": (HALF, "x"), "b": (HALF, "y")}}
    mdp = MDP.build("s", moves, {"x": "0.1", "y": "0.1000000000000000000000000001"})
    assert weights_at_end(mdp, Threshold.at("0.1", 1)) == {"x": 0, "y": 2}
    just_above = MDP.build("s", moves, {"x": "2.718281828459045235", "y": "2.718281828459045236"})
    e = Threshold(Location(log_t=Decimal(1)), Decimal(1))
    assert weights_at_end(just_above, e) == {"x": 0, "y": 2}


@pytest.mark.parametrize("weight", [arb("nan"), arb(0, "1e-10"), arb(1, 2)])
def test_weights_that_may_be_negative_are_undecided(weight: arb) -> None:
    with pytest.raises(Undecided, match="whether the weight at 'x' is 0 or more"):
        h_transform(fork(), {"x": weight, "y": 1})


def test_weights_count_up_to_a_factor() -> None:
    """Also where they are refused: what is said is the mean of the weight divided by its mean."""
    assert h_transform(fork(), {"x": 6, "y": "6/5"}) == h_transform(fork(), {"x": 3, "y": "3/5"})
    two = MDP.build(
        {"e": HALF, "h": HALF},
        {"e": {"a": ("3/4", 1), "b": ("1/4", 0)}, "h": {"a": ("1/4", 1), "b": ("3/4", 0)}},
        {1: 1, 0: 0},
    )
    for factor in (1, 8):
        with pytest.raises(MDPError, match="'e': divided by its mean, the weight averages 3/2 "):
            h_transform(two, {1: factor, 0: 0})
    drawn = MDP.build("s", {"s": {"a": (1, {"x": HALF, "y": HALF})}}, {"x": 1, "y": 0})
    with pytest.raises(MDPError, match="'a': divided by its mean, the weight averages 2 after 'x'"):
        h_transform(drawn, {"x": 5, "y": 0})


# ---------------------------------------------------------------- policies by hand


@pytest.mark.parametrize("quarter", ["1/4", "0.25", 0.25, Fraction(1, 4), Decimal("0.25")])
def test_policies_by_hand_take_the_numbers_of_an_mdp(quarter: Any) -> None:
    mdp, by_hand = fork(), {"s": {"a": 1}, "t": {"c": quarter, "d": "3/4"}, "u": {"e": 1}}
    assert mean_return(mdp, by_hand) == 2
    assert visits(mdp, by_hand)["x"] == fmpq(1, 4)
    assert {path.end: p for path, p in trajectory_law(mdp, by_hand).items()}["x"] == fmpq(1, 4)
    assert averages(mdp, by_hand, {"x": fmpq(1), "y": fmpq(0)})["s"] == fmpq(1, 4)
    spent, base = chain_rule_kl(mdp, by_hand, base_policy(mdp)), base_policy(mdp)
    direct = trajectory_kl(mdp, by_hand, base)
    assert isinstance(spent, LogSum) and isinstance(direct, LogSum) and spent.equals(direct)
    # log 3 at s, kl(1/4, 1/2) at t
    assert abs(spent.ball() - (3 * arb(3).log() / 4 - arb(2).log() + arb(3).log())) < arb(2) ** -45
    ends, states = sample_ends(mdp, by_hand, 4000, np.random.default_rng(3))
    # Five standard deviations of a mean of 4000 coins.
    assert abs((ends == states.index("x")).mean() - 0.25) < 5 * (3 / 16 / 4000) ** 0.5


@pytest.mark.parametrize("budget", [0, "0.1", 5])
def test_the_policy_of_the_frontier_goes_back_in(budget: Any) -> None:
    """At 0 it is the base policy, at 0.1 one of a tilt, at 5 the best of all, for log 6."""
    mdp = fork()
    found = policy_frontier(mdp, budget)
    assert found.policy is not None
    price = {0: arb(0), "0.1": arb("0.1"), 5: arb(6).log()}[budget]
    for kl in (chain_rule_kl, trajectory_kl):
        # The search ends within 1e-12 of the budget, relatively.
        assert abs(ball(kl(mdp, found.policy, base_policy(mdp))) - price) < arb("1e-11")
    assert abs(ball(mean_return(mdp, found.policy)) - found.lower) < arb(2) ** -40  # type: ignore[operator]


# ---------------------------------------------------------------- whose randomness


def test_noise_of_the_environment_cannot_be_bought() -> None:
    """However heavy the noise, only its mean counts; what the policy draws is another thing."""
    coin = {"s": {"a": (HALF, "x"), "b": (HALF, "y")}}
    noisy = MDP.build("s", coin, {"x": Noise(3 + pareto(alpha=2)), "y": Noise(normal())})
    sure = MDP.build("s", coin, {"x": 5, "y": 0})
    for budget in ("0.1", "5"):
        one, other = policy_frontier(noisy, budget), policy_frontier(sure, budget)
        assert abs(one.lower - other.lower) < arb(10) ** -10  # type: ignore[operator]
    own = MDP.build("s", coin, {"x": Drawn(3 + pareto(alpha=2)), "y": Drawn(normal())})
    assert str(policy_frontier(own, "0.1").lower) == "oo"


def test_noise_without_a_mean_is_left_open() -> None:
    """However much a policy gains elsewhere: here its mean return would not exist."""
    coin = {"s": {"a": (HALF, "x"), "b": (HALF, "y")}}
    ends = {"x": Drawn(pareto(alpha=2)), "y": Noise(-pareto(alpha="1/2"))}
    with pytest.raises(Undecided, match="the mean return at 'y' is -oo"):
        policy_frontier(MDP.build("s", coin, ends), "0.1")


def test_drawn_returns_are_tilted() -> None:
    """One prompt, answers with Exp(1) rewards: the frontier of Exp(1)."""
    point = policy_frontier(MDP.build("s", {}, {"s": Drawn(exponential())}), "0.5")
    # -W_{-1}(-exp(-1 - d)) at d = 1/2, THEORY section 2
    expected = arb("2.35767667394589906 +/- 1e-17")
    assert abs(point.lower - expected) < arb(10) ** -10  # type: ignore[operator]
    assert abs(point.upper - expected) < arb(10) ** -10  # type: ignore[operator]
    assert point.attained and point.settled


def test_weights_that_balls_cannot_compare_are_undecided() -> None:
    mdp = MDP.build({"s": HALF, "t": HALF}, {"s": {"a": (1, "x")}, "t": {"b": (1, "x")}}, {"x": 1})
    with pytest.raises(Undecided, match="balls cannot tell"):
        h_transform(mdp, {"x": arb(2).sqrt()})
    assert h_transform(mdp, {"x": 7}).policy == base_policy(mdp)
