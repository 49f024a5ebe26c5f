"""The mean reward of the best of n draws: inside the sample without bias, beyond it by the fit.

The average over all subsets of n of the N rewards weights the reward of rank i (from below) by
``C(i - 1, n - 1)/C(N, n)``, so that a cell that reaches from rank r to rank s has the weight
``(C(s, n) - C(r, n))/C(N, n)``. :mod:`verify.best_of.estimate` takes the same weights reward by
reward, for scores of two kinds; here the reward is its own score and cells are enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import exp, inf, log, log1p
from typing import TYPE_CHECKING, Any, Literal

from verify.errors import InputError
from verify.overoptimization.forms import best_of_n_kl
from verify.tails.consequences.answer import Answer, number
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.fitted_tail import TWO_SIDED, FittedTail, Spliced
from verify.tails.verdict import Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The n that are answered unless others are asked for.
SIZES = (*(digit * 10**power for power in range(9) for digit in (1, 2, 5)), 10**9)
#: Up to n = N/INSIDE the estimate rests on many of the largest rewards; then on fewer and fewer.
INSIDE = 10
#: Where r - n is smaller, Stirling's formula for (r - n)! is off by more than 1e-13.
NEAR = 100
#: Nodes of the integral over log y, and where it ends: below the least, e^-y is 1 up to 2e-9, and
#: above the largest it is below 1e-23.
NODES = 100
LEAST_LOG, LARGEST_LOG = -20.0, 4.0

ENDS = "the rewards end not far above the largest: it is that one, as no tail could be fitted"

Where = Literal["inside the sample", "leaving the sample", "beyond the sample"]


@dataclass(frozen=True)
class BestOf:
    """The mean of the best of n.

    Attributes
    ----------
    n : int
        How many the best is chosen from.
    kl : float
        ``log n - (n - 1)/n``: what that costs, in nats; less where rewards tie.
    where : Where
        Whether n is at most a tenth of the sample, at most all of it, or more.
    sampled : Answer or None
        The unbiased estimate with a 95 % interval; None beyond the sample.
    fitted : Answer or None
        With the fitted tail; None inside the sample.
    """

    n: int
    kl: float
    where: Where
    sampled: Answer | None
    fitted: Answer | None

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "n": self.n,
            "kl": number(self.kl),
            "where": self.where,
            "sampled": None if self.sampled is None else self.sampled.as_json(),
            "fitted": None if self.fitted is None else self.fitted.as_json(),
        }


def best_of_curve(
    cells: CellLaw,
    verdict: Verdict,
    fitted: FittedTail | None,
    sizes: Iterable[int] = SIZES,
) -> tuple[BestOf, ...]:
    """The mean of the best of n for each n.

    Raises
    ------
    InputError
        If an n is no whole number from 1 to 10^12.
    """
    chosen = tuple(sizes)
    for n in chosen:
        if not (isinstance(n, int) and 1 <= n <= 10**12):
            raise InputError(f"best of {n!r:.40}: expected a whole number from 1 to 10^12")
    return tuple(_best_of(cells, verdict, fitted, n) for n in chosen)


def _best_of(cells: CellLaw, verdict: Verdict, fitted: FittedTail | None, n: int) -> BestOf:
    import numpy as np

    where: Where = "beyond the sample"
    if n * INSIDE <= cells.total:
        where = "inside the sample"
    elif n <= cells.total:
        where = "leaving the sample"
    kl = float(best_of_n_kl(np.array([float(n)]))[0])
    sampled = None if n > cells.total else _sampled(cells, n)
    beyond = None if where == "inside the sample" else _beyond(verdict, fitted, n)
    if beyond is not None and fitted is None and verdict.kind == "bounded":
        beyond = sampled or Answer(cells.top, None, None, "estimated from these rewards", ENDS)
    return BestOf(n, kl, where, sampled, beyond)


def _sampled(cells: CellLaw, n: int) -> Answer:
    mean, error = unbiased(cells, n)
    if n * INSIDE > cells.total:
        because = "unbiased, but it rests on a few of the largest rewards, and no interval is right"
        return Answer(mean, None, None, "estimated from these rewards", because)
    low, high = mean - TWO_SIDED * error, mean + TWO_SIDED * error
    return Answer(mean, low, high, "estimated from these rewards", "the average over all subsets")


def unbiased(cells: CellLaw, n: int) -> tuple[float, float]:
    """The mean of the best of n over all subsets of n, and its standard error.

    The error is that of the projection, ``n/sqrt(N)`` times the standard deviation of
    ``E max(x, best of n - 1)`` over the sample, times the jackknife's ``N/(N - n)``.
    """
    import numpy as np

    above = cells.at_or_above
    chances = _all_below(above, cells.total, n)
    weights = np.diff(np.append(chances, 1.0))
    mean = float((weights * cells.mean).sum())
    # Of the best of n - 1: the chance to be below each cell, and its own.
    others = _all_below(above, cells.total, n - 1) if n > 1 else np.ones(len(above))
    shares = np.diff(np.append(others, 1.0))
    beyond = np.append((shares * cells.mean)[::-1].cumsum()[::-1][1:], 0.0)
    projected = (others + shares) * cells.mean + beyond
    centre = float((cells.counts * projected).sum()) / cells.total
    off = projected - centre
    size = float(abs(off).max()) or 1.0  # squares of rewards may overflow
    variance = float((cells.counts * (off / size) ** 2).sum()) / cells.total
    spare = 1 - n / cells.total
    return mean, n * size * (variance / cells.total) ** 0.5 / spare if spare else inf


def _all_below(above: NDArray[np.int64], total: int, n: int) -> Floats:
    """``C(r, n)/C(N, n)`` for ``r = N - above``: the chance that all n are among the r lowest.

    Logarithms of factorials of N lose as many digits as they have before the point; from Stirling's
    formula the large parts of ``log r!/(r - n)!`` cancel before anything is rounded. For small
    r - n that formula is not near enough, and the digits have to be lost: seven of sixteen at
    ``N = 10^6``.
    """
    import numpy as np
    from scipy.special import gammaln

    r = (total - above).astype(np.float64)
    logs = np.full(len(r), -np.inf)
    far, near = r - n >= NEAR, (r >= n) & (r - n < NEAR)
    logs[far] = n * np.log1p(-above[far] / total) + _falling(r[far], n)
    logs[near] = gammaln(r[near] + 1) - gammaln(r[near] - n + 1) - n * np.log(total)
    if total - n >= NEAR:
        logs -= _falling(np.array([float(total)]), n)
    else:
        logs[far | near] -= gammaln(total + 1) - gammaln(total - n + 1) - n * np.log(total)
    with np.errstate(under="ignore"):
        chances: Floats = np.exp(logs)
    return chances


def _falling(r: Floats, n: int) -> Floats:
    """``log r!/((r - n)! r^n)``, by Stirling's formula to ``1/(1260 (r - n)^5)``."""
    import numpy as np

    rest = r - n
    correction = (1 / r - 1 / rest) / 12 - (1 / r**3 - 1 / rest**3) / 360
    result: Floats = -(rest + 0.5) * np.log1p(-n / r) - n + correction
    return result


