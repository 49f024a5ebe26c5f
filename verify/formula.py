"""Formulas in one real variable x: read, simplified a little, differentiated, evaluated.

A :class:`Formula` is made of numbers, ``x``, ``pi``, ``+ - * / **``, ``exp``, ``log`` and ``sqrt``.
Numbers are exact rationals and stay so; ``log(exp(1))`` is the number 1, so that a question with an
exact answer gets it. One formula is evaluated in any of the arithmetics of
:mod:`verify.arithmetic`. A formula without x is an exact constant, and is accepted wherever
:mod:`verify.enclosure` takes an exact number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from flint import arb, ctx, fmpq, fmpz

from verify.arithmetic import BALLS
from verify.enclosure import exact
from verify.expression import (
    MAX_CHARACTERS,
    Binary,
    Call,
    Name,
    Negation,
    Node,
    Number,
    parse,
    render,
)
from verify.simplify import (
    APPLY,
    ONE,
    PI_NAME,
    X_NAME,
    add,
    contains_x,
    derivative,
    divide,
    multiply,
    negate,
    power,
    rebuilt,
    subtract,
)

Constant = int | fmpz | fmpq | Fraction | Decimal | float
Evaluator = Callable[[Any, Any], Any]


def _compiled(node: Node) -> Evaluator:
    """The node as a function of a point and an arithmetic."""
    if isinstance(node, Number):
        value = node.value
        if value.q == 1 and abs(value.p) < 2**31:
            small = int(value.p)
            return lambda x, a: small
        return lambda x, a: a.number(value)
    if isinstance(node, Name):
        return (lambda x, a: x) if node == X_NAME else (lambda x, a: a.pi())
    if isinstance(node, Negation):
        inner = _compiled(node.operand)
        return lambda x, a: -inner(x, a)
    if isinstance(node, Call):
        return _compiled_call(node)
    assert isinstance(node, Binary)
    left = _compiled(node.left)
    if node.op == "**":
        assert isinstance(node.right, Number)
        exponent, base = node.right.value, node.left
        if isinstance(base, Number):
            return lambda x, a: a.power(a.number(base.value), exponent)
        if exponent == 0:
            # A ball to the power 0 is 1 even where the ball is not a number.
            return lambda x, a: 0 * left(x, a) + 1
        return lambda x, a: a.power(left(x, a), exponent)
    right = _compiled(node.right)
    if node.op == "+":
        return lambda x, a: left(x, a) + right(x, a)
    if node.op == "-":
        return lambda x, a: left(x, a) - right(x, a)
    if node.op == "*":
        return lambda x, a: left(x, a) * right(x, a)
    if isinstance(node.left, Number) and isinstance(node.right, Number):
        # Two integers that were too long to divide out; Python's / would make a float of them.
        over, under = node.left.value, node.right.value
        return lambda x, a: a.number(over) / a.number(under)
    return lambda x, a: left(x, a) / right(x, a)


def _compiled_call(node: Call) -> Evaluator:
    inside = node.arguments[0]
    if isinstance(inside, Number):
        value = inside.value
        if node.function == "exp":
            return lambda x, a: a.exp(a.number(value))
        if node.function == "log":
            return lambda x, a: a.log(a.number(value))
        return lambda x, a: a.sqrt(a.number(value))
    if node.function == "log" and isinstance(inside, Binary) and inside.op in "+-":
        if inside.left == ONE:
            rest = _compiled(inside.right if inside.op == "+" else negate(inside.right))
            return lambda x, a: a.log1p(rest(x, a))
        if inside.op == "+" and inside.right == ONE:
            before = _compiled(inside.left)
            return lambda x, a: a.log1p(before(x, a))
    inner = _compiled(inside)
    if node.function == "exp":
        return lambda x, a: a.exp(inner(x, a))
    if node.function == "log":
        return lambda x, a: a.log(inner(x, a))
    return lambda x, a: a.sqrt(inner(x, a))


# ------------------------------------------------------------------ the public type


@dataclass(frozen=True, eq=False, repr=False)
class Formula:
    """A real formula in x, or an exact constant.

    Build one with :meth:`parse`, :meth:`of`, :meth:`number` or from others with ``+ - * / **``,
    :func:`exp`, :func:`log` and :func:`sqrt`. Equality is that of the simplified trees, so two
    equal formulas are the same function but not conversely.
    """

    node: Node

    @classmethod
    def parse(cls, text: str, variable: str = "x", *, longest: int = MAX_CHARACTERS) -> Formula:
        """Read a formula that a user wrote (``variable`` becomes x).

        Raises
        ------
        ExpressionError
            One line: the place, what stands there, what would be accepted.
        """
        return _parsed(text, variable, longest)

    @classmethod
    def of(cls, node: Node, variable: str = "x") -> Formula:
        """The formula of a tree that :func:`verify.expression.parse` returned."""
        return cls(rebuilt(node, variable, X_NAME))

    @classmethod
    def number(cls, value: Constant) -> Formula:
        """An exact number (a float stands for its shortest decimal)."""
        return cls(Number(exact(value)))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Formula({self._text!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Formula):
            return self.node == other.node
        return isinstance(self.node, Number) and bool(self.node.value == other)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.node.value if isinstance(self.node, Number) else self.node)

    @cached_property
    def _text(self) -> str:
        return render(self.node)

    @cached_property
    def _evaluator(self) -> Evaluator:
        return _compiled(self.node)

    @cached_property
    def is_constant(self) -> bool:
        """Whether x does not occur."""
        return not contains_x(self.node)

    @property
    def rational(self) -> fmpq | None:
        """The value where it is a rational number in the tree, else None."""
        return self.node.value if isinstance(self.node, Number) else None

    def evaluate(self, x: Any, arithmetic: Any = BALLS) -> Any:
        """The value at ``x`` in an arithmetic (a plain int where it is a small integer)."""
        return self._evaluator(x, arithmetic)

    def ball(self) -> arb:
        """Enclose a constant at the working precision.

        Raises
        ------
        ValueError
            If x occurs.
        """
        if not self.is_constant:
            raise ValueError(f"expected a constant, got {self}")
        if ctx.prec not in self._balls:
            self._balls[ctx.prec] = arb(self._evaluator(None, BALLS))
        return self._balls[ctx.prec]

    @cached_property
    def _balls(self) -> dict[int, arb]:
        """A constant's ball at each precision it has been asked for: a rate is asked for often."""
        return {}

    def at(self, point: Formula | Constant) -> Formula:
        """The formula with ``point`` in place of x, simplified.

        Raises
        ------
        ExpressionError
            If a division by an exact zero or the like comes up.
        """
        return Formula(rebuilt(self.node, "x", _operand(point)))

    def derivative(self) -> Formula:
        """The derivative with respect to x."""
        return self._slope

    @cached_property
    def _slope(self) -> Formula:
        return Formula(derivative(self.node))

    def __neg__(self) -> Formula:
        return Formula(negate(self.node))

    def __add__(self, other: Formula | Constant) -> Formula:
        return Formula(add(self.node, _operand(other)))

    def __radd__(self, other: Constant) -> Formula:
        return Formula(add(_operand(other), self.node))

    def __sub__(self, other: Formula | Constant) -> Formula:
        return Formula(subtract(self.node, _operand(other)))

    def __rsub__(self, other: Constant) -> Formula:
        return Formula(subtract(_operand(other), self.node))

    def __mul__(self, other: Formula | Constant) -> Formula:
        return Formula(multiply(self.node, _operand(other)))

    def __rmul__(self, other: Constant) -> Formula:
        return Formula(multiply(_operand(other), self.node))

    def __truediv__(self, other: Formula | Constant) -> Formula:
        return Formula(divide(self.node, _operand(other)))

    def __rtruediv__(self, other: Constant) -> Formula:
        return Formula(divide(_operand(other), self.node))

    def __pow__(self, other: Formula | Constant) -> Formula:
        return Formula(power(self.node, _operand(other)))

    def __rpow__(self, other: Constant) -> Formula:
        return Formula(power(_operand(other), self.node))

    def to_sympy(self, symbol: Any = None) -> Any:
        """The same formula in SymPy, built node by node (``symbol`` is a real x by default)."""
        import sympy

        return _sympy(self.node, sympy.Symbol("x", real=True) if symbol is None else symbol, sympy)


