"""Many cells of a lattice at once: a law with a power tail on a lattice beside a density.

Let X have its atoms at ``x(k) = shift + step k``, and let V be light. On the cells K = A, ...,
B - 1 of a block the density of U at ``x(K) + s`` is the sum of ``p(K + m) f_V(s - step m)`` over m.
At fixed s that is a smooth function of K, real K too. Its Taylor polynomial about the middle c of
the block misses, for ``|K - c| <= h``, at most ``M R^-d/(1 - 1/R)``, where M bounds it for
``|K - c| <= R h`` (Cauchy); there it is largest at ``c - R h``, as p is. The same holds for
``Pr(U > x(K) + s)``, which is the mean of ``Pr(X > K + m)`` over the cells m that V is on.

The weight ``n (1 - S)^(n-1)`` is a series in K then, and so is its product with the densities; its
sum over the whole numbers K is exact, by sums of powers. Over s goes a Gauss-Legendre rule. For
complex s the density is at most D, the sum of ``p(A + m)`` times the largest ``|f_V|`` on the
ellipse.

*What is left out of V.* V lies outside the window with a chance of at most q, and nothing is known
of it on ellipses. So let S~ be S with such V counted as at the start of the cell:
``S~(s) = Pr(U > x(K), V outside) + Pr(U > x(K) + s, V inside)``. Its derivative is the density of
the window alone, so at a distance r from a real s the rank 1 - S~ grows by no more than ``r D``; as
``S~ >= S``, the weight there is at most that of ``S - r D``. Let w' be ``n (n - 1) (1 - S)^(n-2)``
where S is least, and W what U has in the block of the mass, ``E|V|`` or ``E|X|``:

1. from S to S~ under the integral: ``0 <= S~ - S <= q``, so at most ``w' q W``;
2. from the integral to the nodes: the rule's bound, with S~;
3. from S~ to the polynomial P at the nodes. P is within e, its remainder, of what the window has of
   S, and that is within q of S and of S~: what S~ has more is of one part of the V outside, what it
   has less of another. So ``|P - S~| <= q + e``, and P and S~ are at least ``S - (q + e)``: from
   the ball ``P +- (q + e)`` of S at the end, so much is to be taken once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_mat, arb_poly, arb_series, fmpq

from verify.best_of.lattices.cell import Cell, Row, Window
from verify.best_of.lattices.power_sums import dot, power_sums
from verify.best_of.lattices.power_tail import PowerTail
from verify.best_of.parts.leaves import goal_bits
from verify.best_of.ranks import RADIUS, polynomial_size, terms, weight_at, weight_series
from verify.taylor_series import series_length

#: The radius of the disc over half the length of a block.
WIDE = 4


def block_terms() -> int:
    """Terms of a polynomial in K, at the precision in force."""
    return goal_bits() // 2 + 8


def cell_sums(count: int) -> list[arb]:
    """Sums of powers over so many cells, as polynomials and series of weights ask for."""
    return power_sums(count, max(terms(), block_terms()))


@dataclass(frozen=True)
class Rule:
    """What a bound on one ellipse says of the rule on a stretch.

    Attributes
    ----------
    growth : arb
        By how much the rank grows there at most.
    missed : tuple of arb
        What the rule misses of the mass, ``E|V|`` and ``E|X|`` on one cell, without a weight.
    """

    growth: arb
    missed: tuple[arb, arb, arb]


class Block:
    """The cells K from ``first`` on, so many, with the polynomials of each node.

    Parameters
    ----------
    tail : PowerTail
        The law of X.
    cell : Cell
        V.
    window : Window
        The cells on which V is not left out.
    first, count : int
        The cells.
    is_swapped : bool
        Whether it is V that is on the lattice, and X that is light.
    """

    def __init__(
        self,
        tail: PowerTail,
        cell: Cell,
        window: Window,
        first: int,
        count: int,
        is_swapped: bool = False,
    ) -> None:
        self.is_swapped = is_swapped
        self.tail, self.cell, self.window = tail, cell, window
        self.first, self.count = first, count
        self.centre, self.half = arb(fmpq(2 * first + count - 1, 2)), arb(fmpq(count + 1, 2))
        self._expand(*cell.matrices(window))
        self.rules = self._rules()

    def _expand(self, density: arb_mat, of_v: arb_mat, between: arb_mat) -> None:
        """The polynomials in K."""
        shifts = range(self.window.first, self.window.last + 1)
        points = [self.centre + m for m in shifts]
        tail, size = self.tail, block_terms()
        mass = tail.mass_series(points, self.half, size)
        lifted = tail.mass_series(points, self.half, size, 1)
        above = tail.above_series(mass, points[-1], self.half)
        self.mass = polynomials(mass * density)
        self.of_v = polynomials(mass * of_v)
        self.lifted = polynomials(lifted * density)
        self.above = polynomials(above * between)
        self._bound_rest(density, of_v, between)

    def _bound_rest(self, density: arb_mat, of_v: arb_mat, between: arb_mat) -> None:
        """What the polynomials miss, by their values on the disc."""
        shifts = range(self.window.first, self.window.last + 1)
        points = [self.centre - WIDE * self.half + m for m in shifts]
        share = arb(WIDE) ** -block_terms() / (1 - 1 / arb(WIDE))
        weights = arb_mat([[weight] for _, weight in self.cell.nodes])
        mass = arb_mat([self.tail.masses(points)])
        sizes = arb_mat(of_v.nrows(), of_v.ncols(), [abs(entry) for entry in of_v.entries()])
        lifted = arb_mat([self.tail.masses(points, 1)])
        above = (arb_mat([self.tail.above(points)]) * between).entries()
        most = above[0]
        for one in above[1:]:
            most = most.max(one)
        # What is left out of V counts in the ranks too, with Pr(X > k) of at most 1.
        self.rank_missed = (most * share + self.window.mass).upper()
        missed = [
            ((row * part * weights)[0, 0] * share * self.count).upper()
            for row, part in ((mass, density), (mass, sizes), (lifted, density))
        ]
        self._rest = missed[0], missed[1], self._of_x(missed[0], missed[2])

    def _rules(self) -> list[list[Rule]]:
        """What the rules miss, but for the weight: for each stretch, and then for each ellipse.

        At last, what is left out next to ends of V, where no rank is but a real one.
        """
        rows, (mass, lifted) = self._rows, self._first_masses
        found = []
        for j, stretch in enumerate(self.cell.stretches):
            rules = []
            for k, parameter in enumerate(stretch.parameters):
                sizes = self._sizes_on(j, k)
                growth = (sizes[0] * stretch.reach(parameter)).upper()
                missed = [stretch.missed(size, parameter).upper() for size in sizes]
                if growth.is_finite() and all(part.is_finite() for part in missed):
                    in_order = missed[0], missed[1], self._of_x(missed[0], missed[2])
                    rules.append(Rule(growth, in_order))
            found.append(rules)
        left = [dot(part, mass) for part in ([r.left for r in rows], [r.of_left for r in rows])]
        lifted_left = dot([row.left for row in rows], lifted)
        in_order = left[0].upper(), left[1].upper(), self._of_x(left[0], lifted_left)
        return [*found, [Rule(arb(0), in_order)]]

    @cached_property
    def _rows(self) -> list[Row]:
        """V on the cells of the window."""
        return [self.cell.row(m) for m in range(self.window.first, self.window.last + 1)]

    @cached_property
    def _first_masses(self) -> tuple[list[arb], list[arb]]:
        """``p(K + m)`` for the first cell, and the same times ``K + m``."""
        points = [self.first + m for m in range(self.window.first, self.window.last + 1)]
        return self.tail.masses(points), self.tail.masses(points, 1)

    def _sizes_on(self, j: int, k: int) -> tuple[arb, arb, arb]:
        """Bounds of density times slope on an ellipse of a stretch: of the mass, V and k."""
        rows, (mass, lifted) = self._rows, self._first_masses
        on, of = [row.sizes[j][k] for row in rows], [row.of_sizes[j][k] for row in rows]
        return dot(on, mass), dot(of, mass), dot(on, lifted)

    def rules_missed(self, n: int, above: arb) -> tuple[arb, arb, arb]:
        """A bound of what the rules miss on one cell; ``above``: the least ``Pr(U > t)``."""
        total = [arb(0)] * 3
        for least, rules in zip(self.least_above(above), self.rules, strict=True):
            best = [arb.nan()] * 3
            for rule in rules:
                weight = weight_at(n, least - rule.growth)
                found = [weight * part for part in rule.missed]
                best = best if best[0] <= found[0] else found
            total = [a + b for a, b in zip(total, best, strict=True)]
        return total[0].upper(), total[1].upper(), total[2].upper()

    def least_above(self, above: arb) -> list[arb]:
        """The least ``Pr(U > t)`` where each of the rules holds; ``above``: that of all."""
        return [above] * len(self.rules)

    def _of_x(self, mass: arb, lifted: arb) -> arb:
        """A bound of ``E|X|``, from those of the mass and of E[k]."""
        return (abs(arb(self.tail.shift)) * mass + arb(self.tail.step) * lifted).upper()

    def in_order(self, mass: arb, light: arb, lattice: arb) -> tuple[arb, arb, arb]:
        """What there is of the mass, of V and of X, from what there is of the two laws."""
        return (mass, lattice, light) if self.is_swapped else (mass, light, lattice)

    @property
    def place(self) -> arb:
        """A point inside."""
        return arb(self.tail.place(self.first) + self.tail.step * self.count / 2)

    @property
    def end(self) -> arb:
        """Where its last cell ends."""
        return arb(self.tail.place(self.first + self.count))

    def above_at(self, first: int) -> arb:
        """``Pr(U > t)`` where a cell begins: one of its own, or the next."""
        return self.above[-1]((arb(first) - self.centre) / self.half) + arb(0, self.rank_missed)

    @cached_property
    def totals(self) -> tuple[arb, arb, arb]:
        """The mass and the two parts of means, without what is missed."""
        moments = cell_sums(self.count)
        ratio = arb(self.count) / (2 * self.half)
        scales = [moment * ratio**k for k, moment in enumerate(moments)]
        found = []
        for rows in (self.mass, self.of_v, self.lifted):
            total = arb(0)
            for (_, weight), row in zip(self.cell.nodes, rows, strict=True):
                total += weight * dot(row.coeffs(), scales)
            found.append(total)
        mass, of_v, lifted = found
        return self.in_order(mass, of_v, self.tail.shift * mass + self.tail.step * lifted)

    @cached_property
    def missed(self) -> tuple[arb, arb, arb]:
        """Bounds of what the three leave out."""
        end = abs(arb(self.tail.place(self.first))).max(abs(self.end))
        out = self.window.mass, self.window.of_v, self.window.of_v + end * self.window.mass
        rows = zip(self._rest, self.rules_missed(1, arb(0)), out, strict=True)
        parts = [(rest + self.count * rule + left).upper() for rest, rule, left in rows]
        return self.in_order(*parts)

    @cached_property
    def sizes(self) -> tuple[arb, arb]:
        """Bounds of ``E[|V|; U in it]`` and ``E[|X|; ...]``."""
        moments = arb(self.count)
        total = arb(0)
        for (_, weight), row in zip(self.cell.nodes, self.mass, strict=True):
            total += weight * moments * polynomial_size(row, arb(1))
        far = self.cell.step * max(-self.window.first, self.window.last + 1)
        ends = (arb(self.tail.place(k)) for k in (self.first, self.first + self.count))
        furthest = max((abs(end) for end in ends), key=float) + far
        _, of_v, of_x = self.in_order(total, total * far, total * furthest)
        return (of_v + self.missed[1]).upper(), (of_x + self.missed[2]).upper()

    @property
    def ranks_moved(self) -> arb:
        """How far S~ is from S."""
        return self.window.mass

    @property
    def all_sizes(self) -> tuple[arb, arb, arb]:
        """Bounds of the mass, and of these."""
        return (self.totals[0] + self.missed[0]).upper(), *self.sizes

    @property
    def whole(self) -> Cells:
        """All its cells."""
        return Cells(self, self.first, self.count)


class Cells:
    """Some of a block's cells: those that the weight changes little on."""

    def __init__(self, block: Block, first: int, count: int) -> None:
        self.block, self.first, self.count = block, first, count
        middle = fmpq(2 * first + count - 1, 2)
        self.middle = (arb(middle) - block.centre) / block.half
        self.half = arb(fmpq(count, 2)) / block.half

    @property
    def place(self) -> arb:
        """A point inside its block."""
        return self.block.place

    @property
    def missed(self) -> tuple[arb, arb, arb]:
        """What its block misses."""
        return self.block.missed

    @property
    def _radius(self) -> arb:
        return arb(0) if self.count == 1 else self.half * RADIUS

    def _shifted(self, rows: list[arb_poly]) -> list[arb_poly]:
        shift = arb_poly([self.middle, 1])
        return [row(shift) for row in rows]

    @cached_property
    def _densities(self) -> list[list[tuple[list[arb], arb]]]:
        """Of the mass, E[V] and E[k]: for each node the coefficients, and a bound on the disc."""
        block = self.block
        return [
            [(row.coeffs(), polynomial_size(row, self._radius)) for row in self._shifted(rows)]
            for rows in (block.mass, block.of_v, block.lifted)
        ]

    @property
    def _count(self) -> int:
        """Terms of its series."""
        return 1 if self.count == 1 else terms()

    @cached_property
    def _above(self) -> list[arb_poly]:
        return self._shifted(self.block.above[:-1])

    @cached_property
    def _changes(self) -> list[arb]:
        return [polynomial_size(row - row[0], self._radius) for row in self._above]

    @property
    def sizes(self) -> tuple[arb, ...]:
        """A bound of how far S is from its middle value."""
        largest = arb(0)
        for change in self._changes:
            largest = largest.max(change)
        return (largest,)

    @cached_property
    def _above_end(self) -> arb:
        return self.block.above_at(self.first + self.count)

    def above_end(self, above: arb) -> arb:
        """``Pr(U > t)`` at its right end."""
        return self._above_end

    @property
    def largest(self) -> tuple[Cells]:
        """The largest cells on which sums are to be taken: all, as discs are wide enough."""
        return (self,)

    @cached_property
    def halves(self) -> tuple[Cells, ...]:
        """Its halves, the left one first; itself, if it is one cell."""
        if self.count == 1:
            return (self,)
        left = self.count // 2
        return (
            Cells(self.block, self.first, left),
            Cells(self.block, self.first + left, self.count - left),
        )

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The sums of the weight times the densities."""
        block, count = self.block, self._count
        moments = [moment * self.half**k for k, moment in enumerate(cell_sums(self.count))]
        share = arb(0)
        if self.count > 1:
            share = self.count * arb(RADIUS) ** -count / (1 - 1 / arb(RADIUS))
        end = self._above_end
        # Steps 3 and 1 of the module's docstring.
        steep = self.count * n * weight_at(n - 1, end - block.rank_missed) * block.rank_missed
        moved = n * weight_at(n - 1, end - block.ranks_moved) * block.ranks_moved
        found, left = [arb(0)] * 3, [arb(0)] * 3
        for j, (_, node_weight) in enumerate(block.cell.nodes):
            survival = self._above[j].coeffs()[:count]
            most = share * weight_at(n, self._above[j][0] - self._changes[j]) + steep
            with series_length(count):
                # A rank next to 0 may have no logarithm, and no series.
                alone = count == 1
                at = weight_at(n, survival[0])
                weight = arb_series([at]) if alone else weight_series(n, survival, count)
                for i, rows in enumerate(self._densities):
                    coefficients, size = rows[j]
                    product = arb_series(coefficients, prec=count) * weight
                    found[i] += node_weight * dot([product[k] for k in range(count)], moments)
                    left[i] += node_weight * most * size
        rules = block.rules_missed(n, end)
        tail = block.tail
        left[2] = abs(arb(tail.shift)) * left[0] + arb(tail.step) * left[2]
        found[2] = tail.shift * found[0] + tail.step * found[2]
        parts = [
            total + arb(0, (miss + self.count * rule).upper())
            for total, miss, rule in zip(found, left, rules, strict=True)
        ]
        return [
            part + arb(0, (moved * size).upper())
            for part, size in zip(block.in_order(*parts), block.all_sizes, strict=True)
        ]


def polynomials(coefficients: arb_mat) -> list[arb_poly]:
    """A polynomial for each column."""
    rows = coefficients.transpose().tolist()
    return [arb_poly(row) for row in rows]
