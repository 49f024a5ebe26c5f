"""What no policy does: reweight what the environment draws, the start state above all.

The trajectory law of a policy, divided by that of the base policy, is given the past equal to h at
the current state. A policy changes it by its actions only. So a weight is realised by a policy if
and only if the environment's draws leave h where it is: ``h = 1`` at almost every start state, and
one value of h at all the states that one action may lead to.

Erratum b is about the same draws: the printed probability of a trajectory is the product over its
actions, without the law of the start state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flint import fmpq

from theorems.t3_policies.fixed_start import TREES
from theorems.t3_policies.generated import Kind, generated, policy_for, weight_for
from theorems.t3_policies.symbols import symbols
from verify.claim import Claim, Exact
from verify.identity import Identity, Relation, Step
from verify.mdp import (
    MDP,
    MDPError,
    Trajectory,
    averages,
    base_policy,
    h_transform,
    trajectory_law,
    weights_at_end,
)
from verify.mdp.linear import Scalar

# ---------------------------------------------------------------- derivation


def start_state() -> Relation:
    n = symbols()
    # The mass at a start state: D under every policy, D h0 under the reweighted law.
    return Relation(n.D * n.h0 - n.D, n.D * (n.h0 - 1))


def drawn_state() -> Relation:
    n = symbols()
    # Of two states that the environment draws with q and 1 - q, h is u at one and v at the other.
    h = n.q * n.u + (1 - n.q) * n.v
    return Relation(n.u - h, (1 - n.q) * (n.u - n.v))


# ---------------------------------------------------------------- exactly, on generated MDPs

Law = dict[Trajectory, Any]


def reweighted(mdp: MDP, weight: Mapping[Any, Scalar]) -> Law:
    """``w Tr(pi0)``."""
    w = weights_at_end(mdp, weight)
    base = trajectory_law(mdp, base_policy(mdp))
    return {path: w[path.end] * chance for path, chance in base.items()}


def draws_unchanged(mdp: MDP, law: Law) -> bool:
    """Whether the start state, and the next state given state and action, have their laws.

    They have under every policy, so a law of trajectories for which this is false is no policy's.
    """
    started: Counter[Any] = Counter()
    taken: Counter[Any] = Counter()
    led: Counter[Any] = Counter()
    for path, chance in law.items():
        started[path.states[0]] += chance
        for state, action, after in zip(path.states, path.actions, path.states[1:], strict=False):
            taken[state, action] += chance
            led[state, action, after] += chance
    return all(started[state] == chance for state, chance in mdp.start.items()) and all(
        led[state, action, after] == chance * taken[state, action]
        for state in mdp.states
        for action, move in mdp.moves.get(state, {}).items()
        for after, chance in move.outcomes.items()
    )


def realised_iff_draws_unchanged(kind: Kind) -> bool:
    """The h-transform has law ``w Tr(pi0)``, or there is no policy that has."""
    mdp = generated(kind)
    weight = weight_for(mdp, kind)
    target = reweighted(mdp, weight)
    try:
        policy = h_transform(mdp, weight).policy
    except MDPError:
        return not draws_unchanged(mdp, target)
    return draws_unchanged(mdp, target) and trajectory_law(mdp, policy) == target


def realised_prompt_by_prompt(kind: Kind) -> bool | None:
    """Divided by h at the start state, every weight is realised; None if h was 1 already."""
    mdp = generated(kind)
    weight = weights_at_end(mdp, weight_for(mdp, kind))
    h = averages(mdp, base_policy(mdp), weight)
    if any(h[state] == 0 for state in mdp.start) or all(h[state] == 1 for state in mdp.start):
        return None
    # The first sign of a state's name is its start state.
    apart = {state: w / h[state[0]] for state, w in weight.items()}
    target = reweighted(mdp, apart)
    policy = h_transform(mdp, apart).policy
    return draws_unchanged(mdp, target) and trajectory_law(mdp, policy) == target


def realised_across_draws(kind: Kind) -> bool:
    """The environment draws one of three copies of a tree: a weight alike on all of them."""
    tree = generated(kind)
    weight = weight_for(tree, kind)
    copies = range(3)
    moves: dict[Any, Any] = {"start": {"ask": (1, {(n, "0"): fmpq(n + 1, 6) for n in copies})}}
    for state, actions in tree.moves.items():
        for n in copies:
            moves[n, state] = {
                action: (move.probability, {(n, after): q for after, q in move.outcomes.items()})
                for action, move in actions.items()
            }
    ends = [(n, state) for n in copies for state in tree.final]
    mdp = MDP.build("start", moves, {end: tree.returns[end[1]] for end in ends})
    alike = {end: weight[end[1]] for end in ends}
    target = reweighted(mdp, alike)
    policy = h_transform(mdp, alike).policy
    return draws_unchanged(mdp, target) and trajectory_law(mdp, policy) == target


def without_start_law(kind: Kind) -> bool:
    """The products over actions alone sum to the number of start states; with its law, to 1."""
    mdp = generated(kind)
    total: Scalar = fmpq(0)
    in_full: Scalar = fmpq(0)
    for path, chance in trajectory_law(mdp, policy_for(mdp, kind)).items():
        in_full += chance
        total += chance / mdp.start[path.states[0]]
    return bool(in_full == 1 and total == len(mdp.start) > 1)


PROMPTED_TREES = tuple(Kind(seed, tree=True, starts=3) for seed in range(20))
PROMPTED_GRAPHS = tuple(Kind(seed, starts=3) for seed in range(20))
STOCHASTIC = tuple(Kind(seed, outcomes=2) for seed in range(20))

# ---------------------------------------------------------------- claims

DRAWN = (
    Step("start state", "The reweighted mass of a start state is its own iff h is 1.", start_state),
    Step("drawn state", "A draw leaves h where it is iff h is the same after it.", drawn_state),
)

CLAIMS = (
    Claim(
        "t3.environment",
        "A policy with trajectory law w Tr(pi0) exists iff the environment's draws leave h where "
        "it is: h = 1 at almost every start state, and where an action may lead to several states "
        "h is the same at all of them. One start state and deterministic transitions are always "
        "enough. Combines: under every policy the start state and the draws have their own laws; "
        "under w Tr(pi0) they have them iff h is constant along them, and then the h-transform is "
        "a policy and has this law.",
        "ours",
        "ours",
        uses=("t3.fixed-start",),
        evidence=(
            Identity(DRAWN),
            Exact(realised_iff_draws_unchanged, PROMPTED_TREES + PROMPTED_GRAPHS + STOCHASTIC),
            Exact(realised_prompt_by_prompt, PROMPTED_TREES),
            Exact(realised_across_draws, TREES),
        ),
    ),
    Claim(
        "t3.erratum-b",
        "Refuted: the probability of a trajectory is the product of the probabilities of its "
        "actions. With several start states these products sum to their number, not to 1.",
        "Theorem 3, proof",
        "refutation",
        evidence=(Exact(without_start_law, PROMPTED_TREES + PROMPTED_GRAPHS),),
    ),
    Claim(
        "t3.erratum-b.corrected",
        "The probability of a trajectory is that of its start state times those of its actions. "
        "Both trajectory laws have the same factor, so it leaves their quotient alone; it does not "
        "leave alone which quotients a policy may have.",
        "Theorem 3, proof",
        "corrected",
        uses=("t3.environment",),
        evidence=(Identity(DRAWN),),
    ),
)
