"""SymPy's expressions in LaTeX, with terms and factors in the order in which they were written.

SymPy's own printer sorts them, and nests what is not evaluated: this one keeps the order, adds
brackets only where they are needed, and writes logarithms and exponentials as a page does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

Expression = Any

NAMES = {"l": r"\ell", "eps": r"\varepsilon", "e": r"\delta"}
"""Symbols that a page writes otherwise than SymPy's printer; e is that of exponentials there."""


def latex(expression: Expression) -> str:
    """An expression in LaTeX."""
    return str(_Printer().doprint(sp.sympify(expression, evaluate=False)))


class _Printer(LatexPrinter):  # type: ignore[misc]  # SymPy has no types
    def __init__(self) -> None:
        super().__init__({"order": "none", "symbol_names": {}})

    def _print_Symbol(self, symbol: Expression, style: str = "plain") -> str:
        return NAMES.get(symbol.name) or str(super()._print_Symbol(symbol, style))

    def _print_Add(self, total: Expression, order: object = None) -> str:
        shown = ""
        for sign, term in _terms(total):
            text = self._print(term)
            if shown:
                shown += f" {'+' if sign > 0 else '-'} {text}"
            else:
                shown = text if sign > 0 else f"-{text}"
        return shown or "0"

    def _print_Mul(self, product: Expression) -> str:
        sign, pieces = _pieces(product)
        shown = ""
        for above, below in pieces:
            # A lone sum stands in brackets, unless a fraction bar is over or under it.
            text = self._product(above, alone=bool(below) or (len(pieces) == 1 and sign > 0))
            if below:
                text = rf"\frac{{{text}}}{{{self._product(below)}}}"
            elif shown and _function(above[0]):
                text = rf"\, {text}"
            shown += f" {text}"
        return ("-" if sign < 0 else "") + shown.strip()

    def _product(self, factors: list[Expression], alone: bool = True) -> str:
        """Factors side by side; ``alone`` where nothing else is."""
        if not factors:
            return "1"
        shown = ""
        for place, factor in enumerate(map(_single, factors)):
            text = self._print(factor)
            single = alone and len(factors) == 1
            takes_the_rest = isinstance(factor, sp.Integral | sp.Limit | sp.Derivative)
            loose = factor.is_Add or factor.is_Mul or text.startswith("-")
            if not single and (loose or (takes_the_rest and place < len(factors) - 1)):
                text = rf"\left({text}\right)"
            thin = shown and _function(factor)
            shown += (r" \, " if thin else " ") + text
        return shown.strip()

    def _print_Pow(self, power: Expression) -> str:
        base, exponent = power.args
        if _is_negative(exponent):
            return self._print_Mul(sp.Mul(sp.Integer(1), power, evaluate=False))
        if exponent == sp.Rational(1, 2):
            return rf"\sqrt{{{self._print(base)}}}"
        text = self._print(base)
        if not (base.is_Symbol or (base.is_Integer and base >= 0)):
            text = rf"\left({text}\right)"
        return f"{text}^{{{self._flat(exponent)}}}"

    def _print_exp(self, function: Expression, exp: object = None) -> str:
        text = f"e^{{{self._flat(function.args[0])}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _flat(self, exponent: Expression) -> str:
        """An exponent; a fraction of numbers with a slash."""
        if exponent.is_Rational and not exponent.is_Integer:
            return f"{exponent.p}/{exponent.q}"
        return str(self._print(exponent))

    def _print_log(self, function: Expression, exp: object = None) -> str:
        return self._function(r"\log", function.args[0], exp)

    def _print_atan(self, function: Expression, exp: object = None) -> str:
        return self._function(r"\arctan", function.args[0], exp)

    def _print_LambertW(self, function: Expression, exp: object = None) -> str:
        branch = self._print(function.args[1]) if len(function.args) > 1 else "0"
        return self._function(f"W_{{{branch}}}", function.args[0], exp)

    def _function(self, name: str, inside: Expression, exp: object) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        text = self._print(inside)
        bare = inside.is_Symbol or (inside.is_Integer and inside >= 0)
        return f"{name}{power} {text}" if bare else rf"{name}{power}\left({text}\right)"

    def _print_Integral(self, integral: Expression) -> str:
        ((variable, low, high),) = integral.limits
        ends = f"_{{{self._print(low)}}}^{{{self._print(high)}}}"
        inner = self._print(integral.function)
        if _single(integral.function).is_Add:
            inner = rf"\left({inner}\right)"
        return rf"\int{ends} {inner} \, d{self._print(variable)}"

    def _print_Derivative(self, derivative: Expression) -> str:
        inner, (variable, order) = derivative.args
        name = self._print(variable)
        power = "" if order == 1 else f"^{{{order}}}"
        return rf"\frac{{d{power}}}{{d {name}{power}}} {self._operand(inner)}"

    def _print_Subs(self, substitution: Expression) -> str:
        inner, (name,), (value,) = substitution.args
        at = f"{self._print(name)} = {self._print(value)}"
        return rf"\left[{self._print(inner)}\right]_{{{at}}}"

    def _print_Limit(self, limit: Expression) -> str:
        inner, variable, target, side = limit.args
        to = self._print(target)
        if not target.is_infinite:
            to += {"+": r" \text{ from above}", "-": r" \text{ from below}"}.get(str(side), "")
        return rf"\lim_{{{self._print(variable)} \to {to}}} {self._operand(inner)}"

    def _operand(self, inside: Expression) -> str:
        """What a limit or a derivative acts on, in brackets if it could seem cut."""
        inside, text = _single(inside), self._print(inside)
        if inside.is_Add or text.startswith("-"):
            return rf"\left({text}\right)"
        factors = [factor for above, below in _pieces(inside)[1] if not below for factor in above]
        sums = len(factors) > 1 and any(factor.is_Add for factor in factors)
        return rf"\left[{text}\right]" if sums else text


