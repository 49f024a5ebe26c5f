"""Bounds of what ``U = X + V`` has in an interval on which its density is not expanded.

The range of v is cut into cells. On a cell C, with D the x that belong to it and w the width of the
interval, the mass is at most ``Pr(V in C) Pr(X in D)``, ``w Pr(V in C) sup_D f_X`` and
``w Pr(X in D) sup_C f_V``. Where the least of the three is large, the cell is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import pairwise

from flint import acb, arb

from verify.best_of.parts.density import Atom, Density
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.sizes import Sizes

#: Cells at most.
MOST_CELLS = 240
#: Share of the bound below which a cell is not worth halving.
SHARE = 2.0**-8


@dataclass(frozen=True)
class _Cell:
    """Values of v from one exact point to another (None: no limit), and what lies there."""

    low: arb | None
    high: arb | None
    bounds: Beyond

    def __lt__(self, other: _Cell) -> bool:
        """For a heap: the largest mass first, and one that is not known before all."""
        return self.size > other.size

    @cached_property
    def size(self) -> float:
        """The bound of its mass; infinite where there is none."""
        mass = self.bounds.mass
        return float(mass.upper()) if mass.is_finite() else float("inf")


def of_atoms(
    atoms: tuple[Atom, ...], density: Density, atoms_are_v: bool, low: arb, high: arb
) -> Beyond:
    """Bounds for atoms of one of X and V beside a density of the other."""
    mass, of_atom, of_density = arb(0), arb(0), arb(0)
    for x, share in atoms:
        ends = (low - x).lower(), (high - x).upper()
        part = share * density.mass(*ends)
        mass, of_atom = mass + part, of_atom + part * abs(arb(x))
        of_density += share * density.moment(*ends)
    in_order = (of_atom, of_density) if atoms_are_v else (of_density, of_atom)
    return Beyond(mass.upper(), *in_order)


def of_densities(
    error: Density, utility: Density, low: arb, high: arb, enough: arb | None = None
) -> Beyond:
    """Bounds for a density of X with one of V; not sharper than a mass that is little enough."""
    first, last = _range(error, utility, low, high)
    if first is not None and last is not None and not first < last:
        return Beyond(arb(0), arb(0), arb(0))
    inside = utility.knots[0].place.mid() if first is None and last is None else None
    cuts = [first, *([] if inside is None else [inside]), last]
    cells = [_Cell(p, q, _bounds(error, utility, p, q, low, high)) for p, q in pairwise(cuts)]
    heapify(cells)
    little = arb(0) if enough is None else enough
    # |V| and |X| are of this size, where the interval is.
    size = little * (abs(low.union(high)).upper() + error.spread + utility.spread)
    endless = arb.pos_inf()  # nothing is asked of a mean that is infinite
    means = (size if one.mean_size.is_finite() else endless for one in (utility, error))
    goals = Sizes(little, *means)
    for _ in range(MOST_CELLS):
        total = sum(cell.size for cell in cells)
        if not cells[0].size > SHARE * total:
            break
        if total < little and _total(cells).within(goals):
            break
        cell = heappop(cells)
        middle = _middle(cell, utility.spread)
        for p, q in ((cell.low, middle), (middle, cell.high)):
            heappush(cells, _Cell(p, q, _bounds(error, utility, p, q, low, high)))
    return Beyond(*_total(cells))


def _total(cells: list[_Cell]) -> Sizes:
    """The sums over cells."""
    total = Sizes(arb(0), arb(0), arb(0))
    for cell in cells:
        total = total.plus(Sizes(cell.bounds.mass, cell.bounds.of_v, cell.bounds.of_x))
    return total


def _range(error: Density, utility: Density, low: arb, high: arb) -> tuple[arb | None, arb | None]:
    """The v for which both densities may be above 0."""
    below = [] if utility.low is None else [utility.low.lower()]
    below += [] if error.high is None else [(low - error.high).lower()]
    above = [] if utility.high is None else [utility.high.upper()]
    above += [] if error.low is None else [(high - error.low).upper()]
    return max(below, key=float, default=None), min(above, key=float, default=None)


def _middle(cell: _Cell, spread: arb) -> arb:
    """Where a cell is cut; an endless one ever farther out."""
    if cell.low is not None and cell.high is not None:
        return ((cell.low + cell.high) / 2).mid()
    if cell.low is not None:
        return (cell.low + abs(cell.low) + spread).mid()
    if cell.high is not None:
        return (cell.high - abs(cell.high) - spread).mid()
    return arb(0)


def _bounds(
    error: Density, utility: Density, first: arb | None, last: arb | None, low: arb, high: arb
) -> Beyond:
    """Bounds on one cell."""
    x_ends = (None if last is None else low - last, None if first is None else high - first)
    p, q = error.mass(*x_ends), utility.mass(first, last)
    if first is None or last is None or x_ends[0] is None or x_ends[1] is None:
        sizes = Sizes(p * q, p * utility.moment(first, last), q * error.moment(*x_ends))
        return Beyond(*sizes.by_sum(abs(low.union(high)).upper()))
    width, c, d = (high - low).upper(), first.union(last), x_ends[0].union(x_ends[1])
    mass = (p * q).upper()
    for near in (q * width * error.over(acb(d)), p * width * utility.over(acb(c))):
        if near.is_finite():
            mass = mass.min(near.upper())
    return Beyond(mass, mass * abs(c).upper(), mass * abs(d).upper())
