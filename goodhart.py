"""The front door: mounts the command groups as ``goodhart ...``; no logic of its own."""

from __future__ import annotations

import errno
import os
import sys

import typer
from typer.exceptions import TyperException

from gpu_checks.commands.attack import attack
from gpu_checks.commands.best_of_n import best_of_n
from gpu_checks.commands.sample import sample
from gpu_checks.commands.score import score
from gpu_checks.commands.train import train
from gpu_checks.commands.train_reward import train_reward
from theorems.commands import verify
from verify.commands.audit import audit
from verify.commands.check import check
from verify.commands.compare import compare
from verify.commands.construct import construct
from verify.commands.fit import fit
from verify.commands.frontier import frontier
from verify.commands.laws import laws
from verify.commands.options import LawCommand
from verify.commands.utility import utility
from verify.errors import InputError

app = typer.Typer(
    name="goodhart",
    help="The companion to 'Catastrophic Goodhart' (arXiv 2407.14503): verdicts on its statements,"
    " certified counterexamples for any reward tail, and their checker.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: The exit status after Ctrl-C: typer's, and every shell's.
INTERRUPTED = 130
#: What a lost standard output raises.
LOST = (errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EPIPE)

app.command()(verify)
app.command(cls=LawCommand)(construct)
app.command()(check)
app.command(cls=LawCommand)(frontier)
app.command(cls=LawCommand)(utility)
app.command(cls=LawCommand)(compare)
app.command()(fit)
app.command()(audit)
app.command()(laws)
app.command()(sample)
app.command()(score)
app.command()(train_reward)
app.command()(attack)
app.command()(best_of_n)
app.command()(train)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input is one line on stderr and exit status 2."""
    try:
        given = sys.argv[1:] if arguments is None else arguments
        status = app(args=given or ["--help"], prog_name="goodhart", standalone_mode=False)
        sys.stdout.flush()
        if status == INTERRUPTED:
            raise KeyboardInterrupt
    except TyperException as error:
        status = _refuse(_usage(error))
    except InputError as error:
        status = _refuse(str(error))
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("interrupted; nothing was left half-written", err=True)
        status = INTERRUPTED
    except OSError as error:
        if error.errno not in LOST or error.filename is not None:
            raise
        status = _lost_output(error)
    sys.exit(status if isinstance(status, int) else 0)


def _usage(error: TyperException) -> str:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    where = "goodhart" if context is None else context.command_path
    return f"{message[:1].lower()}{message[1:]}; {where} --help tells what is accepted"


def _refuse(message: str) -> int:
    line = " ".join(message.split())
    typer.echo(f"goodhart: {line}", err=True)
    return 2


def _lost_output(error: OSError) -> int:
    """Standard output is full or gone. Drop what is left of it, or exiting would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 1
    return _refuse(f"cannot write standard output: {(error.strerror or str(error)).lower()}")


if __name__ == "__main__":
    main()
