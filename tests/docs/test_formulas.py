"""Formulas on pages say what the code says: each is read back and compared."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import sympy as sp

from docs import derivations
from docs.derivations import abbreviated, derivation, formula, reason, width
from docs.formulas import latex
from docs.words import readable, titled
from tests.docs.latex_reader import Reader, UnreadableError
from theorems.catalogue import CLAIMS
from verify.identity import Identity, Relation

Expression = Any

EVERY = [
    (f"{claim.id}: {step.name}", step)
    for claim in CLAIMS
    for evidence in claim.evidence
    if isinstance(evidence, Identity)
    for step in evidence.steps
]
STEPS = dict({step: (name, step) for name, step in reversed(EVERY)}.values())
"""Each step once, by the first claim that has it."""

as_written = cache(derivations.as_written)
"""Sympy takes seconds to build some steps unevaluated, and two tests ask for each."""

DIGITS = 40
CLOSE = 1e-25
"""Both readings are evaluated with 40 digits; 15 are left for what cancels."""

UNEVALUATED = sp.Integral | sp.Limit


def read(text: str, original: Expression) -> Expression:
    """The LaTeX of an expression, read back with the symbols of the original."""
    symbols = {latex(symbol): symbol for symbol in original.atoms(sp.Symbol)}
    return Reader(text, symbols).whole()


def differs(left: Expression, right: Expression) -> str | None:
    """None if two expressions are the same for a reader, else how they differ."""
    left, right = sp.sympify(left), sp.sympify(right)
    if left == right or left in (sp.oo, -sp.oo) or right in (sp.oo, -sp.oo):
        return None if left == right else f"{left} is not {right}"
    parts: list[list[Expression]] = []
    plain = []
    for side in (left, right):
        inside = list(_outermost(side))
        parts.append(inside)
        plain.append(side.xreplace({part: sp.Symbol(f"part{i}") for i, part in enumerate(inside)}))
    if len(parts[0]) != len(parts[1]):
        return "not as many integrals and limits"
    for one, other in zip(*parts, strict=True):
        if found := _differs_inside(one, other):
            return found
    return _differs_at_points(plain[0].doit(), plain[1].doit())


def _outermost(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, UNEVALUATED):
        yield expression
    else:
        for argument in expression.args:
            yield from _outermost(argument)


def _differs_inside(one: Expression, other: Expression) -> str | None:
    if type(one) is not type(other):
        return f"{one} is not {other}"
    if isinstance(one, sp.Integral):
        pairs = [(one.function, other.function), *zip(one.limits[0], other.limits[0], strict=True)]
    else:
        if str(one.args[3]) != str(other.args[3]) and not one.args[2].is_infinite:
            return f"{one} is not {other}"
        pairs = list(zip(one.args[:3], other.args[:3], strict=True))
    return next((found for a, b in pairs if (found := differs(a, b))), None)


def _differs_at_points(left: Expression, right: Expression) -> str | None:
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    rng = random.Random(str(left))
    for _ in range(3):
        point = {symbol: sp.Rational(rng.randint(1, 96), 97) for symbol in symbols}
        values = [sp.N(side.subs(point), DIGITS) for side in (left, right)]
        if not abs(values[0] - values[1]) < CLOSE * (1 + abs(values[0])):
            return f"{values[0]} is not {values[1]} at {point}"
    return None


@pytest.mark.parametrize("name", STEPS)
def test_step_reads_as_the_code_says(name: str) -> None:
    """What is read on the page is what is proved: the step built with evaluation on."""
    proved, written = STEPS[name].build(), as_written(STEPS[name])
    for meant, drawn in (
        (proved.left, written.left),
        (proved.right, written.right),
        (proved.form, written.form),
    ):
        if meant is not None:
            assert differs(meant, read(latex(drawn), sp.sympify(drawn))) is None


@pytest.mark.parametrize("name", STEPS)
def test_abbreviated_step_reads_the_same(name: str) -> None:
    written = as_written(STEPS[name])
    short, names = abbreviated(written)
    meaning = {sp.Symbol(symbol): expression for symbol, expression in names.items()}
    for long, brief in ((written.left, short.left), (written.right, short.right)):
        assert differs(long, sp.sympify(brief).xreplace(meaning)) is None


def test_wrong_reading_is_caught() -> None:
    a, t = sp.symbols("a t", positive=True)
    assert differs(t ** -(1 + a), read("t^{-1 + a}", a + t))
    assert differs(t ** -(1 + a), read(r"t^{-\left(1 + a\right)}", a + t)) is None
    assert differs(sp.Integral(a, (a, 0, t)), read(r"\int_{0}^{t} a \, dt", a + t))
    assert differs(sp.Limit(a, a, sp.oo), read(r"\lim_{a \to 0} a", a + t))
    assert differs(sp.log(a) * t, read(r"\log\left(a t\right)", a + t))
    for text in ("b", r"\unknown", "a )", r"\left(a"):
        with pytest.raises(UnreadableError):
            read(text, a + t)


x, y = sp.symbols("x y", positive=True)


def unevaluated(text: str) -> Expression:
    with sp.evaluate(False):
        return eval(text, {"x": x, "y": y, "log": sp.log, "exp": sp.exp, "sqrt": sp.sqrt})


WRITTEN = {
    "x - (y - 1)": "x - y + 1",
    "-(x + y) * x": r"-\left(x + y\right) x",
    "x * (y / x)": r"x \frac{y}{x}",
    "x * y / (x + y)": r"\frac{x y}{x + y}",
    "-(x / y) * log(x)": r"-\frac{x}{y} \, \log x",
    "1 + x - 1": "x",
    "x**-2": r"\frac{1}{x^{2}}",
    "(x + y)**-1": r"\frac{1}{x + y}",
    "exp(-(x + 1))": r"e^{-\left(x + 1\right)}",
    "sqrt(x) * -y": r"-\sqrt{x} y",
    "log(x / y) / x": r"\frac{\log\left(\frac{x}{y}\right)}{x}",
    "x - x * (y - 1)": r"x - x \left(y - 1\right)",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_formula_keeps_the_order_of_the_code(text: str) -> None:
    assert latex(unevaluated(text)) == WRITTEN[text]


def test_long_formula_is_broken_before_its_relation() -> None:
    short, long = Relation(x, y), Relation(sum(x**k for k in range(20)), y)
    assert "aligned" not in formula(short)
    assert r"\\" in formula(long)


def test_width_counts_the_wider_part_of_a_fraction() -> None:
    assert width(r"\frac{a + b}{c}") == width("a + b") < width(r"\frac{a + b}{c} d")


def test_reason_says_what_the_form_leaves_free() -> None:
    u = sp.Symbol("u", nonnegative=True)
    with_u = Relation(x, y, ">=", u, (x >= y,), {x: y + u})
    assert reason(with_u) == (
        r"Write $x = u + y$ with $u \ge 0$: the difference is $u$, which is not negative."
    )
    assert reason(Relation(x, 0, ">", x)) == "The left side is positive."


def test_evaluation_is_on_again() -> None:
    derivation([next(iter(STEPS.values()))], set())
    assert x - x == 0


def test_words() -> None:
    assert readable("E_P X >= mu -> oo, l < a_l") == r"E\_P X ≥ μ → ∞, ℓ \< a\_ℓ"
    assert readable("K'' and D' = P's") == "K″ and D′ = P's"
    assert readable("pi0 and pi, alpha but pareto(alpha=2)") == "π0 and π, α but pareto(alpha=2)"
    assert readable("-log q is p - q, a well-known x^2") == "−log q is p − q, a well-known x²"
    assert [titled(name) for name in ("cost at c/t", "t(3) limit")] == ["Cost at c/t", "t(3) limit"]
