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
    slope = sp.Derivative(best_of_n_form(n.x), n.x)
    return Relation(sp.Subs(slope, n.x, n.a / (2 * n.b)), 0)


def below_best_of_n() -> Relation:
    n = symbols()
    peak = n.a / (2 * n.b)
    form = n.b * (n.x - peak) ** 2
    return Relation(n.a**2 / (4 * n.b), best_of_n_form(n.x), ">=", form)


def level_rl() -> Relation:
    import sympy as sp

    n = symbols()
    slope = sp.Derivative(rl_form(n.x), n.x)
    return Relation(sp.Subs(slope, n.x, sp.exp(n.a / n.b - 1)), 0)


def bends_rl() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(rl_form(n.x), (n.x, 2)), -n.b / n.x)


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
    return Relation(sp.Limit((n.a - n.b * sp.log(n.x)) / -sp.log(n.x), n.x, 0, "+"), n.b)


def budget_bound() -> Relation:
    import sympy as sp

    n = symbols()
    # (KL + K(l) - l E V)/l with K(l) - l E V <= sigma^2 l^2/2 + c l^3, at l = sqrt(2) d/sigma.
    tilt = sp.sqrt(2) * n.x / n.sigma
    bound = (n.x**2 + n.sigma**2 * tilt**2 / 2 + n.c * tilt**3) / tilt
    return Relation(bound, sp.sqrt(2) * n.sigma * n.x + 2 * n.c * n.x**2 / n.sigma**2)


def budget_slope() -> Relation:
    import sympy as sp

    n = symbols()
    bound = sp.sqrt(2) * n.sigma + 2 * n.c * n.x / n.sigma**2
    return Relation(sp.Limit(bound, n.x, 0, "+"), sp.sqrt(2) * n.sigma)


def shifted() -> Relation:
    import sympy as sp

    n = symbols()
    weight = sp.exp(n.l * n.u - n.l**2 / 2)
    return Relation(sp.exp(-(n.u**2) / 2) * weight, sp.exp(-((n.u - n.l) ** 2) / 2))


def gain() -> Relation:
    n = symbols()
    # E[V | U] at u + l, u standard normal: what is averaged away has factors u or u^2 - 1.
    moved = n.a * (n.u + n.l) - n.b * ((n.u + n.l) ** 2 - 1)
    away = (n.a - 2 * n.b * n.l) * n.u - n.b * (n.u**2 - 1)
    return Relation(moved, away + n.a * n.l - n.b * n.l**2)


def parabola() -> Relation:
    import sympy as sp

    n = symbols()
    # KL = l^2/2, so l = sqrt(2) d.
    tilt = sp.sqrt(2) * n.x
    return Relation(n.a * tilt - n.b * tilt**2, n.x * (sp.sqrt(2) * n.a - 2 * n.b * n.x))


def cost_of_tilt() -> Relation:
    n = symbols()
    return Relation(n.l * n.l - n.l**2 / 2, n.l**2 / 2)


def on_the_parabola(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (a, b, l): moments of the tilt from cumulants, against the form at its KL."""
    a, b, tilt = (exact(number) for number in case)
    law = Law.parse("normal()")

    def gained() -> arb:
        _, mean, variance = law.cumulants(tilt)
        return a * mean - b * (variance + mean**2 - 1)

    def form() -> arb:
        log_mgf, mean, _ = law.cumulants(tilt)
        d = (tilt * mean - log_mgf).sqrt()
        return d * (a * arb(2).sqrt() - 2 * b * d)

    yield near("gain and form", gained, form, lambda: arb(10) ** -12)


# ---------------------------------------------------------------- claims

PEAKS = (
    Step("best-of-n, level", "x (a - b x) is level at a/(2b).", level_best_of_n),
    Step("best-of-n, highest", "There it is a^2/(4b), and nowhere more.", below_best_of_n),
    Step("RL, level", "x (a - b log x) is level at exp(a/b - 1).", level_rl),
    Step("RL, bends", "It bends down everywhere, so that is its peak.", bends_rl),
    Step("RL, height", "There it is b exp(a/b - 1).", height_rl),
)
N_OF_KL = (
    Step("KL rises", "log n - (n - 1)/n rises with n, from 0 at n = 1.", rises_with_n),
    Step("inverse", "m = -1/n solves m exp(m) = -exp(-1 - KL).", inverse),
)
SMALL = (
    Step("endless slope", "Divided by x, x (a - b log x) grows like b log(1/x).", endless_slope),
    Step("bound", "At l = sqrt(2) x/sigma the bound (KL + K(l) - l E V)/l is so.", budget_bound),
    Step("slope of the bound", "Divided by x it tends to sqrt(2) sigma.", budget_slope),
)
PARABOLA = (
    Step("shift", "The tilt by l moves a standard normal U by l.", shifted),
    Step("gain", "So E V gains a l - b l^2: the rest averages to 0.", gain),
    Step("cost", "The cost is l K'(l) - K(l) = l^2/2.", cost_of_tilt),
    Step("parabola", "So the gain is a parabola in x.", parabola),
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
