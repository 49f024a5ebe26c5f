"""Simplifying constructors for the trees of formulas, substitution and differentiation.

They fold exact rationals, drop zeros and ones and undo ``log(exp(u))``; nothing is expanded or
reordered, so that a formula still reads as its author wrote it. A simplification never makes a
formula undefined where it was defined, and only ``u - u``, ``0*u`` and ``u**0`` could do the
opposite: they are simplified where u is defined everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from verify.expression import (
    Binary,
    Call,
    ExpressionError,
    Name,
    Negation,
    Node,
    Number,
    Text,
    children,
    render,
)

#: Largest numerator or denominator that number**integer may have, in bits; the largest exponent.
MAX_BITS = 4096
MAX_POWER = 10**6

X_NAME, PI_NAME = Name("x"), Name("pi")
ZERO, ONE, HALF = Number(fmpq(0)), Number(fmpq(1)), Number(fmpq(1, 2))
_FUNCTIONS = ("exp", "log", "sqrt")


class _RefusedError(ExpressionError):
    """Refused by a constructor, which does not know the place."""


def _is_total(node: Node) -> bool:
    """Whether a formula is certainly defined for every real x."""
    if isinstance(node, Number | Name):
        return True
    if isinstance(node, Call):
        return node.function == "exp" and _is_total(node.arguments[0])
    if isinstance(node, Binary) and node.op in ("/", "**"):
        if not isinstance(node.right, Number):
            return False
        power = node.right.value
        safe = power != 0 if node.op == "/" else power > 0 and power.q == 1
        return safe and _is_total(node.left)
    return all(_is_total(child) for child in children(node))


def _folded(value: fmpq) -> Node | None:
    """A number as a node, unless it is too large to be worth writing out."""
    return Number(value) if value.height_bits() <= MAX_BITS else None


def _leads_negative(node: Node) -> bool:
    """Whether the text of the node starts with a minus sign that can be taken away."""
    if isinstance(node, Number):
        return node.value < 0
    if isinstance(node, Binary):
        return node.op in ("*", "/") and _leads_negative(node.left)
    return isinstance(node, Negation)


def negate(node: Node) -> Node:
    """``-node``; the sign of a product or quotient sits on its first factor."""
    if isinstance(node, Number):
        return Number(-node.value)
    if isinstance(node, Negation):
        return node.operand
    if isinstance(node, Binary) and node.op in ("*", "/"):
        left = negate(node.left)
        if left == ONE and node.op == "*":
            return node.right
        return Binary(node.op, left, node.right)
    return Negation(node)


def add(left: Node, right: Node) -> Node:
    """``left + right``."""
    if isinstance(right, Number):
        if right.value == 0:
            return left
        if isinstance(left, Number) and (total := _folded(left.value + right.value)):
            return total
    if isinstance(left, Number) and left.value == 0:
        return right
    if _leads_negative(right):
        return _difference(left, negate(right))
    return Binary("+", left, right)


def subtract(left: Node, right: Node) -> Node:
    """``left - right``."""
    if isinstance(right, Number):
        return add(left, Number(-right.value))
    if isinstance(left, Number) and left.value == 0:
        return negate(right)
    if _leads_negative(right):
        return add(left, negate(right))
    return _difference(left, right)


def _difference(left: Node, right: Node) -> Node:
    if left == right and _is_total(left):
        return ZERO
    return Binary("-", left, right)


def multiply(left: Node, right: Node) -> Node:
    """``left * right``."""
    if isinstance(right, Number) and not isinstance(left, Number):
        if right.value == 1:
            return left
        if right.value == 0 and _is_total(left):
            return ZERO
    if isinstance(left, Number):
        if left.value == 1:
            return right
        if left.value == 0 and _is_total(right):
            return ZERO
        if isinstance(right, Number) and (product := _folded(left.value * right.value)):
            return product
        if isinstance(right, Binary) and right.op in ("*", "/"):
            inner = right.left
            if isinstance(inner, Number) and (factor := _folded(left.value * inner.value)):
                return COMBINE[right.op](factor, right.right)
    if _leads_negative(right):
        return multiply(negate(left), negate(right))
    if isinstance(left, Number) and left.value == -1:
        return negate(right)
    if isinstance(right, Binary) and right.op == "/" and right.left == ONE:
        return divide(left, right.right)
    return Binary("*", left, right)


def divide(left: Node, right: Node) -> Node:
    """``left / right``; refused where ``right`` is an exact zero."""
    if isinstance(right, Number):
        if right.value == 0:
            raise _RefusedError("division by zero")
        if right.value == 1:
            return left
        if isinstance(left, Number) and (quotient := _folded(left.value / right.value)):
            return quotient
    if _leads_negative(right):
        return divide(negate(left), negate(right))
    if left == right and isinstance(left, Call) and left.function == "exp" and _is_total(left):
        return ONE
    return Binary("/", left, right)


def power(base: Node, exponent: Node) -> Node:
    """``base**exponent``; ``exp(exponent*log(base))`` unless the exponent is rational."""
    if not isinstance(exponent, Number):
        return exponential(multiply(exponent, logarithm(base)))
    value = exponent.value
    if abs(value) > MAX_POWER or value.height_bits() > MAX_BITS:
        raise _RefusedError(f"an exponent over {MAX_POWER} in size")
    if value == 1:
        return base
    if value == 0 and _is_total(base):
        return ONE
    if isinstance(base, Number):
        number = _number_power(base.value, value)
        if number is not None:
            return Number(number)
    if value == HALF.value:
        return Call("sqrt", (base,))
    if isinstance(base, Call) and base.function == "exp":
        return exponential(multiply(exponent, base.arguments[0]))
    return Binary("**", base, exponent)


def _number_power(base: fmpq, exponent: fmpq) -> fmpq | None:
    """``base**exponent`` where it is rational; None where it is not."""
    if base == 0 and exponent < 0:
        raise _RefusedError("division by zero (zero to a negative power)")
    if exponent.q != 1:
        if base < 0:
            raise _RefusedError(f"{render(Number(base))} to a power that is not an integer")
        if exponent.q > MAX_BITS:
            return base if base in (0, 1) else None
        degree = int(exponent.q)
        root = fmpq(base.p.root(degree), base.q.root(degree))
        if root**degree != base:
            return None
        base, exponent = root, fmpq(exponent.p)
    if (base.height_bits() - 1) * abs(exponent) <= MAX_BITS:
        result = base ** int(exponent.p)
        if result.height_bits() <= MAX_BITS:
            return result
    raise _RefusedError(f"a number to an integer power, of more than {MAX_BITS} bits")


def exponential(node: Node) -> Node:
    """``exp(node)``."""
    if isinstance(node, Number) and node.value == 0:
        return ONE
    if isinstance(node, Call) and node.function == "log" and isinstance(node.arguments[0], Number):
        return node.arguments[0]
    return Call("exp", (node,))


def logarithm(node: Node) -> Node:
    """``log(node)``; ExpressionError for a number that is not positive."""
    if isinstance(node, Number):
        if node.value <= 0:
            raise _RefusedError(f"log({render(node)}) is not a real number")
        if node.value == 1:
            return ZERO
    if isinstance(node, Call):
        if node.function == "exp":
            return node.arguments[0]
        if node.function == "sqrt":
            return divide(logarithm(node.arguments[0]), Number(fmpq(2)))
    return Call("log", (node,))


APPLY: dict[str, Callable[[Node], Node]] = {
    "exp": exponential,
    "log": logarithm,
    "sqrt": lambda node: power(node, HALF),
}
COMBINE: dict[str, Callable[[Node, Node], Node]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}


def rebuilt(node: Node, variable: str, value: Node) -> Node:
    """The node with ``value`` for the variable, simplified, and nothing but formula inside."""
    if isinstance(node, Number):
        return node
    if isinstance(node, Binary):
        left, right = rebuilt(node.left, variable, value), rebuilt(node.right, variable, value)
        try:
            return COMBINE[node.op](left, right)
        except _RefusedError as refused:
            raise _placed(refused, node) from None
    if isinstance(node, Negation):
        return negate(rebuilt(node.operand, variable, value))
    if isinstance(node, Name):
        if node.id == variable:
            return value
        if node.id == "pi":
            return PI_NAME
        if node.id == "e":
            return Call("exp", (ONE,))
        raise _unknown(node.position, f"name '{node.id}'", variable)
    if isinstance(node, Text):
        raise ExpressionError("a string in double quotes; expected a formula")
    if node.function not in APPLY:
        raise _unknown(node.position, f"function '{node.function}'", variable)
    if len(node.arguments) != 1 or node.keywords:
        raise ExpressionError(
            f"position {node.position}: expected {node.function}(...) with one argument"
        )
    argument = rebuilt(node.arguments[0], variable, value)
    try:
        return APPLY[node.function](argument)
    except _RefusedError as refused:
        raise _placed(refused, node) from None


def _placed(refused: ExpressionError, node: Node) -> ExpressionError:
    text = render(node)
    return ExpressionError(f"in '{text if len(text) <= 60 else text[:60] + '...'}': {refused}")


def _unknown(position: int, what: str, variable: str) -> ExpressionError:
    what = what if len(what) <= 40 else what[:40] + "...'"
    place = f"position {position}: " if position else ""
    functions = ", ".join(f"{name}()" for name in _FUNCTIONS)
    return ExpressionError(
        f"{place}unknown {what}; expected numbers, {variable}, pi, e, {functions} and + - * / **"
    )


def contains_x(node: Node) -> bool:
    """Whether x occurs."""
    return node == X_NAME if isinstance(node, Name) else any(contains_x(c) for c in children(node))


def derivative(node: Node) -> Node:
    """The derivative with respect to x."""
    if not contains_x(node):
        return ZERO
    if isinstance(node, Name):
        return ONE
    if isinstance(node, Negation):
        return negate(derivative(node.operand))
    if isinstance(node, Call):
        inner = node.arguments[0]
        slope = derivative(inner)
        if node.function == "exp":
            return multiply(slope, node)
        if node.function == "log":
            return divide(slope, inner)
        return divide(slope, multiply(Number(fmpq(2)), node))
    assert isinstance(node, Binary)
    left, right = node.left, node.right
    if node.op in "+-":
        return COMBINE[node.op](derivative(left), derivative(right))
    if node.op == "**":
        assert isinstance(right, Number)
        lower = power(left, Number(right.value - 1))
        return multiply(multiply(right, lower), derivative(left))
    if node.op == "*":
        if not contains_x(left):
            return multiply(left, derivative(right))
        if not contains_x(right):
            return multiply(derivative(left), right)
        return add(multiply(derivative(left), right), multiply(left, derivative(right)))
    if not contains_x(right):
        return divide(derivative(left), right)
    change = divide(multiply(left, derivative(right)), power(right, Number(fmpq(2))))
    if not contains_x(left):
        return negate(change)
    return subtract(divide(derivative(left), right), change)
