"""What the theory says that the best of n comes to, without looking at large n.

Each prediction is made from the base policy's answers alone, and holds where its hypothesis does:

*normal*: gold and proxy jointly normal. The gold score rises by
``cov(gold, proxy)/sd(proxy) E max(Z_1, ..., Z_n)`` (section 11 of the theory's notes: it never
bends down).

*independent error*: the proxy is ``b gold + error`` with the error independent of the gold score,
b by least squares (1 where an error was planted). Errors are dealt out anew among the answers to
each prompt, and the best of n is taken as before.

*limit*: the one law (section 7). With an independent error of decay rate g the gold score goes to
its mean under the tilt ``exp(g b gold)``: to where it began for a heavy error (g = 0), to the
largest gold score for one that is lighter than exponential (g = oo).

*Gao's form*: ``d (alpha - beta d)``, d = sqrt KL, fitted to the smaller half of the n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from gpu_checks.best_of_n.answers import ScoredAnswers
from gpu_checks.best_of_n.outcome import Outcome, mean_gold
from verify.enclosure import Diverges, ball
from verify.law import Law
from verify.tails.decision import decide
from verify.tails.upper_tail import UpperTail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: How often errors are dealt out anew. What is left of chance is a quarter of that in the answers.
DEALS = 16
#: The share of the errors that a verdict about their tail looks at.
KEPT = 0.25
#: Answers from which on the tail of the errors is looked at: fewer decide nothing.
FEWEST_ERRORS = 200
#: n that a form is fitted to at least; it has three parameters.
FEWEST_POINTS = 5


@dataclass(frozen=True)
class Prediction:
    """What is foretold for each n.

    Attributes
    ----------
    name : str
        Which hypothesis it rests on.
    values : tuple of float or None
        The gold score for each n in turn; None where nothing is foretold, as a limit is for the
        last n alone and a form for the n it was not fitted to.
    because : str
        One sentence: what it was made from.
    """

    name: str
    values: tuple[float | None, ...]
    because: str


def predictions(
    answers: ScoredAnswers, found: Sequence[Outcome], error: Law | None, seed: int
) -> list[Prediction]:
    """All predictions that these answers allow.

    Parameters
    ----------
    answers : ScoredAnswers
        Of the base policy.
    found : sequence of Outcome
        What came out: the sizes and their KL, and for Gao's form the gold scores of small n.
    error : Law or None
        The law of the error, where it was planted.
    seed : int
        Of the deals.
    """
    sizes = [outcome.n for outcome in found]
    slope = 1.0 if error is not None else slope_of(answers)
    each = [_normal(answers, sizes), _independent(answers, sizes, slope, seed)]
    limit = _limit(answers, sizes, slope, error)
    form = _gao(found)
    return [*each, *(other for other in (limit, form) if other is not None)]


def slope_of(answers: ScoredAnswers) -> float:
    """The b of ``proxy = b gold + error`` by least squares, within prompts."""
    gold, proxy = _within(answers)
    squares = float(gold @ gold)
    return float(gold @ proxy) / squares if squares > 0 else 0.0


def _within(answers: ScoredAnswers) -> tuple[Floats, Floats]:
    """Gold and proxy scores less their means over each prompt's answers."""
    gold, proxy = answers.gold.copy(), answers.proxy.copy()
    for rows in answers.groups():
        gold[rows] -= gold[rows].mean()
        proxy[rows] -= proxy[rows].mean()
    return gold, proxy


def _normal(answers: ScoredAnswers, sizes: Sequence[int]) -> Prediction:
    import numpy as np

    from verify.joint.normal_maximum import mean_of_largest

    starts, gains = [], []
    for rows in answers.groups():
        gold, proxy = answers.gold[rows], answers.proxy[rows]
        spread = float(proxy.std())
        away = gold - gold.mean()
        starts.append(float(gold.mean()))
        gains.append(float(away @ proxy) / len(rows) / spread if spread > 0 else 0.0)
    start, gain = float(np.mean(starts)), float(np.mean(gains))
    values = tuple(start + gain * float(mean_of_largest(n).mid()) for n in sizes)
    return Prediction("normal", values, f"a gain of {gain:.3g} for each unit of E max of n normals")


