"""A base policy: a causal language model whose log-probabilities and samples are its own.

Nothing of the checkpoint's generation defaults (top-k, temperature, penalties) is applied: an
answer is drawn token by token from the softmax of the logits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch

from gpu_checks.devices import Budget, batched, choose_device, choose_dtype
from gpu_checks.dialogue import messages_of
from gpu_checks.models.drawing import Sampled, draw_answers, keep_logits
from gpu_checks.models.fingerprint import fingerprint
from gpu_checks.models.loading import load_tokenizer, load_weights
from gpu_checks.models.padding import padded
from gpu_checks.models.sources import find_source
from gpu_checks.models.token_reader import TokenReader
from verify.errors import InputError

#: Bytes of activations a token takes, over those of one hidden state in one layer.
STATES = 16


@dataclass
class BasePolicy(TokenReader):
    """A causal language model as a distribution over answers.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        The model, in evaluation mode.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its tokenizer.
    name : str
        What messages call it.
    """

    model: Any
    tokenizer: Any
    name: str = "policy"
    forward_seconds: float = field(default=0.0, init=False)
    """How long forward passes have taken since it was loaded."""
    _budget: Budget | None = field(default=None, repr=False)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return cast(torch.device, self.model.device)

    @property
    def dtype(self) -> torch.dtype:
        """The format of its weights and activations."""
        return cast(torch.dtype, self.model.dtype)

    @cached_property
    def fingerprint(self) -> str:
        """Sha256 over weights, configuration and tokenizer: 64 hexadecimal digits."""
        return fingerprint(self.model, self.tokenizer, {})

    @property
    def vocabulary_size(self) -> int:
        """How many tokens the model gives a probability: padded rows of its head count."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    @property
    def bos(self) -> int | None:
        """The token that begins a text, None where the tokenizer has none."""
        found = self.tokenizer.bos_token_id
        return None if found is None else int(found)

    @cached_property
    def ends(self) -> frozenset[int]:
        """The tokens that end an answer: those that the tokenizer or the checkpoint name so."""
        named: set[Any] = set()
        config = getattr(self.model, "generation_config", None)
        for each in (self.tokenizer.eos_token_id, getattr(config, "eos_token_id", None)):
            named |= set(each) if isinstance(each, list | tuple) else {each}
        return frozenset(int(each) for each in named - {None})

    @property
    def longest(self) -> int:
        """The most tokens of a text that the model can read."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 1 << 30)

    @property
    def bytes_per_token(self) -> int:
        """About how much memory a token of a batch takes."""
        config = self.model.config
        state = config.hidden_size * self.dtype.itemsize
        # Logits in the model's format, and those of one text more in float64.
        logits = self.vocabulary_size * (self.dtype.itemsize + 4)
        cache = 2 * config.num_hidden_layers * state
        return int(STATES * state + logits + cache)

    def encode_prompt(self, text: str) -> list[int]:
        """The tokens that an answer to this prompt follows; none for an empty prompt.

        The tokenizer's chat template is applied where it has one.
        """
        if not text:
            return []
        if self.tokenizer.chat_template is None:
            return [int(each) for each in self.tokenizer(text)["input_ids"]]
        turns = messages_of(text)
        rendered = self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
        return [
            int(each) for each in self.tokenizer(rendered, add_special_tokens=False)["input_ids"]
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an answer, without special tokens."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def log_probs(
        self,
        prompt_ids: Sequence[Sequence[int]],
        answer_ids: Sequence[Sequence[int]],
        temperature: float = 1.0,
    ) -> list[np.ndarray]:
        """The log-probability of every token of every answer, given its prompt.

        Parameters
        ----------
        prompt_ids, answer_ids : sequence of sequences of int
            Token ids, of the same number of prompts and answers. An empty prompt stands for the
            token that begins a text.
        temperature : float
            What the logits are divided by.

        Returns
        -------
        list of numpy.ndarray
            For each answer its tokens' natural log-probabilities, float64.

        Raises
        ------
        InputError
            If a token is not in the vocabulary, a text is too long for the model, or a prompt is
            empty and no token begins a text.
        """
        _check_temperature(temperature)
        contexts = [self._context(prompt) for prompt in prompt_ids]
        texts = [[*context, *answer] for context, answer in zip(contexts, answer_ids, strict=True)]
        for text in texts:
            self.check_readable(text, len(text), self.longest)
        starts = [len(context) for context in contexts]
        found: list[np.ndarray] = [np.empty(0)] * len(texts)

        def run(rows: list[int]) -> list[np.ndarray]:
            return self._log_probs(
                [texts[row] for row in rows], [starts[row] for row in rows], temperature
            )

        for rows, answers in batched([len(text) for text in texts], run, self.budget):
            for row, answer in zip(rows, answers, strict=True):
                found[row] = answer
        return found

    def _log_probs(
        self, texts: list[list[int]], starts: list[int], temperature: float
    ) -> list[np.ndarray]:
        ids, mask = padded(texts, self.pad, self.device)
        keep = keep_logits(self.model, ids.shape[1] - min(starts) + 1)
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False, **keep).logits
        first = ids.shape[1] - logits.shape[1]
        found = []
        for row, (text, start) in enumerate(zip(texts, starts, strict=True)):
            # The logits at a position are those of the token after it. One row at a time, as
            # float64 takes twice the memory.
            of_answer = (
                logits[row, start - 1 - first : len(text) - 1 - first].double() / temperature
            )
            tokens = ids[row, start : len(text), None]
            taken = of_answer.gather(1, tokens)[:, 0] - of_answer.logsumexp(1)
            found.append(taken.cpu().numpy())
        return found

    def sample(
        self,
        prompt_ids: Sequence[Sequence[int]],
        max_new_tokens: int,
        generator: np.random.Generator | Sequence[np.random.Generator],
        temperature: float = 1.0,
        tick: Callable[[int], None] | None = None,
    ) -> list[Sampled]:
        """Draw an answer to each prompt.

        An answer is a function of its prompt and its own random numbers, whatever other prompts
        are in its batch. Logits differ in rounding from one batch size to another, so an answer
        does where a random number falls between two values of one cumulated probability.

        Parameters
        ----------
        prompt_ids : sequence of sequences of int
            Token ids, an empty prompt as in :meth:`log_probs`.
        max_new_tokens : int
            The most tokens of an answer.
        generator : numpy.random.Generator or sequence of them
            One for each prompt; a single one spawns those.
        temperature : float
            What the logits are divided by.
        tick : callable, optional
            Told how many more answers are done, after each batch.

        Returns
        -------
        list of Sampled
            The answers, in the order of the prompts.
        """
        _check_temperature(temperature)
        if max_new_tokens < 1:
            raise InputError(f"max_new_tokens: expected a number from 1 on, got {max_new_tokens}")
        contexts = [self._context(prompt) for prompt in prompt_ids]
        for context in contexts:
            self.check_readable(context, len(context) + max_new_tokens, self.longest)
        if isinstance(generator, np.random.Generator):
            generator = generator.spawn(len(contexts))
        # All random numbers are drawn first, so that a batch that is run again takes the same.
        uniform = [each.random(max_new_tokens) for each in generator]
        found: dict[int, Sampled] = {}

        def run(rows: list[int]) -> list[Sampled]:
            numbers = np.stack([uniform[row] for row in rows])
            texts = [contexts[row] for row in rows]
            started = time.perf_counter()
            answers = draw_answers(self.model, texts, numbers, temperature, self.pad, self.ends)
            self.forward_seconds += time.perf_counter() - started
            return answers

        lengths = [len(context) + max_new_tokens for context in contexts]
        for rows, answers in batched(lengths, run, self.budget):
            found.update(zip(rows, answers, strict=True))
            if tick is not None:
                tick(len(rows))
        return [found[row] for row in range(len(contexts))]

    def _context(self, prompt: Sequence[int]) -> list[int]:
        if len(prompt):
            return [int(each) for each in prompt]
        if self.bos is None:
            raise InputError(
                f"model {self.name}: a prompt is empty, and its tokenizer has no token that begins "
                "a text; give a prompt"
            )
        return [self.bos]


def base_policy(
    name: str,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> BasePolicy:
    """Load a causal language model as a base policy.

    Parameters
    ----------
    name : str
        ``smollm2``, a folder, a ``.gguf`` file, or an id on the hub.
    device : str or torch.device, optional
        ``cpu`` or ``cuda``; the latter by default where there is one.
    dtype : str or torch.dtype, optional
        float32 by default.

    Returns
    -------
    BasePolicy
        The policy.

    Raises
    ------
    InputError
        If there is no such model, or its checkpoint lacks weights.
    """
    from transformers import AutoModelForCausalLM

    place, format_ = choose_device(device), choose_dtype(dtype)
    source = find_source(name)
    tokenizer = load_tokenizer(source)
    model = load_weights(source, AutoModelForCausalLM, place, format_)
    return BasePolicy(model, tokenizer, name)


def _check_temperature(temperature: float) -> None:
    if not 0 < temperature < float("inf"):
        raise InputError(f"temperature: expected a positive number, got {temperature:g}")
