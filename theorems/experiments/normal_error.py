"""Best-of-n with a normal error: the utility rises with n, whatever its law.

The print's figure shows it for a normal and a Student t utility. It holds for every V with a finite
mean that is not constant, by two comparisons of likelihood ratios. Given a larger proxy, V is
larger: for a normal error X the density ``phi((u - v)/tau)`` of U given V rises faster in v the
larger u is. And the best of one draw more has a larger proxy: the weight ``n F^(n - 1)`` is
multiplied by ``(n + 1)/n F``, which rises.
"""

from __future__ import annotations

from theorems.experiments.symbols import Expression, symbols
from verify.claim import Claim
from verify.identity import Identity, Relation, Step


def cross_ratio() -> Relation:
    n = symbols()

    def log_density(u: Expression, v: Expression) -> Expression:
        return -((u - v) ** 2) / (2 * n.t**2)

    straight = log_density(n.u, n.v) + log_density(n.u + n.h, n.v + n.k)
    crossed = log_density(n.u, n.v + n.k) + log_density(n.u + n.h, n.v)
    return Relation(straight - crossed, 0, ">", n.h * n.k / n.t**2)


def mean_rank() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Integral(n.x * n.n * n.x ** (n.n - 1), (n.x, 0, 1)), n.n / (n.n + 1))


def one_draw_more() -> Relation:
    n = symbols()
    return Relation((n.n + 1) * n.x**n.n, n.n * n.x ** (n.n - 1) * ((n.n + 1) / n.n * n.x))


def together() -> Relation:
    n = symbols()
    # Outcomes with E[V | U] = m, l and ranks A, B.
    averages = (n.m * n.A + n.l * n.B) - (n.m * n.B + n.l * n.A)
    via = {n.m: n.l + n.y, n.A: n.B + n.w}
    return Relation(averages, 0, ">=", (n.m - n.l) * (n.A - n.B), (n.m >= n.l, n.A >= n.B), via)


RISES = (
    Step("cross ratio", "Proxies u < u + h and utilities v < v + k go together.", cross_ratio),
    Step("one draw more", "It multiplies the weight by (n + 1)/n times the rank x.", one_draw_more),
    Step("mean rank", "The best of n has a mean rank of n/(n + 1).", mean_rank),
    Step("together", "Two quantities that rise together have a covariance >= 0.", together),
)
CLAIMS = (
    Claim(
        "experiments.normal-error",
        "With a normal error X, independent of V, E V under best-of-n rises with n: for every V "
        "with a finite mean, strictly unless V is constant. Combines: V given U = u rises with u "
        "in the likelihood ratio, so m(u) = E[V | U = u] rises; E V at n + 1 exceeds E V at n by "
        "(n + 1)/n times the covariance of m(U) and the rank of U under best-of-n.",
        "Best-of-N figure: normal error",
        "as_printed",
        evidence=(Identity(RISES),),
    ),
)
