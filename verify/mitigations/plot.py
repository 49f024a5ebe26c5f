"""The picture of a comparison: the gain of E V against KL, and against the gain of E U.

float64 throughout: a picture certifies nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps
from math import cos, pi
from typing import Any

from verify.mitigations.catalogue import MITIGATIONS, BestByEnsemble, ByIntegrals, Mitigation
from verify.mitigations.comparison import Comparison
from verify.mitigations.model import COARSE, Model
from verify.mitigations.weights import Path, strength_for, strengths
from verify.plotting import BASE, MARK, REWEIGHTED, clipped, format_of, write_figure

#: Curves go this far, in nats and in units of the proxy.
FARTHEST_KL, FARTHEST_GAIN = 4.0, 5.0
THIRD, INK = "#009E73", "black"
#: KL, and the gains of ``E U`` and ``E V``.
Place = tuple[float, float, float]
#: Strengths of a curve.
POINTS = 60
#: What sampled curves are made of: more is not seen.
DRAWS = 100_000
#: How each mitigation is drawn, in the order of the catalogue: colours are kinds of mitigations.
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))
STYLES: tuple[tuple[str, Any], ...] = (
    (BASE, DASHES[0]),
    (INK, (0, (1, 5))),  # over the one before, with which it is the same
    (BASE, DASHES[1]),
    (BASE, DASHES[2]),
    (MARK, DASHES[2]),
    (THIRD, DASHES[2]),
    (THIRD, DASHES[0]),
    (THIRD, DASHES[1]),
    (INK, DASHES[1]),
    (INK, DASHES[0]),
    (REWEIGHTED, DASHES[0]),
    (REWEIGHTED, DASHES[1]),
    (REWEIGHTED, DASHES[2]),
)


def plot_comparison(answer: Comparison, path: str) -> None:
    """Draw two panels for each pair.

    Raises
    ------
    InputError
        If the format is not known.
    """
    kind = format_of(path)
    write_figure(path, kind, lambda: _figure(answer), dumps(answer.to_dict()))


def _figure(answer: Comparison) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    models = answer.models
    figure = Figure(figsize=(9, 3.2 * len(models) + 1.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(models), 2, squeeze=False, sharey="row")
    for model, row in zip(models, panels, strict=True):
        for mitigation, (colour, dashes) in zip(MITIGATIONS, STYLES, strict=True):
            draw_curves(row, model, mitigation, color=colour, ls=dashes, lw=1.8)
        dress(row, model)
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def draw_curves(panels: Any, model: Model, mitigation: Mitigation, **style: Any) -> None:
    """One mitigation's curve in both panels; where there is none, its name in the legend says so.

    Parameters
    ----------
    panels : pair of axes
        For KL, and for the gain of ``E U``.
    """
    places = list(curve(model, mitigation))
    for axes, which, farthest in zip(panels, (0, 1), (FARTHEST_KL, FARTHEST_GAIN), strict=True):
        seen = [place for place in places if place[which] <= 1.02 * farthest]
        across, up = [place[which] for place in seen], [place[2] for place in seen]
        axes.plot(across, up, label=mitigation.name, **style)


def curve(model: Model, mitigation: Mitigation) -> Iterator[Place]:
    """KL and the gains of ``E U`` and ``E V`` along a mitigation's policies."""
    import numpy as np

    if mitigation.why_not(model):
        return
    if isinstance(mitigation, BestByEnsemble):
        paths = mitigation.paths(model, DRAWS)
    else:
        assert isinstance(mitigation, ByIntegrals)
        paths = [mitigation.path(model, COARSE)]
    last = _last(paths[0])
    # Close together at both ends: curves begin steeply, and tilts end so.
    grid = [last * (1 - cos(pi * k / POINTS)) / 2 for k in range(1, POINTS + 1)]
    for kl, gain_u, gain_v in np.mean([_gains(path, grid) for path in paths], axis=0):
        yield float(kl), float(gain_u), float(gain_v)


def _last(path: Path) -> float:
    """The strength at which the curve leaves both panels, or the path ends."""
    wanted = (("kl", 1.1 * FARTHEST_KL), ("gain", 1.1 * FARTHEST_GAIN))
    found = (strength_for(path, quantity, target) for quantity, target in wanted)
    return max((end for end in found if end is not None), default=strengths(path)[-1])


def _gains(path: Path, grid: list[float]) -> list[Place]:
    base = path.base()
    found = [path.outcome(strength) for strength in grid]
    return [(x.kl, x.mean_u - base.mean_u, x.mean_v - base.mean_v) for x in found]


def dress(panels: Any, model: Model) -> None:
    """Labels, ranges and the title of a pair's panels."""
    panels[0].set(xlabel="KL divergence from the base policy (nats)", xlim=(0, FARTHEST_KL))
    panels[1].set(xlabel="gain of the proxy $E\\,U$", xlim=(0, FARTHEST_GAIN))
    panels[0].set_ylabel("gain of the true utility $E\\,V$")
    panels[0].set_title(f"{model.name}: {clipped(model.title)}", loc="left", fontsize="medium")
    for axes in panels:
        axes.axhline(0, color="0.5", lw=0.8, zorder=0)
        axes.grid(alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
