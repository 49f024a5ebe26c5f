"""Under dependence: the slope of ``E_l V`` along the tilts is the covariance of U and V there.

``E_l V = E[V exp(l U)]/E exp(l U)`` rises where ``Cov_l(U, V) > 0`` and falls where it is negative.
At l = 0 the covariance is ``Var V + Cov(X, V)``: the first step of optimisation does harm exactly
if error and utility are so opposed that ``Cov(X, V) < -Var V``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from flint import arb, fmpq, fmpq_poly

from theorems.dependence.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, Exact, agrees, below, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step

# ---------------------------------------------------------------- the identity


def slope() -> Relation:
    import sympy as sp

    n = symbols()
    # E_{l + e} V, up to the first order in e above and below.
    moved = (n.n0 + n.n1 * n.e) / (n.m0 + n.m1 * n.e)
    left = sp.Subs(sp.Derivative(moved, n.e), n.e, 0)
    a, b = n.m1 / n.m0, n.n0 / n.m0
    # The average of (u - a)(v - b), each term on its own.
    return Relation(left, (n.n1 - a * n.n0 - b * n.m1 + a * b * n.m0) / n.m0)


def curvature() -> Relation:
    import sympy as sp

    n = symbols()
    above = n.n0 + n.n1 * n.e + n.n2 * n.e**2 / 2
    below_it = n.m0 + n.m1 * n.e + n.m2 * n.e**2 / 2
    left = sp.Subs(sp.Derivative(above / below_it, (n.e, 2)), n.e, 0)
    a, b = n.m1 / n.m0, n.n0 / n.m0
    # The average of (u - a)^2 (v - b).
    of_v = n.n2 - 2 * a * n.n1 + a**2 * n.n0
    of_one = n.m2 - 2 * a * n.m1 + a**2 * n.m0
    return Relation(left, (of_v - b * of_one) / n.m0)


def dominated() -> Relation:
    import sympy as sp

    n = symbols()
    # exp(z) - z is 1 and an area above 0.
    return Relation(sp.exp(n.z) - n.z, 1 + sp.Integral(sp.exp(n.s) - 1, (n.s, 0, n.z)))


# ---------------------------------------------------------------- at the base policy


def at_the_base() -> Relation:
    n = symbols()
    proxy = (n.b + n.x) - (n.B + n.C)
    return Relation(proxy * (n.b - n.B), (n.b - n.B) ** 2 + (n.x - n.C) * (n.b - n.B))


def harmful() -> Relation:
    n = symbols()
    given, via = (n.kappa < -(n.sigma**2),), {n.kappa: -(n.sigma**2) - n.h}
    form = -(n.sigma**2 + n.kappa)
    return Relation(0, n.sigma**2 + n.kappa, ">", form, given, via)


def harmless() -> Relation:
    n = symbols()
    given, via = (n.kappa > -(n.sigma**2),), {n.kappa: -(n.sigma**2) + n.h}
    return Relation(n.sigma**2 + n.kappa, 0, ">", n.sigma**2 + n.kappa, given, via)


# ---------------------------------------------------------------- finite laws, exactly


@dataclass(frozen=True)
class FiniteJoint:
    """Outcomes with a whole proxy reward u, a utility v and a share; ``exp(l) = y`` is rational.

    Then ``E exp(l U)`` and ``E[V exp(l U)]`` are polynomials in y, and d/dl is y d/dy.
    """

    outcomes: tuple[tuple[int, fmpq, fmpq], ...]

    @classmethod
    def random(cls, seed: int) -> FiniteJoint:
        """Two to six outcomes."""
        rng = random.Random(seed)
        return cls(
            tuple(
                (rng.randint(0, 5), fmpq(rng.randint(-9, 9), rng.randint(1, 9)), fmpq(share))
                for share in (rng.randint(1, 9) for _ in range(rng.randint(2, 6)))
            )
        )

    def utility(self, y: fmpq) -> fmpq:
        """``E_l V``."""
        below, above = self._polynomials()
        return above(y) / below(y)

    def slope(self, y: fmpq) -> fmpq:
        """``d/dl E_l V``, by the quotient rule for polynomials in y."""
        below, _ = self._polynomials()
        return y * self.change()(y) / below(y) ** 2

    def change(self) -> fmpq_poly:
        """The numerator of ``d/dy E_l V``, over the square of ``E exp(l U)``."""
        below, above = self._polynomials()
        return above.derivative() * below - above * below.derivative()

    def covariance(self, y: fmpq) -> fmpq:
        """``Cov_l(U, V)``: half the mean of ``(u - u')(v - v')`` over two independent outcomes."""
        tilted = [(u, v, share * y**u) for u, v, share in self.outcomes]
        total = sum((weight for _, _, weight in tilted), fmpq(0))
        pairs = sum(
            ((u - r) * (v - s) * w * x for u, v, w in tilted for r, s, x in tilted), fmpq(0)
        )
        return pairs / total**2 / 2

    def _polynomials(self) -> tuple[fmpq_poly, fmpq_poly]:
        sizes, values = [fmpq(0)] * 6, [fmpq(0)] * 6
        for u, v, share in self.outcomes:
            sizes[u] += share
            values[u] += share * v
        return fmpq_poly(sizes), fmpq_poly(values)


#: The tilts of the random laws: y = exp(l), on either side of 1.
TILTS = (fmpq(1, 3), fmpq(1), fmpq(7, 4), fmpq(12))


def slope_is_covariance(seed: int) -> bool:
    """On a random finite law, at :data:`TILTS`."""
    joint = FiniteJoint.random(seed)
    return all(joint.slope(y) == joint.covariance(y) for y in TILTS)


def _finite(*outcomes: tuple[int, int, int]) -> FiniteJoint:
    return FiniteJoint(tuple((u, fmpq(v), fmpq(share)) for u, v, share in outcomes))


#: A proxy that is right at 0 and 1, and overrates a rare third outcome by 3.
RARE_ERROR = _finite((0, 0, 12), (1, 1, 12), (2, -1, 1))
#: What its :meth:`~FiniteJoint.change` is for every y: 24 (2 - y)(3 + y), of the sign of 2 - y.
TURN = fmpq_poly([24 * 6, -24, -24])


def turns(y: fmpq) -> bool:
    """At ``y = exp(l)``: positive covariance below 2, and ``E_l V`` under its peak 1/2 there.

    Between and beyond the y that are tried the slope keeps its sign: it is :data:`TURN` over a
    square.
    """
    joint = RARE_ERROR
    ends = joint.utility(fmpq(1)) == fmpq(11, 25) and joint.utility(fmpq(10**9)) < fmpq(-99, 100)
    covariance, peak = joint.covariance(y), joint.utility(fmpq(2))
    sign = (y < 2) - (y > 2)
    same_sign = covariance * sign > 0 or covariance == sign == 0
    below_peak = joint.utility(y) < peak or y == 2
    rises = joint.slope(y) == covariance and same_sign
    return bool(ends and rises and below_peak and peak == fmpq(1, 2) and joint.change() == TURN)


#: V = U^2 and V = -U^2 for U uniform on -1, 0, 1 (shifted by 1): Cov(X, V) = -Var V, both times.
EQUALITY = {
    "up": _finite((0, 1, 1), (1, 0, 1), (2, 1, 1)),
    "down": _finite((0, -1, 1), (1, 0, 1), (2, -1, 1)),
}


def at_equality(way: str) -> bool:
    """The covariance is 0 at l = 0, and just above it has the sign that the third cumulant has."""
    joint, sign = EQUALITY[way], 1 if way == "up" else -1
    total = sum((share for _, _, share in joint.outcomes), fmpq(0))
    u0 = sum((u * share for u, _, share in joint.outcomes), fmpq(0)) / total
    v0 = sum((v * share for _, v, share in joint.outcomes), fmpq(0)) / total
    error, spread, third = fmpq(0), fmpq(0), fmpq(0)
    for u, v, share in joint.outcomes:
        error += (u - v) * (v - v0) * share / total
        spread += (v - v0) ** 2 * share / total
        third += (u - u0) ** 2 * (v - v0) * share / total
    equal = error == -spread and joint.covariance(fmpq(1)) == 0
    beyond = all(joint.covariance(1 + fmpq(1, k)) * sign > 0 for k in (1, 10, 1000))
    return bool(equal and third * sign > 0 and beyond)


# ---------------------------------------------------------------- the bivariate normal


def square() -> Relation:
    n = symbols()
    # V = mu + sigma z and X = C + rho tau z + noise: the tilt is exp(l k z) in z.
    k = n.sigma + n.rho * n.tau
    left = -(n.s**2) / 2 + n.l * k * n.s
    return Relation(left, -((n.s - n.l * k) ** 2) / 2 + (n.l * k) ** 2 / 2)


def normal_slope() -> Relation:
    import sympy as sp

    n = symbols()
    utility = n.mu + n.sigma * n.l * (n.sigma + n.rho * n.tau)
    covariance = n.sigma**2 + n.rho * n.sigma * n.tau
    return Relation(sp.Derivative(utility, n.l), covariance)


def normal_harmful() -> Relation:
    n = symbols()
    given, via = (n.rho < -n.sigma / n.tau,), {n.rho: -n.sigma / n.tau - n.h}
    form = -n.sigma * (n.sigma + n.rho * n.tau)
    return Relation(0, n.sigma**2 + n.rho * n.sigma * n.tau, ">", form, given, via)


def normal_harmless() -> Relation:
    n = symbols()
    given, via = (n.rho >= -n.sigma / n.tau,), {n.rho: -n.sigma / n.tau + n.v}
    form = n.sigma * (n.sigma + n.rho * n.tau)
    return Relation(n.sigma**2 + n.rho * n.sigma * n.tau, 0, ">=", form, given, via)


#: mpmath's quadrature carries 30 digits; 20 leave it a third of them.
MP_DIGITS, AGREEING_DIGITS = 30, 20


def normal_tilted(case: tuple[str, str, str, str]) -> Iterator[Comparison] | None:
    """At (sd V, sd X, corr, l): ``E_l V`` is ``l Cov(U, V)``, on the side of 0 that rho says."""
    sigma, tau, rho, tilt = (exact(number) for number in case)
    return _normal_tilted(sigma, tau, rho, tilt) if -1 <= rho <= 1 else None


def _normal_tilted(sigma: fmpq, tau: fmpq, rho: fmpq, tilt: fmpq) -> Iterator[Comparison]:
    covariance = sigma * (sigma + rho * tau)
    second = normal_by_mpmath(sigma, tau, rho, tilt)
    value = partial(arb, tilt * covariance)
    yield agrees("E_l V", value, lambda: second, AGREEING_DIGITS)
    if rho * tau < -sigma:
        yield below("E_l V", value, lambda: arb(0))
    elif rho * tau > -sigma:
        yield below("0", lambda: arb(0), value)
    else:
        yield near("E_l V", value, lambda: arb(0), lambda: arb(10) ** -30)


def normal_by_mpmath(sigma: fmpq, tau: fmpq, rho: fmpq, tilt: fmpq) -> Any:
    """``E[V exp(l U)]/E exp(l U)`` as integrals over v, with ``E[exp(l X) | V = v]`` inside."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        sd, ed, r, lam = (mp.mpf(int(q.p)) / int(q.q) for q in (sigma, tau, rho, tilt))

        def weight(v: Any) -> Any:
            error = lam * r * ed / sd * v + (lam * ed) ** 2 * (1 - r**2) / 2
            return mp.exp(-((v / sd) ** 2) / 2 + lam * v + error)

        centre = lam * sd * (sd + r * ed)
        ends = [centre + k * sd for k in (-14, -4, 0, 4, 14)]
        return mp.quad(lambda v: v * weight(v), ends) / mp.quad(weight, ends)


