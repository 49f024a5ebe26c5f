"""The law of a sum in cells: how much of it lies in each, where, and how much of one part.

For ``U = X + V`` with V as points with masses and X with a density,
``Pr(U > t) = sum_v q_v Pr(X > t - v | V = v)`` is a smooth function of t. Its differences are the
masses of the cells, and its integral over a cell (Simpson's rule) says where in the cell they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.copulas import Copula
from verify.law import Law
from verify.mitigations.nodes import Nodes, nodes_of, rank_function
from verify.ranks import FLOAT_RANKS, Rank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Points of t that are worked on at a time: what bounds the memory.
AT_ONCE = 1000
#: Up to so many widths from the median the cells, half of them, are as wide as each other; farther
#: out their width is in proportion to the distance.
BODY = 8.0


@dataclass(frozen=True)
class Resolution:
    """How finely laws are resolved.

    Attributes
    ----------
    order : int
        Nodes of a panel of a law.
    scores : int
        About how many cells a profile has.
    """

    order: int
    scores: int


@dataclass(frozen=True)
class Cells:
    """A law of sums.

    Attributes
    ----------
    score : array
        ``E[U | cell]``, in increasing order.
    mass : array
        ``Pr(cell)``.
    outer : array
        ``E[V | cell]``, for the part V that is given as points.
    """

    score: Floats
    mass: Floats
    outer: Floats


def cells_of_sum(
    inner: Law, outer: Nodes, resolution: Resolution, copula: Copula | None = None
) -> Cells:
    """The law of ``X + V``, for X with a density and V as points.

    Parameters
    ----------
    inner : Law
        The law of X.
    outer : Nodes
        The points of V.
    copula : Copula, optional
        What joins the ranks of X and V, in this order; without one they are independent.
    """
    import numpy as np

    ranks = rank_function(inner, resolution.order)
    edges = _edges(inner, outer, resolution)
    places = np.empty(2 * len(edges) - 1)
    places[::2], places[1::2] = edges, (edges[1:] + edges[:-1]) / 2
    given = Rank(outer.rank.below[None, :], outer.rank.above[None, :])
    sums: list[tuple[Floats, ...]] = []
    for start in range(0, len(places), AT_ONCE):
        rank = ranks(places[start : start + AT_ONCE, None] - outer.points)
        if copula is not None:
            rank = _conditional(copula, rank, given)
        weighted = outer.masses * outer.points
        sums.append(
            (
                rank.above @ outer.masses,
                rank.below @ outer.masses,
                rank.above @ weighted,
                rank.below @ weighted,
            )
        )
    above, below, outer_above, outer_below = (
        np.concatenate(part) for part in zip(*sums, strict=True)
    )
    upper = above < below
    left, right = slice(0, -2, 2), slice(2, None, 2)
    middle = slice(1, None, 2)
    on_top = upper[left]
    mass = np.where(on_top, above[left] - above[right], below[right] - below[left])
    part = np.where(
        on_top, outer_above[left] - outer_above[right], outer_below[right] - outer_below[left]
    )
    width = np.diff(edges)
    # E[U; cell] - left Pr(cell) is the integral of Pr(t < U <= right), and the like from below.
    gained = np.where(
        on_top,
        (above[left] + 4 * above[middle] + above[right]) / 6 - above[right],
        below[right] - (below[left] + 4 * below[middle] + below[right]) / 6,
    )
    kept = mass > 0
    mass, part, gained = mass[kept], part[kept], gained[kept]
    share = np.clip(gained / mass, 0.0, 1.0)
    score = edges[:-1][kept] + width[kept] * share
    return Cells(score, mass / mass.sum(), part / mass)


def _conditional(copula: Copula, rank: Rank[Floats], given: Rank[Floats]) -> Rank[Floats]:
    import numpy as np

    with np.errstate(all="ignore"):  # at ranks that float64 rounds to 0 or 1
        found = copula.conditional(rank, given, FLOAT_RANKS)
    below = np.where(rank.below <= 0, 0.0, np.where(rank.above <= 0, 1.0, found.below))
    above = np.where(rank.above <= 0, 0.0, np.where(rank.below <= 0, 1.0, found.above))
    return Rank(np.nan_to_num(below), np.nan_to_num(above))


def _edges(inner: Law, outer: Nodes, resolution: Resolution) -> Floats:
    """The ends of the cells."""
    import numpy as np

    points = nodes_of(inner, resolution.order)
    low = points.points[0] + outer.points[0]
    high = points.points[-1] + outer.points[-1]

    def quartiles(nodes: Nodes) -> Floats:
        found: Floats = np.interp((0.25, 0.5, 0.75), np.cumsum(nodes.masses), nodes.points)
        return found

    one, two = quartiles(points), quartiles(outer)
    centre, width = one[1] + two[1], float(np.hypot(one[2] - one[0], two[2] - two[0]))
    start, end = max(low, centre - BODY * width), min(high, centre + BODY * width)
    pieces = [np.linspace(start, end, resolution.scores // 2 + 1)]
    if low < start:
        pieces.insert(
            0, centre - np.geomspace(centre - low, centre - start, resolution.scores // 4)
        )
    if high > end:
        pieces.append(centre + np.geomspace(end - centre, high - centre, resolution.scores // 4))
    return np.unique(np.concatenate(pieces))
