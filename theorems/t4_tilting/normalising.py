"""Erratum c: where the policy's mass goes, after its weights are normalised.

The printed proof looks at weights ``exp(l U)`` before they are divided by their mean. Those grow
without bound where V is large, in example (b) too; the share of the policy that is there does not.
Where the tilts have no end, it does.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.t4_tilting.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law

NORMAL = "normal(mu=0, sigma=1)"


def tilted_normal() -> Relation:
    import sympy as sp

    n = symbols()
    left = sp.exp(n.l * n.v) * sp.exp(-(n.v**2) / 2)
    return Relation(left, sp.exp(n.l**2 / 2) * sp.exp(-((n.v - n.l) ** 2) / 2))


def weight_grows() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(1 / n.g, n.g, 0, "+"), sp.oo)


def weight_and_share(case: tuple[str, int]) -> Iterator[Comparison]:
    """At (c, k), with l = 1 - 10^-k: E[exp(l U); V > c] is huge, its share of the whole is not."""
    threshold, places = exact(case[0]), case[1]
    tilt = 1 - fmpq(1, 10**places)
    utility = Law.parse(NORMAL)

    def of_error() -> arb:  # E exp(l X) = 1/(1 - l)
        return 1 / (1 - arb(tilt))

    def weight() -> arb:
        return utility.exponential_moments(arb(tilt), threshold, None)[0] * of_error()

    def share() -> arb:
        log_mgf, _, _ = utility.cumulants(tilt)
        return weight() / (log_mgf.exp() * of_error())

    def shifted() -> arb:
        return utility.survival(threshold - tilt)

    # exp(l v) is above 1 where v > c > 0.
    yield below("10^k Pr(V > c)", lambda: 10**places * utility.survival(threshold), weight)
    yield near("share", share, shifted, lambda: arb(10) ** -15)
    yield below("share and its bound", share, lambda: utility.survival(threshold - 1))
    yield below("share and a half", share, lambda: arb(1) / 2)


def odds() -> Relation:
    import sympy as sp

    n = symbols()
    # q is the probability of V > c + t: E[exp(l V); V > c] is at least exp(l (c + t)) q, and
    # E[exp(l V); V <= c] at most exp(l c).
    return Relation(n.q * sp.exp(n.l * (n.c + n.t)) / sp.exp(n.l * n.c), n.q * sp.exp(n.l * n.t))


def odds_grow() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.q * sp.exp(n.l * n.t), n.l, sp.oo), sp.oo)


def share_and_its_bound(case: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """At (law of V, c, t, l): the share above c is at least what the odds say."""
    utility, (threshold, gap, tilt) = Law.parse(case[0]), (exact(number) for number in case[1:])

    def share() -> arb:
        log_mgf, _, _ = utility.cumulants(tilt)
        above: arb = utility.exponential_moments(arb(tilt), threshold, None)[0]
        return above / log_mgf.exp()

    def bound() -> arb:
        odds = utility.survival(threshold + gap) * (arb(tilt) * gap).exp()
        return odds / (1 + odds)

    yield below("bound and share", bound, share)
    yield below("0.999 and bound", lambda: arb(999) / 1000, bound)


# ---------------------------------------------------------------- claims

NORMALISED = (
    Step("tilted normal", "exp(l v) shifts the normal law by l.", tilted_normal),
    Step("weight grows", "The factor 1/g of X has no bound.", weight_grows),
)
ODDS = (
    Step(
        "odds",
        "If V > c + t has probability q, the odds of V > c under the tilt are at least this.",
        odds,
    ),
    Step("odds grow", "They grow without bound.", odds_grow),
)

CLAIMS = (
    Claim(
        "t4.erratum-c",
        "Refuted: that E[exp(l U); V > c] grows without bound, for every c, takes the policy "
        "beyond c. It has to be divided by E exp(l U). For X ~ Exp(1) and V ~ N(0, 1) it grows "
        "without bound as l rises to 1, and the policy's Pr(V > c) = Pr(N(0, 1) > c - l) stays "
        "below Pr(N(0, 1) > c - 1); the median of V is l.",
        "Theorem 4, proof",
        "refutation",
        uses=("t4.factors",),
        evidence=(
            Identity(NORMALISED),
            Enclosed(weight_and_share, (("2", 4), ("2", 12), ("5", 12))),
        ),
    ),
    Claim(
        "t4.erratum-c.corrected",
        "If rate(U) = oo, then for every c below the largest value of V the policy's Pr(V > c) "
        "tends to 1 as b falls to 0: its odds are at least q exp(l t), where V > c + t has "
        "probability q.",
        "Theorem 4, proof",
        "corrected",
        uses=("t4.factors",),
        evidence=(
            Identity(ODDS),
            Enclosed(
                share_and_its_bound,
                (
                    (NORMAL, "5", "1", "30"),
                    ("uniform(low=0, high=1)", "0.9", "0.05", "200"),
                    ("poisson(mu=3)", "7.5", "1", "20"),
                ),
            ),
        ),
    ),
)
