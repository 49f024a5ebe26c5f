"""A law as points with masses, in float64: what sums over a pair of laws are made of.

Where a law has a density the points are Gauss-Legendre nodes on panels that widen with the distance
from the median, out to where next to no mass is left; atoms are taken as they are. Sums of smooth
functions over them converge fast; how far they are off is for the caller to see, by comparing two
resolutions. Nothing here is certified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.affine import Affine
from verify.enclosure import Diverges, ball, working_precision
from verify.errors import InputError
from verify.law import Law
from verify.mixture import Mixture
from verify.ranks import Rank
from verify.taylor_series import corners

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Precision of what is then rounded to float64.
BITS = 64
#: Panels reach to where the log of the mass beyond is below this: a light tail is needed as far
#: as tilts close to its rate look; a heavy one has no tilts, and its means converge by then.
FARTHEST_LIGHT, FARTHEST_HEAVY = -690.0, -92.0
#: Panels end here at the latest, in the law's own widths.
FARTHEST_WIDTHS = 1e60
#: The first panel, in widths of the law, and the growth of the next one.
FIRST_PANEL, GROWTH_LIGHT, GROWTH_HEAVY = 0.25, 1.15, 1.5
#: Panels halve towards the end of a support, where a density may be singular, until the log of
#: the mass that is left is below this; and at most so often.
LEAST_AT_END, MOST_HALVINGS = -32.0, 400
#: Closer to an end than this share of it float64 has no room for the nodes of a panel.
CLOSEST = 1e-12
#: Away from the end of a support a panel is at most as long as this share of the distance from it.
NEARBY = 0.75
#: Atoms are listed until so little mass is left; and at most so many.
LEAST_LEFT, MOST_ATOMS = 1e-30, 20_000
#: A tail is interpolated where less than this share of the mass is in it: a bit more than half.
ENOUGH = 0.75
#: Less than this has lost digits in float64, and counts as nothing.
LEAST = 1e-300
#: How far the masses may be from 1 in all.
MASS_ERROR = 1e-7


@dataclass(frozen=True)
class Nodes:
    """Points and masses.

    Attributes
    ----------
    points, masses : array
        In increasing order; the masses sum to about 1.
    rank : Rank of arrays
        ``Q(X <= x)`` and ``Q(X > x)`` at each point.
    closed : array
        ``Q(X >= x)``: more than ``rank.above`` at an atom.
    """

    points: Floats
    masses: Floats
    rank: Rank[Floats]
    closed: Floats


@dataclass(frozen=True)
class RankFunction:
    """The rank of any point under a law with a density, between its nodes.

    The logarithm of the tail that is the smaller one is interpolated by cubics that have its slope,
    the hazard, at the nodes: the error falls like the fourth power of their distance.
    """

    upper: Any
    lower: Any
    median: float
    ends: tuple[float, float]

    def __call__(self, x: Floats) -> Rank[Floats]:
        import numpy as np

        high = x >= self.median
        smaller = np.empty_like(x)
        smaller[high] = np.exp(self.upper(np.minimum(x[high], self.ends[1])))
        smaller[~high] = np.exp(self.lower(np.maximum(x[~high], self.ends[0])))
        # Beyond the last node nothing is left, or the support has ended.
        smaller[(x > self.ends[1]) | (x < self.ends[0])] = 0.0
        return Rank(np.where(high, 1 - smaller, smaller), np.where(high, smaller, 1 - smaller))


@lru_cache(maxsize=32)
def rank_function(law: Law, order: int) -> RankFunction:
    """The rank function of a law with a density, from its nodes."""
    import numpy as np
    from scipy.interpolate import CubicHermiteSpline

    nodes = nodes_of(law, order)
    points, rank = nodes.points, nodes.rank
    with working_precision(BITS):
        density = np.array([_finite(law.density(arb(float(x)))) for x in points])
        median = float(law.quantile(fmpq(1, 2)))

    def spline(mass: Floats, slope: Floats) -> Any:
        known = (mass > LEAST) & (mass < ENOUGH) & (density > 0)
        return CubicHermiteSpline(points[known], np.log(mass[known]), slope[known] / mass[known])

    upper, lower = spline(rank.above, -density), spline(rank.below, density)
    known = points[(rank.below > LEAST) & (rank.above > LEAST)]
    return RankFunction(upper, lower, median, (float(known[0]), float(known[-1])))


@lru_cache(maxsize=32)
def nodes_of(law: Law, order: int) -> Nodes:
    """The nodes of a law.

    Parameters
    ----------
    order : int
        Nodes of each panel.

    Raises
    ------
    InputError
        If float64 does not hold the law: its masses do not sum to 1.
    """
    import numpy as np

    with working_precision(BITS):
        points, masses = _pieces(law, order)
        kept = masses > 0
        # Points that float64 does not tell apart, beside the end of a support, become one.
        points, which = np.unique(points[kept], return_inverse=True)
        masses = np.bincount(which, weights=masses[kept]).astype(np.float64)
        total = float(masses.sum())
        if not abs(total - 1) < MASS_ERROR:
            raise InputError(
                f"{law}: its masses sum to {total:.9g} in float64, expected 1; "
                "a law that is less spread out, or has a bounded density, is wanted"
            )
        places = [arb(float(x)).fmpq() for x in points]
        below = np.array([float(law.cdf(x)) for x in places])
        above = np.array([float(law.survival(x)) for x in places])
        closed = np.array([float(law.survival(x, closed=True)) for x in places])
    return Nodes(points, masses / total, Rank(below, above), closed if law.has_atoms else above)


def _pieces(law: Law, order: int) -> tuple[Floats, Floats]:
    """Points and masses, in any order; the parts of a mixture each have their own."""
    import numpy as np

    if isinstance(law, Mixture):
        parts = [(float(arb(w)), *_pieces(part, order)) for w, part in law.components]
        points = np.concatenate([points for _, points, _ in parts])
        return points, np.concatenate([weight * masses for weight, _, masses in parts])
    if isinstance(law, Affine):
        points, masses = _pieces(law.base, order)
        return float(arb(law.shift)) + float(arb(law.scale)) * points, masses
    if not law.has_atoms:
        return _of_density(law, order)
    try:
        return _of_atoms(law)
    except TypeError:  # a density, and an atom at the lower end, as tails have it
        low = law.support[0]
        assert not isinstance(low, Diverges)
        mass = float(law.mass_at(ball(low).mid().fmpq()))
        points, masses = _of_density(law, order, mass)
        return np.append(points, float(ball(low))), np.append(masses, mass)


def _of_atoms(law: Law) -> tuple[Floats, Floats]:
    import numpy as np

    points: list[float] = []
    masses: list[float] = []
    for x, mass in law.atoms():
        points.append(float(arb(x)))
        masses.append(float(mass))
        if len(points) > MOST_ATOMS:
            raise InputError(f"{law}: more than {MOST_ATOMS} atoms are too many for a comparison")
        if len(points) % 64 == 0 and law.log_survival(x) < np.log(LEAST_LEFT):
            break
    return np.array(points), np.array(masses)


def _of_density(law: Law, order: int, atom: float = 0.0) -> tuple[Floats, Floats]:
    """The part that has a density; ``atom`` is the mass of the lower end, which is not in it."""
    import numpy as np

    breaks = _breaks(law, atom)
    inner, weights = np.polynomial.legendre.leggauss(order)
    half = np.diff(breaks)[:, None] / 2
    points = ((breaks[1:] + breaks[:-1])[:, None] / 2 + half * inner).ravel()
    lengths = (half * weights).ravel()
    densities = np.array([_finite(law.density(arb(float(x)))) for x in points])
    return points, lengths * densities


def _finite(value: arb) -> float:
    return float(value.mid()) if value.is_finite() else 0.0


def _breaks(law: Law, atom: float) -> Floats:
    """The ends of the panels, laid out by the quartiles of what is not in the atom."""
    import numpy as np

    levels = (atom + (1 - atom) * k / 4 for k in (1, 2, 3))
    quarter, median, three = (float(law.quantile(arb(level))) for level in levels)
    width = three - quarter
    found = [median, *(float(corner) for corner in corners(law))]
    for side in (-1, 1):
        found += _side(law, median, width, side)
    places = np.unique(np.array(found))
    ends = [None if isinstance(end, Diverges) else float(ball(end)) for end in law.support]
    low, high = (
        places[0] if ends[0] is None else ends[0],
        places[-1] if ends[1] is None else ends[1],
    )
    return places[(places >= low) & (places <= high)]


def _side(law: Law, median: float, width: float, side: int) -> list[float]:
    """The ends of the panels on one side of the median."""
    ends = [None if isinstance(end, Diverges) else float(ball(end)) for end in law.support]
    end, other_end = ends if side < 0 else ends[::-1]
    tail = law.left_tail if side < 0 else law.right_tail
    log_mass = law.log_cdf if side < 0 else law.log_survival
    heavy = tail.abscissa is None or tail.abscissa == 0
    growth = GROWTH_HEAVY if heavy else GROWTH_LIGHT
    farthest = FARTHEST_HEAVY if heavy else FARTHEST_LIGHT
    found = [] if end is None else list(_towards(end, median, log_mass))
    step, place = FIRST_PANEL * width, median
    while abs(place - median) < FARTHEST_WIDTHS * width:
        if other_end is not None:  # a density may vary on the scale of the distance from there
            step = min(step, NEARBY * abs(place - other_end))
        place += side * step
        if end is not None and side * (place - end) >= 0:
            break
        found.append(place)
        if float(log_mass(arb(place))) < farthest:
            break
        step *= growth
    return found


def _towards(end: float, median: float, log_mass: Callable[[arb], arb]) -> Iterator[float]:
    """Places ever closer to the end of the support, until next to nothing is left beyond."""
    yield end
    distance = median - end
    for _ in range(MOST_HALVINGS):
        distance /= 2
        if abs(distance) < CLOSEST * abs(end):
            return
        place = end + distance
        yield place
        if float(log_mass(arb(place))) < LEAST_AT_END:
            return
