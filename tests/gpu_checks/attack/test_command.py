"""``goodhart attack`` on tiny random models: its answers, and one line for what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.gpu_checks import tiny
from tests.terminal import Terminal, listing

pytestmark = pytest.mark.gpu

SMALL = ("--length", "8", "--steps", "4", "--width", "16", "--edits", "3:1", "--device", "cpu")
JSON = ("--json", "-")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a reward model and a policy."""
    folder = tmp_path_factory.mktemp("models")
    for name, model in (("reward", tiny.reward().network.model), ("policy", tiny.policy().model)):
        model.float().save_pretrained(folder / name)
        tiny.tokenizer().save_pretrained(folder / name)
    return folder


def test_the_answer(terminal: Terminal, models: Path, rng: np.random.Generator) -> None:
    np.save("base.npy", rng.standard_normal(300))
    done = terminal(
        *("attack", models / "reward", "--prompt", "what is a fox?", *SMALL, "--runs", "2"),
        *("--policy", models / "policy", "--base", "base.npy", "--shares", "0.01,1"),
        *("--csv", "a.csv", "--json", "a.json"),
    )
    assert done.status == 0, done
    lines = done.out.splitlines()
    assert lines[0].startswith(f"acg on {models / 'reward'}: best reward ")
    assert lines[1].startswith("  the best of 2 runs, seed ")
    assert lines[4].startswith("base sample: 300 rewards, mean ")
    assert len(lines) == 7 and all("frontier of the sample" in line for line in lines[5:])
    answer = json.loads(Path("a.json").read_text())
    assert answer["schema"] == "goodhart-attack/1" and len(answer["runs"]) == 2
    assert answer["settings"]["edits"] == [[0, 3], [1, 2], [2, 1]]
    assert answer["base_sample"]["files"] == ["base.npy"]
    assert answer["best"]["reward"] in Path("a.csv").read_text()
    again = terminal(
        "attack", models / "reward", *SMALL, "--prompt", "what is a fox?", "--json", "-"
    )
    assert json.loads(again.out)["runs"] == answer["runs"][:1]  # the seeds decide, and nothing else


def test_the_official_preset(terminal: Terminal, models: Path) -> None:
    """Its numbers, on a run that is cut short after the first of its thousand steps."""
    done = terminal(
        "attack", models / "reward", "--preset", "official", "--stall", "1", "--json", "-"
    )
    settings = json.loads(done.out)["settings"]
    expected = {"method": "acg", "length": 133, "width": 12, "top_k": 3, "steps": 1000}
    assert expected.items() <= settings.items()
    assert settings["edits"][0] == [0, 9] and settings["edits"][-1] == [984, 2]
    assert not settings["retokenise"]


def test_bad_input_is_one_line(terminal: Terminal, models: Path) -> None:
    reward = models / "reward"
    Path("bad.csv").write_text("reward\n1\nnan\n")
    for arguments, said in (
        (["nowhere/at/all"], "expected smollm2, minilm, a folder"),
        ([models / "policy"], "no reward head"),
        ([reward, "--method", "hill"], "method: expected acg or gcg or random"),
        ([reward, "--preset", "best"], "--preset: expected default or official"),
        ([reward, "--edits", "9"], "--edits: expected two whole numbers such as 9:2"),
        ([reward, "--edits", "21:1"], "from 1 to 20 edits"),
        ([reward, "--steps", "0"], "--steps: expected 1 or more, got 0"),
        ([reward, "--length", "0"], "length: expected 1 or more, got 0"),
        ([reward, "--length", "300"], "it reads 243 tokens of an answer; 300 were asked for"),
        ([reward, "--runs", "0"], "--runs: expected 1 to 10000, got 0"),
        ([reward, "--batch", "0"], "--batch: expected 1 or more, got 0"),
        ([reward, "--base", "bad.csv"], "--base is of use with --policy only"),
        ([reward, "--shares", "1"], "--shares is of use with --policy only"),
        ([reward, "--policy", models / "policy", "--shares", "2"], "above 0 and up to 1, got 2"),
        ([reward, "--policy", models / "policy", "--base", "bad.csv"], "bad.csv, row 2"),
        ([reward, "--json", "no/such.json"], "no such file or directory"),
        ([reward, "--device", "tpu"], "device: expected cpu, cuda"),
        ([reward, *SMALL, "--work", "bad.csv"], "cannot write bad.csv: file exists"),
    ):
        assert said in terminal.refused("attack", *arguments), arguments
    assert listing() == ["bad.csv"]


def test_without_the_extra_it_says_what_to_install(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpu_checks import extra

    monkeypatch.setattr(extra, "PACKAGES", ("torch", "no_such_package"))
    said = terminal.refused("attack", "anything")
    assert said == (
        "goodhart attack needs no_such_package, not installed here: "
        "pip install 'catastrophic-goodhart[gpu]'"
    )
