"""A reward model: prompts and answers, or token ids, to one number each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from gpu_checks.devices import Budget, batched, choose_device, choose_dtype
from gpu_checks.dialogue import messages_of, plain
from gpu_checks.models.fingerprint import fingerprint
from gpu_checks.models.heads import RewardNetwork, load_network
from gpu_checks.models.loading import load_tokenizer
from gpu_checks.models.padding import padded
from gpu_checks.models.saved import find_saved, load_saved
from gpu_checks.models.sources import find_source
from gpu_checks.models.token_reader import TokenReader
from verify.errors import InputError

#: Bytes of activations a token takes, over those of one hidden state in one layer.
STATES = 24


@dataclass
class RewardModel(TokenReader):
    """A reward model with its tokenizer.

    Parameters
    ----------
    network : RewardNetwork
        Trunk and head, in evaluation mode.
    tokenizer : transformers.PreTrainedTokenizerBase
        The trunk's.
    name : str
        What messages call it.
    longest : int
        The most tokens of a text that it reads.
    ends_with_answer : bool
        Whether a text ends with what ends the answer, as a sampled one does, and blanks that a
        chat template puts after it are left out. So it is in those that were trained here.
    """

    network: RewardNetwork
    tokenizer: Any
    name: str = "reward model"
    longest: int = 1 << 30
    ends_with_answer: bool = False
    truncated: int = field(default=0, init=False)
    """How many texts were cut because they were too long."""
    forward_seconds: float = field(default=0.0, init=False)
    """How long forward passes have taken since it was loaded."""
    _budget: Budget | None = field(default=None, repr=False)

    @property
    def embedding(self) -> torch.Tensor:
        """The input embeddings, of shape (vocabulary, hidden size)."""
        return self.network.embed().weight

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.embedding.device

    @property
    def dtype(self) -> torch.dtype:
        """The format of its weights and activations."""
        return self.embedding.dtype

    @cached_property
    def fingerprint(self) -> str:
        """Sha256 over weights, head, configuration and tokenizer: 64 hexadecimal digits."""
        what: dict[str, Any] = {"longest": self.longest, "ends_with_answer": self.ends_with_answer}
        what |= self.network.settings()
        return fingerprint(self.network, self.tokenizer, what)

    @property
    def vocabulary_size(self) -> int:
        """How many tokens have an embedding."""
        return int(self.embedding.shape[0])

    @property
    def bytes_per_token(self) -> int:
        """About how much memory a token of a batch takes."""
        return STATES * int(self.embedding.shape[1]) * int(self.dtype.itemsize)

    def encode(self, prompt: str, answer: str) -> list[int]:
        """The tokens of a prompt and its answer, as the model was made to read them.

        By the tokenizer's chat template where it has one, without a second set of special tokens;
        else as a pair of texts. What is too long loses its beginning: the answer is at the end. A
        prompt may be a dialogue (:mod:`gpu_checks.dialogue`).
        """
        if self.tokenizer.chat_template is not None:
            turns = [*messages_of(prompt), {"role": "assistant", "content": answer}]
            rendered = self.tokenizer.apply_chat_template(turns, tokenize=False)
            if self.ends_with_answer:
                rendered = rendered.rstrip()
            ids = self.tokenizer(rendered, add_special_tokens=False)["input_ids"]
            self.truncated += len(ids) > self.longest
            return [int(each) for each in ids[-self.longest :]]
        return self._encode_pair(prompt, answer)

    def _encode_pair(self, prompt: str, answer: str) -> list[int]:
        first, second = (
            self.tokenizer(text, add_special_tokens=False, verbose=False).encodings[0]
            for text in (plain(prompt), answer)
        )
        room = self.longest - self.tokenizer.num_special_tokens_to_add(pair=True)
        self.truncated += len(first) + len(second) > room
        second.truncate(room, direction="left")
        first.truncate(max(0, room - len(second)), direction="left")
        # The special tokens around a pair are the tokenizer's own business.
        return list(self.tokenizer.backend_tokenizer.post_process(first, second).ids)

    def score(self, prompts: Sequence[str], answers: Sequence[str]) -> np.ndarray:
        """The rewards of answers to prompts.

        Returns
        -------
        numpy.ndarray
            float64, of shape (answers,).
        """
        pairs = zip(prompts, answers, strict=True)
        return self.score_ids([self.encode(prompt, answer) for prompt, answer in pairs])

    def score_ids(
        self, texts: Sequence[Sequence[int]], tick: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """The rewards of texts that are token ids already, special tokens among them.

        Parameters
        ----------
        texts : sequence of sequences of int
            Whole texts, none of them empty.
        tick : callable, optional
            Told how many more texts are done, after each batch.

        Returns
        -------
        numpy.ndarray
            float64, of shape (texts,).

        Raises
        ------
        InputError
            If a text is empty or too long, or has a token that is not in the vocabulary.
        """
        for text in texts:
            self._check(text)
        rewards = np.empty(len(texts))

        def run(rows: list[int]) -> np.ndarray:
            return self._score([texts[row] for row in rows])

        for rows, found in batched([len(text) for text in texts], run, self.budget):
            rewards[rows] = found
            if tick is not None:
                tick(len(rows))
        return rewards

    def _score(self, texts: list[Sequence[int]]) -> np.ndarray:
        ids, mask = padded(texts, self.pad, self.device)
        started = time.perf_counter()
        with torch.inference_mode():  # .cpu() waits until the device is done
            rewards: np.ndarray = self.network(mask, ids=ids).double().cpu().numpy()
        self.forward_seconds += time.perf_counter() - started
        return rewards

    def score_embeddings(
        self, embeddings: torch.Tensor, mask: torch.Tensor, ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The rewards of embedded texts, which gradients flow through.

        Parameters
        ----------
        embeddings : torch.Tensor
            Of shape (texts, tokens, hidden size).
        mask : torch.Tensor
            1 for tokens, 0 for padding, which comes after a text.
        ids : torch.Tensor, optional
            The tokens, where they are known: some heads pass over padding tokens at the end of a
            text.

        Returns
        -------
        torch.Tensor
            Of shape (texts,), in the dtype of the model.
        """
        return self.network(mask, ids=ids, embeddings=embeddings)

    def _check(self, text: Sequence[int]) -> None:
        if not len(text):
            raise InputError(f"model {self.name}: a text without tokens has no reward")
        self.check_readable(text, len(text), self.longest)


