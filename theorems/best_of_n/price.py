"""What best-of-n costs: its KL, with and without atoms."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb

from theorems.best_of_n.symbols import symbols
from verify.best_of import best_of
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import Diverges, Number, Undecided
from verify.identity import Identity, Relation, Step
from verify.law import Law


def cost_of_ranks() -> Relation:
    import sympy as sp

    n = symbols()
    # The weight at rank r is n r^(n-1); what it costs up to a rank has this primitive.
    weight = n.n * n.r ** (n.n - 1)
    primitive = n.r**n.n * (sp.log(n.n) + (n.n - 1) * sp.log(n.r) - (n.n - 1) / n.n)
    return Relation(sp.Derivative(primitive, n.r), weight * sp.log(weight))


def from_zero() -> Relation:
    import sympy as sp

    n = symbols()
    primitive = n.r**2 * (sp.log(2) + sp.log(n.r) - sp.Rational(1, 2))
    return Relation(sp.Limit(primitive, n.r, 0), sp.Integer(0))


def convex() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(n.w * sp.log(n.w), (n.w, 2)), 1 / n.w)


def convex_sign() -> Relation:
    n = symbols()
    return Relation(1 / n.w, 0, ">", 1 / n.w)


def without_atoms(n: int) -> arb:
    """``log n - (n - 1)/n``."""
    return arb(n).log() - arb(n - 1) / n


def with_atoms(case: tuple[str, str, int]) -> Iterator[Comparison]:
    """At (law of X, law of V, n), with atoms of U: above 0 and below the price without."""
    price = partial(_price, case)
    yield below("KL", price, partial(without_atoms, case[2]))
    yield below("0", lambda: arb(0), price)


def coin(case: tuple[int, int, int]) -> Iterator[Comparison]:
    """At (p, q, n): a coin of probability p/q for 1, by its two terms."""
    top = arb(case[0]) / case[1]

    def two_terms() -> arb:
        low = (1 - top) ** case[2]
        return low * (low / (1 - top)).log() + (1 - low) * ((1 - low) / top).log()

    law = f"bernoulli(p={case[0]}/{case[1]})"
    price = partial(_price, (law, "point(x=0)", case[2]))
    yield near("KL of a coin", price, two_terms, lambda: arb(10) ** -15)


def _price(case: tuple[str, str, int]) -> arb:
    kl: Number = best_of(Law.parse(case[0]), Law.parse(case[1])).at(case[2]).kl
    if isinstance(kl, Diverges):
        raise Undecided("the KL of best-of-n is finite")
    return kl


COST = (
    Step("cost of ranks", "w log w for w = n r^(n - 1) has a primitive.", cost_of_ranks),
    Step("cost of ranks, from 0", "It starts at 0; at rank 1 it is log n - (n - 1)/n.", from_zero),
)
ATOMS = (
    Step("convex", "w log w is convex.", convex),
    Step("convex, sign", "Its second derivative is positive.", convex_sign),
)

CLAIMS = (
    Claim(
        "best-of-n.price",
        "If U has no atoms, the KL of best-of-n is log n - (n - 1)/n: its weight is n r^(n - 1) "
        "of a rank r that is uniform on (0, 1).",
        "ours",
        "ours",
        evidence=(Identity(COST),),
    ),
    Claim(
        "best-of-n.price-with-atoms",
        "If U has atoms, the KL is that less the sum over them of C(F(u)) - C(F(u-)) - p log(p/q) "
        "with C the primitive above, q = Pr(U = u) and p = F(u)^n - F(u-)^n; for n >= 2 each term "
        "is positive, so the KL is strictly less. Combines: on an atom the weight is the average "
        "of n r^(n - 1), and w log w is strictly convex (Jensen).",
        "ours",
        "ours",
        uses=("best-of-n.price", "best-of-n.ties"),
        evidence=(
            Identity(ATOMS),
            Enclosed(coin, ((1, 2, 2), (1, 3, 7), (9, 10, 40))),
            Enclosed(
                with_atoms,
                (
                    ("bernoulli(p=1/3)", "binomial(n=5, p=1/4)", 2),
                    ("poisson(mu=3)", "geometric(p=1/2)", 100),
                    ("geometric(p=1/2)", "mixture(0.5*point(x=0), 0.5*point(x=1/2))", 10**12),
                ),
            ),
        ),
    ),
)
