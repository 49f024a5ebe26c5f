"""The double bootstrap of Danielsson, de Haan, Peng and de Vries (J. Multivariate Analysis 76).

Hill's estimator M1 and half the second moment of the log-excesses over it have biases of the same
order. So the k that makes the mean of ``(M2 - 2 M1^2)^2`` least is a known multiple of the best k
for Hill's, and that mean is seen in resamples; they must be smaller than the sample. Two sizes, n1
and ``n1^2 / n``, give the multiple.

Only the largest rewards of a resample are needed. The ranks of draws with replacement are ``floor(n
U)``, and the least of n1 uniform numbers are partial sums of exponential ones over their total
(Renyi): a resample takes as many draws as it has ranks that are looked at.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

from verify.errors import InputError
from verify.tails.thresholds.choice import Choice, log_rewards
from verify.tails.upper_tail import UpperTail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: The first resamples have ``n**EXPONENT`` rewards.
EXPONENT = 0.9
#: No k above this share of a resample is looked at, and none below LEAST.
SHARE, LEAST = 0.2, 5
#: Of the rewards that are there, the ranks that are looked at take up this share on average, so
#: that they hardly ever run out.
ROOM = 0.75
#: Numbers in one batch of resamples.
BATCH = 2**18


def danielsson(
    tail: UpperTail, base: int | None = None, resamples: int = 200, seed: int = 0
) -> Choice:
    """The k of the least mean squared error of Hill's estimator, by two bootstraps.

    Parameters
    ----------
    base : int, optional
        See :func:`verify.tails.thresholds.choice.log_rewards`.
    resamples : int
        Of each size.
    seed : int
        Of the draws.

    Returns
    -------
    Choice
        Its detail holds ``k1`` and ``k2``, the best k of the resamples, and their sizes ``n1``
        and ``n2``.

    Raises
    ------
    InputError
        If there are too few rewards above the zero point.
    """
    import numpy as np

    logs, warning = log_rewards(tail, base)
    held = np.asarray(logs.cpu() if hasattr(logs, "cpu") else logs, dtype=np.float64)
    n1 = int(tail.count**EXPONENT)
    n2 = n1 * n1 // tail.count
    rng = np.random.default_rng(seed)
    k1, k2 = (_best(held, tail.count, size, resamples, rng) for size in (n1, n2))
    part = log(k1) / (2 * log(n1) - log(k1))
    best = k1 * k1 / k2 * part ** (2 * (log(n1) - log(k1)) / log(n1))
    k = min(max(round(best), 2), len(held) - 1)
    detail = {"k1": float(k1), "k2": float(k2), "n1": float(n1), "n2": float(n2)}
    return Choice(k, float(tail.values[k]), "Danielsson", detail, warning)


def _best(logs: Floats, count: int, size: int, resamples: int, rng: np.random.Generator) -> int:
    """The k that makes the mean of ``(M2 - 2 M1^2)^2`` least in resamples of a size."""
    import numpy as np

    most = int(min(SHARE * size, ROOM * len(logs) * size / count))
    if most <= LEAST + 1:
        raise InputError(
            "double bootstrap: too few rewards to resample; expected some hundreds above the "
            f"zero point, got {len(logs)}"
        )
    total = np.zeros(most - 1)
    rows = max(1, BATCH // most)
    for start in range(0, resamples, rows):
        ranks = top_ranks(count, size, most, min(rows, resamples - start), rng)
        total += (contrast(logs[np.minimum(ranks, len(logs) - 1)]) ** 2).sum(axis=0)
    return LEAST + int(np.argmin(total[LEAST - 1 :]))


def top_ranks(count: int, size: int, most: int, rows: int, rng: np.random.Generator) -> Any:
    """The ``most`` least of ``size`` ranks drawn from 0 to ``count - 1`` with replacement.

    Returns
    -------
    array of shape (rows, most), int64
        Each row ascending.
    """
    import numpy as np

    sums = np.cumsum(rng.standard_exponential((rows, most)), axis=1)
    rest = rng.standard_gamma(size + 1 - most, (rows, 1))
    return (sums * (count / (sums[:, -1:] + rest))).astype(np.int64)


def contrast(logs: Floats) -> Floats:
    """``M2 - 2 M1^2`` of the k largest over the next, for k = 1, 2, .. along the last axis."""
    import numpy as np

    logs = logs - logs[..., -1:]
    k = np.arange(1, logs.shape[-1])
    first = np.cumsum(logs[..., :-1], axis=-1) / k
    second = np.cumsum(logs[..., :-1] ** 2, axis=-1) / k
    following = logs[..., 1:]
    spread: Floats = second - 2 * following * first + following**2 - 2 * (first - following) ** 2
    return spread
