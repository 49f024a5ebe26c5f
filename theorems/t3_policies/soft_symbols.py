"""The symbols of the quenched criterion: soft values at one state, and averages over prompts.

At one state, ``L`` is the soft value ``L_l(s)`` and ``c`` the average of the next soft values after
an action: over what the environment draws, outside the exponential. Of two actions the first has
probability p under the base policy; their next soft values at the tilt ``l + e`` are, up to the
second order, ``c + m e + b e^2/2`` and ``d + n e + a e^2/2`` with the letters below.
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
        "lam": "1/s^2 at a prompt: its precision",
        "y": "square root of the precision",
        # Free positive numbers: i/(i + j) ranges over (0, 1).
        "i": "share",
        "j": "share",
        "p": "base probability of the first action",
        "h": "a number above 0",
    }
    nonnegative = {
        "g": "what is lost from the next state on",
        "u": "a gap",
        "z": "a gap",
        "t": "a positive part",
        "k": "number of a prompt",
    }
    real = {
        "L": "soft value, or its average over start states",
        "A": "its derivative by l: the mean return",
        "B": "its second derivative",
        "M": "a number",
        "c1": "next soft value after the first action",
        "c2": "after the second",
        "m1": "its first derivative",
        "m2": "the other's",
        "b1": "its second derivative",
        "b2": "the other's",
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
    first = n.c1 + n.m1 * n.e + n.b1 * n.e**2 / 2
    second = n.c2 + n.m2 * n.e + n.b2 * n.e**2 / 2
    return sp.log(n.p * sp.exp(first) + (1 - n.p) * sp.exp(second))


def soft_share() -> Expression:
    """The probability of the first action under the soft policy."""
    import sympy as sp

    n = symbols()
    one, other = n.p * sp.exp(n.c1), (1 - n.p) * sp.exp(n.c2)
    return one / (one + other)
