"""Fenchel's inequality for every generator: a tangent lies below f.

For each f the weight v at which the tangent of slope y touches has ``f'(v) = y`` and
``f*(y) = v y - f(v)``; what a tangent leaves, ``f(w) - f(v) - f'(v)(w - v)``, is 0 at w = v, and
it grows on the way from there in either direction. So ``f(w) + f*(y) >= w y`` for all w and y.
"""

from __future__ import annotations

from collections.abc import Callable

from theorems.penalties.symbols import Expression, symbols
from verify.identity import Relation, Step

# ---------------------------------------------------------------- the generators


def power(w: Expression) -> Expression:
    """Order a = 1 + b > 1."""
    b = symbols().b
    return (w ** (1 + b) - 1 - (1 + b) * (w - 1)) / (b * (1 + b))


def low_power(w: Expression) -> Expression:
    """Order a = g/(1 + g), between 0 and 1."""
    g = symbols().g
    a = g / (1 + g)
    return (1 + a * (w - 1) - w**a) * (1 + g) ** 2 / g


def reverse(w: Expression) -> Expression:
    """Reverse KL."""
    import sympy as sp

    return w - 1 - sp.log(w)


def shannon(w: Expression) -> Expression:
    """Jensen-Shannon."""
    import sympy as sp

    return (w * sp.log(w) - (1 + w) * sp.log((1 + w) / 2)) / 2


Generator = Callable[[Expression], Expression]


# ---------------------------------------------------------------- the conjugates


def _conjugate(generator: Generator, conjugate: Generator) -> Relation:
    """``f*(f'(v)) = v f'(v) - f(v)``, with the formula that stands for f*."""
    import sympy as sp

    v = symbols().v
    slope = sp.diff(generator(v), v)
    return Relation(conjugate(slope), v * slope - generator(v))


def conjugate_of_power() -> Relation:
    n = symbols()
    return _conjugate(power, lambda y: ((1 + n.b * y) ** ((1 + n.b) / n.b) - 1) / (1 + n.b))


def conjugate_of_low_power() -> Relation:
    g = symbols().g
    return _conjugate(low_power, lambda y: ((1 - y / (1 + g)) ** -g - 1) * (1 + g) / g)


def conjugate_of_reverse() -> Relation:
    import sympy as sp

    return _conjugate(reverse, lambda y: -sp.log(1 - y))


def conjugate_of_shannon() -> Relation:
    import sympy as sp

    return _conjugate(shannon, lambda y: -sp.log(2 - sp.exp(2 * y)) / 2)


# ---------------------------------------------------------------- tangents


def _tangent(generator: Generator, away: Expression, form: Expression) -> Relation:
    """The derivative of ``f(w) - f(v) - f'(v)(w - v)`` on a way from v, which has a sign."""
    import sympy as sp

    n = symbols()
    slope = sp.diff(generator(n.v), n.v)
    left = generator(away) - generator(n.v) - slope * (away - n.v)
    return Relation(sp.Derivative(left, n.q), 0, ">=", form)


def power_above() -> Relation:
    n = symbols()
    form = n.v ** (1 + n.b) * n.q * (1 + n.q) ** (1 / n.b - 1) / n.b**2
    return _tangent(power, n.v * (1 + n.q) ** (1 / n.b), form)


def power_below() -> Relation:
    n = symbols()
    form = n.v ** (1 + n.b) * n.q * (1 + n.q) ** (-1 / n.b - 2) / n.b**2
    return _tangent(power, n.v * (1 + n.q) ** (-1 / n.b), form)


def low_power_above() -> Relation:
    n = symbols()
    form = n.v ** (n.g / (1 + n.g)) * n.q * (1 + n.q) ** (n.g - 1) * (1 + n.g) ** 2
    return _tangent(low_power, n.v * (1 + n.q) ** (1 + n.g), form)


def low_power_below() -> Relation:
    n = symbols()
    form = n.v ** (n.g / (1 + n.g)) * n.q * (1 + n.q) ** (-n.g - 2) * (1 + n.g) ** 2
    return _tangent(low_power, n.v * (1 + n.q) ** (-1 - n.g), form)


def reverse_above() -> Relation:
    n = symbols()
    return _tangent(reverse, n.v * (1 + n.q), n.q / (1 + n.q))


def reverse_below() -> Relation:
    n = symbols()
    return _tangent(reverse, n.v / (1 + n.q), n.q / (1 + n.q) ** 2)


def shannon_above() -> Relation:
    import sympy as sp

    n = symbols()
    form = n.v * sp.log(1 + n.q / (1 + n.v + n.v * n.q)) / 2
    return _tangent(shannon, n.v * (1 + n.q), form)


def shannon_below() -> Relation:
    import sympy as sp

    n = symbols()
    form = n.v * sp.log(1 + n.q / (1 + n.v)) / (2 * (1 + n.q) ** 2)
    return _tangent(shannon, n.v / (1 + n.q), form)


def variation_above() -> Relation:
    n = symbols()
    # w = 1 + t, and the slope is y = 1/2 - z: f(w) - w y + f*(y), with f*(y) = y where y >= -1/2.
    y = half() - n.z
    return Relation(n.t / 2 + y, (1 + n.t) * y, ">=", n.t * n.z)


def variation_below() -> Relation:
    n = symbols()
    # w = 1/(1 + t), 1 - w = t/(1 + t), and the slope is y = z - 1/2.
    gap, y = n.t / (1 + n.t), n.z - half()
    return Relation(gap / 2 + y, (1 - gap) * y, ">=", gap * n.z)


def half() -> Expression:
    """One half."""
    import sympy as sp

    return sp.Rational(1, 2)


# ---------------------------------------------------------------- steps

STEPS = (
    Step("conjugate, order above 1", "With a = 1 + b.", conjugate_of_power),
    Step("tangent, order above 1", "Above v the gap grows.", power_above),
    Step("tangent below, order above 1", "Below v it grows too.", power_below),
    Step("conjugate, order below 1", "With a = g/(1 + g).", conjugate_of_low_power),
    Step("tangent, order below 1", "Above v the gap grows.", low_power_above),
    Step("tangent below, order below 1", "Below v it grows too.", low_power_below),
    Step("conjugate, reverse KL", "For f(w) = w - 1 - log w.", conjugate_of_reverse),
    Step("tangent, reverse KL", "Above v the gap grows.", reverse_above),
    Step("tangent below, reverse KL", "Below v it grows too.", reverse_below),
    Step("conjugate, Jensen-Shannon", "Where y < log(2)/2.", conjugate_of_shannon),
    Step("tangent, Jensen-Shannon", "Above v the gap grows.", shannon_above),
    Step("tangent below, Jensen-Shannon", "Below v it grows too.", shannon_below),
    Step(
        "total variation above",
        "At w = 1 + t, for a slope 1/2 - z >= -1/2, where f*(y) = y.",
        variation_above,
    ),
    Step(
        "total variation below",
        "At w = 1/(1 + t), for a slope z - 1/2 <= 1/2.",
        variation_below,
    ),
)
