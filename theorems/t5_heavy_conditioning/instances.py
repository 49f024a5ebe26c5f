"""The sharp form at work: c = 0, c a number, c = oo; and how much weaker it is than the print.

The printed hypothesis, ``t^p Pr(V > t)/Pr(X > t) -> 0`` for some p > 1, gives c = 0. The converse
fails by a logarithm: X = exp(Gamma(2)), with the tail ``(1 + log t)/t``, and V Pareto(2).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flint import arb, fmpq

from theorems.t5_heavy_conditioning.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, NotMet, agrees, below, near, rounds_to
from verify.conditioning import condition
from verify.enclosure import INFINITE, Undecided, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.tail_classes import (
    Membership,
    long_tailed,
    negligible_upper_mean,
    subexponential,
    upper_mean_ratio,
)

#: Digits that mpmath carries on the second route; a comparison to 15 leaves 15 for its errors.
MP_DIGITS, AGREEING_DIGITS = 30, 15
SLOW, FAST = "log_gamma(shape=2)", "pareto(alpha=2)"


def mean_given_tail(error: str, utility: str, t: fmpq) -> arb:
    """``E[V | X + V > t]``."""
    mean = condition(Law.parse(error), Law.parse(utility), t).mean_v
    if not isinstance(mean, arb):
        raise Undecided(f"E[V | U > {t}]: {mean}")
    return mean


def base_mean(utility: str) -> arb:
    """``E V``."""
    mean = Law.parse(utility).mean()
    if not isinstance(mean, arb):
        raise Undecided(f"the mean of {utility}: {mean}")
    return mean


def meets_hypothesis(found: Membership) -> None:
    """Go on only with laws that are found to be in a class, see :mod:`verify.tail_classes`.

    Raises
    ------
    NotMet
        For a law that is not in it.
    Undecided
        Where that is not known.
    """
    if found.answer == "no":
        raise NotMet(found.because)
    if found.answer == "unknown":
        raise Undecided(found.because)


# ---------------------------------------------------------------- c a number: Pareto laws


def upper_mean() -> Relation:
    import sympy as sp

    n = symbols()
    # V Pareto(a + 1), beyond t.
    inside = n.x * (n.a + 1) * n.x ** (-n.a - 2)
    return Relation(sp.Integral(inside, (n.x, n.t, sp.oo)), (n.a + 1) / n.a * n.t**-n.a)


def pareto_limit() -> Relation:
    n = symbols()
    # E V + c, both (a + 1)/a.
    return Relation((n.a + 1) / n.a + (n.a + 1) / n.a, 2 * (n.a + 1) / n.a)


def pareto_pair(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (a, limit, the number at t = 10^8): the constant c, the limit, the distance from it.

    The distance falls at least like ``t^-1/2``: to each side the next terms are of the sizes
    ``t^-1`` and ``t^(1-a)``.
    """
    index, limit, number = case
    error = f"pareto(alpha={index})"
    utility = f"pareto(alpha={exact(index) + 1})"
    t = fmpq(10) ** 8
    meets_hypothesis(subexponential(Law.parse(error)))

    def sharp() -> arb:
        c = upper_mean_ratio(Law.parse(error), Law.parse(utility)).value
        if not isinstance(c, arb):
            raise Undecided(f"c for {case}: {c}")
        return base_mean(utility) + c

    yield near("E V + c", sharp, lambda: arb(exact(limit)), lambda: arb(10) ** -15)
    yield rounds_to("E[V | U > 1e8]", partial(mean_given_tail, error, utility, t), number)
    for power in (2, 4, 8):
        yield near(
            f"E[V | U > 1e{power}]",
            partial(mean_given_tail, error, utility, fmpq(10) ** power),
            lambda: arb(exact(limit)),
            partial(lambda k: arb(10) ** -(k // 2), power),
        )


def mean_by_mpmath(t: int) -> Any:
    """``E[V | U > t]`` for X Pareto(2) and V Pareto(3) by mpmath."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        # In units of t^-2; v = exp(s) up to t/2, then v = t - exp(s).
        top, half = mp.mpf(t), mp.log(mp.mpf(t) / 2)

        def part(order: int) -> Any:
            def near_one(s: Any) -> Any:
                v = mp.exp(s)
                return 3 * v ** (order - 3) * (1 - v / top) ** -2

            def near_t(s: Any) -> Any:
                x = mp.exp(s)
                return 3 * (top - x) ** (order - 4) * x * (top / x) ** 2

            places = [half * k / 8 for k in range(9)]
            beyond = top**2 * mp.mpf(3) / (3 - order) * (top - 1) ** (order - 3)
            return mp.quad(near_one, places) + mp.quad(near_t, places) + beyond

        return part(1) / part(0)


def pareto_twice(power: int) -> Iterator[Comparison]:
    """At t = 10^k: the mean by two routes."""
    t = 10**power
    value = partial(mean_given_tail, "pareto(alpha=2)", "pareto(alpha=3)", fmpq(t))
    second = partial(mean_by_mpmath, t)
    yield agrees(f"E[V | U > 1e{power}]", value, second, AGREEING_DIGITS)


# ---------------------------------------------------------------- c = 0 and c = oo


def falls_back(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (X, V): the distance from E V falls to a tenth from each t to the next."""
    error, utility = case
    meets_hypothesis(subexponential(Law.parse(error)))
    meets_hypothesis(negligible_upper_mean(Law.parse(error), Law.parse(utility)))

    def distance(power: int, share: int) -> arb:
        mean = mean_given_tail(error, utility, fmpq(10) ** power)
        return abs(mean - base_mean(utility)) / share

    for before, after in ((2, 4), (4, 8), (8, 12)):
        yield below(
            f"distance at 1e{after}", partial(distance, after, 1), partial(distance, before, 10)
        )


def goes_with_it(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (X, V): E[V | U > t] grows tenfold from each t to the next."""
    error, utility = case
    meets_hypothesis(long_tailed(Law.parse(error)))
    limit = upper_mean_ratio(Law.parse(error), Law.parse(utility))
    if limit.exponent is None:
        raise Undecided(limit.because)
    if limit.exponent != INFINITE:
        raise NotMet(limit.because)

    def times(power: int, factor: int) -> arb:
        return factor * mean_given_tail(error, utility, fmpq(10) ** power)

    for before, after in ((2, 6), (6, 12)):
        yield below(f"E[V | U > 1e{after}]", partial(times, before, 10), partial(times, after, 1))


# ---------------------------------------------------------------- the printed hypothesis


def integral_of_power() -> Relation:
    import sympy as sp

    n = symbols()
    inside = n.x ** (-n.g - 1)
    return Relation(sp.Integral(inside, (n.x, n.t, sp.oo)), n.t**-n.g / n.g)


def upper_mean_bound() -> Relation:
    n = symbols()
    # With Pr(V > s) <= e s^-(1+g) Pr(X > t) for s >= t, in units of e Pr(X > t).
    return Relation(n.t * n.t ** (-1 - n.g) + n.t**-n.g / n.g, (1 + n.g) / n.g * n.t**-n.g)


def bound_vanishes() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit((1 + n.g) / n.g * n.t**-n.g, n.t, sp.oo), 0)


def slow_tail() -> Relation:
    import sympy as sp

    n = symbols()
    # The density of exp(Gamma(2)); with x = exp(s) it is s exp(-s).
    inside = n.y * sp.exp(-n.y)
    beyond = sp.Integral(inside, (n.y, n.h, sp.oo))
    return Relation(beyond, (1 + n.h) * sp.exp(-n.h))


def printed_fails() -> Relation:
    import sympy as sp

    n = symbols()
    # t^(1+g) t^-2 over (1 + log t)/t.
    ratio = n.t**n.g / (1 + sp.log(n.t))
    return Relation(sp.Limit(ratio, n.t, sp.oo), sp.oo)


def ours_holds() -> Relation:
    import sympy as sp

    n = symbols()
    # E[V; V > t] = 2/t for V Pareto(2), over (1 + log t)/t.
    ratio = 2 / (1 + sp.log(n.t))
    return Relation(sp.Limit(ratio, n.t, sp.oo), 0)


def slowly_back(power: int) -> Iterator[Comparison]:
    """At t = 10^k: E[V | U > t] is within 4/log t of E V = 2, and above 2 + 1/log t."""
    meets_hypothesis(subexponential(Law.parse(SLOW)))
    t = fmpq(10) ** power
    value = partial(mean_given_tail, SLOW, FAST, t)
    yield near(f"E[V | U > 1e{power}]", value, partial(arb, 2), lambda: 4 / arb(t).log())
    yield below(f"no faster at 1e{power}", lambda: 2 + 1 / arb(t).log(), value)


# ---------------------------------------------------------------- claims

PARETO = (
    Step("upper mean", "E[V; V > t] for V Pareto(a + 1): so c = (a + 1)/a.", upper_mean),
    Step("Pareto limit", "E V + c.", pareto_limit),
)
PRINTED = (
    Step("tail of a power", "What a power integrates to.", integral_of_power),
    Step(
        "upper mean bound", "E[V; V > t]/Pr(X > t) is below this, far enough out.", upper_mean_bound
    ),
    Step("bound vanishes", "Which tends to 0.", bound_vanishes),
)
WEAKER = (
    Step("slow tail", "With t = exp(h), exp(Gamma(2)) has the tail (1 + log t)/t.", slow_tail),
    Step("printed hypothesis fails", "It fails for every p = 1 + g > 1.", printed_fails),
    Step("ours holds", "E[V; V > t] = o(Pr(X > t)).", ours_holds),
)

CLAIMS = (
    Claim(
        "t5.pareto",
        "For X Pareto(a) and V Pareto(a + 1): E[V | X + V > t] -> 2 (a + 1)/a, twice E V: 3 for a "
        "= 2 (3.00000000000002806 at t = 1e8), 10/3 for a = 3/2.",
        "ours",
        "ours",
        uses=("t5.sharp",),
        evidence=(
            Identity(PARETO),
            Enclosed(
                pareto_pair,
                (
                    ("2", "3", "3.00000000000002806"),
                    ("1.5", "10/3", "3.333333366666658"),
                ),
            ),
            Enclosed(pareto_twice, (2, 8)),
        ),
    ),
    Claim(
        "t5.falls-back",
        "With c = 0 E[V | X + V > t] falls back to E V: to a tenth of the distance or less from t "
        "= 1e2 to 1e4, to 1e8, to 1e12.",
        "ours",
        "ours",
        uses=("t5.sharp",),
        evidence=(
            Enclosed(
                falls_back,
                (
                    ("student_t(df=3)", "normal(mu=0, sigma=1)"),
                    ("pareto(alpha=2)", "exponential()"),
                    ("frechet(alpha=2)", "student_t(df=4)"),
                    ("pareto(alpha=0.5)", "pareto(alpha=2)"),
                ),
            ),
        ),
    ),
    Claim(
        "t5.goes-with-it",
        "With c = oo it grows without bound: at least tenfold from t = 1e2 to 1e6 to 1e12.",
        "ours",
        "ours",
        uses=("t5.sharp.infinite",),
        evidence=(
            Enclosed(
                goes_with_it,
                (
                    ("pareto(alpha=2)", "pareto(alpha=2.5)"),
                    ("pareto(alpha=3)", "pareto(alpha=2)"),
                    ("lognormal(mu=0, sigma=1)", "student_t(df=3)"),
                ),
            ),
        ),
    ),
    Claim(
        "t5.printed-hypothesis",
        "If t^p Pr(V > t)/Pr(X > t) -> 0 for some p > 1, then E[V; V > t] = o(Pr(X > t)). "
        "Combines: E[V; V > t] is t Pr(V > t) and the integral of Pr(V > s) over s > t, and Pr(X > "
        "s) <= Pr(X > t) there.",
        "ours",
        "ours",
        evidence=(Identity(PRINTED),),
    ),
    Claim(
        "t5.weaker-hypothesis",
        "The converse is false, so that Theorem 5 speaks of more pairs than its print does: for X "
        "= exp(Gamma(2)) and V Pareto(2), t^p Pr(V > t)/Pr(X > t) -> oo for every p > 1, and yet "
        "E[V; V > t] = o(Pr(X > t)), and E[V | X + V > t] -> E V = 2, about as fast as 1/log t "
        "falls.",
        "ours",
        "ours",
        uses=("t5.sharp",),
        evidence=(Identity(WEAKER), Enclosed(slowly_back, (6, 12, 24, 100))),
    ),
)
