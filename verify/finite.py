"""Bounded rewards: the finite version of Theorem 1, beside the best that the budget can buy.

For a finite law and any b with ``q = Q(X >= b)``, mass ``p = eps/log(1/q)`` on ``{X >= b}`` costs
at most eps and has mean at least ``mu_below + p (b - mu_below)`` (THEORY section 1). The optimum is
the value of the tilt that spends eps.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flint import arb, fmpq

from verify.assertion import ACCURACY
from verify.decimals import decimal_text, outward
from verify.enclosure import (
    Undecided,
    accurate,
    ball_of_decimal,
    escalate,
)
from verify.frontier import frontier_point
from verify.law import Law


def finite_context(law: Law, kl: Decimal) -> dict[str, Any]:
    """For a file of rewards: ``frontier`` (the optimum) and ``finite_bound``; else nothing.

    The bound is None where eps is too small for it: the mass it moves to the top would be less
    than the top has already.
    """
    from verify.laws.empirical_law import Empirical

    if not isinstance(law, Empirical):
        return {}
    point = frontier_point(law, kl)
    if not isinstance(point.lower, arb) or not isinstance(point.upper, arb):
        raise Undecided(f"the frontier of {law}: {point.because}")
    context: dict[str, Any] = {
        "frontier": [outward(point.lower)[0], outward(point.upper)[1]],
        "finite_bound": None,
    }
    threshold = best_threshold(law, float(kl))
    if threshold is not None:
        bound = escalate(
            lambda: finite_bound(law, threshold, kl),
            lambda x: accurate(x, ACCURACY),
            "the finite bound",
        )
        context["finite_bound"] = {
            "threshold": decimal_text(threshold),
            "mean": list(outward(bound)),
        }
    return context


def best_threshold(law: Law, kl: float) -> fmpq | None:
    """The reward b whose finite bound is largest (a float64 search; any b gives a valid bound)."""
    import numpy as np

    values, counts = law.values, law.counts  # type: ignore[attr-defined]
    above = np.cumsum(counts[::-1])[::-1] / counts.sum()
    below = np.concatenate([[0.0], np.cumsum(counts * values)[:-1]])
    number_below = np.concatenate([[0.0], np.cumsum(counts)[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        mass = np.minimum(kl / -np.log(above), 1.0)
        mean_below = below / number_below
        bound = mean_below + mass * (values - mean_below)
    usable = (number_below > 0) & (mass >= above)
    if not usable.any():
        return None
    best = int(np.argmax(np.where(usable, bound, -np.inf)))
    return arb(float(values[best])).fmpq()


def finite_bound(law: Law, threshold: fmpq, kl: Decimal) -> arb:
    """``mu_below + p (b - mu_below)`` with ``p = eps/log(1/q)``, at the working precision."""
    log_q = law.log_survival(threshold, closed=True)
    mass = ball_of_decimal(kl) / -log_q
    mass = arb(1) if mass >= 1 else mass
    at_or_above = law.upper_mean(threshold) + threshold * law.mass_at(threshold)  # type: ignore[operator]
    below = (law.mean() - at_or_above) / (1 - log_q.exp())  # type: ignore[operator]
    return below + mass * (threshold - below)
