"""Orders above 1, chi-square and the odds cap: finite iff one moment of the upper tail is.

Finite: Hoelder's bound, at any cut. Infinite: P_n in proportion to ``X_+^(1/b)`` on ``X <= n`` has
``E w^a = M/N^a`` with ``N = E[X_+^(1/b); X <= n]`` and ``M`` the moment of order a' up to n. Mixed
into Q with a share that spends the budget, its mean grows like ``M^(1/a')``: with M, without bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.penalties.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below
from verify.divergence import Power, Renyi, parse_divergence
from verify.enclosure import Diverges, Number, ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.penalties import holds, least_power_order, penalised_frontier
from verify.penalties.expectation import in_region
from verify.penalties.kernels import PowerKernel
from verify.penalties.region import Region

# ---------------------------------------------------------------- infinite moment, infinite mean


def mixed_norm() -> Relation:
    n = symbols()
    # ||w|| <= (1 - s) + s ||w_n|| for the mixture; y is ||w_n|| - 1 and z is ||w||'s allowance - 1.
    share = n.z / n.q
    return Relation((1 - share) + share * (1 + n.q), 1 + n.z)


def mixed_gain() -> Relation:
    n = symbols()
    # A share t/||w_n|| of the mean M/N of P_n, where ||w_n||^a = M/N^a and a = 1 + b.
    norm = (n.M / n.N ** (1 + n.b)) ** (1 / (1 + n.b))
    return Relation(n.k / norm * (n.M / n.N), n.k * n.M ** (n.b / (1 + n.b)))


def gain_grows() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.k * n.n ** (n.b / (1 + n.b)), n.n, sp.oo), sp.oo)


def truncated_policy(law: Law, divergence: Power | Renyi, budget: fmpq, places: int) -> arb:
    """The mean of the mixture with P_n, n = 10^places; by Minkowski it is within the budget."""
    order = divergence.order
    region = Region(fmpq(0), +1, None, fmpq(10) ** places)
    first, second = in_region(law, region, PowerKernel(1 / (order - 1)))
    allowed = divergence.moment_at(ball(budget)) ** (1 / order)
    norm = (second / first**order) ** (1 / order)
    share = (allowed - 1) / (norm - 1)
    mean = law.mean()
    assert isinstance(mean, arb)
    return (1 - share) * mean + share * second / first


def exceeds(case: tuple[str, str, str, int, str]) -> Iterator[Comparison]:
    """At (law, divergence, budget, places, target): the answer is oo, and a policy is above."""
    text, token, budget, places, target = case
    law, divergence = Law.parse(text), parse_divergence(token)
    assert isinstance(divergence, Power | Renyi)
    policy = partial(truncated_policy, law, divergence, exact(budget), places)
    yield below("target and mean", lambda: ball(exact(target)), policy)
    point = penalised_frontier(law, token, [budget]).points[0]
    yield below("mean and best mean", policy, partial(_known, point.lower))


def _known(value: Number | None) -> Number:
    return arb.nan() if value is None else value


# ---------------------------------------------------------------- the boundary index


def pareto_moment() -> Relation:
    import sympy as sp

    n = symbols()
    # Index 1 + g; the moment of order 1 + g - h up to n, below the index by h.
    density = (1 + n.g) * n.u ** (-n.g - 2)
    moment = sp.Integral(n.u ** (1 + n.g - n.h) * density, (n.u, 1, 1 + n.n))
    return Relation(moment, (1 + n.g) / n.h * (1 - (1 + n.n) ** -n.h))


def pareto_at_index() -> Relation:
    import sympy as sp

    n = symbols()
    density = (1 + n.g) * n.u ** (-n.g - 2)
    moment = sp.Integral(n.u ** (1 + n.g) * density, (n.u, 1, 1 + n.n))
    return Relation(moment, (1 + n.g) * sp.log(1 + n.n))


def index_and_order() -> Relation:
    n = symbols()
    # The index 1 + g is above a' = (1 + b)/b iff g b > 1.
    given, via = (n.g * n.b > 1,), {n.g: (1 + n.k) / n.b}
    form = (n.g * n.b - 1) / n.b
    return Relation(1 + n.g, (1 + n.b) / n.b, ">", form, given, via)


def on_either_side(order: fmpq) -> bool:
    """At the index a/(a - 1) the order does not hold Pareto's tail; just above, it does."""
    index = order / (order - 1)
    token = f"power:{order.p}/{order.q}"
    at, above = (f"pareto(alpha={i.p}/{i.q})" for i in (index, index + fmpq(1, 1000)))
    answers = (holds(at, token).answer, holds(above, token).answer)
    return answers == ("no", "yes") and least_power_order(index) == order


