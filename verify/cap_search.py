"""The tilt that spends a KL cap, as decimals on either side of it."""

from __future__ import annotations

from math import floor, log

from flint import arb, fmpq

from verify.enclosure import Undecided, ball, working_precision
from verify.tilt_search import COARSE, TiltPath, approach, crossing

#: Precision of the first search, and those at which the tilt is then enclosed.
SEARCH_BITS, PRECISIONS = 64, (112, 224, 448, 896)
#: From this precision on the search brackets the tilt, this closely in the coordinate.
BRACKET_BITS, FINEST = 448, 1e-40
#: Newton steps: three take 1e-4 below the digits of a tilt; and the last one, in the coordinate.
STEPS, SHORT = 5, arb("1e-26")
#: Decimal digits of a tilt, and of its distance from a finite rate.
DIGITS = 24
LOG_TEN = log(10)


def tilts_around(path: TiltPath, cap: fmpq) -> tuple[fmpq, fmpq, fmpq]:
    """Decimals ``low < middle < high``, a unit apart, with ``D(low) <= cap <= D(high)``.

    D increases, so the tilt that spends the cap lies between them.

    Parameters
    ----------
    path : TiltPath
        The tilts.
    cap : fmpq
        The KL to spend, above 0.

    Raises
    ------
    Undecided
        If no tilt was found that spends it.
    """
    goal = ball(cap).mid()
    with working_precision(SEARCH_BITS):
        y, reached = approach(path.kl_estimate, goal, COARSE)
    for bits in PRECISIONS if reached else ():
        with working_precision(bits):
            if bits >= BRACKET_BITS:
                # Newton's steps are no good where D is nearly flat: next to the price of the top.
                y, _ = crossing(path.kl, ball(cap).mid(), FINEST)
            y = _polished(path, ball(cap).mid(), y)
            low, middle, high = decimals_around(path, y)
            if _spends(path, low) <= cap and _spends(path, high) >= cap:
                return low, middle, high
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


def _spends(path: TiltPath, tilt: fmpq) -> arb:
    """``D(l)``; a ball that compares with nothing where it cannot be had."""
    try:
        log_mgf, mean, _ = path.law.cumulants(tilt)
    except Undecided:
        return arb.nan()
    return tilt * mean - log_mgf
