"""How much dependence is too much: copulas between error and utility, swept in strength.

Four findings. Jointly normal X and V share one line for every optimiser. Whatever joins X and V,
the rate of U is bounded by their rates, so no dependence makes a right-heavy error tiltable. Under
conditioning the error's decay rate g and the copula's density at its top, ``c(1, v)``, decide
where the utility goes. And a light error with a mild negative dependence is enough for a peak.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from flint import arb, fmpq

from theorems.dependence.symbols import Expression, symbols
from verify.claim import Claim, Comparison, Draws, Enclosed, Sampled, ball_of_mpf, below, near
from verify.conditioning.result import Conditioned
from verify.copulas import parse_copula
from verify.enclosure import exact, working_precision
from verify.identity import Identity, Relation, Step
from verify.joint.laws import CopulaLaw, conditioned
from verify.joint.tilt import latent_sum
from verify.law import Law
from verify.laws.special import mills

if TYPE_CHECKING:
    import numpy as np

#: Precision of the integrals, and of those that are held against coarse bounds.
BITS, COARSE_BITS = 64, 40
#: Digits that mpmath carries for a limit.
MP_DIGITS = 30


def joined(error: str, utility: str, copula: str) -> CopulaLaw:
    """The joint law of the texts."""
    return CopulaLaw(Law.parse(error), Law.parse(utility), parse_copula(copula))


@lru_cache(maxsize=32)
def given(error: str, copula: str, t: str, bits: int = BITS) -> Conditioned:
    """What ``U > t`` says about a standard normal V."""
    with working_precision(bits):
        return conditioned(joined(error, "normal()", copula), exact(t))


# ---------------------------------------------------------------- one line for all optimisers


def residual() -> Relation:
    n = symbols()
    shared = n.rho * n.sigma * n.tau
    proxy, with_v = n.sigma**2 + n.tau**2 + 2 * shared, n.sigma**2 + shared
    # Cov(V - b U, U) for b = Cov(U, V)/Var U.
    return Relation(with_v - with_v / proxy * proxy, 0)


def line() -> Relation:
    n = symbols()
    slope = n.g
    # E_P V - E V, where E_P (V - g U) = E (V - g U) = B - g A and E_P U = A + h.
    return Relation((n.B - slope * n.A + slope * (n.A + n.h)) - n.B, slope * n.h)


def on_the_line(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (sd X, rho, t): the integral over v is ``Cov(U, V)/sd U`` over the Mills ratio."""
    tau, rho, t = (exact(number) for number in case)
    text = f"{case[0]}*normal()"
    variance = arb(1 + tau**2 + 2 * rho * tau)

    def expected() -> arb:
        spread = variance.sqrt()
        return (1 + rho * tau) / spread / mills(t / spread)

    def found() -> arb:
        return given(text, f"gaussian(rho={case[1]})", case[2]).mean

    yield near("E[V | U > t]", found, expected, lambda: arb(10) ** -8)


# ---------------------------------------------------------------- the rate of U


def _above_tangent(z: Expression) -> Expression:
    """``exp(z) - 1 - z``, which is never negative."""
    import sympy as sp

    return sp.exp(z) - 1 - z


def young() -> Relation:
    import sympy as sp

    n = symbols()
    a, b = n.i / (n.i + n.j), n.j / (n.i + n.j)
    middle = a * n.A + b * n.B
    left = a * sp.exp(n.A) + b * sp.exp(n.B) - sp.exp(middle)
    above = a * _above_tangent(n.A - middle) + b * _above_tangent(n.B - middle)
    return Relation(left, sp.exp(middle) * above)


def tangent() -> Relation:
    import sympy as sp

    n = symbols()
    # An area above 0 for z > 0, and, with both signs turned, for -z.
    return Relation(_above_tangent(n.z), sp.Integral(sp.exp(n.s) - 1, (n.s, 0, n.z)))


