"""What can bend a curve down: not a KL penalty on independent errors, but the best of n can.

X is nearly always small, N(0, 1/100), and once in a hundred times exponential with rate 3/10. At
first the best of n picks a large V. Once a hundred are drawn it picks the rare large error.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import pairwise
from typing import Any

from flint import arb, ctx, fmpq

from theorems.overoptimization.closed_proxy import ClosedProxy, Part
from theorems.overoptimization.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, below, near, rounds_to
from verify.identity import Identity, Relation, Step

#: Digits that mpmath carries in a quadrature, and those that it is held to.
MP_DIGITS, DIGITS = 25, 12
WEIGHT, VARIANCE, RATE = fmpq(1, 100), fmpq(1, 100), fmpq(3, 10)
#: The n of the largest E V.
PEAK = 45
RARE = ClosedProxy((Part(1 - WEIGHT, variance=VARIANCE), Part(WEIGHT, rate=RATE)))


@cache
def _best_of(n: int, bits: int) -> arb:
    assert bits == ctx.prec
    return RARE.best_of(n)


def best_of(n: int) -> arb:
    """``E V`` of the best of n, remembered for the precision in force."""
    return _best_of(n, ctx.prec)


# ---------------------------------------------------------------- tilts


def price_of_utility() -> Relation:
    n = symbols()
    # dKL/dl = l K_U'' and dE V/dl = K_V'', with K_U'' = K_X'' + K_V''.
    return Relation(n.k / (n.l * (n.h + n.k)), 0, ">", n.k / (n.l * (n.h + n.k)))


def price_at_most() -> Relation:
    n = symbols()
    slope = n.k / (n.l * (n.h + n.k))
    return Relation(1 / n.l, slope, ">=", n.h / (n.l * (n.h + n.k)))


# ---------------------------------------------------------------- the best of n


def layer_cake(n: int) -> Any:
    """``E V`` by mpmath, as the average of ``E[V | U > u]``: it differs in what is integrated."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        g, rare, spread = (mp.mpf(int(x.p)) / int(x.q) for x in (RATE, WEIGHT, 1 + VARIANCE))
        root = mp.sqrt(spread)

        def factor(u: Any) -> Any:
            return mp.exp(g * g / 2 - g * u)

        def beyond(u: Any) -> Any:
            """``E[V; U > u]``."""
            small = mp.npdf(u / root) / root
            large = mp.npdf(u) + factor(u) * (g * mp.ncdf(u - g) - mp.npdf(u - g))
            return (1 - rare) * small + rare * large

        def below_u(u: Any) -> Any:
            return (1 - rare) * mp.ncdf(u / root) + rare * (mp.ncdf(u) - factor(u) * mp.ncdf(u - g))

        def density(u: Any) -> Any:
            return (1 - rare) * mp.npdf(u / root) / root + rare * g * factor(u) * mp.ncdf(u - g)

        return mp.quad(
            lambda u: beyond(u) * n * (n - 1) * below_u(u) ** (n - 2) * density(u),
            [-8, -2, 0, 2, 4, 8, 16, 32, 64, 128, 300],  # beyond 300 lies n^2 exp(-180)
        )


def digits(case: tuple[int, str]) -> Iterator[Comparison]:
    """At (n, digits of E V): the integral."""
    n, printed = case
    yield rounds_to(f"E V at n = {n}", partial(best_of, n), printed)


def two_routes(n: int) -> Iterator[Comparison]:
    """At n: the integral against E[V | U], and the same against E[V | U > u] by mpmath."""
    yield agrees(f"E V at n = {n}", partial(best_of, n), partial(layer_cake, n), DIGITS)


def up_and_down(ns: tuple[int, ...]) -> Iterator[Comparison]:
    """Along a list of n with the peak in it: up to there, then down to the rate of X."""
    for before, after in pairwise(ns):
        lower, higher = (before, after) if after <= PEAK else (after, before)
        yield below(
            f"E V at {lower} and {higher}", partial(best_of, lower), partial(best_of, higher)
        )
    yield near(f"E V at {ns[-1]}", partial(best_of, ns[-1]), partial(arb, RATE), _small)


def _small() -> arb:
    return arb(10) ** -9


TILTS = (
    Step(
        "price",
        "Along the tilts dE V/dKL = K_V''/(l (K_X'' + K_V'')) is above 0,",
        price_of_utility,
    ),
    Step("price, at most", "and at most 1/l.", price_at_most),
)

CLAIMS = (
    Claim(
        "overoptimization.tilt",
        "Under a KL penalty a downturn takes dependence. For X independent of V, dE V/dKL = "
        "K_V''(l)/(l K_U''(l)) along the optimal tilts, between 0 and 1/l, and above 0 unless V is "
        "constant: so E V rises along all of them, whatever beta a fit finds.",
        "ours",
        "ours",
        uses=("t4.rises", "t2.tilts"),
        evidence=(Identity(TILTS),),
    ),
    Claim(
        "overoptimization.downturn",
        "Under best-of-n independent light errors are enough. With V standard normal and X = 99 % "
        "N(0, 0.01) + 1 % exponential of rate 0.3, E V rises to 1.7944 at n = 45, and falls: to "
        "1.7918 (n = 50), 1.0005 (300), 0.3636 (1000) and 0.3000 (10^4), which is K_V'(0.3).",
        "ours",
        "ours",
        evidence=(
            Enclosed(
                digits,
                (
                    (10, "1.4533"),
                    (45, "1.794426"),
                    (50, "1.79177"),
                    (300, "1.00047"),
                    (1000, "0.36355"),
                    (10_000, "0.3000"),
                ),
            ),
            Enclosed(two_routes, (45, 1000)),
            Enclosed(up_and_down, ((10, 44, 45, 46, 50, 300, 1000, 10**4),)),
        ),
    ),
)
