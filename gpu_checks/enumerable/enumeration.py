"""Every trajectory of a causal language model on a few tokens, by one pass over their prefixes.

The model sees each prefix once: the keys and values of a prefix serve all that continue it. The
tree is walked depth first and a chunk of prefixes at a time, so memory holds one chunk a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import torch

from gpu_checks.enumerable.tree import PrefixTree
from verify.errors import InputError
from verify.progress import Progress

#: Trajectories that are listed: their log-probabilities take 1 GiB.
MOST_TRAJECTORIES = 2**27
#: Prefixes that the model sees at a time.
CHUNK = 256


def enumerated(
    model: Any,
    symbols: Sequence[int],
    horizon: int,
    prompt: Sequence[int],
    temperature: float = 1.0,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> PrefixTree:
    """The policy of a causal language model, restricted to some tokens and a horizon.

    After each prefix the probabilities of the tokens are divided by their sum. They are taken in
    float64 from the logits, whatever dtype the model has.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal language model. Its device and dtype are used as they are; many models compute
        norms in float32 even where their weights are float64.
    symbols : sequence of int
        The token ids, at least two and all different.
    horizon : int
        How many tokens a trajectory has.
    prompt : sequence of int
        The token ids before each trajectory, with BOS where the model wants it; at least one.
    temperature : float
        By which logits are divided.
    chunk : int
        How many prefixes the model sees at a time. Rounding apart, the answer is the same for all.
    progress : callable, optional
        See :data:`verify.progress.Progress`; it counts prefixes.

    Raises
    ------
    InputError
        If a token is not in the vocabulary or comes twice, there are fewer than two, the prompt is
        empty, the horizon or the temperature is not positive, or there are too many trajectories.
    """
    _check(model, symbols, horizon, prompt, temperature, chunk)
    walk = _Walk(model, symbols, horizon, temperature, chunk, progress)
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            walk.run(prompt)
    finally:
        model.train(training)
    return PrefixTree(tuple(walk.levels), tuple(symbols), tuple(prompt))


def _check(
    model: Any,
    symbols: Sequence[int],
    horizon: int,
    prompt: Sequence[int],
    temperature: float,
    chunk: int,
) -> None:
    size = model.get_input_embeddings().num_embeddings
    if len(symbols) < 2 or len(set(symbols)) < len(symbols):
        raise InputError("expected at least two token ids, all different")
    for token in (*symbols, *prompt):
        if not 0 <= token < size:
            raise InputError(f"token {token}: the model has the tokens 0 to {size - 1}")
    if not len(prompt):
        raise InputError("an empty prompt: expected at least one token, such as BOS")
    if horizon < 1 or chunk < 1:
        raise InputError(f"expected a horizon and a chunk of 1 or more, got {horizon} and {chunk}")
    if not 0 < temperature < np.inf:
        raise InputError(f"temperature: expected a positive number, got {temperature}")
    if len(symbols) ** horizon > MOST_TRAJECTORIES:
        raise InputError(
            f"{len(symbols)} tokens and {horizon} steps: {len(symbols) ** horizon} trajectories; "
            f"up to {MOST_TRAJECTORIES} are listed"
        )


class _Walk:
    """The walk over the tree, which fills ``levels``."""

    def __init__(
        self,
        model: Any,
        symbols: Sequence[int],
        horizon: int,
        temperature: float,
        chunk: int,
        progress: Progress | None,
    ) -> None:
        self.model, self.horizon, self.temperature = model, horizon, temperature
        self.symbols = torch.tensor(list(symbols), device=model.device)
        self.arity = len(symbols)
        self.parents = max(1, chunk // self.arity)
        self.progress = progress
        self.levels = [np.empty((self.arity**t, self.arity)) for t in range(horizon)]
        self.done, self.prefixes = 0, sum(len(level) for level in self.levels)

    def run(self, prompt: Sequence[int]) -> None:
        """From the prompt to the last level."""
        tokens = torch.tensor([list(prompt)], device=self.model.device)
        self._fill(tokens, None, depth=0, first=0)

    def _fill(self, tokens: Any, past: Any, depth: int, first: int) -> None:
        """What follows some neighbouring prefixes of one length.

        Parameters
        ----------
        tokens : tensor of int
            What the model has not seen of each: the prompt, or its last symbol.
        past : Cache or None
            The keys and values of what it has seen.
        first : int
            The number of the first of them.
        """
        seen = self.model(input_ids=tokens, past_key_values=past, use_cache=True)
        logits = seen.logits[:, -1, self.symbols].double() / self.temperature
        found = torch.log_softmax(logits, dim=-1).cpu().numpy()
        self.levels[depth][first : first + len(found)] = found
        self.done += len(found)
        if self.progress is not None:
            self.progress(self.done, self.prefixes, f"length {depth}")
        if depth + 1 == self.horizon:
            return
        if seen.past_key_values is None:
            raise InputError("the model keeps no keys and values: expected one with a cache")
        for start in range(0, len(found), self.parents):
            rows = torch.arange(
                start, min(start + self.parents, len(found)), device=tokens.device
            ).repeat_interleave(self.arity)
            children = self.symbols.repeat(len(rows) // self.arity)[:, None]
            past_of_rows = _rows(seen.past_key_values, rows)
            self._fill(children, past_of_rows, depth + 1, (first + start) * self.arity)


def _rows(cache: Any, rows: Any) -> Any:
    """A cache of some rows of another, which stays as it is: no layer writes in place."""
    chosen = copy(cache)
    chosen.layers = [copy(layer) for layer in cache.layers]
    chosen.reorder_cache(rows)
    return chosen
