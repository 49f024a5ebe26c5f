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
from math import inf, log2

from flint import acb, arb, ctx, fmpq

from verify.enclosure import Undecided, working_precision

#: Several functions at a point of the line.
Values = Callable[[arb], Sequence[arb]]
#: Upper bounds of the sizes of the same functions on a box; NaN where they may not be analytic.
Sizes = Callable[[acb], Sequence[arb]]

#: Numbers of points of a panel; those above the first number and a share of the precision are not
#: used, for it is better cut then.
POINTS = (*range(2, 9), *range(10, 25, 2), 27, 30, 34, 38, 43, 48, 56, 64, 76, 90, 108, 128, 152)
FEW_POINTS, PER_BIT = 16, fmpq(1, 3)
#: The ellipse that is tried first; the one that saves points where it takes many; the last one.
ELLIPSE, WIDER, NARROWER = 3.0, 6.0, 1.9
MANY_POINTS = 10
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
    plan = _plan(sizes, middle, half.upper(), tolerances)
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
    """The fewest points that an ellipse proves enough, and the errors they may make.

    No points where the integrals are within the tolerances of 0; None where none are enough.
    """

    def on(rho: float) -> tuple[int, list[arb]] | None:
        long, short = (rho + 1 / rho) / 2, (rho - 1 / rho) / 2
        box = acb(middle + arb(0, radius * long), arb(0, radius * short))
        return _points(sizes(box), rho, radius, tolerances)

    plan = on(ELLIPSE)
    if plan is None:
        whole = [(2 * radius * size).upper() for size in sizes(acb(middle + arb(0, radius)))]
        if all(part <= goal for part, goal in zip(whole, tolerances, strict=True)):
            return 0, whole
        return on(NARROWER)
    if plan[0] > MANY_POINTS:
        wider = on(WIDER)
        if wider is not None and wider[0] < plan[0]:
            return wider
    return plan


def _points(
    largest: Sequence[arb], rho: float, radius: arb, tolerances: Sequence[arb]
) -> tuple[int, list[arb]] | None:
    """The fewest points that sizes on the ellipse for ``rho`` prove enough, and their errors."""
    if not all(size.is_finite() for size in largest):
        return None
    whole = [(2 * radius * size).upper() for size in largest]
    if all(part <= goal for part, goal in zip(whole, tolerances, strict=True)):
        return 0, whole
    factor = radius * 64 / (15 * (1 - arb(rho) ** -2))
    errors = [(factor * size).upper() for size in largest]
    pairs = zip(errors, tolerances, strict=True)
    needed = max(_log2(error / goal) for error, goal in pairs) / (2 * log2(rho))
    most = FEW_POINTS + PER_BIT * ctx.prec
    for count in POINTS:
        if needed <= count <= most:
            shrink = arb(rho) ** (-2 * count)
            return count, [(error * shrink).upper() for error in errors]
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
