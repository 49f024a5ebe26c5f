"""Errata c and d: an average for a sum, and trajectories that do not end.

(c) The KL divergence of a policy is a sum along the trajectory. Averaged over the states it can be
made small by going on for long. (d) Where trajectories need not end, what is summed over finished
trajectories is not 1, and the h-transform conditions on ending.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flint import arb, fmpq

from theorems.t3_policies.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below
from verify.enclosure import ball
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.log_sum import LogSum
from verify.mdp import (
    MDP,
    MDPError,
    averages,
    base_policy,
    chain_rule_kl,
    h_transform,
    mean_return,
    trajectory_law,
)
from verify.mdp.policy import state_kl

# ---------------------------------------------------------------- c: an average for a sum


def spent_in_all() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(-sp.log(2**-n.k), n.k * sp.log(2))


def spent_on_average() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(-sp.log(2**-n.k) / n.k**2, sp.log(2) / n.k)


def average_vanishes() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.log(2) / n.k, n.k, sp.oo), 0)


def light_utility() -> Relation:
    import sympy as sp

    n = symbols()
    # E exp(l V) is a geometric series for l = log(3/2): its ratio is 3/4.
    return Relation(sp.exp(n.k * sp.log(sp.Rational(3, 2))) * 2**-n.k, sp.Rational(3, 4) ** n.k)


def token_then_filler(last: int) -> MDP:
    """First token k with probability ``2^-k``, then ``k^2 - 1`` forced ones; the return is k.

    Cut off: the token ``last`` takes the probability of all that come after it.
    """
    chances = {k: fmpq(1, 2**k) for k in range(1, last)}
    chances[last] = fmpq(1, 2 ** (last - 1))
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {
        "start": {k: (q, (k, 1)) for k, q in chances.items()}
    }
    for k in chances:
        moves.update({(k, t): {"filler": (1, (k, t + 1))} for t in range(1, k * k)})
    return MDP.build("start", moves, {(k, k * k): k for k in chances})


def averaged_kl(mdp: MDP, policy: Any) -> LogSum:
    """``E[(1/T) sum_t KL(pi||pi0)]`` at the T states of a trajectory: the reading refuted."""
    total = LogSum()
    for path, chance in trajectory_law(mdp, policy).items():
        for state in path.states[:-1]:
            spent = state_kl(policy, base_policy(mdp), state)
            assert isinstance(spent, LogSum)
            share = chance / len(path.actions)
            assert isinstance(share, fmpq)
            total = total + spent.scaled(share)
    return total


def average_misleads(k: int) -> bool:
    """To begin with k always: mean k, KL k log 2, and log(2)/k on average over the states."""
    mdp = token_then_filler(k + 1)
    policy = h_transform(mdp, {state: fmpq(state == (k, k * k)) for state in mdp.final}).policy
    summed = chain_rule_kl(mdp, policy, base_policy(mdp))
    assert isinstance(summed, LogSum)
    return (
        mean_return(mdp, policy) == k
        and summed.equals(LogSum(((fmpq(k), fmpq(2)),)))
        and averaged_kl(mdp, policy).equals(LogSum(((fmpq(1, k), fmpq(2)),)))
    )


def sum_is_bounded(k: int) -> Iterator[Comparison]:
    """The mean of "always k" is below ``(KL + K(l))/l`` with its KL summed: V is geometric."""
    mdp = token_then_filler(k + 1)
    policy = h_transform(mdp, {state: fmpq(state == (k, k * k)) for state in mdp.final}).policy
    utility = Law.parse("geometric(p=0.5)")

    def bound(tilt: fmpq) -> arb:
        log_mgf = utility.log_mgf(tilt)
        assert isinstance(log_mgf, arb)
        return (ball(chain_rule_kl(mdp, policy, base_policy(mdp))) + log_mgf) / tilt

    for tilt in (fmpq(1, 4), fmpq(1, 2), fmpq(2, 3)):
        mean = partial(ball, mean_return(mdp, policy))
        yield below(f"mean, tilt {tilt}", mean, partial(bound, tilt))


# ---------------------------------------------------------------- d: trajectories that do not end


def policy_of_the_sum() -> Relation:
    n = symbols()
    # q is the chance to end. h sums over finished trajectories: 1 at the end, q at the start.
    return Relation(n.q * (1 / (n.q * 1 + (1 - n.q) * 0)), 1)


def cost_of_no_weight() -> Relation:
    import sympy as sp

    n = symbols()
    left, via = sp.log(1 / n.q), {n.q: n.i / (n.i + n.j)}
    return Relation(left, 0, ">", left, (n.q < 1,), via)


def may_go_on(ends: fmpq, horizon: int) -> MDP:
    """Stop with probability ``ends``, else go on until the horizon cuts it off."""
    moves: dict[Any, dict[Any, tuple[Any, Any]]] = {
        0: {"stop": (ends, "end"), "go on": (1 - ends, 1)}
    }
    moves.update({t: {"go on": (1, t + 1)} for t in range(1, horizon)})
    return MDP.build(0, moves, {"end": 1, horizon: 0})


def conditions_on_ending(ends: fmpq) -> bool:
    """The weight 1, summed over trajectories finished by then: no weight, and yet a new policy.

    At every horizon the sum is the chance to end, its policy stops for certain, and it spends
    ``log(1/ends)``; the trajectory that stops has probability 1 in place of ``ends``.
    """
    price = LogSum(((fmpq(1), 1 / ends),))
    for horizon in (1, 2, 10):
        mdp = may_go_on(ends, horizon)
        finished = {"end": fmpq(1), horizon: fmpq(0)}
        policy = h_transform(mdp, finished).policy
        spent = chain_rule_kl(mdp, policy, base_policy(mdp))
        law = {path.end: chance for path, chance in trajectory_law(mdp, policy).items()}
        assert isinstance(spent, LogSum)
        if averages(mdp, base_policy(mdp), finished)[0] != ends or law["end"] != 1:
            return False
        if not spent.equals(price):
            return False
    return True


def refused_without_end(ends: fmpq) -> bool:
    """The same without a horizon is refused, and the state is named."""
    moves: dict[Any, Any] = {
        0: {"stop": (ends, "end"), "go on": (1 - ends, 1)},
        1: {"go on": (1, 1)},
    }
    try:
        MDP.build(0, moves, {"end": 1})
    except MDPError as refused:
        return str(refused).startswith("state 1: ")
    return False


def ends_in_the_end(ends: fmpq) -> bool:
    """With a coin at every step it does end, though its state may come again.

    The weight 1 leaves the policy alone, and any other weight is realised at its price.
    """
    moves: dict[Any, Any] = {
        0: {"win": (ends / 2, "won"), "lose": (ends / 2, "lost"), "go on": (1 - ends, 0)}
    }
    mdp = MDP.build(0, moves, {"won": 1, "lost": 0})
    alone = h_transform(mdp, {"won": 1, "lost": 1}).policy
    won = h_transform(mdp, {"won": 1, "lost": 0}).policy
    spent = chain_rule_kl(mdp, won, base_policy(mdp))
    assert isinstance(spent, LogSum)
    return (
        alone == base_policy(mdp)
        and mean_return(mdp, won) == 1
        and spent.equals(LogSum(((fmpq(1), fmpq(2)),)))
    )


# ---------------------------------------------------------------- claims

AVERAGE = (
    Step("in all", "To always begin with k costs k log 2.", spent_in_all),
    Step("on average", "Over the k^2 states this is log(2)/k on average.", spent_on_average),
    Step("average vanishes", "It tends to 0, and the mean of V is k.", average_vanishes),
    Step("light utility", "V is light: E exp(l V) is finite at l = log(3/2).", light_utility),
)
ENDLESS = (
    Step(
        "stops for certain",
        "h is 1 after stopping, 0 after going on: it stops for certain.",
        policy_of_the_sum,
    ),
    Step("price of nothing", "It spends log(1/q) > 0 for a weight of 1.", cost_of_no_weight),
)
CHANCES = (fmpq(1, 2), fmpq(1, 3), fmpq(9, 10))

CLAIMS = (
    Claim(
        "t3.erratum-c",
        "Refuted, with the KL divergence averaged over the states of a trajectory: a small KL "
        "keeps a light-tailed V near its mean. First token k with probability 2^-k, then k^2 - 1 "
        "forced tokens, V = k: the policy that always begins with k has an average KL of "
        "log(2)/k -> 0, and E V = k.",
        "Corollary 1, KL averaged over states",
        "refutation",
        evidence=(Identity(AVERAGE), Exact(average_misleads, (1, 2, 3, 5, 8))),
    ),
    Claim(
        "t3.erratum-c.corrected",
        "With the KL divergence summed along the trajectory it is the KL divergence of the "
        "trajectory laws, and Theorem 2 applies: no policy with KL <= d has a mean return above "
        "(d + K(l))/l.",
        "Corollary 1, KL averaged over states",
        "corrected",
        uses=("t3.chain-rule", "t2.gibbs"),
        evidence=(Enclosed(sum_is_bounded, (1, 2, 5)),),
    ),
    Claim(
        "t3.erratum-d",
        "Refuted: the printed sums over trajectories give a policy with law w Tr(pi0) whether or "
        "not the base policy ends. Where it ends with probability q < 1, the weight w = 1 has the "
        "sum h = q at the start; its policy ends for certain and spends log(1/q).",
        "Theorem 3, proof",
        "refutation",
        evidence=(Identity(ENDLESS), Exact(conditions_on_ending, CHANCES)),
    ),
    Claim(
        "t3.erratum-d.corrected",
        "Where the base policy ends almost surely, h = E[w | s] is an average over what is to "
        "come, and the steps are the Markov property and the telescoping product. Cycles do not "
        "matter. A base policy that may go on for ever is refused.",
        "Theorem 3, proof",
        "corrected",
        uses=("t3.fixed-start",),
        evidence=(Exact(ends_in_the_end, CHANCES), Exact(refused_without_end, CHANCES)),
    ),
)
