"""The best mean return that any policy has, and what the cheapest policy with it costs.

Where the base policy never goes no policy at a finite KL divergence goes. Among the rest, let
``V(s)`` be the best mean return from s on. As the tilt grows the soft values are
``l V(s) + c(s) + o(1)`` with ``c(s) = log sum pi0(a|s) exp(E c(s'))`` over the best actions, and
their policies tend to one that takes only best actions. It costs ``-E c(s_1)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flint import arb, fmpq

from verify.enclosure import ball
from verify.mdp.linear import Policy, Scalar
from verify.mdp.model import MDP, Action, Drawn, MDPError, Return, State, finite_mean


@dataclass(frozen=True)
class Greedy:
    """The best actions.

    Attributes
    ----------
    value : fmpq or arb
        ``E V(s_1)``.
    actions : mapping of states to tuples of actions
        The best ones; where balls cannot tell, those that may be.
    free : bool
        Whether that is every action of the base policy, so that the price is 0.
    certain : bool
        Whether all of them are best.
    """

    value: Scalar
    actions: Mapping[State, tuple[Action, ...]]
    free: bool
    certain: bool


def greedy(mdp: MDP) -> Greedy:
    """The best actions at each state that the base policy gets to.

    Raises
    ------
    MDPError
        If a policy draws a return itself, or some state may come again.
    Undecided
        If a mean return is infinite.
    """
    if mdp.cyclic:
        raise MDPError("the best actions need an MDP without cycles: add the time to the states")
    values: dict[State, Scalar] = {}
    actions: dict[State, tuple[Action, ...]] = {}
    means: dict[Return, Scalar] = {}
    free = certain = True
    for state in mdp.states:
        if state in mdp.returns:
            value = mdp.returns[state]
            if isinstance(value, Drawn):
                raise MDPError(f"final state {state!r}: the policy draws its return, no best mean")
            if value not in means:  # one law has one mean, which two balls cannot show
                means[value] = finite_mean(mdp, state)
            values[state] = means[value]
            continue
        moves = mdp.moves[state]
        reached = {action: average(values, move.outcomes) for action, move in moves.items()}
        values[state] = best = _largest(reached.values())
        actions[state] = tuple(action for action, value in reached.items() if not value < best)
        free = free and len(actions[state]) == len(moves)
        certain = certain and all(_equal(reached[action], best) for action in actions[state])
    return Greedy(average(values, mdp.start), actions, free, certain)


def average(values: Mapping[State, Scalar], law: Mapping[State, fmpq]) -> Scalar:
    """The average of values under a law; where it is one state, the very value there."""
    if len(law) == 1:
        return values[next(iter(law))]
    return sum((share * values[state] for state, share in law.items()), fmpq(0))


def _largest(values: Iterable[Scalar]) -> Scalar:
    """The largest value: one of them where that is certain, else a ball that has it."""
    best, *others = values
    for other in others:
        if other > best:
            best = other
        elif not (other <= best or _equal(other, best)):
            best = ball(best).max(ball(other))
    return best


def _equal(one: Scalar, other: Scalar) -> bool:
    """Whether two values are equal for certain: as rationals, or as one mean of one law."""
    if isinstance(one, fmpq) and isinstance(other, fmpq):
        return bool(one == other)
    return one is other


def greedy_costs(mdp: MDP, best: Greedy) -> dict[State, arb]:
    """``c(s)``, at the working precision; ``-E c(s_1)`` is the price."""
    costs: dict[State, arb] = {}
    for state in mdp.states:
        if state in mdp.returns:
            costs[state] = arb(0)
            continue
        moves = mdp.moves[state]
        total = arb(0)
        for action in best.actions[state]:
            total += moves[action].probability * ball(average(costs, moves[action].outcomes)).exp()
        costs[state] = total.log()
    return costs


def greedy_policy(mdp: MDP, best: Greedy) -> Policy:
    """The policy that takes only best actions and costs least: its mean is ``E V(s_1)``.

    Where they are not certain, it takes those that may be best, and its mean may be less.
    """
    costs = greedy_costs(mdp, best)
    policy = {}
    for state, actions in best.actions.items():
        moves = mdp.moves[state]
        policy[state] = {
            action: moves[action].probability
            * (ball(average(costs, moves[action].outcomes)) - costs[state]).exp()
            for action in actions
        }
    return policy
