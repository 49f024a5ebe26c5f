"""``goodhart train``: a policy optimised against a reward whose error is heavy or light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from verify.commands.frontier import draw, print_table

if TYPE_CHECKING:
    from gpu_checks.models.policy import BasePolicy
    from gpu_checks.training.experiment import Experiment
    from gpu_checks.training.settings import Settings

#: The base policy whose answers can be listed, and what its tokens are worth.
ENUMERABLE = "enumerable"
ERROR, UTILITY = 1, {2: 1.0, 3: -1.0}


def train(
    policy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The base policy: enumerable (small, random weights, every answer listed), "
            "smollm2, a folder or a hub id.",
        ),
    ] = ENUMERABLE,
    prompts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prompts for other policies (.txt or .jsonl)."),
    ] = None,
    error_text: Annotated[
        str,
        typer.Option(metavar="TEXT", help="For other policies: the token that the error counts."),
    ] = " the",
    utility_text: Annotated[
        str, typer.Option(metavar="TEXT", help="For other policies: the token worth 1.")
    ] = ".",
    steps: Annotated[int, typer.Option(metavar="NUMBER", help="Updates of the policy.")] = 40,
    answers: Annotated[int, typer.Option(metavar="NUMBER", help="Answers of an update.")] = 128,
    length: Annotated[
        int | None, typer.Option(metavar="TOKENS", help="Of an answer (default: 7, or 32).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="Default: 5e-4, or 1e-5.")
    ] = None,
    coefficient: Annotated[
        float, typer.Option(metavar="NUMBER", help="Of the KL penalty, reward per nat.")
    ] = 1.0,
    target_kl: Annotated[
        float | None,
        typer.Option(metavar="NATS", help="Move the coefficient until the KL is there."),
    ] = None,
    clip: Annotated[
        float, typer.Option(metavar="REWARD", help="Where the clipped arm clips its reward.")
    ] = 5.0,
    odds_cap: Annotated[
        float,
        typer.Option(
            metavar="TIMES",
            help="How many times as often as the base policy the capped arm may give an answer.",
        ),
    ] = 5.0,
    seeds: Annotated[int, typer.Option(metavar="NUMBER", help="Runs of each arm.")] = 3,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the first run.")] = 0,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="cpu or cuda (default: cuda if there is).")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(metavar="NAME", help="float32 (default), bfloat16 or float16.")
    ] = None,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="The answer as JSON ('-' for stdout).")
    ] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="A row for each update ('-' for stdout).")
    ] = None,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw it (.png, .svg or .pdf).")
    ] = None,
) -> None:
    """Optimise a policy for U = V + X with a KL penalty: what becomes of V when X is heavy?

    Five arms: a heavy error, a light one, a heavy one clipped, one with the odds capped, and one
    without a penalty.
    With the enumerable policy, means and KL are summed over all answers, in float64, and the best
    policy is known.

    Exit status: 0 done, 2 bad input.
    """
    from gpu_checks.extra import require_extra
    from verify.errors import InputError
    from verify.files import STDOUT, check_outputs

    require_extra("goodhart train")
    outputs = {"--json": json, "--csv": csv, "--plot": plot}
    check_outputs(outputs, [] if prompts is None else [prompts])
    if plot is not None:
        from verify.plotting import format_of

        format_of(plot)
    if seeds < 1 or seed < 0:
        raise InputError(
            f"--seeds and --seed: expected 1 or more and 0 or more, got {seeds}, {seed}"
        )
    from gpu_checks.training.settings import Settings

    small = policy == ENUMERABLE
    settings = Settings(
        steps=steps,
        answers=answers,
        group=answers if small else 8,
        length=length or (7 if small else 32),
        learning_rate=learning_rate or (5e-4 if small else 1e-5),
        coefficient=coefficient,
        target_kl=target_kl,
        base_answers=1024 if small else 4 * answers,
    )
    numbers = range(seed, seed + seeds)
    if small:
        found = _enumerable(settings, clip, odds_cap, numbers)
    else:
        found = _of_policy(
            policy,
            prompts,
            error_text,
            utility_text,
            settings,
            clip,
            odds_cap,
            numbers,
            device,
            dtype,
        )
    _write(found, json, csv)
    if STDOUT not in outputs.values():
        _print(found)
    if plot is not None:
        from gpu_checks.training.plot import plot_experiment

        draw(plot_experiment, found, plot)


def _enumerable(settings: Settings, clip: float, odds_cap: float, seeds: range) -> Experiment:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from gpu_checks.training.arms import arms
    from gpu_checks.training.enumerable_policy import LENGTH, PROMPT, save_enumerable_policy
    from gpu_checks.training.experiment import run_experiment
    from verify.errors import InputError

    if settings.length != LENGTH:
        raise InputError(f"--length: answers of the enumerable policy have {LENGTH} tokens")
    with TemporaryDirectory() as work:
        folder = Path(work)
        base = save_enumerable_policy(folder)
        chosen = arms(settings, ERROR, UTILITY, clip, odds_cap)
        return run_experiment(folder, base, [PROMPT] * settings.answers, chosen, seeds, True, _say)


def _of_policy(
    name: str,
    prompts: str | None,
    error_text: str,
    utility_text: str,
    settings: Settings,
    clip: float,
    odds_cap: float,
    seeds: range,
    device: str | None,
    dtype: str | None,
) -> Experiment:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from gpu_checks.models import base_policy
    from gpu_checks.records.prompts import read_prompts
    from gpu_checks.training.arms import arms
    from gpu_checks.training.experiment import run_experiment
    from gpu_checks.training.running import save_policy
    from verify.errors import InputError

    if prompts is None:
        raise InputError("--prompts: expected a file of prompts for this policy")
    texts = read_prompts(prompts).texts
    base = base_policy(name, device=device, dtype=dtype)
    utility = {_token(base, utility_text, "--utility-text"): 1.0}
    error = _token(base, error_text, "--error-text")
    chosen = arms(settings, error, utility, clip, odds_cap)
    given: list[Any] = list(texts)
    if base.tokenizer.chat_template is not None:
        given = [[{"role": "user", "content": text}] for text in texts]
    with TemporaryDirectory() as work:  # TRL loads the policy and its reference from a folder
        save_policy(base, Path(work))
        return run_experiment(Path(work), base, given, chosen, seeds, False, _say)


def _token(base: BasePolicy, text: str, option: str) -> int:
    """The one token of a text."""
    from verify.errors import InputError

    ids = base.tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise InputError(
            f"{option}: expected one token of the policy, got {text!r:.40}: {len(ids)}"
        )
    return int(ids[0])


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _write(found: Experiment, json: str | None, csv: str | None) -> None:
    from json import dumps

    from gpu_checks.training.result import rows, to_dict
    from verify.files import write_csv, write_text

    if json is not None:
        write_text(json, dumps(to_dict(found), indent=2) + "\n")
    if csv is not None:
        write_csv(csv, list(rows(found)))


def _print(found: Experiment) -> None:
    from gpu_checks.training.findings import findings

    table: list[tuple[str, ...]] = [("arm", "E U", "E V", "E X", "KL", "E V at first")]
    for arm in found.arms:
        last = [run.last for run in found.of(arm.name)]
        means = (
            sum(getattr(each, part) for each in last) / len(last) for part in ("u", "v", "x", "kl")
        )
        start = found.base[arm.name].v
        table.append((arm.about, *(f"{mean:.4g}" for mean in means), f"{start:.4g}"))
    print_table(table)
    print_table(
        [
            ("prediction", "outcome", "95 %", "verdict"),
            *(
                (
                    each.prediction,
                    f"{each.outcome:.4g}",
                    f"{each.low:.4g} to {each.high:.4g}",
                    each.verdict,
                )
                for each in findings(found)
            ),
        ]
    )
    for run in found.runs:
        said = run.watched
        typer.echo(f"tail monitor, {run.arm}, seed {run.seed}: {said.end}")
        for update, text in said.warnings.values():
            typer.echo(f"  from update {update} on: {text}")
