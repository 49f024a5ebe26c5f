"""Search for a threshold reweighting: a point t, then the largest mass the KL budget allows.

The search moves in ``u = log(t - mean)``, so it is the same for ``X`` and ``a + bX``. A first pass
takes steps that grow, so that the ``t = exp(c/eps)`` of barely heavy tails is a few dozen steps
away. A tail that is heavy along a sequence only could slip through those steps; a second pass
therefore takes even ones. On an even grid of u, that is a geometric one of t, every heavy law with
a finite mean has points at which KL eps buys any mean (claim ``t1.search``), so that pass would
end on every heavy law if it were not for its cap.

It is written for any arithmetic with ``exp``, ``log``, ``log1p`` and comparisons, and is only a
search: what it proposes is proved, or not, by :mod:`verify.construction`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

#: First step in u, the factor by which steps grow, and how far the first pass goes.
FIRST_STEP = 0.5
STEP_GROWTH = 1.3
LARGEST_LOG = 10**10
#: Even steps of the second pass: up to ``log t = 1000``.
EVEN_STEPS = 2000

#: Bisections that bring t back towards the smallest that works: 2^-5 of the last step.
REFINEMENTS = 5


class Tails(Protocol):
    """What the search asks a law, in some arithmetic (``Any`` stands for its numbers)."""

    def exp(self, x: Any) -> Any: ...
    def log(self, x: Any) -> Any: ...
    def log1p(self, x: Any) -> Any: ...
    def settle(self, x: Any) -> Any:
        """A number without accumulated error bounds (a ball's midpoint)."""

    def number(self, value: float) -> Any: ...
    def mean(self) -> Any: ...
    def log_survival(self, t: Any) -> Any: ...
    def tail_mean(self, t: Any) -> Any: ...


def best_mass(tails: Tails, log_q: Any, budget: Any) -> Any:
    """The mass p >= q with ``kl(p, q) = budget``; 1 where even that costs less.

    ``kl(., q)`` is convex and increasing on [q, 1], so Newton's method from any side ends on a
    monotone descent to the root.
    """
    q = tails.exp(log_q)
    if -log_q < budget:
        return tails.number(1.0)
    log_not_q = tails.log1p(-q)
    p = tails.settle(q + (1 - q) * budget / (budget - log_q))
    for _ in range(60):
        odds_gap = tails.log(p) - log_q - tails.log1p(-p) + log_not_q
        if not odds_gap > 0:
            return p
        kl = p * (tails.log(p) - log_q) + (1 - p) * (tails.log1p(-p) - log_not_q)
        step = tails.settle((budget - kl) / odds_gap)
        longest = (1 - p) / 2  # Newton from the left may overshoot 1
        p = tails.settle(p + (step if step < longest else longest))
        if abs(step) < p * 1e-9 and abs(step) < (1 - p) * 1e-9:
            break
    return p


def reachable_mean(tails: Tails, t: Any, budget: Any) -> tuple[Any, Any]:
    """The mean that the budget buys at threshold t, and the mass that buys it."""
    log_q = tails.log_survival(t)
    q = tails.exp(log_q)
    p = best_mass(tails, log_q, budget)
    above, mean = tails.tail_mean(t), tails.mean()
    return mean + (p - q) * (above - mean) / (1 - q), p


def candidates(tails: Tails, target: Any, budget: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Promising ``(gap, t, p)`` with ``t = mean + gap``, the smallest t first.

    Every proposal reaches the target in this arithmetic; after the first, later ones lie further
    out, for a caller who could not prove the earlier ones.
    """
    mean = tails.mean()

    def attempt(u: Any) -> tuple[Any, Any, Any] | None:
        gap = tails.exp(u)
        t = tails.settle(mean + gap)
        reached, p = reachable_mean(tails, t, budget)
        return (gap, t, p) if reached > target else None

    previous = start = tails.settle(tails.log(target - mean))
    for u in _places(start, tails):
        found = attempt(u)
        if found is not None:
            yield _refined(attempt, previous, u, found, tails)
        previous = u


def _places(start: Any, tails: Tails) -> Iterator[Any]:
    """Where to look: steps that grow, then even ones."""
    u, step = start, tails.number(FIRST_STEP)
    while u < LARGEST_LOG:
        yield u
        u, step = tails.settle(u + step), step * STEP_GROWTH
    for index in range(EVEN_STEPS):
        yield tails.settle(start + tails.number(FIRST_STEP) * index)


def _refined(
    attempt: Callable[[Any], tuple[Any, Any, Any] | None],
    low: Any,
    high: Any,
    found: tuple[Any, Any, Any],
    tails: Tails,
) -> tuple[Any, Any, Any]:
    """The smallest successful point that a few bisections find between a failure and a success."""
    if not high > low:
        return found
    for _ in range(REFINEMENTS):
        middle = tails.settle((low + high) / 2)
        better = attempt(middle)
        if better is None:
            low = middle
        else:
            high, found = middle, better
    return found
