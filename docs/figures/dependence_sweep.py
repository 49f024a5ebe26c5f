"""The figures of the page on sweeping the dependence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from flint import fmpq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from verify.copulas.tau import copula_with_tau
from verify.enclosure import working_precision
from verify.inline_svg import INK, THIRD, axes_alone
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.sampling import best_of, sample_pair
from verify.joint.tilt import latent_sum
from verify.law import Law
from verify.plotting import BASE, REWEIGHTED
from verify.utility_curve import SPREAD

#: More than two digits are not seen in a picture.
BITS = 32
LIGHT, HEAVY, UTILITY = "exponential()", "student_t(df=3)", "normal()"
#: Kendall's tau of each curve, with its colour and dashes: colour says the sign, dashes the size.
STRENGTHS: tuple[tuple[str, fmpq, str, Any], ...] = (
    ("0.6", fmpq(3, 5), BASE, "-"),
    ("0.3", fmpq(3, 10), BASE, (0, (5, 2))),
    ("0", fmpq(0), INK, "-"),
    ("-0.3", fmpq(-3, 10), REWEIGHTED, (0, (5, 2))),
    ("-0.6", fmpq(-3, 5), REWEIGHTED, "-"),
)
FARTHEST_KL = 8
DRAWS, SEED = 100_000, 8


@cache
def joined(error: str, family: str, tau: fmpq) -> CopulaLaw:
    """The pair that a curve belongs to."""
    return CopulaLaw(Law.parse(error), Law.parse(UTILITY), copula_with_tau(family, tau))


def under_tilt(joint: CopulaLaw) -> Iterator[tuple[float, float]]:
    """KL and ``E V`` under tilts, certified."""
    path = latent_sum(joint)
    if path is None:  # independent: each is tilted on its own
        for tilt in np.linspace(0, 0.99, 40):
            yield float(tilt / (1 - tilt) + np.log1p(-tilt) + tilt**2 / 2), float(tilt)
        return
    falls = joint.copula.tau() < 0
    tilts = (12, 30, 50, 72, 86, 93) if falls else (5, 15, 30, 45, 56, 64)
    yield 0.0, 0.0
    with working_precision(BITS):
        for percent in tilts:
            kl, _, mean_v, _ = path.numbers(fmpq(percent, 100))
            yield float(kl), float(mean_v)


def given_beyond(joint: CopulaLaw, thresholds: list[fmpq]) -> Iterator[tuple[float, float]]:
    """KL and ``E V`` given ``U > t``, certified."""
    with working_precision(BITS):
        for t in thresholds:
            found = conditioned(joint, t)
            yield float(found.kl), float(found.mean)


def best_of_n(joint: CopulaLaw) -> Iterator[tuple[float, float, float]]:
    """KL, ``E V`` and its 95 % margin for the best of n, sampled."""
    draws = sample_pair(joint, DRAWS, np.random.default_rng(SEED))
    for n in (2, 6, 20, 100):
        found = best_of(draws, n)
        yield found.kl.value, found.mean_v.value, SPREAD * found.mean_v.standard_error


def thresholds(error: str) -> list[fmpq]:
    """Halves; most of them where the curves bend."""
    light = (-8, -3, -1, 1, 2, 3, 5, 7, 9, 12, 16)
    heavy = (-8, -3, -1, 1, 2, 4, 6, 9, 14, 22, 34)
    return [fmpq(t, 2) for t in (light if error == LIGHT else heavy)]


def strengths() -> Any:
    """E V against KL for five strengths of a Gaussian copula: tilting, conditioning, best-of-n."""
    figure = Figure(figsize=(7.6, 3.7), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3, sharey=True)
    _draw_tilts(panels[0])
    for axes, error, name in ((panels[1], LIGHT, "light"), (panels[2], HEAVY, "heavy")):
        for _, tau, colour, dashes in STRENGTHS:
            joint = joined(error, "gaussian", tau)
            kl, mean = zip(*given_beyond(joint, thresholds(error)), strict=True)
            axes.plot(kl, mean, color=colour, ls=dashes, lw=2)
            spent, found, margin = zip(*best_of_n(joint), strict=True)
            axes.errorbar(spent, found, yerr=margin, color=colour, ls="", marker="o", ms=3.5, lw=1)
        axes.set_title(f"given $U > t$, and best-of-$n$\n{name} error", fontsize="medium")
    for axes, farthest in zip(panels, (3, FARTHEST_KL, FARTHEST_KL), strict=True):
        axes.set(xlim=(0, farthest), ylim=(-2.2, 3.2), xlabel="KL (nats)")
        axes.set_xticks(range(0, farthest + 1, 1 if farthest < 5 else 2))
    panels[0].set_ylabel("true utility $E\\,V$, in sd of $V$")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=5,
        title="Kendall's tau of X and V",
    )
    return figure


def _draw_tilts(axes: Any) -> None:
    for name, tau, colour, dashes in STRENGTHS:
        kl, mean = zip(*under_tilt(joined(LIGHT, "gaussian", tau)), strict=True)
        axes.plot(kl, mean, color=colour, ls=dashes, lw=2, label=name)
    axes.set_title("tilted\nlight error", fontsize="medium")


def families() -> Any:
    """E V given U > t for a heavy error and four copulas of one tau."""
    figure, axes = axes_alone()
    for family, name, colour, dashes in (
        ("gumbel", "Gumbel", BASE, "-"),
        ("gaussian", "Gaussian", THIRD, (0, (5, 2))),
        ("frank", "Frank", REWEIGHTED, (0, (7, 2, 1, 2))),
        ("clayton", "Clayton", INK, (0, (1, 1.5))),
    ):
        joint = joined("pareto(alpha=2)", family, fmpq(1, 2))
        points = [fmpq(x) for x in (-1, 0, 1, 2, 3, 4, 6, 9, 20, 60, 300, 3000, 10**5, 10**6)]
        kl, mean = zip(*given_beyond(joint, points), strict=True)
        axes.plot(kl, mean, color=colour, ls=dashes, lw=2.2, label=name)
    best = np.linspace(0, 28, 200)
    axes.plot(best, np.sqrt(2 * best), color=INK, lw=1)
    axes.annotate(
        "the most that KL buys", (9, 4.3), (2, 6.4), arrowprops={"arrowstyle": "-", "color": INK}
    )
    axes.set(xlim=(0, 28), ylim=(0, 7.8), xlabel="KL divergence (nats)")
    axes.set_ylabel("true utility $E[V \\mid U > t]$")
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.36))
    return figure


FIGURES = {"dependence_strengths": strengths, "dependence_families": families}
"""The figures of this module by name."""
