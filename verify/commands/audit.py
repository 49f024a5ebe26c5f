"""``goodhart audit``: what a user's own reward scores say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from verify.commands.options import Json

if TYPE_CHECKING:
    from verify.tails.audit import Audit, Options

ENGINES = ("threads", "serial", "processes", "ray")
SIDES = ("upper", "lower")
#: How the names of web pages end.
PAGES = (".html", ".htm")


def audit(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORES...",
            help="Files (.npy, .npz, .csv, .tsv, .json, .jsonl, .parquet, .arrow; .gz too),"
            " folders, or patterns in quotes.",
        ),
    ],
    reward: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of rewards.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of prompts or their ids; none: no column."),
    ] = None,
    utility: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The column of a second (gold) score; none: no column."),
    ] = None,
    side: Annotated[
        str, typer.Option(metavar="SIDE", help="Which tail: upper, or lower (rewards negated).")
    ] = "upper",
    budgets: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="KL budgets in nats, separated by commas."),
    ] = None,
    cap_budget: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="The KL budget that the cap is for (default: 2)."),
    ] = None,
    most_bad: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Largest share of rows without a finite number that is accepted (default: 0.01).",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Of resamples, and of the parts of a sample.")
    ] = 0,
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Who reads the files: {', '.join(ENGINES)}. Processes take seconds to start:"
            " they are for many large files of text.",
        ),
    ] = "threads",
    workers: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="How many threads or processes read.")
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Keep what was read here: a cut-off run goes on."),
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="FILE", help="The whole report as one HTML file.")
    ] = None,
    json: Json = None,
    csv: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What KL budgets buy, as CSV ('-' for stdout)."),
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw the tail's pictures (.png, .svg or .pdf)."),
    ] = None,
) -> None:
    """Audit reward scores: is their tail heavy, what does a KL budget buy, where to cap.

    Columns are found by their usual names; log-probabilities are not read, as answers of the base
    policy need no weights. All numbers are estimates with measured error rates.

    Exit status: 0 audited (whatever the verdict), 2 bad input.
    """
    from verify.errors import InputError
    from verify.files import STDOUT, check_outputs
    from verify.progress import progress_bar

    outputs = {"--report": report, "--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs, files)
    for option, given, known in (("--side", side, SIDES), ("--engine", engine, ENGINES)):
        if given not in known:
            raise InputError(f"{option}: expected {' or '.join(known)}, got {given!r:.40}")
    options = _options(budgets, cap_budget, most_bad, seed)
    if report not in {None, STDOUT} and not str(report).lower().endswith(PAGES):
        raise InputError(f"--report: expected a file ending in {', '.join(PAGES)}, got {report}")
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    from verify.tails.audit import audit as audit_files
    from verify.tails.reading import open_scores

    scores = open_scores(files, reward, prompt, utility, side=side)  # type: ignore[arg-type]
    check_outputs(outputs, scores.files)
    _check_apart({**outputs, "--work": work}, files)
    with progress_bar() as progress:
        answer = audit_files(
            scores,
            options,
            engine=engine,  # type: ignore[arg-type]
            workers=workers,
            work_folder=work,
            progress=progress,
        )
    _write(answer, report, json, csv, plot)
    if STDOUT not in outputs.values():
        from verify.tails.report.terminal import terminal_lines

        typer.echo("\n".join(terminal_lines(answer)))


def _check_apart(outputs: dict[str, str | None], files: list[str]) -> None:
    """Refuse outputs in a folder that is read, where the next run would take them for scores."""
    from os.path import isdir
    from pathlib import Path

    from verify.errors import InputError
    from verify.files import STDOUT
    from verify.tails.reading.formats import is_known

    for option, target in outputs.items():
        if target in {None, STDOUT} or not (option == "--work" or is_known(str(target))):
            continue
        place = Path(str(target)).resolve()
        for folder in filter(isdir, files):
            if place.is_relative_to(Path(folder).resolve()):
                raise InputError(
                    f"{option}: {target} lies in {folder}, a folder that is read: the next run "
                    "would take what is written there for scores; name another place"
                )


def _options(
    budgets: str | None, cap_budget: float | None, most_bad: float | None, seed: int
) -> Options:
    from dataclasses import replace

    from verify.errors import InputError
    from verify.tails.audit import Options

    found = Options(seed=seed)
    if seed < 0:
        raise InputError(f"--seed: expected a number from 0 on, got {seed}")
    if budgets is not None:
        found = replace(found, budgets=_budgets(budgets))
    if cap_budget is not None:
        if not LEAST_BUDGET <= cap_budget <= LARGEST_BUDGET:
            raise InputError(f"--cap-budget: expected a number {BUDGET_RANGE}, got {cap_budget:g}")
        found = replace(found, cap_budget=cap_budget)
    if most_bad is not None:
        if not 0 <= most_bad < 1:
            raise InputError(f"--most-bad: expected a share from 0 up to 1, got {most_bad:g}")
        found = replace(found, most_bad=most_bad)
    return found


#: In nats: a policy this far from the base shares nothing with it.
LARGEST_BUDGET = 100.0
#: What less buys is lost beside the rounding of a mean.
LEAST_BUDGET = 1e-9
BUDGET_RANGE = f"from {LEAST_BUDGET:g} to {LARGEST_BUDGET:g}"
MOST_BUDGETS = 50


def _budgets(text: str) -> tuple[float, ...]:
    from verify.errors import InputError

    wanted = f"expected numbers {BUDGET_RANGE}, such as 0.1,1,2"
    try:
        found = tuple(sorted({float(each) for each in text.split(",")}))
    except ValueError:
        raise InputError(f"--budgets: {wanted}; got {text!r:.60}") from None
    if len(found) > MOST_BUDGETS or not all(
        LEAST_BUDGET <= each <= LARGEST_BUDGET for each in found
    ):
        raise InputError(f"--budgets: {wanted}, {MOST_BUDGETS} at most; got {text!r:.60}")
    return found


def _write(
    answer: Audit, report: str | None, json: str | None, csv: str | None, plot: str | None
) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(answer.to_dict(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(answer.rows()))
    if report is not None:
        from verify.tails.report.sections import page_of

        write_text(report, page_of(answer).html())
    if plot is not None:
        from verify.commands.frontier import draw
        from verify.tails.report.sheet import plot_audit

        draw(plot_audit, answer, plot)
