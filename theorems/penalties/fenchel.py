"""Fenchel's inequality for every generator: a tangent lies below f.

For each f the weight v at which the tangent of slope y touches has ``f'(v) = y`` and
``f*(y) = v y - f(v)``; what a tangent leaves, ``f(w) - f(v) - f'(v)(w - v)``, is 0 at w = v, and
it grows on the way from there in either direction, as ``f(w) - f'(v) w`` does. So
``f(w) + f*(y) >= w y`` for all w and y.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from theorems.penalties.symbols import Expression, symbols
from verify.identity import Relation, Step

# ---------------------------------------------------------------- the generators


def power(w: Expression) -> Expression:
    """Order a = 1 + b > 1."""
    b = symbols().b
    return (w ** (1 + b) - 1 - (1 + b) * (w - 1)) / (b * (1 + b))


def low_power(w: Expression) -> Expression:
    """Order a = 1 - h, between 0 and 1."""
    h = symbols().h
    return (1 + (1 - h) * (w - 1) - w ** (1 - h)) / (h * (1 - h))


def reverse(w: Expression) -> Expression:
    """Reverse KL."""
    import sympy as sp

    return w - 1 - sp.log(w)


def shannon(w: Expression) -> Expression:
    """Jensen-Shannon."""
    import sympy as sp

    return (w * sp.log(w) - (1 + w) * sp.log((1 + w) / 2)) / 2


Generator = Callable[[Expression], Expression]


def below_one() -> tuple[Expression, ...]:
    """The condition on an order 1 - h."""
    return (symbols().h < 1,)


# ---------------------------------------------------------------- their slopes


def power_slope(w: Expression) -> Expression:
    """``(w^b - 1)/b``."""
    b = symbols().b
    return (w**b - 1) / b


def low_power_slope(w: Expression) -> Expression:
    """``(1 - w^-h)/h``, which tends to 1/h."""
    h = symbols().h
    return (1 - w**-h) / h


def reverse_slope(w: Expression) -> Expression:
    """``1 - 1/w``."""
    return 1 - 1 / w


def shannon_slope(w: Expression) -> Expression:
    """``log(2 w/(1 + w))/2``."""
    import sympy as sp

    return sp.log(2 * w / (1 + w)) / 2


def _slope(generator: Generator, slope: Generator) -> Relation:
    import sympy as sp

    v = symbols().v
    return Relation(sp.Derivative(generator(v), v), slope(v))


def slope_of_power() -> Relation:
    return _slope(power, power_slope)


def slope_of_low_power() -> Relation:
    return replace(_slope(low_power, low_power_slope), given=below_one())


def slope_of_reverse() -> Relation:
    return _slope(reverse, reverse_slope)


def slope_of_shannon() -> Relation:
    return _slope(shannon, shannon_slope)


# ---------------------------------------------------------------- their conjugates


def _conjugate(generator: Generator, slope: Generator, conjugate: Generator) -> Relation:
    """``f*(f'(v)) = v f'(v) - f(v)``, with the formula that stands for f*."""
    v = symbols().v
    return Relation(conjugate(slope(v)), v * slope(v) - generator(v))


def conjugate_of_power() -> Relation:
    b = symbols().b
    return _conjugate(power, power_slope, lambda y: ((1 + b * y) ** ((1 + b) / b) - 1) / (1 + b))


def conjugate_of_low_power() -> Relation:
    h = symbols().h
    relation = _conjugate(
        low_power, low_power_slope, lambda y: ((1 - h * y) ** (-(1 - h) / h) - 1) / (1 - h)
    )
    return replace(relation, given=below_one())


def conjugate_of_reverse() -> Relation:
    import sympy as sp

    return _conjugate(reverse, reverse_slope, lambda y: -sp.log(1 - y))


def conjugate_of_shannon() -> Relation:
    import sympy as sp

    return _conjugate(shannon, shannon_slope, lambda y: -sp.log(2 - sp.exp(2 * y)) / 2)


# ---------------------------------------------------------------- tangents


def _tangent(
    generator: Generator, slope: Generator, away: Expression, form: Expression
) -> Relation:
    """The derivative of ``f(w) - f'(v) w`` on a way from v, which has a sign."""
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(generator(away) - slope(n.v) * away, n.q), 0, ">=", form)


