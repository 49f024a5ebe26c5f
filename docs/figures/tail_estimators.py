"""The figures of the page on the estimators of the tail."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from verify.inline_svg import INK, THIRD
from verify.plotting import BASE, REWEIGHTED
from verify.tails.estimators import (
    above,
    gpd_path,
    hill_path,
    maximum_to_sum,
    mean_excess,
    moment_path,
    port_hill_path,
)
from verify.tails.upper_tail import UpperTail

SIZE = 10**5
DASHED, DOTTED = (0, (5, 2)), (0, (1, 1.2))


def _panels() -> tuple[Any, Any]:
    figure = Figure(figsize=(8.2, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, 2)


def paths() -> Any:
    """One sample of t(3), as it is and shifted by 10: which estimators notice."""
    figure, panels = _panels()
    rewards = np.random.default_rng(3).standard_t(3, SIZE)
    ks = np.unique(np.geomspace(30, SIZE // 5, 60).astype(int))
    for axes, shift in zip(panels, (0, 10), strict=True):
        tail = UpperTail.of(rewards + shift, SIZE // 2 + 1)
        for path, colour, dashes, width in (
            (hill_path(tail), REWEIGHTED, "-", 2.2),
            (port_hill_path(tail), BASE, DASHED, 2.2),
            (moment_path(above(tail)), THIRD, DOTTED, 2.2),
            (gpd_path(tail, list(ks)), INK, "-", 1.4),
        ):
            places = np.searchsorted(path.k, ks)
            label = "moment over the median" if path.name == "moment" else path.name
            axes.plot(ks, path.shape[places], color=colour, ls=dashes, lw=width, label=label)
        axes.axhline(1 / 3, color=INK, lw=0.8)
        axes.set(xscale="log", xlim=(30, SIZE // 5), ylim=(-0.05, 0.75))
        axes.set_xlabel("$k$, of $10^5$ rewards")
        axes.set_title(f"t(3){f' + {shift}' if shift else ''}", fontsize="medium")
    panels[1].annotate("true: 1/3", (6000, 0.345), color=INK)
    panels[0].set_ylabel("estimated shape")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def looks() -> Any:
    """The mean excess of three laws, and the maximum over the sum for four powers of t(3)."""
    figure, (left, right) = _panels()
    rng = np.random.default_rng(5)
    for name, rewards, colour, dashes in (
        ("t(3)", rng.standard_t(3, SIZE), REWEIGHTED, "-"),
        ("exponential", rng.standard_exponential(SIZE), BASE, DASHED),
        ("normal", rng.standard_normal(SIZE), THIRD, DOTTED),
    ):
        found = mean_excess(UpperTail.of(rewards, SIZE // 4))
        low, high = found.band()
        places = np.unique(np.geomspace(30, SIZE // 4 - 3, 80).astype(int))
        at = found.threshold[places]
        left.fill_between(at, low[places], high[places], color=colour, alpha=0.2, lw=0)
        left.plot(at, found.value[places], color=colour, ls=dashes, lw=2.2, label=name)
    left.set(xlim=(0.5, 12), ylim=(0, 8), xlabel="threshold (units of reward)")
    left.set_ylabel("mean excess (units of reward)")
    left.legend(loc="upper left")
    rewards = rng.standard_t(3, SIZE)
    n = np.unique(np.geomspace(10, SIZE, 400).astype(int)) - 1
    for power, colour, dashes in (
        (1, BASE, "-"),
        (2, THIRD, DASHED),
        (3, INK, DOTTED),
        (4, REWEIGHTED, "-"),
    ):
        ratio = maximum_to_sum(rewards, float(power))
        right.plot(n + 1, ratio[n], color=colour, ls=dashes, lw=2, label=f"$p = {power}$")
    right.set(xscale="log", xlim=(10, SIZE), ylim=(0, 1.02), xlabel="$n$, rewards of t(3) so far")
    right.set_ylabel("maximum over sum, of $p$-th powers")
    right.legend(loc="upper right", ncols=2)
    return figure


FIGURES = {"tail_estimator_paths": paths, "tail_looks": looks}
"""The figures of this module by name."""
