"""An interval next to a corner, where X is about the same all over it, as one point.

Next to the sum of two ends of X and V, as near as no interval comes, U is there because X is next
to its end and V next to its own. The best of n asks for the mass there, for one x that X is close
to on the average, and for ``E|X - x|``, whatever the weight; V is ``U - X``. The mass is known from
both sides (:mod:`verify.best_of.convolution.holes`).
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb

from verify.best_of.convolution.holes import Within
from verify.best_of.convolution.interval_sums import Place
from verify.best_of.panel import Panel
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.jumps import Lump


def lumped(rows: Sequence[Within], hole: Place) -> tuple[Lump, Panel] | None:
    """An interval of t as a point and what that misses; None where no mass is sure.

    Parameters
    ----------
    rows : sequence of Within
        What U has in it.
    hole : Place
        The interval, in t itself.
    """
    mass = sum((row.least.union(row.most.mass) for row in rows), arb(0))
    if not mass > 0:
        return None
    near = [(row.least.union(row.most.mass).mid(), row.x) for row in rows if row.x is not None]
    x = (sum((part * place for part, place in near), arb(0)) / mass).mid()
    v = hole.middle - x
    off_x = sum((_off(row, x) for row in rows), arb(0)).upper()
    off_v = (off_x + mass * hole.half).upper()
    at_most = mass.upper()
    sizes = at_most * abs(v) + off_v, at_most * abs(x) + off_x
    lump = Lump(hole.middle.fmpq(), mass, mass * v, mass * x, sizes)
    # The weight is largest at the right end: what is missed belongs there.
    right = Place(hole.middle, hole.high)
    return lump, Panel.unknown(right, Beyond(arb(0), off_v, off_x))


def _off(row: Within, x: arb) -> arb:
    """A bound of its ``E|X - x|``."""
    most = row.most
    return most.of_x + abs(x) * most.mass if row.x is None else abs(row.x - x).upper() * most.mass