# ---------------------------------------------------------------- terms and factors

Piece = tuple[list[Expression], list[Expression]]
"""Factors above and below a fraction bar; none below if there is no bar."""


def _terms(total: Expression) -> Iterator[tuple[int, Expression]]:
    """Signs and terms; numbers that add up to 0 are left out."""
    flat = [part for argument in total.args for part in _signed(argument, +1)]
    numbers = [sign * term for sign, term in flat if term.is_Rational]
    nothing = len(numbers) > 1 and sum(numbers) == 0
    return ((sign, term) for sign, term in flat if not (nothing and term.is_Rational))


def _single(expression: Expression) -> Expression:
    """The expression; what is left of a sum or a product whose other parts go away."""
    if expression.is_Mul:
        sign, pieces = _pieces(expression)
        if sign > 0 and len(pieces) == 1 and len(pieces[0][0]) == 1 and not pieces[0][1]:
            return _single(pieces[0][0][0])
    if expression.is_Add:
        terms = list(_terms(expression))
        if len(terms) == 1 and terms[0][0] > 0:
            return terms[0][1]
    return expression


def _signed(term: Expression, sign: int) -> Iterator[tuple[int, Expression]]:
    """A term without its sign; a sum in brackets, or behind a minus, as its terms."""
    if term.is_Add:
        for argument in term.args:
            yield from _signed(argument, sign)
    elif term.is_Rational:
        yield (-sign, -term) if term < 0 else (sign, term)
    elif term.is_Mul:
        own, pieces = _pieces(term)
        factors = [factor for piece in pieces for factor in piece[0]]
        if len(factors) == 1 and not any(below for _, below in pieces):
            yield from _signed(factors[0], sign * own)
        else:
            yield sign * own, term if own > 0 else sp.Mul(sp.Integer(-1), term, evaluate=False)
    else:
        yield sign, term


def _pieces(expression: Expression) -> tuple[int, list[Piece]]:
    """The sign of a product, and its factors as a row of fractions, without ones.

    ``a*b/c*d`` is written ``(a b / c) d``: a divisor goes under the factors before it that have no
    fraction bar yet, else under the last bar.
    """
    if expression.is_Mul:
        sign, row = 1, list[Piece]()
        for argument in expression.args:
            own, pieces = _pieces(argument)
            sign *= own
            if len(pieces) == 1 and not pieces[0][0] and pieces[0][1]:
                row = _divided(row, pieces[0][1])
            else:
                row += pieces
        return sign, _joined(row)
    if expression.is_Pow and _is_negative(expression.args[1]):
        base, exponent = expression.args
        if exponent != -1:
            return 1, [([], [sp.Pow(base, -exponent, evaluate=False)])]
        if base.is_Mul:
            sign, pieces = _pieces(base)
            if not any(below for _, below in pieces):
                return sign, [([], [factor for above, _ in pieces for factor in above])]
        return 1, [([], [base])]
    if expression.is_Rational:
        sign = -1 if expression < 0 else 1
        top, bottom = ([sp.Integer(n)] if n != 1 else [] for n in (abs(expression.p), expression.q))
        return sign, [(top, bottom)] if top or bottom else []
    return 1, [([expression], [])]


def _divided(row: list[Piece], by: list[Expression]) -> list[Piece]:
    if row and row[-1][1]:
        above, below = row[-1]
        return [*row[:-1], (above, below + by)]
    start = len(row)
    while start and not row[start - 1][1]:
        start -= 1
    return [*row[:start], ([factor for above, _ in row[start:] for factor in above], by)]


def _joined(row: list[Piece]) -> list[Piece]:
    """Neighbours without a bar as one piece; ``1/c`` and then a factor as one fraction."""
    joined: list[Piece] = []
    for above, below in row:
        if joined and not below and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + above, [])
        elif joined and not below and not joined[-1][0] and not _function(above[0]):
            joined[-1] = ([above[0]], joined[-1][1])
            if above[1:]:
                joined.append((above[1:], []))
        else:
            joined.append((above, below))
    return joined or [([], [])]


def _function(factor: Expression) -> bool:
    return isinstance(factor, sp.log | sp.atan | sp.LambertW | sp.Integral)


def _is_negative(exponent: Expression) -> bool:
    return bool(exponent.is_Rational and exponent < 0)
