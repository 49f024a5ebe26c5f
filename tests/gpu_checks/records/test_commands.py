"""``goodhart sample``, ``goodhart score`` and ``goodhart audit`` after each other.

The models are tiny, with random weights.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gpu_checks.records.folders import save_policy, save_reward
from tests.terminal import Terminal

pytestmark = pytest.mark.gpu


def test_from_samples_to_an_audit(terminal: Terminal) -> None:
    policy, reward = save_policy(Path("policy")), save_reward(Path("reward"))
    Path("prompts.txt").write_text("what is it?\nheavy or light?\n")
    sampled = terminal(
        *("sample", "--policy", policy, "--prompts", "prompts.txt", "--answers", "150"),
        *("--tokens", "4", "--out", "sampled", "--device", "cpu"),
    )
    assert sampled.status == 0, sampled.err
    assert sampled.out.startswith("sampled 300 rows in ")
    scored = terminal("score", reward, "sampled", "--out", "scored", "--device", "cpu")
    assert scored.status == 0, scored.err
    assert scored.out.startswith("scored 300 rows in ")
    assert "of the time was the model's forward passes" in scored.out
    audited = terminal("audit", "scored")
    assert audited.status == 0, audited.err
    assert "300" in audited.out


def test_uniform_tokens_need_no_weights(terminal: Terminal) -> None:
    policy = save_policy(Path("policy"))
    Path("policy/model.safetensors").unlink()
    options = ("sample", "--policy", policy, "--uniform", "--answers", "10", "--tokens", "5")
    assert terminal(*options, "--out", "drawn").status == 0
    assert "cannot be loaded" in terminal.refused(*options[:3], "--out", "other")


def test_bad_input_is_one_line(terminal: Terminal) -> None:
    policy = save_policy(Path("policy"))
    begun = ("sample", "--policy", policy, "--out", "out", "--device", "cpu")
    assert terminal.refused(*begun, "--answers", "0").startswith(
        "answers: expected a number from 1"
    )
    assert terminal.refused(*begun, "--seed", "-1").startswith("seed: expected a number from 0 on")
    assert "line 2: the prompt is empty" in _with_prompts(terminal, begun, "one\n\n")
    assert terminal.refused(*begun, "--engine", "mpi") == "engine: expected local or ray, got 'mpi'"
    assert "has no reward head" in terminal.refused("score", policy, "prompts.txt", "--out", "out")
    assert "no such file" in terminal.refused("score", policy, "none.jsonl", "--out", "out")
    assert not Path("out").exists()


def _with_prompts(terminal: Terminal, begun: tuple[str, ...], text: str) -> str:
    Path("prompts.txt").write_text(text)
    return terminal.refused(*begun, "--prompts", "prompts.txt")
