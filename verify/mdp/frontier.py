"""The best mean return within a KL budget over all policies, enclosed from both sides.

``sup{E_pi G : KL <= d} = inf_l (d + E L_l(s_1))/l`` with the soft values of
:mod:`verify.mdp.soft`. The *lower* value is the mean return of a policy whose divergence
from the base policy, added up over the states it visits, is within the budget; the *upper* value is
``(d + E L_l(s_1))/l`` for one l, which no policy exceeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import arb, fmpq

from verify.enclosure import (
    Diverges,
    Number,
    Undecided,
    ball,
    escalate,
    exact,
    sign_of,
    working_precision,
)
from verify.errors import InputError
from verify.mdp.greedy import Greedy, greedy, greedy_costs, greedy_policy
from verify.mdp.linear import Policy, base_policy
from verify.mdp.model import MDP, Drawn, MDPError, Noise, finite_mean
from verify.mdp.policy import mean_return
from verify.mdp.soft import at_start, performance, soft_policy, soft_values
from verify.tilt_search import Sloped, crossing

#: Precisions that are tried for a point, in bits.
PRECISIONS = (96, 192, 384, 768)
#: The search aims at this much less than the budget, relatively, to end on the side within it.
RETREAT = fmpq(1, 2**44)
#: The gap at which a point is settled, relative to max(|S|, S - E G). The retreat and the search
#: (1e-12 in log l, on which D depends at most quadratically where it matters) leave about 1e-12.
AIM = arb("1e-10")
#: Bits that are spent on telling a budget from the price of the best mean.
PRICE_BITS = 1024
#: Bits of a mean that needs no search.
KNOWN_BITS = 80


@dataclass(frozen=True)
class PolicyFrontier:
    """The frontier at one budget.

    Attributes
    ----------
    budget : fmpq
        d, in nats.
    lower, upper : arb or Diverges
        The mean return of the policy, and a bound on that of every policy within the budget.
    attained : bool or None
        Whether some policy within the budget attains the supremum; None where that is not known.
    because : str
        What the values rest on.
    policy : Policy or None
        The policy that achieves ``lower``.
    tilt : fmpq or None
        The l of the bound; the policy tilts what it draws itself by it.
    settled : bool
        Whether the two sides are as close as the search aims at.
    """

    budget: fmpq
    lower: Number
    upper: Number
    attained: bool | None
    because: str
    policy: Policy | None = None
    tilt: fmpq | None = None
    settled: bool = True


def policy_frontier(mdp: MDP, budget: Any) -> PolicyFrontier:
    """The best mean return within one KL budget; see the module.

    Parameters
    ----------
    mdp : MDP
        Without cycles.
    budget : number or decimal text
        d, in nats, at least 0.

    Raises
    ------
    InputError
        If the budget is no number or negative, or the MDP has cycles.
    Undecided
        If noise has an infinite mean, or no tilt within the budget can be evaluated.
    """
    try:
        spend = exact(budget)
    except ValueError as why:
        raise InputError(f"budget: {why}") from None
    if spend < 0:
        raise InputError(f"budget: expected a number of nats, 0 or more, got {budget}")
    if mdp.cyclic:
        raise MDPError("the frontier needs an MDP without cycles: add the time to the states")
    for state in mdp.final:
        if isinstance(mdp.returns[state], Noise):
            finite_mean(mdp, state)
    if spend == 0:
        return _without_budget(mdp)
    found = _infinite(mdp, spend) or _with_best_actions(mdp, spend)
    if found is not None and found.settled:
        return found
    try:
        return _by_tilt(mdp, spend)
    except Undecided:
        if found is None:
            raise
        return found


def _without_budget(mdp: MDP) -> PolicyFrontier:
    mean = escalate(
        lambda: ball(mean_return(mdp, base_policy(mdp))),
        lambda value: value.is_finite() and bool(value.rad() <= arb(2) ** -60),
        "the mean return of the base policy",
        first=KNOWN_BITS,
    )
    because = "without a budget: the base policy"
    return PolicyFrontier(fmpq(0), mean, mean, True, because, base_policy(mdp))


def _infinite(mdp: MDP, budget: fmpq) -> PolicyFrontier | None:
    """A right-heavy return that the policy draws itself, wherever it may be drawn."""
    for state in mdp.final:
        value = mdp.returns[state]
        if isinstance(value, Drawn) and value.law.mgf_abscissa == 0:
            because = f"the policy draws a right-heavy return at {state!r} (Theorem 1)"
            infinite = Diverges(+1, because)
            return PolicyFrontier(budget, infinite, infinite, True, because)
    return None


def _with_best_actions(mdp: MDP, budget: fmpq) -> PolicyFrontier | None:
    """The best mean that any policy has, where the budget reaches its price.

    Where balls cannot tell which actions are best, two sides: the mean of the policy that takes all
    that may be, and a ball that has the best mean.
    """
    if any(isinstance(mdp.returns[state], Drawn) for state in mdp.final):
        return None
    with working_precision(KNOWN_BITS):
        try:
            best = greedy(mdp)
            if not best.free and not _reaches(mdp, best, budget):
                return None
        except Undecided:
            return None
        value = ball(best.value)
        policy = base_policy(mdp) if best.free else greedy_policy(mdp, best)
        if best.certain:
            because = "the budget reaches the best mean of all policies: only best actions"
            return PolicyFrontier(budget, value, value, True, because, policy)
        mean = ball(mean_return(mdp, policy))
        if not (mean.is_finite() and value.is_finite()):
            return None
        because = "balls cannot tell which actions are best: all that may be, and the best mean"
        close = bool(value - mean < AIM * _size(mdp, mean))
        return PolicyFrontier(budget, mean, value, None, because, policy, settled=close)


def _reaches(mdp: MDP, best: Greedy, budget: fmpq) -> bool:
    """Whether the budget is at least the price of the best mean."""

    def spare() -> arb:
        costs = greedy_costs(mdp, best)
        return ball(budget) + sum((p * costs[s] for s, p in mdp.start.items()), arb(0))

    return sign_of(spare, "whether the budget reaches the best mean", PRICE_BITS) > 0


def _by_tilt(mdp: MDP, budget: fmpq) -> PolicyFrontier:
    """The tilt whose policy spends the budget."""
    found = None
    for bits in PRECISIONS:
        with working_precision(bits):
            found = _searched(mdp, budget) or found
            if found is not None and (
                found.settled or (found.attained is None and bits > PRECISIONS[0])
            ):
                return found
    if found is None:
        raise Undecided("no tilt within the budget has a policy that can be evaluated")
    return found


def _searched(mdp: MDP, budget: fmpq) -> PolicyFrontier | None:
    def cost(y: arb) -> Sloped:
        tilt = y.exp().mid()
        try:
            series = at_start(mdp, soft_values(mdp, tilt))
        except Undecided:
            return None
        spent = tilt * series[1] - series[0]
        if not spent.rad() * 1000 < abs(spent.mid()):
            return None
        return spent.mid(), (2 * tilt**2 * series[2]).mid()

    try:
        below, above = crossing(cost, ball(budget * (1 - RETREAT)).mid())
    except Undecided:
        return None
    tilt = below.exp().mid().fmpq()
    values = soft_values(mdp, tilt)
    policy = soft_policy(mdp, values)
    done = performance(mdp, policy, tilt)
    if not done.kl <= budget:
        return None
    upper = (ball(budget) + at_start(mdp, values)[0]) / tilt
    spends = above.is_finite()
    because = "the policy of the soft values at l spends the budget; (d + E L_l)/l bounds others"
    if not spends:
        because = "no tilt was found to spend the budget: the last one, and its bound"
    return PolicyFrontier(
        budget,
        done.mean,
        upper,
        True if spends else None,
        because,
        policy,
        tilt,
        settled=bool(upper - done.mean < AIM * _size(mdp, done.mean)),
    )


def _size(mdp: MDP, best: arb) -> arb:
    """``max(|S|, S - E G)``, from below: what gaps are measured against."""
    size = best.abs_lower()
    try:
        gained = (best - ball(mean_return(mdp, base_policy(mdp)))).lower()
    except Undecided:  # an infinite mean
        return size
    return gained if gained > size else size
