"""Properties of every MDP: the h-transform and the chain rule exactly, soft values by enumeration.

Beside each identity stands the mistake it is there to catch: a wrong h, a start law left out, a
KL divergence that is averaged over the states.
"""

from __future__ import annotations

from typing import Any

import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.verify.mdp_strategies import deterministic, layered, weights
from verify.enclosure import ball
from verify.log_sum import LogSum
from verify.mdp import (
    MDP,
    MDPError,
    at_start,
    averages,
    base_policy,
    chain_rule_kl,
    h_transform,
    mean_return,
    performance,
    soft_policy,
    soft_values,
    trajectory_kl,
    trajectory_law,
    visits,
    weights_at_end,
)
from verify.mdp.policy import Trajectory, relative_entropy, state_kl

#: A ball at 53 bits after at most 5 layers of sums, logarithms and exponentials of numbers up to
#: about exp(30): it loses fewer than 20 of them.
CLOSE = arb(2) ** -33


def policies(mdp: MDP) -> st.SearchStrategy[dict[Any, Any]]:
    """Any policy at all that takes some action of the base policy."""
    states = [state for state in mdp.states if state in mdp.moves]

    def chances(state: Any) -> st.SearchStrategy[dict[Any, fmpq]]:
        actions = list(mdp.moves[state])
        return (
            st.lists(st.integers(0, 4), min_size=len(actions), max_size=len(actions))
            .filter(any)
            .map(lambda ws: {a: fmpq(w, sum(ws)) for a, w in zip(actions, ws, strict=True)})
        )

    return st.tuples(*map(chances, states)).map(lambda found: dict(zip(states, found, strict=True)))


# ---------------------------------------------------------------- the h-transform


@given(st.data(), deterministic)
def test_h_transform_realises_its_weight_exactly(data: st.DataObject, mdp: MDP) -> None:
    weight = data.draw(weights(mdp))
    w = weights_at_end(mdp, weight)
    base = trajectory_law(mdp, base_policy(mdp))
    found = h_transform(mdp, weight)
    law = trajectory_law(mdp, found.policy)
    assert law == {path: w[path.end] * chance for path, chance in base.items()}
    assert sum(law.values(), fmpq(0)) == 1
    assert mean_return(mdp, found.policy) == sum(
        (p * mdp.exact_return(path.end) for path, p in law.items()), fmpq(0)
    )


@given(st.data(), st.one_of(deterministic, layered(deterministic=False, starts=3)))
def test_a_policy_or_a_reason_and_both_are_right(data: st.DataObject, mdp: MDP) -> None:
    """Where the environment draws: the weight is realised iff its draws leave h where it is."""
    weight = data.draw(weights(mdp))
    w = weights_at_end(mdp, weight)
    h = averages(mdp, base_policy(mdp), w)
    still = all(h[s] == 1 for s in mdp.start) and all(
        len({h[s] for s in move.outcomes}) == 1
        for state in mdp.states
        for move in mdp.moves.get(state, {}).values()
    )
    base = trajectory_law(mdp, base_policy(mdp))
    try:
        policy = h_transform(mdp, weight).policy
    except MDPError as refused:
        assert not still
        assert "start state" in str(refused) or "the environment draws" in str(refused)
        return
    assert still
    law = trajectory_law(mdp, policy)
    assert law == {path: w[path.end] * chance for path, chance in base.items()}


@given(st.data(), layered(deterministic=False, starts=3))
def test_no_policy_moves_what_the_environment_draws(data: st.DataObject, mdp: MDP) -> None:
    """For every policy: the quotient of the trajectory laws averages 1 given the start state."""
    policy = data.draw(policies(mdp))
    law = trajectory_law(mdp, policy)
    for start, chance in mdp.start.items():
        assert sum((p for path, p in law.items() if path.states[0] == start), fmpq(0)) == chance


# ---------------------------------------------------------------- the chain rule


@given(st.data(), st.one_of(deterministic, layered(deterministic=False, starts=3)))
def test_chain_rule_exactly(data: st.DataObject, mdp: MDP) -> None:
    policy, base = data.draw(policies(mdp)), base_policy(mdp)
    direct, summed = trajectory_kl(mdp, policy, base), chain_rule_kl(mdp, policy, base)
    assert isinstance(direct, LogSum) and isinstance(summed, LogSum)
    assert direct.equals(summed)


@given(st.data(), deterministic)
def test_price_of_a_weight_is_its_entropy(data: st.DataObject, mdp: MDP) -> None:
    """``KL = E w log w`` over the final states alone."""
    weight = data.draw(weights(mdp))
    w, ends = weights_at_end(mdp, weight), visits(mdp, base_policy(mdp))
    entropy = relative_entropy((w[s] * ends[s], ends[s]) for s in mdp.final)
    spent = chain_rule_kl(mdp, h_transform(mdp, weight).policy, base_policy(mdp))
    assert isinstance(entropy, LogSum) and isinstance(spent, LogSum)
    assert entropy.equals(spent)


# ---------------------------------------------------------------- planted mistakes


def averaged_kl(mdp: MDP, policy: Any, other: Any) -> arb:
    """Planted: the divergence averaged over the states of a trajectory, not summed."""
    total = arb(0)
    for path, chance in trajectory_law(mdp, policy).items():
        spent = [ball(state_kl(policy, other, s)) for s in path.states[:-1]]
        total += ball(chance) * sum(spent, arb(0)) / len(spent)
    return total


