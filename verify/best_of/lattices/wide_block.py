"""Cells of a lattice beside a density with a long tail: near each atom, and far from it.

Near each cell V is taken as in :mod:`verify.best_of.lattices.blocks`, up to ``step (L + 1)``. What
is far is of two kinds (:mod:`verify.best_of.lattices.long_tail`): derivatives of p at one point
beside, which are taken as more atoms, and a function of t alone. That is a polynomial in
``t = x(K) + s``, and so it is one in K for each s. Nothing is left out of V but what may be next to
where it begins. But the ranks are by a formula, off by so much at most: they are the S~ of
:mod:`verify.best_of.lattices.blocks`, and that is the q there.
"""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate
from math import comb

from flint import arb, arb_mat, arb_poly

from verify.best_of.lattices.blocks import WIDE, Block, block_terms, polynomials
from verify.best_of.lattices.cell import Cell, Window
from verify.best_of.lattices.long_tail import ORDER, LongTail
from verify.best_of.lattices.long_tail_error import EdgeError
from verify.best_of.lattices.single_cell import SingleCell
from verify.best_of.ranks import polynomial_size


class Seen:
    """V as seen from a cell: what is the same for all blocks.

    Parameters
    ----------
    long : LongTail
        The two laws.
    cell : Cell
        V on the cells that are near.
    error : EdgeError
        What the formula misses.
    """

    def __init__(self, long: LongTail, cell: Cell, error: EdgeError) -> None:
        self.long, self.cell, self.error = long, cell, error
        self.places = [*(s for s, _ in cell.nodes), arb(0)]
        self.density, self.of_v, between = cell.matrices(long.window)
        self.between = long.between(self.places, between)
        height, moment, between = long.edge(self.places)
        # At s = 0 there is an edge for the ranks alone.
        self.edge = _columns(height, 0, -1), _columns(moment, 0, -1), between
        self.of_v_sizes, self.edge_sizes = _sizes(self.of_v), [_sizes(m) for m in self.edge]


class SeenFirst:
    """V as seen from the cells up to one: what is the same for all.

    Parameters
    ----------
    long : LongTail
        The two laws.
    last : int
        That cell.
    cell : Cell
        V on the cells that are near.
    """

    def __init__(self, long: LongTail, last: int, cell: Cell) -> None:
        self.long, self.cell, self.window = long, cell, first_cells(last)
        places = [*(s for s, _ in cell.nodes), arb(0)]
        self.beyond = [long.law.survival(s + long.step * (last + 1)) for s in places]
        counts = (len(stretch.parameters) for stretch in cell.stretches)
        self.starts = [0, *accumulate(counts)]
        rows = [cell.row(m) for m in range(self.window.first, self.window.last + 1)]
        self.sizes, self.of_sizes = (
            arb_mat([[size for stretch in sizes for size in stretch] for sizes in parts])
            for parts in ([row.sizes for row in rows], [row.of_sizes for row in rows])
        )


class FirstCell(SingleCell):
    """A cell before the blocks: every atom is within what V is seen on.

    Parameters
    ----------
    seen : SeenFirst
        V as seen from a cell.
    place : int
        The cell.
    is_swapped : bool
        Whether it is V that is on the lattice.
    """

    def __init__(self, seen: SeenFirst, place: int, is_swapped: bool) -> None:
        self.seen = seen
        super().__init__(seen.long.tail, seen.cell, seen.window, place, is_swapped)

    def _expand(self, density: arb_mat, of_v: arb_mat, between: arb_mat) -> None:
        """What V has beyond, whatever X is, is in the ranks too."""
        super()._expand(density, of_v, between)
        beyond = self.seen.beyond
        self.above = [row + own for row, own in zip(self.above, beyond, strict=True)]
        self._end += beyond[-1]
        self.rank_missed = _next_to_end(self, self.seen.long.end_row)

    @property
    def ranks_moved(self) -> arb:
        """How far S~ is from S."""
        return self.rank_missed

    @cached_property
    def _all_sizes_on(self) -> tuple[list[arb], list[arb], list[arb]]:
        """The bounds for all ellipses of all stretches."""
        mass, lifted = (arb_mat([row]) for row in self._first_masses)
        seen = self.seen
        products = mass * seen.sizes, mass * seen.of_sizes, lifted * seen.sizes
        return tuple(product.entries() for product in products)  # type: ignore[return-value]

    def _sizes_on(self, j: int, k: int) -> tuple[arb, arb, arb]:
        """By products of matrices."""
        of_mass, of_v, of_lifted = self._all_sizes_on
        index = self.seen.starts[j] + k
        return of_mass[index], of_v[index], of_lifted[index]


