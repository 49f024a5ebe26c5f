"""The symbols of the page on mitigations."""

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
        "b": "price of a nat",
        "l": "a tilt",
        "tau": "sd V",
        "s": "sd U, or a severity",
        "m": "E exp(l S), or the mean severity",
        "m2": "E S^2",
        "p": "a probability",
        "q": "a probability under the base policy",
        "r": "a rate",
        "h": "what is given away of an exponent",
        "t": "a threshold",
        "k": "number of proxies",
        "F": "a tail Pr(X > t)",
        "N": "number of steps",
        "i": "a probability that is merged with another",
        "j": "the same",
        "c": "the base probability of the first",
        "d": "the base probability of the second",
        "z": "a quotient of probabilities",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "a1": "a number",
        "a2": "a number",
        "b1": "a number",
        "b2": "a number",
    }
    nonnegative = {"y": "what E U is short of its best", "w": "slack", "K": "KL"}
    real = {
        "x": "variable of integration, or an error",
        "v": "the utility",
        "A": "the mean of V under its tilt",
        "B": "the mean of S under its tilt",
        "J": "K_V(l)",
        "e": "a number",
        "n": "a whole number",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
