"""Clipping the proxy: what it guarantees, and what it depends on.

A weight that rises with ``min(U, c)`` does not rise any more beyond c. So the utility under it is
an average of what it is under the base policy and given ``U > t`` at thresholds t below c, and
never worse than the worst of these. Where the error is heavy these fall back to the base mean as t
grows: a cap far out is as good as none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from flint import arb, fmpq

from theorems.mitigations.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, below
from verify.conditioning.routes import condition
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law

#: Masses and utilities of the scores 0, 1, 2, ... of a finite model.
Finite = tuple[tuple[int, int], ...]


def two_levels() -> Relation:
    n = symbols()
    # Scores of two levels with masses i and j; the weight is a1 on the lower, a1 + a2 on the upper.
    weighted = n.i * n.a1 * n.x + n.j * (n.a1 + n.a2) * n.v
    layers = n.a1 * (n.i * n.x + n.j * n.v) + n.a2 * n.j * n.v
    return Relation(weighted, layers)


def layers(case: tuple[Finite, int, str]) -> bool:
    """At (masses and utilities, cap, b), weight b^min(score, cap): the mean is its layers' average.

    And it lies between the least and the largest of the conditional means that it averages.
    """
    model, cap, base = case
    total = fmpq(sum(mass for mass, _ in model))
    laws = [(fmpq(mass) / total, fmpq(utility)) for mass, utility in model]
    weights = [exact(base) ** min(score, cap) for score in range(len(laws))]
    norm = sum((w * mass for w, (mass, _) in zip(weights, laws, strict=True)), fmpq(0))
    mean = sum((w * m * v for w, (m, v) in zip(weights, laws, strict=True)), fmpq(0)) / norm
    shares, means = [], []
    for score, step in enumerate([weights[0], *(b - a for a, b in pairwise(weights))]):
        if score > cap:
            continue
        beyond = laws[score:]
        mass = sum((m for m, _ in beyond), fmpq(0))
        shares.append(step * mass / norm)
        means.append(sum((m * v for m, v in beyond), fmpq(0)) / mass)
    average = sum((share * v for share, v in zip(shares, means, strict=True)), fmpq(0))
    is_average = all(share >= 0 for share in shares) and sum(shares, fmpq(0)) == 1
    return is_average and bool(average == mean and min(means) <= mean <= max(means))


def far_caps(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (c, low, high) for X ~ t(3), V ~ N(0, 1): where E V ends under a tilt of min(U, c)."""
    cap, low, high = (exact(text) for text in case)

    def end() -> arb:
        found = condition(Law.parse("student_t(df=3)"), Law.parse("normal()"), cap).mean_v
        assert isinstance(found, arb)
        return found

    yield below("low and E[V | U > c]", lambda: arb(low), end)
    yield below("E[V | U > c] and high", end, lambda: arb(high))


LAYERS = (
    Step(
        "layers",
        "Two scores, weight a1 on the lower and a1 + a2 on the upper one: a1 of all, and a2 of "
        "what is above. More scores add more layers, up to the cap.",
        two_levels,
    ),
)

CLAIMS = (
    Claim(
        "mitigations.clipped",
        "Under a weight that rises with min(U, c), E V is an average of E V and of E[V | U >= t] "
        "for thresholds t up to c: never below the least of them, and E[V | U >= c] in the end. "
        "For X ~ t(3) and V ~ N(0, 1) that end is above 0.9 at c = 3, and below 0.11 at c = 30: "
        "the cap has to be where the utility still decides.",
        "ours",
        "ours",
        evidence=(
            Identity(LAYERS),
            Exact(
                layers,
                (
                    (((5, 0), (3, 2), (2, 4), (1, -9)), 2, "2"),
                    (((5, 0), (3, 2), (2, 4), (1, -9)), 3, "10"),
                    (((9, -1), (7, 1), (5, 0), (4, 3), (2, 8), (1, -50), (1, 2)), 4, "1.5"),
                ),
            ),
            Enclosed(far_caps, (("3", "0.9", "1"), ("30", "0", "0.11"))),
        ),
    ),
)
