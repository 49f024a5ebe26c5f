"""``goodhart score`` beside the bare forward passes of the same model on the same texts.

The floor gets what scoring has to find out: token ids, sorted by length and padded into batches of
the same size, so it is the forward passes and nothing else.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.gpu, pytest.mark.models]

ROWS = 160
#: Aimed at: what all else may take, beside the forward passes.
MOST = 1.2
WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "said", "rewards", "are", "heavy", "or")


def test_scoring_is_about_as_fast_as_the_forward_passes(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch

    from gpu_checks.models import reward_model
    from gpu_checks.models.padding import padded
    from gpu_checks.records.engines import engine_of
    from gpu_checks.records.folder import RunFolder
    from gpu_checks.records.run import run_jobs
    from gpu_checks.records.texts import open_texts
    from gpu_checks.scoring import OpenScorer, ScoreWorker, blocks_of

    rng = np.random.default_rng(0)
    answers = [" ".join(rng.choice(WORDS, rng.integers(5, 120))) for _ in range(ROWS)]
    pq.write_table(
        pa.table({"prompt": ["What is it?"] * ROWS, "answer": answers}), tmp_path / "t.parquet"
    )
    reward = reward_model("minilm-harmless")
    opener = OpenScorer("minilm-harmless", open_texts([str(tmp_path / "t.parquet")], None, None))
    texts = sorted((reward.encode("What is it?", each) for each in answers), key=len, reverse=True)
    batches, start = [], 0
    while start < ROWS:
        count = reward.budget.count(len(texts[start]))
        batches.append(padded(texts[start : start + count], reward.pad, reward.device))
        start += count

    def floor() -> float:
        begun = time.perf_counter()
        with torch.inference_mode():
            for ids, mask in batches:
                reward.network(mask, ids=ids).cpu()
        return time.perf_counter() - begun

    def scoring(name: str) -> float:
        folder = RunFolder(str(tmp_path / name), {})
        with engine_of("local", lambda: ScoreWorker(reward, opener), 1, None) as (engine, _):
            return run_jobs(blocks_of(opener), folder, engine, ROWS).seconds

    floor()  # the first pass takes longer
    # Side by side, three times: the least of each, as others only make it slower.
    pairs = [(floor(), scoring(str(k))) for k in range(3)]
    bare, whole = (min(times) for times in zip(*pairs, strict=True))
    print(f"\n{ROWS} texts: bare {bare:.2f} s, scored {whole:.2f} s: {whole / bare:.2f} times")
    assert whole < MOST * bare
