"""The frontier over 10^4 prompts with 10^6 rewards, from the command line and in this process.

Run by ``make bench``. The aim: a parquet file in less than 5 seconds, start-up included. Beside it
a plain Newton search in numpy on the same arrays, without error bounds and without the pooled
answer, to the same digits.
"""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pyarrow as pa
from flint import arb
from numpy.typing import NDArray
from pyarrow import parquet

from verify.prompts.per_prompt import in_float64
from verify.prompts.reading import PromptRewards

Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS, PROMPTS = 10**6, 10**4
BUDGETS = ("0.01", "0.1", "1")
AIM = 5.0
REPEATS = 3


def rewards() -> tuple[NDArray[np.int64], Floats]:
    """Prompts of different means and spreads."""
    rng = np.random.default_rng(11)
    prompt = rng.integers(PROMPTS, size=ROWS)
    spread = np.exp(rng.normal(size=PROMPTS) / 2)[prompt]
    return prompt, rng.normal(size=PROMPTS)[prompt] + spread * rng.standard_t(5, ROWS)


def plain_search(values: Floats, rows: NDArray[np.int64], budget: float) -> float:
    """Newton's method for ``E_s D_s(l) = d``, as one would write it down."""
    start, prompts = np.cumsum(rows) - rows, len(rows)
    centre = np.add.reduceat(values, start) / rows
    away = values - np.repeat(centre, rows)
    tilt = 0.1
    for _ in range(50):
        top = np.maximum.reduceat(tilt * away, start)
        power = np.exp(tilt * away - np.repeat(top, rows))
        total = np.add.reduceat(power, start)
        mean = np.add.reduceat(power * away, start) / total
        square = np.add.reduceat(power * away**2, start) / total
        cost = float((tilt * mean - top - np.log(total / rows)).sum()) / prompts
        slope = tilt * float((square - mean**2).sum()) / prompts
        if abs(cost - budget) < 1e-12 * budget:
            break
        tilt *= (budget / cost) ** (cost / (tilt * slope))
    return float((centre + mean).sum()) / prompts


def seconds(work: object, repeats: int = REPEATS) -> float:
    assert callable(work)
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def test_a_million_rewards(tmp_path: Path) -> None:
    prompt, values = rewards()
    path = tmp_path / "scores.parquet"
    names = np.array([f"prompt {k}" for k in range(PROMPTS)])[prompt]
    parquet.write_table(pa.table({"prompt": names, "reward": values}), path)
    command = [sys.executable, "-m", "goodhart", "frontier", "--per-prompt", str(path)]
    command += ["--prompt", "prompt", "--reward", "reward", "--budgets", ",".join(BUDGETS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def from_the_shell() -> None:
        subprocess.run(command, env=environment, check=True, capture_output=True)

    order = np.argsort(prompt, kind="stable")
    rows = np.bincount(prompt, minlength=PROMPTS)
    data = PromptRewards("scores", tuple(map(str, range(PROMPTS))), values[order], rows, "")
    budgets = [Decimal(budget) for budget in BUDGETS]
    shell = seconds(from_the_shell)
    inside = seconds(lambda: in_float64(data, budgets, "equal"))
    plain = seconds(lambda: [plain_search(data.rewards, rows, float(d)) for d in budgets])
    print(f"\n{ROWS} rewards, {PROMPTS} prompts, {len(BUDGETS)} budgets, numpy {np.__version__}")
    print(f"from the shell, start-up and reading included: {shell:.2f} s (aim {AIM:g})")
    print(f"in this process, both frontiers and error bounds: {inside:.2f} s")
    print(f"plain Newton search, no pooled answer, no bounds: {plain:.2f} s")
    print(f"ours / plain: {inside / plain:.2f}")
    for point, budget in zip(in_float64(data, budgets, "equal").points, budgets, strict=True):
        assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
        other = plain_search(data.rewards, rows, float(budget))
        print(f"d = {budget}: gap {float(point.upper - point.lower):.1e}, ", end="")
        print(f"plain search off by {abs(other - float(point.lower)):.1e}")
        assert abs(other - float(point.lower)) < 1e-9
        assert float(point.upper - point.lower) < 1e-10
    assert shell < AIM
