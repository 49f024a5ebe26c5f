"""Identities that hold for all parameters: SymPy proves them, balls test them by another route.

A :class:`Step` is one named line of a derivation. Its relation is built when it is needed, so that
SymPy is imported only then. Two relations are enough:

* ``left = right``: the difference simplifies to exactly 0;
* ``left >= right`` or ``left > right``: the difference simplifies to a *form* that the step gives,
  and SymPy knows the sign of the form from the assumptions on its symbols. Conditions such as
  ``0 < q <= p < 1`` enter as a substitution by symbols that are free and positive (``via``).

Beside that, each relation is evaluated in balls at random rational points that satisfy its
conditions (``given``), without the substitution and without the form. Integrals are then done by
mpmath, derivatives by difference quotients (:mod:`verify.symbolic_values`), and limits are looked
at along a sequence.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Literal

from flint import arb

from verify.claim import Case, Claim, Evidence, NotMet
from verify.enclosure import escalate
from verify.symbolic_values import QUADRATURE_BITS, Expression, Point, evaluate

#: Points that must meet the conditions of a step, and draws that may be spent on finding them.
POINTS = 8
DRAWS = 4000

#: An equality at a point must hold to this many bits of the larger of its sides and 1.
EQUAL_BITS = 128

#: Where a limit is looked at: the variable's distance from its limit (or its inverse), in bits.
LIMIT_BITS = (8, 16, 32, 64, 128)


@dataclass(frozen=True)
class Relation:
    """``left op right``.

    Attributes
    ----------
    left, right : SymPy expression
        ``Integral``, ``Derivative``, ``Subs`` and ``Limit`` objects may stand in them unevaluated.
    op : str
        ``=``, ``>=`` or ``>``.
    form : SymPy expression
        For an inequality: what the difference equals, with a sign that can be read off.
    given : tuple of SymPy relations
        The conditions, beside the assumptions on the symbols.
    via : mapping
        Substitutes expressions in free symbols that range over all of what ``given`` allows.
    """

    left: Expression
    right: Expression
    op: Literal["=", ">=", ">"] = "="
    form: Expression = None
    given: tuple[Expression, ...] = ()
    via: Mapping[Expression, Expression] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes
    ----------
    name : str
        Short name, by which tests and docs refer to it.
    says : str
        The line in words.
    build : callable
        Builds the relation; a function of a module.
    """

    name: str
    says: str
    build: Callable[[], Relation]


@dataclass(frozen=True)
class Identity(Evidence):
    """A derivation: all of its steps hold for all parameters."""

    steps: tuple[Step, ...]

    def cases(self) -> Iterator[Case]:
        for step in self.steps:
            relation = step.build()
            yield Case(f"{step.name}, proof", partial(prove, relation))
            yield from _at_points(step.name, relation)


def steps_of(claims: Iterable[Claim]) -> tuple[Step, ...]:
    """Every step of every derivation, once, in the order of the claims."""
    steps = (
        step
        for claim in claims
        for evidence in claim.evidence
        if isinstance(evidence, Identity)
        for step in evidence.steps
    )
    return tuple(dict.fromkeys(steps))


# ---------------------------------------------------------------- the proof


def prove(relation: Relation) -> str | None:
    """None if SymPy proves the relation, else what is left of it.

    A difference that does not simplify to 0 is not proved different: the step counts as failed all
    the same, because a step has to be proved.
    """
    import sympy as sp

    if relation.right in (sp.oo, -sp.oo):
        left = _substituted(relation.left, relation.via)
        return None if left == relation.right else f"left is {left}, right is {relation.right}"
    difference = _substituted(relation.left - relation.right, relation.via)
    if relation.op == "=":
        rest = _reduced(difference)
        return None if rest == 0 else f"left minus right leaves {rest}"
    form = _substituted(relation.form, relation.via)
    rest = _reduced(difference - form)
    if rest != 0:
        return f"the difference is not the form given: {rest} is left"
    tidy = _tidied(form)
    signed = tidy.is_positive if relation.op == ">" else tidy.is_nonnegative
    return None if signed else f"no sign is known for {tidy}"


def _substituted(expression: Expression, via: Mapping[Expression, Expression]) -> Expression:
    import sympy as sp

    # Whatever is equal already goes away before integrals and limits are worked out.
    expression = sp.sympify(expression)
    if via:
        expression = expression.subs(dict(via), simultaneous=True)
    # Exponentials merged first: SymPy integrates exp(-h y) at once, and exp(l y) exp(-(l + h) y)
    # in seconds.
    merged = expression.replace(
        lambda e: isinstance(e, sp.Integral),
        lambda e: sp.Integral(sp.powsimp(sp.expand(e.function)), *e.limits),
    )
    return merged.doit()


def _tidied(form: Expression) -> Expression:
    """The form with quotients in lowest terms, and ``log(1 + ...)`` written so."""
    import sympy as sp

    def lowest(e: Expression) -> Expression:
        return sp.factor(sp.cancel(sp.together(e)))

    return lowest(form.replace(sp.log, lambda a: sp.log(1 + lowest(a - 1))))


