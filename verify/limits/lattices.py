"""On which lattice a law sits, where it sits on one, and how its tail falls from step to step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from flint import fmpq

from verify.affine import Affine
from verify.enclosure import Diverges
from verify.law import Law
from verify.laws.empirical_law import Empirical
from verify.laws.lattice import LatticeLaw
from verify.laws.point import PointMass
from verify.mixture import Mixture
from verify.reweighted import Reweighted, Tilted
from verify.tail_rates import Rate
from verify.truncation import Truncated

#: Atoms of a list that are looked at for a common lattice.
MOST_ATOMS = 10**4


@dataclass(frozen=True)
class Lattice:
    """The points ``offset + span Z``; a span of 0 is a single point."""

    offset: fmpq
    span: fmpq

    def holds(self, other: Lattice) -> bool:
        """Whether another lattice lies in a translate of this one."""
        if self.span == 0:
            return bool(other.span == 0)
        return bool((other.span / self.span).q == 1)

    def joined(self, other: Lattice) -> Lattice:
        """The coarsest lattice that contains both."""
        span = gcd(gcd(self.span, other.span), self.offset - other.offset)
        return Lattice(self.offset, span)


def gcd(one: fmpq, other: fmpq) -> fmpq:
    """The largest rational of which both are integer multiples."""
    while other != 0:
        quotient = one / other
        one, other = other, one - other * fmpq(quotient.floor())
    return abs(one)


def lattice_of(law: Law) -> Lattice | None:
    """A lattice that carries the law; None where there is none, or it is not looked for."""
    match law:
        case PointMass(x):
            return Lattice(x, fmpq(0))
        case LatticeLaw():
            return Lattice(fmpq(0), fmpq(1))
        case Affine():
            inner = lattice_of(law.base)
            if inner is None:
                return None
            return Lattice(inner.offset * law.scale + law.shift, inner.span * abs(law.scale))
        case Truncated() | Reweighted():
            return lattice_of(law.base)
        case Mixture():
            return _common([lattice_of(part) for part in law.laws])
        case Empirical():
            places = [x for x, _ in islice(law.atoms(), MOST_ATOMS + 1)]
            if len(places) > MOST_ATOMS:
                return None
            return _common([Lattice(x, fmpq(0)) for x in places])
    return None


def _common(lattices: list[Lattice | None]) -> Lattice | None:
    total: Lattice | None = None
    for lattice in lattices:
        if lattice is None:
            return None
        total = lattice if total is None else total.joined(lattice)
    return total


def step_rate(law: Law) -> Rate:
    """The g with ``Q(X > t + h)/Q(X > t) -> exp(-g h)`` for the span h of the law's lattice.

    None for bounded laws, for those on no lattice, and where it is not known.
    """
    match law:
        case LatticeLaw() if isinstance(law.support[1], Diverges):
            return law.mgf_abscissa
        case Affine() if not law.flips:
            return law.mgf_abscissa if step_rate(law.base) is not None else None
        case Truncated(base, _, None):
            return step_rate(base)
        case Tilted():
            return law.mgf_abscissa if step_rate(law.base) is not None else None
        case Reweighted():
            return step_rate(law.base)
    return None
