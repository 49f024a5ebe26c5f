"""The density of ``X + V`` where one of them has atoms: shifted copies of the other's density."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import arb

from verify.best_of.convolution.holes import of_atoms
from verify.best_of.convolution.interval_sums import Place, Sums
from verify.best_of.parts.density import Atom, Density
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
    """

    at: arb
    real: bool
    regular: bool


class AtomsAndDensity:
    """Atoms of one of X and V, a density of the other."""

    def __init__(self, atoms: tuple[Atom, ...], density: Density, atoms_are_v: bool) -> None:
        self.atoms, self.density, self.atoms_are_v = atoms, density, atoms_are_v

    def specials(self) -> list[Special]:
        """Where the sum is not smooth."""
        return [
            Special(knot.place + arb(x), knot.real, knot.regular)
            for x, _ in self.atoms
            for knot in self.density.knots
        ]

    def spreads(self) -> list[arb]:
        """Scales of the densities."""
        return [self.density.spread]

    def add_to(self, sums: Sums) -> None:
        """Its part of the density on an interval."""
        for x, mass in self._near(sums.place):
            nodes = Nodes([Node(arb(x), mass, mass * x)])
            sums.add_nodes(nodes, self.density, self.atoms_are_v, sums.goals())

    def bounds(self, low: arb, high: arb, _enough: arb) -> Beyond:
        """Bounds of its part of what U has in an interval; they are sharp."""
        return of_atoms(self.atoms, self.density, self.atoms_are_v, low, high)

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
