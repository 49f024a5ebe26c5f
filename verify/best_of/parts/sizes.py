"""What is measured of a part of the law of ``U = X + V``, and the points of rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from flint import acb, arb

T = TypeVar("T")


def v_and_x(own: T, other: T, is_v: bool) -> tuple[T, T]:
    """What belongs to V and to X, of what belongs to one of them, which is V or else X."""
    return (own, other) if is_v else (other, own)


class Sizes(NamedTuple):
    """Of a density or of a mass: its own size, and that of it times |V| and times |X|."""

    mass: arb
    of_v: arb
    of_x: arb

    @classmethod
    def ordered(cls, mass: arb, own: arb, other: arb, is_v: bool) -> Sizes:
        """From what belongs to one variable, which is V or else X, and to the other."""
        return cls(mass, *v_and_x(own, other, is_v))

    def plus(self, other: Sizes) -> Sizes:
        """The sums."""
        return Sizes(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, factor: arb) -> Sizes:
        """The products."""
        return Sizes(*(size * factor for size in self))

    def by_sum(self, far: arb) -> Sizes:
        """The same where |U| is at most so large: ``|X| <= |U| + |V|`` where one is not known."""
        limit = far * self.mass
        of_v = self.of_v if self.of_v.is_finite() else limit + self.of_x
        of_x = self.of_x if self.of_x.is_finite() else limit + self.of_v
        return Sizes(self.mass, of_v, of_x)

    @property
    def known(self) -> Sizes:
        """Their middles, or nothing where they are not known."""
        return Sizes(*(size.mid() if size.is_finite() else arb(0) for size in self))

    def within(self, goals: Sizes) -> bool:
        """Whether each is at most its goal; one that is not finite asks for nothing."""
        rows = zip(self, goals, strict=True)
        return all(bool(size <= goal) for size, goal in rows if goal.is_finite())


class Node(NamedTuple):
    """A point of a rule: its weight times the density, and that times the variable."""

    point: arb
    mass: arb
    moment: arb


class Nodes:
    """Points in order, by halves: what a sum over them of ``c f(t - p)`` is bounded by.

    Parameters
    ----------
    points : sequence of Node
        At least one, in increasing or in decreasing order.
    """

    def __init__(self, points: Sequence[Node]) -> None:
        self.points = points
        self.hull = points[0].point.union(points[-1].point)

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def halves(self) -> tuple[Nodes, Nodes]:
        """The first half of the points, and the others."""
        middle = len(self.points) // 2
        return Nodes(self.points[:middle]), Nodes(self.points[middle:])

    @cached_property
    def _totals(self) -> tuple[arb, arb, arb]:
        """The sums of ``|c|``, ``|m|`` and ``|p c - m|``."""
        mass, own, off = arb(0), arb(0), arb(0)
        for point, c, moment in self.points:
            mass, own, off = mass + abs(c), own + abs(moment), off + abs(point * c - moment)
        return mass.upper(), own.upper(), off.upper()

    def bound(self, size: arb, away: acb, is_v: bool) -> Sizes:
        """Bounds of the sum, where f is at most a size, for t - p in a box.

        The sum of the other variable is ``sum (t c - m) f(t - p)``, and ``t c - m`` is at most
        ``|t - p| c + |p c - m|``.
        """
        mass, own, off = self._totals
        other = mass * away.abs_upper() + off
        return Sizes.ordered(size * mass, size * own, size * other, is_v)
