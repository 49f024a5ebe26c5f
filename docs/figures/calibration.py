"""The figure of the page on calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from verify.inline_svg import INK
from verify.law import Law
from verify.plotting import BASE, REWEIGHTED

#: Laws, their colours, and where their names stand: at which share, and how far above the curve.
SHOWN = {
    "student_t(3)": (REWEIGHTED, 2e-3, 0.35),
    "lognormal(0, 1)": (REWEIGHTED, 1.5e-4, -0.35),
    "weibull(1/2)": (REWEIGHTED, 1e-5, -0.25),
    "weibull(4/5)": (REWEIGHTED, 1e-5, 0.1),
    "gamma(1/2)": (BASE, 2e-2, 0.2),
    "exponential()": (BASE, 1e-5, -0.25),
    "normal()": (BASE, 1e-5, -0.25),
    "uniform()": (BASE, 1.1e-2, 1.7),
}
#: Where the curves are computed: minus the logarithm of the share above the threshold.
LEVELS = np.linspace(2.0, 14.0, 240)


def coefficients() -> Any:
    """The Weibull-tail coefficient of laws at each threshold, and the lines of the decision."""
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = np.exp(-LEVELS)
    for name, (colour, share, above) in SHOWN.items():
        curve = local_coefficient(name)
        axes.plot(shares, curve, color=colour, lw=2)
        place = float(np.interp(-np.log(share), LEVELS, curve)) + above
        axes.text(share, place, name, color=colour, fontsize="small", ha="center")
    axes.plot(shares, 1 + 0.5 / LEVELS, color=INK, lw=1.2, ls=(0, (5, 2)))
    axes.axhline(1, color=INK, lw=0.7)
    axes.axhline(0, color=INK, lw=0.7)
    for height, word in ((3.8, "heavy"), (0.72, "light"), (-0.5, "bounded")):
        axes.text(1.1e-6, height, word, color=INK, ha="right", style="italic")
    axes.set(
        xscale="log",
        xlim=(shares[0], shares[-1]),
        ylim=(-3, 4.2),
        xlabel="share of the rewards above the threshold",
        ylabel="Weibull-tail coefficient there",
    )
    return figure


def local_coefficient(name: str) -> Any:
    """``1 - d log(hazard) / d log(y)`` along y, minus the logarithm of the tail."""
    catalogued: Any = Law.parse(name)
    law = catalogued.scipy()
    x = law.isf(np.exp(-LEVELS))
    hazard = law.logpdf(x) - law.logsf(x)
    return 1 - np.gradient(hazard, np.log(LEVELS))


FIGURES = {"tail_coefficients": coefficients}
