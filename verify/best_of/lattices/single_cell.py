"""One cell of a lattice beside a density, near the first atoms: no series in K is needed."""

from __future__ import annotations

from functools import cached_property

from flint import arb, arb_mat, arb_poly

from verify.best_of.lattices.blocks import Block
from verify.best_of.lattices.cell import Cell, Window
from verify.best_of.lattices.power_tail import PowerTail


class SingleCell(Block):
    """The cell K alone.

    Parameters
    ----------
    tail : PowerTail
        The law of X; what is before its first atom has no mass.
    cell : Cell
        V.
    window : Window
        The cells on which V is not left out; ``K + window.last`` is not below 0.
    place : int
        The cell.
    is_swapped : bool
        Whether it is V that is on the lattice, and X that is light.
    """

    def __init__(
        self, tail: PowerTail, cell: Cell, window: Window, place: int, is_swapped: bool = False
    ) -> None:
        super().__init__(tail, cell, window, place, 1, is_swapped)

    def _expand(self, density: arb_mat, of_v: arb_mat, between: arb_mat) -> None:
        """The values at the nodes, as constants."""
        shifts = range(self.window.first, self.window.last + 1)
        points = [self.first + m for m in shifts]  # ints: before the first atom is nothing
        mass, lifted = (arb_mat([self.tail.masses(points, k)]) for k in (0, 1))
        above = self.tail.above([*points, points[-1] + 1])
        self.mass, self.of_v, self.lifted, self.above = (
            [arb_poly([value]) for value in (row * values).entries()]
            for row, values in (
                (mass, density),
                (mass, of_v),
                (lifted, density),
                (arb_mat([above[:-1]]), between),
            )
        )
        end = (arb_mat([above[1:]]) * between).entries()[-1]
        self.rank_missed = self.window.mass
        self._end = end + arb(0, self.rank_missed)
        self._rest = arb(0), arb(0), arb(0)

    def least_above(self, above: arb) -> list[arb]:
        """On a stretch ``Pr(U > t)`` is at least what it is at the nodes to its right."""
        return [*(above.max(own) for own in self._above_stretches), above]

    @cached_property
    def _above_stretches(self) -> list[arb]:
        """At least what that is at the nodes to the right of each stretch; 0 for none."""
        places = [s for s, _ in self.cell.nodes]
        nodes = sorted(zip(places, self.above, strict=False), key=lambda node: float(node[0]))
        found = []
        for stretch in self.cell.stretches:
            end = stretch.place.ends[1]
            first = next((row[0] for s, row in nodes if s >= end), None)
            found.append(arb(0) if first is None else (first - self.rank_missed).lower())
        return found

    def above_at(self, first: int) -> arb:
        """``Pr(U > t)`` where a cell begins: this one, or the next."""
        return self.above[-1][0] + arb(0, self.rank_missed) if first == self.first else self._end
