"""Objectives of known values: what a search finds can be held against all there is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Letters:
    """A vocabulary of numbers without a text; the first two are not allowed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.allowed = np.arange(size) > 1
        self.ids = np.flatnonzero(self.allowed)

    def start(self, length: int, rng: np.random.Generator, retokenise: bool) -> Rows:
        return self.ids[rng.integers(0, len(self.ids), size=length)]

    def is_text(self, rows: Rows) -> NDArray[np.bool_]:
        return np.ones(len(rows), dtype=bool)

    def mended(self, rows: Rows) -> Rows:
        return rows[:0]


class Table:
    """``sum_i t[i, ids_i] + c (sum_i s[ids_i])^2``: its gradient leads up where c is 0.

    Parameters
    ----------
    length, size : int
        Of answers, and of the vocabulary.
    seed : int
    coupling : float
        c: how much the positions have to do with each other.
    """

    def __init__(self, length: int, size: int, seed: int = 0, coupling: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.table = rng.standard_normal((length, size))
        self.signs = rng.choice([-1.0, 1.0], size)
        self.coupling = coupling
        self.vocabulary: Any = Letters(size)
        self.scored: dict[tuple[int, ...], float] = {}
        self.parents: list[tuple[int, ...]] = []

    def values(self, rows: Rows, parent: Rows | None = None) -> NDArray[np.float64]:
        found = self.table[np.arange(rows.shape[1]), rows].sum(axis=1)
        found += self.coupling * self.signs[rows].sum(axis=1) ** 2
        self.scored.update(
            {tuple(ids.tolist()): float(v) for ids, v in zip(rows, found, strict=True)}
        )
        if parent is not None:
            self.parents.append(tuple(parent.tolist()))
        return found

    def gradient(self, ids: Rows) -> torch.Tensor:
        slope = self.table + 2 * self.coupling * self.signs[ids].sum() * self.signs
        return torch.as_tensor(slope)

    def text_of(self, ids: Rows) -> str | None:
        return " ".join(map(str, ids))

    @property
    def top(self) -> float:
        """The largest value of all, where the positions have nothing to do with each other."""
        assert self.coupling == 0
        return float(self.table[:, self.vocabulary.ids].max(axis=1).sum())
