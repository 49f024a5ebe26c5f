"""``goodhart check``: independent re-verification of a certificate."""

from __future__ import annotations

from typing import Annotated

import typer

from verify.commands.options import Json


def check(
    certificate: Annotated[
        str, typer.Argument(metavar="FILE", help="A certificate, as written by construct.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="The file behind an empirical law (compared by its hash)."
        ),
    ] = None,
    json: Json = None,
) -> None:
    """Recompute everything a certificate says, by two routes.

    Exit status: 0 valid, 1 invalid, 2 not a certificate.
    """
    from json import dumps

    from verify.certificate import Certificate
    from verify.certificate_reader import read_file
    from verify.checker import check as verify
    from verify.errors import InputError
    from verify.files import check_outputs, write_text

    check_outputs({"--json": json}, [certificate] if data is None else [certificate, data])
    read = Certificate.from_json(read_file(certificate))
    laws = [read.base] + ([] if read.utility is None else [read.utility.law])
    if data is not None and not any("empirical" in law for law in laws):
        raise InputError("--data: this certificate is not about a file of rewards; leave it out")
    result = verify(read, data)
    if json is not None:
        answer = {
            "valid": result.valid,
            "verdict": read.verdict,
            "faults": list(result.faults),
            "second_route": result.second_route,
        }
        write_text(json, dumps(answer, indent=2) + "\n")
    if json != "-":
        typer.echo(_sentence(read, result.valid, result.second_route))
        for fault in result.faults:
            typer.echo(f"  {fault}", err=True)
    raise typer.Exit(0 if result.valid else 1)


def _sentence(read: object, valid: bool, second_route: str) -> str:
    verdict = getattr(read, "verdict", "")
    if not valid:
        return f"INVALID: the certificate does not prove its verdict ({verdict})"
    return f"valid: {verdict}, re-proved at twice the precision; second route {second_route}"
