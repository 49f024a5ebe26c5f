"""``goodhart train-reward``: a reward model from human preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gpu_checks.commands.options import Device, Json

if TYPE_CHECKING:
    from gpu_checks.preferences import Preferences
    from gpu_checks.reward_training.accuracy import Accuracy
    from gpu_checks.reward_training.train import Trained


def train_reward(
    preferences: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Judgements, one JSON object a line (.jsonl, .jsonl.gz): prompt, chosen and"
            " rejected; or chosen and rejected as in hh-rlhf.",
        ),
    ],
    out: Annotated[str, typer.Option(metavar="FOLDER", help="Where the reward model is saved.")],
    trunk: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="The model below the head: minilm, smollm2, a folder or a hub id."
        ),
    ] = "minilm",
    mode: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is fitted: head (the trunk stays as it is), lora (low-rank updates of it),"
            " full (all weights).",
        ),
    ] = "lora",
    pooling: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which hidden states the head reads: mean, last or first (default: last where the"
            " trunk is causal, else mean).",
        ),
    ] = None,
    held_out: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the pairs: looked at once, at the end.")
    ] = 0.2,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the others: says when to stop.")
    ] = 0.1,
    part: Annotated[
        str,
        typer.Option(
            metavar="K/M",
            help="Train on the K-th of M parts of what is not held out: two parts make a proxy and"
            " a gold reward that share no data.",
        ),
    ] = "1/1",
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the division and training.")] = 0,
    repeats: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Trainings with seeds from --seed on; the best validated is kept.",
        ),
    ] = 1,
    epochs: Annotated[
        int, typer.Option(metavar="NUMBER", help="How often each pair is seen at most.")
    ] = 3,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER", help="The highest (default: 0.001 for lora, 5e-5 for full)."
        ),
    ] = None,
    batch: Annotated[int, typer.Option(metavar="NUMBER", help="Pairs in a step.")] = 16,
    rank: Annotated[int, typer.Option(metavar="NUMBER", help="Of the updates of lora.")] = 8,
    max_tokens: Annotated[
        int, typer.Option(metavar="NUMBER", help="Of a text; longer ones lose their beginning.")
    ] = 256,
    device: Device = None,
    dtype: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The format of products: float32 (default) or bfloat16."),
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Keep what was done here: a cut-off run goes on."),
    ] = None,
    json: Json = None,
) -> None:
    """Train a Bradley-Terry reward model on human preferences, and say how good it is.

    Its accuracy is measured on pairs that were held out, beside that of preferring the shorter
    answer, which reads nothing. Dialogues that open alike are never divided.

    Exit status: 0 trained (however good it is), 2 bad input.
    """
    from gpu_checks.extra import require_extra
    from verify.files import STDOUT, check_outputs, write_text
    from verify.progress import progress_bar

    check_outputs({"--json": json}, [preferences])
    require_extra("goodhart train-reward")
    from gpu_checks.preferences import read_preferences
    from gpu_checks.reward_training.options import Options
    from gpu_checks.reward_training.train import train_reward as train

    options = Options(
        trunk=trunk,
        mode=mode,
        pooling=pooling,
        held_out=held_out,
        validation=validation,
        part=_part(part),
        seed=seed,
        repeats=repeats,
        epochs=epochs,
        rate=learning_rate,
        batch=batch,
        rank=rank,
        longest=max_tokens,
        device=device,
        dtype=dtype,
    )
    judged = read_preferences(preferences)
    with progress_bar() as progress:
        trained = train(judged, options, out, work, progress)
    if json is not None:
        from json import dumps

        write_text(json, dumps({"model": out, **trained.record}, indent=2) + "\n")
    if json != STDOUT:
        typer.echo("\n".join(_lines(judged, trained, out)))


def _part(text: str) -> tuple[int, int]:
    from verify.errors import InputError

    which, slash, of = text.partition("/")
    if not (slash and which.isdecimal() and of.isdecimal() and 1 <= int(which) <= int(of)):
        raise InputError(f"--part: expected K/M with K from 1 to M, such as 1/2; got {text!r:.40}")
    return int(which), int(of)


def _lines(preferences: Preferences, trained: Trained, out: str) -> list[str]:
    sizes = trained.record["pairs"]
    low, high = trained.gain
    lines = [
        f"{len(preferences.pairs)} pairs: {sizes['train']} to train on, {sizes['validation']} to "
        f"validate, {sizes['held_out']} held out; {preferences.ties} ties left out",
        _line("held-out accuracy", trained.held_out),
        _line("prefer the shorter", trained.shorter),
        f"{'difference':<20} {trained.held_out.share - trained.shorter.share:+.3f}   95 % interval "
        f"{low:+.3f} to {high:+.3f}",
    ]
    if low <= 0 <= high:
        lines.append("not told apart from preferring the shorter answer: give more pairs")
    if len(trained.fits) > 1:
        from gpu_checks.reward_training.accuracy import accuracy

        shares = ", ".join(f"{accuracy(fit.margins).share:.3f}" for fit in trained.fits)
        lines.append(f"by seed: {shares}; kept is that of seed {trained.kept.seed}")
    return [*lines, f"saved: {out}"]


def _line(name: str, found: Accuracy) -> str:
    low, high = found.interval
    return f"{name:<20} {found.share:.3f}   95 % interval {low:.3f} to {high:.3f}"
