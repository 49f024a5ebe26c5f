"""The figures of Theorem 5: one big jump, and ratios of tails that tend to 2 and do not."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from docs.figures.canvas import geometric
from theorems.t5_heavy_conditioning.errata import ratio_at
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.plotting import BASE, REWEIGHTED
from verify.tail_classes import convolution_ratio

#: More than three digits are not seen in a picture.
BITS = 48
ERROR = "pareto(alpha=2)"


def one_big_jump() -> Any:
    """E[V | U > t] for one error and three utilities: c = 0, a number, oo."""
    figure, axes = axes_alone()
    points = geometric(2.2, 1e5, 36)
    for utility, label, colour, dashes, limit in (
        ("pareto(alpha=2.5)", r"$c = \infty$: V Pareto(2.5)", REWEIGHTED, (0, (5, 2)), None),
        ("pareto(alpha=3)", r"$c = 1.5$: V Pareto(3)", THIRD, (0, (7, 2, 1, 2)), 3),
        ("pareto(alpha=5)", r"$c = 0$: V Pareto(5)", BASE, "-", 1.25),
    ):
        means = [_mean(ERROR, utility, t) for t in points]
        axes.plot([float(t) for t in points], means, color=colour, ls=dashes, lw=2.2, label=label)
        if limit is not None:
            axes.axhline(limit, color=colour, lw=0.8, alpha=0.7)
    axes.set(xscale="log", xlim=(2, 1e5), ylim=(1, 8), xlabel="threshold $t$")
    axes.set(ylabel=r"true utility $E[V \mid U > t]$")
    axes.legend(loc="upper right")
    return figure


def _mean(error: str, utility: str, t: fmpq) -> float:
    with working_precision(BITS):
        return float(condition(Law.parse(error), Law.parse(utility), t).mean)


def tail_ratios() -> Any:
    """Pr(X1 + X2 > t)/Pr(X > t) for two heavy laws, an exponential one, and erratum a's."""
    figure, axes = axes_alone()
    points = geometric(1.5, 1e4, 32)
    for law, label, colour, dashes in (
        ("exponential()", "exponential", INK, (0, (1, 1.5))),
        ("lognormal()", "lognormal", REWEIGHTED, (0, (5, 2))),
        ("student_t(df=3)", "Student t(3)", BASE, "-"),
    ):
        ratios = [_ratio(law, t) for t in points]
        axes.plot([float(t) for t in points], ratios, color=colour, ls=dashes, lw=2.2, label=label)
    light = [float(ratio_at(arb(t))) for t in points]
    axes.plot(
        [float(t) for t in points],
        light,
        color=THIRD,
        ls=(0, (7, 2, 1, 2)),
        lw=2.2,
        label="$Y - \\log 2$, light",
    )
    axes.axhline(2, color=INK, lw=0.8, alpha=0.7)
    axes.set(xscale="log", xlim=(1.5, 1e4), ylim=(1, 8), xlabel="threshold $t$")
    axes.set(ylabel=r"$\Pr(X_1 + X_2 > t)\,/\,\Pr(X > t)$")
    axes.legend(loc="upper right")
    return figure


def _ratio(law: str, t: fmpq) -> float:
    with working_precision(BITS):
        return float(convolution_ratio(Law.parse(law), t))


FIGURES = {"one_big_jump": one_big_jump, "tail_ratios": tail_ratios}
