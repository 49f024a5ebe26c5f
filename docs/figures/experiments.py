"""The figures of the numbers in print: the synthetic best-of-N experiment, without sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

from theorems.experiments.peaks import PEAKS
from theorems.experiments.synthetic import ERRORS, PRINTED_DRAWS, UTILITIES
from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.conditioning.floats import survival_and_parts
from verify.enclosure import Number
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.plotting import BASE, REWEIGHTED
from verify.utility_curve import Estimate

#: Thresholds, close about 0 and ever farther apart: a curve is off by less than its width.
CUTS = np.sinh(np.linspace(-np.arcsinh(12), np.arcsinh(1e5), 200))
#: Draws of (X, V) behind the dots, and standard errors on either side of them.
SAMPLES, BAND = 1_500_000, 2
#: Of each error: its name, colour and dashes, and its first sampled n, so that bars stand apart.
STYLES = {
    "normal": ("normal", INK, (0, (1, 1.4)), 1),
    "lognormal": ("lognormal", REWEIGHTED, "-", 1),
    "t3": ("Student t(3)", BASE, (0, (5, 2)), 2),
    "t5": ("Student t(5)", THIRD, (0, (5, 1.5, 1, 1.5)), 3),
}
NAMES = {"normal": "V normal", "t10": "V Student t(10)"}


def means_of_best(error: Law, utility: Law, draws: Any) -> tuple[Any, Any]:
    """About E V and E X under best-of-n: between two thresholds they are what they are there."""
    above, of_v, of_u = survival_and_parts(error, utility, CUTS)
    above = np.r_[1, above.clip(0, 1), 0]
    masses = -np.diff(above)
    with np.errstate(divide="ignore"):
        up_to = np.exp(np.multiply.outer(draws, np.log1p(-above)))
    shares = np.diff(up_to, axis=1) / np.where(masses > 0, masses, 1)
    all_v, all_x = (float(finite(law.mean())) for law in (utility, error))
    parts = (np.r_[all_v, of_v, 0], np.r_[all_x, of_u - of_v, 0])
    mean_v, mean_x = (shares @ -np.diff(part) for part in parts)
    return mean_v, mean_x


def finite(mean: Number) -> arb:
    """A mean that is no infinity."""
    assert isinstance(mean, arb)
    return mean


def best_of_grid() -> Any:
    """E V against n for each error, and what sampling says of it where the print looked."""
    draws = np.geomspace(1, 1e14, 141)
    figure, _ = axes_alone((8.4, 3.9))
    figure.clear()
    for axes, (name, utility) in zip(
        figure.subplots(1, 2, sharey=True), UTILITIES.items(), strict=True
    ):
        for kind, error in ERRORS.items():
            label, colour, dashes, first = STYLES[kind]
            laws = Law.parse(error), Law.parse(utility)
            peak, _ = PEAKS.get((name, kind), (None, ""))
            at = np.append(draws, peak or 1)
            heights, _ = means_of_best(*laws, at)
            axes.plot(draws, heights[:-1], color=colour, ls=dashes, lw=2, label=label)
            if peak is not None:
                axes.plot(peak, heights[-1], "o", color=colour, ms=8, mfc="none", mew=1.6)
            sampled = [first * n for n in PRINTED_DRAWS if first * n <= PRINTED_DRAWS[-1]]
            points = monte_carlo_best_of(*laws, sampled, SAMPLES, seed=1)
            for n, point in zip(sampled, points, strict=True):
                mean = point.mean_v
                assert isinstance(mean, Estimate)
                band = BAND * mean.standard_error
                axes.errorbar(n, mean.value, band, color=colour, fmt=".", ms=4, lw=1.4)
        axes.axvline(PRINTED_DRAWS[-1], color=INK, lw=0.8, ls=":")
        axes.set(
            xscale="log", xlim=(1, draws[-1]), ylim=(0, 10), xlabel="draws n", title=NAMES[name]
        )
    figure.axes[0].set(ylabel="true utility E V")
    figure.axes[0].legend(title="the error X", loc="upper right")
    return figure


def best_of_parts() -> Any:
    """What the best proxy is made of, for V Student t and X lognormal: error, and then utility."""
    draws = np.geomspace(1, 1e18, 181)
    laws = Law.parse(ERRORS["lognormal"]), Law.parse(UTILITIES["t10"])
    mean_v, mean_x = means_of_best(*laws, draws)
    figure, axes = axes_alone()
    axes.plot(draws, mean_v + mean_x, color=INK, ls=(0, (1, 1.4)), lw=2, label="proxy E U")
    axes.plot(draws, mean_x, color=REWEIGHTED, ls=(0, (5, 2)), lw=2, label="error E X")
    axes.plot(draws, mean_v, color=BASE, lw=2.4, label="true utility E V")
    axes.axvline(PRINTED_DRAWS[-1], color=INK, lw=0.8, ls=":")
    axes.set(xscale="log", yscale="log", xlim=(1, draws[-1]), ylim=(0.2, 300))
    axes.set(xlabel="draws n", ylabel="mean under best-of-n")
    axes.legend(loc=(0.36, 0.4))
    return figure


FIGURES = {"best_of_grid": best_of_grid, "best_of_parts": best_of_parts}
