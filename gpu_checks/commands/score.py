"""``goodhart score``: the rewards of texts or token ids."""

from __future__ import annotations

from typing import Annotated

import typer

from gpu_checks.commands.options import Device, Dtype, Engine, Json, RewardName, Workers, report


def score(
    reward_model: RewardName,
    texts: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXTS...",
            help="A folder of goodhart sample, or files (.parquet, .jsonl, .txt; .gz too).",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            metavar="FOLDER", help="Where the rewards go (Parquet). A cut-off run goes on there."
        ),
    ],
    prompt_column: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of prompts.")
    ] = None,
    answer_column: Annotated[
        str | None, typer.Option(metavar="COL", help="The column of answers.")
    ] = None,
    column: Annotated[
        str,
        typer.Option(metavar="COL", help="The column that is written, such as gold for a second."),
    ] = "reward",
    ids: Annotated[
        bool,
        typer.Option("--ids", help="Score token ids as they are, of a model with that vocabulary."),
    ] = False,
    device: Device = None,
    dtype: Dtype = None,
    engine: Engine = "local",
    workers: Workers = 1,
    json: Json = None,
) -> None:
    """Score texts with a reward model; goodhart audit reads what is written.

    A prompt and its answer are put together by the model's chat template. All columns of the rows
    are kept beside the reward.

    Exit status: 0 scored, 2 bad input or a full disk.
    """
    from gpu_checks.extra import require_extra
    from verify.files import check_outputs

    check_outputs({"--json": json}, texts)
    require_extra("goodhart score")
    from gpu_checks.records.texts import open_texts
    from gpu_checks.scoring import OpenScorer
    from gpu_checks.scoring import score as score_into
    from verify.progress import progress_bar

    found = open_texts(texts, prompt_column, answer_column)
    opener = OpenScorer(reward_model, found, column, ids, device, dtype)
    with progress_bar() as progress:
        outcome = score_into(opener, out, engine=engine, workers=workers, progress=progress)
    report(outcome, "scored", out, json)
