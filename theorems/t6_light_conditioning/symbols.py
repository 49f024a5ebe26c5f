"""The symbols of Theorem 6: a tail that falls ever faster, and a utility without bound."""

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
        "t": "threshold",
        "q": "Pr(V > b)",
        "w": "how far V is below M",
        "k": "whole steps in w",
        "y": "a corner of the staircase",
        "g": "rate of an exponential law",
        "r": "Pr(X > t - M)/Pr(X > t - b)",
        "h": "b - M, more than one step",
        "sigma": "standard deviation",
        "F": "Pr(X > t - b)",
    }
    nonnegative = {"u": "a gap", "z": "a gap", "p": "a part", "n": "another part"}
    real = {
        "v": "the utility V",
        "x": "the error X, or its largest value",
        "l": "a tilt",
        "M": "a bound on E[V | U > t] from below",
        "s": "a point",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
