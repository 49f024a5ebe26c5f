"""The one parser for everything that users write: formulas in x and law texts.

A text becomes a tree of six kinds of node. The parser knows numbers, names, quoted strings, calls
and ``+ - * / **``; which names mean something is for the reader of the tree to say
(:mod:`verify.formula` for formulas). Nothing here is ever evaluated as code, numbers are exact
rationals (``0.1`` is 1/10), and every size is bounded before any work is spent on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flint import fmpq, fmpz

from verify.errors import InputError

#: Bounds on what is read. A text over one of them is refused, never cut.
MAX_CHARACTERS = 1_000
MAX_LAW_CHARACTERS = 10_000
MAX_DEPTH = 50
MAX_NODES = 300
MAX_DIGITS = 40
MAX_EXPONENT = 300
#: Height of the tree; only a long chain such as 1+1+1+... in a law text can reach it.
MAX_HEIGHT = 200


class ExpressionError(InputError):
    """A text that is refused; the message is one line: where, what, what would be accepted."""


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational number."""

    value: fmpq


@dataclass(frozen=True, slots=True)
class Name:
    """A name; ``position`` (from 1) is where it stood and does not take part in comparisons."""

    id: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A double-quoted string, without its quotes and escapes."""

    value: str


@dataclass(frozen=True, slots=True)
class Negation:
    """``-operand``. The negation of a number is a :class:`Number`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right`` with ``op`` one of ``+ - * / **``."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """``function(*arguments, **keywords)``."""

    function: str
    arguments: tuple[Node, ...] = ()
    keywords: tuple[tuple[str, Node], ...] = ()
    position: int = field(default=0, compare=False)


Node = Number | Name | Text | Negation | Binary | Call

_TOKEN = re.compile(
    r" *(?:"
    r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|([A-Za-z][A-Za-z0-9_]*)"
    r"|(\*\*|[-+*/(),=])"
    r'|("(?:[^"\\]|\\["\\])*")'
    r"|(.))"
)
_NUMBER, _NAME, _OPERATOR, _TEXT, _OTHER, _END = 1, 2, 3, 4, 5, 6

# A unary minus binds tighter than * and /, and looser than **: -x**2 is -(x**2).
_STRENGTH = {"+": 10, "-": 10, "*": 20, "/": 20, "**": 40}
_MINUS = 30
_NOT_NUMBERS = frozenset({"nan", "inf", "infinity"})
_OPERAND = "a number, a name, '-' or '('"
_OPERATORS = "an operator (+ - * / **)"


def parse(text: str, *, longest: int = MAX_CHARACTERS) -> Node:
    """Read a text as an expression.

    Parameters
    ----------
    text : str
        What the user wrote. Printable ASCII.
    longest : int, optional
        The greatest length accepted; the bound on the number of nodes grows in proportion.
        Formulas use the default, law texts :data:`MAX_LAW_CHARACTERS`.

    Raises
    ------
    ExpressionError
        If the text is not an expression, or is over one of the bounds of this module.
    """
    if len(text) > longest:
        raise ExpressionError(f"{len(text)} characters; at most {longest} are accepted")
    if not (text.isascii() and text.isprintable()):
        place = next(i for i, c in enumerate(text) if not (c.isascii() and c.isprintable()))
        raise ExpressionError(
            f"position {place + 1}: character {text[place]!a}; printable ASCII is accepted"
        )
    node = _Parser(text, MAX_NODES * longest // MAX_CHARACTERS).parse()
    if longest > MAX_CHARACTERS and _height(node) > MAX_HEIGHT:
        raise ExpressionError(f"operations nested more than {MAX_HEIGHT} deep")
    return node


class _Parser:
    """One pass over the tokens of one text.

    ``tokens`` are triples of kind, text and place; the last one is an empty token at the end.
    """

    __slots__ = ("at", "depth", "tokens")

    def __init__(self, text: str, most_nodes: int) -> None:
        self.at = 0
        self.depth = 0
        self.tokens = [
            (m.lastindex or 0, m[m.lastindex or 0], m.start(m.lastindex or 0) + 1)
            for m in _TOKEN.finditer(text.rstrip(" "))
        ]
        nodes = sum(kind != _OPERATOR or token in _STRENGTH for kind, token, _ in self.tokens)
        if nodes > most_nodes:
            raise ExpressionError(
                f"{nodes} numbers, names and operations; at most {most_nodes} are accepted"
            )
        self.tokens.append((_END, "", len(text) + 1))

    def parse(self) -> Node:
        node = self.expression(0)
        if self.tokens[self.at][0] != _END:
            raise self.unexpected(f"{_OPERATORS} or the end")
        return node

    def expression(self, strength: int) -> Node:
        """An expression whose operators all bind tighter than ``strength``."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.failure(f"nested deeper than {MAX_DEPTH}")
        left = self.operand()
        tokens = self.tokens
        while True:
            op = tokens[self.at][1]
            binds = _STRENGTH.get(op, 0)
            if binds <= strength:
                break
            self.at += 1
            right = self.expression(_MINUS - 1 if op == "**" else binds)
            left = Binary(op, left, right)
        self.depth -= 1
        return left

    def operand(self) -> Node:
        kind, token, _ = self.tokens[self.at]
        if kind == _NUMBER:
            value = self.number(token)
            self.at += 1
            return Number(value)
        if kind == _NAME:
            return self.name()
        if kind == _TEXT:
            self.at += 1
            return Text(token[1:-1].replace('\\"', '"').replace("\\\\", "\\"))
        if token == "-":
            self.at += 1
            operand = self.expression(_MINUS)
            return Number(-operand.value) if isinstance(operand, Number) else Negation(operand)
        if token == "(":
            self.at += 1
            inner = self.expression(0)
            self.expect(")", f"{_OPERATORS} or ')'")
            return inner
        raise self.unexpected(_OPERAND)

    def number(self, token: str) -> fmpq:
        kind, following, _ = self.tokens[self.at + 1]
        if kind in (_NUMBER, _NAME, _OTHER) or following == "(":
            # "2 x" is caught here as well as 0x10, 1_000 and 1.2.3.
            self.at += 1
            raise self.unexpected(f"{_OPERATORS} after the number")
        if len(token) <= 9 and token.isdecimal():
            return fmpq(int(token))
        mantissa, _, exponent = token.replace("E", "e").partition("e")
        whole, _, fraction = mantissa.partition(".")
        if len(whole) + len(fraction) > MAX_DIGITS:
            raise self.failure(
                f"a number of {len(whole) + len(fraction)} digits; at most {MAX_DIGITS}"
            )
        if len(exponent) > 1 + len(str(MAX_EXPONENT)) or abs(int(exponent or 0)) > MAX_EXPONENT:
            raise self.failure(
                f"decimal exponent of {_quote(token)}; at most {MAX_EXPONENT} in size"
            )
        power = int(exponent or 0) - len(fraction)
        digits = int(whole + fraction)
        return fmpq(digits * 10**power) if power >= 0 else fmpq(digits, 10**-power)

    def name(self) -> Node:
        _, token, position = self.tokens[self.at]
        if token.lower() in _NOT_NUMBERS:
            raise self.failure(f"{_quote(token)} is not a finite number; expected {_OPERAND}")
        self.at += 1
        if self.tokens[self.at][1] != "(":
            return Name(token, position)
        self.at += 1
        arguments: list[Node] = []
        keywords: dict[str, Node] = {}
        while self.tokens[self.at][1] != ")" or arguments or keywords:
            self.argument(arguments, keywords)
            if self.tokens[self.at][1] != ",":
                break
            self.at += 1
        self.expect(")", f"{_OPERATORS}, ',' or ')'")
        return Call(token, tuple(arguments), tuple(keywords.items()), position)

    def argument(self, arguments: list[Node], keywords: dict[str, Node]) -> None:
        kind, token, _ = self.tokens[self.at]
        if kind == _NAME and self.tokens[self.at + 1][1] == "=":
            if token in keywords:
                raise self.failure(f"{_quote(token)} is given twice")
            self.at += 2
            keywords[token] = self.expression(0)
        elif keywords:
            raise self.unexpected("name=value, as after every name=value")
        else:
            arguments.append(self.expression(0))

    def expect(self, token: str, accepted: str) -> None:
        if self.tokens[self.at][1] != token:
            raise self.unexpected(accepted)
        self.at += 1

    def failure(self, what: str) -> ExpressionError:
        return ExpressionError(f"position {self.tokens[self.at][2]}: {what}")

    def unexpected(self, accepted: str) -> ExpressionError:
        kind, token, _ = self.tokens[self.at]
        if kind == _END:
            found = "the text ends"
        elif kind == _OTHER and token == '"':
            found = 'a string that is not closed or has another escape than \\" or \\\\'
        else:
            found = f"unexpected {_quote(token)}"
        return self.failure(f"{found}; expected {accepted}")


