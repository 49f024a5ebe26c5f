"""Every trajectory of a causal language model on a few tokens, by one pass over their prefixes.

The model sees each prefix once: the keys and values of a prefix serve all that continue it. The
tree is walked depth first and a chunk of prefixes at a time, so memory holds one chunk a level.
Where memory runs out, the chunk is halved, with a line that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
import torch

from gpu_checks.devices import Budget, is_out_of_memory, say
from gpu_checks.enumerable.tree import PrefixTree
from verify.errors import InputError
from verify.progress import Progress

#: Trajectories that are listed: their log-probabilities take 1 GiB.
MOST_TRAJECTORIES = 2**27


def enumerated(
    model: Any,
    symbols: Sequence[int],
    horizon: int,
    prompt: Sequence[int],
    temperature: float = 1.0,
    chunk: int | None = None,
    progress: Progress | None = None,
    report: Callable[[str], None] = say,
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
    chunk : int, optional
        How many prefixes the model sees at a time; fitted to memory by default. Rounding apart,
        the answer is the same for all.
    progress : callable, optional
        See :data:`verify.progress.Progress`; it counts prefixes.
    report : callable
        Told one line when the chunk is halved.

    Raises
    ------
    InputError
        If a token is not in the vocabulary or comes twice, there are fewer than two, the prompt is
        empty, the horizon or the temperature is not positive, there are too many trajectories, or
        not even the continuations of one prefix fit into memory.
    """
    _check(model, symbols, horizon, prompt, temperature)
    if chunk is None:
        chunk = _fitting(model, horizon, len(prompt))
    walk = _Walk(model, symbols, horizon, temperature, chunk, progress, report)
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
) -> None:
    size = model.get_input_embeddings().num_embeddings
    if len(symbols) < 2 or len(set(symbols)) < len(symbols):
        raise InputError("expected at least two token ids, all different")
    for token in (*symbols, *prompt):
        if not 0 <= token < size:
            raise InputError(f"token {token}: the model has the tokens 0 to {size - 1}")
    if not len(prompt):
        raise InputError("an empty prompt: expected at least one token, such as BOS")
    if horizon < 1:
        raise InputError(f"horizon: expected 1 or more tokens, got {horizon}")
    if not 0 < temperature < np.inf:
        raise InputError(f"temperature: expected a positive number, got {temperature}")
    if len(symbols) ** horizon > MOST_TRAJECTORIES:
        raise InputError(
            f"{len(symbols)} tokens and {horizon} steps: {len(symbols) ** horizon} trajectories; "
            f"up to {MOST_TRAJECTORIES} are listed"
        )


def _fitting(model: Any, horizon: int, prompt: int) -> int:
    """How many prefixes to see at a time: each level keeps their keys and values meanwhile."""
    config = model.config.get_text_config()
    past = 2 * config.num_hidden_layers * config.hidden_size * (prompt + horizon)
    per_prefix = (horizon * past + 2 * config.vocab_size) * model.dtype.itemsize
    return Budget.fitted(model.device, per_prefix).tokens


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
        report: Callable[[str], None],
    ) -> None:
        self.model, self.horizon, self.temperature = model, horizon, temperature
        self.symbols = torch.tensor(list(symbols), device=model.device)
        self.arity = len(symbols)
        self.parents = max(1, chunk // self.arity)
        self.progress, self.report = progress, report
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
        start = 0
        while start < len(found):
            rows = range(start, min(start + self.parents, len(found)))
            if self._expanded(seen.past_key_values, rows, depth, first):
                start = rows.stop

    def _expanded(self, past: Any, rows: range, depth: int, first: int) -> bool:
        """Go on with the children of some prefixes; if memory runs out, halve the chunk instead."""
        try:
            parents = torch.arange(rows.start, rows.stop, device=self.symbols.device)
            children = self.symbols.repeat(len(rows))[:, None]
            past_of_children = _rows(past, parents.repeat_interleave(self.arity))
            self._fill(children, past_of_children, depth + 1, (first + rows.start) * self.arity)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return True
        if self.parents == 1:
            raise InputError(
                f"out of memory: {self.arity} prefixes at a time do not fit; take fewer tokens, a "
                "smaller dtype or a larger device"
            )
        self.parents //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.report(f"out of memory: {self.parents * self.arity} prefixes at a time from here on")
        return False


def _rows(cache: Any, rows: Any) -> Any:
    """A cache of some rows of another, which stays as it is: no layer writes in place."""
    chosen = copy(cache)
    chosen.layers = [copy(layer) for layer in cache.layers]
    chosen.reorder_cache(rows)
    return chosen
