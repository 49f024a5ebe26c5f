"""Search for tilts: the one that spends a KL budget, and the one that reaches a mean.

Both ``D(l) = l K'(l) - K(l)``, the KL of the tilt, and ``K'(l)``, its mean, increase in l. The
search works in ``log l``, or in ``log(l/(rate - l))`` where the MGF ends at a finite rate, with
midpoints of balls; what it finds is proved, or not, by :mod:`verify.construction`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flint import arb, arb_series

from verify.enclosure import Diverges, Number, Undecided, ball, working_precision
from verify.law import Bound, Point
from verify.tail_rates import Rate
from verify.work import OutOfWork

#: How far the search goes in the coordinate y, and how far up where the MGF is finite everywhere:
#: laws without moments may need that.
FARTHEST, FARTHEST_UP = 400, 9_000
#: How closely it finds a root there.
COARSE, FINE = 1e-4, 1e-12
#: The last step that is tried towards a place where the value cannot be had.
NEAREST = 1e-3
#: Bits of an estimate of D: the 14 of COARSE, and more than as many again for what cancels in
#: ``l K' - K``.
ESTIMATE_BITS = 32
#: Evaluations after which a search gives what it has.
EVALUATIONS = 200
#: Evaluations by which Newton's method alone is done where the slopes are of any use.
PATIENCE = 12

#: A value and its derivative by the coordinate, or None where they cannot be had.
Sloped = tuple[arb, arb] | None


class Tiltable(Protocol):
    """What a search for tilts asks: of a law, or of several that are tilted together."""

    @property
    def support(self) -> tuple[Bound, Bound]: ...
    @property
    def mgf_abscissa(self) -> Rate: ...
    @property
    def rates_need_search(self) -> bool: ...
    def rate_estimate(self) -> Rate: ...
    def mean(self) -> Number: ...
    def cumulants(self, tilt: Point) -> tuple[arb, arb, arb]: ...
    def cumulant_series(self, tilt: arb) -> arb_series: ...
    def tilt_cost_estimate(self, tilt: arb) -> tuple[arb, arb] | None: ...


@dataclass(frozen=True)
class TiltPath:
    """The tilts of a law, by a coordinate y on the whole line."""

    law: Tiltable
    rate: Rate

    @classmethod
    def of(cls, law: Tiltable) -> TiltPath:
        """The path up to the law's MGF abscissa (to infinity where nothing is known of it)."""
        return cls(law, law.rate_estimate())

    @property
    def ends(self) -> bool:
        """Whether the MGF ends at a finite rate."""
        return not (self.rate is None or isinstance(self.rate, Diverges))

    @property
    def farthest(self) -> float:
        """How far up the search is worth its while."""
        return FARTHEST_UP if isinstance(self.rate, Diverges) else FARTHEST

    def _rate_ball(self) -> arb | None:
        """The rate where it is finite."""
        return None if self.rate is None or isinstance(self.rate, Diverges) else ball(self.rate)

    def tilt(self, y: arb) -> arb:
        """The tilt at coordinate y."""
        rate = self._rate_ball()
        return y.exp().mid() if rate is None else (rate / (1 + (-y).exp())).mid()

    def coordinate(self, tilt: arb) -> arb:
        """The y of a tilt; the inverse of :meth:`tilt`."""
        rate = self._rate_ball()
        return tilt.log().mid() if rate is None else (tilt / (rate - tilt)).log().mid()

    def speed(self, y: arb) -> arb:
        """``dl/dy``."""
        return self._speed(y, self.tilt(y))

    def _speed(self, y: arb, tilt: arb) -> arb:
        return tilt / (1 + y.exp()) if self.ends else tilt

    def cumulants(self, y: arb) -> tuple[arb, arb, arb] | None:
        """``K, K', K''`` at coordinate y; None where they cannot be had."""
        return self._cumulants(self.tilt(y))

    def _cumulants(self, tilt: arb) -> tuple[arb, arb, arb] | None:
        try:
            # Not law.cumulants: that asks first whether the MGF is finite, which it is on the path.
            series = self.law.cumulant_series(tilt)
        except OutOfWork:
            raise
        except Undecided:
            return None
        log_mgf, mean, half = series[0], series[1], series[2]
        if not (log_mgf.is_finite() and mean.is_finite() and half.is_finite()):
            return None
        return log_mgf, mean, 2 * half

    def kl(self, y: arb) -> Sloped:
        """``D = l K' - K`` at coordinate y, and its slope there."""
        return self._kl(y, self.tilt(y))

    def _kl(self, y: arb, tilt: arb) -> Sloped:
        values = self._cumulants(tilt)
        if values is None:
            return None
        kl = tilt * values[1] - values[0]
        middle = kl.mid()
        if not kl.rad() * 1000 < abs(middle):
            return None
        return middle, (tilt * values[2] * self._speed(y, tilt)).mid()

    def kl_estimate(self, y: arb) -> Sloped:
        """About the same, quickly where the law has a way; for the first steps of a search."""
        tilt = self.tilt(y)
        estimate = self.law.tilt_cost_estimate(tilt)
        if estimate is not None:
            return estimate[0], estimate[1] * self._speed(y, tilt)
        # An integral of half the bits takes half the time; where it blurs D, with all of them.
        with working_precision(ESTIMATE_BITS):
            quick = self._kl(y, tilt)
        return self._kl(y, tilt) if quick is None else quick

    def mean(self, y: arb) -> Sloped:
        """``K'`` at coordinate y, and its slope there."""
        values = self.cumulants(y)
        return None if values is None else (values[1].mid(), (values[2] * self.speed(y)).mid())

    def gain(self, offset: arb, y: arb) -> Sloped:
        """``K' - offset`` at coordinate y, and its slope there."""
        values = self.mean(y)
        return None if values is None else (values[0] - offset, values[1])

    def dual_bound(self, y: arb, budget: arb) -> arb | None:
        """``(eps + K(l))/l`` at coordinate y, the bound that this tilt proves; None if unknown."""
        values = self.cumulants(y)
        return None if values is None else (budget + values[0]) / self.tilt(y)


