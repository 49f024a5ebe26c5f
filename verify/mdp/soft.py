"""Soft values: ``L_l(s) = log sum_a pi0(a|s) exp(E[L_l(s') | s, a])``, ``L_l = l g`` at the end.

By Gibbs' variational formula ``L_l(s)`` is the most of ``l E G - KL`` that a policy has from s on,
and the policy ``pi0(a|s) exp(E L_l(s') - L_l(s))`` has it. What the policy draws itself is averaged
inside the logarithm; what the environment draws, the start state and noise of the return included,
outside. So at a final state ``L_l`` is

* ``l g`` for a number g,
* ``l E g`` for :class:`~verify.mdp.model.Noise`,
* ``K(l) = log E exp(l g)`` for what is :class:`~verify.mdp.model.Drawn` by the policy.

The values are power series in the tilt: their derivatives are the mean return under the policy, and
how fast it grows. The MDP must have no cycles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flint import arb, arb_series, fmpq

from verify.enclosure import Diverges, Undecided, ball
from verify.law import Law
from verify.mdp.linear import Policy, base_policy, visits
from verify.mdp.model import MDP, Drawn, MDPError, State, finite_mean
from verify.mdp.policy import chain_rule_kl

SoftValues = Mapping[State, arb_series]


def soft_values(mdp: MDP, tilt: fmpq | arb) -> dict[State, arb_series]:
    """``L_(l + e)(s)`` as a power series in e with three terms, for each state s.

    Parameters
    ----------
    tilt : fmpq or arb
        l, above 0, and below the rate of every return that the policy draws.

    Raises
    ------
    MDPError
        If some state may come again.
    Undecided
        If a mean return is infinite, or the moment generating function of one is, or may be.
    """
    if mdp.cyclic:
        raise MDPError("soft values need an MDP without cycles: add the time to the states")
    at = ball(tilt)
    values: dict[State, arb_series] = {}
    for state in mdp.states:
        if state in mdp.returns:
            values[state] = _at_end(mdp, state, at)
            continue
        total = arb_series([0], prec=3)
        for move in mdp.moves[state].values():
            total += move.probability * _expected(values, move.outcomes).exp()
        values[state] = total.log()
    return values


def _at_end(mdp: MDP, state: State, tilt: arb) -> arb_series:
    value = mdp.returns[state]
    if isinstance(value, Drawn):
        if not _finite(value.law, tilt):
            raise Undecided(f"E exp({tilt.str(8)} g) at {state!r} is not known to be finite")
        return value.law.cumulant_series(tilt)
    mean = ball(finite_mean(mdp, state))
    return arb_series([tilt * mean, mean], prec=3)


def _finite(law: Law, tilt: arb) -> bool:
    rate = law.mgf_abscissa
    return isinstance(rate, Diverges) or (rate is not None and bool(tilt < ball(rate)))


def _expected(values: SoftValues, law: Mapping[State, fmpq]) -> arb_series:
    """The average over what the environment draws."""
    return sum((share * values[s] for s, share in law.items()), arb_series([0], prec=3))


def at_start(mdp: MDP, values: SoftValues) -> arb_series:
    """``E L_l(s_1)``."""
    return _expected(values, mdp.start)


def soft_policy(mdp: MDP, values: SoftValues) -> Policy:
    """The policy that attains the soft values: ``pi0(a|s) exp(E L_l(s') - L_l(s))``."""
    return {
        state: {
            action: move.probability
            * (_expected(values, move.outcomes)[0] - values[state][0]).exp()
            for action, move in mdp.moves[state].items()
        }
        for state in mdp.states
        if state in mdp.moves
    }


@dataclass(frozen=True)
class Performance:
    """What a policy gets, and at which price: ``E G`` and ``KL(Tr(policy) || Tr(base))``."""

    mean: arb
    kl: arb


def performance(mdp: MDP, policy: Policy, tilt: fmpq | arb) -> Performance:
    """What a policy does that also tilts the returns it draws, by ``exp(tilt g)``.

    Mean and cost are added up over the states that it visits; no soft value is used.
    """
    often = visits(mdp, policy)
    mean, kl = arb(0), ball(chain_rule_kl(mdp, policy, base_policy(mdp)))
    for state in mdp.final:
        value, share = mdp.returns[state], ball(often[state])
        if isinstance(value, Drawn):
            log_mgf, tilted, _ = value.law.cumulants(tilt)
            mean += share * tilted
            kl += share * (ball(tilt) * tilted - log_mgf)
        else:
            mean += share * ball(finite_mean(mdp, state))
    return Performance(mean, kl)
