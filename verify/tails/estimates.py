"""What every estimator says of a tail, side by side with the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from math import isfinite, isnan
from typing import Any

from verify.errors import InputError
from verify.tails.consequences.answer import number
from verify.tails.estimators import (
    Alternatives,
    ExponentialTest,
    Goodness,
    Path,
    above,
    compare_families,
    exponential_test,
    fit_gpd,
    generalised_pickands_path,
    goodness,
    gpd_path,
    half,
    hill_path,
    kernel_path,
    maximum_to_sum,
    moment_path,
    pickands_path,
    port_hill_path,
    probability_weighted_path,
    profile_interval,
)
from verify.tails.thresholds import Choice, bader, clauset, danielsson, minimal_amse
from verify.tails.upper_tail import Array, UpperTail
from verify.tails.verdict import Interval, Verdict

#: Estimates rest on at most so many rewards, and on at most this share of those that are kept, so
#: that estimators over a random threshold have one well below.
MOST, SHARE = 2000, 0.2
#: Of the bootstrap, where the asymptotic law of a test gives no chance: the least one is 1/400.
RESAMPLES = 399
#: Moments that are looked at.
POWERS = (1, 2, 3, 4)
#: What is said of estimators on logarithms whose zero point is the median of the rewards.
OVER_A_THRESHOLD = {
    "moment, over a random threshold": None,
    "kernel, over a random threshold": "consistent for power laws only; never negative",
    "PORT-Hill": "consistent for power laws only; never negative",
}
#: Fewer say nothing.
FEWEST = 25


@dataclass(frozen=True)
class Estimate:
    """One estimator's answer.

    Attributes
    ----------
    name : str
    k : int
        How many of the largest rewards it rests on.
    shape : Interval
        The extreme-value index; the interval is the usual one, which knows nothing of bias.
    warning : str or None
    """

    name: str
    k: int
    shape: Interval
    warning: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        shape = {
            "shape": number(self.shape.value),
            "low": number(self.shape.low),
            "high": number(self.shape.high),
        }
        return {"estimator": self.name, "k": self.k, **shape, "warning": self.warning}


@dataclass(frozen=True, eq=False)
class Estimates:
    """All of them.

    Attributes
    ----------
    estimates : tuple of Estimate
    choices : tuple of Choice
        Thresholds that other methods would choose.
    exponential : ExponentialTest or None
        Exponential against generalised Pareto excesses.
    fit : Goodness or None
        How well a generalised Pareto law fits them.
    families : Alternatives or None
        Families of tails compared.
    largest_shares : tuple of (int, float)
        Powers p, and the share of the largest reward in the sum of p-th powers of what rewards
        exceed their median by: far from 0 where the p-th moment is infinite. Empty where the
        rewards are not at hand.
    """

    estimates: tuple[Estimate, ...]
    choices: tuple[Choice, ...]
    exponential: ExponentialTest | None
    fit: Goodness | None
    families: Alternatives | None
    largest_shares: tuple[tuple[int, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "estimates": [each.as_json() for each in self.estimates],
            "thresholds": [_choice(each) for each in self.choices],
            "exponential_test": None if self.exponential is None else _test(self.exponential),
            "goodness_of_fit": None if self.fit is None else _goodness(self.fit),
            "families": None if self.families is None else _families(self.families),
            "largest_shares": [
                {"power": power, "share": number(share)} for power, share in self.largest_shares
            ],
        }


def estimates_of(tail: UpperTail, verdict: Verdict, rewards: Any = None) -> Estimates:
    """Everything that the estimators say of a tail without ties.

    Parameters
    ----------
    tail : UpperTail
        Spread over its rounding cells, where the rewards were rounded.
    verdict : Verdict
        Its ``k`` bounds how many rewards the estimates rest on.
    rewards : array of shape (n,), optional
        All rewards, in the order in which they came.
    """
    largest = () if rewards is None else tuple(_largest_shares(rewards))
    if verdict.capped:
        # An atom on top is no tail: spread over its cell, it has the shape of the cell.
        return Estimates((), (), None, None, None, largest)
    k = tail.untied(min(MOST, int(SHARE * (tail.kept - 1)), verdict.k or MOST))
    choices = tuple(_found(choose, tail) for choose in (bader, minimal_amse, clauset, danielsson))
    chosen = tuple(each for each in choices if each is not None)
    if k < FEWEST:
        return Estimates((), chosen, None, None, None, largest)
    excesses = tail.excesses(k)
    return Estimates(
        tuple(_estimates(tail, k)),
        chosen,
        exponential_test(excesses),
        _fit(excesses),
        _compared(tail, k),
        largest,
    )


def _fit(excesses: Array) -> Goodness:
    """By the asymptotic law where it gives a chance, else by the bootstrap."""
    found = goodness(excesses)
    return goodness(excesses, found.fit, RESAMPLES) if isnan(found.p_anderson_darling) else found


def _largest_shares(rewards: Any) -> Iterator[tuple[int, float]]:
    for power in POWERS:
        yield power, float(maximum_to_sum(rewards, power)[-1])


def _estimates(tail: UpperTail, k: int) -> Iterator[Estimate]:
    """Those that no shift changes first, Hill's on the rewards as they are last."""
    excesses = tail.excesses(k)
    fit = fit_gpd(excesses)
    yield Estimate(
        "GPD, profile likelihood", k, profile_interval(excesses, fit=fit), _no_shape(fit.shape)
    )
    base = half(tail)
    moved = above(tail, base)
    paths: tuple[tuple[str, Callable[[], Path]], ...] = (
        ("GPD, maximum likelihood", lambda: gpd_path(tail, [k])),
        ("GPD, probability-weighted moments", lambda: probability_weighted_path(tail)),
        ("moment, over a random threshold", lambda: moment_path(moved)),
        ("kernel, over a random threshold", lambda: kernel_path(moved)),
        ("Pickands", lambda: pickands_path(tail)),
        ("generalised Pickands", lambda: generalised_pickands_path(tail)),
        ("PORT-Hill", lambda: port_hill_path(tail, base)),
        ("Hill", lambda: hill_path(tail)),
    )
    for name, walk in paths:
        try:
            path = walk()
            yield Estimate(name, k, path.at(k), OVER_A_THRESHOLD.get(name, path.warning))
        except (InputError, ValueError):
            # Too few rewards are positive, or the path begins above k: no estimate.
            continue


