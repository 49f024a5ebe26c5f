"""The steps of a derivation as a page shows them: words, a formula, and why an inequality holds.

A relation is built with SymPy's evaluation off, so that a formula reads as the code writes it:
``q (p/q) + ...``, not the 1 that this is. Where SymPy has to evaluate (a derivative, a
substitution), the relation is shown evaluated. Only what is shown depends on this: what is proved
is built with evaluation on, by :mod:`verify.identity`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import sympy as sp
from sympy.core.cache import clear_cache

from docs.formulas import Expression, latex
from docs.words import readable, titled
from verify.identity import Relation, Step

RELATIONS = {"=": "=", ">=": r"\ge", ">": ">"}

LONGEST = 44
"""A line of a formula has about so many signs at most."""


def derivation(steps: Iterable[Step], shown: set[str]) -> str:
    """The steps as Markdown; of those in ``shown``, to which the others are added, the name."""
    parts: list[str] = []
    again: list[str] = []
    for step in steps:
        if step.name in shown:
            again.append(f"**{titled(step.name)}**")
            continue
        parts += [*_repeated(again), *_parts(step)]
        again = []
        shown.add(step.name)
    return "\n\n".join([*parts, *_repeated(again)])


def _repeated(names: list[str]) -> list[str]:
    return [f"As above: {'; '.join(names)}."] if names else []


def _parts(step: Step) -> Iterator[str]:
    relation, short = abbreviated(as_written(step))
    yield f"**{titled(step.name)}.** {readable(step.says)}"
    yield f"$$\n{formula(relation)}\n$$"
    for name, expression in short.items():
        yield f"where ${name} = {latex(expression)}$."
    because = [f"Here {_listed(relation.given)}."] if relation.given else []
    if relation.form is not None:
        because.append(reason(relation))
    if because:
        yield " ".join(because)


def _listed(conditions: Iterable[Expression]) -> str:
    *first, last = (f"${latex(condition)}$" for condition in conditions)
    return f"{', '.join(first)} and {last}" if first else last


def reason(relation: Relation) -> str:
    """Why an inequality holds: the form that its difference has, and the sign of it."""
    form = latex(relation.form)
    alone = latex(relation.right) == "0"
    sentence = f"{'the left side' if alone else 'the difference'} "
    if not (alone and latex(relation.left) == form):
        sentence += f"is ${form}$, which "
    sentence += f"is {'positive' if relation.op == '>' else 'not negative'}."
    stated = (relation.left, relation.right, *relation.given)
    known = set().union(*(sp.sympify(part).free_symbols for part in stated))
    if relation.form.free_symbols <= known:
        return sentence[0].upper() + sentence[1:]
    # The form speaks of what its conditions leave free.
    written = _listed(sp.Eq(name, value, evaluate=False) for name, value in relation.via.items())
    new = set().union(*(value.free_symbols for value in relation.via.values())) - known
    sign = ">" if all(symbol.is_positive for symbol in new) else r"\ge"
    names = ", ".join(sorted(latex(symbol) for symbol in new))
    return f"Write {written} with ${names} {sign} 0$: {sentence}"


def as_written(step: Step) -> Relation:
    """The relation of a step, as the code writes it where SymPy allows that."""
    try:
        with sp.evaluate(False):
            relation = step.build()
        formula(relation)
        latex(relation.form)
    except Exception:  # with evaluation off, SymPy's own code fails in many ways
        return step.build()
    finally:
        clear_cache()
    return relation


def abbreviated(relation: Relation) -> tuple[Relation, dict[str, Expression]]:
    """A long relation with its longest repeated sum under a name of its own."""
    sides = [sp.sympify(side) for side in (relation.left, relation.right)]
    if relation.form is not None or max(width(latex(side)) for side in sides) <= LONGEST:
        return relation, {}
    parts = Counter(
        part for side in sides for part in sp.preorder_traversal(side) if isinstance(part, sp.Add)
    )
    repeated = [part for part, times in parts.items() if times > 1]
    if not repeated:
        return relation, {}
    longest = max(repeated, key=lambda part: width(latex(part)))
    taken = {symbol.name for side in sides for symbol in side.atoms(sp.Symbol)}
    name = next(letter for letter in "GHR" if letter not in taken)
    with sp.evaluate(False):
        left, right = (side.xreplace({longest: sp.Symbol(name)}) for side in sides)
    return replace(relation, left=left, right=right), {name: longest}


def formula(relation: Relation) -> str:
    """A relation in LaTeX, on two lines where it is long."""
    left, right, sign = latex(relation.left), latex(relation.right), RELATIONS[relation.op]
    if width(f"{left} = {right}") <= LONGEST:
        return f"{left} {sign} {right}"
    lines = [f"&{left}", rf"&\qquad {sign} {right}"]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def width(text: str) -> int:
    """About how many signs wide a formula is; a fraction counts as its wider part."""
    text = re.sub(r"\\(left|right|quad|qquad|limits|,|;)", "", text)
    text = re.sub(r"\\(log|lim|arctan)\b", r"\1", text)
    text = re.sub(r"\\(?!frac)[A-Za-z]+", "x", text)
    fraction = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
    while "{" in text:
        shorter = fraction.sub(lambda parts: max(parts[1], parts[2], key=len), text)
        if shorter == text:
            shorter = re.sub(r"(?<!\\frac)(?<!\})\{([^{}]*)\}", r"\1", text)
        if shorter == text:
            break
        text = shorter
    # An operator has a space on either side.
    return len(re.sub(r"[\s^_]", "", text)) + len(re.findall("[-+=<>]", text))
