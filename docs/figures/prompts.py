"""The figures of the page on prompts: what a policy gains, and what pooled returns would say."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from docs.figures.canvas import geometric
from verify.construction import construct
from verify.frontier import FrontierPoint
from verify.inline_svg import INK, axes_alone
from verify.laws import student_t
from verify.plotting import BASE, REWEIGHTED
from verify.prompts.quenched import quenched_frontier

NORMALS = ("normal(sigma=1)", "normal(sigma=2)", "normal(sigma=5)")
WEIGHTS = ("0.5", "0.3", "0.2")
#: Means of the pooled law, and the KL below which each is reached.
HEAVY = (("10", "0.1"), ("100", "0.01"), ("1000", "0.001"))


def quenched_against_pooled() -> Any:
    """Normal prompts: the frontier over prompts below that of the pooled law."""
    figure, axes = axes_alone()
    last = fmpq(2)
    budgets = [f"{float(arb(last * k**2 / 1600)):.6g}" for k in range(1, 41)]
    found = quenched_frontier(NORMALS, budgets, WEIGHTS)
    places = [0.0, *(float(d) for d in budgets)]
    pooled, quenched = ([0.0, *map(middle, side)] for side in (found.pooled, found.points))
    axes.plot(places, pooled, color=REWEIGHTED, ls=(0, (5, 2)), lw=2.2, label="returns pooled")
    axes.plot(places, quenched, color=BASE, lw=2.6, label="over prompts: what a policy gains")
    (first,) = quenched_frontier(NORMALS, ["0.1"], WEIGHTS).points
    axes.plot([0.1], [middle(first)], "o", color=INK, ms=6)
    axes.annotate("1.1576", (0.1, middle(first)), (10, -10), textcoords="offset points")
    axes.set(xlim=(0, 2), ylim=(0, None))
    axes.set(xlabel="budget $d$ on the average KL divergence (nats)", ylabel="best mean reward")
    axes.legend(loc="lower right")
    return figure


def students_prompts() -> Any:
    """Student's prompts: sqrt(6 d) over prompts; for the pooled law, points far beyond."""
    figure, axes = axes_alone()
    budgets = [float(arb(d)) for d in geometric(1e-4, 1, 30)]
    best = [float(arb(6 * fmpq(*d.as_integer_ratio())).sqrt()) for d in budgets]
    label = r"over prompts: $\sqrt{6 d}$"
    axes.plot(budgets, best, color=BASE, lw=2.6, label=label)
    law = student_t(df=3)
    for number, (mean, kl) in enumerate(HEAVY):
        reached = construct(law, mean=mean, kl=kl).enclosures
        place = [float(ends[0]) for ends in (reached["kl"], reached["mean"]) if ends is not None]
        named = {"label": "the same returns pooled, reweighted"} if number == 0 else {}
        axes.plot(*([x] for x in place), "D", ms=7, color=REWEIGHTED, ls="", **named)
    axes.set(xscale="log", yscale="log", ylim=(0.003, 4000))
    axes.set(xlabel="KL divergence (nats)", ylabel="mean reward")
    axes.legend(loc="lower right")
    return figure


def middle(point: FrontierPoint) -> float:
    """The middle of the two certified values, which no picture tells apart."""
    assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
    return float((point.lower + point.upper) / 2)


FIGURES = {
    "quenched_against_pooled": quenched_against_pooled,
    "students_prompts": students_prompts,
}