def _no_shape(shape: float) -> str | None:
    return None if isfinite(shape) else "the likelihood has no maximum"


def _found(choose: Callable[[UpperTail], Choice], tail: UpperTail) -> Choice | None:
    """A threshold, or None where there are too few rewards to choose from."""
    try:
        return choose(tail)
    except InputError:
        return None


def _compared(tail: UpperTail, k: int) -> Alternatives | None:
    """Families above a threshold over the random one: of logarithms, so they need a zero point."""
    try:
        return compare_families(above(tail, half(tail)), k)
    except InputError:
        return None


# ---------------------------------------------------------------- as JSON


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "method": choice.method,
        "k": choice.k,
        "threshold": number(choice.threshold),
        "warning": choice.warning,
    }


def _test(test: ExponentialTest) -> dict[str, Any]:
    return {
        "k": test.k,
        "statistic": number(test.statistic),
        "rate": number(test.rate),
        "p_value": number(test.p_value),
        "p_heavier": number(test.p_heavier),
    }


def _goodness(found: Goodness) -> dict[str, Any]:
    return {
        "anderson_darling": number(found.anderson_darling),
        "p_anderson_darling": number(found.p_anderson_darling),
        "cramer_von_mises": number(found.cramer_von_mises),
        "p_cramer_von_mises": number(found.p_cramer_von_mises),
        "route": found.route,
    }


def _families(found: Alternatives) -> dict[str, Any]:
    fits = [
        {
            "family": each.family,
            "log_likelihood": number(each.log_likelihood),
            "parameters": {name: number(value) for name, value in each.parameters.items()},
        }
        for each in found.fits
    ]
    comparisons = [
        {**asdict(each), "statistic": number(each.statistic), "p_value": number(each.p_value)}
        for each in found.comparisons
    ]
    return {"k": found.k, "best_first": fits, "comparisons": comparisons}
