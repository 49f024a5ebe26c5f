"""A tiny trunk with random weights, on disk, and preferences that are easy to learn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gpu_checks.preferences import Preference, Preferences
from tests.gpu_checks.tiny import llama_config, tokenizer

WORDS = ("quick", "brown", "fox", "jumps", "lazy", "dog", "model", "number")


def saved_trunk(folder: Path, seed: int = 0) -> str:
    """A causal trunk of two layers, made from a seed: it knows nothing of language."""
    import torch
    from transformers import LlamaModel

    torch.manual_seed(seed)
    LlamaModel(llama_config()).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return str(folder)


def easy(count: int) -> Preferences:
    """People here like foxes: the chosen answer has one, the other a dog."""
    import numpy as np

    rng = np.random.default_rng(5)
    pairs = []
    for each in range(count):
        words = [str(word) for word in rng.choice(WORDS[:2], int(rng.integers(1, 4)))]
        chosen, rejected = (" ".join([*words, last]) for last in ("fox", "dog"))
        pairs.append(Preference(f"number {each}", chosen, rejected))
    return Preferences(tuple(pairs), 0, "0" * 64)


@dataclass
class Stopped(Exception):
    """What a planted kill raises."""

    at: int


class Killer:
    """A progress that stops the run after so many calls, as a kill would."""

    def __init__(self, at: int) -> None:
        self.calls, self.at = 0, at

    def __call__(self, done: int, total: int, last: str) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise Stopped(self.at)
