"""``goodhart frontier``: the best mean that each KL budget can buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flint import arb

    from verify.enclosure import Number
    from verify.frontier import Frontier, FrontierPoint

SETTLED, UNDECIDED = 0, 4
DIVERGENCES = ("kl",)
#: Digits of a mean in the table: as many as both values agree in. The JSON has them in full.
MOST_DIGITS, FEWEST_DIGITS = 13, 8


def frontier(
    law: Annotated[
        str,
        typer.Argument(metavar="LAW", help="The law of the reward, e.g. 'gamma(shape=2)'."),
    ],
    divergence: Annotated[
        str, typer.Option(metavar="NAME", help=f"What is limited: {', '.join(DIVERGENCES)}.")
    ] = "kl",
    budgets: Annotated[
        str, typer.Option(metavar="NUMBERS", help="The budgets d, in nats, with commas between.")
    ] = "0.01,0.1,1",
    two_sided: Annotated[bool, typer.Option("--two-sided", help="Add the least mean.")] = False,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="The answer as JSON ('-' for stdout).")
    ] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="The points as CSV ('-' for stdout).")
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw the frontier and its bounds (.png, .svg or .pdf)."),
    ] = None,
) -> None:
    """The best mean of any law P within a KL budget of LAW, enclosed from both sides.

    Exit status: 0 settled (also where the best mean is infinite), 4 undecided, 2 bad input.
    """
    from verify.errors import InputError
    from verify.files import STDOUT, check_outputs
    from verify.frontier import frontier as best_means
    from verify.laws import parse

    outputs = {"--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs)
    if divergence not in DIVERGENCES:
        raise InputError(
            f"--divergence: expected {' or '.join(DIVERGENCES)}, got {divergence!r:.40}"
        )
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    answer = best_means(parse(law), [text.strip() for text in budgets.split(",")], two_sided)
    _write(answer, json, csv)
    if STDOUT not in outputs.values():
        _print(answer)
    if plot is not None:
        _plot(answer, plot)
    raise typer.Exit(SETTLED if answer.settled else UNDECIDED)


def _plot(answer: Frontier, path: str) -> None:
    """The picture; the answer stands where it cannot be had, so that is a note."""
    from verify.errors import InputError
    from verify.files import OutputError
    from verify.plot_frontier import plot_frontier

    try:
        plot_frontier(answer, path)
    except OutputError:
        raise
    except InputError as error:
        typer.echo(f"goodhart: not written: {error}", err=True)


def _write(answer: Frontier, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(answer.to_dict(), indent=2) + "\n")
    if csv is not None:
        columns = ("side", "budget", "lower", "upper", "attained", "tilt", "means")
        rows = [
            [side, *(_ends(point)), point.attained, point.to_dict()["tilt"], point.means]
            for side, points in (("best", answer.points), ("least", answer.least or ()))
            for point in points
        ]
        write_csv(csv, [columns, *rows])


def _ends(point: FrontierPoint) -> tuple[str, str, str]:
    """The budget, the lower end of the lower value, the upper end of the upper one."""
    written = point.to_dict()

    def end(value: list[str] | str | None, which: int) -> str:
        return value[which] if isinstance(value, list) else value or ""

    return written["budget"], end(written["lower"], 0), end(written["upper"], 1)


def _print(answer: Frontier) -> None:
    typer.echo(f"best mean of a law P with KL(P||Q) <= d, Q = {answer.base}")
    _print_points(answer.points)
    if answer.least is not None:
        typer.echo("least mean")
        _print_points(answer.least)


def _print_points(points: tuple[FrontierPoint, ...]) -> None:
    from verify.decimals import plain

    rows = [("d", "mean", "gap", "attained", "because")]
    reasons: list[str] = []
    for point in points:
        if point.because not in reasons:
            reasons.append(point.because)
        attained = {True: "yes", False: "no", None: "not known"}[point.attained]
        note = f"({reasons.index(point.because) + 1})"
        rows.append((plain(point.budget), _mean(point), _gap(point.gap), attained, note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  " + "  ".join(cells).rstrip())
    for number, reason in enumerate(reasons, 1):
        typer.echo(f"  ({number}) {reason}")


def _mean(point: FrontierPoint) -> str:
    """The digits that both values round to; both values where they are not close."""
    for digits in range(MOST_DIGITS, FEWEST_DIGITS - 1, -1):
        low, high = (_shown(value, digits) for value in (point.lower, point.upper))
        if low == high:
            return low
    return f"{low} to {high}"


def _shown(value: Number | None, digits: int) -> str:
    from verify.enclosure import Diverges

    if value is None:
        return "not known"
    if isinstance(value, Diverges):
        return str(value)
    return value.mid().str(digits, radius=False)


def _gap(gap: arb | None) -> str:
    if gap is None:
        return "-"
    return "0" if gap == 0 else gap.upper().str(2, radius=False)
