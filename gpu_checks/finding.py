"""A prediction beside the outcome: the one form that all checks on models answer in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite, isnan, nan, sqrt
from typing import Any, Literal

#: Of the intervals.
LEVEL = 0.95

Outcome = Literal["holds", "not contradicted", "fails", "unknown"]


@dataclass(frozen=True)
class Finding:
    """What was foretold of a number, and what it came to.

    Attributes
    ----------
    prediction : str
        What the theory says, in words.
    outcome : float
        The number it speaks of.
    low, high : float
        An interval for it; :attr:`how` says which.
    below, above : float
        The number is foretold to be below the one, and above the other.
    foretold : float
        The number itself, where that is foretold; else NaN.
    narrow : float
        An interval that has the foretold number bears it out if it is narrower than this.
    how : str
        What the interval is.
    said : Outcome or None
        A verdict that was reached otherwise than by where the interval lies.
    """

    prediction: str
    outcome: float
    low: float
    high: float
    below: float = inf
    above: float = -inf
    foretold: float = nan
    narrow: float = inf
    how: str = ""
    said: Outcome | None = None

    @property
    def verdict(self) -> Outcome:
        """Whether all of the interval is where it was foretold, none of it, or some.

        Where a number itself is foretold: whether the interval is narrow and has it, is wide and
        has it, or does not have it. What is not a number is nowhere: unknown.
        """
        if self.said is not None:
            return self.said
        if not isnan(self.foretold):
            return self._of_number()
        if self.above < self.low <= self.high < self.below:
            return "holds"
        return "fails" if self.high <= self.above or self.low >= self.below else "unknown"

    def _of_number(self) -> Outcome:
        if self.low <= self.foretold <= self.high:
            return "holds" if self.high - self.low < self.narrow else "not contradicted"
        return "fails" if self.foretold < self.low or self.high < self.foretold else "unknown"

    def as_json(self) -> dict[str, Any]:
        """As JSON; an infinite or missing number is null."""
        found = {
            key: None if isinstance(value, float) and not isfinite(value) else value
            for key, value in asdict(self).items()
            if key != "said"
        }
        return {**found, "verdict": self.verdict}


def over_seeds(
    prediction: str, numbers: Sequence[float], below: float = inf, above: float = -inf
) -> Finding:
    """A finding on the mean of independent runs, by Student's law.

    Parameters
    ----------
    prediction : str
    numbers : sequence of float
        One of each run; a single one has no interval, so that its verdict is unknown.
    below, above : float
        Where the mean is foretold to be.
    """
    import numpy as np
    from scipy.stats import t

    mean, margin = float(np.mean(numbers)), inf
    if len(numbers) > 1:
        error = float(np.std(numbers, ddof=1)) / sqrt(len(numbers))
        margin = float(t.isf((1 - LEVEL) / 2, len(numbers) - 1)) * error
    how = f"95 % over {len(numbers)} seeds"
    return Finding(prediction, mean, mean - margin, mean + margin, below, above, how=how)


def at_most(prediction: str, numbers: Sequence[float], most: float, rounding: float) -> Finding:
    """A finding on numbers known up to rounding, all of which are foretold to be at most one.

    One that is larger is a failure, whatever the others are.

    Parameters
    ----------
    prediction : str
    numbers : sequence of float
    most : float
    rounding : float
        How far the numbers may be off, in all.
    """
    low, high, below = min(numbers), max(numbers), most + rounding
    how = "the range of sums in float64"
    said: Outcome = "holds" if all(number < below for number in numbers) else "fails"
    mean = sum(numbers) / len(numbers)
    return Finding(prediction, mean, low, high, below, how=how, said=said)


def agrees(
    prediction: str,
    foretold: float,
    rival: float,
    outcome: float,
    low: float | None,
    high: float | None,
    how: str,
) -> Finding:
    """A finding on a number that is foretold itself: its interval is to hold it.

    An interval bears the number out if it is narrower than the distance to its rival, so that it
    could not have held both. A wider one does not contradict it, and that is all.

    Parameters
    ----------
    prediction : str
    foretold, rival : float
        The number, and what it would be if there were nothing to what is foretold.
    outcome : float
    low, high : float or None
        Of the outcome's interval; None where there is none.
    how : str
        What the interval is.
    """
    text = f"{prediction}: {foretold:.4g}"
    if low is None or high is None or isnan(foretold):
        return Finding(text, outcome, -inf, inf, how="no interval", said="unknown")
    narrow = abs(foretold - rival)
    return Finding(text, outcome, low, high, foretold=foretold, narrow=narrow, how=how)
