"""The symbols of Theorem 5: two tails, and what lies beyond a threshold."""

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
        "h": "a level, far below t",
        "q": "a probability, Pr(V > t) or Pr(X > t)",
        "m": "E of the positive part of V",
        "n": "E of the negative part of V",
        "a": "tail index",
        "g": "p - 1, where t^p Pr(V > t)/Pr(X > t) -> 0",
        "L": "log 2",
        "b": "1 + y, or any positive number",
        "N": "2 + t",
        "d": "a bound from below on E[V; V > t]/Pr(X > t), for some large t",
        "w": "a probability of an outcome",
        "f": "Pr(X <= h)",
    }
    nonnegative = {
        "u": "a gap",
        "y": "a point of the half-line, or a variable of integration",
        "z": "the negative part of V",
        "p": "the positive part of V",
        "s": "Pr(X > h), or a step",
        "k": "limit of Pr(W > t)/Pr(X > t)",
        "r": "E[V; V > t]/Pr(X > t)",
        "R": "Pr(V > h, U > t)/Pr(X > t)",
        "c": "limit of E[V; V > t]/Pr(X > t)",
        "e": "what tends to 0",
    }
    real = {
        "v": "the utility V",
        "x": "the error X, or a point",
        "A": "a bound on E[V | U > t] from below, or E[V | V > t]",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
