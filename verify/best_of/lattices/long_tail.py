"""A density with a long tail beside a power tail on a lattice: what is far, as a function of t.

Let X have its atoms at ``x(k) = shift + step k``, and ``t = x(K) + s``, ``0 <= s < step``. The
density of U at t is the sum of ``h(k) = p(k) f_V(t - x(k))``. The k next to K, from ``K - L`` on,
see V near its body: they are what :mod:`~verify.best_of.lattices.wide_block` takes on the cells of
V. The first J atoms are taken as they are. Between, p and ``f_V`` are both smooth, and the sum is
an integral but for its two ends (the Euler-Maclaurin formula): with ``h = eta_0 + eta_1 d + ...``
about the end ``N + 1/2``, the sum up to N is the integral up to there, and the sum of
``eta_r B_(r+1)(1/2)/(r + 1)`` over odd r below an even Q.

*The upper end.* The integral is to end where V is ``step (L + 1)``, whatever s is: with
``sigma = s/step`` that is ``sigma - 1/2`` further on. So the upper end adds ``sum of eta_r e_r``,
``e_r = B_(r+1)(1/2)/(r + 1) - (sigma - 1/2)^(r+1)/(r + 1)``: a combination of the derivatives of p
at ``K - L - 1/2``, with factors that depend on s alone (:meth:`LongTail.edge`).

*The rest* is a function of t alone: the density of a sum of two laws with densities, of V beyond
``step (L + 1)`` and of a Pareto law in place of X beyond ``J + 1/2``; V beside the first J atoms;
and the lower end, a combination of derivatives of ``f_V`` (:meth:`LongTail.far`).

*Ranks.* With ``Q(u) = Pr(u < V <= step (L + 1))``, ``Pr(U > t)`` is the integral of that rest
beyond t, and the sum of ``p(k) Q(t - x(k))``, and an upper end with
``D(u) = Pr(V > u) - Pr(V > step (L + 1))`` in place of ``f_V``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from flint import acb, arb, arb_mat, arb_poly, arb_series, fmpq

from verify.affine import affine
from verify.best_of.convolution.atoms_beside import AtomsAndDensity
from verify.best_of.convolution.interval_sums import Place, Sums, largest, terms
from verify.best_of.convolution.two_densities import TwoDensities
from verify.best_of.lattices.cell import Window
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.panel import Panel
from verify.best_of.parts.density import Density, Parts, take_apart
from verify.best_of.parts.sizes import Sizes
from verify.conditioning import condition
from verify.enclosure import Diverges, Number
from verify.law import Law
from verify.laws import pareto
from verify.taylor_series import series_length
from verify.truncation import truncate

#: The Q of the module's docstring.
ORDER = 28
#: The J and the L.
REACH = 48
#: The first cell of which what is far is a function of t alone.
BEGIN = 168


@lru_cache(maxsize=1)
def midpoint_factors() -> tuple[fmpq, ...]:
    """``B_(r+1)(1/2)/(r + 1)`` for r below :data:`ORDER`: 0 for even r."""
    return tuple(
        (fmpq(2) ** -r - 1) * fmpq.bernoulli(r + 1) / (r + 1) if r % 2 else fmpq(0)
        for r in range(ORDER)
    )


@dataclass(frozen=True)
class FarPart:
    """What is far on an interval of t, as :class:`~verify.best_of.panel.Panel`.

    Attributes
    ----------
    panel : Panel
        Its expansion, for X on the lattice and V beside it.
    lifted : arb_poly
        With k in place of X.
    half : arb
        Half the interval.
    """

    panel: Panel
    lifted: arb_poly
    half: arb


@dataclass(frozen=True)
class LongTail:
    """A power tail on a lattice, and a density that begins at 0 and has a long tail.

    Attributes
    ----------
    tail : PowerTail
        The law of X.
    law : Law
        That of V.
    parts : Parts
        The same, taken apart.
    """

    tail: PowerTail
    law: Law
    parts: Parts

    @property
    def step(self) -> fmpq:
        """The distance of two atoms."""
        return self.tail.step

    @cached_property
    def cut(self) -> fmpq:
        """Where V begins to be far."""
        return self.step * (REACH + 1)

    @property
    def window(self) -> Window:
        """The cells that V is seen on, near a block."""
        return Window(-REACH, 0, arb(0), arb(0))

    @property
    def edge_shift(self) -> fmpq:
        """How far above K the upper end is."""
        return -self.upper_place

    @cached_property
    def chance(self) -> arb:
        """That of V beyond there."""
        return self.law.survival(self.cut)

    @cached_property
    def _far_law(self) -> Law:
        """V, given that."""
        return truncate(self.law, low=self.cut)

    @cached_property
    def upper_place(self) -> fmpq:
        """The ``J + 1/2``."""
        return fmpq(2 * REACH + 1, 2)

    @cached_property
    def _smooth_law(self) -> Law:
        """What is in place of X from there on."""
        law = pareto(self.tail.s - 1, self.upper_place)
        return affine(law, self.tail.shift, self.step)

    @cached_property
    def _smooth_mass(self) -> arb:
        s = self.tail.s
        return arb(self.upper_place) ** arb(1 - s) / (arb(s - 1) * arb(s).zeta())

    @cached_property
    def atoms(self) -> tuple[tuple[fmpq, arb], ...]:
        """The first atoms of X."""
        masses = self.tail.masses(range(1, REACH + 1))
        return tuple((self.tail.place(k + 1), mass) for k, mass in enumerate(masses))

    @cached_property
    def _pairs(self) -> list[AtomsAndDensity | TwoDensities]:
        smooth = Density(self._smooth_law, self._smooth_mass)
        pairs: list[AtomsAndDensity | TwoDensities] = [
            AtomsAndDensity(self.atoms, density, False) for density in self.parts.densities
        ]
        for density in take_apart(self._far_law).densities:
            pairs.append(TwoDensities(smooth, Density(density.law, density.share * self.chance)))
        return pairs

    # ---- near a block -------------------------------------------------------------------------

    @property
    def end_row(self) -> int:
        """The row of a cell with the end of V."""
        return 0

    def between(self, places: Sequence[arb], rows: arb_mat) -> arb_mat:
        """What V has on the cells that are near, and from ``s + step L`` up to where it is far."""
        start = self.step * REACH
        last = [self.mass(s + start, arb(self.cut)) for s in places]
        return arb_mat([last, *rows.tolist()])

    def mass(self, low: arb, high: arb) -> arb:
        """That of V between two points."""
        return sum((d.mass(low, high) for d in self.parts.densities), arb(0))

    # ---- the ends -----------------------------------------------------------------------------

    def powers(self, place: arb | fmpq, lifted: int = 0) -> list[arb]:
        """The Taylor coefficients of ``k^lifted p(k)`` at a place."""
        column = self.tail.mass_series([arb(place)], arb(1), ORDER, lifted)
        return [entry for row in column.tolist() for entry in row]

    def edge(self, places: Sequence[arb]) -> tuple[arb_mat, arb_mat, arb_mat]:
        """What the upper end has for ``f``, ``v f`` and ``D``: a column for each s.

        A row for each Taylor coefficient of p at ``K - L - 1/2``.
        """
        columns = [self._edge_at(s) for s in places]
        return tuple(  # type: ignore[return-value]
            arb_mat([column[i] for column in columns]).transpose() for i in range(3)
        )

    def _edge_at(self, s: arb) -> tuple[list[arb], list[arb], list[arb]]:
        start = s - self.step * self.edge_shift
        height = self._series(start, -self.step, ORDER)
        of_v = [start * c for c in height]
        for i in range(1, ORDER):
            of_v[i] -= self.step * height[i - 1]
        beyond, below = self.mass(arb(self.cut), start), self.mass(start, arb(self.cut))
        above = [below - beyond, *(self.step * height[i - 1] / i for i in range(1, ORDER))]
        weights = self._end_weights(s)
        return tuple(combined(weights, row) for row in (height, of_v, above))  # type: ignore[return-value]

    @cached_property
    def means_on_cells(self) -> arb_mat:
        """``E[V; V on it]`` for the cells that are near, from that next to the far ones on."""
        places = [self.cut, *(self.step * k for k in range(REACH, -1, -1))]
        means = [known(self.law.upper_mean(place)) for place in places]
        rows = [[low - high] for high, low in pairwise(means)]
        return arb_mat([*rows, [arb(0)]])

    @cached_property
    def edge_of_v(self) -> arb_mat:
        """What the upper end has where a cell begins, for ``E[V; V between]`` in place of D."""
        start = arb(self.step * self.upper_place)
        height = self._series(start, -self.step, ORDER)
        row = [known(self.law.upper_mean(start)) - known(self.law.upper_mean(self.cut))]
        for i in range(1, ORDER):
            before = height[i - 2] if i > 1 else arb(0)
            row.append(self.step * (start * height[i - 1] - self.step * before) / i)
        return arb_mat([[entry] for entry in combined(self._end_weights(arb(0)), row)])

    def _end_weights(self, s: arb) -> list[arb]:
        """The ``e_r``."""
        off, power, found = s / self.step - arb(1) / 2, arb(1), []
        for r, factor in enumerate(midpoint_factors()):
            power = power * off
            found.append(factor - power / (r + 1))
        return found

    def _series(self, place: arb, slope: fmpq, count: int) -> list[arb]:
        """The Taylor coefficients of ``f_V(place + slope d)``."""
        with series_length(count):
            at = arb_series([place, arb(slope)], prec=count)
            total = sum((d.series(at) for d in self.parts.densities), arb_series([], prec=count))
        return [total[i] for i in range(count)]

    @cached_property
    def _low_weights(self) -> tuple[list[arb], list[arb]]:
        """The lower end: factors of ``(-step)^i f_V^(i)/i!``, and the same with k."""
        weights = [arb(-factor) for factor in midpoint_factors()]
        return tuple(  # type: ignore[return-value]
            combined(weights, self.powers(self.upper_place, lifted)) for lifted in (0, 1)
        )

    # ---- what is a function of t ----------------------------------------------------------------

    def far(self, first: int, count: int) -> FarPart:
        """What is far on so many cells.

        Raises
        ------
        TooWide
            If they are too many.
        """
        place = Place(arb(self.tail.place(first)), arb(self.tail.place(first + count)))
        estimate = sum((pair.estimate(place) for pair in self._pairs), arb(0))
        middle = self.tail.masses([arb(fmpq(2 * first + count, 2))])[0]
        with series_length(terms()):
            sums = Sums(place, estimate + middle / (2 * self.step))
            for pair in self._pairs:
                pair.add_to(sums)
            self._add_low_end(sums)
            panel = Panel.of(place, sums.expansion())
        lifted = (panel.of_x - arb(self.tail.shift) * panel.mass) * (1 / arb(self.step))
        return FarPart(panel, lifted, place.half)

    def _add_low_end(self, sums: Sums) -> None:
        """Add the lower end on an interval."""
        sums.bound(self._low_sizes(sums.place))
        sums.add(*self._low_end(sums.place))

    def _low_end(self, place: Place) -> list[arb_series]:
        """The lower end on an interval: of the mass, of V and of X."""
        size = terms()
        start = place.middle - arb(self.tail.shift + self.step * self.upper_place)
        height = self._series(start, fmpq(1), size + ORDER)
        of_v = [start * c for c in height]
        for i in range(1, len(of_v)):
            of_v[i] += height[i - 1]
        plain, lifted = self._low_weights
        rows = []
        for weights, series in ((plain, height), (plain, of_v), (lifted, height)):
            row = [arb(0)] * size
            for i, weight in enumerate(weights):
                factor = weight * arb(-self.step) ** i
                for n in range(size):
                    row[n] += factor * series[n + i]
                    factor = factor * (n + i + 1) / (n + 1)
            rows.append(row)
        shift, step = arb(self.tail.shift), arb(self.step)
        rows[2] = [shift * a + step * b for a, b in zip(rows[0], rows[2], strict=True)]
        with series_length(size):
            return [arb_series(row, prec=size) for row in rows]

    def _low_sizes(self, place: Place) -> Sizes:
        """Bounds of that on the disc of an interval."""
        radius = arb(self.upper_place) / 6
        around, start = arb(0, radius * self.step), self.tail.shift + self.step * self.upper_place
        boxes = [acb(t.real - start + around, t.imag + around) for t in place.regions]
        height, largest_v = (
            largest(sizes)
            for sizes in (
                [sum((d.over(v) for d in self.parts.densities), arb(0)) for v in boxes],
                [v.abs_upper() for v in boxes],
            )
        )
        plain, lifted = (
            height * sum((abs(w) / radius**i for i, w in enumerate(weights)), arb(0))
            for weights in self._low_weights
        )
        of_x = abs(arb(self.tail.shift)) * plain + self.step * lifted
        return Sizes(plain.upper(), (plain * largest_v).upper(), of_x.upper())

    # ---- beyond all cells -----------------------------------------------------------------------

    def beyond(self, first: int) -> tuple[arb, arb, arb]:
        """What is far beyond a cell: the mass, ``E V`` and ``E X``; NaN: infinite."""
        place = self.tail.place(first)
        found = condition(self._smooth_law, self._far_law, place)
        share = self._smooth_mass * self.chance * found.mass
        total = [share, share * known(found.mean_v), share * known(found.mean_x)]
        for x, mass in self.atoms:
            own = mass * self.law.survival(place - x)
            total[0] += own
            total[1] += mass * known(self.law.upper_mean(place - x))
            total[2] += own * x
        low = self._low_beyond(place)
        return tuple(a + b for a, b in zip(total, low, strict=True))  # type: ignore[return-value]

    def _low_beyond(self, place: fmpq) -> tuple[arb, arb, arb]:
        """The lower end's part of that."""
        start = place - self.tail.shift - self.step * self.upper_place
        height = self._series(arb(start), fmpq(1), ORDER)
        # The integrals from there on of f^(i)/i! and of (v f)^(i)/i!.
        above = [self.law.survival(start), *(-c / (i + 1) for i, c in enumerate(height))]
        of_v = [known(self.law.upper_mean(start)), -start * height[0]]
        of_v += [-(start * height[i] + height[i - 1]) / (i + 1) for i in range(1, ORDER)]
        plain, lifted = self._low_weights
        total = [
            sum((w * arb(-self.step) ** i * row[i] for i, w in enumerate(weights)), arb(0))
            for weights, row in ((plain, above), (plain, of_v), (lifted, above))
        ]
        of_x = arb(self.tail.shift) * total[0] + arb(self.step) * total[2]
        return total[0], total[1], of_x


def known(mean: Number | None) -> arb:
    """A mean; NaN where it is infinite, or not known."""
    return arb.nan() if mean is None or isinstance(mean, Diverges) else mean


def combined(weights: Sequence[arb], row: Sequence[arb]) -> list[arb]:
    """``sum of weights_r row_(r - i)`` over r for each i: the factors of the other series."""
    size = len(weights)
    return [sum((weights[r] * row[r - i] for r in range(i, size)), arb(0)) for i in range(size)]
