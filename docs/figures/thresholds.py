"""The figure of the page on thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import t

from verify.inline_svg import INK, THIRD
from verify.plotting import BASE, REWEIGHTED
from verify.tails.estimators.gpd import fit_gpd, gpd_path
from verify.tails.index_interval import RATIO, Extrapolation, index_interval
from verify.tails.upper_tail import UpperTail

#: Quantiles that stand for all of a law.
POINTS = 4000
SIZE = 10**5
LAWS: dict[str, tuple[float, Callable[[Any], Any], str, Any]] = {
    "Student t(3)": (1 / 3, lambda p: t.isf(p, 3), BASE, "-"),
    "Burr(2, 2)": (1 / 4, lambda p: (p**-0.5 - 1) ** 0.5, THIRD, (0, (5, 2))),
    "Student t(10)": (1 / 10, lambda p: t.isf(p, 10), REWEIGHTED, (0, (1, 1.2))),
}


def _shape(quantile: Callable[[Any], Any], share: float) -> float:
    """The GPD shape fitted to all of a law above a quantile."""
    p = share * (np.arange(POINTS) + 0.5) / POINTS
    return fit_gpd(quantile(p) - quantile(np.array([share]))).shape


def bias() -> Any:
    """What a fit is off by at each share of the sample, before and after the extrapolation."""
    figure = Figure(figsize=(8.2, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    shares = np.geomspace(0.2, 0.001, 12)
    for name, (index, quantile, colour, dashes) in LAWS.items():
        lower = [_shape(quantile, share) for share in shares]
        upper = [_shape(quantile, share / RATIO) for share in shares]
        both = [
            Extrapolation(1, RATIO, one, other).index
            for one, other in zip(upper, lower, strict=True)
        ]
        style = {"color": colour, "ls": dashes}
        left.plot(100 * shares, np.array(lower) - index, lw=1.2, **style)
        left.plot(100 * shares, np.array(both) - index, lw=2.6, label=name, **style)
    left.axhline(0, color=INK, lw=0.7)
    left.text(1.6, -0.1, "one fit", color=INK, ha="right", fontsize="small")
    left.text(13, 0.02, "extrapolated", color=INK, ha="right", fontsize="small")
    left.set(xscale="log", xlabel="largest rewards used (% of all)", ylabel="bias of the index")
    left.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    left.legend(loc="lower left", fontsize="small")
    _one_sample(right)
    return figure


def _one_sample(axes: Any) -> None:
    tail = UpperTail.of(np.random.default_rng(5).standard_t(10, SIZE), SIZE // 5 + 1)
    path = gpd_path(tail, np.unique(np.geomspace(50, SIZE // 5, 50).astype(int)).tolist())
    margin = 1.96 * path.standard_error
    axes.fill_between(path.k, path.shape - margin, path.shape + margin, color=BASE, alpha=0.2, lw=0)
    axes.plot(path.k, path.shape, color=BASE, lw=1.6, label="one fit, 95 % if unbiased")
    found, k = index_interval(tail)
    reach = [[found.value - found.low], [found.high - found.value]]
    axes.errorbar(
        [k], [found.value], reach, color=REWEIGHTED, lw=2.4, capsize=5, marker="o",
        label="extrapolated from $k$ and $k/4$",
    )  # fmt: skip
    axes.axhline(0.1, color=INK, lw=0.9, ls=(0, (5, 2)), label="the index, 1/10")
    axes.set(xscale="log", xlabel="largest rewards used", ylabel="index", ylim=(-0.32, 0.5))
    axes.legend(loc="upper right", fontsize="small")


FIGURES = {"threshold_bias": bias}
