"""The law of ``U = X + V`` where X has a power tail on a lattice, and V a long one on the left.

Left of a cell U is taken as any other sum (:mod:`verify.best_of.lattices.left_of_cells`). From
there on it is taken in blocks (:mod:`verify.best_of.lattices.wide_block`), as V is seen from a cell
at few points. What is far is in :mod:`verify.best_of.lattices.left_long_tail`.

*Beyond the blocks*, right of ``T = x(B)``, V is what it is anywhere, nearly: U is above T where X
is above ``T - V``. So for any c above 0 ``Pr(U > T)`` is at most ``Pr(X > T)``, and at least
``Pr(V >= -c) Pr(X > T + c)``; and so for the parts of ``E|V|`` and ``E|X|``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from time import process_time

from flint import arb, ctx, fmpq

from verify.best_of.convolution.interval_sums import TooWide
from verify.best_of.lattices.beside_density import (
    FAR,
    FAR_ATOM,
    FEW_ATOMS_FROM,
    MIDDLE,
    check,
)
from verify.best_of.lattices.beside_long_tail import (
    MOST_BLOCKS,
    MOST_NARROWED,
    SLOWEST,
)
from verify.best_of.lattices.flat_cell import FewPoints
from verify.best_of.lattices.left_long_tail import BEGIN, LeftFormulaError, LeftLongTail
from verify.best_of.lattices.left_of_cells import LeftOfCells
from verify.best_of.lattices.long_tail import known
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.lattices.stretches import CLOSEST_BITS
from verify.best_of.lattices.wide_block import Seen, WideBlock
from verify.best_of.line import right_goal
from verify.best_of.parts.density import Parts, take_apart
from verify.best_of.parts.far import Beyond, Side
from verify.best_of.ranks import RankIntegral
from verify.conditioning.parts import is_atomic
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.progress import Progress


@dataclass(frozen=True)
class BesideLeftTail:
    """A power tail on a lattice beside a density that ends at 0 and has a long tail on the left.

    Attributes
    ----------
    long : LeftLongTail
        The two laws.
    """

    long: LeftLongTail

    def ranks(
        self,
        is_v: bool,
        shifts: tuple[fmpq, fmpq],
        progress: Progress | None,
        seconds: float | None,
    ) -> RankIntegral:
        """The law of U in pieces; ``is_v``: V is the law on the lattice; ``shifts``: as there.

        Raises
        ------
        Undecided
            If it takes too much work.
        """
        deadline = None if seconds is None else process_time() + seconds
        blocks = self._blocks(is_v, deadline)
        left = LeftOfCells(self.long, is_v, progress, seconds)
        right, far_right = self._right(blocks[-1])
        lost = left.lost + self._swapped(is_v, self._unused)
        far_left = self._swapped(is_v, self._far_left(left.ends[0]))
        pieces = [*left.pieces, *blocks]
        in_order = blocks[-1].in_order(*right)
        sizes = self._swapped(is_v, far_right)
        return RankIntegral(pieces, in_order, sizes, far_left, lost, shifts)

    @staticmethod
    def _swapped(is_v: bool, bounds: Beyond) -> Beyond:
        return bounds.swapped if is_v else bounds

    # ---- blocks -----------------------------------------------------------------------------

    def _blocks(self, is_v: bool, deadline: float | None) -> list[WideBlock]:
        """The blocks, up to where what is left is nothing to the largest n."""
        goal, first = right_goal(), BEGIN
        found: list[WideBlock] = []
        seen = self._seen(MIDDLE[1])
        is_fine = True
        while not (found and self.long.tail.above([arb(first)])[0] < goal):
            check(deadline)
            if len(found) == MOST_BLOCKS:
                raise Undecided(f"{self.long.tail.law}, {self.long.law}: their tails are too long")
            if is_fine and first > FAR_ATOM:
                seen, is_fine = self._seen(FAR[1]), False
            found.append(self._block(seen, first, is_v))
            first += found[-1].count
        beyond = arb(0).union(self.long.tail.above([arb(first)])[0] * self.long.chance)
        missed = arb(0)
        for block in reversed(found):
            block.add_above(beyond, missed)
            beyond += block.far.panel.totals[0]
            missed += block.far.panel.missed[0]
        return found

    def _seen(self, growth: float) -> Seen:
        """V as seen from a cell."""
        long = self.long
        cell = FewPoints(long.parts, long.step, long.window, 1, growth)
        return Seen(long, cell, LeftFormulaError(long))

    def _block(self, seen: Seen, first: int, is_v: bool) -> WideBlock:
        """One that begins at a cell, as wide as it may be."""
        part = max(2, int((self.long.tail.s / 2).ceil()))
        count = (first - 1) // part - 2
        for _ in range(MOST_NARROWED):
            try:
                block = WideBlock(seen, first, count, is_v)
            except TooWide:
                count = max(1, 3 * count // 4)
                continue
            if block.rank_missed.is_finite():
                return block
            break
        law, tail = self.long.law, self.long.tail.law
        raise Undecided(f"{law}: not smooth enough, or too wide, beside {tail}")

    # ---- what lies beyond -------------------------------------------------------------------

    def _right(self, last: WideBlock) -> tuple[tuple[arb, arb, arb], Beyond]:
        """What U has beyond the blocks: the mass, of V and of k, and bounds."""
        tail, law = self.long.tail, self.long.law
        end = last.first + last.count
        reach = isqrt(end)
        cut = fmpq(-reach * tail.step)
        near = 1 - law.cdf(cut)
        of_near, size = abs(known(law.upper_mean(cut))), abs(known(law.mean()))
        (mass, above), (lifted, above_lifted) = (
            tail.above([arb(end)], k) + tail.above([arb(end + reach)], k) for k in (0, 1)
        )
        whole = (near * above).union(mass)
        light = -(of_near * above).union(size * mass)
        lattice = tail.shift * whole + tail.step * (near * above_lifted).union(lifted)
        bounds = Beyond(mass.upper(), abs(light).upper(), abs(lattice).upper())
        return (whole, light, lattice), bounds

    def _far_left(self, t: arb) -> Beyond:
        """Bounds of what U has below a point: V is below there less the first atom."""
        seen = Side(self.long.parts, -1)
        place = t - arb(self.long.tail.place(1))
        mass = seen.mass(place)
        return Beyond(mass.upper(), seen.moment(place).upper(), (mass * self._size_x).upper(), t)

    @property
    def _size_x(self) -> arb:
        """``E|X|``: it is not below 0."""
        return known(self.long.tail.law.mean())

    @property
    def _unused(self) -> Beyond:
        """Bounds of what X has where the formula is not used, and of what stands for it there."""
        tail, last = self.long.tail, self.long.last / 2
        mass, lifted = (2 * tail.above([last], k)[0] for k in (0, 1))
        of_x = abs(arb(tail.shift)) * mass + tail.step * lifted
        return Beyond(mass.upper(), (mass * abs(known(self.long.law.mean()))).upper(), of_x.upper())


def beside_left_tail(law: Law, other: Law) -> BesideLeftTail | None:
    """Two laws as such, if they are; ``law``: the one on the lattice, ``other``: ends at 0.

    None too where the one on it falls too slowly, where few atoms of it matter, where the first is
    below 0, and where the other law is not smooth at its end.
    """
    tail = PowerTail.of(law)
    if tail is None or not SLOWEST <= tail.s < FEW_ATOMS_FROM or tail.place(1) < 0:
        return None
    if is_atomic(other) or other.support[1] != 0 or not isinstance(other.support[0], Diverges):
        return None
    with working_precision(ctx.prec + CLOSEST_BITS):  # its end, so that points next to it show
        parts = take_apart(other)
    if parts.atoms or parts.left_out or not _is_smooth(parts):
        return None
    return BesideLeftTail(LeftLongTail(tail, other, parts))


def _is_smooth(parts: Parts) -> bool:
    """Whether V is smooth at its end, by itself."""
    return all(knot.regular for density in parts.densities for knot in density.knots)
