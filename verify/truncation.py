"""Truncation: the law of X given that it lies in an interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import arb, arb_series, fmpq

from verify.decimals import law_number
from verify.enclosure import Diverges, Number, ball, exact
from verify.law import Bound, Law, LawError, Moments, Point, TailRates, log_series

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
        return self._log_between(self.low, self.high)

    def _log_between(
        self, low: Point | None, high: Point | None, closed: bool = False, open: bool = False
    ) -> arb:
        """``log Q(low < X <= high)``; ``closed`` takes low in, ``open`` leaves high out."""
        base = self.base
        if low is None:
            return arb(0) if high is None else base.log_cdf(high, open)
        above = base.log_survival(low, closed)
        if high is None:
            return above
        beyond = base.survival(high, closed=open)
        if beyond == 0:
            return above
        if above < -1:  # in the upper half the survival function has the digits
            return (above.exp() - beyond).log()
        return (base.cdf(high, open) - base.cdf(low, open=closed)).log()

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        if self.high is not None and (ball(t) > ball(self.high)):
            return arb.neg_inf()
        if self.low is not None and ball(t) <= ball(self.low):
            return arb(0)
        if self.high is not None and t == self.high and not closed:
            return arb.neg_inf()
        return self._log_between(t, self.high, closed=closed) - self.log_mass()

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        if self.low is not None and ball(t) <= ball(self.low):
            return arb.neg_inf()
        if self.high is not None and (
            ball(t) > ball(self.high) or (t == self.high and not open)
        ):
            return arb(0)
        return self._log_between(self.low, t, open=open) - self.log_mass()

    def mass_at(self, t: Point) -> arb:
        if self.low is not None and ball(t) <= ball(self.low):
            return arb(0)
        if self.high is not None and ball(t) > ball(self.high):
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
        return self._mean_between(self.low, self.high)

    def upper_mean(self, t: Point) -> Number:
        if self.high is not None and ball(t) >= ball(self.high):
            return arb(0)
        if self.low is not None and ball(t) <= ball(self.low):
            return self.mean()
        return self._mean_between(t, self.high)

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
        total = self.log_mass().exp()
        m0, m1, m2 = self.base.exponential_moments(tilt, low, high)
        return m0 / total, m1 / total, m2 / total

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        from verify.sampling import sample_between

        return sample_between(self.base, self.low, self.high, size, rng)


def _cuts_nothing(limit: fmpq, end: Bound, side: int) -> bool:
    return not isinstance(end, Diverges) and bool(side * (ball(limit) - ball(end)) >= 0)
