"""The limit of a formula as x grows, found by whoever can and then checked by balls.

A limit that follows from the limits of the parts needs nothing else. Otherwise SymPy is asked, in a
process of its own that can be killed: it may think for ever about what a user wrote. Its answer is
not believed. It counts only if ``|formula - limit| <= C/s(x)`` is proved on a ray, with s one of
``log(x)``, ``log(log(x))``, ``log(log(log(x)))``, or if the values far out approach it fast enough
that another limit would show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from flint import arb, fmpq

from verify.enclosure import Diverges, Undecided, working_precision
from verify.expression import MAX_LAW_CHARACTERS, ExpressionError
from verify.formula import Formula, X, log
from verify.interval import INFINITY, Interval, limit_of
from verify.normal_form import NormalForm
from verify.piece import Effort
from verify.ray import Refuted, is_nonpositive, prove_tends_to_minus_infinity

#: Seconds and bytes that SymPy may use.
SECONDS = 10
MEMORY = 2 * 2**30

#: Where a limit is compared with values: 1e6, 1e12, 1e100 and exp(1e4).
_FAR = (arb(10**6), arb(10**12), arb(10**100), arb((1, 14427)))
_BITS = 256
_EFFORT = 1500


@dataclass(frozen=True)
class LimitResult:
    """A limit, and why it is believed; or None, and why no limit is known.

    Attributes
    ----------
    value : fmpq, Formula, Diverges or None
        A rational number, another constant, a proved infinity, or None.
    because : str
        The reason, in one line.
    """

    value: fmpq | Formula | Diverges | None
    because: str


def limit_at_infinity(formula: Formula) -> LimitResult:
    """The limit of a formula as x goes to infinity.

    Parameters
    ----------
    formula : Formula
        Defined for all large x.

    Returns
    -------
    LimitResult
        Its value is None where no limit is known; an answer that fails the check is not given.
    """
    return _limit(str(formula))


@lru_cache(maxsize=256)
def _limit(text: str) -> LimitResult:
    try:
        formula = Formula.parse(text, longest=MAX_LAW_CHARACTERS)
    except ExpressionError as refusal:
        return LimitResult(None, f"the formula is too long for a limit: {refusal}")
    return _from_parts(formula) or _from_a_guess(formula) or _from_sympy(formula)


def _from_parts(formula: Formula) -> LimitResult | None:
    """The limit, where it is exact and follows from the limits of the parts."""
    if formula.is_constant:
        return LimitResult(_simplest(formula), "it is constant")
    because = "it follows from the limits of the parts"
    with working_precision(_BITS):
        limit = limit_of(formula.node)
        if limit is None:
            try:
                # Cancels what can be cancelled: x/log(x)/x is 1/log(x).
                normal = NormalForm(Interval(_FAR[1], INFINITY, 1))
                simple = normal.formula(normal.ratio(formula))
                limit = limit_of(simple.node)
                because = f"it follows from the limits of the parts of {simple}"
            except (Undecided, ExpressionError):
                limit = None
    if limit is None:
        return None
    if limit.low == limit.high:
        if limit.bounded:
            return LimitResult(limit.low.fmpq(), because)
        return LimitResult(Diverges(1 if limit.low == INFINITY else -1, because), because)
    return None


def _from_a_guess(formula: Formula) -> LimitResult | None:
    """A simple number that the values come very close to, if that it is the limit is proved."""
    with working_precision(_BITS):
        value = arb(formula.evaluate(_FAR[2]))
    if not value.is_finite() or abs(value) > 10**6 or value.rad() > 1e-30:
        return None
    for denominator in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 100, 1000):
        nearest = (value * denominator + 0.5).mid().floor().unique_fmpz()
        if nearest is not None:
            guess = fmpq(nearest, denominator)
            if abs(value - guess) < 1e-30:
                reason = _convergence(formula, Formula.number(guess))
                return None if reason is None else LimitResult(guess, reason)
    return None


def _from_sympy(formula: Formula) -> LimitResult:
    answer = _ask_sympy(str(formula))
    kind, _, text = answer.partition(":")
    if kind != "limit":
        return LimitResult(None, text)
    if text in ("oo", "-oo"):
        sign = 1 if text == "oo" else -1
        reason = _divergence(formula, sign)
        if reason is None:
            return LimitResult(None, f"SymPy says {text}, which could not be confirmed")
        return LimitResult(Diverges(sign, reason), reason)
    try:
        value = Formula.parse(text, longest=MAX_LAW_CHARACTERS)
    except ExpressionError:
        return LimitResult(None, "SymPy gives a limit that is not a formula")
    reason = _convergence(formula, value) or _approach(formula, value)
    if reason is None:
        return LimitResult(None, f"SymPy says {value}, which could not be confirmed")
    return LimitResult(_simplest(value), reason)


def _simplest(value: Formula) -> fmpq | Formula:
    return value if value.rational is None else value.rational


# ------------------------------------------------------------------ checks


def _convergence(formula: Formula, limit: Formula) -> str | None:
    """A proof that the distance to the limit is at most a constant over a slow function."""
    effort = Effort(2 * _EFFORT)
    slow: Formula = X
    for _ in range(3):
        slow = log(slow)
        scaled = (formula - limit) * slow
        for start in (fmpq(100), fmpq(10) ** 12, fmpq(10) ** 120):
            bound = _bound(scaled, start)
            if bound is None:
                continue
            if all(
                is_nonpositive(sign * scaled - Formula.number(bound), start, effort.part(_EFFORT))
                for sign in (1, -1)
            ):
                return f"proved: at most {bound}/{slow} away from {limit} for x >= {start}"
    return None


def _bound(scaled: Formula, start: fmpq) -> fmpq | None:
    """A round number above the size of a formula at some points, None if it seems to grow."""
    with working_precision(_BITS):
        points = [arb(start) * arb((1, e)) for e in (0, 1, 3, 10, 40, 200, 1000, 10000)]
        sizes = [abs(arb(scaled.evaluate(x))).upper() for x in points]
    finite = [size for size in sizes if size.is_finite()]
    if len(finite) < 5 or finite[-1] > 2 * finite[-3] + 1:
        return None
    largest = finite[0]
    for size in finite[1:]:
        largest = largest.max(size)
    if largest > 10**9:
        return None
    ceiling = (2 * largest).ceil().unique_fmpz()
    return None if ceiling is None else fmpq(ceiling + 1)


def _divergence(formula: Formula, sign: int) -> str | None:
    for start in (fmpq(100), fmpq(10) ** 12):
        try:
            return prove_tends_to_minus_infinity(-formula if sign > 0 else formula, start).statement
        except (Refuted, Undecided, ExpressionError):
            continue
    return None


def _approach(formula: Formula, limit: Formula) -> str | None:
    """Whether the values far out come close to the limit, faster than to anything else."""
    distances = []
    for x in _FAR:
        for bits in (_BITS, 2**14, 2**16):
            with working_precision(bits):
                distance = abs(arb(formula.evaluate(x)) - limit.ball())
            if distance.is_finite() and distance.rad() < 1e-12:
                break
        else:
            return None
        distances.append(distance)
    near = 1e-3 * (1 + abs(limit.ball()))
    shrinks = all(b < a / 2 or b < 1e-12 for a, b in pairwise(distances))
    if shrinks and distances[-1] < near:
        left = distances[-1].upper().str(2, radius=False)
        return f"SymPy's limit; at exp(1e4) the value is within {left}"
    return None


# ------------------------------------------------------------------ the other process


def _ask_sympy(text: str) -> str:
    """``limit:TEXT`` or ``none:REASON`` from a process that is killed when it takes too long."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "verify.limit"],
            input=text,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": paths},
        )
    except subprocess.TimeoutExpired:
        return f"none:SymPy found no limit in {SECONDS} seconds"
    except OSError as error:
        return f"none:SymPy could not be started ({error.strerror})"
    lines = finished.stdout.splitlines()
    if finished.returncode != 0 or not lines:
        return "none:SymPy found no limit"
    return lines[-1]


