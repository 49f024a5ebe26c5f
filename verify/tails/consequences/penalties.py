"""Which penalties hold the tail that the verdict sees, and what each budget buys of the sample.

Whether a penalty bounds the mean depends on one moment of the upper tail
(:mod:`verify.penalties.holding`). The verdict allows a range of tails; a law of each end of the
range stands in for it, and where the two differ the answer is that the sample does not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isnan, log
from typing import Any, Literal

from flint import fmpq

from verify.divergence import Divergence, parse_divergence
from verify.law import Law
from verify.penalties import Holding, holds, least_power_order
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.best_mean import best_mean
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.verdict import Verdict

#: The penalties that are answered unless others are asked for, by their tokens.
PENALTIES = (
    "kl",
    "power:3/2",
    "chi2",
    "renyi:2",
    "power:4",
    "odds",
    "tv",
    "hellinger",
    "js",
    "reverse_kl",
)
#: A penalty that charges a bounded price for a unit of mass has only budgets below that price.
BOUNDED_BUDGETS = {"tv": 1.0, "hellinger": 1.0, "js": log(2)}
#: Indices are given to laws as fractions of this.
PARTS = 10**6
#: Of tails with a finite mean, the heaviest: an index of hardly more than 1.
LARGEST_SHAPE = 1 - 1e-5
#: From this index on a power tail is not told from one of which every moment is finite.
LARGEST_INDEX = 10**4

Held = Literal["yes", "no", "cannot tell"]


@dataclass(frozen=True)
class Penalty:
    """One penalty: whether it holds the tail, and what budgets under it buy of the sample.

    Attributes
    ----------
    token : str
        As :func:`verify.divergence.parse_divergence` takes it.
    holds : {'yes', 'no', 'cannot tell'}
        Whether the best mean within a budget is finite, for all tails that the verdict allows.
    because : str
        Why.
    points : tuple of (float, Answer)
        Budgets, in the units of the penalty, and the best mean of the sample within each.
    """

    token: str
    holds: Held
    because: str
    points: tuple[tuple[float, Answer], ...]

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "penalty": self.token,
            "holds": self.holds,
            "because": self.because,
            "points": [
                {"budget": number(budget), "best_mean": answer.as_json()}
                for budget, answer in self.points
            ],
        }


@dataclass(frozen=True)
class Penalties:
    """All penalties, and the least that holds.

    Attributes
    ----------
    penalties : tuple of Penalty
        In the order asked for.
    least_order : Answer
        The order beyond which power divergences (Renyi's too) hold the tail; 1 where KL does. Its
        upper end is safe: every order above it holds every tail of the interval.
    """

    penalties: tuple[Penalty, ...]
    least_order: Answer

    @property
    def safe(self) -> tuple[str, ...]:
        """The tokens of those that hold every tail that the verdict allows."""
        return tuple(penalty.token for penalty in self.penalties if penalty.holds == "yes")

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "safe_penalties": list(self.safe),
            "least_order": self.least_order.as_json(),
            "penalties": [penalty.as_json() for penalty in self.penalties],
        }


def penalties_of(
    cells: CellLaw,
    verdict: Verdict,
    budgets: Iterable[float],
    tokens: Iterable[str] = PENALTIES,
) -> Penalties:
    """What budgets under each penalty buy of the sample, and whether the penalty holds its tail.

    Parameters
    ----------
    cells : CellLaw
        The sample.
    verdict : Verdict
        The decision about its upper tail.
    budgets : iterable of float
        Positive; those that a penalty cannot reach are left out for it.
    tokens : iterable of str
        The penalties.

    Raises
    ------
    InputError
        For a token that is not known.
    """
    tails = _tails(verdict)
    chosen = tuple(budgets)
    return Penalties(
        tuple(_penalty(cells, token, chosen, tails) for token in tokens), _least_order(verdict)
    )


@dataclass(frozen=True)
class _Tails:
    """Laws with the lightest and the heaviest tail that a verdict allows, and how to call them."""

    lightest: Law
    heaviest: Law
    called: str


def _tails(verdict: Verdict) -> _Tails:
    if verdict.kind == "bounded":
        return _alike("uniform()", "the rewards have a largest value")
    if verdict.kind == "light":
        return _alike("exponential()", "the tail is light, and without an end")
    if verdict.kind == "heavy" and verdict.family == "subexponential":
        return _alike("lognormal()", "the tail is heavy, and lighter than every power")
    low, high = verdict.shape.low, verdict.shape.high
    if isnan(verdict.shape.value):
        return _unknown_index(verdict)
    if verdict.kind == "heavy" and not high > 1 / LARGEST_INDEX:
        return _alike("lognormal()", "the tail is heavy, and its index that of no power law")
    index = f"index from {1 / high if high > 0 else inf:.3g}"
    index += f" to {1 / low:.3g}" if low > 0 else " up"
    if verdict.kind == "heavy" and verdict.family == "power law":
        return _Tails(_power_law(low), _power_law(high), f"a power law with an {index}")
    if verdict.kind == "heavy":
        return _Tails(
            Law.parse("lognormal()"),
            _power_law(high),
            f"a heavy tail, at most a power law, {index}",
        )
    lightest = Law.parse("uniform()" if low < 0 else "exponential()")
    called = "the sample does not tell what tail this is"
    return _Tails(lightest, _power_law(high), f"{called}; at most a power law, {index}")


def _unknown_index(verdict: Verdict) -> _Tails:
    """Any tail, if its mean is finite: with an infinite one no penalty holds it, nor need any."""
    lightest = "lognormal()" if verdict.kind == "heavy" else "uniform()"
    called = "no shape of the tail could be estimated; if the mean of the rewards is finite"
    return _Tails(Law.parse(lightest), _power_law(LARGEST_SHAPE), called)


def _alike(text: str, called: str) -> _Tails:
    law = Law.parse(text)
    return _Tails(law, law, called)


def _power_law(shape: float) -> Law:
    """A tail of index 1/shape; at shape 0 and below one that is heavy, with all moments."""
    if not shape > 1 / LARGEST_INDEX:
        return Law.parse("lognormal()")
    index = fmpq(max(1, round(PARTS / shape)), PARTS)
    return Law.parse(f"pareto({index.p}/{index.q})")


def _penalty(cells: CellLaw, token: str, budgets: tuple[float, ...], tails: _Tails) -> Penalty:
    divergence = parse_divergence(token)
    below = BOUNDED_BUDGETS.get(divergence.token, inf)
    points = tuple(
        (budget, _best(cells, divergence, budget)) for budget in budgets if budget < below
    )
    held, because = _held(tails, divergence)
    return Penalty(divergence.token, held, because, points)


def _best(cells: CellLaw, divergence: Divergence, budget: float) -> Answer:
    found = best_mean(cells, divergence, budget)
    because = "the best reweighting of the sample within the budget, and its dual bound"
    if found.at_top:
        because = "the budget buys the largest reward of the sample, so the data end here"
    return Answer(found.middle, found.lower, found.upper, "exact for these rewards", because)


def _held(tails: _Tails, divergence: Divergence) -> tuple[Held, str]:
    """Whether both ends of the range are held; if the heaviest is, so is what lies between."""
    heaviest = holds(tails.heaviest, divergence)
    if heaviest.answer == "yes":
        return "yes", f"{tails.called}: {_moment(heaviest)}"
    lightest = holds(tails.lightest, divergence)
    if lightest.answer == "no":
        return "no", f"{tails.called}: {_moment(lightest)}"
    return "cannot tell", f"{tails.called}: some of these tails are held, others are not"


def _moment(held: Holding) -> str:
    """What is said of the tail's moment, without what is said of the law that stands in."""
    return held.because.partition(": ")[0]


def _least_order(verdict: Verdict) -> Answer:
    """``a/(a - 1)`` of the index a, at the value and both ends of the shape's interval."""
    if verdict.kind in ("bounded", "light"):
        because = "KL holds this tail, and so does every power divergence of order above 1"
        return Answer(1.0, 1.0, 1.0, "verdict", because)
    if verdict.family == "subexponential":
        because = "every order above 1 holds a tail that is lighter than every power; KL does not"
        return Answer(1.0, 1.0, 1.0, "verdict", because)
    low, high = _order_for(verdict.shape.low), _order_for(verdict.shape.high)
    if isnan(verdict.shape.value):
        return Answer(None, low, high, "fitted tail", "no shape of the tail could be estimated")
    value = _order_for(verdict.shape.value)
    because = (
        "orders above a/(a - 1) hold a power tail of index a; the interval is that of the index"
    )
    return Answer(value, low, high, "fitted tail", because)


def _order_for(shape: float) -> float:
    """The order beyond which every power divergence holds a tail of this shape."""
    if shape <= 1 / LARGEST_INDEX:
        return 1.0
    order = least_power_order(fmpq(max(1, round(PARTS / shape)), PARTS))
    return inf if order is None else float(order.p) / float(order.q)
