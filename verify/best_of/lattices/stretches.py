"""How a cell of a lattice is cut into stretches, beside a density that has ends.

Next to an end where V is not smooth the variable is a root of the distance d, if V is analytic in
one (:mod:`verify.best_of.parts.roots`). Else it is the logarithm of d, where ``f_V d`` is what is
integrated; what V has within some least distance is left out then, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, lcm, log
from typing import Any

from flint import acb, arb, ctx, fmpq

from verify.best_of.convolution.interval_sums import Place
from verify.best_of.parts.density import Density, Knot, Parts
from verify.best_of.parts.leaves import (
    ELLIPSES,
    ellipse,
    error_bound,
    goal_bits,
    lost_bits,
    rule,
)
from verify.best_of.parts.roots import MOST_ROOT, RootedEnd, rooted
from verify.enclosure import Undecided, working_precision

#: Parameters of the ellipses on which rules are bounded.
PARAMETERS = ELLIPSES[:4]
#: How far apart stretches beside an end begin, as a logarithm.
STEP = log(16)
#: Bits by which what is left out next to an end is below the goal; how close that is, at most.
LEFT_BITS, CLOSEST_BITS = 8, 512


@dataclass(frozen=True)
class Corner:
    """Where an end of V falls into the cell.

    Attributes
    ----------
    at : arb
        The place in the cell.
    row : int
        The m for which ``s - step m`` is there.
    density : Density
        What ends.
    knot : Knot
        Its end.
    """

    at: arb
    row: int
    density: Density
    knot: Knot

    @property
    def side(self) -> int:
        """On which side of it V is: +1 for the right."""
        return -self.knot.end

    def closest(self, width: arb) -> arb:
        """A distance, exact, up to which V has next to nothing; below a width.

        On other cells V need not be small there: the distance is next to nothing itself.
        """
        goal = arb(2) ** (-goal_bits() - LEFT_BITS)
        for bits in range(goal_bits() + LEFT_BITS, CLOSEST_BITS, 2):
            distance = (width * arb(2) ** -bits).mid()
            with working_precision(ctx.prec + lost_bits(distance)):
                end = self.knot.place
                other = end + self.side * distance
                ends = (end, other) if self.side > 0 else (other, end)
                if self.density.mass(*ends) < goal:
                    return distance
        raise Undecided(f"{self.density.law}: too much of it is next to its end")


@dataclass(frozen=True)
class RootPlace(Place):
    """A part of a cell next to ends of V, in a root of the distance.

    Attributes
    ----------
    root : int
        ``s = origin + side y^root``.
    corners : tuple of (int, RootedEnd)
        The ends of V that are there, with their rows.
    """

    root: int = 1
    corners: tuple[tuple[int, RootedEnd], ...] = ()

    def t(self, y: Any) -> Any:
        """The s of a y."""
        return self.origin + self.side * y**self.root

    def slope(self, y: Any) -> Any:
        """``|ds/dy|`` at a y."""
        return self.root * y ** (self.root - 1)

    def halves(self) -> tuple[RootPlace, RootPlace]:
        """Its two halves."""
        return replace(self, high=self.middle), replace(self, low=self.middle)


@dataclass(frozen=True)
class Stretch:
    """A part of the cell, which has a rule.

    Attributes
    ----------
    place : Place
        It, in s, in the logarithm of a distance, or in a root of it.
    points : int
        Those of the rule.
    parameters : tuple of float
        Those of the ellipses on which it is bounded.
    """

    place: Place
    points: int
    parameters: tuple[float, ...] = PARAMETERS

    def reach(self, parameter: float) -> arb:
        """How far from its interval a point of an ellipse is at most, in y."""
        return reach(self.place, parameter)

    def missed(self, size: arb, parameter: float) -> arb:
        """A bound of its rule's error, for what is bounded on an ellipse."""
        return error_bound(half_width(self.place), size, parameter, self.points)

    def nodes(self) -> list[tuple[arb, arb]]:
        """Points s and weights; a point is known well enough to show its distance from an end."""
        place, found = self.place, []
        with working_precision(ctx.prec + bits_lost(place)):
            middle, half = (place.low + place.high) / 2, (place.high - place.low) / 2
            for root, weight in rule(self.points):
                y = middle + half * root
                found.append((place.t(y), half * weight * place.slope(y)))
        return found


def is_graded(place: Place) -> bool:
    """Whether a part is one of many beside an end."""
    return place.origin is not None and not isinstance(place, RootPlace)


