"""At the boundary: V decays at the rate of X, and only slower factors tell the two apart.

``Pr(X > x) = exp(-x) (1 + x)^-2`` and ``Pr(V > v) = exp(-v) (1 + v)^-3`` are the example: V is
lighter by a factor of t, which is just not enough for the mean to be ``K_V'(1)``.
"""

from __future__ import annotations

from theorems.decay_rate.one_law import digits, is_the_number
from theorems.decay_rate.symbols import symbols
from verify.claim import Claim, Enclosed
from verify.identity import Identity, Relation, Step

SQUARED, CUBED = (f'tail(log_sf="-x-{power}*log(1+x)", lower=0)' for power in (2, 3))
"""The tails ``exp(-x) (1 + x)^-2`` and ``exp(-x) (1 + x)^-3``."""


def mgf_of_error() -> Relation:
    import sympy as sp

    n = symbols()
    # By parts, E exp(X) = 1 + the integral of exp(x) Pr(X > x).
    integrand = sp.exp(n.s) * sp.exp(-n.s) * (1 + n.s) ** -2
    return Relation(1 + sp.Integral(integrand, (n.s, 0, sp.oo)), sp.Integer(2))


def mgf_of_utility() -> Relation:
    import sympy as sp

    n = symbols()
    integrand = sp.exp(n.s) * sp.exp(-n.s) * (1 + n.s) ** -3
    return Relation(1 + sp.Integral(integrand, (n.s, 0, sp.oo)), sp.Rational(3, 2))


def mean_of_tilt() -> Relation:
    import sympy as sp

    n = symbols()
    # E V exp(V) is the integral of (v exp(v))' Pr(V > v).
    integrand = (1 + n.s) * sp.exp(n.s) * sp.exp(-n.s) * (1 + n.s) ** -3
    return Relation(sp.Integral(integrand, (n.s, 0, sp.oo)) / sp.Rational(3, 2), sp.Rational(2, 3))


def lower_part() -> Relation:
    import sympy as sp

    n = symbols()
    # t Pr(V > t) <= E[V; V > t] <= (t + 1) Pr(V > t), for Pr(V > t + s) <= exp(-s) Pr(V > t).
    return Relation(sp.Limit(n.t * (1 + n.t) ** -3 / (1 + n.t) ** -2, n.t, sp.oo), sp.Integer(1))


def upper_part() -> Relation:
    import sympy as sp

    n = symbols()
    ratio = (n.t + 1) * (1 + n.t) ** -3 / (1 + n.t) ** -2
    return Relation(sp.Limit(ratio, n.t, sp.oo), sp.Integer(1))


def split() -> Relation:
    n = symbols()
    # Over f = Pr(X > t): E[V; U > t] is W + J c, and Pr(U > t) is M, for Pr(V > t) = o(f).
    return Relation((n.W * n.f + n.J * n.c * n.f) / (n.M * n.f), n.W / n.M + n.c * n.J / n.M)


def comes_to_two() -> Relation:
    import sympy as sp

    return Relation(sp.Rational(2, 3) + 1 * sp.Integer(2) / sp.Rational(3, 2), sp.Integer(2))


DIGITS = (("1000", "2.0110"), ("10000", "2.0017"), ("100000", "2.00023"))
"""Thresholds t, and E[V | U > t] there."""

SPLIT = (Step("split", "A large U is a large X with V tilted, or a large V with X tilted.", split),)
EXAMPLE = (
    Step("MGF of X", "E exp(X) = 2.", mgf_of_error),
    Step("MGF of V", "E exp(V) = 3/2.", mgf_of_utility),
    Step("mean of the tilt", "K_V'(1) = 2/3.", mean_of_tilt),
    Step("c, from below", "t Pr(V > t) over Pr(X > t) tends to 1,", lower_part),
    Step("c, from above", "and so does (t + 1) Pr(V > t): c = 1.", upper_part),
    Step("limit", "Together they make 2.", comes_to_two),
)

CLAIMS = (
    Claim(
        "decay-rate.boundary",
        "Let X be convolution-equivalent of rate g > 0, that is in L(g) with E exp(g X) < oo and "
        "Pr(X1 + X2 > t)/Pr(X > t) -> 2 E exp(g X), and let E[V; V > t]/Pr(X > t) -> c in [0, "
        "oo). Then E[V | U > t] -> K_V'(g) + c M_X(g)/M_V(g). Combines: E[V; U > t] is E V exp(g "
        "V) Pr(X > t) from V within any bounds and E exp(g X) E[V; V > t] from X within any "
        "bounds, and convolution equivalence makes what is left negligible; Pr(V > t) is of a "
        "smaller order than both. For g = 0 it is the sharp form of Theorem 5.",
        "ours",
        "ours",
        evidence=(Identity(SPLIT), Enclosed(is_the_number, ((SQUARED, CUBED, "2"),))),
    ),
    Claim(
        "decay-rate.boundary.two",
        "For the tails exp(-x) (1 + x)^-2 of X and exp(-v) (1 + v)^-3 of V: c = 1, and E[V | U > "
        "t] is 2.0110, 2.0017 and 2.00023 at t = 10^3, 10^4 and 10^5, with the limit 2, three "
        "times K_V'(1).",
        "ours",
        "ours",
        uses=("decay-rate.boundary",),
        evidence=(
            Identity((*EXAMPLE,)),
            Enclosed(digits, tuple((SQUARED, CUBED, *each) for each in DIGITS)),
        ),
    ),
)
