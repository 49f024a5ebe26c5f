"""``goodhart frontier``: the best mean that each budget can buy, under KL or another divergence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verify.commands.options import Csv, Json, data_files

if TYPE_CHECKING:
    from flint import arb

    from verify.divergence import Divergence
    from verify.enclosure import Number
    from verify.frontier import Frontier, FrontierPoint

SETTLED, UNDECIDED = 0, 4
#: As :data:`verify.divergence.TOKENS` has them; help texts load nothing heavy.
DIVERGENCES = ("kl", "chi2", "renyi:A", "power:A", "odds", "tv", "hellinger", "js", "reverse_kl")
DEFAULT_BUDGETS = "0.01,0.1,1"
#: Digits of a mean in the table: as many as both values agree in. The JSON has them in full.
MOST_DIGITS, FEWEST_DIGITS = 13, 8


def frontier(
    law: Annotated[
        str | None,
        typer.Argument(metavar="LAW", help="The law of the reward, e.g. 'gamma(shape=2)'."),
    ] = None,
    divergence: Annotated[
        str,
        typer.Option(metavar="NAME", help=f"What is limited: {', '.join(DIVERGENCES)}; A > 0."),
    ] = "kl",
    budgets: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="The budgets d (KL: in nats; odds: log R), commas between (default: 0.01,0.1,1).",
        ),
    ] = None,
    two_sided: Annotated[bool, typer.Option("--two-sided", help="Add the least mean.")] = False,
    per_prompt: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="In place of LAW: rewards by prompt (.csv, .parquet or .jsonl)."
        ),
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that tells prompts apart.")
    ] = None,
    reward: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of rewards.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of prompts: 'equal' (the default), or by their numbers of 'rows'."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What each prompt spends and gains, as CSV."),
    ] = None,
    json: Json = None,
    csv: Csv = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw the frontier and its bounds (.png, .svg or .pdf)."),
    ] = None,
) -> None:
    """The best mean of any law P within a budget of LAW, enclosed from both sides.

    The budget is on KL(P||Q), or with --divergence on another divergence from the law Q.

    With --per-prompt: of any policy that meets prompts as they come, within a budget on the average
    KL divergence, and beside it the pooled answer, which is too large.

    Exit status: 0 settled (also where the best mean is infinite), 4 undecided, 2 bad input.
    """
    from verify.errors import InputError
    from verify.files import STDOUT, check_outputs

    outputs = {"--json": json, "--csv": csv, "--plot": plot, "--split": split}
    check_outputs(outputs, data_files(law) if per_prompt is None else [per_prompt])
    limited = _divergence(divergence)
    divergence, numbers = limited.token, _budgets(budgets, limited)
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    quiet = STDOUT in outputs.values()
    of_prompts = {"--prompt": prompt, "--reward": reward, "--weights": weights, "--split": split}
    if per_prompt is None:
        asked = Question(numbers, divergence, two_sided)
        settled = _of_law(law, of_prompts, asked, Outputs(quiet, json, csv, plot))
    else:
        from verify.commands import frontier_per_prompt

        if law is not None or two_sided:
            extra = "--two-sided" if law is None else f"LAW ({law:.40})"
            raise InputError(f"--per-prompt takes no {extra}")
        if divergence != "kl":
            raise InputError(f"--divergence: with --per-prompt expected kl, got {divergence!r:.40}")
        settled = frontier_per_prompt.answer(
            per_prompt, of_prompts, numbers, Outputs(quiet, json, csv, plot)
        )
    raise typer.Exit(SETTLED if settled else UNDECIDED)


def _divergence(token: str) -> Divergence:
    from verify.divergence import parse_divergence
    from verify.errors import InputError

    try:
        return parse_divergence(token)
    except InputError as error:
        raise InputError(f"--divergence: {str(error).removeprefix('divergence: ')}") from None


def _budgets(written: str | None, divergence: Divergence) -> list[str]:
    """The budgets that are asked for; a note says which ones limit nothing."""
    from verify.decimals import rational
    from verify.frontier import parse_budget

    asked = [text.strip() for text in (DEFAULT_BUDGETS if written is None else written).split(",")]
    largest = divergence.largest
    if largest is None:
        return asked
    beyond = [text for text in asked if rational(parse_budget(text)) > largest]
    if written is None:
        return [text for text in asked if text not in beyond]
    for text in beyond:
        most = largest.str(4, radius=False)
        never = f"{divergence.token} is never above {most}: a budget of {text} allows every law"
        typer.echo(f"goodhart: {never}", err=True)
    return asked


@dataclass(frozen=True)
class Question:
    """What is asked of one law.

    Attributes
    ----------
    budgets : list of str
        As they were written.
    divergence : str
        The token.
    two_sided : bool
        Whether the least means are wanted too.
    """

    budgets: list[str]
    divergence: str
    two_sided: bool


@dataclass(frozen=True)
class Outputs:
    """Where the answer goes.

    Attributes
    ----------
    quiet : bool
        Whether standard output carries a file alone.
    json, csv, plot : str or None
        Files.
    """

    quiet: bool
    json: str | None
    csv: str | None
    plot: str | None


def _of_law(
    law: str | None,
    of_prompts: dict[str, str | None],
    asked: Question,
    outputs: Outputs,
) -> bool:
    """The frontier of one law; whether it is settled."""
    from verify.errors import InputError
    from verify.frontier import frontier as best_means
    from verify.laws import parse

    given = [option for option, value in of_prompts.items() if value is not None]
    if given:
        raise InputError(f"{given[0]} goes with --per-prompt FILE")
    if law is None:
        raise InputError("expected LAW, or --per-prompt FILE; goodhart frontier --help tells more")
    if asked.divergence == "kl":
        answer = best_means(parse(law), asked.budgets, asked.two_sided)
    else:
        from verify.penalties import penalised_frontier

        answer = penalised_frontier(parse(law), asked.divergence, asked.budgets, asked.two_sided)
    _write(answer, outputs.json, outputs.csv)
    if not outputs.quiet:
        _print(answer)
    if outputs.plot is not None:
        from verify.plot_frontier import plot_frontier

        draw(plot_frontier, answer, outputs.plot)
    return answer.settled


def draw(plot: Callable[[Any, str], None], answer: object, path: str) -> None:
    """The picture; the answer stands where it cannot be had, so that is a note."""
    from verify.errors import InputError
    from verify.files import OutputError

    try:
        plot(answer, path)
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
        write_csv(csv, rows_of({"best": answer.points, "least": answer.least or ()}))


def rows_of(sides: Mapping[str, Sequence[FrontierPoint]]) -> list[Sequence[object]]:
    """The rows of the CSV, its header first."""
    columns = ("side", "budget", "lower", "upper", "attained", "tilt", "means", "because")
    rows = [
        [side, *(_ends(point)), point.attained, point.to_dict()["tilt"], point.means, point.because]
        for side, points in sides.items()
        for point in points
    ]
    return [columns, *rows]


def _ends(point: FrontierPoint) -> tuple[str, str, str]:
    """The budget, the lower end of the lower value, the upper end of the upper one."""
    written = point.to_dict()

    def end(value: list[str] | str | None, which: int) -> str:
        return value[which] if isinstance(value, list) else value or ""

    return written["budget"], end(written["lower"], 0), end(written["upper"], 1)


def _print(answer: Frontier) -> None:
    from verify.divergence import NORMALISATIONS

    if answer.divergence == "kl":
        typer.echo(f"best mean of a law P with KL(P||Q) <= d, Q = {answer.base}")
    else:
        scale = NORMALISATIONS[answer.divergence.partition(":")[0]]
        typer.echo(f"best mean of a law P with {answer.divergence} <= d, Q = {answer.base}")
        typer.echo(f"{answer.divergence}: {scale}; w = dP/dQ")
    _print_points(answer.points)
    if answer.least is not None:
        typer.echo("least mean")
        _print_points(answer.least)


def _print_points(points: tuple[FrontierPoint, ...]) -> None:
    reasons: list[str] = []
    rows = [POINT_COLUMNS, *(cells_of(point, reasons) for point in points)]
    print_table(rows)
    print_reasons(reasons)


POINT_COLUMNS = ("d", "mean", "gap", "attained", "because")


def cells_of(point: FrontierPoint, reasons: list[str]) -> tuple[str, ...]:
    """The cells of a point; a reason that is new is added to the list that notes refer to."""
    from verify.decimals import plain

    if point.because not in reasons:
        reasons.append(point.because)
    attained = {True: "yes", False: "no", None: "not known"}[point.attained]
    note = f"({reasons.index(point.because) + 1})"
    return plain(point.budget), mean_text(point), _gap(point.gap), attained, note


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """A table with its columns in line."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  " + "  ".join(cells).rstrip())


def print_reasons(reasons: list[str]) -> None:
    """What the notes in a table refer to."""
    for number, reason in enumerate(reasons, 1):
        typer.echo(f"  ({number}) {reason}")


def mean_text(point: FrontierPoint) -> str:
    """The digits that both values round to; both values where they are not close.

    Where S(d) is an end of the rewards it stands alone: how near to it some P comes says nothing.
    """
    from verify.utility_curve import limit_text

    if point.end is not None:
        return limit_text(point.end, MOST_DIGITS) or "not known"
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
