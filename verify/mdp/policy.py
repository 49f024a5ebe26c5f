"""What a policy does: its trajectories, its mean return, and its KL divergence by two routes.

The divergence of the trajectory laws is computed from its definition, as a sum over trajectories
(:func:`trajectory_kl`), and by the chain rule, as the expected sum of the divergences at the states
that are visited (:func:`chain_rule_kl`). For rational policies both are exact sums of logarithms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flint import arb, fmpq

from verify.enclosure import ball
from verify.log_sum import LogSum
from verify.mdp.linear import Policy, Scalar, read_policy, visits
from verify.mdp.model import MDP, Action, MDPError, State, finite_mean

#: Trajectories that are listed.
MOST_TRAJECTORIES = 10**5

#: A divergence: exact where every probability is rational.
Entropy = LogSum | arb


@dataclass(frozen=True)
class Trajectory:
    """States and actions in turn: ``states`` has one more than ``actions``."""

    states: tuple[State, ...]
    actions: tuple[Action, ...]

    @property
    def end(self) -> State:
        """The final state."""
        return self.states[-1]


def trajectories(mdp: MDP) -> Iterator[Trajectory]:
    """All trajectories that the base policy may take.

    Raises
    ------
    MDPError
        If there are too many to list: more than MOST_TRAJECTORIES, or infinitely many.
    """
    number = count_trajectories(mdp)
    if number > MOST_TRAJECTORIES:
        raise MDPError(f"{number} trajectories: up to {MOST_TRAJECTORIES} are listed")
    waiting = [Trajectory((state,), ()) for state in reversed(mdp.start)]
    while waiting:
        path = waiting.pop()
        if path.end in mdp.returns:
            yield path
            continue
        longer = [
            Trajectory((*path.states, following), (*path.actions, action))
            for action, move in mdp.moves[path.end].items()
            for following in move.outcomes
        ]
        waiting.extend(reversed(longer))


def count_trajectories(mdp: MDP) -> int:
    """How many trajectories the base policy may take.

    Raises
    ------
    MDPError
        If there are infinitely many.
    """
    if mdp.cyclic:
        again = next(block[0] for block in mdp.blocks if _returns_to(mdp, block))
        raise MDPError(f"state {again!r} may come again: there are infinitely many trajectories")
    paths: dict[State, int] = {}
    for state in mdp.states:
        paths[state] = sum(paths[after] for after in mdp.successors(state)) or 1
    return sum(paths[state] for state in mdp.start)


def _returns_to(mdp: MDP, block: tuple[State, ...]) -> bool:
    return len(block) > 1 or block[0] in mdp.successors(block[0])


def trajectory_law(mdp: MDP, policy: Policy) -> dict[Trajectory, Scalar]:
    """The probability of each trajectory under a policy."""
    policy = read_policy(mdp, policy)
    return {path: _probability(mdp, policy, path) for path in trajectories(mdp)}


def _probability(mdp: MDP, policy: Policy, path: Trajectory) -> Scalar:
    chance: Scalar = mdp.start[path.states[0]]
    for state, action, following in zip(path.states, path.actions, path.states[1:], strict=False):
        chance = chance * policy[state].get(action, fmpq(0))
        chance = chance * mdp.moves[state][action].outcomes[following]
    return chance


def relative_entropy(pairs: Iterable[tuple[Scalar, Scalar]]) -> Entropy:
    """``sum p log(p/q)`` over the pairs ``(p, q)``; pairs with ``p = 0`` add nothing.

    Raises
    ------
    MDPError
        If it is infinite: some q is 0 and its p is not.
    """
    positive = [(p, q) for p, q in pairs if not p == 0]
    if any(q == 0 for _, q in positive):
        raise MDPError("the KL divergence is infinite: what the one does, the other never does")
    rational = [(p, p / q) for p, q in positive if isinstance(p, fmpq) and isinstance(q, fmpq)]
    if len(rational) == len(positive):
        return LogSum(tuple(rational))
    return sum((p * (ball(p) / q).log() for p, q in positive), arb(0))


def trajectory_kl(mdp: MDP, policy: Policy, other: Policy) -> Entropy:
    """``KL(Tr(policy) || Tr(other))`` from its definition: a sum over trajectories."""
    policy, other = read_policy(mdp, policy), read_policy(mdp, other)
    return relative_entropy(
        (_probability(mdp, policy, path), _probability(mdp, other, path))
        for path in trajectories(mdp)
    )


def state_kl(policy: Policy, other: Policy, state: State) -> Entropy:
    """``KL(policy(.|s) || other(.|s))`` at one state."""
    return relative_entropy(
        (p, other[state].get(action, fmpq(0))) for action, p in policy[state].items()
    )


def chain_rule_kl(mdp: MDP, policy: Policy, other: Policy) -> Entropy:
    """``KL(Tr(policy) || Tr(other))`` by the chain rule: ``E sum_t KL(policy || other)`` at s_t."""
    policy, other = read_policy(mdp, policy), read_policy(mdp, other)
    total: Entropy = LogSum()
    for state, often in visits(mdp, policy).items():
        if state in mdp.returns or often == 0:
            continue
        spent = state_kl(policy, other, state)
        if isinstance(total, LogSum) and isinstance(spent, LogSum) and isinstance(often, fmpq):
            total = total + spent.scaled(often)
        else:
            total = ball(total) + ball(often) * ball(spent)
    return total


def mean_return(mdp: MDP, policy: Policy) -> Scalar:
    """``E G`` under a policy, where every return is a number or has a finite mean."""
    often = visits(mdp, policy)
    return sum((often[state] * finite_mean(mdp, state) for state in mdp.final), fmpq(0))
