"""What the classes say in the limit, enclosed at a given t."""

from __future__ import annotations

from flint import arb, fmpq

from verify.conditioning import condition
from verify.enclosure import Diverges, Number
from verify.law import Law


def step_ratio(law: Law, t: fmpq, step: fmpq) -> arb:
    """``Pr(X > t + s)/Pr(X > t)``: near 1 far out, if X is long-tailed."""
    return (law.log_survival(t + step) - law.log_survival(t)).exp()


def convolution_ratio(law: Law, t: fmpq) -> arb:
    """``Pr(X1 + X2 > t)/Pr(X > t)``, independent copies: near 2 far out if X is subexponential."""
    return (condition(law, law, t).log_mass - law.log_survival(t)).exp()


def upper_mean_ratio_at(error: Law, utility: Law, t: fmpq) -> Number:
    """``E[V; V > t]/Pr(X > t)`` at one t."""
    mean = utility.tail_mean(t)
    if isinstance(mean, Diverges):
        return mean
    return mean * (utility.log_survival(t) - error.log_survival(t)).exp()
