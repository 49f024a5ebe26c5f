"""A power law on a lattice, continued to the real numbers between and to the complex ones beside.

The mass at atom k is ``p(k) = k^-s/zeta(s)``, and ``Pr(X > k) = zeta(s, k + 1)/zeta(s)`` with the
Hurwitz zeta function. For ``Re z > 0`` both are largest on the real line:
``|z^-s| <= (Re z)^-s``, and so for a sum of such powers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat, fmpq

from verify.affine import Affine
from verify.law import Law
from verify.laws.zeta import Zeta


@dataclass(frozen=True)
class PowerTail:
    """Atoms at ``shift + step k`` for k = 1, 2, ... of mass ``k^-s/zeta(s)``.

    Attributes
    ----------
    law : Law
        The law.
    s : fmpq
        The exponent.
    shift, step : fmpq
        Where the atoms are; the step is above 0.
    """

    law: Law
    s: fmpq
    shift: fmpq
    step: fmpq

    @classmethod
    def of(cls, law: Law) -> PowerTail | None:
        """The law as one, if it is one that reaches to the right."""
        base = law.base if isinstance(law, Affine) else law
        if not isinstance(base, Zeta):
            return None
        shift, step = (law.shift, law.scale) if isinstance(law, Affine) else (fmpq(0), fmpq(1))
        return cls(law, base.s, shift, step) if step > 0 else None

    @cached_property
    def _total(self) -> arb:
        return arb(self.s).zeta()

    @cached_property
    def mean(self) -> arb:
        """``E k``, with k from 1 on wherever the atoms are; NaN: infinite."""
        return (arb(self.s) - 1).zeta() / self._total if self.s > 2 else arb.nan()

    def place(self, k: int) -> fmpq:
        """Where atom k is."""
        return self.shift + self.step * k

    def masses(self, points: Sequence[int] | Sequence[arb], lifted: int = 0) -> list[arb]:
        """``k^lifted p(k)`` at points k, in increasing order by 1.

        At an int it is what the atom has: 0 before the first one. At a ball it is the continuation,
        which bounds a disc by its left end; NaN if that is not above 0, as 0 would be no bound.
        """
        power = arb(lifted - self.s)
        return [self._mass(k, power) for k in points]

    def _mass(self, k: int | arb, power: arb) -> arb:
        if isinstance(k, int) and k < 1:
            return arb(0)
        at = arb(k)
        return (power * at.log()).exp() / self._total if at > 0 else arb.nan()

    def above(self, points: Sequence[int] | Sequence[arb], lifted: int = 0) -> list[arb]:
        """``E[k^lifted; X > k]`` at such points.

        NaN if the last of them is not above -1, or if it is infinite.
        """
        masses = self.masses(points, lifted)
        first, exponent = arb(points[-1]) + 1, self.s - lifted
        is_finite = bool(first > 0) and exponent > 1
        total = arb(exponent).zeta(first) / self._total if is_finite else arb.nan()
        found = [total]
        for mass in reversed(masses[1:]):
            total = total + mass
            found.append(total)
        return found[::-1]

    def mass_series(self, points: list[arb], half: arb, terms: int, lifted: int = 0) -> arb_mat:
        """The Taylor coefficients of ``(k + half y)^lifted p(k + half y)`` in y: a column a point.

        From ``binomial(-a, i) k^(-a - i)``, a the exponent.
        """
        row = self.masses(points, lifted)
        inverse = [half / k for k in points]
        rows = [row]
        for i in range(terms - 1):
            factor = arb(lifted - self.s - i) / (i + 1)
            row = [c * q * factor for c, q in zip(row, inverse, strict=True)]
            rows.append(row)
        return arb_mat(rows)

    def above_series(self, masses: arb_mat, last: arb, half: arb) -> arb_mat:
        """Those of ``Pr(X > k + half y)``, from those of the mass; ``last``: the last point.

        ``Pr(X > k - 1) = p(k) + Pr(X > k)``: at fixed order all terms have one sign.
        """
        rows, factor = [], 1 / self._total
        for i in range(masses.nrows()):
            total = factor * (arb(self.s) + i).zeta(last + 1)
            row = [total]
            for m in range(masses.ncols() - 1, 0, -1):
                total = total + masses[i, m]
                row.append(total)
            rows.append(row[::-1])
            factor = -factor * (arb(self.s) + i) * half / (i + 1)
        return arb_mat(rows)
