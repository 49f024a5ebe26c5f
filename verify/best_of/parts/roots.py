"""Ends next to which a density is a power, in a variable in which it is analytic.

Next to an end a density may be ``d^(a-1) g(d)`` in the distance d, with a rational a and an
analytic g, or one of a rational power of d. In ``y = d^(1/q)``, for a q that takes all denominators
away, density times slope is a whole power of y times something analytic, around y = 0 as well. The
formula of the density says so itself: it is evaluated with ``log d = q log y`` kept apart, and with
``d^e = y^(q e)``. What comes out is ``k log y`` and something analytic; the whole power is
``k + q - 1``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flint import acb, arb, fmpq

from verify.affine import Affine
from verify.arithmetic import complex_balls
from verify.best_of.parts.density import Density, Knot
from verify.continuous import ContinuousLaw
from verify.law import Law
from verify.truncation import Truncated

#: The largest q that is tried: for more, ``y^q`` is next to nothing on most of an interval.
MOST_ROOT = 6


@dataclass(frozen=True)
class NearEnd:
    """``start + slope d factor`` for ``d = y^root``.

    Attributes
    ----------
    y : acb
        A box.
    root : int
        The q of the module's docstring.
    start, slope : fmpq
        The two.
    factor : acb
        What is analytic, and 1 where d is 0.
    """

    y: acb
    root: int
    start: fmpq
    slope: fmpq
    factor: acb = field(default_factory=lambda: acb(1))

    @property
    def value(self) -> acb:
        """The number."""
        return acb(self.start) + acb(self.slope) * self.y**self.root * self.factor

    def __neg__(self) -> Any:
        return self * fmpq(-1)

    def __mul__(self, factor: Any) -> Any:
        if not isinstance(factor, fmpq | int):
            return self.value * _plain(factor)
        start, slope = self.start * factor, self.slope * factor
        return NearEnd(self.y, self.root, start, slope, self.factor)

    __rmul__ = __mul__

    def __add__(self, other: acb) -> acb:
        return self.value + other

    __radd__ = __add__

    def __sub__(self, other: acb) -> acb:
        return self.value - other

    def __rsub__(self, other: acb) -> acb:
        return other - self.value

    def __truediv__(self, other: acb) -> acb:
        return self.value / other

    def __rtruediv__(self, other: acb) -> acb:
        return other / self.value


@dataclass(frozen=True)
class Logarithm:
    """``power log y + rest``.

    Attributes
    ----------
    y : acb
        A box.
    power : fmpq
        The factor.
    rest : acb
        What is analytic.
    """

    y: acb
    power: fmpq
    rest: acb

    def __mul__(self, factor: Any) -> Logarithm:
        if not isinstance(factor, fmpq | int):
            raise NotImplementedError("not a multiple of a logarithm")
        return Logarithm(self.y, self.power * factor, self.rest * acb(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: fmpq | int) -> Logarithm:
        return Logarithm(self.y, self.power / divisor, self.rest / acb(divisor))

    def __neg__(self) -> Logarithm:
        return self * -1

    def __add__(self, other: Any) -> Logarithm:
        power, rest = (other.power, other.rest) if isinstance(other, Logarithm) else (0, other)
        return Logarithm(self.y, self.power + power, self.rest + _plain(rest))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Logarithm:
        return self.__add__(-other)

    def __rsub__(self, other: Any) -> Logarithm:
        return (-self).__add__(other)


class RootArithmetic:
    """The arithmetic of the module's docstring; the numbers of a law stay as exact as they are."""

    name = "next to an end"

    def __init__(self) -> None:
        self.boxes = complex_balls(True)

    def number(self, value: fmpq) -> fmpq:
        """As it is."""
        return value

    def pi(self) -> acb:
        """Pi."""
        return acb.pi()

    def log(self, x: Any) -> Any:
        """The logarithm; apart where x is a multiple of d, which it is where x is 1 at the end."""
        if isinstance(x, NearEnd) and x.start == 1:
            return self._near_one(x)
        if not isinstance(x, NearEnd) or x.start != 0:
            return self.boxes.log(_plain(x))
        if not x.slope > 0:
            raise NotImplementedError("a density beyond its end")
        return Logarithm(x.y, fmpq(x.root), acb(x.slope).log() + self.boxes.log(x.factor))

    def _near_one(self, x: NearEnd) -> Any:
        """``log(1 + z)``, which is ``z F(1, 1; 2; -z)`` (DLMF 15.4.1)."""
        z = x.value - 1
        if not z.abs_upper() < 1:
            return self.boxes.log(x.value)
        own = (-z).hypgeom_2f1(acb(1), acb(1), acb(2))
        return NearEnd(x.y, x.root, fmpq(0), x.slope, x.factor * own)

    def log1p(self, x: Any) -> Any:
        """``log(1 + x)``."""
        if isinstance(x, NearEnd):
            return self.log(NearEnd(x.y, x.root, x.start + 1, x.slope, x.factor))
        return self.boxes.log1p(_plain(x))

    def power(self, x: Any, exponent: fmpq) -> acb:
        """``x^exponent``."""
        if not isinstance(x, NearEnd) or x.start != 0:
            return self.boxes.power(_plain(x), exponent)
        whole = exponent * x.root
        if whole.q != 1 or whole < 0 or not x.slope > 0:
            raise NotImplementedError("not analytic in this root")
        factor = self.boxes.power(x.factor, exponent)
        return acb(arb(x.slope) ** arb(exponent)) * x.y ** int(whole) * factor

    def exp(self, x: Any) -> acb:
        """The exponential; of a whole multiple of a logarithm a power."""
        if isinstance(x, Logarithm):
            if x.power.q != 1 or x.power < 0:
                raise NotImplementedError("not analytic in this root")
            return x.y ** int(x.power) * self.boxes.exp(x.rest)
        return self.boxes.exp(_plain(x))

    def sqrt(self, x: Any) -> acb:
        """The root."""
        return self.power(x, fmpq(1, 2))

    def log_gamma(self, x: Any) -> acb:
        """Of a number of a law."""
        return self.boxes.log_gamma(_plain(x))

    def log_erfc(self, x: Any) -> acb:
        """``log erfc(x)``."""
        return self.boxes.log_erfc(_plain(x))


