"""Integrals of a density by the trapezoidal rule in mpmath: the second route to a law's numbers.

Nothing is shared with the ball route but the density, which scipy checks. An interval from ``t`` to
an end of the support is mapped to the line by ``x = t + exp(s)``, or by a logistic map where the
end is finite. The integrand is analytic near the line and falls off at both ends, where the
trapezoidal rule converges geometrically: each halving of the step squares the error. So the
difference of the last two sums, which is what we return as the error, is far above the true one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
from flint import arb, fmpq
from mpmath import mp

from verify.arithmetic import mpmath_arithmetic
from verify.continuous import ContinuousLaw
from verify.enclosure import Diverges, ball

#: Digits that integrals aim at, and digits that numbers are computed with: ``x = t + exp(s)`` must
#: keep exp(s) down to where a density like x^(-1/2) has no mass left.
AIM = 13
DIGITS = 50

Function = Callable[[Any], Any]


def mp_number(value: fmpq) -> Any:
    """A rational in mpmath."""
    return mp.mpf(int(value.p)) / int(value.q)


def mp_ball(value: arb) -> tuple[Any, Any]:
    """Midpoint and radius of a ball in mpmath."""
    assert value.is_finite(), f"not a finite ball: {value}"
    mantissa, exponent = value.mid().man_exp()
    radius, radius_exponent = value.rad().man_exp()
    return (
        mpmath.ldexp(mp.mpf(int(mantissa)), int(exponent)),
        mpmath.ldexp(mp.mpf(int(radius)), int(radius_exponent)),
    )


def integrals(
    law: ContinuousLaw, pieces: list[tuple[Any, Any]], functions: list[Function]
) -> list[tuple[Any, Any]]:
    """``E[g(X); X in the pieces]`` and an error for each g."""
    with mp.workdps(DIGITS):
        sums = [_integrals(law, low, high, functions) for low, high in pieces]
        return [
            (sum(part[0] for part in parts), sum(part[1] for part in parts))
            for parts in zip(*sums, strict=True)
        ]


def pieces(law: ContinuousLaw, low: Any, high: Any, breaks: tuple[fmpq, ...]) -> list[Any]:
    """The interval (None: to the end of the support) cut at the breaks, or at 0 on a line."""
    start, end = law.support
    left = low if low is not None else start
    right = high if high is not None else end
    # Seen from far away, the bulk of a law on the line would be a spike.
    on_line = isinstance(start, Diverges) and isinstance(end, Diverges)
    cuts = [fmpq(0)] if on_line and not breaks else list(breaks)
    inside = [
        cut
        for cut in cuts
        if (isinstance(left, Diverges) or cut > left)
        and (isinstance(right, Diverges) or cut < right)
    ]
    edges = [left, *inside, right]
    return list(pairwise(edges))


def _integrals(
    law: ContinuousLaw, low: Any, high: Any, functions: list[Function]
) -> list[tuple[Any, Any]]:
    place = _map(low, high, law.name)  # type: ignore[attr-defined]
    arithmetic = mpmath_arithmetic()
    cache: dict[Any, list[Any]] = {}

    def terms(index: int, level: int) -> list[Any]:
        s = mp.mpf(index) / 2**level
        if s not in cache:
            x, slope = place(s)
            weight = mp.exp(law.log_density(x, arithmetic)) * slope
            cache[s] = [weight * g(x) for g in functions]
        return cache[s]

    peak = _peak(lambda index: max(abs(v) for v in terms(index, 0)))
    previous, _ = _sums(terms, peak, 1)
    for level in range(2, 9):
        current, sizes = _sums(terms, peak, level)
        errors = [abs(a - b) for a, b in zip(current, previous, strict=True)]
        if all(e <= mp.mpf(10) ** -AIM * c for e, c in zip(errors, sizes, strict=True)):
            # Terms that were left out are as small as this.
            errors = [e + c * mp.mpf(10) ** -AIM for e, c in zip(errors, sizes, strict=True)]
            return list(zip(current, errors, strict=True))
        previous = current
    raise AssertionError(f"the trapezoidal rule has not converged for {law} on {low}, {high}")


def _peak(size: Callable[[int], Any]) -> int:
    """Where on the integers the integrand is largest."""
    best, largest = 0, size(0)
    for step in (1, -1):
        for index in range(step, 40 * step, step):
            value = size(index)
            if value > largest:
                best, largest = index, value
            elif value < largest * mp.mpf(10) ** -60:
                break  # further out a density like exp(-exp(x)) would take forever
    return best


def _sums(
    terms: Callable[[int, int], list[Any]], peak: int, level: int
) -> tuple[list[Any], list[Any]]:
    """Sums of terms, and of their sizes, outward from the peak until they stay negligible."""
    negligible = mp.mpf(10) ** -(AIM + 3)
    start = peak * 2**level
    total = list(terms(start, level))
    size = [abs(value) for value in total]
    largest = list(size)
    for step in (1, -1):
        index, quiet = start, 0
        while quiet < 2**level:
            index += step
            values = terms(index, level)
            sizes = [abs(value) for value in values]
            total = [a + b for a, b in zip(total, values, strict=True)]
            size = [a + b for a, b in zip(size, sizes, strict=True)]
            largest = [max(a, b) for a, b in zip(largest, sizes, strict=True)]
            is_quiet = all(a <= negligible * b for a, b in zip(sizes, largest, strict=True))
            quiet = quiet + 1 if is_quiet else 0
    return [value / 2**level for value in total], [value / 2**level for value in size]


def _map(low: Any, high: Any, name: str) -> Callable[[Any], tuple[Any, Any]]:
    """``s -> (x, dx/ds)`` from the line onto the interval."""

    def number(end: Any) -> Any:
        return mp_number(end) if isinstance(end, fmpq) else mp_ball(ball(end))[0]

    def half_line(s: Any) -> tuple[Any, Any]:
        distance = mp.exp(s)
        return anchor + side * distance, distance

    def interval(s: Any) -> tuple[Any, Any]:
        up, down = 1 / (1 + mp.exp(-s)), 1 / (1 + mp.exp(s))
        return start + length * up, length * up * down

    if isinstance(low, Diverges) or isinstance(high, Diverges):
        anchor, side = (number(high), -1) if isinstance(low, Diverges) else (number(low), 1)
        plain = half_line
    else:
        start, length = number(low), number(high) - number(low)
        plain = interval
    if name != "log_cauchy":
        return plain

    def doubly(u: Any) -> tuple[Any, Any]:
        # Both ends of the log-Cauchy law fall like 1/s only: put s = sinh(u).
        x, slope = plain(mp.sinh(u))
        return x, slope * mp.cosh(u)

    return doubly
