"""The symbols of Theorem 4: a proxy ``U = X + V``, its tilts, and what KL they cost."""

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
        "l": "tilt",
        "b": "price of a unit of KL: b = 1/l",
        "r": "rate of the proxy",
        "d": "KL budget",
        "w": "a density dP/dQ",
        "g": "what is left of the way to a rate of 1: l = 1 - g",
        "h": "a further tilt",
        "q": "a probability",
        "m": "mean of a Poisson law",
        "t": "a number, often large",
        "m0": "E exp(l V)",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
    }
    nonnegative = {"s": "variable of integration, or KL left unspent", "z": "a gap"}
    real = {
        "u": "the proxy U",
        "v": "the utility V",
        "x": "the error X",
        "c": "a threshold",
        "K": "K(l) of the proxy, or of the one law that is spoken of",
        "J": "K(l) of the error",
        "A": "K'(l), a mean",
        "a": "the mean of X under the last tilt",
        "e": "a small change of the tilt",
        "m1": "E V exp(l V)",
        "m2": "E V^2 exp(l V)",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
