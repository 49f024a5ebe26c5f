"""The sharp form: the limit of E[V | X + V > t] is E V + c, with c = lim E[V; V > t]/Pr(X > t).

Write ``Xbar(t) = Pr(X > t)``, ``m = E V+`` and ``n = E V-``. The idea is to read ``E[V; U > t]`` as
two probabilities. Let V^ have the law of V weighted by its positive part: its tail is
``E[V; V > t]/m``. And let V~ be V weighted by its negative part. Then

    E[V; X + V > t] = m Pr(X + V^ > t) - n Pr(X + V~ > t),

and of sums of independent variables with subexponential tails one knows the tails: they add up.
"""

from __future__ import annotations

from itertools import product

from flint import fmpq

from theorems.t5_heavy_conditioning.symbols import symbols
from verify.claim import Claim, Exact
from verify.identity import Identity, Relation, Step

# ---------------------------------------------------------------- two probabilities


def two_parts() -> Relation:
    n = symbols()
    # v = p - z at an outcome of probability w.
    left = n.w * n.v
    right = n.m * (n.p / n.m * n.w) - n.n * (n.z / n.n * n.w)
    return Relation(left.subs(n.v, n.p - n.z), right)


#: A law with finitely many rational atoms.
Atoms = tuple[tuple[int, fmpq], ...]


def split_holds(case: tuple[Atoms, Atoms, int]) -> bool:
    """At (law of X, law of V, t): ``E[V; U > t]`` by definition, and by the two probabilities."""
    error, utility, t = case
    by_definition = sum(
        (p * q * v for (x, p), (v, q) in product(error, utility) if x + v > t), fmpq(0)
    )
    parts = []
    for sign in (1, -1):
        weighted = [(v, q * sign * v) for v, q in utility if sign * v > 0]
        total = sum((size for _, size in weighted), fmpq(0))
        law = [(v, size / total) for v, size in weighted]
        beyond = sum((p * q for (x, p), (v, q) in product(error, law) if x + v > t), fmpq(0))
        parts.append(total * beyond)
    return bool(by_definition == parts[0] - parts[1])


# ---------------------------------------------------------------- tails add up


def both_high() -> Relation:
    n = symbols()
    # All of 2, less X1 <= h and less X2 <= h.
    return Relation(2 - 2 * (1 - n.s), 2 * n.s)


def one_low() -> Relation:
    n = symbols()
    # Pr(W <= h) = 1 - e and Pr(X <= h) = 1 - s.
    return Relation((1 + n.k) - ((1 - n.e) + n.k * (1 - n.s)), n.e + n.k * n.s)


def little_is_left() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.s + n.k * n.s + (n.k + n.s) * 2 * n.s, n.s, 0, "+"), 0)


# ---------------------------------------------------------------- the limit


def tail_by_its_mean() -> Relation:
    n = symbols()
    # Pr(V > t) = q and E[V; V > t] = q A with A = t + u.
    given, via = (n.t <= n.A,), {n.A: n.t + n.u}
    return Relation(n.q * n.A / n.t, n.q, ">=", n.q * (n.A - n.t) / n.t, given, via)


def limit_of_quotient() -> Relation:
    import sympy as sp

    n = symbols()
    # Everything in units of Pr(X > t), up to terms of the size of e.
    upper = n.m * (1 + n.c / n.m + n.e) - n.n * (1 - n.e)
    return Relation(sp.Limit(upper / (1 + n.e), n.e, 0, "+"), (n.m - n.n) + n.c)


# ---------------------------------------------------------------- c = oo


def above() -> Relation:
    n = symbols()
    # For v >= t: v - A is (1 - A/t) v or more, A = h > 0.
    given, via = (n.v >= n.t,), {n.v: n.t + n.u}
    return Relation(n.v - n.h, (1 - n.h / n.t) * n.v, ">=", n.h * (n.v - n.t) / n.t, given, via)


def under() -> Relation:
    n = symbols()
    # Where v <= h and x + v >= t, x is t - h or more.
    given = (n.v <= n.h, n.x + n.v >= n.t)
    via = {n.x: n.t - n.h + n.y + n.u, n.v: n.h - n.y}
    return Relation(n.x, n.t - n.h, ">=", (n.x + n.v - n.t) + (n.h - n.v), given, via)


def gains_win() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.r / 4 - 2 * n.n, n.r, sp.oo), sp.oo)


# ---------------------------------------------------------------- only if


def many_above() -> Relation:
    n = symbols()
    # R = 1 + u, and h is at least 1 above E V.
    quotient = (n.R - fraction(1, 4)) / (fraction(5, 4) + n.R)
    form = fraction(2, 3) * (n.R - 1) / (fraction(5, 4) + n.R)
    return Relation(quotient, fraction(1, 3), ">=", form, (n.R >= 1,), {n.R: 1 + n.u})


def few_above() -> Relation:
    n = symbols()
    # e = d/4 and R = 1/(1 + u) <= 1.
    quotient = (n.d / 2 - n.d / 4) / (fraction(5, 4) + n.R)
    form = n.d / 9 * (1 - n.R) / (fraction(5, 4) + n.R)
    return Relation(quotient, n.d / 9, ">=", form, (n.R <= 1,), {n.R: 1 / (1 + n.u)})


