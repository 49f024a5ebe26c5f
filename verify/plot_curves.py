"""What a picture of a certificate shows: curves of two laws over rewards, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
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
from verify.enclosure import Undecided, ball, working_precision
from verify.errors import InputError
from verify.law import Law
from verify.reweighted import reweight
from verify.weight import Tilt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 160
"""Points of a curve on each of its two stretches, the body and the far tail."""

BINS = 60
BITS = 96
LARGEST_LOG10 = 300
"""log10 of the largest rewards that can be drawn."""

LEAST_LOG = -690.0
"""Logarithm of the least probabilities that are drawn; below it a curve has a gap."""

LEVELS = fmpq(1, 1000), fmpq(1, 2), fmpq(999, 1000)
"""The body of a law is between the first and the last of these quantiles."""

FAR = 20
"""A tail is far out where it is this many times as long as the body: no linear scale then."""

MOST_ATOMS, MOST_MARKED = 5000, 40
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
    with working_precision(BITS):
        cut = None if weight is None else weight.location.point()
        if cut is not None and not abs(ball(cut)) < arb(10) ** LARGEST_LOG10:
            raise InputError("--plot: the threshold is too far out to draw")
        grid = _Grid(law, reweighted, None if cut is None else ball(cut), goal)
        pair = law, reweighted
        exact = cut if isinstance(cut, fmpq) else None
        shapes, shape_name = _shapes(pair, grid, exact)
        tails = _curves(grid.points(exact), pair, lambda q: q.log_survival)
        means = [_mean(q) if q is not None else None for q in pair]
    places = []
    if cut is not None:
        places.append((float(ball(cut)), f"t = {_rounded(float(ball(cut)))}"))
    if goal is not None and grid.low <= goal <= grid.high:
        places.append((float(ball(goal)), f"M = {_rounded(float(ball(goal)))}"))
    low, high = (float(ball(end)) for end in (grid.low, grid.high))
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


def _rounded(number: float) -> str:
    return f"{number:.4g}".replace("e+", "e")


def _mean(law: Law) -> float | None:
    try:
        mean = law.mean()
    except Undecided:
        return None
    return float(mean) if isinstance(mean, arb) and mean.is_finite() else None


# ---- where to look ------------------------------------------------------------------------------


class _Grid:
    """The range of rewards, and the scale on which both the body and the threshold are seen."""

    def __init__(self, law: Law, reweighted: Law | None, cut: arb | None, goal: fmpq | None) -> None:
        low, self.middle, high = (_exact(law.quantile(level)) for level in LEVELS)
        if high == low:
            low, high = low - 1, high + 1
        self.body = high - low
        self.low, self.high = low, high
        if reweighted is not None and cut is None:
            self.high = max(high, _exact(reweighted.quantile(LEVELS[2])))
        if cut is not None and cut > high - self.body / 10:
            far = _exact(cut)
            self.high = far + max((far - high) * (9 if far - high > FAR * self.body else 0),
                                  self.body / 4)  # fmt: skip
        if goal is not None and goal <= high + 2 * self.body:
            self.high = max(self.high, goal + self.body / 10)
        top = law.support[1]
        if isinstance(top, fmpq):
            self.high = min(self.high, max(top, goal or top) + self.body / 50)
        self.high_of_body = high
        self.scale = self._scale()
        self.width = self.body / 6 if self.body > 0 else fmpq(1)

    def _scale(self) -> str:
        if self.high - self.high_of_body <= FAR * self.body:
            return "linear"
        return "log" if self.low > 0 else "asinh"

    def points(self, cut: fmpq | None) -> list[fmpq]:
        """Rewards over the whole range, and either side of the threshold."""
        end = self.high if self.scale == "linear" else self.high_of_body
        if self.scale == "log":
            rewards = list(_geometric(self.low, self.high, 2 * POINTS))
        else:
            rewards = [self.low + (end - self.low) * i / POINTS for i in range(POINTS + 1)]
        if self.scale == "asinh":
            rest = _geometric(self.high_of_body - self.middle, self.high - self.middle, POINTS)
            rewards += [self.middle + distance for distance in rest]
        if cut is not None:
            rewards += [cut, cut + (self.high - cut) / 10**6] if cut < self.high else [cut]
        return sorted(set(rewards))


def _geometric(start: fmpq, end: fmpq, steps: int) -> Iterator[fmpq]:
    ratio = (ball(end) / ball(start)).log() / steps
    for i in range(steps):
        yield _exact(ball(start) * (ratio * i).exp())
    yield end


def _exact(x: arb) -> fmpq:
    return x.mid().fmpq()


# ---- curves -------------------------------------------------------------------------------------

Pair = tuple[Law, Law | None]
LogCurve = Callable[[fmpq], arb]


def _shapes(pair: Pair, grid: _Grid, cut: fmpq | None) -> tuple[Curves, str]:
    """Densities, masses of atoms, or shares of bins, whichever the law has."""
    atoms = _atoms(pair[0], grid)
    if atoms is not None:
        separate = len(atoms) <= MOST_MARKED
        atoms = atoms[:: max(1, len(atoms) // (2 * POINTS))]
        curves = _curves(atoms, pair, lambda q: lambda x: q.mass_at(x).log(), separate)
        return curves, "probability of a reward"
    try:
        pair[0].density(grid.middle)
    except TypeError:
        return _bins(pair, grid), "share of a bin"
    points = grid.points(cut)
    curves = _curves(points, pair, lambda q: lambda x: q.density(x).log())
    return curves, "probability per unit of reward"


def _atoms(law: Law, grid: _Grid) -> list[fmpq] | None:
    """The atoms in the range, where the law is a list of not too many."""
    from verify.laws.empirical import Empirical

    if any(isinstance(part, Empirical) and part.n > MOST_MARKED for part in law.parts()):
        return None
    try:
        atoms = list(islice((x for x, _ in law.atoms()), MOST_ATOMS))
    except TypeError:
        return None
    inside = [x for x in atoms if grid.low <= x <= grid.high]
    reached = len(atoms) < MOST_ATOMS or atoms[-1] >= grid.high
    return inside if inside and reached else None


def _bins(pair: Pair, grid: _Grid) -> Curves:
    edges = grid.points(None)
    edges = edges[:: max(1, len(edges) // BINS)]
    ends = dict(zip(edges, edges[1:], strict=False))

    def share(law: Law) -> LogCurve:
        return lambda x: (law.survival(x, closed=True) - law.survival(ends[x], closed=True)).log()

    curves = _curves(edges[:-1], pair, share)
    return Curves(curves.x, curves.base, curves.reweighted, steps=True)


def _curves(
    points: Sequence[fmpq], pair: Pair, log_curve: Callable[[Law], LogCurve], separate: bool = False
) -> Curves:
    import numpy as np

    columns = [
        None if law is None else np.array([_value(log_curve(law), x) for x in points])
        for law in pair
    ]
    assert columns[0] is not None
    rewards = np.array([float(arb(x)) for x in points])
    return Curves(rewards, columns[0], columns[1], separate)


def _value(log_curve: LogCurve, x: fmpq) -> float:
    """``exp`` of a curve, NaN where it is 0, out of float64's range, or not known."""
    try:
        log = log_curve(x)
    except Undecided:
        return float("nan")
    if not log.is_finite() or not abs(log) < -LEAST_LOG:
        return float("nan")
    return float(log.exp())
