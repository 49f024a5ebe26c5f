"""What the formula of :mod:`~verify.best_of.lattices.long_tail` misses, and what its ends have.

*The error* of the formula is at most ``4 (2 pi)^-Q`` times the integral of ``|h^(Q)|``. With discs
of a quarter of z, or of ``v = (t - x(z))/step``, whichever is less, that derivative is at most Q!
times the (-Q)-th power of the radius times the largest ``|h|`` on the disc (Cauchy). Where
``z <= t/2`` these discs have V from ``3 t/8`` on (all in steps), where ``v <= t/2`` they have X
from there on. For D on the first half ``Pr(V > u)`` is taken: the formula has no error for what is
constant but for that of the p alone, which is counted. The Taylor polynomial of h at the upper end
misses ``|eta_r| 2^(-r-1)`` for r from Q on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import factorial

from flint import acb, arb, fmpq

from verify.best_of.convolution.interval_sums import largest
from verify.best_of.lattices.long_tail import ORDER, LongTail, known, midpoint_factors

#: Growth of the boxes on which V is bounded.
GROWTH = fmpq(5, 4)


@dataclass(frozen=True)
class Bounds:
    """Bounds, at one t: of a density, of it times v and times k, and of what is beyond t.

    Attributes
    ----------
    mass, of_v, lifted : arb
        Of the density, and of it times v and k.
    above, above_of_v, above_lifted : arb
        Of ``Pr(U > t)``, and of ``E[V; U > t]`` and ``E[k; U > t]``; NaN: not known.
    """

    mass: arb
    of_v: arb
    lifted: arb
    above: arb
    above_of_v: arb
    above_lifted: arb


@dataclass(frozen=True)
class EdgeError(ABC):
    """Bounds of what the formula misses, and of what its upper end has.

    Attributes
    ----------
    long : LongTail
        The two laws.
    """

    long: LongTail

    def edge_size(self, place: arb, tall: arb) -> arb:
        """A bound of ``sum of |e_r| R^-r`` times ``|f_V|`` for s on a region, with R of the discs.

        Times p at the least k on the discs (:attr:`edge_place`) that bounds what the upper end has
        there. As it ends with the term Q, it is the slope of its part of the ranks but for
        ``sum of eta_r (sigma - 1/2)^r`` with D, over the step: what the sum has less than
        ``p D = 0``. That is in the bound too.

        Parameters
        ----------
        place, tall : arb
            The real parts of s, and a bound of the imaginary ones.
        """
        radius = self._radius
        off = ((place / self.long.step - arb(1) / 2).abs_upper() + tall / self.long.step).upper()
        total, power = arb(0), arb(1)
        for r, factor in enumerate(midpoint_factors()):
            # D is at most its distance from the cut times the largest f.
            total += power / radius**r * (2 * radius + off)
            power = power * off
            total += (abs(arb(factor)) + power / (r + 1)) / radius**r
        v = place / self.long.step - self.long.edge_shift
        size = self._largest(v.lower() - radius, v.upper() + radius, tall / self.long.step + radius)
        return (total * size).upper()

    @property
    def _radius(self) -> arb:
        """Of the discs at the upper end, in steps."""
        return arb(self.long.upper_place) / 4

    @property
    def edge_place(self) -> arb:
        """How far below K the k are on these discs at least."""
        return self._radius - self.long.edge_shift

    @abstractmethod
    def missed(self, first: int, count: int) -> Bounds:
        """What the formula misses at most, on so many cells; NaN where V is not smooth enough."""

    def _largest(self, low: arb, high: arb, tall: arb) -> arb:
        """A bound of ``|f_V|`` on a box, in steps, halved where it is wide."""
        columns = 8
        found = []
        for k in range(columns):
            ends = (low + (high - low) * arb(fmpq(k + i, columns)) for i in (0, 1))
            left, right = ends
            box = acb(left.union(right), arb(0).union(tall)) * arb(self.long.step)
            found.append(sum((d.over(box) for d in self.long.parts.densities), arb(0)))
        return largest(found)


class FormulaError(EdgeError):
    """Bounds of what the formula misses."""

    def missed(self, first: int, count: int) -> Bounds:
        """What the formula misses at most, on so many cells; NaN where V is not smooth enough."""
        start, end = arb(first), arb(first + count)
        height = self._largest(3 * start / 8, end, end / 8)
        low, low_lifted = (
            self._low_factor(arb(self.long.upper_place), lifted) for lifted in (0, 1)
        )
        place = (3 * start / 8 * self.long.step).lower()
        beyond, of_beyond = self.long.law.survival(place), known(self.long.law.upper_mean(place))
        mass, of_v, above, above_of_v = self._high_sums(end / 2)
        near, near_lifted = (
            euler_maclaurin_factor() * self.long.tail.masses([3 * start / 8], lifted)[0]
            for lifted in (0, 1)
        )
        own, own_lifted = (self._low_factor(start / 2, lifted) for lifted in (0, 1))
        tall, largest_v = end / 8 * self.long.step, end * self.long.step * 2
        most = beyond + tall * height
        return Bounds(
            (low * height + near * mass).upper(),
            (low * height * largest_v + near * of_v).upper(),
            (low_lifted * height + near_lifted * mass).upper(),
            (low * most + near * above + self.long.chance * own).upper(),
            (
                low * (of_beyond + tall * height * largest_v)
                + near * above_of_v
                + known(self.long.law.upper_mean(self.long.cut)) * own
            ).upper(),
            (low_lifted * most + near_lifted * above + self.long.chance * own_lifted).upper(),
        )

    def _low_factor(self, start: arb, lifted: int) -> arb:
        """``4 (2 pi)^-Q Q!`` times the integral of ``(z/4)^-Q (3 z/4)^-s`` from a start on."""
        s = arb(self.long.tail.s - lifted)
        size = (arb(4) / 3) ** s * arb(4) ** ORDER * start ** (1 - s - ORDER)
        return euler_maclaurin_factor() * size / ((s + ORDER - 1) * arb(self.long.tail.s).zeta())

    def _high_sums(self, end: arb) -> tuple[arb, ...]:
        """The integrals of ``(v/4)^-Q`` times the largest f, v f and D on the discs, up to an end.

        And of what is D for v f.
        """
        boxes = self._boxes
        low = boxes[-1][0] * GROWTH if boxes else self.long.upper_place
        while low < end:
            high = low * GROWTH
            size = self._largest(arb(3 * low / 4), arb(5 * high / 4), arb(high / 4))
            share = arb(high - low) * arb(4 / low) ** ORDER
            v = arb(2 * high) * self.long.step
            last = boxes[-1][1] if boxes else self._first_sums
            own = self._on_disc(size, arb(high / 4) * self.long.step, v)
            boxes.append(
                (low, tuple((a + share * b).upper() for a, b in zip(last, own, strict=True)))
            )
            low = high
        return next(sums for at, sums in boxes if at * GROWTH >= end)

    @cached_property
    def _boxes(self) -> list[tuple[fmpq, tuple[arb, ...]]]:
        return []

    def _on_disc(self, size: arb, tall: arb, v: arb) -> tuple[arb, arb, arb, arb]:
        """Bounds of f, v f, D and what is D for v f, from those of f, of an imaginary part, v."""
        chance, mean = self._near
        return size, size * v, chance + tall * size, mean + tall * size * v

    @cached_property
    def _near(self) -> tuple[arb, arb]:
        """Bounds of the D on the real points of the discs."""
        place = self.long.upper_place * 3 / 4 * self.long.step
        return self.long.law.survival(place).upper(), known(self.long.law.upper_mean(place)).upper()

    @cached_property
    def _first_sums(self) -> tuple[arb, ...]:
        """What the Taylor polynomial at the upper end misses, over the factor."""
        radius = self._radius
        place = arb(self.long.upper_place) + arb(1) / 2
        size = self._largest(place - radius - 1, place + radius + 1, radius)
        share = 2 * (1 / (2 * radius)) ** ORDER / euler_maclaurin_factor()
        parts = self._on_disc(size, (radius + 2) * self.long.step, 2 * place * self.long.step)
        return tuple(share * part for part in parts)


def euler_maclaurin_factor() -> arb:
    """``4 (2 pi)^-Q Q!``."""
    return 4 * arb(factorial(ORDER)) / (2 * arb.pi()) ** ORDER
