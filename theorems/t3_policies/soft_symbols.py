"""The symbols of the quenched criterion: soft values at one state, and averages over prompts.

At one state, ``L`` is the soft value ``L_l(s)`` and ``c`` the average of the next soft values after
an action: over what the environment draws, outside the exponential. Two actions have the weights i
and j: the base probability times ``exp(c)``, so that the soft policy takes them in that proportion.
At the tilt ``l + e`` their c has grown, up to the second order, by ``m1 e + b1 e^2/2`` and
``m2 e + b2 e^2/2``.
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
        "d": "KL budget",
        "w": "density of the policy against the base policy, at an action",
        "v": "the average of the squares of the prompts' standard deviations",
        "sigma": "standard deviation of the return at a prompt",
        "theta": "1/s^2 at a prompt: its precision",
        "y": "square root of the precision",
        "i": "weight of the first action",
        "j": "weight of the second",
        "h": "a number above 0",
    }
    nonnegative = {
        "g": "what is lost from the next state on",
        "u": "a gap",
        "z": "a gap",
        "k": "number of a prompt",
    }
    real = {
        "L": "soft value, or its average over start states",
        "A": "its derivative by l: the mean return",
        "B": "its second derivative",
        "M": "a number",
        "m1": "first derivative of the next soft value after the first action",
        "m2": "after the second",
        "b1": "second derivative after the first action",
        "b2": "after the second",
        "c": "next soft value",
        "x": "a return, or a soft value less the annealed one",
        "e": "a small change of the tilt",
    }
    return SimpleNamespace(
        **{name: sp.Symbol(name, positive=True) for name in positive},
        **{name: sp.Symbol(name, nonnegative=True) for name in nonnegative},
        **{name: sp.Symbol(name, real=True) for name in real},
    )


def two_actions() -> Expression:
    """The soft value of a state with two actions, at the tilt ``l + e``."""
    import sympy as sp

    n = symbols()
    first = n.m1 * n.e + n.b1 * n.e**2 / 2
    second = n.m2 * n.e + n.b2 * n.e**2 / 2
    return sp.log(n.i * sp.exp(first) + n.j * sp.exp(second))
