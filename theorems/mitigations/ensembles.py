"""Ensembles: several proxies of one utility, whose errors are independent, or partly shared.

A cautious score, the lowest of k proxies or their mean less a price times their variance, is the
utility plus an error of its own. That error has a lighter tail than each member's: k times the
index, k times the rate. But a heavy tail stays heavy, so a KL penalty alone holds an ensemble no
better than one proxy. Errors that are shared are not seen at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.mitigations.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law

# ---------------------------------------------------------------- the lowest of k


def rate_of_the_lowest() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(-sp.log(n.F**n.k) / n.t, n.k * (-sp.log(n.F) / n.t))


def index_of_the_lowest() -> Relation:
    n = symbols()
    return Relation((n.t**-n.r) ** n.k, n.t ** (-n.k * n.r))


def shared_errors() -> Relation:
    n = symbols()
    share = n.p / (n.p + n.q)
    form = (1 - share) * n.F**n.k
    return Relation(share * n.F + (1 - share) * n.F**n.k, share * n.F, ">=", form)


# ---------------------------------------------------------------- mean less variance


def variance_of_two() -> Relation:
    n = symbols()
    middle = (n.x + n.v) / 2
    return Relation(((n.x - middle) ** 2 + (n.v - middle) ** 2) / 2, (n.x - n.v) ** 2 / 4)


def within_one() -> Relation:

    n = symbols()
    # Both errors in [n, n + 1): x = n + y/(1 + y), v = n + w/(1 + w).
    x, v = n.n + n.y / (1 + n.y), n.n + n.w / (1 + n.w)
    apart = n.y / (1 + n.y) - n.w / (1 + n.w)
    score = (x + v) / 2 - n.l * (x - v) ** 2 / 4
    form = (n.y / (1 + n.y) + n.w / (1 + n.w)) / 2 + n.l * (1 - apart**2) / 4
    return Relation(score, n.n - n.l / 4, ">=", form)


def cauchy_schwarz() -> Relation:
    n = symbols()
    left = (n.a1**2 + n.a2**2) * (n.b1**2 + n.b2**2)
    form = (n.a1 * n.b2 - n.a2 * n.b1) ** 2
    return Relation(left, (n.a1 * n.b1 + n.a2 * n.b2) ** 2, ">=", form)


def split_exponents() -> Relation:
    import sympy as sp

    n = symbols()
    left = (sp.exp(n.l * n.n / 2) * n.p) * sp.exp(-n.h * n.n)
    return Relation(left, sp.exp((n.l / 2 - n.h) * n.n) * n.p)


def geometric_series() -> Relation:
    import sympy as sp

    n = symbols()
    ratio = sp.exp(-2 * n.h)
    return Relation(1 + ratio / (1 - ratio), 1 / (1 - ratio))


# ---------------------------------------------------------------- instances


def lowest_by_tails(case: tuple[str, int, str]) -> Iterator[Comparison]:
    """At (law, k, t): the tail index of the lowest of k, between t and t^2, is k times the "
    "law's."""
    law, members, place = Law.parse(case[0]), case[1], exact(case[2])

    def index(k: int) -> arb:
        near_log, far_log = (k * law.log_survival(t) for t in (place, place**2))
        return (near_log - far_log) / arb(place).log()

    index_of_one = exact({"pareto(alpha=3)": "3", "student_t(df=3)": "3", "cauchy()": "1"}[case[0]])
    yield near(
        "index of the lowest",
        lambda: index(members),
        lambda: arb(members * index_of_one),
        lambda: arb(members) / 10**5,
    )


def partial_sums(case: tuple[str, str, int]) -> Iterator[Comparison]:
    """At (law, l, n): ``E exp(l T)`` for T = mean - variance/2 of two is above 10^6 already."""
    law, tilt, cells = Law.parse(case[0]), exact(case[1]), case[2]

    def part() -> arb:
        total = arb(0)
        for k in range(cells, cells + 20):
            mass = law.between(fmpq(k), fmpq(k + 1))
            total += (tilt * arb(k) - tilt / 8).exp() * mass**2
        return total

    yield below("10^6 and the sum", lambda: arb(10) ** 6, part)


LOWEST = (
    Step(
        "rate", "All k errors exceed t with probability F^k: k times the rate.", rate_of_the_lowest
    ),
    Step("index", "A power tail of index r becomes one of index k r.", index_of_the_lowest),
    Step(
        "shared",
        "With some probability all errors are one: that much of the one tail stays.",
        shared_errors,
    ),
)
SQUARES = (
    Step("variance", "The variance of two numbers.", variance_of_two),
    Step(
        "together",
        "Where both errors are in [n, n + 1), their mean less l times their variance is at least "
        "n - l/4.",
        within_one,
    ),
    Step(
        "Cauchy",
        "A product of sums of squares is above the square of a sum: for two terms, and so for any.",
        cauchy_schwarz,
    ),
    Step(
        "split",
        "With p the probability of that cell: the terms exp((l/2 - h) n) p are products of the "
        "terms exp(l n/2) p and exp(-h n).",
        split_exponents,
    ),
    Step("series", "The squares of the latter have a finite sum over n >= 0.", geometric_series),
)

CLAIMS = (
    Claim(
        "mitigations.ensembles.lowest",
        "The lowest of k proxies with independent errors has an error whose rate is k times that "
        "of one, and whose index is k times that of one where the tail is a power. So a heavy "
        "error stays heavy, and a KL penalty bounds nothing; while a divergence of order a > 1 "
        "does, for a utility that it holds, as soon as k times the index exceeds a/(a - 1). If "
        "with some probability all errors are the same, rate and index stay those of one.",
        "ours",
        "ours",
        uses=("t2.dichotomy",),
        evidence=(
            Identity(LOWEST),
            Enclosed(
                lowest_by_tails,
                (
                    ("pareto(alpha=3)", 4, "1000"),
                    ("student_t(df=3)", 4, "100000"),
                    ("cauchy()", 3, "100000"),
                ),
            ),
        ),
    ),
    Claim(
        "mitigations.ensembles.variance",
        "Two proxies with independent errors of one right-heavy law, scored by their mean less any "
        "price times their variance: the error of the score is right-heavy again. For "
        "(sum exp((l/2 - h) n) p_n)^2 <= sum exp(l n) p_n^2 sum exp(-2 h n), p_n the probability "
        "that an error is in [n, n + 1): the left side is infinite for h < l/2.",
        "ours",
        "ours",
        evidence=(
            Identity(SQUARES),
            Enclosed(
                partial_sums,
                (("pareto(alpha=3)", "0.1", 1000), ("lognormal()", "0.1", 1500)),
            ),
        ),
    ),
)
