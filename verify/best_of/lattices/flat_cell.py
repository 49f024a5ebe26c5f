"""A density that is flat where it begins, beside a lattice: what it has, seen from one cell.

Such a density falls faster than any power where it begins, like ``exp(-1/v)`` at 0. Up to some
distance V has next to nothing. There the cell has a plain stretch, for all rows but the first one,
in which V is left out. From there on the variable is the logarithm of s. In it the density is
smooth, but large ellipses are narrow: there are few stretches, of many points each.

On the plain stretch the ranks are to be analytic too. They are so with V counted as at its end
where it is left out: the S~ of :mod:`verify.best_of.lattices.blocks`, which on cell K is off by the
mass ``p(K) q`` of that, with q what is left out of V.
"""

from __future__ import annotations

from flint import acb, arb

from verify.best_of.convolution.interval_sums import Place
from verify.best_of.lattices.cell import GRADED_BITS, Cell, Window
from verify.best_of.lattices.stretches import LEFT_BITS, Stretch, half_width, reach
from verify.best_of.parts.density import Density
from verify.best_of.parts.leaves import ELLIPSES, error_bound, goal_bits, oval, points

#: Columns and rows of the boxes that cover half an ellipse, on the rows next to the start.
BOXES = (12, 3)
#: Those rows.
NEXT = 2


class FlatCell(Cell):
    """V, of one density that is flat where it begins, at 0; parameters are those of the base."""

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
        while not self._density.mass(arb(0), distance) < goal:
            distance = distance * 3 / 4
            distance = distance.mid()
        return distance

    @property
    def _density(self) -> Density:
        return self.parts.densities[0]

    def _stretch(self, place: Place, window: Window) -> Stretch | None:
        """With the ellipse that needs the fewest points."""
        goal, half = arb(2) ** (-goal_bits() - GRADED_BITS), half_width(place)
        counts = range(2, 4 * points(), 2)
        best: Stretch | None = None
        for parameter in ELLIPSES:
            unit = error_bound(half, arb(1), parameter, counts[-1])
            size = self._total(place, parameter, window, goal / unit)
            if size is None:
                continue
            found = next(c for c in counts if error_bound(half, size, parameter, c) < goal)
            if best is not None and found >= best.points:
                break
            best = Stretch(place, found, (parameter,))
        return best

    def _total(self, place: Place, parameter: float, window: Window, most: arb) -> arb | None:
        """A bound of density times slope on an ellipse, of all rows; None where it is too much."""
        most = most.min(self.growth / reach(place, parameter))
        total = arb(0)
        for m in range(window.last, window.first - 1, -1):
            total += self._size(place, parameter, m)
            if not total < most:
                return None
        return total

    def _inside(self, place: Place, m: int) -> list[Density]:
        """On the plain stretch the density is left out of the first row."""
        return [] if m == 0 and place.origin is None else super()._inside(place, m)

    def _boxes(self, place: Place, parameter: float, m: int) -> list[acb]:
        """Next to the start they are small."""
        if m < -NEXT:
            return super()._boxes(place, parameter, m)
        r, half = arb(parameter), half_width(place)
        return oval(place.middle, (r + 1 / r) / 2 * half, (r - 1 / r) / 2 * half, *BOXES)

    def _left(self, m: int) -> tuple[arb, arb]:
        """On other rows the plain stretch has a rule."""
        return super()._left(m) if m == 0 else (arb(0), arb(0))