def _quote(token: str) -> str:
    return repr(token if len(token) <= 20 else token[:20] + "...")


def _height(node: Node) -> int:
    """Height of a tree, found without recursion."""
    highest = 0
    pending: list[tuple[Node, int]] = [(node, 1)]
    while pending:
        current, height = pending.pop()
        highest = max(highest, height)
        pending.extend((child, height + 1) for child in children(current))
    return highest


def children(node: Node) -> Iterator[Node]:
    """The operands or arguments of a node, from left to right."""
    if isinstance(node, Binary):
        yield node.left
        yield node.right
    elif isinstance(node, Negation):
        yield node.operand
    elif isinstance(node, Call):
        yield from node.arguments
        for _, value in node.keywords:
            yield value


def render(node: Node) -> str:
    """The text of a node, which parses back to an equal node.

    A number with no literal of its own (1/3, or more than :data:`MAX_DIGITS` digits) is written
    as a quotient, product or sum of literals, which has the same value but is another tree.
    """
    return _render(node)[0]


_ATOM, _SUM, _PRODUCT = 100, _STRENGTH["+"], _STRENGTH["*"]


def _render(node: Node) -> tuple[str, int]:
    """Text and the strength with which it holds together."""
    if isinstance(node, Number):
        return number_text(node.value)
    if isinstance(node, Name):
        return node.id, _ATOM
    if isinstance(node, Text):
        return '"' + node.value.replace("\\", "\\\\").replace('"', '\\"') + '"', _ATOM
    if isinstance(node, Negation):
        # A number in parentheses would be read as a negative number all the same.
        return "-" + _within(node.operand, _MINUS), _MINUS
    if isinstance(node, Call):
        parts = [render(argument) for argument in node.arguments]
        parts += [f"{name}={render(value)}" for name, value in node.keywords]
        return f"{node.function}({', '.join(parts)})", _ATOM
    binds = _STRENGTH[node.op]
    if node.op == "**":
        return f"{_within(node.left, binds + 1)}**{_within(node.right, _MINUS)}", binds
    space = " " if node.op in "+-" else ""
    left, right = _within(node.left, binds), _within(node.right, binds + 1)
    return f"{left}{space}{node.op}{space}{right}", binds


