"""SymPy's expressions at a point, in balls.

SymPy has no part in the numbers: integrals are done by mpmath, derivatives by difference quotients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from verify.claim import ball_of_mpf
from verify.enclosure import Undecided

Expression = Any  # a SymPy expression; SymPy has no types
Point = Mapping[Expression, Fraction | arb]

#: To so many bits an equality must hold where mpmath did an integral, with so many digits: 60 bits
#: leave a third of them for error.
QUADRATURE_BITS, QUADRATURE_DIGITS = 60, 30

#: The step of difference quotients.
STEP = fmpq(1, 2**100)

#: An integral from x to oo goes to x exp(2000): what is left of y^(-1-h) is 1e-36 for h = 1/24.
LOG_RANGE = (0, 1, 10, 100, 2000)


def evaluate(expression: Expression, point: Point) -> arb:
    """Enclose a SymPy expression at a rational point, at the precision in force.

    Raises
    ------
    TypeError
        For a function that is not one of the few that derivations need.
    """
    import sympy as sp

    def of(e: Expression) -> arb:
        if e.is_Rational:
            return arb(fmpq(int(e.p), int(e.q)))
        if e.is_Symbol:
            value = point[e]
            if isinstance(value, arb):
                return value
            return arb(fmpq(value.numerator, value.denominator))
        if e is sp.pi:
            return arb.pi()
        if e is sp.E:
            return arb(1).exp()
        if e.is_Add:
            return sum((of(part) for part in e.args), arb(0))
        if e.is_Mul:
            product = arb(1)
            for part in e.args:
                product *= of(part)
            return product
        if e.is_Pow:
            return _power(of(e.base), e.exp, of)
        if isinstance(e, sp.Integral):
            return _integral(e, point)
        if isinstance(e, sp.Derivative):
            return _derivative(e, point)
        if isinstance(e, sp.Subs):
            values = {name: of(value) for name, value in zip(e.variables, e.point, strict=True)}
            return evaluate(e.expr, {**point, **values})
        function = _FUNCTIONS.get(e.func.__name__)
        if function is None:
            raise TypeError(f"no ball arithmetic for {e.func.__name__}")
        return function(of(e.args[0]))

    return of(sp.sympify(expression))


_FUNCTIONS: dict[str, Callable[[arb], arb]] = {
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "atan": lambda x: x.atan(),
}


def _power(base: arb, exponent: Expression, of: Callable[[Expression], arb]) -> arb:
    if exponent.is_Integer:
        return base ** int(exponent)
    if exponent.is_Rational:
        return base ** fmpq(int(exponent.p), int(exponent.q))
    return (of(exponent) * base.log()).exp()


def _derivative(derivative: Expression, point: Point) -> arb:
    """The first or second derivative by a difference quotient: SymPy's rules have no part in it.

    It is off by about STEP^2 = 2^-200 times a higher derivative, far below EQUAL_BITS.
    """
    ((variable, order),) = derivative.variable_count
    if order not in (1, 2):
        raise TypeError(f"no difference quotient for a derivative of order {order}")
    here = evaluate(variable, point)
    low, middle, high = (
        evaluate(derivative.expr, {**point, variable: here + move * STEP}) for move in (-1, 0, 1)
    )
    return (high - low) / (2 * STEP) if order == 1 else (high - 2 * middle + low) / STEP**2


def _integral(integral: Expression, point: Point) -> arb:
    """By mpmath; the ball is as wide as ten times the error that mpmath estimates.

    Raises
    ------
    Undecided
        Where that error is too large to tell anything.
    """
    import mpmath
    import sympy as sp

    values = {
        symbol: sp.Rational(value.numerator, value.denominator)
        for symbol, value in point.items()
        if isinstance(value, Fraction)  # an integral that depends on a ball is not done
    }
    ((variable, low, high),) = integral.limits
    with mpmath.workdps(QUADRATURE_DIGITS):
        inner = sp.lambdify(variable, integral.function.subs(values), "mpmath")
        start, end = (sp.lambdify([], e.subs(values), "mpmath")() for e in (low, high))
        if end == mpmath.inf and start > 0:
            # x = start exp(u): a power tail turns into an exponential one, which mpmath does well.

            def spread(u: Any) -> Any:
                return inner(start * mpmath.exp(u)) * start * mpmath.exp(u)

            value, error = mpmath.quad(spread, LOG_RANGE, error=True)
        else:
            value, error = mpmath.quad(inner, [start, end], error=True)
        if error > mpmath.mpf(2) ** -QUADRATURE_BITS * (1 + abs(value)) / 100:
            raise Undecided(f"mpmath's integral has an error of about {mpmath.nstr(error, 2)}")
        return ball_of_mpf(value) + arb(0, float(10 * error + abs(value) * mpmath.eps))
