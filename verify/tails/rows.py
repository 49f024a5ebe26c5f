"""The rewards one by one, with what belongs to them: for samples that fit in memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

from verify.tails.reading import Scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Samples of more rewards are summed up and not held: each reward takes up to 24 bytes.
MOST_ROWS = 10**7


@dataclass(frozen=True, eq=False)
class Rows:
    """All rewards of a sample, in the order of the files.

    Attributes
    ----------
    reward : array of shape (n,), float64
    prompt : array of shape (n,), int64, or None
        For each reward the number of its prompt, from 0 on.
    prompts : tuple of str
        What the prompts are called.
    utility : array of shape (n,), float64, or None
        The gold score of each; NaN where there is none.
    """

    reward: Floats
    prompt: NDArray[np.int64] | None = None
    prompts: tuple[str, ...] = ()
    utility: Floats | None = None

    @classmethod
    def of(cls, scores: Scores) -> Rows:
        """Read all rows again."""
        import numpy as np

        rewards, codes, golds = [], [], []
        names: dict[str, int] = {}
        for shard in scores.shards:
            for batch in shard.batches():
                rewards.append(batch.reward)
                if batch.prompt is not None:
                    own = [names.setdefault(name, len(names)) for name in batch.prompt.names]
                    codes.append(np.array(own, np.int64)[batch.prompt.codes])
                if batch.utility is not None:
                    golds.append(batch.utility)
        prompt, called = None, tuple(names)
        if codes:
            prompt = np.concatenate(codes)
            there = np.bincount(prompt, minlength=len(called)) > 0
            if not there.all():  # all rows of some were left out
                prompt = (np.cumsum(there) - 1)[prompt]
                called = tuple(compress(called, there))
        return cls(
            np.concatenate(rewards), prompt, called, np.concatenate(golds) if golds else None
        )
