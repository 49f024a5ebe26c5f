"""The law of ``U = X + V`` where X has a power tail on a lattice on the left, and V is light.

From some cell on to the left it is that of -U, in blocks (:mod:`verify.best_of.lattices.blocks`),
mirrored. There the best of n has a weight of at most ``n Pr(U <= t)^(n-1)``, so that they may end
sooner than on the right. To the right of that cell only so many atoms of X matter as V reaches
from: with those alone U is as any other sum.

*Mirrored.* Let S be ``Pr(U > t)``, and S' = 1 - S that of -U. With S~ of the module named, S~' =
1 - S~ is at most S', and at least ``S' - q``. So where step 1 there takes the least S, it is to be
less by q; so it is under the rules, where S~' grows by as much as S~ falls. Step 3 holds as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import process_time

from flint import arb, arb_poly, fmpq

from verify.best_of.lattices.beside_density import BesideLattice, beside_lattice
from verify.best_of.lattices.blocks import Block
from verify.best_of.parts.density import Parts
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.sizes import v_and_x
from verify.law import Law
from verify.progress import Progress


class MirroredBlock(Block):
    """The cells of a block, for -U: cell -K for cell K.

    Parameters
    ----------
    block : Block
        Those of U.
    """

    def __init__(self, block: Block) -> None:
        self.original, self.is_swapped = block, block.is_swapped
        self.tail = replace(block.tail, shift=-block.tail.shift)
        self.cell, self.window, self.rules = block.cell, block.window, block.rules
        self.first, self.count = 1 - block.first - block.count, block.count
        self.centre, self.half = -block.centre, block.half
        self.mass, self.of_v, self.lifted, self.above = (
            [sign * row(arb_poly([0, -1])) for row in rows]
            for sign, rows in (
                (1, block.mass),
                (-1, block.of_v),
                (-1, block.lifted),
                (-1, block.above),
            )
        )
        self.above = [1 + row for row in self.above]
        self.rank_missed = block.rank_missed

    def above_at(self, first: int) -> arb:
        """``Pr(-U > t)`` where a cell begins: one of its own, or the next."""
        return 1 - self.original.above_at(1 - first)

    def rules_missed(self, n: int, above: arb) -> tuple[arb, arb, arb]:
        """With the least S~."""
        return super().rules_missed(n, above - self.ranks_moved)

    @property
    def place(self) -> arb:
        """A point inside."""
        return -self.original.place

    @property
    def missed(self) -> tuple[arb, arb, arb]:
        """Bounds of what the three leave out: those of U."""
        return self.original.missed

    @property
    def sizes(self) -> tuple[arb, arb]:
        """Bounds of ``E[|V|; U in it]`` and ``E[|X|; ...]``: those of U."""
        return self.original.sizes


@dataclass(frozen=True)
class LeftTail:
    """A power tail on a lattice on the left, and a light density beside it.

    Attributes
    ----------
    law, light : Law
        The two.
    mirrored : BesideLattice
        The same of -U.
    """

    law: Law
    light: Law
    mirrored: BesideLattice

    @property
    def cut(self) -> fmpq:
        """Where the blocks begin."""
        return -self.mirrored.tail.place(self.mirrored.begin)

    @property
    def atoms(self) -> Parts:
        """The atoms of X that matter to the right of there."""
        tail, seen = self.mirrored.tail, self.mirrored.reach
        places = range(1, self.mirrored.begin + seen.last + 1)
        pairs = zip(places, tail.masses(places), strict=True)
        atoms = tuple((-tail.place(k), mass) for k, mass in pairs)
        return Parts((), atoms[::-1], ())

    def lost(self, is_v: bool) -> Beyond:
        """Bounds of what the other atoms have there; ``is_v``: V is the law on the lattice."""
        seen, mean = self.mirrored.reach, self.mirrored.size_x
        return Beyond(seen.mass, *v_and_x((seen.mass * mean).upper(), seen.of_v, is_v))

    def blocks(
        self, is_v: bool, progress: Progress | None, seconds: float | None
    ) -> tuple[list[Block], Beyond]:
        """The blocks, from the left, and bounds of what lies beyond them.

        Raises
        ------
        Undecided
            If it takes too much work.
        """
        deadline = None if seconds is None else process_time() + seconds
        found = self.mirrored.blocks(is_v, True, progress, deadline)
        beyond = self.mirrored.right(found[-1])[1]
        bounds = Beyond(beyond.mass, *v_and_x(beyond.of_x, beyond.of_v, is_v))
        bounds = replace(bounds, point=-found[-1].end)
        return [MirroredBlock(block) for block in reversed(found)], bounds


def left_tail(law: Law, other: Law) -> LeftTail | None:
    """Two laws as such, if they are; ``law``: the one on the lattice."""
    mirrored = beside_lattice(-law, -other)
    return None if mirrored is None else LeftTail(law, other, mirrored)
