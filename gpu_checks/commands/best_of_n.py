"""``goodhart best-of-n``: scored answers of a real policy, outcome beside prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gpu_checks.commands.options import Json
from verify.commands.frontier import draw, print_table

if TYPE_CHECKING:
    from gpu_checks.best_of_n import BestOfN


def best_of_n(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORES...",
            help="Answers of the base policy with their scores: files or folders, as for audit.",
        ),
    ],
    proxy: Annotated[
        str | None, typer.Option(metavar="COL", help="The column the best is chosen by.")
    ] = None,
    gold: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of gold scores.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="The column of prompts; none: all answers are draws of one law.",
        ),
    ] = None,
    planted: Annotated[
        str | None,
        typer.Option(metavar="LAW", help="In place of a proxy: gold + an error of this law."),
    ] = None,
    n: Annotated[
        str | None,
        typer.Option("--n", metavar="LIST", help="Numbers of answers, separated by commas."),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Of planted errors, and of predictions.")
    ] = 0,
    json: Json = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="A row for each n ('-' for stdout).")
    ] = None,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw it (.png, .svg or .pdf).")
    ] = None,
) -> None:
    """What choosing the best of n answers by a proxy did to the gold score, and what was foretold.

    Estimated without bias from answers of the base policy, prompt by prompt where there is a column
    of prompts. The KL is exact for scores that do not tie, and less where some do.

    Exit status: 0 answered, 2 bad input.
    """
    from gpu_checks.best_of_n import best_of_answers, read_answers
    from verify.errors import InputError
    from verify.files import STDOUT, check_outputs
    from verify.laws import parse

    outputs = {"--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs, files)
    sizes = None if n is None else _sizes(n)
    if seed < 0:
        raise InputError(f"--seed: expected a number from 0 on, got {seed}")
    if planted is not None and proxy is not None:
        raise InputError("--proxy and --planted both say what the best is chosen by; give one")
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    error = None if planted is None else parse(planted)
    answers = read_answers(files, proxy, gold, prompt, planted=error is not None)
    if error is not None and planted is not None:
        answers = answers.with_error(error, planted, seed)
    found = best_of_answers(answers, sizes, error, seed)
    _write(found, json, csv)
    if STDOUT not in outputs.values():
        _print(found)
    if plot is not None:
        from gpu_checks.best_of_n.plot import plot_best_of_n

        draw(plot_best_of_n, found, plot)


def _sizes(text: str) -> list[int]:
    from verify.errors import InputError

    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"--n: expected whole numbers separated by commas, got {text!r:.40}"
        ) from None


def _write(found: BestOfN, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(found.to_dict(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(found.rows()))


def _print(found: BestOfN) -> None:
    answers = found.answers
    prompts = "" if answers.prompt is None else f" to {len(answers.groups()):,} prompts"
    typer.echo(f"best of n by the proxy: {len(answers.proxy):,} answers{prompts}")
    if answers.left_out:
        typer.echo(f"  {answers.left_out:,} more have no gold score and are left out")
    names = ", ".join(f"{role} {name!r}" for role, name in (answers.columns or {}).items())
    error = "" if answers.planted is None else f"; proxy = gold + an error of {answers.planted}"
    typer.echo(f"  columns: {names}{error}")
    print_table(
        [
            ("n", "KL", "gold", "gain", "95 %", "proxy"),
            *(
                (
                    f"{each.n:,}",
                    f"{each.kl:.4g}",
                    f"{each.gold.value:.4g}",
                    f"{each.gain.value:.4g}",
                    "" if each.gain.low is None else f"{each.gain.low:.4g} to {each.gain.high:.4g}",
                    f"{each.proxy.value:.4g}",
                )
                for each in found.outcomes
            ),
        ]
    )
    print_table(
        [
            ("prediction", "n", "foretold", "gold", "verdict"),
            *(
                (
                    each.prediction.name,
                    f"{each.n:,}",
                    f"{each.foretold:.4g}",
                    f"{each.outcome.gold.value:.4g}",
                    each.verdict,
                )
                for each in found.comparisons
            ),
        ]
    )
    for each in found.predictions:
        typer.echo(f"{each.name}: {each.because}")
