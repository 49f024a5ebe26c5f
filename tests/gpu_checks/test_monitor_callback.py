"""The callback in a trainer's own callback handler: what it logs, warns of, saves and restores.

The loop around it is a small one of this file: the trainer itself needs accelerate, which is not
among what is installed here.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from verify.tails.monitor import Monitor, watched

pytestmark = pytest.mark.gpu


class Loop:
    """A trainer as far as callbacks see one."""

    def __init__(self, folder: Path, steps_done: int = 0) -> None:
        from transformers import TrainerControl, TrainerState
        from transformers.trainer_callback import CallbackHandler

        self.args = SimpleNamespace(output_dir=str(folder), process_index=0)
        self.state, self.control = TrainerState(global_step=steps_done), TrainerControl()
        self.callback_handler = CallbackHandler([], None, None, None, None)

    def begin(self) -> None:
        self.callback_handler.on_train_begin(self.args, self.state, self.control)

    def log(self, **numbers: float) -> dict[str, Any]:
        """As Trainer.log does it."""
        logs = {"loss": 1.0, **numbers}
        self.state.log_history.append({**logs, "step": self.state.global_step})
        self.callback_handler.on_log(self.args, self.state, self.control, logs)
        return logs

    def save(self) -> Path:
        folder = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
        folder.mkdir()
        self.callback_handler.on_save(self.args, self.state, self.control)
        return folder


def rewards_of(rng: np.random.Generator, monitor: Monitor) -> Any:
    """A reward function of a run whose rewards turn heavy when ``heavy`` is set."""

    def reward(prompts: list[str], completions: list[str], heavy: bool) -> list[float]:
        count = len(completions)
        drawn = rng.standard_t(1.5, count) if heavy else rng.standard_normal(count)
        return [float(each) for each in drawn]

    return watched(reward, monitor)


def said_by_the_callback(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Its own lines: transformers says in the same log that the loop is none of its own."""
    ours = "gpu_checks.monitor_callback"
    return [record.getMessage() for record in caplog.records if record.name == ours]


def test_numbers_are_logged_and_a_warning_is_said_once(
    rng: np.random.Generator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from gpu_checks.monitor_callback import MonitorCallback

    monitor = Monitor(5000)
    reward, loop = rewards_of(rng, monitor), Loop(tmp_path)
    MonitorCallback(monitor).attach(loop)
    loop.begin()
    with caplog.at_level(logging.WARNING):
        for step in range(40):
            loop.state.global_step = step
            reward(prompts=["p"] * 500, completions=["c"] * 500, heavy=step >= 20)
            logs = loop.log()
            if step == 19:
                assert not said_by_the_callback(caplog) and logs["goodhart/warnings"] == 0
    assert logs["loss"] == 1 and logs["goodhart/held"] == 5000
    assert loop.state.log_history[-1] == {**logs, "step": 39}
    assert logs["goodhart/warnings"] == 3
    said = said_by_the_callback(caplog)
    assert len(said) == 3 and sum("fall off more slowly" in text for text in said) == 2


def test_a_checkpoint_keeps_the_monitor(rng: np.random.Generator, tmp_path: Path) -> None:
    from gpu_checks.monitor_callback import MonitorCallback

    monitor = Monitor(1000)
    reward, loop = rewards_of(rng, monitor), Loop(tmp_path, steps_done=7)
    MonitorCallback(monitor).attach(loop)
    loop.begin()  # there is no such checkpoint: nothing to go on from
    reward(prompts=["p"] * 1500, completions=["c"] * 1500, heavy=False)
    assert [file.name for file in loop.save().iterdir()] == ["goodhart_monitor_0.json"]

    resumed = Monitor(1000)
    later = Loop(tmp_path, steps_done=7)
    MonitorCallback(resumed).attach(later)
    later.begin()
    assert resumed.to_dict() == monitor.to_dict() and resumed.seen == 1500


def test_processes_that_train_together_are_looked_at_together(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    from torch import distributed

    from gpu_checks.monitor_callback import MonitorCallback

    monitor, loop = Monitor(1000), Loop(tmp_path)
    MonitorCallback(monitor).attach(loop)
    rewards_of(rng, monitor)(prompts=["p"] * 900, completions=["c"] * 900, heavy=False)
    alone = loop.log()
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        assert loop.log() == alone
    finally:
        distributed.destroy_process_group()


def test_the_divergence_of_answers_is_taken_from_the_logs_of_trl(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    from gpu_checks.monitor_callback import MonitorCallback

    monitor, loop = Monitor(1000), Loop(tmp_path)
    MonitorCallback(monitor).attach(loop)
    reward = rewards_of(rng, monitor)
    for numbers, expected in (
        ({"kl": 0.25}, None),  # of a token, for all that is known
        ({"kl": 0.25, "completions/mean_length": 8.0}, 2.0),
        ({}, 2.0),  # the last that was heard of
        ({"objective/kl": 3.0}, 3.0),
    ):
        loop.log(**numbers)
        reward(prompts=["p"] * 1000, completions=["c"] * 1000, heavy=False)
        assert loop.log().get("goodhart/kl") == expected
