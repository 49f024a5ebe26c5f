"""Theorems 1 and 2 as one equivalence: a KL budget buys any mean iff the right tail is heavy.

Heavy and light are opposites here: ``rate(Q) = sup{l >= 0 : E exp(l X) < oo}`` is 0 or it is not.
The claims are Theorem 1's and Theorem 2's; this module puts them together, and goes through the
catalogue: each law gets a counterexample at targets as they come, or one number that forbids it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from flint import arb, fmpq

from theorems.t2_light_tails.duality import BOUND
from theorems.t2_light_tails.symbols import symbols
from theorems.t2_light_tails.tilts import tilt_bound
from verify.claim import Claim, Comparison, Enclosed, below
from verify.construction import construct
from verify.decimals import round_decimal
from verify.enclosure import Diverges, Undecided, ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law

HEAVY_LAWS = (
    "pareto(alpha=1.1)",
    "pareto(alpha=5)",
    "lognormal(mu=0, sigma=1)",
    "weibull(shape=0.5)",
    "student_t(df=3)",
    "half_student_t(df=3)",
    "cauchy()",
    "half_cauchy()",
    "levy()",
    "log_cauchy()",
    "frechet(alpha=2)",
    "burr(c=2, k=1.2)",
    "log_logistic(shape=3)",
    "inverse_gamma(shape=3)",
    "f(d1=4, d2=6)",
    "genpareto(xi=0.3)",
    "gev(xi=0.3)",
    "log_gamma(shape=2)",
    "zeta(s=4)",
    "-3 + 2*lognormal(mu=0, sigma=1)",
    "mixture(0.99*normal(mu=0, sigma=1), 0.01*pareto(alpha=1.5))",
    'tail(log_sf="-x/log(x)", lower="exp(1)")',
)
LIGHT_LAWS = (
    "normal(mu=0, sigma=1)",
    "exponential()",
    "gamma(shape=2.5)",
    "laplace()",
    "logistic()",
    "uniform(low=0, high=1)",
    "beta(a=2, b=3)",
    "weibull(shape=2)",
    "genpareto(xi=0)",
    "genpareto(xi=-0.3)",
    "gev(xi=-0.3)",
    "gumbel()",
    "half_normal()",
    "skew_normal(alpha=2)",
    "inverse_gaussian(mu=2, lam=1)",
    "bernoulli(p=0.3)",
    "binomial(n=5, p=0.2)",
    "poisson(mu=3)",
    "geometric(p=0.3)",
    "negative_binomial(r=2.5, p=0.4)",
    "-pareto(alpha=2)",
    "mixture(0.5*exponential(), 0.5*(-pareto(alpha=3)))",
    'tail(log_sf="-x-log(1+x)", lower=0)',
)
#: Means and budgets that are asked for of heavy laws, and budgets for light ones.
TARGETS = (("10", "0.1"), ("1000", "0.01"))
BUDGETS = ("0.01", "1", "100")


def decided(text: str) -> Iterator[Comparison] | None:
    """A heavy law: a P at each target. A light one: a bound at each budget, and a proof from it."""
    law = Law.parse(text)
    if law.mgf_abscissa is None:
        return None
    return _bought(law) if law.mgf_abscissa == 0 else _forbidden(law)


def _bought(law: Law) -> Iterator[Comparison]:
    for mean, kl in TARGETS:
        certificate = construct(law, mean, kl)
        if certificate.verdict != "counterexample":
            raise Undecided(f"{law}: {certificate.verdict} at mean {mean} and KL {kl}")
        raised, spent = (certificate.enclosures[name] for name in ("mean", "kl"))
        yield below("KL", partial(_end, spent, 1), partial(_number, kl))
        yield below("mean", partial(_number, mean), partial(_end, raised, 0))


def _forbidden(law: Law) -> Iterator[Comparison]:
    tilt = _some_tilt(law)
    for budget in BUDGETS:
        bound = partial(tilt_bound, law, tilt, exact(budget))
        yield below("bound", bound, lambda: Diverges(+1))
        # What this tilt forbids is refused, with a bound that is no worse.
        target = round_decimal(bound().upper(), 12, up=True) + Decimal("0.001")
        refused = construct(law, target, budget)
        least = refused.enclosures.get("mean_bound", "oo")
        yield below(f"{refused.verdict}: bound", partial(_end, least, 1), partial(_number, target))


def _some_tilt(law: Law) -> fmpq:
    """Half of the rate, or 1."""
    rate = law.mgf_abscissa
    if isinstance(rate, Diverges) or rate is None:
        return fmpq(1)
    return rate / 2 if isinstance(rate, fmpq) else (ball(rate) / 2).mid().fmpq()


def _number(value: str | Decimal) -> arb:
    return arb(exact(value))


def _end(enclosure: object, which: int) -> arb | Diverges:
    """An end of an enclosure as certificates write it; a mean may be ``oo``."""
    if enclosure == "oo":
        return Diverges(+1)
    assert isinstance(enclosure, tuple)
    return _number(enclosure[which])


# ---------------------------------------------------------------- an infinite mean at any cost


def means_add_up() -> Relation:
    import sympy as sp

    t = symbols().t
    # Shares 2^-n of means above 4^n: the first t of them add 2 + 4 + ... + 2^t = 2^(t + 1) - 2.
    return Relation(sp.Limit(2 ** (t + 1) - 2, t, sp.oo), sp.oo)


INFINITE = (
    Step("means add up", "Shares 2^-n of means above 4^n have no finite sum.", means_add_up),
)

CLAIMS = (
    Claim(
        "t2.dichotomy",
        "The supremum of E_P X over KL(P||Q) <= d is oo for every d > 0 if rate(Q) = 0, and finite "
        "for every d > 0 if rate(Q) > 0. Combines: Theorem 1 (without moments) where E exp(l X) = "
        "oo for every l > 0; one finite bound (d + K(l))/l where it is not.",
        "ours",
        "ours",
        uses=("t1.no-moments", "t2.gibbs"),
        evidence=(Identity((BOUND,)), Enclosed(decided, (*HEAVY_LAWS, *LIGHT_LAWS))),
    ),
    Claim(
        "t2.infinite-mean",
        "If rate(Q) = 0, some P with KL(P||Q) <= d has mean oo, for every d > 0. Combines: "
        "condition on X > -L, at half the budget, so that all that follows is bounded below; take "
        "shares 2^-n of laws within the other half with means above 4^n, which Theorem 1 gives: "
        "their mixture is within it too.",
        "ours",
        "ours",
        uses=("t1.no-moments", "t2.convexity"),
        evidence=(Identity(INFINITE),),
    ),
)
