"""Draws of (X, V), and what they say about V under an optimiser of ``U = X + V``.

Every estimate comes with a standard error. Self-normalised weights use the delta method: the error
of ``sum w v / sum w`` is that of the mean of ``w (v - ratio)``. Estimates from ranks are made on
batches that know nothing of each other, and the spread of the batches is the error. Nothing here
is certified; whether a tilt or a moment exists is for the caller to settle first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.affine import Affine
from verify.best_of.estimate import rank_weights
from verify.enclosure import ball, working_precision
from verify.errors import InputError
from verify.inversion import Inverter
from verify.joint.laws import CopulaLaw
from verify.law import Law
from verify.ranks import Rank
from verify.utility_curve import Estimate
from verify.weight import BestOfN, Identity, Threshold, Tilt, TopFraction, Weight
from verify.window import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BITS = 128
#: What a draw is off by at most, with room to spare: as a share of the range of all, for they are
#: found as distances from the median, and as a share of its size.
QUANTILE_ERROR, ROUNDING = 1e-9, 2**-50
#: Batches for the spread of estimates from ranks, and the fewest draws of one per n of best-of-n.
BATCHES, FEWEST_PER_N = 50, 20
#: Fewest draws beyond a threshold, and fewest effective draws, that an estimate is made of.
FEWEST = 100


@dataclass(frozen=True)
class Draws:
    """Independent draws of a pair.

    Attributes
    ----------
    x, v : array
        The errors and the utilities.
    """

    x: Floats
    v: Floats

    @property
    def u(self) -> Floats:
        """The proxy rewards."""
        total: Floats = self.x + self.v
        return total

    @property
    def constant(self) -> bool:
        """Whether the rewards differ by no more than rounding: X is a constant less V."""
        import numpy as np

        largest = float(max(abs(self.x).max(), abs(self.v).max()))
        room = QUANTILE_ERROR * float(np.ptp(self.x)) + ROUNDING * largest
        return bool(np.ptp(self.u) < room)  # not so where draws are infinite


@dataclass(frozen=True)
class Estimates:
    """What an optimiser does, estimated.

    Attributes
    ----------
    kl, mean_u, mean_v, mean_x : Estimate
        As in :class:`verify.utility_curve.UtilityPoint`.
    effective : float
        The effective number of draws, ``(sum w)^2 / sum w^2``.
    size : int
        How many draws there were.
    """

    kl: Estimate
    mean_u: Estimate
    mean_v: Estimate
    mean_x: Estimate
    effective: float
    size: int


def sample_pair(joint: CopulaLaw, size: int, rng: np.random.Generator) -> Draws:
    """Independent draws of (X, V)."""
    u, v = joint.copula.sample(size, rng)
    return Draws(quantiles(joint.error, u), quantiles(joint.utility, v))


def quantiles(law: Law, rank: Rank[Floats]) -> Floats:
    """The points of the law with the ranks given."""
    import numpy as np

    if isinstance(law, Affine):
        inner = quantiles(law.base, rank.turned() if law.flips else rank)
        return np.asarray(nearest(law.shift) + nearest(law.scale) * inner)
    points = np.empty_like(rank.below)
    upper = rank.above < rank.below
    with working_precision(BITS):
        median = law.quantile(fmpq(1, 2)).mid().fmpq()
    points[upper] = nearest(median) + _beyond(law, median, rank.above[upper])
    points[~upper] = nearest(median) - _beyond(-law, -median, rank.below[~upper])
    return points


def _beyond(law: Law, median: fmpq, above: Floats) -> Floats:
    """Distances from the median of the points with the masses ``above`` beyond them."""
    import numpy as np

    goals = np.log(np.maximum(-np.log(2 * above), 1e-300))
    order = np.argsort(goals)
    inverter = Inverter(
        law.log_survival, lambda: arb(median), lambda: law.log_survival(median), str(law)
    )
    distances = np.empty_like(goals)
    distances[order] = np.exp(inverter.solve_all(goals[order]))
    return distances


# ---------------------------------------------------------------- estimates


def under_tilt(draws: Draws, tilt: float) -> Estimates:
    """The tilt ``exp(l U)``, self-normalised.

    Raises
    ------
    InputError
        If so few draws carry the weight that the errors mean nothing.
    """
    import numpy as np

    u = draws.u
    largest = float((tilt * u).max())
    weights = np.exp(tilt * u - largest)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    if effective < FEWEST:
        raise InputError(f"only {effective:.0f} of {len(u)} draws carry the weight of the tilt")
    shares = weights / weights.mean()
    mean_u, mean_v, mean_x = (_ratio(shares, values) for values in (u, draws.v, draws.x))
    log_mgf = float(np.log(weights.mean())) + largest
    # KL = l E_l U - K(l): the errors of both parts, draw by draw.
    parts = shares * tilt * (u - mean_u.value) - (shares - 1)
    kl = Estimate(tilt * mean_u.value - log_mgf, float(parts.std() / len(u) ** 0.5))
    return Estimates(kl, mean_u, mean_v, mean_x, effective, len(u))


def _ratio(shares: Floats, values: Floats) -> Estimate:
    """``E[w y]/E w`` for shares of mean 1, with the error of the delta method."""
    value = float((shares * values).mean())
    spread = shares * (values - value)
    return Estimate(value, float(spread.std() / len(values) ** 0.5))


def beyond_threshold(draws: Draws, t: float) -> Estimates:
    """Conditioning on ``U > t``.

    Raises
    ------
    InputError
        If too few draws lie beyond t.
    """
    import numpy as np

    kept = draws.u > t
    count, size = int(kept.sum()), len(kept)
    if count < FEWEST:
        raise InputError(f"only {count} of {size} draws lie beyond t = {t:g}")
    share = count / size
    kl = Estimate(-float(np.log(share)), ((1 - share) / count) ** 0.5)
    mean_u, mean_v, mean_x = (_plain(values[kept]) for values in (draws.u, draws.v, draws.x))
    return Estimates(kl, mean_u, mean_v, mean_x, float(count), size)


def _plain(values: Floats) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5))


def draws_for_best_of(n: int) -> int:
    """How many draws the best of n is estimated from at least."""
    return BATCHES * FEWEST_PER_N * n


def best_of(draws: Draws, n: int) -> Estimates:
    """The best of n by U: each batch's unbiased estimate, and their spread.

    Raises
    ------
    InputError
        If a batch is too small for n.
    """
    if len(draws.v) < draws_for_best_of(n):
        raise InputError(f"best of {n} needs {draws_for_best_of(n)} draws, got {len(draws.v)}")
    size = len(draws.v) // BATCHES
    rows = (slice(batch * size, (batch + 1) * size) for batch in range(BATCHES))
    return _best_of_batches((Draws(draws.x[row], draws.v[row]) for row in rows), size, n)


def best_of_fresh_draws(joint: CopulaLaw, n: int, rng: np.random.Generator) -> Estimates:
    """The same from as many draws as it takes, of which one batch is held at a time."""
    size = FEWEST_PER_N * n
    return _best_of_batches((sample_pair(joint, size, rng) for _ in range(BATCHES)), size, n)


def _best_of_batches(batches: Iterable[Draws], size: int, n: int) -> Estimates:
    """The best of n from :data:`BATCHES` batches of the size given."""
    import numpy as np

    weights, means = rank_weights(size, n), []
    for batch in batches:
        order = np.argsort(batch.u)
        means.append([float(weights @ each[order]) for each in (batch.u, batch.v, batch.x)])
    mean_u, mean_v, mean_x = (_plain(column) for column in np.array(means).T)
    kl = Estimate(float(np.log(n)) - (n - 1) / n, 0.0)
    effective = BATCHES / float((weights**2).sum())
    return Estimates(kl, mean_u, mean_v, mean_x, effective, BATCHES * size)


def utility_under(draws: Draws, weight: Weight) -> Estimate:
    """``E_w V`` for any weight on U; thresholds and fractions are found among the draws.

    Raises
    ------
    InputError
        If too few draws carry the weight.
    """
    import numpy as np

    match weight:
        case Identity():
            return _plain(draws.v)
        case Tilt():
            return under_tilt(draws, nearest(weight.tilt)).mean_v
        case BestOfN():
            return best_of(draws, weight.n).mean_v
        case TopFraction():
            return _top(draws, nearest(weight.fraction))
        case Threshold():
            mass, t = float(weight.mass), float(ball(weight.location.point()))
            kept = draws.u > t
            if min(int(kept.sum()), int((~kept).sum())) < FEWEST:
                raise InputError(f"too few of {len(kept)} draws lie on one side of t = {t:g}")
            shares = np.where(kept, mass / kept.mean(), (1 - mass) / (~kept).mean())
            return _ratio(shares, draws.v)
    raise TypeError(f"no estimate is known for {weight!r}")


def _top(draws: Draws, fraction: float) -> Estimate:
    """The mean of V over the top of U, batch by batch."""
    import numpy as np

    size = len(draws.v) // BATCHES
    count = int(fraction * size)
    if count < FEWEST:
        raise InputError(f"only {count} of {size} draws of a batch lie in the top {fraction:g}")
    means = []
    for batch in range(BATCHES):
        rows = slice(batch * size, (batch + 1) * size)
        order = np.argsort(draws.u[rows])[size - count :]
        means.append(float(draws.v[rows][order].mean()))
    return _plain(np.array(means))
