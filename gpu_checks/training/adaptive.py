"""A KL coefficient that is moved until the KL divergence is at its target."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from gpu_checks.training.recorder import Recorder

#: The controller's gain, and its largest relative error: those of Ziegler et al. (arXiv
#: 1909.08593, section 2.2), for their tens of thousands of updates; here there are tens, and the
#: gain is larger.
GAIN = 0.5
LARGEST_ERROR = 0.5


def moved(coefficient: float, kl: float, target: float) -> float:
    """The next coefficient: larger where the KL is above its target.

    Parameters
    ----------
    coefficient : float
        The present one.
    kl, target : float
        In nats per answer.
    """
    error = min(max(kl / target - 1, -LARGEST_ERROR), LARGEST_ERROR)
    return coefficient * (1 + GAIN * error)


class AdaptiveCoefficient(TrainerCallback):  # type: ignore[misc]
    """Moves the coefficient of a trainer after each update.

    Parameters
    ----------
    recorder : Recorder
        Whose last estimate of the KL it follows: k1, which has no bias.
    target : float
        In nats per answer.
    """

    def __init__(self, recorder: Recorder, target: float) -> None:
        self.recorder = recorder
        self.target = target
        self.trainer: Any = None

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Move it."""
        kl = self.recorder.entries[-1].k1.mean
        self.trainer.beta = moved(self.trainer.beta, kl, self.target)
