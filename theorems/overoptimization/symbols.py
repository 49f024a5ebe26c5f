"""The symbols of the page on overoptimisation, with their hypotheses.

``x`` is ``d = sqrt KL``, for ``d`` is the derivative's letter; ``a, b`` are the forms' alpha and
beta.
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
        "x": "d = sqrt KL",
        "b": "beta",
        "n": "how many the best is chosen from",
        "sigma": "sd V",
        "tau": "sd X",
        "c": "a constant",
        "l": "a tilt",
        "L": "log n",
        "t": "time, or a threshold",
        "k": "K_V'' at a tilt",
        "p": "base probability of the first answer",
        "q": "base probability of the second answer",
        "r": "base probability of the answer without reward",
        "w": "a weight, or a number of subsets",
        "m0": "E exp(t U)",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
    }
    nonnegative = {"h": "K_X'' at a tilt", "g": "the part of a mean that is not counted"}
    real = {
        "a": "alpha",
        "u": "the proxy U",
        "e": "a small time",
        "m1": "E U exp(t U)",
        "m": "E of the largest of n standard normals",
        "f": "a distribution function between 0 and 1",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )
