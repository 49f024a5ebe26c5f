"""Decay rates of laws: of the catalogue, and of what is made of it.

What a law says of its decay rate is held against the ratios of its own tails, far out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.decay_rate.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below
from verify.enclosure import Diverges, ball
from verify.identity import Identity, Relation, Step
from verify.law import Law

#: Where the ratios are taken, and the steps.
NEAR, FAR = fmpq(10) ** 6, fmpq(10) ** 12
STEPS = (fmpq(1, 3), fmpq(2))
#: Tails that decay superexponentially are out of all reach at 10^12.
NEAR_SUPER, FAR_SUPER = fmpq(100), fmpq(1000)


def log_ratio(law: Law, t: fmpq, step: fmpq) -> arb:
    """``log Pr(X > t + s)/Pr(X > t)``."""
    return law.log_survival(t + step) - law.log_survival(t)


def off_by(law: Law, t: fmpq, step: fmpq) -> arb:
    """How far that is from ``-g s``."""
    rate = law.decay_rate
    assert rate is not None and not isinstance(rate, Diverges)
    return abs(log_ratio(law, t, step) + ball(rate) * step)


def decays_so(text: str) -> Iterator[Comparison] | None:
    """For a law: the ratios at 10^6 are close to exp(-g s), and closer by 10^2 at 10^12."""
    law = Law.parse(text)
    rate = law.decay_rate
    if rate is None:
        return None
    return _superexponential(law) if isinstance(rate, Diverges) else _finite(law)


def _finite(law: Law) -> Iterator[Comparison]:
    for step in STEPS:
        yield below(f"s = {step}, at 10^6", partial(off_by, law, NEAR, step), lambda: arb("0.01"))
        yield below(f"s = {step}, at 10^12", partial(off_by, law, FAR, step), lambda: arb("0.0001"))


def _superexponential(law: Law) -> Iterator[Comparison]:
    for step in STEPS:
        first = partial(log_ratio, law, NEAR_SUPER, step)
        yield below(f"s = {step}, at 100", first, lambda: arb(-1))
        yield below(
            f"s = {step}, at 1000",
            partial(log_ratio, law, FAR_SUPER, step),
            lambda f=first: 5 * f() / 4,  # type: ignore[misc]
        )


def sum_of_two() -> Relation:
    n = symbols()
    # f exp(-g h) and z exp(-g h) over f and z: a mixture keeps a rate that its parts share.
    import sympy as sp

    fall = sp.exp(-n.g * n.h)
    return Relation((n.q * n.f * fall + n.z * fall) / (n.q * n.f + n.z), fall)


def negligible() -> Relation:
    import sympy as sp

    n = symbols()
    ratio = sp.exp(-(n.g + 2 * n.d) * n.t) / sp.exp(-(n.g + n.d) * n.t)
    return Relation(sp.Limit(ratio, n.t, sp.oo), sp.Integer(0))


def stretched() -> Relation:
    import sympy as sp

    n = symbols()
    # Pr(k X > t) = exp(-g t/k).
    left = sp.exp(-n.g * (n.t + n.h) / n.k) / sp.exp(-n.g * n.t / n.k)
    return Relation(left, sp.exp(-n.g / n.k * n.h))


def tilted_tail() -> Relation:
    import sympy as sp

    n = symbols()
    # exp(l t) Pr(X > t) and l times the integral of exp(l x) Pr(X > x) beyond t, for g = l + j.
    rate = n.k + n.j
    beyond = sp.Integral(sp.exp(n.k * (n.t + n.s)) * sp.exp(-rate * (n.t + n.s)), (n.s, 0, sp.oo))
    whole = sp.exp(n.k * n.t) * sp.exp(-rate * n.t) + n.k * beyond
    return Relation(whole, sp.exp(-n.j * n.t) * rate / n.j)


ALGEBRA = (
    Step("mixture", "A mixture keeps the rate that its heaviest components share.", sum_of_two),
    Step("lighter component", "A lighter one is negligible, also on a lattice.", negligible),
    Step("scale", "k X has the rate g/k.", stretched),
    Step("tilt", "A tilt by k < g leaves the rate g - k.", tilted_tail),
)

CATALOGUE = (
    "normal()", "half_normal()", "skew_normal(alpha=2)", "skew_normal(alpha=-2)",
    "weibull(shape=2)", "-gumbel()", "exponential()", "gamma(shape=2.5)", "gamma(shape=0.5)",
    "laplace()", "logistic()", "gumbel()", "gev(xi=0)", "genpareto(xi=0)", "weibull(shape=1)",
    "-gev(xi=-1)", "inverse_gaussian(mu=2, lam=1)", "lognormal()", "cauchy()", "student_t(df=3)",
    "pareto(alpha=2)", "weibull(shape=0.5)", "frechet(alpha=2)", "burr(c=2, k=1.2)",
    "log_logistic(shape=3)", "inverse_gamma(shape=3)", "f(d1=3, d2=8)", "genpareto(xi=0.5)",
    "gev(xi=0.5)", "levy()", "log_cauchy()", "log_gamma(shape=2)", "half_cauchy()",
    "half_student_t(df=3)", "zeta(s=3)", "-gev(xi=-2)",
)  # fmt: skip
"""Every family that has a decay rate; the others are bounded or sit on a lattice."""

MADE = (
    "3 - 2*laplace()",
    "1 + 0.5*gamma(shape=2)",
    "mixture(0.5*exponential(), 0.3*laplace(), 0.2*poisson(mu=3))",
    "mixture(0.9*normal(), 0.1*bernoulli(p=0.3))",
    "mixture(0.9*geometric(p=0.5), 0.1*(2*exponential()))",
    "mixture(0.5*pareto(alpha=2), 0.5*zeta(s=4))",
    "truncate(logistic(), low=1)",
    'tail(log_sf="-x-3*log(1+x)", lower=0)',
    'tail(log_sf="-x/2-sqrt(1+x)", lower=0)',
    'tail(log_sf="-sqrt(x)-log(1+x)", lower=0)',
    'tail(log_sf="-x*log(x)", lower=1)',
)

CLAIMS = (
    Claim(
        "decay-rate.catalogue",
        "Every family of the catalogue that is unbounded above and not on a lattice has a decay "
        "rate, and so has zeta: far out the ratios of its tails are what the rate says.",
        "ours",
        "ours",
        evidence=(Enclosed(decays_so, CATALOGUE),),
    ),
    Claim(
        "decay-rate.algebra",
        "k X + b has the rate g/k. A mixture has the rate of its heaviest components where they "
        "share one; a component that is lighter, or bounded, does not spoil it, even on a lattice. "
        "What is left after a cut from below has the rate it had. A tilt by k < g leaves g - k.",
        "ours",
        "ours",
        evidence=(Identity(ALGEBRA), Enclosed(decays_so, MADE)),
    ),
)
