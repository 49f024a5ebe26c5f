"""Bradley-Terry by gradient descent: low-rank updates of a trunk, or all of its weights."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gpu_checks.devices import is_out_of_memory, say
from gpu_checks.models.padding import padded
from gpu_checks.models.reward import RewardModel
from gpu_checks.reward_training.accuracy import log_loss
from verify.errors import InputError
from verify.files import whole_file
from verify.progress import Progress

#: A pair as token ids: of the preferred answer with its prompt, and of the other.
Pair = tuple[Sequence[int], Sequence[int]]
#: The share of all steps over which the rate of learning rises to its full height; then it falls
#: to 0 along a line.
WARM_UP = 0.1
#: Gradients longer than this are cut to it.
LONGEST_GRADIENT = 1.0
#: Lengths are blurred by this factor at most before pairs are sorted by them, so that batches
#: differ from epoch to epoch and hold little padding.
BLUR = 1.3
CHECKPOINT = "training.pt"


@dataclass(frozen=True)
class Settings:
    """How a descent goes.

    Parameters
    ----------
    epochs : int
        How often each pair is seen at most.
    rate : float
        The highest rate of learning, of AdamW.
    decay : float
        AdamW's weight decay.
    batch : int
        Pairs in a step.
    evaluations : int
        In an epoch: how often the validation part is looked at, and a checkpoint is kept.
    patience : int
        Training stops when so many evaluations in a row brought no better log-loss.
    seed : int
        Of the order of the pairs.
    """

    epochs: int = 3
    rate: float = 1e-3
    decay: float = 0.01
    batch: int = 16
    evaluations: int = 3
    patience: int = 4
    seed: int = 0


@dataclass
class History:
    """What happened at each evaluation.

    Parameters
    ----------
    steps, train_loss, validation_loss : list
        The number of steps so far, the mean loss of those since the evaluation before, and the
        log-loss on the validation part, in nats.
    """

    steps: list[int] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The place of the lowest validation loss."""
        return int(np.argmin(self.validation_loss))


