"""Law texts: ``2 + 3*lognormal(mu=0, sigma=1)`` read into laws.

The parser of :mod:`verify.expression` gives a tree, which is interpreted here: numbers are exact
rationals, calls are laws of the catalogue, and ``+ - * /`` between numbers and laws is the algebra.
Every refusal is one line that says what is wrong, where, and what would be accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, cast

from flint import fmpq

from verify.decimals import decimal_text
from verify.expression import (
    MAX_LAW_CHARACTERS,
    Binary,
    Call,
    ExpressionError,
    Name,
    Negation,
    Node,
    Number,
    Text,
    parse,
)
from verify.law import Law, LawError
from verify.mixture import mixture
from verify.truncation import truncate

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: Numbers computed in a law text (``1e300*1e300``) have at most about this many bits.
MOST_BITS = 4096

#: What can be called besides the laws of the catalogue, as it is written.
SPECIAL = {
    "mixture": "mixture(0.9*LAW, 0.1*LAW)",
    "truncate": "truncate(LAW, low=NUMBER, high=NUMBER)",
    "tail": 'tail(log_sf="EXPRESSION IN x", lower=NUMBER)',
    "empirical": 'empirical("FILE") or empirical("FILE", column="NAME")',
}


def parse_law(text: str, *, open_files: bool = True, data: str | None = None) -> Law:
    """Read a law.

    Parameters
    ----------
    text : str
        A law as in the catalogue, or made of such laws by the algebra.
    open_files : bool, optional
        Whether ``empirical("file")`` may open the file it names. Certificates come from strangers
        and are read without.
    data : str, optional
        The file that ``empirical`` reads instead of the one it names.

    Raises
    ------
    LawError
        One line saying what is wrong, where, and what would be accepted.
    """
    try:
        node = parse(text, longest=MAX_LAW_CHARACTERS)
    except ExpressionError as error:
        raise LawError(f"law: {error}") from None
    value = _Reader(open_files, data).value(node)
    if isinstance(value, Law):
        return value
    raise LawError(
        f"law: {_shown(value)} is a number, not a law; the law of a constant is "
        f"point({_shown(value)})"
    )


def _shown(value: fmpq) -> str:
    text = decimal_text(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _at(node: Node) -> str:
    """Where a node stands, as far as the tree tells."""
    while isinstance(node, Binary):
        node = node.left
    position = node.position if isinstance(node, Name | Call) else 0
    return f"position {position}: " if position else ""


class _Reader:
    """Interprets one tree."""

    def __init__(self, open_files: bool, data: str | None) -> None:
        self.open_files, self.data = open_files, data

    def value(self, node: Node) -> fmpq | Law:
        """The number or law that a node stands for."""
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Call):
            return self.call(node)
        if isinstance(node, Negation):
            return -self.value(node.operand)
        if isinstance(node, Binary):
            return self.binary(node)
        if isinstance(node, Text):
            raise LawError(
                f'law: unexpected quoted text "{node.value:.40}"; expected a law or a number'
            )
        raise LawError(f"law: {_at(node)}{_unknown(node.id)}")

    def law(self, node: Node, what: str) -> Law:
        value = self.value(node)
        if isinstance(value, Law):
            return value
        raise LawError(f"law: {_at(node)}{what} must be a law, got the number {_shown(value)}")

    def number(self, node: Node, what: str) -> fmpq:
        if isinstance(node, Text):
            raise LawError(f'law: {what} must be a number, got the quoted text "{node.value:.40}"')
        value = self.value(node)
        if isinstance(value, Law):
            raise LawError(f"law: {_at(node)}{what} must be a number, got a law")
        return value

    # ---- algebra ----------------------------------------------------------------------------

    def binary(self, node: Binary) -> fmpq | Law:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, Law) and isinstance(right, Law):
            raise LawError(f"law: {_at(node.right)}{_LAW_AND_LAW[node.op]}")
        if isinstance(left, fmpq) and isinstance(right, fmpq):
            return _arithmetic(node.op, left, right)
        if node.op == "**":
            raise LawError(f"law: {_at(node)}a law has no powers; between a law and a number: + - * /")
        if node.op == "/" and isinstance(right, Law):
            raise LawError(f"law: {_at(node.right)}a number cannot be divided by a law")
        if node.op == "/" and right == 0:
            raise LawError("law: a law is divided by 0; expected a number other than 0")
        result = _OPERATIONS[node.op](left, right)
        assert isinstance(result, Law)
        return result

    # ---- calls ------------------------------------------------------------------------------

    def call(self, node: Call) -> Law:
        special: dict[str, Callable[[Call], Law]] = {
            "mixture": self.mixture,
            "truncate": self.truncate,
            "tail": self.tail,
            "empirical": self.empirical,
        }
        if node.function in special:
            return special[node.function](node)
        from verify.laws import CATALOGUE

        kind = CATALOGUE.get(node.function)
        if kind is None:
            raise LawError(f"law: {_at(node)}{_unknown(node.function)}")
        return self.catalogued(node, kind)

    def catalogued(self, node: Call, kind: type[Law]) -> Law:
        """A law of the catalogue, with positional or named numbers."""
        specs = fields(cast("type[DataclassInstance]", kind))
        names = [spec.name for spec in specs]
        given: dict[str, Node] = {}
        if len(node.arguments) > len(names):
            raise LawError(
                f"law: {_at(node)}{node.function} takes {_counted(names)}, "
                f"got {len(node.arguments)} numbers"
            )
        given.update(zip(names, node.arguments, strict=False))
        for name, value in node.keywords:
            if name not in names:
                raise LawError(
                    f"law: {_at(node)}{node.function} has no parameter {name:.40}"
                    f"{_guess(name, names)}; it takes {_counted(names)}"
                )
            if name in given:
                raise LawError(f"law: {_at(node)}{node.function}: {name} is given twice")
            given[name] = value
        missing = [spec.name for spec in specs if spec.name not in given and _required(spec)]
        if missing:
            raise LawError(
                f"law: {_at(node)}{node.function} needs {', '.join(missing)}: "
                f"write {node.function}({', '.join(_signature(spec) for spec in specs)})"
            )
        numbers = {
            name: self.number(value, f"{node.function}: {name}") for name, value in given.items()
        }
        try:
            return kind(**numbers)
        except LawError as error:
            raise LawError(f"law: {_at(node)}{error}") from None

    def mixture(self, node: Call) -> Law:
        if node.keywords or not node.arguments:
            raise LawError(f"law: {_at(node)}mixture is written {SPECIAL['mixture']}")
        pairs = [self.weighted(argument) for argument in node.arguments]
        try:
            return mixture(pairs)
        except LawError as error:
            raise LawError(f"law: {_at(node)}{error}") from None

    def weighted(self, node: Node) -> tuple[fmpq, Law]:
        """A weight and a law: in ``w * ...`` all that stands before the first ``*``."""
        spine: list[Binary] = []
        first = node
        while isinstance(first, Binary) and first.op in "*/":
            spine.append(first)
            first = first.left
        spine.reverse()
        if not spine or not any(product.op == "*" for product in spine):
            raise LawError(
                f"law: {_at(node)}mixture: each part is WEIGHT*LAW, as in {SPECIAL['mixture']}"
            )
        weight = self.number(first, "mixture: the first factor (the weight)")
        rest: fmpq | Law | None = None
        for product in spine:
            if rest is None:
                if product.op == "/":
                    weight = _arithmetic(
                        "/", weight, self.number(product.right, "mixture: a weight's divisor")
                    )
                else:
                    rest = self.value(product.right)
            else:
                rest = self.binary(Binary(product.op, _Known.wrap(rest), product.right))
        if not isinstance(rest, Law):
            raise LawError(
                f"law: {_at(node)}mixture: each part is WEIGHT*LAW, as in {SPECIAL['mixture']}"
            )
        return weight, rest
