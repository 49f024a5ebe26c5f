"""What the frontier over prompts says: points, splits of the budgets, and the pooled answer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flint import arb, fmpq

from verify.decimals import decimal_text, plain
from verify.enclosure import Diverges, Number, hull
from verify.frontier import FrontierPoint, written

#: Prompts of a split that the JSON names: those that spend most.
NAMED = 20
#: Digits of a prompt's numbers.
DIGITS = 15


@dataclass(frozen=True)
class Share:
    """What one prompt does at a budget.

    Attributes
    ----------
    name : str
        The prompt.
    weight : fmpq
        Its probability.
    mean, kl : arb
        ``E_{P_s} X`` and ``KL(P_s || Q_s)``, under the policy that achieves the lower value.
    """

    name: str
    weight: fmpq
    mean: arb
    kl: arb


@dataclass(frozen=True)
class QuenchedPoint(FrontierPoint):
    """The frontier over prompts at one budget, with the policy that achieves the lower value.

    Attributes
    ----------
    split : tuple of Share
        What each prompt spends and gains; empty where the frontier is infinite or not settled.
    """

    split: tuple[Share, ...] = ()

    def spenders(self, most: int) -> list[tuple[Share, float]]:
        """The prompts that spend most, each with its part of all that is spent."""
        spent = [
            (float(share.weight.p) / float(share.weight.q) * float(share.kl), share)
            for share in self.split
        ]
        total = sum(cost for cost, _ in spent)
        ordered = sorted(spent, key=lambda pair: -pair[0])[:most]
        return [(share, cost / total) for cost, share in ordered if cost > 0]

    def to_dict(self) -> dict[str, Any]:
        """The point as JSON, with the prompts that spend most."""
        split = [
            {
                "prompt": share.name,
                "weight": decimal_text(share.weight),
                "mean": digits_of(share.mean),
                "kl": digits_of(share.kl),
                "part": f"{part:.6g}",
            }
            for share, part in self.spenders(NAMED)
        ]
        return {**super().to_dict(), "split": split}


@dataclass(frozen=True)
class QuenchedFrontier:
    """The frontier over prompts, and beside it what the pooled law would give.

    Attributes
    ----------
    base : str
        What the prompts are.
    mean : arb, Diverges or None
        The mean under the base policy; None where it was not settled.
    points : tuple of QuenchedPoint
        One for each budget.
    pooled : tuple of FrontierPoint
        The frontier of the pooled law at the same budgets: too large, for it lets the policy
        choose the prompts.
    """

    base: str
    mean: Number | None
    points: tuple[QuenchedPoint, ...]
    pooled: tuple[FrontierPoint, ...]

    @property
    def settled(self) -> bool:
        """Whether every point is."""
        return all(point.settled for point in (*self.points, *self.pooled))

    def overstatement(self, number: int) -> tuple[Number | None, arb | None]:
        """How much larger the pooled answer is at a budget.

        Parameters
        ----------
        number : int
            The number of the budget, from 0.

        Returns
        -------
        excess : arb, Diverges or None
            The pooled best mean less the true one; None where one is not known, or both are
            infinite.
        ratio : arb or None
            The pooled gain over the true one; None where they are not numbers, or the true gain
            may be 0.
        """
        true, pooled = _between(self.points[number]), _between(self.pooled[number])
        if isinstance(pooled, Diverges) and isinstance(true, arb):
            return pooled, None
        if not (isinstance(pooled, arb) and isinstance(true, arb)):
            return None, None
        if not isinstance(self.mean, arb) or not true - self.mean > 0:
            return pooled - true, None
        return pooled - true, (pooled - self.mean) / (true - self.mean)

    def to_dict(self) -> dict[str, Any]:
        """As JSON: the contract of ``goodhart frontier``, and the pooled answer beside it."""
        overstated = []
        for number, point in enumerate(self.points):
            excess, ratio = self.overstatement(number)
            overstated.append(
                {
                    "budget": plain(point.budget),
                    "excess": written(excess),
                    "gain_ratio": written(ratio),
                }
            )
        return {
            "base": self.base,
            "divergence": "kl",
            "points": [point.to_dict() for point in self.points],
            "pooled": [point.to_dict() for point in self.pooled],
            "overstated": overstated,
        }


def _between(point: FrontierPoint) -> Number | None:
    """S at a point: somewhere between its two values."""
    if isinstance(point.lower, arb) and isinstance(point.upper, arb):
        return hull(point.lower, point.upper)
    return point.lower if isinstance(point.lower, Diverges) else None


def digits_of(value: arb) -> str:
    """A number of a prompt, to DIGITS digits."""
    return value.mid().str(DIGITS, radius=False)


def gain_of(mean: arb, base: arb) -> Decimal:
    """By how much a prompt's mean is above the base's, as far as their digits tell.

    It is the difference of the two as they are written. No tilt lowers a mean, so less than 0 can
    only be rounding.
    """
    return max(Decimal(digits_of(mean)) - Decimal(digits_of(base)), Decimal(0))
