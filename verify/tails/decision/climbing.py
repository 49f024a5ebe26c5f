"""The maximum of a likelihood in two parameters, by Newton steps that only go up."""

from __future__ import annotations

import math
from collections.abc import Callable

Point = tuple[float, float]
#: The gradient (2 numbers), and of the Hessian the first, the mixed and the last number.
Slopes = tuple[float, float, float, float, float]

#: A step that promises less than this in the log-likelihood ends the climb: it would move a signed
#: root of 2 by less than a millionth.
ENOUGH = 1e-6
#: No parameter moves further than this in one step; both are logarithms or shapes.
LONGEST = 2.0
MOST_STEPS, MOST_HALVINGS = 80, 40


def climb(
    value: Callable[[Point], float],
    slopes: Callable[[Point], Slopes],
    start: Point,
    free: tuple[bool, bool] = (True, True),
) -> tuple[Point, float]:
    """The parameters at the top, and the value there.

    Parameters
    ----------
    value : callable
        The log-likelihood; ``-inf`` where the parameters are not allowed.
    slopes : callable
        Its gradient and Hessian.
    start : pair of floats
        Where it is finite.
    free : pair of bools, optional
        Which parameters may move.
    """
    at, best = start, value(start)
    for _ in range(MOST_STEPS):
        found = slopes(at)
        step = _uphill(found, free)
        if not found[0] * step[0] + found[1] * step[1] > ENOUGH:
            break
        shorter = min(1.0, LONGEST / max(abs(step[0]), abs(step[1])))
        there, reached = _as_far_as_it_rises(value, at, step, shorter, best)
        if not reached > best:
            break
        at, best = there, reached
    return at, best


def _uphill(slopes: Slopes, free: tuple[bool, bool]) -> Point:
    """Newton's step; where the surface is not a hill, each parameter goes up by itself."""
    first, last, bend, cross, end = slopes
    determinant = bend * end - cross**2
    if all(free) and bend < 0 < determinant:
        return (cross * last - end * first) / determinant, (
            cross * first - bend * last
        ) / determinant
    alone = (_one_way(first, bend), _one_way(last, end))
    return (alone[0] if free[0] else 0.0), (alone[1] if free[1] else 0.0)


def _one_way(slope: float, bend: float) -> float:
    return slope / abs(bend) if bend else math.copysign(LONGEST, slope)


def _as_far_as_it_rises(
    value: Callable[[Point], float], at: Point, step: Point, length: float, best: float
) -> tuple[Point, float]:
    """The step, halved until the value is higher; where it started if that never is so."""
    for _ in range(MOST_HALVINGS):
        there = (at[0] + length * step[0], at[1] + length * step[1])
        reached = value(there)
        if reached > best:
            return there, reached
        length /= 2
    return at, best


def standard_error(own: float, other: float, cross: float) -> float:
    """Of one of two parameters, from the Hessian at the top; infinite where it is flat there."""
    determinant = own * other - cross**2
    return math.sqrt(-other / determinant) if other < 0 < determinant else math.inf
