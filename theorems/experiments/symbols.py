"""The symbols of the numbers in print, with their hypotheses."""

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
        "a": "the share of the time at which the outcome is forced",
        "q": "the base law's mass of that outcome, or of an event",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
        "z": "distance of a threshold from the zero of the scale",
        "g": "excess over the threshold",
        "h": "a step of the proxy",
        "k": "a step of the utility",
        "b": "price of a nat",
        "d": "what is lacking to the supremum",
        "n": "number of draws",
        "t": "a threshold",
        "x": "variable of integration",
    }
    nonnegative = {"y": "a gap", "w": "a gap"}
    real = {
        "r": "a reward",
        "c": "a shift",
        "mu": "the base law's mean reward",
        "u": "the proxy, or a reward",
        "v": "the utility, or a reward",
        "s": "the supremum of a bounded function",
        "S": "its value at E U",
        "J": "the objective",
        "m": "E[V | U] at one draw",
        "l": "E[V | U] at another",
        "A": "a mean",
        "B": "a mean",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
