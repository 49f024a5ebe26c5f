"""A law taken apart: atoms, and densities that are analytic inside their supports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from types import MappingProxyType

from flint import acb, arb, arb_series, ctx, fmpq

from verify.conditioning.parts import base_of, components, is_atomic
from verify.conditioning.smooth import Smooth
from verify.enclosure import Diverges, Undecided, working_precision
from verify.law import Law
from verify.laws.custom import Tail
from verify.laws.extreme import Gumbel
from verify.laws.lattice import LatticeLaw
from verify.taylor_series import SERIES

#: Atoms of a law that are taken one by one.
MOST_ATOMS = 4000
#: The mass of the atoms that are left out is below the last bit by so many.
LEFT_OUT_BITS = 64
#: Bits of a length that only sets a scale.
SCALE_BITS = 30
#: Next to a flat end there is less mass than this, in bits: nothing, also to the best of 2^60.
FLAT_BITS = 256
#: Up to such a share of the spread, in halvings: closer by an end is not flat.
MOST_FLAT_HALVINGS = 40

Atom = tuple[fmpq, arb]


@dataclass(frozen=True)
class Knot:
    """An end of a density, or a point to start from where it has none.

    Attributes
    ----------
    place : arb
        Where.
    end : int
        -1 for the lower end of the support, +1 for the upper one, 0 for a point inside.
    regular : bool
        Whether the density's formula is analytic here (it may stop all the same).
    room : arb or None
        The distance of the true end, where the density was cut off as it is flat there; else None.
    """

    place: arb
    end: int
    regular: bool
    room: arb | None = None

    @property
    def real(self) -> bool:
        """Whether the density is not analytic here."""
        return self.end != 0


class Density(Smooth):
    """What a component of a law has of a density, times the component's share.

    Parameters
    ----------
    law : Law
        A component (:mod:`verify.conditioning.parts`) that is no list of atoms.
    share : fmpq or arb
        Its share.
    flat : mapping of int to arb
        How far from the end on a side (-1 or +1) it is cut off (see :func:`trimmed`).
    sudden : mapping of int to arb
        Where it is cut off on a side that has no end.
    """

    def __init__(
        self,
        law: Law,
        share: fmpq | arb,
        flat: Mapping[int, arb] = MappingProxyType({}),
        sudden: Mapping[int, arb] = MappingProxyType({}),
    ) -> None:
        super().__init__(law)
        self.low, self.high = sudden.get(-1, self.low), sudden.get(+1, self.high)
        self.sudden = sudden
        self.share, self.flat = arb(share), flat
        if self.low is not None and -1 in flat:
            self.low = (self.low + flat[-1]).mid()
        if self.high is not None and +1 in flat:
            self.high = (self.high - flat[+1]).mid()

    def series(self, x: arb_series) -> arb_series:
        """The formula at ``x(e)``."""
        inner = x if self.is_base else (x - self.shift) / self.scale
        if isinstance(self.base, Tail):
            slope = -self.slope.evaluate(inner, SERIES)
            height = slope * self.base.log_sf.evaluate(inner, SERIES).exp()
        else:
            height = self._base.log_density(inner, SERIES).exp()
        value: arb_series = height * (self.height * self.share)
        return value

    def at(self, x: arb) -> arb:
        """The formula at a point."""
        return self.share * self.density(x)

    def over(self, z: acb) -> arb:
        """A bound of the formula's size on a box; NaN where it may not be analytic."""
        return self.share * self.density_near(z).abs_upper()

    @cached_property
    def knots(self) -> tuple[Knot, ...]:
        """In increasing order; at least one."""
        ends = ((self.low, -1), (self.high, +1))
        cut = {**self.flat, **dict.fromkeys(self.sudden, self.spread)}
        found = [
            Knot(end, side, side in cut or self._is_regular(end), cut.get(side))
            for end, side in ends
            if end is not None
        ]
        return tuple(found) or (Knot(self._quantile(fmpq(1, 2)), 0, True),)

    def _is_regular(self, end: arb) -> bool:
        return self.is_analytic_around(end, self.spread / 64)

    def flat_ends(self) -> dict[int, arb]:
        """By side, how far from an end it can be cut off, for those where it is flat."""
        found = {}
        for knot in self.knots:
            if knot.real and not knot.regular:
                room = self._flat(knot)
                if room is not None:
                    found[knot.end] = room
        return found

    def sudden_ends(self) -> dict[int, arb]:
        """By side, where it can be cut off, for those without an end where it falls so fast.

        A Gumbel law falls like ``exp(-exp(|x|))`` on its left: off the line its density is huge
        there, and that is what rules are bounded by.
        """
        if not isinstance(self.base, Gumbel) or self.low is not None or self.high is not None:
            return {}
        quantile = -(FLAT_BITS * arb.const_log2()).log()  # of 2^-256
        return {-1 if self.scale > 0 else +1: (self.shift + self.scale * quantile).mid()}

    def _flat(self, knot: Knot) -> arb | None:
        """How far from an end there is next to no mass; None: nowhere that counts."""
        little, distance = arb(2) ** -FLAT_BITS, self.spread
        if not self.next_to(knot, distance * arb(2) ** -MOST_FLAT_HALVINGS) < little:
            return None
        while not self.next_to(knot, distance) < little:
            distance = distance / 2
        return distance

    def next_to(self, knot: Knot, distance: arb) -> arb:
        """The mass within a distance of an end."""
        place = knot.place - knot.end * distance
        return self.mass(None, place) if knot.end < 0 else self.mass(place, None)

    def _quantile(self, level: fmpq) -> arb:
        with working_precision(SCALE_BITS):
            return self.law.quantile(level).mid()

    @cached_property
    def spread(self) -> arb:
        """About half the distance between the quartiles, as an exact number."""
        width = ((self._quantile(fmpq(3, 4)) - self._quantile(fmpq(1, 4))) / 2).mid()
        if self.low is not None and self.high is not None:
            width = width.min(((self.high - self.low) / 4).mid())
        return width

    def mass(self, low: arb | None, high: arb | None) -> arb:
        """At least what the density has between two points (None: no limit)."""
        return self._between(low, high, self.law.between)

    def moment(self, low: arb | None, high: arb | None) -> arb:
        """At least ``int |x| density`` between two points; NaN if it is infinite."""
        if low is not None and high is not None:
            return self.mass(low, high) * abs(low.union(high))
        if high is None and low is not None and low >= 0:
            # A law given by a formula does not know its partial mean from its very end.
            is_all = self.low is not None and bool(low <= self.low)
            return self._between(None if is_all else low, None, self._partial)
        if low is None and high is not None and high <= 0:
            return -self._between(None, high, self._partial)
        return self.moment(low, arb(0)) + self.moment(arb(0), high)

    @cached_property
    def mean_size(self) -> arb:
        """``E|X|`` of the component, or more; infinite where it is."""
        size = self.moment(None, None) / self.share
        return size.upper() if size.is_finite() else arb.pos_inf()

    def _partial(self, low: arb | None, high: arb | None) -> arb:
        found = self.law.partial_mean(low, high) if low is None else self.law.upper_mean(low)
        return arb.nan() if isinstance(found, Diverges) else found

    def _between(
        self, low: arb | None, high: arb | None, of: Callable[[arb | None, arb | None], arb]
    ) -> arb:
        if self.low is not None and high is not None and high <= self.low:
            return arb(0)
        if self.high is not None and low is not None and low >= self.high:
            return arb(0)
        if low is not None and high is not None and not low < high:
            if low >= high:
                return arb(0)
            low, high = low.lower(), high.upper()  # two balls that meet
        return self.share * of(low, high)


