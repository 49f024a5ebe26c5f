"""The picture of best-of-n: both scores against n, and what was foretold of the gold score."""

from __future__ import annotations

from json import dumps
from typing import Any

from gpu_checks.best_of_n.outcome import Mean
from gpu_checks.best_of_n.predictions import Prediction
from gpu_checks.best_of_n.result import BestOfN
from verify.plotting import BASE, MARK, REWEIGHTED, format_of, write_figure

#: For each prediction its colour and dashes: told apart in print without colour too.
LOOKS: dict[str, tuple[str, Any]] = {
    "normal": (BASE, (0, (5, 2))),
    "independent error": (REWEIGHTED, (0, (1, 1))),
    "limit": (MARK, (0, (8, 2, 1, 2))),
    "Gao's form": (REWEIGHTED, (0, (5, 2, 1, 2))),
}


def plot_best_of_n(found: BestOfN, path: str) -> None:
    """Draw it.

    Raises
    ------
    InputError
        If the format is not known.
    """
    kind = format_of(path)
    write_figure(path, kind, lambda: _figure(found), dumps(found.to_dict()))


def _figure(found: BestOfN) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    sizes = [outcome.n for outcome in found.outcomes]
    for axes, score in ((above, "gain"), (below, "proxy")):
        _draw_outcome(axes, sizes, [getattr(outcome, score) for outcome in found.outcomes])
    base = found.outcomes[0].base
    for prediction in found.predictions:
        _draw_prediction(above, sizes, prediction, base)
    above.set_ylabel("gain in gold score")
    below.set_ylabel("proxy score")
    below.set_xscale("log")
    below.set_xlabel("n, answers that the best is chosen from")
    above.legend(frameon=False, title="gold score, with a 95 % band")
    return figure


def _draw_outcome(axes: Any, sizes: list[int], means: list[Mean]) -> None:
    axes.plot(
        sizes, [mean.value for mean in means], color=MARK, marker="o", ms=4, lw=1.4, label="outcome"
    )
    known = [(n, mean) for n, mean in zip(sizes, means, strict=True) if mean.low is not None]
    axes.fill_between(
        [n for n, _ in known],
        [mean.low for _, mean in known],
        [mean.high for _, mean in known],
        color=MARK,
        alpha=0.15,
        lw=0,
    )


def _draw_prediction(axes: Any, sizes: list[int], prediction: Prediction, base: float) -> None:
    """What was foretold, less the base policy's gold score; a limit is a line across."""
    colour, dashes = LOOKS[prediction.name]
    known = [
        (n, value - base)
        for n, value in zip(sizes, prediction.values, strict=True)
        if value is not None
    ]
    if prediction.name == "limit":
        axes.axhline(known[-1][1], color=colour, ls=dashes, lw=1, label="limit")
    else:
        axes.plot(*zip(*known, strict=True), color=colour, ls=dashes, lw=1.6, label=prediction.name)
