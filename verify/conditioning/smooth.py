"""Laws with a density as a convolution needs them: on the line, and bounded off it."""

from __future__ import annotations

from typing import TypeVar, cast

from flint import acb, arb, fmpq

from verify.affine import Affine
from verify.arithmetic import BALLS, complex_balls
from verify.conditioning.cuts import Above, Summand, finite
from verify.conditioning.parts import atom_of
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, ball
from verify.law import Law, Point
from verify.laws.custom import Tail
from verify.laws.gaussian import Normal
from verify.truncation import Truncated

N = TypeVar("N", arb, acb)


class Smooth(Summand):
    """What a component (:mod:`.parts`) has of a density, made at the working precision.

    Attributes
    ----------
    law : Law
        The component.
    low, high : arb or None
        The ends of its support; None for an infinite one.
    centre : arb or None
        About where its mass lies, where neither end tells.
    unit : arb
        The length on which the density changes.
    atom : tuple of (fmpq or arb, arb) or None
        The place and the mass of the atom that the law may have beside its density.
    """

    def __init__(self, law: Law) -> None:
        super().__init__(law)
        self.low, self.high = (
            None if isinstance(end, Diverges) else ball(end) for end in law.support
        )
        self.atom = atom_of(law)
        shift, scale, mass = fmpq(0), fmpq(1), arb(1)
        self.is_truncated = False
        while isinstance(law, Affine | Truncated):
            if isinstance(law, Affine):
                shift, scale = shift + scale * law.shift, scale * law.scale
            else:
                mass, self.is_truncated = mass * law.log_mass().exp(), True
            law = law.base
        self.base = law
        self._base = cast(ContinuousLaw, law)  # where it is no Tail
        self.shift, self.scale, self.unit = arb(shift), arb(scale), abs(arb(scale))
        self.height = 1 / (self.unit * mass)
        self.is_base = shift == 0 and scale == 1
        endless = all(isinstance(end, Diverges) for end in law.support)
        centre = law.mu if isinstance(law, Normal) else 0
        self.centre = arb(shift + scale * centre) if endless else None
        if isinstance(law, Tail):
            self.slope = law.log_sf.derivative()
            self.bend = self.slope.derivative()

    def density(self, x: arb) -> arb:
        """The density at a point inside the support."""
        inner = self._inner(x)
        if isinstance(self.base, Tail):
            height = -arb(self.slope.evaluate(inner, BALLS)) * self.base.at(inner).exp()
        else:
            height = self._base.log_density(inner, BALLS).exp()
        return height if self.is_base and not self.is_truncated else self.height * height

    def density_near(self, z: acb) -> acb:
        """The density continued to a box; NaN where it may not be analytic."""
        inner = self._inner(z)
        a = complex_balls(True)
        if isinstance(self.base, Tail):
            height = acb(self.base.log_sf.evaluate(inner, a)).exp()
            height = -acb(self.slope.evaluate(inner, a)) * height
        else:
            height = self._base.tilted_density(inner, arb(0), a)
        return acb(self.height * height)

    def log_slope(self, z: acb) -> acb:
        """The derivative of the logarithm of the density on a box; NaN where that is not known.

        Only where :meth:`density_near` is finite does it hold for the density continued to the box.
        """
        inner = self._inner(z)
        if isinstance(self.base, Tail):
            a = complex_balls(True)
            slope = acb(self.slope.evaluate(inner, a))
            found = slope + acb(self.bend.evaluate(inner, a)) / slope
        else:
            found = self._base.log_slope(inner)
        return found if self.is_base else found / self.scale

    def tilted_size(self, z: acb, rate: arb) -> arb:
        """A bound of ``|f(z) exp(rate (z - middle))|`` on a box; by the mean value theorem."""
        middle = z.real.mid()
        radius = (z.real.rad() + abs(z.imag)).upper()
        growth = abs(self.log_slope(z) + rate).upper() * radius
        return (abs(self.density(middle)) * growth.exp()).upper()

    def is_analytic_around(self, x: arb, radius: arb) -> bool:
        """Whether the formula of the density is analytic on a disc."""
        box = acb(x + arb(0, radius), arb(0, radius))
        return bool(self.density_near(box).is_finite())

    def survival(self, x: arb) -> arb:
        """``Pr(A > x)`` inside the support, its atom included."""
        if self.is_truncated or isinstance(self.base, Tail):
            return self.law.survival(x)
        return self._base.tail_inside(self._inner(x), below=self.scale < 0)

    def upper_mean(self, x: arb, tail: arb) -> arb:
        """``E[A; A > x]`` inside the support, from ``Pr(A > x)``."""
        if self.is_truncated or isinstance(self.base, Tail):
            return finite(self.law.upper_mean(x))
        inner = self._inner(x)
        flipped = self.scale < 0
        part = (
            finite(self._base.lower_mean(inner)) if flipped else self._base.upper_mean_inside(inner)
        )
        return part if self.is_base else self.shift * tail + self.scale * part

    def _inner(self, x: N) -> N:
        return x if self.is_base else (x - self.shift) / self.scale

    @property
    def atom_on_top(self) -> bool:
        """Whether the atom, if there is one, is at the upper end."""
        return bool(self.scale < 0)

    def beyond(self, x: Point, with_mean: bool) -> tuple[arb, arb]:
        """``Pr(B > x)`` and ``E[B; B > x]`` of what has a density; the second where wanted."""
        if self.low is not None and ball(x) <= self.low:
            mass, mean = arb(1), finite(self.law.mean()) if with_mean else arb(0)
            atom = self.atom
        else:
            mass, mean = super().beyond(x, with_mean)
            atom = self.atom if self.atom_on_top else None
        return (mass, mean) if atom is None else (mass - atom[1], mean - atom[0] * atom[1])

    def mass_between(self, end: arb, x: arb, side: int) -> arb:
        """The mass between a point and one next to it, above (+1) or below (-1) it.

        Where the density is infinite there, the point is an end of the support.
        """
        near = self.density_near(acb(end.union(x))).real * abs(x - end)
        if near.is_finite():
            return near
        mass = self.law.cdf(x) if side > 0 else self.law.survival(x)
        if self.atom is not None and self.atom_on_top == (side < 0):
            mass -= self.atom[1]
        return mass


