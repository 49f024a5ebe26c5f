"""Means under best-of-n: integrals of ``n F(t)^(n-1)`` against the expansions of a law.

With ``S = Pr(U > t)`` the weight is ``n (1 - S)^(n-1)``. On an interval S is a polynomial up to
what is missed, so the weight is the exponential of a power series. On a part of half-width h its
Taylor polynomial of degree below K misses at most ``M (h/R)^K/(1 - h/R)`` times the length, where M
bounds the integrand on the disc of radius R (Cauchy).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from flint import arb, arb_poly, arb_series

from verify.best_of.far import Beyond
from verify.best_of.panels import Panel
from verify.taylor_series import series_length

#: Terms of a series of the weight, and the radius of the disc over the half-width.
TERMS = 40
RADIUS = 3.2
#: Where ``n S`` exceeds this, the weight is nothing; it may change by so much on a part.
HEAVY, CHANGE = 90.0, 3.0
#: Beyond the point where ``n S`` falls below this, the weight is constant, nearly.
LIGHT = arb(2) ** -32


@dataclass
class Part:
    """A part of a panel: the polynomials about its middle, in the panel's variable."""

    panel: Panel
    low: arb
    high: arb

    @property
    def half(self) -> arb:
        """Half its width."""
        return (self.high - self.low) / 2

    @cached_property
    def series(self) -> tuple[arb_poly, ...]:
        """``int_y^1 mass``, and the three densities, shifted."""
        shift = arb_poly([(self.low + self.high) / 2, 1])
        panel = self.panel
        return tuple(p(shift) for p in (panel.above, panel.mass, panel.of_v, panel.of_x))

    @cached_property
    def sizes(self) -> tuple[arb, ...]:
        """Bounds on the disc: of how far S is from its middle value, and of the densities."""
        radius = self.half * RADIUS
        above = _size(self.series[0] - self.series[0][0], radius)
        return above, *(_size(p, radius) for p in self.series[1:])

    @cached_property
    def halves(self) -> tuple[Part, Part]:
        """Its halves."""
        middle = (self.low + self.high) / 2
        return Part(self.panel, self.low, middle), Part(self.panel, middle, self.high)

    def integrals(self, n: int, above: arb) -> list[arb]:
        """The integrals of the weight times the densities; ``above``: S at the panel's end."""
        half = self.half
        survival = [above + self.series[0][0], *self.series[0].coeffs()[1:]]
        with series_length(TERMS):
            rank = arb_series([-survival[0], *(-c for c in survival[1:])], prec=TERMS)
            log_weight = (1 + rank).log() * (n - 1)
            log_weight = arb_series(
                [(-survival[0]).log1p() * (n - 1), *log_weight.coeffs()[1:]], prec=TERMS
            )
            weight = log_weight.exp() * n
            products = [arb_series(p.coeffs(), prec=TERMS) * weight for p in self.series[1:]]
        # |1 - S| <= 1 - S(middle) + change
        most = ((self.sizes[0] - survival[0]).log1p() * (n - 1)).exp() * n
        left = 2 * half * arb(RADIUS) ** -TERMS / (1 - 1 / arb(RADIUS)) * most
        found = []
        for product, size in zip(products, self.sizes[1:], strict=True):
            total, power = arb(0), 2 * half
            for k in range(0, TERMS, 2):
                total += product[k] * power / (k + 1)
                power = power * half * half
            found.append(total + arb(0, (left * size).upper()))
        return found


def _size(polynomial: arb_poly, radius: arb) -> arb:
    """A bound of a polynomial's size on a disc about 0."""
    return arb_poly([abs(c).upper() for c in polynomial.coeffs()])(radius).upper()


@dataclass(frozen=True)
class Step:
    """A panel, and what lies to the right of it: ``Pr(U > t)``, parts of means, their bounds."""

    part: Part
    above: arb
    of_v: arb
    of_x: arb
    sizes: tuple[arb, arb]


