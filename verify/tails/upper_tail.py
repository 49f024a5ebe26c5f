"""The largest rewards of a sample, and how many rewards there were: what every estimator takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

Array = Any
"""A numpy array or a torch tensor, on any device."""


@dataclass(frozen=True, eq=False)
class UpperTail:
    """The largest rewards, descending, out of ``count``.

    Attributes
    ----------
    values : array of shape (m,), float64
        The m largest rewards, the largest first. A numpy array or a torch tensor.
    count : int
        n, how many rewards the sample has; n >= m.
    """

    values: Array
    count: int

    @classmethod
    def of(cls, rewards: Array, keep: int | None = None) -> UpperTail:
        """The ``keep`` largest of ``rewards`` (all of them if None)."""
        count = int(rewards.shape[0])
        keep = count if keep is None else min(keep, count)
        return cls(_largest(rewards, keep), count)

    @property
    def kept(self) -> int:
        """m, how many of the rewards are here."""
        return int(self.values.shape[0])

    def excesses(self, k: int) -> Array:
        """The k largest rewards less the next one, descending; shape (k,), needs k < m."""
        return self.values[:k] - self.values[k]

    def untied(self, k: int) -> int:
        """How many of the k largest rewards lie above the next one: k where the last does not tie.

        An excess of 0 lets a likelihood grow without bound; 0 where k is not from 0 to m - 1.
        """
        return int((self.values[:k] > self.values[k]).sum()) if 0 <= k < self.kept else 0


def _largest(rewards: Array, keep: int) -> Array:
    """The ``keep`` largest, descending, without sorting the rest."""
    xp = array_namespace(rewards)
    rewards = xp.astype(rewards, xp.float64)
    if hasattr(rewards, "topk"):
        return rewards.topk(keep).values
    if keep < rewards.shape[0]:
        import numpy as np

        rewards = np.partition(rewards, rewards.shape[0] - keep)[-keep:] if keep else rewards[:0]
    return xp.flip(xp.sort(rewards))
