"""Where to put the threshold: heaviness gives a subsequence, and a search finds it.

Write ``n(t) = -log Q(X > t)``, which never falls. If ``n(t) >= a t`` from some T on, then
``E exp(l X) < oo`` for ``l < a``. So a law with ``E exp(l X) = oo`` for every l > 0 has, for every
a > 0, arbitrarily large t with ``n(t) < a t``. That is all that heaviness gives: there need be no
limit (:mod:`.errata`).
"""

from __future__ import annotations

from theorems.t1_heavy_tails.symbols import Expression, between, kl, ordered, symbols
from verify.claim import Claim
from verify.identity import Identity, Relation, Step

# ---------------------------------------------------------------- heavy means a subsequence


def layer_cake() -> Relation:
    import sympy as sp

    n = symbols()
    inside = sp.Integral(n.l * sp.exp(n.l * n.y), (n.y, -sp.oo, n.b))
    return Relation(inside, sp.exp(n.l * n.b))


def tail_integral() -> Relation:
    import sympy as sp

    n = symbols()
    # a = l + h says that l < a.
    a = n.l + n.h
    inside = sp.Integral(n.l * sp.exp(n.l * n.y) * sp.exp(-a * n.y), (n.y, n.t, sp.oo))
    return Relation(inside, n.l / n.h * sp.exp(-n.h * n.t))


def chernoff() -> Relation:
    import sympy as sp

    n = symbols()
    # Markov: exp(l t) q <= m, where m = E exp(l X); that is m = exp(l t) q (1 + v).
    m = sp.exp(n.l * n.t) * n.q * (1 + n.v)
    return Relation(-sp.log(n.q) / n.t, n.l - sp.log(m) / n.t, ">=", sp.log(1 + n.v) / n.t)


def chernoff_limit() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.l - sp.log(n.m) / n.t, n.t, sp.oo), n.l)


def printed_heaviness() -> Relation:
    import sympy as sp

    n = symbols()
    # Markov again: where exp(l t) Q(X > t) tends to oo, E exp(l X) can only be oo.
    tail = n.q
    mgf = sp.exp(n.l * n.t) * tail * (1 + n.v)
    return Relation(mgf, sp.exp(n.l * n.t) * tail, ">=", n.v * sp.exp(n.l * n.t) * tail)


# ---------------------------------------------------------------- a search finds it


def grid_point() -> Relation:
    n = symbols()
    # x t' = t* + z with x = rho > 1, n(t*) = a t* - u, n(t') = n(t*) - v.
    star = n.x * n.t - n.z
    at_grid = n.a * star - n.u - n.v
    return Relation(n.a * n.x * n.t, at_grid, ">=", n.a * n.z + n.u + n.v)


def marginal_cost() -> Relation:
    import sympy as sp

    n = symbols()
    form = sp.log(1 + (n.p - n.q) / (n.q * (1 - n.p)))
    slope = sp.diff(kl(n.p, n.q), n.p)
    return Relation(slope, 0, ">=", form, ordered(), between())


def marginal_mean() -> Relation:
    n = symbols()
    gain: Expression = n.A - n.B
    given = (n.t <= n.A, n.t >= n.B)
    return Relation(gain, 0, ">=", n.u + n.v, given, {n.A: n.t + n.u, n.B: n.t - n.v})


HEAVINESS = (
    Step("layer cake", "exp(l b) is the integral of l exp(l y) below b.", layer_cake),
    Step("tail integral", "A tail below exp(-a y) leaves a finite integral, l < a.", tail_integral),
)
RATE = (
    Step("chernoff", "A finite E exp(l X) bounds -log Q(X > t)/t from below.", chernoff),
    Step("chernoff limit", "The bound tends to l.", chernoff_limit),
)
SEARCH = (
    Step("grid point", "The last grid point before t* costs at most rho times more.", grid_point),
    Step("more cost", "On [q, 1] the cost grows with the mass.", marginal_cost),
    Step("more mean", "So does the mean.", marginal_mean),
)
PRINTED = (Step("printed heaviness", "exp(l t) Q(X > t) <= E exp(l X).", printed_heaviness),)

CLAIMS = (
    Claim(
        "t1.subsequence",
        "If E exp(l X) = oo for every l > 0, then for every a > 0 there are arbitrarily large t "
        "with -log Q(X > t) < a t. Combines: E exp(l X) is the integral of l exp(l y) Q(X > y); "
        "the part below T is at most exp(l T); if Q(X > y) <= exp(-a y) above T, the rest is at "
        "most l/(a - l) exp(-(a - l) T).",
        "ours",
        "ours",
        evidence=(Identity(HEAVINESS),),
    ),
    Claim(
        "t1.rate",
        "sup{l >= 0 : E exp(l X) < oo} is the lower limit of -log Q(X > t)/t. Combines the "
        "subsequence above with Markov's inequality for exp(l X).",
        "ours",
        "ours",
        uses=("t1.subsequence",),
        evidence=(Identity(RATE),),
    ),
    Claim(
        "t1.printed-heavy",
        "A law that is heavy in the printed sense (exp(a t) Q(X > t) -> oo for every a > 0) is "
        "heavy in ours (E exp(l X) = oo for every l > 0).",
        "ours",
        "ours",
        evidence=(Identity(PRINTED),),
    ),
    Claim(
        "t1.search",
        "For every right-heavy law with finite mean, every M and eps > 0: a search along any grid "
        "t_k = t_0 rho^k, rho > 1, that takes at each t the largest mass of cost eps finds a "
        "threshold reweighting with mean above M. Combines: where -log Q(X > t*) < a t*, the last "
        "grid point before t* has at most rho times that rate; and the largest mass does at least "
        "as well as c/t.",
        "ours",
        "ours",
        uses=("t1.cost", "t1.cost-bounds", "t1.mean", "t1.subsequence"),
        evidence=(Identity(SEARCH),),
    ),
)
