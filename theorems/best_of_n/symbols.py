"""The symbols of best-of-n: weights, ranks, and what U says of V."""

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
        "a": "the weight at the bottom, w(-oo)",
        "b": "the height of a step of the weight",
        "w": "a weight",
        "q": "Pr(U >= t)",
        "s": "a top fraction",
        "r": "a rank",
    }
    real = {"m": "E[V | U >= t]", "k": "E[V | U < t]"}
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, real=True) for name in real},
        n=sp.Symbol("n", integer=True, positive=True),
    )
