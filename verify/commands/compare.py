"""``goodhart compare``: mitigations of overoptimisation, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from verify.commands.frontier import draw, print_reasons, print_table
from verify.commands.options import Json, data_files

if TYPE_CHECKING:
    from verify.mitigations.comparison import Comparison, Question, Row
    from verify.mitigations.model import Model
    from verify.utility_curve import Quantity

ANSWERED, UNDECIDED = 0, 4
#: What is asked where nothing is.
DEFAULT = "2"
#: Decimal places in the table, of an enclosed number and at most of others. The JSON has all.
PLACES = 6
#: An error below this is not worth a word.
NOTHING = 1e-9
COLUMNS = ("mitigation", "strength", "KL", "gain of E U", "gain of E V", "known by", "notes")
KNOWN_BY = {"ball": "balls", "float64": "float64", "monte-carlo": "sample"}
#: What stands under the tables.
LEGEND = """\
strength: l: the weight exp(l score), of uniform answers for the entropy bonus;
  m: the weight (U - m)+^(1/(order - 1)), chi-square being order 2; R: the top 1/R of the answers;
  n: the best of n, or the weight n F^(n - 1) where n is no whole number.
of several proxies, U is the first."""


def compare(
    error: Annotated[
        str | None,
        typer.Argument(metavar="[X]", help="The law of the error; left out: a fixed set."),
    ] = None,
    utility: Annotated[
        str | None, typer.Argument(metavar="[V]", help="The law of the true utility.")
    ] = None,
    copula: Annotated[
        str | None,
        typer.Option(
            metavar="COPULA", help="How X and V depend on each other, e.g. 'gaussian(rho=-0.5)'."
        ),
    ] = None,
    gain: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help=f"Gains of E U to compare at (default: {DEFAULT})."),
    ] = None,
    kl: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS", help=f"KL divergences to compare at, in nats (default: {DEFAULT})."
        ),
    ] = None,
    json: Json = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="The table as CSV ('-' for stdout).")
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw E V against KL and E U (.png, .svg or .pdf)."),
    ] = None,
) -> None:
    """The true utility that each mitigation keeps, at an equal gain of the proxy and at equal KL.

    The proxy is U = X + V. Without laws three pairs are compared, a light error, a heavy one, and
    one that depends on the utility; and penalties on actions with those on occupancy measures.

    Exit status: 0 answered, 4 no mitigation has a policy, 2 bad input.
    """
    from verify.files import STDOUT, check_outputs

    outputs = {"--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs, data_files(error, utility))
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    models = _models(error, utility, copula)
    if gain is None and kl is None:
        gain = kl = DEFAULT
    from verify.mitigations import comparison
    from verify.progress import progress_bar

    with progress_bar() as progress:
        answer = comparison.compare(models, _listed(gain), _listed(kl), progress=progress)
    _write(answer, json, csv)
    if STDOUT not in outputs.values():
        _print(answer)
    if plot is not None:
        from verify.mitigations.plot import plot_comparison

        draw(plot_comparison, answer, plot)
    raise typer.Exit(ANSWERED if answer.answered else UNDECIDED)


def _listed(numbers: str | None) -> list[str]:
    return [] if numbers is None else [text.strip() for text in numbers.split(",")]


def _models(error: str | None, utility: str | None, copula: str | None) -> list[Model] | None:
    """The pair asked for; None for the fixed set."""
    from verify.errors import InputError

    if error is None:
        if copula is not None:
            raise InputError("--copula joins the laws X and V: expected both")
        return None
    if utility is None:
        raise InputError("expected two laws, X and V, or none for the fixed set; got one")
    from verify.mitigations.model import Model

    return [Model.parse("pair", error, utility, copula)]


def _write(answer: Comparison, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(answer.to_dict(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(answer.rows()))


def _print(answer: Comparison) -> None:
    shown: Model | None = None
    for question in answer.questions:
        if question.model is not shown:
            shown = question.model
            typer.echo(f"{shown.name}: {shown.title}")
        _print_question(question)
    typer.echo(LEGEND)
    if answer.road:
        _print_road(answer)


def _print_road(answer: Comparison) -> None:
    from verify.mitigations.losses import BASE_TURN, BUDGET, STEPS

    typer.echo(f"road: a car along a cliff for {STEPS} steps; the base policy turns off the road")
    typer.echo(f"with probability {BASE_TURN} at each, and it is lost for the rest of the time")
    typer.echo(f"within a penalty of {BUDGET}:")
    rows = [
        (loss.penalty, f"{float(loss.turn):.6f}", f"{float(loss.lost):.6f}", "balls")
        for loss in answer.road
    ]
    print_table([("penalty", "turns, at most", "time lost", "known by"), *rows])


def _print_question(question: Question) -> None:
    from verify.decimals import plain

    target = plain(question.target)
    what = "gain of E U" if question.asked == "gain" else "KL divergence"
    typer.echo(f"at a {what} of {target}:")
    reasons: list[str] = []
    print_table([COLUMNS, *(_cells(question, row, reasons) for row in question.rows)])
    print_reasons(reasons)


def _cells(question: Question, row: Row, reasons: list[str]) -> tuple[str, ...]:
    """The cells of a row; reasons and notes that are new are added to the list referred to."""
    said = [words for words in (row.because, row.note) if words]
    reasons += [words for words in said if words not in reasons]
    notes = " ".join(f"({reasons.index(words) + 1})" for words in said)
    if row.kl is None:
        return (row.mitigation, *("-",) * 5, notes)
    sampled = row.means == "monte-carlo"
    means = {"mean_u": row.mean_u, "mean_v": row.mean_v}
    gains = (_shown(value, question.gain(row, name), sampled) for name, value in means.items())
    known_by = KNOWN_BY[row.means or "float64"]
    return (row.mitigation, row.strength, _shown(row.kl, None, sampled), *gains, known_by, notes)


def _shown(value: Quantity, gain: float | None, sampled: bool) -> str:
    """A number, or how far it is above the base policy's, to the places that its error leaves."""
    from math import ceil, log10

    from verify.mitigations.comparison import number
    from verify.utility_curve import Estimate

    shown = number(value) if gain is None else gain
    error = value.standard_error if isinstance(value, Estimate) else 0.0
    error = 0.0 if error < NOTHING else error  # of rounding alone
    places = PLACES if error <= 0 else min(PLACES, max(0, 1 - ceil(log10(2 * error))))
    text = f"{shown:.{places}f}"
    text = "0" if float(text) == 0 else text
    return f"{text} +- {error:.0g}" if sampled and error > 0 else text
