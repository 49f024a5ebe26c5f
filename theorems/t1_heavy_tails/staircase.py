"""Erratum a: the printed proof lets t run through all numbers; a subsequence is what there is.

The staircase (:mod:`verify.laws.staircase`) has ``Q(X > t) = exp(-x^(3/2))`` for t between a corner
x and the next, ``x^2``. It is heavy in our sense. At a corner, p = 1/t costs about sqrt(x), which
diverges; just below the next corner it costs about ``1/sqrt(x)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import arb, fmpq

from theorems.t1_heavy_tails.symbols import Expression, kl, symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, below, rounds_to
from verify.divergence import binary_kl
from verify.identity import Identity, Relation, Step
from verify.laws.staircase import Staircase, corner
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

LAW = Staircase()
#: Digits that mpmath carries on the second route; a comparison to 25 leaves 25 for its errors.
MP_DIGITS, AGREEING_DIGITS = 50, 25


def tail_at_corner() -> Expression:
    """``Q(X > t)`` from the corner x up to the next."""
    import sympy as sp

    return sp.exp(-(symbols().x ** sp.Rational(3, 2)))


def just_below() -> Expression:
    """A point just below the next corner."""
    return symbols().x ** 2 - 1


def mgf_is_infinite() -> Relation:
    import sympy as sp

    n = symbols()
    # E exp(l X) >= exp(l x^2) Q(X >= x^2), and the last factor is the tail from the corner x on.
    logarithm = n.l * n.x**2 + sp.log(tail_at_corner())
    return Relation(sp.Limit(logarithm, n.x, sp.oo), sp.oo)


def cost_at_corner() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(kl(1 / n.x, tail_at_corner()), n.x, sp.oo), sp.oo)


def not_heavy_as_printed() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.exp(n.a * n.x) * tail_at_corner(), n.x, sp.oo), 0)


def cost_just_below() -> Relation:
    import sympy as sp

    n = symbols()
    cost = kl(1 / just_below(), tail_at_corner())
    return Relation(sp.Limit(cost, n.x, sp.oo), 0)


def mean_just_below() -> Relation:
    import sympy as sp

    n = symbols()
    t = just_below()
    bound = n.mu + (1 / t - tail_at_corner()) * (t - n.mu)
    return Relation(sp.Limit(bound, n.x, sp.oo), n.mu + 1)


def cost(t: fmpq) -> arb:
    """The cost of mass 1/t above t, in balls."""
    return binary_kl(1 / arb(t), LAW.log_survival(t), LAW.log_cdf(t))


def cost_by_mpmath(t: fmpq, corner_below: fmpq) -> Any:
    """The same by mpmath, from the definition."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        p, x = 1 / mp.mpf(int(t.p)), mp.mpf(int(corner_below.p))
        log_q = -(x**1.5)
        return p * (mp.log(p) - log_q) + (1 - p) * (mp.log1p(-p) - mp.log1p(-mp.exp(log_q)))


def printed_cost(case: tuple[int, str]) -> Iterator[Comparison]:
    """At corner k: the number, by two routes, and more than half the root of the corner."""
    k, number = case
    t = corner(k)
    yield rounds_to(f"KL at t = {t}", lambda: cost(t), number)
    second = cost_by_mpmath(t, t)
    yield agrees(f"KL at t = {t}", lambda: cost(t), lambda: second, AGREEING_DIGITS)
    yield below("half the root", lambda: arb(t).sqrt() / 2, lambda: cost(t))
    yield below("the base mean", LAW.mean, lambda: arb(3))


def cost_and_gain_just_below(k: int) -> Iterator[Comparison]:
    """Below corner k + 1: a cost under 1/sqrt(x) and a mean above the base mean + 1/2."""
    x = corner(k)
    t = x * x - 1
    weight = Threshold.at(int(t.p), 1 / _decimal(t))
    optimised = ThresholdReweighted(LAW, weight)
    second = cost_by_mpmath(t, x)
    yield agrees(f"KL at t = {t}", lambda: cost(t), lambda: second, AGREEING_DIGITS)
    yield below("KL", lambda: cost(t), lambda: 1 / arb(x).sqrt())
    yield below("KL of the law P", optimised.kl, lambda: 1 / arb(x).sqrt())
    yield below("mean", lambda: base_mean() + arb(0.5), optimised.mean)


def base_mean() -> arb:
    """The mean of the staircase."""
    mean = LAW.mean()
    assert isinstance(mean, arb)
    return mean


def _decimal(t: fmpq) -> Any:
    from decimal import Decimal

    return Decimal(int(t.p))


HEAVY = (Step("infinite MGF", "The staircase is heavy.", mgf_is_infinite),)
AT_CORNERS = (
    *HEAVY,
    Step("cost at corners", "At t = x the cost of 1/t grows without bound.", cost_at_corner),
)
BELOW_CORNERS = (
    Step("cost below corners", "At t = x^2 - 1 it tends to 0.", cost_just_below),
    Step("mean below corners", "There the mean rises by 1 or more.", mean_just_below),
)

CLAIMS = (
    Claim(
        "t1.erratum-a",
        "Refuted: for a law with E exp(l X) = oo for all l > 0 and finite mean, the reweighting "
        "with mass 1/t above t has KL -> 0 as t grows through all numbers. For the staircase "
        "law it is 15.974440539956 at t = 256, 255.99981551594 at t = 65536, and diverges along "
        "the corners. (Under the printed definition of heavy, which is stronger, the step is "
        "right.)",
        "Theorem 1, proof",
        "refutation",
        uses=("t1.cost",),
        evidence=(
            Identity(AT_CORNERS),
            Enclosed(printed_cost, ((3, "15.974440539956"), (4, "255.99981551594"))),
        ),
    ),
    Claim(
        "t1.erratum-a.corrected",
        "There is a subsequence: for the staircase, KL -> 0 and the mean rises by 1 or more along "
        "the points just below its corners; for every heavy law some t_n do the same.",
        "Theorem 1, proof",
        "corrected",
        uses=("t1.subsequence", "t1.cost-bounds", "t1.mean"),
        evidence=(Identity(BELOW_CORNERS), Enclosed(cost_and_gain_just_below, (2, 3, 4))),
    ),
    Claim(
        "t1.definitions-differ",
        "Heavy in our sense does not imply heavy in the printed sense: for the staircase "
        "E exp(l X) = oo for every l > 0, while exp(a t) Q(X > t) -> 0 along its corners, for "
        "every a > 0.",
        "ours",
        "ours",
        evidence=(
            Identity(
                (*HEAVY, Step("light at corners", "exp(a x - x^(3/2)) -> 0.", not_heavy_as_printed))
            ),
        ),
    ),
)