def finite_just_above(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (law, divergence, budget): both ends are numbers, in order, within 1e-8 of S."""
    law, token, budget = case
    point = penalised_frontier(law, token, [budget]).points[0]
    lower, upper = _known(point.lower), _known(point.upper)
    yield below("lower and upper", lambda: lower, lambda: _plus(upper, arb("1e-20")))
    yield below("upper", lambda: upper, lambda: _plus(lower, arb("1e-7")))


def _plus(value: Number, more: arb) -> Number:
    return value if isinstance(value, Diverges) else value + more


# ---------------------------------------------------------------- the odds cap


def pointwise() -> Relation:
    n = symbols()
    # x = c + u above the cut, and the weight is R - z there.
    return Relation(n.R * n.u, (n.R - n.z) * n.u, ">=", n.z * n.u)


def exponential_tail() -> Relation:
    import sympy as sp

    n = symbols()
    # E (X - c)_+ of an exponential law at c = log R.
    excess = sp.Integral(n.u * sp.exp(-n.u), (n.u, 0, sp.oo)) / n.R
    return Relation(sp.log(n.R) + n.R * excess, 1 + sp.log(n.R))


def power_tail() -> Relation:
    import sympy as sp

    n = symbols()
    # Pareto of index 1 + g; the cut c has (c)^-(1 + g) = 1/R. E (X - c)_+ = int_c^oo Q(X > x) dx.
    cut = n.R ** (1 / (1 + n.g))
    excess = sp.Integral(n.u ** (-1 - n.g), (n.u, cut, sp.oo))
    return Relation(cut + n.R * excess, (1 + n.g) / n.g * cut)


def odds_from_both_sides(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (law, budget, closed form's name): both ends."""
    law, budget, name = case
    point = penalised_frontier(law, "odds", [budget]).points[0]
    lower, upper = _known(point.lower), _known(point.upper)

    def closed() -> arb:
        d = ball(exact(budget))
        return {"exponential": 1 + d, "pareto": 5 * (d * 2 / 5).exp() / 3, "normal": _normal(d)}[
            name
        ]

    # The share is 1/R to 2^-84 or so of itself; the cut c leaves 2^-60 of it more above, which
    # costs 2^-60 of E[X | X > c] - c, at most 3/2 here.
    little = arb("1e-18")
    yield below("lower", lambda: lower, lambda: closed() + little)
    yield below("closed form", closed, lambda: _plus(lower, 3 * arb(2) ** -61 + little))
    yield below("upper", closed, lambda: _plus(upper, little))
    yield below("upper and closed form", lambda: upper, lambda: closed() + little)


def _normal(d: arb) -> arb:
    """``R phi(c)`` with ``Q(X > c) = 1/R``."""
    cut = -((2 * (-d).exp() - 1).erfinv()) * arb(2).sqrt()
    return d.exp() * (-cut * cut / 2).exp() / (2 * arb.pi()).sqrt()


INFINITE = (
    Step("norm of a mixture", "A share z/q of P_n, whose norm is 1 + q, spends 1 + z.", mixed_norm),
    Step("gain", "A share k over its norm gains this, M being the moment up to n.", mixed_gain),
    Step("gain grows", "Without bound, as the moment does.", gain_grows),
)
BOUNDARY = (
    Step("moment below the index", "Of order h below the index: bounded.", pareto_moment),
    Step("moment at the index", "It grows like a logarithm.", pareto_at_index),
    Step("index and order", "A tail of index 1 + g, under order a = 1 + b.", index_and_order),
)
ODDS = (
    Step("pointwise", "No weight below R gains more above the cut than R itself.", pointwise),
    Step("exponential law", "The best mean under an odds cap R.", exponential_tail),
    Step("power tail", "The same for Pareto's law of index 1 + g.", power_tail),
)

CLAIMS = (
    Claim(
        "penalties.infinite",
        "If E X is finite and E X_+^(a') is not, a' = a/(a - 1), no budget under order a > 1 "
        "bounds the mean: mixtures of Q with the laws in proportion to X_+^(1/(a - 1)) on X <= n "
        "are within it, and their means grow without bound.",
        "ours",
        "ours",
        evidence=(
            Identity(INFINITE),
            Enclosed(
                exceeds,
                (
                    ("pareto(alpha=1.5)", "chi2", "0.1", 40, "1000"),
                    ("pareto(alpha=2)", "chi2", "1", 200, "10"),
                ),
            ),
        ),
    ),
    Claim(
        "penalties.boundary",
        "Order a > 1 holds Pareto's tail of index alpha iff alpha > a/(a - 1): at a/(a - 1) itself "
        "the moment that decides is infinite. The least order for an index alpha > 1 is "
        "alpha/(alpha - 1), which itself is not enough.",
        "ours",
        "ours",
        uses=("penalties.orders", "penalties.infinite"),
        evidence=(
            Identity(BOUNDARY),
            Exact(
                on_either_side,
                tuple(fmpq(p, q) for p, q in ((2, 1), (3, 2), (3, 1), (11, 10), (7, 3))),
            ),
            Enclosed(finite_just_above, (("pareto(alpha=2.1)", "chi2", "1"),)),
        ),
    ),
    Claim(
        "penalties.odds",
        "Under an odds cap R the best mean is that of the top share 1/R: at most "
        "c + R E (X - c)_+ for every cut c, finite iff E X_+ is. It is 1 + log R for the "
        "exponential law and alpha/(alpha - 1) R^(1/alpha) for Pareto's.",
        "ours",
        "ours",
        evidence=(
            Identity(ODDS),
            Enclosed(
                odds_from_both_sides,
                (
                    ("exponential()", "2", "exponential"),
                    ("pareto(alpha=2.5)", "2", "pareto"),
                    ("normal()", "1", "normal"),
                ),
            ),
        ),
    ),
)
