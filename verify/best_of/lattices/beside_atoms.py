"""The law of ``U = X + V``, where one of X and V has a power tail on a lattice, the other atoms.

All places are rational, so U lies on a lattice. Near the first atoms it is taken atom by atom; from
there on cells are taken in blocks (:mod:`verify.best_of.lattices.atom_cells`), as in
:mod:`verify.best_of.lattices.beside_density`, whose argument for laws without a mean holds for
atoms as well.

Where the power tail is on the left, it is the law of -U that is taken so, and then mirrored. There
the best of n has a weight of at most ``n Pr(U <= u)^(n-1)``: blocks may end sooner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_poly

from verify.best_of.lattices.atom_blocks import AtomBlock
from verify.best_of.lattices.atom_cells import AtomCell
from verify.best_of.lattices.atom_ranks import AtomLine, Unsure
from verify.best_of.lattices.beside_density import (
    BEGINNINGS,
    LEAST_ROOM,
    LEFT_OUT_BITS,
    MOST_BLOCKS,
    BesideLattice,
    check,
    left_goal,
)
from verify.best_of.lattices.cell import Window
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.line import MOST_DRAWS_BITS, right_goal
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.parts.leaves import goal_bits
from verify.conditioning.parts import components, is_atomic
from verify.enclosure import Undecided
from verify.law import Law
from verify.progress import Progress

#: Atoms of the power tail's lattice at which the blocks may begin.
STARTS = (*BEGINNINGS, 512, 768, 1024, 1536, 2048)
#: From this exponent on few atoms matter, and all are taken one by one.
FEW_ATOMS_FROM = 32
#: Nodes of a cell at most.
MOST_NODES = 128


@dataclass(frozen=True)
class LatticePair(BesideLattice):
    """A power tail on a lattice, and light atoms beside it.

    Attributes
    ----------
    cell : AtomCell
        The light law as seen from a cell; see :class:`~.beside_density.BesideLattice` for others.
    is_left : bool
        Whether it is the law of -U.
    """

    cell: AtomCell
    is_left: bool

    @property
    def goal(self) -> arb:
        """The mass beyond the blocks that is nothing to any n."""
        return left_goal() if self.is_left else right_goal()

    @cached_property
    def reach(self) -> Window:
        """The cells beyond which V is nothing to the largest n."""
        return self.cell.window(arb(2) ** (-MOST_DRAWS_BITS - goal_bits() - LEFT_OUT_BITS))

    def largest(self, end: int) -> arb:
        """A bound of each mass of U beyond the blocks."""
        return self.tail.masses([arb(end + self.reach.first)])[0] + self.reach.mass

    @property
    def left_out(self) -> Beyond:
        """Bounds of what is left out before the blocks; for V light."""
        seen = self.reach
        return Beyond(seen.mass, seen.of_v, (seen.mass * self.size_x).upper())

    def first_atoms(self) -> list[Jump]:
        """The atoms before the blocks; for V light.

        For each node they are the products of two polynomials: of X, and of V on its cells.
        """
        seen, tail, found = self.reach, self.tail, list[Jump]()
        places = [tail.place(k) for k in range(1, self.begin + seen.last)]
        masses = tail.masses([arb(k) for k in range(1, len(places) + 1)])
        lifted = [mass * x for mass, x in zip(masses, places, strict=True)]
        x, of_x, size_x = (arb_poly(row) for row in (masses, lifted, [abs(c) for c in lifted]))
        for j, residue in enumerate(self.cell.residues):
            light, of_v, size_v = self._on_cells(j)
            products = x * light, x * of_v, of_x * light, x * size_v, size_x * light
            for k in range(len(places)):
                mass, own, other, *sizes = (product[k] for product in products)
                if mass.is_zero():
                    continue
                at = tail.place(k + 1 - seen.last) + residue
                # What is left out of V may be here too.
                mass = mass + arb(0).union(seen.mass)
                found.append(Unsure(at, mass, own, other, (sizes[0], sizes[1])))
        return sorted(found, key=lambda jump: jump.at)

    def _on_cells(self, node: int) -> tuple[arb_poly, arb_poly, arb_poly]:
        """The masses of V at a node, from the last cell on; times v, and times ``|v|``."""
        seen = self.reach
        rows = [[arb(0)] * (seen.last - seen.first) for _ in range(3)]
        for j, m, v, q in self.cell.inside(seen):
            if j == node:
                for row, part in zip(rows, (q, q * v, q * abs(v)), strict=True):
                    row[seen.last - m] = part
        mass, of_v, size = (arb_poly(row) for row in rows)
        return mass, of_v, size

    def beyond(self, end: int) -> tuple[tuple[arb, arb, arb], Beyond]:
        """What U has from a cell on, and bounds; for V light."""
        seen, tail = _window(self.tail, self.cell, end), self.tail
        points = [arb(end + m) for m in range(seen.first, seen.last + 1)]
        above, beyond = tail.above(points), (seen.mass * self.size_x).upper()
        lifted = tail.above(points, 1) if tail.s > 2 else [arb.nan()] * len(points)
        mass, of_v, size, of_k = arb(0), arb(0), arb(0), arb(0)
        for _, m, v, q in self.cell.inside(seen):
            k = m - 1 - seen.first
            share = q * above[k]
            mass, of_v, size = mass + share, of_v + share * v, size + share * abs(arb(v))
            of_k += q * lifted[k]
        mass = mass + arb(0).union(seen.mass)
        of_x = tail.shift * mass + self.step * of_k
        of_x = of_x + arb(0, beyond) if beyond.is_finite() else arb.nan()
        size_x = abs(arb(tail.shift)) * mass + self.step * of_k + beyond
        sizes = mass.upper(), (size + seen.of_v).upper(), size_x.upper()
        return (mass, of_v + arb(0, seen.of_v), of_x), Beyond(*sizes, arb(tail.place(end)))

    def is_alone(self, end: int) -> bool:
        """Whether a law without a mean decides alone, and has atoms that are nothing to any n."""
        if self.is_left or not super().is_alone(end):
            return False
        return bool(self.largest(end) < arb(2) ** (-MOST_DRAWS_BITS - goal_bits() // 2))

    def cell_blocks(self, progress: Progress | None, deadline: float | None) -> list[AtomBlock]:
        """The blocks, up to where what is left is nothing to the largest n; for V light."""
        goal, first, found = self.goal, self.begin, list[AtomBlock]()
        while True:
            check(deadline)
            seen = _window(self.tail, self.cell, first)
            room = first + seen.first
            if room < LEAST_ROOM or len(found) == MOST_BLOCKS:
                raise Undecided(f"{self.tail.law}: its tail is too long")
            count = self.cells(room)
            block = self.cell.block(self.tail, seen, first, count)
            found.append(block)
            if progress is not None:
                progress(len(found), MOST_BLOCKS, "blocks of cells of the proxy")
            first += count
            if block.whole.above_end(arb(0)) < goal or self.is_alone(first):
                return found

    def line(self, progress: Progress | None, deadline: float | None) -> AtomLine:
        """The law of U in pieces; for V light.

        Raises
        ------
        Undecided
            If it takes too much work.
        """
        near, blocks = self.first_atoms(), self.cell_blocks(progress, deadline)
        end, top, lost = self.begin + sum(block.count for block in blocks), None, self.left_out
        right, far_right = self.beyond(end)
        if self.is_alone(end):
            top = self.top(end), arb.nan()
            off = self.size * self.reach.mass + self.reach.of_v
            lost = Beyond(lost.mass, lost.of_v + off, lost.of_x)
        nothing = Beyond(arb(0), arb(0), arb(0))
        return AtomLine([*near, *blocks], right, far_right, nothing, lost, self.largest(end), top)


def lattice_pair(law: Law, other: Law) -> LatticePair | None:
    """Two laws as such, if they are; ``law``: the one with the power tail.

    None too where the other one has a power tail as well.

    Raises
    ------
    Undecided
        Where the other law reaches too far, or has too many places between two atoms of the
        lattice.
    """
    is_left = PowerTail.of(law) is None
    if is_left:
        law, other = -law, -other
    tail = PowerTail.of(law)
    if tail is None or tail.s > FEW_ATOMS_FROM:
        return None
    if not all(is_atomic(part.law) for part in components(other)):
        return None
    second = PowerTail.of(other) or PowerTail.of(-other)
    if second is not None and second.s <= FEW_ATOMS_FROM:
        return None
    parts = take_apart(other)
    cell = AtomCell(parts, tail.step)
    if len(cell.nodes) > MOST_NODES:
        raise Undecided(f"{other}: more than {MOST_NODES} places between two atoms of {law}")
    for begin in STARTS:
        if begin + _window(tail, cell, begin).first >= LEAST_ROOM:
            return LatticePair(tail, other, parts, begin, cell, is_left)
    raise Undecided(f"{law} beside {other}: the second reaches over too many atoms of the first")


def _window(tail: PowerTail, cell: AtomCell, first: int) -> Window:
    """The cells of V that matter to a block that begins at an atom."""
    goal = tail.above([arb(2 * first)])[0] * arb(2) ** (-goal_bits() - LEFT_OUT_BITS)
    return cell.window(goal)
