"""Past the last tilt: what near-optimal policies do within a KL cap that no tilt spends.

Let the rate r of U be finite, and ``D*``, the KL of the last tilt ``Q_r``, too. For a cap
``d > D*`` the supremum ``S = (d + K_U(r))/r`` of E U is approached, not reached (Theorem 2). A
policy that comes within z of it is within ``r z`` of ``Q_r`` in KL. So whatever is light-tailed
under ``Q_r`` stays at its mean there: V if X alone sets the rate, X if V alone does. The other one
takes what is left of the cap, at the price r for each unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.t4_tilting.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.divergence import binary_kl
from verify.enclosure import Undecided, ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.tilted_pair import TiltedPair
from verify.tilted_utility import tilted_utility

#: Rate 1, and E X exp(X) is finite: ``D* = 2/3 - log(3/2)``.
NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'
NORMAL = "normal(mu=0, sigma=1)"

# ---------------------------------------------------------------- near-optimal is near Q_r


def from_the_last_tilt() -> Relation:
    import sympy as sp

    n = symbols()
    # KL(P||Q_r) = KL(P||Q) - r E_P U + K(r), outcome by outcome.
    left = n.w * sp.log(n.w / sp.exp(n.r * n.u - n.K))
    return Relation(left, n.w * sp.log(n.w) - n.r * n.w * n.u + n.w * n.K)


def slack() -> Relation:
    n = symbols()
    # KL(P||Q) = d - s and E_P U = S - z with S = (d + K)/r.
    mean = (n.d + n.K) / n.r - n.z
    return Relation((n.d - n.s) - n.r * mean + n.K, n.r * n.z - n.s)


def moved_rate() -> Relation:
    import sympy as sp

    n = symbols()
    # Under Q_r the MGF of V at h is M_V(r + h)/M_V(r).
    left = sp.exp(n.h * n.v) * sp.exp(n.r * n.v - n.K)
    return Relation(left, sp.exp((n.r + n.h) * n.v - n.K))


def the_rest() -> Relation:
    n = symbols()
    # What is left for the other one, at the caps d + h and d.
    more, less = (n.d + n.h + n.K) / n.r - n.a, (n.d + n.K) / n.r - n.a
    return Relation(more - less, n.h / n.r)


def bound_on_the_lighter(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (law, r, k): whatever is within k of Q_r moves this law's mean by at most sqrt(k) room.

    ``(k + K(r + h) - K(r))/h - K'(r)`` at ``h = sqrt(k)``, and the same at -h; room is 1 + K''(r).
    """
    law, rate, gap = Law.parse(case[0]), exact(case[1]), exact(case[2])

    def moved(sign: int) -> arb:
        step = sign * ball(gap).sqrt().mid()
        here, there = law.cumulants(rate), law.cumulants(ball(rate) + step)
        return sign * ((gap + there[0] - here[0]) / step - here[1])

    def room() -> arb:
        return ball(gap).sqrt() * (1 + law.cumulants(rate)[2])

    for sign in (1, -1):
        yield below("how far the mean may move", partial(moved, sign), room)
        yield below("0 and how far", lambda: arb(0), partial(moved, sign))


# ---------------------------------------------------------------- policies that come close


def comes_close(case: tuple[str, str, int]) -> Iterator[Comparison]:
    """At (law of the other one, cap d, k): mass far out in the non-steep law, at ``t = 10^k``.

    The last tilt of the non-steep law has the tail ``(2/3)(y^-2/2 + y^-3)`` and the partial mean
    ``(2/3)(y^-1 + y^-2 - y^-3)`` above t, with ``y = 1 + t``. The other one is tilted by 1 and left
    alone. E U comes within 1/500 of S, at a KL below the cap.
    """
    other, cap, t = Law.parse(case[0]), exact(case[1]), fmpq(10) ** case[2]

    def parts() -> tuple[arb, arb, arb, arb]:
        """Under the last tilt: tail, mean above t and below it; and the mass to put above t."""
        y = ball(1 + t)
        tail, upper = (y**-2 / 2 + y**-3) * 2 / 3, (1 / y + y**-2 - y**-3) * 2 / 3
        above, under = upper / tail, (arb(2) / 3 - upper) / (1 - tail)
        wanted = supremum() - stays() - arb(1) / 1000
        return tail, above, under, (wanted - under) / (above - under)

    def stays() -> arb:
        return other.cumulants(1)[1]

    def log_mgf() -> arb:
        return (arb(3) / 2).log() + other.cumulants(1)[0]

    def supremum() -> arb:
        return cap + log_mgf()

    def moves() -> arb:
        _, above, under, mass = parts()
        return mass * above + (1 - mass) * under

    def cost() -> arb:
        tail, _, _, mass = parts()
        from_last = binary_kl(mass, tail.log(), (-tail).log1p())
        return from_last + moves() + stays() - log_mgf()

    yield below("KL and the cap", cost, lambda: ball(cap))
    yield below("E U and S", lambda: moves() + stays(), supremum)
    yield below("S - 1/500 and E U", lambda: supremum() - arb(1) / 500, lambda: moves() + stays())


