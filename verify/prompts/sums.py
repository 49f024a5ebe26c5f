"""Exponential sums over the rewards of each prompt, in float64, with a bound on every error.

For each prompt with rewards ``x_1 .. x_n``, a tilt l and a reference r of its own, the means
W, A and V of :mod:`verify.binned_moments`, here as plain sums over the rows.

**Rounding.** u = 2^-53; numpy's exp and expm1 are within 8u, as there. With ``t = l(x - r)``, which
is wrong by 2u|t|, e^t is, relatively, by ``(8 + 2.1|t|) u``, and expm1 by 8u of itself and
``2.1|t|u`` times ``max(e^t, 1) <= e^t + 1``. Sums run over blocks of at most BLOCK rows and then
over the blocks of a prompt, so that a term meets at most ``depth`` roundings, whatever the order
within them. A product and the last division add 3. Together, the means are wrong by no more than

    W    u mean((11 + depth) e^t + 2.1 |t| e^t)
    A    u mean((11 + depth) |expm1 t| + 2.1 |t| (e^t + 1))
    V    u mean(|x-r| ((12 + depth) e^t + 2.1 |t| e^t))

and 1.01 times that covers the second order and the roundings of the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from verify.binned_moments import ROUNDING, UNDERFLOW, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

#: Rows that are added in one go.
BLOCK = 256


@dataclass(frozen=True)
class PromptSums:
    """Rewards in the order of their prompts.

    Attributes
    ----------
    rewards : numpy.ndarray
        None larger than 1 in size, those of a prompt next to each other.
    rows : numpy.ndarray
        How many rewards each prompt has, at least 1.
    blocks : numpy.ndarray
        Where blocks of rewards begin.
    first : numpy.ndarray
        The number of each prompt's first block.
    depth : numpy.ndarray
        For each prompt, the roundings that a term of its sums meets.
    """

    rewards: Floats
    rows: Counts
    blocks: Counts
    first: Counts
    depth: Floats

    @classmethod
    def of(cls, rewards: Floats, rows: Counts) -> PromptSums:
        """Cut the rewards of each prompt into blocks."""
        per_prompt = -(-rows // BLOCK)
        first = np.cumsum(per_prompt) - per_prompt
        start = np.cumsum(rows) - rows
        within = np.arange(int(per_prompt.sum())) - np.repeat(first, per_prompt)
        blocks = np.repeat(start, per_prompt) + BLOCK * within
        depth = np.minimum(rows, BLOCK) + per_prompt
        return cls(rewards, rows, blocks, first, depth.astype(np.float64))

    def __len__(self) -> int:
        return len(self.rows)

    def sums(self, tilt: float, references: Floats) -> Sums:
        """W, A and V of each prompt.

        Parameters
        ----------
        tilt : float
            Not negative.
        references : numpy.ndarray
            One for each prompt, between -1 and 1, with ``l (top - r)`` at most 1.01
            LARGEST_EXPONENT.
        """
        y = self.rewards - np.repeat(references, self.rows)
        t = tilt * y
        distance = np.abs(y)
        with np.errstate(under="ignore"):
            power = np.exp(t)
            excess = np.expm1(t)
            first = y * power
            far = np.abs(first)
            second = first * y
        total, plain = self.mean(power), self.mean(far)
        spread, away = self.mean(second), self.mean(distance)
        size = self.mean(np.abs(excess))
        scaled = 2.1 * tilt
        errors = (
            (11 + self.depth) * total + scaled * plain,
            (11 + self.depth) * size + scaled * (plain + away),
            (12 + self.depth) * plain + scaled * spread,
        )
        return Sums(
            total,
            self.mean(excess),
            self.mean(first),
            spread,
            *(1.01 * ROUNDING * error + UNDERFLOW for error in errors),
        )

    def mean(self, terms: Floats) -> Floats:
        """The mean over the rows of each prompt."""
        parts = np.add.reduceat(terms, self.blocks)
        sums: Floats = np.add.reduceat(parts, self.first) / self.rows
        return sums
