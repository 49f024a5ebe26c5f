"""How far the frontier of a sample is from that of its law, if the tail is light.

``S_n(d) = min (d + log M_n(l))/l`` moves with ``M_n`` at the best l alone, so that a reward x has
the influence ``(e^{l x}/M - 1)/l``. Where prompts were drawn, and then rewards for each, the
influences of a prompt's rewards are added up first.
"""

from __future__ import annotations

from verify.tails.consequences.answer import Answer
from verify.tails.consequences.best_mean import best_tilt
from verify.tails.consequences.fitted_tail import TWO_SIDED
from verify.tails.consequences.sample import Sample

#: A tilt that rests on fewer rewards has no band: its normal approximation fails.
FEWEST = 100.0

BUYS_TOP = "the budget buys the largest reward of the sample, so the data end here"


def delta_band(sample: Sample, budget: float, value: float) -> tuple[Answer, float]:
    """The 95 % interval of the delta method, and how many rewards the plug-in rests on.

    Parameters
    ----------
    sample : Sample
        The rewards; where it has prompts, those of a prompt may depend on each other.
    budget : float
        d, in nats.
    value : float
        ``S_n(d)``.
    """
    import numpy as np

    tilt = best_tilt(sample.cells, budget)
    if tilt is None:
        held = sample.cells.top_mass * sample.cells.total
        return Answer(value, None, None, "estimated from these rewards", BUYS_TOP), held
    points = sample.cells.drawn_together
    with np.errstate(under="ignore"):
        weights = np.exp(tilt * (points.values - sample.cells.top))
    mass = points.expect(weights)
    effective = sample.cells.total * mass**2 / points.expect(weights**2)
    if effective < FEWEST:
        because = f"no band: the value rests on {effective:.3g} rewards, fewer than {FEWEST:g}"
        return Answer(value, None, None, "estimated from these rewards", because), effective
    if sample.prompts is None or sample.rewards is None:
        variance = (sample.cells.total / effective - 1) / sample.cells.total
        how = "delta method, rewards independent"
    else:
        with np.errstate(under="ignore"):
            influence = np.exp(tilt * (sample.rewards - sample.cells.top)) / mass - 1
        sums = np.bincount(sample.prompts, influence)
        variance = float((sums**2).sum()) / len(sample.rewards) ** 2
        how = "delta method, prompts independent"
    error = TWO_SIDED * variance**0.5 / tilt
    low, high = value - error, value + error
    because = f"{how}; it holds if the tail is light and the tilt's weights have a variance"
    band = Answer(value, low, high, "estimated from these rewards", because)
    return band, effective