def power_above() -> Relation:
    n = symbols()
    form = n.v ** (1 + n.b) * n.q * (1 + n.q) ** (1 / n.b - 1) / n.b**2
    return _tangent(power, power_slope, n.v * (1 + n.q) ** (1 / n.b), form)


def power_below() -> Relation:
    n = symbols()
    form = n.v ** (1 + n.b) * n.q * (1 + n.q) ** (-1 / n.b - 2) / n.b**2
    return _tangent(power, power_slope, n.v * (1 + n.q) ** (-1 / n.b), form)


def low_power_above() -> Relation:
    n = symbols()
    form = n.v ** (1 - n.h) * n.q * (1 + n.q) ** (1 / n.h - 2) / n.h**2
    relation = _tangent(low_power, low_power_slope, n.v * (1 + n.q) ** (1 / n.h), form)
    return replace(relation, given=below_one())


def low_power_below() -> Relation:
    n = symbols()
    form = n.v ** (1 - n.h) * n.q * (1 + n.q) ** (-1 / n.h - 1) / n.h**2
    relation = _tangent(low_power, low_power_slope, n.v * (1 + n.q) ** (-1 / n.h), form)
    return replace(relation, given=below_one())


def reverse_above() -> Relation:
    n = symbols()
    return _tangent(reverse, reverse_slope, n.v * (1 + n.q), n.q / (1 + n.q))


def reverse_below() -> Relation:
    n = symbols()
    return _tangent(reverse, reverse_slope, n.v / (1 + n.q), n.q / (1 + n.q) ** 2)


def shannon_above() -> Relation:
    import sympy as sp

    n = symbols()
    form = n.v * sp.log(1 + n.q / (1 + n.v + n.v * n.q)) / 2
    return _tangent(shannon, shannon_slope, n.v * (1 + n.q), form)


def shannon_below() -> Relation:
    import sympy as sp

    n = symbols()
    form = n.v * sp.log(1 + n.q / (1 + n.v)) / (2 * (1 + n.q) ** 2)
    return _tangent(shannon, shannon_slope, n.v / (1 + n.q), form)


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
    Step("slope, order above 1", "With a = 1 + b.", slope_of_power),
    Step("conjugate, order above 1", "At y = f'(v): f*(y) = v y - f(v).", conjugate_of_power),
    Step("tangent, order above 1", "As w rises from v, the gap grows.", power_above),
    Step("tangent below, order above 1", "As w falls from v, too.", power_below),
    Step("slope, order below 1", "With a = 1 - h.", slope_of_low_power),
    Step("conjugate, order below 1", "At y = f'(v): f*(y) = v y - f(v).", conjugate_of_low_power),
    Step(
        "tangent, order below 1",
        "As w rises from v, the gap grows.",
        low_power_above,
    ),
    Step("tangent below, order below 1", "As w falls from v, too.", low_power_below),
    Step("slope, reverse KL", "For f(w) = w - 1 - log w.", slope_of_reverse),
    Step("conjugate, reverse KL", "At y = f'(v): f*(y) = v y - f(v).", conjugate_of_reverse),
    Step("tangent, reverse KL", "As w rises from v, the gap grows.", reverse_above),
    Step("tangent below, reverse KL", "As w falls from v, too.", reverse_below),
    Step("slope, Jensen-Shannon", "For half the sum of two KL divergences.", slope_of_shannon),
    Step("conjugate, Jensen-Shannon", "At y = f'(v): f*(y) = v y - f(v).", conjugate_of_shannon),
    Step(
        "tangent, Jensen-Shannon",
        "As w rises from v, the gap grows.",
        shannon_above,
    ),
    Step("tangent below, Jensen-Shannon", "As w falls from v, too.", shannon_below),
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