class WideBlock(Block):
    """Cells from :data:`~.long_tail.BEGIN` on.

    Parameters
    ----------
    seen : Seen
        V as seen from a cell.
    first, count : int
        The cells.
    is_swapped : bool
        Whether it is V that is on the lattice.

    Raises
    ------
    TooWide
        If the cells are too many.
    """

    def __init__(self, seen: Seen, first: int, count: int, is_swapped: bool) -> None:
        self.seen, self.far = seen, seen.long.far(first, count)
        self.off = seen.error.missed(first, count)
        super().__init__(seen.long.tail, seen.cell, seen.long.window, first, count, is_swapped)
        self._near_above, self._near_missed = self.above, self.rank_missed

    # ---- the polynomials ----------------------------------------------------------------------

    @property
    def _shifts(self) -> range:
        """The atoms whose ``Pr(X > K + m)`` is in the ranks."""
        return range(self.window.first - 1, self.window.last + 1)

    def _expand(self, density: arb_mat, of_v: arb_mat, between: arb_mat) -> None:
        tail, size, seen = self.tail, block_terms(), self.seen
        points = [self.centre + m for m in self._shifts]
        mass = tail.mass_series(points, self.half, size)
        above = tail.above_series(mass, points[-1], self.half)
        lifted = tail.mass_series(points[1:], self.half, size, 1)
        near = _columns(mass, 1)
        ends, ends_lifted = self._ends(0), self._ends(1)
        height, moment, beyond = seen.edge
        rows = (
            near * density + ends * height,
            near * of_v + ends * moment,
            lifted * density + ends_lifted * height,
            above * seen.between + ends * beyond,
        )
        share = self._far_series()
        far, unit = self.far, 1 / self.far.half
        parts = (far.panel.mass * unit, far.panel.of_v * unit, far.lifted * unit)
        found = []
        for near_rows, polynomial in zip(rows, (*parts, far.panel.above), strict=True):
            composed = polynomials(self._composed(polynomial, share, near_rows))
            pairs = zip(polynomials(near_rows), composed, strict=True)
            found.append([one + other for one, other in pairs])
        self.mass, self.of_v, self.lifted, self.above = found
        self._bound_rest(density, of_v, seen.between)

    def _ends(self, lifted: int) -> arb_mat:
        """The Taylor series of those of p at the upper end: a column for each coefficient."""
        place, size = self.centre + self.seen.long.edge_shift, block_terms()
        c = self.tail.mass_series([place], self.half, size + ORDER, lifted).entries()
        columns = []
        for i in range(ORDER):
            columns.append([c[n + i] * comb(n + i, i) for n in range(size)])
            c = [entry / self.half for entry in c]
        return arb_mat(columns).transpose()

    def _far_series(self) -> tuple[arb, list[arb]]:
        """``Y = a y + b`` for the variables of what is far and of the block, and b for each s."""
        step, half = arb(self.tail.step), self.far.half
        return step * self.half / half, [(s - step / 2) / half for s in self.seen.places]

    def _composed(
        self, polynomial: arb_poly, share: tuple[arb, list[arb]], shape: arb_mat
    ) -> arb_mat:
        """Its coefficients in y, in the shape of what is near: a column for each s."""
        size, columns = shape.nrows(), shape.ncols()
        c, (factor, offs) = polynomial.coeffs(), share
        powers = [[arb(1)] * columns]
        while len(powers) < len(c):
            powers.append([p * b for p, b in zip(powers[-1], offs[:columns], strict=True)])
        rows, scale = [], arb(1)
        for i in range(max(size, len(c))):
            rows.append(
                [
                    c[i + j] * comb(i + j, i) * scale if i + j < len(c) else arb(0)
                    for j in range(len(c))
                ]
            )
            scale = scale * factor
        return arb_mat(rows) * arb_mat(powers)

    def _bound_rest(self, density: arb_mat, of_v: arb_mat, between: arb_mat) -> None:
        """What the polynomials of what is near miss, and what the formula does."""
        seen, tail = self.seen, self.tail
        start = self.centre - WIDE * self.half
        points = [start + m for m in self._shifts]
        share = arb(WIDE) ** -block_terms() / (1 - 1 / arb(WIDE))
        weights = arb_mat([[weight] for _, weight in self.cell.nodes])
        mass, lifted = (arb_mat([tail.masses(points[1:], k)]) for k in (0, 1))
        ends, ends_lifted = (self._ends_at(start, k) for k in (0, 1))
        height, moment, beyond = seen.edge_sizes
        above = arb_mat([tail.above(points)]) * between + ends * beyond
        most = arb(0)
        for one in above.entries():
            most = most.max(one)
        off = self.off
        ranks = most * share + off.above + self.far.panel.missed[0]
        self.rank_missed = (ranks + _next_to_end(self, self.seen.long.end_row)).upper()
        rows = (
            mass * density + ends * height,
            mass * seen.of_v_sizes + ends * moment,
            lifted * density + ends_lifted * height,
        )
        step = self.cell.step
        missed = [
            ((row * weights)[0, 0] * share + step * miss) * self.count
            for row, miss in zip(rows, (off.mass, off.of_v, off.lifted), strict=True)
        ]
        far = self.far.panel.missed
        self._rest = (
            (missed[0] + far[0]).upper(),
            (missed[1] + far[1]).upper(),
            (self._of_x(missed[0], missed[2]) + far[2]).upper(),
        )

    def _ends_at(self, place: arb, lifted: int) -> arb_mat:
        """Bounds of the Taylor coefficients of p, on a disc that begins at K."""
        row, factor = [], arb(1)
        for i in range(ORDER):
            size = self.tail.masses([place + self.seen.long.edge_shift], lifted - i)[0]
            row.append(abs(factor) * size)
            factor = factor * arb(lifted - self.tail.s - i) / (i + 1)
        return arb_mat([row])

    # ---- rules --------------------------------------------------------------------------------

    def _sizes_on(self, j: int, k: int) -> tuple[arb, arb, arb]:
        """What is far is in the bounds too."""
        near = super()._sizes_on(j, k)
        stretch = self.cell.stretches[j]
        region, slope = self.cell.region(stretch, stretch.parameters[k])
        s, tall = region.real, abs(region.imag).upper()
        long, far = self.seen.long, self.far
        size = self.seen.error.edge_size(s, tall) * slope
        place = [arb(self.first) - self.seen.error.edge_place]
        v = (abs(s).upper() + tall + 2 * abs(long.cut)).upper()
        radius = (1 + (abs(s - self.cell.step / 2).upper() + tall) / far.half).upper()
        on_far = [
            polynomial_size(p, radius) / far.half * slope
            for p in (far.panel.mass, far.panel.of_v, far.lifted)
        ]
        edge = [size * self.tail.masses(place, lifted)[0] for lifted in (0, 1)]
        return (
            near[0] + edge[0] + on_far[0],
            near[1] + edge[0] * v + on_far[1],
            near[2] + edge[1] + on_far[2],
        )

    def rules_missed(self, n: int, above: arb) -> tuple[arb, arb, arb]:
        """The rules are for the ranks by the formula, which may be less."""
        return super().rules_missed(n, above - self.rank_missed)

    @property
    def ranks_moved(self) -> arb:
        """How far the ranks by the formula are from the true ones."""
        return self.rank_missed

    # ---- sizes, and what lies beyond ------------------------------------------------------------

    def add_above(self, beyond: arb, missed: arb) -> None:
        """Add what is far beyond the block, and what it misses there, to ``Pr(U > t)``."""
        self.above = [row + beyond for row in self._near_above]
        self.rank_missed = (self._near_missed + missed).upper()

    @property
    def sizes(self) -> tuple[arb, arb]:
        """Bounds of ``E[|V|; U in it]`` and ``E[|X|; ...]``: neither is below 0."""
        of_v, of_x = (abs(self.totals[k]) + self.missed[k] for k in (1, 2))
        return of_v.upper(), of_x.upper()

    def right(self) -> tuple[arb, arb, arb]:
        """What U has beyond the block: the mass, and its parts of ``E V`` and ``E X``.

        In the sums are ``p(K + m)`` and what V has on the cells, all summed up once more.
        """
        seen, tail, end = self.seen, self.tail, self.first + self.count
        long = seen.long
        points = [arb(end + m) for m in self._shifts]
        above, lifted = (arb_mat([tail.above(points, k)]) for k in (0, 1))
        chances = _columns(seen.between, seen.between.ncols() - 1)
        edge = _columns(seen.edge[2], seen.edge[2].ncols() - 1)
        ends, ends_lifted = (arb_mat([long.powers(end + long.edge_shift, k)]) for k in (0, 1))
        of_v, edge_of_v = long.means_on_cells, long.edge_of_v
        far, off = long.beyond(end), seen.error.missed(end, 1)
        mass = (above * chances + ends * edge)[0, 0] + arb(0, off.above)
        light = (above * of_v + ends * edge_of_v)[0, 0] + _error(off.above_of_v)
        k = (lifted * chances + ends_lifted * edge)[0, 0] + _error(off.above_lifted)
        return mass + far[0], light + far[1], tail.shift * mass + tail.step * k + far[2]


def first_cells(last: int) -> Window:
    """The cells that V is seen on from those up to one."""
    return Window(-last - 1, 0, arb(0), arb(0))


def _next_to_end(block: Block, row: int) -> arb:
    """A bound of what is left out of U on a cell as V is next to its end, in a row."""
    return (block.tail.masses([block.first + row])[0] * block.cell.row(row).left).upper()


def _error(size: arb) -> arb:
    return arb(0, size) if size.is_finite() else arb.nan()


def _columns(matrix: arb_mat, start: int, end: int | None = None) -> arb_mat:
    """Some columns of a matrix."""
    return arb_mat([row[start:end] for row in matrix.tolist()])


def _sizes(matrix: arb_mat) -> arb_mat:
    """The absolute values."""
    return arb_mat(matrix.nrows(), matrix.ncols(), [abs(entry) for entry in matrix.entries()])
