"""The audit in a terminal: under forty lines, with a small picture of the tail."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from verify.tails.report.prompt_words import given, opening
from verify.tails.report.sections import facts
from verify.tails.report.words import between, shown, with_interval
from verify.tails.upper_tail import UpperTail

if TYPE_CHECKING:
    from verify.tails.audit import Audit

WIDTH = 88
#: Of the picture, in characters.
ROWS, COLUMNS = 8, 56
#: Budgets that the table shows at most; notes, and warnings.
MOST_BUDGETS, MOST_WARNINGS = 4, 3


def terminal_lines(audit: Audit) -> list[str]:
    """What is printed."""
    return [
        *textwrap.wrap(opening(audit), WIDTH),
        "",
        *_facts(audit),
        "",
        *_budgets(audit),
        "",
        *_picture(audit.tail),
        *_wrapped("note", audit.scores.messages),
        *_wrapped("warning", audit.warnings),
    ]


def _facts(audit: Audit) -> Iterator[str]:
    for name, value in facts(audit):
        yield from textwrap.wrap(f"{name}: {value}", WIDTH, subsequent_indent="    ")


def _budgets(audit: Audit) -> Iterator[str]:
    points, quenched = audit.consequences.frontier[-MOST_BUDGETS:], audit.consequences.quenched
    titles = f"{'KL budget':>10} {'sample alone':>14} {'95 % if light':>22} {'with the tail':>24}"
    yield titles if quenched is None else f"{titles} {'prompts given':>14}"
    for point in points:
        yield (
            f"{shown(point.budget):>10} {shown(point.plug_in.value):>14}"
            f" {between(point.band.low, point.band.high):>22}"
            f" {with_interval(point.fitted):>24} {given(quenched, point.budget):>14}".rstrip()
        )
    bare = next((point for point in points if point.band.low is None), None)
    if bare is not None:
        because = bare.band.because.removeprefix("no band: ")
        said = f"no 95 % at KL budget {shown(bare.budget)}: {because}"
        yield from textwrap.wrap(said, WIDTH, subsequent_indent="    ")[:2]


def _picture(tail: UpperTail) -> Iterator[str]:
    """The largest tenth against an exponential tail: dots above the line are heavier."""
    import numpy as np

    k = min(tail.kept - 1, max(tail.count // 10, 10))
    if k < 2 or not float(tail.values[0]) > float(tail.values[k]):
        return
    excesses = np.asarray(tail.excesses(k))
    scores = -np.log((np.arange(k) + 0.5) / k)
    grid = np.full((ROWS, COLUMNS), " ")
    scale = max(float(excesses[0]), float(excesses.mean() * scores[0]))
    places = np.minimum((scores / scores[0] * COLUMNS).astype(int), COLUMNS - 1)
    for column in range(COLUMNS):
        line = excesses.mean() * scores[0] * (column + 0.5) / COLUMNS
        grid[_row(line, scale), column] = "·"
        here = places == column
        if here.any():
            grid[_row(float(excesses[here].mean()), scale), column] = "●"
    yield f"the largest {k:,} rewards (●) against an exponential tail (·): above it is heavier"
    for row in grid:
        yield "  │" + "".join(row).rstrip()
    yield "  └" + "─" * COLUMNS


def _row(excess: float, scale: float) -> int:
    """The row of the grid, the first on top."""
    return ROWS - 1 - min(int(excess / scale * ROWS), ROWS - 1)


def _wrapped(kind: str, said: tuple[str, ...]) -> Iterator[str]:
    for text in said[:MOST_WARNINGS]:
        yield from textwrap.wrap(f"{kind}: {text}", WIDTH, subsequent_indent="    ")[:3]
    if len(said) > MOST_WARNINGS:
        yield f"and {len(said) - MOST_WARNINGS} more: see --report or --json"
