"""The generalised Pareto law fitted to excesses by maximum likelihood.

For excesses y_1 .. y_k the two parameters, shape xi and scale sigma, reduce to one (Grimshaw,
Technometrics 35, 1993): for theta = xi / sigma the best shape is ``m(theta) = mean log(1 +
theta y)``, and what is left to maximise is ``-log(m(theta) / theta) - m(theta) - 1``. The search
runs in ``s = log2(1 + theta c)`` with c the median excess: under the fitted law s is xi itself. It
begins at the best of a few points, on a thinned sample, and goes on by Newton's method.

The likelihood has no bound for shapes below -1, so the fit is the best with shape at least -1;
at -1 it is the uniform law up to the largest excess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan

from array_api_compat import array_namespace, device

from verify.errors import InputError
from verify.tails.estimators.path import Path
from verify.tails.upper_tail import Array, UpperTail

#: Distances in s from the least possible value to where the search may begin, up to 40.
STARTS = (0.003, 0.01, 0.03, 0.06, *(0.1 * 1.25**i for i in range(28)))
#: Excesses that choose among them.
THINNED = 200
#: Newton steps are at most this long, in s or in shares of s / 2, and end below this length.
LONGEST, SHORTEST, MOST_STEPS = 0.5, 1e-9, 100
#: theta c is kept this far from 0, where m / theta is a quotient of zeros. The rounding of the
#: first derivative is 1e-16 over it, so a shape is off by at most about as much as this.
NEAREST = 1e-6
#: Numbers in one batch of fits.
BATCH = 2**17


@dataclass(frozen=True)
class GpdFit:
    """A generalised Pareto law fitted to excesses: its parameters and how well they fit.

    ``Pr(Y > y) = (1 + shape y / scale)^(-1 / shape)``.

    Attributes
    ----------
    shape, scale : float
        The shape is the extreme-value index; the scale is in units of reward.
    log_likelihood : float
        Its maximum, over shapes of at least -1.
    k : float
        How many excesses (the sum of the weights, where there are weights).
    """

    shape: float
    scale: float
    log_likelihood: float
    k: float

    @property
    def covariance(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Of the errors of (shape, scale): the inverse of the expected information (Smith 1987).

        NaN for shapes of at most -1/2, where the errors have no normal limit.
        """
        xi, sigma = self.shape, self.scale
        if not xi > -0.5:
            return (nan, nan), (nan, nan)
        both = -sigma * (1 + xi) / self.k
        return ((1 + xi) ** 2 / self.k, both), (both, 2 * sigma**2 * (1 + xi) / self.k)


@dataclass(frozen=True, eq=False)
class GpdPath(Path):
    """Fits along k: a path with the scale and the log-likelihood of each fit.

    Attributes
    ----------
    scale, log_likelihood : array of shape (p,)
    """

    scale: Array = None
    log_likelihood: Array = None

    def fits(self) -> list[GpdFit]:
        """The fits one by one."""
        columns = (self.shape, self.scale, self.log_likelihood, self.k)
        return [GpdFit(*map(float, row)) for row in zip(*columns, strict=True)]


def fit_gpd(excesses: Array, weights: Array | None = None) -> GpdFit:
    """Fit to excesses, in any order.

    Parameters
    ----------
    excesses : array of shape (k,)
        At least two; none negative, not all 0. Any that is 0 lets the likelihood grow without
        bound as the scale falls to 0: spread rounded rewards first.
    weights : array of shape (k,), optional
        How often each counts.

    Raises
    ------
    InputError
        If there are fewer than two excesses, or all of them are 0.
    """
    rows = excesses[None, :]
    shape, scale, likelihood, k = fit_rows(rows, None if weights is None else weights[None, :])
    return GpdFit(float(shape[0]), float(scale[0]), float(likelihood[0]), float(k[0]))