def tangent_below() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(_above_tangent(-n.z), sp.Integral(1 - sp.exp(-n.s), (n.s, 0, n.z)))


def shares() -> Relation:
    n = symbols()
    # With the share k/(h + k) for X, the tilt l = h k/(h + k) asks for the rates h and k alone.
    tilt = n.h * n.k / (n.h + n.k)
    return Relation(tilt / (n.k / (n.h + n.k)), n.h)


def reached() -> Relation:
    n = symbols()
    # One exponential variable divided by both rates: the rates of X and V are h and k.
    return Relation(1 / (1 / n.h + 1 / n.k), n.h * n.k / (n.h + n.k))


# ---------------------------------------------------------------- the top of the copula


def _clayton(u: Expression, v: Expression, theta: Expression) -> Expression:
    sums = u**-theta + v**-theta - 1
    return (1 + theta) * (u * v) ** (-theta - 1) * sums ** (-2 - 1 / theta)


def clayton_top() -> Relation:
    n = symbols()
    return Relation(_clayton(1, n.p, n.k), (1 + n.k) * n.p**n.k)


def frank_top() -> Relation:
    import sympy as sp

    n = symbols()
    theta = n.k
    grown = (1 - sp.exp(-theta)) * (1 - sp.exp(-theta * n.p))
    density = theta * (1 - sp.exp(-theta)) * sp.exp(-theta * (1 + n.p))
    total = (1 - sp.exp(-theta)) - grown
    top = theta * sp.exp(-theta * (1 - n.p)) / (1 - sp.exp(-theta))
    return Relation(density / total**2, top)


def best_of_two() -> Relation:
    import sympy as sp

    n = symbols()
    # 2 v Phi(v) phi(v) by parts, with (-phi)' = v phi: twice the area of phi squared.
    return Relation(
        sp.Integral(sp.exp(-(n.s**2)) / sp.pi, (n.s, -sp.oo, sp.oo)), 1 / sp.sqrt(sp.pi)
    )


def top_density(copula: str, p: Any) -> Any:
    """``c(1, p)`` in mpmath."""
    import mpmath as mp

    kind, _, number = copula.removesuffix(")").partition("(theta=")
    theta = mp.mpf(number)
    if kind == "clayton":
        return (1 + theta) * p**theta
    assert kind == "frank"
    return theta * mp.exp(-theta * (1 - p)) / (1 - mp.exp(-theta))


@lru_cache(maxsize=8)
def limit_by_mpmath(copula: str, rate: int) -> arb:
    """``E[V e^(g V) c(1, V)]/E[e^(g V) c(1, V)]`` for a standard normal V, by quadrature."""
    import mpmath as mp

    with mp.workdps(MP_DIGITS):

        @cache  # the two integrals ask for it at the same points
        def weight(v: Any) -> Any:
            return mp.npdf(v) * mp.exp(rate * v) * top_density(copula, mp.ncdf(v))

        ends = [-14, -6, -2, 0, 2, 6, 14]
        ratio = mp.quad(lambda v: v * weight(v), ends) / mp.quad(weight, ends)
        return ball_of_mpf(ratio)


def at_the_top(case: tuple[str, str, int, str, str]) -> Iterator[Comparison]:
    """At (X, copula, g, t, room): V given U > t is within the room of the limit."""
    error, copula, rate, t, room = case
    limit = limit_by_mpmath(copula, rate)
    found = partial(_mean, error, copula, t)
    yield near("E[V | U > t] - limit", found, lambda: limit, lambda: arb(exact(room)))


def _mean(error: str, copula: str, t: str) -> arb:
    return given(error, copula, t).mean


# ---------------------------------------------------------------- Gaussian and upper tails


