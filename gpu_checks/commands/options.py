"""Options that the commands on real models share, and what ends a run of sampling or scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gpu_checks.records.run import Outcome

RewardName = Annotated[
    str,
    typer.Argument(
        metavar="REWARD_MODEL",
        help="minilm-harmless, smollm2-harmless, a folder or hub id of a reward model, or a folder"
        " of train-reward.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="cpu, cuda or cuda:NUMBER (default: cuda if it is here)."),
]
Dtype = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="float32 (default), float64, bfloat16 or float16."),
]
Engine = Annotated[
    str, typer.Option(metavar="NAME", help="local, or ray: workers with a GPU each.")
]
Workers = Annotated[int, typer.Option(metavar="NUMBER", help="Of engine ray.")]
Json = Annotated[
    str | None, typer.Option(metavar="FILE", help="The answer as JSON ('-' for stdout).")
]


def report(outcome: Outcome, verb: str, out: str, json: str | None) -> None:
    """Say how a run of sampling or scoring went.

    Parameters
    ----------
    outcome : Outcome
    verb : str
        What was done to the rows.
    out : str
        The folder of the run.
    json : str or None
        The file for the answer as JSON.
    """
    from json import dumps
    from pathlib import Path

    from gpu_checks.records.folder import DESCRIPTION, description_of
    from verify.files import STDOUT, write_text

    if json is not None:
        answer = {"folder": out, **outcome.to_dict(), "run": description_of(Path(out, DESCRIPTION))}
        write_text(json, dumps(answer, indent=2) + "\n")
    if json != STDOUT:
        typer.echo(outcome.line(verb))
