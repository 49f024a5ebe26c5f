"""Hill's estimate of a reward that has no zero.

The print draws Hill plots of raw rewards and reads tail indices off them. The estimate from the k
largest of a sample, ``1/k sum log(x_i/x_(k+1))``, depends on where the scale has its zero. The
reward models meant are trained on comparisons (Bradley and Terry): with rewards u and v, u is
chosen with probability ``1/(1 + exp(v - u))``, which knows no zero. So the data that make such a
model leave its Hill plots undetermined; what depends on differences of rewards alone is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from flint import arb, fmpq

from theorems.experiments.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step

#: Two zeros are close where the threshold's distances from them have a smaller quotient.
CLOSE = 1 + fmpq(1, 10**6)

# ---------------------------------------------------------------- the estimate


def choice() -> Relation:
    import sympy as sp

    n = symbols()
    shifted = 1 / (1 + sp.exp((n.v + n.c) - (n.u + n.c)))
    return Relation(shifted, 1 / (1 + sp.exp(n.v - n.u)))


def falls() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(
        -sp.Derivative(sp.log((n.z + n.g) / n.z), n.z), 0, ">", n.g / (n.z * (n.z + n.g))
    )


def no_bound() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.log((n.z + n.g) / n.z), n.z, 0, "+"), sp.oo)


def vanishes() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.log((n.z + n.g) / n.z), n.z, sp.oo), 0)


def hill(rewards: tuple[fmpq, ...], k: int, zero: fmpq) -> arb:
    """Hill's estimate from the k largest rewards, measured from a zero below the next one."""
    ordered = sorted(rewards, reverse=True)
    least = ordered[k] - zero
    return sum((((x - zero) / least).log() for x in map(arb, ordered[:k])), arb(0)) / k


def takes_any_value(case: tuple[tuple[fmpq, ...], int]) -> Iterator[Comparison]:
    """At (rewards, k): zeros at which the estimate passes 1/10, 1/5, 1/2, 1 and 5."""
    rewards, k = case
    edge, spread = sorted(rewards, reverse=True)[k], max(rewards) - min(rewards)

    def estimate(distance: fmpq) -> arb:
        return hill(rewards, k, edge - distance)

    for goal in map(exact, ("0.1", "0.2", "0.5", "1", "5")):
        near_zero, far = fmpq(1, 10**12), 1000 * spread
        # As the threshold's distance from the zero grows, the estimate falls through the goal.
        while far > CLOSE * near_zero:
            middle = (near_zero + far) / 2
            if estimate(middle) > goal:
                near_zero = middle
            else:
                far = middle
        yield below(f"{goal} and the estimate", partial(arb, goal), partial(estimate, near_zero))
        yield below(f"the estimate and {goal}", partial(estimate, far), partial(arb, goal))


# ---------------------------------------------------------------- what differences decide


def spacings() -> Relation:
    n = symbols()
    moved = (n.h * n.u + n.c - (n.h * n.v + n.c)) / (n.h * n.v + n.c - (n.h * n.r + n.c))
    return Relation(moved, (n.u - n.v) / (n.v - n.r), given=(n.v - n.r > 0,))


def of_odds() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.log(sp.exp(n.u + n.c) / sp.exp(n.v + n.c)), n.u - n.v)


def mean_excess(rewards: tuple[fmpq, ...], k: int) -> fmpq:
    """The mean excess of the k largest over the next one: Hill's estimate of ``exp(reward)``."""
    ordered = sorted(rewards, reverse=True)
    return sum((x - ordered[k] for x in ordered[:k]), fmpq(0)) / k


def same_after_a_shift(case: tuple[tuple[fmpq, ...], int]) -> bool:
    """At (rewards, k): the mean excess, and quotients of spacings, wherever the zero is."""
    rewards, k = case
    moved = tuple(x + exact("-2.5807") for x in rewards)

    def quotients(values: tuple[fmpq, ...]) -> list[fmpq]:
        ordered = sorted(values, reverse=True)
        gaps = [a - b for a, b in pairwise(ordered)]
        return [a / b for a, b in pairwise(gaps)]

    return mean_excess(rewards, k) == mean_excess(moved, k) and quotients(rewards) == quotients(
        moved
    )


# ---------------------------------------------------------------- claims

#: Made-up rewards, unequally spaced and of both signs.
REWARDS = tuple(map(exact, ("0.7", "0.2", "0.1", "-0.3", "-0.35", "-1.2", "-2.6", "-4.8")))
SHIFTS = (
    Step("choice", "Choices know rewards up to a shift c.", choice),
    Step("term falls", "With threshold z and excess g, Hill's term falls in z.", falls),
    Step("no bound", "It grows without bound as the zero comes up to the threshold.", no_bound),
    Step("vanishes", "It vanishes as the zero moves away.", vanishes),
)
INVARIANTS = (
    Step("spacings", "Quotients of spacings know neither zero nor unit.", spacings),
    Step("odds", "exp(reward), the odds, changes by a factor: Hill's terms for it stay.", of_odds),
)
CLAIMS = (
    Claim(
        "experiments.hill",
        "Refuted: the Hill plot of a preference model's raw rewards tells how heavy their tail is. "
        "Where the largest reward of a sample is above its (k + 1)-th: for every h > 0 one choice "
        "of the zero gives the estimate h from the k largest; no choice probability notices.",
        "Hill plots",
        "refutation",
        evidence=(
            Identity(SHIFTS),
            Enclosed(takes_any_value, tuple((REWARDS, k) for k in (1, 3, 5))),
        ),
    ),
    Claim(
        "experiments.hill.corrected",
        "Estimates from quotients of spacings (Pickands, and fits to excesses) do not change with "
        "the zero. Nor does the mean excess over the (k + 1)-th reward, which is Hill's estimate "
        "for exp(reward), the odds of a choice.",
        "Hill plots",
        "corrected",
        evidence=(
            Identity(INVARIANTS),
            Exact(same_after_a_shift, tuple((REWARDS, k) for k in (1, 3, 5))),
        ),
    ),
)