def _answer(text: str) -> str:
    """In the other process: what SymPy says."""
    import sympy

    symbol = sympy.Symbol("x", positive=True)
    formula = Formula.parse(text, longest=MAX_LAW_CHARACTERS)
    try:
        value = sympy.limit(formula.to_sympy(symbol), symbol, sympy.oo)
        return f"limit:{_text(value)}"
    except (NotImplementedError, ValueError, TypeError, RecursionError, ArithmeticError) as error:
        return f"none:SymPy found no limit ({type(error).__name__})"


def _text(value: Any) -> str:
    """A SymPy constant in the language of formulas."""
    if value.is_infinite:
        if value.is_extended_positive or value.is_extended_negative:
            return "oo" if value.is_extended_positive else "-oo"
        raise ValueError("a complex infinity")
    if value.is_Rational:
        return f"({value.p}/{value.q})" if value.q != 1 else f"({value.p})"
    if value.is_Add or value.is_Mul:
        return "(" + ("+" if value.is_Add else "*").join(_text(part) for part in value.args) + ")"
    if value.is_Pow:
        return f"({_text(value.base)}**{_text(value.exp)})"
    name = {"Pi": "pi", "Exp1": "e"}.get(type(value).__name__)
    if name is not None:
        return name
    if type(value).__name__ in ("exp", "log"):
        return f"{type(value).__name__}({_text(value.args[0])})"
    raise ValueError(f"no formula for {type(value).__name__}")


def _main() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 1, SECONDS + 1))
    except (ImportError, ValueError, OSError):
        pass
    print(_answer(sys.stdin.read()))


if __name__ == "__main__":
    _main()