def _independent(
    answers: ScoredAnswers, sizes: Sequence[int], slope: float, seed: int
) -> Prediction:
    import numpy as np

    rng = np.random.default_rng(seed)
    errors = answers.proxy - slope * answers.gold
    totals = np.zeros(len(sizes))
    for _ in range(DEALS):
        dealt = errors.copy()
        for rows in answers.groups():
            dealt[rows] = errors[rng.permutation(rows)]
        anew = replace(answers, proxy=slope * answers.gold + dealt)
        totals += [mean_gold(anew, n) for n in sizes]
    because = f"proxy = {slope:.3g} gold + error, errors dealt out anew {DEALS} times"
    return Prediction("independent error", tuple(float(each) for each in totals / DEALS), because)


def _limit(
    answers: ScoredAnswers, sizes: Sequence[int], slope: float, error: Law | None
) -> Prediction | None:
    """The gold score as n grows; None where the tail of the error is not known well enough."""
    import numpy as np

    rate, because = _rate(answers, slope, error)
    if rate is None:
        return None
    limits = []
    for rows in answers.groups():
        gold = answers.gold[rows]
        if rate == inf or slope <= 0:
            limits.append(float(gold.max() if slope > 0 else gold.mean()))
            continue
        tilted = rate * slope * gold
        weights = np.exp(tilted - tilted.max())
        limits.append(float(weights @ gold / weights.sum()))
    before = (None,) * (len(sizes) - 1)
    return Prediction("limit", (*before, float(np.mean(limits))), because)


def _rate(answers: ScoredAnswers, slope: float, error: Law | None) -> tuple[float | None, str]:
    """The decay rate of the error, and how it is known; None where it is not."""
    if error is not None:
        if not isinstance(error.support[1], Diverges):
            return inf, "the planted error is bounded"
        found = error.decay_rate
        if found is None:
            return None, ""
        rate = inf if isinstance(found, Diverges) else float(ball(found).mid())
        return rate, f"the planted error has decay rate {rate:.3g}"
    if len(answers.proxy) < FEWEST_ERRORS:
        return None, ""
    gold, proxy = _within(answers)
    errors = proxy - slope * gold
    verdict = decide(UpperTail.of(errors, int(KEPT * len(errors))))
    if verdict.kind == "heavy":
        return 0.0, f"the error's tail is heavy ({verdict.family or 'no family named'})"
    if verdict.kind == "bounded":
        return inf, "the error's tail is bounded"
    if verdict.kind == "light" and verdict.rate is not None:
        rate = verdict.rate.value
        if rate == inf:
            return rate, "the error's tail is light, more so than every exponential one"
        return rate, f"the error's tail is light, its rate about {rate:.3g}"
    return None, ""


def _gao(found: Sequence[Outcome]) -> Prediction | None:
    """The form fitted to the smaller half of the n, and carried on to the others."""
    import numpy as np

    half = (len(found) + 1) // 2
    if half < FEWEST_POINTS or len(found) == half:
        return None
    d = np.sqrt([max(outcome.kl, 0.0) for outcome in found])
    gold = np.array([outcome.gold.value for outcome in found])
    columns = np.stack([d, -(d**2), np.ones_like(d)], axis=1)
    alpha, beta, base = np.linalg.lstsq(columns[:half], gold[:half], rcond=None)[0]
    carried = columns[half:] @ [alpha, beta, base]
    values = (*(None,) * half, *(float(each) for each in carried))
    because = (
        f"{base:.3g} + d ({alpha:.3g} - {beta:.3g} d), fitted to n up to {found[half - 1].n:,}"
    )
    return Prediction("Gao's form", values, because)
