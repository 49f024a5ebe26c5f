"""The symbols of the page on dependence, with their hypotheses.

One outcome has the utility ``b``, the error ``x`` and the proxy ``u = b + x``. Moments under the
tilt by l, before they are divided by ``m0 = E exp(l U)``: ``m1, m2`` of U, and ``n0, n1, n2`` of
``V``, ``U V`` and ``U^2 V``.
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
        "l": "a tilt",
        "m0": "E exp(l U)",
        "m2": "E U^2 exp(l U)",
        "sigma": "sd V",
        "tau": "sd X",
        "t": "threshold",
        "k": "a rate",
        "z": "a point of the normal tail, or a gap",
        "f": "a weight",
        "h": "a hazard, or a gap that is not 0",
        "a": "a tail index",
        "p": "mass above a threshold",
        "w": "a density dP/dQ",
        "m": "the density of the law of X under P against its law under Q",
        "q": "the same of V",
        "r": "a tilt of V",
        "d": "a budget",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
    }
    nonnegative = {"y": "distance from the peak", "v": "a gap"}
    real = {
        "b": "the utility V",
        "x": "the error X",
        "u": "the proxy U",
        "s": "variable of integration",
        "e": "a small change of the tilt",
        "m1": "E U exp(l U)",
        "n0": "E V exp(l U)",
        "n1": "E U V exp(l U)",
        "n2": "E U^2 V exp(l U)",
        "A": "a mean, of U or above a threshold",
        "B": "a mean, of V or below a threshold",
        "C": "the mean of X",
        "kappa": "Cov(X, V)",
        "rho": "corr(X, V)",
        "mu": "E V",
        "g": "the slope of a weight",
        "M": "a mean that is wanted",
        "K": "K_X(l)",
        "R": "K_V(r)",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
