"""The two forms of an overoptimisation curve, their peaks, and the n that a KL divergence buys.

With ``d = sqrt KL`` in ``sqrt nats``: ``R(d) = d (alpha - beta d)`` for best-of-n, and
``R(d) = d (alpha - beta log d)`` for reinforcement learning. Both are linear in alpha and beta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, expm1, inf, log, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Steps of Newton's method: it converges quadratically from a start with one digit.
STEPS = 60
#: Terms of a series that ends below 0.5^18/18! = 1e-21.
TERMS = 19
#: A peak farther out than this, in ``sqrt nats``, counts as none: float64 does not hold its KL.
FARTHEST = 1e150


@dataclass(frozen=True)
class Form:
    """``R(d) = alpha d - beta second(d)``.

    Attributes
    ----------
    name, text : str
        What it is called, and the formula.
    second : callable
        What beta multiplies, of an array of d.
    peak_of_ratio : callable
        Where R is largest, as a rising function of ``alpha/beta`` (for beta > 0).
    """

    name: str
    text: str
    second: Callable[[Floats], Floats]
    peak_of_ratio: Callable[[float], float]

    def value(self, d: Floats, alpha: float, beta: float) -> Floats:
        """The gain over the base policy at each d."""
        return alpha * d - beta * self.second(d)

    def peak(self, alpha: float, beta: float) -> float | None:
        """The d at which R is largest; None where no d > 0 is best, or it is beyond FARTHEST.

        For beta > 0 both forms are concave, so what is level is the peak.
        """
        if not beta > 0:
            return None
        place = self.peak_of_ratio(alpha / beta)
        return place if 0 < place < FARTHEST else None


def _square(d: Floats) -> Floats:
    return d**2


def _d_log_d(d: Floats) -> Floats:
    from scipy.special import xlogy

    values: Floats = xlogy(d, d)  # 0 at 0
    return values


def _exp(x: float) -> float:
    return exp(x) if x < 709 else inf


#: ``d (alpha - beta d)``, which falls again to 0 at twice its peak.
BEST_OF_N = Form("best-of-n", "d (alpha - beta d)", _square, lambda ratio: ratio / 2)
#: ``d (alpha - beta log d)``, which is steeper than any line at 0.
RL = Form("rl", "d (alpha - beta log d)", _d_log_d, lambda ratio: _exp(ratio - 1))
FORMS = {form.name: form for form in (BEST_OF_N, RL)}


# ---------------------------------------------------------------- best-of-n and its KL


def best_of_n_kl(n: Floats) -> Floats:
    """``log n - (n - 1)/n``, the KL divergence of the best of n where no two draws tie.

    With ties it is an upper bound (Beirami et al., arXiv 2401.01879).
    """
    import numpy as np

    kl: Floats = np.log(n) - (n - 1) / n
    return kl


def log_n_of_kl(kl: float) -> float:
    """``log n`` for the n, a real number from 1 on, whose best-of-n has the KL divergence given.

    With ``x = log n`` it is the root of ``x - 1 + exp(-x) = KL``, a convex function that rises.
    Equivalently ``n = -1/W_0(-exp(-1 - KL))``.
    """
    if kl <= 0:
        return 0.0
    x = kl + 1 if kl > 1 else sqrt(2 * kl)  # at small x the function is close to x^2/2
    for _ in range(STEPS):
        step = (_kl_of_log(x) - kl) / -expm1(-x)
        x -= step
        if abs(step) <= 1e-15 * x:
            break
    return x


def _kl_of_log(x: float) -> float:
    """``x - 1 + exp(-x)``, by its series where the difference would lose digits."""
    if x > 0.5:
        return x + expm1(-x)
    term, total = x * x / 2, 0.0
    for k in range(3, TERMS):
        total += term
        term *= -x / k
    return total


def decimal_of_log(log_n: float, digits: int = 4) -> str:
    """``exp(log_n)`` as text, however large it is."""
    if log_n < 600:
        return f"{exp(log_n):.{digits}g}"
    power = log_n / log(10)
    return f"{10 ** (power % 1):.{digits}g}e+{int(power)}"
