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
from verify.enclosure import between, working_precision
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

    def quantile(self, law: Latent, rank: Rank[arb_series]) -> arb_series:
        """The point of that rank."""
        known = _place_under(law, rank)
        if known is not None:
            return known
        if rank.above[0].mid() > rank.below[0].mid():
            return -self._upper_quantile(law, rank.below)
        return self._upper_quantile(law, rank.above)

    def _upper_quantile(self, law: Latent, above: arb_series) -> arb_series:
        """``z(e)`` with ``Pr(Z > z) = above(e)``, by Newton's method for power series.

        A step doubles the number of coefficients that are right; those of the residual that are
        0 for that reason are set to 0.
        """
        length = above.prec
        z = arb_series([_quantile_above(law, above[0])], prec=length)
        right = 1
        while right < length:
            height = law.log_density(z, self).exp()
            residual = -(height * z.derivative() + above.derivative()).integral()
            kept = [arb(0)] * right + residual.coeffs()[right:]
            z = z + arb_series(kept, prec=length) / height
            right *= 2
        return z


SERIES_RANKS = SeriesRanks()


def rank_of(law: Law, x: arb_series) -> Rank[arb_series]:
    """The rank of ``x(e)`` under a law: the integral of its density."""
    gained = (density(law, x) * x.derivative()).integral()
    above = over_interval(law.survival, x[0])
    if above.mid() < 0.5:
        return Rank(1 - above + gained, above - gained, (law, x))
    below = over_interval(law.cdf, x[0])
    return Rank(below + gained, 1 - below - gained, (law, x))


def _place_under(law: Latent, rank: Rank[arb_series]) -> arb_series | None:
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


def _quantile_above(law: Latent, mass: arb) -> arb:
    """The z with ``Pr(Z > z)`` in a ball, for a mass up to about 1/2."""
    if not mass > 0:
        return arb.nan()
    if mass.rel_accuracy_bits() > WIDE_BITS:
        return _root(law, mass, arb(1))
    # What is known to few digits has its place found to few digits.
    with working_precision(WIDE_BITS):
        high = _root(law, mass.lower(), arb(1))
        return high.union(_root(law, mass.upper(), high.mid() if high.is_finite() else arb(1)))


def _root(law: Latent, mass: arb, guess: arb) -> arb:
    """The z with ``Pr(Z > z) = mass``, enclosed; NaN where it is not found.

    Newton's method for ``log Pr(Z > z)``: in z itself near the centre, and in ``log z`` further
    out, where power tails are close to lines. The signs at both ends of an interval are the proof.
    """
    level = mass.log()
    goal, far, z = level.mid(), bool(level < -1.5), guess if guess > 1 else arb(1)
    for _ in range(MOST_STEPS):
        log_mass = law.log_survival(z).mid()
        step = ((log_mass - goal) / (law.density(z) / log_mass.exp())).mid()
        if far:
            z, last = (z * min(max((step / z).exp().mid(), arb(0.25)), arb(8))).mid(), z
        else:
            z, last = (z + step).mid(), z
        if abs(z - last) <= arb(2) ** (4 - ctx.prec // 2) * (abs(z) + 1):
            break  # the step after this one would have been below the working precision
    radius = (abs(z) + 1) * (2 * level.rad() + arb(2) ** (12 - ctx.prec))
    for _ in range(MOST_STEPS):
        low, high = (z - radius).lower(), (z + radius).upper()
        if law.log_survival(low) > level and law.log_survival(high) < level:
            return between(low, high)
        radius = 8 * radius
    return arb.nan()


# ---------------------------------------------------------------- float64


class FloatRanks:
    """float64 arrays; nothing that comes out of here is certified."""

    def number(self, value: fmpq) -> float:
        return int(value.p) / int(value.q)

    def exp(self, x: Any) -> Any:
        import numpy as np

        return np.exp(x)

    def log(self, x: Any) -> Any:
        import numpy as np

        return np.log(x)

    def log1p(self, x: Any) -> Any:
        import numpy as np

        return np.log1p(x)

    def expm1(self, x: Any) -> Any:
        import numpy as np

        return np.expm1(x)

    def sqrt(self, x: Any) -> Any:
        import numpy as np

        return np.sqrt(x)

    def log_gamma(self, x: Any) -> Any:
        from scipy.special import gammaln

        return gammaln(x)

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
