"""Uniform random tokens: the base policy of the paper's first experiments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gpu_checks.models.drawing import Sampled
from gpu_checks.models.fingerprint import vocabulary_fingerprint
from gpu_checks.models.loading import load_tokenizer
from gpu_checks.models.sources import find_source


@dataclass
class UniformPolicy:
    """Independent tokens, each as likely as any other, of all that are not special.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        Whose tokens they are.
    name : str
        What messages call it.
    """

    tokenizer: Any
    name: str
    forward_seconds: float = 0.0

    @cached_property
    def tokens(self) -> np.ndarray:
        """The ids that are drawn."""
        special = set(self.tokenizer.all_special_ids)
        added = getattr(self.tokenizer, "added_tokens_decoder", {})
        special |= {token for token, each in added.items() if each.special}
        known = sorted(set(self.tokenizer.get_vocab().values()) - special)
        return np.array(known, dtype=np.int64)

    @property
    def fingerprint(self) -> str:
        """Sha256 over the vocabulary: nothing else decides what is drawn."""
        return vocabulary_fingerprint(self.tokenizer)

    def encode_prompt(self, text: str) -> list[int]:
        """No tokens: the answer has nothing to do with the prompt."""
        return []

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an answer."""
        return str(self.tokenizer.decode(list(ids)))

    def sample(
        self,
        prompt_ids: Sequence[Sequence[int]],
        max_new_tokens: int,
        generator: Sequence[np.random.Generator],
        tick: Callable[[int], None] | None = None,
    ) -> list[Sampled]:
        """Draw an answer of exactly so many tokens to each prompt, with its own random numbers."""
        each = np.full(max_new_tokens, -math.log(len(self.tokens)))
        places = [one.integers(len(self.tokens), size=max_new_tokens) for one in generator]
        if tick is not None:
            tick(len(prompt_ids))
        return [Sampled(self.tokens[place].tolist(), each, True) for place in places]


def uniform_policy(name: str) -> UniformPolicy:
    """Uniform random tokens of a model's vocabulary; its weights are not read.

    Parameters
    ----------
    name : str
        As of :func:`~gpu_checks.models.policy.base_policy`.
    """
    return UniformPolicy(load_tokenizer(find_source(name)), name)
