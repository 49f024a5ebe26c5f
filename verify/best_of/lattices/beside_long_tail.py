"""The law of ``U = X + V`` where X has a power tail on a lattice, and V a density with a long one.

The first cells of the lattice are taken one by one, and beyond them blocks
(:mod:`verify.best_of.lattices.wide_block`). V is seen on them at few points
(:mod:`verify.best_of.lattices.flat_cell`). What V has far from an atom is a function of t alone
(:mod:`verify.best_of.lattices.long_tail`), of which the ranks on a block have all that lies beyond
it: it is added from the last block backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time

from flint import arb, ctx, fmpq

from verify.best_of.convolution.interval_sums import TooWide
from verify.best_of.lattices.beside_density import (
    FAR,
    FEW_ATOMS_FROM,
    MIDDLE,
    NEAR,
    STEEP,
    STEEP_FROM,
    Expanded,
    check,
)
from verify.best_of.lattices.blocks import Block
from verify.best_of.lattices.cell import Cell, Window
from verify.best_of.lattices.flat_cell import FewPoints, FlatCell
from verify.best_of.lattices.long_tail import BEGIN, REACH, LongTail
from verify.best_of.lattices.long_tail_error import FormulaError
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.lattices.stretches import CLOSEST_BITS
from verify.best_of.lattices.wide_block import (
    FirstCell,
    Seen,
    SeenFirst,
    WideBlock,
    first_cells,
)
from verify.best_of.line import right_goal
from verify.best_of.parts.density import Parts, take_apart
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.roots import rooted
from verify.conditioning.parts import is_atomic
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.progress import Progress

#: The least exponent: for less, blocks are too many.
SLOWEST = fmpq(3, 2)
#: The first cell on which a rank may grow more.
MIDDLE_FROM = 16
#: Blocks at most, before a tail is too long.
MOST_BLOCKS = 320
#: How often a block is made narrower, by a quarter, where an expansion fails.
MOST_NARROWED = 12


@dataclass(frozen=True)
class BesideLongTail:
    """A power tail on a lattice beside a density that begins at 0 and has a long tail.

    Attributes
    ----------
    long : LongTail
        The two laws.
    """

    long: LongTail

    def expand(
        self, is_swapped: bool, progress: Progress | None, seconds: float | None
    ) -> Expanded:
        """The law of U in pieces; ``is_swapped``: V is the law on the lattice.

        Raises
        ------
        Undecided
            If it takes too much work.
        """
        deadline = None if seconds is None else process_time() + seconds
        first = self._first(is_swapped, deadline)
        blocks = self._blocks(is_swapped, progress, deadline)
        right = blocks[-1].right()
        self._gather(blocks)
        mass, of_v, of_x = blocks[-1].in_order(*right)
        sizes = Beyond(mass.upper(), abs(of_v).upper(), abs(of_x).upper())
        nothing = Beyond(arb(0), arb(0), arb(0))
        pieces: list[Block] = [*first, *blocks]
        return Expanded(pieces, (mass, of_v, of_x), sizes, nothing, nothing, None)

    def _cell(self, window: Window, growth: float) -> Cell:
        """V on one cell of a lattice."""
        long = self.long
        kind = FlatCell if long.parts.densities[0].flat_ends() else FewPoints
        return kind(long.parts, long.step, window, 1, growth)

    def _first(self, is_swapped: bool, deadline: float | None) -> list[FirstCell]:
        """The cells before the blocks."""
        is_steep, found = self.long.tail.s >= STEEP_FROM, []
        shapes = (STEEP, NEAR) if is_steep else (NEAR, MIDDLE)
        ends = (1, MIDDLE_FROM), (MIDDLE_FROM, BEGIN)
        for (first, last), (_, growth) in zip(ends, shapes, strict=True):
            check(deadline)
            cell = self._cell(first_cells(last - 1), growth)
            seen = SeenFirst(self.long, last - 1, cell)
            for k in range(first, last):
                check(deadline)
                found.append(FirstCell(seen, k, is_swapped))
        return found

    def _blocks(
        self, is_swapped: bool, progress: Progress | None, deadline: float | None
    ) -> list[WideBlock]:
        """The blocks, up to where what is left is nothing to the largest n."""
        goal, first = right_goal(), BEGIN
        cell = self._cell(self.long.window, FAR[1])
        seen = Seen(self.long, cell, FormulaError(self.long))
        found: list[WideBlock] = []
        while True:
            check(deadline)
            found.append(self._block(seen, first, is_swapped))
            if progress is not None:
                progress(len(found), MOST_BLOCKS, "blocks of cells of the proxy")
            first += found[-1].count
            if self._left(first) < goal:
                return found
            if len(found) == MOST_BLOCKS:
                raise Undecided(f"{self.long.tail.law}, {self.long.law}: their tails are too long")

    def _block(self, seen: Seen, first: int, is_swapped: bool) -> WideBlock:
        """One that begins at a cell, as wide as it may be."""
        part = max(2, int((self.long.tail.s / 2).ceil()))
        count = (first - REACH) // part - 2
        for _ in range(MOST_NARROWED):
            try:
                block = WideBlock(seen, first, count, is_swapped)
            except TooWide:
                count = 3 * count // 4
                continue
            if block.rank_missed.is_finite():
                return block
            break
        law, tail = self.long.law, self.long.tail.law
        raise Undecided(f"{law}: not smooth enough, or too wide, beside {tail}")

    def _left(self, first: int) -> arb:
        """A bound of what U has beyond a cell: half of it is beyond it in X or in V."""
        half, tail = arb(first) / 2, self.long.tail
        return tail.above([half - 1])[0] + self.long.law.survival(half * self.long.step)

    def _gather(self, blocks: list[WideBlock]) -> None:
        """Add what is far beyond each block to its ranks, from the last one on."""
        last = blocks[-1]
        beyond, missed = self.long.beyond(last.first + last.count)[0], arb(0)
        for block in reversed(blocks):
            block.add_above(beyond, missed)
            beyond += block.far.panel.totals[0]
            missed += block.far.panel.missed[0]


def beside_long_tail(law: Law, other: Law) -> BesideLongTail | None:
    """Two laws as such, if they are; ``law``: the one on the lattice, ``other``: begins at 0.

    None too where the one on it falls too slowly, where few atoms of it matter, where the first is
    below 0, and where the other law is neither smooth nor flat at
    an end, nor a power of the distance from it: a cell would have too many points.
    """
    tail = PowerTail.of(law)
    if tail is None or not SLOWEST <= tail.s < FEW_ATOMS_FROM:
        return None
    if tail.place(1) < 0 or is_atomic(other) or other.support[0] != 0:
        return None
    if not isinstance(other.support[1], Diverges):
        return None
    with working_precision(ctx.prec + CLOSEST_BITS):  # its ends, so that points next to them show
        parts = take_apart(other)
    if parts.atoms or parts.left_out or not _is_simple(parts):
        return None
    return BesideLongTail(LongTail(tail, other, parts))


def _is_simple(parts: Parts) -> bool:
    """Whether V is smooth at its ends, or flat where it begins, or a power of the distance."""
    if len(parts.densities) == 1 and parts.densities[0].flat_ends():
        return True
    return all(
        knot.regular or rooted(density, knot) is not None
        for density in parts.densities
        for knot in density.knots
    )
