"""A tree as a Markov decision process of :mod:`verify.mdp`: exactly, or in its sparse arrays."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from flint import fmpq

from gpu_checks.enumerable.tree import PrefixTree
from verify.enclosure import exact
from verify.errors import InputError
from verify.mdp import MDP
from verify.mdp.arrays import ArrayMDP

#: Trajectories that are written out as exact fractions.
MOST_TRAJECTORIES = 10**4


def as_mdp(tree: PrefixTree, rewards: Any) -> MDP:
    """The policy as an MDP of exact rationals; its states are prefixes, as tuples of token ids.

    The probabilities are the floats ``exp(level)``, taken exactly and divided by their sum.

    Raises
    ------
    InputError
        If there are more trajectories than :data:`MOST_TRAJECTORIES`.
    """
    if tree.size > MOST_TRAJECTORIES:
        raise InputError(
            f"{tree.size} trajectories: up to {MOST_TRAJECTORIES} are written out as fractions"
        )
    moves: dict[Any, Any] = {}
    for length, level in enumerate(tree.levels):
        for prefix, row in zip(product(tree.symbols, repeat=length), np.exp(level), strict=True):
            chances = [exact(float(chance)) for chance in row]
            total = sum(chances, fmpq(0))
            moves[prefix] = {
                token: (chance / total, (*prefix, token))
                for token, chance in zip(tree.symbols, chances, strict=True)
            }
    ends = product(tree.symbols, repeat=tree.horizon)
    returns = {end: exact(float(reward)) for end, reward in zip(ends, rewards, strict=True)}
    return MDP.build((), moves, returns)


def as_arrays(tree: PrefixTree, rewards: Any) -> ArrayMDP:
    """The policy as a large MDP in float64, for its frontier.

    States are numbered by length of the prefix, and then as in the tree.
    """
    from scipy import sparse

    inner = sum(len(level) for level in tree.levels)
    actions = inner * tree.arity
    base = np.exp(np.concatenate([level.reshape(-1) for level in tree.levels]))
    # Breadth first, the k-th action leads to state k + 1.
    leads = sparse.csr_array(
        (np.ones(actions), np.arange(1, actions + 1), np.arange(actions + 1)),
        shape=(actions, actions + 1),
    )
    start = np.zeros(actions + 1)
    start[0] = 1
    returns = np.concatenate([np.full(inner, np.nan), np.asarray(rewards, dtype=np.float64)])
    return ArrayMDP(start, np.repeat(np.arange(inner), tree.arity), base, leads, returns)
