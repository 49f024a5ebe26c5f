"""The rewards as the consequences take them: in cells, and one by one where they are at hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from verify.errors import InputError
from verify.large_sample import LargeSample
from verify.tails.consequences.cell_law import CellLaw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.tails.summary import Summary

    Floats = NDArray[np.float64]


def clustered_variance(influence: Floats, prompts: NDArray[np.int64]) -> float:
    """The variance of a mean of influences where prompts were drawn, and rewards for each."""
    import numpy as np

    sums = np.bincount(prompts, influence)
    return float((sums**2).sum()) / len(influence) ** 2


@dataclass(frozen=True, eq=False)
class Sample:
    """Rewards of the base policy.

    Attributes
    ----------
    cells : CellLaw
        All of them.
    rewards : array of shape (n,) or None
        All of them, in the order of the file; None where they were only summed up.
    prompts : array of shape (n,) or None
        For each reward the number of its prompt, from 0 on.
    """

    cells: CellLaw
    rewards: Floats | None = None
    prompts: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, rewards: Any, prompts: Any = None) -> Sample:
        """Rewards in memory.

        Parameters
        ----------
        rewards : array of shape (n,)
            Finite numbers.
        prompts : array of shape (n,), optional
            What each reward's prompt is called: numbers or text.

        Raises
        ------
        InputError
            If a reward is not finite, or there are not as many prompts.
        """
        import numpy as np

        given = np.asarray(rewards).reshape(-1)
        cells = CellLaw.of(given)
        codes = None
        if prompts is not None:
            called = np.asarray(prompts).reshape(-1)
            if len(called) != len(given):
                raise InputError(f"{len(given)} rewards and {len(called)} prompts")
            _, codes = np.unique(called, return_inverse=True)
        return cls(cells, given.astype(np.float64), codes)

    @classmethod
    def of_summary(cls, summary: Summary) -> Sample:
        """Rewards that were summed up, without their order and their prompts."""
        if len(summary.top) == summary.count:
            return cls.of(summary.top)
        return cls(CellLaw.of_summary(summary))

    @cached_property
    def large(self) -> LargeSample | None:
        """The rewards for exact frontiers, where they are at hand."""
        return None if self.rewards is None else LargeSample(self.rewards)
