"""The two forms in print: their peaks, the n at a peak, and where each can hold at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from flint import arb

from theorems.overoptimization.symbols import Expression, symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law

#: Digits that mpmath carries for Lambert's function, and that it is compared to.
MP_DIGITS, DIGITS = 40, 30


def best_of_n_form(d: Expression) -> Expression:
    """``d (a - b d)``."""
    n = symbols()
    return d * (n.a - n.b * d)


def rl_form(d: Expression) -> Expression:
    """``d (a - b log d)``."""
    import sympy as sp

    n = symbols()
    return d * (n.a - n.b * sp.log(d))


# ---------------------------------------------------------------- peaks


def level_best_of_n() -> Relation:
    import sympy as sp

    n = symbols()
    slope = sp.Derivative(best_of_n_form(n.d), n.d)
    return Relation(sp.Subs(slope, n.d, n.a / (2 * n.b)), 0)


def below_best_of_n() -> Relation:
    n = symbols()
    peak = n.a / (2 * n.b)
    form = n.b * (n.d - peak) ** 2
    return Relation(n.a**2 / (4 * n.b), best_of_n_form(n.d), ">=", form)


def level_rl() -> Relation:
    import sympy as sp

    n = symbols()
    slope = sp.Derivative(rl_form(n.d), n.d)
    return Relation(sp.Subs(slope, n.d, sp.exp(n.a / n.b - 1)), 0)


def bends_rl() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(rl_form(n.d), (n.d, 2)), -n.b / n.d)


def height_rl() -> Relation:
    import sympy as sp

    n = symbols()
    peak = sp.exp(n.a / n.b - 1)
    return Relation(rl_form(peak), n.b * peak)


# ---------------------------------------------------------------- the n of a KL divergence


def kl_of_n(n: Expression) -> Expression:
    """``log n - (n - 1)/n``."""
    import sympy as sp

    return sp.log(n) - (n - 1) / n


def rises_with_n() -> Relation:
    import sympy as sp

    n = symbols().n
    return Relation(sp.Derivative(kl_of_n(n), n), (n - 1) / n**2)


def inverse() -> Relation:
    import sympy as sp

    n = symbols().n
    # m exp(m) = z for m = -1/n: Lambert's function of z, on the branch where m > -1.
    return Relation(-sp.exp(-1 / n) / n, -sp.exp(-1 - kl_of_n(n)))


def back_and_forth(n: int) -> Iterator[Comparison]:
    """At n: its KL, and ``-1/W_0(-exp(-1 - KL))`` by mpmath."""

    def by_lambert() -> Any:
        import mpmath

        with mpmath.workdps(MP_DIGITS):
            kl = mpmath.log(n) - mpmath.mpf(n - 1) / n
            return -1 / mpmath.lambertw(-mpmath.exp(-1 - kl)).real

    yield agrees("n", partial(arb, n), by_lambert, DIGITS)


# ---------------------------------------------------------------- where the forms can hold


def endless_slope() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit((n.a - n.b * sp.log(n.d)) / -sp.log(n.d), n.d, 0, "+"), n.b)


def budget_bound() -> Relation:
    import sympy as sp

    n = symbols()
    # (KL + K(l) - l E V)/l with K(l) - l E V <= sigma^2 l^2/2 + c l^3, at l = sqrt(2) d/sigma.
    tilt = sp.sqrt(2) * n.d / n.sigma
    bound = (n.d**2 + n.sigma**2 * tilt**2 / 2 + n.c * tilt**3) / tilt
    return Relation(bound, sp.sqrt(2) * n.sigma * n.d + 2 * n.c * n.d**2 / n.sigma**2)


def budget_slope() -> Relation:
    import sympy as sp

    n = symbols()
    bound = sp.sqrt(2) * n.sigma + 2 * n.c * n.d / n.sigma**2
    return Relation(sp.Limit(bound, n.d, 0, "+"), sp.sqrt(2) * n.sigma)


def _moved(power: int) -> Expression:
    """``E U^power`` under the tilt by l of a standard normal U."""
    import sympy as sp

    n = symbols()
    density = sp.exp(-(n.u**2) / 2) / sp.sqrt(2 * sp.pi)
    weight = sp.exp(n.l * n.u - n.l**2 / 2)
    return sp.Integral(n.u**power * density * weight, (n.u, -sp.oo, sp.oo))


def mean_of_tilt() -> Relation:
    return Relation(_moved(1), symbols().l)


def square_of_tilt() -> Relation:
    n = symbols()
    return Relation(_moved(2), 1 + n.l**2)


def parabola() -> Relation:
    import sympy as sp

    n = symbols()
    # KL = l K'(l) - K(l) = l^2/2, so l = sqrt(2) d; the gain is a l - b ((1 + l^2) - 1).
    tilt = sp.sqrt(2) * n.d
    return Relation(n.a * tilt - n.b * tilt**2, n.d * (sp.sqrt(2) * n.a - 2 * n.b * n.d))


def cost_of_tilt() -> Relation:
    n = symbols()
    return Relation(n.l * n.l - n.l**2 / 2, n.l**2 / 2)


def on_the_parabola(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (a, b, l): moments of the tilt from cumulants, against the form at its KL."""
    a, b, tilt = (exact(number) for number in case)
    law = Law.parse("normal()")

    def gain() -> arb:
        _, mean, variance = law.cumulants(tilt)
        return a * mean - b * (variance + mean**2 - 1)

    def form() -> arb:
        log_mgf, mean, _ = law.cumulants(tilt)
        d = (tilt * mean - log_mgf).sqrt()
        return d * (a * arb(2).sqrt() - 2 * b * d)

    yield near("gain and form", gain, form, lambda: arb(10) ** -12)


