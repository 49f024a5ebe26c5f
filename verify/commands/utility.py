"""``goodhart utility``: what optimising the proxy ``U = X + V`` does to the true utility V."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from verify.commands.frontier import draw, print_reasons, print_table
from verify.commands.options import Csv, Json, data_files

if TYPE_CHECKING:
    from verify.utility_curve import Quantity, UtilityCurve, UtilityPoint

ANSWERED, UNDECIDED = 0, 4
OPTIMIZERS = ("tilt", "condition", "best-of-n")
#: KL caps where nothing is asked for: they mean the same for every pair of laws.
DEFAULT_CAPS = "0.01,0.1,1,10,100"
#: Which options each optimiser is asked with.
ASKED = {
    "tilt": ("--tilts", "--betas", "--kl-caps"),
    "condition": ("--thresholds",),
    "best-of-n": ("--draws",),
}
#: Digits of a number in the table, and of a sampled one. The JSON has them in full.
DIGITS, SAMPLED_DIGITS = 10, 4


def utility(
    error: Annotated[
        str, typer.Argument(metavar="X", help="The law of the error, e.g. 'exponential()'.")
    ],
    utility: Annotated[
        str, typer.Argument(metavar="V", help="The law of the true utility, e.g. 'normal()'.")
    ],
    optimizer: Annotated[
        str,
        typer.Option(metavar="NAME", help=f"What optimises U = X + V: {', '.join(OPTIMIZERS)}."),
    ] = "tilt",
    betas: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help="Prices b of a nat: the best E U - b KL."),
    ] = None,
    kl_caps: Annotated[
        str | None,
        typer.Option(metavar="NUMBERS", help=f"Budgets of KL in nats (default: {DEFAULT_CAPS})."),
    ] = None,
    tilts: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Tilts l = 1/b themselves.")
    ] = None,
    copula: Annotated[
        str | None,
        typer.Option(
            metavar="COPULA", help="How X and V depend on each other, e.g. 'gaussian(rho=0.5)'."
        ),
    ] = None,
    thresholds: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS",
            help="The t of U > t, for --optimizer condition (default: from the body of U far out).",
        ),
    ] = None,
    draws: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBERS", help="The n, for --optimizer best-of-n (default: from 1 to 1e18)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of what is sampled.")] = 0,
    json: Json = None,
    csv: Csv = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw E V against KL (.png, .svg or .pdf)."),
    ] = None,
) -> None:
    """The curve of E V as the proxy U = X + V is optimised, and its limit.

    X and V are independent unless --copula joins them.

    Exit status: 0 answered (also that no policy is optimal), 4 nothing was settled, 2 bad input.
    """
    from verify.errors import InputError
    from verify.files import STDOUT, check_outputs

    outputs = {"--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs, data_files(error, utility))
    if optimizer not in OPTIMIZERS:
        raise InputError(f"--optimizer: expected {' or '.join(OPTIMIZERS)}, got {optimizer!r:.40}")
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    asked = {
        "--tilts": tilts,
        "--betas": betas,
        "--kl-caps": kl_caps,
        "--thresholds": thresholds,
        "--draws": draws,
    }
    _check_asked(optimizer, asked, copula)
    if optimizer == "tilt" and all(asked[name] is None for name in ASKED["tilt"]):
        asked["--kl-caps"] = DEFAULT_CAPS
    numbers = {name: _listed(text) for name, text in asked.items()}
    if copula is None:
        answer = _independent(error, utility, optimizer, numbers)
    else:
        answer = _joined(error, utility, copula, optimizer, numbers, seed)
    _write(answer, json, csv)
    if STDOUT not in outputs.values():
        print_answer(answer)
    if plot is not None:
        from verify.plot_utility import plot_utility

        draw(plot_utility, answer, plot)
    raise typer.Exit(ANSWERED if answer.answered else UNDECIDED)


def _listed(numbers: str | None) -> list[str]:
    return [] if numbers is None else [text.strip() for text in numbers.split(",")]


def _check_asked(optimizer: str, asked: dict[str, str | None], copula: str | None) -> None:
    """Refuse options that belong to another optimiser, and a sampled one that is asked nothing."""
    from verify.errors import InputError

    for name, text in asked.items():
        if text is not None and name not in ASKED[optimizer]:
            wanted = " or ".join(ASKED[optimizer])
            raise InputError(f"{name}: --optimizer {optimizer} is asked with {wanted}")
    if copula is not None and optimizer != "tilt" and asked[ASKED[optimizer][0]] is None:
        raise InputError(f"--optimizer {optimizer}: expected {ASKED[optimizer][0]} too")


def _independent(
    error: str, utility: str, optimizer: str, numbers: dict[str, list[str]]
) -> UtilityCurve:
    """The curve of independent X and V: certified for any two laws."""
    from verify import usual_points
    from verify.laws import parse

    x, v = parse(error), parse(utility)
    if optimizer == "tilt":
        from verify.tilted_utility import tilted_utility

        return tilted_utility(x, v, numbers["--tilts"], numbers["--betas"], numbers["--kl-caps"])
    if optimizer == "condition":
        from verify.conditioning.curve import conditioning_curve

        return conditioning_curve(x, v, numbers["--thresholds"] or usual_points.thresholds(x, v))
    from verify.best_of.curve import best_of_curve
    from verify.progress import progress_bar

    with progress_bar() as progress:
        return best_of_curve(x, v, numbers["--draws"] or usual_points.DRAWS, progress)


def _joined(
    error: str,
    utility: str,
    copula: str,
    optimizer: str,
    numbers: dict[str, list[str]],
    seed: int,
) -> UtilityCurve:
    from verify.joint.utility import joint_utility
    from verify.laws import parse

    return joint_utility(
        parse(error),
        parse(utility),
        copula,
        optimizer,  # type: ignore[arg-type]
        tilts=numbers["--tilts"],
        betas=numbers["--betas"],
        kl_caps=numbers["--kl-caps"],
        thresholds=numbers["--thresholds"],
        draws=numbers["--draws"],
        seed=seed,
    )


def _write(answer: UtilityCurve, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(answer.to_dict(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(answer.rows()))


def print_answer(answer: UtilityCurve) -> None:
    """The answer for the terminal."""
    from verify.utility_curve import LABELS, PARAMETERS

    typer.echo(f"E V as U = X + V is optimised, X = {answer.error}, V = {answer.utility}")
    if answer.dependence != "independent":
        typer.echo(f"X and V joined by {answer.dependence}")
    reasons: list[str] = []
    tilted = answer.optimizer == "tilt"
    places = ("b", "l") if tilted else (PARAMETERS[answer.optimizer],)
    columns = (*places, *LABELS.values(), *(("attained",) if tilted else ()), "because")
    print_table([columns, *(_cells(point, reasons, tilted) for point in answer.points)])
    print_reasons(reasons)
    limit = answer.limit
    typer.echo(f"limit of E V{f' along {limit.along}' if limit.along else ''}: {limit.text}")
    typer.echo(f"  {limit.because}")
    if answer.strays:
        typer.echo(f"  the points do not show it{_further(answer)}")


def _further(answer: UtilityCurve) -> str:
    """What would show a limit that the points do not show, if anything can be asked for."""
    from verify.best_of.curve import MOST_DRAWS

    if answer.optimizer == "best-of-n" and any(point.at == MOST_DRAWS for point in answer.points):
        return f": it lies beyond 1e{len(str(MOST_DRAWS)) - 1} draws, and no more are accepted"
    return f" yet: ask for larger {ASKED[answer.optimizer][0]}"


def _cells(point: UtilityPoint, reasons: list[str], tilted: bool) -> tuple[str, ...]:
    """The cells of a point; a reason that is new is added to the list that notes refer to."""
    if point.because not in reasons:
        reasons.append(point.because)
    kl = _shown(point.kl)
    if point.kl is None and point.kl_cap is not None:
        kl = f"<= {point.kl_cap}"
    means = (_shown(value) for value in (point.mean_u, point.mean_v, point.mean_x))
    note = f"({reasons.index(point.because) + 1})"
    if not tilted:  # a selection is a policy: there is nothing to attain
        return (point.place or "-", kl, *means, note)
    attained = {True: "yes", False: "no", None: "not known"}[point.attained]
    return (*_places(point), kl, *means, attained, note)


def _places(point: UtilityPoint) -> tuple[str, str]:
    """The price b = 1/l of a nat, and the tilt l."""
    from verify.enclosure import Diverges, ball

    if point.at is None:
        return "-", "-"
    if isinstance(point.at, Diverges):
        return "0", "oo"
    tilt = ball(point.at)
    if point.at == 0:
        return "oo", "0"
    return _shown(1 / tilt), _shown(tilt)


def _shown(value: Quantity) -> str:
    from verify.utility_curve import Estimate, limit_text

    if isinstance(value, Estimate):
        return f"{value.value:.{SAMPLED_DIGITS}g} +- {value.standard_error:.1g}"
    return limit_text(value, DIGITS) or "-"
