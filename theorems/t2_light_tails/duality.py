"""The duality: each tilt bounds every mean, the right one meets its bound, and S has its shape.

``S(d)`` is the supremum of ``E_P X`` over all P with ``KL(P||Q) <= d``. All rests on one
inequality, that a relative entropy is not negative, and here even that is derived:
``w log w - w + 1`` is the bowl ``1 + (z - 1) exp(z)`` at ``z = log w``, and the bowl is an area.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.t2_light_tails.symbols import bowl, slope_at_l, symbols, taylor
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.reweighted import Reweighted, reweight
from verify.weight import BestOfN, Threshold, Tilt, TopFraction, Weight

# ---------------------------------------------------------------- the bowl


def area_right() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(bowl(n.z), sp.Integral(n.s * sp.exp(n.s), (n.s, 0, n.z)))


def area_right_sign() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.s * sp.exp(n.s), 0, ">=", n.s * sp.exp(n.s))


def area_left() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(bowl(-n.v), sp.Integral(n.s * sp.exp(-n.s), (n.s, 0, n.v)))


def area_left_sign() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.s * sp.exp(-n.s), 0, ">=", n.s * sp.exp(-n.s))


def entropy_is_a_bowl() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.w * sp.log(n.w) - n.w + 1, bowl(sp.log(n.w)))


# ---------------------------------------------------------------- each tilt bounds every mean


def tilted_divergence() -> Relation:
    import sympy as sp

    n = symbols()
    # w = dP/dQ at a reward x, and dQ_l/dQ = exp(l x - K) there.
    left = n.w * sp.log(n.w) - n.w * (n.l * n.x - n.K)
    return Relation(left, n.w * sp.log(n.w / sp.exp(n.l * n.x - n.K)))


def bound() -> Relation:
    n = symbols()
    # KL(P||Q_l) = d - l A + K = v, which is not negative.
    given, via = (n.d + n.K >= n.l * n.A,), {n.K: n.l * n.A - n.d + n.v}
    return Relation((n.d + n.K) / n.l, n.A, ">=", (n.d + n.K - n.l * n.A) / n.l, given, via)


def bound_at(case: tuple[str, Weight, str]) -> Iterator[Comparison]:
    """At one law, weight and tilt: the bound, and that what it leaves is ``KL(P||Q_l)/l``.

    The last is a sum over atoms, which knows nothing of K.
    """
    text, weight, number = case
    law, tilt = Law.parse(text), exact(number)
    optimised = reweight(law, weight)
    assert isinstance(optimised, Reweighted)

    def mean() -> arb:
        value = optimised.mean()
        assert isinstance(value, arb)
        return value

    def dual() -> arb:
        cost, log_mgf = optimised.kl(), law.log_mgf(tilt)
        assert isinstance(cost, arb) and isinstance(log_mgf, arb)
        return (cost + log_mgf) / tilt

    def divergence_from_tilt() -> arb:
        total, sizes = arb(0), [mass * (tilt * arb(x)).exp() for x, mass in law.atoms()]
        for (_, p), size in zip(optimised.atoms(), sizes, strict=True):
            if p != 0:
                total += p * (p * sum(sizes, arb(0)) / size).log()
        return total

    yield below("mean and dual bound", mean, dual)
    if law.has_atoms:
        yield near(
            "what the bound leaves",
            lambda: tilt * (dual() - mean()),
            divergence_from_tilt,
            lambda: arb(10) ** -30,
        )


# ---------------------------------------------------------------- the right tilt meets its bound


def variance() -> Relation:
    import sympy as sp

    n = symbols()
    # M(l + e) up to the second order, by the moments of exp(l X).
    mgf = n.m0 + n.m1 * n.e + n.m2 * n.e**2 / 2
    mean = n.m1 / n.m0
    spread = (n.m2 - 2 * mean * n.m1 + mean**2 * n.m0) / n.m0
    return Relation(slope_at_l(sp.log(mgf), 2), spread)


def spread_sign() -> Relation:
    n = symbols()
    return Relation(n.w * (n.x - n.A) ** 2, 0, ">=", n.w * (n.x - n.A) ** 2)


def cost_grows() -> Relation:
    n = symbols()
    # D(l + e) = (l + e) K'(l + e) - K(l + e), with K' = A + B e.
    cost = (n.l + n.e) * (n.A + n.B * n.e) - taylor()
    return Relation(slope_at_l(cost), n.l * n.B)


def cost_is_divergence() -> Relation:
    import sympy as sp

    n = symbols()
    # log dQ_l/dQ = l x - K, whose mean under Q_l is l A - K: A is the mean of x there.
    log_density = sp.log(sp.exp(n.l * n.x - n.K))
    return Relation(log_density + n.l * (n.A - n.x), n.l * n.A - n.K)


def dual_slope() -> Relation:
    n = symbols()
    dual = (n.d + taylor()) / (n.l + n.e)
    return Relation(slope_at_l(dual), ((n.l * n.A - n.K) - n.d) / n.l**2)


def no_gap() -> Relation:
    n = symbols()
    return Relation(((n.l * n.A - n.K) + n.K) / n.l, n.A)


# ---------------------------------------------------------------- the shape of S


def affine_in_budget() -> Relation:
    n = symbols()
    p = n.p
    one, other = (n.d + n.K) / n.l, (n.h + n.K) / n.l
    return Relation((p * n.d + (1 - p) * n.h + n.K) / n.l, p * one + (1 - p) * other)


def grows_with_budget() -> Relation:
    n = symbols()
    return Relation((n.d + n.h + n.K) / n.l, (n.d + n.K) / n.l, ">", n.h / n.l)


def log_below_line() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.m - 1 - sp.log(n.m), n.m * bowl(-sp.log(n.m)))


def chord_slope() -> Relation:
    import sympy as sp

    n = symbols()
    chord = (sp.exp(n.l * n.x) - 1) / n.l
    return Relation(sp.Derivative(chord, n.l), bowl(n.l * n.x) / n.l**2)


def chord_limit() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit((sp.exp(n.l * n.x) - 1) / n.l, n.l, 0, "+"), n.x)


def small_budget() -> Relation:
    import sympy as sp

    n = symbols()
    # With l = sqrt(d): what the budget adds to the bound.
    return Relation(sp.Limit(n.d / sp.sqrt(n.d), n.d, 0, "+"), 0)


# ---------------------------------------------------------------- mixtures


def mixture_saves() -> Relation:
    import sympy as sp

    n = symbols()
    # Densities w and m, mixed with shares p and 1 - p; p = i/(i + j) says that p < 1.
    mixed = n.p * n.w + (1 - n.p) * n.m
    parts = n.p * n.w * sp.log(n.w) + (1 - n.p) * n.m * sp.log(n.m)
    saved = n.p * n.w * sp.log(n.w / mixed) + (1 - n.p) * n.m * sp.log(n.m / mixed)
    via = {n.p: n.i / (n.i + n.j)}
    return Relation(parts - mixed * sp.log(mixed), saved, given=(n.p < 1,), via=via)


def part_saves() -> Relation:
    import sympy as sp

    n = symbols()
    # Against the mixture, y: averaged over the parts, y - w comes to 0.
    return Relation(n.w * sp.log(n.w / n.y) + n.y - n.w, n.y * bowl(sp.log(n.w / n.y)))


# ---------------------------------------------------------------- steps and claims

BOWL = (
    Step("area, z >= 0", "The bowl 1 + (z - 1) exp(z) is an area.", area_right),
    Step("area, z >= 0, sign", "Its integrand is not negative.", area_right_sign),
    Step("area, z = -v <= 0", "Left of 0 it is an area too.", area_left),
    Step("area, z <= 0, sign", "Its integrand is not negative.", area_left_sign),
)
CONVEX = (
    Step("mixture", "What a mixture saves on its parts is a relative entropy each.", mixture_saves),
    Step("part", "Plus y - w, which averages to 0, each is a bowl; y is the mixture.", part_saves),
)
BOUND = Step("bound", "So E_P X is at most (d + K(l))/l where KL(P||Q) = d.", bound)
GIBBS = (
    Step("entropy", "A relative entropy averages a bowl: it is not negative.", entropy_is_a_bowl),
    Step("Gibbs", "KL(P||Q) - l E_P X + K(l) = KL(P||Q_l), reward by reward.", tilted_divergence),
    BOUND,
)
NO_GAP = Step("no gap", "Where D(l) = d, the bound is the mean K' of the tilt.", no_gap)
TILTS = (
    Step("variance", "K'' is the variance of the tilted law.", variance),
    Step("variance, sign", "A variance averages what is not negative.", spread_sign),
    Step("cost of a tilt", "KL(Q_l||Q) averages l x - K: it is D = l K' - K.", cost_is_divergence),
    Step("cost grows", "D' = l K'', so the cost grows with the tilt.", cost_grows),
    Step("slope of the bound", "The bound falls while D < d, then rises.", dual_slope),
    NO_GAP,
)
SHAPE = (
    Step("affine", "Each bound is affine in the budget.", affine_in_budget),
    Step("grows", "Each bound grows with the budget.", grows_with_budget),
)
START = (
    Step("log below line", "log m <= m - 1: the difference is a bowl.", log_below_line),
    Step("chord falls", "(exp(l x) - 1)/l falls as l falls to 0.", chord_slope),
    Step("chord limit", "It falls to x.", chord_limit),
    Step("small budget", "With l = sqrt d the budget adds d/l, which vanishes.", small_budget),
)

#: Law, weight and tilt. The bound must hold whatever the weight; the tilt need not fit it.
BOUNDED = (
    ("binomial(n=9, p=0.3)", Threshold.at("3", "0.5"), "0.7"),
    ("binomial(n=9, p=0.3)", BestOfN(5), "1"),
    ("bernoulli(p=0.3)", Threshold.at("0", "0.9"), "2"),
    ("binomial(n=4, p=0.5)", TopFraction(fmpq(1, 10)), "3"),
    ("normal(mu=0, sigma=1)", Threshold.at("2", "0.4"), "1.2"),
    ("exponential()", BestOfN(8), "0.6"),
    ("exponential()", Tilt(fmpq(1, 3)), "0.5"),
    ("gamma(shape=2.5)", TopFraction(fmpq(1, 20)), "0.7"),
    ("-pareto(alpha=2)", Threshold.at("-2", "0.95"), "3"),
)

CLAIMS = (
    Claim(
        "t2.bowl",
        "1 + (z - 1) exp(z) >= 0 for every real z.",
        "ours",
        "ours",
        evidence=(Identity(BOWL),),
    ),
    Claim(
        "t2.gibbs",
        "E_P X <= (KL(P||Q) + K(l))/l for every law Q, every P and every l > 0 with K(l) finite; "
        "what the bound leaves is KL(P||Q_l)/l, Q_l being the tilt. Combines: the steps hold "
        "reward by reward, and E_Q takes them to P: first for X cut to [0, n], whose K is at most "
        "log(1 + M(l)), so that E_P max(X, 0) is finite; then for X.",
        "ours",
        "ours",
        uses=("t2.bowl",),
        evidence=(Identity(GIBBS), Enclosed(bound_at, BOUNDED)),
    ),
    Claim(
        "t2.tilts",
        "For 0 < l < rate(Q): the tilt Q_l costs D(l) = l K'(l) - K(l), which does not fall as l "
        "grows and tends to 0 as l -> 0; the bound (d + K(l))/l is least where D(l) = d, and there "
        "it is the mean K'(l) of the tilt. So S(d) is the least bound wherever a tilt costs d. "
        "Combines: K is analytic below the rate; K(0+) = 0, and so D(0+) = 0: were it c > 0, K' >= "
        "c/(2 l) near 0 would send K to -oo there.",
        "ours",
        "ours",
        uses=("t2.gibbs",),
        evidence=(Identity(TILTS),),
    ),
    Claim(
        "t2.shape",
        "S is concave and does not fall as the budget grows: it is the infimum of (d + K(l))/l "
        "over l, and each of these is affine in d with a positive slope.",
        "ours",
        "ours",
        uses=("t2.duality",),
        evidence=(Identity(SHAPE),),
    ),
    Claim(
        "t2.convexity",
        "A mixture of laws P costs no more than they do on average: KL(P||Q) is convex in P.",
        "ours",
        "ours",
        uses=("t2.bowl",),
        evidence=(Identity(CONVEX),),
    ),
)