def grows(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (rho, t, share): E V lies between ``share rho sqrt(2 KL)`` and ``rho sqrt(2 KL)``."""
    rho, t, share = case
    found = given("pareto(alpha=2)", f"gaussian(rho={rho})", t, COARSE_BITS)

    def size() -> arb:
        return abs(found.mean)

    def level(part: fmpq) -> arb:
        return part * abs(arb(exact(rho))) * (2 * found.kl).sqrt()

    def signed() -> arb:
        return found.mean * exact(rho)

    yield below("0 and rho E V", lambda: arb(0), signed)
    yield below("least", lambda: level(exact(share)), size)
    yield below("E V", size, lambda: level(fmpq(1)))


# ---------------------------------------------------------------- a light error


def tilted_utility_at(tilt: str) -> arb:
    """``E_l V`` for X exponential, V normal, Gaussian copula of -1/2."""
    path = latent_sum(joined("exponential()", "normal()", "gaussian(rho=-0.5)"))
    assert path is not None
    with working_precision(COARSE_BITS):
        return path.numbers(exact(tilt))[2]


def peaks(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (tilt, low, high): ``E_l V`` lies between the two numbers."""
    tilt, low, high = case
    value = tilted_utility_at(tilt)
    yield below("low", lambda: arb(exact(low)), lambda: value)
    yield below("E V", lambda: value, lambda: arb(exact(high)))


def below_the_base(t: str) -> Iterator[Comparison]:
    """The same pair given ``U > t``: E V is negative, less than without any optimisation."""
    yield below("E V", partial(_mean, "exponential()", "gaussian(rho=-0.5)", t), lambda: arb(0))


# ---------------------------------------------------------------- two routes

#: Draws of a case; about a tenth of them or more lie beyond the threshold.
SAMPLE = 300_000


def sampled_beyond(case: tuple[str, str, str], rng: np.random.Generator) -> Draws:
    """The utilities, between -1 and 1, of draws with U > t; their mean is an integral."""
    from verify.joint.sampling import sample_pair

    error, copula, t = case
    joint = joined(error, "uniform(low=-1, high=1)", copula)
    draws = sample_pair(joint, SAMPLE, rng)
    kept = draws.v[draws.u > float(t)]
    return Draws(kept, -1.0, 1.0, float(conditioned(joint, exact(t)).mean))


# ---------------------------------------------------------------- claims

LINE = (
    Step("residual", "V - b U and U are uncorrelated for b = Cov(U, V)/Var U.", residual),
    Step("line", "So a weight of U moves E V by b times what it moves E U.", line),
)
RATE = (
    Step("Young", "A mean of exponentials is above the exponential of the mean.", young),
    Step("tangent", "For exp(z) is above 1 + z, right of 0,", tangent),
    Step("tangent, left", "and left of 0.", tangent_below),
    Step("shares", "Shares in the proportion of the rates ask each for its own rate.", shares),
    Step("reached", "X and V of one exponential variable have no smaller rate than that.", reached),
)
TOP = (
    Step("Clayton, top", "At u = 1 Clayton's density is (1 + theta) v^theta.", clayton_top),
    Step("Frank, top", "Frank's density at u = 1.", frank_top),
    Step("best of two", "With theta = 1 and V normal: the mean of the larger of two.", best_of_two),
)

CLAIMS = (
    Claim(
        "dependence.sweep.normal",
        "X and V jointly normal: under every reweighting of U (tilting, conditioning, best-of-n) "
        "E_P V - E V = (E_P U - E U) Cov(U, V)/Var U. So all of them agree on the sign. Combines: "
        "V - b U is normal and uncorrelated with U, hence independent of it.",
        "ours",
        "ours",
        evidence=(
            Identity(LINE),
            Enclosed(on_the_line, (("1", "0.5", "3"), ("2", "-0.4", "4"), ("2", "-0.6", "4"))),
        ),
    ),
    Claim(
        "dependence.sweep.rate",
        "Whatever joins X and V: 1/rate(U) <= 1/rate(X) + 1/rate(V), with equality where both are "
        "one exponential variable over their rates. So U is right-light if X and V are. The same "
        "for X = U + (-V): if X is right-heavy and V left-light, U is right-heavy under every "
        "copula, and there is no tilt; if V is superexponential on both sides, rate(U) = rate(X).",
        "ours",
        "ours",
        evidence=(Identity(RATE),),
    ),
    Claim(
        "dependence.sweep.top",
        "Let X have a density and a tail in L(g), that is Pr(X > t - v)/Pr(X > t) -> e^(g v) for "
        "every v, with 0 <= g < oo; let E exp((g + d)V) < oo for some d > 0, E min(V, 0) > -oo, "
        "and let the copula's density c be bounded for ranks "
        "u of X near 1, with c(u, v) -> c(1, v). Then E[V | U > t] -> E[V e^(g V) c(1, F(V))] / "
        "E[e^(g V) c(1, F(V))], F the distribution function of V. Combines: Pr(X > t - v | V = v) "
        "/ Pr(X > t) -> e^(g v) c(1, F(v)), bounded by a constant times 1 + exp((g + d) v) up to v "
        "= t - t0; beyond, V has a smaller order than Pr(X > t). Frank's density is bounded, and "
        "Clayton's by (1 + theta) u^(-theta - 1), so their limits are finite, with heavy errors "
        "too.",
        "ours",
        "ours",
        evidence=(
            Identity(TOP),
            Enclosed(
                at_the_top,
                (
                    ("student_t(df=3)", "clayton(theta=1)", 0, "1000", "0.003"),
                    ("student_t(df=3)", "clayton(theta=1)", 0, "1000000", "0.000003"),
                    ("pareto(alpha=2)", "frank(theta=3)", 0, "1000000", "0.000003"),
                    ("exponential()", "clayton(theta=1)", 1, "30", "0.00000001"),
                    ("exponential()", "frank(theta=-3)", 1, "30", "0.00000001"),
                ),
            ),
        ),
    ),
    Claim(
        "dependence.sweep.gaussian",
        "A Gaussian copula has no tail dependence, and yet a heavy error does not silence it. With "
        "X Pareto(2), V normal and rho = 1/2 or -1/2, E[V | U > t] lies between 0.94 and 1 times "
        "rho sqrt(2 KL) at t = 10^3, 10^6 and 10^9: up or down as far as |rho| of what the same "
        "KL buys of V itself.",
        "ours",
        "ours",
        evidence=(
            Enclosed(
                grows,
                tuple(
                    (rho, t, share)
                    for rho in ("0.5", "-0.5")
                    for t, share in (("1000", "0.94"), ("1000000", "0.96"), ("1000000000", "0.97"))
                ),
            ),
        ),
    ),
    Claim(
        "dependence.sweep.peak",
        "Light tails do not keep E V from a peak. X exponential, V normal, Gaussian copula of "
        "-1/2: E_l V rises from 0 (Cov(X, V) is above -Var V), is above 0.17 at l = 0.4, and "
        "negative at l = 0.95; given U > 4 it is negative too.",
        "ours",
        "ours",
        evidence=(
            Enclosed(peaks, (("0.4", "0.17", "0.2"), ("0.95", "-1", "0"))),
            Enclosed(below_the_base, ("4", "8")),
        ),
    ),
    Claim(
        "dependence.sweep.agrees",
        "What the integrals say is what draws show: for five copulas, light and heavy errors and V "
        "uniform on (-1, 1), the mean of V among draws with U > t is E[V | U > t], within the "
        "error that Hoeffding allows with probability 1e-9.",
        "ours",
        "ours",
        evidence=(
            Sampled(
                sampled_beyond,
                (
                    ("student_t(df=3)", "gaussian(rho=-0.6)", "0.8"),
                    ("lognormal()", "clayton(theta=2)", "1.5"),
                    ("normal()", "gumbel(theta=1.5)", "0.8"),
                    ("pareto(alpha=2)", "frank(theta=-5)", "1.8"),
                    ("exponential()", "negated(gumbel(theta=2))", "1"),
                ),
            ),
        ),
    ),
)
