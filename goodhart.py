"""The front door: mounts the command groups as ``goodhart ...``; no logic of its own."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import TyperException

from theorems.commands import verify
from verify.commands.check import check
from verify.commands.construct import construct
from verify.commands.laws import laws
from verify.errors import InputError

app = typer.Typer(
    name="goodhart",
    help="The companion to 'Catastrophic Goodhart' (arXiv 2407.14503): verdicts on its statements,"
    " certified counterexamples for any reward tail, and their checker.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

# Laws may begin with '-', so commands that take them have no short options and pass on what they
# do not know; an unknown option is then one argument too many, or no law.
TAKES_LAWS = {"ignore_unknown_options": True}

app.command()(verify)
app.command(context_settings=TAKES_LAWS)(construct)
app.command()(check)
app.command()(laws)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input is one line on stderr and exit status 2."""
    try:
        given = sys.argv[1:] if arguments is None else arguments
        status = app(args=given or ["--help"], prog_name="goodhart", standalone_mode=False)
    except TyperException as error:
        status = _refuse(error.format_message())
    except InputError as error:
        status = _refuse(str(error))
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("interrupted; nothing was left half-written", err=True)
        status = 130
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(message: str) -> int:
    line = " ".join(message.split())
    typer.echo(f"goodhart: {line}", err=True)
    return 2


if __name__ == "__main__":
    main()
