"""What the far ends of one summand contribute to ``A + B > t``, as bounds.

Far to the right ``A > t - B`` is as good as sure, far to the left it is as good as impossible. The
quantities are those of :mod:`.integral`: the mass, ``E[A - a; U > t]`` where wanted, and
``E[B - b; U > t]`` where wanted, in this order.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, fmpq

from verify.enclosure import Diverges, Number, Undecided, ball
from verify.law import Law, Point

ZERO = arb(0)


class Above:
    """``Pr(A > y)`` and ``E[A - a; A > y]``.

    Parameters
    ----------
    law : Law
        The law of A.
    centre : arb or None
        The number a; None: the second is not wanted.
    closed : bool
        Whether ``A >= y`` is meant.
    """

    def __init__(self, law: Law, centre: arb | None, closed: bool = False) -> None:
        self.law, self.centre, self.closed = law, centre, closed
        self._most: arb | None = None

    @property
    def count(self) -> int:
        """How many of the two are wanted."""
        return 1 if self.centre is None else 2

    def at(self, y: Point) -> list[arb]:
        """Both at a point."""
        tail = self.law.survival(y, self.closed)
        return [tail] if self.centre is None else [tail, self.excess(y, tail)]

    def excess(self, y: Point, tail: arb) -> arb:
        """``E[A - a; A > y]``; in y it rises up to a and falls from there."""
        mean = finite(self.law.upper_mean(y))
        if self.closed:
            mean += ball(y) * self.law.mass_at(y)
        assert self.centre is not None
        return mean - self.centre * tail

    def largest_excess(self) -> arb:
        """A bound of ``E[A - a; A > a]``, the largest ``E[A - a; A > y]`` of all."""
        if self._most is None:
            assert self.centre is not None
            point = self.centre.mid()
            tail = self.law.survival(point, self.closed)
            self._most = (abs(self.excess(point, tail)) + abs(point - self.centre)).upper()
        return self._most

    def everything(self) -> list[arb]:
        """Both for y below the support."""
        if self.centre is None:
            return [arb(1)]
        return [arb(1), finite(self.law.mean()) - self.centre]

    def nothing(self) -> list[arb]:
        """Both for y above the support."""
        return [ZERO] * self.count


class Summand:
    """The summand B that is integrated or summed over."""

    def __init__(self, law: Law) -> None:
        self.law = law

    def beyond(self, x: Point, with_mean: bool) -> tuple[arb, arb]:
        """``Pr(B > x)`` and ``E[B; B > x]``, the second where wanted."""
        return self.law.survival(x), finite(self.law.upper_mean(x)) if with_mean else ZERO


class Cuts:
    """Bounds for both ends of B.

    Parameters
    ----------
    over : Summand
        B.
    above : Above
        A.
    t : fmpq
        The threshold.
    centre : arb or None
        The number b; None: ``E[B - b; U > t]`` is not wanted.
    """

    def __init__(self, over: Summand, above: Above, t: fmpq, centre: arb | None) -> None:
        self.over, self.above, self.t, self.centre = over, above, t, centre

    @property
    def count(self) -> int:
        """How many quantities are wanted."""
        return self.above.count + (self.centre is not None)

    def parts(self, mass: arb, factors: Sequence[arb], moment: arb) -> list[arb]:
        """The quantities of a part of B on which the factors, those of A, hardly change."""
        found = [mass * factor for factor in factors]
        return found if self.centre is None else [*found, moment * factors[0]]

    def sure(self, x: Point) -> list[arb]:
        """What ``B > x`` contributes, where A is above ``t - x`` for sure."""
        mass, moment = self._beyond(x)
        return self.parts(mass, self.above.everything(), moment)

    def right(self, x: arb | fmpq) -> list[arb]:
        """What ``B > x`` contributes: nearly all that A has."""
        y = self.t - x
        mass, moment = self._beyond(x)
        if self.above.centre is not None and isinstance(self.above.law.mean(), Diverges):
            factors = [self.above.at(y)[0].union(arb(1)), ZERO.union(self.above.largest_excess())]
            found = self.parts(mass, factors, moment)
            # The mean of A is -oo, so a is 0; and where A + B > t, -A is less than B - t.
            most = finite(self.over.law.upper_mean(ball(x).max(ZERO))) + abs(self.t) * mass
            found[1] += arb(0, most.upper())
        else:
            pairs = zip(self.above.at(y), self.above.everything(), strict=True)
            factors = [one.union(other) for one, other in pairs]
            if self.above.centre is not None and not ball(y) < self.above.centre:
                factors[1] = factors[1].union(self.above.largest_excess())
            found = self.parts(mass, factors, moment)
        if self.centre is not None and not ball(x) > self.centre:
            # B - b changes its sign; its negative part is at most b - x.
            found[-1] += arb(0, (mass * (self.centre - x) * (1 - factors[0])).abs_upper())
        return found

    def middle(self, low: arb, high: arb) -> list[arb]:
        """What ``low < B <= high`` contributes, if it is nearly nothing."""
        y = self.t - high
        mass = ZERO.union(self.over.law.survival(low))
        factors = [ZERO.union(part) for part in self.above.at(y)]
        if self.above.centre is not None and not y > self.above.centre:
            factors[1] = factors[1].union(self.above.largest_excess())
        size = ZERO if self.centre is None else low.union(high) - self.centre
        return self.parts(mass, factors, mass * size)

    def left(self, x: arb | fmpq) -> list[arb]:
        """What ``B <= x`` contributes: nearly nothing."""
        y = self.t - x
        mass = self.over.law.cdf(x)
        factors = [ZERO.union(part) for part in self.above.at(y)]
        if self.above.centre is not None and not ball(y) > self.above.centre:
            factors[1] = factors[1].union(self.above.largest_excess())
        found = [mass * factor for factor in factors]
        return found if self.centre is None else [*found, self._moment_left(x, mass, factors[0])]

    def _beyond(self, x: Point) -> tuple[arb, arb]:
        """``Pr(B > x)`` and ``E[B - b; B > x]``."""
        mass, moment = self.over.beyond(x, self.centre is not None)
        return mass, ZERO if self.centre is None else moment - self.centre * mass

    def _moment_left(self, x: arb | fmpq, mass: arb, factor: arb) -> arb:
        """``E[B - b; B <= x, A > t - B]``, nearly 0."""
        assert self.centre is not None
        moment = self.over.law.lower_mean(x)
        if isinstance(moment, arb):
            size = abs(moment - self.centre * mass)
            if not ball(x) < self.centre:
                size += 2 * mass * abs(self.centre - x)
            return arb(0, (size * factor).abs_upper())
        # The mean of B is -oo, so b is 0; and where A + B > t, -B is less than A - t.
        y, law = self.t - x, self.above.law
        most = finite(law.upper_mean(y)) - self.t * law.survival(y)
        return arb(0, (mass * (abs(most) + 3 * ball(x).max(ZERO))).abs_upper())


def finite(value: Number) -> arb:
    """The ball of a number.

    Raises
    ------
    Undecided
        If it is infinite.
    """
    if isinstance(value, Diverges):
        raise Undecided(f"a mean is infinite: {value.because}")
    return value
