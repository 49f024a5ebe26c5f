"""The symbols of Theorem 3.

A trajectory is built step by step, so the derivations need no more than one state and what comes
right after it: an action and all other actions together, with the values of h that they lead to.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

Expression = Any


@cache
def symbols() -> SimpleNamespace:
    """The symbols, with the assumptions that SymPy may use."""
    import sympy as sp

    positive = {
        "p": "probability of an action, or of a trajectory, under the policy that is looked at",
        "q": "probability of the same under the base policy",
        "r": "share of a trajectory among those that begin with the same action",
        "s": "the same under the base policy",
        "c": "probability of the steps so far under the base policy",
        "D": "probability of the start state",
        "w": "weight at the end of the trajectory",
        "u": "h after the action",
        "v": "average of h after all other actions",
        "h0": "h at the start state",
        "h1": "h at a state",
        "h2": "h at the next state",
        "k": "first token, and what the utility is then",
        "alpha": "probability of a false alarm",
        "A": "probability to see no such trajectory under the policy that is watched",
        "B": "the same under the base policy",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
    }
    nonnegative = {
        "x": "probability of an alarm if none is seen",
        "y": "probability of an alarm if one is seen",
        "z": "a gap",
        "g": "a gap",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
    )