@dataclass(frozen=True)
class LeftOut:
    """Atoms that are not taken one by one, or what a density has next to a flat end.

    Attributes
    ----------
    last : fmpq
        The last atom that is, or where the density is cut off: they lie beyond it.
    side : int
        +1 if they are above it, -1 if below.
    mass, mean : arb
        Their mass, and ``E|.|`` over them (NaN: infinite).
    end : arb or None
        Where they end; None: nowhere.
    """

    last: fmpq
    side: int
    mass: arb
    mean: arb
    end: arb | None = None


@dataclass(frozen=True)
class Parts:
    """A law as densities and atoms.

    Attributes
    ----------
    densities : tuple of Density
        Their masses and those of the atoms add up to 1, less what is left out.
    atoms : tuple of (fmpq, arb)
        Points and masses, in increasing order.
    left_out : tuple of LeftOut
        Other atoms.
    """

    densities: tuple[Density, ...]
    atoms: tuple[Atom, ...]
    left_out: tuple[LeftOut, ...]


def take_apart(law: Law) -> Parts:
    """A law as densities and atoms, at the working precision.

    Raises
    ------
    Undecided
        For a law with too many atoms, or with one at a place that is not rational.
    """
    densities: list[Density] = []
    masses: dict[fmpq, arb] = {}
    left_out: list[LeftOut] = []
    for part in components(law):
        share = arb(part.share)
        if is_atomic(part.law):
            taken, rest = _atoms(part.law)
            if rest is not None:
                left_out.append(replace(rest, mass=share * rest.mass, mean=share * rest.mean))
        else:
            density = Density(part.law, part.share)
            densities.append(density)
            taken = _own_atom(density)
        for x, mass in taken:
            masses[x] = masses.get(x, arb(0)) + share * mass
    atoms = tuple(sorted(masses.items(), key=lambda atom: atom[0]))
    return Parts(tuple(densities), atoms, tuple(left_out))


