"""How a function grows: exact coefficients in a scale of functions, up to o(1).

An :class:`Expansion` says ``f(x) = sum_i c_i s_i(x) + c + o(1)`` as x grows, the ``s_i`` being
powers of x, powers of ``log x``, and ``log log x``. The coefficients are exact, so two functions
whose leading terms cancel are told apart by the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from flint import arb, fmpq

from verify.enclosure import Undecided, ball, sign_of
from verify.expression import Binary, Call, ExpressionError, Name, Negation, Node
from verify.expression import Number as NumberNode
from verify.formula import Formula, log
from verify.laws.tail_integrals import linear_part

#: ``(level, exponent)``: x^k is (3, k), (log x)^k is (2, k), log log x is (1, 1). In order of
#: growth as tuples are in order.
Scale = tuple[int, fmpq]

LINEAR: Scale = (3, fmpq(1))
LOG: Scale = (2, fmpq(1))
LOG_SQUARED: Scale = (2, fmpq(2))
LOG_LOG: Scale = (1, fmpq(1))

ZERO = Formula.number(0)


def power_of_x(exponent: fmpq) -> Scale:
    """The scale function ``x^exponent``."""
    return (3, exponent)


@dataclass(frozen=True)
class Expansion:
    """``sum_i c_i s_i(x) + c + o(1)``.

    Attributes
    ----------
    terms : tuple of (Scale, Formula)
        The fastest first, with constant coefficients that are not 0.
    constant : callable
        The ball of c, at flint's working precision.
    """

    terms: tuple[tuple[Scale, Formula], ...]
    constant: Callable[[], arb]

    @classmethod
    def of(
        cls, terms: Iterable[tuple[Scale, Formula | fmpq | int]], constant: Callable[[], arb]
    ) -> Expansion:
        """From terms in any order, of which several may have the same scale function.

        Raises
        ------
        Undecided
            If a coefficient cannot be told from 0.
        """
        sums: dict[Scale, Formula] = {}
        for scale, coefficient in terms:
            term = coefficient if isinstance(coefficient, Formula) else Formula.number(coefficient)
            sums[scale] = sums[scale] + term if scale in sums else term
        kept = [(scale, term) for scale, term in sums.items() if sign_of_constant(term) != 0]
        return cls(tuple(sorted(kept, key=lambda item: item[0], reverse=True)), constant)

    def coefficient(self, scale: Scale) -> Formula:
        """The coefficient of a scale function."""
        return dict(self.terms).get(scale, ZERO)

    def without(self, scale: Scale) -> Expansion:
        """All but one term."""
        return replace(self, terms=tuple(term for term in self.terms if term[0] != scale))

    def __add__(self, other: Expansion) -> Expansion:
        mine, its = self.constant, other.constant
        return Expansion.of(self.terms + other.terms, lambda: mine() + its())

    def __neg__(self) -> Expansion:
        return self.times(Formula.number(-1))

    def __sub__(self, other: Expansion) -> Expansion:
        return self + -other

    def times(self, factor: Formula) -> Expansion:
        """The function times a constant."""
        mine = self.constant
        terms = ((scale, factor * term) for scale, term in self.terms)
        return Expansion.of(terms, lambda: factor.ball() * mine())

    def plus(self, constant: Callable[[], arb]) -> Expansion:
        """The function plus a constant."""
        mine = self.constant
        return replace(self, constant=lambda: mine() + constant())

    def grows(self) -> int:
        """+1 or -1 where the function tends to oo or -oo, 0 where it tends to its constant."""
        return sign_of_constant(self.terms[0][1]) if self.terms else 0

    def stretched(self, scale: fmpq) -> Expansion:
        """``f((x - b)/scale)`` for any b, where every power of x is at most the first.

        Raises
        ------
        Undecided
            If a higher power of x would make the shift count.
        """
        if scale == 1:
            return self
        stretch = log(Formula.number(scale))
        moved: list[tuple[Scale, Formula]] = []
        constants = [self.constant]
        for place, coefficient in self.terms:
            level, exponent = place
            factor = Formula.number(scale) ** -exponent if level == 3 else Formula.number(1)
            moved.append((place, coefficient * factor))
            if place == LOG_SQUARED:
                moved.append((LOG, -2 * stretch * coefficient))
                constants.append((coefficient * stretch * stretch).ball)
            if place == LOG:
                constants.append((-coefficient * stretch).ball)
        return Expansion.of(moved, partial(_total, tuple(constants)))

    def shifted(self, shift: fmpq) -> Expansion:
        """``f(x - shift)``; a power of x below the first does not feel it.

        Raises
        ------
        Undecided
            For a power of x above the first, which does.
        """
        if any(scale > LINEAR for scale, _ in self.terms):
            raise Undecided("a shift changes more than the constant of a power above the first")
        slope = self.coefficient(LINEAR)
        return self.plus((-shift * slope).ball) if shift != 0 else self


def _total(parts: tuple[Callable[[], arb], ...]) -> arb:
    return sum((part() for part in parts), arb(0))


def sign_of_constant(value: Formula) -> int:
    """The sign of an exact constant.

    Raises
    ------
    Undecided
        For a constant that is not rational and that no precision tells from 0.
    """
    rational = value.rational
    if rational is not None:
        return (rational > 0) - (rational < 0)
    return sign_of(value.ball, f"the sign of {value}")


# ---------------------------------------------------------------- from a formula


def expand(formula: Formula) -> Expansion | None:
    """The expansion of a formula; None where its form is none of those that are known here."""
    try:
        return _expand(formula.node)
    except (ExpressionError, Undecided):
        return None


def _constant(value: Formula) -> Expansion:
    return Expansion((), value.ball)


def _single(scale: Scale) -> Expansion:
    return Expansion(((scale, Formula.number(1)),), partial(arb, 0))


def _expand(node: Node) -> Expansion | None:
    formula = Formula(node)
    if formula.is_constant:
        return _constant(formula)
    match node:
        case Name("x"):
            return _single(LINEAR)
        case Negation(operand):
            inner = _expand(operand)
            return None if inner is None else -inner
        case Binary("+" | "-" as op, left, right):
            one, other = _expand(left), _expand(right)
            if one is None or other is None:
                return None
            return one + other if op == "+" else one - other
        case Binary("*", left, right):
            return _multiple(left, right) or _multiple(right, left)
        case Binary("/", left, right):
            return _quotient(left, right)
        case Binary("**", base, NumberNode(exponent)):
            return _power(base, exponent)
        case Call("sqrt", (inside,)):
            return _power(inside, fmpq(1, 2))
        case Call("log", (inside,)):
            return _logarithm(inside)
    return None


def _multiple(constant: Node, node: Node) -> Expansion | None:
    if not Formula(constant).is_constant:
        return None
    inner = _expand(node)
    return None if inner is None else inner.times(Formula(constant))


def _quotient(top: Node, bottom: Node) -> Expansion | None:
    inner = _expand(top)
    if inner is None or Formula(bottom).is_constant:
        return None if inner is None else inner.times(1 / Formula(bottom))
    under = _expand(bottom)
    vanishes = inner.grows() == 0 and under is not None and under.grows() != 0
    return _constant(ZERO) if vanishes else None


def _line(node: Node) -> Formula | None:
    """The slope a of ``a x + b`` with ``a > 0``; None for anything else."""
    slope, rest = linear_part(Formula(node))
    return slope if rest.is_constant and sign_of_constant(slope) > 0 else None


def _power(base: Node, exponent: fmpq) -> Expansion | None:
    if isinstance(base, Name):
        return _constant(ZERO) if exponent < 0 else _single(power_of_x(exponent))
    slope = _line(base)
    if slope is not None and exponent < 1:  # the shift is then lost in o(1)
        scaled = _single(power_of_x(exponent)).times(slope**exponent)
        return _constant(ZERO) if exponent < 0 else scaled
    if exponent == 2 and isinstance(base, Call) and base.function == "log":
        slope = _line(base.arguments[0])
        if slope is not None:  # (log x + log a + O(1/x))^2
            a = log(slope)
            terms = ((LOG_SQUARED, Formula.number(1)), (LOG, 2 * a))
            return Expansion.of(terms, (a * a).ball)
    return None


def _logarithm(inside: Node) -> Expansion | None:
    inner = _expand(inside)
    if inner is None or inner.grows() <= 0:
        return None
    (level, exponent), coefficient = inner.terms[0]
    if level == 1:
        return None
    scale = LOG if level == 3 else LOG_LOG
    return Expansion.of(((scale, exponent),), log(coefficient).ball)


def log_of(value: fmpq | int) -> arb:
    """``log`` of an exact number, at the working precision."""
    return ball(value).log()
