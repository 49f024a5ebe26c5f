"""Search for tilts: the one that spends a KL budget, and the one that reaches a mean.

Both ``D(l) = l K'(l) - K(l)``, the KL of the tilt, and ``K'(l)``, its mean, increase in l. The
search works in ``log l``, or in ``log(l/(rate - l))`` where the MGF ends at a finite rate, with
midpoints of balls; what it finds is proved, or not, by :mod:`verify.construction`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from verify.enclosure import Diverges, Undecided, ball
from verify.law import Law
from verify.tail_rates import Rate

#: How far the search goes in the coordinate y, and how closely it finds a root there.
FARTHEST = 400
COARSE, FINE = 1e-4, 1e-12


@dataclass(frozen=True)
class TiltPath:
    """The tilts of a law, by a coordinate y on the whole line; a tilt's numbers are cached."""

    law: Law
    rate: Rate

    @classmethod
    def of(cls, law: Law) -> TiltPath:
        """The path up to the law's MGF abscissa (to infinity where nothing is known of it)."""
        return cls(law, law.rate_estimate())

    def tilt(self, y: arb) -> arb:
        """The tilt at coordinate y."""
        if self.rate is None or isinstance(self.rate, Diverges):
            return y.exp().mid()
        return (ball(self.rate) / (1 + (-y).exp())).mid()

    def cumulants(self, y: arb) -> tuple[arb, arb, arb] | None:
        """``K, K', K''`` at coordinate y; None where they cannot be had."""
        try:
            values = self.law.cumulants(self.tilt(y))
        except Undecided:
            return None
        return values if all(value.is_finite() for value in values) else None

    def kl(self, y: arb) -> arb | None:
        """``D = l K' - K`` at coordinate y, or None."""
        values = self.cumulants(y)
        if values is None:
            return None
        kl = self.tilt(y) * values[1] - values[0]
        return kl.mid() if kl.rad() < abs(kl.mid()) / 1000 else None

    def dual_bound(self, y: arb, budget: arb) -> arb | None:
        """``(eps + K(l))/l`` at coordinate y, the bound that this tilt proves; None if unknown."""
        values = self.cumulants(y)
        return None if values is None else (budget + values[0]) / self.tilt(y)

    def mean(self, y: arb) -> arb | None:
        """``K'`` at coordinate y, or None."""
        values = self.cumulants(y)
        return None if values is None else values[1].mid()


def crossing(
    value: Callable[[arb], arb | None], goal: arb, closeness: float = FINE
) -> tuple[arb, arb]:
    """Coordinates ``(below, above)`` close together, between which an increasing value passes goal.

    ``above`` is infinite where the value stays below the goal as far as it can be had.

    Raises
    ------
    Undecided
        If the value cannot be had anywhere near the middle of the path.
    """
    below, above = _bracket(value, goal)
    if not above.is_finite():
        return below, above
    low_value, high_value = value(below), value(above)
    for step in range(80):
        if abs(above - below) < closeness:
            break
        guess = _next_guess(below, above, low_value, high_value, goal, step)
        reached = value(guess)
        if reached is None:
            break
        if reached < goal:
            below, low_value = guess, reached
        else:
            above, high_value = guess, reached
    return below, above


def _next_guess(
    below: arb, above: arb, low: arb | None, high: arb | None, goal: arb, step: int
) -> arb:
    """Secant in ``log value``, kept off the ends; every third step bisects, so it always ends."""
    middle = ((below + above) / 2).mid()
    if step % 3 == 2 or low is None or high is None or not (low > 0 and goal > 0):
        return middle
    slope = (high / low).log()
    if not slope > 0:
        return middle
    share = (goal / low).log() / slope
    inset = arb(0.02) if step < 6 else arb(1e-6)
    share = min(max(share, inset), 1 - inset, key=float) if share.is_finite() else arb(0.5)
    return (below + (above - below) * share).mid()


def _bracket(value: Callable[[arb], arb | None], goal: arb) -> tuple[arb, arb]:
    start = _first_defined(value)
    reached = value(start)
    step = arb(1)
    y = start
    if reached is not None and reached < goal:
        while y < FARTHEST:
            further = (y + step).mid()
            reached = value(further)
            if reached is None:
                step = step / 2
                if step < 1e-3:
                    return y, arb.pos_inf()
                continue
            if reached >= goal:
                return y, further
            y, step = further, step * 1.5
        return y, arb.pos_inf()
    while y > -FARTHEST:
        nearer = (y - step).mid()
        reached = value(nearer)
        if reached is None or reached < goal:
            return nearer, y
        y, step = nearer, step * 1.5
    raise Undecided("even the smallest tilts overshoot")


def _first_defined(value: Callable[[arb], arb | None]) -> arb:
    """The middle of the path, or the nearest place below it where the value can be had."""
    y = arb(0)
    for _ in range(60):
        if value(y) is not None:
            return y
        y = y * 1.3 - 1
    raise Undecided("no tilt has a certified moment generating function")
