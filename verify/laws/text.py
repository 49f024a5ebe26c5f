"""Law texts: ``2 + 3*lognormal(mu=0, sigma=1)`` read into laws.

The parser of :mod:`verify.expression` gives a tree, which is interpreted here: numbers are exact
rationals, calls are laws of the catalogue, and ``+ - * /`` between numbers and laws is the algebra.
Every refusal is one line that says what is wrong, where, and what would be accepted.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flint import fmpq

from verify.affine import Affine
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

T = TypeVar("T")

#: Numbers computed in a law text (``1e300*1e300``) have at most about this many bits.
MOST_BITS = 4096

#: What can be called besides the laws of the catalogue, as it is written.
SPECIAL = {
    "mixture": "mixture(0.9*LAW, 0.1*LAW)",
    "truncate": "truncate(LAW, low=NUMBER, high=NUMBER)",
    "tail": 'tail(log_sf="EXPRESSION IN x", lower=NUMBER)',
    "empirical": 'empirical("FILE") or empirical("FILE", column="NAME")',
}

#: What else laws are called that bear no likeness to their names here, without underscores.
OTHER_NAMES = {
    "gaussian": "normal",
    "t": "student_t",
    "studentst": "student_t",
    "expon": "exponential",
    "norm": "normal",
    "chi2": "2*gamma(shape=DF/2)",
    "chisquared": "2*gamma(shape=DF/2)",
    "nbinom": "negative_binomial",
    "gpd": "genpareto",
    "zipf": "zeta",
    "wald": "inverse_gaussian",
    "invgauss": "inverse_gaussian",
    "invgamma": "inverse_gamma",
    "fisk": "log_logistic",
    "constant": "point",
    "data": "empirical",
}

#: How the files end that ``empirical`` reads.
FILES = (".npy", ".csv", ".parquet", ".jsonl", ".json")


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
        raise LawError(f"law: {error}{_file_hint(text)}") from None
    value = Reader(open_files, data).value(node)
    if isinstance(value, Law):
        return value
    raise LawError(
        f"law: {_shown(value)} is a number, not a law; the law of a constant is "
        f"point({_shown(value)})"
    )


def _file_hint(text: str) -> str:
    """How the law of a file is written, where the text seems to name one."""
    name = text.strip()
    if '"' in name or not name.lower().endswith(FILES):
        return ""
    return f'; the law of the rewards in a file is written empirical("{name:.60}")'


def _shown(value: fmpq) -> str:
    text = decimal_text(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _at(node: Node) -> str:
    """Where a node stands, as far as the tree tells."""
    while isinstance(node, Binary):
        node = node.left
    position = node.position if isinstance(node, Name | Call) else 0
    return f"position {position}: " if position else ""


class Reader:
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
            raise LawError(
                f"law: {_at(node)}a law has no powers; between a law and a number: + - * /"
            )
        if node.op == "/" and isinstance(right, Law):
            raise LawError(f"law: {_at(node.right)}a number cannot be divided by a law")
        if node.op == "/" and right == 0:
            raise LawError("law: a law is divided by 0; expected a number other than 0")
        try:
            result = _OPERATIONS[node.op](left, right)
        except LawError as error:
            raise LawError(f"law: {_at(node)}{error}") from None
        if isinstance(result, Affine):
            _check_size(result.shift)
            _check_size(result.scale)
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

        kind: type[Law] | None = CATALOGUE.get(node.function)
        if kind is None:
            raise LawError(f"law: {_at(node)}{_unknown(node.function)}")
        return self.catalogued(node, kind)

    def catalogued(self, node: Call, kind: type[T]) -> T:
        """A law of the catalogue (or another class of its kind), from the numbers in a call."""
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
                    f"{guess(name, names)}; it takes {_counted(names)}"
                )
            if name in given:
                raise LawError(f"law: {_at(node)}{node.function}: {name} is given twice")
            given[name] = value
        missing = [spec.name for spec in specs if spec.name not in given and _required(spec)]
        if missing:
            raise LawError(
                f"law: {_at(node)}{node.function} needs {', '.join(missing)}: "
                f"write {written_call(node.function, kind)}"
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
            spine.insert(0, first)
            first = first.left
        split = next((i for i, product in enumerate(spine) if product.op == "*"), None)
        if split is None:
            raise LawError(
                f"law: {_at(node)}mixture: each part is WEIGHT*LAW, as in {SPECIAL['mixture']}"
            )
        weight = self.number(spine[split].left, "mixture: the first factor, the weight,")
        rest = spine[split].right
        for product in spine[split + 1 :]:
            rest = Binary(product.op, rest, product.right)
        return weight, self.law(rest, "mixture: what follows the weight")

    def truncate(self, node: Call) -> Law:
        limits = dict(node.keywords)
        if len(node.arguments) != 1 or not limits or not limits.keys() <= {"low", "high"}:
            raise LawError(
                f"law: {_at(node)}truncate is written {SPECIAL['truncate']}, with one limit or both"
            )
        law = self.law(node.arguments[0], "truncate: the first argument")
        numbers = {name: self.number(value, f"truncate: {name}") for name, value in limits.items()}
        try:
            return truncate(law, **numbers)
        except LawError as error:
            raise LawError(f"law: {_at(node)}{error}") from None

    def tail(self, node: Call) -> Law:
        given = dict(node.keywords)
        log_sf, lower = given.get("log_sf"), given.get("lower")
        if node.arguments or given.keys() != {"log_sf", "lower"} or not isinstance(log_sf, Text):
            raise LawError(f"law: {_at(node)}tail is written {SPECIAL['tail']}")
        from verify.laws.custom import tail

        assert lower is not None
        start = lower.value if isinstance(lower, Text) else self.number(lower, "tail: lower")
        try:
            law: Law = tail(log_sf=log_sf.value, lower=start)
        except (LawError, ExpressionError) as error:
            raise LawError(f"law: {_at(node)}{error}") from None
        return law

    def empirical(self, node: Call) -> Law:
        keywords = dict(node.keywords)
        column = keywords.pop("column", None)
        name = node.arguments[0] if len(node.arguments) == 1 else None
        if keywords or not isinstance(name, Text) or not isinstance(column, Text | None):
            raise LawError(f"law: {_at(node)}empirical is written {SPECIAL['empirical']}")
        if self.data is None and not self.open_files:
            raise LawError(
                f'law: {_at(node)}empirical("{name.value:.60}"): no file named in a law is opened '
                "here; name the data file yourself, with --data FILE or data="
            )
        from verify.laws.empirical_law import Empirical

        return Empirical.from_file(
            self.data or name.value, None if column is None else column.value, name=name.value
        )


_OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}

_LAW_AND_LAW = {
    "+": f"laws are not added; to draw from one or the other write {SPECIAL['mixture']}",
    "-": f"laws are not subtracted; to draw from one or the other write {SPECIAL['mixture']}",
    "*": "laws are not multiplied; a law is multiplied by a number, as in 3*normal()",
    "/": "laws are not divided; a law is divided by a number, as in normal()/2",
    "**": "a law has no powers; between a law and a number: + - * /",
}


def _arithmetic(op: str, left: fmpq, right: fmpq) -> fmpq:
    """Exact arithmetic of numbers, with a bound on their size."""
    if op == "/" and right == 0:
        raise LawError("law: division by 0; expected a divisor other than 0")
    if op != "**":
        result = _OPERATIONS[op](left, right)
    elif right.q != 1 or (left == 0 and right <= 0):
        raise LawError(f"law: exponent {_shown(right)}; expected a whole number (above 0 for 0**n)")
    elif abs(right) * _bits(left) > 2 * MOST_BITS:
        raise LawError(f"law: a power is too large; at most {MOST_BITS} bits are accepted")
    else:
        result = left ** int(right.p)
    _check_size(result)
    return cast(fmpq, result)


def _check_size(number: fmpq) -> None:
    if _bits(number) > MOST_BITS:
        raise LawError(f"law: a number is too long; at most {MOST_BITS} bits are accepted")


def _bits(number: fmpq) -> int:
    return int(max(number.p.bit_length(), number.q.bit_length()))


def _required(spec: Field[Any]) -> bool:
    return spec.default is MISSING


def _signature(spec: Field[Any]) -> str:
    return f"{spec.name}=NUMBER" if _required(spec) else f"{spec.name}={spec.default}"


def _counted(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "no parameters"


def guess(name: str, known: Sequence[str]) -> str:
    """What a misspelt name may have meant, as the end of a message; empty if nothing is close."""
    from difflib import get_close_matches

    close = get_close_matches(name[:40].lower(), known, n=3)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def _unknown(name: str) -> str:
    """What to say about a name that is no law, or a law without its parentheses."""
    from verify.laws import CATALOGUE

    known = [*CATALOGUE, *SPECIAL]
    if name in known:
        return f"{name} needs parentheses: write {_written(name)}"
    usual = OTHER_NAMES.get(name.lower().replace("_", ""))
    close = f" (did you mean {usual}?)" if usual else guess(name, known)
    return f"unknown law {name:.40}{close or '; known are ' + ', '.join(known)}"


def _written(name: str) -> str:
    if name in SPECIAL:
        return SPECIAL[name]
    from verify.laws import CATALOGUE

    return written_call(name, CATALOGUE[name])


def written_call(name: str, kind: type) -> str:
    """How a law with parameters is written: ``pareto(alpha=NUMBER, scale=1)``."""
    specs = fields(cast("type[DataclassInstance]", kind))
    return f"{name}({', '.join(_signature(spec) for spec in specs)})"
