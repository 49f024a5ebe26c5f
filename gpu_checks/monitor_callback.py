"""A callback for Hugging Face's Trainer, and those built on it: logs what a monitor sees."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from verify.files import write_text
from verify.tails.monitor import Monitor

_LOGGER = logging.getLogger(__name__)


class MonitorCallback(TrainerCallback):  # type: ignore[misc]
    """Adds the numbers of a monitor to every log of a trainer, and keeps it over checkpoints.

    Where training is distributed, the rewards of all processes are looked at together. A warning
    is logged once, by the main process, when it first applies.

    The monitor is told the KL divergence that TRL's trainers log, for the rewards from there on:
    that of whole answers, or that of a token times the mean number of tokens.

    Parameters
    ----------
    monitor : Monitor
        The one that a reward function is :func:`~verify.tails.monitor.watched` with.
    """

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        #: By its kind: the step at which a warning first applied, and the warning.
        self.said: dict[str, tuple[int, str]] = {}

    def attach(self, trainer: Any) -> None:
        """Put this callback before the others of a trainer, so that trackers log its numbers too.

        Given to the trainer as one of its ``callbacks`` it comes after them: its numbers are then
        in the trainer's history only.
        """
        trainer.callback_handler.callbacks.insert(0, self)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Add the numbers to what is logged, and to the history."""
        divergence = kl_of_answers(logs or {})
        if divergence is not None:
            self.monitor.kl = divergence
        seen = _of_all_processes(self.monitor).state()
        metrics = seen.metrics()
        if logs is not None:
            logs.update(metrics)
        if state.log_history:
            state.log_history[-1].update(metrics)
        for kind, text in seen.warnings.items():
            if kind not in self.said and state.is_world_process_zero:
                _LOGGER.warning("step %d: %s", state.global_step, text)
            self.said.setdefault(kind, (state.global_step, text))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write the monitor of this process beside the checkpoint."""
        file = _beside_checkpoint(args, state)
        if file.parent.is_dir():
            write_text(str(file), json.dumps(self.monitor.to_dict()))

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Go on from the checkpoint that training goes on from, if it has a monitor."""
        file = _beside_checkpoint(args, state)
        if state.global_step > 0 and file.is_file():
            self.monitor.restore(json.loads(file.read_text()))


def kl_of_answers(logs: Mapping[str, Any]) -> float | None:
    """The KL divergence per answer in what a trainer of TRL logs, in nats; None if it has none.

    A mean over tokens says little: what bounds the reward is the sum over an answer.
    """
    if "objective/kl" in logs:
        return float(logs["objective/kl"])
    if "kl" in logs and "completions/mean_length" in logs:
        return float(logs["kl"]) * float(logs["completions/mean_length"])
    return None


def _beside_checkpoint(args: Any, state: Any) -> Path:
    folder = f"checkpoint-{state.global_step}"
    return Path(args.output_dir, folder, f"goodhart_monitor_{args.process_index}.json")


def _of_all_processes(monitor: Monitor) -> Monitor:
    """The monitors of all processes that train together, merged in the order of their ranks."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return monitor
    saved: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(saved, monitor.to_dict())
    merged, *others = (Monitor.from_dict(each) for each in saved)
    for other in others:
        merged = merged.merge(other)
    return merged