class RankIntegral:
    """Means under best-of-n, for any n.

    Parameters
    ----------
    panels : list of Panel
        In increasing order, without gaps.
    right : tuple of arb
        ``Pr(U > T)``, ``E[V; U > T]`` and ``E[X; U > T]`` beyond the last panel.
    far_right, far_left : Beyond
        Bounds of what lies beyond the panels.
    """

    def __init__(
        self, panels: list[Panel], right: tuple[arb, arb, arb], far_right: Beyond, far_left: Beyond
    ) -> None:
        self.far_left = far_left
        above, of_v, of_x = right
        sizes = (far_right.of_v, far_right.of_x)
        self.steps: list[Step] = []
        for panel in reversed(panels):
            self.steps.append(Step(Part(panel, arb(-1), arb(1)), above, of_v, of_x, sizes))
            totals, missed = panel.totals, panel.missed
            above = above + totals[0] + arb(0, missed[0])
            of_v = of_v + totals[1] + arb(0, missed[1])
            of_x = of_x + totals[2] + arb(0, missed[2])
            sizes = (sizes[0] + panel.sizes[0], sizes[1] + panel.sizes[1])
        self.everything = above, of_v, of_x

    def means(self, n: int) -> tuple[arb, arb, arb]:
        """The mass (about 1), ``E V`` and ``E X`` under the best of n, at least 2."""
        start = self._first(n)
        totals = self._beyond(n, start)
        for step in self.steps[start:]:
            if self._weight(n, step.above) < arb(2) ** -100 * n and n * step.above > HEAVY:
                self._leave(totals, n, step)
                break
            for part in self._parts(step, n):
                found = part.integrals(n, step.above)
                totals = [a + b for a, b in zip(totals, found, strict=True)]
            weight = self._weight(n, step.above)
            for k, miss in enumerate(step.part.panel.missed):
                totals[k] += arb(0, (weight * miss).upper())
        else:
            far = self.far_left
            weight = n * far.mass ** (n - 1)
            for k, size in enumerate((far.mass, far.of_v, far.of_x)):
                totals[k] += arb(0, (weight * size).upper()) if size.is_finite() else arb.nan()
        return totals[0], totals[1], totals[2]

    def _leave(self, totals: list[arb], n: int, step: Step) -> None:
        """Leave out all to the left of a panel's end: the weight is at most its value there."""
        weight = self._weight(n, step.above)
        sizes = (arb(1), *self._all_sizes)
        for k, size in enumerate(sizes):
            totals[k] += arb(0, (weight * size).upper()) if size.is_finite() else arb.nan()

    @cached_property
    def _all_sizes(self) -> tuple[arb, arb]:
        last = self.steps[-1]
        inside = last.part.panel.sizes
        far = (self.far_left.of_v, self.far_left.of_x)
        v, x = (a + b + c for a, b, c in zip(last.sizes, inside, far, strict=True))
        return v, x

    def _first(self, n: int) -> int:
        """The first panel, from the right, where ``n S`` matters."""
        for k, step in enumerate(self.steps):
            if k + 1 < len(self.steps) and not self.steps[k + 1].above * n < LIGHT:
                return k
            del step
        return 0

    def _beyond(self, n: int, start: int) -> list[arb]:
        """What lies to the right of a panel: the weight is n there, up to ``n (n - 1) S``."""
        step = self.steps[start]
        weight = self._weight(n, step.above)
        spread = n * (n - 1) * step.above
        parts = (step.above, step.of_v, step.of_x)
        sizes = (step.above, *step.sizes)
        return [
            weight * part + arb(0, (spread * size).abs_upper())
            for part, size in zip(parts, sizes, strict=True)
        ]

    @staticmethod
    def _weight(n: int, above: arb) -> arb:
        """The weight where ``Pr(U > t)`` is known."""
        below = above.max(arb(0)).min(arb(1)) if not 0 < above < 1 else above
        return n * ((-below).log1p() * (n - 1)).exp() if below < 1 else arb(0).union(arb(n))

    def _parts(self, step: Step, n: int) -> Iterator[Part]:
        """Parts on which the weight does not change much."""
        waiting = list(step.part.halves)
        while waiting:
            part = waiting.pop()
            if n * part.sizes[0] > CHANGE:
                waiting += part.halves
            else:
                yield part
