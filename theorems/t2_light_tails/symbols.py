"""The symbols of Theorem 2, and what its derivations know of a law Q and of its tilts.

Of Q only ``K(l) = log E exp(l X)`` enters. At one tilt l its value is ``K``, and ``A`` and ``B``
are its first two derivatives there: mean and variance of the tilted law ``Q_l``, whose density
against Q is ``exp(l X - K)``. What a formula's derivative at l says about K, K' and K'' depends on
nothing else of K, so K may stand as its Taylor polynomial of degree two (:func:`taylor`).
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
        "l": "tilt",
        "r": "rate of the law: the largest tilt, or its limit",
        "d": "KL budget",
        "w": "a density dP/dQ, or 1/(1 - l) for the exponential law",
        "y": "1 + x",
        "t": "threshold",
        "c": "mass c/t beyond the threshold",
        "h": "a gap that is not 0",
        "k": "shape",
        "m": "an MGF, or the mean of a Poisson law",
        "q": "mass of the largest reward",
        "sigma": "standard deviation",
        "theta": "scale",
        "p": "a share, or a probability",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
        "m0": "E exp(l X)",
    }
    nonnegative = {"u": "a gap", "v": "a gap", "s": "variable of integration", "z": "a gap"}
    real = {
        "K": "K(l)",
        "A": "K'(l), or a mean",
        "B": "K''(l)",
        "x": "a reward, or the error X",
        "b": "the utility V",
        "mu": "mean",
        "a": "-W of Lambert",
        "m1": "E X exp(l X)",
        "m2": "E X^2 exp(l X)",
        "e": "a small change of the tilt",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )


def taylor() -> Expression:
    """``K(l + e)`` up to the second order in e."""
    n = symbols()
    return n.K + n.A * n.e + n.B * n.e**2 / 2


def slope_at_l(expression: Expression, order: int = 1) -> Expression:
    """The derivative by e of an expression in e, at ``e = 0``; not worked out."""
    import sympy as sp

    e = symbols().e
    return sp.Subs(sp.Derivative(expression, (e, order)), e, 0)


def mean_of_tilt(log_mgf: Expression, tilt: Expression, at: Expression = None) -> Expression:
    """``K'(l)``, the mean of the tilt, for K as an expression in the tilt; not worked out."""
    import sympy as sp

    slope = sp.Derivative(log_mgf, tilt)
    return slope if at is None else sp.Subs(slope, tilt, at)


def cost_of_tilt(log_mgf: Expression, tilt: Expression, at: Expression = None) -> Expression:
    """``D(l) = l K'(l) - K(l)``, the KL of the tilt; not worked out."""
    import sympy as sp

    cost = tilt * sp.Derivative(log_mgf, tilt) - log_mgf
    return cost if at is None else sp.Subs(cost, tilt, at)


def bowl(z: Expression) -> Expression:
    """``1 + (z - 1) exp(z)``, which is 0 at z = 0 and positive elsewhere."""
    import sympy as sp

    return 1 + (z - 1) * sp.exp(z)
