"""Erratum b: the printed Lemma 2. A factor t is more than the tails give.

Let h grow with t so slowly that a shift by h does not change the tail of X. In the printed proof
the part with both X and V above h is negligible even when it is multiplied by t. It is bounded by
``sup over z > h of t Pr(V > z)/Pr(X > z)``. There z may be as small as h: the hypothesis makes
``z^p`` times the quotient small, which is of little use against t.

For X Pareto(2), V Pareto(b) and h = log t what is multiplied by t is about ``h^-b``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import comb
from typing import Any

from flint import arb, fmpq

from theorems.t5_heavy_conditioning.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, below, rounds_to
from verify.identity import Identity, Relation, Step

#: Digits that mpmath carries on the second route; a comparison to 15 leaves 15 for its errors.
MP_DIGITS, AGREEING_DIGITS = 30, 15
#: The index of X.
INDEX = 2

# ---------------------------------------------------------------- refuted


def level_is_slow() -> Relation:
    import sympy as sp

    n = symbols()
    ratio = (1 - sp.log(n.t) / n.t) ** -INDEX
    return Relation(sp.Limit(ratio, n.t, sp.oo), 1)


def meets_the_hypothesis() -> Relation:
    import sympy as sp

    n = symbols()
    # V Pareto(4): p = 3/2.
    ratio = n.t ** sp.Rational(3, 2) * n.t**INDEX / n.t**4
    return Relation(sp.Limit(ratio, n.t, sp.oo), 0)


def grows_without_bound() -> Relation:
    import sympy as sp

    n = symbols()
    # The part with V > h and X > t has t h^-4; and h = log t is t = exp(h).
    return Relation(sp.Limit(sp.exp(n.h) * n.h**-4, n.h, sp.oo), sp.oo)


def integral_of_quotient(i: int, j: int, t: arb, low: arb, high: arb) -> arb:
    """The integral of ``v^-i (t - v)^-j`` over [low, high], by partial fractions."""

    def power(order: int, start: arb, end: arb) -> arb:
        if order == 1:
            return (end / start).log()
        return (start ** (1 - order) - end ** (1 - order)) / (order - 1)

    total = arb(0)
    for k in range(1, i + 1):
        total += comb(i - k + j - 1, j - 1) * t ** (k - i - j) * power(k, low, high)
    for k in range(1, j + 1):
        size = comb(j - k + i - 1, i - 1) * t ** (k - i - j)
        total += size * power(k, t - high, t - low)
    return total


def joint_tail(index: int, t: arb, h: arb) -> arb:
    """``Pr(X > h, V > h, X + V > t)`` for X Pareto(2) and V Pareto(index)."""
    middle = index * integral_of_quotient(index + 1, INDEX, t, h, t - h)
    return middle + h**-INDEX * (t - h) ** -index


def vanishing_ratio(index: int, power: int) -> arb:
    """The ratio that is to vanish, at t = 10^k and h = log t."""
    t = arb(10) ** power
    return t * joint_tail(index, t, t.log()) * t**INDEX


def ratio_by_mpmath(index: int, power: int) -> Any:
    """The same by mpmath."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        t = mp.mpf(10) ** power
        h = mp.log(t)

        def inside(s: Any) -> Any:  # v = exp(s)
            v = mp.exp(s)
            return index * v**-index * (1 - v / t) ** -INDEX

        def near_t(s: Any) -> Any:  # v = t - exp(s)
            x = mp.exp(s)
            return index * (t - x) ** (-index - 1) * x * (t / x) ** INDEX

        half = mp.log(t / 2)
        places = [mp.log(h) + (half - mp.log(h)) * k / 8 for k in range(9)]
        both = mp.quad(inside, places) + mp.quad(near_t, places)
        return t * (both + (t / h) ** INDEX * (t - h) ** -index)


def does_not_vanish(case: tuple[int, int, str]) -> Iterator[Comparison]:
    """At (index of V, k, digits), t = 10^k: the ratio by two routes, and above t h^-index."""
    index, power, number = case
    ratio = partial(vanishing_ratio, index, power)
    yield rounds_to(f"ratio at 1e{power}", ratio, number)
    second = partial(ratio_by_mpmath, index, power)
    yield agrees(f"ratio at 1e{power}", ratio, second, AGREEING_DIGITS)

    def floor() -> arb:
        t = arb(10) ** power
        return t * t.log() ** -index

    yield below("t h^-b and the ratio", floor, ratio)


