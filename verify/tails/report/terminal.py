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
#: Of the whole answer: what more there is to say stands in the report and in the JSON.
MOST_LINES = 39
#: Of the picture, in characters; of its rows there are fewer where much is said.
FEWEST_ROWS, MOST_ROWS, COLUMNS = 4, 8, 56
#: Budgets that the table shows at most.
MOST_BUDGETS = 4
#: Lines of a note or of a warning at most, and what is kept for them where there are any.
MOST_OF_EACH, KEPT = 3, 4


def terminal_lines(audit: Audit) -> list[str]:
    """What is printed."""
    above = [
        *textwrap.wrap(opening(audit), WIDTH),
        "",
        *_facts(audit),
        "",
        *_budgets(audit),
        "",
    ]
    said = list(_said(audit))
    # One line names the picture, and one is its lower edge.
    rows = MOST_LINES - len(above) - 2 - min(sum(map(len, said)), KEPT)
    above += _picture(audit.tail, min(max(rows, FEWEST_ROWS), MOST_ROWS))
    return [*above, *_fitting(said, MOST_LINES - len(above))]


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


def _picture(tail: UpperTail, rows: int) -> Iterator[str]:
    """The largest tenth against an exponential tail: dots above the line are heavier."""
    import numpy as np

    k = min(tail.kept - 1, max(tail.count // 10, 10))
    if k < 2 or not float(tail.values[0]) > float(tail.values[k]):
        return
    excesses = np.asarray(tail.excesses(k))
    scores = -np.log((np.arange(k) + 0.5) / k)
    grid = np.full((rows, COLUMNS), " ")
    scale = max(float(excesses[0]), float(excesses.mean() * scores[0]))
    places = np.minimum((scores / scores[0] * COLUMNS).astype(int), COLUMNS - 1)
    for column in range(COLUMNS):
        line = excesses.mean() * scores[0] * (column + 0.5) / COLUMNS
        grid[_row(line, scale, rows), column] = "·"
        here = places == column
        if here.any():
            grid[_row(float(excesses[here].mean()), scale, rows), column] = "●"
    yield f"the largest {k:,} rewards (●) against an exponential tail (·): above it is heavier"
    for row in grid:
        yield "  │" + "".join(row).rstrip()
    yield "  └" + "─" * COLUMNS


def _row(excess: float, scale: float, rows: int) -> int:
    """The row of the grid, the first on top."""
    return rows - 1 - min(int(excess / scale * rows), rows - 1)


def _said(audit: Audit) -> Iterator[list[str]]:
    """Each warning in its lines, and what was read how."""
    for warning in audit.warnings:
        yield _wrapped("warning", warning)
    if audit.scores.messages:
        yield _wrapped("note", "; ".join(audit.scores.messages))


def _wrapped(kind: str, text: str) -> list[str]:
    lines = textwrap.wrap(f"{kind}: {text}", WIDTH, subsequent_indent="    ")
    if len(lines) <= MOST_OF_EACH:
        return lines
    last = lines[MOST_OF_EACH - 1][: WIDTH - 4].rsplit(" ", 1)[0]
    return [*lines[: MOST_OF_EACH - 1], f"{last} ..."]


def _fitting(said: list[list[str]], room: int) -> Iterator[str]:
    """As many as there is room for, from the first on, and how many more there are."""
    for place, lines in enumerate(said):
        left = len(said) - place
        if len(lines) + (left > 1) > room:
            yield f"and {left} more to know: see --report or --json"
            return
        yield from lines
        room -= len(lines)