def as_computed(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (X, V, cap): the point that the program gives, from the parts of the formulas."""
    error, utility, number = case
    cap = exact(number)
    point = tilted_utility(error, utility, kl_caps=[number]).points[0]
    pair = TiltedPair(Law.parse(error), Law.parse(utility))
    if point.attained is not False or not isinstance(point.mean_v, arb):
        raise Undecided(f"{case}: {point.because}")
    mean_u, mean_v, mean_x = point.mean_u, point.mean_v, point.mean_x
    assert isinstance(mean_u, arb) and isinstance(mean_x, arb)
    lighter = pair.utility if pair.slowest.set_by == ("X",) else pair.error
    stays, moves = (mean_v, mean_x) if lighter is pair.utility else (mean_x, mean_v)

    def small() -> arb:
        return arb(10) ** -20

    def supremum() -> arb:
        return cap + (arb(3) / 2).log() + lighter.cumulants(1)[0]

    yield near("E U", lambda: mean_u, supremum, small)
    yield near("what stays", lambda: stays, lambda: lighter.cumulants(1)[1], small)
    yield near("the rest", lambda: moves, lambda: supremum() - lighter.cumulants(1)[1], small)


# ---------------------------------------------------------------- claims

NEAR_LAST = (
    Step("from Q_r", "KL(P||Q_r) = KL(P||Q) - r E_P U + K(r).", from_the_last_tilt),
    Step("slack", "A policy within z of S is within r z of Q_r.", slack),
    Step("moved rate", "Under Q_r, V has the MGF M_V(r + h)/M_V(r).", moved_rate),
)
REST = (Step("the rest", "The other one gets h/r of h nats more.", the_rest),)

CLAIMS = (
    Claim(
        "t4.saturation",
        "Let X and V be independent, 0 < r = rate(U) < oo, D* = KL(Q_r||Q) < oo and rate(V) > r. "
        "For every cap d > D*: policies with KL <= d and E U -> S = (d + K_U(r))/r have E V -> "
        "K_V'(r), however large d is. Combines: within z of S they are within r z of Q_r, under "
        "which V has light tails on both sides, so that Theorem 2 with base Q_r keeps E V.",
        "ours",
        "ours",
        uses=("t2.bowl", "t2.erratum-a.corrected", "t2.not-attained", "t4.factors"),
        evidence=(
            Identity(NEAR_LAST),
            Enclosed(
                bound_on_the_lighter,
                (
                    (NORMAL, "1", "0.01"),
                    (NORMAL, "1", "0.000001"),
                    ("poisson(mu=3)", "0.5", "0.0001"),
                    ("0.5*laplace()", "1", "0.0001"),
                    ("-pareto(alpha=2)", "1", "0.0001"),
                ),
            ),
            Enclosed(
                comes_close, ((NORMAL, "1", 6), (NORMAL, "3", 7), ("bernoulli(p=0.3)", "3", 7))
            ),
            Enclosed(
                as_computed,
                (
                    (NON_STEEP, NORMAL, "1"),
                    (NON_STEEP, NORMAL, "100"),
                    (NON_STEEP, "poisson(mu=3)", "9"),
                ),
            ),
        ),
    ),
    Claim(
        "t4.saturation.rate-of-v",
        "If instead V sets the rate and rate(X) > r: such policies have E X -> K_X'(r) and E V -> "
        "S - K_X'(r), which grows by 1/r for each nat of the cap. Combines: the same with X and V "
        "exchanged, and E V = E U - E X.",
        "ours",
        "ours",
        uses=("t4.saturation",),
        evidence=(
            Identity(REST),
            Enclosed(
                as_computed,
                (
                    (NORMAL, NON_STEEP, "1"),
                    (NORMAL, NON_STEEP, "100"),
                    ("point(x=2)", NON_STEEP, "3"),
                ),
            ),
        ),
    ),
    Claim(
        "t4.saturation.both",
        "If X and V share the rate, near-optimal policies do not determine E V: with both tails "
        "exp(-x)(1 + x)^-3 and a cap d = 3, mass far out in X alone comes as close to S as is "
        "asked, with E V = 2/3; so does mass far out in V alone, with E V = S - 2/3.",
        "ours",
        "ours",
        uses=("t4.saturation",),
        evidence=(Enclosed(comes_close, ((NON_STEEP, "3", 7),)),),
    ),
)