def crossing(
    value: Callable[[arb], Sloped],
    goal: arb,
    closeness: float = FINE,
    farthest: float = FARTHEST,
) -> tuple[arb, arb]:
    """Coordinates ``(below, above)`` close together, between which an increasing value passes goal.

    Newton's method, kept between the two; ``above`` is infinite where the value stays below the
    goal as far as it can be had.

    Raises
    ------
    Undecided
        If the value cannot be had anywhere near the middle of the path, or is above the goal on
        all of it.
    """
    y, reached = _first_defined(value)
    between = _Bracket(goal, farthest)
    for _ in range(EVALUATIONS):
        between.record(y, reached)
        if between.closed(closeness):
            break
        y = between.next_guess(closeness)
        reached = value(y)
    return between.ends()


def approach(
    value: Callable[[arb], Sloped], goal: arb, closeness: float, farthest: float = FARTHEST
) -> tuple[arb, bool]:
    """A coordinate at which an increasing value is about the goal, and whether there is one.

    Cheaper than :func:`crossing` where a bracket is not needed: Newton's steps until they are
    short. Without such a place, the last one at which the value is below the goal.

    Raises
    ------
    Undecided
        As :func:`crossing`.
    """
    y, reached = _first_defined(value)
    between = _Bracket(goal, farthest)
    for _ in range(EVALUATIONS):
        between.record(y, reached)
        if between.closed(closeness):
            break
        if between.latest is not None:
            step = between.newton_step()
            if abs(step) < closeness:
                return (between.latest[0] + step).mid(), True
        y = between.next_guess(closeness)
        reached = value(y)
    below, above = between.ends()
    return below, above.is_finite()


def _first_defined(value: Callable[[arb], Sloped]) -> tuple[arb, Sloped]:
    """The middle of the path, or the nearest place below it where the value can be had.

    Above it, where there is none: for tiny rewards, whose small tilts cost next to nothing.
    """
    for direction, places in ((-1, 60), (1, 18)):  # 18 steps lead to FARTHEST
        y = arb(0)
        for _ in range(places):
            reached = value(y)
            if reached is not None:
                return y, reached
            y = y * 1.3 + direction
    raise Undecided("no tilt was found with a certified divergence")


class _Bracket:
    """Where the value is known to be below and above the goal, and where to look next."""

    def __init__(self, goal: arb, farthest: float) -> None:
        self.goal, self.farthest = goal, farthest
        self.below: arb | None = None
        self.above: arb | None = None
        #: From here on the value cannot be had, as far as has been seen.
        self.wall = arb.pos_inf()
        self.latest: tuple[arb, arb, arb] | None = None
        self.steps = 0
        self.reach = arb(1)

    def record(self, y: arb, reached: Sloped) -> None:
        """Take in what the value is at y."""
        self.steps += 1
        if reached is None and self.below is not None:
            self.wall = y
            return
        if reached is None or reached[0] < self.goal:
            self.below = y
        else:
            self.above = y
        if reached is not None:
            self.latest = (y, *reached)

    def closed(self, closeness: float) -> bool:
        """Whether nothing is left to find."""
        if self.above is not None:
            if self.below is None and self.above <= -FARTHEST:
                raise Undecided("even the smallest tilts overshoot")
            return self.below is not None and bool(abs(self.above - self.below) < closeness)
        if self.below is None:
            return False
        return bool(self.below >= self.farthest) or bool(self.wall - self.below < NEAREST)

    def ends(self) -> tuple[arb, arb]:
        """The two coordinates."""
        if self.below is None:
            raise Undecided("even the smallest tilts overshoot")
        return self.below, arb.pos_inf() if self.above is None else self.above

    def next_guess(self, closeness: float) -> arb:
        """Newton's step, kept inside; late in the search every second one bisects, so it ends."""
        if self.above is None or self.below is None:
            return self._outwards(closeness)
        middle = ((self.below + self.above) / 2).mid()
        if self.latest is None or (self.steps > PATIENCE and self.steps % 2):
            return middle
        guess = self._newton(closeness)
        return guess if self.below < guess < self.above else middle

    def _outwards(self, closeness: float) -> arb:
        """A step towards the side that is not known yet, at most ``reach`` long."""
        start = self.above if self.below is None else self.below
        assert start is not None
        guess = self._newton(closeness) if self.latest is not None else arb.nan()
        step = abs(guess - start)
        if self.steps > PATIENCE:
            step = step * 2 ** (self.steps - PATIENCE)
        if not (step > 0 and step < self.reach):
            step = self.reach
        self.reach = self.reach * 2
        if self.below is None:
            return (start - step).max(arb(-FARTHEST)).mid()
        limit = (start + self.wall) / 2 if self.wall.is_finite() else arb(self.farthest)
        return (start + step).min(limit).mid()

    def _newton(self, closeness: float) -> arb:
        """Where the tangent meets the goal, and a little beyond so that the other side closes."""
        assert self.latest is not None
        step = self.newton_step()
        if abs(step) < closeness / 4:
            step += closeness / 2 if step > 0 else -closeness / 2
        return (self.latest[0] + step).mid()

    def newton_step(self) -> arb:
        """From the latest place to where the tangent there meets the goal."""
        assert self.latest is not None
        _, value, slope = self.latest
        if value > 0 and self.goal > 0:  # in log value, which is nearly straight
            return (self.goal / value).log() * value / slope
        return (self.goal - value) / slope
