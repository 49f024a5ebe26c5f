"""How the frontier of a sample grows with the number of its rewards.

The rewards are dealt at random into 64 parts, four parts each are joined into one, and so on up to
the whole sample. For each size the mean over the parts is shown. If the law's own frontier is
finite that settles; under a heavy tail it grows without end, like the largest reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.divergence import KL
from verify.tails.consequences.answer import number
from verify.tails.consequences.best_mean import best_mean
from verify.tails.consequences.cell_law import CellLaw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Into how many parts the rewards are dealt, and how many of them are joined at a time.
PARTS = 64
JOINED = 4
#: Smaller parts are not shown.
FEWEST_ROWS = 25


@dataclass(frozen=True)
class Growth:
    """The frontier of parts of one size.

    Attributes
    ----------
    rows : int
        About how many rewards a part has.
    parts : int
        How many parts there are.
    mean : float
        The mean of their frontiers.
    least, largest : float
        The least and the largest of them.
    """

    rows: int
    parts: int
    mean: float
    least: float
    largest: float

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rows": self.rows,
            "parts": self.parts,
            "mean": number(self.mean),
            "range": [number(self.least), number(self.largest)],
        }


def growth(
    cells: CellLaw, budgets: tuple[float, ...], seed: int = 0
) -> tuple[tuple[Growth, ...], ...]:
    """For each budget the frontiers of nested parts of the sample, the smallest first.

    Where a cell holds several rewards a part's share of them is taken at the cell's mean.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    dealt = rng.multinomial(cells.counts, [1 / PARTS] * PARTS).T
    levels: list[list[CellLaw]] = []
    while True:
        if cells.total >= FEWEST_ROWS * len(dealt):
            levels.append([_part(cells, counts) for counts in dealt if counts.any()])
        if len(dealt) == 1:
            break
        dealt = dealt.reshape(len(dealt) // JOINED, JOINED, -1).sum(axis=1)
    return tuple(tuple(_growth(cells, parts, budget) for parts in levels) for budget in budgets)


def _part(cells: CellLaw, counts: NDArray[np.int64]) -> CellLaw:
    held = counts > 0
    means = cells.mean[held]
    return CellLaw(counts[held], means, means, means)


def _growth(cells: CellLaw, parts: list[CellLaw], budget: float) -> Growth:
    values = [best_mean(part, KL, budget).lower for part in parts]
    rows = round(cells.total / len(parts))
    return Growth(rows, len(parts), sum(values) / len(values), min(values), max(values))
