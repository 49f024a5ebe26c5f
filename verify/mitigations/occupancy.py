"""Occupancy measures: where a policy spends its time, and divergences of that from the base's.

The occupancy of a state is the share of the time that is spent there: the law of the state at a
moment drawn at random from the trajectory's. All of it is exact for rational policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, fmpq

from verify.mdp import MDP, MDPError, Policy, visits
from verify.mdp.linear import read_policy
from verify.mdp.model import Action, State
from verify.mdp.policy import Entropy, relative_entropy

#: A law with exact probabilities.
Shares = Mapping[Any, fmpq]


def occupancy(mdp: MDP, policy: Policy) -> dict[State, fmpq]:
    """The share of the time spent at each state that is not final.

    Parameters
    ----------
    policy : Policy
        In fractions.

    Raises
    ------
    MDPError
        If the policy is in balls, or none.
    """
    often = {state: times for state, times in visits(mdp, policy).items() if state in mdp.moves}
    exact = {state: times for state, times in often.items() if isinstance(times, fmpq)}
    if len(exact) < len(often):
        raise MDPError("an occupancy is exact: expected a policy in fractions, not in balls")
    total = sum(exact.values(), fmpq(0))
    return {state: times / total for state, times in exact.items()}


def occupancy_of_actions(mdp: MDP, policy: Policy) -> dict[tuple[State, Action], fmpq]:
    """The share of the time spent at each state with each action: the measure on pairs.

    In a process of one step it is the policy itself.

    Raises
    ------
    MDPError
        As for :func:`occupancy`.
    """
    chances = read_policy(mdp, policy)
    return {
        (state, action): share * chance
        for state, share in occupancy(mdp, policy).items()
        for action, chance in chances[state].items()
        if isinstance(chance, fmpq)
    }


def total_variation(one: Shares, other: Shares) -> fmpq:
    """The largest difference between the probabilities of an event."""
    return sum((abs(p - q) for p, q in _pairs(one, other)), fmpq(0)) / 2


def chi_square(one: Shares, other: Shares) -> fmpq:
    """``sum p^2/q - 1``.

    Raises
    ------
    MDPError
        If it is infinite.
    """
    pairs = [(p, q) for p, q in _pairs(one, other) if p != 0]
    if any(q == 0 for _, q in pairs):
        raise MDPError("the chi-square divergence is infinite: a state that the base never visits")
    return sum((p * p / q for p, q in pairs), fmpq(-1))


def kl(one: Shares, other: Shares) -> Entropy:
    """``sum p log(p/q)``, exactly.

    Raises
    ------
    MDPError
        If it is infinite.
    """
    return relative_entropy(_pairs(one, other))


def gathered(shares: Shares, feature: Any) -> dict[Any, fmpq]:
    """The law of a feature of the state, a function of it."""
    found: dict[Any, fmpq] = {}
    for state, share in shares.items():
        name = feature(state)
        found[name] = found.get(name, fmpq(0)) + share
    return found


def _pairs(one: Shares, other: Shares) -> list[tuple[fmpq, fmpq]]:
    states = dict.fromkeys((*one, *other))
    return [(one.get(state, fmpq(0)), other.get(state, fmpq(0))) for state in states]


def average_kl(mdp: MDP, policy: Policy, base: Policy) -> arb:
    """The KL divergence of the actions at a moment drawn at random: an average over states."""
    from verify.enclosure import ball
    from verify.mdp.policy import state_kl

    shares = occupancy(mdp, policy)
    return sum(
        (ball(share) * ball(state_kl(policy, base, state)) for state, share in shares.items()),
        arb(0),
    )
