"""The figures of the page on penalties."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from verify.decimals import decimal_text
from verify.enclosure import working_precision
from verify.frontier import frontier
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.laws import parse
from verify.penalties import holds
from verify.penalties.expectation import expect
from verify.penalties.kernels import PowerKernel
from verify.penalties.primal import Scale
from verify.plotting import BASE, REWEIGHTED

#: Laws, and the height of the picture in units of the reward.
LAWS = (("normal()", 4.0), ("exponential()", 6.0), ("pareto(alpha=2.5)", 8.0))
#: Orders above 1 with their colours and dashes.
ORDERS = (
    (fmpq(3, 2), REWEIGHTED, (0, (5, 2))),
    (fmpq(2), THIRD, "-"),
    (fmpq(3), INK, (0, (1, 1.4))),
)
LARGEST_BUDGET = 4.0
POINTS, KL_POINTS = 60, 24
#: Where the cuts begin and how far they are apart, in the coordinate of the law's scale.
LOWEST, STEP = -3.0, 0.14
#: Bits that a curve needs.
CURVE_BITS = 53


def frontiers() -> Any:
    """Best means under KL and three orders, for a normal, an exponential and a Pareto law."""
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(LAWS))
    for axes, (text, height) in zip(panels, LAWS, strict=True):
        law = parse(text)
        _draw_kl(axes, law)
        for order, colour, dashes in ORDERS:
            _draw_order(axes, law, order, colour, dashes)
        axes.set(xlim=(0, LARGEST_BUDGET), ylim=(None, height), xlabel="budget d")
        axes.set_title(text, loc="left")
    panels[0].set_ylabel("best mean (units of the reward)")
    panels[0].legend(loc="upper left")
    _note(panels[2], "KL and order 1.5:\ninfinite for every d > 0")
    return figure


def _draw_kl(axes: Any, law: Law) -> None:
    if law.mgf_abscissa == 0:
        return
    points = frontier(
        law, [f"{LARGEST_BUDGET * (k / KL_POINTS) ** 2:.6g}" for k in range(KL_POINTS + 1)]
    )
    budgets = [float(point.budget) for point in points.points]
    means = [float(point.lower) for point in points.points]  # type: ignore[arg-type]
    axes.plot(budgets, means, color=BASE, lw=2.2, label="KL (order 1)")


def _draw_order(axes: Any, law: Law, order: fmpq, colour: str, dashes: Any) -> None:
    """Each cut is best for the budget that its weight spends; so no search is needed."""
    if holds(law, f"power:{order.p}/{order.q}").answer != "yes":
        return
    scale = Scale.of(law)
    budgets, means = [0.0], [float(law.mean())]  # type: ignore[arg-type]
    for k in range(POINTS):
        with working_precision(CURVE_BITS):
            cut = scale.below(arb(LOWEST + k * STEP))
            first, second = expect(law, cut, +1, PowerKernel(1 / (order - 1)))
            moment = second / first**order
            budgets.append(float((moment - 1) / (order * (order - 1))))
            means.append(float(cut + second / first))
        if budgets[-1] > LARGEST_BUDGET:
            break
    axes.plot(budgets, means, color=colour, ls=dashes, lw=2.2, label=f"order {decimal_text(order)}")


def _note(axes: Any, text: str) -> None:
    axes.text(0.96, 0.05, text, transform=axes.transAxes, ha="right", va="bottom", color=INK)


def boundary() -> Any:
    """Which order holds which tail index: above the curve a/(a - 1)."""
    import numpy as np

    figure, axes = axes_alone()
    orders = np.linspace(1.02, 6, 400)
    needed = orders / (orders - 1)
    axes.plot(orders, needed, color=INK, lw=2.2)
    axes.fill_between(orders, needed, 8, color=BASE, alpha=0.14, lw=0)
    axes.fill_between(orders, 0, np.minimum(needed, 8), color=REWEIGHTED, alpha=0.14, lw=0)
    axes.text(3.9, 5.2, "best mean finite", color=BASE, ha="center", weight="bold")
    axes.text(3.9, 0.42, "best mean infinite", color=REWEIGHTED, ha="center", weight="bold")
    axes.text(1.34, 4.3, "index = a/(a − 1)", color=INK, ha="left")
    for index, name in ((2.5, "Pareto(2.5)"), (3.0, "Student t(3)"), (1.0, "Cauchy")):
        axes.axhline(index, color=INK, lw=0.8, ls=":")
        under = index == 1
        axes.text(
            5.95,
            index - 0.08 if under else index + 0.05,
            name,
            ha="right",
            va="top" if under else "bottom",
            color=INK,
            fontsize="small",
        )
    axes.plot([2], [2], marker="o", ms=6, color=THIRD)
    axes.annotate("chi-square", (2, 2), (2.12, 2.06), color=THIRD, va="bottom")
    axes.set(xlim=(1, 6), ylim=(0, 8), xlabel="order a of the divergence", ylabel="tail index")
    return figure


FIGURES = {"penalty_frontiers": frontiers, "penalty_boundary": boundary}
