"""Sums and sums of squares that do not lose digits however the data is split.

Each chunk is summed in float64; the sums of chunks are added up exactly, as integers. So merging is
associative and commutative bit for bit, and two ways of cutting the same data into chunks differ
only by what is rounded inside them: numpy's pairwise sum of at most 2**17 terms errs by at most
40 units of 2**-53 of the sum of their absolute values (8 running sums over blocks of 128 terms,
then a tree). The variance is taken about each chunk's own mean, so it keeps its digits wherever the
data lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.tails.summary.lattice import Floats

#: Rows that are summed in float64 at a time.
CHUNK = 2**17
#: The relative error of a sum of at most CHUNK terms, to the sum of absolute values.
ROUNDING = 40 * 2.0**-53
#: Every float64 is a multiple of 2**-UNIT.
UNIT = 1074
#: Smaller sums of squares may have lost digits to underflow.
SMALL = 2.0**-900


@dataclass(frozen=True)
class Moments:
    """How many numbers, their sum, and the sum of their squares.

    Attributes
    ----------
    count : int
    total : int
        The sum, in units of 2**-1074.
    squares : int
        The sum of squares, in units of 2**-2148.
    """

    count: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Of finite numbers."""
        found = cls()
        for start in range(0, len(values), CHUNK):
            found += cls._of_chunk(values[start : start + CHUNK])
        return found

    @classmethod
    def _of_chunk(cls, values: Floats) -> Moments:
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            total, centre, squares = _sums(values)
        scale = 0
        if not SMALL < squares < np.inf or not np.isfinite(total):
            # By a power of 2, so that nothing overflows, or is lost beside what counts.
            scale = int(np.frexp(max(values.max(), -values.min()))[1])
            total, centre, squares = _sums(np.ldexp(values, -scale))
        # sum x^2 = sum (x - c)^2 + 2 c sum x - n c^2, which is exact for any c.
        count, whole, middle = len(values), _units(total), _units(centre)
        of_squares = (_units(squares) << UNIT) + 2 * middle * whole - count * middle**2
        return cls(count, _shifted(whole, scale), _shifted(of_squares, 2 * scale))

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.count + other.count, self.total + other.total, self.squares + other.squares
        )

    @property
    def mean(self) -> float:
        """The mean; NaN if there is nothing."""
        return _rounded(Fraction(self.total, self.count << UNIT)) if self.count else float("nan")

    @property
    def variance(self) -> float:
        """The mean squared distance from the mean; NaN if there is nothing."""
        if not self.count:
            return float("nan")
        spread = self.squares * self.count - self.total**2
        return _rounded(Fraction(max(spread, 0), self.count**2 << 2 * UNIT))


def _sums(values: Floats) -> tuple[float, float, float]:
    """The sum, the mean, and the sum of squared distances from it, rounded."""
    total = float(values.sum())
    centre = total / len(values)
    around = values - centre
    np.multiply(around, around, out=around)
    return total, centre, float(around.sum())


def _units(value: float) -> int:
    """A float64 in units of 2**-1074."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << UNIT) // denominator


def _shifted(value: int, by: int) -> int:
    return value << by if by >= 0 else value >> -by


def _rounded(value: Fraction) -> float:
    """The nearest float64, infinite beyond the largest."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
