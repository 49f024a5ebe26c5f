"""The part of a convolution between the pieces of V and those of X, where both are smooth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import acb, arb

from verify.best_of.convolution.interval_sums import Sums, enough_of, largest
from verify.best_of.parts.leaves import ELLIPSES, Ray, ellipse, rule, smallest_rule
from verify.best_of.parts.sizes import Sizes

#: Points of a rule that are bounded together.
GROUP = 4

Points = tuple[tuple[arb, arb], ...]


@dataclass(frozen=True)
class Gap:
    """Between the pieces of V and those of X: ``v = low + w r``, ``x = high + w (1 - r)``.

    The width w moves with t: ``w = t - low - high``; r runs from 0 to 1.
    """

    v_ray: Ray
    x_ray: Ray
    v_distance: arb
    x_distance: arb

    @cached_property
    def low(self) -> arb:
        """Where v starts."""
        return self.v_ray.place(self.v_distance)

    @cached_property
    def high(self) -> arb:
        """Where x ends."""
        return self.x_ray.place(self.x_distance)

    def _width(self, t: Any) -> Any:
        return t - self.low - self.high

    def at(self, t: arb, nodes: Points) -> Sizes:
        """About its part of the density, and of that times |V| and |X|, by a rule."""
        total, width = Sizes(arb(0), arb(0), arb(0)), self._width(t)
        for root, weight in nodes:
            r = (1 + root) / 2
            v, x = self.low + width * r, self.high + width * (1 - r)
            height = self.v_ray.density.at(v) * self.x_ray.density.at(x)
            height = weight / 2 * abs(width) * height
            total = total.plus(Sizes(height, height * abs(v), height * abs(x)))
        return total

    def add_to(self, sums: Sums, goals: Sizes) -> None:
        """Add it, halved as often as the rule's error demands."""
        waiting = [(arb(0), arb(1))]
        while waiting:
            low, high = waiting.pop()
            found = self._error(low, high, sums, goals)
            if found is None:
                sums.count()
                middle = (low + high) / 2
                waiting += [(low, middle), (middle, high)]
                continue
            error, count = found
            sums.add_error(error)
            self._bound(low, high, sums, rule(count), enough_of(goals))
            self._add_nodes(low, high, sums, rule(count))

    def _error(self, low: arb, high: arb, sums: Sums, goals: Sizes) -> tuple[Sizes, int] | None:
        """A bound of the rule's error that is small enough, and for how many points."""
        middle, half = (low + high) / 2, (high - low) / 2
        return smallest_rule(self._errors(middle, half, sums), half, goals)

    def _errors(
        self, middle: arb, half: arb, sums: Sums
    ) -> Iterator[tuple[float, arb, tuple[arb, arb]]]:
        """Bounds on ellipses."""
        width = self._width(acb(sums.place.hull))
        for parameter in ELLIPSES:
            boxes = ellipse(middle, half, parameter)
            yield parameter, largest(self._size(width, r) for r in boxes), self._far(width, boxes)

    def _far(self, width: acb, places: list[acb]) -> tuple[arb, arb]:
        """Bounds of |v| and |x| at some r."""
        v = largest((self.low + width * r).abs_upper() for r in places)
        return v, largest((self.high + width * (1 - r)).abs_upper() for r in places)

    def _size(self, width: acb, r: acb | arb) -> arb:
        """A bound of the integrand."""
        v, x = self.low + width * r, self.high + width * (1 - r)
        size = self.v_ray.density.over(acb(v)) * self.x_ray.density.over(acb(x))
        return size * width.abs_upper()

    def _add_nodes(self, low: arb, high: arb, sums: Sums, nodes: Points) -> None:
        width = self._width(sums.t)
        half, middle = (high - low) / 2, (high + low) / 2
        side = self.v_ray.side
        for root, weight in nodes:
            r = middle + half * root
            v, x = self.low + width * r, self.high + width * (1 - r)
            height = self.v_ray.density.series(v) * self.x_ray.density.series(x)
            sums.add_term(height * width * (weight * half * side), v, x)

    def _bound(self, low: arb, high: arb, sums: Sums, nodes: Points, enough: Sizes) -> None:
        """Bounds of the sum over the rule's points, by groups of points; halves of the large."""
        half, middle = (high - low) / 2, (high + low) / 2
        widths = [self._width(region) for region in sums.place.regions]
        whole = self._width(sums.place.region)
        waiting = [nodes[k : k + GROUP] for k in range(0, len(nodes), GROUP)]
        while waiting:
            group = waiting.pop()
            r = middle + half * group[0][0].union(group[-1][0])
            total = sum((weight for _, weight in group), arb(0)) * half
            far = self._far(whole, [acb(r)])
            size = self._size(whole, r) * total
            if not Sizes(size, size * far[0], size * far[1]).within(enough):
                size = largest(self._size(width, r) for width in widths) * total
            found = Sizes(size, size * far[0], size * far[1])
            if len(group) > 1 and not found.within(enough):
                waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
                continue
            sums.bound(found)
