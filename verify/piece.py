"""Where a sign is proved, and what may be spent on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb

from verify.atoms import Box
from verify.enclosure import Undecided, working_precision
from verify.formula import Formula
from verify.interval import INFINITY, Interval, interval

#: How much is tried before the search is given up, in terms of polynomials looked at.
EFFORT = 2400


class Place:
    """A point on the line: exact, given by a constant formula."""

    def __init__(self, formula: Formula | None, value: arb) -> None:
        self._formula = formula
        self.value = value
        self.atoms: dict[tuple[int, int], arb] = {}

    @classmethod
    def of(cls, value: arb) -> Place:
        """A place at an exact ball."""
        return cls(None, value)

    @cached_property
    def formula(self) -> Formula:
        """The point as a constant."""
        return Formula.number(self.value.fmpq()) if self._formula is None else self._formula

    def __str__(self) -> str:
        text = str(self._formula) if self._formula is not None else ""
        return text if text and len(text) < 20 else str(self.value.str(6, radius=False))


@dataclass(frozen=True)
class Piece:
    """The interval from ``start`` to ``end``, or the ray from ``start`` where ``end`` is None."""

    start: Place
    end: Place | None

    @cached_property
    def box(self) -> Box:
        """The range of x."""
        low = self.start.value.lower()
        high = INFINITY if self.end is None else self.end.value.upper()
        # Proofs are about the points right of the start, so a start at 0 leaves x positive.
        return Box(Interval(low, high, 1) if low >= 0 else interval(low, high))

    @property
    def key(self) -> tuple[int, int]:
        """Tells pieces apart, as long as their ends are kept."""
        return id(self.start), id(self.end)

    def middle(self) -> Place:
        """A point between the ends, in proportion where they are of different size."""
        assert self.end is not None
        a, b = self.start.value, self.end.value
        if a > 0 and b > 4 * a:
            exponent = (a.log() + b.log()) / (2 * arb(2).log())
            middle = arb((1, int(exponent.mid().floor().unique_fmpz() or 0)))
            if not (middle > a and middle < b):
                middle = (a + b) / 2
        elif a.is_zero():
            middle = arb(1) if b > 2 else b / 16
        elif a < 0 and b > 0:
            middle = arb(0)
        else:
            middle = (a + b) / 2
        with working_precision(53):
            rounded = (+middle).mid()
        return Place.of(rounded if rounded > a and rounded < b else middle.mid())

    def __str__(self) -> str:
        return f"[{self.start}, {'oo' if self.end is None else self.end}]"


class Effort:
    """What may still be spent; a part of a larger effort spends from both."""

    __slots__ = ("left", "whole")

    def __init__(self, left: int, whole: Effort | None = None) -> None:
        self.left = left
        self.whole = whole

    def part(self, share: int) -> Effort:
        """A smaller effort out of this one."""
        return Effort(min(share, self.left), self)

    def spend(self, amount: int) -> None:
        """Raise Undecided when there is nothing left."""
        self.left -= amount
        if self.whole is not None:
            self.whole.left -= amount
        if self.left < 0:
            raise Undecided("given up after many steps")
