"""Functions of the distance from a point whose expectations the best means are made of.

With z the distance of a reward from the cut or the pole c, a kernel g is monotone and real
analytic on z > 0. :mod:`verify.penalties.expectation` encloses ``E g(z)`` and ``E z g(z)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from flint import acb, arb, fmpq

from verify.arithmetic import complex_balls
from verify.enclosure import Undecided

#: ``E[g; z > far]`` and ``E[z g; z > far]``, from a far point.
Pair = tuple[arb, arb]
#: An enclosure of ``E[z^p; z > far]``, by p and far.
PowerMean = Callable[[fmpq, arb], arb]

#: Moments that bound the logarithm's tail: the first where it is finite.
LOG_ORDERS = (fmpq(1), fmpq(1, 8))


class Kernel(ABC):
    """A monotone function g of z > 0, analytic there."""

    #: Whether ``E z g(z)`` is wanted too, and has a meaning.
    paired = True

    @abstractmethod
    def value(self, z: acb, analytic: bool) -> acb:
        """``g(z)`` near the positive half-line."""

    @abstractmethod
    def slope(self, z: acb, analytic: bool) -> acb:
        """``g'(z)``."""

    @abstractmethod
    def beyond(self, far: arb, mass: arb, power_mean: PowerMean) -> Pair:
        """``E[g; z > far]`` and ``E[z g; z > far]``, enclosed; ``mass`` is ``Pr(z > far)``."""

    @abstractmethod
    def scaled(self, size: fmpq) -> Kernel:
        """The kernel of ``z -> g(size z)``."""

    def real(self, z: arb) -> arb:
        """``g(z)`` for z > 0; its limit at z = 0."""
        return self.value(acb(z), False).real

    def over(self, low: arb, high: arb) -> arb:
        """All values of g between two distances."""
        return self.real(low).union(self.real(high))


@dataclass(frozen=True)
class PowerKernel(Kernel):
    """``factor z^r``."""

    exponent: fmpq
    factor: arb | None = None

    def _times(self, value: acb) -> acb:
        return value if self.factor is None else self.factor * value

    def value(self, z: acb, analytic: bool) -> acb:
        return self._times(complex_balls(analytic).power(z, self.exponent))

    def slope(self, z: acb, analytic: bool) -> acb:
        power = complex_balls(analytic).power(z, self.exponent - 1)
        return self._times(self.exponent * power)

    def real(self, z: arb) -> arb:
        if z.is_zero() and self.exponent > 0:
            return arb(0)
        power = z**self.exponent
        return power if self.factor is None else self.factor * power

    def beyond(self, far: arb, mass: arb, power_mean: PowerMean) -> Pair:
        r, factor = self.exponent, arb(1) if self.factor is None else self.factor
        value, product = (
            factor * (power_mean(p, far) if p > 0 else arb(0).union(mass * far**p))
            for p in (r, r + 1)
        )
        return value, product

    def scaled(self, size: fmpq) -> Kernel:
        factor = arb(size) ** self.exponent
        return PowerKernel(self.exponent, factor if self.factor is None else factor * self.factor)


@dataclass(frozen=True)
class LogKernel(Kernel):
    """``log(size z)``."""

    size: fmpq = fmpq(1)  # noqa: RUF009 - fractions do not change
    paired = False

    def value(self, z: acb, analytic: bool) -> acb:
        return complex_balls(analytic).log(self.size * z)

    def slope(self, z: acb, analytic: bool) -> acb:
        return 1 / z

    def beyond(self, far: arb, mass: arb, power_mean: PowerMean) -> Pair:
        # log(size z)/z^p falls where (size z)^p > e.
        for order in LOG_ORDERS:
            if not (self.size * far) ** order > 3:
                continue
            try:
                bound = power_mean(order, far) * (self.size * far).log() / far**order
            except Undecided:
                continue
            return arb(0).union(bound), arb(0)
        raise Undecided(f"E log z beyond {far.str(6)}")

    def scaled(self, size: fmpq) -> Kernel:
        return LogKernel(self.size * size)


@dataclass(frozen=True)
class BoseKernel(Kernel):
    """``1/(exp(l z) - 1)``."""

    rate: fmpq

    def value(self, z: acb, analytic: bool) -> acb:
        return 1 / (self.rate * z).expm1()

    def slope(self, z: acb, analytic: bool) -> acb:
        return -self.rate * (self.rate * z).exp() / (self.rate * z).expm1() ** 2

    def beyond(self, far: arb, mass: arb, power_mean: PowerMean) -> Pair:
        bound = mass / (self.rate * far).expm1()  # z/(exp(l z) - 1) falls too
        return arb(0).union(bound), arb(0).union(far * bound)

    def scaled(self, size: fmpq) -> Kernel:
        return BoseKernel(self.rate * size)


@dataclass(frozen=True)
class BoseLogKernel(Kernel):
    """``log(1 - exp(-l z))``."""

    rate: fmpq
    paired = False

    def value(self, z: acb, analytic: bool) -> acb:
        return complex_balls(analytic).log(-(-self.rate * z).expm1())

    def real(self, z: arb) -> arb:
        far = self.rate * z
        return (-(-far).exp()).log1p() if far > 1 else (-(-far).expm1()).log()

    def slope(self, z: acb, analytic: bool) -> acb:
        return self.rate / (self.rate * z).expm1()

    def beyond(self, far: arb, mass: arb, power_mean: PowerMean) -> Pair:
        return arb(0).union(mass * self.real(far)), arb(0)

    def scaled(self, size: fmpq) -> Kernel:
        return BoseLogKernel(self.rate * size)
