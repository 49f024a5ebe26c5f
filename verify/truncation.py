"""Truncation: the law of X given that it lies in an interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import arb, arb_series, fmpq

from verify.decimals import law_number
from verify.enclosure import Diverges, Number, ball, exact
from verify.law import Bound, Law, LawError, Point
from verify.series import Moments, log_series
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def truncate(law: Law, low: Any = None, high: Any = None) -> Law:
    """The law of X given ``low < X <= high`` (leave out a limit to keep that tail).

    Raises
    ------
    LawError
        If no mass is left, or neither limit is given.
    """
    limits = [None if limit is None else exact(limit) for limit in (low, high)]
    if limits == [None, None]:
        raise LawError("truncate: give low=, high= or both")
    truncated = Truncated(law, limits[0], limits[1])
    if not truncated.log_mass().is_finite():
        raise LawError(f"truncate: no mass of {law} in ({low}, {high}]")
    return truncated


@dataclass(frozen=True)
class Truncated(Law):
    """The law of X given ``low < X <= high``; None leaves that side as it is."""

    base: Law
    low: fmpq | None
    high: fmpq | None

    def __str__(self) -> str:
        ends = {"low": self.low, "high": self.high}
        given = [f"{name}={law_number(end)}" for name, end in ends.items() if end is not None]
        return f"truncate({self.base}, {', '.join(given)})"

    @property
    def support(self) -> tuple[Bound, Bound]:
        """The limits, where they cut; an interval without mass beside one is not looked for."""
        start, end = self.base.support
        low = start if self.low is None or _cuts_nothing(self.low, start, -1) else self.low
        high = end if self.high is None or _cuts_nothing(self.high, end, +1) else self.high
        return low, high

    @property
    def right_tail(self) -> TailRates:
        return self.base.right_tail if self.high is None else TailRates.bounded()

    @property
    def left_tail(self) -> TailRates:
        return self.base.left_tail if self.low is None else TailRates.bounded()

    def parts(self) -> Iterator[Law]:
        yield self
        yield from self.base.parts()

    @property
    def rates_need_search(self) -> bool:
        return self.high is None and self.base.rates_need_search

    @property
    def has_atoms(self) -> bool:
        return self.base.has_atoms

    def log_mass(self) -> arb:
        """``log Q(low < X <= high)`` of the law before truncation."""
        return self.base.log_between(self.low, self.high)

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        # Keep those ends that cut more than the truncation does; where a ball cannot tell which
        # does, the larger or the smaller of the two balls covers both.
        if self.low is not None:
            if low is None or _at_most(low, self.low):
                low, low_in = self.low, False
            elif not _below(self.low, low):
                low = ball(low).max(ball(self.low))
        if self.high is not None:
            if high is None or _below(self.high, high):
                high, high_out = self.high, False
            elif not _at_most(high, self.high):
                high = ball(high).min(ball(self.high))
        return self.base.log_between(low, high, low_in, high_out) - self.log_mass()

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        if self._cut_below(t):
            return arb(0)
        if self._cut_above(t, closed):
            return arb.neg_inf()
        return self.log_between(t, None, low_in=closed)

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        if self._cut_below(t):
            return arb.neg_inf()
        if self._cut_above(t, open):
            return arb(0)
        return self.log_between(None, t, high_out=open)

    def _cut_below(self, t: Point) -> bool:
        """Whether all of the mass lies above t."""
        return self.low is not None and _at_most(t, self.low)

    def _cut_above(self, t: Point, before: bool) -> bool:
        """Whether all of the mass lies at or below t (``before``: below t)."""
        if self.high is None:
            return False
        return _below(self.high, t) or (not before and _at_most(self.high, t))

    def survival(self, t: Point, closed: bool = False) -> arb:
        log_mass = self.log_survival(t, closed)
        return self._share(t, self.high, closed, False) if log_mass.is_nan() else log_mass.exp()

    def cdf(self, t: Point, open: bool = False) -> arb:
        log_mass = self.log_cdf(t, open)
        return self._share(self.low, t, False, open) if log_mass.is_nan() else log_mass.exp()

    def _share(self, low: Point | None, high: Point | None, low_in: bool, high_out: bool) -> arb:
        return self.base.between(low, high, low_in, high_out) / self.log_mass().exp()

    def mass_at(self, t: Point) -> arb:
        if self._cut_below(t) or self._cut_above(t, before=True):
            return arb(0)
        return self.base.mass_at(t) / self.log_mass().exp()

    def density(self, t: Point) -> arb:
        low, high = self.support
        if not isinstance(low, Diverges) and ball(t) < ball(low):
            return arb(0)
        if not isinstance(high, Diverges) and ball(t) > ball(high):
            return arb(0)
        return self.base.density(t) / self.log_mass().exp()

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        total = self.log_mass().exp()
        for x, mass in self.base.atoms():
            if self.high is not None and x > self.high:
                return
            if self.low is None or x > self.low:
                yield x, mass / total

    def mean(self) -> Number:
        if self.high is None and self.low is not None:
            return self.base.tail_mean(self.low)
        return self._mean_between(self.low, self.high)

    def upper_mean(self, t: Point) -> Number:
        if self._cut_above(t, before=False):
            return arb(0)
        if self._cut_below(t):
            return self.mean()
        return self._mean_between(t, self.high)

    def partial_mean(self, low: Point | None, high: Point | None) -> Number:
        if low is not None or high is None:
            return super().partial_mean(low, high)
        # Of a lower tail, the difference of two means would leave no digits.
        if self._cut_below(high):
            return arb(0)
        if self._cut_above(high, before=False):
            return self.mean()
        return self._mean_between(self.low, high)

    def tail_mean(self, t: Point) -> Number:
        if self.high is None:
            return self.mean() if self._cut_below(t) else self.base.tail_mean(t)
        return super().tail_mean(t)

    def _mean_between(self, low: Point | None, high: Point | None) -> Number:
        """``E[X; low < X <= high]`` of the base, over the mass that is left."""
        part = self.base.partial_mean(low, high)
        return part if isinstance(part, Diverges) else part / self.log_mass().exp()

    def cumulant_series(self, tilt: arb) -> arb_series:
        return log_series(self.exponential_moments(tilt))

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        low = self.low if low is None or (self.low is not None and self.low > low) else low
        high = self.high if high is None or (self.high is not None and self.high < high) else high
        if low is not None and high is not None and low >= high:
            return arb(0), arb(0), arb(0)
        total = self.log_mass().exp()
        m0, m1, m2 = self.base.exponential_moments(tilt, low, high)
        return m0 / total, m1 / total, m2 / total

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        from verify.sampling import sample_between

        return sample_between(self.base, self.low, self.high, size, rng)


def _cuts_nothing(limit: fmpq, end: Bound, side: int) -> bool:
    return not isinstance(end, Diverges) and bool(side * (ball(limit) - ball(end)) >= 0)


def _below(one: Point, other: Point) -> bool:
    """Whether one point is certainly below the other."""
    if isinstance(one, fmpq) and isinstance(other, fmpq):
        return bool(one < other)
    return bool(ball(one) < ball(other))


def _at_most(one: Point, other: Point) -> bool:
    """Whether one point is certainly at or below the other."""
    if isinstance(one, fmpq) and isinstance(other, fmpq):
        return bool(one <= other)
    return bool(ball(one) <= ball(other))
