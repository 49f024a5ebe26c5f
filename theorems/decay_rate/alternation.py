"""Lattices: the ratio of tails at unit steps is not enough, and V on the lattice does not notice.

X geometric, ``Pr(X > n) = q^n``, has ``Pr(X > t + 1)/Pr(X > t) = q`` for every t at or above 0,
and still ``E[V | U > t]`` alternates for ever for V uniform on {0, 1/2}.
"""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq

from theorems.decay_rate.one_law import is_the_number
from theorems.decay_rate.symbols import symbols
from verify.claim import Claim, Enclosed, Exact
from verify.identity import Identity, Relation, Step


def at_whole_numbers() -> Relation:
    import sympy as sp

    n = symbols()
    # V = 0 takes X > n, V = 1/2 takes X > n - 1.
    half = sp.Rational(1, 2)
    passed = half * n.q**n.n + half * n.q ** (n.n - 1)
    return Relation(half * half * n.q ** (n.n - 1) / passed, 1 / (2 * (1 + n.q)))


def in_between() -> Relation:
    import sympy as sp

    n = symbols()
    # At n + 1/2 both take X > n.
    half = sp.Rational(1, 2)
    passed = half * n.q**n.n + half * n.q**n.n
    return Relation(half * half * n.q**n.n / passed, sp.Rational(1, 4))


def third() -> Relation:
    import sympy as sp

    return Relation(1 / (2 * (1 + sp.Rational(1, 2))), sp.Rational(1, 3))


def unit_ratio() -> Relation:
    n = symbols()
    return Relation(n.q ** (n.n + 1) / n.q**n.n, n.q)


#: Terms of a geometric sum that are added one by one; the rest is a fraction.
TERMS = 60


def beyond(p: fmpq, t: fmpq) -> fmpq:
    """``Pr(X > t)`` for X geometric: terms added up, and what is left of a geometric sum."""
    first = max(int(t.floor()) + 1, 1)
    masses = [p * (1 - p) ** (k - 1) for k in range(first, first + TERMS)]
    return sum(masses, fmpq(0)) + (1 - p) ** (first + TERMS - 1)


def alternates(case: tuple[Fraction, int]) -> bool:
    """At (p, n): ``E[V | U > t]`` at t = n and at n + 1/2, from the masses of X and V."""
    p = fmpq(case[0].numerator, case[0].denominator)
    whole, half = fmpq(case[1]), fmpq(1, 2)
    found = []
    for t in (whole, whole + half):
        low, high = half * beyond(p, t), half * beyond(p, t - half)
        found.append(half * high / (low + high))
    at_unit_steps = beyond(p, whole + 1) / beyond(p, whole)
    return found == [1 / (2 * (2 - p)), fmpq(1, 4)] and bool(at_unit_steps == 1 - p)


ALTERNATION = (
    Step("unit ratio", "At unit steps the tail falls by q, always.", unit_ratio),
    Step("whole numbers", "At t = n, E V is 1/(2 (1 + q)).", at_whole_numbers),
    Step("in between", "At t = n + 1/2 it is 1/4.", in_between),
    Step("one third", "For q = 1/2 the first is 1/3.", third),
)

CLAIMS = (
    Claim(
        "decay-rate.steps",
        "A ratio of tails that converges at unit steps is not enough. For X geometric with p = "
        "1/2, Pr(X > t + 1)/Pr(X > t) = 1/2 for every t >= 0, and with V uniform on {0, 1/2} E[V "
        "| U > t] is exactly 1/3 on [n, n + 1/2) and 1/4 on [n + 1/2, n + 1), for ever. For q = "
        "1 - p they are 1/(2 (1 + q)) and 1/4.",
        "ours",
        "ours",
        evidence=(
            Identity(ALTERNATION),
            Exact(
                alternates,
                tuple((Fraction(p), n) for p in ("1/2", "1/3", "9/10") for n in (1, 2, 7, 40)),
            ),
        ),
    ),
    Claim(
        "decay-rate.lattice",
        "If X sits on a lattice of span h, along which Pr(X > t + h)/Pr(X > t) -> exp(-g h), and V "
        "on the same or a coarser one, then E[V | U > t] -> K_V'(g) where V's rate is above g: the "
        "v for which Pr(X > t - v)/Pr(X > t) -> exp(g v) are all that V has.",
        "ours",
        "ours",
        uses=("decay-rate.finite",),
        evidence=(
            Enclosed(
                is_the_number,
                (
                    # K' of a Poisson law is mu exp(g), and exp(g) = 1/(1 - p).
                    ("geometric(p=0.5)", "poisson(mu=3)", "6"),
                    ("1 + 2*geometric(p=0.75)", "2*poisson(mu=3)", "24"),
                    ("geometric(p=0.5)", "bernoulli(p=0.5)", "2/3"),
                    ("poisson(mu=2)", "binomial(n=5, p=0.2)", "5"),
                ),
            ),
        ),
    ),
)
