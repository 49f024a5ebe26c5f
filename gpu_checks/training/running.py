"""One run of training: KL-regularised REINFORCE with a leave-one-out baseline, by TRL."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from gpu_checks.models.policy import BasePolicy
from gpu_checks.monitor_callback import MonitorCallback
from gpu_checks.training.known_parts import KnownParts
from gpu_checks.training.recorder import Entry, Recorder
from gpu_checks.training.settings import Settings
from verify.tails.monitor import Monitor


@dataclass(frozen=True)
class Watched:
    """What the tail monitor said of the rewards that were given.

    Attributes
    ----------
    base, end : str
        Of the tail of the base policy's rewards, and of those in training.
    warnings : dict of str to (int, str)
        By its kind: the update after which a warning first applied, and the warning.
    """

    base: str
    end: str
    warnings: dict[str, tuple[int, str]]

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        said = {
            kind: {"update": update, "text": text} for kind, (update, text) in self.warnings.items()
        }
        return {"base": self.base, "end": self.end, "warnings": said}


@dataclass(frozen=True, eq=False)
class Run:
    """What came of it.

    Attributes
    ----------
    policy : BasePolicy
        The trained one.
    entries : tuple of Entry
        What was logged, one for each update; the last is of the policy before its last update.
    watched : Watched
        What the tail monitor said.
    """

    policy: BasePolicy
    entries: tuple[Entry, ...]
    watched: Watched


def train_policy(
    folder: Path,
    base: BasePolicy,
    prompts: Sequence[Any],
    reward: KnownParts,
    settings: Settings,
    work: Path,
    callbacks: Sequence[Any] = (),
) -> Run:
    """Train a policy against a reward of known parts.

    Parameters
    ----------
    folder : Path
        Where the base policy lies: TRL loads the policy and its reference from there.
    base : BasePolicy
        The same policy, loaded.
    prompts : sequence
        Texts, or lists of turns for a chat template.
    reward : KnownParts
    settings : Settings
    work : Path
        A folder for what TRL writes.
    callbacks : sequence of transformers.TrainerCallback
        Each is given the trainer as ``trainer``, if it has such an attribute.
    """
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import RLOOConfig, RLOOTrainer

    from gpu_checks.training.adaptive import AdaptiveCoefficient

    monitor = Monitor()
    recorder = Recorder(reward, base, settings, monitor)
    at_base = recorder.show_base(prompts)
    callbacks = [*callbacks]
    if settings.target_kl is not None:
        callbacks.append(AdaptiveCoefficient(recorder, settings.target_kl))
    on_cuda = base.device.type == "cuda"
    config = RLOOConfig(
        output_dir=str(work),
        per_device_train_batch_size=settings.answers,
        num_generations=settings.group,
        max_completion_length=settings.length,
        beta=settings.coefficient,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant",
        max_steps=settings.steps,
        temperature=settings.temperature,
        seed=settings.seed,
        normalize_advantages=True,
        use_cpu=not on_cuda,
        bf16=False,
        activation_checkpointing=False,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )
    with _quiet():
        trainer = RLOOTrainer(
            model=str(folder),
            reward_funcs=recorder,
            args=config,
            train_dataset=Dataset.from_dict({"prompt": list(prompts)}),
            processing_class=base.tokenizer,
            callbacks=callbacks,
        )
    trainer.remove_callback(PrinterCallback)
    watching = MonitorCallback(monitor)
    watching.attach(trainer)
    recorder.policy = BasePolicy(trainer.model, base.tokenizer, "the policy in training")
    recorder.coefficient = lambda: float(trainer.beta)
    for callback in callbacks:
        if hasattr(callback, "trainer"):
            callback.trainer = trainer
    with _quiet():
        trainer.train()
    trained = BasePolicy(trainer.model.eval(), base.tokenizer, "the trained policy")
    watched = Watched(at_base.tail, monitor.state().tail, watching.said)
    return Run(trained, tuple(recorder.entries), watched)


def save_policy(policy: BasePolicy, folder: Path) -> None:
    """Write a policy to where TRL loads it; the bar of that goes to stderr, and is not shown.

    Parameters
    ----------
    policy : BasePolicy
    folder : Path
    """
    with redirect_stderr(StringIO()):
        policy.model.save_pretrained(folder)
        policy.tokenizer.save_pretrained(folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what transformers and TRL say of loading, tokens that end, and settings."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
