"""The figures of the page on consequences: what samples say within a budget, and what they cannot.

Drawn from seeded samples in float64: statistics, not certified numbers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from verify.inline_svg import INK, axes_alone
from verify.plotting import BASE, REWEIGHTED
from verify.tails.consequences.best_of_n import best_of_curve
from verify.tails.consequences.cap import mass_within, ordinary_law, recommended_cap
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.growth import growth
from verify.tails.consequences.splice import fitted_tail
from verify.tails.decision import decide
from verify.tails.upper_tail import UpperTail
from verify.tails.verdict import Verdict

ROWS = 2**18
BUDGET = 2.0


@cache
def sampled(law: str) -> tuple[CellLaw, Verdict]:
    """A sample, and the verdict on it."""
    rng = np.random.default_rng(0)
    rewards = rng.standard_t(3, ROWS) if law == "Student t(3)" else rng.exponential(size=ROWS)
    return CellLaw.of(rewards), decide(UpperTail.of(rewards))


def plug_in_lies() -> Any:
    """The frontier of a sample at d = 2 against its size, for a heavy and a light tail."""
    figure, axes = axes_alone()
    for law, colour, truth in (
        ("Student t(3)", REWEIGHTED, "truth: infinite"),
        ("exponential", BASE, "truth: 4.505"),
    ):
        cells, _ = sampled(law)
        (steps,) = growth(cells, (BUDGET,))
        rows = [step.rows for step in steps]
        means = [step.mean for step in steps]
        axes.fill_between(
            rows,
            [step.least for step in steps],
            [step.largest for step in steps],
            color=colour,
            alpha=0.2,
            lw=0,
        )
        axes.plot(rows, means, "o-", color=colour, lw=2.4, ms=6, label=f"{law}; {truth}")
    axes.set(xscale="log", yscale="log", ylim=(3, 60))
    axes.set_yticks([4, 10, 20, 40], ["4", "10", "20", "40"])
    axes.minorticks_off()
    axes.set(xlabel="rewards in the sample", ylabel="best mean within $d = 2$, plug-in")
    axes.legend(loc="upper left")
    return figure


def best_of_beyond() -> Any:
    """The best of n of a sample of Student t(3), and beyond the sample by the fitted tail."""
    figure, axes = axes_alone()
    cells, verdict = sampled("Student t(3)")
    curve = best_of_curve(cells, verdict, fitted_tail(cells, verdict))
    inside = [each for each in curve if each.sampled is not None]
    beyond = [each for each in curve if each.fitted is not None]
    axes.plot(
        [each.n for each in inside],
        [each.sampled.value for each in inside if each.sampled is not None],
        color=BASE,
        lw=2.6,
        label="from the sample",
    )
    ends = [
        (each.n, each.fitted.low, each.fitted.value, each.fitted.high)
        for each in beyond
        if each.fitted is not None
    ]
    sizes, low, value, high = zip(*ends, strict=True)
    axes.fill_between(sizes, low, high, color=REWEIGHTED, alpha=0.2, lw=0)
    axes.plot(sizes, value, color=REWEIGHTED, ls=(0, (5, 2)), lw=2.4, label="from the fitted tail")
    axes.axvline(ROWS, color=INK, lw=1, ls=":")
    axes.annotate("all of the sample", (ROWS, 2), (6, 0), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlim=(2, 1e9), ylim=(0.7, None))
    axes.set(xlabel="$n$", ylabel="mean reward of the best of $n$")
    axes.legend(loc="upper left")
    return figure


def attack_on_a_cap() -> Any:
    """The gain of a policy that only reaches the cap, against the cap, and the ordinary gain."""
    figure, axes = axes_alone()
    for law, colour in (("Student t(3)", REWEIGHTED), ("exponential", BASE)):
        cells, verdict = sampled(law)
        ordinary = ordinary_law(cells)
        assert ordinary is not None
        below = np.cumsum(cells.counts * cells.mean)[ordinary.cell - 1 : -1]
        share = cells.at_or_above[ordinary.cell :] / cells.total
        mean_below = below / (cells.total - cells.at_or_above[ordinary.cell :])
        caps = cells.low[ordinary.cell :]
        gains = (mass_within(share, BUDGET) - share) * (caps - mean_below)
        gain = ordinary.best_mean(BUDGET) - ordinary.mean
        axes.plot(caps, gains, color=colour, lw=2.4, label=f"{law}: reaching the cap")
        axes.axhline(gain, color=colour, ls=(0, (5, 2)), lw=1.6, label=f"{law}: ordinary gain")
        cap = recommended_cap(cells, verdict, fitted_tail(cells, verdict), BUDGET).cap.value
        if cap is not None and cap < cells.top:
            axes.plot([cap], [gain], "o", color=INK, ms=7)
            axes.annotate(f"cap {cap:.3g}", (cap, gain), (-58, 8), textcoords="offset points")
    axes.set(xscale="log", xlim=(1.5, 120), ylim=(0, 12))
    axes.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
    axes.minorticks_off()
    axes.set(xlabel="cap on the reward", ylabel="gain above the mean within $d = 2$")
    axes.legend(loc="upper left")
    return figure


FIGURES = {
    "plug_in_lies": plug_in_lies,
    "best_of_beyond": best_of_beyond,
    "attack_on_a_cap": attack_on_a_cap,
}
