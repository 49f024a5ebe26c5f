"""The law of ``U = X + V`` where both have power tails on lattices.

Let X have its atoms at ``c k`` and V at ``d j`` or at ``-d j``, shifted, and let ``c/d = a'/b'`` in
lowest terms. With ``g = c/a'`` all atoms of U lie at multiples of g, shifted, and a cell has
``L = a' b'`` of them, its nodes. With ``x = k/b'`` and ``y = j/a'`` U is ``g L Z``, ``Z = x + y``
or ``x - y``; at a node, x and y run over whole numbers and a fraction each. So ``Pr(U = u)``, and
``E[x; U = u]`` and ``E[y; U = u]`` beside it, are the sums of
:mod:`verify.best_of.lattices.far_sums`: combinations of powers of Z. They are taken as Taylor
polynomials in the cell's number K on blocks of cells, which grow with their distance from 0, and so
is ``Pr(U > u)``. On the disc about a block whose radius is :data:`~.blocks.WIDE` times the block's
own each power is largest at its left end (Cauchy).

Near 0 the atoms are taken one by one. Those of facing tails are products of polynomials; those of
opposed ones are sums over the y below some ``y_0``, and from there on, with ``|Z| < r y_0``, ::

    sum of y^-b (Z + y)^-a = sum over i of binomial(-a, i) Z^i zeta(a + b + i, y_0).

After m terms at most ``binomial(a+m-1, m) |Z|^m zeta(a+b+m, y_0) (1 - r)^(-a-m)`` is missing, as
``(1 + q)^-a`` less m terms has at most ``binomial(a+m-1, m) |q|^m`` times ``|1 + q|^(-a-m)`` at its
largest between 0 and q.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from flint import arb, arb_poly, fmpq

from verify.best_of.lattices.atom_blocks import AtomBlock, AtomNode
from verify.best_of.lattices.atom_ranks import AtomLine
from verify.best_of.lattices.beside_atoms import FEW_ATOMS_FROM, MOST_NODES
from verify.best_of.lattices.beside_density import check, left_goal
from verify.best_of.lattices.blocks import WIDE, block_terms
from verify.best_of.lattices.far_sums import FarSum, PowerSum, facing, opposed
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.line import right_goal
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.ranks import polynomial_size
from verify.enclosure import Undecided
from verify.law import Law
from verify.progress import Progress

#: The cell at which the blocks begin.
BEGIN = 32
#: What an expansion may miss, and a polynomial, in bits below what there is.
SUM_BITS, BLOCK_BITS = 20, 4
#: Blocks at most, before a law's tail is too long; a block has at least about such a part of the
#: cells before it.
MOST_BLOCKS, LEAST_SHARE = 480, 16
#: Near 0 opposed tails are summed one by one up to so many times the places there, and the terms of
#: the series from there on.
FAR_OUT, FAR_OUT_TERMS = 8, 40
#: The mass, and what there is of x and of y: by how much the exponents of x and y are less.
LIFTED = (0, 0), (1, 0), (0, 1)

T = TypeVar("T", arb, arb_poly)


class Far(NamedTuple):
    """What a node has on one side: the mass, and ``E[x; ...]`` and ``E[y; ...]`` there.

    Attributes
    ----------
    offset : fmpq
        The node's place in a cell, as a share of it.
    sums : tuple of FarSum
        The three, as functions of Z.
    """

    offset: fmpq
    sums: tuple[FarSum, FarSum, FarSum]


@dataclass(frozen=True)
class TwoTails:
    """Two power tails on lattices; that of the first is on the right.

    Attributes
    ----------
    first, second : PowerTail
        X, and V or -V.
    is_facing : bool
        Whether it is V, with its tail on the right as well.
    is_left : bool
        Whether it is the law of -U.
    """

    first: PowerTail
    second: PowerTail
    is_facing: bool
    is_left: bool

    @cached_property
    def ratio(self) -> tuple[int, int]:
        """The a' and b' of the module's docstring."""
        ratio = self.first.step / self.second.step
        return int(ratio.p), int(ratio.q)

    @property
    def length(self) -> int:
        """The nodes of a cell."""
        return self.ratio[0] * self.ratio[1]

    @property
    def cell(self) -> fmpq:
        """The length of a cell."""
        return self.first.step * self.ratio[1]

    @property
    def sign(self) -> int:
        """+1 for facing tails, -1 for opposed ones."""
        return 1 if self.is_facing else -1

    @property
    def shift(self) -> fmpq:
        """Where U is for Z = 0."""
        return self.first.shift + self.sign * self.second.shift

    @cached_property
    def factor(self) -> arb:
        """``p(k) q(j)`` over ``x^-a y^-b``."""
        found, size = arb(1), self.ratio[::-1]
        for tail, share in zip((self.first, self.second), size, strict=True):
            found /= (arb(tail.s) * arb(share).log()).exp() * arb(tail.s).zeta()
        return found

    def _starts(self, node: int) -> tuple[fmpq, fmpq]:
        """The fractions that x and y have at a node, above 0 and at most 1."""
        a, b = self.ratio
        k, j = node * pow(a, -1, b) % b or b, self.sign * node * pow(b, -1, a) % a or a
        return fmpq(k, b), fmpq(j, a)

    def far(self, side: int) -> list[Far]:
        """The nodes of a cell, in the order of their distance from 0, on one side."""
        found = []
        for i in range(self.length):
            sums = (self._sum(side, i, *lifted).times(self.factor) for lifted in LIFTED)
            found.append(Far(fmpq(i, self.length), tuple(sums)))  # type: ignore[arg-type]
        return found

    def _sum(self, side: int, i: int, of_x: int, of_y: int) -> FarSum:
        """``sum of x^(of_x - a) y^(of_y - b)`` at a node."""
        a, b = self.first.s - of_x, self.second.s - of_y
        u, w = self._starts(side * i % self.length)
        if self.is_facing:
            return facing(a, b, u, w)
        return opposed(b, a, w) if side > 0 else opposed(a, b, u)

    # ---- near 0 -----------------------------------------------------------------------------

    def first_atoms(self) -> list[Jump]:
        """The atoms before the blocks."""
        rows = self._facing_atoms() if self.is_facing else self._opposed_atoms()
        found = []
        for i, mass, of_x, of_y in rows:
            at = self.shift + self.cell * fmpq(i, self.length)
            sizes = self._sizes(mass, of_x, of_y)
            found.append(Jump(at, mass, *self._lifted(mass, of_x, of_y), sizes))
        return found

    def _lifted(self, mass: T, of_x: T, of_y: T) -> tuple[T, T]:
        """What there is of V and X, from what there is of x and y."""
        x, v = self.first.shift, self.second.shift
        cell = arb(self.cell)
        return (mass * arb(v) + of_y * cell) * self.sign, mass * arb(x) + of_x * cell

    def _sizes(self, mass: arb, of_x: arb, of_y: arb) -> tuple[arb, arb]:
        """Bounds of what there is of ``|V|`` and ``|X|``."""
        x, v = abs(self.first.shift), abs(self.second.shift)
        cell = arb(self.cell)
        return (v * mass + cell * of_y).upper(), (x * mass + cell * of_x).upper()

    def _facing_atoms(self) -> list[tuple[int, arb, arb, arb]]:
        """For each Z, in nodes, below where the blocks begin: the mass, and of x and y."""
        count = BEGIN * self.length
        rows = []
        for tail, every in zip((self.first, self.second), self.ratio, strict=True):
            masses, lifted = [arb(0)] * count, [arb(0)] * count
            places = range(every, count, every)
            sizes = tail.masses([arb(k) for k in range(1, len(places) + 1)])
            for place, mass in zip(places, sizes, strict=True):
                masses[place], lifted[place] = mass, mass * fmpq(place, self.length)
            rows.append((arb_poly(masses), arb_poly(lifted)))
        (p, of_x), (q, of_y) = rows
        whole, of_first, of_second = p * q, of_x * q, p * of_y
        found = ((i, whole[i], of_first[i], of_second[i]) for i in range(count))
        return [row for row in found if not row[1].is_zero()]

    def _opposed_atoms(self) -> list[tuple[int, arb, arb, arb]]:
        """The same on both sides of 0."""
        reach = BEGIN * self.length
        found = []
        for i in range(1 - reach, reach):
            row = [self._opposed_mass(i, *lifted) for lifted in LIFTED]
            found.append((i, row[0], row[1], row[2]))
        return found

    def _opposed_mass(self, i: int, of_x: int, of_y: int) -> arb:
        """``sum of x^(of_x - a) y^(of_y - b)`` over x - y = Z, with its factor."""
        a, b, z = self.first.s - of_x, self.second.s - of_y, fmpq(i, self.length)
        y = self._starts(i % self.length)[1]
        while y + z <= 0:
            y += 1
        total = arb(0)
        while y < FAR_OUT * BEGIN:
            total += _product(y + z, a, y, b)
            y += 1
        return self.factor * (total + self._far_out(a, b, z, y))

    @staticmethod
    def _far_out(a: fmpq, b: fmpq, z: fmpq, y: fmpq) -> arb:
        """The sum from y on."""
        total, factor = arb(0), arb(1)
        for i in range(FAR_OUT_TERMS):
            total += factor * arb(a + b + i).zeta(arb(y))
            factor = factor * arb(z) * arb(-a - i) / (i + 1)
        # The last factor is binomial(-a, m) Z^m; the smallest 1 + Z/y is at y_0.
        least = arb(1 - abs(z) / y)
        left = abs(factor) * arb(a + b + FAR_OUT_TERMS).zeta(arb(y))
        return total + arb(0, (left * least ** arb(-a - FAR_OUT_TERMS)).upper())

    # ---- blocks -----------------------------------------------------------------------------

    def blocks(
        self,
        far: Sequence[Far],
        side: int,
        goal: arb,
        progress: Progress | None,
        deadline: float | None,
    ) -> tuple[list[AtomBlock], int]:
        """The cells from :data:`BEGIN` on, up to where what is left is less than a goal, and where.

        On the left they are those of -U.
        """
        first, found = BEGIN, list[AtomBlock]()
        left = self.beyond(far, side, first)[0][0]
        while not left < goal:
            check(deadline)
            if len(found) == MOST_BLOCKS:
                raise Undecided(f"{self.first.law} beside {self.second.law}: too long a tail")
            block = self._block(far, side, first)
            found.append(block)
            left = block.whole.above_end(arb(0))
            first += block.count
            if progress is not None:
                progress(len(found), MOST_BLOCKS, "blocks of cells of the proxy")
        return found, first

    def _block(self, far: Sequence[Far], side: int, first: int) -> AtomBlock:
        """As many cells from one on as polynomials hold well."""
        count = first // 2
        rows = [self._sums(node, first) for node in far]
        while True:
            block = self._expanded(far, rows, side, first, count)
            share = block.whole.above_end(arb(0)) * arb(2) ** (-goal_bits() - BLOCK_BITS)
            # Next to a whole exponent terms cancel, and no block is as good.
            if block.rank_missed < share or count < first // LEAST_SHARE:
                return block
            count //= 2

    def _sums(self, node: Far, first: int) -> list[PowerSum]:
        """The sums of a node with as many terms as do from a cell on."""
        found = []
        for total in node.sums:
            enough = total.to(first + arb(node.offset), goal_bits() + SUM_BITS)
            if enough is None:
                raise Undecided(f"{self.first.law} beside {self.second.law}: an expansion fails")
            found.append(enough)
        return found

    def _expanded(
        self,
        far: Sequence[Far],
        rows: Sequence[Sequence[PowerSum]],
        side: int,
        first: int,
        count: int,
    ) -> AtomBlock:
        """So many cells."""
        half, size = arb(fmpq(count + 1, 2)), block_terms()
        share = arb(WIDE) ** -size / (1 - 1 / arb(WIDE))
        nodes, missed, rank_missed = list[AtomNode](), [arb(0)] * 3, arb(0)
        above = arb_poly([])  # what lies beyond the cell
        for node, sums in zip(far, rows, strict=True):
            start, middle = first + arb(node.offset), first + arb(fmpq(count - 1, 2) + node.offset)
            low, high = middle - WIDE * half, middle + WIDE * half
            above = above + sums[0].above_series(middle, half, size)
            rank_missed += sums[0].above_error(start) + share * sums[0].above_size(low, high)
            nodes.append(self._node([total.series(middle, half, size) for total in sums], side))
            errors = [total.error(start) + share * total.size(low, high) for total in sums]
            rank_missed += errors[0]
            missed = [a + count * b for a, b in zip(missed, errors, strict=True)]
        for i in reversed(range(len(nodes))):
            nodes[i] = nodes[i]._replace(above=above)
            above = above + nodes[i].mass
        sizes = [
            sum((count * polynomial_size(row, arb(1)) for row in rows_), arb(0))
            for rows_ in zip(*(node.parts for node in nodes), strict=True)
        ]
        out = missed[0].upper(), *self._sizes(missed[0], missed[1], missed[2])
        place = side * arb(self.shift) + arb(self.cell) * (first + arb(count) / 2)
        return AtomBlock(
            tuple(nodes),
            count,
            half,
            place,
            rank_missed.upper(),
            out,
            ((sizes[1] + out[1]).upper(), (sizes[2] + out[2]).upper()),
        )

    def _node(self, polynomials: Sequence[arb_poly], side: int) -> AtomNode:
        """The atoms of U or, on the left, of -U; without what lies above."""
        mass, of_x, of_y = polynomials
        v, x = self._lifted(mass, of_x, of_y)
        return AtomNode(mass, v * side, x * side, arb_poly([]))

    def beyond(
        self, far: Sequence[Far], side: int, cell: int
    ) -> tuple[tuple[arb, arb, arb], Beyond]:
        """What U has from a cell on: the mass, ``E[V; ...]`` and ``E[X; ...]``; and bounds."""
        sums = [arb(0)] * 3
        for node in far:
            z = cell - 1 + arb(node.offset)
            own = (total.above(z) for total in self._sums(node, cell))
            sums = [a + b for a, b in zip(sums, own, strict=True)]
        mass, of_x, of_y = sums
        bounds = Beyond(mass.upper(), *self._sizes(mass, of_x, of_y))
        return (mass, *self._lifted(mass, of_x, of_y)), bounds

    # ---- all of it --------------------------------------------------------------------------

    def line(self, progress: Progress | None, deadline: float | None) -> AtomLine:
        """The law of U in pieces.

        Raises
        ------
        Undecided
            If it takes too much work.
        """
        few = left_goal()
        pieces: list[Jump | AtomBlock] = list(self.first_atoms())
        nothing = Beyond(arb(0), arb(0), arb(0))
        far_left = nothing
        if not self.is_facing:
            far = self.far(-1)
            blocks, end = self.blocks(far, -1, few, progress, deadline)
            pieces = [*(block.mirrored for block in reversed(blocks)), *pieces]
            far_left = self.beyond(far, -1, end)[1]
        far = self.far(+1)
        goal = few if self.is_left else right_goal()
        blocks, end = self.blocks(far, +1, goal, progress, deadline)
        right, far_right = self.beyond(far, +1, end)
        return AtomLine(
            [*pieces, *blocks],
            right,
            far_right,
            far_left,
            nothing,
            right[0].upper(),
        )


def two_tails(law: Law, other: Law) -> TwoTails | None:
    """Two laws as such, if they are; None too where the first one alone has its tail on the left.

    Raises
    ------
    Undecided
        Where U has too many places between two atoms.
    """
    is_left = PowerTail.of(law) is None
    if is_left:
        law, other = -law, -other
    first, second, turned = PowerTail.of(law), PowerTail.of(other), PowerTail.of(-other)
    opposite = turned if second is None else second
    if first is None or opposite is None or (is_left and second is None):
        return None
    if max(first.s, opposite.s) > FEW_ATOMS_FROM:
        return None
    pair = TwoTails(first, opposite, second is not None, is_left)
    if pair.length > MOST_NODES:
        raise Undecided(f"{law} beside {other}: more than {MOST_NODES} places in a cell")
    return pair


def _product(x: fmpq, a: fmpq, y: fmpq, b: fmpq) -> arb:
    """``x^-a y^-b``."""
    return (-arb(a) * arb(x).log() - arb(b) * arb(y).log()).exp()
