"""Whether excesses look like a generalised Pareto law: Anderson-Darling and Cramér-von Mises.

The parameters are estimated, so the textbook tables do not apply. As k grows each statistic has
the law of ``sum lambda_i Z_i^2``, Z_i standard normal, where the lambda are the eigenvalues of the
covariance of the empirical process less what the two parameters take up; they depend on the shape
alone (Choulakian and Stephens, Technometrics 43, 2001, tabulate them). Here they are computed by
quadrature and the chance by inverting the characteristic function. A seeded parametric
bootstrap is the other route, for few excesses or shapes of at most -1/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from verify.tails.estimators.gpd import GpdFit, fit_gpd, fit_rows
from verify.tails.upper_tail import Array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Nodes of the quadrature, and eigenvalues that are kept; the mean of the rest is added.
NODES, KEPT = 160, 40
#: Eigenvalues are computed on a grid of shapes this fine, and chances interpolated.
GRID = 0.05
#: Excesses and refits in one batch of the bootstrap.
BATCH = 2**20


@dataclass(frozen=True)
class Goodness:
    """How well a GPD fits.

    Attributes
    ----------
    anderson_darling, cramer_von_mises : float
        The statistics.
    p_anderson_darling, p_cramer_von_mises : float
        The chance of a statistic at least as large if the excesses have the fitted law; NaN where
        no route gives it.
    fit : GpdFit
        The fit.
    route : {'asymptotic', 'bootstrap'}
        Where the chances come from.
    """

    anderson_darling: float
    cramer_von_mises: float
    p_anderson_darling: float
    p_cramer_von_mises: float
    fit: GpdFit
    route: str


def goodness(
    excesses: Array, fit: GpdFit | None = None, resamples: int = 0, seed: int = 0
) -> Goodness:
    """Test excesses against the GPD fitted to them.

    Parameters
    ----------
    excesses : array of shape (k,)
        In any order, numpy or torch; the test itself runs on the CPU.
    fit : GpdFit, optional
        Their fit, where it is there.
    resamples : int
        Samples of the parametric bootstrap; 0 for the asymptotic chances.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        If there are fewer than two excesses, or all of them are 0.
    """
    import numpy as np

    fit = fit_gpd(excesses) if fit is None else fit
    y = np.asarray(excesses.cpu() if hasattr(excesses, "cpu") else excesses, dtype=np.float64)
    shape, scale = np.array([fit.shape]), np.array([fit.scale])
    squares, weighted = (float(each[0]) for each in statistics(y[None, :], shape, scale))
    if resamples:
        chances = _bootstrap(fit, len(y), (squares, weighted), resamples, seed)
    else:
        chances = (
            asymptotic_chance(squares, fit.shape, False),
            asymptotic_chance(weighted, fit.shape, True),
        )
    route = "bootstrap" if resamples else "asymptotic"
    return Goodness(weighted, squares, chances[1], chances[0], fit, route)


def statistics(rows: Floats, shape: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Cramér-von Mises and Anderson-Darling statistics of each row against its law."""
    import numpy as np

    y = np.sort(rows, axis=-1) / scale[:, None]
    xi = np.where(np.abs(shape) < 1e-9, 1e-9, shape)[:, None]
    # The hazard summed up: -log Pr(Y > y). At the end point of a bounded law it is infinite.
    inside = np.maximum(1 + xi * y, 1e-300)
    hazard = np.where(xi * y > -0.5, np.log1p(np.maximum(xi * y, -0.5)), np.log(inside)) / xi
    k = y.shape[-1]
    odd = (2 * np.arange(1, k + 1) - 1) / k
    level = -np.expm1(-hazard)
    squares = np.sum((level - odd / 2) ** 2, axis=-1) + 1 / (12 * k)
    logs = np.log(np.maximum(level, 1e-300)) - hazard[:, ::-1]
    return squares, -k - np.sum(odd * logs, axis=-1)


