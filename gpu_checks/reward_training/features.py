"""What a trunk that stays as it is makes of texts: computed once, and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gpu_checks.devices import batched
from gpu_checks.models.heads import TrunkWithHead, pool
from gpu_checks.models.padding import padded
from gpu_checks.models.reward import RewardModel
from verify.files import whole_file
from verify.progress import Progress

#: Texts whose features are kept together: a run that is cut off loses no more than these.
TOGETHER = 128


def features_of(
    reward: RewardModel,
    texts: Sequence[Sequence[int]],
    made_by: str,
    folder: str | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """The pooled hidden states of texts.

    Parameters
    ----------
    reward : RewardModel
        Its network is a :class:`~gpu_checks.models.heads.TrunkWithHead`, whose head is not used.
    texts : sequence of sequences of int
        Token ids.
    made_by : str
        Which trunk this is, its pooling and its number format.
    folder : str, optional
        Features are kept here under names that hold all they depend on, and are found again.
    progress : Progress, optional
        Told after each part.

    Returns
    -------
    array, shape (texts, hidden size)
        float32.
    """
    found = []
    for done, part in _parts(texts):
        digest = hashlib.sha256(json.dumps([made_by, *map(list, part)]).encode()).hexdigest()
        file = None if folder is None else Path(folder, f"features-{digest}.npy")
        kept = None if file is None else _kept(file, len(part))
        if kept is None:
            kept = _computed(reward, part)
            if file is not None:
                packed = BytesIO()
                np.save(packed, kept)
                with whole_file(str(file)) as target:
                    target.write(packed.getbuffer())
        found.append(kept)
        if progress is not None:
            progress(done, len(texts), "texts read")
    return np.concatenate(found)


def _parts(texts: Sequence[Sequence[int]]) -> Iterator[tuple[int, Sequence[Sequence[int]]]]:
    for start in range(0, len(texts), TOGETHER):
        part = texts[start : start + TOGETHER]
        yield start + len(part), part


def _kept(file: Path, rows: int) -> NDArray[np.float32] | None:
    """What was kept; None where there is nothing, or the file is damaged."""
    try:
        kept = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.dtype == np.float32 and kept.ndim == 2 and len(kept) == rows else None


def _computed(reward: RewardModel, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    network = reward.network
    assert isinstance(network, TrunkWithHead)

    def run(rows: list[int]) -> NDArray[np.float32]:
        ids, mask = padded([texts[row] for row in rows], reward.pad, reward.device)
        with torch.inference_mode():
            hidden = network.trunk(input_ids=ids, attention_mask=mask)[0]
            pooled = pool(hidden, mask, network.pooling).float().cpu().numpy()
        return np.asarray(pooled, dtype=np.float32)

    found = np.empty((len(texts), network.head.in_features), dtype=np.float32)
    for rows, pooled in batched([len(text) for text in texts], run, reward.budget):
        found[rows] = pooled
    return found
