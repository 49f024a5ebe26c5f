"""Rewards of sequences that begin alike, where the trunk is causal: the beginning is read once.

The candidates of a step are their parent up to the first token that differs. What a causal trunk
has computed of the parent up to there, keys and values of every layer, is theirs too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gpu_checks.models.heads import RewardNetwork, SequenceClassifier, TrunkWithHead

#: How far a reward read in two parts may be from one read whole, relative to its size or 1: the
#: same products added up in another order. In float64 too, as norms are taken in float32.
ROUNDING = {torch.float64: 2.0**-13, torch.float32: 2.0**-13}
#: In formats of 8 to 11 bits.
SHORT_ROUNDING = 2.0**-3


@dataclass(frozen=True)
class CausalScorer:
    """A reward model whose trunk is causal and whose head reads the last token.

    Parameters
    ----------
    trunk : callable
        From ``input_ids``, ``past_key_values`` and ``use_cache`` to hidden states of the last layer
        (``last_hidden_state``), as the trunks of transformers.
    head : callable
        From the last token's hidden states, shape (n, width), to rewards, shape (n,).
    """

    trunk: Callable[..., Any]
    head: Callable[[torch.Tensor], torch.Tensor]

    @classmethod
    def of(cls, network: RewardNetwork) -> CausalScorer | None:
        """The parts of a network whose head reads the last token; None for others."""
        if isinstance(network, SequenceClassifier) and network.reads_last:
            classifier = network.model
            return cls(classifier.base_model, lambda last: classifier.score(last)[:, 0])
        if isinstance(network, TrunkWithHead) and network.pooling == "last":
            return cls(network.trunk, lambda last: network.head(last)[:, 0])
        return None

    def read(self, ids: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values of every layer for one sequence, shape (length,)."""
        with torch.inference_mode():
            cache = self.trunk(input_ids=ids[None], use_cache=True).past_key_values
        return [(layer.keys, layer.values) for layer in cache.layers]

    def values(
        self, read: list[tuple[torch.Tensor, torch.Tensor]], shared: int, rest: torch.Tensor
    ) -> torch.Tensor:
        """Rewards of sequences.

        Parameters
        ----------
        read : list of (keys, values)
            Of the sequence that they begin as.
        shared : int
            How many tokens they begin with like it.
        rest : tensor of int, shape (n, length)
            Their other tokens, one at least.

        Returns
        -------
        tensor, shape (n,)
        """
        from transformers import DynamicCache

        past = None
        if shared:
            past = DynamicCache(
                [
                    tuple(each[:, :, :shared].expand(len(rest), -1, -1, -1) for each in layer)
                    for layer in read
                ]
            )
        with torch.inference_mode():
            states = self.trunk(input_ids=rest, past_key_values=past, use_cache=past is not None)
            return self.head(states.last_hidden_state[:, -1])

    def agrees(self, ids: torch.Tensor, other: torch.Tensor, whole: float) -> bool:
        """Whether a sequence read in two parts has the reward that it has when read whole.

        It does not where the trunk is not causal, or the head reads more than the last token.

        Parameters
        ----------
        ids, other : tensor of int, shape (length,)
            Two sequences; their halves are put together.
        whole : float
            The reward of the second half of ``ids`` behind the first half of ``other``.
        """
        middle = len(ids) // 2
        try:
            # The first half is read in front of another second half: no trunk that looks ahead
            # gives it the same keys and values.
            parts = self.values(self.read(other), middle, ids[None, middle:])
        except (TypeError, ValueError, AttributeError, RuntimeError):
            return False  # a trunk that keeps nothing to go on from
        allowed = ROUNDING.get(parts.dtype, SHORT_ROUNDING) * max(1.0, abs(whole))
        return abs(float(parts[0]) - whole) <= allowed
