"""What fails without each hypothesis: on the steps of X, on its tail alone, on V, on dependence.

The step ratio is what counts, not how light the tail is: the tail ``exp(-4^(k+1))`` on
``[2^k, 2^(k+1))`` is below that of a normal law, but flat between the corners. Half-way between two
of them U is large because X is at the next corner, further out than it need be, and V is what it
always is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flint import arb, fmpq

from theorems.t6_light_conditioning.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, below, near
from verify.conditioning import condition
from verify.identity import Identity, Relation, Step
from verify.law import Law

#: Digits that mpmath carries on the second route; a comparison to 15 leaves 25 for its errors.
MP_DIGITS, AGREEING_DIGITS = 40, 15
#: log Exp(1): Pr(V > v) = exp(-exp(v)), with E V = -0.5772..., Euler's constant.
UTILITY = Law.parse("-gumbel()")
NORMAL = Law.parse("normal(mu=0, sigma=1)")

# ---------------------------------------------------------------- a staircase


def entire() -> Relation:
    import sympy as sp

    n = symbols()
    # X = y with probability below exp(-y^2); half of y^2 makes the sum over corners converge.
    return Relation(sp.Limit(n.l * n.y - n.y**2 / 2, n.y, sp.oo), -sp.oo)


def utility_lacks() -> Relation:
    import sympy as sp

    n = symbols()
    # X <= y leaves V > y/2: w = exp(V) beyond w = exp(y/2), and log w <= w.
    inside = n.w * sp.exp(-n.w)
    beyond = sp.Integral(inside, (n.w, n.h, sp.oo))
    return Relation(beyond, (1 + n.h) * sp.exp(-n.h))


def against_the_corner() -> Relation:
    import sympy as sp

    n = symbols()
    # log of the above at h = exp(y/2), over exp(-4 y^2); with y = 2 log(h).
    logarithm = sp.log(1 + n.h) - n.h + 16 * sp.log(n.h) ** 2
    return Relation(sp.Limit(logarithm, n.h, sp.oo), -sp.oo)


def low_utility() -> Relation:
    import sympy as sp

    n = symbols()
    # Pr(V <= -s) <= exp(-s): E[|V|; V <= -y/2] is below this, over its tail from y/2 on.
    bound = n.y / 2 * sp.exp(-n.y / 2) + sp.exp(-n.y / 2)
    return Relation(sp.Limit(bound, n.y, sp.oo), 0)


def upper_mean(v: fmpq) -> arb:
    """``E[V; V > v]``, by parts: with ``h = exp(v)`` it is ``v exp(-h) + E_1(h)``."""
    h = arb(v).exp()
    return v * (-h).exp() + h.expint(arb(1))


def mean_given_tail(k: int, t: fmpq) -> arb:
    """``E[V | X + V > t]`` for t above ``1.5 2^k``: a sum over corners, in units of exp(-4^(k+1)).

    Up to corner k the sum is bounded: with ``h = exp(t - 2^k)``, V > log h has the mass exp(-h),
    and E[V; V > log h] is at most ``(1 + h) exp(-h)``. Beyond the next two corners, X has a mass
    below exp(-4^(k+3)), and E|V| < 2.
    """
    unit = arb(4) ** (k + 1)
    mass = part = arb(0)
    for j in (k + 1, k + 2):
        weight = (unit - arb(4) ** j).exp() - (unit - arb(4) ** (j + 1)).exp()
        mass += weight * UTILITY.survival(t - 2**j)
        part += weight * upper_mean(t - 2**j)
    h = arb(t - 2**k).exp()
    near_ones, beyond = (1 + h) * (unit - h).exp(), (unit - arb(4) ** (k + 3)).exp()
    left_out = arb(0, (near_ones + 2 * beyond).upper())
    return (part + left_out) / (mass + left_out)


def mean_by_mpmath(k: int) -> Any:
    """``E[V | U > 1.5 2^k]`` by mpmath, with the two corners next to t; V = log W, W exponential.

    The corners left out add less than exp(-12 y^2) of all.
    """
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        t, unit = mp.mpf(3 * 2**k) / 2, mp.mpf(4) ** (k + 1)

        def part(low: Any) -> Any:
            """``E[V; W > low]`` over ``Pr(W > low)``."""
            places = [low, low + 1, low + 10, mp.inf]
            return mp.quad(lambda w: mp.log(w) * mp.exp(low - w), places)

        mass = total = mp.mpf(0)
        for j in (k, k + 1):
            low = mp.exp(t - 2**j)
            weight = mp.exp(unit - mp.mpf(4) ** j - low) - mp.exp(unit - mp.mpf(4) ** (j + 1) - low)
            mass += weight
            total += weight * part(low)
        return total / mass


def falls_back(k: int) -> Iterator[Comparison]:
    """At k >= 4 and ``t = 1.5 y``, y = 2^k: by two routes; within ``(y/2 + 2) exp(-y/2)`` of E V.

    ``E[|V|; V <= -s] <= (s + 1) exp(-s)`` at s = y/2, and so is ``Pr(V <= -s)`` below exp(-s);
    V > y/2 has next to no mass beside exp(-4 y^2) from y = 16 on.
    """
    value = partial(mean_given_tail, k, fmpq(3 * 2**k, 2))
    yield agrees(f"E[V | U > t], k = {k}", value, partial(mean_by_mpmath, k), AGREEING_DIGITS)

    def small() -> arb:
        half = arb(2) ** (k - 1)
        return (half + 2) * (-half).exp()

    yield near("E V", value, lambda: -arb.const_euler(), small)


def yet_it_grows(k: int) -> Iterator[Comparison]:
    """At k >= 4: for t = 2^(k+1) + k, just above a corner, E[V | U > t] exceeds k."""
    value = partial(mean_given_tail, k, fmpq(2 ** (k + 1) + k))
    yield below(f"{k} and E[V | U > t]", partial(arb, k), value)


# ---------------------------------------------------------------- V bounded above


def never_more() -> Relation:
    n = symbols()
    # x is the largest value of V.
    given, via = (n.v <= n.x,), {n.v: n.x - n.u}
    return Relation(n.x, n.v, ">=", n.x - n.v, given, via)


def bounded_utility(t: int) -> Iterator[Comparison]:
    """At t: X normal and V uniform on [0, 1]: E[V | U > t] stays below 1, and comes within 2/t."""
    utility = Law.parse("uniform()")

    def mean() -> arb:
        return condition(NORMAL, utility, fmpq(t)).mean

    yield below("E[V | U > t] and 1", mean, partial(arb, 1))
    yield below("how far", lambda: 1 - mean(), lambda: arb(2) / t)


# ---------------------------------------------------------------- dependence


def opposite() -> Relation:
    n = symbols()
    return Relation(-2 * n.v + n.v, -n.v)


def dependent(t: int) -> Iterator[Comparison]:
    """At t: with X = -2V, V ~ N(0, 1), U > t is V < -t, and E[V | U > t] is below -t."""
    error = Law.parse("2*normal(mu=0, sigma=1)")

    def mean() -> arb:  # of V, given V < -t, by the tail mean of -V
        found = NORMAL.tail_mean(fmpq(t))
        assert isinstance(found, arb)
        return -found

    yield below("E[V | U > t] and -t", mean, partial(arb, -t))
    # X alone meets the hypothesis: N(0, 4).
    ratio = (error.log_survival(fmpq(t + 1)) - error.log_survival(fmpq(t))).exp
    yield below("step ratio", ratio, (-arb(t) / 4).exp)


# ---------------------------------------------------------------- an exponential error


def exponential_pair() -> Relation:
    import sympy as sp

    n = symbols()
    # exp(-(t - v)) times the normal density: the normal density about 1.
    left = sp.exp(-(n.t - n.v)) * sp.exp(-(n.v**2) / 2)
    return Relation(left, sp.exp(sp.Rational(1, 2) - n.t) * sp.exp(-((n.v - 1) ** 2) / 2))


def stops_at_one(t: int) -> Iterator[Comparison]:
    """At t: X ~ Exp(1), V ~ N(0, 1): by the closed form, by quadrature; just below 1.

    V has the weight ``exp(1/2 - T)`` times the density of N(1, 1) up to t, and its own beyond; the
    parts of order 1 cancel: ``E[V; U > t] = exp(1/2 - t) Pr(N < t - 1)``.
    """

    def closed_form() -> arb:
        inside = (arb(1) / 2 - t).exp() * NORMAL.cdf(fmpq(t - 1))
        return inside / (inside + NORMAL.survival(fmpq(t)))

    def computed() -> arb:
        return condition(Law.parse("exponential()"), NORMAL, fmpq(t)).mean

    yield near("by two routes", closed_form, computed, lambda: arb(10) ** -12)
    yield below("E[V | U > t] and 1", closed_form, partial(arb, 1))
    yield below("1 - E[V | U > t]", lambda: 1 - closed_form(), (-arb(t)).exp)


# ---------------------------------------------------------------- claims

STAIRCASE = (
    Step("entire MGF", "E exp(l X) is finite for every l: at a corner y.", entire),
    Step(
        "high utility", "W = exp(V) is exponential: E[V; V > log h] is below this.", utility_lacks
    ),
    Step(
        "against the corner",
        "At h = exp(y/2) that is nothing beside exp(-4 y^2).",
        against_the_corner,
    ),
    Step("low utility", "What V < -y/2 takes away tends to 0.", low_utility),
)
CLAIMS = (
    Claim(
        "t6.staircase",
        "That E exp(l X) is finite for every l does not suffice: for Pr(X > t) = exp(-4^(k+1)) on "
        "[2^k, 2^(k+1)) and V = log Exp(1), which has no bound, E[V | X + V > t] -> E V = "
        "-0.5772156649 along t = 1.5 2^k. Along other t it grows without bound. Combines: y = 2^k; "
        "X >= 2y leaves V > -y/2 or less, and X <= y asks for V > y/2.",
        "ours",
        "ours",
        evidence=(
            Identity(STAIRCASE),
            Enclosed(falls_back, (4, 5, 6, 7)),
            Enclosed(yet_it_grows, (4, 5, 6)),
        ),
    ),
    Claim(
        "t6.bounded-utility",
        "Without an unbounded V: E[V | U > t] never exceeds the largest value of V; for X ~ N(0, "
        "1) and V uniform on [0, 1] it is within 2/t of 1.",
        "ours",
        "ours",
        evidence=(
            Identity((Step("never more", "x, the largest value of V, bounds it.", never_more),)),
            Enclosed(bounded_utility, (5, 20, 100)),
        ),
    ),
    Claim(
        "t6.dependence",
        "Without independence: with V ~ N(0, 1) and X = -2V, X meets the hypothesis, U = -V, and "
        "E[V | U > t] < -t.",
        "ours",
        "ours",
        evidence=(
            Identity((Step("opposite", "With X = -2V the proxy is -V.", opposite),)),
            Enclosed(dependent, (2, 10, 100)),
        ),
    ),
    Claim(
        "t6.exponential-error",
        "A light tail alone does not suffice: for X ~ Exp(1) and V ~ N(0, 1), E[V | U > t] stays "
        "below 1 and tends to it.",
        "ours",
        "ours",
        evidence=(
            Identity((Step("tilted by 1", "The tail of X tilts V by 1.", exponential_pair),)),
            Enclosed(stops_at_one, (4, 8, 30)),
        ),
    ),
)
