"""The atoms far out of a power tail on a lattice, beside a density far left of them.

Their part of the density of U is an integral, and the end of the Euler-Maclaurin formula
(:mod:`~verify.best_of.lattices.left_long_tail`), which is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import acb, arb, arb_series, fmpq

from verify.best_of.convolution.atoms_beside import Special
from verify.best_of.convolution.interval_sums import Place, Sums, largest
from verify.best_of.lattices.left_long_tail import BEGIN, LeftLongTail
from verify.best_of.lattices.long_tail import ORDER, REACH, combined, midpoint_factors
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.sizes import Sizes
from verify.taylor_series import series_length


@dataclass(frozen=True)
class FarAtoms:
    """The end of the formula left of C, as a part of the density of U.

    Attributes
    ----------
    long : LeftLongTail
        The two laws.
    is_v : bool
        Whether it is V that is on the lattice.
    """

    long: LeftLongTail
    is_v: bool

    @property
    def start(self) -> fmpq:
        """The ``J + 1/2``."""
        return fmpq(2 * (BEGIN + REACH) + 1, 2)

    @property
    def _at(self) -> fmpq:
        return self.long.tail.shift + self.long.step * self.start

    def specials(self) -> list[Special]:
        """It is smooth."""
        return []

    def spreads(self) -> list[arb]:
        """Scales of the density."""
        return [density.spread for density in self.long.parts.densities]

    def estimate(self, place: Place) -> arb:
        """It is little."""
        return arb(0)

    @cached_property
    def _weights(self) -> tuple[list[arb], list[arb]]:
        """Factors of ``(-step)^i f_V^(i)/i!``, and the same with k."""
        weights = [arb(-factor) for factor in midpoint_factors()]
        tail, at = self.long.tail, [arb(self.start)]
        plain, lifted = (
            combined(weights, tail.mass_series(at, arb(1), ORDER, k).entries()) for k in (0, 1)
        )
        return plain, lifted

    def add_to(self, sums: Sums) -> None:
        """Its part of the density on an interval."""
        place, size = sums.place, sums.terms
        t = place.t(place.middle)
        rows = self._rows(t - self._at, size)
        sums.bound(self._sizes(place.regions))
        away = sums.t - t
        away = arb_series([arb(0), *away.coeffs()[1:]], prec=size)
        sums.add(*(arb_series(row, prec=size)(away) for row in rows))
        sums.add_error(self._missed(*place.ends))

    def _rows(self, v: arb, size: int) -> tuple[list[arb], list[arb], list[arb]]:
        """The Taylor coefficients of its mass, of V and of X, in order."""
        with series_length(size + ORDER):
            at = arb_series([v, arb(1)], prec=size + ORDER)
            series = sum((d.series(at) for d in self.long.parts.densities), 0 * at)
            height = [series[i] for i in range(size + ORDER)]
        of_v = [v * c for c in height]
        for i in range(1, len(of_v)):
            of_v[i] += height[i - 1]
        plain, lifted = self._weights
        rows = []
        for weights, part in ((plain, height), (plain, of_v), (lifted, height)):
            row = [arb(0)] * size
            for i, weight in enumerate(weights):
                factor = weight * arb(-self.long.step) ** i
                for n in range(size):
                    row[n] += factor * part[n + i]
                    factor = factor * (n + i + 1) / (n + 1)
            rows.append(row)
        shift, step = arb(self.long.tail.shift), arb(self.long.step)
        of_x = [shift * a + step * b for a, b in zip(rows[0], rows[2], strict=True)]
        return (rows[0], of_x, rows[1]) if self.is_v else (rows[0], rows[1], of_x)

    def _sizes(self, regions: list[acb]) -> Sizes:
        """Bounds of that for t in boxes, by discs about each v (Cauchy)."""
        radius = arb(REACH) / 6
        around = arb(0, radius * self.long.step)
        boxes = [acb(t.real - self._at + around, t.imag + around) for t in regions]
        densities = self.long.parts.densities
        height = largest(sum((d.over(v) for d in densities), arb(0)) for v in boxes)
        far = largest(v.abs_upper() for v in boxes)
        plain, lifted = (
            height * sum((abs(w) / radius**i for i, w in enumerate(weights)), arb(0))
            for weights in self._weights
        )
        return self._ordered(plain, plain * far, lifted)

    def _missed(self, low: arb, high: arb) -> Sizes:
        """What the formula misses on an interval; NaN where V is too far out."""
        long, way = self.long, arb(REACH) + arb(1) / 2
        if not abs(low) < long.far_left.last / 2:
            return Sizes(arb.nan(), arb.nan(), arb.nan())
        distance = arb(long.tail.place(BEGIN)) - high.upper() + 3 * way / 4 * long.step
        mass, of_v, _, lifted = long.missed(arb(self.start), way, distance.lower())
        return self._ordered(mass, of_v, lifted)

    def _ordered(self, mass: arb, own: arb, lifted: arb) -> Sizes:
        of_x = abs(arb(self.long.tail.shift)) * mass + self.long.step * lifted
        return Sizes.ordered(mass.upper(), own.upper(), of_x.upper(), not self.is_v)

    def bounds(self, low: arb, high: arb, _enough: arb) -> Beyond:
        """Bounds of its part of what U has in an interval."""
        found = self._sizes([acb(low.union(high))]).times((high - low).upper())
        missed = self._missed(low, high).times((high - low).upper())
        return Beyond(*found.plus(missed))
