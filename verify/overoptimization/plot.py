"""The picture of a fit: the points, the fitted forms with their peaks, and the residuals below."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from verify.overoptimization.answer import CurveFit, FormFit
from verify.overoptimization.forms import BEST_OF_N
from verify.plotting import BASE, MARK, REWEIGHTED, clipped, format_of, write_figure
from verify.utility_curve import SPREAD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POINTS = 300
#: How far beyond the data the curves go, as a share of it, to show a peak that is near.
MARGIN = 0.15


def plot_fit(answer: CurveFit, path: str) -> None:
    """Draw a fit.

    Raises
    ------
    InputError
        If the format is not known.
    """
    kind = format_of(path)
    write_figure(path, kind, lambda: _figure(answer), dumps(answer.to_dict()))


def colour_of(fit: FormFit) -> str:
    """The colour of a form, the same wherever it is drawn."""
    return BASE if fit.form is BEST_OF_N else REWEIGHTED


def dashes_of(fit: FormFit) -> Any:
    """The dashes of a form, for print without colour."""
    return "-" if fit.form is BEST_OF_N else (0, (5, 2))


def _figure(answer: CurveFit) -> Any:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    data = answer.data
    figure = Figure(figsize=(7.2, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    along = np.linspace(0, float(data.d.max()) * (1 + MARGIN), POINTS)
    for score, values, marker in (("gold", data.gold, "o"), ("proxy", data.proxy, "s")):
        if values is None:
            continue
        margins = None if score == "proxy" or data.error is None else SPREAD * data.error
        above.errorbar(
            data.d,
            values,
            yerr=margins,
            color=MARK,
            ls="",
            marker=marker,
            ms=5.5,
            mfc=MARK if score == "gold" else "white",
            lw=1,
            label=score,
            zorder=3,
        )
    for fit in answer.fits:
        _draw(above, fit, along)
        if fit.score == "gold":
            marker = "o" if fit.form is BEST_OF_N else "D"
            below.plot(data.d, fit.residuals, ls="", marker=marker, ms=5, color=colour_of(fit))
    below.axhline(0, color=MARK, lw=0.8)
    above.set_ylabel("score")
    below.set_ylabel("gold less fitted")
    below.set_xlabel("$d = \\sqrt{\\mathrm{KL}}$ (KL in nats)")
    above.set_title(clipped(data.path), loc="left")
    for axes in (above, below):
        axes.grid(alpha=0.2)
        axes.spines[["top", "right"]].set_visible(False)
    above.legend(frameon=False, loc="best")
    return figure


def _draw(axes: Any, fit: FormFit, along: Floats) -> None:
    """A fitted curve, and a triangle at its peak if that is in the picture."""
    gold = fit.score == "gold"
    axes.plot(
        along,
        fit.at(along),
        color=colour_of(fit),
        ls=dashes_of(fit),
        lw=2.2 if gold else 1.2,
        label=f"{fit.form.name}: {fit.form.text}" if gold else None,
    )
    if gold and fit.peak is not None and fit.peak.d <= along[-1]:
        axes.plot(
            [fit.peak.d], [fit.peak.score], ls="", marker="^", ms=9, mec="white",
            color=colour_of(fit), zorder=4,
        )  # fmt: skip
