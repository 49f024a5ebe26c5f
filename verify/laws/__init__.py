"""The catalogue of laws, by the names they have in law texts and in Python.

>>> from verify.laws import mixture, normal, parse, pareto
>>> str(pareto(alpha=2))
'pareto(alpha=2, scale=1)'
>>> parse("2 + 3*pareto(alpha=5/2)") == 2 + 3 * pareto(2.5)
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verify.law import Law
from verify.laws.discrete import Bernoulli, Binomial, Geometric, NegativeBinomial, Poisson
from verify.laws.empirical_law import Empirical
from verify.laws.extreme import Genpareto, Gev, Gumbel
from verify.laws.gaussian import HalfNormal, InverseGaussian, Normal, SkewNormal
from verify.laws.light import Beta, Exponential, Gamma, Laplace, Logistic, Uniform
from verify.laws.point import PointMass
from verify.laws.power import (
    Burr,
    F,
    Frechet,
    InverseGamma,
    Levy,
    LogGamma,
    LogLogistic,
    Pareto,
)
from verify.laws.stretched import Lognormal, Weibull
from verify.laws.student import Cauchy, HalfCauchy, HalfStudentT, LogCauchy, StudentT
from verify.laws.text import parse_law as parse
from verify.laws.zeta import Zeta
from verify.mixture import mixture
from verify.truncation import truncate

#: The laws whose parameters are numbers, by name. ``tail``, ``empirical``, ``mixture`` and
#: ``truncate`` take texts and laws, and are not in here.
CATALOGUE: dict[str, type[Any]] = {
    law.name: law
    for law in (
        Normal,
        Lognormal,
        Exponential,
        Gamma,
        Laplace,
        Logistic,
        Cauchy,
        Uniform,
        Beta,
        StudentT,
        Pareto,
        Weibull,
        Frechet,
        Burr,
        LogLogistic,
        InverseGamma,
        F,
        Genpareto,
        Gev,
        Gumbel,
        Levy,
        LogCauchy,
        LogGamma,
        HalfNormal,
        HalfCauchy,
        HalfStudentT,
        SkewNormal,
        InverseGaussian,
        Bernoulli,
        Binomial,
        Poisson,
        Geometric,
        NegativeBinomial,
        Zeta,
        PointMass,
    )
}

Factory = Callable[..., Law]

normal: Factory = Normal
lognormal: Factory = Lognormal
exponential: Factory = Exponential
gamma: Factory = Gamma
laplace: Factory = Laplace
logistic: Factory = Logistic
cauchy: Factory = Cauchy
uniform: Factory = Uniform
beta: Factory = Beta
student_t: Factory = StudentT
pareto: Factory = Pareto
weibull: Factory = Weibull
frechet: Factory = Frechet
burr: Factory = Burr
log_logistic: Factory = LogLogistic
inverse_gamma: Factory = InverseGamma
f: Factory = F
genpareto: Factory = Genpareto
gev: Factory = Gev
gumbel: Factory = Gumbel
levy: Factory = Levy
log_cauchy: Factory = LogCauchy
log_gamma: Factory = LogGamma
half_normal: Factory = HalfNormal
half_cauchy: Factory = HalfCauchy
half_student_t: Factory = HalfStudentT
skew_normal: Factory = SkewNormal
inverse_gaussian: Factory = InverseGaussian
bernoulli: Factory = Bernoulli
binomial: Factory = Binomial
poisson: Factory = Poisson
geometric: Factory = Geometric
negative_binomial: Factory = NegativeBinomial
zeta: Factory = Zeta
point: Factory = PointMass


def tail(log_sf: str, lower: Any) -> Law:
    """The law with ``log Q(X > x) = log_sf`` for x >= lower; mass left over sits at ``lower``."""
    from verify.laws.custom import tail as custom_tail

    law: Law = custom_tail(log_sf=log_sf, lower=lower)
    return law


def empirical(path: str, column: str | None = None) -> Law:
    """The law of a draw from the rewards in a file (.npy, .csv, .parquet, .jsonl or .json)."""
    return Empirical.from_file(path, column)


__all__ = ["CATALOGUE", "empirical", "mixture", "parse", "tail", "truncate", *CATALOGUE]  # noqa: PLE0604
