"""Texts of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch


def padded(
    texts: Sequence[Sequence[int]], pad: int, device: torch.device, *, left: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Texts as one array of token ids, and the mask of what is no padding.

    Parameters
    ----------
    texts : sequence of sequences of int
        Token ids.
    pad : int
        The token that short texts are filled up with.
    device : torch.device
        Where the arrays are put.
    left : bool
        Whether the padding comes before a text rather than after it.

    Returns
    -------
    (torch.Tensor, torch.Tensor)
        Token ids, and the mask of ones and zeros; both int64 of shape (texts, longest).
    """
    width = max(len(text) for text in texts)
    ids = np.full((len(texts), width), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        place = slice(width - len(text), width) if left else slice(0, len(text))
        ids[row, place] = text
        mask[row, place] = 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)
