"""Best-of-n of a law with atoms only, most of them in blocks: its means and its KL.

*KL far out.* Let a be at least each mass beyond T, and F the rank of T. On an atom the weight rises
from w to w'. As ``x log x`` has the slope ``1 + log x``, KL is less than without ties by at most
``a (w' - w) (log w' - log w)`` there, and by ``n (n - 1) a^2/F`` on all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flint import arb, fmpq

from verify.best_of.lattices.atom_blocks import AtomBlock, AtomCells
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Jump
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.ranks import RankIntegral, heavy, weight_at

#: Below this ``x |log x|`` rises.
RISES = 0.36
#: Bits below the goal of what KL may have left of a piece that is not looked at.
LEFT_BITS = 8


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
class AtomLine:
    """The law of U in pieces, where it has atoms only.

    Attributes
    ----------
    pieces : sequence of Jump and AtomBlock
        In increasing order.
    right : tuple of arb
        ``Pr(U > T)``, ``E[V; U > T]`` and ``E[X; U > T]`` beyond them.
    far_right, far_left, lost : Beyond
        Bounds of what lies beyond them, and of what is in none of them, wherever it is.
    largest : arb
        A bound of each mass beyond them on the right.
    top : tuple of arb or None
        The means of V and X beyond, whatever the weight, where one of them decides alone.
    """

    pieces: Sequence[Jump | AtomBlock]
    right: tuple[arb, arb, arb]
    far_right: Beyond
    far_left: Beyond
    lost: Beyond
    largest: arb
    top: tuple[arb, arb] | None = None

    @property
    def swapped(self) -> AtomLine:
        """The same where X and V have changed their names."""
        mass, of_v, of_x = self.right
        return AtomLine(
            [_swapped_piece(piece) for piece in self.pieces],
            (mass, of_x, of_v),
            self.far_right.swapped,
            self.far_left.swapped,
            self.lost.swapped,
            self.largest,
            None if self.top is None else (self.top[1], self.top[0]),
        )

    @property
    def mirrored(self) -> AtomLine:
        """That of -U."""
        far = self.far_left
        right = arb(0).union(far.mass), arb(0, far.of_v.upper()), arb(0, far.of_x.upper())
        pieces = [_mirrored_piece(piece) for piece in reversed(self.pieces)]
        return AtomLine(pieces, right, far, self.far_right.mirrored, self.lost, far.mass)

    def turned(self, is_left: bool, is_v: bool) -> AtomLine:
        """That of -U, if so said, and where X is called V, if so said."""
        line = self.mirrored if is_left else self
        return line.swapped if is_v else line

    def ranks(self, shifts: tuple[fmpq, fmpq]) -> AtomRanks:
        """As an integral over ranks; ``shifts``: of V and X, as there."""
        ends = self.far_right, self.far_left, self.lost
        return AtomRanks(self.pieces, self.right, *ends, shifts, self.largest, self.top)


class AtomRanks(RankIntegral):
    """Means and KL under best-of-n of a law with atoms only, most of them in blocks.

    Parameters
    ----------
    pieces, right, far_right, far_left, lost, shifts, top
        As of :class:`~verify.best_of.ranks.RankIntegral`.
    largest : arb
        A bound of each mass beyond the last piece.
    """

    def __init__(
        self,
        pieces: Sequence[Jump | AtomBlock],
        right: tuple[arb, arb, arb],
        far_right: Beyond,
        far_left: Beyond,
        lost: Beyond,
        shifts: tuple[fmpq, fmpq],
        largest: arb,
        top: tuple[arb, arb] | None = None,
    ) -> None:
        super().__init__(pieces, right, far_right, far_left, lost, shifts, top)
        self.largest = largest

    def kl(self, n: int) -> arb:
        """The KL of best-of-n: the sum over atoms of ``a w log w``."""
        total = self._beyond_costs(n)
        left = _entropy_bound(arb(n)) * self.lost.mass
        little = arb(2) ** (-goal_bits() - LEFT_BITS)
        for step in self.steps:
            rest = _entropy_bound(weight_at(n, step.above)) * (1 - step.above)
            if rest < little:
                return total + arb(0, (left + rest).upper())
            left += _entropy_bound(weight_at(n, step.above)) * step.piece.missed[0]
            for part in self._parts(step, n):
                above = part.above_end(step.above)
                if n * above > heavy(n):
                    left += _entropy_bound(weight_at(n, above))
                    return total + arb(0, left.upper())
                assert isinstance(part, Jump | AtomCells)
                total += part.costs(n, step.above)
        far = self.far_left.mass
        left += _entropy_bound(n * far ** (n - 1)) * far
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


def _swapped_piece(piece: Jump | AtomBlock) -> Jump | AtomBlock:
    if isinstance(piece, AtomBlock):
        return piece.swapped
    sizes = piece.sizes[1], piece.sizes[0]
    return replace(piece, of_v=piece.of_x, of_x=piece.of_v, sizes=sizes)


def _mirrored_piece(piece: Jump | AtomBlock) -> Jump | AtomBlock:
    if isinstance(piece, AtomBlock):
        return piece.mirrored
    return replace(piece, at=-piece.at, of_v=-piece.of_v, of_x=-piece.of_x)
