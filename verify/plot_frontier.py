"""The picture of a frontier: the best mean against the budget, under the dual bounds.

float64 throughout: a picture certifies nothing.
"""

from __future__ import annotations

from json import dumps
from typing import Any

from flint import arb

from verify.errors import InputError
from verify.frontier import Frontier, FrontierPoint
from verify.penalties import PenalisedPoint, penalised_frontier
from verify.plotting import BASE, MARK, REWEIGHTED, clipped, format_of, write_figure

#: Points of the curve; budgets are spaced like squares, for S rises like a square root at 0.
POINTS = 48
#: The same for laws of one's own, and other divergences, on which a point may take a second.
FEW_POINTS = 16
#: How far beyond the largest budget the curve goes.
MARGIN = 1.25
#: Dual bounds that are drawn: more would hide the curve.
MOST_BOUNDS = 4


def plot_frontier(answer: Frontier, path: str) -> None:
    """Draw the frontier, what is achieved at each budget, and the straight lines above it.

    Raises
    ------
    InputError
        If S is infinite, nothing was found, or the format is not known.
    """
    kind = format_of(path)
    shown = [point for point in answer.points if isinstance(point.lower, arb) and point.budget > 0]
    if not shown:
        raise InputError("--plot: no budget above 0 has a finite best mean, so there is no curve")
    largest = float(max(point.budget for point in shown)) * MARGIN
    slow = answer.base.rates_need_search or answer.divergence != "kl"
    steps = FEW_POINTS if slow else POINTS
    budgets = [f"{largest * (k / steps) ** 2:.12g}" for k in range(steps + 1)]
    curve = [
        (float(point.budget), float(point.lower), float(point.upper))
        for point in penalised_frontier(answer.base, answer.divergence, budgets).points
        if isinstance(point.lower, arb) and isinstance(point.upper, arb)
    ]
    write_figure(path, kind, lambda: _figure(answer, shown, curve), dumps(answer.to_dict()))


def _figure(
    answer: Frontier, shown: list[FrontierPoint], curve: list[tuple[float, float, float]]
) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    budgets, lower, upper = zip(*curve, strict=True)
    axes.plot(budgets, lower, color=BASE, lw=2.6, label="achieved: a reweighting within d")
    axes.plot(budgets, upper, color=REWEIGHTED, lw=1.5, ls=(0, (4, 2)), label="dual bound")
    _draw_bounds(axes, shown, budgets[-1], (min(lower), max(upper)))
    for point in shown:
        axes.plot(
            [float(point.budget)],
            [float(point.lower)],  # type: ignore[arg-type]
            marker="o",
            ms=7,
            mec=BASE if point.attained is False else "white",
            mfc="white" if point.attained is False else BASE,  # approached, not attained: hollow
            zorder=4,
        )
    axes.set_xlabel(budget_label(answer.divergence))
    axes.set_ylabel("best mean S(d), in units of the reward")
    axes.set_title(f"{clipped(str(answer.base))}", loc="left")
    axes.set_xlim(0, budgets[-1])
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    return figure


def budget_label(divergence: str) -> str:
    """What a budget limits, with its unit."""
    named = {
        "kl": "KL(P || Q) in nats",
        "odds": "log R, the odds cap, in nats",
        "js": "Jensen-Shannon in nats",
        "tv": "total variation",
        "hellinger": "squared Hellinger distance",
        "chi2": "chi-square",
        "reverse_kl": "KL(Q || P) in nats",
    }
    return f"budget d: {named.get(divergence, divergence)}"


def _slope(point: FrontierPoint) -> float | None:
    """``1/l`` of the dual bound, where that is a straight line in the budget."""
    if isinstance(point, PenalisedPoint):
        return None if point.dual is None or not point.dual.linear else 1 / float(point.dual.slope)
    return None if point.tilt is None else float(point.tilt.q) / float(point.tilt.p)


def _draw_bounds(
    axes: Any, shown: list[FrontierPoint], end: float, heights: tuple[float, float]
) -> None:
    """The line ``(d + K(l))/l`` of each budget's l: touching S there, above it elsewhere."""
    label: str | None = "one dual bound, on every budget"
    for point in sorted(shown, key=lambda point: -point.budget)[:MOST_BOUNDS]:
        slope = _slope(point)
        if slope is None or not isinstance(point.upper, arb):
            continue
        at, height = float(point.budget), float(point.upper)
        ends = (0.0, end)
        axes.plot(
            ends,
            [height + slope * (x - at) for x in ends],
            color=MARK,
            lw=1.0,
            ls=":",
            label=label,
            zorder=1.5,
        )
        label = None
    room = 0.08 * (heights[1] - heights[0]) or 1.0
    axes.set_ylim(heights[0] - room, heights[1] + 2 * room)
