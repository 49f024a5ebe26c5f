"""Pictures of what follows: what a KL budget buys, best-of-n, and the gold score."""

from __future__ import annotations

from math import isfinite, log
from typing import Any

from verify.inline_svg import THIRD
from verify.plotting import BASE, REWEIGHTED
from verify.tails.consequences.answer import Answer
from verify.tails.consequences.best_of_n import BestOf
from verify.tails.consequences.cap import Clipping, RecommendedCap
from verify.tails.consequences.fitted_tail import TWO_SIDED
from verify.tails.consequences.frontier import BudgetAnswer
from verify.tails.consequences.gold import Gold
from verify.tails.consequences.quenched import Quenched
from verify.tails.report.drawing import Drawing, band, mark
from verify.tails.verdict import Verdict

#: Budgets that are drawn at most, the largest.
MOST_CURVES = 3
#: The dashes of curves that share axes.
DASHED, DOTTED = (0, (5, 2)), (0, (1, 1.2))


def frontier_plot(
    points: tuple[BudgetAnswer, ...], quenched: Quenched | None, verdict: Verdict
) -> Drawing:
    """The best mean against the KL budget: of the sample, and with the fitted tail."""
    budgets = [point.budget for point in points]

    def draw(axes: Any) -> None:
        _bands(axes, budgets, [point.band for point in points], BASE)
        plug_in = [point.plug_in.value for point in points]
        axes.plot(budgets, plug_in, color=BASE, marker="o", ms=4, label="of these rewards alone")
        smaller = [point.growth[0] for point in points if len(point.growth) > 1]
        if len(smaller) == len(points):
            label = f"of parts of {smaller[0].rows:,} rewards"
            values = [step.mean for step in smaller]
            axes.plot(budgets, values, color=BASE, ls=DOTTED, marker="o", ms=3, label=label)
        fitted = [point.fitted for point in points]
        if all(each.value is not None and isfinite(each.value) for each in fitted):
            _bands(axes, budgets, fitted, REWEIGHTED)
            values = [each.value or 0.0 for each in fitted]
            axes.plot(budgets, values, color=REWEIGHTED, ls=DASHED, label="with the fitted tail")
        if quenched is not None:
            _line(axes, [d for d, _ in quenched.points], [a for _, a in quenched.points])
        axes.set_xscale("log")
        axes.set_xlabel("KL budget, nats")
        axes.set_ylabel("best mean reward")
        axes.legend(fontsize=9)

    beyond = {
        "heavy": "With the tail that the verdict names, every budget buys any mean: there is no"
        " second curve to draw, and the first one only tells how many rewards there are.",
        "cannot tell": "Whether there is a finite curve at all, the sample does not tell.",
    }.get(verdict.kind, "The bands are at 95 %.")
    return Drawing(
        "frontier",
        "What a KL budget buys",
        "The best mean reward within a KL budget. If a part of the rewards has a clearly lower"
        f" curve, the curve still grows with their number. {beyond}",
        draw,
    )


def _line(axes: Any, budgets: list[float], answers: list[Answer]) -> None:
    values = [each.value for each in answers]
    axes.plot(budgets, values, color=THIRD, ls=(0, (6, 2, 1, 2)), label="prompts given")


def _bands(axes: Any, x: list[float], answers: list[Answer], colour: str) -> None:
    held = [
        (at, each.low, each.high)
        for at, each in zip(x, answers, strict=True)
        if each.low is not None
        and each.high is not None
        and isfinite(each.low)
        and isfinite(each.high)
    ]
    if len(held) > 1:
        places, low, high = zip(*held, strict=True)
        band(axes, places, low, high, colour)


