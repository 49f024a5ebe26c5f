"""What base policies and reward models have in common: they read token ids, in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch

from gpu_checks.devices import Budget
from verify.errors import InputError


class TokenReader(ABC):
    """A model with its tokenizer.

    Attributes
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
    name : str
        What messages call it.
    forward_seconds : float
        How long forward passes have taken since it was loaded.
    """

    tokenizer: Any
    name: str
    forward_seconds: float
    _budget: Budget | None

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """The format of its weights and activations."""

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many tokens it knows, rows that no token has among them."""

    @property
    @abstractmethod
    def bytes_per_token(self) -> int:
        """About how much memory a token of a batch takes."""

    @property
    def pad(self) -> int:
        """The token that fills up short texts of a batch; it is masked."""
        return int(self.tokenizer.pad_token_id)

    @property
    def budget(self) -> Budget:
        """What a batch may have: fitted to memory at first, smaller once memory ran out."""
        if self._budget is None:
            self._budget = Budget.fitted(self.device, self.bytes_per_token)
        return self._budget

    def check_readable(self, text: Sequence[int], length: int, longest: int) -> None:
        """Refuse a text that is too long, or has a token that the model does not know.

        Parameters
        ----------
        text : sequence of int
            Token ids, not empty.
        length : int
            How many tokens it has, those that are still to come among them.
        longest : int
            The most that the model reads.
        """
        if length > longest:
            raise InputError(
                f"model {self.name}: a text of {length} tokens, of which it reads {longest}"
            )
        least, most = min(text), max(text)
        if least < 0 or most >= self.vocabulary_size:
            wrong = least if least < 0 else most
            raise InputError(
                f"model {self.name}: token {wrong} is not among its {self.vocabulary_size} tokens"
            )
