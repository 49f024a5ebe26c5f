"""``python -m gpu_checks``: predictions against outcomes on real models, at a chosen size."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from verify.errors import InputError


def main(
    size: Annotated[str, typer.Option(metavar="NAME", help="smoke, small or full.")] = "smoke",
    only: Annotated[
        str | None, typer.Option(metavar="LIST", help="Checks, separated by commas (default: all).")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="cpu or cuda (default: cuda if it is here).")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(metavar="NAME", help="float32 (default), bfloat16 or float16.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER")] = 0,
    work: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="For samples; a run that was cut off goes on there."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="The results, as JSON ('-' for stdout).")
    ] = None,
) -> None:
    """Run the suite. Exit status: 0 no prediction failed, 1 some did, 2 bad input."""
    from gpu_checks.extra import require_extra
    from verify.commands.frontier import print_table
    from verify.files import STDOUT, check_outputs, write_text

    require_extra("python -m gpu_checks")
    check_outputs({"--out": out})
    from gpu_checks.suite.checks import CHECKS
    from gpu_checks.suite.sizes import SIZES

    names = list(CHECKS) if only is None else only.split(",")
    for option, given, known in (("--size", [size], SIZES), ("--only", names, CHECKS)):
        wrong = [each for each in given if each not in known]
        if wrong:
            raise InputError(f"{option}: expected {', '.join(known)}; got {wrong[0]!r:.40}")
    from gpu_checks.suite.running import run_checks, table, to_dict
    from gpu_checks.suite.workshop import Workshop
    from verify.progress import progress_bar

    with TemporaryDirectory() as temporary, progress_bar() as progress:
        folder = Path(temporary if work is None else work)
        shop = Workshop(
            folder,
            SIZES[size],
            device,
            dtype,
            seed=seed,
            progress=progress,
            say=partial(typer.echo, err=True),
        )
        ran = list(run_checks(shop, names))
        answer = to_dict(shop, ran)
    if out is not None:
        write_text(out, json.dumps(answer, indent=2) + "\n")
    if out != STDOUT:
        print_table(table(ran))
    failed = [each for one in ran for each in one.findings if each.verdict == "fails"]
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputError as error:
        print(f"gpu_checks: {error}", file=sys.stderr)
        sys.exit(2)