def trimmed(parts: Parts) -> Parts:
    """The same with densities cut off next to flat ends.

    An end is flat if the density falls there faster than any power, like ``exp(-1/x)`` at 0. It is
    smooth there but not analytic, and so is the density of a sum at that end and a corner of the
    other law. Next to such an end there is no mass to speak of; without it, all is analytic. So is
    a density cut off that falls like an exponential of one (:meth:`Density.sudden_ends`).
    """
    densities, left_out = [], list(parts.left_out)
    for density in parts.densities:
        flat, sudden = density.flat_ends(), density.sudden_ends()
        if not flat and not sudden:
            densities.append(density)
            continue
        cut = Density(density.law, density.share, flat, sudden)
        densities.append(cut)
        for side, end, place in ((-1, density.low, cut.low), (+1, density.high, cut.high)):
            if place is None or not (side in flat or side in sudden):
                continue
            ends = (None, place) if side < 0 else (place, None)
            mass = density.mass(*ends)
            mean = density.moment(*ends) if end is None else mass * abs(end.union(place)).upper()
            left_out.append(LeftOut(place.fmpq(), side, mass, mean, end))
    return Parts(tuple(densities), parts.atoms, tuple(left_out))


def _own_atom(density: Density) -> list[Atom]:
    if density.atom is None or density.atom[1] == 0:
        return []
    place, mass = density.atom
    if not isinstance(place, fmpq):
        if mass.contains(0):
            return []
        raise Undecided(f"{density.law}: its atom is at a number that is not rational")
    return [(place, mass)]


def _atoms(law: Law) -> tuple[list[Atom], LeftOut | None]:
    """The atoms of a law, and those that are left out."""
    base = base_of(law)
    if not isinstance(law.support[1], Diverges) and not isinstance(law.support[0], Diverges):
        atoms = list(islice(law.atoms(), MOST_ATOMS + 1))
        if len(atoms) > MOST_ATOMS:
            raise Undecided(f"{law} has more than {MOST_ATOMS} atoms")
        return atoms, None
    if not isinstance(base, LatticeLaw):
        raise Undecided(f"{law} has infinitely many atoms")
    return _lattice_atoms(law)


def _lattice_atoms(law: Law) -> tuple[list[Atom], LeftOut]:
    """The atoms of a law on a lattice up to where what is left has next to no mass."""
    flips = isinstance(law.support[0], Diverges)
    outward: Iterator[Atom] = (-law).atoms() if flips else law.atoms()
    goal = arb(2) ** (-LEFT_OUT_BITS - ctx.prec)
    atoms: list[Atom] = []
    one = -law if flips else law
    for atom in outward:
        atoms.append(atom)
        if len(atoms) % 16 == 0 and one.survival(atom[0]) < goal:
            break
        if len(atoms) > MOST_ATOMS:
            raise Undecided(f"{law}: more than {MOST_ATOMS} atoms matter")
    last, side = (-atoms[-1][0], -1) if flips else (atoms[-1][0], +1)
    beyond = one.upper_mean(atoms[-1][0])
    mean = arb.nan() if isinstance(beyond, Diverges) else abs(beyond)
    rest = LeftOut(last, side, one.survival(atoms[-1][0]), mean)
    return [(-x, mass) for x, mass in atoms] if flips else atoms, rest