def reward_model(
    name: str,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> RewardModel:
    """Load a reward model.

    Parameters
    ----------
    name : str
        A folder or an id on the hub, of a model for sequence classification with one label or of a
        kind with an adapter; a folder that ``goodhart train-reward`` saved; or ``smollm2-harmless``
        or ``minilm-harmless``, which the package carries.
    device : str or torch.device, optional
        ``cpu`` or ``cuda``; the latter by default where there is one.
    dtype : str or torch.dtype, optional
        float32 by default.

    Returns
    -------
    RewardModel
        The model.

    Raises
    ------
    InputError
        If there is no such model, or it has no head with weights.
    """
    place, format_ = choose_device(device), choose_dtype(dtype)
    folder = find_saved(name)
    if folder is not None:
        saved = load_saved(folder, place, format_)
        return RewardModel(
            saved.network, saved.tokenizer, name, saved.longest, ends_with_answer=True
        )
    source = find_source(name)
    tokenizer = load_tokenizer(source)
    network = load_network(source, place, format_)
    return RewardModel(network, tokenizer, name, longest_text(network, tokenizer))


def longest_text(network: torch.nn.Module, tokenizer: Any) -> int:
    """The most tokens that every model inside a network, and its tokenizer, can take."""
    from transformers import PreTrainedModel

    limits = [int(tokenizer.model_max_length)]
    for part in network.modules():
        if isinstance(part, PreTrainedModel):
            limits.append(int(getattr(part.config, "max_position_embeddings", 0) or 1 << 30))
    return min(limits)
