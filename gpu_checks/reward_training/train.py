"""From preferences to a reward model in a folder, with what is known of how good it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gpu_checks.devices import choose_device, choose_dtype
from gpu_checks.models.fingerprint import weights_fingerprint
from gpu_checks.models.heads import TrunkWithHead
from gpu_checks.models.reward import RewardModel, longest_text
from gpu_checks.models.saved import load_trunk, save_reward
from gpu_checks.preferences import Parts, Preferences, folds, split
from gpu_checks.reward_training.accuracy import (
    Accuracy,
    accuracy,
    gain_interval,
    log_loss,
    prefer_shorter,
)
from gpu_checks.reward_training.features import features_of
from gpu_checks.reward_training.gradient import Descent, Pair, Settings, margins_of
from gpu_checks.reward_training.head_fit import fit_head
from gpu_checks.reward_training.low_rank import SCALE, add_low_rank, take_low_rank
from gpu_checks.reward_training.options import RATES, Options
from verify.errors import InputError
from verify.files import make_folder
from verify.progress import Progress

#: Of the cross-validation that chooses a head's penalty.
FOLDS = 5


@dataclass(frozen=True)
class Fit:
    """One training.

    Parameters
    ----------
    seed : int
        Of it.
    validation_loss : float
        The log-loss that it was chosen by, in nats.
    margins : array
        On the pairs held out.
    head : mapping
        The head's tensors.
    lora, trunk : mapping or None
        The updates of the trunk, or all its weights, where they were trained.
    details : mapping
        The penalty of a head, or the history of a descent.
    """

    seed: int
    validation_loss: float
    margins: NDArray[np.float64]
    head: Mapping[str, torch.Tensor]
    lora: Mapping[str, torch.Tensor] | None
    trunk: Mapping[str, torch.Tensor] | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Trained:
    """What came out.

    Parameters
    ----------
    held_out, shorter : Accuracy
        Of the reward, and of preferring the shorter answer, on the pairs held out.
    gain : (float, float)
        An interval for the difference of the two.
    fits : sequence of Fit
        One for each seed.
    kept : Fit
        The one that validated best.
    record : dict
        What ``reward.json`` says of it.
    """

    held_out: Accuracy
    shorter: Accuracy
    gain: tuple[float, float]
    fits: Sequence[Fit]
    kept: Fit
    record: dict[str, Any]


def train_reward(
    preferences: Preferences,
    options: Options,
    out: str,
    work: str | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Fit a reward model to preferences, measure it on pairs held out, and save it.

    The model is that of Bradley and Terry: the preferred answer wins with probability
    ``1/(1 + exp(-(its reward - the other's)))``. The zero of the reward is arbitrary; it is put at
    the mean reward of the answers that the fit was chosen by.

    Parameters
    ----------
    preferences : Preferences
        What people preferred.
    options : Options
        On which of them, and how.
    out : str
        The folder of the model.
    work : str, optional
        A folder for what a run that is cut off can go on from.
    progress : Progress, optional
        Told how far the work is.

    Raises
    ------
    InputError
        If there are too few pairs for the parts asked for, the model cannot be loaded, or a folder
        cannot be used.
    """
    for folder in (out, work):
        if folder is not None:
            make_folder(folder)
    training = _Training(preferences, options, work, progress)
    fits = [training.fit(options.seed + each) for each in range(options.repeats)]
    kept = min(fits, key=lambda fit: fit.validation_loss)
    return training.save(out, fits, kept)