def asymptotic_chance(statistic: float, shape: float, weighted: bool) -> float:
    """The chance of a statistic at least as large, for many excesses of a GPD; NaN up to -1/2.

    Parameters
    ----------
    weighted : bool
        Anderson-Darling, else Cramér-von Mises.
    """
    if not shape > -0.5:
        return float("nan")
    below = max(int(shape // GRID), round(-0.5 / GRID) + 1)
    share = max(shape / GRID - below, 0.0)
    low, high = (_chance(statistic, each, weighted) for each in (below, below + 1))
    return min(1.0, max(0.0, (1 - share) * low + share * high))


def _chance(statistic: float, place: int, weighted: bool) -> float:
    """The chance at a shape of the grid, by Davies's midpoint inversion (Biometrika 60, 1973).

    A step d of the midpoint rule wraps the law around at 2 pi / d: it is chosen so that what lies
    beyond has a chance far below 1e-9.
    """
    import numpy as np

    values = eigenvalues(place * GRID, weighted)
    kept, rest = values[:KEPT], float(values[KEPT:].sum())
    reach = statistic + 60 * float(kept[0]) + float(values.sum())
    step = np.pi / reach
    # The characteristic function falls below 1e-10 within these points.
    u = (np.arange(2000) + 0.5) * step
    angles = 0.5 * np.arctan(2 * np.outer(u, kept)).sum(axis=1)
    sizes = np.exp(-0.25 * np.log1p(4 * np.outer(u, kept) ** 2).sum(axis=1))
    waves = np.sin(angles - u * (statistic - rest)) * sizes
    return float(0.5 + (waves / (np.arange(2000) + 0.5)).sum() / np.pi)


@lru_cache(maxsize=512)
def eigenvalues(shape: float, weighted: bool) -> Floats:
    """Of the limiting covariance, descending; the trace is exact to the quadrature.

    ``min(s, t) - s t - g(s)' J g(t)`` with g the derivatives of the distribution function in
    (shape, scale) at the quantile s and J the inverse of the information, over
    ``sqrt(s (1 - s) t (1 - t))`` for Anderson-Darling.
    """
    import numpy as np

    x, weights = np.polynomial.legendre.leggauss(NODES)
    # s = sin^2: nodes crowd at both ends, where the weighted kernel is steep.
    angle = (x + 1) * np.pi / 4
    s = np.sin(angle) ** 2
    weights = weights * np.pi / 4 * np.sin(2 * angle)
    left = np.cos(angle) ** 2
    log_left = np.log(left)
    if abs(shape) < 1e-9:
        by_shape, by_scale = -left * log_left**2 / 2, left * log_left
    else:
        grown = -np.expm1(shape * log_left)
        by_shape = left * (grown / shape**2 + log_left / shape)
        by_scale = -left * grown / shape
    slopes = np.stack([by_shape, by_scale])
    inverse = (1 + shape) * np.array([[1 + shape, -1.0], [-1.0, 2.0]])
    kernel = np.minimum(s[:, None], s) - s[:, None] * s - slopes.T @ inverse @ slopes
    spread = s * left if weighted else np.ones_like(s)
    root = np.sqrt(weights / spread)
    found = np.linalg.eigvalsh(root[:, None] * kernel * root)[::-1]
    values: Floats = np.maximum(found, 0.0)
    return values


def _bootstrap(
    fit: GpdFit, k: int, seen: tuple[float, float], resamples: int, seed: int
) -> tuple[float, float]:
    """Shares of samples of the fitted law, each fitted anew, whose statistics are at least these.

    The sample itself counts as one of them, so that no chance is 0.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    above = np.zeros(2)
    for start in range(0, resamples, max(1, BATCH // k)):
        rows = min(max(1, BATCH // k), resamples - start)
        hazard = rng.standard_exponential((rows, k))
        xi = fit.shape if abs(fit.shape) > 1e-9 else 1e-9
        sample = fit.scale * np.expm1(xi * hazard) / xi
        shape, scale, _, _ = fit_rows(sample)
        for i, each in enumerate(statistics(sample, shape, scale)):
            above[i] += np.sum(each >= seen[i])
    low, high = (1 + above) / (1 + resamples)
    return float(low), float(high)
