"""Summaries of the single prompts of a sample, in bounded memory.

A prompt is known by 64 bits of a hash of its text. Where there are more prompts than MOST, those
with the smallest hashes are kept: a random choice that does not look at the rewards, and that is
the same however the sample was split. The prompts that are kept are summed up in full.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.tails.summary.lattice import Floats, Ints

#: How many prompts are kept.
MOST = 2**16
#: How many of a prompt's largest rewards are kept.
FEW = 8
#: Names are cut to so many characters.
NAME = 80


@dataclass(frozen=True, eq=False)
class PromptSummaries:
    """What is kept of each prompt.

    Attributes
    ----------
    ids : array of shape (m,), uint64
        Hashes of the prompts, ascending.
    names : tuple of str
        Their first 80 characters.
    counts : array of shape (m,), int64
        How many rewards each has.
    sums : array of shape (m,), float64
        The sums of its rewards, rounded as sums in float64 are.
    top : array of m rows and 8 columns of float64
        Its largest rewards, the largest first, then minus infinity where it has fewer.
    cut : bool
        Whether there were more prompts than are kept.
    most : int
        How many are kept.
    """

    ids: NDArray[np.uint64]
    names: tuple[str, ...]
    counts: Ints
    sums: Floats
    top: Floats
    cut: bool = False
    most: int = MOST

    @classmethod
    def of(
        cls, codes: Ints, names: tuple[str, ...], rewards: Floats, most: int = MOST
    ) -> PromptSummaries:
        """Of rewards, each with the number of its prompt's name."""
        order = np.lexsort((-rewards, codes))
        rewards, codes = rewards[order], codes[order]
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        counts = np.diff(starts, append=len(codes))
        place = np.arange(FEW)
        rows = np.minimum(starts[:, None] + place, max(len(rewards) - 1, 0))
        top = np.where(place < counts[:, None], rewards[rows], -np.inf)
        sums = np.add.reduceat(rewards, starts) if len(starts) else np.empty(0)
        held = [names[code] for code in codes[starts]]
        ids = np.array([_hash(name) for name in held], np.uint64)
        short = [name[:NAME] for name in held]
        return _gathered(ids, short, counts, sums, top, cut=False, most=most)

    def __add__(self, other: PromptSummaries) -> PromptSummaries:
        """Of the rewards of both."""
        return _gathered(
            np.concatenate([self.ids, other.ids]),
            [*self.names, *other.names],
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.sums, other.sums]),
            np.concatenate([self.top, other.top]),
            cut=self.cut or other.cut,
            most=min(self.most, other.most),
        )

    @property
    def means(self) -> Floats:
        """The mean reward of each prompt."""
        means: Floats = self.sums / self.counts
        return means

    @property
    def distinct(self) -> int:
        """How many prompts there were: where some were left out, estimated from the hashes.

        The k-th smallest of N uniform hashes lies near k/N; the estimate errs by about N/sqrt(k).
        """
        if not self.cut:
            return len(self.ids)
        return round((len(self.ids) - 1) / (int(self.ids[-1]) / 2**64))


def joined(first: PromptSummaries | None, second: PromptSummaries | None) -> PromptSummaries | None:
    """Of the rewards of both; None has no prompts."""
    if first is None or second is None:
        return first if second is None else second
    return first + second


def _gathered(
    ids: NDArray[np.uint64],
    names: list[str],
    counts: Ints,
    sums: Floats,
    top: Floats,
    cut: bool,
    most: int,
) -> PromptSummaries:
    """With the rows of equal prompts put together, and those beyond the bound left out."""
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if len(ids) else order
    cut = cut or len(starts) > most
    if cut and len(starts) > most:
        order = order[: starts[most]]
        starts = starts[:most]
    if len(starts) == len(order):  # no prompt occurs twice
        merged = top[order]
    else:
        group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
        flat, owner = top[order].ravel(), np.repeat(group, FEW)
        by_value = np.lexsort((-flat, owner))
        firsts = FEW * starts  # every row brings FEW values
        merged = flat[by_value][firsts[:, None] + np.arange(FEW)]
    return PromptSummaries(
        ids[starts],
        tuple(names[each] for each in order[starts]),
        np.add.reduceat(counts[order], starts) if len(starts) else counts,
        np.add.reduceat(sums[order], starts) if len(starts) else sums,
        merged,
        cut,
        most,
    )


def _hash(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