class _Training:
    """What all trainings of one call share."""

    def __init__(
        self,
        preferences: Preferences,
        options: Options,
        work: str | None,
        progress: Progress | None,
    ) -> None:
        self._preferences, self._options = preferences, options
        self._work, self._progress = work, progress
        self._parts(options.seed)  # refuses too few pairs before a model is loaded
        self._device = choose_device(options.device)
        self._dtype = choose_dtype(options.dtype)
        self._reward = self._load()
        self._fingerprint = weights_fingerprint(self._network.trunk)
        self._texts = [
            (
                self._reward.encode(each.prompt, each.chosen),
                self._reward.encode(each.prompt, each.rejected),
            )
            for each in preferences.pairs
        ]
        self._cut = self._reward.truncated

    @property
    def _network(self) -> TrunkWithHead:
        network = self._reward.network
        assert isinstance(network, TrunkWithHead)
        return network

    def _load(self) -> RewardModel:
        options = self._options
        trunk, tokenizer = load_trunk(options.trunk, self._device)
        # A tokenizer has a mask token where the trunk was made to read in both directions.
        usual = "last" if tokenizer.mask_token is None else "mean"
        network = TrunkWithHead(trunk, options.pooling or usual).eval()
        for each in network.head.parameters():
            torch.nn.init.zeros_(each)
        longest = min(options.longest, longest_text(network, tokenizer))
        return RewardModel(network, tokenizer, options.trunk, longest, ends_with_answer=True)

    def _parts(self, training_seed: int) -> Parts:
        options = self._options
        parts = split(
            self._preferences.pairs,
            options.held_out,
            options.validation,
            options.part,
            options.seed,
            training_seed,
        )
        for name, places in asdict(parts).items():
            if len(places) < 2:
                raise InputError(
                    f"preferences: {len(places)} of {len(self._preferences.pairs)} pairs are left "
                    f"to {name.replace('_', ' ')}; give more pairs, or other shares"
                )
        return parts

    def fit(self, seed: int) -> Fit:
        """One training."""
        parts = self._parts(seed)
        return (
            self._fit_head(parts, seed)
            if self._options.mode == "head"
            else self._descend(parts, seed)
        )

    # ------------------------------------------------------------ the head alone

    def _fit_head(self, parts: Parts, seed: int) -> Fit:
        features = self._features(parts)
        fitted = sorted([*parts.train, *parts.validation])
        inside = np.stack([features[place] for place in fitted])
        pairs = [self._preferences.pairs[place] for place in fitted]
        head = fit_head(inside, folds(pairs, FOLDS, seed))
        weight = torch.from_numpy(head.weight[None, :])
        bias = torch.tensor([-float((inside @ head.weight).mean())])
        outside = np.stack([features[place] for place in parts.held_out])
        margins = (outside[:, 0] - outside[:, 1]) @ head.weight
        tensors = {"weight": weight.float(), "bias": bias.float()}
        details = {"penalty": head.penalty}
        return Fit(seed, head.validation_loss, margins, tensors, None, None, details)

    def _features(self, parts: Parts) -> dict[int, NDArray[np.float64]]:
        """Of both answers of each pair that this run looks at."""
        places = sorted([*parts.train, *parts.validation, *parts.held_out])
        made_by = f"{self._fingerprint} {self._network.pooling} {self._dtype}"
        self._network.trunk.to(self._dtype)
        rows = [row for place in places for row in self._texts[place]]
        found = features_of(self._reward, rows, made_by, self._work, self._progress)
        paired = found.astype(np.float64).reshape(len(places), 2, -1)
        return dict(zip(places, paired, strict=True))

    # ------------------------------------------------------------ by gradient descent

    def _descend(self, parts: Parts, seed: int) -> Fit:
        options = self._options
        if seed != options.seed:
            self._reward = self._load()
        network = self._network
        network.requires_grad_(True)
        if options.mode == "lora":
            add_low_rank(network.trunk, options.rank, seed)
        rate = options.rate or RATES[options.mode]
        settings = Settings(epochs=options.epochs, rate=rate, batch=options.batch, seed=seed)
        amp = None if self._dtype is torch.float32 else self._dtype
        descent = Descent(
            self._reward, self._chosen(parts.train), self._chosen(parts.validation), settings, amp
        )
        history = descent.run(self._folder(seed), self._made_by(seed), self._progress)
        network.requires_grad_(False)
        validation = [row for pair in self._chosen(parts.validation) for row in pair]
        network.head.bias -= float(self._reward.score_ids(validation).mean())
        margins = margins_of(self._reward, self._chosen(parts.held_out))
        lora = take_low_rank(network.trunk) if options.mode == "lora" else None
        trunk = _copy(network.trunk) if options.mode == "full" else None
        loss = history.validation_loss[history.best]
        return Fit(seed, loss, margins, _copy(network.head), lora, trunk, asdict(history))

    def _chosen(self, places: Sequence[int]) -> list[Pair]:
        return [self._texts[place] for place in places]

    def _folder(self, seed: int) -> str | None:
        if self._work is None:
            return None
        return str(make_folder(str(Path(self._work, f"seed-{seed}"))))

    def _made_by(self, seed: int) -> str:
        """All that a training depends on."""
        what = [asdict(self._options), self._preferences.sha256, self._fingerprint, seed]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()

    # ------------------------------------------------------------ what came out

    def save(self, out: str, fits: Sequence[Fit], kept: Fit) -> Trained:
        """Write the model that is kept, and say how good it is."""
        parts = self._parts(kept.seed)
        outside = [self._preferences.pairs[place] for place in parts.held_out]
        shorter = prefer_shorter(outside)
        gain = gain_interval(kept.margins, shorter, [pair.opening for pair in outside], kept.seed)
        held_out, baseline = accuracy(kept.margins), accuracy(shorter)
        metrics = {
            "held_out": {**held_out.to_dict(), "log_loss": log_loss(kept.margins)},
            "prefer_shorter": baseline.to_dict(),
            "gain_over_prefer_shorter": {
                "accuracy": held_out.share - baseline.share,
                "interval": list(gain),
            },
            "repeats": [
                {
                    "seed": fit.seed,
                    "accuracy": accuracy(fit.margins).share,
                    "validation_loss": fit.validation_loss,
                }
                for fit in fits
            ],
            "pairs": {name: len(places) for name, places in asdict(parts).items()},
            "data_sha256": self._preferences.sha256,
            "options": asdict(self._options),
            "fit": dict(kept.details),
            "texts_cut": self._cut,
            "versions": _versions(),
        }
        network = self._load().network
        assert isinstance(network, TrunkWithHead)
        network.head.load_state_dict(dict(kept.head))
        if kept.trunk is not None:
            network.trunk.load_state_dict(dict(kept.trunk))
        save_reward(
            Path(out),
            network,
            {"name": self._options.trunk, "fingerprint": self._fingerprint},
            self._reward.longest,
            metrics,
            lora=kept.lora,
            lora_scale=SCALE,
            whole_trunk=kept.trunk is not None,
        )
        return Trained(held_out, baseline, gain, fits, kept, metrics)


def _copy(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: each.detach().cpu().clone() for name, each in module.state_dict().items()}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "catastrophic-goodhart")}
