"""The dual bound: every slope l > 0 and offset m bound the mean of every P within a budget.

Fenchel's inequality at ``y = l x - m``, averaged: ``E f(w) + E f*(l X - m) >= E w (l X - m)``, and
the right side is ``l E_P X - m``.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.penalties import fenchel
from theorems.penalties.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.divergence import Generated, parse_divergence
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.reweighted import Reweighted, reweight
from verify.weight import BestOfN, Threshold, Tilt, TopFraction, Weight


def bound() -> Relation:
    n = symbols()
    # E f(w) <= d, so d + F exceeds l A - m by some z >= 0.
    given, via = (n.d + n.F >= n.l * n.A - n.m,), {n.F: n.l * n.A - n.m - n.d + n.z}
    return Relation(
        (n.d + n.m + n.F) / n.l, n.A, ">=", (n.d + n.m + n.F - n.l * n.A) / n.l, given, via
    )


def bound_at(case: tuple[str, Weight, str, str, str]) -> Iterator[Comparison]:
    """At (law, weight, divergence, l, m), on a list of atoms: the mean and its dual bound.

    What the bound leaves is, over l, what the tangents leave: a sum of its own over the atoms.
    """
    text, weight, token, *numbers = case
    law, optimised = Law.parse(text), reweight(Law.parse(text), weight)
    divergence = parse_divergence(token)
    slope, offset = (exact(number) for number in numbers)
    assert isinstance(optimised, Reweighted) and isinstance(divergence, Generated)

    def conjugate(x: arb) -> arb:
        value = divergence.conjugate(slope * x - offset)
        assert isinstance(value, arb)
        return value

    def mean() -> arb:
        return sum((mass * x for x, mass in optimised.atoms()), arb(0))

    def dual() -> arb:
        spent = optimised.divergence(token)
        assert isinstance(spent, arb)
        total = sum((mass * conjugate(arb(x)) for x, mass in law.atoms()), arb(0))
        return (spent + offset + total) / slope

    def left_by_tangents() -> arb:
        total = arb(0)
        for (x, p), (_, q) in zip(optimised.atoms(), law.atoms(), strict=True):
            y = slope * arb(x) - offset
            touched = divergence.best_weight(y)
            at_touch, here = divergence.generator(touched), divergence.generator(p / q)
            assert isinstance(at_touch, arb) and isinstance(here, arb)
            total += q * (here - at_touch - y * (p / q - touched))
        return total / slope

    yield below("mean and dual bound", mean, dual)
    if token != "tv":  # whose best weight has no slope to be y
        # Both sides are the same sum in another order: 1e-30 is far above the rounding.
        yield near(
            "what the bound leaves",
            lambda: dual() - mean(),
            left_by_tangents,
            lambda: arb(10) ** -30,
        )


BINOMIAL = "binomial(n=6, p=0.3)"
CASES: tuple[tuple[str, Weight, str, str, str], ...] = (
    (BINOMIAL, Tilt(fmpq(1, 2)), "chi2", "0.3", "0.6"),
    (BINOMIAL, BestOfN(3), "power:3", "0.4", "0.2"),
    (BINOMIAL, BestOfN(3), "power:1.5", "0.4", "0.5"),
    (BINOMIAL, TopFraction(fmpq(1, 5)), "hellinger", "0.05", "0.1"),
    (BINOMIAL, Threshold.at("2.5", "0.6"), "reverse_kl", "0.1", "0.2"),
    (BINOMIAL, Tilt(fmpq(-1, 2)), "js", "0.05", "0.1"),
    (BINOMIAL, BestOfN(2), "power:0.25", "0.1", "0.3"),
    (BINOMIAL, TopFraction(fmpq(1, 5)), "tv", "0.1", "0.3"),
    (BINOMIAL, BestOfN(2), "kl", "1", "3"),
)
"""Of every generator at least one."""

STEPS = (
    Step(
        "dual bound",
        "If the averages satisfy Fenchel's inequality, the mean A of P is at most this.",
        bound,
    ),
)


CLAIMS = (
    Claim(
        "penalties.fenchel",
        "For every generator f of the catalogue of divergences and all w >= 0 and y: f(w) + f*(y) "
        ">= w y. The formula for f* is right, and a tangent of f lies below f.",
        "ours",
        "ours",
        evidence=(Identity(fenchel.STEPS),),
    ),
    Claim(
        "penalties.dual",
        "If D_f(P||Q) <= d, then E_P X <= (d + m + E f*(l X - m))/l for every l > 0 and m.",
        "ours",
        "ours",
        uses=("penalties.fenchel",),
        evidence=(Identity(STEPS), Enclosed(bound_at, CASES)),
    ),
)