def gpd_path(tail: UpperTail, ks: Sequence[int]) -> GpdPath:
    """Fits to the k largest rewards less the next one, for each k of ``ks``.

    Raises
    ------
    InputError
        If a k is not from 2 to one less than the number of rewards kept, or the k largest rewards
        and the next are all equal.
    """
    values = tail.values
    xp = array_namespace(values)
    ordered = sorted({int(k) for k in ks})
    if not ordered or ordered[0] < 2 or ordered[-1] >= tail.kept:
        raise InputError(f"k: expected from 2 to {tail.kept - 1}, got {list(ks)[:5]}")
    found = []
    for batch in _batches(ordered):
        rows = xp.zeros((len(batch), batch[-1]), dtype=xp.float64, device=device(values))
        for i, k in enumerate(batch):
            rows[i, :k] = tail.excesses(k)
        counts = xp.asarray(batch, dtype=xp.float64, device=device(values))
        found.append(fit_rows(rows, counts=counts))
    shape, scale, likelihood, k = (xp.concat(each) for each in zip(*found, strict=True))
    return GpdPath(
        xp.astype(k, xp.int64),
        shape,
        "GPD maximum likelihood",
        gpd_variance,
        scale=scale,
        log_likelihood=likelihood,
    )


def gpd_variance(shape: Array) -> Array:
    """The asymptotic variance of the shape times k; NaN for shapes of at most -1/2."""
    xp = array_namespace(shape)
    return xp.where(shape > -0.5, (1 + shape) ** 2, xp.full_like(shape, nan))


def _batches(ks: Sequence[int]) -> list[list[int]]:
    """Runs of ascending ks within a factor of 2, small enough to be fitted at once."""
    batches: list[list[int]] = []
    for k in ks:
        last = batches[-1] if batches else None
        if last and k <= 2 * last[0] and (len(last) + 1) * k <= BATCH:
            last.append(k)
        else:
            batches.append([k])
    return batches


def fit_rows(
    rows: Array, weights: Array | None = None, counts: Array | None = None
) -> tuple[Array, Array, Array, Array]:
    """Fit one law to each row.

    Parameters
    ----------
    rows : array of b rows, or one, and K columns
        Excesses, each row padded with zeros at its end.
    weights : array of b rows and K columns, optional
        How often each counts; one row of excesses may go with many rows of weights.
    counts : array of shape (b,), optional
        How many excesses each row has, where there are no weights; K if None.

    Returns
    -------
    tuple of four arrays of shape (b,)
        Shape, scale, log-likelihood (a shape that was not found is NaN), and the number of
        excesses or the sum of their weights.

    Raises
    ------
    InputError
        If a row has fewer than two excesses, or all of them are 0.
    """
    xp = array_namespace(rows)
    plain = rows
    if weights is not None:
        counts = xp.sum(weights, axis=-1)
        # What counts 0 times must not bound theta.
        rows = xp.where(weights > 0, rows, xp.zeros_like(rows))
    elif counts is None:
        counts = xp.full((rows.shape[0],), rows.shape[1], dtype=xp.float64, device=device(rows))
    largest = xp.max(rows, axis=-1)
    if not bool(xp.all(largest > 0)) or not bool(xp.all(counts >= 2)):
        raise InputError(
            "a fit to excesses: expected two or more that are not all 0; "
            "where rewards are rounded, spread them first"
        )
    # In units of the largest: no scale overflows, and none changes the shape.
    unit = largest[:, None]
    search = _Search(rows / unit, weights, counts, xp.minimum(plain / unit, xp.ones_like(unit)))
    s = search.start()
    best = xp.full_like(counts, -float("inf"))
    at, step, shape = s, xp.zeros_like(s), xp.zeros_like(s)
    for _ in range(MOST_STEPS):
        height, slope, bend, m = search.at(at)
        better = height >= best - 1e-13 * (1 + xp.abs(height))
        longest = LONGEST * xp.maximum(xp.ones_like(s), xp.abs(at) / 2)
        newton = xp.where(bend < 0, -slope / bend, longest * xp.sign(slope))
        step = xp.where(better, xp.minimum(xp.maximum(newton, -longest), longest), step / 2)
        s, best = xp.where(better, at, s), xp.where(better, height, best)
        shape = xp.where(better, m, shape)
        if not bool(xp.any(xp.abs(step) > SHORTEST)):
            break
        at = xp.maximum(s + step, (s + search.least) / 2)
    shape = xp.where(xp.abs(step) < 1e-6, shape, xp.full_like(s, nan))
    # The uniform law up to the largest excess is the fit with shape -1; its likelihood is 1.
    inside = best >= 0
    shape = xp.where(inside, shape, -xp.ones_like(shape))
    scale = largest * xp.where(inside, shape / search.theta(s), xp.ones_like(shape))
    best = xp.maximum(best, xp.zeros_like(best))
    return shape, scale, counts * (best - xp.log(largest)), counts