def without_start_law(mdp: MDP, policy: Any) -> dict[Trajectory, Any]:
    """Planted: the printed product, which leaves the law of the start state out."""
    return {
        path: chance / mdp.start[path.states[0]]
        for path, chance in trajectory_law(mdp, policy).items()
    }


def two_steps() -> MDP:
    return MDP.build(
        "s",
        {"s": {a: ("1/2", a) for a in "tu"}, "t": {"b": ("1/2", "x"), "c": ("1/2", "y")},
         "u": {"b": ("1/2", "x"), "c": ("1/2", "y")}},
        {"x": 1, "y": 0},
    )  # fmt: skip


def test_an_averaged_kl_is_caught() -> None:
    mdp = two_steps()
    policy = h_transform(mdp, {"x": 3, "y": 1}).policy
    direct = trajectory_kl(mdp, policy, base_policy(mdp))
    assert isinstance(direct, LogSum)
    wrong = averaged_kl(mdp, policy, base_policy(mdp))
    assert not (wrong - direct.ball()).contains(0)
    assert abs(2 * wrong - direct.ball()) < CLOSE  # all of it is spent at the second of two states


def test_a_dropped_start_law_is_caught() -> None:
    mdp = MDP.build({"s": "1/3", "t": "2/3"}, {s: {"a": (1, "x")} for s in "st"}, {"x": 1})
    law = trajectory_law(mdp, base_policy(mdp))
    assert sum(law.values(), fmpq(0)) == 1
    assert sum(without_start_law(mdp, base_policy(mdp)).values(), fmpq(0)) == 2


@pytest.mark.parametrize("state", ["t", "s"])
def test_a_wrong_h_is_caught(state: str) -> None:
    mdp = two_steps()
    w = weights_at_end(mdp, {"x": 3, "y": 1})
    h = {**averages(mdp, base_policy(mdp), w), state: fmpq(5, 4)}

    def policy() -> dict[Any, Any]:
        return {
            s: {a: m.probability * h[next(iter(m.outcomes))] / h[s] for a, m in moves.items()}
            for s, moves in mdp.moves.items()
        }

    base = trajectory_law(mdp, base_policy(mdp))
    right = {path: w[path.end] * chance for path, chance in base.items()}
    # At "t" the mistakes of the two steps cancel along a trajectory, but neither step is a law.
    with pytest.raises(MDPError, match=f"state '{state}': the policy's probabilities sum to"):
        trajectory_law(mdp, policy())
    h[state] = fmpq(1)
    assert trajectory_law(mdp, policy()) == right


# ---------------------------------------------------------------- soft values


def by_enumeration(mdp: MDP, tilt: fmpq, state: Any) -> arb:
    """``log E[exp(l G) | s]``: over all trajectories from s, which is made the start state."""
    from_there = MDP(start={state: fmpq(1)}, moves=mdp.moves, returns=mdp.returns)
    law = trajectory_law(from_there, base_policy(from_there))
    return sum(
        (ball(p) * (tilt * ball(mdp.exact_return(path.end))).exp() for path, p in law.items()),
        arb(0),
    ).log()


tilts = st.integers(1, 12).map(lambda k: fmpq(k, 4))


@given(deterministic, tilts)
def test_soft_values_by_enumeration(mdp: MDP, tilt: fmpq) -> None:
    values = soft_values(mdp, tilt)
    for state in mdp.states:
        assert abs(values[state][0] - by_enumeration(mdp, tilt, state)) < CLOSE


@given(layered(deterministic=False, starts=3), tilts)
def test_soft_policy_attains_its_value(mdp: MDP, tilt: fmpq) -> None:
    """``E L_l(s_1) = l E G - KL`` for the soft policy, and its slope is the mean."""
    values = soft_values(mdp, tilt)
    total = at_start(mdp, values)
    done = performance(mdp, soft_policy(mdp, values), tilt)
    assert abs(tilt * done.mean - done.kl - total[0]) < CLOSE
    assert abs(done.mean - total[1]) < CLOSE


@given(st.data(), layered(deterministic=False, starts=3), tilts)
def test_no_policy_beats_the_soft_value(data: st.DataObject, mdp: MDP, tilt: fmpq) -> None:
    policy = data.draw(policies(mdp))
    spent = chain_rule_kl(mdp, policy, base_policy(mdp))
    assert isinstance(spent, LogSum)
    bound = at_start(mdp, soft_values(mdp, tilt))[0]
    assert tilt * ball(mean_return(mdp, policy)) - spent.ball() < bound + CLOSE


@given(st.data(), layered(deterministic=False))
def test_environment_inside_the_logarithm_is_caught(data: st.DataObject, mdp: MDP) -> None:
    """Planted: the annealed value, as though the policy drew what the environment draws."""
    tilt = fmpq(1)
    annealed = by_enumeration(mdp, tilt, next(iter(mdp.start)))
    quenched = at_start(mdp, soft_values(mdp, tilt))[0]
    assert quenched < annealed + CLOSE
    assume(not mdp.deterministic)
    values = soft_values(mdp, tilt)
    outcomes = [m.outcomes for s in mdp.states for m in mdp.moves.get(s, {}).values()]
    # Values 1/8 apart, with the chances that are drawn here, make a difference of more than 1e-9.
    if any(values[s][0] - values[t][0] > arb(1) / 8 for law in outcomes for s in law for t in law):
        assert annealed > quenched
