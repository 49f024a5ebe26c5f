"""The law of a sample in some ten thousand cells: quick to sum over, with its error known.

A cell holds rewards that lie next to each other: how many, their mean, the least and the largest.
Every best mean within a budget, under any divergence, is ``inf (e + m + E f*(l X - m))/l`` with f*
convex. So it can only fall when each cell is drawn together to its mean, and only rise when each is
drawn apart to its two ends, the mean kept. The two laws bracket the sample's; up to rounding, what
lies between them is all that the cells cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING, Any

from verify.reading import exact_floats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.tails.summary import Summary

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

#: Samples of no more distinct rewards keep each of them in a cell of its own.
DISTINCT = 2**15
#: A cell holds at most one in so many rewards, and at most one in GRADING of those beyond it: the
#: farthest rewards lie in cells of their own, the next in narrow ones.
FINEST = 2**13
GRADING = 2**9
#: Levels are at most 1 - 1e-4, so that 1 - level is rounded by a relative 2^-53/1e-4 at most.
LEVEL_ROUNDING = 2e-12


@dataclass(frozen=True, eq=False)
class Points:
    """A law with finitely many values.

    Attributes
    ----------
    values : array of shape (m,)
        The values, ascending.
    masses : array of shape (m,)
        Their probabilities, 1 together.
    """

    values: Floats
    masses: Floats

    def expect(self, terms: Floats) -> float:
        """The mean of a function of the value, given by its values."""
        # No dot product: BLAS spreads it over threads, which costs more than it saves.
        return float((self.masses * terms).sum())


@dataclass(frozen=True, eq=False)
class CellLaw:
    """Rewards in cells, ascending; equal rewards may share one or fill several.

    Attributes
    ----------
    counts : array of shape (m,), int64
        How many rewards each cell holds, at least 1.
    low, mean, high : array of shape (m,)
        The least reward of each cell, their mean, the largest. The last cell is a point.

    Raises
    ------
    ValueError
        If the last cell is no point: what a budget can reach would not be known.
    """

    counts: Counts
    low: Floats
    mean: Floats
    high: Floats

    def __post_init__(self) -> None:
        if len(self.low) and self.low[-1] != self.high[-1]:
            raise ValueError("the last cell holds different rewards")

    @classmethod
    def of(cls, rewards: Any) -> CellLaw:
        """The cells of an array of finite numbers, in any order.

        Raises
        ------
        DataError
            If there are none, or one is not finite.
        """
        import numpy as np

        ordered = np.sort(exact_floats("rewards", np.asarray(rewards).reshape(-1)))
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        if len(starts) > DISTINCT:
            starts = _starts(len(ordered))
        counts = np.diff(np.append(starts, len(ordered)))
        low, high = ordered[starts], ordered[starts + counts - 1]
        sums = np.add.reduceat(ordered - np.repeat(low, counts), starts)
        mean = np.clip(low + sums / counts, low, high)
        return cls(counts, low, mean, high)

    @classmethod
    def of_summary(cls, summary: Summary) -> CellLaw:
        """The cells that a summary keeps: more than twice as fast as sorting a million rewards."""
        cells = summary.cells()
        return cls(cells.counts, cells.low, cells.mean, cells.high)

    @cached_property
    def total(self) -> int:
        """n, how many rewards there are."""
        return int(self.counts.sum())

    @property
    def top(self) -> float:
        """The largest reward."""
        return float(self.high[-1])

    @cached_property
    def top_mass(self) -> float:
        """The share of rewards that are equal to the largest, as far as the cells tell."""
        return float(self.counts[self.low == self.top].sum()) / self.total

    @cached_property
    def average(self) -> float:
        """The mean of all rewards."""
        return self.drawn_together.expect(self.mean)

    @cached_property
    def drawn_together(self) -> Points:
        """Every cell at its mean: best means can only be smaller."""
        return Points(self.mean, self.counts / self.total)

    @cached_property
    def drawn_apart(self) -> Points:
        """Every cell at its ends, its mean kept: best means can only be larger."""
        import numpy as np

        width = self.high - self.low
        share = np.divide(self.mean - self.low, width, out=np.ones_like(width), where=width > 0)
        masses = self.counts / self.total
        wide = width > 0
        values = np.concatenate([self.low[wide], self.high])
        parts = np.concatenate([(masses * (1 - share))[wide], masses * share])
        order = np.argsort(values, kind="stable")
        return Points(values[order], parts[order])

    @cached_property
    def at_or_above(self) -> Counts:
        """How many rewards are in each cell or in one above."""
        import numpy as np

        above: Counts = np.cumsum(self.counts[::-1])[::-1]
        return above

    def cell_of(self, level: float) -> int:
        """The number of the cell that the quantile of a level lies in.

        The quantile is the smallest reward that at least a share ``level`` of all are not above.
        """
        # A level is a decimal: what its rounding may take off the rows is added.
        above = floor(self.total * (1 - level) * (1 + LEVEL_ROUNDING))
        return self.cell_of_largest(min(above + 1, self.total))

    def cell_of_largest(self, rows: float) -> int:
        """The number of the highest cell that, with those above it, holds so many rewards."""
        import numpy as np

        return int(np.searchsorted(-self.at_or_above, -rows, side="right")) - 1

    def clipped(self, cell: int) -> CellLaw:
        """What lies in this cell or above is lowered to the cell's least reward."""
        return self.clipped_at(float(self.low[cell]))

    def clipped_at(self, cap: float) -> CellLaw:
        """Rewards above a cap are lowered to it; a cell that it cuts keeps its mean if it can."""
        import numpy as np

        low, mean, high = (np.minimum(part, cap) for part in (self.low, self.mean, self.high))
        return CellLaw(self.counts, low, mean, high)


def _starts(size: int) -> Counts:
    """Where cells of a sorted sample begin, from the rule of FINEST and GRADING."""
    import numpy as np

    most = max(1, size // FINEST)
    # From either end: single rewards, then cells that grow with their rank, then equal ones.
    graded = [0]
    while graded[-1] < size // 2 and (step := graded[-1] // GRADING) < most:
        graded.append(graded[-1] + max(1, step))
    end = np.array(graded)
    middle = np.arange(graded[-1], size - graded[-1], most)
    starts: Counts = np.unique(np.concatenate([end, middle, size - end[1:]]))
    return starts
