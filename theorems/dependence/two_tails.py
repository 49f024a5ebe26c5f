"""Independent X and V: what can be done to both at once, and at what price.

Reweight each by itself: the divergences add. So where the tail on the side in question is heavy,
``E_P X`` and ``E_P V`` go wherever one likes, each on its own, at as small a KL as one likes; up
for X and down for V, say, so that the proxy soars while the utility is ruined, or both. Nor does
any other P do it at less: the KL of P is at least the sum of those of its margins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from flint import arb, fmpq

from theorems.dependence.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, agrees, below, near
from verify.decimals import round_decimal
from verify.divergence import binary_kl
from verify.enclosure import Diverges, Undecided, exact, working_precision
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.reweighted import ThresholdReweighted
from verify.weight import Location, Threshold

# ---------------------------------------------------------------- the price of two margins


def costs_add() -> Relation:
    import sympy as sp

    n = symbols()
    left = (n.m * n.q) * sp.log(n.m * n.q)
    return Relation(left, n.q * (n.m * sp.log(n.m)) + n.m * (n.q * sp.log(n.q)))


def no_cheaper() -> Relation:
    import sympy as sp

    n = symbols()
    # w is the density of P, m and q those of its margins, each against the base.
    left = n.w * sp.log(n.w) - n.w * sp.log(n.m) - n.w * sp.log(n.q)
    return Relation(left, n.w * sp.log(n.w / (n.m * n.q)))


def two_tilts() -> Relation:
    import sympy as sp

    n = symbols()
    score = n.l * n.x + n.r * n.b - n.K - n.R
    return Relation(n.w * sp.log(n.w) - n.w * score, n.w * sp.log(n.w / sp.exp(score)))


def bound_for_two() -> Relation:
    n = symbols()
    given = (n.d + n.K + n.R >= n.l * n.A + n.r * n.B, n.B >= n.M)
    via = {n.d: n.l * n.A + n.r * (n.M + n.y) - n.K - n.R + n.v, n.B: n.M + n.y}
    spare = n.d + n.K + n.R - n.l * n.A - n.r * n.B
    form = (spare + n.r * (n.B - n.M)) / n.l
    return Relation((n.d + n.K + n.R - n.r * n.M) / n.l, n.A, ">=", form, given, via)


# ---------------------------------------------------------------- any finite pair


def hits_exactly() -> Relation:
    n = symbols()
    mass = (n.M - n.B) / (n.A - n.B)
    # A and B are the means above and below the threshold, apart by h.
    return Relation(mass * n.A + (1 - mass) * n.B, n.M, given=(n.A > n.B,))


@dataclass(frozen=True)
class Margin:
    """One of X and V, or its negative where it is to go down, and the mean that it is to have.

    Attributes
    ----------
    law : str
        Its law under the base policy.
    goal, t : str
        The mean, above the base's, and the threshold above which mass is added.
    """

    law: str
    goal: str
    t: str

    def mass(self) -> arb:
        """The mass above t with which the mean is the goal, not more and not less."""
        law, t = Law.parse(self.law), exact(self.t)
        above, under = law.tail_mean(t), law.lower_mean(t)
        assert isinstance(above, arb) and isinstance(under, arb)
        under = under / law.cdf(t)
        return (exact(self.goal) - under) / (above - under)

    def cost(self) -> arb:
        """The KL divergence of that."""
        law, t = Law.parse(self.law), exact(self.t)
        return binary_kl(self.mass(), law.log_survival(t), law.log_cdf(t))

    def rounded(self) -> ThresholdReweighted:
        """The same with a mass of 30 digits."""
        with working_precision(256):
            mass = round_decimal(self.mass().mid(), 30, up=True)
        return ThresholdReweighted(
            Law.parse(self.law), Threshold(Location(t=Decimal(self.t)), mass)
        )


def any_pair(case: tuple[Margin, Margin, str]) -> Iterator[Comparison] | None:
    """Both means hit exactly, at a total KL below the budget; None if a law is not right-heavy."""
    if any(Law.parse(margin.law).mgf_abscissa != 0 for margin in case[:2]):
        return None
    return _any_pair(*case)


def _any_pair(error: Margin, utility: Margin, budget: str) -> Iterator[Comparison]:
    for margin in (error, utility):
        law = margin.rounded()
        mean, goal = partial(_mean, law), partial(arb, exact(margin.goal))
        yield below("mean of the base", partial(_mean, law.base), goal)
        # A mass of 30 digits is off by 1e-30 of itself, the mean and the KL by that and a factor.
        yield near(f"mean of {margin.law}", mean, goal, lambda: arb(10) ** -20)
        yield near(f"KL of {margin.law}", margin.cost, law.kl, lambda: arb(10) ** -25)
    yield below("KL", lambda: error.cost() + utility.cost(), partial(arb, exact(budget)))


def _mean(law: Law) -> arb:
    mean = law.mean()
    if isinstance(mean, Diverges):
        raise Undecided(f"{law} has no finite mean")
    return mean


# ---------------------------------------------------------------- an infinite pair


def heavier_cost() -> Relation:
    import sympy as sp

    n = symbols()
    # log of y^-2/(a y^(-a-1)), averaged under y^-2.
    ratio = (n.a - 1) * sp.log(n.s) - sp.log(n.a)
    # s = 1 + what is not negative: SymPy must see a positive variable.
    y = sp.Symbol("y", positive=True)
    left = sp.Integral(ratio.subs(n.s, y) * y**-2, (y, 1, sp.oo))
    return Relation(left, n.a - 1 - sp.log(n.a))


def heavier_mean() -> Relation:
    import sympy as sp

    n = symbols()
    y = sp.Symbol("y", positive=True)
    return Relation(sp.Integral(y * y**-2, (y, 1, n.t)), sp.log(n.t))


def heavier_diverges() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.log(n.t), n.t, sp.oo), sp.oo)


def share_of_cost() -> Relation:
    import sympy as sp

    n = symbols()
    ratio = n.q  # the density of the heavier law against the base
    mixture = n.p * ratio + 1 - n.p
    left = n.p * ratio * sp.log(ratio) - mixture * sp.log(mixture)
    right = n.p * ratio * sp.log(ratio / mixture) + (1 - n.p) * sp.log(1 / mixture)
    return Relation(left, right, given=(n.p < 1,), via={n.p: n.i / (n.i + n.j)})


def cost_vanishes() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.p * (n.a - 1 - sp.log(n.a)), n.p, 0, "+"), 0)


#: mpmath carries 40 digits; 25 leave its quadrature plenty.
MP_DIGITS, AGREEING_DIGITS = 40, 25


def cost_of_share(share: fmpq) -> arb:
    """``KL((1 - p) Pareto(2) + p Pareto(1) || Pareto(2))`` in closed form.

    With ``u = 1/y`` and ``c = (1 - p) u + p/2`` it is the integral of ``2c log(c/u)`` over (0, 1).
    """
    p = arb(share)

    def primitive(c: arb) -> arb:
        return c * c * c.log() - c * c / 2

    return (primitive(1 - p / 2) - primitive(p / 2)) / (1 - p) + (1 + p) / 2


def cost_by_mpmath(share: fmpq) -> Any:
    import mpmath as mp

    with mp.workdps(MP_DIGITS):
        p = mp.mpf(int(share.p)) / int(share.q)

        def integrand(s: Any) -> Any:  # y = exp(s)
            density = 2 * (1 - p) * mp.exp(-2 * s) + p * mp.exp(-s)
            return density * mp.log(1 - p + p / 2 * mp.exp(s))

        return mp.quad(integrand, [0, 1, 4, 12, 40, 140])


def infinite_pair(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (share of X, share of V, budget): E_P V = +oo and E_P X = -oo, at a KL within it.

    Under the base -X and V are Pareto(2); a share of each is replaced by Pareto(1).
    """
    budget = exact(case[2])
    shares = [exact(number) for number in case[:2]]
    for share in shares:
        law = Law.parse(f"mixture({1 - share}*pareto(alpha=2), {share}*pareto(alpha=1))")
        cost = partial(cost_of_share, share)
        yield below("a real number and the mean", lambda: arb(10) ** 100, law.mean)
        yield below("minus the mean", (-law).mean, lambda: -(arb(10) ** 100))
        yield agrees("KL", cost, partial(cost_by_mpmath, share), AGREEING_DIGITS)
        yield below("KL and p(a - 1 - log a)", cost, partial(_share_bound, share))
    total = partial(_total, tuple(shares))
    yield below("total", total, partial(arb, budget))


def _share_bound(share: fmpq) -> arb:
    return share * (1 - arb.const_log2())


def _total(shares: tuple[fmpq, ...]) -> arb:
    return sum((cost_of_share(share) for share in shares), arb(0))


# ---------------------------------------------------------------- claims

PRODUCT = (
    Step("costs add", "For independent reweightings the divergences add: m and q average to 1.",
         costs_add),
    Step("no cheaper", "Any P costs that much for its margins, and a relative entropy more.",
         no_cheaper),
)  # fmt: skip
TWO_TILTS = (
    Step("two tilts", "KL - l E_P X - r E_P V + K_X(l) + K_V(r) is a relative entropy.", two_tilts),
    Step("bound for two", "So E_P X is bounded where E_P V is to be at least M.", bound_for_two),
)
EXACT_PAIR = (Step("exactly", "The mean is linear in the mass above a threshold.", hits_exactly),)
INFINITE = (
    Step("heavier", "KL(Pareto(1)‖Pareto(a)) = a - 1 - log a.", heavier_cost),
    Step("share", "A share p of it costs no more than p times that: the rest is a relative "
         "entropy of the base and one of Pareto(1), both to the mixture.", share_of_cost),
    Step("cost vanishes", "This vanishes with p.", cost_vanishes),
    Step("mean up to t", "Up to t the mean of Pareto(1) is log t.", heavier_mean),
    Step("infinite", "So it is infinite, as is that of any share of it.", heavier_diverges),
)  # fmt: skip

#: Pairs (X, V), turned round where the mean is to go down, and budgets.
PAIRS = (
    (Margin("student_t(df=3)", "100", "1e7"), Margin("-student_t(df=3)", "1000", "1e8"), "0.001"),
    (Margin("-student_t(df=3)", "100", "1e7"), Margin("lognormal(mu=0, sigma=1)", "10", "1e8"),
     "0.0003"),
    (Margin("pareto(alpha=2)", "50", "1e10"), Margin("log_logistic(shape=3)", "30", "1e10"),
     "0.000001"),
    (Margin("exponential()", "50", "60"), Margin("student_t(df=3)", "100", "1e7"), "0.001"),
)  # fmt: skip

CLAIMS = (
    Claim(
        "dependence.product",
        "For X and V independent under Q: KL(P||Q) >= KL(P_X||Q_X) + KL(P_V||Q_V) for every P with "
        "margins P_X and P_V, with equality for their product.",
        "ours",
        "ours",
        uses=("t2.bowl",),
        evidence=(Identity(PRODUCT),),
    ),
    Claim(
        "dependence.two-tilts",
        "For X and V independent and l, r >= 0: l E_P X + r E_P V <= KL(P||Q) + K_X(l) + K_V(r). "
        "So one pair (l, r) can prove that no P within a KL has both means above two targets.",
        "ours",
        "ours",
        uses=("t2.gibbs",),
        evidence=(Identity(TWO_TILTS),),
    ),
    Claim(
        "dependence.any-pair",
        "X and V independent with finite means: for every eps > 0 there is a P with KL(P||Q) < eps "
        "and E_P X = x, E_P V = v exactly, where X is heavy on the side on which x lies from E X "
        "(right-heavy for x > E X, left-heavy for x < E X; nothing for x = E X), and V on the side "
        "on which v lies. Combines: Theorem 1 for either, with the mass above the threshold "
        "lowered until the mean is exact, which lowers the KL. Each hypothesis is needed: on a "
        "light side Theorem 2 bounds the mean.",
        "ours",
        "ours",
        uses=("t1.no-moments", "t2", "dependence.product"),
        evidence=(
            Identity(EXACT_PAIR),
            Enclosed(any_pair, PAIRS),
        ),
    ),
    Claim(
        "dependence.infinite-pair",
        "Infinite means too: where V is right-heavy, P with E_P V = +oo, where it is left-heavy, "
        "-oo, and the same for X, at as small a KL as one likes. With -X and V of law Pareto(2), "
        "replace a share p of each by Pareto(1): E_P V = +oo, E_P X = -oo, and KL is at most "
        "2p(1 - log 2).",
        "ours",
        "ours",
        uses=("t2.infinite-mean", "dependence.product"),
        evidence=(
            Identity(INFINITE),
            Enclosed(
                infinite_pair,
                (("0.1", "0.1", "0.05"), ("0.01", "0.001", "0.004"), ("1e-9", "1e-9", "1e-9")),
            ),
        ),
    ),
)
