"""The pictures of an audit that are asked for most, on one sheet."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from verify.plotting import clipped, format_of, write_figure
from verify.tails.report.consequence_pictures import best_of_plot, frontier_plot
from verify.tails.report.distribution import exponential_quantiles
from verify.tails.report.tail_pictures import index_paths

if TYPE_CHECKING:
    from verify.tails.audit import Audit


def plot_audit(answer: Audit, path: str) -> None:
    """Draw the tail, its index, what a KL budget buys, and best-of-n.

    Raises
    ------
    InputError
        If the format is not known, or nothing can be drawn.
    """
    write_figure(path, format_of(path), lambda: _sheet(answer), dumps(answer.to_dict()))


def _sheet(answer: Audit) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    consequences = answer.consequences
    drawings = (
        exponential_quantiles(answer.tail),
        index_paths(answer.tail, answer.verdict),
        frontier_plot(consequences.frontier, consequences.quenched, answer.verdict),
        best_of_plot(consequences.best_of_n, answer.summary.count),
    )
    figure = Figure(figsize=(11, 8), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, drawing in zip(figure.subplots(2, 2).flat, drawings, strict=True):
        drawing.draw(axes)
        axes.set_title(drawing.title, loc="left", fontsize=11, pad=14)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.15)
    figure.suptitle(clipped(f"{answer.scores.files[0]}: {answer.verdict.kind}"), x=0.01, ha="left")
    return figure
