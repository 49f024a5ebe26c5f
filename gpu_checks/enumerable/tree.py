"""A policy on sequences of a fixed length, as the tree of its prefixes.

A prefix is numbered by its symbols read as digits, the first one first: with K symbols the
children of prefix i are ``i K, ..., i K + K - 1``. So the trajectories that begin with a prefix
stand together, and each level of the tree is one array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: How far the probabilities after a prefix may sum from 1: rounding of float64 is far below.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class PrefixTree:
    """The log-probabilities of a policy after every prefix.

    Attributes
    ----------
    levels : tuple of arrays
        ``levels[t][i, a]`` is the log-probability of symbol a after prefix i of length t, in nats;
        its shape is ``(K^t, K)``. ``-inf`` says that the policy never takes it.
    symbols : tuple of int
        The token ids that the symbols 0, ..., K - 1 stand for.
    prompt : tuple of int
        The token ids before every trajectory.
    """

    levels: tuple[Floats, ...]
    symbols: tuple[int, ...]
    prompt: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.levels or len(self.symbols) < 2:
            raise InputError("a tree of prefixes: expected at least one level and two symbols")
        for t, level in enumerate(self.levels):
            if level.shape != (self.arity**t, self.arity):
                raise InputError(
                    f"level {t} of a tree of prefixes: expected the shape "
                    f"{(self.arity**t, self.arity)}, got {level.shape}"
                )
        if not self.defect <= ROUNDING:  # false for NaN too
            raise InputError(
                f"a tree of prefixes: after some prefix the probabilities sum to 1 only within "
                f"{self.defect:.1e}"
            )

    @property
    def arity(self) -> int:
        """K, the number of symbols."""
        return len(self.symbols)

    @property
    def horizon(self) -> int:
        """How many symbols a trajectory has."""
        return len(self.levels)

    @property
    def size(self) -> int:
        """How many trajectories there are, ``K^horizon``."""
        return int(self.arity**self.horizon)

    @cached_property
    def defect(self) -> float:
        """How far from 1 the probabilities after a prefix sum, at most; as float64 sees it."""
        return float(max(np.abs(np.exp(level).sum(axis=1) - 1).max() for level in self.levels))

    @cached_property
    def log_masses(self) -> tuple[Floats, ...]:
        """The log-probability of each prefix, by length from 0 to the horizon."""
        masses = [np.zeros(1)]
        for level in self.levels:
            masses.append((masses[-1][:, None] + level).reshape(-1))
        return tuple(masses)

    @property
    def log_probabilities(self) -> Floats:
        """The log-probability of each trajectory, in nats."""
        return self.log_masses[-1]

    @cached_property
    def probabilities(self) -> Floats:
        """The probability of each trajectory."""
        return np.asarray(np.exp(self.log_probabilities))

    @cached_property
    def trajectories(self) -> Indices:
        """The token ids of each trajectory, without the prompt; shape ``(size, horizon)``."""
        digits = np.indices((self.arity,) * self.horizon).reshape(self.horizon, -1).T
        return np.asarray(np.array(self.symbols, dtype=np.int64)[digits])

    def numbers(self, trajectories: Any) -> Indices:
        """The number of each trajectory that is given by its token ids.

        Parameters
        ----------
        trajectories : array of int, or sequences of int
            One row a trajectory, each as long as the horizon, without the prompt.

        Raises
        ------
        InputError
            If a token is not among the symbols, or a trajectory is of another length.
        """
        try:
            tokens = np.asarray(trajectories, dtype=np.int64)
        except (ValueError, TypeError):
            tokens = np.empty((0, 0), dtype=np.int64)
        if tokens.ndim != 2 or tokens.shape[1] != self.horizon:
            raise InputError(f"trajectories: expected rows of {self.horizon} token ids each")
        order = np.argsort(self.symbols)
        ordered = np.array(self.symbols)[order]
        places = np.minimum(np.searchsorted(ordered, tokens), self.arity - 1)
        strange = ordered[places] != tokens
        if strange.any():
            raise InputError(f"token {tokens[strange][0]} is not one of the tree's symbols")
        powers = self.arity ** np.arange(self.horizon - 1, -1, -1)
        return np.asarray(order[places] @ powers)

    def mean(self, values: Floats) -> float:
        """The mean of a function of the trajectory; where the policy never goes it may be any."""
        taken = self.probabilities > 0
        return float((self.probabilities[taken] * np.asarray(values, float)[taken]).sum())

    def sample(self, count: int, rng: np.random.Generator) -> Indices:
        """The numbers of so many trajectories, each drawn symbol by symbol."""
        found: Indices = np.zeros(count, dtype=np.int64)
        for level in self.levels:
            steps = np.cumsum(np.exp(level), axis=1)
            steps /= steps[:, -1:]
            drawn: Indices = (rng.random(count)[:, None] >= steps[found]).sum(axis=1)
            found = found * self.arity + drawn
        return found

    def with_levels(self, levels: Sequence[Floats]) -> PrefixTree:
        """Another policy on the same symbols after the same prompt."""
        return PrefixTree(tuple(levels), self.symbols, self.prompt)


def kl_of_trajectories(policy: PrefixTree, base: PrefixTree) -> float:
    """``KL(Tr(policy) || Tr(base))`` from its definition: a sum over trajectories, in nats.

    Raises
    ------
    InputError
        If it is infinite: the policy takes a trajectory that the base never does.
    """
    ratios = _log_ratios(policy.log_probabilities, base.log_probabilities)
    return float((policy.probabilities * ratios).sum())


def kl_by_tokens(policy: PrefixTree, base: PrefixTree) -> Floats:
    """The expected KL divergence at each step, in nats; they add up to that of the trajectories.

    Raises
    ------
    InputError
        If it is infinite: the policy takes a symbol that the base never does.
    """
    found = []
    for masses, chosen, given in zip(
        policy.log_masses[:-1], policy.levels, base.levels, strict=True
    ):
        spent = (np.exp(chosen) * _log_ratios(chosen, given)).sum(axis=1)
        found.append(float((np.exp(masses) * spent).sum()))
    return np.array(found)


def _log_ratios(chosen: Floats, given: Floats) -> Floats:
    """``log(p/q)``; 0 where p = 0, which adds nothing."""
    taken = chosen > -np.inf
    if (given[taken] == -np.inf).any():
        raise InputError("the KL divergence is infinite: the policy does what the base never does")
    return np.subtract(chosen, given, out=np.zeros_like(chosen), where=taken)
