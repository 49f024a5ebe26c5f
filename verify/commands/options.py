"""What command lines share: laws that begin with '-' and the files in them, options of outputs."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from verify.errors import InputError

#: ``--name`` or ``--name=value``; no law looks like that, for it would need a parenthesis first.
_OPTION = re.compile(r"(--[A-Za-z][A-Za-z0-9_-]*)(=.*)?", re.DOTALL)

Json = Annotated[
    str | None, typer.Option(metavar="FILE", help="The answer as JSON ('-' for stdout).")
]
Csv = Annotated[
    str | None, typer.Option(metavar="FILE", help="The points as CSV ('-' for stdout).")
]


class LawCommand(TyperCommand):
    """A command that takes laws. They may begin with '-', so it has no short options."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["context_settings"] = {"ignore_unknown_options": True}
        super().__init__(*arguments, **settings)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; what looks like an option must be one."""
        known = [name for param in self.get_params(ctx) for name in param.opts]
        for argument in args:
            if argument == "--":
                break
            found = _OPTION.fullmatch(argument)
            if found and found[1] not in known:
                raise InputError(_no_such_option(found[1], known, ctx.command_path))
        return super().parse_args(ctx, args)


def data_files(*laws: str | None) -> list[str]:
    """The files that laws read: those that ``empirical("FILE")`` names.

    Parameters
    ----------
    *laws : str or None
        Texts of laws. One that cannot be read names none: whoever reads the law says why.
    """
    from verify.expression import MAX_LAW_CHARACTERS, Call, ExpressionError, Text, children, parse

    found: list[str] = []
    for law in laws:
        try:
            pending = [parse(law or "", longest=MAX_LAW_CHARACTERS)]
        except ExpressionError:
            continue
        while pending:
            node = pending.pop()
            pending += children(node)
            if isinstance(node, Call) and node.function == "empirical":
                found += [name.value for name in node.arguments if isinstance(name, Text)]
    return found


def _no_such_option(name: str, known: list[str], command: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=2)
    guess = f" (did you mean {' or '.join(close)}?)" if close else ""
    return f"no such option: {name:.40}{guess}; {command} --help lists them"
