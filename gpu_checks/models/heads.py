"""From hidden states to a reward: the heads of reward models, and pooling.

A :class:`RewardNetwork` is all of a reward model that has weights. Two kinds are here; a model
with a head of its own kind joins by an adapter: a function from a
:class:`~gpu_checks.models.sources.Source` to a network, given to :func:`register_adapter`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from gpu_checks.models.loading import load_config, load_weights
from gpu_checks.models.sources import Source
from verify.errors import InputError

POOLINGS = ("mean", "last", "first")


class RewardNetwork(torch.nn.Module, ABC):  # type: ignore[misc]
    """A network from tokens to one number a text."""

    @abstractmethod
    def embed(self) -> torch.nn.Embedding:
        """The input embedding."""

    def settings(self) -> dict[str, Any]:
        """What decides the rewards beside weights and configurations; JSON can hold it."""
        return {"kind": type(self).__name__}

    def forward(
        self,
        mask: torch.Tensor,
        ids: torch.Tensor | None = None,
        embeddings: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The rewards of texts, of shape (texts,).

        Parameters
        ----------
        mask : torch.Tensor
            1 for tokens, 0 for padding, which comes after a text; of shape (texts, tokens).
        ids : torch.Tensor, optional
            The tokens. With ``embeddings``, they only say what is special about a token's place.
        embeddings : torch.Tensor, optional
            Their embeddings, of shape (texts, tokens, hidden size), in place of the tokens'.
        """
        if embeddings is not None:
            inputs = {"inputs_embeds": embeddings}
        elif ids is not None:
            inputs = {"input_ids": ids}
        else:
            raise ValueError("neither token ids nor embeddings")
        return self.rewards({**inputs, "attention_mask": mask}, mask, ids)

    @abstractmethod
    def rewards(
        self, inputs: dict[str, torch.Tensor], mask: torch.Tensor, ids: torch.Tensor | None
    ) -> torch.Tensor:
        """The rewards of texts, of shape (texts,).

        Parameters
        ----------
        inputs : dict
            What a model of transformers is called with: tokens or embeddings, and the mask.
        mask, ids : torch.Tensor
            As of :meth:`forward`.
        """


class SequenceClassifier(RewardNetwork):
    """A model of transformers with one label: its reward is ``logits[:, 0]``.

    Where the head reads the last token of a causal trunk, it is applied to that position alone,
    so that embeddings and padding go together, which they do not in transformers.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        head = getattr(model, "score", None)
        self.reads_last = isinstance(head, torch.nn.Linear)

    def embed(self) -> torch.nn.Embedding:
        """The input embedding."""
        return self.model.get_input_embeddings()

    def rewards(
        self, inputs: dict[str, torch.Tensor], mask: torch.Tensor, ids: torch.Tensor | None
    ) -> torch.Tensor:
        """The rewards of texts, of shape (texts,)."""
        if not self.reads_last:
            return self.model(**inputs).logits[:, 0]
        hidden = self.model.base_model(**inputs, use_cache=False)[0]
        place = self._place(mask, ids)
        at_place = hidden[torch.arange(len(hidden), device=hidden.device), place]
        return self.model.score(at_place)[:, 0]

    def _place(self, mask: torch.Tensor, ids: torch.Tensor | None) -> torch.Tensor:
        """Where the head reads, as transformers has it: the last token that is not the padding's.

        In a text that ends in the padding token this is not its last.
        """
        pad = self.model.config.get_text_config().pad_token_id
        text = mask.bool() if ids is None or pad is None else ids != pad
        return last_of(text)


class TrunkWithHead(RewardNetwork):
    """A trunk, a pooling of its last hidden states, and a linear head.

    Parameters
    ----------
    trunk : transformers.PreTrainedModel
        A model whose first output is its hidden states.
    pooling : str
        ``mean`` of a text's tokens, or its ``last`` or ``first``.
    """

    def __init__(self, trunk: Any, pooling: str) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise InputError(f"pooling: expected {', '.join(POOLINGS)}; got {pooling!r:.40}")
        self.trunk, self.pooling = trunk, pooling
        self.head = torch.nn.Linear(
            trunk.config.hidden_size, 1, dtype=trunk.dtype, device=trunk.device
        )

    def settings(self) -> dict[str, Any]:
        """The kind, and the pooling."""
        return {**super().settings(), "pooling": self.pooling}

    def embed(self) -> torch.nn.Embedding:
        """The input embedding."""
        return self.trunk.get_input_embeddings()

    def rewards(
        self, inputs: dict[str, torch.Tensor], mask: torch.Tensor, ids: torch.Tensor | None
    ) -> torch.Tensor:
        """The rewards of texts, of shape (texts,)."""
        hidden = self.trunk(**inputs)[0]
        return self.head(pool(hidden, mask, self.pooling))[:, 0]


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector a text, from those of its tokens.

    Parameters
    ----------
    hidden : torch.Tensor
        Of shape (texts, tokens, hidden size).
    mask : torch.Tensor
        1 for tokens, 0 for padding; of shape (texts, tokens).
    pooling : str
        One of :data:`POOLINGS`.
    """
    if pooling == "mean":
        weights = mask[:, :, None].to(hidden.dtype)
        return (hidden * weights).sum(1) / weights.sum(1)
    place = last_of(mask.bool()) if pooling == "last" else mask.bool().int().argmax(1)
    return hidden[torch.arange(len(hidden), device=hidden.device), place]


def last_of(true: torch.Tensor) -> torch.Tensor:
    """The last place of each row that is true, of shape (rows,); 0 where none is."""
    places = torch.arange(true.shape[1], device=true.device)
    return (places * true).argmax(1)


#: Makes a network from a source, its configuration, a device and a dtype; None: not its kind.
Adapter = Callable[[Source, Any, torch.device, torch.dtype], RewardNetwork | None]

_ADAPTERS: dict[str, Adapter] = {}


def register_adapter(name: str, adapter: Adapter) -> None:
    """Let reward models with a head of their own be loaded.

    Parameters
    ----------
    name : str
        What messages call it; the last adapter of a name counts.
    adapter : callable
        Given a source, its configuration, a device and a dtype, it makes the network, or answers
        None where the model is not of its kind. It has to refuse a checkpoint without its head, as
        :func:`~gpu_checks.models.loading.load_weights` does.
    """
    _ADAPTERS[name] = adapter


def load_network(source: Source, device: torch.device, dtype: torch.dtype) -> RewardNetwork:
    """The network of a reward model: by the first adapter that knows its kind, else a classifier.

    Raises
    ------
    InputError
        If it has no head of one number, or its head has no weights.
    """
    from transformers import AutoModelForSequenceClassification

    config = load_config(source)
    for adapter in _ADAPTERS.values():
        network = adapter(source, config, device, dtype)
        if network is not None:
            return network
    kinds = config.architectures or []
    if not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        what = ", ".join(kinds) or f"a plain {config.model_type}"
        raise InputError(
            f"model {source.name}: has no reward head, it is {what}; expected a model for sequence "
            "classification with one label, or an adapter for it (register_adapter)"
        )
    if config.num_labels != 1:
        raise InputError(
            f"model {source.name}: its head has {config.num_labels} outputs, a reward model's has 1"
        )
    network = SequenceClassifier(
        load_weights(source, AutoModelForSequenceClassification, device, dtype)
    )
    network.eval()
    return network
