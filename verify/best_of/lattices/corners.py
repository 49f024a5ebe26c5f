"""Where the ends of a density fall into a cell of a lattice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from verify.best_of.parts.density import Density, Knot, Parts

#: Two corners are at least a step over this apart.
LEAST_GAP = 2**32


@dataclass(frozen=True)
class Corner:
    """Where an end of V falls into the cell.

    Attributes
    ----------
    at : fmpq
        The place in the cell.
    row : int
        The row that it is in.
    density : Density
        What ends.
    knot : Knot
        Its end.
    is_top : bool
        Whether it is that of the largest value of U.
    """

    at: fmpq
    row: int
    density: Density
    knot: Knot
    is_top: bool

    @property
    def is_sharp(self) -> bool:
        """Whether stretches get smaller towards it; the best of many is as close to the largest
        value as their number asks."""
        return self.is_top or not self.knot.regular

    @property
    def side(self) -> int:
        """On which side of it V is: +1 for the right."""
        return -self.knot.end


def corners(parts: Parts, step: fmpq, is_topped: bool) -> list[Corner] | None:
    """Where the ends of V fall into the cell; None where that is not rational, or two are close.

    Parameters
    ----------
    parts : Parts
        V.
    step : fmpq
        The length of the cell.
    is_topped : bool
        Whether the atoms have a last one.
    """
    found: list[Corner] = []
    highs = [d.high for d in parts.densities if d.high is not None]
    is_topped = is_topped and len(highs) == len(parts.densities)
    for density in parts.densities:
        for knot in density.knots:
            if not knot.real:
                continue
            place = density.law.support[0 if knot.end < 0 else 1]
            if not isinstance(place, int | fmpq):
                return None
            row = int((fmpq(place) / step).floor())
            if knot.end > 0 and place == step * row:
                row -= 1
            is_top = is_topped and knot.end > 0 and not any(high > knot.place for high in highs)
            found.append(Corner(place - step * row, row, density, knot, is_top))
    sharp = [(corner.at, corner.side) for corner in found if corner.is_sharp]
    ends = sorted({fmpq(0), step, *(corner.at for corner in found)})
    is_narrow = any((high - low) * LEAST_GAP < step for low, high in pairwise(ends))
    return None if is_narrow or len(set(sharp)) < len(sharp) else found
