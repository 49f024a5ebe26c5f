"""The derivation of the quenched criterion: soft values, weak duality, attainment.

``L_l(s) = log sum_a pi0(a|s) exp(E[L_l(s') | s, a])``, and ``l g`` at a final state with return g.
"""

from __future__ import annotations

from theorems.t3_policies.soft_symbols import Expression, symbols, two_actions
from verify.identity import Relation, Step

# ---------------------------------------------------------------- one state


def at_one_state() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(n.w * sp.log(n.w) - n.w * (n.c - n.L), n.w * sp.log(n.w / sp.exp(n.c - n.L)))


def losses_add_up() -> Relation:
    import sympy as sp

    n = symbols()
    # L less what the policy has from the action: c less the loss g from the next state on.
    lost = n.w * n.L + n.w * sp.log(n.w) - n.w * (n.c - n.g)
    return Relation(lost, n.w * sp.log(n.w / sp.exp(n.c - n.L)) + n.w * n.g)


def dual_bound() -> Relation:
    n = symbols()
    # E L - (l E G - KL) = u, which is not negative.
    given, via = (n.d + n.L >= n.l * n.A,), {n.L: n.l * n.A - n.d + n.u}
    return Relation((n.d + n.L) / n.l, n.A, ">=", (n.d + n.L - n.l * n.A) / n.l, given, via)


def inside_the_log() -> Relation:
    import sympy as sp

    n = symbols()
    # The bowl 1 + (z - 1) exp(z) at z = -x.
    return Relation(sp.exp(n.x) - 1 - n.x, sp.exp(n.x) * (1 + (-n.x - 1) * sp.exp(-n.x)))


# ---------------------------------------------------------------- the soft policy


def soft_mean() -> Relation:
    import sympy as sp

    n = symbols()
    slope = sp.Subs(sp.Derivative(two_actions(), n.e), n.e, 0)
    return Relation(slope, (n.i * n.m1 + n.j * n.m2) / (n.i + n.j))


def soft_curvature() -> Relation:
    import sympy as sp

    n = symbols()
    bend = sp.Subs(sp.Derivative(two_actions(), (n.e, 2)), n.e, 0)
    return Relation(bend, (n.i * n.b1 + n.j * n.b2) / (n.i + n.j) + _spread())


def soft_spread() -> Relation:
    return Relation(_spread(), 0, ">=", _spread())


def _spread() -> Expression:
    """The variance of the next first derivative under the soft policy."""
    n = symbols()
    return n.i * n.j * (n.m1 - n.m2) ** 2 / (n.i + n.j) ** 2


def soft_cost() -> Relation:
    import sympy as sp

    n = symbols()
    # D(l + e) = (l + e) L' - L, with L' = A + B e.
    value = n.L + n.A * n.e + n.B * n.e**2 / 2
    cost = (n.l + n.e) * (n.A + n.B * n.e) - value
    return Relation(sp.Subs(sp.Derivative(cost, n.e), n.e, 0), n.l * n.B)


def meets_the_bound() -> Relation:
    n = symbols()
    return Relation(((n.l * n.A - n.L) + n.L) / n.l, n.A)


# ---------------------------------------------------------------- infinite, or not


def tilts_not_small() -> Relation:
    n = symbols()
    # (d + L)/l <= M and L >= l A, the latter by Jensen's inequality.
    given = (n.d + n.L <= n.l * n.M, n.l * n.A <= n.L)
    via = {n.L: n.l * n.A + n.u, n.M: (n.d + n.l * n.A + n.u + n.z) / n.l}
    form = (n.l * n.M - n.d - n.L) + (n.L - n.l * n.A)
    return Relation(n.l * (n.M - n.A), n.d, ">=", form, given, via)


def per_tilt_grows() -> Relation:
    import sympy as sp

    n = symbols()
    value = n.L + n.A * n.e + n.B * n.e**2 / 2
    per_tilt = value / (n.l + n.e)
    return Relation(sp.Subs(sp.Derivative(per_tilt, n.e), n.e, 0), (n.l * n.A - n.L) / n.l**2)


# ---------------------------------------------------------------- normal returns


def normal_bound() -> Relation:
    import sympy as sp

    n = symbols()
    bound = (n.d + n.l**2 * n.v / 2) / n.l
    form = (sp.sqrt(n.d) - n.l * sp.sqrt(n.v / 2)) ** 2 / n.l
    # Roots of the budget and of v/2, so that SymPy sees the square.
    via = {n.d: n.y**2, n.v: 2 * n.h**2}
    return Relation(bound, sp.sqrt(2 * n.d * n.v), ">=", form, via=via)


def normal_best() -> Relation:
    import sympy as sp

    n = symbols()
    bound = (n.d + n.l**2 * n.v / 2) / n.l
    return Relation(sp.Subs(bound, n.l, sp.sqrt(2 * n.d / n.v)), sp.sqrt(2 * n.d * n.v))


def normal_split() -> Relation:
    import sympy as sp

    n = symbols()
    cost = (n.l * n.sigma) ** 2 / 2
    return Relation(sp.Subs(cost, n.l, sp.sqrt(2 * n.d / n.v)), n.d * n.sigma**2 / n.v)


# ---------------------------------------------------------------- steps

SOFT = (
    Step(
        "soft value", "One action: to leave the soft policy costs a relative entropy.", at_one_state
    ),
    Step(
        "losses", "What a policy loses against L: that, and its loss from then on.", losses_add_up
    ),
    Step("dual bound", "So E G is at most (d + E L)/l where KL = d.", dual_bound),
)
ATTAINED = (
    Step("soft mean", "L' averages the next L' by the soft policy: it is its mean.", soft_mean),
    Step("soft curvature", "L'' averages the next L'' and adds a variance.", soft_curvature),
    Step("soft variance", "Which is not negative: L is convex.", soft_spread),
    Step("soft cost", "The cost D = l L' - L grows: D' = l L''.", soft_cost),
    Step("soft policy", "Where D = d the bound is the mean of the soft policy.", meets_the_bound),
)
ANNEALED = (
    Step("inside the log", "exp(x) - 1 - x is a bowl: log E exp is at least E.", inside_the_log),
)
INFINITE = (
    Step("no small tilt", "A bound below M has a tilt of d/(M - E G) at least.", tilts_not_small),
    Step("per tilt", "L/l grows with l: its slope is D/l^2.", per_tilt_grows),
)
NORMALS = (
    Step(
        "normal prompts, bound", "With K = (l s)^2/2 a bound is sqrt(2 d v) at least.", normal_bound
    ),
    Step("normal prompts, best", "Which it is at l = sqrt(2 d/v).", normal_best),
    Step("normal prompts, split", "A prompt with s = sigma spends its part of v.", normal_split),
)
