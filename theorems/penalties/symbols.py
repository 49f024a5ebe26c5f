"""The symbols of the penalties: weights, budgets, cuts, orders."""

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
        "l": "the slope of the dual bound",
        "v": "the weight at which a tangent touches f",
        "q": "how far another weight is from v",
        "b": "the order less 1: a = 1 + b",
        "R": "the E w^a that a budget allows, or an odds cap",
        "k": "a slope",
        "M": "a moment",
        "N": "another moment",
        "n": "a number, often large",
        "sigma": "standard deviation",
        "d": "a budget",
        "g": "for orders below 1: a = g/(1 + g); or a tail index less 1",
        "h": "a share of mass, or of an order",
    }
    nonnegative = {"z": "a gap", "u": "a weight", "y": "a further weight", "t": "a distance"}
    real = {
        "A": "the mean under P",
        "c": "a cut, or a pole",
        "m": "the offset of the dual bound",
        "F": "E f*(l X - m)",
        "mu": "the mean under Q",
        "x": "a reward",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
