"""The data of a finite Markov decision process, checked when it is built.

All probabilities are exact rationals. An action that the base policy never takes is left out: no
policy at a finite KL divergence takes it either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import arb, fmpq

from verify.enclosure import Diverges, Number, Undecided, exact
from verify.errors import InputError
from verify.law import Law
from verify.mdp.graph import Blocks, blocks_in_order, states_without_end

#: Binary exponents up to this are written out as fractions.
WRITTEN_OUT = 10**4

#: Anything hashable.
State = Any
Action = Any


class MDPError(InputError):
    """A decision process that makes no sense; the message is one line naming a state."""


@dataclass(frozen=True)
class Noise:
    """A return with noise of the environment: no policy has a say in it, only its mean counts."""

    law: Law


@dataclass(frozen=True)
class Drawn:
    """A return that the base policy draws itself, as a last action from a continuum of actions.

    A policy may reweight it, at a price. The law of the answers' reward for one prompt is such a
    return: the answers are the policy's.
    """

    law: Law


#: The return at a final state: a number, or a law with word of whose randomness it is.
Return = fmpq | Noise | Drawn


@dataclass(frozen=True)
class Move:
    """One action at one state.

    Attributes
    ----------
    probability : fmpq
        With which the base policy takes it; positive.
    outcomes : mapping of states to fmpq
        Where the environment leads from there, with positive probabilities that sum to 1.
    """

    probability: fmpq
    outcomes: Mapping[State, fmpq]

    @property
    def deterministic(self) -> bool:
        """Whether it leads to one state for certain."""
        return len(self.outcomes) == 1


@dataclass(frozen=True)
class MDP:
    """A finite MDP with a base policy; built by :meth:`build`.

    Attributes
    ----------
    start : mapping of states to fmpq
        The law of the first state: positive probabilities that sum to 1.
    moves : mapping of states to mappings of actions to Move
        For every state that is not final. The base probabilities of its actions sum to 1.
    returns : mapping of states to Return
        For every final state.
    """

    start: Mapping[State, fmpq]
    moves: Mapping[State, Mapping[Action, Move]]
    returns: Mapping[State, Return]

    @classmethod
    def build(
        cls,
        start: State | Mapping[State, Any],
        moves: Mapping[State, Mapping[Action, tuple[Any, Any]]],
        returns: Mapping[State, Any],
    ) -> MDP:
        """From numbers as people write them.

        Parameters
        ----------
        start : state, or mapping of states to numbers
            The first state, or its law.
        moves : mapping
            ``{state: {action: (probability, next)}}``: the probability under the base policy, and
            the next state or a mapping of next states to their probabilities.
        returns : mapping
            ``{final state: return}``: a number, :class:`Noise` or :class:`Drawn`.

        Raises
        ------
        MDPError
            If probabilities do not sum to 1, a state is not known, or the base policy does not end
            almost surely. The message names the state.
        """
        known = set(moves) | set(returns)
        for state in moves:
            if state in returns:
                raise MDPError(f"state {state!r} has actions and a return; a final state has none")
        chances = start if isinstance(start, Mapping) else {start: 1}
        mdp = cls(
            _law(chances, "the start law", known),
            {state: _moves(state, actions, known) for state, actions in moves.items()},
            {state: _return(state, value) for state, value in returns.items()},
        )
        for state in states_without_end(mdp.states, mdp.successors):
            raise MDPError(
                f"state {state!r}: the base policy gets there and from there to no final state; "
                "it has to end almost surely"
            )
        return mdp

    def successors(self, state: State) -> Iterator[State]:
        """The states that may come right after this one."""
        for move in self.moves.get(state, {}).values():
            yield from move.outcomes

    @cached_property
    def blocks(self) -> Blocks:
        """The states that the base policy gets to, in groups on common cycles, successors first."""
        return blocks_in_order(self.start, self.successors)

    @cached_property
    def states(self) -> tuple[State, ...]:
        """The states that the base policy gets to with a positive probability, successors first."""
        return tuple(state for block in self.blocks for state in block)

    @cached_property
    def cyclic(self) -> bool:
        """Whether some reached state may come again."""
        return any(len(block) > 1 or block[0] in self.successors(block[0]) for block in self.blocks)

    @cached_property
    def deterministic(self) -> bool:
        """Whether no reached action leaves the next state to the environment."""
        return all(
            move.deterministic
            for state in self.states
            for move in self.moves.get(state, {}).values()
        )

    @property
    def final(self) -> list[State]:
        """The final states that the base policy gets to."""
        return [state for state in self.states if state in self.returns]

    def mean_return(self, state: State) -> Number | fmpq:
        """The mean of the return at a final state; exact where the return is a number."""
        value = self.returns[state]
        return value if isinstance(value, fmpq) else value.law.mean()

    def exact_return(self, state: State) -> fmpq:
        """The return at a final state, which has to be a number.

        Raises
        ------
        MDPError
            If it is a law.
        """
        value = self.returns[state]
        if not isinstance(value, fmpq):
            raise MDPError(f"final state {state!r}: expected a number as its return, not a law")
        return value


def finite_mean(mdp: MDP, state: State) -> fmpq | arb:
    """The mean return at a final state; a fraction where its ball has no width.

    Raises
    ------
    Undecided
        If it is infinite.
    """
    mean = mdp.mean_return(state)
    if isinstance(mean, Diverges):
        raise Undecided(f"the mean return at {state!r} is {mean}: {mean.because}")
    if isinstance(mean, arb) and mean.is_finite() and mean.is_exact():
        _, exponent = mean.man_exp()
        if abs(int(exponent)) <= WRITTEN_OUT:
            return mean.fmpq()
    return mean


# ---------------------------------------------------------------- reading


def number(value: Any, what: str) -> fmpq:
    """The fraction that a person means.

    Raises
    ------
    MDPError
        If it is no number; one line that begins with ``what``.
    """
    try:
        return exact(value)
    except ValueError:
        raise MDPError(f"{what}: expected a number, got {value!r}") from None


def _law(chances: Mapping[State, Any], what: str, known: set[State]) -> dict[State, fmpq]:
    """Positive probabilities that sum to 1; what has probability 0 is left out."""
    law = {}
    for state, value in chances.items():
        if state not in known:
            raise MDPError(f"{what}: state {state!r} has neither actions nor a return")
        probability = number(value, f"{what}, state {state!r}")
        if probability < 0:
            raise MDPError(f"{what}: state {state!r} has a negative probability, {value}")
        if probability > 0:
            law[state] = probability
    total = sum(law.values(), fmpq(0))
    if total != 1:
        raise MDPError(f"{what}: the probabilities sum to {total}, expected 1")
    return law


def _moves(
    state: State, actions: Mapping[Action, tuple[Any, Any]], known: set[State]
) -> dict[Action, Move]:
    found, total = {}, fmpq(0)
    for action, (chance, target) in actions.items():
        what = f"state {state!r}, action {action!r}"
        outcomes = target if isinstance(target, Mapping) else {target: 1}
        probability = number(chance, what)
        if probability < 0:
            raise MDPError(f"{what}: a negative probability, {chance}")
        law = _law(outcomes, what, known)
        total += probability
        if probability > 0:
            found[action] = Move(probability, law)
    if total != 1:
        raise MDPError(
            f"state {state!r}: the base probabilities of its actions sum to {total}, expected 1"
        )
    return found


def _return(state: State, value: Any) -> Return:
    if isinstance(value, Noise | Drawn):
        return value
    if isinstance(value, Law):
        raise MDPError(
            f"final state {state!r}: say whose randomness the law is: Noise(law) of the "
            "environment, or Drawn(law) by the policy"
        )
    return number(value, f"final state {state!r}")
