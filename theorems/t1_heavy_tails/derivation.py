"""Theorem 1, derived: what a threshold reweighting costs and buys, and how to choose it.

Three claims about one threshold hold for every law, whatever its tail. The theorem then needs two
facts about the tail: ``-log Q(X > t)/t`` comes arbitrarily close to 0 (:mod:`.subsequence`) and
``t Q(X > t) -> 0``, which a finite mean gives.
"""

from __future__ import annotations

from theorems.t1_heavy_tails.symbols import (
    between,
    kl,
    mean_of_p,
    mean_of_q,
    ordered,
    symbols,
    weights,
)
from verify.claim import Claim
from verify.identity import Identity, Relation, Step

# ---------------------------------------------------------------- cost


def total_mass() -> Relation:
    n = symbols()
    above, below = weights()
    return Relation(n.q * above + (1 - n.q) * below, 1, given=(n.p < 1, n.q < 1))


def cost_is_kl() -> Relation:
    import sympy as sp

    n = symbols()
    above, below = weights()
    cost = n.q * above * sp.log(above) + (1 - n.q) * below * sp.log(below)
    return Relation(cost, kl(n.p, n.q), given=(n.p < 1, n.q < 1))


def lower_part_gains() -> Relation:
    import sympy as sp

    n = symbols()
    form = (1 - n.p) * sp.log(1 + (n.p - n.q) / (1 - n.p))
    left = n.p * sp.log(n.p / n.q)
    return Relation(left, kl(n.p, n.q), ">=", form, ordered(), between())


def mass_below_one() -> Relation:
    import sympy as sp

    n = symbols()
    form = n.p * sp.log(1 + (1 - n.p) / n.p)
    left, right = -n.p * sp.log(n.q), n.p * sp.log(n.p / n.q)
    return Relation(left, right, ">=", form, ordered(), between())


# ---------------------------------------------------------------- mean


def mean_moves() -> Relation:
    n = symbols()
    right = mean_of_q() + (n.p - n.q) * (n.A - n.B)
    return Relation(mean_of_p(), right)


def mean_is_bounded() -> Relation:
    n = symbols()
    right = mean_of_q() + (n.p - n.q) * (n.t - mean_of_q())
    # A = t + u and B = t - v: the difference is (p - q)(u + q (A - B)).
    form = (n.p - n.q) * (n.A - n.t + n.q * (n.A - n.B))
    via = {**between(), n.A: n.t + n.u, n.B: n.t - n.v}
    given = (*ordered(), n.t <= n.A, n.t >= n.B)
    return Relation(mean_of_p(), right, ">=", form, given, via)


# ---------------------------------------------------------------- the choice of p and t


def cost_at_c_over_t() -> Relation:
    import sympy as sp

    n = symbols()
    q = sp.exp(-n.r * n.t)
    return Relation(-(n.c / n.t) * sp.log(q), n.c * n.r)


def cost_within_budget() -> Relation:
    n = symbols()
    # r = eps/c - h says that r < eps/c.
    form = n.c * (n.eps / n.c - n.r)
    via = {n.eps: n.c * (n.r + n.h)}
    return Relation(n.eps, n.c * n.r, ">", form, (n.r < n.eps / n.c,), via)


def mean_at_c_over_t() -> Relation:
    n = symbols()
    # s = t q, which is at most c because q <= p.
    left = n.mu + (n.c / n.t - n.s / n.t) * (n.t - n.mu)
    right = n.mu + n.c - n.s - (n.c - n.s) * n.mu / n.t
    return Relation(left, right)


def mean_at_c_over_t_positive_mu() -> Relation:
    n = symbols()
    # mu = m > 0 and c = s + h.
    left = n.mu + n.c - n.s - (n.c - n.s) * n.mu / n.t
    right = n.mu + n.c - n.s - n.c * n.mu / n.t
    given = (n.mu > 0, n.s < n.c)
    return Relation(left, right, ">=", n.s * n.mu / n.t, given, {n.mu: n.m, n.c: n.s + n.h})


def mean_at_c_over_t_negative_mu() -> Relation:
    n = symbols()
    # mu = -v <= 0 and c = s + h.
    left = n.mu + n.c - n.s - (n.c - n.s) * n.mu / n.t
    right = n.mu + n.c - n.s + n.c * n.mu / n.t
    form = (2 * n.c - n.s) * -n.mu / n.t
    given = (n.mu <= 0, n.s < n.c)
    return Relation(left, right, ">=", form, given, {n.mu: -n.v, n.c: n.s + n.h})


def tail_beyond_t() -> Relation:
    n = symbols()
    # E[X; X > t] = q A tends to 0 where E X is finite, and t q is below it.
    given, via = (n.t <= n.A,), {n.A: n.t + n.u}
    return Relation(n.q * n.A, n.t * n.q, ">=", n.q * (n.A - n.t), given, via)


def target_exceeded() -> Relation:
    n = symbols()
    # c = M - mu + 1, with s < 1/2 and z = c |mu| / t < 1/2.
    c = n.M - n.mu + 1
    given = (2 * n.s < 1, 2 * n.z < 1)
    half = {n.s: n.i / (2 * (n.i + n.k)), n.z: n.u / (2 * (n.u + n.h))}
    return Relation(n.mu + c - n.s - n.z, n.M, ">", 1 - n.s - n.z, given, half)


COST = (
    Step("total mass", "P has total mass 1.", total_mass),
    Step("cost", "KL(P||Q) is the Bernoulli divergence kl(p, q).", cost_is_kl),
)
COST_BOUNDS = (
    Step("lower part", "For p >= q the part below t only lowers the cost.", lower_part_gains),
    Step("upper part", "Dropping log p <= 0 leaves -p log q.", mass_below_one),
)
MEAN = (
    Step("mean", "Moving mass p - q upwards moves the mean by (p - q)(A - B).", mean_moves),
    Step("mean bound", "For p >= q the mean rises by (p - q)(t - mu) or more.", mean_is_bounded),
)
CHOICE = (
    Step("cost at c/t", "With p = c/t the bound on the cost is c r.", cost_at_c_over_t),
    Step("budget kept", "Where r < eps/c it is below eps.", cost_within_budget),
    Step("tail mean", "t Q(X > t) <= E[X; X > t], which tends to 0.", tail_beyond_t),
    Step("mean at c/t", "The bound on the mean, written out.", mean_at_c_over_t),
    Step("mean at c/t, mu > 0", "It loses at most s + c|mu|/t.", mean_at_c_over_t_positive_mu),
    Step("mean at c/t, mu <= 0", "It loses at most s + c|mu|/t.", mean_at_c_over_t_negative_mu),
    Step("target exceeded", "With c = M - mu + 1, half and half to lose.", target_exceeded),
)

CLAIMS = (
    Claim(
        "t1.cost",
        "The threshold reweighting with mass p above t has total mass 1 and KL(P||Q) = kl(p, q), "
        "q = Q(X > t), exactly, for every law and all p, q in (0, 1).",
        "ours",
        "ours",
        evidence=(Identity(COST),),
    ),
    Claim(
        "t1.cost-bounds",
        "kl(p, q) <= p log(p/q) <= -p log q for all 0 < q <= p < 1.",
        "ours",
        "ours",
        evidence=(Identity(COST_BOUNDS),),
    ),
    Claim(
        "t1.mean",
        "E_P X = mu + (p - q)(E[X|X>t] - E[X|X<=t]) for every law with a mean, and this is at "
        "least mu + (p - q)(t - mu) where p >= q.",
        "ours",
        "ours",
        evidence=(Identity(MEAN),),
    ),
)
