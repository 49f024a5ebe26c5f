"""``goodhart fit``: the two forms of an overoptimisation curve, fitted to measured points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from verify.commands.frontier import draw, print_table
from verify.commands.options import Json

if TYPE_CHECKING:
    from verify.overoptimization.answer import CurveFit, FormFit, Number, Peak
    from verify.overoptimization.data import CurveData
    from verify.overoptimization.samples import SampledCurve

FORM_CHOICES = ("best-of-n", "rl", "both")
#: Digits of an estimate in the table. The JSON has them in full.
DIGITS = 4
#: Resamples of a bootstrap at most: more take minutes, and change no digit that is shown.
MOST_RESAMPLES = 100_000


def fit(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Measured points (.csv, .json, .jsonl or .parquet)."),
    ],
    form: Annotated[
        str, typer.Option(metavar="NAME", help=f"Which form: {', '.join(FORM_CHOICES)}.")
    ] = "both",
    kl: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of KL divergences, in nats.")
    ] = None,
    n: Annotated[
        str | None, typer.Option(metavar="COL", help="In place of --kl: the n of best-of-n.")
    ] = None,
    gold: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of gold scores.")
    ] = None,
    proxy: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of proxy scores.")
    ] = None,
    gold_error: Annotated[
        str | None, typer.Option(metavar="COL", help="Standard errors of the gold scores.")
    ] = None,
    samples: Annotated[
        bool,
        typer.Option("--samples", help="Rows are scored answers: find the curve of best-of-n too."),
    ] = False,
    base: Annotated[
        float | None,
        typer.Option(metavar="NUMBER", help="Gold score of the base policy (default: fitted)."),
    ] = None,
    bootstrap: Annotated[
        int, typer.Option(metavar="NUMBER", help="Resamples, for intervals by the bootstrap.")
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the bootstrap.")] = 0,
    json: Json = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="The estimates as CSV ('-' for stdout).")
    ] = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw points, fits, residuals (.png, .svg or .pdf)."),
    ] = None,
) -> None:
    """Fit the two forms of an overoptimisation curve to measured scores, with their peaks.

    They are d (alpha - beta d) for best-of-n and d (alpha - beta log d) for RL, d = sqrt KL.
    With --samples each row is an answer of the base policy with a proxy and a gold score; the best
    of 1, 2, 4, ... is estimated from them without bias.

    Columns that are called kl or n, gold, proxy and gold_se are found by their names.

    Exit status: 0 fitted, 2 bad input.
    """
    from verify.files import STDOUT, check_outputs
    from verify.overoptimization.data import read_curve
    from verify.overoptimization.fit import fit_curve
    from verify.overoptimization.samples import RESAMPLES, read_answers

    outputs = {"--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs, [file])
    _check_options(form, base, bootstrap, seed)
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    data: CurveData
    if samples:
        _refuse_with_samples({"--kl": kl, "--n": n, "--gold-error": gold_error})
        data = read_answers(file, gold, proxy, bootstrap or RESAMPLES, seed)
        bootstrap = 0
    else:
        data = read_curve(file, kl=kl, n=n, gold=gold, proxy=proxy, error=gold_error)
    forms = FORM_CHOICES[:2] if form == "both" else (form,)
    answer = fit_curve(data, forms, base, bootstrap, seed)
    _write(answer, json, csv)
    if STDOUT not in outputs.values():
        _print(answer)
    if plot is not None:
        from verify.overoptimization.plot import plot_fit

        draw(plot_fit, answer, plot)


def _check_options(form: str, base: float | None, bootstrap: int, seed: int) -> None:
    from verify.errors import InputError
    from verify.overoptimization.data import LARGEST

    if form not in FORM_CHOICES:
        raise InputError(f"--form: expected {' or '.join(FORM_CHOICES)}, got {form!r:.40}")
    if base is not None and not abs(base) <= LARGEST:
        raise InputError(f"--base: expected a finite number, {LARGEST:g} at most, got {base:g}")
    if bootstrap and not 100 <= bootstrap <= MOST_RESAMPLES:
        raise InputError(f"--bootstrap: expected 0, or 100 to {MOST_RESAMPLES}, got {bootstrap}")
    if seed < 0:
        raise InputError(f"--seed: expected a number from 0 on, got {seed}")


def _refuse_with_samples(options: dict[str, str | None]) -> None:
    from verify.errors import InputError

    for option, given in options.items():
        if given is not None:
            raise InputError(f"{option}: with --samples rows are answers, which have none; drop it")


def _write(answer: CurveFit, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(answer.to_dict(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(answer.rows()))


def _print(answer: CurveFit) -> None:
    from verify.decimals import counted
    from verify.overoptimization.samples import SampledCurve

    data = answer.data
    if isinstance(data, SampledCurve):
        typer.echo(f"best of n by proxy: {counted(data.answers, 'answer')} of {data.path}")
    else:
        typer.echo(f"score against d = sqrt KL: {counted(len(data.kl), 'row')} of {data.path}")
    unread = "" if data.unread_n is None else f"; not read: {data.unread_n!r}, as there is a KL"
    typer.echo(f"  columns: {', '.join(_role(answer, role) for role in data.columns)}{unread}")
    if isinstance(data, SampledCurve):
        print_table([("n", "KL", "gold", "s.e.", "proxy"), *_points(data)])
    print_table([_TITLES, *(_cells(fit) for fit in answer.fits)])
    for fit in answer.fits:
        if fit.score == "gold":
            beside = " (the other form fits better)" if fit.form.name == answer.outdone else ""
            typer.echo(f"peak of {fit.form.name}{beside}: {_peak(fit)}")
    if answer.comparison is not None:
        typer.echo(answer.comparison)
    typer.echo(answer.assumption)
    for warning in answer.warnings:
        typer.echo(f"warning: {warning}")


def _role(answer: CurveFit, role: str) -> str:
    """What a column is read as, and whether its name alone said so."""
    data = answer.data
    named = " (by its name)" if role in data.guessed else ""
    return f"{'KL from n' if role == 'n' else role} {data.columns[role]!r}{named}"


def _points(data: SampledCurve) -> list[tuple[str, ...]]:
    assert data.proxy is not None
    return [
        (
            str(found.n),
            _shown(float(kl)),
            _shown(found.mean),
            f"{found.standard_error:.1g}",
            _shown(float(proxy)),
        )
        for found, kl, proxy in zip(data.estimates, data.kl, data.proxy, strict=True)
    ]


_TITLES = ("form", "score", "alpha", "interval", "beta", "interval", "base", "residual sd")


def _cells(fit: FormFit) -> tuple[str, ...]:
    return (
        fit.form.name,
        fit.score,
        *_estimate(fit.alpha),
        *_estimate(fit.beta),
        _shown(fit.base_value),
        f"{fit.deviation:.2g}",
    )


def _estimate(number: Number) -> tuple[str, str]:
    return _shown(number.value), f"{_shown(number.low)} to {_shown(number.high)}"


def _peak(fit: FormFit) -> str:
    if fit.peak is None:
        return "none: beta is not above 0" if fit.beta.value <= 0 else "none"
    peak: Peak = fit.peak
    n = f", n = {peak.n}" if fit.form.name == "best-of-n" else ""
    between = "an unbounded interval"
    if peak.low is not None and peak.high is not None:
        between = f"{_shown(peak.low**2)} to {_shown(peak.high**2)}"
    return f"KL = {_shown(peak.kl)} ({between}){n}, score {_shown(peak.score)}"


def _shown(value: float) -> str:
    return f"{value:.{DIGITS}g}"
