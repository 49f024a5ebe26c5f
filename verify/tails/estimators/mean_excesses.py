"""The mean excess over each of the largest rewards, with a band.

Linear in the threshold for a GPD tail, with slope ``shape / (1 - shape)``: level for an
exponential tail, rising for a heavy one.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting
from verify.tails.upper_tail import Array, UpperTail


@dataclass(frozen=True, eq=False)
class MeanExcess:
    """The mean excess along k.

    Attributes
    ----------
    k : array of shape (p,), int64
        How many rewards lie above the threshold, ascending.
    threshold, value, standard_error : array of shape (p,)
        The next reward, the mean of the k largest less it, and the standard error, in units of
        reward. The error supposes that excesses have a variance: it is too small where the
        shape is 1/2 or more.
    """

    k: Array
    threshold: Array
    value: Array
    standard_error: Array

    def band(self, level: float = 0.95) -> tuple[Array, Array]:
        """Pointwise normal confidence limits: low and high."""
        margin = NormalDist().inv_cdf((1 + level) / 2) * self.standard_error
        return self.value - margin, self.value + margin


def mean_excess(tail: UpperTail) -> MeanExcess:
    """The mean excess for k = 2, 3, .. one less than the number of rewards kept."""
    xp = array_namespace(tail.values)
    from_last = tail.values - tail.values[-1]
    k = counting(from_last, 1, tail.kept - 1)
    top, threshold = from_last[:-1], from_last[1:]
    mean = xp.cumulative_sum(top) / k
    square = xp.cumulative_sum(top * top) / k
    zero = xp.zeros_like(mean)
    variance = xp.maximum(square - mean * mean, zero)[1:] / (k[1:] - 1)
    return MeanExcess(
        k[1:],
        tail.values[2:],
        (mean - threshold)[1:],
        xp.sqrt(variance),
    )
