"""``goodhart laws``: the catalogue, with the exact rate that decides each law."""

from __future__ import annotations

from typing import Annotated

import typer


def laws(
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="The table as JSON ('-' for stdout).")
    ] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="The table as CSV ('-' for stdout).")
    ] = None,
) -> None:
    """List the laws that can be named, and how a law is written."""
    from json import dumps

    from verify.files import STDOUT, check_outputs, write_csv, write_text
    from verify.laws import CATALOGUE
    from verify.laws.signatures import catalogue_rows

    check_outputs({"--json": json, "--csv": csv})
    rows = catalogue_rows(CATALOGUE)
    if json is not None:
        write_text(json, dumps({"laws": rows}, indent=2) + "\n")
    if csv is not None:
        write_csv(csv, [list(rows[0]), *(list(row.values()) for row in rows)])
    if STDOUT in (json, csv):
        return
    width = max(len(row["signature"]) for row in rows)
    for row in rows:
        typer.echo(f"  {row['signature']:<{width}}  {row['meaning']}")
    typer.echo("")
    typer.echo("  Algebra: 2 + 3*LAW, -LAW, mixture(0.9*LAW, 0.1*LAW), truncate(LAW, low=, high=)")
    typer.echo('  Your own tail: tail(log_sf="-x/log(x)", lower="exp(1)")')
    typer.echo('  Your own data: empirical("rewards.npy"), .csv, .parquet, .jsonl or .json')