def bits_lost(place: Place) -> int:
    """Bits by which a point is to be known better, to show its distance from where V ends."""
    if isinstance(place, RootPlace):
        # The first point of a rule of m points is about (2.4/(2 m + 1))^2 of the way: above 2^-12.
        first = place.low + (place.high - place.low) * arb(2) ** -12
        return lost_bits(first**place.root)
    return lost_bits(place.low.exp()) if is_graded(place) else 0


def half_width(place: Place) -> arb:
    """At least half the width of a part in y, measured from its middle, which is exact."""
    return abs(place.high - place.middle).max(abs(place.low - place.middle)).upper()


def reach(place: Place, parameter: float) -> arb:
    """How far from an interval of y a point of an ellipse is at most."""
    r = arb(parameter)
    return (half_width(place) * ((r + 1 / r) / 2 - 1 + (r - 1 / r) / 2)).upper()


def boxes(place: Place, parameter: float) -> list[acb]:
    """The upper half of the ellipse of a parameter, in y."""
    return ellipse(place.middle, half_width(place), parameter)


class Cuts:
    """The stretches of a cell to begin with.

    Parameters
    ----------
    parts : Parts
        V.
    step : fmpq
        The length of the cell.

    Attributes
    ----------
    left_out : list of tuple of arb
        The intervals that are left out next to ends of V.
    """

    def __init__(self, parts: Parts, step: fmpq) -> None:
        self.parts, self.step = parts, step
        self.left_out: list[tuple[arb, arb]] = []

    def corners(self) -> list[Corner]:
        """Where the ends of V are; one between two cells is where V lies."""
        found = []
        for density in self.parts.densities:
            for knot in density.knots:
                if not knot.real:
                    continue
                place = density.law.support[0 if knot.end < 0 else 1]
                if not isinstance(place, int | fmpq):
                    raise Undecided(f"{density.law}: its end is not rational")
                count = int((fmpq(place) / self.step).floor())
                if knot.end > 0 and place == self.step * count:
                    count -= 1
                found.append(Corner(arb(place - self.step * count), -count, density, knot))
        return found

    def places(self, stretches: int) -> Iterator[Place]:
        """So many stretches of equal length, and more of them where ends of V are."""
        corners = self.corners()
        cuts = [arb(self.step * k / stretches) for k in range(stretches + 1)]
        for corner in corners:
            if all(corner.at > cut or corner.at < cut for cut in cuts):
                cuts.append(corner.at)
        for low, high in pairwise(sorted(cuts, key=float)):
            left, right = (
                [c for c in corners if c.side == side and not c.knot.regular and c.at.overlaps(cut)]
                for side, cut in ((+1, low), (-1, high))
            )
            middle = ((low + high) / 2).mid()
            if left and right:
                yield from self._beside(left, middle)
                yield from self._beside(right, middle)
            elif left:
                yield from self._beside(left, high)
            elif right:
                yield from self._beside(right, low)
            else:
                yield Place(low, high)

    def _beside(self, corners: list[Corner], end: arb) -> Iterator[Place]:
        """Stretches from where some ends of V are to a point."""
        found = [rooted(corner.density, corner.knot) for corner in corners]
        ends = [one for one in found if one is not None]
        root = lcm(*(one.root for one in ends))
        if len(ends) < len(corners) or root > MOST_ROOT:
            yield from self._graded(corners, end)
            return
        first = corners[0]
        rows = tuple(
            (corner.row, RootedEnd(corner.density, corner.side, root)) for corner in corners
        )
        high = (abs(end - first.at).log() / root).exp()
        yield RootPlace(arb(0), high, first.at, first.side, root, rows)

    def _graded(self, corners: list[Corner], end: arb) -> Iterator[Place]:
        """The same, in the logarithm of the distance."""
        first = corners[0]
        width = abs(end - first.at)
        closest = min((corner.closest(width) for corner in corners), key=float)
        with working_precision(ctx.prec + lost_bits(closest)):
            inner = first.at + first.side * closest
        self.left_out.append((first.at, inner) if first.side > 0 else (inner, first.at))
        low, high = closest.log().mid(), width.log()
        count = ceil(float(high - low) / STEP)
        cuts = [low, *((low + (high - low) * k / count).mid() for k in range(1, count)), high]
        for near, far in pairwise(cuts):
            yield Place(near, far, first.at, first.side)