# ---------------------------------------------------------------- claims

PEAKS = (
    Step("best-of-n, level", "d (a - b d) is level at a/(2b).", level_best_of_n),
    Step("best-of-n, highest", "There it is a^2/(4b), and nowhere more.", below_best_of_n),
    Step("RL, level", "d (a - b log d) is level at exp(a/b - 1).", level_rl),
    Step("RL, bends", "It bends down everywhere, so that is its peak.", bends_rl),
    Step("RL, height", "There it is b exp(a/b - 1).", height_rl),
)
N_OF_KL = (
    Step("KL rises", "log n - (n - 1)/n rises with n, from 0 at n = 1.", rises_with_n),
    Step("inverse", "m = -1/n solves m exp(m) = -exp(-1 - KL).", inverse),
)
SMALL = (
    Step("endless slope", "Divided by d, d (a - b log d) grows like b log(1/d).", endless_slope),
    Step("bound", "At l = sqrt(2) d/sigma the bound (KL + K(l) - l E V)/l is so.", budget_bound),
    Step("slope of the bound", "Divided by d it tends to sqrt(2) sigma.", budget_slope),
)
PARABOLA = (
    Step("mean", "The tilt by l moves a standard normal U to mean l.", mean_of_tilt),
    Step("square", "Its second moment is then 1 + l^2.", square_of_tilt),
    Step("cost", "The cost is l K'(l) - K(l) = l^2/2.", cost_of_tilt),
    Step("parabola", "So the gain is a parabola in d.", parabola),
)

CLAIMS = (
    Claim(
        "overoptimization.peaks",
        "For b > 0, R(d) = d (a - b d) is largest at d = a/(2b), where it is a^2/(4b); and R(d) = "
        "d (a - b log d) is largest at d = exp(a/b - 1), where it is b exp(a/b - 1). For b = 0 "
        "both are the line a d, which has no peak.",
        "ours",
        "ours",
        evidence=(Identity(PEAKS),),
    ),
    Claim(
        "overoptimization.n-of-kl",
        "The best of n costs KL = log n - (n - 1)/n for an atomless proxy. One n has each KL >= 0: "
        "n = -1/W_0(-exp(-1 - KL)), with Lambert's function W_0. Combines: KL rises with n, and "
        "-1/n solves Lambert's equation, above -1.",
        "ours",
        "ours",
        evidence=(
            Identity(N_OF_KL),
            Enclosed(back_and_forth, (2, 3, 10, 1000, 10**9)),
        ),
    ),
    Claim(
        "overoptimization.small-budgets",
        "Near the base policy d (a - b log d) with b > 0 is steeper than any line. A utility with "
        "light tails on both sides and standard deviation sigma gains at most sqrt(2) sigma d + "
        "O(d^2), whatever the policy and its proxy: so that form cannot hold down to d = 0. "
        "Combines: E_P V - E V <= (KL + K(l) - l E V)/l for every l, and K has a third derivative "
        "at 0.",
        "ours",
        "ours",
        uses=("t2.duality",),
        evidence=(Identity(SMALL),),
    ),
    Claim(
        "overoptimization.parabola",
        "Let U be standard normal and E[V | U = u] = a u - b (u^2 - 1). Tilts of U by l have "
        "KL = l^2/2 and gain exactly d (sqrt(2) a - 2 b d): the form of best-of-n, with alpha = "
        "sqrt(2) a and beta = 2b, along the path of a KL penalty. For b = 0, where X and V are "
        "jointly normal say, beta = 0 and the gain is the line sqrt(2) Cov(U, V)/sd(U) d.",
        "ours",
        "ours",
        evidence=(
            Identity(PARABOLA),
            Enclosed(on_the_parabola, (("1", "0.2", "1"), ("2", "0", "3"), ("-1", "0.5", "0.25"))),
        ),
    ),
)
