"""Which family the tail above a threshold looks most like: five laws, compared in pairs.

Each law is cut at the threshold u and fitted by maximum likelihood to the k rewards above it. With
t = log(x / u), the truncated lognormal has density ``exp(-a t - b t^2)`` and the power law with
exponential cutoff ``exp(-a t - l (x - u))`` up to a factor: exponential families, whose likelihood
is concave in (a, b) and (a, l) and depends on two means alone.

Two laws of which neither is a special case of the other are compared by Vuong's test
(Econometrica 57, 1989): the mean difference of their log-likelihoods over its standard error is
normal if both are equally far from the truth, and not the truth themselves: between two families
that both hold a power law, on a power law, it says nothing. Where one is a special case of the
other, twice the log-likelihood ratio is chi-square with one degree of freedom, or half of that
where the special case lies at the end of the larger family (the tests of Clauset, Shalizi and
Newman, SIAM Review 51, 2009).

Powers and logarithms of the rewards depend on their zero point: call it on ``above(tail)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, exp, inf, log, log1p, pi, sqrt
from typing import TYPE_CHECKING

from verify.errors import InputError
from verify.tails.estimators.path import NOT_INVARIANT
from verify.tails.upper_tail import UpperTail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Special case, larger family, and whether the special case lies at the end of the larger one.
NESTED = {
    ("power law", "power law with cutoff"): True,
    ("power law", "lognormal"): True,
    ("power law", "Weibull"): True,
    ("exponential", "power law with cutoff"): False,
    ("exponential", "Weibull"): False,
}
#: Optimisers stop where steps are this small beside the parameters' own sizes.
EXACT = 1e-10
#: Panels of the quadrature for the power law with cutoff.
PANELS = 24


@dataclass(frozen=True, eq=False)
class FittedTail:
    """One family, fitted above a threshold.

    Attributes
    ----------
    family : str
    parameters : dict of str to float
        In units of the rewards.
    log_densities : array of shape (k,)
        At each reward above the threshold.
    """

    family: str
    parameters: dict[str, float]
    log_densities: Floats

    @property
    def log_likelihood(self) -> float:
        """Of all rewards above the threshold."""
        return float(self.log_densities.sum())


@dataclass(frozen=True)
class Comparison:
    """Two families.

    Attributes
    ----------
    first, second : str
        Where they are nested, the first is the special case.
    statistic : float
        Vuong's, positive for the first; twice the log-likelihood ratio where nested.
    p_value : float
        Two-sided; where nested, of the special case.
    nested : bool
    """

    first: str
    second: str
    statistic: float
    p_value: float
    nested: bool


@dataclass(frozen=True, eq=False)
class Alternatives:
    """All families, the best first, and each pair compared.

    Attributes
    ----------
    threshold : float
    k : int
        How many rewards lie above it.
    fits : tuple of FittedTail
    comparisons : tuple of Comparison
    warning : str
    """

    threshold: float
    k: int
    fits: tuple[FittedTail, ...]
    comparisons: tuple[Comparison, ...]
    warning: str = NOT_INVARIANT


def compare_families(tail: UpperTail, k: int) -> Alternatives:
    """Fit and compare the families on the k largest rewards, cut at the next one.

    Raises
    ------
    InputError
        If k is not from 10 to one less than the number of rewards kept, the threshold is not above
        0, or all rewards above it are equal.
    """
    import numpy as np

    if not 10 <= k < tail.kept:
        raise InputError(f"k: expected from 10 to {tail.kept - 1}, got {k}")
    values = tail.values[: k + 1]
    values = np.asarray(values.cpu() if hasattr(values, "cpu") else values, dtype=np.float64)
    u = float(values[-1])
    if not u > 0 or values[0] == values[-2]:
        raise InputError(
            f"families above a threshold: expected one above 0 and rewards that differ, got {u}"
        )
    ratio = values[:-1] / u
    fits = [fit(ratio, u) for fit in (_power, _exponential, _lognormal, _weibull, _cutoff)]
    fits.sort(key=lambda fit: -fit.log_likelihood)
    names = [fit.family for fit in fits]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    by_name = dict(zip(names, fits, strict=True))
    comparisons = [_compare(by_name[a], by_name[b]) for a, b in pairs]
    return Alternatives(u, k, tuple(fits), tuple(comparisons))


def _compare(first: FittedTail, second: FittedTail) -> Comparison:
    """The test that fits the pair."""
    import numpy as np

    if (second.family, first.family) in NESTED:
        first, second = second, first
    pair = (first.family, second.family)
    difference = first.log_densities - second.log_densities
    if pair in NESTED:
        statistic = max(0.0, -2 * float(difference.sum()))
        share = 0.5 if NESTED[pair] else 1.0
        p_value = share * erfc(sqrt(statistic / 2)) if statistic > 0 else 1.0
        return Comparison(*pair, statistic, p_value, True)
    spread = float(np.std(difference))
    if not spread > 1e-9:  # one and the same law, up to rounding
        return Comparison(*pair, 0.0, 1.0, False)
    statistic = float(difference.mean()) / spread * sqrt(len(difference))
    return Comparison(*pair, statistic, erfc(abs(statistic) / sqrt(2)), False)


def _power(ratio: Floats, u: float) -> FittedTail:
    """``a x^(-a - 1) u^a``."""
    import numpy as np

    logs = np.log(ratio)
    a = 1 / float(logs.mean())
    return FittedTail("power law", {"index": a}, log(a / u) - (a + 1) * logs)


def _exponential(ratio: Floats, u: float) -> FittedTail:
    """``r exp(-r (x - u))``."""
    rate = 1 / float((ratio - 1).mean())
    return FittedTail("exponential", {"rate": rate / u}, log(rate / u) - rate * (ratio - 1))


def _weibull(ratio: Floats, u: float) -> FittedTail:
    """``c r x^(c - 1) exp(-r (x^c - u^c))``: for each c the best r is known.

    The limit c = 0 with c r held is the power law, so the search is for log c.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    logs = np.log(ratio)
    mean_log = float(logs.mean())

    def loss(log_c: float) -> float:
        c = exp(log_c)
        return -(log_c - log(float(np.expm1(c * logs).mean())) + c * mean_log)

    # No power above it would let x^c overflow.
    most = log(600 / float(logs.max()))
    found = minimize_scalar(loss, bounds=(-12.0, most), method="bounded", options={"xatol": EXACT})
    c = exp(float(found.x))
    grown = np.expm1(c * logs)
    rate = 1 / float(grown.mean())
    densities = log(c * rate / u) + (c - 1) * logs - rate * grown
    return FittedTail("Weibull", {"shape": c, "log_scale": log(u) - log(rate) / c}, densities)


