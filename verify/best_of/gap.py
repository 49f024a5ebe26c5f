"""The part of a convolution between the pieces of V and those of X, where both are smooth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import acb, arb

from verify.best_of.interval_sums import Sums, largest
from verify.best_of.leaves import ELLIPSES, Ray, ellipse, error_bound, rule

#: Points of a rule that are bounded together.
GROUP = 4


@dataclass(frozen=True)
class Gap:
    """Between the pieces of V and those of X: ``v = low + w r``, ``x = high + w (1 - r)``.

    The width w moves with t: ``w = t - low - high``; r runs from 0 to 1.
    """

    v_ray: Ray
    x_ray: Ray
    v_distance: arb
    x_distance: arb

    @property
    def low(self) -> arb:
        """Where v starts."""
        return self.v_ray.place(self.v_distance)

    @property
    def high(self) -> arb:
        """Where x ends."""
        return self.x_ray.place(self.x_distance)

    def _width(self, t: Any) -> Any:
        return t - self.low - self.high

    def at(self, t: arb) -> arb:
        """About its part of the density."""
        total, width = arb(0), self._width(t)
        for root, weight in rule():
            r = (1 + root) / 2
            v, x = self.low + width * r, self.high + width * (1 - r)
            total += weight / 2 * abs(width) * self.v_ray.density.at(v) * self.x_ray.density.at(x)
        return arb(total.mid()) if total.is_finite() else arb(0)

    def add_to(self, sums: Sums) -> None:
        """Add it, halved as often as the rule's error demands."""
        waiting = [(arb(0), arb(1))]
        while waiting:
            low, high = waiting.pop()
            error = self._error(low, high, sums)
            if error is None:
                sums.count()
                middle = (low + high) / 2
                waiting += [(low, middle), (middle, high)]
                continue
            hull = sums.place.hull
            width = self._width(hull)
            sums.add_error(
                error,
                (abs(self.low).union(abs(self.low + width))).upper(),
                (abs(self.high).union(abs(self.high + width))).upper(),
            )
            self._bound(low, high, sums)
            self._add_nodes(low, high, sums)

    def _error(self, low: arb, high: arb, sums: Sums) -> arb | None:
        width = self._width(acb(sums.place.hull))
        for parameter in ELLIPSES:
            boxes = ellipse((low + high) / 2, (high - low) / 2, parameter)
            size = largest(self._size(width, r) for r in boxes)
            error = error_bound((high - low) / 2, size, parameter)
            if error < sums.tolerance:
                return error
        return None

    def _size(self, width: acb, r: acb | arb) -> arb:
        """A bound of the integrand."""
        v, x = self.low + width * r, self.high + width * (1 - r)
        size = self.v_ray.density.over(acb(v)) * self.x_ray.density.over(acb(x))
        return size * width.abs_upper()

    def _add_nodes(self, low: arb, high: arb, sums: Sums) -> None:
        width = self._width(sums.t)
        half, middle = (high - low) / 2, (high + low) / 2
        side = self.v_ray.side
        for root, weight in rule():
            r = middle + half * root
            v, x = self.low + width * r, self.high + width * (1 - r)
            height = self.v_ray.density.series(v) * self.x_ray.density.series(x)
            sums.add_term(height * width * (weight * half * side), v, x)

    def _bound(self, low: arb, high: arb, sums: Sums) -> None:
        """Bounds of the sum over the rule's points, by groups of points; halves of the large."""
        points = rule()
        half, middle = (high - low) / 2, (high + low) / 2
        widths = [self._width(region) for region in sums.place.regions]
        whole = self._width(sums.place.region)
        waiting = [points[k : k + GROUP] for k in range(0, len(points), GROUP)]
        while waiting:
            group = waiting.pop()
            r = middle + half * group[0][0].union(group[-1][0])
            total = sum((weight for _, weight in group), arb(0)) * half
            size = self._size(whole, r) * total
            if not size < sums.enough:
                size = largest(self._size(width, r) for width in widths) * total
            if len(group) > 1 and not size < sums.enough:
                waiting += [group[: len(group) // 2], group[len(group) // 2 :]]
                continue
            far_v = largest((self.low + width * r).abs_upper() for width in widths)
            far_x = largest((self.high + width * (1 - r)).abs_upper() for width in widths)
            sums.bound(size, size * far_v, size * far_x)
