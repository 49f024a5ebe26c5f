"""Which tails the verdict allows beyond a sample, and where they begin.

**Shapes** are those of the verdict's interval, as far as the verdict itself goes: under a heavy one
none is negative, under a light or bounded one none is positive. Where the sample does not tell,
the likeliest and the heaviest tail are taken as heavy, and only the lightest may be bounded: what
is recommended rests on the first two, and a lower end that rests on the third claims least.

**Where the tail begins.** A shape is that of the limit, and few rewards are near it, so the tail
takes over from the ROOTS sqrt(N) largest of the N rewards at most. If the mean of the best of N/10
is then further from its unbiased estimate than the standard error of that, the fit leaves the data
before they end, as where the tail is a small part of a mixture; so it begins further out, at half
as many rewards, until both agree.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan, sqrt

from verify.tails.consequences.best_of_n import INSIDE, spliced_mean, unbiased
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import (
    EXPONENTIAL,
    TWO_SIDED,
    Excesses,
    FittedTail,
    Spliced,
)
from verify.tails.verdict import Verdict

#: The tail is fitted to so many times sqrt(N) of the largest rewards at most.
ROOTS = 2
#: It is not moved out to fewer: the scale of 20 excesses is known to a fifth.
FEWEST = 20

SHAPES = "generalised Pareto tails with the shapes of the interval"


def fitted_tail(cells: CellLaw, verdict: Verdict) -> FittedTail | None:
    """The tails that the verdict allows for a sample; None where it could estimate no shape.

    At the ends of the interval the scale is off by as much as its own error allows. A light tail
    goes up to an exponential one with the larger of the mean excess and 1/rate, each at the upper
    end of its interval.

    Parameters
    ----------
    cells : CellLaw
        The sample.
    verdict : Verdict
        The decision about its upper tail.
    """
    if verdict.k < 2 or isnan(verdict.shape.value):
        return None
    rows = min(verdict.k, ROOTS * sqrt(cells.total))
    fits: list[tuple[float, FittedTail]] = []
    n = max(cells.total // INSIDE, 1)
    measured, error = unbiased(cells, n)
    while not fits or rows >= FEWEST:
        excesses = Excesses(cells, cells.cell_of_largest(rows))
        if not excesses.mean > 0:
            break
        found = _allowed(excesses, verdict)
        off = _distance(found.central, n, measured)
        fits.append((off, found))
        if off <= error:
            return found
        rows /= 2
    return min(fits, key=lambda fit: fit[0])[1] if fits else None


def _distance(tail: Spliced, n: int, measured: float) -> float:
    """How far the best of n with the tail is from what was measured.

    From shape 1 on the mean is infinite with any threshold, so that none is nearer.
    """
    return 0.0 if tail.shape >= 1 else abs(spliced_mean(tail, n) - measured)


def _allowed(excesses: Excesses, verdict: Verdict) -> FittedTail:
    """The tails that the verdict allows above one threshold."""
    shape = verdict.shape
    ends = (shape.low, shape.value, shape.high)
    because = SHAPES
    if verdict.kind == "heavy":
        ends = (max(ends[0], 0.0), max(ends[1], 0.0), max(ends[2], 0.0))
        because += " that are not negative"
    elif verdict.kind == "cannot tell":
        ends = (ends[0], max(ends[1], 0.0), max(ends[2], 0.0))
        because += ", where only the lightest may be bounded"
    else:
        highest = 0.0 if verdict.kind == "light" else min(ends[2], 0.0)
        ends = (min(ends[0], 0.0), min(ends[1], 0.0), highest)
        because += " that are not positive"
    low, central, high = (
        excesses.tail(end, off) for end, off in zip(ends, (-TWO_SIDED, 0.0, TWO_SIDED), strict=True)
    )
    if verdict.kind == "light":
        because += ", up to an exponential one with the least rate that the data allow"
    if verdict.kind == "light" and verdict.rate is not None:
        if verdict.rate.low > 0:
            high = replace(high, scale=max(high.scale, 1 / verdict.rate.low))
        else:  # a rate that may be 0 is that of a heavy tail
            high = excesses.tail(max(shape.high, 2 * EXPONENTIAL), TWO_SIDED)
    return FittedTail(low, central, high, because)
