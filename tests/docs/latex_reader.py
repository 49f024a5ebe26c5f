"""Read the LaTeX of :mod:`docs.formulas` back, by the conventions of a reader and not of SymPy.

Juxtaposition is a product. A function with a name takes the bracket, symbol or number after it. A
limit or a derivative takes the rest of its term, an integral all up to its ``d``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

Expression = Any

TOKENS = re.compile(
    r"\\left[(\[]|\\right[)\]]|\\text\{[^}]*\}|\\[A-Za-z]+|\\,|\d+|[A-Za-z]|[-+=^_{}/]|\s+"
)
FUNCTIONS = {r"\log": sp.log, r"\arctan": sp.atan}
CLOSING = {"}", r"\right)", r"\right]", "=", ""}
SIDES = {" from above": "+", " from below": "-"}


class UnreadableError(ValueError):
    """Text that is not a formula of the site."""


@dataclass
class Reader:
    """One formula, read from left to right.

    Attributes
    ----------
    names : mapping
        What each symbol stands for, by its LaTeX.
    """

    text: str
    names: Mapping[str, Expression]

    def __post_init__(self) -> None:
        found = TOKENS.findall(self.text)
        if "".join(found) != self.text:
            raise UnreadableError(self.text)
        self.tokens = [token for token in found if token.strip()]
        self.at = 0

    def whole(self) -> Expression:
        """The formula, all of it."""
        value = self.sum()
        if self.next():
            raise UnreadableError(f"{self.next()!r} is left over in {self.text}")
        return value

    def next(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.next()
        if not token or (expected and token != expected):
            raise UnreadableError(f"expected {expected!r}, not {token!r}, in {self.text}")
        self.at += 1
        return token

    def group(self) -> Expression:
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def sum(self) -> Expression:
        total = sp.Integer(0)
        sign = 1
        if self.next() == "-":
            self.take()
            sign = -1
        while True:
            total += sign * self.product()
            if self.next() not in ("+", "-"):
                return total
            sign = 1 if self.take() == "+" else -1

    def product(self) -> Expression:
        value = self.factor()
        while not self._ends_product():
            if self.next() == "/":
                self.take()
                value /= self.factor()
            else:
                value *= self.factor()
        return value

    def _ends_product(self) -> bool:
        token = self.next()
        integral = token == r"\," and self.next(1) == "d"
        return integral or token in CLOSING or token in "+-" or token.startswith(r"\text")

    def factor(self) -> Expression:
        while self.next() == r"\,":
            self.take()
        base = self.atom()
        if self.next() == "^":
            self.take()
            return base ** self.group()
        return base

    def atom(self) -> Expression:
        token = self.take()
        if token in (r"\left(", r"\left["):
            return self._bracket(r"\right)" if token == r"\left(" else r"\right]")
        if token == r"\frac":
            return self._fraction()
        if token == r"\sqrt":
            return sp.sqrt(self.group())
        if token == r"\int":
            return self._integral()
        if token == r"\lim":
            return self._limit()
        if token in FUNCTIONS:
            return self._function(FUNCTIONS[token])
        if token.isdigit():
            return sp.Integer(token)
        if token == "W" and self.next() == "_":
            self.take()
            branch = self.group()
            return self._function(lambda x: sp.LambertW(x, branch))
        if token in ("e", r"\pi", r"\infty"):
            return {"e": sp.E, r"\pi": sp.pi, r"\infty": sp.oo}[token]
        return self._symbol(token)

    def _bracket(self, closing: str) -> Expression:
        inner = self.sum()
        self.take(closing)
        if closing == r"\right]" and self.next() == "_":
            self.take()
            self.take("{")
            name = self._symbol(self.take())
            self.take("=")
            value = self.sum()
            self.take("}")
            return sp.Subs(inner, name, value)
        return inner

    def _function(self, function: Any) -> Expression:
        return function(self.atom())

    def _fraction(self) -> Expression:
        if [self.next(i) for i in range(2)] == ["{", "d"] and self.next(2) in ("}", "^"):
            start = self.at
            self.take("{")
            self.take("d")
            order = 1
            if self.next() == "^":
                self.take()
                order = self.group()
            self.take("}")
            self.take("{")
            if self.next() == "d" and self.next(1) != "}":
                self.take("d")
                name = self._symbol(self.take())
                if order != 1:
                    self.take("^")
                    self.group()
                self.take("}")
                return sp.Derivative(self.product(), (name, order))
            self.at = start
        top = self.group()
        return top / self.group()

    def _integral(self) -> Expression:
        self.take("_")
        low = self.group()
        self.take("^")
        high = self.group()
        inner = self.sum()
        self.take(r"\,")
        self.take("d")
        return sp.Integral(inner, (self._symbol(self.take()), low, high))

    def _limit(self) -> Expression:
        self.take("_")
        self.take("{")
        name = self._symbol(self.take())
        self.take(r"\to")
        target = self.sum()
        side = "-" if target is sp.oo else "+"
        if self.next().startswith(r"\text"):
            side = SIDES[self.take()[len(r"\text{") : -1]]
        self.take("}")
        return sp.Limit(self.product(), name, target, side)

    def _symbol(self, token: str) -> Expression:
        if self.next() == "_":
            self.take()
            self.take("{")
            token += f"_{{{self.take()}}}"
            self.take("}")
        if token not in self.names:
            raise UnreadableError(f"{token!r} in {self.text}")
        return self.names[token]
