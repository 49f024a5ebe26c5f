"""The figures of the page on dependence: where V is far out, and where optimisation turns."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from docs.figures.canvas import geometric
from theorems.dependence.covariance import RARE_ERROR
from theorems.dependence.footnote import (
    PRINTED,
    REPAIRED,
    Example,
    density_given_tail,
    mean_given_tail,
)
from verify.enclosure import working_precision
from verify.inline_svg import INK, THIRD, axes_alone
from verify.plotting import BASE, REWEIGHTED

#: Seven digits of each mean are left, and a picture shows three.
BITS = 53


def footnote() -> Any:
    """``E[V | X + V >= t]`` against t for the footnote's block and for the repaired one."""
    figure, axes = axes_alone()
    points = geometric(3, 1e4, 70)
    for example, label, colour, dashes in (
        (PRINTED, "as printed, variance 4", REWEIGHTED, "-"),
        (REPAIRED, "repaired, variance $(2-|v|)^2$", BASE, (0, (5, 2))),
    ):
        with working_precision(BITS):
            means = [float(mean_given_tail(example, t)) for t in points]
        axes.plot([float(t) for t in points], means, color=colour, ls=dashes, lw=2.4, label=label)
    axes.axhline(0, color=INK, lw=1.2, ls=(0, (1, 1.6)), label="the printed limit, 0")
    axes.axhline(1, color=INK, lw=0.6, alpha=0.6)
    axes.set(xscale="log", ylim=(-0.06, 1.06), xlabel="threshold $t$")
    axes.set(ylabel=r"mean utility given $X + V \geq t$")
    axes.legend(loc="center right")
    return figure


def footnote_density() -> Any:
    """The density of V given the tail, on the block, for both blocks."""
    figure, left = axes_alone((7.4, 3.4))
    figure.delaxes(left)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, example, title in zip(
        panels, (PRINTED, REPAIRED), ("as printed: to $v = 1$", "repaired: to $v = 0$"), strict=True
    ):
        for t, colour, dashes in (
            (5, BASE, (0, (1, 1.4))),
            (10, THIRD, (0, (5, 2))),
            (20, REWEIGHTED, "-"),
        ):
            places, heights = _density(example, fmpq(t))
            axes.plot(places, heights, color=colour, ls=dashes, lw=2.2, label=f"$t = {t}$")
        axes.set(xlabel="utility $v$", xlim=(-1, 1), ylim=(0, 8), title=title)
    panels[0].set_ylabel(r"density given $X + V \geq t$")
    panels[0].legend(loc="upper left")
    return figure


def _density(example: Example, t: fmpq) -> tuple[list[float], list[float]]:
    places = [fmpq(2 * k + 1, 200) for k in range(-100, 100)]
    density = density_given_tail(example, t)
    return [float(arb(v)) for v in places], [float(density(v)) for v in places]


def covariance_turn() -> Any:
    """``E_l V`` along the tilts: up while the covariance is positive, then down."""
    figure, axes = axes_alone()
    tilts = [k / 20 for k in range(81)]
    means = [float(arb(RARE_ERROR.utility(arb(tilt).exp().mid().fmpq()))) for tilt in tilts]
    axes.plot(tilts, means, color=REWEIGHTED, lw=2.4, label="a rare error of 3")
    turn = float(arb(2).log())
    axes.plot([turn], [float(arb(RARE_ERROR.utility(fmpq(2))))], "o", color=INK, ms=6)
    pointer = {"arrowstyle": "-", "color": INK, "lw": 0.8, "shrinkB": 4}
    axes.annotate("covariance 0", (turn, 0.5), (0.3, 0.95), arrowprops=pointer)
    for slope, dashes, rho in ((0.2, (0, (5, 2)), "0.4"), (-0.2, (0, (1, 1.4)), "0.6")):
        line = [0.44 + slope * tilt for tilt in tilts]
        label = f"jointly normal, correlation $-{rho}$"
        axes.plot(tilts, line, color=BASE, ls=dashes, lw=2, label=label)
    axes.set(xlim=(0, 4), ylim=(-1, 1.3), xlabel="tilt ℓ", ylabel="mean utility")
    axes.legend(loc="lower left")
    return figure


FIGURES = {
    "footnote": footnote,
    "footnote_density": footnote_density,
    "covariance_turn": covariance_turn,
}
