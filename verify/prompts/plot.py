"""The picture of the frontier over prompts, under the pooled one.

float64 throughout: a picture certifies nothing.
"""

from __future__ import annotations

from decimal import Decimal
from json import dumps
from typing import Any

from flint import arb

from verify.errors import InputError
from verify.frontier import FrontierPoint
from verify.plot_frontier import MARGIN
from verify.plotting import BASE, REWEIGHTED, clipped, format_of, write_figure
from verify.prompts.answer import QuenchedFrontier
from verify.prompts.per_prompt import PerPrompt, in_float64

#: Points of a curve; budgets are spaced like squares, for S rises like a square root at 0.
POINTS = 24


def plot_prompts(answer: PerPrompt, path: str) -> None:
    """Draw the frontier over prompts, the points asked for, and the pooled frontier.

    Raises
    ------
    InputError
        If no budget is above 0, or the format is not known.
    """
    kind = format_of(path)
    largest = max(point.budget for point in answer.frontier.points)
    if largest == 0:
        raise InputError("--plot: no budget is above 0, so there is no curve")
    end = float(largest) * MARGIN
    budgets = [Decimal(f"{end * (k / POINTS) ** 2:.12g}") for k in range(POINTS + 1)]
    curves = in_float64(answer.data, budgets, answer.weights)
    write_figure(path, kind, lambda: _figure(answer, curves), dumps(answer.to_dict()))


def _figure(answer: PerPrompt, curves: QuenchedFrontier) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    label = "pooled: as if it picked the prompts"
    axes.plot(*_line(curves.pooled), color=REWEIGHTED, lw=1.8, ls=(0, (4, 2)), label=label)
    axes.plot(*_line(curves.points), color=BASE, lw=2.6, label="what a policy can do")
    axes.plot(*_line(answer.frontier.points), "o", ms=7, color=BASE, mec="white", mew=1.5)
    axes.set_xlabel("budget d on the average KL divergence (nats)")
    axes.set_ylabel("best mean reward")
    axes.set_title(clipped(answer.data.text), loc="left")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False)
    return figure


def _line(points: tuple[FrontierPoint, ...]) -> tuple[list[float], list[float]]:
    """Budgets and lower values."""
    known = [(float(p.budget), float(p.lower)) for p in points if isinstance(p.lower, arb)]
    return [budget for budget, _ in known], [mean for _, mean in known]
