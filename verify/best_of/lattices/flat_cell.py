"""V on one cell of a lattice in few stretches of many points; and where it is flat at its start.

Beside a long tail V is on many cells, and only on the first of them it may be hard to follow. So
each stretch has the ellipse that needs the fewest points, and bounds in small boxes next to where V
begins.

A density that is *flat* where it begins falls faster there than any power, like ``exp(-1/v)`` at 0.
Up to some distance V has next to nothing. There the cell has a plain stretch, for all rows but the
first one, in which V is left out. From there on the variable is the logarithm of s.

On the plain stretch the ranks are to be analytic too. They are so with V counted as at its end
where it is left out: the S~ of :mod:`verify.best_of.lattices.blocks`, which on cell K is off by at
most ``p(K) q``, with q what is left out of V.
"""

from __future__ import annotations

from flint import acb, arb

from verify.best_of.convolution.interval_sums import Place
from verify.best_of.lattices.cell import RULE_BITS, Cell, Window
from verify.best_of.lattices.stretches import LEFT_BITS, Stretch, half_width, reach
from verify.best_of.parts.density import Density
from verify.best_of.parts.leaves import ELLIPSES, error_bound, goal_bits, oval, points

#: Columns and rows of the boxes that cover half an ellipse, next to where V begins.
BOXES = (12, 3)
#: On so many rows.
NEXT = 3


class FewPoints(Cell):
    """V on one cell, with few points; the parameters are those of the base."""

    def _stretch(self, place: Place, window: Window) -> Stretch | None:
        """With the ellipse that needs the fewest points."""
        goal, half = arb(2) ** (-goal_bits() - RULE_BITS), half_width(place)
        counts = range(2, 4 * points(), 2)
        best: Stretch | None = None
        for parameter in ELLIPSES:
            most = goal / error_bound(half, arb(1), parameter, counts[-1])
            size = self._total(place, parameter, window, most)
            if size is None:
                continue
            found = next(c for c in counts if error_bound(half, size, parameter, c) < goal)
            if best is not None and found >= best.points:
                break
            best = Stretch(place, found, (parameter,))
        return best

    def _total(self, place: Place, parameter: float, window: Window, most: arb) -> arb | None:
        """A bound of density times slope on an ellipse, of all rows; None where it is too much."""
        most, total = most.min(self.growth / reach(place, parameter)), arb(0)
        for m in range(window.last, window.first - 1, -1):
            total += self._size(place, parameter, m)
            if not total < most:
                return None
        return total

    def _boxes(self, place: Place, parameter: float, m: int) -> list[acb]:
        """Next to where V begins they are small."""
        if m <= -NEXT:
            return super()._boxes(place, parameter, m)
        r, half = arb(parameter), half_width(place)
        return oval(place.middle, (r + 1 / r) / 2 * half, (r - 1 / r) / 2 * half, *BOXES)


class FlatCell(FewPoints):
    """The same for V of one density that is flat where it begins, at 0."""

    def _places(self, stretches: int) -> list[Place]:
        closest = self._closest
        self.left_out.append((arb(0), closest))
        found = [Place(arb(0), closest)]
        if closest < self.step:
            found.append(Place(closest.log().mid(), self.step.log(), arb(0)))
        return found

    @property
    def _closest(self) -> arb:
        """A distance, exact, up to which V has next to nothing; the step at most."""
        goal, distance = arb(2) ** (-goal_bits() - LEFT_BITS), self.step.mid()
        while not self.parts.densities[0].mass(arb(0), distance) < goal:
            distance = (distance * 3 / 4).mid()
        return distance

    def _inside(self, place: Place, m: int) -> list[Density]:
        """On the plain stretch the density is left out of the first row."""
        return [] if m == 0 and place.origin is None else super()._inside(place, m)

    def _left(self, m: int) -> tuple[arb, arb]:
        """On other rows the plain stretch has a rule."""
        return super()._left(m) if m == 0 else (arb(0), arb(0))
