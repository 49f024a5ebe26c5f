"""Ranks: a probability p together with 1 - p, so that both corners keep their digits.

The rank of x under a law is ``p = Q(X <= x)``. Near 1 its digits are in ``1 - p``, which is carried
beside it. Copulas are functions of ranks, written once and evaluated in power series
(:class:`SeriesRanks`, certified) or float64 arrays (:class:`FloatRanks`, for sampling).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from flint import arb, arb_series, ctx, fmpq

from verify.affine import Affine
from verify.arithmetic import FloatArrays
from verify.enclosure import Diverges, ball, between, working_precision
from verify.hazard import mills_ratio
from verify.law import Law
from verify.laws.gaussian import Normal
from verify.laws.student import StudentT
from verify.taylor_series import SeriesArithmetic, density, over_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

N = TypeVar("N")
#: Laws that copulas are built from; symmetric about 0.
Latent = Normal | StudentT
#: Precision for the quantiles of masses known to fewer bits than this.
WIDE_BITS = 40
#: Newton steps, and widenings of an interval, before a quantile is given up.
MOST_STEPS = 100


@dataclass(frozen=True)
class Rank(Generic[N]):
    """A probability.

    Attributes
    ----------
    below, above : series or array
        The probability p and ``1 - p``.
    place : tuple, optional
        A law and the point whose rank this is, where that is known: quantiles then need no search.
    """

    below: N
    above: N
    place: tuple[Law, N] | None = None

    def turned(self) -> Rank[N]:
        """The rank ``1 - p``."""
        return Rank(self.above, self.below)


class RankArithmetic(Protocol, Generic[N]):
    """What the formulas of copulas are written in, beside + - * / on the numbers themselves."""

    def number(self, value: fmpq) -> Any: ...
    def exp(self, x: N) -> N: ...
    def log(self, x: N) -> N: ...
    def log1p(self, x: N) -> N: ...
    def expm1(self, x: N) -> N: ...
    def sqrt(self, x: N) -> N: ...
    def log_gamma(self, x: N) -> N: ...
    def log_of(self, rank: Rank[N]) -> N: ...
    def quantile(self, law: Latent, rank: Rank[N]) -> N: ...
    def rank(self, law: Latent, x: N) -> Rank[N]: ...


# ---------------------------------------------------------------- power series


class SeriesRanks(SeriesArithmetic):
    """Power series with balls as coefficients."""

    def log_of(self, rank: Rank[arb_series]) -> Any:
        """``log p``, which keeps its digits near p = 1."""
        near_one = rank.above[0].mid() < rank.below[0].mid()
        return self.log1p(-rank.above) if near_one else rank.below.log()

    def rank(self, law: Law, x: arb_series) -> Rank[arb_series]:
        """The rank of ``x(e)`` under a law with a density."""
        return rank_of(law, x)

    def quantile(self, law: Law, rank: Rank[arb_series]) -> arb_series:
        """The point of that rank under a law with a density.

        ``y(e)`` solves ``y' = p' M(y) / p``, with p the mass beyond and M the Mills ratio: a
        coefficient of the right side needs those of y up to the same order, and gives the next.
        """
        known = _place_under(law, rank)
        if known is not None:
            return known
        upper = rank.above[0].mid() < rank.below[0].mid()
        mass = rank.above if upper else rank.below
        length = mass.prec
        y = [quantile_at(law, mass[0], upper)]
        if length == 1 or not y[0].is_finite():
            return arb_series(y * length, prec=length)
        pace = _pace(rank, mass, upper)
        ratio = mills_ratio(law, y[0], mass[0], upper, length - 1)
        y.append(ratio[0] * pace[0])
        for k in range(2, length):
            gained = arb_series([0, *y[1:]], prec=k)
            y.append((arb_series(ratio, prec=k)(gained) * pace)[k - 1] / k)
        return arb_series(y, prec=length)


SERIES_RANKS = SeriesRanks()


def rank_of(law: Law, x: arb_series) -> Rank[arb_series]:
    """The rank of ``x(e)`` under a law: the integral of its density."""
    gained = (density(law, x) * x.derivative()).integral()
    above = over_interval(law.survival, x[0])
    if above.mid() < 0.5:
        return Rank(1 - above + gained, above - gained, (law, x))
    below = over_interval(law.cdf, x[0])
    return Rank(below + gained, 1 - below - gained, (law, x))


def _pace(rank: Rank[arb_series], mass: arb_series, upper: bool) -> arb_series:
    """The derivative of the mass beyond over the mass, without the sign."""
    if rank.place is None:
        return (-mass.derivative() if upper else mass.derivative()) / mass
    source, x = rank.place
    ratio = mills_ratio(source, x[0], mass[0], upper, mass.prec - 1)
    offset = arb_series([0, *x.coeffs()[1:]], prec=mass.prec - 1)
    return x.derivative() / arb_series(ratio, prec=mass.prec - 1)(offset)


def _place_under(law: Law, rank: Rank[arb_series]) -> arb_series | None:
    """The quantile where the rank is that of a shifted and scaled copy of the law itself."""
    if rank.place is None:
        return None
    source: Law = rank.place[0]
    x = rank.place[1]
    if isinstance(source, Affine) and source.scale > 0:
        x, source = (x - arb(source.shift)) / arb(source.scale), source.base
    if isinstance(law, Normal) and isinstance(source, Normal):
        return (x - arb(source.mu)) / arb(source.sigma)
    return x if source == law else None


# ---------------------------------------------------------------- quantiles in balls


def quantile_at(law: Law, mass: arb, upper: bool) -> arb:
    """The points with a mass in a ball above them (or below them); NaN where they are not found.

    The mass is at most about 1/2.
    """
    if not mass > 0:
        return arb.nan()
    tail = _Tail(law, upper)
    if mass.rel_accuracy_bits() > WIDE_BITS:
        return tail.root(mass.log(), tail.start())
    # What is known to few digits has its place found to few digits.
    with working_precision(WIDE_BITS):
        far = tail.root(mass.lower().log(), tail.start())
        near = tail.root(mass.upper().log(), far.mid() if far.is_finite() else tail.start())
        return far.union(near)


class _Tail:
    """One tail of a law, of which a point is sought by its mass.

    Newton's method for the logarithm of the mass, as a function of the distance from an anchor or
    of the distance's logarithm, in which power tails and the ends of supports are close to lines.
    The signs at both ends of an interval are the proof.
    """

    def __init__(self, law: Law, upper: bool) -> None:
        self.law, self.side = law, 1 if upper else -1
        self.log_mass = law.log_survival if upper else law.log_cdf
        start, end = law.support
        here = end if upper else start
        self.ends = not isinstance(here, Diverges)
        self.anchor = arb(0) if isinstance(here, Diverges) else ball(here)

    def start(self) -> arb:
        """A first guess."""
        other = self.law.support[0 if self.side > 0 else 1]
        if isinstance(other, Diverges):
            return (self.anchor - self.side).mid() if self.ends else arb(self.side)
        return ((ball(other) + self.anchor) / 2 if self.ends else ball(other) + self.side).mid()

    def root(self, level: arb, guess: arb) -> arb:
        """The point whose log-mass lies in ``level``."""
        goal, y = level.mid(), guess
        for _ in range(MOST_STEPS):
            y, last = self._step(y, goal), y
            if not y.is_finite():
                return y
            if abs(y - last) <= arb(2) ** (4 - ctx.prec // 2) * abs(y - self.anchor):
                break  # the step after this one would have been below the working precision
        scale = abs(y - self.anchor) if self.ends else abs(y) + 1
        radius = scale * (2 * level.rad() + arb(2) ** (12 - ctx.prec))
        for _ in range(MOST_STEPS):
            low, high = (y - radius).lower(), (y + radius).upper()
            inner, outer = (low, high) if self.side > 0 else (high, low)
            if self.log_mass(inner) > level and self.log_mass(outer) < level:
                return between(low, high)
            radius = 8 * radius
        return arb.nan()

    def _step(self, y: arb, goal: arb) -> arb:
        log_mass = self.log_mass(y).mid()
        hazard = self.law.density(y).mid() / log_mass.exp()
        step = ((log_mass - goal) / hazard).mid()  # outward
        distance = abs(y - self.anchor).mid()
        if not self.ends and (self.side * y < 1 or abs(step) < distance / 4):
            # On the other side of 0 the mass may hardly change: a step is no longer than this.
            longest = (1 + distance).mid()
            following = (y + self.side * min(max(step, -longest), longest)).mid()
            other = self.law.support[0 if self.side > 0 else 1]
            if isinstance(other, Diverges) or self.side * (following - ball(other)) > 0:
                return following
            return ((y + ball(other)) / 2).mid()
        # Outward is away from the anchor, or towards it where the support ends there.
        factor = ((-step if self.ends else step) / distance).exp().mid()
        factor = min(max(factor, arb(0.125)), arb(8)).mid()
        return (self.anchor + (y - self.anchor) * factor).mid()


# ---------------------------------------------------------------- float64


class FloatRanks(FloatArrays):
    """Ranks as float64 arrays; nothing that comes out of here is certified."""

    def expm1(self, x: Any) -> Any:
        import numpy as np

        return np.expm1(x)

    def log_of(self, rank: Rank[Any]) -> Any:
        import numpy as np

        near_one = np.minimum(rank.above, 0.5)
        return np.where(rank.above < 0.5, np.log1p(-near_one), np.log(rank.below))

    def rank(self, law: Latent, x: Any) -> Rank[Any]:
        from scipy import special

        if isinstance(law, Normal):
            return Rank(special.ndtr(x), special.ndtr(-x))
        df = self.number(law.df)
        return Rank(special.stdtr(df, x), special.stdtr(df, -x))

    def quantile(self, law: Latent, rank: Rank[Any]) -> Any:
        import numpy as np
        from scipy import special

        smaller = np.minimum(rank.above, rank.below)
        size = -(
            special.ndtri(smaller)
            if isinstance(law, Normal)
            else special.stdtrit(self.number(law.df), smaller)
        )
        return np.where(rank.above < rank.below, size, -size)


FLOAT_RANKS = FloatRanks()


def rank_of_cost(cost: Any) -> Rank[NDArray[np.float64]]:
    """The rank ``exp(-cost)`` in float64."""
    import numpy as np

    return Rank(np.exp(-cost), -np.expm1(-cost))


def uniform_ranks(size: int, rng: np.random.Generator) -> Rank[NDArray[np.float64]]:
    """Independent uniform ranks; each side keeps its digits however close to its end."""
    import numpy as np

    smaller = (1.0 - rng.random(size)) / 2  # uniform on (0, 1/2]
    low = rng.random(size) < 0.5
    return Rank(np.where(low, smaller, 1 - smaller), np.where(low, 1 - smaller, smaller))