def _within(node: Node, strength: int) -> str:
    text, holds = _render(node)
    return text if holds >= strength else f"({text})"


def number_text(value: fmpq) -> tuple[str, int]:
    """A text for a rational number, and the strength with which it holds together."""
    text, holds = _magnitude_text(abs(value))
    if value >= 0:
        return text, holds
    return (f"-{text}", _MINUS) if holds == _ATOM else (f"-({text})", _MINUS)


def _magnitude_text(value: fmpq) -> tuple[str, int]:
    top, bottom = value.p, value.q
    if bottom == 1:
        return _integer_text(top)
    twos, fives, rest = 0, 0, bottom
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest == 1 and places <= MAX_EXPONENT:
        digits = top * fmpz(2) ** (places - twos) * fmpz(5) ** (places - fives)
        if digits < fmpz(10) ** MAX_DIGITS:
            return _decimal(str(digits), places), _ATOM
    over, under = _integer_text(top), _integer_text(bottom)
    left = over[0] if over[1] >= _PRODUCT else f"({over[0]})"
    right = under[0] if under[1] > _PRODUCT else f"({under[0]})"
    return f"{left}/{right}", _PRODUCT


def _decimal(digits: str, places: int) -> str:
    """``digits * 10**-places`` as a person would write it."""
    if places == 0:
        return digits
    if len(digits) > places:
        return f"{digits[:-places]}.{digits[-places:]}"
    if places <= len(digits) + 5:
        return "0." + digits.rjust(places, "0")
    return f"{_mantissa(digits)}e-{places - len(digits) + 1}"


def _mantissa(digits: str) -> str:
    return digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"


def _integer_text(value: fmpz) -> tuple[str, int]:
    digits = value.str()
    short = digits.rstrip("0")
    zeros = len(digits) - len(short)
    if len(digits) <= 15 or not short:
        return digits, _ATOM
    if len(short) <= MAX_DIGITS and len(digits) - 1 <= MAX_EXPONENT:
        return (f"{_mantissa(short)}e{len(digits) - 1}" if zeros > 6 else digits), _ATOM
    # Beyond any one literal: the first digits times a power of ten, plus the others.
    low = min(len(digits) - 1, MAX_EXPONENT, max(zeros, len(digits) - MAX_DIGITS))
    high, rest = divmod(value, fmpz(10) ** low)
    head, holds = _integer_text(high)
    head = f"{head if holds >= _PRODUCT else f'({head})'}*1e{low}"
    return (head, _PRODUCT) if rest == 0 else (f"{head} + {_integer_text(rest)[0]}", _SUM)