def _lognormal(ratio: Floats, u: float) -> FittedTail:
    """``exp(-a t - b t^2) / x`` over its integral; b = 0 is the power law of index a."""
    import numpy as np
    from scipy.special import log_ndtr

    t = np.log(ratio)
    first, second = float(t.mean()), float((t * t).mean())

    def log_integral(a: float, b: float) -> float:
        # int_0^oo exp(-a t - b t^2) dt
        if b < 1e-12 * max(a, 0.0) ** 2:
            return -log(a)
        z = a / sqrt(2 * b)
        if z > 1e4:  # Mills's ratio, to 1e-16
            return -log(a) - log1p(1 / z**2 - 2 / z**4)
        return 0.5 * log(pi / b) + z * z / 2 + float(log_ndtr(-z))

    a, b = _best_pair(log_integral, first, second, 1 / first, 1 / first**2)
    densities = -a * t - b * t * t - log_integral(a, b) - t - log(u)
    if b <= 0:
        return FittedTail("lognormal", {"mu": -inf, "sigma": inf}, densities)
    return FittedTail(
        "lognormal", {"mu": log(u) - a / (2 * b), "sigma": (2 * b) ** -0.5}, densities
    )


def _cutoff(ratio: Floats, u: float) -> FittedTail:
    """``x^(-a - 1) exp(-l (x - u))`` over its integral; l = 0 is the power law of index a."""
    import numpy as np

    t = np.log(ratio)
    over = ratio - 1
    # Gauss's rule on equal panels of (0, 1).
    x, w = np.polynomial.legendre.leggauss(16)
    nodes = ((np.arange(PANELS)[:, None] + (x + 1) / 2) / PANELS).ravel()
    weights = np.tile(w / 2, PANELS) / PANELS
    first, second = float(t.mean()), float(over.mean())

    def log_integral(a: float, rate: float) -> float:
        # int_0^oo exp(-a t - rate (e^t - 1)) dt, in units of its largest value
        if rate <= 0:
            return -log(a)
        peak = max(0.0, log(-a / rate)) if a < 0 else 0.0
        top = -a * peak - rate * np.expm1(peak)

        # The integrand has fallen by exp(-40) at the end.
        end = peak + min(log1p((40 + abs(a) * 8) / rate), 40 / a if a > 0 else inf)
        along = end * nodes
        heights = np.exp(-a * along - rate * np.expm1(along) - top)
        return float(top) + log(end * float(weights @ heights))

    a, rate = _best_pair(log_integral, first, second, 1 / first, 1 / second)
    densities = -a * t - rate * over - log_integral(a, rate) - t - log(u)
    return FittedTail("power law with cutoff", {"index": a, "rate": rate / u}, densities)


def _best_pair(
    log_integral: Callable[[float, float], float],
    first: float,
    second: float,
    scale_first: float,
    scale_second: float,
) -> tuple[float, float]:
    """The largest of ``-a first - b second - log_integral(a, b)`` over b >= 0; concave.

    At b = 0 the best a is 1 / first. Else both are searched in units of their scales.
    """
    from scipy.optimize import minimize

    def loss(point: Floats) -> float:
        b = exp(float(point[1])) * scale_second
        a = float(point[0]) * scale_first
        try:
            return a * first + b * second + log_integral(a, b)
        except (OverflowError, ValueError, ZeroDivisionError):
            return inf

    options = {"xatol": EXACT, "fatol": 1e-14, "maxiter": 4000, "maxfev": 4000}
    runs = [
        minimize(loss, start, method="Nelder-Mead", options=options)
        for start in ((1.0, -3.0), (-1.0, 0.0))
    ]
    best = min(runs, key=lambda run: float(run.fun))
    # The power law is the end b = 0.
    if float(best.fun) >= 1 + log(first):
        return 1 / first, 0.0
    return float(best.x[0]) * scale_first, exp(float(best.x[1])) * scale_second
