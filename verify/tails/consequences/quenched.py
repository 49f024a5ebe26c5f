"""The best mean within a KL budget where the policy answers prompts and does not choose them.

Within each prompt the law is that of its own rewards (THEORY section 3, the quenched criterion):
``inf_l (d + E_s K_s(l))/l``. :mod:`verify.prompts.sample` finds it with a bound on every error. The
pooled frontier is larger, for it lets a policy move mass between prompts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from verify.errors import InputError
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.sample import Sample


@dataclass(frozen=True)
class Quenched:
    """The frontier over prompts.

    Attributes
    ----------
    prompts, single : int
        How many prompts there are, and how many have one reward only, so that no policy moves it.
    mean : float
        The mean over the prompts of their mean rewards.
    price_of_tops : float
        The budget, in nats, that buys the largest reward of every prompt: what more buys the
        sample cannot say.
    points : tuple of (float, Answer)
        Budgets, averaged over prompts, and the best mean within each.
    """

    prompts: int
    single: int
    mean: float
    price_of_tops: float
    points: tuple[tuple[float, Answer], ...]

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "prompts": self.prompts,
            "single_row": self.single,
            "mean": number(self.mean),
            "price_of_tops": number(self.price_of_tops),
            "points": [
                {"budget": number(budget), "best_mean": answer.as_json()}
                for budget, answer in self.points
            ],
        }


def quenched_frontier(sample: Sample, budgets: Iterable[float]) -> Quenched:
    """The frontier over the prompts of a sample, each prompt weighted the same.

    Raises
    ------
    InputError
        If the sample has no prompts, or its rewards are not at hand.
    """
    import numpy as np

    from verify.prompts.sample import PromptSample
    from verify.prompts.sample import Quenched as QuenchedSample

    if sample.prompts is None or sample.rewards is None:
        raise InputError("a frontier over prompts needs the rewards with their prompts")
    order = np.argsort(sample.prompts, kind="stable")
    rows = np.bincount(sample.prompts)
    found = QuenchedSample(PromptSample(sample.rewards[order], rows, np.ones_like(rows)))
    chosen = tuple(budgets)
    mean, *brackets = found.at([Decimal(0), *(Decimal(repr(float(d))) for d in chosen)])
    points = []
    for budget, bracket in zip(chosen, brackets, strict=True):
        lower, upper = float(bracket.lower), float(bracket.upper)
        because = (
            "each prompt's own rewards are tilted; finite whatever the tails, since each prompt "
            "has a largest reward"
        )
        if bracket.at_top:
            because = "the budget buys the largest reward of every prompt: the data end here"
        points.append(
            (
                budget,
                Answer((lower + upper) / 2, lower, upper, "exact for these rewards", because),
            )
        )
    return Quenched(
        len(rows), int((rows == 1).sum()), float(mean.lower.mid()), found.price(), tuple(points)
    )
