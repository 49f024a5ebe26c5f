"""Laws taken apart: into laws that are no mixtures, and into atoms.

After :func:`components` a law is a chain of shifts, scales and truncations on top of a law with a
density, a law of atoms, or a tail that a user wrote, which is a density with one atom below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import arb, fmpq

from verify.affine import Affine, affine
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Undecided, ball
from verify.errors import InputError
from verify.law import Law, Point
from verify.laws.custom import Tail
from verify.laws.empirical_law import Empirical
from verify.laws.lattice import LatticeLaw
from verify.laws.light import Exponential, Laplace
from verify.laws.point import PointMass
from verify.laws.staircase import Staircase
from verify.mixture import Mixture
from verify.truncation import Truncated

#: Laws that are lists of atoms.
Atomic = LatticeLaw | Empirical | PointMass | Staircase
HALF = fmpq(1, 2)


@dataclass(frozen=True)
class Component:
    """A law that is no mixture, and its share of the law that it is a part of."""

    share: fmpq | arb
    law: Law


def components(law: Law) -> list[Component]:
    """The laws that a law is a mixture of; a Laplace law is one of two exponential laws.

    Raises
    ------
    InputError
        For a law that is not in the catalogue.
    """
    if isinstance(law, Mixture):
        return [
            Component(weight * part.share, part.law)
            for weight, mixed in law.components
            for part in components(mixed)
        ]
    if isinstance(law, Laplace):
        return [Component(HALF, Exponential()), Component(HALF, -Exponential())]
    if isinstance(law, Affine):
        return [
            Component(part.share, affine(part.law, law.shift, law.scale))
            for part in components(law.base)
        ]
    if isinstance(law, Truncated):
        return list(_truncated(law))
    if isinstance(law, ContinuousLaw | Tail | Atomic):
        return [Component(fmpq(1), law)]
    raise InputError(f"{law}: expected a law of the catalogue, shifted, scaled, truncated or mixed")


def _truncated(law: Truncated) -> Iterator[Component]:
    inner = components(law.base)
    if len(inner) == 1:
        yield Component(inner[0].share, Truncated(inner[0].law, law.low, law.high))
        return
    total = law.log_mass()
    for part in inner:
        log_share = part.law.log_between(law.low, law.high)
        if log_share == arb.neg_inf():
            continue
        share = part.share * (log_share - total).exp()
        yield Component(share, Truncated(part.law, law.low, law.high))


def base_of(law: Law) -> Law:
    """What a chain of shifts, scales and truncations is built on."""
    while isinstance(law, Affine | Truncated):
        law = law.base
    return law


def is_atomic(law: Law) -> bool:
    """Whether a component is a list of atoms."""
    return isinstance(base_of(law), Atomic)


# ---------------------------------------------------------------- atoms


def atoms_between(law: Law, low: fmpq | None, high: fmpq | None) -> Iterator[tuple[fmpq, arb]]:
    """The atoms in ``(low, high]`` of a component that is a list of atoms, in no special order.

    None stands for an end of the support, which has to be finite there.
    """
    if isinstance(law, Affine) and law.flips:
        # (low, high] is turned round to [-high, -low): one more atom is looked at on each side.
        ends = [None if end is None else (end - law.shift) / law.scale for end in (high, low)]
        before = None if ends[0] is None else ends[0] - 1
        for inner, mass in atoms_between(law.base, before, ends[1]):
            x = law.shift + law.scale * inner
            if (low is None or x > low) and (high is None or x <= high):
                yield x, mass
    elif isinstance(law, Affine):
        ends = [None if end is None else (end - law.shift) / law.scale for end in (low, high)]
        for inner, mass in atoms_between(law.base, *ends):
            yield law.shift + law.scale * inner, mass
    elif isinstance(law, Truncated):
        total = law.log_mass().exp()
        low = law.low if low is None or (law.low is not None and law.low > low) else low
        high = law.high if high is None or (law.high is not None and law.high < high) else high
        for x, mass in atoms_between(law.base, low, high):
            yield x, mass / total
    elif isinstance(law, LatticeLaw):
        first = law.first if low is None else max(law.first, int(low.floor()) + 1)
        last = law.last if high is None else int(high.floor())
        last = last if law.last is None or last is None else min(last, law.last)
        if last is None:
            raise Undecided(f"{law} has no largest atom")
        yield from ((fmpq(n), law.mass_at(n)) for n in range(first, last + 1))
    else:
        for x, mass in law.atoms():
            if high is not None and x > high:
                return
            if low is None or x > low:
                yield x, mass


def count_between(law: Law, low: fmpq | None, high: fmpq | None) -> int:
    """About how many atoms lie in ``(low, high]``, to see whether they can be summed."""
    first, last = law.support
    start, end = first if low is None else low, last if high is None else high
    scale = fmpq(1)
    while isinstance(law, Affine | Truncated):
        scale = scale * law.scale if isinstance(law, Affine) else scale
        law = law.base
    if not isinstance(law, LatticeLaw) or isinstance(start, Diverges) or isinstance(end, Diverges):
        return 0
    return int(((ball(end) - ball(start)) / abs(scale)).upper().ceil().unique_fmpz() or 0)


def atom_of(law: Law) -> tuple[Point, arb] | None:
    """The atom of a component with a density, as place and mass: a tail that a user wrote has one.

    None where there is none.
    """
    match law:
        case Tail(lower=lower):
            start = lower.rational
            mass = law.mass_at(start) if start is not None else -law._log_atom_left_out().expm1()
            return (lower.ball() if start is None else start), mass
        case Affine(base=base, shift=shift, scale=scale):
            inner = atom_of(base)
            return None if inner is None else (shift + scale * inner[0], inner[1])
        case Truncated(base=base, low=low, high=high):
            inner = atom_of(base)
            if inner is None or (low is not None and not ball(inner[0]) > ball(low)):
                return None
            if high is not None and not ball(inner[0]) <= ball(high):
                return None
            return inner[0], inner[1] / law.log_mass().exp()
    return None
