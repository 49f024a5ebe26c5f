"""The summary of a sample: what the audit keeps of it in one pass.

Two summaries merge into the summary of both samples. The largest and the lowest rewards, the counts
and the cells are the same bit for bit however a sample was split; the mean and the variance up to
the rounding stated in :mod:`verify.tails.summary.moments`.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from verify.errors import InputError
from verify.tails.reading.batch import Batch, Tally
from verify.tails.summary.largest import Largest
from verify.tails.summary.lattice import Floats
from verify.tails.summary.moments import CHUNK, Moments
from verify.tails.summary.prompts import PromptSummaries, joined
from verify.tails.summary.sketch import Cells, QuantileSketch
from verify.tails.summary.sketching import Sketching
from verify.tails.upper_tail import UpperTail

#: How many of the largest rewards are kept.
TOP = 2**20
#: How many of the smallest.
LOWEST = 2**8
#: How many of the largest rewards have a cell of their own in Summary.cells.
SINGLE = 2**12
NOTHING = Tally()


@dataclass(frozen=True, eq=False)
class Summary:
    """What is kept of a sample of finite rewards.

    Attributes
    ----------
    top : array of shape (m,), float64
        The largest ``keep`` of the rewards, the largest first; of those above ``floor`` only.
    lowest : array of shape (l,), float64
        The smallest 256 rewards, the smallest first.
    moments : Moments
    sketch : QuantileSketch
    keep : int
        How many of the largest are kept.
    tally : Tally
        How many rows were read, and which of them were left out.
    prompts : PromptSummaries or None
        What is kept of each prompt, where there are prompts.
    floor : float
        Minus infinity, but in a part of a sample that is known to have ``keep`` rewards above it.
    """

    top: Floats
    lowest: Floats
    moments: Moments
    sketch: QuantileSketch
    keep: int = TOP
    tally: Tally = NOTHING
    prompts: PromptSummaries | None = None
    floor: float = -np.inf

    @classmethod
    def of(cls, rewards: Any, keep: int = TOP) -> Summary:
        """Of an array of finite rewards, in one pass.

        Raises
        ------
        InputError
            If an entry is not finite.
        """
        summing = Summing(keep)
        rewards = np.asarray(rewards).reshape(-1)
        summing.add(rewards)
        summing.tally = Tally(rows=len(rewards))
        return summing.result()

    def merge(self, other: Summary) -> Summary:
        """Of both samples."""
        summing = Summing(min(self.keep, other.keep))
        summing.merge(self)
        summing.merge(other)
        return summing.result()

    @property
    def is_complete(self) -> bool:
        """Whether no reward below the floor belongs to the largest ``keep``."""
        if self.floor == -np.inf:
            return True
        return len(self.top) == self.keep and bool(self.top[-1] >= self.floor)

    @property
    def count(self) -> int:
        """n, how many rewards there are."""
        return self.moments.count

    @property
    def mean(self) -> float:
        """The mean reward."""
        return self.moments.mean

    @property
    def variance(self) -> float:
        """The mean squared distance from the mean."""
        return self.moments.variance

    def tail(self) -> UpperTail:
        """The largest rewards, as the estimators take them."""
        return UpperTail(self.top, self.count)

    def quantile(self, level: float) -> float:
        """The smallest reward that at least a share ``level`` of all are not above.

        Exact among the largest and the lowest that are kept; elsewhere known up to the width of a
        cell of the sketch, and placed evenly within it. NaN if there are no rewards.
        """
        if not self.count:
            return float("nan")
        rank = min(max(int(np.ceil(level * self.count)), 1), self.count)
        if rank <= len(self.lowest):
            return float(self.lowest[rank - 1])
        if self.count - rank < len(self.top):
            return float(self.top[self.count - rank])
        cells = self.cells()
        up_to = self._up_to
        cell = int(np.searchsorted(up_to, rank))
        inside = (rank - (up_to[cell] - cells.counts[cell]) - 0.5) / cells.counts[cell]
        low, high = float(cells.low[cell]), float(cells.high[cell])
        return low + (high - low) * float(inside)

    def cells(self) -> Cells:
        """All rewards in cells, ascending, the largest 4,096 in cells of their own.

        Returns
        -------
        Cells
            Counts are exact. As a cell's mean is known, ``log E e^{lX}`` taken over the means is at
            most ``l**2 w**2 / 8`` too small for cells of width w (Hoeffding's lemma).
        """
        return self._cells

    @cached_property
    def _cells(self) -> Cells:
        if not self.count:
            return self.sketch.cells()
        singles = self.top[:SINGLE][::-1]
        rest = self.sketch.without(singles).cells()
        high = np.minimum(rest.high, singles[0])
        low = np.maximum(rest.low, self.lowest[0])
        return Cells(
            np.append(rest.counts, np.ones(len(singles), np.int64)),
            np.append(low, singles),
            np.append(np.clip(rest.mean, low, high), singles),
            np.append(high, singles),
        )

    @cached_property
    def _up_to(self) -> Any:
        return np.cumsum(self._cells.counts)


class Summing:
    """A summary that grows.

    Parameters
    ----------
    keep : int, optional
        How many of the largest rewards are kept.
    floor : float, optional
        Only rewards above it are kept.
    """

    def __init__(self, keep: int = TOP, floor: float = -np.inf) -> None:
        self.keep = keep
        self.floor = floor
        self._top = Largest(keep, floor)
        self._begin()

    def beside(self) -> Summing:
        """Another part of the same sample, for another thread; :meth:`join` puts them together.

        The largest are kept together from the beginning.
        """
        other = copy(self)
        other._begin()
        return other

    def _begin(self) -> None:
        self._lowest = Largest(LOWEST)  # of the negated rewards
        self._moments = Moments()
        self._sketch = Sketching()
        self.tally = Tally()
        self._prompts: PromptSummaries | None = None
        self._prompts_of_part: PromptSummaries | None = None
        self._pending: list[Floats] = []
        self._waiting = 0

    def add_batch(self, batch: Batch) -> None:
        """Add what was read: rewards, their prompts, and the count of what was left out."""
        self.tally += batch.tally
        self.add(batch.reward)
        if batch.prompt is not None:
            codes, names = batch.prompt.codes, batch.prompt.names
            found = PromptSummaries.of(codes, names, batch.reward)
            self._prompts_of_part = joined(self._prompts_of_part, found)

    def end_part(self) -> None:
        """Say that a part of the sample ends here.

        What follows is then rounded as if the parts were summed up apart, and merged.
        """
        self._add_pending()
        self._prompts = joined(self._prompts, self._prompts_of_part)
        self._prompts_of_part = None

    def add(self, rewards: Floats) -> None:
        """Add finite rewards.

        Raises
        ------
        InputError
            If one is not finite.
        """
        if len(rewards) < CHUNK // 2:  # too few to be worth a pass of their own
            self._pending.append(np.array(rewards, np.float64))
            self._waiting += len(rewards)
            if self._waiting >= CHUNK:
                self._add_pending()
            return
        for start in range(0, len(rewards), CHUNK):
            self._add_chunk(np.ascontiguousarray(rewards[start : start + CHUNK], np.float64))

    def merge(self, other: Summary) -> None:
        """Add what another summary holds."""
        self.end_part()
        self.floor = max(self.floor, other.floor)
        self._top.add(other.top)
        self._lowest.add(-other.lowest)
        self._moments += other.moments
        self._sketch.merge(other.sketch)
        self.tally += other.tally
        self.add_prompts(other.prompts)

    def join(self, other: Summing) -> None:
        """Add what the part beside this one holds, which ends with that."""
        self.end_part()
        other.end_part()
        self._lowest.add(other._lowest.values)
        self._moments += other._moments
        self._sketch.merge(other._sketch.result())
        self.tally += other.tally
        self.add_prompts(other._prompts)

    def take_prompts(self) -> PromptSummaries | None:
        """What is kept of the prompts so far, which from here on is not part of this."""
        self.end_part()
        taken, self._prompts = self._prompts, None
        return taken

    def add_prompts(self, prompts: PromptSummaries | None) -> None:
        """Add what is kept of other prompts, or of the same."""
        self._prompts = joined(self._prompts, prompts)

    def reached(self) -> float:
        """What further rewards must be above to belong to the largest."""
        return self._top.reached()

    def result(self) -> Summary:
        """Of all that was added."""
        self.end_part()
        lowest = -self._lowest.values + 0.0
        summary = Summary(
            self._top.values,
            lowest,
            self._moments,
            self._sketch.result(),
            self.keep,
            self.tally,
            self._prompts,
            self.floor,
        )
        return replace(summary, floor=-np.inf) if summary.is_complete else summary

    def _add_pending(self) -> None:
        pending, self._pending, self._waiting = self._pending, [], 0
        if pending:
            self._add_chunk(np.concatenate(pending))

    def _add_chunk(self, chunk: Floats) -> None:
        if len(chunk):
            low, high = float(chunk.min()), float(chunk.max())
            if not -np.inf < low <= high < np.inf:  # NaN is not either
                bad = chunk[~np.isfinite(chunk)][0]
                raise InputError(f"rewards: expected finite numbers, got {bad}")
            if high > self._top.cut:
                self._top.add(chunk)
            if -low > self._lowest.cut:
                self._lowest.add(-chunk[chunk < -self._lowest.cut])
            self._moments += Moments.of(chunk)
            settled = self._sketch.settled
            self._sketch.add(chunk)
            if self._sketch.settled is not settled:
                # Quicker than to let the rewards that are waiting grow, and to part them.
                self._top.forget_below(self._sketch.settled.bound_of_largest(self.keep))
