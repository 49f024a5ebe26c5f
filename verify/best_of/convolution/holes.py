"""Bounds of what ``U = X + V`` has in an interval on which its density is not expanded.

The range of v is cut into cells. On a cell C, with D the x that belong to it and w the width of the
interval, the mass is at most ``Pr(V in C) Pr(X in D)``, ``w Pr(V in C) sup_D f_X`` and
``w Pr(X in D) sup_C f_V``. Where the least of the three is large, the cell is halved.

*From below*, the mass on a cell is at least ``w Pr(V in C) inf_D f_X``, and, where ``X + V`` is in
the interval for all v of C and x of a D', at least ``Pr(V in C) Pr(X in D')``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from flint import acb, arb

from verify.best_of.parts.density import Atom, Density
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.sizes import Sizes, v_and_x

#: Cells at most, and where the mass is sought from both sides.
MOST_CELLS, MOST_WITHIN = 240, 480
#: Share of the bound below which a cell is not worth halving.
SHARE = 2.0**-8


class Within(NamedTuple):
    """What a part of the line of V has of an interval of U: at least and at most, and its x."""

    least: arb
    most: Beyond
    x: arb | None


@dataclass(frozen=True)
class _Cell:
    """Values of v from one exact point to another (None: no limit), and what lies there."""

    low: arb | None
    high: arb | None
    bounds: Beyond
    least: arb

    def __lt__(self, other: _Cell) -> bool:
        """For a heap: first where the mass is known least, and before all where it is not."""
        return self.size > other.size

    @cached_property
    def size(self) -> float:
        """How far its mass may be from the least; infinite where there is no bound."""
        mass = self.bounds.mass
        return float((mass - self.least).upper()) if mass.is_finite() else float("inf")


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
    return Beyond(mass.upper(), *v_and_x(of_atom, of_density, atoms_are_v))


def of_densities(
    error: Density, utility: Density, low: arb, high: arb, enough: arb | None = None
) -> Beyond:
    """Bounds for a density of X with one of V; not sharper than a mass that is little enough."""

    def make(p: arb | None, q: arb | None) -> _Cell:
        return _Cell(p, q, _bounds(error, utility, p, q, low, high), arb(0))

    cells = _first_cells(error, utility, low, high, make)
    if not cells:
        return Beyond(arb(0), arb(0), arb(0))
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
        _halve(cells, utility.spread, make)
    return Beyond(*_total(cells))


def densities_within(error: Density, utility: Density, low: arb, high: arb) -> list[Within]:
    """For a density of X with one of V, from both sides; nothing where U has none."""

    def make(p: arb | None, q: arb | None) -> _Cell:
        bounds = _bounds(error, utility, p, q, low, high)
        return _Cell(p, q, bounds, _least(error, utility, p, q, low, high))

    cells = _first_cells(error, utility, low, high, make)
    for _ in range(MOST_WITHIN):
        if not cells or not sum(cell.size for cell in cells) > SHARE * _total(cells).mass:
            break
        _halve(cells, utility.spread, make)
    found = []
    for cell in cells:
        p, q = cell.low, cell.high
        x = None if p is None or q is None else (low - q).union(high - p)
        found.append(Within(cell.least, cell.bounds, x))
    return found


def atoms_within(
    atoms: tuple[Atom, ...], density: Density, atoms_are_v: bool, low: arb, high: arb
) -> list[Within]:
    """The same for atoms of one of X and V beside a density of the other."""
    found = []
    for atom in atoms:
        x, share = atom
        most = of_atoms((atom,), density, atoms_are_v, low, high)
        near, far = (low - x).upper(), (high - x).lower()
        least = (share * density.mass(near, far)).lower() if near < far else arb(0)
        found.append(Within(least, most, (low - x).union(high - x) if atoms_are_v else arb(x)))
    return found


def _first_cells(
    error: Density,
    utility: Density,
    low: arb,
    high: arb,
    make: Callable[[arb | None, arb | None], _Cell],
) -> list[_Cell]:
    """The v for which both densities may be above 0, as a heap; none where there are none."""
    first, last = _range(error, utility, low, high)
    if first is not None and last is not None and not first < last:
        return []
    inside = utility.knots[0].place.mid() if first is None and last is None else None
    cuts = [first, *([] if inside is None else [inside]), last]
    cells = [make(p, q) for p, q in pairwise(cuts)]
    heapify(cells)
    return cells


def _halve(
    cells: list[_Cell], spread: arb, make: Callable[[arb | None, arb | None], _Cell]
) -> None:
    """Cut the first cell of a heap in two."""
    cell = heappop(cells)
    middle = _middle(cell, spread)
    for p, q in ((cell.low, middle), (middle, cell.high)):
        heappush(cells, make(p, q))


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


def _least(
    error: Density, utility: Density, first: arb | None, last: arb | None, low: arb, high: arb
) -> arb:
    """What the mass on one cell is at least."""
    if first is None or last is None:
        return arb(0)
    own, found = utility.mass(first, last), arb(0)
    near, far = low - first, high - last
    if near < far:
        found = (own * error.mass(near, far)).lower()
    away = (low - last).union(high - first)
    ends = (error.low is None or away > error.low, error.high is None or away < error.high)
    if all(ends):
        height = own * (high - low) * error.at(away)
        if height.is_finite():
            found = found.max(height.lower())
    return found.max(arb(0))
