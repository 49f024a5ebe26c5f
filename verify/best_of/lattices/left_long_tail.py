"""A power tail on a lattice beside a density with a long tail on the left: what is far.

Let X have its atoms at ``x(k) = shift + step k``, and let V end at 0. The density of U at
``t = x(K) + s``, ``0 <= s < step``, is the sum of ``h(k) = p(k) f_V(t - x(k))``. From some k on V
is far below its body, and p and ``f_V`` are smooth. As in
:mod:`~verify.best_of.lattices.long_tail` the sum is an integral there but for its end (the
Euler-Maclaurin formula): from ``z = N + 1/2`` on it is the integral from z on less the sum of
``eta_r B_(r+1)(1/2)/(r + 1)`` over r below Q, with ``h = eta_0 + eta_1 d + ...`` about z.

*Left of a cell C* the first ``J = C + L`` atoms are taken as they are, and all others so: the
integral is the density of a sum of V and of a Pareto law in place of X beyond ``J + 1/2``, and the
end is a combination of derivatives of ``f_V`` at ``t - x(J + 1/2)``
(:mod:`~verify.best_of.lattices.far_atoms`).

*From C on* cells are taken with the atoms up to ``K + L``. The integral is to begin where V is
``-step L``, whatever s is: with ``sigma = s/step`` that is ``sigma - 1/2`` further on. So the end
is the sum of ``-eta_r e_r`` with the ``e_r`` of the module named, at ``K + L + 1/2``, and the
integral is a function of t alone. In the ranks ``D(u) = Pr(V > u) - Pr(V > -step L)`` stands for
``f_V``.

*The error* of the formula is at most ``4 (2 pi)^-Q`` times the integral of ``|h^(Q)|``. Let w be
how many steps z is beyond t, or beyond ``x(C)`` where t is left of it. On the disc about z of
radius w/4 the real part of V is below ``-3 w/4`` steps, and the imaginary one at most a third of
that. So that derivative is at most Q! times ``(w/4)^-Q`` times the largest p and ``|f_V|`` there
(Cauchy). The formula is used up to an atom so far out that X has nothing beyond it
(:attr:`LeftLongTail.last`); what the end there has is counted. The Taylor polynomial of h at the
end misses ``|eta_r| 2^(-r-1)`` for r from Q on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat, fmpq

from verify.affine import affine
from verify.best_of.convolution.atoms_beside import AtomsAndDensity
from verify.best_of.convolution.interval_sums import Sums
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.lattices.cell import Window
from verify.best_of.lattices.far_left import FarLeft
from verify.best_of.lattices.long_tail import (
    ORDER,
    REACH,
    LongTail,
)
from verify.best_of.lattices.long_tail_error import Bounds, EdgeError, euler_maclaurin_factor
from verify.best_of.parts.density import Density, take_apart
from verify.law import Law
from verify.laws import pareto
from verify.truncation import truncate

#: The C of the module's docstring.
BEGIN = 32


@dataclass(frozen=True)
class LeftLongTail(LongTail):
    """A power tail on a lattice, and a density that ends at 0 and has a long tail on the left."""

    @property
    def window(self) -> Window:
        """The cells that V is seen on, near a block."""
        return Window(0, REACH, arb(0), arb(0))

    @property
    def end_row(self) -> int:
        """The row of a cell with the end of V."""
        return 1

    @property
    def edge_shift(self) -> fmpq:
        """How far above K the end is."""
        return self.upper_place

    @cached_property
    def cut(self) -> fmpq:
        """Where V begins to be far."""
        return -self.step * REACH

    @cached_property
    def chance(self) -> arb:
        """That of V beyond there."""
        return self.law.cdf(self.cut)

    @cached_property
    def _far_law(self) -> Law:
        """V, given that."""
        return truncate(self.law, high=self.cut)

    @cached_property
    def _pairs(self) -> list[AtomsAndDensity | TwoDensities]:
        """Of which what is far is the integral: X is above C there."""
        smooth = self.smooth(fmpq(BEGIN))
        return [
            TwoDensities(smooth, Density(density.law, density.share * self.chance))
            for density in take_apart(self._far_law).densities
        ]

    def between(self, places: Sequence[arb], rows: arb_mat) -> arb_mat:
        """What V has on the cells that are near; on the last of them, where it is not far."""
        last = [self.mass(arb(self.cut), s + self.cut) for s in places]
        return arb_mat([[arb(0)] * len(places), *rows.tolist()[:-1], last])

    def _end_weights(self, s: arb) -> list[arb]:
        """The ``-e_r``."""
        return [-weight for weight in super()._end_weights(s)]

    def _add_low_end(self, sums: Sums) -> None:
        """There is one end alone."""

    @cached_property
    def far_left(self) -> FarLeft:
        """Bounds of V."""
        return FarLeft(self.parts, self.step * (REACH - 1) * fmpq(5, 8))

    @cached_property
    def last(self) -> arb:
        """The number of an atom beyond which the formula is not used."""
        return (self.far_left.last / (4 * self.step)).lower()

    def smooth(self, start: fmpq) -> Density:
        """The Pareto law in place of X, from a number on."""
        s = self.tail.s
        law = affine(pareto(s - 1, start), self.tail.shift, self.step)
        return Density(law, arb(start) ** arb(1 - s) / (arb(s - 1) * arb(s).zeta()))

    def missed(self, start: arb, way: arb, distance: arb) -> tuple[arb, arb, arb, arb]:
        """What the formula misses of ``f_V``, ``v f_V`` and ``D`` times p, and ``f_V`` times k p.

        Parameters
        ----------
        start, way : arb
            The least k, and its distance from t in steps.
        distance : arb
            That of V from 0 on the discs, at least.
        """
        height, of_v = self.far_left.beyond(distance)
        share = euler_maclaurin_factor() * arb(4) ** ORDER * way ** (1 - ORDER) / (ORDER - 1)
        share += 2 * (2 / way) ** ORDER
        near, end = start - way / 4, self.last / 2
        mass, lifted = (
            share * self.tail.masses([near], k)[0] + self.tail.masses([end], k)[0] for k in (0, 1)
        )
        # D is off the real line by no more than a third of |v f_V|.
        chance = self.law.cdf((-distance).upper()) + of_v
        found = mass * height, mass * of_v, mass * chance, lifted * height
        return tuple(part.upper() for part in found)  # type: ignore[return-value]


class LeftFormulaError(EdgeError):
    """Bounds of what the formula misses from C on."""

    long: LeftLongTail

    def missed(self, first: int, count: int) -> Bounds:
        """What the formula misses at most, on so many cells; NaN where V is not smooth enough."""
        way = arb(REACH) - arb(1) / 2
        distance = (3 * way / 4 * self.long.step).lower()
        start = arb(first) + arb(self.long.upper_place)
        mass, of_v, above, lifted = self.long.missed(start, way, distance)
        return Bounds(mass, of_v, lifted, above, arb.nan(), arb.nan())
