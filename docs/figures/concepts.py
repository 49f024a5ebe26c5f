"""The figures of the pages on concepts."""

from __future__ import annotations

from typing import Any

from verify.inline_svg import INK, THIRD, axes_alone
from verify.plotting import BASE, REWEIGHTED


def weights() -> Any:
    """Four weights on a standard normal reward, each of them at the same cost."""
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    cost, t = 0.5, 1.5
    x = np.linspace(-3, 3.6, 661)
    q = ndtr(-t)

    def threshold_cost(p: float) -> float:
        return float(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))

    mass = brentq(lambda p: threshold_cost(p) - cost, q, 1 - 1e-9)
    draws = brentq(lambda n: np.log(n) - (n - 1) / n - cost, 1.01, 100)
    tilt, fraction = np.sqrt(2 * cost), np.exp(-cost)
    cut = ndtri(1 - fraction)
    curves = (
        (f"threshold at {t}", np.where(x > t, mass / q, (1 - mass) / (1 - q)), BASE, "-"),
        ("tilt", np.exp(tilt * x - tilt**2 / 2), REWEIGHTED, (0, (5, 2))),
        (f"best of n = {draws:.2f}", draws * ndtr(x) ** (draws - 1), THIRD, (0, (1, 1.4))),
        (f"top {fraction:.0%}", np.where(x > cut, 1 / fraction, 0), INK, (0, (6, 2, 1, 2))),
    )
    figure, axes = axes_alone()
    for label, weight, colour, dashes in curves:
        axes.plot(x, weight, color=colour, ls=dashes, lw=2.2, label=label)
    axes.set(ylim=(0, 8), xlabel="reward (standard deviations)", ylabel="weight $dP/dQ$")
    axes.legend()
    return figure


FIGURES = {"weights": weights}