def fraction(over: int, under: int) -> object:
    """A rational number of SymPy."""
    import sympy as sp

    return sp.Rational(over, under)


# ---------------------------------------------------------------- claims

TWO_PARTS = (Step("two parts", "V is m times one density, less n times another.", two_parts),)
ADD_UP = (
    Step("both high", "For X1 + X2: what is left of 2 with both above h.", both_high),
    Step("one low", "With one of them at most h, 1 + k comes out but for this.", one_low),
    Step("little is left", "As h grows, all the rest tends to 0.", little_is_left),
)
LIMIT = (
    Step("tail by its mean", "Pr(V > t) <= E[V; V > t]/t.", tail_by_its_mean),
    Step("limit", "The quotient tends to m - n + c = E V + c.", limit_of_quotient),
)
INFINITE = (
    Step("above", "For v above t, v - h is nearly v.", above),
    Step("below", "Where v <= h, only X > t - h brings U above t.", under),
    Step("gains win", "In units of Pr(X > t), gains grow and losses do not.", gains_win),
)
ONLY_IF = (
    Step("many above", "If R >= 1, E V is exceeded by 1/3 or more.", many_above),
    Step("few above", "If R <= 1, by d/9 or more.", few_above),
)

TWO = ((0, fmpq(1, 2)), (3, fmpq(1, 2)))
THREE = ((-4, fmpq(1, 6)), (1, fmpq(1, 2)), (5, fmpq(1, 3)))
FOUR = ((-2, fmpq(1, 10)), (0, fmpq(2, 5)), (2, fmpq(3, 10)), (7, fmpq(1, 5)))

CLAIMS = (
    Claim(
        "t5.two-probabilities",
        "For independent X and V with E|V| < oo: E[V; X + V > t] = m Pr(X + V^ > t) - n Pr(X + V~ "
        "> t), where m = E V+, n = E V-, and V^ and V~ have the laws of V weighted by V+/m and by "
        "V-/n. V^ has the tail E[V; V > t]/m.",
        "ours",
        "ours",
        evidence=(
            Identity(TWO_PARTS),
            Exact(
                split_holds,
                tuple(
                    (error, utility, t)
                    for error, utility in ((TWO, THREE), (THREE, FOUR), (FOUR, THREE))
                    for t in (-5, 0, 2, 4)
                ),
            ),
        ),
    ),
    Claim(
        "t5.tails-add-up",
        "If X is long-tailed with Pr(X1 + X2 > t)/Pr(X > t) -> 2, and W is independent of it with "
        "Pr(W > t)/Pr(X > t) -> k < oo, then Pr(X + W > t)/Pr(X > t) -> 1 + k. Combines: one of "
        "the two at most h leaves Pr(W <= h) + k Pr(X <= h), by dominated convergence; both above "
        "h, W has at most k + o(1) times the tail of another X, for which the same split of 2 "
        "leaves 2 Pr(X > h).",
        "ours",
        "ours",
        evidence=(Identity(ADD_UP),),
    ),
    Claim(
        "t5.sharp",
        "Let X be long-tailed with Pr(X1 + X2 > t)/Pr(X > t) -> 2, V independent of it, E|V| < oo, "
        "and E[V; V > t]/Pr(X > t) -> c < oo. Then E[V | X + V > t] -> E V + c. No density is "
        "needed, and the same holds with >= in place of >. Combines: E[V; U > t] in units of Pr(X "
        "> t) tends to m (1 + c/m) - n; Pr(U > t) to 1, because Pr(V > t) <= E[V; V > t]/t.",
        "ours",
        "ours",
        uses=("t5.two-probabilities", "t5.tails-add-up"),
        evidence=(Identity(LIMIT),),
    ),
    Claim(
        "t5.sharp.infinite",
        "Let X be long-tailed, V independent of it, E|V| < oo, and E[V; V > t]/Pr(X > t) -> oo. "
        "Then E[V | X + V > t] -> oo. Combines, for each h > 0: E[V - h; U > t] is at least Pr(X > "
        "-s) (1 - h/t) E[V; V > t + s] less E[(h - V)+] Pr(X > t - h), and both shifts of a long "
        "tail cost a factor that tends to 1.",
        "ours",
        "ours",
        evidence=(Identity(INFINITE),),
    ),
    Claim(
        "t5.sharp.iff",
        "For X long-tailed with Pr(X1 + X2 > t)/Pr(X > t) -> 2, and V independent of it with E|V| "
        "< oo: E[V | X + V > t] -> E V if and only if E[V; V > t] = o(Pr(X > t)). 'Only if' needs "
        "a long-tailed X alone. Combines: if E[V; V > t] >= d Pr(X > t) for arbitrarily large t, "
        "then near those t, with h large, E[V - E V; U > t] is at least (R (h - E V) - e) Pr(X > "
        "t) and at least (d/2 - e) Pr(X > t), and Pr(U > t) at most (1 + e + R) Pr(X > t), where R "
        "= Pr(V > h, U > t)/Pr(X > t).",
        "ours",
        "ours",
        uses=("t5.sharp",),
        evidence=(Identity(ONLY_IF),),
    ),
)