class Descent:
    """Trains the weights of a model that require gradients, and stops early.

    Parameters
    ----------
    reward : RewardModel
        Whose network is trained.
    train, validation : sequence of Pair
        To fit to, and to stop by.
    settings : Settings
        How it goes.
    amp : torch.dtype, optional
        The format that products are taken in; the weights stay as they are.
    """

    def __init__(
        self,
        reward: RewardModel,
        train: Sequence[Pair],
        validation: Sequence[Pair],
        settings: Settings,
        amp: torch.dtype | None = None,
    ) -> None:
        self._reward = reward
        self._train, self._validation, self._settings = train, validation, settings
        self._amp, self._together = amp, settings.batch
        self._weights = {
            name: each for name, each in reward.network.named_parameters() if each.requires_grad
        }
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=settings.rate, weight_decay=settings.decay
        )
        self._batches = math.ceil(len(train) / settings.batch)
        self._total = settings.epochs * self._batches
        self._every = max(1, self._batches // settings.evaluations)
        self._step, self._best, self._losses = 0, self._state(), list[float]()
        self.history = History()

    def run(self, folder: str | None, made_by: str, progress: Progress | None = None) -> History:
        """Train to the end, and leave the model with the weights that validated best.

        Parameters
        ----------
        folder : str, optional
            A checkpoint is kept here at each evaluation, and a run that was cut off goes on as if
            it had not been.
        made_by : str
            All that the outcome depends on: a checkpoint of another run is refused.
        progress : Progress, optional
            Told after each step.

        Raises
        ------
        InputError
            If the loss is no longer a number, or the folder holds the checkpoint of another run.
        """
        self._resume(folder, made_by)
        for batch in self._batches_left():
            if self._is_over():  # also where a run that had stopped is gone on with
                break
            loss = self._finite(self._descend([self._train[place] for place in batch]))
            self._losses.append(loss)
            self._step += 1
            if progress is not None:
                progress(self._step, self._total, f"loss {loss:.3f}")
            if self._step % self._every == 0 or self._step == self._total:
                self._evaluate()
                self._keep(folder, made_by)
        self._load(self._best)
        return self.history

    def _is_over(self) -> bool:
        """Whether too many evaluations in a row brought nothing better."""
        seen = len(self.history.steps)
        return seen > 0 and seen - 1 - self.history.best >= self._settings.patience

    def _descend(self, pairs: Sequence[Pair]) -> float:
        """One step on these pairs, in as many pieces as memory asks for; their mean loss."""
        settings = self._settings
        warm = max(1.0, WARM_UP * self._total)
        height = min((self._step + 1) / warm, (self._total - self._step) / self._total)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.rate * height
        loss = None
        while loss is None:
            self._optimizer.zero_grad()
            try:
                loss = sum(
                    self._backward(pairs[start : start + self._together], len(pairs))
                    for start in range(0, len(pairs), self._together)
                )
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if loss is None:  # out here, where the traceback no longer holds what was too much
                self._take_fewer(pairs)
        nn.utils.clip_grad_norm_(self._weights.values(), LONGEST_GRADIENT)
        self._optimizer.step()
        return loss

    def _backward(self, pairs: Sequence[Pair], of: int) -> float:
        """Add the gradient of what some pairs add to the mean loss of ``of`` pairs."""
        rows = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
        ids, mask = padded(rows, self._reward.pad, self._reward.device)
        with torch.autocast(ids.device.type, dtype=self._amp, enabled=self._amp is not None):
            rewards = self._reward.network(mask, ids=ids)
        chosen, rejected = rewards.float().chunk(2)
        loss = -nn.functional.logsigmoid(chosen - rejected).sum() / of
        loss.backward()
        return float(loss.detach())

    def _take_fewer(self, pairs: Sequence[Pair]) -> None:
        together = min(self._together, len(pairs))
        if together == 1:
            raise InputError(
                "training: out of memory with a single pair; take a smaller --max-tokens, --mode "
                "head, or a larger device"
            )
        self._together = together // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        say(f"out of memory with {together} pairs: {self._together} at a time from here on")

    def _batches_left(self) -> Iterator[list[int]]:
        """The batches from the current step on. Each epoch's are drawn from its own seed."""
        lengths = np.array([max(map(len, pair)) for pair in self._train])
        while self._step < self._total:
            epoch, done = divmod(self._step, self._batches)
            rng = np.random.default_rng([self._settings.seed, epoch])
            order = np.argsort(lengths * rng.uniform(1, BLUR, len(lengths)), kind="stable")
            batches = np.array_split(order, self._batches)
            for place in rng.permutation(self._batches)[done:]:
                yield [int(each) for each in batches[place]]

    def _evaluate(self) -> None:
        loss = self._finite(log_loss(margins_of(self._reward, self._validation)))
        history = self.history
        history.steps.append(self._step)
        history.train_loss.append(float(np.mean(self._losses)))
        history.validation_loss.append(loss)
        self._losses = []
        if history.best == len(history.steps) - 1:
            self._best = self._state()

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise InputError(
                f"training: the loss is {loss} at step {self._step}; take a lower --learning-rate "
                f"than {self._settings.rate:g}"
            )
        return loss

    def _state(self) -> dict[str, torch.Tensor]:
        return {name: each.detach().cpu().clone() for name, each in self._weights.items()}

    def _load(self, state: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, each in self._weights.items():
                each.copy_(state[name])

    def _keep(self, folder: str | None, made_by: str) -> None:
        if folder is None:
            return
        kept = {
            "made_by": made_by,
            "step": self._step,
            "history": json.dumps(asdict(self.history)),
            "weights": self._state(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
        }
        packed = BytesIO()
        torch.save(kept, packed)
        with whole_file(str(Path(folder, CHECKPOINT))) as file:
            file.write(packed.getbuffer())

    def _resume(self, folder: str | None, made_by: str) -> None:
        file = None if folder is None else Path(folder, CHECKPOINT)
        if file is None or not file.is_file():
            return
        kept = _read(file)
        if kept["made_by"] != made_by:
            raise InputError(
                f"{file}: is of a run with other data or settings; name another folder or delete it"
            )
        self._step, self._best = kept["step"], kept["best"]
        self.history = History(**json.loads(kept["history"]))
        self._load(kept["weights"])
        self._optimizer.load_state_dict(kept["optimizer"])


def margins_of(reward: RewardModel, pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """The rewards of preferred answers minus those of the others, of shape (pairs,)."""
    scores = reward.score_ids([row for pair in pairs for row in pair])
    return np.asarray(scores[::2] - scores[1::2])


def _read(file: Path) -> dict[str, Any]:
    try:
        # weights_only: tensors and plain values, so that a file from a stranger runs no code.
        kept: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch says in many ways that a file is not its own
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{file}: is no checkpoint of a training: {said:.120}") from None
    return kept
