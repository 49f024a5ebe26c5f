"""The pages on models: what they show is what was kept of runs, by a second route."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docs import model_results, model_tables
from docs.figures import real_models as figures
from docs.generate import ROOT
from docs.model_tables import models, results

ENDS = {
    "heavy": "heavy error: the utility gains nothing",
    "light": "light error: the utility rises",
}


def cells(table: str) -> list[list[str]]:
    """The rows of a Markdown table, without its head."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-4e-4, "−0.0004"),
        (5e-29, "0"),
        (1.60129, "1.601"),
        (-1043.4, "−1,043"),
        (math.inf, "∞"),
        (None, "-"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert model_tables._number(value) == text


# ---------------------------------------------------------------- training


@pytest.mark.parametrize("name", ENDS)
def test_findings_are_those_of_the_runs(name: str) -> None:
    answer = results("train-smoke")
    (arm,) = (arm for arm in answer["arms"] if arm["name"] == name)
    last = str(arm["settings"]["steps"])
    utility = fmean(run["summed"][last]["v"] for run in arm["runs"])
    (found,) = (each for each in answer["findings"] if each["prediction"] == ENDS[name])
    assert found["outcome"] == pytest.approx(utility, rel=1e-12)
    assert len(arm["runs"]) >= 3


def test_the_pairs_at_equal_kl_are_those_of_their_runs() -> None:
    answer = results("train-equal-kl")
    heavy, free = answer["utility"]["heavy"], answer["utility"]["unpenalised"]
    shown = {str(run["seed"]) for arm in results("train-smoke")["arms"] for run in arm["runs"]}
    assert list(heavy) == list(free) and len(heavy) == 10 and not shown & set(heavy)
    for kl, found in zip(("0.5", "1", "2", "4"), answer["findings"], strict=True):
        gains = [heavy[seed][kl] - free[seed][kl] for seed in heavy]
        assert f"at a KL of {kl}:" in found["prediction"]
        assert found["outcome"] == pytest.approx(fmean(gains), rel=1e-9)
        # Student's t with 9 degrees of freedom is beyond 2.262157 one time in twenty.
        margin = 2.262157 * stdev(gains) / len(gains) ** 0.5
        assert found["high"] == pytest.approx(found["outcome"] + margin, abs=1e-6)
        assert found["verdict"] == ("holds" if found["high"] < found["below"] else "unknown")
    assert [each["verdict"] for each in answer["findings"]] == [*["holds"] * 3, "unknown"]


def test_sums_and_estimates_of_a_run_are_of_the_same_policy() -> None:
    """Except where all answers are alike: the error of an estimate is then none, which is wrong."""
    seen = 0
    for arm in results("train-smoke")["arms"]:
        if arm["name"] not in ("light", "clipped"):
            continue
        for run in arm["runs"]:
            for entry in run["logged"]:
                if str(entry["step"]) in run["summed"] and entry["step"]:
                    seen += 1
                    summed = run["summed"][str(entry["step"])]
                    # Of 156 such means one is more than five errors off once in 10^4 tries.
                    assert abs(entry["v"]["mean"] - summed["v"]) < 5 * entry["v"]["error"]
                    assert abs(entry["k1"]["mean"] - summed["kl"]) < 5 * entry["k1"]["error"]
    assert seen == 78


def test_k3_is_far_off_where_the_page_says_so() -> None:
    light, early, *late = cells(models("estimates train-smoke"))
    for row in (light, early, *late):
        summed, k1, k3 = (float(cell.split(" ±")[0].replace(",", "")) for cell in row[1:])
        assert abs(k1 - summed) < 0.25
        assert abs(k3 - summed) > 4 if row in late else abs(k3 - summed) < 0.2


def test_the_heavy_runs_end_at_the_tilt() -> None:
    lines = figures.training_utility().axes[0].get_lines()
    stars = [line for line in lines if line.get_marker() == "*" and len(line.get_xdata())]
    heavy = [line for line in lines if line.get_label() == figures.ARMS["heavy"]]
    (end,) = ((line.get_xdata()[-1], line.get_ydata()[-1]) for line in heavy)
    assert len(stars) == 4
    assert (stars[0].get_xdata()[0], stars[0].get_ydata()[0]) == pytest.approx(end, abs=0.2)


def test_fewer_updates_are_kept() -> None:
    run = {"seed": 0, "logged": [{"step": step} for step in range(40)]}
    kept = model_results.thinned({"arms": [{"name": "heavy", "runs": [run]}], "level": 0.95})
    assert [each["step"] for each in kept["arms"][0]["runs"][0]["logged"]] == [
        *range(12),
        20,
        30,
        39,
    ]
    assert kept["level"] == 0.95 and len(run["logged"]) == 40


# ---------------------------------------------------------------- tails


@pytest.fixture
def folder(tmp_path: Path, rng: np.random.Generator) -> str:
    rewards = rng.standard_t(2, 3000)
    pq.write_table(pa.table({"mine": rewards}), tmp_path / "part-0.parquet")
    return str(tmp_path)


def test_a_heavy_sample_is_shown_as_such(folder: str, tmp_path: Path) -> None:
    model_results.main(["tails", str(tmp_path / "a.json"), "made up", "none", "mine", folder])
    kept: dict[str, Any] = json.loads((tmp_path / "a.json").read_text())
    (row,) = cells(model_tables.tails(kept))
    assert row[:5] == ["`made up`", "none", "3,000", "**heavy**", "-"]
    (sample,) = kept["samples"]
    largest, share = sample["survival"][0]
    assert share == 1 / 3000 and largest == pytest.approx(float(sample["largest"]))
    assert sample["survival"][-1][1] == 1


def test_the_picture_shows_every_sample() -> None:
    samples = results("tails")["samples"]
    lines = figures.reward_tails().axes[0].get_lines()
    assert len(lines) == len(samples) + 1
    for line, sample in zip(lines, samples, strict=False):
        assert str(line.get_label()) == f"{sample['model']}, {sample['texts']}"
        spread = float(sample["standard_deviation"])
        top = float(sample["mean"]) + line.get_xdata()[0] * spread
        assert top == pytest.approx(float(sample["largest"]), rel=1e-9)


def test_what_the_page_counts() -> None:
    text = (ROOT / "docs" / "concepts" / "real_models.md").read_text("utf-8")
    assert "13 of 1,183 rewards lie beyond 2.5 standard deviations" in text
    assert "where a normal law has 7; the largest is at 3.5" in text
    sample = results("tails")["samples"][-1]
    mean, spread = float(sample["mean"]), float(sample["standard_deviation"])
    above = [((reward - mean) / spread, share) for reward, share in sample["survival"]]
    # Not every reward is kept, so that the count lies between those of two that are.
    within = [share for place, share in above if place > 2.5]
    short = [share for place, share in above if place <= 2.5]
    assert sample["n"] * max(within) <= 13 < sample["n"] * min(short)
    assert f"{sample['n']:,}" == "1,183" and f"{above[0][0]:.1f}" == "3.5"
    # Of a normal law 0.62 % lie there: a fact of tables.
    assert round(sample["n"] * 0.0062) == 7


def test_every_sample_says_what_it_is_of() -> None:
    answer = results("tails")
    assert answer["audited"]["changed"] is False and answer["audited"]["commit"]
    fingerprints = results("smoke-cpu")["models"]
    for sample in answer["samples"]:
        kept = json.dumps(sample["runs"])
        assert fingerprints[sample["model"]] in kept
        # A run scores a folder of scores, or of answers, which has a seed.
        assert kept.count('"seed": ') == len(sample["runs"]) > 0
        assert sample["texts"] == "random tokens" or fingerprints["smollm2"] in kept
    assert [len(sample["runs"]) for sample in answer["samples"]] == [1, 1, 1, 3]


# ---------------------------------------------------------------- the suite


def test_results_of_the_suite_are_of_a_clean_checkout() -> None:
    answer = results("smoke-cpu")
    assert answer["provenance"]["changed"] is False and answer["provenance"]["commit"]
    assert answer["provenance"]["device"].startswith("CPU")
    verdicts = [row[-1] for row in cells(models("suite smoke-cpu"))]
    found = [each["verdict"] for check in answer["checks"] for each in check["findings"]]
    assert verdicts == [f"**{verdict}**" for verdict in found]
    assert set(found) <= {"holds", "not contradicted", "fails", "unknown"}
