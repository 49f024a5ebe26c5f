"""Least squares for a model that is linear in its few parameters, and what is known of a ratio.

Two assumptions, of which the caller says which holds. With standard errors given, row i has an
independent normal error of that size: the covariance is ``(X' W X)^-1``. Without, all rows have
independent normal errors of one unknown size, which the residuals estimate, and intervals are
Student's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: What of the data is rounding, as a share of the largest: residuals below it are 0, and parameters
#: are not known better than it lets them be.
ROUNDING = 1e-13
#: Resamples that are fitted at a time.
CHUNK = 64


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A fit.

    Attributes
    ----------
    values : array
        The parameters.
    covariance : array
        Of their errors.
    residuals : array
        Observed less fitted, row by row.
    rows_free : int
        Rows less parameters.
    squares : float
        The sum of squares that was made least; in units of the standard errors where those are
        given.
    quantile : float
        Half the width of an interval, in standard errors of its parameter.
    """

    values: Floats
    covariance: Floats
    residuals: Floats
    rows_free: int
    squares: float
    quantile: float

    def standard_error(self, k: int) -> float:
        """Of parameter k."""
        return sqrt(max(0.0, float(self.covariance[k, k])))

    def interval(self, k: int) -> tuple[float, float]:
        """The confidence interval of parameter k."""
        margin = self.quantile * self.standard_error(k)
        return float(self.values[k]) - margin, float(self.values[k]) + margin

    def ratio(self, top: int, bottom: int) -> tuple[float, float] | None:
        """The confidence interval of the ratio of two parameters; None where it is unbounded.

        Fieller's: all r for which ``top - r bottom`` is not told from 0. Unlike the delta method
        it needs no ratio that is nearly normal, and has its level exactly under the assumptions.
        """
        a, b = float(self.values[top]), float(self.values[bottom])
        square = self.quantile**2
        q2 = b * b - square * float(self.covariance[bottom, bottom])
        q1 = a * b - square * float(self.covariance[top, bottom])
        q0 = a * a - square * float(self.covariance[top, top])
        if not q2 > 0:
            return None
        spread = sqrt(max(0.0, q1 * q1 - q2 * q0))
        return (q1 - spread) / q2, (q1 + spread) / q2


def fit_linear(columns: Floats, values: Floats, errors: Floats | None, level: float) -> LinearFit:
    """Fit ``values = columns @ parameters``.

    Parameters
    ----------
    columns : array of shape (rows, parameters)
        Of full rank, with more rows than parameters.
    values : array of shape (rows,)
        What was observed.
    errors : array of shape (rows,), optional
        Standard errors of the values.
    level : float
        Of the intervals, 0.95 say.
    """
    import numpy as np
    from scipy import stats

    scale = np.ones(len(values)) if errors is None else errors
    rows, parameters = columns.shape
    q, r = np.linalg.qr(columns / scale[:, None])
    found = np.linalg.solve(r, q.T @ (values / scale))
    residuals = values - columns @ found
    scaled = residuals / scale
    squares = float(scaled @ scaled)
    rounding = (ROUNDING * float(np.abs(values / scale).max())) ** 2
    if squares <= rows * rounding:
        squares = 0.0
    free = rows - parameters
    inverse = np.linalg.inv(r)
    covariance = inverse @ inverse.T
    if errors is None:
        covariance = covariance * max(squares / free, rounding)
        quantile = float(stats.t.ppf((1 + level) / 2, free))
    else:
        quantile = float(stats.norm.ppf((1 + level) / 2))
    return LinearFit(found, covariance, residuals, free, squares, quantile)


def full_rank(columns: Floats) -> bool:
    """Whether the columns, each brought to length 1, are told apart by float64."""
    import numpy as np

    lengths = np.sqrt((columns**2).sum(axis=0))
    if not (lengths > 0).all():
        return False
    rank = int(np.linalg.matrix_rank(columns / lengths, tol=1e-9))
    return bool(rank == columns.shape[1])


def akaike(fit: LinearFit, known_errors: bool) -> float:
    """Akaike's criterion, up to a constant that all fits to the same rows share.

    ``-oo`` for a fit without residuals.
    """
    rows, parameters = len(fit.residuals), len(fit.values)
    if known_errors:
        return fit.squares + 2 * parameters
    return rows * log(fit.squares / rows) + 2 * (parameters + 1) if fit.squares > 0 else -inf


def resampled(
    columns: Floats, values: Floats, errors: Floats | None, resamples: int, seed: int
) -> Floats:
    """Parameters fitted to rows drawn with replacement; those that leave no fit are dropped.

    Returns
    -------
    array of shape (at most resamples, parameters)
        Resamples whose rows do not determine the parameters are not in it.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    rows, parameters = columns.shape
    lengths = np.sqrt((columns**2).sum(axis=0))
    scaled = columns / lengths
    weights = np.ones(rows) if errors is None else errors**-2.0
    products = np.einsum("ri,rj->rij", scaled, scaled) * weights[:, None, None]
    aims = scaled * (weights * values)[:, None]
    found = []
    for start in range(0, resamples, CHUNK):
        count = min(CHUNK, resamples - start)
        counts = rng.multinomial(rows, np.full(rows, 1 / rows), size=count).astype(np.float64)
        grams = (counts @ products.reshape(rows, -1)).reshape(count, parameters, parameters)
        sides = counts @ aims
        usable = np.linalg.cond(grams) < 1e13
        if usable.any():
            found.append(np.linalg.solve(grams[usable], sides[usable][..., None])[..., 0] / lengths)
    return np.concatenate(found) if found else np.empty((0, parameters))


def few_runs(residuals: Floats) -> float:
    """The chance that signs in random order form as few runs as these, or fewer.

    Of the orders of p signs + and m signs -, ``2 C(p - 1, k - 1) C(m - 1, k - 1)`` have 2 k runs,
    and ``C(p - 1, k) C(m - 1, k - 1) + C(p - 1, k - 1) C(m - 1, k)`` have 2 k + 1 (Wald and
    Wolfowitz).
    """
    import numpy as np
    from scipy.special import gammaln

    signs = residuals[residuals != 0] > 0
    p = int(signs.sum())
    m = len(signs) - p
    if min(p, m) == 0:
        return 1.0
    runs = 1 + int((signs[1:] != signs[:-1]).sum())

    # Logarithms: of thousands of rows the numbers themselves have thousands of digits.
    def log_choose(n: int, k: Floats) -> Floats:
        logs: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(np.maximum(n - k, 0) + 1)
        return np.where(k > n, -inf, logs)

    k = np.arange(1, runs // 2 + 1, dtype=np.float64)
    even = log(2) + log_choose(p - 1, k - 1) + log_choose(m - 1, k - 1)
    k = np.arange(1, (runs - 1) // 2 + 1, dtype=np.float64)
    odd = np.logaddexp(
        log_choose(p - 1, k) + log_choose(m - 1, k - 1),
        log_choose(p - 1, k - 1) + log_choose(m - 1, k),
    )
    orders = log_choose(p + m, np.array(float(p)))
    return float(min(1.0, np.exp(np.concatenate([even, odd]) - orders).sum()))