def _plain(x: Any) -> acb:
    if isinstance(x, Logarithm):
        raise NotImplementedError("a function of a logarithm")
    return x.value if isinstance(x, NearEnd) else acb(x)


@dataclass(frozen=True)
class RootedEnd:
    """A density next to an end, at ``end + side y^root``.

    Attributes
    ----------
    density : Density
        The density.
    side : int
        On which side of the end it is: +1 for the right.
    root : int
        The q of the module's docstring.
    """

    density: Density
    side: int
    root: int

    def over(self, y: acb) -> arb:
        """A bound of density times slope on a box of y, which may hold 0; NaN: not analytic."""
        found = self._near(y)
        return found if found.is_finite() else self._away(y)

    def _away(self, y: acb) -> arb:
        """The same by the density itself, on whose principal branch y is; NaN: it is not.

        Around another end, where the density is a whole power, its logarithm is not analytic.
        """
        if not abs(y.arg()) < arb.pi() / self.root:
            return arb.nan()
        start, slope = self._end, self.root * y ** (self.root - 1)
        return self.density.over(acb(start) + self.side * y**self.root) * slope.abs_upper()

    @property
    def _end(self) -> fmpq:
        """Where it ends."""
        end = self.density.law.support[0 if self.side > 0 else 1]
        assert isinstance(end, int | fmpq)
        return fmpq(end)

    def _near(self, y: acb) -> arb:
        """The same by the formula of the density, with the logarithm of y apart."""
        law, start, slope = self._law()
        if not isinstance(law, ContinuousLaw):
            return arb.nan()
        try:
            found = law.log_density(NearEnd(y, self.root, start, slope), RootArithmetic())
        except NotImplementedError:
            return arb.nan()
        found = found if isinstance(found, Logarithm) else Logarithm(y, fmpq(0), _plain(found))
        whole = found.power + self.root - 1
        if whole.q != 1 or whole < 0:
            return arb.nan()
        height = self.root * self.density.height * self.density.share
        return (found.rest.exp() * y ** int(whole) * height).abs_upper()

    def _law(self) -> tuple[Law, fmpq, fmpq]:
        """The law that the formula is of, its end, and its distance from there for each d."""
        law, end, slope = self.density.law, self._end, fmpq(self.side)
        while isinstance(law, Affine | Truncated):
            if isinstance(law, Affine):
                end, slope = (end - law.shift) / law.scale, slope / law.scale
            law = law.base
        return law, end, slope


def rooted(density: Density, knot: Knot) -> RootedEnd | None:
    """A density next to a rational end in the least root that does; None: there is none."""
    room = density.spread / 64
    for root in range(2, MOST_ROOT + 1):
        end = RootedEnd(density, -knot.end, root)
        radius = ((room.log() / root).exp()).upper()
        if end.over(acb(arb(0, radius), arb(0, radius))).is_finite():
            return end
    return None
