"""Drawing answers token by token, in batches, with the cache of keys and values."""

from __future__ import annotations

import inspect
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gpu_checks.models.padding import padded


@dataclass(frozen=True)
class Sampled:
    """An answer that was drawn.

    Parameters
    ----------
    ids : list of int
        Its tokens; the one that ended it is the last.
    log_probs : numpy.ndarray
        The natural log-probability of each token given those before it, float64, of the same
        length.
    ended : bool
        Whether it ended by itself, rather than at the most tokens that were allowed.
    """

    ids: list[int]
    log_probs: np.ndarray
    ended: bool


def draw_answers(
    model: Any,
    contexts: list[list[int]],
    uniform: np.ndarray,
    temperature: float,
    pad: int,
    ends: AbstractSet[int],
) -> list[Sampled]:
    """Draw an answer after each context, by inverting its cumulated probabilities.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        A causal language model.
    contexts : list of lists of int
        The tokens before each answer, none of them empty.
    uniform : numpy.ndarray
        Numbers from [0, 1), one for each answer and token that it may have.
    temperature : float
        What the logits are divided by.
    pad : int
        The token that fills up short contexts.
    ends : set of int
        The tokens that end an answer.
    """
    ids, mask = padded(contexts, pad, model.device, left=True)
    numbers = torch.from_numpy(uniform).to(model.device)
    ends = torch.tensor(sorted(ends), device=model.device)
    alive = torch.arange(len(contexts), device=model.device)
    tokens: list[list[int]] = [[] for _ in contexts]
    log_probs: list[list[float]] = [[] for _ in contexts]
    ended = [False] * len(contexts)
    cache: Any = None
    for step in range(uniform.shape[1]):
        positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        answer = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            **keep_logits(model, 1),
        )
        cache = answer.past_key_values
        drawn, taken = draw_tokens(answer.logits[:, -1], numbers[alive, step], temperature)
        stops = torch.isin(drawn, ends)
        for row, token, log_prob, stop in zip(
            alive.tolist(), drawn.tolist(), taken.tolist(), stops.tolist(), strict=True
        ):
            tokens[row].append(token)
            log_probs[row].append(log_prob)
            ended[row] = stop
        if bool(stops.all()):
            break
        if bool(stops.any()):
            going = (~stops).nonzero()[:, 0]
            cache.batch_select_indices(going)
            alive, drawn, mask = alive[going], drawn[going], mask[going]
        ids = drawn[:, None]
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
    return [
        Sampled(each, np.array(log_prob), end)
        for each, log_prob, end in zip(tokens, log_probs, ended, strict=True)
    ]


def keep_logits(model: Any, count: int) -> dict[str, int]:
    """What a model is told so that it computes the logits of the last ``count`` positions alone.

    Nothing where it cannot: it then computes those of all positions.
    """
    known = "logits_to_keep" in inspect.signature(model.forward).parameters
    return {"logits_to_keep": count} if known else {}


def draw_tokens(
    logits: torch.Tensor, uniform: torch.Tensor, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The tokens whose cumulated probabilities reach uniform numbers, and their log-probabilities.

    Parameters
    ----------
    logits : torch.Tensor
        Of shape (rows, vocabulary).
    uniform : torch.Tensor
        A number from [0, 1) for each row, float64.
    temperature : float
        What the logits are divided by.

    Returns
    -------
    (torch.Tensor, torch.Tensor)
        A token of each row, and its natural log-probability, float64.
    """
    scaled = logits.double() / temperature
    logs = scaled - scaled.logsumexp(1, keepdim=True)
    cumulated = logs.exp().cumsum(1)
    # Its end is 1 up to rounding: in units of it no number falls behind the last token, nor on
    # one without probability, as the first to exceed the number has some.
    target = uniform[:, None] * cumulated[:, -1:]
    drawn = torch.searchsorted(cumulated, target, right=True)
    last = (logs > -torch.inf).double().mul(torch.arange(1, logs.shape[1] + 1, device=logs.device))
    drawn = torch.minimum(drawn, last.argmax(1, keepdim=True))
    return drawn[:, 0], logs.gather(1, drawn)[:, 0]
