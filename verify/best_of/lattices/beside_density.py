"""The law of ``U = X + V`` where one of X and V has a power tail on a lattice, and one is light.

Up to an atom that V does not reach back from, the cells of the lattice are taken one by one
(:mod:`verify.best_of.lattices.single_cell`); from there on in blocks
(:mod:`verify.best_of.lattices.blocks`), which grow in proportion to where they are, up to where
what is left is nothing to the largest n.

A law without a mean has too long a tail for that, and decides alone far out. Let w be the weight,
set to 0 up to ``T = x(K)``; it never falls, so ``h(v) = E w(X + v)`` does not. With c = step a,
``h(c)`` and ``h(-c)`` are the sums of ``p(j - a) w(x(j))`` and ``p(j + a) w(x(j))`` over j > K, so
``h(c) <= (1 + g) h(-c)`` for ``g = ((K + a)/(K - a))^s - 1``. Let q be ``Pr(|V| > c)``, and
``W = E w(U)``. For ``|v| <= c`` that gives ``|h(v) - W| <= g h(-c) + n q``, and ``h(-c)`` is at
most ``W/(1 - q) <= 2 W``; elsewhere h and W are at most n. So
``|E[V w(U)] - W E V| <= 2 g W E|V| + n (q E|V| + E[|V|; |V| > c])``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from time import process_time

from flint import arb, ctx, fmpq

from verify.best_of.lattices.blocks import Block
from verify.best_of.lattices.cell import Cell, Window, window
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.lattices.single_cell import SingleCell
from verify.best_of.lattices.stretches import CLOSEST_BITS
from verify.best_of.line import MOST_DRAWS_BITS, right_goal
from verify.best_of.parts.density import Parts, take_apart
from verify.best_of.parts.far import Beyond, Side
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.ranks import RankIntegral
from verify.conditioning.parts import is_atomic
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.progress import Progress

#: Where the blocks may begin: atoms by their numbers.
BEGINNINGS = (24, 32, 48, 64, 96, 128, 192, 256, 384)
#: Atoms that V does not reach back to, at least, where they begin.
LEAST_ROOM = 16
#: What is left out of V, in bits below what U has beyond a block; of the cells up to the blocks,
#: so that it is nothing to the largest n.
LEFT_OUT_BITS = 8
#: Bits below the goal of what is left beyond the blocks on the left.
LEFT_GOAL_BITS = 8
#: Blocks at most, before a law's tail is too long.
MOST_BLOCKS = 240
#: A cell is so many stretches at first, and on the ellipses of their rules the rank grows by so
#: many times the mass of an atom at most: for the cells that are taken one by one, for blocks, and
#: for blocks from an atom on. As ``Pr(X > k)`` is about ``k p(k)/(s - 1)``, that is a share of it.
NEAR, MIDDLE, FAR = (4, 0.5), (2, 3.0), (1, 24.0)
FAR_ATOM = 2**7
#: From this exponent on the share of ``p(k)`` that is beyond is less, and so is the growth.
STEEP_FROM, STEEP = 5, (4, 0.1)
#: From this one on it is next to nothing, and so few atoms matter that no lattice is needed beside
#: a density that is smooth at its ends.
FEW_ATOMS_FROM = 20


@dataclass(frozen=True)
class BesideLattice:
    """A power tail on a lattice, and a light density beside it.

    Attributes
    ----------
    tail : PowerTail
        The one law.
    light : Law
        The other one, without atoms.
    other : Parts
        The same, taken apart.
    begin : int
        The atom at which the blocks begin.
    """

    tail: PowerTail
    light: Law
    other: Parts
    begin: int

    @property
    def step(self) -> arb:
        """The distance of two atoms."""
        return arb(self.tail.step)

    @cached_property
    def reach(self) -> Window:
        """The cells beyond which V is nothing to the largest n."""
        goal = arb(2) ** (-MOST_DRAWS_BITS - goal_bits() - LEFT_OUT_BITS)
        seen = window(self.other, self.step, goal)
        if seen is None:
            raise Undecided(f"{self.tail.law} beside a law that reaches too far")
        return seen

    @cached_property
    def size(self) -> arb:
        """A bound of ``E|V|``, for V light."""
        return Side(self.other, +1).moment(None).upper()

    @cached_property
    def size_x(self) -> arb:
        """A bound of ``E|X|``, for X with the power tail; NaN: infinite."""
        mean = self.tail.law.mean()
        if isinstance(mean, Diverges):
            return arb.nan()
        return (abs(mean) + 2 * abs(arb(self.tail.shift))).upper()

    def change(self, end: int) -> arb:
        """The g of the module's docstring, where blocks end; with the a of :attr:`reach`."""
        far = max(-self.reach.first, self.reach.last)
        if not end > far:
            return arb.nan()
        return (arb(self.tail.s) * (arb(end + far) / (end - far)).log()).expm1().upper()

    def top(self, end: int) -> arb:
        """``E[V w(U)]/W`` beyond an atom, but for what is lost for each draw; for V light."""
        own = self.light.mean()
        assert isinstance(own, arb)
        return own + arb(0, (2 * self.change(end) * self.size).upper())

    def is_alone(self, end: int) -> bool:
        """Whether a law without a mean decides alone beyond an atom."""
        return self.tail.s <= 2 and bool(self.change(end) < arb(2) ** (-goal_bits() - 1))

    def is_even(self, end: int, above: arb) -> bool:
        """Whether ``E[V; U > T]`` is as good as ``Pr(U > T) E V`` beyond an atom, for any n."""
        return bool(self.change(end) * above < arb(2) ** (-MOST_DRAWS_BITS - goal_bits()))

    def single(self, is_v: bool, deadline: float | None) -> tuple[list[Block], Beyond]:
        """The cells before the blocks, one by one, and what is below them; for V light."""
        seen = self.reach
        near = NEAR if self.tail.s < STEEP_FROM else STEEP
        cell = Cell(self.other, self.tail.step, seen, *near)
        places = range(1 - seen.last, self.begin)
        found: list[Block] = []
        for k in places:
            check(deadline)
            found.append(SingleCell(self.tail, cell, seen, k, is_v))
        return found, Beyond(seen.mass, seen.of_v, (seen.mass * self.size_x).upper())

    def right(self, last: Block) -> tuple[tuple[arb, arb, arb], Beyond]:
        """What U has beyond a block, as in :class:`Expanded`, and bounds; for V light.

        Given ``V = v`` it is ``Pr(X > T - v)``: for all v that are not left out nearly the same.
        The v that are left out, of mass q, have at most ``q E k`` of ``E[k; U > T]``. That is with
        k from 1 on: X begins at 0, and its mean is less by a step.
        """
        seen, end, tail = last.window, last.first + last.count, self.tail
        chances = [last.cell.row(m).between[-1] for m in range(seen.first, seen.last + 1)]
        points = [arb(end + m) for m in range(seen.first - 1, seen.last + 2)]
        above = tail.above(points)
        mass, size = last.whole.above_end(arb(0)), self.size
        own, lifted = self.light.mean(), arb.nan()
        assert isinstance(own, arb)
        off = size * (above[0] - above[-1] + seen.mass) + seen.of_v
        if tail.s > 2:
            sums = tail.above(points[1:-1], 1)
            lifted = sum((p * q for p, q in zip(chances, sums, strict=True)), arb(0))
            lifted += arb(0, (seen.mass * tail.mean).upper())
        light = mass * own + arb(0, off.upper())
        lattice = arb(tail.shift) * mass + self.step * lifted
        return (mass, light, lattice), Beyond(
            mass.upper(), (size * above[0] + seen.of_v).upper(), abs(lattice).upper()
        )

    def cells(self, room: int) -> int:
        """How many cells a block may have that begins at so many atoms beyond all that V reaches.

        On a disc p is at most ``(1 - 2 count/room)^-s``, nearly, of what it is where it begins.
        """
        part = max(2, int((self.tail.s / 2).ceil()))
        return max(1, room // part - 2)

    def blocks(
        self, is_v: bool, is_left: bool, progress: Progress | None, deadline: float | None
    ) -> list[Block]:
        """The blocks, up to where what is left is nothing to any n; ``is_left``: if U is -U."""
        goal, first = left_goal() if is_left else right_goal(), self.begin
        seen = _window(self.tail, self.other, first)
        assert seen is not None
        cell = Cell(self.other, self.tail.step, seen, *MIDDLE)
        is_fine, found = True, []
        while True:
            check(deadline)
            if is_fine and first > FAR_ATOM:
                cell, is_fine = Cell(self.other, self.tail.step, seen, *FAR), False
            count = self.cells(first + seen.first)
            block = Block(self.tail, cell, seen, first, count, is_v)
            found.append(block)
            if progress is not None:
                progress(len(found), MOST_BLOCKS, "blocks of cells of the proxy")
            first += count
            above = block.whole.above_end(arb(0))
            if above < goal and (is_left or self.is_even(first, above)):
                return found
            if self.is_alone(first) and not is_left:
                return found
            seen = _window(self.tail, self.other, first)
            if seen is None or len(found) == MOST_BLOCKS:
                raise Undecided(f"{self.tail.law}: its tail is too long")


def left_goal() -> arb:
    """The mass beyond the blocks that is nothing to any n on the left: its weight is as small."""
    return arb(2) ** (-goal_bits() - LEFT_GOAL_BITS)


def check(deadline: float | None) -> None:
    """Give up after a processor time; None: never."""
    if deadline is not None and process_time() > deadline:
        raise Undecided("the law of U takes too much work")


def _window(tail: PowerTail, other: Parts, first: int) -> Window | None:
    """The cells of V that matter to a block that begins at an atom; None if they are too many."""
    goal = tail.above([arb(2 * first)])[0] * arb(2) ** (-goal_bits() - LEFT_OUT_BITS)
    seen = window(other, arb(tail.step), goal)
    return None if seen is None or first + seen.first < LEAST_ROOM else seen


def beside_lattice(law: Law, other: Law) -> BesideLattice | None:
    """Two laws as such, if they are; ``law``: the one on the lattice.

    None too where the other one has atoms, or reaches too far, and where few atoms matter.
    """
    tail = PowerTail.of(law)
    if tail is None or is_atomic(other):
        return None
    with working_precision(ctx.prec + CLOSEST_BITS):  # its ends, so that points next to them show
        parts = take_apart(other)
    if parts.atoms or parts.left_out:
        return None
    is_smooth = all(k.regular for d in parts.densities for k in d.knots if k.real)
    if is_smooth and tail.s >= FEW_ATOMS_FROM:
        return None
    for begin in BEGINNINGS:
        if _window(tail, parts, begin) is not None:
            return BesideLattice(tail, other, parts, begin)
    return None


@dataclass(frozen=True)
class Expanded:
    """The law of U in pieces.

    Attributes
    ----------
    pieces : list of Block
        In increasing order.
    right : tuple of arb
        The mass beyond, and its parts of ``E V`` and ``E X``.
    far_right, far_left, lost : Beyond
        Bounds of what lies beyond them, and of what is in none of them.
    top : tuple of arb or None
        The means of V and X beyond, whatever the weight, where one of them decides alone.
    """

    pieces: list[Block]
    right: tuple[arb, arb, arb]
    far_right: Beyond
    far_left: Beyond
    lost: Beyond
    top: tuple[arb, arb] | None

    def ranks(self, shifts: tuple[fmpq, fmpq]) -> RankIntegral:
        """As an integral over ranks; ``shifts``: of V and X, as there."""
        ends = self.far_right, self.far_left, self.lost
        return RankIntegral(self.pieces, self.right, *ends, shifts, self.top)


def expand(
    beside: BesideLattice, is_v: bool, progress: Progress | None, seconds: float | None
) -> Expanded:
    """The law of U in pieces; ``is_v``: V is the law on the lattice.

    Raises
    ------
    Undecided
        If it takes too much work.
    """
    deadline = None if seconds is None else process_time() + seconds
    (near, below), blocks = (
        beside.single(is_v, deadline),
        beside.blocks(is_v, False, progress, deadline),
    )
    right, far_right = beside.right(blocks[-1])
    end, top, lost = blocks[-1].first + blocks[-1].count, None, Beyond(arb(0), arb(0), arb(0))
    if beside.is_alone(end):
        top = beside.top(end), arb.nan()
        off = beside.size * beside.reach.mass + beside.reach.of_v
        lost = Beyond(arb(0), off, arb(0))
    if is_v:
        right = right[0], right[2], right[1]
        below, lost, far_right = below.swapped, lost.swapped, far_right.swapped
        top = None if top is None else (top[1], top[0])
    return Expanded([*near, *blocks], right, far_right, below, lost, top)
