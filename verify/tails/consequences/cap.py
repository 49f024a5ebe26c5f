"""What clipping the rewards at a cap would do, and the largest cap that is safe at a budget.

**The attack.** A policy that spends a KL budget d on one thing, to reach the cap b: the mass p on
rewards of b or more, with ``kl(p, q) = d`` for ``q = Pr(X >= b)``. It gains
``(p - q)(b - E[X | X < b])``, about ``d (b - mean)/log(1/q)`` for small d (THEORY section 1), and
needs no reward but the cap. Under a heavy tail that grows without end as b does.

**The ordinary gain.** What the same budget buys where the upper tenth of the rewards is replaced by
an exponential tail that goes on as the body does: with the rate between the median and the 0.9
quantile, ``log 5`` over their distance.

**The recommended cap** is the largest b such that no cap up to b gives the attack more than the
ordinary gain. Where no reward is as large, a light or bounded tail needs none. Any other tail does,
as the attack gains without end: the cap is then the one that is safe for the heaviest tail that the
verdict allows, and the largest reward where that says nothing.

Rewards of which the median is the 0.9 quantile, such as those of a verifier that mostly fails, have
no ordinary gain: the cap is then their 0.99 quantile, or the largest reward.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log
from typing import TYPE_CHECKING, Any

from verify.divergence import KL
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.best_mean import best_mean
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import TWO_SIDED, FittedTail, Spliced
from verify.tails.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Quantiles at which clipping is shown; at 1 nothing is clipped.
LEVELS = (0.9, 0.99, 0.999, 0.9999, 1.0)
#: The body of the rewards ends at the second of these quantiles; its rate is that between the two.
MEDIAN, BODY = 0.5, 0.9
#: Where they have no body, the cap is this quantile.
FALLBACK = 0.99
#: How far beyond the largest reward a cap is looked for in the fitted tail: its share of rewards.
RAREST = 1e-30


@dataclass(frozen=True)
class Clipping:
    """What clipping at a quantile does.

    Attributes
    ----------
    level : float
        The quantile; 1 clips nothing.
    cap : float
        Rewards above it are lowered to it.
    clipped : float
        The share of rewards that are.
    mean_lost : float
        By how much the mean of the rewards falls.
    best_means : tuple of (float, Answer)
        KL budgets, and the best mean of the clipped sample within each.
    """

    level: float
    cap: float
    clipped: float
    mean_lost: float
    best_means: tuple[tuple[float, Answer], ...]

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "level": number(self.level),
            "cap": number(self.cap),
            "clipped_share": number(self.clipped),
            "mean_lost": number(self.mean_lost),
            "best_means": [
                {"budget": number(budget), "best_mean": answer.as_json()}
                for budget, answer in self.best_means
            ],
        }


@dataclass(frozen=True)
class RecommendedCap:
    """The largest cap that is safe at a KL budget.

    Attributes
    ----------
    budget : float
        d, in nats.
    cap : Answer
        The cap; infinite where none is needed.
    ordinary_gain : float or None
        What the budget would buy above the mean if the tail went on as the body does.
    gain : float or None
        The best gain within the budget once the rewards are clipped there.
    mean_lost, clipped : float
        By how much the mean falls, and the share of rewards that are clipped.
    """

    budget: float
    cap: Answer
    ordinary_gain: float | None
    gain: float | None
    mean_lost: float
    clipped: float

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "budget": number(self.budget),
            "cap": self.cap.as_json(),
            "ordinary_gain": number(self.ordinary_gain),
            "gain": number(self.gain),
            "mean_lost": number(self.mean_lost),
            "clipped_share": number(self.clipped),
        }


def clippings(
    cells: CellLaw, budgets: Iterable[float], levels: Iterable[float] = LEVELS
) -> tuple[Clipping, ...]:
    """What clipping at each quantile does to the mean and to the best means."""
    chosen = tuple(budgets)
    return tuple(_clipping(cells, level, chosen) for level in levels)


def _clipping(cells: CellLaw, level: float, budgets: tuple[float, ...]) -> Clipping:
    cell = cells.cell_of(level) if level < 1 else len(cells.counts) - 1
    clipped = cells if level >= 1 else cells.clipped(cell)
    cap = clipped.top
    points = []
    for budget in budgets:
        found = best_mean(clipped, KL, budget)
        because = "the frontier of the clipped sample"
        if found.at_top:
            because += ": the budget buys the cap itself"
        points.append(
            (
                budget,
                Answer(found.middle, found.lower, found.upper, "exact for these rewards", because),
            )
        )
    return Clipping(
        level, cap, _share_above(cells, cap), cells.average - clipped.average, tuple(points)
    )


def recommended_cap(
    cells: CellLaw, verdict: Verdict, fitted: FittedTail | None, budget: float
) -> RecommendedCap:
    """The largest safe cap at a budget.

    Parameters
    ----------
    cells : CellLaw
        The sample.
    verdict : Verdict
        The decision about its upper tail.
    fitted : FittedTail or None
        What the tail is beyond the largest reward.
    budget : float
        In nats, positive.
    """
    ordinary = ordinary_law(cells)
    if ordinary is None:
        return _applied(cells, budget, _cap_without_body(cells, verdict), None)
    gain = ordinary.best_mean(budget) - ordinary.mean
    attack = Attack(cells, ordinary.cell, budget)
    found = [attack.first_cap_above(gain, off) for off in (0.0, TWO_SIDED, -TWO_SIDED)]
    if found[0] is None:
        cap = _beyond(cells, verdict, fitted, budget, gain)
    else:
        ends = [inf if end is None else end for end in found]
        low, high = min(ends), max(ends)
        because = (
            f"from here on a policy that only reaches the cap gains more than {gain:.4g}, what a "
            "tail like the body's would give; interval: of the share of rewards above the cap"
        )
        cap = Answer(found[0], low, high, "estimated from these rewards", because)
    return _applied(cells, budget, cap, gain)


def _cap_without_body(cells: CellLaw, verdict: Verdict) -> Answer:
    """A high quantile, or the largest reward where that lies no higher than the body."""
    because = "the median and the 0.9 quantile of the rewards are equal: they have no body"
    if verdict.kind in ("bounded", "light"):
        because = f"no cap is needed: the tail is {verdict.kind}; {because}"
        return Answer(inf, inf, inf, "verdict", because)
    body, high = (float(cells.low[cells.cell_of(level)]) for level in (BODY, FALLBACK))
    if high > body:
        because += f"; this is their {FALLBACK} quantile"
    else:
        high = cells.top
        because += "; this is the largest of them"
    return Answer(high, None, None, "estimated from these rewards", because)


def ordinary_law(cells: CellLaw) -> Spliced | None:
    """The sample with its upper tenth replaced by an exponential tail; None if it has no body."""
    middle, end = cells.cell_of(MEDIAN), cells.cell_of(BODY)
    length = float(cells.low[end] - cells.low[middle])
    if not length > 0:
        return None
    scale = length / log(float(cells.at_or_above[middle]) / float(cells.at_or_above[end]))
    return Spliced(cells, end, 0.0, scale)


class Attack:
    """The gain of policies that spend a budget on reaching a cap, for all caps above the body.

    Parameters
    ----------
    cells : CellLaw
        The sample.
    body : int
        The first cell above the body.
    budget : float
        d, in nats.
    """

    def __init__(self, cells: CellLaw, body: int, budget: float) -> None:
        import numpy as np

        self.budget = budget
        self.caps = cells.low[body:]
        self.previous = np.append(cells.low[body], cells.high[body:-1])
        self.rows = cells.at_or_above[body:]
        self.total = cells.total
        points = cells.drawn_together
        mass_below = np.cumsum(points.masses)[body - 1 : -1]
        sum_below = np.cumsum(points.masses * points.values)[body - 1 : -1]
        self.mean_below = sum_below / mass_below

    def first_cap_above(self, gain: float, off: float) -> float | None:
        """The least cap at which the attack gains more; None if there is none in the sample.

        ``off`` is by how many standard errors the shares of rewards above caps are moved. Between
        two rewards the share above a cap is constant, and the gain linear in the cap.
        """
        moved = self._moved(off)
        over = moved * (self.caps - self.mean_below) > gain
        if not over.any():
            return None
        first = int(over.argmax())
        return max(float(self.previous[first]), float(self.mean_below[first] + gain / moved[first]))

    def _moved(self, off: float) -> Floats:
        """``p - q`` for each cap."""
        import numpy as np

        share = np.minimum(self.rows * np.exp(off / np.sqrt(self.rows)) / self.total, 1 - 1e-9)
        return mass_within(share, self.budget) - share


def mass_within(share: Floats, budget: float) -> Floats:
    """The p in [q, 1] with ``kl(p, q) = d``, or 1 where d buys that; q is ``share``."""
    import numpy as np
    from scipy.special import xlog1py, xlogy

    low, high = share.copy(), np.ones_like(share)
    for _ in range(60):  # halvings: to the last bit of p
        middle = (low + high) / 2
        spent = (
            xlogy(middle, middle / share)
            + xlog1py(1 - middle, -middle)
            - xlog1py(1 - middle, -share)
        )
        within = spent <= budget
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return low


def _beyond(
    cells: CellLaw, verdict: Verdict, fitted: FittedTail | None, budget: float, gain: float
) -> Answer:
    """A cap beyond the largest reward, if the verdict lets the tail go on."""
    if verdict.kind in ("bounded", "light"):
        because = (
            f"no cap is needed: the tail is {verdict.kind}, and reaching the largest reward "
            f"gains less than {gain:.4g}, what a tail like the body's would give"
        )
        return Answer(inf, inf, inf, "verdict", because)
    gains = f"{gain:.4g}, what a tail like the body's would give"
    cap = inf if fitted is None else _cap_in(fitted.high, cells, budget, gain)
    if cap == inf:
        because = (
            f"the largest reward: reaching it gains no more than {gains}, and of larger caps no "
            "tail that could be fitted says whether they are safe"
        )
        return Answer(cells.top, None, None, "estimated from these rewards", because)
    because = (
        "no reward of the sample is larger: even with the heaviest tail that the interval allows "
        f"a policy that only reaches this cap gains no more than {gains}"
    )
    return Answer(cap, None, None, "fitted tail", because)


def _cap_in(tail: Spliced, cells: CellLaw, budget: float, gain: float) -> float:
    """The largest safe cap from the largest reward on; infinite if every cap is."""
    import numpy as np

    shares = np.geomspace(tail.share, RAREST, 4000)
    caps = tail.quantile(shares)
    gains = (mass_within(shares, budget) - shares) * (caps - cells.average)
    over = (gains > gain) & (caps > cells.top)
    # Of the grid the last one before.
    return max(float(caps[max(int(over.argmax()) - 1, 0)]), cells.top) if over.any() else inf


def _applied(cells: CellLaw, budget: float, cap: Answer, gain: float | None) -> RecommendedCap:
    """What the cap does to the sample; at most to the next cell below it."""
    if cap.value is None or cap.value >= cells.top:
        found = best_mean(cells, KL, budget)
        return RecommendedCap(budget, cap, gain, found.middle - cells.average, 0.0, 0.0)
    clipped = cells.clipped_at(cap.value)
    found = best_mean(clipped, KL, budget)
    return RecommendedCap(
        budget,
        cap,
        gain,
        found.middle - clipped.average,
        cells.average - clipped.average,
        _share_above(cells, cap.value),
    )


def _share_above(cells: CellLaw, cap: float) -> float:
    """The share of rewards above a cap, as far as the cells tell."""
    return float(cells.counts[cells.mean > cap].sum()) / cells.total
