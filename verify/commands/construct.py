"""``goodhart construct``: a counterexample for a tail, or a proof that none exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from verify.certificate import Certificate
    from verify.law import Law

EXIT_STATUS = {"counterexample": 0, "impossible": 3, "undecided": 4}


def construct(
    law: Annotated[
        str,
        typer.Argument(
            metavar="LAW",
            help="The law of the reward, e.g. 'burr(c=2, k=1.2)'; with --utility-mean, that of the "
            "error X.",
        ),
    ],
    mean: Annotated[
        str, typer.Option(metavar="NUMBER", help="The mean M that a counterexample must exceed.")
    ],
    kl: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="The KL budget eps, in nats, that it must stay below."),
    ],
    utility: Annotated[
        str | None,
        typer.Option(metavar="LAW", help="Law of the true utility: adds Corollary 1's bound."),
    ] = None,
    utility_mean: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Move the utility too: its mean is to be above this where the base's is not, "
            "else below. LAW and --utility are then independent, and --kl is for both.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the certificate here ('-' for stdout, as below)."),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The answer as JSON: the certificate and its context."),
    ] = None,
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="The enclosures as CSV.")] = None,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw base and reweighted law (.png, .svg or .pdf)."),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write float64 draws of the reweighted law (.npy)."),
    ] = None,
    size: Annotated[
        int, typer.Option(metavar="NUMBER", help="How many draws.", min=1, max=10**9)
    ] = 10_000,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Seed of the draws.", min=0)] = 0,
) -> None:
    """Find a law P near Q in KL with a mean above M, or prove that there is none.

    With --utility-mean, P is a law of the pair (X, V): the error X has the law LAW under Q and its
    mean is to be above M; the utility V is independent of it, and its mean is to be beyond the
    number.

    Exit status: 0 counterexample, 3 impossible, 4 undecided, 2 bad input.
    """
    from verify.commands.options import data_files
    from verify.files import STDOUT, check_outputs

    outputs = {"--out": out, "--json": json, "--csv": csv, "--plot": plot, "--sample": sample}
    check_outputs(outputs, data_files(law, utility))
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)  # refused before the work, not after it
    if sample is not None and sample != STDOUT and not sample.endswith(".npy"):
        raise typer.BadParameter(f"--sample: expected a file ending in .npy, got {sample}")
    from verify.laws import parse

    if utility_mean is not None and utility is None:
        raise typer.BadParameter("--utility-mean: it needs --utility, the law of the utility")
    base, of_utility = parse(law), None if utility is None else _utility(utility)
    certificate = _decide(base, mean, kl, of_utility, utility_mean)
    _write_answers(certificate, base, out, json, csv)
    if STDOUT not in outputs.values():
        _print_summary(certificate, base, of_utility)
    if utility is not None and certificate.utility is None:
        typer.echo("--utility: no counterexample was found, so there is none to bound", err=True)
    _write_extras(certificate, base, of_utility, plot, sample, size, seed)
    raise typer.Exit(EXIT_STATUS[certificate.verdict])


def _decide(
    base: Law, mean: str, kl: str, utility: Law | None, utility_mean: str | None
) -> Certificate:
    if utility_mean is None or utility is None:
        from verify.construction import construct as decide

        return decide(base, mean, kl, utility)
    from verify.pair_construction import construct_pair

    return construct_pair(base, mean, kl, utility, utility_mean)


def _write_extras(
    certificate: Certificate,
    base: Law,
    utility: Law | None,
    plot: str | None,
    sample: str | None,
    size: int,
    seed: int,
) -> None:
    """The picture and the draws; one that cannot be made for this answer is a note, no error."""
    from verify.errors import InputError
    from verify.files import OutputError

    def draw() -> None:
        if plot is not None:
            from verify.plotting import plot_certificate

            plot_certificate(certificate, base, plot)

    def write() -> None:
        if sample is not None:
            from verify.sampling import write_sample

            write_sample(certificate, base, sample, size, seed, utility)

    for make in (draw, write):
        try:
            make()
        except OutputError:
            raise
        except InputError as error:
            typer.echo(f"goodhart: not written: {error}", err=True)


def _utility(text: str) -> Law:
    from verify.errors import InputError
    from verify.laws import parse

    try:
        return parse(text)
    except InputError as error:
        raise InputError(f"--utility: {error}") from None


def _write_answers(
    certificate: Certificate, base: Law, out: str | None, json: str | None, csv: str | None
) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if out is not None:
        write_text(out, certificate.to_json())
    if json is not None:
        answer = certificate.to_dict() | _finite_context(certificate, base)
        write_text(json, dumps(answer, indent=2) + "\n")
    if csv is not None:
        write_csv(csv, _table(certificate))


def _table(certificate: Certificate) -> list[tuple[str, str, str]]:
    """The enclosures, a row each; what has no number has empty cells."""
    from verify.commands.pair_summary import named_numbers
    from verify.pair import UtilityMean

    rows = [("quantity", "low", "high")]
    numbers = dict(certificate.enclosures)
    if isinstance(certificate.utility, UtilityMean):
        numbers = named_numbers(certificate, certificate.utility)
    for name, value in numbers.items():
        low, high = value if isinstance(value, tuple) else (value or "", value or "")
        rows.append((name, low, high))
    return rows


def _finite_context(certificate: Certificate, base: Law) -> dict[str, Any]:
    """For a file of rewards: section 1's finite bound, beside the best that KL eps can buy."""
    from verify.enclosure import Undecided
    from verify.finite import finite_context

    try:
        return finite_context(base, certificate.target.kl)
    except Undecided:
        return {}  # the certificate stands without it


def _print_summary(certificate: Certificate, base: Law, utility: Law | None) -> None:
    from verify.commands.pair_summary import summary_of_pair
    from verify.commands.summary import summary
    from verify.pair import UtilityMean

    stated = certificate.utility
    if isinstance(stated, UtilityMean) and utility is not None:
        lines = summary_of_pair(certificate, stated, utility)
    else:
        lines = summary(certificate, _finite_context(certificate, base))
    for line in lines:
        typer.echo(line)
