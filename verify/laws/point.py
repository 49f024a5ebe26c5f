"""A point: the law of a constant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from flint import arb, arb_series, fmpq

from verify.enclosure import Number, ball
from verify.law import Bound, Law, Point
from verify.laws.bases import float_of
from verify.laws.parameters import REAL, Parametric, parameter
from verify.series import Moments
from verify.tail_rates import TailRates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PointMass(Parametric, Law):
    """All mass at x."""

    name: ClassVar[str] = "point"
    x: fmpq = parameter(REAL)

    @property
    def support(self) -> tuple[Bound, Bound]:
        return self.x, self.x

    @property
    def right_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def left_tail(self) -> TailRates:
        return TailRates.bounded()

    @property
    def has_atoms(self) -> bool:
        return True

    def _is_above(self, t: Point, closed: bool) -> bool | None:
        """Whether ``x > t`` (``x >= t`` if closed); None where the ball ``t`` cannot tell."""
        if isinstance(t, fmpq | int):
            return bool(self.x >= t if closed else self.x > t)
        x = ball(self.x)
        if x > t or (closed and x >= t):
            return True
        return False if x < t or (not closed and x <= t) else None

    def log_survival(self, t: Point, closed: bool = False) -> arb:
        return {True: arb(0), False: arb.neg_inf(), None: arb.nan()}[self._is_above(t, closed)]

    def log_cdf(self, t: Point, open: bool = False) -> arb:
        return {True: arb.neg_inf(), False: arb(0), None: arb.nan()}[self._is_above(t, open)]

    def survival(self, t: Point, closed: bool = False) -> arb:
        either = arb(0).union(arb(1))
        return {True: arb(1), False: arb(0), None: either}[self._is_above(t, closed)]

    def cdf(self, t: Point, open: bool = False) -> arb:
        return 1 - self.survival(t, closed=open)

    def log_between(
        self,
        low: Point | None,
        high: Point | None,
        low_in: bool = False,
        high_out: bool = False,
    ) -> arb:
        above = True if low is None else self._is_above(low, low_in)
        beyond = False if high is None else self._is_above(high, high_out)
        if above is False or beyond is True:
            return arb.neg_inf()
        return arb(0) if above and beyond is False else arb.nan()

    def mass_at(self, t: Point) -> arb:
        return self.survival(t, closed=True) - self.survival(t)

    def atoms(self) -> Iterator[tuple[fmpq, arb]]:
        yield self.x, arb(1)

    def mean(self) -> Number:
        return ball(self.x)

    def upper_mean(self, t: Point) -> Number:
        return self.x * self.survival(t)

    def cumulant_series(self, tilt: arb) -> arb_series:
        return arb_series([self.x * tilt, arb(self.x), 0], prec=3)

    def exponential_moments(
        self, tilt: arb, low: fmpq | None = None, high: fmpq | None = None
    ) -> Moments:
        if (low is not None and self.x <= low) or (high is not None and self.x > high):
            return arb(0), arb(0), arb(0)
        mass = (self.x * tilt).exp()
        return mass, self.x * mass, self.x**2 * mass

    def quantile(self, level: Point) -> arb:
        if not (level > 0 and level < 1):
            raise ValueError(f"a quantile's level lies strictly between 0 and 1, got {level}")
        return ball(self.x)

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
        import numpy as np

        return np.full(size, float_of(self.x))
