"""A power tail on a lattice beside light atoms: the atoms as seen from a cell, and blocks of cells.

Let X have its atoms at ``shift + step k``, and let V have the atom v in cell m, ``v = r - step m``
with ``0 <= r < step``. Each r that occurs is a node: at ``shift + step K + r`` U has the mass
``sum over m of p(K + m) q(r - step m)``, which is smooth in K, and so is ``S = Pr(U > u)``. What
the polynomials miss is bounded as in :mod:`verify.best_of.lattices.blocks`.
"""

from __future__ import annotations

from flint import arb, arb_mat, fmpq

from verify.best_of.lattices.atom_blocks import AtomBlock, AtomNode
from verify.best_of.lattices.blocks import Block
from verify.best_of.lattices.cell import Cell, Window
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.parts.density import Parts
from verify.enclosure import Undecided


class AtomCell(Cell):
    """The atoms of V as seen from one cell of a lattice: nodes without a rule.

    Parameters
    ----------
    parts : Parts
        V: atoms, and what is left out of them.
    step : fmpq
        The distance of two atoms of the lattice.
    """

    def __init__(self, parts: Parts, step: fmpq) -> None:
        self.parts, self.step = parts, arb(step)
        shifts = [-int((v / step).floor()) for v, _ in parts.atoms]
        places = [v + step * m for (v, _), m in zip(parts.atoms, shifts, strict=True)]
        self.residues = sorted(set(places))
        self.nodes = [(arb(place), arb(1)) for place in self.residues]
        index = {place: j for j, place in enumerate(self.residues)}
        #: For each atom its node, its cell, its place and its mass.
        self.atoms = [
            (index[place], m, v, mass)
            for place, m, (v, mass) in zip(places, shifts, parts.atoms, strict=True)
        ]

    def window(self, goal: arb) -> Window:
        """The least cells beyond which atoms have less than a goal on either side.

        The first one is empty: what lies above a node of a cell may be of the cell before.
        """
        last, first = (self._outermost(atoms, goal) for atoms in (self.atoms, self.atoms[::-1]))
        out = [(v, mass) for _, m, v, mass in self.atoms if not first <= m <= last]
        mass = sum((mass for _, mass in out), arb(0))
        of_v = sum((mass * abs(arb(v)) for v, mass in out), arb(0))
        mass += sum((rest.mass for rest in self.parts.left_out), arb(0))
        of_v += sum((rest.mean for rest in self.parts.left_out), arb(0))
        return Window(first - 1, last, mass.upper(), of_v.upper())

    @staticmethod
    def _outermost(atoms: list[tuple[int, int, fmpq, arb]], goal: arb) -> int:
        """The cell of the first atom with which a goal is reached."""
        total = arb(0)
        for _, m, _, mass in atoms:
            total += mass
            if not total < goal:
                return m
        raise Undecided("atoms that have no mass to speak of beside a lattice")

    def inside(self, window: Window) -> list[tuple[int, int, fmpq, arb]]:
        """The atoms of a window."""
        return [atom for atom in self.atoms if window.first < atom[1] <= window.last]

    def matrices(self, window: Window) -> tuple[arb_mat, arb_mat, arb_mat]:
        """``q(v)``, ``v q(v)``, and ``Pr(r - step (m + 1) < V <= r - step m)``: a row a shift.

        A column a node r; the third one has another one, of what is seen from before the cell.
        """
        count, nodes = window.last - window.first + 1, len(self.nodes)
        mass, of_v = ([[arb(0)] * nodes for _ in range(count)] for _ in range(2))
        between = [[arb(0)] * (nodes + 1) for _ in range(count)]
        for i, m, v, q in self.inside(window):
            k = m - window.first
            mass[k][i] += q
            of_v[k][i] += q * v
            for j in range(nodes + 1):
                row = between[k if i <= j < nodes else k - 1]
                row[j] += q
        return arb_mat(mass), arb_mat(of_v), arb_mat(between)

    def block(self, tail: PowerTail, window: Window, first: int, count: int) -> AtomBlock:
        """The atoms of U on so many cells from one on, with a power tail for X."""
        found = _Expanded(tail, self, window, first, count)
        rows = zip(found.mass, found.of_v, found.lifted, found.above[:-1], strict=True)
        nodes = tuple(
            AtomNode(mass, of_v, mass * arb(tail.shift) + lifted * arb(tail.step), above)
            for mass, of_v, lifted, above in rows
        )
        return AtomBlock(
            nodes, count, found.half, found.place, found.rank_missed, found.missed, found.sizes
        )


class _Expanded(Block):
    """The polynomials of many cells; without rules, as a sum over atoms is exact."""

    def _rules(self) -> list[object]:  # type: ignore[override]
        return []

    def rules_missed(self, n: int, above: arb) -> tuple[arb, arb, arb]:
        """Nothing."""
        return arb(0), arb(0), arb(0)
