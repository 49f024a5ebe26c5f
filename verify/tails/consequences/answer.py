"""How a consequence is told: a number, how far it may be off, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import Any, Literal

#: What a number rests on.
Evidence = Literal[
    "exact for these rewards", "estimated from these rewards", "fitted tail", "verdict"
]


@dataclass(frozen=True)
class Answer:
    """A number with the interval it lies in and what it rests on.

    Attributes
    ----------
    value : float or None
        The number; infinite where that is the answer; None where the data do not give one.
    low, high : float or None
        The ends of its interval; None where there is none.
    evidence : Evidence
        What it rests on.
    because : str
        One sentence: how it came about, and for an infinity why.
    """

    value: float | None
    low: float | None
    high: float | None
    evidence: Evidence
    because: str

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON."""
        interval = None
        if self.low is not None and self.high is not None:
            interval = [number(self.low), number(self.high)]
        return {
            "value": number(self.value),
            "interval": interval,
            "evidence": self.evidence,
            "because": self.because,
        }


def number(value: float | None) -> str | None:
    """A number as the JSON answers write it: the shortest decimal, ``oo``, or null.

    ``-oo`` is minus infinity. A NaN is no answer and is written as null.
    """
    if value is None or isnan(value):
        return None
    if value in (inf, -inf):
        return "oo" if value > 0 else "-oo"
    return repr(float(value))
