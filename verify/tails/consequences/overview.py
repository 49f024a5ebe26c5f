"""All consequences of a verdict in one answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Any

from verify.errors import InputError
from verify.tails.consequences.best_of_n import BestOf, best_of_curve
from verify.tails.consequences.cap import Clipping, RecommendedCap, clippings, recommended_cap
from verify.tails.consequences.fitted_tail import FittedTail
from verify.tails.consequences.frontier import BUDGETS, BudgetAnswer, frontier_of
from verify.tails.consequences.gold import Gold, gold_of
from verify.tails.consequences.penalties import Penalties, penalties_of
from verify.tails.consequences.quenched import Quenched, quenched_frontier
from verify.tails.consequences.sample import Sample
from verify.tails.consequences.samples_needed import SamplesNeeded, samples_needed
from verify.tails.consequences.splice import fitted_tail
from verify.tails.verdict import Verdict

#: The budget in nats that the cap is recommended for, unless another is asked for.
CAP_BUDGET = 2.0


@dataclass(frozen=True, eq=False)
class Consequences:
    """What follows from the verdict.

    Attributes
    ----------
    fitted : FittedTail or None
        The tail beyond the sample; None where none could be fitted.
    frontier : tuple of BudgetAnswer
        What each KL budget buys.
    quenched : Quenched or None
        The same where the policy does not choose the prompts; None without prompts.
    best_of_n : tuple of BestOf
        The curve of best-of-n.
    penalties : Penalties
        Which penalties hold the tail.
    clippings : tuple of Clipping
        What clipping at quantiles does.
    cap : RecommendedCap
        The number to set a cap to.
    samples_needed : SamplesNeeded
        How many rewards it takes to see the tail.
    gold : Gold or None
        What happens to the gold score; None without one.
    """

    fitted: FittedTail | None
    frontier: tuple[BudgetAnswer, ...]
    quenched: Quenched | None
    best_of_n: tuple[BestOf, ...]
    penalties: Penalties
    clippings: tuple[Clipping, ...]
    cap: RecommendedCap
    samples_needed: SamplesNeeded
    gold: Gold | None

    def as_json(self) -> dict[str, Any]:
        """As JSON: numbers are decimal strings, ``oo`` is an infinity with its reason beside it."""
        cap = {**self.cap.as_json(), "quantiles": [each.as_json() for each in self.clippings]}
        return {
            "frontier": {
                "pooled": [answer.as_json() for answer in self.frontier],
                "per_prompt": None if self.quenched is None else self.quenched.as_json(),
            },
            "best_of_n": [each.as_json() for each in self.best_of_n],
            **self.penalties.as_json(),
            "cap": cap,
            "samples_needed": self.samples_needed.as_json(),
            "gold": None if self.gold is None else self.gold.as_json(),
        }


def consequences_of(
    sample: Sample,
    verdict: Verdict,
    budgets: Iterable[float] = BUDGETS,
    cap_budget: float = CAP_BUDGET,
    gold: Any = None,
    seed: int = 0,
) -> Consequences:
    """What follows from a verdict about the upper tail of a sample.

    Parameters
    ----------
    sample : Sample
        The rewards.
    verdict : Verdict
        The decision about their upper tail.
    budgets : iterable of float
        KL budgets, in nats; under other penalties the same numbers in their units.
    cap_budget : float
        The KL budget that the cap is recommended for.
    gold : array of shape (n,), optional
        A gold score for each reward, in the order of ``sample.rewards``; NaN for those without.
    seed : int
        Of everything that is drawn.

    Raises
    ------
    InputError
        If a budget is not a positive number, or there is not a gold score for each reward.
    """
    chosen = tuple(float(budget) for budget in budgets)
    for budget in (*chosen, cap_budget):
        if not 0 < budget < inf:
            raise InputError(f"expected a positive budget in nats, got {budget!r}")
    if gold is not None and sample.rewards is None:
        raise InputError("gold scores need the rewards one by one, not their summary")
    cells = sample.cells
    fitted = fitted_tail(cells, verdict)
    return Consequences(
        fitted,
        frontier_of(sample, verdict, fitted, chosen, seed),
        None if sample.prompts is None else quenched_frontier(sample, chosen),
        best_of_curve(cells, verdict, fitted),
        penalties_of(cells, verdict, chosen),
        clippings(cells, chosen),
        recommended_cap(cells, verdict, fitted, cap_budget),
        samples_needed(cells.total, verdict, chosen),
        None if gold is None else _gold_of_those_with_one(sample.rewards, gold, seed),
    )


def _gold_of_those_with_one(rewards: Any, gold: Any, seed: int) -> Gold:
    """Of the rewards that have a gold score."""
    import numpy as np

    scores = np.asarray(gold, dtype=np.float64)
    if scores.shape != rewards.shape:
        raise InputError(f"{len(rewards)} rewards and gold scores of shape {scores.shape}")
    there = ~np.isnan(scores)
    return gold_of(rewards[there], scores[there], seed)
