"""Intervals that may reach to infinity, and the range of a formula over one.

Arb's balls are the right enclosures of a number; over a ray ``[T, oo)`` one needs two endpoints.
An :class:`Interval` has exact endpoints, rounded outward, each of which may be infinite, and keeps
a strict sign where one is known although an endpoint is 0: ``exp(x)`` is positive for every x.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from verify.expression import Binary, Call, Name, Negation, Node, Number

INFINITY, MINUS_INFINITY = arb.pos_inf(), arb.neg_inf()
_NOTHING, _UNIT = arb(0), arb(1)

# Beyond this size of the argument exp is bounded by a power of two instead of being computed:
# exp(n) > 2**n.
_HUGE = arb(2**64)
_EXP_OF_HUGE = arb((1, 2**64))


@dataclass(frozen=True, slots=True)
class Interval:
    """All reals from ``low`` to ``high``.

    Attributes
    ----------
    low, high : arb
        Exact endpoints, possibly infinite.
    sign : int
        +1 or -1 where every value is strictly positive or negative, else 0.
    """

    low: arb
    high: arb
    sign: int = 0

    @property
    def nonnegative(self) -> bool:
        return self.sign > 0 or bool(self.low >= 0)

    @property
    def nonpositive(self) -> bool:
        return self.sign < 0 or bool(self.high <= 0)

    @property
    def bounded(self) -> bool:
        return bool(self.low.is_finite()) and bool(self.high.is_finite())

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, -self.sign)

    def __add__(self, other: Interval) -> Interval:
        low, high = self.low + other.low, self.high + other.high
        sign = 0
        if self.sign > 0 or other.sign > 0:
            sign = int(self.nonnegative and other.nonnegative)
        if self.sign < 0 or other.sign < 0:
            sign = -int(self.nonpositive and other.nonpositive)
        return interval(low, high, sign)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        sign = self.sign * other.sign
        if self.low >= 0 and other.low >= 0:
            return interval(_product(self.low, other.low), _product(self.high, other.high), sign)
        if self.low < 0 and self.high <= 0:
            return -(-self * other)
        if other.low < 0 and other.high <= 0:
            return -(self * -other)
        corners = [_product(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        low = high = corners[0]
        for corner in corners[1:]:
            low, high = low.min(corner), high.max(corner)
        return interval(low, high, sign)

    def reciprocal(self) -> Interval:
        """``1/u`` for the u in the interval other than 0."""
        if self.low >= 0:
            high = 1 / self.low if self.low > 0 else INFINITY
            return interval(1 / self.high if self.high > 0 else INFINITY, high, 1)
        if self.high <= 0:
            return -(-self).reciprocal()
        return LINE

    def __truediv__(self, other: Interval) -> Interval:
        return self * other.reciprocal()

    def power(self, exponent: fmpq) -> Interval:
        """``u**exponent`` for the u in the interval where it is defined."""
        if exponent == 0:
            return Interval(_UNIT, _UNIT, 1)
        if exponent < 0:
            return self.power(-exponent).reciprocal()
        if exponent.q == 1:
            n = int(exponent.p)
            if n % 2 == 1 or self.low >= 0:
                return interval(self.low**n, self.high**n, self.sign if n % 2 else abs(self.sign))
            if self.high <= 0:
                return interval(self.high**n, self.low**n, abs(self.sign))
            return interval(_NOTHING, (-self.low).max(self.high) ** n, abs(self.sign))
        high = self.high**exponent if self.high > 0 else _NOTHING
        return interval(self.low**exponent if self.low > 0 else _NOTHING, high, max(self.sign, 0))

    def exp(self) -> Interval:
        return interval(_exp_bound(self.low, False), _exp_bound(self.high, True), 1)

    def log(self) -> Interval:
        """``log(u)`` for the positive u in the interval."""
        low = self.low.log() if self.low > 0 else MINUS_INFINITY
        return interval(low, self.high.log() if self.high > 0 else MINUS_INFINITY)

    def log1p(self) -> Interval:
        """``log(1 + u)``, which has the sign of u."""
        low = self.low.log1p() if self.low > -1 else MINUS_INFINITY
        high = self.high.log1p() if self.high > -1 else MINUS_INFINITY
        return interval(low, high, self.sign)


def interval(low: arb, high: arb, sign: int = 0) -> Interval:
    """Round outward; an endpoint that is not a number becomes infinite."""
    low, high = low.lower(), high.upper()
    if not low <= high:
        low = MINUS_INFINITY if low.is_nan() else low
        high = INFINITY if high.is_nan() else high
    if sign > 0:
        low = low if low > 0 else _NOTHING
    elif sign < 0:
        high = high if high < 0 else _NOTHING
    elif low > 0:
        sign = 1
    elif high < 0:
        sign = -1
    return Interval(low, high, sign)


def point(value: arb) -> Interval:
    """The interval of a ball."""
    return interval(value, value)


LINE = Interval(MINUS_INFINITY, INFINITY)


def _product(a: arb, b: arb) -> arb:
    # An endpoint 0 times an endpoint oo bounds products of finite numbers, all of them 0 there.
    return _NOTHING if a == 0 or b == 0 else a * b


def _exp_bound(value: arb, above: bool) -> arb:
    """A bound of ``exp(value)`` that never needs more precision than there is."""
    if value == INFINITY:
        return INFINITY
    if value == MINUS_INFINITY:
        return _NOTHING
    if value < -_HUGE:
        return _UNIT / _EXP_OF_HUGE if above else _NOTHING
    if value > _HUGE:
        return INFINITY if above else _EXP_OF_HUGE
    result = value.exp()
    if result.is_finite() and (above or result > 0):
        return result
    if above:
        return INFINITY if value > 0 else _UNIT
    return _UNIT + value if value > 0 else _NOTHING


def range_of(node: Node, x: Interval) -> Interval:
    """An interval that contains the formula at every x of ``x`` where it is defined."""
    if isinstance(node, Number):
        return point(arb(node.value))
    if isinstance(node, Name):
        return x if node.id == "x" else point(arb.pi())
    if isinstance(node, Negation):
        return -range_of(node.operand, x)
    if isinstance(node, Call):
        inside = node.arguments[0]
        if node.function == "log" and isinstance(inside, Binary) and inside.op == "+":
            for one, rest in ((inside.left, inside.right), (inside.right, inside.left)):
                if isinstance(one, Number) and one.value == 1:
                    return range_of(rest, x).log1p()
        inner = range_of(inside, x)
        if node.function == "exp":
            return inner.exp()
        return inner.log() if node.function == "log" else inner.power(fmpq(1, 2))
    assert isinstance(node, Binary)
    left = range_of(node.left, x)
    if node.op == "**":
        assert isinstance(node.right, Number)
        return left.power(node.right.value)
    right = range_of(node.right, x)
    if node.op == "+":
        return left + right
    if node.op == "-":
        return left - right
    return left * right if node.op == "*" else left / right


def limit_of(node: Node) -> Interval | None:
    """What a formula tends to as x grows, where that follows from its parts.

    An infinite limit is an interval with both endpoints infinite. None for ``oo - oo``,
    ``0 * oo`` and the like, which take more than the limits of the parts.
    """
    if isinstance(node, Number):
        return point(arb(node.value))
    if isinstance(node, Name):
        return Interval(INFINITY, INFINITY, 1) if node.id == "x" else point(arb.pi())
    if isinstance(node, Negation):
        inner = limit_of(node.operand)
        return None if inner is None else -inner
    if isinstance(node, Call):
        inner = limit_of(node.arguments[0])
        if inner is None:
            return None
        if node.function == "exp":
            return inner.exp() if inner.high > MINUS_INFINITY else point(_NOTHING)
        if node.function == "log":
            return inner.log() if inner.low > 0 else None
        return _limit_of_power(inner, fmpq(1, 2))
    assert isinstance(node, Binary)
    left, right = limit_of(node.left), limit_of(node.right)
    if left is None or right is None:
        return None
    if node.op == "**":
        assert isinstance(node.right, Number)
        return _limit_of_power(left, node.right.value)
    if node.op in "+-":
        total = left + right if node.op == "+" else left - right
        infinite = not (left.bounded and right.bounded)
        return None if infinite and total.low != total.high else total
    if node.op == "/":
        inverse = _limit_of_power(right, fmpq(-1))
        if inverse is None:
            return None
        right = inverse
    if left.bounded and right.bounded:
        return left * right
    return left * right if left.sign and right.sign else None


def _limit_of_power(base: Interval, exponent: fmpq) -> Interval | None:
    if exponent == 0:
        return base.power(exponent)
    if not base.bounded:
        if exponent.q != 1 and base.low < 0:
            return None
        return base.power(exponent) if exponent > 0 else point(_NOTHING)
    if exponent.q == 1:
        return base.power(exponent) if exponent > 0 or base.sign else None
    return base.power(exponent) if base.sign > 0 else None
