"""Copula texts: ``survival(clayton(theta=2))`` read into copulas, by the parser of law texts."""

from __future__ import annotations

from typing import NoReturn

from verify.copulas import CATALOGUE
from verify.copulas.base import Copula
from verify.copulas.simple import negated, survival
from verify.errors import InputError
from verify.expression import Call, ExpressionError, Name, Node, parse
from verify.law import LawError
from verify.laws.text import Reader, guess, written_call

#: What can be called besides the copulas with parameters, and how it is written.
TURNS = {"survival": survival, "negated": negated}


def parse_copula(text: str) -> Copula:
    """Read a copula.

    Parameters
    ----------
    text : str
        A copula of the catalogue, ``gaussian(rho=0.5)`` say, or ``survival(...)`` or
        ``negated(...)`` of one.

    Raises
    ------
    InputError
        One line saying what is wrong, where, and what would be accepted.
    """
    try:
        return _copula(parse(text))
    except (ExpressionError, LawError) as error:
        _refuse(str(error).removeprefix("law: "))


def _copula(node: Node) -> Copula:
    name = node.function if isinstance(node, Call) else getattr(node, "id", None)
    if name is None:
        _refuse(f"expected a copula, such as {written_call('gaussian', CATALOGUE['gaussian'])}")
    if name not in CATALOGUE and name not in TURNS:
        known = [*CATALOGUE, *TURNS]
        _refuse(
            f"unknown copula {name:.40}{guess(name, known) or '; known are ' + ', '.join(known)}"
        )
    if isinstance(node, Name):
        _refuse(f"{name} needs parentheses: write {_written(name)}")
    assert isinstance(node, Call)
    if name in CATALOGUE:
        return Reader(open_files=False, data=None).catalogued(node, CATALOGUE[name])
    if len(node.arguments) != 1 or node.keywords:
        _refuse(f"{name} is written {_written(name)}")
    return TURNS[name](_copula(node.arguments[0]))


def _written(name: str) -> str:
    return f"{name}(COPULA)" if name in TURNS else written_call(name, CATALOGUE[name])


def _refuse(what: str) -> NoReturn:
    raise InputError(f"copula: {what}")
