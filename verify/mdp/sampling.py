"""Trajectories drawn at random in float64: many at a time, one step after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from verify.enclosure import ball
from verify.mdp.linear import Policy, Scalar, read_policy, steps
from verify.mdp.model import MDP, State

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sample_ends(
    mdp: MDP, policy: Policy, size: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], list[State]]:
    """Where trajectories end.

    Parameters
    ----------
    policy : Policy
        For every state that it gets to; its probabilities are rounded to float64.
    size : int
        How many trajectories.

    Returns
    -------
    ends : array of int
        For each trajectory the place of its final state in ``states``.
    states : list of states
        All states.
    """
    policy = read_policy(mdp, policy)
    states = list(mdp.states)
    number = {state: i for i, state in enumerate(states)}
    at = _draw(rng, mdp.start, number, size)
    moving = np.array([state in mdp.moves for state in states])
    while (going := moving[at]).any():
        for state in np.unique(at[going]):
            here = np.flatnonzero(at == state)
            following = steps(mdp, policy, states[state])
            at[here] = _draw(rng, following, number, len(here))
    return at, states


def _draw(
    rng: np.random.Generator, law: Mapping[State, Scalar], number: dict[State, int], size: int
) -> NDArray[np.int64]:
    """Draws from a law of states, as their numbers."""
    chances = np.array([float(ball(chance)) for chance in law.values()])
    places = [number[state] for state in law]
    return np.asarray(rng.choice(places, size, p=chances / chances.sum()))
