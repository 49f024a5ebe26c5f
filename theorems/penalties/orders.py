"""Orders: the best l for a cut gives Hoelder's inequality, and the best weight meets it.

Order a = 1 + b > 1 with ``M = E (X - c)_+^(1 + 1/b)`` and ``N = E (X - c)_+^(1/b)``; order
a = g/(1 + g) < 1 with ``M = E (c - X)^-g`` and ``N = E (c - X)^-(1 + g)``; reverse KL with
``L = E log(c - X)``, written c - m here, and ``N = E 1/(c - X)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from flint import arb, fmpq

from theorems.penalties.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import ball, exact
from verify.identity import Identity, Relation, Step
from verify.penalties import penalised_frontier

# ---------------------------------------------------------------- order above 1


def best_slope() -> Relation:
    n = symbols()
    # f*(l x - m) = ((k (x - c)_+)^(1 + 1/b) - 1)/(1 + b), and k is the best one for these R and M.
    moment = n.R * n.k ** (-(1 + n.b) / n.b)
    budget = (n.R - 1) / (n.b * (1 + n.b))
    conjugate = (n.k ** ((1 + n.b) / n.b) * moment - 1) / (1 + n.b)
    slope, offset = n.k / n.b, (1 + n.k * n.c) / n.b
    hoelder = n.c + n.R ** (1 / (1 + n.b)) * moment ** (n.b / (1 + n.b))
    return Relation((budget + offset + conjugate) / slope, hoelder)


def meets() -> Relation:
    n = symbols()
    spent = n.M / n.N ** (1 + n.b)
    return Relation(n.c + spent ** (1 / (1 + n.b)) * n.M ** (n.b / (1 + n.b)), n.c + n.M / n.N)


def spends() -> Relation:
    n = symbols()
    # w = u^(1/b)/N at u = (x - c)_+, so w^a is this; its mean is M/N^a.
    weight = n.u ** (1 / n.b) / n.N
    return Relation(weight ** (1 + n.b), n.u ** ((1 + n.b) / n.b) / n.N ** (1 + n.b))


# ---------------------------------------------------------------- order below 1


def best_slope_below() -> Relation:
    n = symbols()
    moment = n.R * n.k**n.g
    budget = (1 - n.R) * (1 + n.g) ** 2 / n.g
    conjugate = (n.k**-n.g * moment - 1) * (1 + n.g) / n.g
    slope, offset = n.k * (1 + n.g), (n.k * n.c - 1) * (1 + n.g)
    hoelder = n.c - n.R ** ((1 + n.g) / n.g) * moment ** (-1 / n.g)
    return Relation((budget + offset + conjugate) / slope, hoelder)


def meets_below() -> Relation:
    n = symbols()
    spent = n.M / n.N ** (n.g / (1 + n.g))
    bound = n.c - spent ** ((1 + n.g) / n.g) * n.M ** (-1 / n.g)
    return Relation(bound, n.c - n.M / n.N)


def best_slope_reverse() -> Relation:
    import sympy as sp

    n = symbols()
    # L = E log(c - X) is mu here, and the distance from the pole is exp(L - d).
    distance = sp.exp(n.mu - n.d)
    conjugate = sp.log(distance) - n.mu
    return Relation((n.d + n.c / distance - 1 + conjugate) * distance, n.c - distance)


def meets_reverse() -> Relation:
    import sympy as sp

    n = symbols()
    # w = 1/(N (c - x)) costs log N + L.
    return Relation(n.c - sp.exp(n.mu - (sp.log(n.N) + n.mu)), n.c - 1 / n.N)


# ---------------------------------------------------------------- chi-square


def chi_square_cut() -> Relation:
    import sympy as sp

    n = symbols()
    # A cut at the distance sigma/sqrt(d) below the mean; below the whole law if that is far enough.
    distance = n.sigma / sp.sqrt(n.d)
    return Relation((n.sigma**2 + distance**2) / distance**2, 1 + n.d)


def chi_square_mean() -> Relation:
    import sympy as sp

    n = symbols()
    distance = n.sigma / sp.sqrt(n.d)
    mean = n.mu - distance + (n.sigma**2 + distance**2) / distance
    return Relation(mean, n.mu + n.sigma * sp.sqrt(n.d))


# ---------------------------------------------------------------- closed forms, from both sides


def from_both_sides(case: tuple[str, str, str, Callable[[arb], arb]]) -> Iterator[Comparison]:
    """At (law, divergence, budget, closed form): both ends of the frontier are next to it."""
    law, token, budget, closed = case
    point = penalised_frontier(law, token, [budget]).points[0]

    def expected() -> arb:
        return closed(ball(exact(budget)))

    # The search stops at a gap of 1e-11 of the size of S; 1e-30 is far above the rounding.
    ends = (("lower", point.lower), ("upper", point.upper))
    for name, value in ends:
        assert isinstance(value, arb)
        yield near(name, partial(_same, value), expected, lambda: abs(expected()) * arb("1e-11"))
    lower, upper = (value for _, value in ends)
    assert isinstance(lower, arb) and isinstance(upper, arb)
    yield below("lower", lambda: lower - arb("1e-20"), expected)
    yield below("upper", expected, lambda: upper + arb("1e-20"))


def _same(value: arb) -> arb:
    return value


def exponential_chi_square(d: arb) -> arb:
    """``1 + sqrt(d)`` while the cut is below 0; then ``E (X - c)_+^r = r! exp(-c)``."""
    return 1 + d.sqrt() if d <= 1 else 2 + ((1 + d) / 2).log()


def exponential_third_order(d: arb) -> arb:
    """Order 3, b = 1/2: ``Gamma(5/2) exp(2 c)/Gamma(3/2)^3 = R = 1 + 6 d`` for a cut above 0."""
    spent = arb(fmpq(5, 2)).gamma() / arb(fmpq(3, 2)).gamma() ** 3
    return ((1 + 6 * d) / spent).log() / 2 + arb(3) / 2


def uniform_chi_square(d: arb) -> arb:
    """``1/2 + sqrt(d/12)`` while the cut is below 0; then ``R = 4/(3 h)``, h = 1 - c."""
    return arb(1) / 2 + (d / 12).sqrt() if d <= arb(1) / 3 else 1 - arb(4) / (9 * (1 + d))


def bernoulli_hellinger(d: arb) -> arb:
    """Angles: ``sqrt(p) = sin u`` turns by ``arccos(1 - d)``; at p = 0.3."""
    return (arb("0.3").sqrt().asin() + (1 - d).acos()).sin() ** 2


def beta_hellinger(d: arb) -> arb:
    """Beta(2, 5) where no pole spends the budget: the pole is the top, and E 1/(1 - X) = 3/2."""
    return 1 - (1 - d) ** 2 / arb(fmpq(3, 2))


EXPONENTIAL, UNIFORM = "exponential()", "uniform(low=0, high=1)"
CASES = (
    (EXPONENTIAL, "chi2", "0.5", exponential_chi_square),
    (EXPONENTIAL, "chi2", "5", exponential_chi_square),
    (EXPONENTIAL, "power:3", "2", exponential_third_order),
    (UNIFORM, "chi2", "0.1", uniform_chi_square),
    (UNIFORM, "chi2", "2", uniform_chi_square),
    ("bernoulli(p=0.3)", "hellinger", "0.1", bernoulli_hellinger),
    ("beta(a=2, b=5)", "hellinger", "0.1", beta_hellinger),
)

ABOVE = (
    Step(
        "best slope", "With l = k/b and m = (1 + k c)/b; the budget is (R - 1)/(a b).", best_slope
    ),
    Step("spends", "The weight N^-1 (X - c)_+^(1/b) has E w^a = M/N^a.", spends),
    Step("meets the bound", "Where that is R, the bound is the mean under this weight.", meets),
)
BELOW = (
    Step("best slope, below", "With a = g/(1 + g), for a pole c.", best_slope_below),
    Step("meets the bound, below", "Where M/N^a = R.", meets_below),
    Step("best slope, reverse KL", "Here mu stands for E log(c - X).", best_slope_reverse),
    Step("meets the bound, reverse KL", "Where log N + E log(c - X) = d.", meets_reverse),
)
CHI_SQUARE = (
    Step("chi-square cut", "E (X - c)^2 over (E (X - c))^2, which is E w^2.", chi_square_cut),
    Step("chi-square mean", "So the best mean is this.", chi_square_mean),
)

CLAIMS = (
    Claim(
        "penalties.orders",
        "Order a > 1, R the largest E w^a allowed, a' = a/(a - 1): for every cut c, "
        "E_P X <= c + R^(1/a) (E (X - c)_+^(a'))^(1/a'), and the weight (X - c)_+^(1/(a - 1)) that "
        "spends R meets it. "
        "Order a < 1: the same with (c - X)^(a') and a minus, for every pole c above all rewards. "
        "Reverse KL: E_P X <= c - exp(E log(c - X) - d), met by 1/(c - X).",
        "ours",
        "ours",
        uses=("penalties.dual",),
        evidence=(Identity(ABOVE + BELOW),),
    ),
    Claim(
        "penalties.chi-square",
        "Under chi-square the best mean is mu + sigma sqrt(d), as long as no reward lies below "
        "mu - sigma/sqrt(d); beyond that the weight is cut off at 0.",
        "ours",
        "ours",
        uses=("penalties.orders",),
        evidence=(Identity(CHI_SQUARE),),
    ),
    Claim(
        "penalties.closed-forms",
        "The frontier's two ends enclose the closed forms: exponential and uniform laws "
        "under chi-square, the exponential under order 3, Bernoulli under Hellinger (an angle), "
        "beta(2, 5) under Hellinger where a share moves to the top.",
        "ours",
        "ours",
        uses=("penalties.orders",),
        evidence=(Enclosed(from_both_sides, CASES),),
    ),
)
