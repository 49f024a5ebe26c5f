"""``goodhart attack``: the answer of the highest reward, and what it costs to force it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpu_checks.commands.options import Device, Dtype, Json, RewardName

if TYPE_CHECKING:
    from gpu_checks.attack.result import Attack
    from gpu_checks.attack.settings import Settings
    from verify.laws.empirical_law import Empirical

#: Runs that one command makes at most.
MOST_RUNS = 10_000


def attack(
    reward_model: RewardName,
    prompt: Annotated[
        str, typer.Option(metavar="TEXT", help="What the answers are to (default: nothing).")
    ] = "",
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The base policy, smollm2 for one: prices what is found."
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="SCORES", help="Rewards of the base policy's answers: a file or a folder."
        ),
    ] = None,
    base_column: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of rewards in SCORES.")
    ] = None,
    shares: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="How often the answer is forced (default: 0.01,0.001,0.1,1).",
        ),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="default, or official: the settings of the paper's experiments (length 133,"
            " 1000 steps, 12 candidates, k = 3, 9 to 2 edits).",
        ),
    ] = "default",
    method: Annotated[
        str | None, typer.Option(metavar="NAME", help="acg (default), gcg or random.")
    ] = None,
    length: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Tokens of the answer (default: 20).")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Steps at most (default: 200).")
    ] = None,
    width: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Candidates of a step (default: 64).")
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Tokens tried at each position (default: 64)."),
    ] = None,
    edits: Annotated[
        str | None,
        typer.Option(
            metavar="FIRST:LAST",
            help="Tokens that a candidate changes, at the first step and the last (default: 2:1).",
        ),
    ] = None,
    merges: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="Candidates made of the others' edits together (default: 8, or half of them).",
        ),
    ] = None,
    history: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Best states kept (default: 8).")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="Edits in vain before another of the best has its turn (default: 4).",
        ),
    ] = None,
    any_tokens: Annotated[
        bool, typer.Option("--any-tokens", help="Try tokens that no text has in this order too.")
    ] = False,
    ascii_only: Annotated[
        bool, typer.Option("--ascii-only", help="Try tokens of printable ASCII alone.")
    ] = False,
    target: Annotated[
        float | None, typer.Option(metavar="REWARD", help="Stop when it is reached.")
    ] = None,
    stall: Annotated[
        int | None, typer.Option(metavar="STEPS", help="Stop after so many without a better one.")
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="Stop after so many forward passes, a gradient is 3."),
    ] = None,
    runs: Annotated[
        int, typer.Option(metavar="NUMBER", help="Runs, from seeds that follow each other.")
    ] = 1,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the first run.")] = 0,
    batch: Annotated[
        int | None,
        typer.Option(metavar="ROWS", help="Rows of a batch at most (default: what memory allows)."),
    ] = None,
    no_prefix_cache: Annotated[
        bool,
        typer.Option("--no-prefix-cache", help="Read each candidate from its first token on."),
    ] = False,
    device: Device = None,
    dtype: Dtype = None,
    work: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Keep the state here: a run that was cut off goes on."),
    ] = None,
    json: Json = None,
    csv: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Each better reward as CSV ('-' for stdout)."),
    ] = None,
) -> None:
    """Attack a reward model: Accelerated Coordinate Gradient on its scalar head.

    With --policy it says what it costs to force the answer found, in KL divergence, and with --base
    what that divergence would have bought otherwise. GCG and random search are there to compare.

    Exit status: 0 attacked, 2 bad input.
    """
    from verify.files import STDOUT, check_outputs
    from verify.progress import progress_bar

    outputs = {"--json": json, "--csv": csv}
    check_outputs(outputs, [] if base is None else [base])
    from gpu_checks.extra import require_extra

    require_extra("goodhart attack")
    settings = _settings(
        preset,
        edits,
        {
            "method": method,
            "length": length,
            "steps": steps,
            "width": width,
            "top_k": top_k,
            "merges": merges,
            "history": history,
            "patience": patience,
            "retokenise": False if any_tokens else None,
            "ascii_only": ascii_only or None,
            "target": target,
            "stall": stall,
            "passes": passes,
            "seed": seed,
        },
    )
    _check(runs, batch, policy, base, base_column, shares)
    from gpu_checks.attack.price import default_shares, parse_shares

    priced = default_shares() if shares is None else parse_shares(shares)
    law, files = (None, ()) if base is None else _base_sample(base, base_column)
    from gpu_checks.attack.run import attack as attack_model
    from gpu_checks.models import base_policy
    from gpu_checks.models import reward_model as load_reward

    reward = load_reward(reward_model, device, dtype)
    prior = None if policy is None else base_policy(policy, device, dtype)
    with progress_bar() as progress:
        answer = attack_model(
            reward,
            prompt,
            settings,
            runs=runs,
            policy=prior,
            base=law,
            base_files=files,
            shares=priced,
            prefix_cache=not no_prefix_cache,
            rows=batch,
            work_folder=work,
            progress=progress,
        )
    _write(answer, json, csv)
    if STDOUT not in outputs.values():
        from gpu_checks.attack.terminal import terminal_lines

        typer.echo("\n".join(terminal_lines(answer)))


def _settings(preset: str, edits: str | None, given: dict[str, Any]) -> Settings:
    """The preset's settings, with those in place of them that are given."""
    from dataclasses import replace

    from gpu_checks.attack.schedule import geometric, official
    from gpu_checks.attack.settings import PRESETS, Settings, official_settings
    from verify.errors import InputError

    if preset not in PRESETS:
        raise InputError(f"--preset: expected {' or '.join(PRESETS)}, got {preset!r:.40}")
    found = official_settings() if preset == "official" else Settings()
    named = {name: value for name, value in given.items() if value is not None}
    steps = named.pop("steps", found.steps)
    if steps < 1:
        raise InputError(f"--steps: expected 1 or more, got {steps}")
    if edits is not None:
        named["edits"] = geometric(*_first_and_last(edits), steps)
    elif preset == "official":
        named["edits"] = official(steps)
    else:
        most = max(1, min(found.edits[0], named.get("length", found.length)))
        named["edits"] = geometric(most, found.edits[-1], steps)
    named.setdefault("merges", min(found.merges, named.get("width", found.width) // 2))
    return replace(found, **named)


def _first_and_last(edits: str) -> tuple[int, int]:
    from verify.errors import InputError

    first, separator, last = edits.partition(":")
    if not (separator and first.isdecimal() and last.isdecimal() and int(first) and int(last)):
        raise InputError(f"--edits: expected two whole numbers such as 9:2, got {edits!r:.40}")
    return int(first), int(last)


def _check(
    runs: int,
    batch: int | None,
    policy: str | None,
    base: str | None,
    base_column: str | None,
    shares: str | None,
) -> None:
    from verify.errors import InputError

    if not 1 <= runs <= MOST_RUNS:
        raise InputError(f"--runs: expected 1 to {MOST_RUNS}, got {runs}")
    if batch is not None and batch < 1:
        raise InputError(f"--batch: expected 1 or more, got {batch}")
    for option, given, needs, there in (
        ("--base", base, "--policy", policy),
        ("--shares", shares, "--policy", policy),
        ("--base-column", base_column, "--base", base),
    ):
        if given is not None and there is None:
            raise InputError(f"{option} is of use with {needs} only; name one")


def _base_sample(base: str, column: str | None) -> tuple[Empirical, tuple[str, ...]]:
    import numpy as np

    from verify.errors import InputError
    from verify.laws.empirical_law import Empirical
    from verify.tails.reading import open_scores

    scores = open_scores([base], column)
    batches = [batch for shard in scores.shards for batch in shard.batches()]
    for batch in batches:
        if batch.tally.first is not None:
            file, row, why = batch.tally.first
            raise InputError(f"--base: {file}, row {row}: {why}; expected numbers only")
    rewards = np.concatenate([batch.reward for batch in batches])
    return Empirical.from_values(rewards, base), scores.files


def _write(answer: Attack, json: str | None, csv: str | None) -> None:
    from json import dumps

    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(answer.to_dict(), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(answer.rows()))
