"""``goodhart sample``: answers of a base policy, with their log-probabilities."""

from __future__ import annotations

from typing import Annotated

import typer

from gpu_checks.commands.options import Device, Dtype, Engine, Json, Workers, report


def sample(
    out: Annotated[
        str,
        typer.Option(
            metavar="FOLDER", help="Where the answers go (Parquet). A cut-off run goes on there."
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="A causal model: smollm2, a folder, a .gguf file, or a hub id."
        ),
    ] = "smollm2",
    prompts: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Prompts (default: none): a line each (.txt), or an object of JSON (.jsonl) with a"
            " prompt or as in hh-rlhf; .gz too.",
        ),
    ] = None,
    prompt_column: Annotated[
        str, typer.Option(metavar="KEY", help="The key of the prompts in objects of JSON.")
    ] = "prompt",
    answers: Annotated[int, typer.Option(metavar="NUMBER", help="To each prompt.")] = 1,
    tokens: Annotated[int, typer.Option(metavar="NUMBER", help="The most of an answer.")] = 128,
    uniform: Annotated[
        bool,
        typer.Option(
            "--uniform", help="Uniform random tokens of the model's vocabulary, none special."
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Every answer has random numbers of its own.")
    ] = 0,
    device: Device = None,
    dtype: Dtype = None,
    engine: Engine = "local",
    workers: Workers = 1,
    json: Json = None,
) -> None:
    """Sample answers at temperature 1, and keep the log-probability of every token.

    No generation defaults of a model (top-k, temperature, penalties) are applied. The same seed
    gives the same answers in batches of the same sizes; in others, rounding changes a few. goodhart
    score reads what is written.

    Exit status: 0 sampled, 2 bad input or a full disk.
    """
    from gpu_checks.extra import require_extra
    from verify.files import check_outputs

    check_outputs({"--json": json}, [] if prompts is None else [prompts])
    require_extra("goodhart sample")
    from gpu_checks.records.prompts import Prompts, read_prompts
    from gpu_checks.sampling import OpenSampler, Plan
    from gpu_checks.sampling import sample as sample_into
    from verify.progress import progress_bar

    plan = Plan(answers, tokens, seed, uniform)
    found = Prompts.of([""]) if prompts is None else read_prompts(prompts, prompt_column)
    opener = OpenSampler(policy, plan, found, device, dtype)
    with progress_bar() as progress:
        outcome = sample_into(opener, out, engine=engine, workers=workers, progress=progress)
    report(outcome, "sampled", out, json)
