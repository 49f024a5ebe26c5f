"""One interval of the law of ``U = X + V``, with its expansions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_poly, ctx

from verify.best_of.convolution.interval_sums import Expansion, Place
from verify.best_of.parts.far import Beyond

#: Bits of the working precision that the ends of intervals may lack, and more.
ROUNDED_BITS = 20


@dataclass(frozen=True)
class Panel:
    """An interval with its expansions in ``y`` in [-1, 1].

    Attributes
    ----------
    place : Place
        Where.
    mass, of_v, of_x : arb_poly
        The densities, of which no more than ``missed`` is missing, in total variation.
    missed : tuple of arb
        For each of the three.
    """

    place: Place
    mass: arb_poly
    of_v: arb_poly
    of_x: arb_poly
    missed: tuple[arb, arb, arb]

    @classmethod
    def of(cls, place: Place, expansion: Expansion) -> Panel:
        """In the variable that runs from -1 to 1 as t rises."""
        half = -place.half if place.falls else place.half
        polynomials = []
        for series in expansion.densities:
            power, coefficients = place.half, []
            for c in series.coeffs():
                coefficients.append(c * power)
                power = power * half
            polynomials.append(arb_poly(coefficients))
        # An interval's ends are rounded, and so are those of its neighbours.
        whole = arb(0, 1)
        missed = [
            miss + abs(p(whole)).upper() * arb(2) ** (ROUNDED_BITS - ctx.prec)
            for p, miss in zip(polynomials, expansion.missed, strict=True)
        ]
        mass, of_v, of_x = polynomials
        return cls(place, mass, of_v, of_x, (missed[0], missed[1], missed[2]))

    @classmethod
    def unknown(cls, place: Place, bounds: Beyond) -> Panel:
        """An interval of which only bounds are known: all of it is missed."""
        nothing = arb_poly([])
        missed = bounds.mass.upper(), bounds.of_v.upper(), bounds.of_x.upper()
        return cls(place, nothing, nothing, nothing, missed)

    @cached_property
    def totals(self) -> tuple[arb, arb, arb]:
        """The three integrals over the interval, without what is missed."""
        return tuple(_definite(p) for p in (self.mass, self.of_v, self.of_x))  # type: ignore[return-value]

    @cached_property
    def above(self) -> arb_poly:
        """``int_y^1 mass``, without what is missed."""
        primitive = self.mass.integral()
        return primitive(arb(1)) - primitive

    @cached_property
    def sizes(self) -> tuple[arb, arb]:
        """Bounds of ``E[|V|; U in it]`` and ``E[|X|; ...]`` by the sizes of the densities."""
        interval = arb(0, 1)
        return tuple(
            2 * abs(p(interval)).upper() + miss
            for p, miss in zip((self.of_v, self.of_x), self.missed[1:], strict=True)
        )  # type: ignore[return-value]


def _definite(polynomial: arb_poly) -> arb:
    primitive = polynomial.integral()
    return primitive(arb(1)) - primitive(arb(-1))
