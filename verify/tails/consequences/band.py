"""How far the frontier of a sample is from that of its law, if the tail is light.

``S_n(d) = min (d + log M_n(l))/l`` moves with ``M_n`` at the best l alone, so that a reward x has
the influence ``(e^{l x}/M - 1)/l``. Where prompts were drawn, and then rewards for each, the
influences of a prompt's rewards are added up first.

The normal approximation needs ``E e^{2 l X}``, and many rewards that count: at n = 10^4 intervals
at 95 % of an exponential law covered 95, 88, 76 and 27 % of the time at d = 0.1, 0.5, 1 and 2,
where l is 0.34, 0.58, 0.68 and 0.78 of the rate. So there is none from half the rate on.
"""

from __future__ import annotations

from verify.tails.consequences.answer import Answer
from verify.tails.consequences.best_mean import best_tilt
from verify.tails.consequences.fitted_tail import TWO_SIDED
from verify.tails.consequences.sample import Sample, clustered_variance
from verify.tails.verdict import Verdict

#: A tilt that rests on fewer rewards has no band: its normal approximation fails.
FEWEST = 500.0

BUYS_TOP = "the budget buys the largest reward of the sample, so the data end here"


def delta_band(
    sample: Sample, verdict: Verdict, budget: float, value: float
) -> tuple[Answer, float]:
    """The 95 % interval of the delta method, and how many rewards the plug-in rests on.

    Parameters
    ----------
    sample : Sample
        The rewards; where it has prompts, those of a prompt may depend on each other.
    verdict : Verdict
        The decision about their upper tail: under a heavy one there is no band.
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
    if (reason := _no_band(verdict, tilt, effective)) is not None:
        # Where the rewards end, that of the sample is still an estimate.
        known = value if verdict.kind == "bounded" else None
        answer = Answer(known, None, None, "verdict", f"no band: {reason}")
        return answer, effective
    if sample.prompts is None or sample.rewards is None:
        variance = (sample.cells.total / effective - 1) / sample.cells.total
        how = "delta method, rewards independent"
    else:
        with np.errstate(under="ignore"):
            influence = np.exp(tilt * (sample.rewards - sample.cells.top)) / mass - 1
        variance = clustered_variance(influence, sample.prompts)
        how = "delta method, prompts independent"
    error = TWO_SIDED * variance**0.5 / tilt
    low, high = value - error, value + error
    because = f"{how}; it holds if the tail is light"
    band = Answer(value, low, high, "estimated from these rewards", because)
    return band, effective


def _no_band(verdict: Verdict, tilt: float, effective: float) -> str | None:
    """Why the normal approximation fails, if it does."""
    if verdict.kind == "heavy":
        return "the tail is heavy, so the frontier is infinite"
    if verdict.rate is not None and not 2 * tilt < verdict.rate.low:
        return (
            f"too few rewards decide this number: its tilt, {tilt:.3g}, may be beyond half the "
            f"tail's rate, at least {verdict.rate.low:.3g}"
        )
    if effective < FEWEST:
        return f"too few rewards decide this number: {effective:.3g}, fewer than {FEWEST:g}"
    return None
