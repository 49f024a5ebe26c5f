"""The k with the least asymptotic mean squared error of Hill's estimator.

Beirlant, Dierckx, Goegebeur and Matthys (Extremes 2, 1999): the scaled log-spacings
``Z_j = j (log X_j - log X_(j+1))`` are nearly independent exponential variables with means
``g + b (j / (k + 1))^-rho``. Least squares give b for each k; Hill's estimator, the mean of the
Z_j, then has variance ``g^2 / k`` and bias ``b / (1 - rho)``. All k take one pass.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting
from verify.tails.thresholds.choice import Choice, log_rewards
from verify.tails.upper_tail import Array, UpperTail

#: Fewer Z_j do not tell b from noise.
LEAST = 20
#: Beyond the first k whose b is so many standard errors from 0 none is looked at: where the sample
#: is another law, its b may pass 0 again. Over all k of a power law b goes so far rarely, if the
#: k are large enough for b to be nearly normal.
FARTHEST, NORMAL_FROM = 4.0, 100


def minimal_amse(tail: UpperTail, base: int | None = None, rho: float = -0.5) -> Choice:
    """The k of the least estimated error, before the bias is beyond doubt.

    Parameters
    ----------
    base : int, optional
        See :func:`verify.tails.thresholds.choice.log_rewards`.
    rho : float
        The second-order parameter; less than 0. It is taken as given: estimates of it are worse
        than a fixed one.

    Returns
    -------
    Choice
        Its detail holds ``amse``, ``shape`` (Hill's estimate there), ``bias``, and ``last``, the
        largest k that was looked at.

    Raises
    ------
    InputError
        If fewer than 100 rewards are above the zero point.
    """
    logs, warning = log_rewards(tail, base)
    hill, bias, doubt = amse_path(logs, rho)
    xp = array_namespace(logs)
    error = hill * hill / counting(logs, 1, hill.shape[0]) + bias * bias
    certain = doubt[NORMAL_FROM - 1 :] > FARTHEST
    last = hill.shape[0]
    if bool(xp.any(certain)):
        last = NORMAL_FROM + int(xp.argmax(xp.astype(certain, xp.int64)))
    place = LEAST - 1 + int(xp.argmin(error[LEAST - 1 : last]))
    k = place + 1
    detail = {
        "amse": float(error[place]),
        "shape": float(hill[place]),
        "bias": float(bias[place]),
        "last": float(last),
    }
    return Choice(k, float(tail.values[k]), "minimal AMSE", detail, warning)


def amse_path(logs: Array, rho: float) -> tuple[Array, Array, Array]:
    """Hill's estimate and its estimated bias, for k = 1, 2, ...

    Parameters
    ----------
    logs : array of shape (m,)
        Logarithms of rewards, descending.

    Returns
    -------
    tuple of three arrays of shape (m - 1,)
        The estimate, its bias, and how many standard errors b is from 0.
    """
    xp = array_namespace(logs)
    j = xp.astype(counting(logs, 1, logs.shape[0] - 1), xp.float64)
    spacings = j * (logs[:-1] - logs[1:])
    # (j + 1)^-rho is the next of the powers.
    powers = xp.astype(counting(logs, 1, logs.shape[0]), xp.float64) ** -rho
    powers, scale = powers[:-1], powers[1:]
    hill = xp.cumulative_sum(spacings) / j
    mean = xp.cumulative_sum(powers) / j
    along = xp.cumulative_sum(spacings * powers) / j - hill * mean
    spread = xp.cumulative_sum(powers * powers) / j - mean * mean
    # For k = 1 there is no slope.
    spread = xp.where(j > 1, spread, xp.full_like(j, float("inf")))
    bias = scale * along / spread / (1 - rho)
    positive = xp.where(hill > 0, hill, xp.ones_like(hill))
    return hill, bias, xp.abs(along) * xp.sqrt(j / spread) / positive
