"""Copulas for tests, and what each is by definition: its distribution function, in mpmath."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, arb_series, fmpq
from hypothesis import strategies as st
from mpmath import mp
from scipy import stats

from tests.verify.law_cases import rationals
from tests.verify.mpmath_route import mp_number
from verify.copulas import (
    Copula,
    clayton,
    frank,
    gaussian,
    gumbel,
    independent,
    negated,
    student_t,
    survival,
)
from verify.copulas.simple import Turned
from verify.ranks import FLOAT_RANKS, Rank
from verify.taylor_series import series_length, variable

_RHO = rationals("-11/12", "11/12")
FAMILIES: dict[str, st.SearchStrategy[Copula]] = {
    "independent": st.just(independent()),
    "gaussian": st.builds(gaussian, rho=_RHO),
    "student_t": st.builds(student_t, rho=_RHO, df=rationals("1", "20")),
    "clayton": st.builds(clayton, theta=rationals("1/10", "8")),
    "gumbel": st.builds(gumbel, theta=rationals("1", "6")),
    "frank": st.builds(frank, theta=rationals("-12", "12").filter(lambda t: abs(t) > fmpq(1, 10))),
}
base_copulas = st.one_of(*FAMILIES.values())
copulas = st.builds(
    lambda turn, c: turn(c), st.sampled_from([lambda c: c, survival, negated]), base_copulas
)  # type: ignore[no-any-return]
levels = rationals("1/12", "11/12")


def cdf(copula: Copula, u: Any, v: Any) -> Any:
    """``C(u, v)`` of an Archimedean copula, or of one turned round."""
    if isinstance(copula, Turned):
        a, b = 1 - u if copula.first else u, 1 - v if copula.second else v
        base = cdf(copula.base, a, b)
        if copula.first and copula.second:
            return u + v - 1 + base
        return v - base if copula.first else u - base
    if isinstance(copula, independent):
        return u * v
    assert isinstance(copula, clayton | gumbel | frank)
    theta = mp_number(copula.theta)
    if isinstance(copula, clayton):
        return (u**-theta + v**-theta - 1) ** (-1 / theta)
    if isinstance(copula, gumbel):
        return mp.exp(-(((-mp.log(u)) ** theta + (-mp.log(v)) ** theta) ** (1 / theta)))
    product = mp.expm1(-theta * u) * mp.expm1(-theta * v)
    return -mp.log1p(product / mp.expm1(-theta)) / theta


def elliptical_density(copula: gaussian | student_t, u: float, v: float) -> float:
    """The density of a Gaussian or Student t copula, from scipy's bivariate laws."""
    shape = [[1.0, float(copula.rho)], [float(copula.rho), 1.0]]
    margin, joint = stats.norm(), stats.multivariate_normal([0, 0], shape)
    if isinstance(copula, student_t):
        margin = stats.t(float(copula.df))
        joint = stats.multivariate_t([0, 0], shape, df=float(copula.df))
    x, y = margin.ppf(u), margin.ppf(v)
    return float(joint.pdf([x, y]) / (margin.pdf(x) * margin.pdf(y)))


def float_rank(p: Any) -> Rank[Any]:
    """A rank in float64."""
    return Rank(np.asarray(p, dtype=float), 1 - np.asarray(p, dtype=float))


def h(copula: Copula, u: Any, v: Any) -> Any:
    """``Pr(U <= u | V = v)`` in float64."""
    return copula.conditional(float_rank(u), float_rank(v), FLOAT_RANKS).below


def series_rank(p: arb, length: int = 2) -> Rank[arb_series]:
    """The rank ``p + e``."""
    below = variable(p, length)
    return Rank(below, 1 - below)


def margin_error(copula: Copula, u: float) -> float:
    """How far the average of ``h(u | v)`` over v is from u: 0 for a copula."""
    x, w = np.polynomial.legendre.leggauss(400)
    # v = (1 + tanh s)/2 spreads the corners out.
    s = 18 * x
    v, slope = 1 / (1 + np.exp(-2 * s)), 18 * 2 / (2 + np.exp(2 * s) + np.exp(-2 * s))
    rank = Rank(v, 1 / (1 + np.exp(2 * s)))
    given = copula.conditional(float_rank(np.full_like(v, u)), rank, FLOAT_RANKS).below
    return abs(float(np.sum(w * slope * given)) - u)


def tau_by_integral(copula: Copula, nodes: int) -> float:
    """``1 - 4 int int h(u | v) h(v | u)``, the definition of Kendall's tau, by a product rule."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    s, w = 15 * x, 15 * w
    p, q = 1 / (1 + np.exp(-s)), 1 / (1 + np.exp(s))
    weights = w * p * q
    u = Rank(*(side[:, None] + 0 * p[None, :] for side in (p, q)))
    v = Rank(*(side[None, :] + 0 * p[:, None] for side in (p, q)))
    given_v = copula.conditional(u, v, FLOAT_RANKS).below
    given_u = copula.swapped().conditional(v, u, FLOAT_RANKS).below
    return 1 - 4 * float(weights @ (given_v * given_u) @ weights)


__all__ = ["series_length"]