class _Search:
    """The likelihood of each row in s: what is left when the shape is the best for its theta.

    ``rows`` have 1 as their largest; ``plain`` are the same where nothing counts 0 times.
    """

    def __init__(self, rows: Array, weights: Array | None, counts: Array, plain: Array) -> None:
        self.xp = array_namespace(rows)
        self.rows, self.weights, self.counts = rows, weights, counts
        xp, size = self.xp, min(THINNED, rows.shape[1])
        # Padding is at the end: each row is thinned over its own length.
        along = xp.arange(size, dtype=xp.float64, device=device(rows)) + 0.5
        if weights is None:
            places = xp.astype(along[None, :] * counts[:, None] / size, xp.int64)
            self.thin = xp.take_along_axis(plain, places, axis=1)
        else:
            places = xp.astype(along * (rows.shape[1] / size), xp.int64)
            self.thin = xp.take(plain, places, axis=1)
        middle = xp.sort(self.thin, axis=-1)[:, (size - 1) // 2]
        self.centre = xp.where(middle > 0, middle, xp.mean(self.thin, axis=-1) + 1 / counts)
        # Any centre will do, but s needs room below where all excesses are nearly equal.
        self.centre = xp.minimum(self.centre, 0.9 + 0 * middle)
        # theta is above -1.
        self.floor = -self.centre * (1 - 1e-12)
        self.least = xp.log1p(self.floor) / log(2)

    def theta(self, s: Array) -> Array:
        """Shape over scale."""
        xp = self.xp
        scaled = xp.expm1(s * log(2))
        near = xp.where(scaled < 0, -NEAREST, NEAREST) + 0 * scaled
        scaled = xp.where(xp.abs(scaled) < NEAREST, near, scaled)
        return xp.maximum(scaled, self.floor) / self.centre

    def start(self) -> Array:
        """The best of the starting points on the thinned sample."""
        xp = self.xp
        steps = xp.asarray(STARTS, dtype=xp.float64, device=device(self.rows))
        s = self.least[:, None] + steps[None, :]
        theta = self.theta(xp.moveaxis(s, 1, 0))
        m = xp.mean(xp.log1p(theta[:, :, None] * self.thin[None, :, :]), axis=-1)
        height = xp.where(m > -1, -xp.log(m / theta) - m, -float("inf") + 0 * m)
        best = xp.argmax(height, axis=0)
        return self.least + xp.take(steps, best)

    def at(self, s: Array) -> tuple[Array, Array, Array, Array]:
        """The log-likelihood per excess, its two derivatives in s, and the shape.

        The likelihood is -oo for shapes below -1.
        """
        xp, theta = self.xp, self.theta(s)
        scaled = theta[:, None] * self.rows
        logs = xp.log1p(scaled)
        parts = self.rows / (1 + scaled)
        squares = parts * parts
        if self.weights is not None:
            logs, parts, squares = (self.weights * each for each in (logs, parts, squares))
        m, m1, m2 = (xp.sum(each, axis=-1) / self.counts for each in (logs, parts, -squares))
        height = xp.where(m >= -1, -xp.log(m / theta) - m - 1, -float("inf") + 0 * m)
        slope = 1 / theta - m1 / m - m1
        bend = (m1 / m) ** 2 - 1 / theta**2 - m2 / m - m2
        speed = log(2) * (1 + theta * self.centre) / self.centre
        return height, slope * speed, bend * speed**2 + slope * speed * log(2), m
