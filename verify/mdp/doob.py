"""The policy that realises a reweighting of trajectories: Doob's h-transform.

For a weight w on final states let ``h(s) = E[w(final state) | s]`` under the base policy. The
policy ``pi0(a|s) h(s')/h(s)`` has trajectory law ``w Tr(pi0)``: along a trajectory the quotients
telescope to ``w/h(s_1)``. Weights count up to a factor: each is divided by its mean first, so that
``E w = 1``. No policy has a say in what the environment draws, so this works if and
only if the environment's draws leave h where it is: ``h = 1`` at every start state, and one value
of h at all the states that one action may lead to. (The quotient of the trajectory laws, given the
past, is h at the current state, by the Markov property; and a policy changes it only by what it
does.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from verify.enclosure import Undecided, ball, exact, sign_of
from verify.mdp.linear import Policy, Scalar, averages, base_policy, scalar, visits
from verify.mdp.model import MDP, MDPError, State
from verify.weight import BestOfN, Identity, Location, Threshold, Tilt, TopFraction, Weight

#: A weight on trajectories: by final state, as a function of the return, or an optimiser.
TrajectoryWeight = Mapping[State, Any] | Callable[[fmpq], Any] | Weight


@dataclass(frozen=True)
class Realised:
    """A policy that realises a weight.

    Attributes
    ----------
    policy : Policy
        ``pi0(a|s) h(s')/h(s)``. Where ``h(s) = 0``, which it never gets to, it is the base policy.
    h : mapping of states to fmpq or arb
        ``E[w | s]``.
    """

    policy: Policy
    h: Mapping[State, Scalar]


def weights_at_end(mdp: MDP, weight: TrajectoryWeight) -> dict[State, Scalar]:
    """The weight at each final state, divided by its mean under the base policy.

    Weights count up to a factor: what comes back has mean 1.

    Parameters
    ----------
    weight : mapping, callable or Weight
        A mapping of final states to numbers; a function of the return; or a threshold, tilt,
        best-of-n or top fraction, which is applied to the law of the returns. But for a mapping,
        the returns have to be numbers. A mapping has a number at each final state that the base
        policy gets to.

    Raises
    ------
    MDPError
        If a weight is missing, negative or no number, all are 0, or the mapping names what is no
        final state.
    Undecided
        If a weight is a ball that may be negative, or all may be 0.
    """
    ends = visits(mdp, base_policy(mdp))
    if isinstance(weight, Mapping):
        for state in weight:
            if state not in mdp.returns:
                raise MDPError(f"the weight has a value at {state!r}, which is no final state")
        missing = [state for state in mdp.final if state not in weight]
        if missing:
            raise MDPError(f"final state {missing[0]!r}: the weight has no value there")
        raw = {state: _scalar(weight[state], state) for state in mdp.final}
    elif isinstance(weight, Weight):
        raw = _of_returns(mdp, weight, ends)
    else:
        raw = {state: _scalar(weight(mdp.exact_return(state)), state) for state in mdp.final}
    for state, value in raw.items():
        if value < 0:
            raise MDPError(f"final state {state!r}: a negative weight, {value}")
        if not value >= 0:
            raise Undecided(f"whether the weight at {state!r} is 0 or more: {value}")
    total = sum((ends[state] * value for state, value in raw.items()), fmpq(0))
    if total == 0:
        raise MDPError("the weight is 0 at every final state that the base policy gets to")
    if not total > 0:
        raise Undecided(f"whether the weight has a positive mean: {total}")
    return {state: value / total for state, value in raw.items()}


def _scalar(value: Any, state: State) -> Scalar:
    return scalar(value, f"final state {state!r}, the weight")


def _of_returns(mdp: MDP, weight: Weight, ends: Mapping[State, Scalar]) -> dict[State, Scalar]:
    """An optimiser's weight: ranks are those of the returns under the base policy."""
    returns = {state: mdp.exact_return(state) for state in mdp.final}
    mass: dict[fmpq, fmpq] = {}
    for state, value in returns.items():
        chance = ends[state]
        assert isinstance(chance, fmpq)  # base probabilities are rational
        mass[value] = mass.get(value, fmpq(0)) + chance
    if isinstance(weight, Threshold):
        by_return = _of_threshold(weight, mass)
    else:
        by_return, below = {}, fmpq(0)
        for value in sorted(mass):
            by_return[value] = _of_rank(weight, value, below, below + mass[value])
            below += mass[value]
    return {state: by_return[value] for state, value in returns.items()}


def _of_threshold(weight: Threshold, mass: Mapping[fmpq, fmpq]) -> dict[fmpq, Scalar]:
    share = exact(str(weight.mass))
    high = {value for value in mass if _lies_above(value, weight.location)}
    above = sum((mass[value] for value in high), fmpq(0))
    if above == 0:
        raise MDPError(f"threshold {weight.location}: no return lies above it")
    if above == 1 and share < 1:
        raise MDPError(f"threshold {weight.location}: every return lies above it")
    return {value: share / above if value in high else (1 - share) / (1 - above) for value in mass}


def _lies_above(value: fmpq, location: Location) -> bool:
    """Whether a return is above a threshold, however near it is."""
    cut = location.point()
    if isinstance(cut, fmpq):
        return bool(value > cut)
    gap = f"whether the return {value} is above {location}"
    return sign_of(lambda: ball(value) - ball(location.point()), gap) > 0


def _of_rank(weight: Weight, value: fmpq, below: fmpq, up_to: fmpq) -> Scalar:
    """A weight at a return of this rank; exact but for tilts."""
    match weight:
        case Identity():
            return fmpq(1)
        case BestOfN():
            return (up_to**weight.n - below**weight.n) / (up_to - below)
        case TopFraction():
            cut = 1 - weight.fraction
            return (max(up_to, cut) - max(below, cut)) / (up_to - below)
        case Tilt():
            return (weight.tilt * ball(value)).exp()
    raise TypeError(f"no weight of trajectories is known for {weight!r}")


def h_transform(mdp: MDP, weight: TrajectoryWeight) -> Realised:
    """The policy with trajectory law ``w Tr(pi0)``; see the module.

    Parameters
    ----------
    weight : mapping, callable or Weight
        As for :func:`weights_at_end`: w is the weight divided by its mean under the base policy.

    Raises
    ------
    MDPError
        If no policy realises the weight, because it changes what the environment draws: the start
        state, or a next state.
    """
    base = base_policy(mdp)
    h = averages(mdp, base, weights_at_end(mdp, weight))
    for state in mdp.start:
        if len(mdp.start) > 1 and not same(h[state], fmpq(1)):
            raise MDPError(
                f"start state {state!r}: divided by its mean, the weight averages "
                f"{_shown(h[state])} there, not 1; a policy does not choose the start state"
            )
    policy = {}
    for state, chances in base.items():
        if h[state] == 0:
            policy[state] = dict(chances)
            continue
        policy[state] = {
            action: chance * _beyond(mdp, h, state, action) / h[state]
            for action, chance in chances.items()
        }
    return Realised(policy, h)


def _beyond(mdp: MDP, h: Mapping[State, Scalar], state: State, action: Any) -> Scalar:
    """The value of h that an action leads to, which has to be one value."""
    first, *others = mdp.moves[state][action].outcomes
    for other in others:
        if not same(h[first], h[other]):
            raise MDPError(
                f"state {state!r}, action {action!r}: divided by its mean, the weight averages "
                f"{_shown(h[first])} after {first!r} and {_shown(h[other])} after {other!r}, and "
                "the environment draws which; no policy realises it"
            )
    return h[first]


def same(one: Scalar, other: Scalar) -> bool:
    """Whether two numbers are equal.

    Raises
    ------
    Undecided
        For balls that overlap: rational weights decide it.
    """
    if isinstance(one, fmpq) and isinstance(other, fmpq):
        return bool(one == other)
    if (ball(one) - ball(other)).contains(0):
        raise Undecided("balls cannot tell whether h is one number where the environment draws")
    return False


def _shown(value: Scalar) -> str:
    return str(value) if isinstance(value, fmpq) else str(value.str(8))
