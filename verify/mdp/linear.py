"""Averages over what is to come, and expected numbers of visits: two linear sweeps over an MDP.

Both go through the states in the order of :attr:`verify.mdp.model.MDP.blocks`. A state that cannot
come again is one substitution; states on a common cycle are one linear system. With rational
numbers all of it is exact, with balls it is certified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb, arb_mat, fmpq, fmpq_mat

from verify.enclosure import ball
from verify.mdp.model import MDP, Action, MDPError, State, number

Scalar = fmpq | arb
#: For each state that is not final, the probability of each action: as :func:`read_policy` gives
#: it, fractions or balls; written by hand, any numbers that :meth:`MDP.build` takes.
Policy = Mapping[State, Mapping[Action, Any]]


def scalar(value: Any, what: str) -> Scalar:
    """A number as people write it: a ball is kept, all else is read as an exact fraction.

    Raises
    ------
    MDPError
        If it is no number; one line that begins with ``what``.
    """
    return value if isinstance(value, arb) else number(value, what)


def base_policy(mdp: MDP) -> dict[State, dict[Action, Scalar]]:
    """The base policy at the states that it gets to."""
    return {
        state: {action: move.probability for action, move in mdp.moves[state].items()}
        for state in mdp.states
        if state in mdp.moves
    }


def read_policy(mdp: MDP, policy: Policy) -> dict[State, dict[Action, Scalar]]:
    """The policy in fractions and balls, at the states that the base policy gets to.

    It has to say what to do at each of them, and to take actions of the base policy.

    Raises
    ------
    MDPError
        If it does not, or its probabilities do not sum to 1; one line that names the state.
    """
    if not isinstance(policy, Mapping):
        raise MDPError(
            "the policy: expected a mapping {state: {action: probability}}, got "
            f"{type(policy).__name__}"
        )
    found: dict[State, dict[Action, Scalar]] = {}
    for state in mdp.states:
        if state in mdp.returns:
            continue
        if not isinstance(policy.get(state), Mapping):
            raise MDPError(f"state {state!r}: the policy has no actions there")
        found[state] = {}
        for action, value in policy[state].items():
            what = f"state {state!r}, action {action!r}"
            if action not in mdp.moves[state]:
                raise MDPError(f"state {state!r}: the base policy never takes action {action!r}")
            chance = scalar(value, what)
            if chance < 0:
                raise MDPError(f"{what}: a negative probability")
            found[state][action] = chance
        total = sum(found[state].values(), fmpq(0))
        # NaN contains every number.
        if not (total == 1 if isinstance(total, fmpq) else total.is_finite() and total.contains(1)):
            raise MDPError(f"state {state!r}: the policy's probabilities sum to {total}")
    return found


def steps(mdp: MDP, policy: Policy, state: State) -> dict[State, Scalar]:
    """The law of the next state."""
    law: dict[State, Scalar] = {}
    for action, chance in policy[state].items():
        for following, share in mdp.moves[state][action].outcomes.items():
            law[following] = law.get(following, fmpq(0)) + chance * share
    return law


def averages(mdp: MDP, policy: Policy, at_end: Mapping[State, Scalar]) -> dict[State, Scalar]:
    """``E[f(final state) | s]`` for each state s, under a policy.

    Parameters
    ----------
    at_end : mapping of final states to fmpq or arb
        The function f.

    Raises
    ------
    MDPError
        If it is no policy, see :func:`read_policy`, or does not end almost surely.
    """
    policy = read_policy(mdp, policy)
    values: dict[State, Scalar] = {}
    for block in mdp.blocks:
        if block[0] in mdp.returns:
            values[block[0]] = at_end[block[0]]
            continue
        leads = [steps(mdp, policy, state) for state in block]
        inside = {state: i for i, state in enumerate(block)}
        known = [
            sum((p * values[s] for s, p in law.items() if s not in inside), fmpq(0))
            for law in leads
        ]
        within = [[law.get(state, fmpq(0)) for state in block] for law in leads]
        values.update(zip(block, _solved(within, known, block), strict=True))
    return values


def visits(mdp: MDP, policy: Policy) -> dict[State, Scalar]:
    """How often each state is visited on average, under a policy.

    At a final state this is the probability that the trajectory ends there.

    Raises
    ------
    MDPError
        If it is no policy, see :func:`read_policy`, or does not end almost surely.
    """
    policy = read_policy(mdp, policy)
    entering: dict[State, Scalar] = {state: fmpq(0) for state in mdp.states}
    entering.update(mdp.start)
    found: dict[State, Scalar] = {}
    for block in reversed(mdp.blocks):
        if block[0] in mdp.returns:
            found[block[0]] = entering[block[0]]
            continue
        leads = [steps(mdp, policy, state) for state in block]
        known = [entering[state] for state in block]
        within = [[law.get(state, fmpq(0)) for law in leads] for state in block]
        times = _solved(within, known, block)
        found.update(zip(block, times, strict=True))
        for law, often in zip(leads, times, strict=True):
            for state, chance in law.items():
                if state not in found:
                    entering[state] = entering[state] + often * chance
    return found


def _solved(
    within: Sequence[Sequence[Scalar]], known: Sequence[Scalar], block: Sequence[State]
) -> list[Scalar]:
    """The x with ``x = within x + known``."""
    size = len(known)
    if size == 1 and isinstance(within[0][0], fmpq) and within[0][0] == 0:
        return [known[0]]
    entries = [
        [(fmpq(1) if i == j else fmpq(0)) - within[i][j] for j in range(size)] for i in range(size)
    ]
    try:
        return _solution(entries, known)
    except ZeroDivisionError:
        raise MDPError(
            f"state {block[0]!r}: the policy does not end almost surely from there"
        ) from None


def _solution(matrix: Sequence[Sequence[Scalar]], right: Sequence[Scalar]) -> list[Scalar]:
    """The solution of a linear system: exact where all its numbers are rational."""
    rows = [[entry for entry in row if isinstance(entry, fmpq)] for row in matrix]
    column = [value for value in right if isinstance(value, fmpq)]
    size = len(right)
    if len(column) == size and all(len(row) == size for row in rows):
        exactly = fmpq_mat(rows).solve(fmpq_mat([[value] for value in column]))
        return [exactly[i, 0] for i in range(size)]
    balls = arb_mat([[ball(entry) for entry in row] for row in matrix])
    enclosed = balls.solve(arb_mat([[ball(value)] for value in right]))
    return [enclosed[i, 0] for i in range(size)]
