"""The frontier over the prompts of a file of rewards, with the pooled answer beside it.

The law of the return at a prompt is that of a draw from its rows. Small files are certified
(:mod:`verify.prompts.quenched`); large ones are computed in float64 with a bound on every error
(:mod:`verify.prompts.sample`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import fsum
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from verify.errors import InputError
from verify.frontier import FrontierPoint, parse_budget
from verify.prompts.answer import QuenchedFrontier, QuenchedPoint, Share
from verify.prompts.laws import PromptLaws
from verify.prompts.quenched import quenched_frontier
from verify.prompts.reading import PromptRewards

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verify.prompts.sample import Bracket, Quenched

#: Rows of a file up to which its frontier is certified.
CERTIFIED_ROWS = 10**4
#: How prompts are weighted: each the same, as where prompts are drawn evenly; or by their rows.
WEIGHTS = ("equal", "rows")


@dataclass(frozen=True, eq=False)
class PerPrompt:
    """The answer of ``goodhart frontier --per-prompt``.

    Attributes
    ----------
    data : PromptRewards
        The rewards.
    weights : str
        One of WEIGHTS.
    frontier : QuenchedFrontier
        The frontier over prompts, and the pooled one.
    """

    data: PromptRewards
    weights: str
    frontier: QuenchedFrontier

    @cached_property
    def rows(self) -> dict[str, int]:
        """How many rows each prompt has."""
        return dict(zip(self.data.names, self.data.rows.tolist(), strict=True))

    @property
    def single(self) -> int:
        """How many prompts have one row only, and so a return that no policy moves."""
        return int((self.data.rows == 1).sum())

    @cached_property
    def constant(self) -> int:
        """How many prompts have the same reward in all their rows, be it one or many."""
        import numpy as np

        starts = np.cumsum(self.data.rows) - self.data.rows
        low, high = (
            extreme.reduceat(self.data.rewards, starts) for extreme in (np.minimum, np.maximum)
        )
        return int((low == high).sum())

    @cached_property
    def base_means(self) -> dict[str, arb]:
        """What each prompt has under the base policy: the mean of its rows, in float64."""
        import numpy as np

        parts = np.split(self.data.rewards, np.cumsum(self.data.rows)[:-1])
        return dict(zip(self.data.names, map(_mean_of, parts), strict=True))

    @property
    def weights_in_words(self) -> str:
        """For readers."""
        return "equal weights" if self.weights == "equal" else "weights by rows"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **self.frontier.to_dict(),
            "weights": self.weights,
            "prompts": {"count": len(self.data.names), "single_row": self.single},
            "data": {"sha256": self.data.sha256, "n": len(self.data.rewards)},
        }


def per_prompt_frontier(
    data: PromptRewards, budgets: Iterable[object], weights: str = "equal"
) -> PerPrompt:
    """The frontier over the prompts of a file.

    Parameters
    ----------
    data : PromptRewards
        The rewards; the law at a prompt is that of a draw from its rows.
    budgets : iterable of numbers or decimal texts
        For the KL divergence averaged over prompts, in nats, each at least 0.
    weights : str, optional
        ``equal`` prompts, as where training draws them evenly, or prompts by their ``rows``.

    Raises
    ------
    InputError
        If the weights or a budget are not what they should be.
    """
    if weights not in WEIGHTS:
        raise InputError(f"--weights: expected {' or '.join(WEIGHTS)}, got {weights!r:.40}")
    exact = [parse_budget(budget) for budget in budgets]
    certified = len(data.rewards) <= CERTIFIED_ROWS
    found = _certified(data, exact, weights) if certified else in_float64(data, exact, weights)
    return PerPrompt(data, weights, found)


def _mean_of(rewards: NDArray[np.float64]) -> arb:
    """The mean, from their sum in units so large that it does not overflow, rounded once."""
    import numpy as np

    _, exponent = np.frexp(np.abs(rewards).max())
    total = fsum(np.ldexp(rewards, -int(exponent)).tolist())
    return arb(total) * arb(2) ** int(exponent) / len(rewards)


def _certified(data: PromptRewards, budgets: list[Decimal], weights: str) -> QuenchedFrontier:
    import numpy as np

    parts = np.split(data.rewards, np.cumsum(data.rows)[:-1])
    shares = data.rows.tolist() if weights == "rows" else None
    prompts = PromptLaws.of(parts, shares, data.names)
    found = quenched_frontier(prompts, budgets)
    return QuenchedFrontier(data.text, found.mean, found.points, found.pooled)


# ---- large files --------------------------------------------------------------------------------


def in_float64(data: PromptRewards, budgets: list[Decimal], weights: str) -> QuenchedFrontier:
    """The frontier over prompts and the pooled one in float64, each value with its error added."""
    import numpy as np

    from verify.prompts.sample import Pooled, PromptSample, Quenched

    shares = data.rows if weights == "rows" else np.ones_like(data.rows)
    sample = PromptSample(data.rewards, data.rows, shares)
    prompts, pooled = Quenched(sample), Pooled(sample)
    (mean,) = prompts.at([Decimal(0)])
    return QuenchedFrontier(
        data.text,
        mean.lower.union(mean.upper),
        tuple(
            _point(data, prompts, budget, bracket)
            for budget, bracket in zip(budgets, prompts.at(budgets), strict=True)
        ),
        tuple(
            FrontierPoint(
                budget,
                bracket.lower,
                bracket.upper,
                True,
                _because(budget, bracket),
                tilt=_exact(bracket.tilt),
                means="float64",
            )
            for budget, bracket in zip(budgets, pooled.at(budgets), strict=True)
        ),
    )


def _point(
    data: PromptRewards, prompts: Quenched, budget: Decimal, bracket: Bracket
) -> QuenchedPoint:
    means, costs = prompts.split(bracket)
    weights = [fmpq(share, prompts.sample.total) for share in prompts.sample.shares.tolist()]
    split = tuple(
        Share(name, weight, arb(mean), arb(cost))
        for name, weight, mean, cost in zip(
            data.names, weights, means.tolist(), costs.tolist(), strict=True
        )
    )
    return QuenchedPoint(
        budget,
        bracket.lower,
        bracket.upper,
        True,
        _because(budget, bracket),
        tilt=_exact(bracket.tilt),
        means="float64",
        split=split,
    )


def _because(budget: Decimal, bracket: Bracket) -> str:
    how = "the budget buys every top" if bracket.at_top else "by one tilt"
    if budget == 0:
        how = "without a budget the policy is the base policy"
    return f"{how}; float64 with a bound on its errors: more than {CERTIFIED_ROWS} rows"


def _exact(tilt: float | None) -> fmpq | None:
    return None if tilt is None else fmpq(*tilt.as_integer_ratio())
