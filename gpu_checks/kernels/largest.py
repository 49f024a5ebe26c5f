"""The largest of any number of rewards that come a chunk at a time, on their device."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from verify.errors import InputError
from verify.tails.upper_tail import UpperTail


def largest(chunks: Iterable[torch.Tensor], keep: int) -> UpperTail:
    """The upper tail of all rewards, for the estimators of :mod:`verify.tails.estimators`.

    Parameters
    ----------
    chunks : iterable of tensors of shape (m,)
        Rewards; each chunk may go once it is looked at.
    keep : int
        How many of the largest are kept.

    Returns
    -------
    UpperTail
        A float64 tensor on the device of the chunks, descending.

    Raises
    ------
    InputError
        If there are no rewards, one is NaN, or ``keep`` is below 1.
    """
    if keep < 1:
        raise InputError(f"the largest rewards: expected to keep 1 or more, got {keep}")
    held: torch.Tensor | None = None
    count = 0
    for chunk in chunks:
        rewards = chunk.to(torch.float64)
        if held is not None and len(held) == keep:
            rewards = rewards[~(rewards <= held[-1])]  # NaN stays, to be seen
        merged = rewards if held is None else torch.cat([held, rewards])
        held = merged.topk(min(keep, len(merged))).values
        if len(held) and bool(held[0].isnan()):
            raise InputError("a reward is NaN: expected numbers")
        count += len(chunk)
    if held is None or not count:
        raise InputError("expected rewards, got none")
    return UpperTail(held, count)