def _reduced(expression: Expression) -> Expression:
    """The expression, simplified until it is 0 or nothing more helps. Every move is exact."""
    import sympy as sp

    def logs_apart(e: Expression) -> Expression:
        # Numerator and denominator first: log((a + b)/(a + c)) is a difference of two logs.
        return sp.expand_log(e.replace(sp.log, lambda a: sp.log(sp.factor(sp.together(a)))))

    moves: tuple[Callable[[Expression], Expression], ...] = (
        lambda e: e,
        sp.expand,
        lambda e: sp.expand(logs_apart(e)),
        lambda e: sp.simplify(sp.together(logs_apart(e))),
        sp.simplify,
    )
    smallest = expression
    for move in moves:
        moved = move(expression)
        if moved == 0:
            return moved
        if sp.count_ops(moved) < sp.count_ops(smallest):
            smallest = moved
    return smallest


# ---------------------------------------------------------------- points


def _at_points(name: str, relation: Relation) -> Iterator[Case]:
    """Random points until enough of them meet the conditions; all draws are counted."""
    import sympy as sp

    names = sorted(_free_symbols(relation), key=str)
    # Python's own comparisons of exact fractions: SymPy's are a hundred times slower.
    conditions = [sp.lambdify(names, condition, "math") for condition in relation.given]
    rng = random.Random(name)
    met = 0
    for _ in range(DRAWS if names else 1):
        if met >= POINTS:
            return
        point = {symbol: _draw(symbol, rng) for symbol in names}
        holds = all(condition(*point.values()) for condition in conditions)
        met += holds
        where = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
        yield Case(f"{name} at {where}", _Check(relation, point) if holds else _not_met)
    if met == 0:
        yield Case(name, lambda: f"no point of {DRAWS} meets its conditions")


def _free_symbols(relation: Relation) -> set[Expression]:
    import sympy as sp

    parts = (relation.left, relation.right, *relation.given)
    return set().union(*(sp.sympify(part).free_symbols for part in parts))


def _draw(symbol: Expression, rng: random.Random) -> Fraction:
    """A rational that the assumptions on the symbol allow."""
    if symbol.is_integer:
        size = Fraction(rng.randint(1, 12))
    else:
        size = Fraction(rng.randint(1, 24), rng.randint(1, 24))
    if symbol.is_nonnegative:
        return size
    if symbol.is_negative:
        return -size
    return size if rng.random() < 0.5 else -size


def _not_met() -> str | None:
    raise NotMet


@dataclass(frozen=True)
class _Check:
    """A relation, evaluated at one point."""

    relation: Relation
    point: Point

    def __call__(self) -> str | None:
        import sympy as sp

        left, right = sp.sympify(self.relation.left), sp.sympify(self.relation.right)
        if isinstance(left, sp.Limit):
            return _along_a_sequence(left, right, self.point)
        by_quadrature = left.has(sp.Integral) or right.has(sp.Integral)
        bits = QUADRATURE_BITS if by_quadrature else EQUAL_BITS
        return _compared(left, right, self.relation.op, self.point, bits)


def _compared(left: Expression, right: Expression, op: str, point: Point, bits: int) -> str | None:
    sides: tuple[arb, arb] = (arb(0), arb(0))

    def order() -> str:
        """``<``, ``>``, or ``=`` to within the tolerance; empty where the balls are too wide."""
        nonlocal sides
        a, b = sides = evaluate(left, point), evaluate(right, point)
        size = (abs(a) + abs(b) + 1).upper()
        if not size.is_finite():
            return ""
        if abs(a - b) < size * arb(2) ** -bits:
            return "="
        return "<" if a < b else ">" if a > b else ""

    found = escalate(order, bool, "two sides at a point", first=2 * bits, last=16 * bits)
    allowed = {"=": "=", ">=": "=>", ">": ">"}[op]
    if found in allowed:
        return None
    return f"left is {sides[0].str(12)}, right is {sides[1].str(12)}"


def _along_a_sequence(left: Expression, right: Expression, point: Point) -> str | None:
    """Whether the function under a limit closes in on it, or on infinity, along a sequence.

    This tells a wrong limit from a right one; it proves nothing by itself.
    """
    import sympy as sp

    inner, variable, target, side = left.args
    values: list[arb] = []
    for bits in LIMIT_BITS:
        far = Fraction(2**bits) if target is sp.oo else 1 / Fraction(2**bits)
        sign = -1 if str(side) == "-" and target is not sp.oo else 1
        base = Fraction(0) if target is sp.oo else Fraction(int(target.p), int(target.q))
        values.append(_settled(inner, {**point, variable: base + sign * far}))
    if right in (sp.oo, -sp.oo):
        sized = [value if right is sp.oo else -value for value in values]
        growing = all(b > a for a, b in pairwise(sized)) and bool(sized[-1] > 4 * abs(sized[0]))
        return None if growing else f"does not grow: {values[-1].str(8)}"
    limit = _settled(right, point)
    gaps = [abs(value - limit) for value in values]
    negligible = (abs(limit) + 1) * arb(2) ** -EQUAL_BITS
    closing = all(b < a or b < negligible for a, b in pairwise(gaps))
    if closing and (gaps[-1] < gaps[0] / 4 or gaps[-1] < negligible):
        return None
    return f"stays {gaps[-1].str(8)} away from {limit.str(8)}"


def _settled(expression: Expression, point: Point) -> arb:
    def narrow(value: arb) -> bool:
        return value.is_finite() and bool(value.rad() < (abs(value) + 1) * arb(2) ** -EQUAL_BITS)

    return escalate(
        lambda: evaluate(expression, point), narrow, "a function near its limit", first=512
    )
