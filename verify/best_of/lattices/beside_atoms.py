"""The law of ``U = X + V``, where one of X and V has a power tail on a lattice, the other atoms.

All places are rational, so U lies on a lattice. Near the first atoms it is taken atom by atom; from
there on cells are taken in blocks (:mod:`verify.best_of.lattices.atom_cells`), as in
:mod:`verify.best_of.lattices.beside_density`, whose argument for laws without a mean holds for
atoms as well.

*KL far out.* Let a be at least each mass beyond T, and F the rank of T. On an atom the weight rises
from w to w'. As ``x log x`` has the slope ``1 + log x``, KL is less than without ties by at most
``a (w' - w) (log w' - log w)`` there, and by ``n (n - 1) a^2/F`` on all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from time import process_time

from flint import arb, arb_poly, fmpq

from verify.best_of.lattices.atom_cells import AtomBlock, AtomCell, AtomCells
from verify.best_of.lattices.beside_density import (
    BEGINNINGS,
    LEAST_ROOM,
    LEFT_OUT_BITS,
    MOST_BLOCKS,
    BesideLattice,
)
from verify.best_of.lattices.blocks import Block
from verify.best_of.lattices.cell import Window
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.panels import MOST_DRAWS_BITS, right_goal
from verify.best_of.parts.density import take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.ranks import RankIntegral, heavy, weight_at
from verify.conditioning.parts import base_of, components, is_atomic
from verify.enclosure import Diverges, Undecided
from verify.law import Law
from verify.progress import Progress

#: Atoms of the power tail's lattice at which the blocks may begin.
STARTS = (*BEGINNINGS, 512, 768, 1024, 1536, 2048)
#: From this exponent on few atoms matter, and all are taken one by one.
FEW_ATOMS_FROM = 32
#: Nodes of a cell at most.
MOST_NODES = 128
#: Below this ``x |log x|`` rises.
RISES = 0.36


class Unsure(Jump):
    """An atom whose mass may be 0, for all that is known of it."""

    def costs(self, n: int, above: arb) -> arb:
        """Its term of the KL, or all it can be."""
        found = super().costs(n, above)
        if found.is_finite():
            return found
        return arb(0, (_entropy_bound(weight_at(n, above)) * self.mass).upper())

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The parts of the mass and of the means under best-of-n, or all they can be."""
        found = super().integrals(n, above)
        if all(part.is_finite() for part in found):
            return found
        most = weight_at(n, above)
        return [arb(0, (most * size).upper()) for size in (self.mass, *self.sizes)]


