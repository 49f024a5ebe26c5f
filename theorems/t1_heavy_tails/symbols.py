"""The symbols of Theorem 1, their hypotheses, and the threshold weight.

Everything is about one threshold ``t`` and two numbers: the tail ``q = Q(X > t)`` and the mass
``p`` that P puts above t. Of the law Q only three means enter, whatever else it is: ``mu = E X``,
``A = E[X | X > t] >= t`` and ``B = E[X | X <= t] <= t``.
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
        "p": "mass that P puts above t",
        "q": "Q(X > t)",
        "c": "p = c/t",
        "t": "threshold",
        "eps": "budget",
        "l": "tilt",
        "a": "rate, or tail index",
        "m": "Q(X > -L), or an MGF",
        "r": "-log Q(X > t) / t",
        "w": "a density dP/dQ",
        "x": "a corner of the staircase, or a point",
        "h": "a gap that is not 0",
        # Free positive numbers that stand for whatever adds up to 1, see BETWEEN.
        "i": "share",
        "k": "share",
    }
    nonnegative = ("j", "u", "v", "s", "z")
    real = ("A", "B", "M", "mu", "b", "y", "K")
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )


def between() -> dict[Expression, Expression]:
    """Every pair ``0 < q <= p < 1``: q, p - q and 1 - p are shares of a whole."""
    n = symbols()
    whole = n.i + n.j + n.k
    return {n.q: n.i / whole, n.p: (n.i + n.j) / whole}


def ordered() -> tuple[Expression, ...]:
    """The conditions ``q <= p < 1``."""
    n = symbols()
    return (n.q <= n.p, n.p < 1)


def kl(p: Expression, q: Expression) -> Expression:
    """``p log(p/q) + (1-p) log((1-p)/(1-q))``."""
    import sympy as sp

    return p * sp.log(p / q) + (1 - p) * sp.log((1 - p) / (1 - q))


def weights() -> tuple[Expression, Expression]:
    """``dP/dQ`` above t, and at or below it."""
    n = symbols()
    return n.p / n.q, (1 - n.p) / (1 - n.q)


def mean_of_p() -> Expression:
    """``E_P X = p A + (1-p) B``."""
    n = symbols()
    return n.p * n.A + (1 - n.p) * n.B


def mean_of_q() -> Expression:
    """``mu = E_Q X = q A + (1-q) B``."""
    n = symbols()
    return n.q * n.A + (1 - n.q) * n.B
