"""The figures of the page on mitigations."""

from __future__ import annotations

from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from verify.inline_svg import INK, THIRD
from verify.mitigations.catalogue import MITIGATIONS
from verify.mitigations.model import default_models
from verify.mitigations.plot import FARTHEST_GAIN, FARTHEST_KL, curve
from verify.plotting import BASE, REWEIGHTED

DASHED, DOTTED = (0, (5, 2)), (0, (1, 1.5))
#: What is drawn, in the words of the legend.
CURVES: dict[str, tuple[str, str, Any]] = {
    "KL penalty": ("KL penalty", BASE, "-"),
    "KL, proxy clipped at its 99 % rank": ("KL, clipped", BASE, DASHED),
    "entropy bonus": ("entropy bonus", BASE, DOTTED),
    "chi-square penalty": ("chi-square", THIRD, "-"),
    "odds cap, quantilizer": ("odds cap", THIRD, DASHED),
    "best of n": ("best of n", INK, "-"),
    "best of n, lowest of 4 proxies": ("lowest of 4", REWEIGHTED, "-"),
    "the same, errors shared half the time": ("half shared", REWEIGHTED, DASHED),
}
TITLES = ("light error", "heavy error", "dependent error")


def mitigations() -> Any:
    """E V against KL, and against E U, for three pairs."""
    figure = Figure(figsize=(7.6, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 3, sharey="col", sharex="row")
    for model, title, column in zip(default_models(), TITLES, panels.T, strict=True):
        _draw_column(column, model)
        column[0].set_title(title, fontsize="medium")
    for axes in panels[0]:
        axes.set(xlim=(0, FARTHEST_KL), xlabel="KL (nats)")
    for axes in panels[1]:
        axes.set(xlim=(0, FARTHEST_GAIN), xlabel="gain of the proxy $E\\,U$")
    for row in panels:
        row[0].set_ylabel("gain of utility $E\\,V$")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _draw_column(column: Any, model: Any) -> None:
    for mitigation in MITIGATIONS:
        if mitigation.name not in CURVES:
            continue
        name, colour, dashes = CURVES[mitigation.name]
        places = list(curve(model, mitigation))
        for axes, which, end in zip(column, (0, 1), (FARTHEST_KL, FARTHEST_GAIN), strict=True):
            seen = [place for place in places if place[which] <= 1.02 * end]
            across, up = [place[which] for place in seen], [place[2] for place in seen]
            axes.plot(across, up, color=colour, ls=dashes, lw=1.8, label=name)
    for axes in column:
        axes.axhline(0, color=INK, lw=0.8)


FIGURES = {"mitigations": mitigations}
"""The figures of this module by name."""
