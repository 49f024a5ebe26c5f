"""Where the gold score of the best of n falls, as far as its estimates tell.

The largest estimate is only the likeliest place. That the score falls from there is called clear
where it is lower at a larger n by more than chance makes any of the pairs differ: the normal
quantile of 95 % over all pairs of sizes (Bonferroni), with the jackknife's error of the difference.
"""

from __future__ import annotations

from math import comb

from verify.best_of.estimate import BestOfEstimate, ScoredSample
from verify.tails.consequences.answer import Answer

#: How often a fall is called clear where there is none, at most.
CHANCE = 0.05


def turn_of_best(scored: ScoredSample, estimates: tuple[BestOfEstimate, ...]) -> Answer:
    """The n from which on the best of n has a lower gold score.

    Parameters
    ----------
    scored : ScoredSample
        The answers.
    estimates : tuple of BestOfEstimate
        For some n less than their number, the smallest first, n = 1 among them.

    Returns
    -------
    Answer
        The n of the largest estimate, with the n on either side of it; no value where that is the
        last one.
    """
    if len(estimates) < 2:
        return _answer(None, None, None, f"{scored.size} answers are too few for the best of 2")
    place = max(range(len(estimates)), key=lambda each: estimates[each].mean)
    peak, last = estimates[place], estimates[-1]
    if peak is last:
        because = f"no turn seen up to n = {last.n:,}, where the answers get too few"
        return _answer(None, float(last.n), None, because)
    clear = _first_clear(scored, peak, estimates[place + 1 :], comb(len(estimates), 2))
    how = "though nowhere clearly" if clear is None else f"clearly by n = {clear.n:,}"
    because = (
        f"falls from {peak.mean:.3g} at n = {peak.n:,} to {last.mean:.3g} at n = {last.n:,}, {how}"
    )
    if place == 0:
        return _answer(1.0, None, None, because)
    sides = float(estimates[place - 1].n), float(estimates[place + 1].n)
    return _answer(float(peak.n), *sides, because)


def _first_clear(
    scored: ScoredSample, peak: BestOfEstimate, later: tuple[BestOfEstimate, ...], pairs: int
) -> BestOfEstimate | None:
    """The first that is lower than the largest beyond chance."""
    from scipy.stats import norm

    errors = float(norm.isf(CHANCE / (2 * pairs)))
    for each in later:
        if peak.mean - each.mean > errors * scored.error_of_difference(peak.n, each.n):
            return each
    return None


def _answer(value: float | None, low: float | None, high: float | None, because: str) -> Answer:
    return Answer(value, low, high, "estimated from these rewards", because)
