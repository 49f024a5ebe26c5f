"""Bounds of a density on a sector far out on the left."""

from __future__ import annotations

from itertools import pairwise

from flint import acb, arb, fmpq

from verify.best_of.convolution.interval_sums import largest
from verify.best_of.parts.density import Parts

#: Boxes go so many times as far as where they begin, in bits.
FARTHEST_BITS = 400
#: How much farther each of them goes than the one before, and the columns it is cut into.
GROWTH, COLUMNS = fmpq(5, 4), 2


class FarLeft:
    """Bounds of a density and of it times v where ``|Im v| <= -Re v/3``, up to a distance.

    Parameters
    ----------
    parts : Parts
        The law.
    start : fmpq
        The least distance from 0 that is asked for.

    Attributes
    ----------
    last : arb
        Up to where they hold.
    """

    def __init__(self, parts: Parts, start: fmpq) -> None:
        self.ends = [start]
        while self.ends[-1] < start * fmpq(2) ** FARTHEST_BITS:
            self.ends.append(_rounded(self.ends[-1] * GROWTH))
        self.last = arb(self.ends[-1]).lower()
        self._sizes: list[tuple[arb, arb]] = []
        height, of_v = arb(0), arb(0)
        for high, low in pairwise(reversed(self.ends)):
            own = _largest(parts, low, high)
            height, of_v = _larger(height, own), _larger(of_v, own * arb(high * fmpq(4, 3)))
            self._sizes.append((height, of_v))
        self._sizes.reverse()

    def beyond(self, distance: arb) -> tuple[arb, arb]:
        """Bounds of the two from a distance on; NaN: not known."""
        if not distance >= self.ends[0]:
            return arb.nan(), arb.nan()
        low, high = 0, len(self._sizes) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if distance >= self.ends[middle]:
                low = middle
            else:
                high = middle - 1
        return self._sizes[low]


def _rounded(x: fmpq) -> fmpq:
    """A number a little below, of few digits."""
    scale = fmpq(2) ** (int(x.p).bit_length() - int(x.q).bit_length() - 8)
    return fmpq((x / scale).floor()) * scale


def _largest(parts: Parts, low: fmpq, high: fmpq) -> arb:
    """A bound of the density on a part of the sector."""
    width, found = (high - low) / COLUMNS, []
    for k in range(COLUMNS):
        near, far = arb(low + width * k), arb(low + width * (k + 1))
        box = acb(-(near.union(far)), arb(0).union(far / 3))
        found.append(sum((d.over(box) for d in parts.densities), arb(0)))
    return largest(found)


def _larger(one: arb, other: arb) -> arb:
    """The larger of two bounds; NaN if one is not known."""
    return one.max(other).upper() if one.is_finite() and other.is_finite() else arb.nan()
