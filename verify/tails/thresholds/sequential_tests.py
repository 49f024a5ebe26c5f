"""Thresholds tested one after the other: Bader, Yan and Zhang (Annals of Applied Statistics 12).

At each candidate, from the lowest threshold upwards, the excesses are tested against the GPD
fitted to them by Anderson and Darling's statistic. ForwardStop (G'Sell, Wager, Chouldechova and
Tibshirani, JRSS B 78, 2016) says how many of the first to reject so that the expected share of
false rejections stays below a rate: as many, at most, as keep the mean of ``-log(1 - p)`` below
it. The tail begins at the next. Excesses do not know of shifts, so neither does the choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from verify.tails.estimators.goodness_of_fit import asymptotic_chance, statistics
from verify.tails.estimators.gpd import GpdFit, gpd_path
from verify.tails.thresholds.choice import Choice, candidates
from verify.tails.upper_tail import UpperTail

#: The largest k is this share of the sample, the least this many.
SHARE, LEAST = 0.2, 50
#: For smaller shapes the law of the statistic at this one is used, as its authors advise.
SHORTEST = -0.49
#: Chances closer to 1 are taken to be so close.
NEAREST = 1e-12


def bader(tail: UpperTail, rate: float = 0.05, number: int = 30) -> Choice:
    """The lowest threshold that is left when those with a bad fit are rejected.

    Parameters
    ----------
    rate : float
        The share of false rejections that is allowed for.
    number : int
        How many k are tried, evenly spaced in their logarithms.

    Returns
    -------
    Choice
        Its detail holds ``rejected``, ``tested``, and ``chance`` and ``shape`` at the choice. Where
        all are rejected it is the least k, with a warning.

    Raises
    ------
    InputError
        If there are fewer than 250 rewards, or the largest of them are equal.
    """
    most = tail.untied(min(int(SHARE * tail.count), tail.kept - 1))
    ks = (tail.untied(k) for k in candidates(LEAST, most, number))
    fits = gpd_path(tail, [k for k in ks if k >= LEAST]).fits()[::-1]
    chances = [_chance(tail, fit) for fit in fits]
    rejected = forward_stop(chances, rate)
    warning = None
    if rejected == len(fits):
        warning = "no threshold has a good fit: this is the highest one that was tried"
    place = min(rejected, len(fits) - 1)
    k = int(fits[place].k)
    detail = {
        "rejected": float(rejected),
        "tested": float(len(fits)),
        "chance": chances[place],
        "shape": fits[place].shape,
    }
    return Choice(k, float(tail.values[k]), "Bader", detail, warning)


def forward_stop(chances: Sequence[float], rate: float) -> int:
    """How many of the first hypotheses to reject."""
    total, reject = 0.0, 0
    for place, chance in enumerate(chances, 1):
        total -= log(max(1 - chance, NEAREST))
        if total <= rate * place:
            reject = place
    return reject


def _chance(tail: UpperTail, fit: GpdFit) -> float:
    """The chance of an Anderson-Darling statistic at least as large as that of the excesses."""
    import numpy as np

    excesses = tail.excesses(int(fit.k))
    rows = np.asarray(excesses.cpu() if hasattr(excesses, "cpu") else excesses)[None, :]
    _, found = statistics(rows, np.array([fit.shape]), np.array([fit.scale]))
    return asymptotic_chance(float(found[0]), max(fit.shape, SHORTEST), True)
