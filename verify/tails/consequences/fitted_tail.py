"""The sample below a threshold, with a fitted tail above it: what the data do not show by itself.

Above the threshold u, which a share p of the rewards reaches, the law is
``Pr(X > u + y) = p (1 + xi y/sigma)^(-1/xi)``: generalised Pareto with shape xi and scale sigma,
exponential at xi = 0. For each shape the scale is that of largest likelihood;
:mod:`verify.tails.consequences.splice` says which shapes the verdict allows and where the tail
begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, inf, log, sqrt
from typing import TYPE_CHECKING

from verify.tails.consequences.best_mean import root
from verify.tails.consequences.cell_law import CellLaw
from verify.tails.consequences.sample import Sample, clustered_variance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A shape nearer to 0 counts as 0, which it is told from by no sample.
EXPONENTIAL = 1e-3
#: Shapes are at least this: from -1 on down the likelihood has no maximum.
LEAST_SHAPE = -0.95
#: Standard errors of a 95 % interval.
TWO_SIDED = 1.959963984540054
#: Up to this argument the series of 1F1 fits into a float64.
LARGEST_ARGUMENT = 600.0


@dataclass(frozen=True, eq=False)
class Spliced:
    """A sample up to a threshold, and a generalised Pareto tail above it.

    Attributes
    ----------
    body : CellLaw
        The sample.
    cell : int
        The first of its cells that the tail stands for.
    shape, scale : float
        xi and sigma.
    """

    body: CellLaw
    cell: int
    shape: float
    scale: float

    @property
    def threshold(self) -> float:
        """u."""
        return float(self.body.low[self.cell])

    @property
    def share(self) -> float:
        """p."""
        return float(self.body.at_or_above[self.cell]) / self.body.total

    @property
    def top(self) -> float:
        """The largest value that the law has."""
        return inf if self.shape >= 0 else self.threshold - self.scale / self.shape

    @property
    def heavy(self) -> bool:
        """Whether the exponential moments are infinite."""
        return self.shape > 0

    def quantile(self, share: Floats) -> Floats:
        """The value that a share (p or less) of the law exceeds; infinite beyond float64."""
        import numpy as np

        logs = np.log(self.share / share)
        with np.errstate(over="ignore"):
            grown = logs if self.shape == 0 else np.expm1(self.shape * logs) / self.shape
            values: Floats = self.threshold + self.scale * grown
        return values

    def mean_quantile(self, share: float) -> float:
        """The mean of the quantiles of all smaller shares: the mean above one of them."""
        logs = log(self.share / share)
        if self.shape == 0:
            return self.threshold + self.scale * (logs + 1)
        grown = (exp(self.shape * logs) / (1 - self.shape) - 1) / self.shape
        return self.threshold + self.scale * grown

    def share_above(self, value: float) -> float:
        """The share of the law above a value from the threshold on."""
        excess = (value - self.threshold) / self.scale
        if self.shape == 0:
            return self.share * exp(-excess)
        grown = 1 + self.shape * excess
        return self.share * exp(-log(grown) / self.shape) if grown > 0 else 0.0

    @property
    def mean(self) -> float:
        """The mean; infinite from shape 1 on."""
        if self.shape >= 1:
            return inf
        points = self.body.drawn_together
        below = float((points.masses[: self.cell] * points.values[: self.cell]).sum())
        return below + self.share * (self.threshold + self.scale / (1 - self.shape))

    def best_mean(self, budget: float) -> float:
        """``S(d) = min (d + K(l))/l`` under KL; infinite where the tail is heavy."""
        if self.heavy:
            return inf
        at = self._best_tilt(budget)
        return min(self.threshold + (budget + self._log_mgf(at)[0]) / at, self.top)

    def best_mean_error(self, budget: float, sample: Sample | None = None) -> float:
        """The standard error of ``S(d)`` from the rewards below the threshold and from the share p.

        As in :mod:`verify.tails.consequences.band`, where the tail counts as one place: its weight
        is what the fit says, and how far that is off is not in here. Where the sample has prompts,
        the influences of a prompt's rewards are added up first, as there.
        """
        import numpy as np

        if self.heavy:
            return inf
        at = self._best_tilt(budget)
        log_mgf, _ = self._log_mgf(at)
        in_tail = exp(self.log_mgf_of_excess(at)[0] - log_mgf)
        if sample is not None and sample.prompts is not None and sample.rewards is not None:
            away = np.minimum(sample.rewards - self.threshold, 0.0)
            with np.errstate(under="ignore"):
                weights = np.where(away < 0, np.exp(at * away - log_mgf), in_tail)
            return sqrt(clustered_variance(weights - 1, sample.prompts)) / at
        points = self.body.drawn_together
        away = points.values[: self.cell] - self.threshold
        with np.errstate(under="ignore"):
            weights = np.exp(at * away - log_mgf)
        squares = float((points.masses[: self.cell] * (weights - 1) ** 2).sum())
        squares += self.share * (in_tail - 1) ** 2
        return sqrt(squares / self.body.total) / at

    def _best_tilt(self, budget: float) -> float:
        """The l that spends the budget."""
        # As far as exponential moments go, or in units of the scale.
        largest = 1 / self.scale

        def tilt(v: float) -> float:
            return largest / (1 + exp(v)) if self.shape == 0 else largest * exp(-v)

        def unspent(v: float) -> float:
            at = tilt(v)
            log_mgf, slope = self._log_mgf(at)
            return budget - (at * slope - log_mgf)

        return tilt(root(unspent))

    def _log_mgf(self, tilt: float) -> tuple[float, float]:
        """``log E exp(l (X - u))`` and its derivative."""
        import numpy as np

        points = self.body.drawn_together
        away = points.values[: self.cell] - self.threshold
        with np.errstate(under="ignore"):
            below = points.masses[: self.cell] * np.exp(tilt * away)
        mass, first = float(below.sum()), float((below * away).sum())
        log_tail, mean = self.log_mgf_of_excess(tilt)
        # Over the tail's part, which alone may be large.
        log_tail += log(self.share)
        size = max(log_tail, 0.0)
        total = mass * exp(-size) + exp(log_tail - size)
        return size + log(total), (first * exp(-size) + exp(log_tail - size) * mean) / total

    def log_mgf_of_excess(self, tilt: float) -> tuple[float, float]:
        """``log E e^(l Y)`` of the excess Y, and the mean of Y under the tilt."""
        if self.shape == 0:
            rest = 1 - tilt * self.scale
            return -log(rest), self.scale / rest
        # Y is a Beta(1, b) share of the way to the end, and E e^(x B) = F = 1F1(1; 1 + b; x).
        b = -1 / self.shape
        end = self.scale * b
        x = tilt * end
        log_f = _log_kummer(b, x)
        # x F' = (x - b) F + b, from the series; where x is small that cancels, but B has the mean
        # 1/(1 + b) and the variance b/((1 + b)^2 (2 + b)), and what follows is O((x/b)^2).
        if x < 1e-5 * (1 + b):
            share = (1 + x * b / ((1 + b) * (2 + b))) / (1 + b)
        else:
            share = 1 - b / x * -expm1(-log_f)
        return log_f, end * share


def _log_kummer(b: float, x: float) -> float:
    """``log 1F1(1; 1 + b; x)`` for b > 0 and x >= 0."""
    from scipy.special import gammainc, gammaln, hyp1f1

    if x < LARGEST_ARGUMENT:
        return log(float(hyp1f1(1.0, 1 + b, x)))
    # 1F1(1; 1 + b; x) = b x^-b e^x gamma(b, x)
    return log(b) - b * log(x) + x + log(float(gammainc(b, x))) + float(gammaln(b))


@dataclass(frozen=True, eq=False)
class FittedTail:
    """The tails that a verdict allows: the likeliest, and those at the ends of its interval.

    Attributes
    ----------
    low, central, high : Spliced
        The lightest, the likeliest, and the heaviest.
    because : str
        How they were chosen.
    """

    low: Spliced
    central: Spliced
    high: Spliced
    because: str

    @property
    def allowed(self) -> tuple[Spliced, Spliced, Spliced]:
        """All three, the lightest first."""
        return self.low, self.central, self.high

    @property
    def rows(self) -> int:
        """How many rewards the tail was fitted to."""
        return int(self.central.body.at_or_above[self.central.cell])


class Excesses:
    """What the rewards in the upper cells have over the least of them.

    Parameters
    ----------
    cells : CellLaw
        The sample.
    cell : int
        The first upper cell.
    """

    def __init__(self, cells: CellLaw, cell: int) -> None:
        self.cells, self.cell = cells, cell
        self.sizes: Floats = cells.mean[cell:] - cells.low[cell]
        self.counts: Floats = cells.counts[cell:].astype(float)
        self.rows: int = int(cells.at_or_above[cell])

    @property
    def mean(self) -> float:
        """Their mean."""
        return float((self.counts * self.sizes).sum()) / self.rows

    def tail(self, shape: float, off: float = 0.0) -> Spliced:
        """The tail with a given shape, and the scale of largest likelihood or ``off`` it.

        Parameters
        ----------
        shape : float
            xi.
        off : float
            By how many standard errors of the scale to be above it. Given xi that error is
            ``sigma sqrt((1 + 2 xi)/k)``, and here not less than that of a uniform law's half.
        """
        if shape == inf:
            return Spliced(self.cells, self.cell, inf, self.mean)
        shape = 0.0 if abs(shape) < EXPONENTIAL else max(shape, LEAST_SHAPE)
        # The tail reaches the largest reward.
        least = max(0.0, -shape * float(self.sizes[-1]))
        scale = self._likeliest(shape, least)
        scale *= 1 + off * sqrt(max(1 + 2 * shape, 0.25) / self.rows)
        return Spliced(self.cells, self.cell, shape, max(scale, least, self.mean * 1e-3))

    def _likeliest(self, shape: float, least: float) -> float:
        """The scale of largest likelihood; more than ``least``."""
        if shape == 0:
            return self.mean

        def scale(v: float) -> float:
            return least + self.mean * exp(v)

        def score(v: float) -> float:
            ratio = self.sizes / (scale(v) + shape * self.sizes)
            return self.rows - (1 + shape) * float((self.counts * ratio).sum())

        return scale(root(score))
