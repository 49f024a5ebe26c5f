"""What reading yields: some rewards, what belongs to them, and a count of what was no number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.reading import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A larger share of rows that are no finite numbers is refused.
MOST_BAD = 0.01


@dataclass(frozen=True)
class Tally:
    """How many rows were looked at, and how many of them were left out, by the reason.

    Tallies add up, in any order.

    Attributes
    ----------
    rows : int
        All rows, those left out included. An entry of a list counts as a row.
    nan, infinite, null, text : int
        Rows with an entry that is not a number, infinite, missing, or text.
    first : tuple or None
        The file, the row (from 1) and the reason of the first that was left out.
    """

    rows: int = 0
    nan: int = 0
    infinite: int = 0
    null: int = 0
    text: int = 0
    first: tuple[str, int, str] | None = None

    def __add__(self, other: Tally) -> Tally:
        firsts = [first for first in (self.first, other.first) if first is not None]
        return Tally(
            self.rows + other.rows,
            self.nan + other.nan,
            self.infinite + other.infinite,
            self.null + other.null,
            self.text + other.text,
            min(firsts, default=None),
        )

    @property
    def bad(self) -> int:
        """How many rows were left out."""
        return self.nan + self.infinite + self.null + self.text

    def __str__(self) -> str:
        """What was left out, in a sentence; empty if nothing was."""
        if self.first is None:
            return ""
        counts = {"NaN": self.nan, "infinite": self.infinite, "missing": self.null}
        counts["text"] = self.text
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
        path, row, reason = self.first
        return (
            f"{self.bad:,} of {self.rows:,} rows lack a finite number or a prompt and were left "
            f"out ({kinds}); the first is row {row} of {path}, which is {reason}"
        )

    def check(self, most: float = MOST_BAD) -> None:
        """Refuse a sample with too many rows left out, or with no row.

        Parameters
        ----------
        most : float, optional
            The largest share that is accepted.

        Raises
        ------
        DataError
            One line, with the first such row and its file.
        """
        if self.bad > most * self.rows:
            raise DataError(
                f"{self}; accepted are at most {most:.3%} of the rows: mend them, or allow more "
                "with --most-bad"
            )
        if self.rows == self.bad:
            raise DataError("there are no rewards in what was read")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        from dataclasses import asdict

        return asdict(self)


@dataclass(frozen=True, eq=False)
class Prompts:
    """The prompts of the rows of a batch.

    Attributes
    ----------
    codes : array of shape (rows,), int64
        Which of ``names`` each row has.
    names : tuple of str
        The different prompts of this batch; other batches number theirs otherwise.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of a file, those without a finite number left out.

    Attributes
    ----------
    reward : array of shape (rows,), float64
        Finite; negated where the lower tail is looked at.
    tally : Tally
        Of all rows of this part of the file.
    prompt : Prompts or None
        What each row answers, where there is a column of it.
    utility : array of shape (rows,) or None
        A second (gold) score: finite, or NaN where the answer has none.
    log_prob : array of shape (rows,) or None
        The log-probability of the answer, in nats. Finite.
    """

    reward: Floats
    tally: Tally
    prompt: Prompts | None = None
    utility: Floats | None = None
    log_prob: Floats | None = None