@lru_cache(maxsize=512)
def _parsed(text: str, variable: str, longest: int) -> Formula:
    return Formula.of(parse(text, longest=longest), variable)


def _operand(value: Formula | Constant) -> Node:
    return value.node if isinstance(value, Formula) else Number(exact(value))


def _sympy(node: Node, symbol: Any, sympy: Any) -> Any:
    if isinstance(node, Number):
        return sympy.Rational(int(node.value.p), int(node.value.q))
    if isinstance(node, Name):
        return symbol if node == X_NAME else sympy.pi
    if isinstance(node, Negation):
        return -_sympy(node.operand, symbol, sympy)
    if isinstance(node, Call):
        return getattr(sympy, node.function)(_sympy(node.arguments[0], symbol, sympy))
    assert isinstance(node, Binary)
    left, right = _sympy(node.left, symbol, sympy), _sympy(node.right, symbol, sympy)
    if node.op in "+-":
        return left + right if node.op == "+" else left - right
    if node.op == "*":
        return left * right
    return left / right if node.op == "/" else left**right


def _wrap(function: str) -> Callable[[Formula | Constant], Formula]:
    def apply(value: Formula | Constant) -> Formula:
        return Formula(APPLY[function](_operand(value)))

    apply.__name__ = function
    apply.__doc__ = f"``{function}`` of a formula or an exact number, simplified."
    return apply


exp, log, sqrt = _wrap("exp"), _wrap("log"), _wrap("sqrt")
X = Formula(X_NAME)
PI = Formula(PI_NAME)
E = exp(1)
