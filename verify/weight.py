"""Weights: the optimisers of the subject, each a density ``dP/dQ`` up to its normaliser.

A weight looks at a reward and at its rank, the pair ``(Q(X < x), Q(X <= x))``. Best-of-n and top
fractions act on ranks, which makes them right at atoms. Every weight here is nondecreasing in the
reward, so :meth:`Weight.value` may be asked in any order and only ever grows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from flint import arb, fmpq

from verify.decimals import rational
from verify.enclosure import ball, ball_of_decimal, exact
from verify.errors import InputError

#: Thresholds with larger decimal exponents are given by their logarithm.
LARGEST_EXPONENT = 10**4
#: Up to this decimal exponent a threshold is used as a fraction, so that atoms are hit exactly.
_FRACTION_EXPONENT = 400


@dataclass(frozen=True)
class Location:
    """A threshold, exactly: the decimal ``t``, or ``exp(log_t)`` where t is too large to write."""

    t: Decimal | None = None
    log_t: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.t is None) == (self.log_t is None):
            raise ValueError("a threshold is given by exactly one of t and log_t")

    def point(self) -> fmpq | arb:
        """The threshold as a fraction, or as a ball where a fraction would be unwieldy."""
        if self.log_t is not None:
            return ball_of_decimal(self.log_t).exp()
        assert self.t is not None
        if abs(self.t.adjusted()) <= _FRACTION_EXPONENT:
            return rational(self.t)
        return ball_of_decimal(self.t)

    def __str__(self) -> str:
        return f"exp({self.log_t})" if self.t is None else f"{self.t}"


class Weight(ABC):
    """A nondecreasing, unnormalised density ``dP/dQ``."""

    @abstractmethod
    def value(self, reward: int | fmpq | arb, below: arb, up_to: arb) -> arb:
        """The weight at a reward whose rank is ``below = Q(X < x)``, ``up_to = Q(X <= x)``."""


@dataclass(frozen=True)
class Identity(Weight):
    """No optimisation at all: P = Q."""

    def value(self, reward: int | fmpq | arb, below: arb, up_to: arb) -> arb:
        return arb(1)


@dataclass(frozen=True)
class Threshold(Weight):
    """Put mass ``mass`` on ``{X > t}`` and the rest below, each part in Q's own proportions.

    Mass 1 is conditioning on ``X > t``. The unnormalised weight needs Q(X > t), so it is given
    relative to the odds of the base; :class:`~verify.reweighted.ThresholdReweighted` has both.
    """

    location: Location
    mass: Decimal

    @classmethod
    def at(cls, t: object, mass: object) -> Threshold:
        """From anything that reads as an exact decimal.

        Raises
        ------
        InputError
            If one of the two does not, or the mass is not in (0, 1].
        """
        place = _decimal(t, "a threshold")
        return cls(Location(t=place), _decimal(mass, "a threshold's mass"))

    def __post_init__(self) -> None:
        if not 0 < self.mass <= 1:
            raise InputError(f"a threshold's mass lies in (0, 1], got {self.mass}")

    def value(self, reward: int | fmpq | arb, below: arb, up_to: arb) -> arb:
        raise TypeError("a threshold's weight depends on Q(X > t): ask the reweighted law")


def _decimal(value: object, what: str) -> Decimal:
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        read = Decimal("nan")
    if not read.is_finite():
        raise InputError(f"{what}: expected a decimal number like 0.05, got {str(value)[:40]!r}")
    return read


@dataclass(frozen=True)
class Tilt(Weight):
    """The exponential tilt ``exp(l X)``."""

    tilt: fmpq

    def __post_init__(self) -> None:
        object.__setattr__(self, "tilt", exact(self.tilt))

    def value(self, reward: int | fmpq | arb, below: arb, up_to: arb) -> arb:
        return (self.tilt * ball(reward)).exp()


@dataclass(frozen=True)
class BestOfN(Weight):
    """The best of n independent draws: ``(F(x)^n - F(x-)^n) / Q{x}``, or ``n F^(n-1)``."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"best-of-n needs n >= 1, got {self.n}")

    def value(self, reward: int | fmpq | arb, below: arb, up_to: arb) -> arb:
        # The difference quotient of u^n, written as a sum so that it stays right as the atom
        # shrinks to nothing.
        return sum((up_to**i * below ** (self.n - 1 - i) for i in range(self.n)), arb(0))


@dataclass(frozen=True)
class TopFraction(Weight):
    """Keep the top fraction f of Q, split at an atom; ``1/f`` is the odds cap R."""

    fraction: fmpq

    def __post_init__(self) -> None:
        object.__setattr__(self, "fraction", exact(self.fraction))
        if not 0 < self.fraction <= 1:
            raise ValueError(f"a top fraction lies in (0, 1], got {self.fraction}")

    def value(self, reward: int | fmpq | arb, below: arb, up_to: arb) -> arb:
        cut = 1 - self.fraction
        if below >= cut:
            return arb(1) / self.fraction
        if up_to <= cut:
            return arb(0)
        return (up_to - cut) / (up_to - below) / self.fraction
