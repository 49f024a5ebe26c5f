"""``goodhart frontier --per-prompt``: what a policy gains that meets prompts as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from flint import arb

from verify.commands.frontier import (
    POINT_COLUMNS,
    Outputs,
    cells_of,
    draw,
    mean_text,
    print_reasons,
    print_table,
    rows_of,
)

if TYPE_CHECKING:
    from verify.enclosure import Number
    from verify.prompts.answer import QuenchedPoint
    from verify.prompts.per_prompt import PerPrompt

#: Prompts that are named: those that spend most; and the characters of a name that are shown.
NAMED, NAME_LENGTH = 5, 32
#: The header of ``--split``.
SPLIT_COLUMNS = ("budget", "prompt", "rows", "weight", "mean", "base_mean", "gain", "kl")
#: Digits of a prompt's numbers, and of the factor by which the pooled gain is larger.
DIGITS, RATIO_DIGITS = 6, 4


def answer(path: str, options: dict[str, str | None], budgets: list[str], outputs: Outputs) -> bool:
    """Read, compute, write and print; whether all is settled.

    Parameters
    ----------
    path : str
        The file of rewards.
    options : dict
        ``--prompt``, ``--reward``, ``--weights`` and ``--split``, as they were given.
    budgets : list of str
        In nats.
    outputs : Outputs
        Where the answer goes.
    """
    from verify.errors import InputError
    from verify.prompts.per_prompt import per_prompt_frontier
    from verify.prompts.reading import read_prompts

    prompt, reward, split = (options[name] for name in ("--prompt", "--reward", "--split"))
    if prompt is None or reward is None:
        missing = "--prompt" if prompt is None else "--reward"
        raise InputError(f"--per-prompt needs {missing} COLUMN")
    data = read_prompts(path, prompt, reward)
    found = per_prompt_frontier(data, budgets, options["--weights"] or "equal")
    _write(found, outputs, split)
    if not outputs.quiet:
        _print(found)
    if outputs.plot is not None:
        from verify.prompts.plot import plot_prompts

        draw(plot_prompts, found, outputs.plot)
    return found.frontier.settled


def _write(found: PerPrompt, outputs: Outputs, split: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if outputs.json is not None:
        write_text(outputs.json, dumps(found.to_dict(), indent=2) + "\n")
    if outputs.csv is not None:
        sides = {"per-prompt": found.frontier.points, "pooled": found.frontier.pooled}
        write_csv(outputs.csv, rows_of(sides))
    if split is not None:
        write_csv(split, _split_rows(found))


def _split_rows(found: PerPrompt) -> list[tuple[object, ...]]:
    """Every prompt at every budget."""
    from verify.decimals import decimal_text, plain
    from verify.prompts.answer import digits_of, gain_of

    rows: list[tuple[object, ...]] = [SPLIT_COLUMNS]
    for point in found.frontier.points:
        for share in point.split:
            base = found.base_means[share.name]
            rows.append(
                (
                    plain(point.budget),
                    share.name,
                    found.rows[share.name],
                    decimal_text(share.weight),
                    digits_of(share.mean),
                    digits_of(base),
                    plain(gain_of(share.mean, base)),
                    digits_of(share.kl),
                )
            )
    return rows


# ---- the terminal -------------------------------------------------------------------------------


def _print(found: PerPrompt) -> None:
    frontier, prompts = found.frontier, len(found.data.names)
    typer.echo(
        f"best mean of a policy over {prompts} prompts ({found.weights_in_words}), "
        f"{len(found.data.rewards)} rewards, E_s KL(P_s||Q_s) <= d"
    )
    typer.echo(f"file: {frontier.base}; base mean {_shown(frontier.mean)}")
    reasons: list[str] = []
    rows: list[tuple[str, ...]] = [(*POINT_COLUMNS, "pooled (wrong)", "gain is larger")]
    for number, (point, pooled) in enumerate(zip(frontier.points, frontier.pooled, strict=True)):
        _, ratio = frontier.overstatement(number)
        rows.append((*cells_of(point, reasons), mean_text(pooled), _times(ratio)))
    print_table(rows)
    print_reasons(reasons)
    typer.echo(
        "pooled: all rewards as one law, which is right only for a policy that picks the prompts"
    )
    _print_spenders(found, frontier.points[-1])
    _print_caveats(found)


def _times(ratio: arb | None) -> str:
    """A factor to RATIO_DIGITS digits; both its ends where they differ there."""
    if ratio is None:
        return "-"
    low, high = (end.str(RATIO_DIGITS, radius=False) for end in (ratio.lower(), ratio.upper()))
    return f"{low} times" if low == high else f"{low} to {high} times"


def _print_spenders(found: PerPrompt, point: QuenchedPoint) -> None:
    from verify.decimals import plain
    from verify.prompts.answer import gain_of

    spenders = point.spenders(NAMED)
    if not spenders:
        return
    typer.echo(f"prompts that spend most at d = {plain(point.budget)}")
    rows: list[tuple[str, ...]] = [("prompt", "rows", "part of the budget", "KL", "mean", "gain")]
    for share, part in spenders:
        name = share.name if len(share.name) <= NAME_LENGTH else f"{share.name[:NAME_LENGTH]}..."
        gain = gain_of(share.mean, found.base_means[share.name])
        numbers = (f"{float(value):.{DIGITS}g}" for value in (share.kl, share.mean, gain))
        rows.append((repr(name), str(found.rows[share.name]), f"{100 * part:.3g} %", *numbers))
    print_table(rows)


def _print_caveats(found: PerPrompt) -> None:
    typer.echo(
        "A prompt stands for its rows: its best is its largest reward, at a KL of at most log(rows)"
        "; with few rows a prompt the true frontier is likely higher."
    )
    if found.constant:
        only = "one row" if found.constant == found.single else "the same reward in all their rows"
        typer.echo(
            f"{found.constant} of {len(found.rows)} prompts have {only}: no budget moves them."
        )


def _shown(mean: Number | None) -> str:
    return f"{float(mean):.{DIGITS}g}" if isinstance(mean, arb) else "not known"