# ---------------------------------------------------------------- claims

SLOPE = (
    Step("slope", "The slope of E_l V averages (U - E_l U)(V - E_l V): a covariance.", slope),
    Step("dominated", "z is below exp(z): under a little more tilt, |U| is integrable.", dominated),
)
BASE = (
    Step("at the base", "Cov(U, V) = Var V + Cov(X, V), outcome by outcome.", at_the_base),
    Step("harmful", "It is negative if Cov(X, V) < -Var V.", harmful),
    Step("harmless", "It is positive if Cov(X, V) is above -Var V.", harmless),
    Step("curvature", "Where it is 0, E_l (U - E_l U)²(V - E_l V) decides.", curvature),
)
NORMAL = (
    Step("square", "The tilt moves the score of V by l (sd V + corr sd X).", square),
    Step("normal slope", "So E_l V has the slope Cov(U, V) at every l.", normal_slope),
    Step("normal, harmful", "It falls if corr(X, V) < -sd V / sd X.", normal_harmful),
    Step("normal, harmless", "It does not fall otherwise.", normal_harmless),
)

CLAIMS = (
    Claim(
        "dependence.covariance",
        "d/dl E_l V = Cov_l(U, V) for the tilt of any joint law by exp(l U), at every l inside the "
        "interval where E (1 + |V|) exp(l U) is finite. So E_l V rises where the covariance is "
        "positive, falls where it is negative, and overoptimisation begins where it turns "
        "negative. Combines: the quotient rule, with derivatives under E: delta |U| is below "
        "exp(delta |U|).",
        "ours",
        "ours",
        evidence=(Identity(SLOPE), Exact(slope_is_covariance, tuple(range(60)))),
    ),
    Claim(
        "dependence.turn",
        "With 12, 12 and 1 outcomes of utility 0, 1, -1 and proxy 0, 1, 2, E_l V rises up to "
        "exp(l) = 2, where it is 1/2 and the covariance is 0, and falls from there: from 11/25 "
        "through 1/2 to -1. Its slope by y = exp(l) is 24 (2 - y)(3 + y)/(12 + 12y + y^2)^2.",
        "ours",
        "ours",
        uses=("dependence.covariance",),
        evidence=(
            Exact(turns, (fmpq(1), fmpq(3, 2), fmpq(199, 100), fmpq(2), fmpq(201, 100), fmpq(9))),
        ),
    ),
    Claim(
        "dependence.threshold",
        "Where light tails let l = 0 be inside that interval: at the base policy E_l V falls at "
        "once if Cov(X, V) < -Var V, and rises if Cov(X, V) is above. At equality "
        "higher derivatives decide: the second one is E (U - E U)^2 (V - E V).",
        "ours",
        "ours",
        uses=("dependence.covariance",),
        evidence=(Identity(BASE),),
    ),
    Claim(
        "dependence.equality",
        "Both happen at Cov(X, V) = -Var V: for U uniform on -1, 0, 1, E_l V rises from l = 0 "
        "where V = U^2, and falls where V = -U^2.",
        "ours",
        "ours",
        uses=("dependence.covariance",),
        evidence=(Exact(at_equality, tuple(EQUALITY)),),
    ),
    Claim(
        "dependence.normal",
        "For X and V jointly normal E_l V = E V + l Cov(U, V): optimisation never does harm unless "
        "corr(X, V) < -sd(V)/sd(X), and then it does from the start and without end.",
        "ours",
        "ours",
        evidence=(
            Identity(NORMAL),
            Enclosed(
                normal_tilted,
                (
                    ("1", "2", "-0.4", "1"),
                    ("1", "2", "-0.5", "3"),
                    ("1", "2", "-0.6", "1"),
                    ("3", "1", "-0.99", "0.5"),
                    ("1", "10", "0.3", "0.1"),
                ),
            ),
        ),
    ),
)
