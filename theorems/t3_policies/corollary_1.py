"""Corollary 1 for policies: erratum e, and what stands.

Theorem 1 is applied to the proxy ``U = V + X``, so it is U that has to be heavy. An error X that is
heavy is not enough where V cancels it (claim ``t2.corollary.heavy-proxy`` says when it is). With U
heavy and V light, Theorem 3 turns the reweightings of Corollary 1 into policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flint import arb

from theorems.t3_policies.errata import token_then_filler
from theorems.t3_policies.fixed_start import REALISED
from theorems.t3_policies.long_answers import longer
from theorems.t3_policies.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import ball, exact
from verify.identity import Identity, Relation, Step
from verify.mdp import MDP, base_policy, chain_rule_kl, mean_return, policy_frontier, visits

# ---------------------------------------------------------------- an error that cancels


def proxy_cancelled() -> Relation:
    n = symbols()
    return Relation(n.k + -n.k, 0)


def nothing_to_gain(last: int) -> Iterator[Comparison]:
    """The error X is the first token, the utility V = -X: no budget moves the proxy U = 0."""
    mdp = token_then_filler(last)
    proxy = MDP.build("start", _as_built(mdp), dict.fromkeys(mdp.final, 0))
    for budget in ("0.01", "1", "100"):
        point = policy_frontier(proxy, budget)
        assert isinstance(point.upper, arb)
        yield near(f"best E U at {budget}", partial(arb, point.upper), arb, lambda: arb(2) ** -60)
    error = policy_frontier(mdp, "0.01")
    assert isinstance(error.lower, arb)
    gained = error.lower - ball(mean_return(mdp, base_policy(mdp)))
    yield below("E X rises", lambda: arb("0.1"), lambda: gained)


def _as_built(mdp: MDP) -> dict[Any, dict[Any, tuple[Any, Any]]]:
    return {
        state: {action: (move.probability, move.outcomes) for action, move in moves.items()}
        for state, moves in mdp.moves.items()
    }


# ---------------------------------------------------------------- proxy up, utility still


def utility_still(case: tuple[int, str, str, str, str]) -> Iterator[Comparison]:
    """At (t, mass, M, eps, room): U the length, V at most 5 of it; E U > M, and E V within room."""
    t, mass, target, budget, room = case[0], *map(exact, case[1:])
    mdp, policy = longer(t, mass)
    base = base_policy(mdp)

    def moved() -> arb:
        change = arb(0)
        ends, before = visits(mdp, policy), visits(mdp, base)
        for state in mdp.final:
            length = state if state == t + 1 else state[1]
            change += ball(ends[state] - before[state]) * min(length, 5)
        return change

    yield below("M", lambda: arb(target), lambda: ball(mean_return(mdp, policy)))
    yield below("KL", lambda: ball(chain_rule_kl(mdp, policy, base)), lambda: arb(budget))
    yield below("E V moves by", lambda: abs(moved()), lambda: arb(room))


# ---------------------------------------------------------------- claims

CANCELLED = (
    Step("cancelled", "With V = -X the proxy U is 0 on all trajectories.", proxy_cancelled),
)

CLAIMS = (
    Claim(
        "t3.erratum-e",
        "Refuted: that the error X is heavy-tailed is enough for policies to raise E U. With V = "
        "-X the proxy U = V + X is 0 on every trajectory, and so under every policy.",
        "Corollary 1",
        "refutation",
        evidence=(Identity(CANCELLED), Enclosed(nothing_to_gain, (4,))),
    ),
    Claim(
        "t3.erratum-e.corrected",
        "With one start state and deterministic transitions, U right-heavy and V right-light with "
        "a finite mean: for every M, eps > 0 and h > 0 some policy has E U > M, KL < eps (summed) "
        "and E V < E_{pi0} V + h; if V is left-light too, also E V > E_{pi0} V - h. X right-heavy "
        "makes U so where V is left-light. Combines: Corollary 1 for reweightings, which Theorem 3 "
        "turns into policies.",
        "Corollary 1",
        "corrected",
        uses=("t2.corollary.corrected", "t2.corollary.heavy-proxy", "t3.fixed-start"),
        evidence=(
            Identity(REALISED),
            Enclosed(
                utility_still,
                (
                    (100, "0.06", "13", "0.3", "0.25"),
                    (1000, "0.006", "13", "0.05", "0.025"),
                ),
            ),
        ),
    ),
)
