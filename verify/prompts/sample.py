"""The frontier over the prompts of a large file, in float64, each value with a bound on its error.

The sums of :mod:`verify.prompts.sums` are combined in two ways. *Quenched*: log-MGF, mean and cost
of each prompt's tilt, averaged over the prompts. *Pooled*: the sums averaged, then one log-MGF of
all. :mod:`verify.sample_search` finds the tilt that spends a budget for either. The values hold as
far as float64 rounds as IEEE 754 says and numpy's exp, expm1, log and log1p are within 4 ulp.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import frexp, fsum, inf, ldexp, log, nextafter
from typing import TYPE_CHECKING

import numpy as np
from flint import arb, fmpq

from verify.binned_moments import NARROWEST, Sums
from verify.enclosure import ball_of_decimal, sign_of
from verify.large_sample import times_power
from verify.prompts.sums import PromptSums
from verify.sample_search import FOUR, SMALLEST_BUDGET, Reading, Search, reference_near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Bracket:
    """``lower <= S(d) <= upper`` at a budget d.

    Attributes
    ----------
    lower, upper : arb
        A mean within the budget, less its error; a dual bound, plus its error.
    tilt : float or None
        The l, per unit of reward, whose tilt has a mean of at least ``lower``. None where the
        budget is 0 or buys the tops, or no tilt is surely within it.
    at_top : bool
        Whether the budget buys the tops.
    """

    lower: arb
    upper: arb
    tilt: float | None
    at_top: bool = False


class PromptSample:
    """Rewards by prompt, scaled to sizes below 1.

    Parameters
    ----------
    rewards : numpy.ndarray
        Finite float64, those of a prompt next to each other.
    rows : numpy.ndarray
        How many each prompt has, at least 1.
    shares : numpy.ndarray
        The weights of the prompts: positive integers, in proportion.

    Attributes
    ----------
    tops, top_rows : numpy.ndarray
        The largest reward of each prompt, and how many of its rows are equal to it.
    """

    def __init__(self, rewards: Floats, rows: Counts, shares: Counts) -> None:
        self.rows, self.shares = rows, shares
        start = np.cumsum(rows) - rows
        self.tops: Floats = np.maximum.reduceat(rewards, start)
        at_top = rewards == np.repeat(self.tops, rows)
        self.top_rows: Counts = np.add.reduceat(at_top.astype(np.int64), start)
        size = max(float(rewards.max()), -float(rewards.min()), 0.0)
        # A power of two that brings all sizes below 1. What underflows is within NARROWEST.
        self.exponent = max(frexp(size)[1], -1000)
        scale = ldexp(1.0, -self.exponent)
        self.scaled_tops = self.tops * scale
        self.sums = PromptSums.of(rewards * scale, rows)
        self._below_tops = self.sums.rewards - np.repeat(self.scaled_tops, rows)

    def average(self, values: Floats) -> float:
        """``E_s`` of a number that each prompt has, wrong by at most FOUR times that of its size:
        a product, a sum that is rounded once, and a quotient."""
        return fsum((self.shares * values).tolist()) / self.total

    @cached_property
    def total(self) -> int:
        """What the shares add up to."""
        return int(self.shares.sum())

    def tilted_means(self, tilt: float) -> Floats:
        """About the mean of each prompt under the tilt, in scaled units."""
        with np.errstate(under="ignore"):
            power = np.exp(tilt * self._below_tops)
            away = self.sums.mean(power * self._below_tops) / self.sums.mean(power)
        return self.scaled_tops + away

    def in_units(self, lower: float, upper: float) -> tuple[arb, arb]:
        """Scaled bounds in the units of the rewards, rounded outward.

        NARROWEST is how far scaling may have moved rewards; S moves no further than they do.
        """
        ends = (
            times_power(lower - NARROWEST, self.exponent),
            times_power(upper + NARROWEST, self.exponent),
        )
        return arb(nextafter(ends[0], -inf)), arb(nextafter(ends[1], inf))


class SampleFrontier(ABC):
    """The frontier of a sample, for any number of budgets."""

    def __init__(self, sample: PromptSample) -> None:
        self.sample = sample

    @abstractmethod
    def read(self, tilt: float, reference: float) -> Reading:
        """What one tilt says, in scaled units, as arrays of one number."""

    @abstractmethod
    def top(self) -> fmpq:
        """The supremum of S, in the units of the rewards."""

    @abstractmethod
    def scaled_top(self) -> float:
        """A bound on it in scaled units."""

    @abstractmethod
    def price(self) -> float:
        """About what the tops cost."""

    @abstractmethod
    def exact_price(self) -> arb:
        """What they cost, at the working precision."""

    @abstractmethod
    def costs_nothing(self) -> bool:
        """Whether they cost nothing, so that S is constant."""

    def at(self, budgets: Sequence[Decimal]) -> list[Bracket]:
        """Bounds on S at each budget, none of them negative."""
        found: dict[Decimal, Bracket] = {}
        tilted: list[Decimal] = []
        for budget in sorted(set(budgets)):
            if budget == 0:
                found[budget] = Bracket(*self.sample.in_units(*self._mean), None)
            elif self._buys_top(budget):
                found[budget] = Bracket(arb(self.top()), arb(self.top()), None, True)
            else:
                tilted.append(budget)
        if tilted:
            found.update(zip(tilted, self._by_search(tilted), strict=True))
        return [found[budget] for budget in budgets]

    def _buys_top(self, budget: Decimal) -> bool:
        """Whether ``d >= price``; equal they never are, unless both are 0.

        The exponential of a rational d is transcendental, that of the price an algebraic number.
        """
        if self.costs_nothing():
            return True
        return sign_of(lambda: ball_of_decimal(budget) - self.exact_price(), "the tops' price") > 0

    @cached_property
    def _mean(self) -> tuple[float, float]:
        """Bounds on the mean, in scaled units."""
        centre = self.sample.average(self.sample.tilted_means(0.0))
        plain = self.read(0.0, centre)
        mean, error = float(plain.mean[0]), float(plain.mean_error[0])
        error += FOUR * (abs(centre) + abs(mean))
        return centre + mean - error, centre + mean + error

    def _by_search(self, budgets: list[Decimal]) -> list[Bracket]:
        values = np.array([float(budget) for budget in budgets])
        centre = self._mean[0]
        spread = max(float(self.read(0.0, centre).curvature[0]), 1e-300) ** 0.5
        price, top = self.price(), self.scaled_top()
        # The normal law's tilt, but no more than makes the tops outweigh the rest.
        tilts = np.sqrt(2 * np.maximum(values, SMALLEST_BUDGET)) / spread
        tilts = np.minimum(tilts, (price + values + 5) / max(top - centre, spread))
        search = Search(self._read_all, values, top, price, tilts, centre)
        search.run()
        # Every tilt, and S, is above the mean.
        lower = np.maximum(search.lower, self._mean[0])
        return [
            Bracket(
                *self.sample.in_units(float(low), float(high)), self._tilt_in_units(float(tilt))
            )
            for low, high, tilt in zip(lower, search.upper, search.achieving, strict=True)
        ]

    def _read_all(self, tilts: Floats, references: Floats) -> Reading:
        pairs = zip(tilts.tolist(), references.tolist(), strict=True)
        one_by_one = [self.read(tilt, reference) for tilt, reference in pairs]
        names = Reading.__dataclass_fields__
        return Reading(
            **{k: np.concatenate([getattr(one, k) for one in one_by_one]) for k in names}
        )

    def _tilt_in_units(self, scaled: float) -> float | None:
        """A scaled tilt per unit of reward; None if there is none, or no float64 is exactly it."""
        tilt = times_power(scaled, -self.sample.exponent)
        back = times_power(tilt, self.sample.exponent)
        return tilt if tilt > 0 and back == scaled else None


class Quenched(SampleFrontier):
    """Each prompt is tilted for itself: ``inf_l (d + E_s K_s(l))/l``."""

    def _prompts(self, tilt: float) -> tuple[Reading, Floats]:
        """What each prompt's tilt says, and the reference near its tilted mean that it says it of.

        The tilt is in scaled units.
        """
        tops = self.sample.scaled_tops
        tilts = np.full(len(tops), tilt)
        references = reference_near(self.sample.tilted_means(tilt), tilts, tops)
        return Reading.of(self.sample.sums.sums(tilt, references), tilts), references

    def split(self, bracket: Bracket) -> tuple[Floats, Floats]:
        """About the mean and the KL of each prompt, in units, where the lower value is achieved."""
        sample = self.sample
        if bracket.at_top:
            return sample.tops, np.log(sample.rows / sample.top_rows)
        scaled = 0.0 if bracket.tilt is None else times_power(bracket.tilt, sample.exponent)
        prompts, references = self._prompts(scaled)
        means = np.minimum(np.ldexp(references + prompts.mean, sample.exponent), sample.tops)
        return means, np.maximum(prompts.kl, 0.0)

    def cost(self, tilt: float) -> tuple[float, float] | None:
        """About ``E_s D_s`` and its derivative at a tilt per unit of reward, for searches."""
        scaled = times_power(tilt, self.sample.exponent)
        if not 0 < scaled < inf:
            return None
        with np.errstate(all="ignore"):  # what overflows is no estimate
            found = self.read(scaled, 0.0)
        cost, slope = float(found.kl[0]), tilt * float(found.curvature[0])
        slope = times_power(times_power(slope, self.sample.exponent), self.sample.exponent)
        return (cost, slope) if 0 < cost < inf and 0 < slope < inf else None

    def read(self, tilt: float, reference: float) -> Reading:
        prompts, references = self._prompts(tilt)
        average = self.sample.average
        log_mass, mean, kl = (average(x) for x in (prompts.log_mass, prompts.mean, prompts.kl))
        errors = [
            1.01 * average(error) + FOUR * average(np.abs(value))
            for error, value in (
                (prompts.log_mass_error, prompts.log_mass),
                (prompts.mean_error, prompts.mean),
                (prompts.kl_error, prompts.kl),
            )
        ]
        # From the prompts' references to the one that is asked for.
        centre = average(references)
        shift = centre - reference
        off = FOUR * (average(np.abs(references)) + abs(centre) + abs(reference))
        numbers = (
            log_mass + tilt * shift,
            mean + shift,
            kl,
            errors[0] + tilt * off + FOUR * (abs(log_mass) + abs(tilt * shift)),
            errors[1] + off + FOUR * (abs(mean) + abs(shift)),
            errors[2],
            average(prompts.curvature),
        )
        return Reading(*(np.array([number]) for number in numbers))

    def top(self) -> fmpq:
        weighted = zip(self.sample.shares.tolist(), self.sample.tops.tolist(), strict=True)
        total = sum((share * fmpq(*top.as_integer_ratio()) for share, top in weighted), fmpq(0))
        return total / self.sample.total

    def scaled_top(self) -> float:
        tops = self.sample.scaled_tops
        return self.sample.average(tops) + FOUR * self.sample.average(np.abs(tops)) + NARROWEST

    def price(self) -> float:
        return self.sample.average(np.log(self.sample.rows / self.sample.top_rows))

    def exact_price(self) -> arb:
        return sum((fmpq(w, self.sample.total) * arb(x).log() for x, w in self._odds), arb(0))

    @cached_property
    def _odds(self) -> list[tuple[fmpq, int]]:
        """The shares of the prompts by their odds ``n/rows at the top``."""
        counted: Counter[tuple[int, int]] = Counter()
        sample = self.sample
        rows = zip(
            sample.rows.tolist(), sample.top_rows.tolist(), sample.shares.tolist(), strict=True
        )
        for n, k, share in rows:
            counted[n, k] += share
        return [(fmpq(n, k), share) for (n, k), share in counted.items() if n > k]

    def costs_nothing(self) -> bool:
        return bool((self.sample.rows == self.sample.top_rows).all())


class Pooled(SampleFrontier):
    """All rewards in one law: ``inf_l (d + log E_s exp K_s(l))/l``."""

    def read(self, tilt: float, reference: float) -> Reading:
        sample = self.sample
        each = sample.sums.sums(tilt, np.full(len(sample.rows), reference))
        pairs = (
            (each.total, each.total_error),
            (each.excess, each.excess_error),
            (each.first, each.first_error),
        )
        numbers = [sample.average(value) for value, _ in pairs]
        errors = [
            1.01 * sample.average(error) + FOUR * sample.average(np.abs(value))
            for value, error in pairs
        ]
        fields = (*numbers, sample.average(each.second), *errors)
        return Reading.of(Sums(*(np.array([number]) for number in fields)), np.array([tilt]))

    def top(self) -> fmpq:
        return fmpq(*float(self.sample.tops.max()).as_integer_ratio())

    def scaled_top(self) -> float:
        return float(self.sample.scaled_tops.max())

    @cached_property
    def _top_share(self) -> fmpq:
        """The probability of the largest reward of all."""
        sample = self.sample
        there = np.flatnonzero(sample.tops == sample.tops.max())
        parts = zip(
            sample.shares[there].tolist(),
            sample.top_rows[there].tolist(),
            sample.rows[there].tolist(),
            strict=True,
        )
        # By the number of rows first: fractions with one denominator add up quickly.
        counted: Counter[int] = Counter()
        for share, k, n in parts:
            counted[n] += share * k
        return sum((fmpq(k, n) for n, k in counted.items()), fmpq(0)) / sample.total

    def price(self) -> float:
        return -log(float(arb(self._top_share)))

    def exact_price(self) -> arb:
        return -arb(self._top_share).log()

    def costs_nothing(self) -> bool:
        return self._top_share == 1
