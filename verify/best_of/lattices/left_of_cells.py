"""The law of ``U = X + V`` left of a cell, for a power tail on a lattice and a long left tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from verify.best_of.convolution.atoms_beside import Special
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.lattices.far_atoms import FarAtoms
from verify.best_of.lattices.left_long_tail import BEGIN, LeftLongTail
from verify.best_of.lattices.long_tail import REACH
from verify.best_of.panels import SumLaw
from verify.best_of.parts.density import Parts
from verify.progress import Progress


class LeftOfCells(SumLaw):
    """The law of U left of the cell :data:`~.left_long_tail.BEGIN`.

    Parameters
    ----------
    long : LeftLongTail
        The two laws.
    is_v : bool
        Whether it is V that is on the lattice.
    progress, seconds
        See :class:`SumLaw`.
    """

    def __init__(
        self, long: LeftLongTail, is_v: bool, progress: Progress | None, seconds: float | None
    ) -> None:
        self.far, self._end = FarAtoms(long, is_v), long.tail.place(BEGIN)
        places = range(1, BEGIN + REACH + 1)
        masses = zip(places, long.tail.masses(places), strict=True)
        atoms = tuple((long.tail.place(k), mass) for k, mass in masses)
        lattice = Parts((long.smooth(self.far.start),), atoms, ())
        error, utility = (long.parts, lattice) if is_v else (lattice, long.parts)
        super().__init__(error, utility, self._end, progress, seconds)

    def _work(self) -> list[Callable[[], None]]:
        """With the end of the formula."""
        self.pairs = [*self.pairs, self.far]  # type: ignore[list-item]
        return super()._work()

    def _specials(self) -> list[Special]:
        """Those up to the cell."""
        return [special for special in super()._specials() if not special.at > self._end]

    def _outward(self, special: Special, side: int) -> Iterator[Place]:
        """Only to the left."""
        return iter(()) if side > 0 else super()._outward(special, side)
