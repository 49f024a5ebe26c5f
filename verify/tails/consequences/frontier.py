"""The best mean within a KL budget: what the sample says, and what it cannot say.

``S_n(d)``, the frontier of the sample's own law, is its entropic value at risk at level
``1 - e^-d``. It is finite whatever the tail, since a sample has a largest reward. So beside it
stand how far it is from the truth if the tail is light, how it grows with the number of rewards,
and what the fitted tail makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from verify.divergence import KL
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.band import BUYS_TOP, delta_band
from verify.tails.consequences.best_mean import best_mean
from verify.tails.consequences.fitted_tail import TWO_SIDED, FittedTail
from verify.tails.consequences.growth import Growth, growth
from verify.tails.consequences.sample import Sample
from verify.tails.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Budgets in nats that are answered unless others are asked for.
BUDGETS = (0.01, 0.1, 0.5, 1.0, 2.0, 5.0)

EXACT = "the frontier of the sample's own law, its entropic value at risk at level 1 - exp(-d)"
HEAVY = "the tail is heavy: no exponential moment is finite, so every budget buys any mean"
BOUNDED = "the rewards end, and no tail could be fitted beyond the largest"
UNKNOWN = "the sample does not tell whether the tail is heavy, and so whether this is finite"


@dataclass(frozen=True)
class BudgetAnswer:
    """What one KL budget buys.

    Attributes
    ----------
    budget : float
        d, in nats.
    plug_in : Answer
        ``S_n(d)``, with bounds on its computation.
    band : Answer
        The frontier of the law itself with a 95 % interval, if its tail is light.
    effective : float
        How many rewards the plug-in rests on: one over the sum of the squared shares that they
        have under the best tilt.
    growth : tuple of Growth
        ``S_m(d)`` for parts of m rewards.
    fitted : Answer
        The frontier with the fitted tail above the threshold.
    """

    budget: float
    plug_in: Answer
    band: Answer
    effective: float
    growth: tuple[Growth, ...]
    fitted: Answer

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "budget": number(self.budget),
            "plug_in": self.plug_in.as_json(),
            "band": self.band.as_json(),
            "effective_rewards": number(self.effective),
            "growth": [step.as_json() for step in self.growth],
            "fitted": self.fitted.as_json(),
        }


def frontier_of(
    sample: Sample,
    verdict: Verdict,
    fitted: FittedTail | None,
    budgets: Iterable[float] = BUDGETS,
    seed: int = 0,
) -> tuple[BudgetAnswer, ...]:
    """What each KL budget buys.

    Parameters
    ----------
    sample : Sample
        The rewards.
    verdict : Verdict
        The decision about their upper tail.
    fitted : FittedTail or None
        From :func:`verify.tails.consequences.splice.fitted_tail`.
    budgets : iterable of float
        In nats, positive.
    seed : int
        Of the parts whose frontiers show the growth.
    """
    chosen = tuple(budgets)
    grown = growth(sample.cells, chosen, seed)
    answers = []
    for budget, plug_in, steps in zip(chosen, _plug_in(sample, chosen), grown, strict=True):
        assert plug_in.value is not None
        band, effective = delta_band(sample, verdict, budget, plug_in.value)
        spliced = fitted_frontier(verdict, fitted, budget, band, sample)
        answers.append(BudgetAnswer(budget, plug_in, band, effective, steps, spliced))
    return tuple(answers)


def _plug_in(sample: Sample, budgets: tuple[float, ...]) -> list[Answer]:
    """The frontier of the sample's law: from its rewards where they are there, else its cells."""
    found: list[tuple[float, float, bool]]
    if sample.large is not None:
        points = sample.large.frontier(budgets)
        found = [(point.lower, point.upper, point.at_top) for point in points]
    else:
        brackets = [best_mean(sample.cells, KL, budget) for budget in budgets]
        found = [(bracket.lower, bracket.upper, bracket.at_top) for bracket in brackets]
    return [
        Answer(
            (lower + upper) / 2,
            lower,
            upper,
            "exact for these rewards",
            f"{EXACT}; {BUYS_TOP}" if at_top else EXACT,
        )
        for lower, upper, at_top in found
    ]


def fitted_frontier(
    verdict: Verdict, fitted: FittedTail | None, budget: float, band: Answer, sample: Sample
) -> Answer:
    """The frontier with the fitted tail: infinite where the verdict is heavy.

    Its interval is that of the tail, wider by the error of the rewards below the threshold and of
    their share, which is that of prompts where the sample has them.
    """
    if verdict.kind == "heavy":
        return Answer(inf, inf, inf, "verdict", f"{HEAVY}. {verdict.because}")
    if fitted is None and verdict.kind == "bounded":
        because = f"{BOUNDED}: {band.because}"
        return Answer(band.value, band.low, band.high, band.evidence, because)
    if fitted is None:
        return Answer(None, band.low, inf, "fitted tail", "no tail could be fitted")
    half = 0.0 if band.low is None or band.high is None else (band.high - band.low) / 2
    ends, tails = [], fitted.allowed
    for tail in tails:
        value = tail.best_mean(budget)
        error = max(half, TWO_SIDED * tail.best_mean_error(budget, sample))
        ends += [value - error, value + error]
    low, high = min(ends), max(ends)
    if verdict.kind == "cannot tell":
        return Answer(None, low, inf, "fitted tail", UNKNOWN)
    return Answer(fitted.central.best_mean(budget), low, high, "fitted tail", fitted.because)
