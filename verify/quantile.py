"""Certified quantiles of any law, by bisection on the side where the probability is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flint import arb, ctx, fmpq

from verify.enclosure import Diverges, Undecided, ball

if TYPE_CHECKING:
    from verify.law import Law, Point

#: Doublings of the search interval, and bisections per bit of the answer.
DOUBLINGS = 4000
#: The other end, beside 0, is squared between these.
SMALL = (arb(2) ** -100_000, arb(2) ** -64)


def quantile(law: Law, level: Point) -> arb:
    """The smallest x with ``Q(X <= x) >= level``, as a ball of the working precision.

    Raises
    ------
    ValueError
        If the level is not strictly between 0 and 1.
    Undecided
        If the law cannot be compared with the level anywhere near the answer.
    """
    if not (level > 0 and level < 1):
        raise ValueError(f"a quantile's level lies strictly between 0 and 1, got {level}")
    low, high = _bracket(law, level)
    # A quantile may be as small as exp(-1000); at an atom nothing else would stop the bisection.
    for _ in range(2 * ctx.prec if law.has_atoms else DOUBLINGS):
        middle = _middle(low, high)
        if not (middle > low and middle < high):
            break
        reached = reaches(law, middle, level)
        if reached is None:  # at the quantile itself, as at the centre of a symmetric law, or near
            middle = ((2 * low + high) / 3).mid()
            reached = reaches(law, middle, level)
        if reached is None:
            break
        low, high = (low, middle) if reached else (middle, high)
    return low.union(high)


def reaches(law: Law, x: arb, level: Point) -> bool | None:
    """Whether ``Q(X <= x) >= level``; None where the balls cannot tell."""
    p = ball(level)
    gap = law.cdf(x) - p if p < arb(0.5) else (1 - p) - law.survival(x)
    if gap >= 0:
        return True
    return False if gap < 0 else None


def _middle(low: arb, high: arb) -> arb:
    """Geometric where both ends have one sign and differ much: quantiles span many scales.

    From an end at 0 the other is squared: quantiles may be as small as exp(-1/level).
    """
    if low == 0 and SMALL[0] < high < SMALL[1]:
        return (high * high).mid()
    if high == 0 and SMALL[0] < -low < SMALL[1]:
        return -(low * low).mid()
    if low > 0 and high > 4 * low:
        return (low.log() / 2 + high.log() / 2).exp().mid()
    if high < 0 and low < 4 * high:
        return -((-low).log() / 2 + (-high).log() / 2).exp().mid()
    return ((low + high) / 2).mid()


def _bracket(law: Law, level: Point) -> tuple[arb, arb]:
    """Points that do not reach, and that do reach, the level."""
    start, end = law.support
    low = -arb(1) if isinstance(start, Diverges) else ball(start).lower() - arb(2) ** -40
    step = arb(1)
    if isinstance(start, Diverges):
        for count in range(DOUBLINGS):
            if reaches(law, low, level) is False:
                break
            step = _longer(step, count)
            low = -step
        else:
            raise Undecided(f"the quantile of {law} at {fmpq(0) + level} is out of reach")
    if not isinstance(end, Diverges):
        return low.mid(), ball(end).upper().mid()
    step = arb(1)
    high = (low + step).mid()
    for count in range(DOUBLINGS):
        if reaches(law, high, level) is True:
            return low.mid(), high
        step = _longer(step, count)
        high = (low + step).mid()
    raise Undecided(f"the quantile of {law} at {fmpq(0) + level} is out of reach")


def _longer(step: arb, count: int) -> arb:
    """Doubled; squared after a while, which reaches quantiles as far as exp(1/(1 - level))."""
    return step * 2 if count < 64 else step * step
