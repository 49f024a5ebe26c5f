"""What a picture of a certificate shows: curves of two laws over rewards, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.assertion import (
    Assertion,
    BoundedByTilt,
    ByIdentity,
    ByThreshold,
    ByTilt,
    ByTiltedThreshold,
)
from verify.decimals import rational
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.errors import InputError
from verify.law import Law
from verify.reweighted import Tilted, reweight
from verify.weight import Tilt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS, BINS = 300, 60
BITS = 128
"""Precision, and more where a threshold has little mass."""

LARGEST_LOG10 = 250
"""log10 of the largest rewards that can be drawn."""

LEAST_REWARD = fmpq(10) ** -LARGEST_LOG10
"""A logarithmic axis begins here at the earliest."""

LEAST_LOG = -460.0
"""Logarithm of the least probabilities that are drawn; below it a curve has a gap."""

LEVELS = fmpq(1, 1000), fmpq(1, 4), fmpq(1, 2), fmpq(3, 4), fmpq(999, 1000)
"""The body of a law is between the first and the last of these quantiles, its width between the
quartiles."""

FAR = 60
"""Ranges of more than this many widths are not seen on a linear scale."""

TILTED_REACH = 4
"""Standard deviations above its mean up to which a tilted law is drawn."""

STEPS, LEAST_SHARE = 600, 1e-9
"""Steps of the float64 integral for the tail of a tilted law, which stops at this share of it."""

MOST_ATOMS, MOST_MARKED = 20_000, 40
"""Atoms that are looked at, and that are marked one by one."""


@dataclass(frozen=True)
class Curves:
    """Values of a base law, and of a reweighted one, over the same rewards; NaN is a gap."""

    x: NDArray[np.float64]
    base: NDArray[np.float64]
    reweighted: NDArray[np.float64] | None
    separate: bool = False
    """Whether the values belong to single atoms."""
    steps: bool = False
    """Whether each value is for the bin that begins there."""


@dataclass(frozen=True)
class Picture:
    """All that is drawn."""

    name: str
    shapes: Curves
    shape_name: str
    tails: Curves
    base_mean: float | None
    reweighted_mean: float | None
    places: tuple[tuple[float, str], ...]
    range: tuple[float, float]
    scale: str
    linear_width: float


def picture_of(law: Law, assertion: Assertion, goal: fmpq | None) -> Picture:
    """The picture of what an assertion says about its law (``goal``: a reward to mark).

    Raises
    ------
    InputError
        If a threshold is too far out for float64.
    """
    import numpy as np

    reweighted = _reweighted(law, assertion)
    weight = getattr(assertion, "weight", None)
    bits = BITS if weight is None else BITS + max(0, -4 * weight.mass.adjusted())
    with working_precision(bits):
        cut = None if weight is None else weight.location.point()
        if cut is not None and not abs(ball(cut)) < arb(10) ** LARGEST_LOG10:
            raise InputError("--plot: the threshold is too far out to draw")
        grid = _Grid(law, reweighted, None if cut is None else ball(cut), goal)
        pair = law, reweighted
        exact = cut if isinstance(cut, fmpq) else None
        shapes, shape_name = _shapes(pair, grid, exact)
        if shapes.separate:
            tails = _curves([grid.low, *_atoms(law, grid)], pair, _log_tail, steps=True)
        else:
            tails = _curves(grid.points(exact), pair, _log_tail)
        means = [_mean(q) if q is not None else None for q in pair]
    places = []
    if cut is not None:
        places.append((float(ball(cut)), f"t = {short(float(ball(cut)))}"))
    if goal is not None and grid.low <= goal <= grid.high:
        places.append((float(arb(goal)), f"M = {short(float(arb(goal)))}"))
    margin = (grid.high - grid.low) / 25 if shapes.separate else fmpq(0)
    low, high = (float(arb(end)) for end in (grid.low - margin, grid.high + margin))
    shown = [m if m is not None and low <= m <= high else None for m in means]
    assert np.isfinite([low, high]).all()
    width = float(ball(grid.width))
    return Picture(
        str(law), shapes, shape_name, tails, shown[0], shown[1], tuple(places), (low, high),
        grid.scale, width,
    )  # fmt: skip


def _reweighted(law: Law, assertion: Assertion) -> Law | None:
    if isinstance(assertion, ByThreshold | ByTilt | ByTiltedThreshold):
        return assertion.reweighted()
    if isinstance(assertion, ByIdentity):
        return None
    if isinstance(assertion, BoundedByTilt):
        try:
            law.cumulants(rational(assertion.tilt))
        except Undecided:
            return None
        return reweight(law, Tilt(rational(assertion.tilt)))
    return None


def short(number: float) -> str:
    """A number for a label."""
    if 1e-4 <= abs(number) < 1e7 or number == 0:
        return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return f"{number:.4g}".replace("e+", "e").replace("e-0", "e-")


def _mean(law: Law) -> float | None:
    try:
        mean = law.mean()
    except Undecided:
        return None
    return float(mean) if isinstance(mean, arb) and mean.is_finite() else None


# ---- where to look ------------------------------------------------------------------------------


class _Grid:
    """The range of rewards, and the scale on which both the body and the threshold are seen."""

    def __init__(
        self, law: Law, reweighted: Law | None, cut: arb | None, goal: fmpq | None
    ) -> None:
        low, start, self.middle, stop, high = (_exact(law.quantile(level)) for level in LEVELS)
        if high == low:
            low, high = low - 1, high + 1
        if 0 < low < LEAST_REWARD < high:
            low = LEAST_REWARD
        body = high - low
        self.low, self.high = low, high
        if isinstance(reweighted, Tilted):
            _, mean, variance = law.cumulants(reweighted.tilt)
            self.high = max(high, _exact(mean + TILTED_REACH * variance.sqrt()))
        if cut is not None and cut > high - body / 10:
            beyond = _exact(cut) - high
            if beyond > body:
                self.high = high + 10 * beyond
            else:
                self.high = high + body / 4 + (beyond if beyond > 0 else 0)
        if goal is not None and goal <= high + 2 * body:
            self.high = max(self.high, goal + body / 10)
        top = law.support[1]
        if not isinstance(top, Diverges):
            end = _exact(ball(top))
            if _is_file(law):  # its largest rewards are what a reweighting is about
                self.high = max(self.high, end + body / 50)
            self.high = min(self.high, (end if goal is None or goal < end else goal) + body / 50)
        self.width = stop - start or body / 4
        self.scale = "linear"
        if self.high - self.low > FAR * self.width:
            self.scale = "log" if self.low > 0 else "asinh"

    def points(self, cut: fmpq | None) -> list[fmpq]:
        """Rewards over the whole range, and either side of the threshold."""
        rewards = [self._at(fmpq(i, POINTS)) for i in range(POINTS + 1)]
        if cut is not None and self.low < cut < self.high:
            rewards += [cut, cut + (self.high - cut) / 10**6]
        return sorted(set(rewards))

    def _at(self, share: fmpq) -> fmpq:
        """The reward at a share of the axis."""
        low, high = self.low, self.high
        if self.scale == "linear":
            return low + share * (high - low)
        if self.scale == "log":
            return _exact(low * ((ball(high) / ball(low)).log() * share).exp())
        ends = [(ball(end) / self.width).asinh() for end in (low, high)]
        return _exact(self.width * (ends[0] + share * (ends[1] - ends[0])).sinh())


def _is_file(law: Law) -> bool:
    from verify.laws.empirical_law import Empirical

    return isinstance(law, Empirical)


def _exact(x: arb) -> fmpq:
    return x.mid().fmpq()


# ---- curves -------------------------------------------------------------------------------------

Pair = tuple[Law, Law | None]
LogCurve = Callable[[fmpq], arb]


def _shapes(pair: Pair, grid: _Grid, cut: fmpq | None) -> tuple[Curves, str]:
    """Densities, masses of atoms, or shares of bins, whichever the law has."""
    atoms = _atoms(pair[0], grid)
    if atoms:
        separate = len(atoms) <= MOST_MARKED
        curves = _curves(_thinned(atoms), pair, lambda q: lambda x: q.mass_at(x).log(), separate)
        return curves, "probability of a reward"
    try:
        pair[0].density(grid.middle)
    except TypeError:
        return _bins(pair, grid), "share of each bin"
    points = grid.points(cut)
    curves = _curves(points, pair, lambda q: lambda x: q.density(x).log())
    return curves, "probability per unit of reward"


def _atoms(law: Law, grid: _Grid) -> list[fmpq]:
    """The atoms in the range, where the law is a list of not too many; else none."""
    from verify.laws.empirical_law import Empirical

    if any(isinstance(part, Empirical) and part.n > MOST_MARKED for part in law.parts()):
        return []
    try:
        ordered = law.atoms()
        first = next(ordered)
    except TypeError:
        return []
    inside = []
    for number, (x, _) in enumerate(chain([first], ordered)):
        if x > grid.high:
            break
        if number == MOST_ATOMS:
            return []
        if x >= grid.low:
            inside.append(x)
    return inside


def _thinned(atoms: list[fmpq]) -> list[fmpq]:
    """The first atoms, and ever fewer of the later ones."""
    import numpy as np

    if len(atoms) <= POINTS:
        return atoms
    places = np.unique(np.geomspace(1, len(atoms), POINTS).astype(int))
    return [atoms[place - 1] for place in places]


def _log_tail(law: Law) -> LogCurve:
    if not isinstance(law, Tilted):
        return law.log_survival
    tails = _TiltedTails(law)
    return tails.log_survival


class _TiltedTails:
    """The tail of ``exp(l X - K(l)) dQ`` by parts, from that of Q; certified ones are dear.

    ``P(X > x) = exp(l x - K) Q(X > x) + l int_x^oo exp(l y - K) Q(X > y) dy``, l > 0.
    """

    def __init__(self, law: Tilted) -> None:
        import numpy as np

        self.law, self.tilt = law, float(arb(law.tilt))
        log_mgf, mean, variance = law.base.cumulants(law.tilt)
        self.log_mgf = float(log_mgf)
        low = _exact(law.base.quantile(LEVELS[0]))
        step = (_exact(mean + TILTED_REACH * variance.sqrt()) - low) / STEPS
        values: list[float] = []
        while len(values) < 20 * STEPS:
            values.append(self._integrand(low + step * len(values)))
            if len(values) > STEPS and not values[-1] > LEAST_SHARE * max(values):
                break
        middles = (np.array(values[1:]) + np.array(values[:-1])) / 2
        self.x = float(arb(low)) + float(arb(step)) * np.arange(len(values))
        self.rest = np.append(middles[::-1].cumsum()[::-1], 0.0) * float(arb(step)) * self.tilt

    def _integrand(self, x: fmpq) -> float:
        log = self.law.base.log_survival(x)
        size = self.tilt * float(arb(x)) - self.log_mgf + float(log)
        return math.exp(size) if size > LEAST_LOG else 0.0

    def log_survival(self, x: fmpq) -> arb:
        import numpy as np

        rest = float(np.interp(float(arb(x)), self.x, self.rest, right=0.0))
        return arb(self._integrand(x) + rest).log()


def _bins(pair: Pair, grid: _Grid) -> Curves:
    import numpy as np

    edges = grid.points(None)
    edges = edges[:: max(1, len(edges) // BINS)]
    ends = dict(pairwise(edges))

    def share(law: Law) -> LogCurve:
        log_tail = _log_tail(law)
        return lambda x: (log_tail(x).exp() - log_tail(ends[x]).exp()).log()

    curves = _curves(edges[:-1], pair, share, steps=True)
    if curves.reweighted is not None:  # where Q has nothing P has nothing: the rest is rounding
        curves.reweighted[np.isnan(curves.base)] = np.nan
    return curves


def _curves(
    points: Sequence[fmpq],
    pair: Pair,
    log_curve: Callable[[Law], LogCurve],
    separate: bool = False,
    steps: bool = False,
) -> Curves:
    import numpy as np

    curves = [None if law is None else log_curve(law) for law in pair]
    columns = [
        None if curve is None else np.array([_value(curve, x) for x in points]) for curve in curves
    ]
    assert columns[0] is not None
    rewards = np.array([float(arb(x)) for x in points])
    return Curves(rewards, columns[0], columns[1], separate, steps)


def _value(log_curve: LogCurve, x: fmpq) -> float:
    """``exp`` of a curve, NaN where it is 0, out of float64's range, or not known."""
    try:
        log = log_curve(x)
    except Undecided:
        return float("nan")
    if not log.is_finite() or not abs(log) < -LEAST_LOG:
        return float("nan")
    return float(log.exp())
