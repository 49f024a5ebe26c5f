"""Best-of-n as an average over random top fractions."""

from __future__ import annotations

from fractions import Fraction

from theorems.best_of_n.layers import finite_law, layered, rewards_of, weights_of
from theorems.best_of_n.symbols import symbols
from verify.claim import Claim, Exact
from verify.identity import Identity, Relation, Step


def density_of_fractions() -> Relation:
    import sympy as sp

    n = symbols()
    # nu = s times the fall of w = n (1 - s)^(n-1) in s.
    weight = n.n * (1 - n.s) ** (n.n - 1)
    density = n.n * (n.n - 1) * n.s * (1 - n.s) ** (n.n - 2)
    given = (n.s < 1,)
    return Relation(-n.s * sp.Derivative(weight, n.s), density, given=given)


def primitive_of_fractions() -> Relation:
    import sympy as sp

    n = symbols()
    # From 0 to 1 the bracket falls from 1 to 0, for n >= 2: the density has mass 1.
    left = (1 - n.s) ** n.n + n.n * n.s * (1 - n.s) ** (n.n - 1)
    density = n.n * (n.n - 1) * n.s * (1 - n.s) ** (n.n - 2)
    return Relation(-sp.Derivative(left, n.s), density, given=(n.s < 1,))


def ties_share(case: tuple[int, int]) -> bool:
    """At (seed of a law, n): best-of-n by its weight and by all draws of n, ties by lot."""
    rows = finite_law(case[0])
    rewards = rewards_of(rows)
    by_layers = layered(rewards, weights_of(f"best:{case[1]}", rewards))[0]
    return by_layers == _over_all_draws(rows, case[1])


def _over_all_draws(rows: list[tuple[Fraction, Fraction, Fraction]], n: int) -> Fraction:
    from itertools import product

    total = Fraction(0)
    for draw in product(rows, repeat=n):
        chance = Fraction(1)
        for _, _, p in draw:
            chance *= p
        best = max(u for u, _, _ in draw)
        winners = [v for u, v, _ in draw if u == best]
        total += chance * sum(winners, Fraction(0)) / len(winners)
    return total


FRACTIONS = (
    Step(
        "fractions",
        "The mass that best-of-n puts on the top fraction s is s times the fall of its weight.",
        density_of_fractions,
    ),
    Step(
        "fractions, mass",
        "That is a density: its primitive runs from 0 to 1.",
        primitive_of_fractions,
    ),
)

CLAIMS = (
    Claim(
        "best-of-n.fractions",
        "For n >= 2 and U without atoms, E V under the best of n is the average of E[V | U in its "
        "top fraction s] over s with density n (n - 1) s (1 - s)^(n - 2), the beta law (2, n - 1); "
        "with atoms too, if a fraction takes of an atom what it needs.",
        "ours",
        "ours",
        uses=("best-of-n.layers",),
        evidence=(Identity(FRACTIONS),),
    ),
    Claim(
        "best-of-n.ties",
        "Where U has atoms, best-of-n with ties broken by lot has the weight (F(u)^n - F(u-)^n)/"
        "Pr(U = u), so ties share in proportion.",
        "ours",
        "ours",
        evidence=(Exact(ties_share, tuple((seed, n) for seed in range(6) for n in (1, 2, 3))),),
    ),
)
