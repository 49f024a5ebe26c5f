"""The tilt that spends a KL cap, as decimals on either side of it."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log

from flint import arb, fmpq

from verify.enclosure import Undecided, ball, working_precision
from verify.tilt_search import COARSE, Sloped, TiltPath, approach, crossing

#: Precisions of the search, of which the second is for tilts without end: l K' and K all but cancel
#: at huge ones. From a coordinate of FAR on few bits do not do for an estimate.
SEARCH_BITS, FAR_BITS, FAR = 64, 256, 12
#: Precisions at which the tilt is then polished.
PRECISIONS = (112, 224, 448)
#: From this precision on the search brackets the tilt, this closely in the coordinate.
BRACKET_BITS, FINEST = 448, 1e-40
#: Newton steps from 1e-4, and the last one: the next would be its square, below 24 digits.
STEPS, SHORT = 5, arb("1e-13")
#: Decimal digits of a tilt, and of its distance from a finite rate.
DIGITS = 24
LOG_TEN = log(10)


def tilts_around(path: TiltPath, cap: fmpq, kl: Callable[[fmpq], arb]) -> tuple[fmpq, fmpq, fmpq]:
    """Decimals ``low < middle < high``, a unit apart, with ``D(low) <= cap <= D(high)``.

    D increases, so the tilt that spends the cap lies between them.

    Parameters
    ----------
    path : TiltPath
        The tilts, for the search.
    cap : fmpq
        The KL to spend, above 0.
    kl : callable
        D at an exact tilt, enclosed; what is found is checked by it.

    Raises
    ------
    Undecided
        If no tilt was found that spends the cap.
    """
    y = _about(path, cap)
    for bits in PRECISIONS:
        with working_precision(bits):
            if bits >= BRACKET_BITS:
                # Newton's steps are no good where D is nearly flat: next to the price of the top.
                y, _ = crossing(path.kl, ball(cap).mid(), FINEST)
            y = _polished(path, ball(cap).mid(), y)
            low, middle, high = decimals_around(path, y)
            if kl(low) <= cap and kl(high) >= cap:
                return low, middle, high
    raise Undecided("no tilt was found that spends the cap")


def _about(path: TiltPath, cap: fmpq) -> arb:
    """A coordinate next to the one at which the tilt spends the cap."""

    def spent(y: arb) -> Sloped:
        return path.kl(y) if y > FAR else path.kl_estimate(y)

    for bits in (SEARCH_BITS,) if path.ends else (SEARCH_BITS, FAR_BITS):
        with working_precision(bits):
            y, reached = approach(spent, ball(cap).mid(), COARSE)
            if reached:
                return y
    raise Undecided("no tilt was found that spends the cap")


def _polished(path: TiltPath, goal: arb, y: arb) -> arb:
    """Newton steps in ``log D`` from y."""
    for _ in range(STEPS):
        found = path.kl(y)
        if found is None:
            return y
        value, slope = found
        step = (goal / value).log() * value / slope
        if not abs(step) < 1:  # also where it is not a number
            return y
        y = (y + step).mid()
        if abs(step) < SHORT:
            return y
    return y


def decimals_around(path: TiltPath, y: arb) -> tuple[fmpq, fmpq, fmpq]:
    """The nearest decimal to the tilt at y, and its neighbours on either side."""
    tilt, digits = path.tilt(y), DIGITS
    if path.ends and y > 0:
        digits += int(float(y) / LOG_TEN) + 1
    unit = 1 / fmpq(10) ** (digits - 1 - floor(float(tilt.log()) / LOG_TEN))
    middle = fmpq((tilt.fmpq() / unit + fmpq(1, 2)).floor()) * unit
    return middle - unit, middle, middle + unit
