"""The symbols of the one law: an error that decays at a rate g, and what it does to V."""

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
        "g": "the decay rate of X",
        "d": "a small number",
        "k": "a rate of V",
        "t": "a threshold",
        "j": "a gap between two rates",
        "q": "a probability",
        "sigma": "sd V",
        "h": "a step of t",
        "c": "lim E[V; V > t]/Pr(X > t)",
        "J": "M_X(g) = E exp(g X)",
        "M": "M_V(g) = E exp(g V)",
        "W": "E V exp(g V), above 0",
        "f": "Pr(X > t), far out",
        "n": "a whole number",
    }
    nonnegative = {"z": "a gap", "s": "variable of integration"}
    real = {"v": "the utility V", "x": "the error X"}
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