def best_of_plot(curve: tuple[BestOf, ...], rows: int) -> Drawing:
    """The mean of the best of n: inside the sample, and beyond it."""

    def draw(axes: Any) -> None:
        inside = [(each.n, each.sampled) for each in curve if each.where == "inside the sample"]
        axes.plot(
            [n for n, _ in inside],
            [answer.value for _, answer in inside if answer is not None],
            color=BASE,
            marker="o",
            ms=4,
            label="of these rewards, unbiased",
        )
        beyond = [(each.n, each.fitted) for each in curve if each.fitted is not None]
        finite = [
            (n, answer)
            for n, answer in beyond
            if answer.value is not None and isfinite(answer.value)
        ]
        if finite:
            _bands(axes, [n for n, _ in finite], [a for _, a in finite], REWEIGHTED)
            values = [answer.value or 0.0 for _, answer in finite]
            label = "with the fitted tail"
            axes.plot([n for n, _ in finite], values, color=REWEIGHTED, ls=DASHED, label=label)
            axes.set_ylim(*_room(inside, values))
        mark(axes, [(rows, "n = rewards")])
        axes.set_xscale("log")
        axes.set_xlabel("n")
        axes.set_ylabel("mean reward of the best of n")
        axes.legend(fontsize=9, loc="lower right")

    return Drawing(
        "best-of-n",
        "Best of n",
        "The mean reward if the best of n answers is taken. To the left the sample says it without"
        " bias. From a tenth of the sample's size on the fitted tail speaks, with its band: a"
        " guess beyond the data, not a measurement; where it runs away it leaves the picture, and"
        " the table has it. Where the two do not meet, no tail fits the largest rewards well.",
        draw,
    )


def _room(inside: list[tuple[int, Answer | None]], values: list[float]) -> tuple[float, float]:
    """Limits that show the measured curve well; a fitted one that runs away leaves the picture."""
    known = [each.value for _, each in inside if each is not None and each.value is not None]
    low, high = min(known), max(known)
    height = (high - low) or 1.0
    return low - 0.1 * height, min(max([high, *values]), high + 3 * height) + 0.2 * height


def cap_plot(levels: tuple[Clipping, ...], found: RecommendedCap) -> Drawing:
    """The best mean of the clipped rewards against the cap."""
    caps = [each.cap for each in levels]
    curves = [
        (budget, [dict(each.best_means)[budget].value for each in levels])
        for budget, _ in levels[0].best_means[-MOST_CURVES:]
    ]

    def draw(axes: Any) -> None:
        styles = ((BASE, "-"), (REWEIGHTED, DASHED), (THIRD, DOTTED))
        for (budget, means), (colour, dashes) in zip(curves, styles, strict=False):
            label = f"KL budget {budget:g}"
            axes.plot(caps, means, color=colour, ls=dashes, marker="o", ms=4, label=label)
        cap = found.cap.value
        if cap is not None and caps[0] <= cap <= caps[-1]:
            mark(axes, [(cap, "recommended cap")])
        axes.set_xlabel("cap on the reward")
        axes.set_ylabel("best mean reward")
        axes.legend(fontsize=9)

    shares = ", ".join(f"{100 * (1 - each.level):.3g} %" for each in levels[:-1])
    return Drawing(
        "cap",
        "What a cap leaves",
        f"The best mean within a KL budget, once rewards above the cap are lowered to it. The dots:"
        f" caps that clip {shares} of these rewards, and none. Where a curve still rises on the"
        " right, the largest rewards are what the budget buys.",
        draw,
    )


def gold_plot(gold: Gold) -> Drawing:
    """The gold score against the KL divergence, under tilting and under best-of-n."""

    def draw(axes: Any) -> None:
        reliable = [point for point in gold.tilts if point.reliable]
        kl = [point.kl for point in reliable]
        _bands(axes, kl, [point.gold for point in reliable], BASE)
        axes.plot(kl, [p.gold.value for p in reliable], color=BASE, label="tilting")
        cost = [each for _, each, _ in gold.best_of_curve]
        means = [each.mean for each in gold.best_of]
        errors = [TWO_SIDED * (each.standard_error or 0.0) for each in gold.best_of]
        axes.errorbar(cost, means, errors, color=REWEIGHTED, ls="none", elinewidth=1.2, capsize=3)
        axes.plot(cost, means, color=REWEIGHTED, ls=DASHED, marker="s", ms=4, label="best of n")
        axes.set_xlabel("KL divergence, nats")
        axes.set_ylabel("mean gold score")
        axes.legend(fontsize=9)

    most = max((each.n for each in gold.best_of), default=1)
    return Drawing(
        "gold",
        "The gold score",
        "What optimising the proxy does to the gold score, as far as these answers tell: tilts that"
        f" rest on 100 answers or more, and the best of n up to n = {most:,}"
        f" (KL {log(most) - (most - 1) / most:.2g}). Band and bars: 95 %.",
        draw,
    )
