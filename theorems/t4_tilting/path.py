"""The best policies are tilts, tilting keeps X and V independent, and so E V rises to a limit.

Nothing here asks whether U is continuous, and of independence only that ``exp(l U)`` factorises.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from flint import arb, fmpq

from theorems.t4_tilting.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import Diverges, Number, Undecided, ball, exact
from verify.identity import Identity, Relation, Step
from verify.independent_sum import IndependentSum
from verify.law import Law
from verify.limits import limit_of_utility

# ---------------------------------------------------------------- the optimum


def penalised() -> Relation:
    import sympy as sp

    n = symbols()
    # w = dP/dQ where the proxy is u; the tilt by 1/b has dQ_l/dQ = exp(u/b - K).
    gap = n.w * sp.log(n.w / sp.exp(n.u / n.b - n.K))
    return Relation(n.w * n.u - n.b * n.w * sp.log(n.w), n.b * n.K * n.w - n.b * gap)


def within_a_cap() -> Relation:
    n = symbols()
    # KL(P||Q) = d and KL(P||Q_l) = z at the tilt that costs d: l A - K = d.
    return Relation((n.d - n.z + n.K) / n.l, (n.d + n.K) / n.l - n.z / n.l)


def objective(pair: IndependentSum, price: fmpq, tilt: fmpq) -> arb:
    """``E U - b KL`` under the tilt by l."""
    log_mgf, mean, _ = pair.cumulants(tilt)
    return mean - price * (tilt * mean - log_mgf)


def no_other_tilt_is_better(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (law of X, law of V, b): the tilt by 1/b against its neighbours, and its own bound."""
    pair, price = IndependentSum(Law.parse(case[0]), Law.parse(case[1])), exact(case[2])
    best = 1 / price
    for share in (fmpq(1, 2), fmpq(9, 10), fmpq(11, 10)):
        yield below(
            f"objective at {share}/b",
            partial(objective, pair, price, share * best),
            partial(objective, pair, price, best),
        )
    # b K(1/b), which no policy exceeds, is what the tilt has.
    yield near(
        "objective and its bound",
        partial(objective, pair, price, best),
        lambda: price * pair.cumulants(best)[0],
        lambda: arb(10) ** -30,
    )


