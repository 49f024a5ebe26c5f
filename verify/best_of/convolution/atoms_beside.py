"""The density of ``X + V`` where one of them has atoms: shifted copies of the other's density."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import arb, fmpq

from verify.best_of.convolution.holes import Within, atoms_within, of_atoms
from verify.best_of.convolution.interval_sums import Place, Sums
from verify.best_of.parts.density import Atom, Density, Knot
from verify.best_of.parts.far import Beyond
from verify.best_of.parts.sizes import Node, Nodes


@dataclass(frozen=True)
class Special:
    """A point near which the density of U may not be smooth, or narrow.

    Attributes
    ----------
    at : arb
        Where.
    real : bool
        Whether it is not analytic there.
    regular : bool
        Whether it is so on either side of the point by itself.
    rooms : tuple of arb or None
        To its left and right, how far an interval that begins at it is to reach; None: no matter.
    """

    at: arb
    real: bool
    regular: bool
    rooms: tuple[arb | None, arb | None] = (None, None)

    @classmethod
    def at_sum(cls, one: Knot, other: Knot) -> Special:
        """Where knots of X and V meet.

        Where one of them is at a flat end that was cut off, next to no mass is near: whatever the
        other density does at its knot.
        """
        is_flat = one.room is not None or other.room is not None
        rooms = _nearer(_rooms(one), _rooms(other))
        is_regular = is_flat or (one.regular and other.regular)
        return cls(one.place + other.place, one.real and other.real, is_regular, rooms)

    @classmethod
    def of_atom(cls, x: fmpq, knot: Knot) -> Special:
        """Where an atom meets a knot."""
        return cls(knot.place + arb(x), knot.real, knot.regular, _rooms(knot))

    def merged(self, other: Special) -> Special:
        """One for two at the same point."""
        is_regular = all(special.regular for special in (self, other) if special.real)
        at = self.at if self.real else other.at
        return Special(at, self.real or other.real, is_regular, _nearer(self.rooms, other.rooms))

    @property
    def is_flat(self) -> bool:
        """Whether a density that is flat there was cut off."""
        return self.rooms != (None, None)


Rooms = tuple[arb | None, arb | None]


def _rooms(knot: Knot) -> Rooms:
    """The room of a knot on the side where its density lies."""
    return (knot.room, None) if knot.end > 0 else (None, knot.room)


def _nearer(one: Rooms, other: Rooms) -> Rooms:
    """The smaller of two rooms on either side."""
    pairs = zip(one, other, strict=True)
    left, right = (min((a for a in p if a is not None), key=float, default=None) for p in pairs)
    return left, right


class AtomsAndDensity:
    """Atoms of one of X and V, a density of the other."""

    def __init__(self, atoms: tuple[Atom, ...], density: Density, atoms_are_v: bool) -> None:
        self.atoms, self.density, self.atoms_are_v = atoms, density, atoms_are_v

    def specials(self) -> list[Special]:
        """Where the sum is not smooth."""
        return [Special.of_atom(x, knot) for x, _ in self.atoms for knot in self.density.knots]

    def spreads(self) -> list[arb]:
        """Scales of the densities."""
        return [self.density.spread]

    def add_to(self, sums: Sums) -> None:
        """Its part of the density on an interval."""
        points = [Node(arb(x), mass, mass * x) for x, mass in self._near(sums.place)]
        if points:
            sums.add_nodes(Nodes(points), self.density, self.atoms_are_v, sums.goals())

    def bounds(self, low: arb, high: arb, _enough: arb) -> Beyond:
        """Bounds of its part of what U has in an interval; they are sharp."""
        return of_atoms(self.atoms, self.density, self.atoms_are_v, low, high)

    def within(self, low: arb, high: arb) -> list[Within]:
        """Its part of what U has in an interval, from both sides."""
        return atoms_within(self.atoms, self.density, self.atoms_are_v, low, high)

    def estimate(self, place: Place) -> arb:
        """About the density at the middle of an interval."""
        t = place.t(place.middle)
        return sum((mass * self.density.at(t - x) for x, mass in self._near(place)), arb(0))

    def _near(self, place: Place) -> Iterator[Atom]:
        low, high = self.density.low, self.density.high
        t = place.t(place.middle)
        for x, mass in self.atoms:
            point = t - x
            if (low is None or point > low) and (high is None or point < high):
                yield x, mass
