"""Theorem 6, derived: every bound is passed, because a step closer to 0 outweighs everything else.

Fix a number M, and b more than a step above it. Given ``U > t``, V above b leaves X the room above
``t - b``; V below M asks X to be above ``t - M``, at least a step further out, which is ever less
likely beside it. How often V is above b does not matter, only that it is.

No moment of V is needed. The further V is below M, the more steps X has to make up for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from flint import arb, fmpq

from theorems.kernel import proved
from theorems.t6_light_conditioning.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below
from verify.conditioning import condition
from verify.enclosure import Diverges, Number, ball
from verify.identity import Identity, Relation, Step
from verify.law import Law

NO_MEAN = "mixture(0.5*normal(), 0.5*(-pareto(alpha=0.5)))"

# ---------------------------------------------------------------- gains and losses


def gains() -> Relation:
    n = symbols()
    # Where v > b = M + h, the gain v - M is h or more.
    given, via = (n.v >= n.M + n.h,), {n.v: n.M + n.h + n.u}
    return Relation(n.v - n.M, n.h, ">=", n.v - n.M - n.h, given, via)


def needs_more_error() -> Relation:
    n = symbols()
    # Where v = M - w and x + v >= t.
    given, via = (n.x + (n.M - n.w) >= n.t,), {n.x: n.t - n.M + n.w + n.u}
    return Relation(n.x, n.t - n.M + n.w, ">=", n.x + (n.M - n.w) - n.t, given, via)


def next_step() -> Relation:
    n = symbols()
    # If 2^k = k + 1 + z, then 2^(k+1) exceeds k + 2.
    return Relation(2 * (n.k + 1 + n.z), n.k + 2, ">", n.k + 2 * n.z)


def balance() -> Relation:
    n = symbols()
    # Gains h q F, losses at most r F, F = Pr(X > t - b).
    return Relation(n.h * n.q * n.F - n.r * n.F, n.F * (n.h * n.q - n.r))


def balance_tips() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.h * n.q - n.r, n.r, 0, "+"), n.h * n.q)


def bounded_error() -> Relation:
    n = symbols()
    # x is the largest value of X (u below it), and U = t + z.
    given, via = (n.s <= n.x, n.s + n.v >= n.t), {n.s: n.x - n.u, n.v: n.t - n.x + n.u + n.z}
    return Relation(n.v, n.t - n.x, ">=", (n.x - n.s) + (n.s + n.v - n.t), given, via)


# ---------------------------------------------------------------- instances


def above_each(case: tuple[str, str, tuple[int, ...]]) -> Iterator[Comparison]:
    """At (X, V, thresholds): E[V | U > t] is above E V from the first, and rises along them."""
    error, utility = Law.parse(case[0]), Law.parse(case[1])
    thresholds = [fmpq(t) for t in case[2]]

    def mean(t: fmpq) -> Number:
        return condition(error, utility, t).mean_v

    yield below("E V", utility.mean, partial(mean, thresholds[0]))
    for before, after in pairwise(thresholds):
        yield below(f"E[V | U > {after}]", partial(mean, before), partial(mean, after))


def without_moments(t: int) -> Iterator[Comparison]:
    """At t: X ~ N(0, 1), V a N(0, 1) or -Pareto(1/2), each half the time: E[V | U > t] > t/4.

    ``v Pr(X > t + v) <= v exp(-t v) Pr(X > t)``, at most ``Pr(X > t)/(e t)``: so much does the
    second half take away from ``E[V; U > t]``, for all that its mean is -oo.
    """
    normal = Law.parse("normal(mu=0, sigma=1)")

    def mean() -> arb:
        first = condition(normal, normal, fmpq(t))
        beyond = normal.survival(fmpq(t))
        lost = arb(0).union(beyond / (arb(1).exp() * t))
        return (first.part - lost) / (first.mass + arb(0).union(normal.survival(fmpq(t + 1))))

    yield below("E V", Law.parse(NO_MEAN).mean, partial(arb, -(10**9)))
    yield below(f"t/4 at {t}", lambda: arb(t) / 4, mean)


def at_least_the_gap(case: tuple[str, str, int]) -> Iterator[Comparison]:
    """At (X, V, t), X bounded: E[V | U > t] is above t less the largest value of X."""
    error, utility = Law.parse(case[0]), Law.parse(case[1])
    top, t = error.support[1], fmpq(case[2])
    assert not isinstance(top, Diverges)
    yield below(f"floor at {t}", lambda: t - ball(top), lambda: condition(error, utility, t).mean_v)


# ---------------------------------------------------------------- claims

STEPS = (
    Step("gains", "Where V > b = M + h, the gain is h or more.", gains),
    Step("more error", "Where V is w below M, X has to be above t - M + w.", needs_more_error),
    Step("next step", "With k whole steps in w, w < k + 1 <= 2^k: by induction.", next_step),
    Step("balance", "In all: F times this.", balance),
    Step("balance tips", "r tends to 0, and what is left is positive.", balance_tips),
)
BOUNDED = (Step("bounded error", "If x is the largest value of X, V > t - x.", bounded_error),)

CLAIMS = (
    Claim(
        "t6",
        "If X is unbounded above with Pr(X > t + 1)/Pr(X > t) -> 0, V independent of X with finite "
        "mean and unbounded above: E[V | X + V >= t] -> oo. Combines, for each M: with b = M + h, "
        "h > 1, q = Pr(V > b) > 0 and F = Pr(X > t - b), gains add up to h q F or more; losses to "
        "Pr(X > t - M) at most, because w Pr(X > t - M + w) <= w 2^-k Pr(X > t - M) for k whole "
        "steps in w, once each step halves the tail; and Pr(X > t - M) = r F with r -> 0.",
        "Theorem 6",
        "as_printed",
        evidence=(
            Identity(STEPS),
            Enclosed(
                above_each,
                (
                    ("normal(mu=0, sigma=1)", "normal(mu=0, sigma=1)", (1, 10, 100, 1000)),
                    ("normal(mu=0, sigma=1)", "laplace()", (1, 10, 100, 1000)),
                    ("half_normal()", "-gumbel()", (2, 4, 6)),
                    ("poisson(mu=3)", "geometric(p=0.3)", (8, 20, 80)),
                    ("half_normal()", "pareto(alpha=3)", (3, 10, 100)),
                ),
            ),
            proved("t6_light_conditioning.theorem6"),
        ),
    ),
    Claim(
        "t6.no-moment",
        "No moment of V is needed: the losses are at most Pr(X > t - M) whatever the law of V, "
        "and E V may be -oo. (If E V+ = oo, E[V | U > t] is infinite from some t on.)",
        "ours",
        "ours",
        uses=("t6",),
        evidence=(Identity(STEPS), Enclosed(without_moments, (3, 10, 100))),
    ),
    Claim(
        "t6.bounded-error",
        "If X is bounded above, the printed hypothesis is 0/0 far out, and the conclusion holds "
        "all the same: U > t leaves only V > t - x, x the largest value of X.",
        "ours",
        "ours",
        evidence=(
            Identity(BOUNDED),
            Enclosed(
                at_least_the_gap,
                (
                    ("uniform()", "normal(mu=0, sigma=1)", 10),
                    ("bernoulli(p=0.3)", "poisson(mu=3)", 30),
                    ("-exponential()", "pareto(alpha=2)", 100),
                ),
            ),
        ),
    ),
)
