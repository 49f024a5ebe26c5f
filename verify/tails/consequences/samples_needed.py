"""How many rewards it would take to see the tail.

Three plain formulas for numbers of exceedances; none of them knows the law.

* A part of mass ``e`` leaves no trace in n rewards with chance ``(1 - e)^n``. So what n rewards can
  hide, at 95 %, is a mass of ``3/n``.
* The best policy within a KL budget d may do nothing but draw from the top share ``e^-d``, which
  costs d. To see that share by RESTING rewards takes ``RESTING e^d`` of them.
* The maximum likelihood estimate of the shape xi from the k largest has a standard error of
  ``(1 + xi)/sqrt(k)``. To tell a shape of this size from 0 at 95 % takes
  ``k = (1.96 (1 + xi)/xi)^2`` exceedances; the share that the tail starts at is taken to stay,
  although it falls with n, so that this is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, expm1, inf, isnan, log
from typing import Any

from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.fitted_tail import TWO_SIDED
from verify.tails.decision.conclusion import FEWEST_LIGHT
from verify.tails.decision.levels import WIDEST_SHARE
from verify.tails.verdict import Verdict

#: Rewards in the top share that a frontier is to rest on: a relative error of 10 % of that share.
RESTING = 100
#: With this chance a part would have left a trace.
SEEN = 0.95
#: With fewer rewards too few lie in the tail to call it light.
FEWEST_DECIDED = ceil(FEWEST_LIGHT / WIDEST_SHARE)
#: Budgets beyond this ask for more rewards than float64 counts.
LARGEST_BUDGET = 700.0


@dataclass(frozen=True)
class SamplesNeeded:
    """How many rewards it takes.

    Attributes
    ----------
    hidden : Answer
        The mass of a part that this sample may well have missed.
    for_budgets : tuple of (float, Answer)
        KL budgets, and how many rewards it takes to see the share that each can reach.
    to_decide : Answer
        How many it takes to tell a shape of the estimated size from 0; None where there are as
        many, and they do not decide.
    """

    hidden: Answer
    for_budgets: tuple[tuple[float, Answer], ...]
    to_decide: Answer

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "hidden_mass": self.hidden.as_json(),
            "for_budgets": [
                {"budget": number(budget), "rewards": answer.as_json()}
                for budget, answer in self.for_budgets
            ],
            "to_decide": self.to_decide.as_json(),
        }


def samples_needed(total: int, verdict: Verdict, budgets: Iterable[float]) -> SamplesNeeded:
    """How many rewards it takes to see the tail, for a sample of ``total`` with this verdict."""
    mass = -expm1(log(1 - SEEN) / total)
    hidden = Answer(
        mass,
        0.0,
        mass,
        "estimated from these rewards",
        f"a part of larger mass would have left a trace with a chance above {SEEN:.0%}",
    )
    return SamplesNeeded(
        hidden,
        tuple((budget, _for_budget(total, budget)) for budget in budgets),
        _to_decide(total, verdict),
    )


def _for_budget(total: int, budget: float) -> Answer:
    needed = float(ceil(RESTING * exp(budget))) if budget <= LARGEST_BUDGET else inf
    enough = "this sample has them" if needed <= total else "this sample has fewer"
    because = f"{RESTING} rewards in the top share exp(-d); {enough}"
    return Answer(needed, None, None, "estimated from these rewards", because)


def _to_decide(total: int, verdict: Verdict) -> Answer:
    shape = abs(verdict.shape.value)
    if verdict.kind != "cannot tell":
        because = f"none: these rewards were enough to call the tail {verdict.kind}"
        return Answer(float(total), None, None, "verdict", because)
    if total < FEWEST_DECIDED:
        because = (
            f"{FEWEST_DECIDED:,} at least, where now there are {total:,}: with fewer no tail is "
            "called light"
        )
        return Answer(float(FEWEST_DECIDED), None, None, "verdict", because)
    if isnan(shape):
        because = "how many is not known: no shape of the tail could be estimated"
        return Answer(None, None, None, "fitted tail", because)
    if not 0 < shape < inf:
        because = "how many is not known: the estimated shape is 0, which no number tells from 0"
        return Answer(inf, None, None, "fitted tail", because)
    exceedances = (TWO_SIDED * (1 + shape) / shape) ** 2
    if exceedances <= verdict.k:
        because = (
            f"how many is not known: a shape of {shape:.2g} is told from 0 by {exceedances:,.0f} "
            f"rewards in the tail, and it has {verdict.k:,}, yet the line between light and heavy "
            "is not at 0; four times as many halve the errors"
        )
        return Answer(None, None, None, "fitted tail", because)
    needed = float(ceil(total * exceedances / max(verdict.k, 1)))
    because = (
        f"about {float(f'{needed:.2g}'):,.0f} at least, where now there are {total:,}: to tell a "
        f"shape of {shape:.2g} from 0 takes {exceedances:,.0f} rewards in the tail, and it has "
        f"{verdict.k:,}"
    )
    return Answer(needed, None, None, "fitted tail", because)
