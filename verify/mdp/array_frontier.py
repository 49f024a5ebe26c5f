"""The frontier of a large MDP in float64: the tilt whose soft policy spends the budget.

For each tilt one sweep has the soft values and their first two derivatives, so the search is
Newton's method in ``log l``. The policy it ends with is then evaluated by a sweep of its own, from
which no soft value enters: mean and KL divergence of the lower value are those of that policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from verify.errors import InputError
from verify.mdp.arrays import ArrayMDP, Layer, soften

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Newton's steps, each kept inside what is known, and the relative error in D at which they end.
STEPS = 100
CLOSE = 1e-12
#: Averages of numbers up to 1 over 10^3 layers are off by fewer than 10^3 roundings of 1e-16.
TIE = 1e-12
#: How far the search goes, in log l.
FARTHEST = 200.0


@dataclass(frozen=True)
class ArrayFrontier:
    """The frontier at one budget, in float64.

    Attributes
    ----------
    lower, upper : float
        The mean return of the policy, and ``(d + E L_l(s_1))/l``.
    kl : float
        What the policy costs.
    tilt : float
        l; infinite where the budget reaches the best mean of all policies.
    """

    lower: float
    upper: float
    kl: float
    tilt: float


def soft_series(mdp: ArrayMDP, tilt: float) -> tuple[float, float, float]:
    """``E L_l(s_1)`` and its first two derivatives by l."""
    soft = mdp.from_end(tilt * mdp.returns)
    top = float(np.nanmax(tilt * mdp.returns))
    slopes = mdp.from_end(np.column_stack([mdp.returns, np.zeros(mdp.size)]))
    for layer in mdp.layers:
        chances = _chances(layer, soft, top)
        onward = layer.leads @ slopes[: layer.first]
        mean = layer.by_state(chances * onward[:, 0])
        spread = (onward[:, 0] - layer.by_action(mean)) ** 2
        slopes[layer.first : layer.last, 0] = mean
        slopes[layer.first : layer.last, 1] = layer.by_state(chances * (onward[:, 1] + spread))
    value, (slope, curve) = mdp.start @ soft[mdp.place], mdp.start @ slopes[mdp.place]
    return float(value), float(slope), float(curve)


def _chances(layer: Layer, soft: Floats, top: float) -> Floats:
    """The soft policy of a layer, whose soft values are filled in."""
    weights, totals = soften(layer, soft, top)
    return layer.base * weights / layer.by_action(totals)


def evaluate(mdp: ArrayMDP, tilt: float) -> tuple[float, float]:
    """Mean return and KL divergence of the soft policy at a tilt, by a sweep of its own."""
    soft = mdp.from_end(tilt * mdp.returns)
    top = float(np.nanmax(tilt * mdp.returns))
    values = mdp.from_end(np.column_stack([mdp.returns, np.zeros(mdp.size)]))
    for layer in mdp.layers:
        chances = _chances(layer, soft, top)
        onward = layer.leads @ values[: layer.first]
        taken = chances > 0
        onward[taken, 1] += np.log(chances[taken] / layer.base[taken])
        for column in (0, 1):
            total = layer.by_state(chances * onward[:, column])
            values[layer.first : layer.last, column] = total
    mean, kl = mdp.start @ values[mdp.place]
    return float(mean), float(kl)


def array_frontier(mdp: ArrayMDP, budget: float) -> ArrayFrontier:
    """The best mean return within a KL budget, in float64.

    Parameters
    ----------
    mdp : ArrayMDP
        Without cycles.
    budget : float
        d, in nats, above 0.

    Raises
    ------
    InputError
        If the budget is not above 0.
    """
    if not budget > 0:
        raise InputError(f"budget: expected a number of nats above 0, got {budget}")
    # About their mean, so that what is subtracted below is no larger than what is left; and of
    # sizes near 1, so that squares and tilts stay in the range of float64.
    returns = np.where(mdp.reached, mdp.returns, np.nan)
    unit = _power_of_two_above(returns)
    small = mdp.with_returns(returns / unit)
    middle = float(small.start @ small.averages(small.returns))
    width = _power_of_two_above(small.returns - middle)
    standard = small.with_returns((small.returns - middle) / width)
    best, price = greedy_price(standard)
    if budget >= price:
        found = ArrayFrontier(best, best, price, np.inf)
    else:
        found = _searched(standard, budget)
    return replace(
        found,
        lower=(found.lower * width + middle) * unit,
        upper=(found.upper * width + middle) * unit,
        tilt=found.tilt / width / unit,
    )


def _power_of_two_above(values: Floats) -> float:
    """A power of two of the size of the largest; dividing by it is exact."""
    largest = float(np.nanmax(np.abs(values)))
    return float(np.ldexp(1.0, min(max(np.frexp(largest)[1], -1000), 1000))) if largest else 1.0


def _searched(mdp: ArrayMDP, budget: float) -> ArrayFrontier:
    """Newton's method in log l, kept between tilts that cost less and more than the budget."""
    low, high = -FARTHEST, FARTHEST
    y = -float(np.log(_spread(mdp)))
    for _ in range(STEPS):
        tilt = float(np.exp(y))
        value, mean, variance = soft_series(mdp, tilt)
        cost = tilt * mean - value
        if abs(cost / budget - 1) < CLOSE:
            break
        low, high = (y, high) if cost < budget else (low, y)
        slope = tilt**2 * variance
        step = np.log(budget / cost) * cost / slope if cost > 0 and slope > 0 else np.nan
        y = y + step if low < y + step < high and abs(step) < 3 else _inside(low, high, y)
    else:
        tilt = float(np.exp(low))  # rounding hides the budget: the last tilt that costs less
        value, _, _ = soft_series(mdp, tilt)
    mean, cost = evaluate(mdp, tilt)
    return ArrayFrontier(mean, (budget + value) / tilt, cost, tilt)


def _spread(mdp: ArrayMDP) -> float:
    return float(np.nanmax(mdp.returns) - np.nanmin(mdp.returns)) or 1.0


def _inside(low: float, high: float, y: float) -> float:
    """Halfway where both ends are near, else a step of 3 towards the end that is far."""
    if high - low < 8:
        return (low + high) / 2
    return y + 3 if high - y > y - low else y - 3


def greedy_price(mdp: ArrayMDP) -> tuple[float, float]:
    """The best mean return of all policies, and what the cheapest policy with it costs.

    Actions whose values are apart by rounding only, TIE times the spread of the returns, are tied.
    """
    within = TIE * _spread(mdp)
    values, costs = mdp.from_end(mdp.returns), np.zeros(mdp.size)
    for layer in mdp.layers:
        reached = layer.leads @ values[: layer.first]
        best = np.maximum.reduceat(reached, layer.firsts)
        onward = np.exp(layer.leads @ costs[: layer.first])
        kept = np.where(reached >= layer.by_action(best) - within, layer.base * onward, 0.0)
        values[layer.first : layer.last] = best
        costs[layer.first : layer.last] = np.log(layer.by_state(kept))
    return float(mdp.start @ values[mdp.place]), float(-(mdp.start @ costs[mdp.place]))
