"""``goodhart verify``: run every claim and print the verdicts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from verify.ledger import Ledger


#: The columns that fold where a terminal is too narrow for them.
FOLDED = ("id", "source", "stance")
#: Columns of the tables where they go to a file.
WIDE = 160


def verify(
    select: Annotated[
        str | None,
        typer.Option(metavar="IDS", help="Only these claims and those below them, e.g. t1,t2."),
    ] = None,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="The ledger as JSON ('-' for stdout).")
    ] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="The claims as CSV ('-' for stdout).")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER", help="Processes (default: one a processor).", min=1, max=256
        ),
    ] = None,
) -> None:
    """Run the claims, each with its evidence, and give a verdict on each printed statement.

    Stopped half-way (Ctrl-C or a plain kill) it prints what was found of the claims that were done,
    and writes no file.

    Exit status: 0 if every claim holds, else 1; 130 if it was stopped.
    """
    from theorems.catalogue import CLAIMS
    from verify.files import STDOUT, check_outputs
    from verify.ledger import Interrupted, run
    from verify.progress import progress_bar

    check_outputs({"--json": json, "--csv": csv})
    prefixes = [prefix.strip() for prefix in select.split(",")] if select else []
    try:
        with _stopped_as_interrupted(), progress_bar() as progress:
            ledger = run(CLAIMS, prefixes, jobs, progress)
    except Interrupted as stop:
        if STDOUT not in (json, csv):
            _print(stop.ledger)
        done = len(stop.ledger.entries)
        typer.echo(
            f"stopped: {done} of {stop.number} claims are done; no file is written", err=True
        )
        raise
    _write(ledger, json, csv)
    if STDOUT not in (json, csv):
        _print(ledger)
    raise typer.Exit(0 if ledger.holds else 1)


@contextmanager
def _stopped_as_interrupted() -> Iterator[None]:
    """Within it SIGTERM is taken like Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # elsewhere no handler can be set, and none would be called
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write(ledger: Ledger, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text
    from verify.ledger import COLUMNS

    if json is not None:
        write_text(json, dumps(ledger.to_json(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, [COLUMNS, *ledger.rows()])


def _print(ledger: Ledger) -> None:
    from rich.console import Console
    from rich.table import Table

    from verify.ledger import COLUMNS

    console = Console()
    if not console.is_terminal:
        console.width = WIDE  # nothing is cut in a file
    claims = Table(title="Claims", title_justify="left", box=None, pad_edge=False)
    for title in COLUMNS:
        folds = title in FOLDED
        claims.add_column(
            title,
            justify="right" if title == "seconds" else "left",
            overflow="fold" if folds else "ellipsis",
            no_wrap=not folds,
            min_width=None if folds else len(title),
        )
    for row in ledger.rows():
        claims.add_row(*row)
    verdicts = Table(title="Verdicts", title_justify="left", box=None, pad_edge=False)
    for title in ("printed statement", "verdict", "claims"):
        verdicts.add_column(title)
    for verdict in ledger.verdicts:
        verdicts.add_row(verdict.statement, verdict.verdict, str(len(verdict.claims)))
    console.print(claims)
    for entry in ledger.entries:
        if entry.outcome != "holds":
            console.print(f"{entry.claim.id}: {entry.outcome}: {entry.detail}", markup=False)
    for note in _on_proofs(ledger):
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    if ledger.verdicts:
        console.print()
        console.print(verdicts)
    holding = sum(entry.outcome == "holds" for entry in ledger.entries)
    console.print(f"\n{holding} of {len(ledger.entries)} claims hold", highlight=False)


def _on_proofs(ledger: Ledger) -> list[str]:
    """Which claims a proof assistant confirms, and why it does not look at others here."""
    notes: dict[str, list[str]] = {}
    for entry in ledger.entries:
        for finding in entry.proofs:
            if finding.outcome == "holds":
                notes.setdefault("proved in Coq as well", []).append(entry.claim.id)
            elif finding.outcome == "unknown":
                reason = finding.detail.partition(": ")[2]  # after the theorem's name
                notes.setdefault(f"not checked in Coq: {reason}", []).append(entry.claim.id)
    return [f"{', '.join(claims)}: {note}" for note, claims in notes.items()]
