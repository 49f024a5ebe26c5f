"""``goodhart train-reward`` on the command line: what it says, saves and refuses."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

import gpu_checks.extra
from tests.gpu_checks.reward_training.trunks import easy, saved_trunk
from tests.terminal import Terminal, listing

DATA = "pairs.jsonl"
USUAL = (
    "train-reward",
    "--preferences",
    DATA,
    "--out",
    "out",
    "--trunk",
    "trunk",
    "--device",
    "cpu",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = (vars(pair) for pair in easy(70).pairs)
    Path(DATA).write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.mark.gpu
def test_it_says_how_good_the_reward_is_and_saves_it(terminal: Terminal) -> None:
    saved_trunk(Path("trunk"))
    done = terminal(*USUAL, "--mode", "head", "--json", "answer.json", "--repeats", "2")
    assert done.status == 0, done
    answer: dict[str, Any] = json.loads(Path("answer.json").read_text())
    assert answer["model"] == "out" and answer["pairs"]["held_out"] == answer["held_out"]["pairs"]
    lines = done.out.splitlines()
    assert lines[0].startswith("70 pairs: ") and lines[0].endswith("0 ties left out")
    low, high = answer["held_out"]["interval"]
    share = answer["held_out"]["accuracy"]
    wanted = f"held-out accuracy    {share:.3f}   95 % interval {low:.3f} to {high:.3f}"
    assert lines[1] == wanted and lines[2].startswith("prefer the shorter   0.500")
    assert lines[3].startswith("difference") and lines[-2].startswith("by seed: ")
    assert lines[-1] == "saved: out"
    assert {"head.safetensors", "reward.json"} == {each.name for each in Path("out").iterdir()}


@pytest.mark.gpu
def test_a_reward_no_better_than_length_is_called_so(terminal: Terminal) -> None:
    saved_trunk(Path("trunk"))
    done = terminal(*USUAL, "--mode", "head", "--pooling", "first")  # all texts begin alike
    assert done.status == 0, done
    assert "not told apart from preferring the shorter answer" in done.out


@pytest.mark.gpu
def test_bad_input_is_one_line(terminal: Terminal) -> None:
    for extra, said in (
        (("--part", "3/2"), "--part: expected K/M"),
        (("--mode", "none"), "mode: expected head, lora, full"),
        (("--preferences", "none.jsonl"), "none.jsonl: cannot be read"),
        (("--json", DATA), "would be overwritten"),
        (("--trunk", "no/such/model/at/all"), "expected smollm2, minilm"),
        (("--dtype", "int8"), "float32 or bfloat16, got int8"),
        (("--out", DATA), "file exists"),
        (("--held-out", "0"), "held out"),
    ):
        assert said in terminal.refused(*USUAL, *extra), extra
    assert set(listing()) <= {DATA, "out"}


def test_what_to_install_is_said_in_one_line(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        gpu_checks.extra, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    said = terminal.refused(*USUAL)
    assert said.startswith("goodhart train-reward needs torch") and "pip install" in said