def cut_tilts(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (law of U, b), b below 1/rate: what the tilts of ``min(U, n)`` make of ``E U - b KL``.

    It is at least ``b log E exp(min(U, n)/b)``, hence at least ``n + b log Pr(U > n)``.
    """
    law, price = Law.parse(case[0]), exact(case[1])

    def value(cut: int) -> arb:
        inside = law.exponential_moments(1 / arb(price), None, fmpq(cut))[0]
        return price * (inside + (cut / arb(price)).exp() * law.survival(fmpq(cut))).log()

    def floor(cut: int) -> arb:
        return cut + price * law.log_survival(fmpq(cut))

    for cut in (10, 20, 40):
        yield below(f"floor at n = {cut}", partial(floor, cut), partial(value, cut))
    yield below("grown", lambda: value(10) + 1, lambda: value(20))
    yield below("grown further", lambda: value(20) + 2, lambda: value(40))


# ---------------------------------------------------------------- independence


def factors() -> Relation:
    import sympy as sp

    n = symbols()
    joint = sp.exp(n.l * (n.x + n.v) - (n.J + n.K))
    return Relation(joint, sp.exp(n.l * n.x - n.J) * sp.exp(n.l * n.v - n.K))


def over_the_joint_atoms(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (law of X, law of V, l): E V and E X summed over all pairs of atoms, weighted by U."""
    error, utility = Law.parse(case[0]), Law.parse(case[1])
    tilt = exact(case[2])

    def average(of_utility: bool) -> arb:
        total = weighted = arb(0)
        for x, p in error.atoms():
            for v, q in utility.atoms():
                size = p * q * (tilt * arb(x + v)).exp()
                total, weighted = total + size, weighted + size * (v if of_utility else x)
        return weighted / total

    def small() -> arb:
        return arb(10) ** -30

    for of_utility, law in ((True, utility), (False, error)):
        mean = partial(lambda law: law.cumulants(tilt)[1], law)
        yield near("E over pairs of atoms", partial(average, of_utility), mean, small)


# ---------------------------------------------------------------- the utility rises


def slope_of_mean() -> Relation:
    import sympy as sp

    n = symbols()
    # M' and M at l + e, up to the first order, by the moments of exp(l V).
    mean = (n.m1 + n.m2 * n.e) / (n.m0 + n.m1 * n.e)
    slope = sp.Subs(sp.Derivative(mean, n.e), n.e, 0)
    return Relation(slope, n.m2 / n.m0 - (n.m1 / n.m0) ** 2)


def variance_sign() -> Relation:
    n = symbols()
    # w is the density of the tilt, A its mean: averaged, the left side is that variance.
    return Relation(n.w * (n.v - n.A) ** 2, 0, ">=", n.w * (n.v - n.A) ** 2)


def rises_along(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (law of V, last tilt): E V above its base, and rising."""
    law, last = Law.parse(case[0]), exact(case[1])
    tilts = [last * k / 4 for k in range(5)]

    def mean(tilt: fmpq) -> Number:
        return law.mean() if tilt == 0 else law.cumulants(tilt)[1]

    for before, after in pairwise(tilts):
        yield below(f"E V at {after}", partial(mean, before), partial(mean, after))


# ---------------------------------------------------------------- the limit


def terms_rise() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(n.v * sp.exp(n.l * n.v), n.l), n.v**2 * sp.exp(n.l * n.v))


def terms_rise_sign() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.v**2 * sp.exp(n.l * n.v), 0, ">=", n.v**2 * sp.exp(n.l * n.v))


def above_chord() -> Relation:
    n = symbols()
    # The KL of the tilt, l A - K, is not negative.
    given, via = (n.l * n.A >= n.K,), {n.A: (n.K + n.z) / n.l}
    return Relation(n.A, n.K / n.l, ">=", (n.l * n.A - n.K) / n.l, given, via)


def mass_above() -> Relation:
    import sympy as sp

    n = symbols()
    # E exp(l V) is at least q exp(l c) where V >= c with probability q; z is the rest of it.
    floor = n.q * sp.exp(n.l * n.c)
    form = sp.log(1 + n.z / floor) / n.l
    return Relation(sp.log(floor + n.z) / n.l, n.c + sp.log(n.q) / n.l, ">=", form)


def chord_limit() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.c + sp.log(n.q) / n.l, n.l, sp.oo), n.c)


def tends_to(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (law of X, law of V): tilts near the end of the path close in on the limit.

    An infinite limit is above what its tilts have reached, which grows by more than 1 from one to
    the next.
    """
    error, utility = Law.parse(case[0]), Law.parse(case[1])
    limit = limit_of_utility(error, utility).mean_v
    if limit is None:
        raise Undecided(f"the limit of {case}")
    rate = IndependentSum(error, utility).mgf_abscissa
    if rate is None or isinstance(rate, Diverges):
        tilts = [fmpq(2**k) for k in (4, 8, 12)]
    else:
        tilts = [(ball(rate) * (1 - arb(2) ** -k)).mid().fmpq() for k in (10, 20, 30)]
    means = [partial(lambda tilt: utility.cumulants(tilt)[1], tilt) for tilt in tilts]
    if isinstance(limit, Diverges):
        for before, after in pairwise(means):
            yield below("E V, grown", partial(lambda f: f() + 1, before), after)
        yield below("E V and its limit", means[-1], lambda: limit)
        return
    yield below("E V at the last tilt and the limit", means[-1], lambda: limit)
    gaps = [partial(lambda f: limit - f(), mean) for mean in means]
    for before, after in pairwise(gaps):
        yield below("gap", after, partial(lambda f: f() / 4, before))
    # 1/l at l = 2^12 for the beta law, which is the slowest of the cases.
    yield below("last gap", gaps[-1], lambda: arb(1) / 1000)


# ---------------------------------------------------------------- claims

PENALISED = Step(
    "penalised", "w u - b w log w averages to a constant, less b times an entropy.", penalised
)
OPTIMUM = (
    PENALISED,
    Step("capped", "Within a KL cap, E U falls short by KL(P||Q_l)/l.", within_a_cap),
)
FACTORS = (Step("factors", "The tilt of U tilts X and V, each on its own.", factors),)
RISES = (
    Step("slope", "K_V' has the slope of a variance, that of V under the tilt.", slope_of_mean),
    Step("slope, sign", "A variance averages what is not negative.", variance_sign),
)
LIMIT = (
    Step("terms rise", "v exp(l v) rises with l, for every v.", terms_rise),
    Step("terms rise, sign", "Its slope is not negative.", terms_rise_sign),
    Step("chord", "K'(l) is at least K(l)/l.", above_chord),
    Step("mass above c", "K(l)/l is at least c + log(q)/l.", mass_above),
    Step("mass above c, limit", "That tends to c, whatever its probability.", chord_limit),
)

CLAIMS = (
    Claim(
        "t4.optimum",
        "For l = 1/b below rate(U), the tilt of U by l is the one policy that maximises E U - b "
        "KL; the tilt that costs d is the one that maximises E U at KL <= d. Combines: E_P U - b "
        "KL = b K(1/b) - b KL(P||Q_l), and a relative entropy is 0 only for P = Q_l.",
        "ours",
        "ours",
        uses=("t2.bowl", "t2.tilts"),
        evidence=(
            Identity(OPTIMUM),
            Enclosed(
                no_other_tilt_is_better,
                (
                    ("exponential()", "normal(mu=0, sigma=1)", "2"),
                    ("laplace()", "poisson(mu=3)", "1.5"),
                    ("bernoulli(p=0.3)", "uniform(low=-1, high=1)", "0.5"),
                ),
            ),
        ),
    ),
    Claim(
        "t4.no-optimum",
        "For b < 1/rate(U) no policy maximises E U - b KL, which has no bound. Combines: the tilts "
        "of min(U, n) by 1/b have E U - b KL >= b log E exp(min(U, n)/b) -> oo, and every policy "
        "of finite KL has a finite E U (or -oo).",
        "ours",
        "ours",
        uses=("t4.optimum", "t2"),
        evidence=(
            Identity((PENALISED,)),
            Enclosed(
                cut_tilts,
                (("exponential()", "0.5"), ("laplace()", "0.8"), ("geometric(p=0.3)", "2")),
            ),
        ),
    ),
    Claim(
        "t4.factors",
        "If X and V are independent, then under the tilt of U = X + V by l they still are, each "
        "tilted by l; so E V = K_V'(l), E X = K_X'(l) and K_U = K_X + K_V.",
        "ours",
        "ours",
        evidence=(
            Identity(FACTORS),
            Enclosed(
                over_the_joint_atoms,
                (
                    ("binomial(n=5, p=0.2)", "bernoulli(p=0.3)", "0.5"),
                    ("2*bernoulli(p=0.1)", "1 - binomial(n=4, p=0.5)", "2"),
                    ("point(x=3)", "binomial(n=3, p=0.7)", "0.01"),
                ),
            ),
        ),
    ),
    Claim(
        "t4.rises",
        "Along the tilts E V = K_V'(l) never falls, and it is above the base policy's E V for "
        "every l > 0 unless V is constant. Combines: its slope K_V'' is the variance of V under "
        "the tilt.",
        "ours",
        "ours",
        uses=("t4.factors",),
        evidence=(
            Identity(RISES),
            Enclosed(
                rises_along,
                (
                    ("normal(mu=0, sigma=1)", "3"),
                    ("laplace()", "0.9"),
                    ("-pareto(alpha=2)", "5"),
                    ("bernoulli(p=0.3)", "4"),
                    ("poisson(mu=3)", "2"),
                ),
            ),
        ),
    ),
    Claim(
        "t4.limit",
        "As l rises to r = rate(U) = min(rate X, rate V), E V tends to K_V'(r -): for r finite to "
        "E V exp(r V)/E exp(r V), and to oo where E V exp(r V) is infinite; for r = oo to the "
        "largest value of V. Combines: v exp(l v) rises with l and is at least -1/(e l), so "
        "monotone convergence; where E exp(r V) is infinite, K'(l) >= K(l)/l -> oo; K(l)/l is at "
        "least c + log Pr(V >= c)/l, and K' never exceeds the largest value.",
        "ours",
        "ours",
        uses=("t4.rises", "t2.tilts"),
        evidence=(
            Identity(LIMIT),
            Enclosed(
                tends_to,
                (
                    ("exponential()", "normal(mu=0, sigma=1)"),
                    ("exponential()", "0.5*laplace()"),
                    ("exponential()", "laplace()"),
                    ("normal(mu=0, sigma=1)", "normal(mu=0, sigma=1)"),
                    ("normal(mu=0, sigma=1)", "gumbel()"),
                    ("normal(mu=0, sigma=1)", "inverse_gaussian(mu=2, lam=1)"),
                    ("normal(mu=0, sigma=1)", "beta(a=2, b=3)"),
                    ("normal(mu=0, sigma=1)", "bernoulli(p=0.3)"),
                    ("normal(mu=0, sigma=1)", 'tail(log_sf="-x-3*log(1+x)", lower=0)'),
                    ("geometric(p=0.3)", "poisson(mu=3)"),
                    ("gumbel()", "-pareto(alpha=0.5)"),
                ),
            ),
        ),
    ),
)
