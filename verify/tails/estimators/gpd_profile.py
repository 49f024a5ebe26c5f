"""The profile-likelihood interval for the shape of a generalised Pareto law.

For a shape xi the best scale solves ``(1 + xi) mean(y / (sigma + xi y)) = 1``, whose left side
falls and is convex in sigma. The interval is where twice the loss of log-likelihood stays below
the chi-square quantile. The signed root of the loss is nearly linear in xi, so Newton's method
from the normal interval takes a few steps; a bracket keeps them from leaving.
"""

from __future__ import annotations

from math import inf, log, sqrt
from statistics import NormalDist

from array_api_compat import array_namespace

from verify.tails.estimators.gpd import GpdFit, fit_gpd
from verify.tails.upper_tail import Array
from verify.tails.verdict import Interval

#: Shapes are kept this far from 0, where formulas are quotients of zeros, and from -1.
NEAREST = 1e-6
#: An end is settled once a step is shorter than this, a scale once it is by this ratio.
SHORTEST, MOST_STEPS = 1e-8, 100


def profile_interval(excesses: Array, level: float = 0.95, fit: GpdFit | None = None) -> Interval:
    """The shape of a GPD fitted to excesses, with its profile-likelihood interval.

    Parameters
    ----------
    excesses : array of shape (k,)
        In any order.
    level : float
        Of the interval.
    fit : GpdFit, optional
        The fit to these excesses, where it is there.

    Returns
    -------
    Interval
        The low end is -oo where the loss stays small down to shape -1, below which the likelihood
        has no bound.

    Raises
    ------
    InputError
        If there are fewer than two excesses, or all of them are 0.
    ArithmeticError
        If the search for an end does not settle; none such is known.
    """
    fit = fit_gpd(excesses) if fit is None else fit
    profile = _Profile(excesses, fit, NormalDist().inv_cdf((1 + level) / 2))
    return Interval(fit.shape, profile.end(-1), profile.end(1), level)


class _Profile:
    """The likelihood at a shape and its best scale, and where it has fallen too far."""

    def __init__(self, excesses: Array, fit: GpdFit, quantile: float) -> None:
        self.xp = array_namespace(excesses)
        self.excesses, self.fit, self.quantile = excesses, fit, quantile
        self.largest = float(self.xp.max(excesses))

    def end(self, side: int) -> float:
        """The low end for side -1, the high one for 1."""
        fit, k = self.fit, self.fit.k
        inside, outside = fit.shape, None
        scale = fit.scale
        # The normal interval, or something as wide where there is none.
        xi = fit.shape + side * self.quantile * max(1 + fit.shape, 0.25) / sqrt(k)
        for _ in range(MOST_STEPS):
            xi = max(xi, NEAREST - 1)
            if abs(xi) < NEAREST:
                xi = NEAREST
            scale = self.scale(xi, scale)
            mean_log = float(self.xp.mean(self.xp.log1p(self.excesses * (xi / scale))))
            height = -log(scale) - (1 + 1 / xi) * mean_log
            loss = sqrt(max(2 * (fit.log_likelihood - k * height), 0.0))
            over = loss - self.quantile
            if over < 0:
                inside = xi
                if xi == NEAREST - 1:
                    return -inf if side < 0 else xi
            else:
                outside = xi
            # At the best scale only the shape itself moves the likelihood.
            slope = -k * (mean_log - xi) / xi**2
            step = -over * loss / slope if slope else 0.0
            following = xi + step
            if outside is None:
                if not step * side > 0:
                    following = xi + 2 * (xi - fit.shape)
            elif not min(inside, outside) < following < max(inside, outside):
                following = (inside + outside) / 2
            if abs(following - xi) < SHORTEST:
                return following
            xi = following
        raise ArithmeticError(f"no end of the profile-likelihood interval found near {xi}")

    def scale(self, xi: float, scale: float) -> float:
        """The best scale for a shape, by Newton's method from a guess."""
        xp, y = self.xp, self.excesses
        least = max(0.0, -xi * self.largest)
        scale = max(scale, least * (1 + 1e-3))
        for _ in range(MOST_STEPS):
            parts = y / (scale + xi * y)
            value = (1 + xi) * float(xp.mean(parts)) - 1
            slope = -(1 + xi) * float(xp.mean(parts / (scale + xi * y)))
            following = scale - value / slope
            if not following > least:
                following = (scale + least) / 2
            if abs(following - scale) < SHORTEST * scale:
                return following
            scale = following
        raise ArithmeticError(f"no best scale found for the shape {xi}")
