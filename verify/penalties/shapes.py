"""The best reweighting under each divergence, up to a factor, as a function of the reward.

The P that maximises ``E_P X`` within a budget has ``dP/dQ = (f')^{-1}(l x - m)``, or 0 where that
is negative (THEORY section 9). Up to a factor that is a family with one parameter for most f:

==========================  ===================================  ==========================
Divergence                  ``dP/dQ`` up to a factor             Parameter
==========================  ===================================  ==========================
KL                          ``exp(l x)``                         the tilt l
order a > 1, chi-square     ``(x - c)_+ ^ (1/(a - 1))``          the cut c
order a < 1, Hellinger      ``(c - x) ^ -(1/(1 - a))``           the pole c above all rewards
reverse KL                  ``1/(c - x)``                        the same (a = 0)
Jensen-Shannon              ``1/(exp(l (c - x)) - 1)``           l, and the pole c
odds cap                    1 above c, 0 below                   the cut c
total variation             1 above c, 0 below                   the cut c; the rest of the
                                                                 mass goes to the very top
==========================  ===================================  ==========================

Each is an object that works on balls and on float64 arrays.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flint import arb, fmpq

from verify.divergence import (
    Divergence,
    JensenShannon,
    OddsCap,
    Power,
    Renyi,
    TotalVariation,
)
from verify.laws.bases import float_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Shape(ABC):
    """A weight ``dP/dQ`` up to a factor, nondecreasing in the reward."""

    @abstractmethod
    def value(self, x: arb) -> arb:
        """The weight at a reward, in balls."""

    @abstractmethod
    def log_floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The logarithm of the weight at float64 rewards; ``-inf`` where the weight is 0."""

    def floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weight at float64 rewards, divided by the largest of them."""
        import numpy as np

        logs = self.log_floats(np.asarray(x, dtype=np.float64))
        weights: NDArray[np.float64] = np.exp(logs - logs.max())
        return weights


@dataclass(frozen=True)
class Exponential(Shape):
    """``exp(l x)``: KL."""

    tilt: fmpq

    def value(self, x: arb) -> arb:
        return (self.tilt * x).exp()

    def log_floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return float_of(self.tilt) * x


@dataclass(frozen=True)
class AboveCut(Shape):
    """``(x - c)_+ ^ (1/(a - 1))``: order a > 1."""

    order: fmpq
    cut: fmpq

    @property
    def exponent(self) -> fmpq:
        """``1/(a - 1)``."""
        return 1 / (self.order - 1)

    def value(self, x: arb) -> arb:
        distance = x - self.cut
        if distance <= 0:
            return arb(0)
        if distance > 0:
            return distance**self.exponent
        return arb(0).union(distance.abs_upper() ** self.exponent)

    def log_floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(x - float_of(self.cut), 0.0))
        return float_of(self.exponent) * logs


@dataclass(frozen=True)
class BelowPole(Shape):
    """``(c - x) ^ -(1/(1 - a))`` for a pole c above every reward: order a < 1; a = 0 reverse KL."""

    order: fmpq
    pole: fmpq

    @property
    def exponent(self) -> fmpq:
        """``1/(1 - a)``."""
        return 1 / (1 - self.order)

    def value(self, x: arb) -> arb:
        return (self.pole - x) ** -self.exponent

    def log_floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        return -float_of(self.exponent) * np.log(float_of(self.pole) - x)


@dataclass(frozen=True)
class BoseEinstein(Shape):
    """``1/(exp(l (c - x)) - 1)`` for a pole c above every reward: Jensen-Shannon."""

    rate: fmpq
    pole: fmpq

    def value(self, x: arb) -> arb:
        return 1 / (self.rate * (self.pole - x)).expm1()

    def log_floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        distance = float_of(self.rate) * (float_of(self.pole) - x)
        return -distance - np.log(-np.expm1(-distance))


@dataclass(frozen=True)
class Step(Shape):
    """1 above c and 0 below; ``share`` at c itself, where an atom is split.

    An atom whose place is no fraction is split between two that are next to it: ``share`` is then
    the weight from the cut to ``last``.

    The odds cap's weight is this times R. Under total variation it is 1 there, and the mass below
    c goes to the very top (``to_top``), or as near to it as there is any.
    """

    cut: fmpq
    share: arb | None = None
    to_top: bool = False
    last: fmpq | None = None

    def value(self, x: arb) -> arb:
        last = self.cut if self.last is None else self.last
        if x > last:
            return arb(1)
        if x < self.cut:
            return arb(0)
        if x.is_exact() or (x > self.cut and x < last):
            return arb(0) if self.share is None else self.share
        return arb(0).union(arb(1))

    def log_floats(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        share = 0.0 if self.share is None else float(self.share)
        cut = float_of(self.cut)
        last = cut if self.last is None else float_of(self.last)
        with np.errstate(divide="ignore"):
            return np.log(np.where(x > last, 1.0, np.where(x >= cut, share, 0.0)))


def shape_of(divergence: Divergence, parameter: fmpq, rate: fmpq | None = None) -> Shape:
    """The best reweighting's shape at a parameter: a tilt for KL, a cut or a pole for the others.

    Parameters
    ----------
    divergence : Divergence
        From :func:`verify.divergence.parse_divergence`.
    parameter : fmpq
        See the table of this module.
    rate : fmpq, optional
        l, for Jensen-Shannon, where the shape has two parameters.
    """
    match divergence:
        case OddsCap():
            return Step(parameter)
        case TotalVariation():
            return Step(parameter, to_top=True)
        case JensenShannon():
            if rate is None:
                raise ValueError("the shape for js has two parameters: a pole and a rate")
            return BoseEinstein(rate, parameter)
        case Power(order=order) | Renyi(order=order):
            if order == 1:
                return Exponential(parameter)
            return AboveCut(order, parameter) if order > 1 else BelowPole(order, parameter)
    raise TypeError(f"no shape is known for {divergence!r}")
