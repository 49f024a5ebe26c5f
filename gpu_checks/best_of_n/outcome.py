"""What the best of n comes to on scored answers: both scores, and the KL from the base policy.

Prompt by prompt the best of n of its N answers is averaged over all subsets of n (without bias, see
:mod:`verify.best_of.estimate`), and then over prompts. The error is that of a mean over prompts,
which holds whatever the answers to one prompt have in common; without prompts it is the
jackknife's.

*KL.* The policy's law of ranks is taken as uniform on [0, 1], with an atom wherever proxies of the
sample tie. With ``y = u^n`` the ranks from a to b add ``y log n + (1 - 1/n) (y log y - y)`` between
its ends, and an atom from a to b adds ``w log(w/(b - a))`` with ``w = b^n - a^n``: in all
``log n - (n - 1)/n`` where nothing ties, and less where something does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from gpu_checks.best_of_n.answers import ScoredAnswers
from verify.best_of.estimate import ScoredSample
from verify.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Of the intervals.
LEVEL = 0.95
#: Without prompts, n goes up to a tenth of the answers: the estimate then rests on twenty or more.
INSIDE = 10
#: The largest n that is looked at unless others are asked for.
LARGEST_N = 10**5


@dataclass(frozen=True)
class Mean:
    """A mean with a 95 % interval, whose ends are None where nothing tells how sure it is."""

    value: float
    low: float | None
    high: float | None

    def holds(self, value: float) -> bool | None:
        """Whether a value lies inside; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Outcome:
    """The best of n by the proxy.

    Attributes
    ----------
    n : int
        Of how many answers to a prompt the best is taken.
    kl : float
        From the base policy, in nats, on average over prompts.
    gold, proxy : Mean
        Its two scores.
    gain : Mean
        Its gold score less that of the base policy: prompts that are hard for both tell nothing of
        it, so that it is known better than the score.
    """

    n: int
    kl: float
    gold: Mean
    gain: Mean
    proxy: Mean

    @property
    def base(self) -> float:
        """The gold score of the base policy."""
        return self.gold.value - self.gain.value


def sizes_of(answers: ScoredAnswers, asked: Sequence[int] | None = None) -> list[int]:
    """The n to look at: those asked for, or 1, 2, 4, ... as far as there are answers.

    Raises
    ------
    InputError
        If one that is asked for is not from 1 to the number of answers (to the prompt with the
        fewest of them).
    """
    fewest = min(len(rows) for rows in answers.groups())
    if asked is not None:
        for n in asked:
            if not 1 <= n <= fewest:
                to = "" if answers.prompt is None else " to one of the prompts"
                raise InputError(f"--n: expected 1 to {fewest}, the answers{to}; got {n}")
        return sorted(set(asked))
    most = fewest // INSIDE if answers.prompt is None else fewest
    sizes = [2**k for k in range(64) if 2**k <= min(most, LARGEST_N)]
    return [*sizes, LARGEST_N] if most >= LARGEST_N else sizes or [1]


def outcomes(answers: ScoredAnswers, sizes: Sequence[int]) -> list[Outcome]:
    """The best of n for each of the sizes."""
    groups = [(answers.proxy[rows], answers.gold[rows]) for rows in answers.groups()]
    golds = [ScoredSample(proxy, gold) for proxy, gold in groups]
    proxies = [ScoredSample(proxy, proxy) for proxy, _ in groups]
    found = []
    for n in sizes:
        kl = sum(tied_kl(proxy, n) for proxy, _ in groups) / len(groups)
        found.append(Outcome(n, kl, _mean(golds, n), _gain(golds, n), _mean(proxies, n)))
    return found


def mean_gold(answers: ScoredAnswers, n: int) -> float:
    """The gold score of the best of n alone."""
    groups = [(answers.proxy[rows], answers.gold[rows]) for rows in answers.groups()]
    return sum(_value(ScoredSample(*pair), n) for pair in groups) / len(groups)


def _value(sample: ScoredSample, n: int) -> float:
    return sample.best_of(n, error=False).mean


def _mean(samples: Sequence[ScoredSample], n: int) -> Mean:
    """The mean of a score under the best of n."""
    if len(samples) > 1:
        return _over_prompts([_value(sample, n) for sample in samples])
    found = samples[0].best_of(n)
    return _with_error(found.mean, found.standard_error)


def _gain(samples: Sequence[ScoredSample], n: int) -> Mean:
    """By how much it is more than for n = 1, from the same answers."""
    gains = [_value(sample, n) - _value(sample, 1) for sample in samples]
    if len(gains) > 1:
        return _over_prompts(gains)
    error = samples[0].error_of_difference(n, 1) if n < samples[0].size else None
    return _with_error(gains[0], error)


def _with_error(value: float, error: float | None) -> Mean:
    """By the normal law."""
    from scipy.stats import norm

    if error is None:
        return Mean(value, None, None)
    margin = float(norm.isf((1 - LEVEL) / 2)) * error
    return Mean(value, value - margin, value + margin)


def _over_prompts(values: Sequence[float]) -> Mean:
    """By Student's law, as prompts are independent."""
    import numpy as np
    from scipy.stats import t

    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / sqrt(len(values))
    margin = float(t.isf((1 - LEVEL) / 2, len(values) - 1)) * error
    return Mean(mean, mean - margin, mean + margin)


def tied_kl(proxy: Floats, n: int) -> float:
    """The KL of the best of n, where proxies that tie are atoms of the base policy's law.

    Parameters
    ----------
    proxy : array of shape (N,)
        Proxy scores of answers of the base policy.
    n : int
        1 or more.

    Returns
    -------
    float
        Nats, at most ``log n - (n - 1)/n``.
    """
    import numpy as np
    from scipy.special import xlogy

    _, counts = np.unique(proxy, return_counts=True)
    ends = np.concatenate([[0.0], np.cumsum(counts)]) / len(proxy)
    powers = ends**n
    between = powers * np.log(n) + (1 - 1 / n) * (xlogy(powers, powers) - powers)
    weights, masses = np.diff(powers), np.diff(ends)
    atoms = xlogy(weights, weights) - xlogy(weights, masses)
    return float(np.where(counts > 1, atoms, np.diff(between)).sum())
