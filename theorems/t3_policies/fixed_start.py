"""One start state: a policy realises every reweighting of trajectories, at the same price.

For a weight w on trajectories that depends on the final state, ``h(s) = E[w | s]`` under the base
policy. The policy takes an action with its base probability times ``h(s')/h(s)``. Along a
trajectory these quotients telescope, so its trajectory law is ``w Tr(pi0)``; and the KL divergence
of the trajectory laws is what the policy spends at the states it visits, added up.

The derivations are about one state: one action, with the value u of h after it, and all others
together, after which h is v on average. The rest is induction along the trajectory.
"""

from __future__ import annotations

from theorems.t3_policies.generated import Kind, generated, policy_for, weight_for
from theorems.t3_policies.symbols import symbols
from verify.claim import Claim, Exact
from verify.identity import Identity, Relation, Step
from verify.log_sum import LogSum
from verify.mdp import (
    base_policy,
    chain_rule_kl,
    h_transform,
    trajectory_kl,
    trajectory_law,
    visits,
    weights_at_end,
)
from verify.mdp.policy import relative_entropy

# ---------------------------------------------------------------- derivation


def next_action() -> Relation:
    n = symbols()
    # The Markov property: h averages what h is after the next action.
    h = n.q * n.u + (1 - n.q) * n.v
    return Relation(n.q * (n.u / h) + (1 - n.q) * (n.v / h), 1, given=(n.q < 1,))


def telescopes() -> Relation:
    n = symbols()
    return Relation((n.c * n.h1 / n.h0) * (n.q * n.h2 / n.h1), n.c * n.q * n.h2 / n.h0)


def one_state() -> Relation:
    import sympy as sp

    n = symbols()
    # Two trajectories that begin with the same action: p and q are the action's probabilities, r
    # and s those of the first trajectory from there on.
    direct = n.p * n.r * sp.log(n.p * n.r / (n.q * n.s)) + n.p * (1 - n.r) * sp.log(
        n.p * (1 - n.r) / (n.q * (1 - n.s))
    )
    onward = n.r * sp.log(n.r / n.s) + (1 - n.r) * sp.log((1 - n.r) / (1 - n.s))
    # Shares below 1, so that SymPy may take the logarithms apart.
    via = {n.r: n.i / (n.i + n.j), n.s: n.k / (n.k + n.w)}
    given = (n.r < 1, n.s < 1)
    return Relation(direct, n.p * sp.log(n.p / n.q) + n.p * onward, given=given, via=via)


def quotient() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.log(n.h1 / n.h0) + sp.log(n.h2 / n.h1), sp.log(n.h2 / n.h0))


# ---------------------------------------------------------------- exactly, on generated MDPs


def realised_exactly(kind: Kind) -> bool:
    """``Tr(pi) = w Tr(pi0)``, trajectory by trajectory."""
    mdp = generated(kind)
    weight = weight_for(mdp, kind)
    w = weights_at_end(mdp, weight)
    base = trajectory_law(mdp, base_policy(mdp))
    law = trajectory_law(mdp, h_transform(mdp, weight).policy)
    return law == {path: w[path.end] * chance for path, chance in base.items()}


def priced_exactly(kind: Kind) -> bool:
    """The sum over the states visited is the divergence of the final states' laws."""
    mdp = generated(kind)
    weight = weight_for(mdp, kind)
    w, ends = weights_at_end(mdp, weight), visits(mdp, base_policy(mdp))
    spent = chain_rule_kl(mdp, h_transform(mdp, weight).policy, base_policy(mdp))
    reweighted = relative_entropy((w[state] * ends[state], ends[state]) for state in mdp.final)
    assert isinstance(spent, LogSum) and isinstance(reweighted, LogSum)
    return spent.equals(reweighted)


def added_up_exactly(kind: Kind) -> bool:
    """The chain rule, for a policy that need not be an h-transform."""
    mdp = generated(kind)
    policy, base = policy_for(mdp, kind), base_policy(mdp)
    direct, summed = trajectory_kl(mdp, policy, base), chain_rule_kl(mdp, policy, base)
    assert isinstance(direct, LogSum) and isinstance(summed, LogSum)
    return direct.equals(summed)


TREES = tuple(Kind(seed, tree=True) for seed in range(20))
GRAPHS = tuple(Kind(seed) for seed in range(20))
DRAWS = tuple(Kind(seed, starts=3, outcomes=2) for seed in range(20))

# ---------------------------------------------------------------- claims

REALISED = (
    Step("next action", "The new probabilities sum to 1: h averages its next values.", next_action),
    Step("telescoping", "Each step replaces h at a state by h at the next one.", telescopes),
)
CHAIN = (
    Step("chain rule", "What is spent at a state, and what is spent from there on.", one_state),
    Step("log of the quotient", "Along a trajectory the logarithms telescope too.", quotient),
)

CLAIMS = (
    Claim(
        "t3.chain-rule",
        "For every policy, KL(Tr(pi)||Tr(pi0)) is the expected sum of KL(pi||pi0) at the states "
        "that are visited; what the environment draws adds nothing. Combines: one state, by "
        "induction from the end of the trajectory.",
        "ours",
        "ours",
        evidence=(Identity(CHAIN), Exact(added_up_exactly, TREES + GRAPHS + DRAWS)),
    ),
    Claim(
        "t3.fixed-start",
        "With one start state, deterministic transitions and a base policy that ends almost "
        "surely: for every weight w >= 0 on final states with mean 1, the policy pi0(a|s) "
        "h(s')/h(s) with h(s) = E[w | s] has trajectory law w Tr(pi0), and KL(Tr(pi)||Tr(pi0)) = "
        "E w log w. No tree is needed: states may merge. Combines: h is w at the end and 1 at the "
        "start.",
        "Theorem 3",
        "corrected",
        uses=("t3.chain-rule",),
        evidence=(
            Identity(REALISED),
            Exact(realised_exactly, TREES + GRAPHS),
            Exact(priced_exactly, TREES + GRAPHS),
        ),
    ),
)
