"""Kernel estimates: Hill's with weights that fade towards the threshold.

Of Csörgő, Deheuvels and Mason (Annals of Statistics 13, 1985): the spacings ``j (log X_j - log
X_j+1)``, which for a power law are exponential with mean the shape, averaged with the weights
``K(j / k)``, here of the biweight kernel ``(1 - u^2)^2``. As k grows the path is smooth where
Hill's jumps, and the bias is smaller; for power laws only, like Hill's.
"""

from __future__ import annotations

from array_api_compat import array_namespace

from verify.tails.estimators.log_spacings import counting, positive_logs
from verify.tails.estimators.path import NOT_INVARIANT, Path
from verify.tails.upper_tail import Array, UpperTail


def kernel_path(tail: UpperTail) -> Path:
    """Estimates for k = 2, 3, .. in one pass; the standard error is ``shape sqrt(10 / (7 k))``.

    The weights are polynomials in j, so three running sums give all k.

    Raises
    ------
    InputError
        If fewer than four rewards are above 0.
    """
    logs = positive_logs(tail)
    xp = array_namespace(logs)
    j = counting(logs, 1, logs.shape[0] - 1)
    spacings = j * (logs[:-1] - logs[1:])
    # float64: fourth powers of integers would overflow.
    along = xp.astype(j, xp.float64)
    squares = along * along
    # The weight of the k-th spacing is 0.
    k = along + 1
    plain, second, fourth = (
        xp.cumulative_sum(each)
        for each in (spacings, spacings * squares, spacings * squares * squares)
    )
    shape = plain - (2 / k**2) * second + fourth / k**4
    # The sum of the weights, by Euler and Maclaurin, whose series ends for a polynomial.
    shape = shape / (8 * k / 15 - 0.5 - 1 / (30 * k**3))
    return Path(j + 1, shape, "kernel", kernel_variance, NOT_INVARIANT)


def kernel_variance(shape: Array) -> Array:
    """The asymptotic variance times k: 10 / 7 is the integral of K^2 over the square of K's."""
    return shape**2 * (10 / 7)
