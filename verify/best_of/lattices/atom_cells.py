"""A power tail on a lattice beside atoms: many cells of the lattice at once.

Let X have its atoms at ``shift + step k``, and let V have the atom v in cell m, ``v = r - step m``
with ``0 <= r < step``. Each r that occurs is a node: at ``shift + step K + r`` U has the mass
``sum over m of p(K + m) q(r - step m)``, which is smooth in K, and so is ``S = Pr(U > u)``. All of
:mod:`verify.best_of.lattices.blocks` holds, without rules.

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

from functools import cached_property

from flint import arb, arb_mat, arb_poly, arb_series, fmpq

from verify.best_of.lattices.blocks import Block, Cells, power_sums
from verify.best_of.lattices.cell import Cell, Window
from verify.best_of.parts.density import Parts
from verify.best_of.ranks import RADIUS, polynomial_size, terms, weight_at
from verify.divergence import entropy_term
from verify.enclosure import Undecided
from verify.taylor_series import SERIES, series_length

#: The E of the module's docstring, at most.
MOST_TURN = 1.5


class AtomCell(Cell):
    """The atoms of V as seen from one cell of a lattice: nodes without a rule.

    Parameters
    ----------
    parts : Parts
        V: atoms, and what is left out of them.
    step : fmpq
        The distance of two atoms of the lattice.
    """

    def __init__(self, parts: Parts, step: fmpq) -> None:
        self.parts, self.step = parts, arb(step)
        shifts = [-int((v / step).floor()) for v, _ in parts.atoms]
        places = [v + step * m for (v, _), m in zip(parts.atoms, shifts, strict=True)]
        self.residues = sorted(set(places))
        self.nodes = [(arb(place), arb(1)) for place in self.residues]
        index = {place: j for j, place in enumerate(self.residues)}
        #: For each atom its node, its cell, its place and its mass.
        self.atoms = [
            (index[place], m, v, mass)
            for place, m, (v, mass) in zip(places, shifts, parts.atoms, strict=True)
        ]

    def window(self, goal: arb) -> Window:
        """The least cells beyond which atoms have less than a goal on either side.

        The first one is empty: what lies above a node of a cell may be of the cell before.
        """
        last, first = (self._outermost(atoms, goal) for atoms in (self.atoms, self.atoms[::-1]))
        out = [(v, mass) for _, m, v, mass in self.atoms if not first <= m <= last]
        mass = sum((mass for _, mass in out), arb(0))
        of_v = sum((mass * abs(arb(v)) for v, mass in out), arb(0))
        mass += sum((rest.mass for rest in self.parts.left_out), arb(0))
        of_v += sum((rest.mean for rest in self.parts.left_out), arb(0))
        return Window(first - 1, last, mass.upper(), of_v.upper())

    @staticmethod
    def _outermost(atoms: list[tuple[int, int, fmpq, arb]], goal: arb) -> int:
        """The cell of the first atom with which a goal is reached."""
        total = arb(0)
        for _, m, _, mass in atoms:
            total += mass
            if not total < goal:
                return m
        raise Undecided("atoms that have no mass to speak of beside a lattice")

    def inside(self, window: Window) -> list[tuple[int, int, fmpq, arb]]:
        """The atoms of a window."""
        return [atom for atom in self.atoms if window.first < atom[1] <= window.last]

    def matrices(self, window: Window) -> tuple[arb_mat, arb_mat, arb_mat]:
        """``q(v)``, ``v q(v)``, and ``Pr(r - step (m + 1) < V <= r - step m)``: a row a shift.

        A column a node r; the third one has another one, of what is seen from before the cell.
        """
        count, nodes = window.last - window.first + 1, len(self.nodes)
        mass, of_v = ([[arb(0)] * nodes for _ in range(count)] for _ in range(2))
        between = [[arb(0)] * (nodes + 1) for _ in range(count)]
        for i, m, v, q in self.inside(window):
            k = m - window.first
            mass[k][i] += q
            of_v[k][i] += q * v
            for j in range(nodes + 1):
                row = between[k if i <= j < nodes else k - 1]
                row[j] += q
        return arb_mat(mass), arb_mat(of_v), arb_mat(between)


class AtomBlock(Block):
    """The cells K from ``first`` on, so many; see :class:`~.lattice_blocks.Block`."""

    def _rules(self) -> list[object]:  # type: ignore[override]
        """None: a sum over atoms is exact."""
        return []

    def rules_missed(self, n: int, above: arb) -> tuple[arb, arb, arb]:
        """Nothing."""
        return arb(0), arb(0), arb(0)

    @property
    def whole(self) -> AtomCells:
        """All its cells."""
        return AtomCells(self, self.first, self.count)


class AtomCells(Cells):
    """Some of a block's cells: those that the weight changes little on."""

    @cached_property
    def _mass(self) -> list[arb_poly]:
        return self._shifted(self.block.mass)

    @cached_property
    def _changes(self) -> list[arb]:
        """For each node: of S at and before its atom."""
        found = []
        for above, mass in zip(self._above, self._mass, strict=True):
            before = above + mass
            change = polynomial_size(above - above[0], self._radius)
            found.append(change.max(polynomial_size(before - before[0], self._radius)))
        return found

    @cached_property
    def halves(self) -> tuple[AtomCells, ...]:
        """Its halves, the left one first; itself, if it is one cell."""
        if self.count == 1:
            return (self,)
        left = self.count // 2
        rest = AtomCells(self.block, self.first + left, self.count - left)
        return AtomCells(self.block, self.first, left), rest

    @cached_property
    def _moments(self) -> list[arb]:
        """``sum of y^k`` over its cells, for each k."""
        return [moment * self.half**k for k, moment in enumerate(power_sums(self.count))]

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

    def _weight(self, n: int, j: int) -> arb_series:
        """The weight at a node, as a series; flint's cap on series is to be in force."""
        count = self._terms
        above, mass = (arb_series(p.coeffs(), prec=count) for p in (self._above[j], self._mass[j]))
        here = SERIES.log1p(-above) * n
        fall = SERIES.log1p(-mass / (1 - above)) * n
        weight: arb_series = -here.exp() * SERIES.expm1(fall) / mass
        return weight

    def _sum(self, series: arb_series) -> arb:
        """The sum of a series over the cells."""
        pairs = zip(series.coeffs(), self._moments, strict=False)
        return sum((c * moment for c, moment in pairs if moment != 0), arb(0))

    @property
    def _seen(self) -> list[int]:
        """The nodes that have a mass in the window."""
        return [j for j, mass in enumerate(self.block.mass) if mass.degree() >= 0]

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The sums of the weight times the masses."""
        block, count = self.block, self._terms
        found, left = [arb(0)] * 3, [arb(0)] * 3
        shifted = [self._mass, *(self._shifted(rows) for rows in (block.of_v, block.lifted))]
        steep = self.count * self._steep(n)
        for j in self._seen:
            most = self._share * weight_at(n, self._above[j][0] - self._changes[j]) + steep
            with series_length(count):
                weight = self._weight(n, j)
                for i, rows in enumerate(shifted):
                    product = arb_series(rows[j].coeffs(), prec=count) * weight
                    found[i] += self._sum(product)
                    left[i] += most * polynomial_size(rows[j], self._radius)
        tail = block.tail
        left[2] = abs(arb(tail.shift)) * left[0] + arb(tail.step) * left[2]
        found[2] = tail.shift * found[0] + tail.step * found[2]
        parts = [total + arb(0, rest.upper()) for total, rest in zip(found, left, strict=True)]
        return list(block.in_order(*parts))

    def costs(self, n: int, above: arb) -> arb:
        """Its part of the KL, the sum of ``a w log w``."""
        turns = [self._turn(n, j) for j in self._seen]
        if self.count > 1 and not all(turn < MOST_TURN for turn in turns):
            return sum((half.costs(n, above) for half in self.halves), arb(0))
        total, steep = arb(0), self.count * self._steep(n)
        for j, turn in zip(self._seen, turns, strict=True):
            mass, own, change = self._mass[j], self._above[j], self._changes[j]
            with series_length(self._terms):
                weight = self._weight(n, j)
                if self.count == 1:
                    total += entropy_term(mass[0] * weight[0], mass[0])
                else:
                    row = arb_series(mass.coeffs(), prec=self._terms)
                    total += self._sum(row * weight * weight.log())
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

    def _turn(self, n: int, j: int) -> arb:
        """The E of the module's docstring, at a node."""
        before = 1 - self._above[j][0] - self._mass[j][0]
        return -(n - 1) * (-self._changes[j] / before).log1p()
