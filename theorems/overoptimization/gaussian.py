"""Normal error and normal utility, independent: the exact curve of best-of-n, which never bends.

``E V = (sd(V)^2/sd(U)) E max(Z_1, ..., Z_n)``, because V is a line in U plus what U does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import pairwise
from typing import Any

from flint import arb, ctx

from theorems.overoptimization.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, below, rounds_to
from verify.identity import Identity, Relation, Step
from verify.joint.normal_maximum import moments_of_largest

#: Digits that mpmath carries in a quadrature, and those that it is held to.
MP_DIGITS, DIGITS = 25, 15
#: The n of a grid, each twice the one before.
GRID = tuple(2**k for k in range(1, 11))


def residual() -> Relation:
    n = symbols()
    whole = n.sigma**2 + n.tau**2
    # Cov(V - g U, U) for g = Var V/Var U.
    return Relation(n.sigma**2 - n.sigma**2 / whole * whole, 0)


def line() -> Relation:
    import sympy as sp

    n = symbols()
    whole = n.sigma**2 + n.tau**2
    # E V = g E U, and the best of n has E U = sd(U) m.
    return Relation(n.sigma**2 / whole * (sp.sqrt(whole) * n.m), n.sigma**2 / sp.sqrt(whole) * n.m)


@cache
def _moments(n: int, bits: int) -> tuple[arb, arb]:
    assert bits == ctx.prec
    return moments_of_largest(n)


def largest(n: int) -> arb:
    """``E max(Z_1, ..., Z_n)``, remembered for the precision in force."""
    return _moments(n, ctx.prec)[0]


def largest_square(n: int) -> arb:
    """``E max(Z_1, ..., Z_n)^2``, likewise."""
    return _moments(n, ctx.prec)[1]


def root_kl(n: int) -> arb:
    """``d = sqrt KL`` of the best of n."""
    return (arb(n).log() - arb(n - 1) / n).sqrt()


def ratio(n: int) -> arb:
    """The gain, in units of ``sqrt(2) (Var V/sd U) d``."""
    return largest(n) / (arb(2).sqrt() * root_kl(n))


def ratios(case: tuple[int, str]) -> Iterator[Comparison]:
    """At (n, digits): the ratio, below 1; the mean of the largest by another route."""
    n, digits = case
    yield rounds_to("ratio", partial(ratio, n), digits)
    yield below("ratio below 1", partial(ratio, n), lambda: arb(1))

    def by_quadrature() -> Any:
        import mpmath

        with mpmath.workdps(MP_DIGITS):
            return mpmath.quad(
                lambda z: z * n * mpmath.npdf(z) * mpmath.ncdf(z) ** (n - 1),
                [-12, -4, 0, 2, 4, 6, 12],  # beyond 12 lies exp(-72) n
            )

    yield agrees("the largest of n", partial(largest, n), by_quadrature, DIGITS)


# ---------------------------------------------------------------- it rises, and to what


def more_draws() -> Relation:
    n = symbols()
    # F = i/(i + j) at a point: E max_(n+1) - E max_n is the integral of F^n - F^(n+1).
    share = n.i / (n.i + n.j)
    rest = share**n.n * n.j / (n.i + n.j)
    return Relation(share**n.n, share ** (n.n + 1), ">", rest)


def mills() -> Relation:
    import sympy as sp

    n = symbols()
    height = sp.exp(-(n.t**2) / 2)
    slope = sp.Derivative(n.t / (1 + n.t**2) * height, n.t)
    return Relation(slope, -height * (1 - 2 / (1 + n.t**2) ** 2))


def many_beyond() -> Relation:
    import sympy as sp

    n = symbols()
    # n Pr(Z > t) at t^2 = 2 (1 - s) L with s = i/(i + j), n = exp(L), by the bound before.
    share = n.i / (n.i + n.j)
    t = sp.sqrt(2 * (1 - share) * n.L)
    expected = sp.exp(share * n.L) * t / (1 + t**2) / sp.sqrt(2 * sp.pi)
    return Relation(sp.Limit(expected, n.L, sp.oo), sp.oo)


def share_of_all() -> Relation:
    import sympy as sp

    n = symbols()
    # (t p - c)/(sqrt(2) d) with d^2 <= L: p -> 1 is the chance that one lies beyond t.
    share = n.j / (n.i + n.j)
    t = sp.sqrt(2 * share * n.L)
    return Relation(sp.Limit((t * n.p - n.c) / sp.sqrt(2 * n.L), n.L, sp.oo), n.p * sp.sqrt(share))


def slopes_rise(ns: tuple[int, ...]) -> Iterator[Comparison]:
    """Along a grid of n: the chords of the curve against d rise, and each is steeper."""

    def slope(low: int, high: int) -> arb:
        return (largest(high) - largest(low)) / (root_kl(high) - root_kl(low))

    chords = list(pairwise((1, *ns)))
    yield below("the first chord rises", lambda: arb(0), partial(slope, *chords[0]))
    for before, after in pairwise(chords):
        yield below(f"chord to n = {after[1]}", partial(slope, *before), partial(slope, *after))


CURVE = (
    Step("residual", "V - (Var V/Var U) U is uncorrelated with U, so independent.", residual),
    Step("line", "So E V follows E U by that factor.", line),
)
RISES = (Step("more draws", "One more draw raises the mean of the largest.", more_draws),)
LIMIT = (
    Step("Mills", "t exp(-t^2/2)/(1 + t^2) falls more slowly than the normal tail.", mills),
    Step("many beyond", "Beyond t = sqrt(2 (1 - s) log n) more and more draws lie.", many_beyond),
    Step("share", "So the gain is at least the share sqrt(1 - s) of sqrt(2) d.", share_of_all),
)

CLAIMS = (
    Claim(
        "overoptimization.gaussian",
        "For independent normal X and V, the best of n by U = X + V has E V - E V_base = "
        "(Var V/sd U) E max(Z_1, ..., Z_n). It stays below the line sqrt(2) (Var V/sd U) d. "
        "Combines: V is a line in U plus an independent rest; no reweighting of a normal law moves "
        "its mean by more than sqrt(2 KL).",
        "ours",
        "ours",
        uses=("t2.duality",),
        evidence=(Identity(CURVE),),
    ),
    Claim(
        "overoptimization.gaussian.ratio",
        "Its ratio to that line is 0.919 at n = 10 and 0.943 at n = 1000.",
        "ours",
        "ours",
        uses=("overoptimization.gaussian",),
        evidence=(Enclosed(ratios, ((10, "0.919"), (1000, "0.943"))),),
    ),
    Claim(
        "overoptimization.gaussian.rises",
        "That curve never turns down: E max(Z_1, ..., Z_n) rises with n, as the mean of the best "
        "of n does for every proxy that is not constant. Combines: E max_(n+1) - E max_n is the "
        "integral of F^n (1 - F).",
        "ours",
        "ours",
        evidence=(Identity(RISES),),
    ),
    Claim(
        "overoptimization.gaussian.steepens",
        "On n = 1, 2, 4, ..., 1024 it even bends upwards as a function of d: each chord is steeper "
        "than the one before, so that fits of d (a - b d) have b < 0 there.",
        "ours",
        "ours",
        evidence=(Enclosed(slopes_rise, (GRID,)),),
    ),
    Claim(
        "overoptimization.gaussian.limit",
        "As n grows that curve approaches the line sqrt(2) (Var V/sd U) d: the ratio tends to 1. "
        "Combines: it is below 1; and for each s in (0, 1), with t = sqrt(2 (1 - s) log n), "
        "n Pr(Z > t) -> oo, so one of n lies beyond t with a chance that tends to 1, and E max >= "
        "t Pr(max > t) - 1/sqrt(2 pi).",
        "ours",
        "ours",
        uses=("overoptimization.gaussian",),
        evidence=(Identity(LIMIT),),
    ),
)