class AboveNear(Above):
    """:class:`.Above` of a component with a density, with bounds off the line too."""

    def __init__(self, smooth: Smooth, centre: arb | None) -> None:
        super().__init__(smooth.law, centre)
        self.smooth = smooth

    def inside(self, y: arb) -> list[arb]:
        """Both at a point inside the support."""
        tail = self.smooth.survival(y)
        if self.centre is None:
            return [tail]
        return [tail, self.smooth.upper_mean(y, tail) - self.centre * tail]

    def sizes(self, y: acb) -> list[arb]:
        """Upper bounds of both, continued to a box.

        From the nearest point inside the support to a point of the box they change by at most the
        way times the largest size of their derivatives, which are those of the density and of its
        product with ``a - y``.
        """
        start, end = y.real.lower(), y.real.upper()
        left, right = self._inside(start), self._inside(end)
        overshoot = (left - start).max(arb(0)) + (end - right).max(arb(0))
        largest = self._largest(left, right)
        if overshoot == 0 and y.imag == 0:
            return largest
        way = (overshoot + abs(y.imag)).upper()
        slopes = [abs(self.smooth.density_near(y)).upper()]
        if self.centre is not None:
            slopes.append(abs(y - self.centre).upper() * slopes[0])
        return [(size + way * slope).upper() for size, slope in zip(largest, slopes, strict=True)]

    def tilted_sizes(self, y: acb, rate: arb) -> list[arb] | None:
        """Bounds of both times ``|exp(rate (y - middle of the box))|``; None where not inside.

        Both are what they are at the right end of the box, and the integral of their derivatives
        on the way there, on which that factor only grows.
        """
        start, end, middle = y.real.lower(), y.real.upper(), acb(y.real.mid())
        low, high = self.smooth.low, self.smooth.high
        if not ((low is None or start > low) and (high is None or end < high)):
            return None
        slope = self.smooth.tilted_size(y, rate)
        way = (end - start + abs(y.imag)).upper()
        growth = (rate * (end - middle.real)).exp()
        sizes = [growth * abs(part) + way * slope for part in self.inside(end)]
        if self.centre is not None:
            sizes[1] = growth * abs(self.inside(end)[1]) + way * slope * abs(y - self.centre)
        return [size.upper() for size in sizes]

    def at_edge(self, y: arb) -> list[arb]:
        """Both at a point that may be an end of the support."""
        low, high = self.smooth.low, self.smooth.high
        if low is not None and not y > low:
            return self.everything()
        if high is not None and not y < high:
            return self.nothing()
        return self.at(y)

    def _inside(self, y: arb) -> arb:
        low, high = self.smooth.low, self.smooth.high
        if low is not None and not y > low:
            y = low.upper()
        if high is not None and not y < high:
            y = high.lower()
        return y

    def _largest(self, left: arb, right: arb) -> list[arb]:
        """The largest sizes on an interval inside the support."""
        tails = self.at(left)
        if self.centre is None:
            return [tails[0].abs_upper()]
        if left > self.centre:
            return [part.abs_upper() for part in tails]
        most = abs(tails[1]).upper().max(abs(self.at(right)[1]).upper())
        if not right < self.centre:
            most = most.max(self.largest_excess())
        return [tails[0].abs_upper(), most]
