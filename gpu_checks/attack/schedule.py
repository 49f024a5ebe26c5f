"""How many tokens a candidate of each step changes: many at first, few at the end."""

from __future__ import annotations

from math import exp, log


def geometric(first: int, last: int, steps: int) -> tuple[int, ...]:
    """From ``first`` to ``last`` edits in equal ratios, rounded."""
    if steps == 1:
        return (first,)
    ratio = log(last / first) / (steps - 1)
    return tuple(round(first * exp(ratio * step)) for step in range(steps))


def official(steps: int = 1000) -> tuple[int, ...]:
    """The schedule of the paper's experiments: 9 edits at the first of 1000 steps, 2 at the last.

    Step i has ``2 + floor(floor((100000/(i + 1))^0.3)/4)`` edits. In whole numbers: the inner
    floor is the largest k with ``k^10 (i + 1)^3 <= 10^15``.
    """
    return tuple(2 + _inner_floor(step + 1) // 4 for step in range(steps))


def _inner_floor(place: int) -> int:
    k = 0
    while (k + 1) ** 10 * place**3 <= 10**15:
        k += 1
    return k
