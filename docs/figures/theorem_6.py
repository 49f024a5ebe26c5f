"""The figure of Theorem 6: utilities without bound, and a staircase on which they fall back."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from theorems.t6_light_conditioning.hypotheses import mean_given_tail
from verify.conditioning import condition
from verify.enclosure import working_precision
from verify.inline_svg import INK, THIRD, axes_alone
from verify.law import Law
from verify.plotting import BASE, REWEIGHTED

#: More than three digits are not seen in a picture.
BITS = 48


def light_error() -> Any:
    """E[V | U > t]: smooth errors at the left, the staircase at the right."""
    figure, alone = axes_alone((7.4, 3.4))
    figure.delaxes(alone)
    left, right = figure.subplots(1, 2)
    points = [fmpq(k, 2) for k in range(-4, 29)]
    for error, utility, label, colour, dashes in (
        ("normal()", "laplace()", "X normal, V Laplace", REWEIGHTED, (0, (5, 2))),
        ("normal()", "normal()", "X normal, V normal", BASE, "-"),
        ("normal()", "2*uniform()", "X normal, V in [0, 2]", THIRD, (0, (7, 2, 1, 2))),
        ("exponential()", "normal()", "X exponential, V normal", INK, (0, (1, 1.5))),
    ):
        with working_precision(BITS):
            laws = Law.parse(error), Law.parse(utility)
            means = [float(condition(*laws, t).mean) for t in points]
        left.plot([float(t) for t in points], means, color=colour, ls=dashes, lw=2, label=label)
    left.set(xlim=(-2, 14), ylim=(-1, 13), xlabel="threshold $t$", title="smooth errors")
    left.set(ylabel=r"true utility $E[V \mid U > t]$")
    left.legend(loc="upper left", fontsize="small")
    heights = _along_the_staircase()
    right.plot(*zip(*heights, strict=True), color=THIRD, lw=1.8)
    right.axhline(-0.5772, color=INK, lw=0.8, alpha=0.7)
    halfway = [1.5 * 2**k for k in (4, 5, 6, 7)]
    right.plot(halfway, [-0.5772] * 4, "o", color=INK, ms=4.5, label="$t = 1.5 \\cdot 2^k$")
    right.set(
        xscale="log", xlim=(24, 384), xlabel="threshold $t$", title="a staircase, V unbounded"
    )
    right.set_xticks([32, 64, 128, 256], ["32", "64", "128", "256"])
    right.minorticks_off()
    right.legend(loc="upper left")
    return figure


def _along_the_staircase() -> list[tuple[float, float]]:
    """Points of the curve; close together from just before each corner on."""
    found = []
    for k in (4, 5, 6, 7):
        corner = 2 ** (k + 1)
        shares = [fmpq(j, 16) for j in range(12, 16)]
        near = [fmpq(corner) + fmpq(j, 8) for j in range(-8, 16 * k + 16)]
        far = [fmpq(corner) + 2 * k + 2 + fmpq(j * (corner // 2 - 2 * k - 2), 8) for j in range(9)]
        for t in [*(share * corner for share in shares), *near, *far]:
            if 3 * 2**k <= 2 * t <= 3 * corner:
                found.append((float(t), float(mean_given_tail(k, t))))
    return sorted(found)


FIGURES = {"light_error": light_error}
