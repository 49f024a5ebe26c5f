"""The picture of a utility curve: E V against KL, with the level that it tends to.

float64 throughout: a picture certifies nothing.
"""

from __future__ import annotations

from itertools import pairwise
from json import dumps
from typing import Any

from flint import arb

from verify.errors import InputError
from verify.plotting import BASE, MARK, REWEIGHTED, clipped, format_of, write_figure
from verify.utility_curve import SPREAD, Estimate, UtilityCurve, UtilityPoint

#: KL that spans more than this many times its least is drawn on a logarithmic scale.
WIDE = 50


def plot_utility(answer: UtilityCurve, path: str) -> None:
    """Draw the points, joined in the order of KL, and the limit of E V.

    Raises
    ------
    InputError
        If no point has both a KL and an E V, or the format is not known.
    """
    kind = format_of(path)
    shown = sorted(
        (point for point in answer.points if _number(point.kl) and _number(point.mean_v)),
        key=lambda point: _float(point.kl),
    )
    if not shown:
        raise InputError("--plot: no point has both a KL divergence and an E V, so there is none")
    write_figure(path, kind, lambda: _figure(answer, shown), dumps(answer.to_dict()))


def heading(answer: UtilityCurve) -> str:
    """The laws, and how they hang together where they do."""
    lines = [f"X = {clipped(answer.error)}", f"V = {clipped(answer.utility)}"]
    if answer.dependence != "independent":
        lines.append(f"joined by {clipped(answer.dependence)}")
    return "\n".join(lines)


def _number(value: object) -> bool:
    return isinstance(value, arb | Estimate)


def _float(value: object) -> float:
    if isinstance(value, Estimate):
        return value.value
    assert isinstance(value, arb)
    return float(value)


def _figure(answer: UtilityCurve, shown: list[UtilityPoint]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _draw_path(axes, shown)
    _draw_limit(axes, answer)
    spent = [_float(point.kl) for point in shown]
    if min(spent) > 0 and max(spent) > WIDE * min(spent):
        axes.set_xscale("log")
    axes.set_xlabel("KL divergence from the base policy (nats)")
    axes.set_ylabel("true utility E V, in units of V")
    axes.set_title(heading(answer), loc="left")
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="best")
    return figure


def _draw_path(axes: Any, shown: list[UtilityPoint]) -> None:
    """The points: filled where a policy attains them, hollow where they are only approached."""
    for before, after in pairwise(shown):
        reached = before.attained and after.attained
        places = [
            [_float(x.kl) for x in (before, after)],
            [_float(x.mean_v) for x in (before, after)],
        ]
        axes.plot(*places, color=BASE, lw=2.2, ls="-" if reached else (0, (4, 2)), zorder=2)
    labels = {True: "attained by a policy", False: "approached by near-optimal policies"}
    for point in shown:
        attained = point.attained is not False
        place = [_float(point.kl)], [_float(point.mean_v)]
        if isinstance(point.mean_v, Estimate):
            spread = SPREAD * point.mean_v.standard_error
            axes.errorbar(*place, yerr=[spread], color=BASE, lw=1.2, zorder=3)
        axes.plot(
            *place,
            ls="",
            marker="o",
            ms=7,
            mec="white" if attained else BASE,
            mfc=BASE if attained else "white",
            label=labels.pop(attained, None),
            zorder=4,
        )


def _draw_limit(axes: Any, answer: UtilityCurve) -> None:
    """The limit of E V as a level, where it is a number."""
    limit = answer.limit.mean_v
    label = "limit of E V along the tilts" if answer.limit.along else "limit of E V"
    if isinstance(limit, arb):
        axes.axhline(float(limit), color=REWEIGHTED, lw=1.5, ls=(0, (4, 2)), label=label, zorder=1)
    elif limit is not None:
        axes.plot([], [], ls="", label=f"{label}: {limit}", color=MARK)
