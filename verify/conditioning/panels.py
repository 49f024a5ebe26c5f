"""Certified integrals of several analytic functions at once, over the same points.

An interval is cut into panels until Gauss-Legendre quadrature with a moderate number n of points
is proved good enough on each. The proof is the classical one: let f be analytic and at most M in
size on the ellipse with foci -1 and 1 and half-axes ``(rho +- 1/rho)/2``. Its Chebyshev
coefficients are at most ``2 M rho^-k`` (Trefethen, Approximation Theory and Approximation
Practice, theorem 8.1), those of order below 2n are integrated exactly, those of odd order to 0 by
both sides, and of the even ones from 2n on both sides make at most ``2 + 2/(4 n^2 - 1)``. So for
n >= 2 the error is at most

    (64/15) M rho^(-2n)/(1 - rho^-2).

Against ``acb.integral`` several integrals share their points, and an integrand that is known
exactly on the line needs only bounds off it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf

from flint import acb, arb, ctx

from verify.enclosure import Undecided, working_precision

#: Several functions at a point of the line.
Values = Callable[[arb], Sequence[arb]]
#: Upper bounds of the sizes of the same functions on a box; NaN where they may not be analytic.
Sizes = Callable[[acb], Sequence[arb]]

#: Numbers of points of a panel.
POINTS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 27, 30, 34, 38, 43, 48)
#: Ellipses that are tried, largest first.
ELLIPSES = (6.0, 3.0, 1.9)
#: Panels, kept or cut, after which we give up.
MOST_PANELS = 3000


def integrate_panels(
    values: Values, sizes: Sizes, low: arb, high: arb, tolerances: Sequence[arb]
) -> list[arb]:
    """Enclose the integrals of several functions over an interval.

    Parameters
    ----------
    values : callable
        The functions at a point of the interval.
    sizes : callable
        Upper bounds of their sizes on a box around a part of the interval.
    low, high : arb
        The ends; a ball stands for a point in it.
    tolerances : sequence of arb
        The error that a panel may make, for each function. What it makes is in the answer.

    Raises
    ------
    Undecided
        After :data:`MOST_PANELS` panels.
    """
    totals = [arb(0) for _ in tolerances]
    waiting = [(low, high)]
    for _ in range(MOST_PANELS):
        if not waiting:
            return totals
        start, end = waiting.pop()
        found = _panel(values, sizes, start, end, tolerances)
        if found is None:
            middle = ((start + end) / 2).mid()
            if not start < middle < end:
                raise Undecided("an integrand has a singularity where none was expected")
            waiting += [(start, middle), (middle, end)]
        else:
            totals = [total + part for total, part in zip(totals, found, strict=True)]
    raise Undecided(f"an integral is not settled with {MOST_PANELS} panels")


def _panel(
    values: Values,
    sizes: Sizes,
    start: arb,
    end: arb,
    tolerances: Sequence[arb],
) -> list[arb] | None:
    """The integrals over a panel; None if it has to be cut."""
    middle, half = (start + end) / 2, (end - start) / 2
    radius = half.upper()
    inside = sizes(acb(middle + arb(0, radius)))
    if not all(size.is_finite() for size in inside):
        return None
    whole = [(2 * radius * size).upper() for size in inside]
    if all(part <= goal for part, goal in zip(whole, tolerances, strict=True)):
        return [arb(0, part) for part in whole]
    plan = _plan(sizes, middle, radius, tolerances)
    if plan is None:
        return None
    count, errors = plan
    totals = [arb(0, error) for error in errors]
    for node, weight in nodes(count, ctx.prec):
        here = values(middle + half * node)
        scaled = weight * half
        totals = [total + scaled * value for total, value in zip(totals, here, strict=True)]
    return totals


def _plan(
    sizes: Sizes, middle: arb, radius: arb, tolerances: Sequence[arb]
) -> tuple[int, list[arb]] | None:
    """The fewest points that an ellipse proves enough, and the errors they may make."""
    for rho in ELLIPSES:
        long, short = (rho + 1 / rho) / 2, (rho - 1 / rho) / 2
        largest = sizes(acb(middle + arb(0, radius * long), arb(0, radius * short)))
        if not all(size.is_finite() for size in largest):
            continue
        factor = radius * 64 / (15 * (1 - arb(rho) ** -2))
        needed = max(
            _log2(factor * size / goal) for size, goal in zip(largest, tolerances, strict=True)
        )
        per_point = _log2(arb(rho) ** 2)
        for count in POINTS:
            if count * per_point >= needed:
                shrink = arb(rho) ** (-2 * count)
                return count, [(factor * size * shrink).upper() for size in largest]
    return None


def _log2(x: arb) -> float:
    return float((x.log() / arb(2).log()).upper()) if x > 0 else -inf


def nodes(count: int, bits: int) -> Sequence[tuple[arb, arb]]:
    """Points and weights of Gauss-Legendre quadrature on [-1, 1], to at least so many bits."""
    return _nodes(count, -(-bits // 64) * 64)


@lru_cache(maxsize=512)
def _nodes(count: int, bits: int) -> tuple[tuple[arb, arb], ...]:
    with working_precision(bits + 8):
        return tuple(arb.legendre_p_root(count, k, weight=True) for k in range(count))