@dataclass(frozen=True)
class LatticePair(BesideLattice):
    """A power tail on a lattice, and light atoms beside it.

    Attributes
    ----------
    cell : AtomCell
        The light law as seen from a cell; see :class:`~.beside_lattice.BesideLattice` for others.
    """

    cell: AtomCell

    @cached_property
    def reach(self) -> Window:
        """The cells beyond which V is nothing to the largest n."""
        return self.cell.window(arb(2) ** (-MOST_DRAWS_BITS - goal_bits() - LEFT_OUT_BITS))

    def largest(self, end: int) -> arb:
        """A bound of each mass of U beyond the blocks."""
        return self.tail.masses([arb(end + self.reach.first)])[0] + self.reach.mass

    @cached_property
    def size_x(self) -> arb:
        """A bound of ``E|X|``, for X with the power tail; NaN: infinite."""
        mean = self.tail.law.mean()
        if isinstance(mean, Diverges):
            return arb.nan()
        return (abs(mean) + 2 * abs(arb(self.tail.shift))).upper()

    @property
    def left_out(self) -> Beyond:
        """Bounds of what is left out before the blocks; for V light."""
        seen = self.reach
        return Beyond(seen.mass, seen.of_v, (seen.mass * self.size_x).upper())

    def first_atoms(self, is_v: bool) -> list[Jump]:
        """The atoms before the blocks.

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
                mass, *parts = (product[k] for product in products)
                if mass.is_zero():
                    continue
                own, other, *sizes = self._in_order(parts, is_v)
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

    @staticmethod
    def _in_order(parts: list[arb], is_v: bool) -> list[arb]:
        """What V and X have, of what the light law and the other one have: means, and sizes."""
        return [parts[k ^ is_v] for k in range(len(parts))]

    def right(self, last: Block) -> tuple[tuple[arb, arb, arb], Beyond]:
        """What U has beyond a block, and bounds; for V light."""
        seen, end, tail = last.window, last.first + last.count, self.tail
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
        return (mass, of_v + arb(0, seen.of_v), of_x), Beyond(
            mass.upper(), (size + seen.of_v).upper(), size_x.upper()
        )

    def is_alone(self, end: int) -> bool:
        """Whether a law without a mean decides alone, and has atoms that are nothing to any n."""
        if not super().is_alone(end):
            return False
        return bool(self.largest(end) < arb(2) ** (-MOST_DRAWS_BITS - goal_bits() // 2))

    def blocks(self, is_v: bool, progress: Progress | None, deadline: float | None) -> list[Block]:
        """The blocks, up to where what is left is nothing to the largest n."""
        goal, first, found = right_goal(), self.begin, list[Block]()
        while True:
            if deadline is not None and process_time() > deadline:
                raise Undecided("the law of U takes too much work")
            seen = _window(self.tail, self.cell, first)
            room = first + seen.first
            if room < LEAST_ROOM or len(found) == MOST_BLOCKS:
                raise Undecided(f"{self.tail.law}: its tail is too long")
            count = self.cells(room)
            block = AtomBlock(self.tail, self.cell, seen, first, count, is_v)
            found.append(block)
            if progress is not None:
                progress(len(found), MOST_BLOCKS, "blocks of cells of the proxy")
            first += count
            if block.whole.above_end(arb(0)) < goal or self.is_alone(first):
                return found

    def ranks(
        self,
        is_v: bool,
        shifts: tuple[fmpq, fmpq],
        progress: Progress | None,
        seconds: float | None,
    ) -> LatticeRanks:
        """As an integral over ranks; ``is_v``: V is the law with the power tail.

        Raises
        ------
        Undecided
            If it takes too much work.
        """
        deadline = None if seconds is None else process_time() + seconds
        near, blocks = self.first_atoms(is_v), self.blocks(is_v, progress, deadline)
        right, far_right = self.right(blocks[-1])
        end, top, lost = blocks[-1].first + blocks[-1].count, None, self.left_out
        if self.is_alone(end):
            top = self.top(end), arb.nan()
            off = self.size * self.reach.mass + self.reach.of_v
            lost = Beyond(lost.mass, lost.of_v + off, lost.of_x)
        if is_v:
            right = right[0], right[2], right[1]
            far_right, lost = (
                Beyond(bounds.mass, bounds.of_x, bounds.of_v) for bounds in (far_right, lost)
            )
            top = None if top is None else (top[1], top[0])
        nothing = Beyond(arb(0), arb(0), arb(0))
        found = LatticeRanks([*near, *blocks], right, far_right, nothing, lost, shifts, top)
        found.largest = self.largest(end)
        return found


class LatticeRanks(RankIntegral):
    """Means and KL under best-of-n of a law with atoms only, most of them in blocks.

    Attributes
    ----------
    largest : arb
        A bound of each mass beyond the last block.
    """

    largest: arb

    def kl(self, n: int) -> arb:
        """The KL of best-of-n: the sum over atoms of ``a w log w``."""
        total = self._beyond_costs(n)
        left = _entropy_bound(arb(n)) * self.lost.mass
        for step in self.steps:
            left += _entropy_bound(weight_at(n, step.above)) * step.piece.missed[0]
            for part in self._parts(step, n):
                above = part.above_end(step.above)
                if n * above > heavy(n):
                    left += _entropy_bound(weight_at(n, above))
                    return total + arb(0, left.upper())
                assert isinstance(part, Jump | AtomCells)
                total += part.costs(n, step.above)
        return total + arb(0, left.upper())

    def _beyond_costs(self, n: int) -> arb:
        """What the atoms beyond the last block have of the KL."""
        above = self.steps[0].above
        logarithm = (-above).log1p()
        ranks = -(n * logarithm).expm1() * (arb(n).log() - arb(n - 1) / n)
        ranks -= (n * logarithm).exp() * (n - 1) * logarithm
        ties = (n * (n - 1) * self.largest**2 / (1 - above)).upper()
        return ranks - arb(0).union(ties)


def _entropy_bound(weight: arb) -> arb:
    """The largest ``|w log w|`` for w up to a weight."""
    weight = weight.upper()
    if weight < RISES:
        return abs(weight * weight.log()).upper() if weight > 0 else arb(0)
    return abs(weight * weight.log()).upper() + RISES + fmpq(1, 100)


def lattice_pair(law: Law, other: Law) -> LatticePair | None:
    """Two laws as such, if they are; ``law``: the one with the power tail.

    Raises
    ------
    Undecided
        For two power tails, and where the other law reaches too far, or has too many places between
        two atoms of the lattice.
    """
    tail = PowerTail.of(law)
    if tail is None or not all(is_atomic(part.law) for part in components(other)):
        return None
    if tail.s > FEW_ATOMS_FROM:
        return None
    second = PowerTail.of(other)
    if second is not None and second.s <= FEW_ATOMS_FROM:
        names = f"{base_of(law)} beside {base_of(other)}"
        raise Undecided(f"{names}: two power tails on lattices are not settled")
    parts = take_apart(other)
    cell = AtomCell(parts, tail.step)
    if len(cell.nodes) > MOST_NODES:
        raise Undecided(f"{other}: more than {MOST_NODES} places between two atoms of {law}")
    for begin in STARTS:
        if begin + _window(tail, cell, begin).first >= LEAST_ROOM:
            return LatticePair(tail, other, parts, begin, cell)
    raise Undecided(f"{law} beside {other}: the second reaches over too many atoms of the first")


def _window(tail: PowerTail, cell: AtomCell, first: int) -> Window:
    """The cells of V that matter to a block that begins at an atom."""
    goal = tail.above([arb(2 * first)])[0] * arb(2) ** (-goal_bits() - LEFT_OUT_BITS)
    return cell.window(goal)
