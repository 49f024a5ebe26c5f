"""The threshold above which a power law fits best: Clauset, Shalizi and Newman (SIAM Review 51).

For each k a power law is fitted to the k largest rewards by Hill's estimator; the k is chosen
whose Kolmogorov-Smirnov distance is least. It tends to take k too large, as the distance forgives
bias that is small beside ``1 / sqrt(k)`` (Drees, Janssen, Resnick and Wang, SIAM Journal on
Mathematics of Data Science 2, 2020).
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting
from verify.tails.thresholds.choice import Choice, candidates, log_rewards
from verify.tails.upper_tail import Array, UpperTail

#: The least k.
LEAST = 20


def clauset(tail: UpperTail, base: int | None = None, number: int = 200) -> Choice:
    """The k of the least Kolmogorov-Smirnov distance.

    Parameters
    ----------
    base : int, optional
        See :func:`verify.tails.thresholds.choice.log_rewards`.
    number : int
        How many k are tried, evenly spaced in their logarithms.

    Returns
    -------
    Choice
        Its detail holds ``distance`` and ``shape``, Hill's estimate there.

    Raises
    ------
    InputError
        If fewer than 100 rewards are above the zero point.
    """
    logs, warning = log_rewards(tail, base)
    found = [(*distance(logs, k), k) for k in candidates(LEAST, logs.shape[0] - 1, number)]
    least, shape, k = min(found)
    detail = {"distance": least, "shape": shape}
    return Choice(k, float(tail.values[k]), "Clauset", detail, warning)


def distance(logs: Array, k: int) -> tuple[float, float]:
    """Between the k largest and the power law fitted to them, and the shape of that law.

    Infinite where the k largest are equal to the next.

    Parameters
    ----------
    logs : array of shape (m,)
        Logarithms of rewards, descending; k < m.
    """
    xp = array_namespace(logs)
    excess = logs[:k] - logs[k]
    shape = float(xp.mean(excess))
    if not shape > 0:
        return float("inf"), shape
    # Pr(X > x_j): (j - 1) / k of the rewards are above x_j, and j / k not below it.
    gap = counting(logs, 1, k) / k - xp.exp(excess * (-1 / shape))
    return max(float(xp.max(gap)), 1 / k - float(xp.min(gap))), shape
