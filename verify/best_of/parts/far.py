"""What lies far out on one side of the law of ``U = X + V``: bounds from the laws of X and V."""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb

from verify.best_of.parts.density import LeftOut, Parts

#: Shares of t that V is let have, at most; halves and powers of 2, so that they are exact.
SHARES = (0.5, 0.25, 0.75, 0.125, 0.875, 0.0625, 0.9375)


@dataclass(frozen=True)
class Beyond:
    """Bounds beyond a point: of the mass, and of ``E|V|`` and ``E|X|`` there (NaN: infinite).

    The point is kept where it may be asked for.
    """

    mass: arb
    of_v: arb
    of_x: arb
    point: arb | None = None

    @property
    def mirrored(self) -> Beyond:
        """Those of -U beyond -t."""
        point = None if self.point is None else -self.point
        return Beyond(self.mass, self.of_v, self.of_x, point)

    @property
    def swapped(self) -> Beyond:
        """The same where X and V have changed their names."""
        return Beyond(self.mass, self.of_x, self.of_v, self.point)

    def __add__(self, other: Beyond) -> Beyond:
        """The sums, beyond no point in particular."""
        return Beyond(self.mass + other.mass, self.of_v + other.of_v, self.of_x + other.of_x)


@dataclass(frozen=True)
class Side:
    """One law as seen from one side (+1: above a point, -1: below it).

    Attributes
    ----------
    parts : Parts
        The law.
    side : int
        Which side.
    """

    parts: Parts
    side: int

    @property
    def last(self) -> arb | None:
        """The end of the support on this side; None for an infinite one."""
        ends = [d.high if self.side > 0 else d.low for d in self.parts.densities]
        ends += [rest.end for rest in self.parts.left_out if rest.side == self.side]
        if any(end is None for end in ends):
            return None
        places = [arb(x) for x, _ in self.parts.atoms] + [end for end in ends if end is not None]
        extreme = places[0]
        for place in places[1:]:
            extreme = extreme.max(place) if self.side > 0 else extreme.min(place)
        return extreme

    def mass(self, point: arb | None) -> arb:
        """A bound of the mass beyond a point (None: all)."""
        if point is None:
            return arb(1)
        total = sum((rest.mass for rest in self._left_out(point)), arb(0))
        for density in self.parts.densities:
            total += density.mass(*self._ends(point))
        return total + sum((mass for x, mass in self.parts.atoms if self._has(x, point)), arb(0))

    def moment(self, point: arb | None) -> arb:
        """A bound of ``E|.|`` beyond a point."""
        total = sum((rest.mean for rest in self._left_out(point)), arb(0))
        for density in self.parts.densities:
            ends = (None, None) if point is None else self._ends(point)
            total += density.moment(*ends)
        atoms = [(x, m) for x, m in self.parts.atoms if point is None or self._has(x, point)]
        return total + sum((abs(arb(x)) * mass for x, mass in atoms), arb(0))

    def _left_out(self, point: arb | None) -> list[LeftOut]:
        """What is left out and may lie beyond a point: not what ends on its near side."""
        found = []
        for rest in self.parts.left_out:
            farthest = rest.end if rest.side == self.side else rest.last
            if point is None or farthest is None or not self.side * (farthest - point) <= 0:
                found.append(rest)
        return found

    def _ends(self, point: arb) -> tuple[arb | None, arb | None]:
        return (point, None) if self.side > 0 else (None, point)

    def _has(self, x: object, point: arb) -> bool:
        """Whether an atom may lie beyond the point."""
        return not self.side * (x - point) <= 0  # type: ignore[operator]


def beyond(error: Parts, utility: Parts, t: arb, side: int) -> Beyond:
    """Bounds of what U has above t (side +1) or below it (-1).

    ``U > t`` needs X or V to lie far out: ``X > t - c`` or ``V > c`` for any c; and where V is
    at most v, ``X > t - v``; both at once, where both are.
    """
    x, v = Side(error, side), Side(utility, side)
    found = _beyond(x, v, t)
    of_v, of_x = found.of_v, found.of_x
    # With X at most c, |X| is at most |V| + |t| + |c| above t, and so below it.
    if not of_x.is_finite() and x.last is not None:
        of_x = of_v + (abs(t) + abs(x.last)) * found.mass
    elif not of_v.is_finite() and v.last is not None:
        of_v = of_x + (abs(t) + abs(v.last)) * found.mass
    return Beyond(found.mass, of_v, of_x, t)


def _beyond(x: Side, v: Side, t: arb) -> Beyond:
    """The same by what lies far out of X and of V."""
    if x.last is not None and v.last is not None:
        for_x, for_v = t - v.last, t - x.last
        p, q = x.mass(for_x), v.mass(for_v)
        return Beyond(p * q, v.moment(for_v) * p, x.moment(for_x) * q)
    if v.last is not None:
        p = x.mass(t - v.last)
        return Beyond(p, v.moment(None) * p, x.moment(t - v.last))
    if x.last is not None:
        q = v.mass(t - x.last)
        return Beyond(q, v.moment(t - x.last), x.moment(None) * q)
    best = _split(x, v, t, SHARES[0])
    for share in SHARES[1:]:
        found = _split(x, v, t, share)
        best = found if found.mass < best.mass else best
    return best


def _split(x: Side, v: Side, t: arb, share: float) -> Beyond:
    """The bounds with c a share of t."""
    for_v, for_x = t * share, t * (1 - share)
    p, q = x.mass(for_x), v.mass(for_v)
    of_v = v.moment(None) * p + v.moment(for_v)
    return Beyond(p + q, of_v, x.moment(None) * q + x.moment(for_x))
