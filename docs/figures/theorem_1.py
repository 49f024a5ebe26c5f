"""The figures of Theorem 1: what mass 1/t above t costs, and what it adds to the mean."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from docs.figures.canvas import geometric
from verify.divergence import binary_kl
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.laws.staircase import Staircase, corner
from verify.plotting import BASE, REWEIGHTED


def staircase() -> Any:
    """The cost of mass 1/t along the staircase."""
    law = Staircase()

    def cost(t: fmpq) -> float:
        return float(binary_kl(1 / arb(t), law.log_survival(t), law.log_cdf(t)))

    corners = [corner(k) for k in range(1, 5)]
    figure, axes = axes_alone()
    for low, high in zip(corners, [*corners[1:], corners[-1] ** 2], strict=True):
        run = [low, *geometric(float(low), float(high - 1), 60)[1:-1], high - 1]
        axes.plot([float(t) for t in run], [cost(t) for t in run], color=BASE, lw=2)
        if high != corners[-1] ** 2:
            ends = high - 1, high
            axes.plot([float(t) for t in ends], [cost(t) for t in ends], color=BASE, lw=0.8, ls=":")
    tops, feet = corners[1:], [c * c - 1 for c in corners[1:]]
    axes.plot(
        [float(t) for t in tops],
        [cost(t) for t in tops],
        "o",
        color=REWEIGHTED,
        label="at a corner",
    )
    axes.plot(
        [float(t) for t in feet],
        [cost(t) for t in feet],
        "o",
        mfc="none",
        mew=1.6,
        color=REWEIGHTED,
        label="just below the next corner",
    )
    axes.set(xscale="log", yscale="log", xlabel="threshold $t$", ylabel="KL divergence (nats)")
    axes.legend()
    return figure


def rises() -> Any:
    """The rise of the mean for mass 1/t above t."""
    laws = (
        ("pareto(alpha=2)", "Pareto, index 2", BASE, "-", 2.0),
        ("student_t(df=3)", "Student t, 3 degrees of freedom", REWEIGHTED, (0, (5, 2)), 1.5),
        ("weibull(shape=0.5)", r"tail $e^{-\sqrt{t}}$", THIRD, (0, (1, 1.4)), 1.0),
    )
    figure, axes = axes_alone()
    for text, label, colour, dashes, limit in laws:
        law, points = Law.parse(text), geometric(3, 1e8, 80)
        points = [t for t in points if law.survival(t) < 1 / arb(t)]
        axes.plot(
            [float(t) for t in points],
            [float(rise(law, t)) for t in points],
            color=colour, ls=dashes, lw=2.2, label=label,
        )  # fmt: skip
        axes.axhline(limit, color=INK, lw=0.6, alpha=0.6)
    axes.set(xscale="log", ylim=(0, 2.2), xlabel="threshold $t$", ylabel="rise of the mean")
    axes.legend(loc="lower right")
    return figure


def rise(law: Law, t: fmpq) -> arb:
    """What mass 1/t above t adds to the mean."""
    q, mu, above = law.survival(t), law.mean(), law.tail_mean(t)
    assert isinstance(mu, arb) and isinstance(above, arb)
    return (1 / arb(t) - q) * (above - mu) / (1 - q)


FIGURES = {"staircase": staircase, "rises": rises}
