"""Certified expectations of functions of the distance from a point, for any law.

``expect(law, cut, side, kernel)`` encloses ``E[g(z); z > 0]`` and ``E[z g(z); z > 0]`` with
``z = side (X - cut)``. Shifts, scales, mixtures and truncations are taken apart; lists of atoms are
summed (:mod:`.lattice_sums`); a density is integrated along z, in variables in which it is analytic
up to the ends; a tail that a user wrote is integrated by parts (:mod:`.tail_parts`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from flint import acb, arb, ctx, fmpq

from verify.affine import Affine
from verify.arithmetic import complex_balls
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, Undecided, ball, working_precision
from verify.law import Law
from verify.laws.custom import Tail
from verify.laws.student import LogCauchy
from verify.mixture import Mixture
from verify.penalties.kernels import Kernel, Pair
from verify.penalties.paired_integrals import Piece, over_pieces
from verify.penalties.region import Region
from verify.penalties.tail_moments import power_mean_beyond
from verify.quantile import quantile
from verify.truncation import Truncated
from verify.work import count_evaluation

#: z, x and dz/ds at a variable of integration s.
Place = Callable[[acb], tuple[acb, acb, acb]]

#: The density itself, for laws that have a better form of it than the logarithm.
NO_TILT = arb(0)
#: Bits that powers of a far point lose.
LOST_BITS = 16
#: Widths of a law over which it is integrated plainly.
PLAIN = 64
#: Bits below the answer at which the ends of an integral are cut off.
SPARE_BITS = 24
#: ``log`` of the smallest distance from an end of the support that is looked at.
FARTHEST_LOG = -10_000
#: Times that the far end of an integral is pushed out.
PUSHES = 60
#: Precision at which the middle of a law is looked for: any place would do.
PLACE_BITS = 64


def expect(law: Law, cut: fmpq, side: int, kernel: Kernel) -> Pair:
    """``E[g(z); z > 0]`` and ``E[z g(z); z > 0]`` for ``z = side (X - cut)``.

    Parameters
    ----------
    law : Law
        The law of X.
    cut : fmpq
        The point from which distances are measured. Where g is infinite at 0 no reward may lie
        there or beyond.
    side : int
        +1 for distances above the cut, -1 for those below it.
    kernel : Kernel
        g. The second number is NaN where the kernel is not ``paired``.

    Raises
    ------
    Undecided
        Where no bound is known for what lies far out.
    """
    return in_region(law, Region(cut, side), kernel)


def in_region(law: Law, region: Region, kernel: Kernel) -> Pair:
    """The same over a region."""
    if region.low is not None and region.high is not None and region.low >= region.high:
        return arb(0), arb(0)
    match law:
        case Affine():
            return _of_affine(law, region, kernel)
        case Mixture():
            parts = [(arb(w), in_region(part, region, kernel)) for w, part in law.components]
            return (
                sum((w * part[0] for w, part in parts), arb(0)),
                sum((w * part[1] for w, part in parts), arb(0)),
            )
        case Truncated():
            part = in_region(law.base, region.within(law.low, law.high), kernel)
            mass = law.log_mass().exp()
            return part[0] / mass, part[1] / mass
        case Tail():
            from verify.penalties.tail_parts import by_parts

            return by_parts(law, region, kernel)
        case LogCauchy() if _from_afar(region):
            from verify.penalties.log_scale import on_log_scale

            return on_log_scale(law, region, kernel)
        case ContinuousLaw():
            return _Integral(law, region, kernel).pair()
    if law.has_atoms:
        from verify.penalties.lattice_sums import over_atoms

        return over_atoms(law, region, kernel)
    raise Undecided(f"no certified expectation is known for {law}")


def _from_afar(region: Region) -> bool:
    """Whether distances are measured up from below 0, or down from above it, without a limit."""
    return region.low is None and region.high is None and region.side * region.cut < 0


def _of_affine(law: Affine, region: Region, kernel: Kernel) -> Pair:
    """``z = side (shift + scale Y - cut) = |scale| z'`` with z' measured in Y."""

    def inverse(x: fmpq | None) -> fmpq | None:
        return None if x is None else (x - law.shift) / law.scale

    size = abs(law.scale)
    low, high = inverse(region.low), inverse(region.high)
    if law.flips:
        if law.has_atoms and (low is not None or high is not None):
            raise Undecided(f"a part of {law}, whose atoms may lie on its ends")
        low, high = high, low
    side = -region.side if law.flips else region.side
    cut = (region.cut - law.shift) / law.scale
    value, product = in_region(law.base, Region(cut, side, low, high), kernel.scaled(size))
    return value, size * product


# ---------------------------------------------------------------- laws with a density


@lru_cache(maxsize=512)
def middle(law: ContinuousLaw) -> tuple[fmpq, fmpq]:
    """About the median of a law, and how far its upper quartile is from it."""
    with working_precision(PLACE_BITS):
        half, quarter = (quantile(law, level).mid() for level in (fmpq(1, 2), fmpq(3, 4)))
        return _short(half), _short(abs(quarter - half))


def _short(value: arb) -> fmpq:
    """A fraction of few bits near a number."""
    with working_precision(24):
        return (+value).mid().fmpq()


class _Integral:
    """An integral along z, in pieces; what is cut off is bounded and added."""

    def __init__(self, law: ContinuousLaw, region: Region, kernel: Kernel) -> None:
        self.law, self.region, self.kernel = law, region, kernel
        self.spread, self.lost = fmpq(1), 0
        self.pieces: list[Piece] = []
        self.value, self.product = arb(0), arb(0)

    def pair(self) -> Pair:
        """Both expectations."""
        start, end = self._ends()
        if end is not None and not start < end:
            return arb(0), arb(0)
        centre, self.spread = middle(self.law)
        z = self.region.distance(centre)
        # ``x = cut + side z`` loses so many bits where both are far larger than the law is wide.
        self.lost = max(0, _bits(ball(abs(self.region.cut) / self.spread)))
        inside = z > start and (end is None or z < end)
        if inside:
            self._from_end(start, (start + z) / 2, +1)
            self._from_middle(z, (start + z) / 2)
            start = z
        if end is None:
            self._to_infinity(start, smooth=inside)
        else:
            half = (start + end) / 2
            if inside:
                self._from_middle(start, half)
            else:
                self._from_end(start, half, +1)
            self._from_end(end, half, -1)
        value, product = over_pieces(self.pieces, self.kernel.paired)
        return self.value + value, self.product + product

    # ---- where ------------------------------------------------------------------------------

    def _ends(self) -> tuple[fmpq, fmpq | None]:
        """The range of z."""
        ends = []
        for bound, limit, side in zip(
            self.law.support, (self.region.low, self.region.high), (-1, 1), strict=True
        ):
            found = None if isinstance(bound, Diverges) else fmpq(bound)  # type: ignore[arg-type]
            if limit is not None and (found is None or side * (limit - found) < 0):
                found = limit
            ends.append(found)
        near, far = ends if self.region.side > 0 else reversed(ends)
        start = fmpq(0) if near is None else max(fmpq(0), self.region.distance(near))
        return start, None if far is None else self.region.distance(far)

    def _mass(self, one: arb, other: arb) -> arb:
        """``Pr(one < z <= other)``, about."""
        xs = [self.region.cut + self.region.side * z for z in (one, other)]
        low, high = xs if self.region.side > 0 else reversed(xs)
        mass = self.law.between(low, high)
        return mass if mass.is_finite() else arb(0).union(arb(1))

    def _mass_next_to(self, end: fmpq, distance: arb, direction: int) -> arb:
        """The mass within a distance of one end of the range, seen from the end of the support."""
        edge, inwards = self.region.place(end), direction * self.region.side
        if not any(bound == edge for bound in self.law.support):
            return self._mass(*_ordered(ball(end), end + direction * distance))
        x = edge + inwards * distance
        return self.law.cdf(x) if inwards > 0 else self.law.survival(x)

    # ---- pieces -----------------------------------------------------------------------------

    def _add_piece(self, place: Place, ends: Pair, bits: int = 0) -> None:
        bits += ctx.prec + self.lost + LOST_BITS

        def weight(s: acb, analytic: bool) -> tuple[acb, acb]:
            with working_precision(bits):
                count_evaluation()
                z, x, speed = place(s)
                density = self.law.tilted_density(x, NO_TILT, complex_balls(analytic))
                return density * self.kernel.value(z, analytic) * speed, z

        self.pieces.append(Piece(weight, *ends, bits))

    def _from_middle(self, middle: fmpq, other: fmpq) -> None:
        """``z = middle +- s`` over a few widths of the law, else ``middle +- spread (e^s - 1)``."""
        length, direction = abs(other - middle), 1 if other > middle else -1
        if length < PLAIN * self.spread:
            one = acb(1)

            def place(s: acb) -> tuple[acb, acb, acb]:
                z = middle + direction * s
                return z, self.region.cut + self.region.side * z, one

            self._add_piece(place, (arb(0), ball(length)))
        else:
            self._outwards(middle, direction, ball(length / self.spread).log1p())

    def _outwards(self, middle: fmpq, direction: int, last: arb) -> None:
        size = direction * self.spread

        def place(s: acb) -> tuple[acb, acb, acb]:
            z = middle + size * s.expm1()
            return z, self.region.cut + self.region.side * z, abs(size) * s.exp()

        self._add_piece(place, (arb(0), last))

    def _from_end(self, end: fmpq, inner: fmpq, direction: int) -> None:
        """From an end of the range, where the density or g may be singular: ``z = end +- e^s``."""
        length = ball(abs(inner - end))
        nearest = self._negligible(end, length, direction)
        self._add_end(end, nearest, direction)
        self._exponential(end, direction, nearest, length.log())

    def _exponential(self, end: fmpq, direction: int, low: arb, high: arb) -> None:
        edge, inwards = self.region.place(end), direction * self.region.side

        def place(s: acb) -> tuple[acb, acb, acb]:
            away = s.exp()
            z = end + direction * away if end != 0 else direction * away
            return z, edge + inwards * away if edge != 0 else inwards * away, away

        self._add_piece(place, (low, high), abs(_bits(low.exp())))

    def _negligible(self, end: fmpq, length: arb, direction: int) -> arb:
        """``log`` of a distance from an end within which next to nothing lies."""
        goal = arb(2) ** -(ctx.prec + SPARE_BITS)
        nearest = (length.log() - (ctx.prec + SPARE_BITS) * arb(2).log()).mid()
        step = arb(16)
        with working_precision(4 * ctx.prec):
            while nearest > FARTHEST_LOG:
                reach = nearest.exp()
                mass = self._mass_next_to(end, reach, direction)
                values = self.kernel.over(ball(end), end + direction * reach)
                # The mass is known, so that there an even g takes no small one.
                spread = values.rad() / abs(values.mid()) if values.is_finite() else arb(1)
                if not mass.is_finite() or mass.abs_upper() * spread < goal:
                    break
                step = step * 1.5
                nearest = (nearest - step).mid()
        return nearest

    def _add_end(self, end: fmpq, nearest: arb, direction: int) -> None:
        with working_precision(2 * (ctx.prec + self.lost + abs(_bits(nearest.exp())) + LOST_BITS)):
            reach = nearest.exp()
            other = end + direction * reach
            mass = self._mass_next_to(end, reach, direction)
            part = mass * self.kernel.over(ball(end), other)
        self.value += part
        self.product += part * ball(end).union(other)

    def _to_infinity(self, start: fmpq, smooth: bool) -> None:
        """From the middle outwards, or from an end, ``z = start + e^s``."""
        far = self._far(start)
        if smooth:
            last = ((far - start) / self.spread).log1p().mid()
            self._outwards(start, +1, last)
            cut_at = start + self.spread * last.expm1()
        else:
            nearest = self._negligible(start, ball(self.spread), +1)
            self._add_end(start, nearest, +1)
            top = (far - start).log().mid()
            self._exponential(start, +1, nearest, top)
            cut_at = start + top.exp()
        value, product = self._beyond(cut_at)
        self.value += value
        self.product += product

    def _beyond(self, far: arb) -> Pair:
        return self.kernel.beyond(far, self._mass_beyond(far), partial(self._power_mean))

    def _mass_beyond(self, far: arb) -> arb:
        x = self.region.cut + self.region.side * far
        return self.law.survival(x) if self.region.side > 0 else self.law.cdf(x)

    def _power_mean(self, order: fmpq, far: arb) -> arb:
        return power_mean_beyond(self.law, order, self.region.cut, far, self.region.side)

    def _far(self, start: fmpq) -> arb:
        """A point beyond which the expectation is known to ``2^-precision`` of all of it."""
        far = 4 * (abs(ball(self.region.cut)) + abs(ball(start)) + self.spread + 1)
        size = self._size_between(start, far)
        factor = arb(2)
        for _ in range(PUSHES):
            try:
                value, product = self._beyond(far)
                if _known(value, size[0]) and (not self.kernel.paired or _known(product, size[1])):
                    return far.mid()
            except Undecided:
                if far > arb(2) ** 4000:
                    raise
            far = far * factor
            factor = factor * 1.5
        raise Undecided(
            f"the tail of {self.law} decays too slowly to integrate this function of it"
        )

    def _size_between(self, start: fmpq, far: arb) -> Pair:
        """A rough lower guess of the size of both integrals."""
        sizes = [arb(2) ** -4000, arb(2) ** -4000]
        for k in range(-24, 8):
            z = (start + arb(2) ** k).mid()
            if z < far:
                size = abs(self.kernel.real(z) * self._mass_beyond(z)).lower()
                sizes = [sizes[0].max(size), sizes[1].max(size * z)]
        return sizes[0], sizes[1]


def _bits(size: arb) -> int:
    """About the binary logarithm of a positive number."""
    exponent = size.mid().man_exp()[1] + int(size.mid().man_exp()[0]).bit_length()
    return int(exponent)


def _known(part: arb, size: arb) -> bool:
    """Whether a part is known as well as the precision allows, beside itself and a size."""
    whole = size.max(part.abs_lower())
    return bool(part.rad() < arb(2) ** (LOST_BITS - ctx.prec) * whole)


def _ordered(one: arb, other: arb) -> tuple[arb, arb]:
    return (one, other) if one < other else (other, one)
