"""Which kind of heavy tail: a power law, or one of the lighter ones that are still heavy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from verify.tails.decision.levels import Level
from verify.tails.estimators.gpd import fit_gpd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Family = Literal["power law", "subexponential"]


def power_law_lead(level: Level) -> float:
    """By how much a power law fits the excesses better than a Weibull-type tail.

    Vuong's statistic (Econometrica 57, 1989): the mean difference of the log-densities under the
    two fitted laws, over its standard error. Both have two parameters. Standard normal if both are
    equally far from the truth.
    """
    excesses = level.tail.excesses
    fit = fit_gpd(excesses)
    difference = _gpd_log_densities(excesses, fit.shape, fit.scale) - level.tail.log_densities()
    error = float(difference.std()) / math.sqrt(level.k)
    return float(difference.mean()) / error if error > 0 else 0.0


def heavy_family(level: Level, significant: float) -> Family | None:
    """What the comparison says, None where it does not tell."""
    lead = power_law_lead(level)
    if lead > significant:
        return "power law"
    return "subexponential" if lead < -significant else None


def _gpd_log_densities(
    excesses: NDArray[np.float64], shape: float, scale: float
) -> NDArray[np.float64]:
    import numpy as np

    if abs(shape) < 1e-9:
        return -math.log(scale) - excesses / scale
    grown = np.log1p(shape * excesses / scale)
    densities: NDArray[np.float64] = -math.log(scale) - (1 + 1 / shape) * grown
    return densities