def _beyond(verdict: Verdict, fitted: FittedTail | None, n: int) -> Answer:
    if fitted is None:
        return Answer(None, None, None, "fitted tail", "no tail could be fitted")
    values = [spliced_mean(tail, n) for tail in fitted.allowed]
    because = f"the sample below the threshold, above it {fitted.because}"
    if values[1] == inf:
        because += "; from shape 1 on the mean is infinite"
    if fitted.central.shape == 0 and verdict.kind in ("heavy", "cannot tell"):
        because += "; a heavy tail outgrows that of shape 0"
    return Answer(values[1], min(values), max(values), "fitted tail", because)


def spliced_mean(law: Spliced, n: int) -> float:
    """The mean of the best of n draws of a sample with a fitted tail."""
    import numpy as np

    if law.shape >= 1:
        return inf
    points = law.body.drawn_together
    # Below the threshold: F^n, with F(low end of the tail) = 1 - p.
    ends = np.append(
        np.cumsum(points.masses[: law.cell]) - points.masses[: law.cell], 1 - law.share
    )
    with np.errstate(under="ignore"):
        powers = ends**n
    below = float((np.diff(powers) * points.values[: law.cell]).sum())
    # Above it: the largest draw is exceeded by a share s with (1 - s)^n = e^-y, y exponential.
    last = -n * log1p(-law.share) if law.share < 1 else inf
    highest = min(log(last), LARGEST_LOG)
    lowest = min(LEAST_LOG, highest)
    places, weights = _gauss_legendre()
    y = np.exp(lowest + (highest - lowest) * places)
    density = weights * (highest - lowest) * np.exp(-y) * y
    above = float((density * law.quantile(-np.expm1(-y / n))).sum())
    # Below the least y, where e^-y is 1, the share is y/n.
    return below + above + exp(lowest) * law.mean_quantile(exp(lowest) / n)


@cache
def _gauss_legendre() -> tuple[Floats, Floats]:
    """Places in [0, 1] and weights."""
    import numpy as np

    places, weights = np.polynomial.legendre.leggauss(NODES)
    return (places + 1) / 2, weights / 2
