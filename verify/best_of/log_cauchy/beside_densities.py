"""A log-Cauchy law beside one with a finite mean: its two ends are too long for any expansion.

*Next to 0.* It has a mass of about ``1/(pi log(1/d))`` within d of 0. All of what lies within
:data:`CLOSE` is moved there, to one atom. So U moves by at most CLOSE, its rank by at most what V
has in an interval so long, anywhere (no atom: U has none, before or after), and ``n r^(n-1)`` by at
most ``n (n - 1)`` times that. Beside atoms: :mod:`verify.best_of.log_cauchy.beside_atoms`.

*Far out.* Beyond T it decides alone: V is there about what it is everywhere. Let w be a weight that
never falls, is 0 up to T and at most M. Then ``h(v) = E w(X + v)`` never falls. For ``u > e`` the
hazard rate of X is below ``1/u``: with ``l = log u > 1`` its density is ``1/(pi u (1 + l^2))``, and
``Pr(X > u) = atan(1/l)/pi > (1/l - 1/(3 l^3))/pi``. So ``Pr(X > u - c) <= (1 + g) Pr(X > u + c)``
for ``u >= T`` and ``g = exp(2c/(T - c)) - 1``, and ``h(c) - h(-c) <= g h(0)``. Where ``|V| > c``, h
is at most M. For ``g < 1/4`` and ``W = E w(U)`` that gives
``|E[V w(U)] - W E V| <= 3 g W E|V| + M (E[|V|; |V| > c] + 2 E|V| Pr(|V| > c))``.

*The mirror image*, where X is minus such a law: U < -T. There the weight of best-of-n rises from 0
to ``M = n F^(n-1)``, ``F = Pr(U <= -T)``: it is M less what falls from M to 0. For both of these
the above holds, turned round, with a W of ``n F^n`` and of ``(n - 1) F^n``. So it holds for their
difference, with ``3 g (2n - 1) F^n E|V|``, and 2M.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import acb, arb, ctx, fmpq

from verify.affine import Affine
from verify.best_of.parts.density import Density, Parts, take_apart
from verify.best_of.parts.far import Beyond, Side
from verify.best_of.parts.leaves import LAST_PIECE, Ray, goal_bits, lost_bits, rays
from verify.enclosure import Diverges, working_precision
from verify.law import Law
from verify.laws.student import LogCauchy
from verify.truncation import Truncated

#: What lies closer to 0 is moved to here.
CLOSE = fmpq(1, 2**512)
#: Cells of a density are halved for a bound of it, so often and at most so often.
HALVINGS, MOST_HALVINGS = 3, 8
#: Bits by which what other law has far out is to be little, beyond the goal: for any n up to 2^60.
DRAWS_BITS = 60


@dataclass(frozen=True)
class Alone:
    """A law that decides alone far out on one side, and the law beside it.

    Attributes
    ----------
    law : Law
        A log-Cauchy law, scaled; by a negative number, if its tail is on the left.
    other : Law
        The other one, with a finite mean.
    parts : Parts
        The same, taken apart.
    """

    law: Law
    other: Law
    parts: Parts

    @cached_property
    def scale(self) -> fmpq:
        """What the log-Cauchy law is multiplied by."""
        return self.law.scale if isinstance(self.law, Affine) else fmpq(1)

    @property
    def side(self) -> int:
        """+1 if its tail is on the right, -1 if it is on the left."""
        return 1 if self.scale > 0 else -1

    @cached_property
    def size(self) -> arb:
        """A bound of ``E|V|``."""
        return Side(self.parts, +1).moment(None).upper()

    def decides(self, t: arb) -> bool:
        """Whether beyond t it does, to the precision that is sought."""
        distance = self.side * t
        start = self._share(distance)
        if not distance - start > 3 * abs(arb(self.scale)):
            return False
        goal = self.size * arb(2) ** (-DRAWS_BITS - goal_bits())
        return bool(self._far(start) <= goal)

    @staticmethod
    def _share(distance: arb) -> arb:
        """The c of a T."""
        return (distance * arb(2) ** (-goal_bits() - 4)).upper()

    def _chance(self, start: arb) -> arb:
        """A bound of ``Pr(|V| > c)``."""
        return Side(self.parts, +1).mass(start) + Side(self.parts, -1).mass(-start)

    def _far(self, start: arb) -> arb:
        """What of ``E V w`` is lost for each unit of M."""
        far = Side(self.parts, +1).moment(start) + Side(self.parts, -1).moment(-start)
        return (far + 2 * self.size * self._chance(start)).upper()

    def _beyond(self, distance: arb) -> arb:
        """What the law has beyond a distance."""
        return self.law.survival(distance) if self.side > 0 else self.law.cdf(-distance)

    def mass(self, t: arb) -> arb:
        """What U has beyond t."""
        distance = self.side * t
        start = self._share(distance)
        chance = self._chance(start)
        low = self._beyond(distance + start) * (1 - chance)
        return low.union(self._beyond(distance - start) + chance)

    def mean(self, t: arb) -> arb:
        """``E[V w(U)]/W`` beyond t on the right, but for :meth:`lost`."""
        own = self.other.mean()
        assert isinstance(own, arb)
        return own + arb(0, self.spread(t))

    def spread(self, t: arb) -> arb:
        """``3 g E|V|``."""
        distance = self.side * t
        start = self._share(distance)
        change = (2 * start / (distance - start)).expm1()
        assert change < 0.25
        return (3 * change * self.size).upper()

    def lost(self, t: arb) -> arb:
        """By how much ``E[V w(U)]`` may be off beside, for each unit of M."""
        return self._far(self._share(self.side * t))


def alone(law: Law, other: Law) -> Alone | None:
    """The law as one that decides alone beside another, if it is one.

    Parameters
    ----------
    law, other : Law
        Two laws that begin or end at 0, if they do anywhere. The other one is to have atoms only,
        or none.
    """
    base = law.base if isinstance(law, Affine) else law
    if not isinstance(base, LogCauchy) or isinstance(other.mean(), Diverges):
        return None
    if isinstance(law, Affine) and law.shift != 0:
        return None
    parts = take_apart(other)
    if parts.densities and (parts.atoms or parts.left_out):
        return None
    return Alone(law, other, parts)


def gathered(slow: Alone) -> Parts:
    """The slow law with all that is closer to 0 than :data:`CLOSE` moved there."""
    if slow.side > 0:
        mass, kept, place = slow.law.cdf(CLOSE), Truncated(slow.law, CLOSE, None), CLOSE
    else:
        mass, kept, place = slow.law.survival(-CLOSE), Truncated(slow.law, None, -CLOSE), -CLOSE
    return Parts((Density(kept, 1 - mass),), ((place, mass),), ())


def moved(parts: Parts) -> Beyond:
    """Bounds of the effect of that, for one draw and another, with such a law beside it."""
    mass, size = spread_out(parts), Side(parts, +1).moment(None)
    return Beyond(mass, mass * size, arb.nan())


def spread_out(parts: Parts) -> arb:
    """A bound of the mass of any interval of the length :data:`CLOSE`."""
    return sum((concentration(density, arb(CLOSE)) for density in parts.densities), arb(0))


def concentration(density: Density, length: arb) -> arb:
    """A bound of the mass of any interval of a length.

    It is at most the length times the largest density on the cells, and what lies in none of them.
    """
    largest, rest = arb(0), arb(0)
    for ray in rays(density).values():
        begin = 0
        if not ray.knot.regular:
            while begin > -LAST_PIECE and not ray.mass(arb(0), ray.start(begin)) < length.sqrt():
                begin -= 1
            rest += ray.mass(arb(0), ray.start(begin))
        for k in range(begin, LAST_PIECE):
            if ray.limit is not None and not ray.start(k) < ray.limit:
                break
            beyond = ray.mass(ray.start(k), ray.limit)
            if beyond < length.sqrt():
                rest += beyond
                break
            # The two inner rays of a bounded law meet but for their roundings.
            end = ray.reach(k) * (1 + arb(2) ** -20)
            largest = largest.max(_largest(ray, ray.start(k), end.mid(), 0))
        else:
            return arb.nan()
    return (length * largest + rest).upper()


def _largest(ray: Ray, near: arb, far: arb, depth: int) -> arb:
    """A bound of the density between two distances, by parts."""
    if depth >= HALVINGS:
        with working_precision(ctx.prec + lost_bits(near)):
            size = ray.density.over(acb(ray.place(near).union(ray.place(far))))
        if size.is_finite() or depth == MOST_HALVINGS:
            return size.upper()
    middle = ((near + far) / 2).mid()
    parts = [_largest(ray, *ends, depth + 1) for ends in ((near, middle), (middle, far))]
    return parts[0].max(parts[1]) if all(part.is_finite() for part in parts) else arb.nan()