# ---------------------------------------------------------------- corrected


def by_its_mean() -> Relation:
    n = symbols()
    # Where V > h: 1 <= V/h, so t Pr(...) <= (t/h) E[V; ...], here v = h + u.
    given, via = (n.v >= n.h,), {n.v: n.h + n.u}
    return Relation(n.t * n.v / n.h, n.t, ">=", n.t * (n.v - n.h) / n.h, given, via)


def share_of_two() -> Relation:
    n = symbols()
    # m Pr(X > h, V^ > h, X + V^ > t) <= m k (2 - 2 Pr(X <= h)), k the quotient's supremum.
    return Relation(n.m * n.k * (2 - 2 * (1 - n.s)), 2 * n.m * n.k * n.s)


def part_that_matters(index: int, power: int) -> arb:
    """``E[V; X > h, V > h, X + V > t]/Pr(X > t)`` at t = 10^k and h = log t."""
    t = arb(10) ** power
    h = t.log()
    middle = index * integral_of_quotient(index, INDEX, t, h, t - h)
    beyond = h**-INDEX * fmpq(index, index - 1) * (t - h) ** (1 - index)
    return (middle + beyond) * t**INDEX


def vanishes(case: tuple[int, int]) -> Iterator[Comparison]:
    """At (index of V, k), t = 10^k: what the proof needs, and the ratio within t/h of it."""
    index, power = case
    part = partial(part_that_matters, index, power)
    yield below("falls", part, partial(part_that_matters, index, power // 2))
    # E[V; V > h] = b/(b-1) h^(1-b), and at most as much again from V > t - X, X > h.
    yield below("part", part, lambda: 4 * (arb(10) ** power).log() ** (1 - index))

    def bound() -> arb:
        t = arb(10) ** power
        return t / t.log() * part()

    yield below("ratio and (t/h) part", partial(vanishing_ratio, index, power), bound)


# ---------------------------------------------------------------- claims

REFUTED = (
    Step("slow level", "A shift by log t leaves the tail of Pareto(2) as it is.", level_is_slow),
    Step(
        "hypothesis", "V Pareto(4) meets the printed hypothesis with p = 3/2.", meets_the_hypothesis
    ),
    Step(
        "grows",
        "V > h and X > t alone have t/h^4, without bound for h = log t.",
        grows_without_bound,
    ),
)
CORRECTED = (
    Step("by its mean", "Where V > h, t is at most (t/h) V.", by_its_mean),
    Step(
        "share of two",
        "Both above h have 2 m k Pr(X > h) at most, in units of Pr(X > t).",
        share_of_two,
    ),
)

CLAIMS = (
    Claim(
        "t5.erratum-b",
        "Refuted: t Pr(X > h, V > h, X + V > t)/Pr(X > t) -> 0 for h -> oo with Pr(X > t - h) ~ "
        "Pr(X > t). For X Pareto(2), V Pareto(4), for which t^(3/2) Pr(V > t)/Pr(X > t) -> 0, and "
        "h = log t it is above t/h^4 and grows without bound: 27.4503726122230 at t = 1e6 and "
        "1715585.08160793 at 1e12. (With V Pareto(3), at p = 1, it is 379.247898842 and "
        "47403367.6178.)",
        "Lemma 2",
        "refutation",
        evidence=(
            Identity(REFUTED),
            Enclosed(
                does_not_vanish,
                (
                    (3, 6, "379.247898842"),
                    (3, 12, "47403367.6178"),
                    (4, 6, "27.4503726122230"),
                    (4, 12, "1715585.08160793"),
                ),
            ),
        ),
    ),
    Claim(
        "t5.erratum-b.corrected",
        "The ratio is o(t/h). What the proof of Theorem 5 needs does hold: E[V; X > h, V > h, X + "
        "V > t]/Pr(X > t) -> 0 as h -> oo, for X long-tailed with Pr(X1 + X2 > t)/Pr(X > t) -> 2 "
        "and E[V; V > t] = O(Pr(X > t)). Combines: it is m Pr(X > h, V^ > h, X + V^ > t)/Pr(X > "
        "t), where V^ has at most k times the tail of another X beyond h.",
        "Lemma 2",
        "corrected",
        uses=("t5.two-probabilities", "t5.tails-add-up"),
        evidence=(Identity(CORRECTED), Enclosed(vanishes, ((3, 6), (3, 12), (4, 6), (4, 12)))),
    ),
)
