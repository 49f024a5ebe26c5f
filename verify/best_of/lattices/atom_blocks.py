"""Atoms of U on a lattice, many cells at once, and what best-of-n does with them.

Each place in a cell that has atoms is a node: there U has on cell K a mass that is a polynomial in
K up to what is missed, and so is ``S = Pr(U > u)``. All of :mod:`verify.best_of.lattices.blocks`
holds, without rules.

Ties share in proportion: with mass a at u the weight there is ``(F^n - (F - a)^n)/a`` for
``F = 1 - S``. That is the mean of ``n (F - y a)^(n-1)`` over y from 0 to 1, so it is analytic, and
at most ``n |1 - S|^(n-1)`` for the least S that a disc allows.

KL is the sum of ``a w log w`` over the weights w. On a disc ``F - y a`` is off by at most d, so
``n (F - y a)^(n-1)`` changes by a factor ``exp(e)`` with ``|e| <= E``,
``E = -(n - 1) log(1 - d/(F - a))``. For ``E < pi/2`` the mean of such factors lies between
``exp(-E) cos E`` and ``exp(E)`` in size, and its argument is at most E. So log w is off by at most
``2 E - log cos E``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flint import arb, arb_poly, arb_series, fmpq

from verify.best_of.lattices.blocks import cell_sums
from verify.best_of.lattices.power_sums import dot
from verify.best_of.ranks import RADIUS, polynomial_size, terms, weight_at
from verify.divergence import entropy_term
from verify.taylor_series import SERIES, series_length

#: The E of the module's docstring, at most.
MOST_TURN = 1.5


class AtomNode(NamedTuple):
    """The atoms at one place of the cells, as polynomials in y.

    Attributes
    ----------
    mass, of_v, of_x : arb_poly
        ``Pr(U = u)``, ``E[V; U = u]`` and ``E[X; U = u]``.
    above : arb_poly
        ``Pr(U > u)``.
    """

    mass: arb_poly
    of_v: arb_poly
    of_x: arb_poly
    above: arb_poly

    @property
    def parts(self) -> tuple[arb_poly, arb_poly, arb_poly]:
        """The first three."""
        return self.mass, self.of_v, self.of_x

    @property
    def mirrored(self) -> AtomNode:
        """Those of -U, as polynomials in -y."""
        turn = arb_poly([0, -1])
        above = 1 - self.above - self.mass
        return AtomNode(self.mass(turn), -self.of_v(turn), -self.of_x(turn), above(turn))


@dataclass(frozen=True)
class AtomBlock:
    """Cells of a lattice, so many, in increasing order.

    Attributes
    ----------
    nodes : tuple of AtomNode
        The places that have atoms, in increasing order. Cell i, from 0 on, has
        ``y = (2 i - count + 1)/(2 half)``.
    count : int
        The cells.
    half : arb
        The cells for which y changes by 1.
    place : arb
        A point inside.
    rank_missed : arb
        By how much S may be off, at an atom and before it.
    missed : tuple of arb
        Bounds of what the masses, and the parts of ``E V`` and ``E X``, leave out in all.
    sizes : tuple of arb
        Bounds of ``E[|V|; U in it]`` and ``E[|X|; ...]``.
    """

    nodes: tuple[AtomNode, ...]
    count: int
    half: arb
    place: arb
    rank_missed: arb
    missed: tuple[arb, arb, arb]
    sizes: tuple[arb, arb]

    @cached_property
    def totals(self) -> tuple[arb, arb, arb]:
        """The mass and the two parts of means, without what is missed."""
        ratio = arb(self.count) / (2 * self.half)
        scales = [moment * ratio**k for k, moment in enumerate(cell_sums(self.count))]
        mass, of_v, of_x = (
            sum((dot(row.coeffs(), scales) for row in rows), arb(0))
            for rows in zip(*(node.parts for node in self.nodes), strict=True)
        )
        return mass, of_v, of_x

    @cached_property
    def whole(self) -> AtomCells:
        """All its cells."""
        return AtomCells(self, 0, self.count)

    @property
    def swapped(self) -> AtomBlock:
        """The same where X and V have changed their names."""
        nodes = tuple(AtomNode(mass, of_x, of_v, above) for mass, of_v, of_x, above in self.nodes)
        (mass, of_v, of_x), sizes = self.missed, (self.sizes[1], self.sizes[0])
        missed = mass, of_x, of_v
        return AtomBlock(nodes, self.count, self.half, self.place, self.rank_missed, missed, sizes)

    @property
    def mirrored(self) -> AtomBlock:
        """That of -U."""
        nodes = tuple(node.mirrored for node in reversed(self.nodes))
        missed, sizes = self.missed, self.sizes
        return AtomBlock(nodes, self.count, self.half, -self.place, self.rank_missed, missed, sizes)


class AtomCells:
    """Some of a block's cells: those that the weight changes little on.

    Parameters
    ----------
    block : AtomBlock
        The block.
    first, count : int
        The cells; the block's first one is 0.
    """

    def __init__(self, block: AtomBlock, first: int, count: int) -> None:
        self.block, self.first, self.count = block, first, count
        self.middle = self._place(fmpq(2 * first + count - 1, 2))
        self.half = count / (2 * block.half)

    def _place(self, cell: fmpq | int) -> arb:
        """The y of a cell."""
        return arb(2 * cell - self.block.count + 1) / (2 * self.block.half)

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

    @cached_property
    def _nodes(self) -> list[AtomNode]:
        """The polynomials about its middle."""
        shift = arb_poly([self.middle, 1])
        return [AtomNode(*(row(shift) for row in node)) for node in self.block.nodes]

    @cached_property
    def _changes(self) -> list[arb]:
        """For each node: of S at and before its atom, on the disc."""
        found = []
        for node in self._nodes:
            before = node.above + node.mass
            change = polynomial_size(node.above - node.above[0], self._radius)
            found.append(change.max(polynomial_size(before - before[0], self._radius)))
        return found

    @cached_property
    def sizes(self) -> tuple[arb, ...]:
        """A bound of how far S is from its middle value."""
        largest = arb(0)
        for change in self._changes:
            largest = largest.max(change)
        return (largest,)

    @cached_property
    def _above_end(self) -> arb:
        last = self._place(self.first + self.count - 1)
        return self.block.nodes[-1].above(last) + arb(0, self.block.rank_missed)

    def above_end(self, above: arb) -> arb:
        """``Pr(U > t)`` at its right end."""
        return self._above_end

    @property
    def largest(self) -> tuple[AtomCells]:
        """The largest cells on which sums are to be taken: all, as discs are wide enough."""
        return (self,)

    @cached_property
    def halves(self) -> tuple[AtomCells, ...]:
        """Its halves, the left one first; itself, if it is one cell."""
        if self.count == 1:
            return (self,)
        left = self.count // 2
        rest = AtomCells(self.block, self.first + left, self.count - left)
        return AtomCells(self.block, self.first, left), rest

    @property
    def _moments(self) -> list[arb]:
        """``sum of y^k`` over its cells, for each k."""
        return [moment * self.half**k for k, moment in enumerate(cell_sums(self.count))]

    @property
    def _terms(self) -> int:
        return 1 if self.count == 1 else terms()

    @property
    def _share(self) -> arb:
        """What the terms left out of a series have at most, of its size on the disc."""
        if self.count == 1:
            return arb(0)
        return self.count * arb(RADIUS) ** -self._terms / (1 - 1 / arb(RADIUS))

    def _steep(self, n: int) -> arb:
        """By how much the weight may be off on an atom, as ranks are.

        S at an atom and before it are those of other nodes or cells: they are off by what ranks
        miss at most, and so is every ``F - y a`` between. The polynomial may be below S at the end
        by so much, and the ball of that, which S is in, is as wide.
        """
        missed = self.block.rank_missed
        least = self.above_end(arb(0)) - 2 * missed
        return n * weight_at(n - 1, least) * missed

    def _weight(self, n: int, node: AtomNode) -> arb_series:
        """The weight at a node, as a series; flint's cap on series is to be in force."""
        count = self._terms
        above, mass = (arb_series(p.coeffs(), prec=count) for p in (node.above, node.mass))
        here = SERIES.log1p(-above) * n
        fall = SERIES.log1p(-mass / (1 - above)) * n
        weight: arb_series = -here.exp() * SERIES.expm1(fall) / mass
        return weight

    @property
    def _seen(self) -> list[tuple[AtomNode, arb]]:
        """The nodes that have a mass, and how S changes on the disc."""
        pairs = zip(self._nodes, self._changes, strict=True)
        return [(node, change) for node, change in pairs if node.mass.degree() >= 0]

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The sums of the weight times the masses."""
        count, moments = self._terms, self._moments
        found, left = [arb(0)] * 3, [arb(0)] * 3
        steep = self.count * self._steep(n)
        for node, change in self._seen:
            most = self._share * weight_at(n, node.above[0] - change) + steep
            with series_length(count):
                weight = self._weight(n, node)
                for i, row in enumerate(node.parts):
                    product = arb_series(row.coeffs(), prec=count) * weight
                    found[i] += dot(product.coeffs(), moments)
                    left[i] += most * polynomial_size(row, self._radius)
        return [total + arb(0, rest.upper()) for total, rest in zip(found, left, strict=True)]

    def costs(self, n: int, above: arb) -> arb:
        """Its part of the KL, the sum of ``a w log w``."""
        turns = [self._turn(n, node, change) for node, change in self._seen]
        if self.count > 1 and not all(turn < MOST_TURN for turn in turns):
            return sum((half.costs(n, above) for half in self.halves), arb(0))
        total, steep = arb(0), self.count * self._steep(n)
        for (node, change), turn in zip(self._seen, turns, strict=True):
            mass, own = node.mass, node.above
            with series_length(self._terms):
                weight = self._weight(n, node)
                if self.count == 1:
                    total += entropy_term(mass[0] * weight[0], mass[0])
                else:
                    row = arb_series(mass.coeffs(), prec=self._terms)
                    total += dot((row * weight * weight.log()).coeffs(), self._moments)
            # On the disc log w is off by so much; on the atoms it is at most log n in size, or so
            # much below 0 as the ranks allow.
            size = abs(weight[0].log()) + 2 * turn - turn.cos().log()
            least = own[0] + mass[0] + change + 2 * self.block.rank_missed
            slope = 1 + arb(n).log() - n * (-least).log1p()
            left = steep * slope
            if self.count > 1:
                left += self._share * weight_at(n, own[0] - change) * size
            total += arb(0, (left * polynomial_size(mass, self._radius)).upper())
        return total

    @staticmethod
    def _turn(n: int, node: AtomNode, change: arb) -> arb:
        """The E of the module's docstring, at a node."""
        before = 1 - node.above[0] - node.mass[0]
        return -(n - 1) * (-change / before).log1p()
