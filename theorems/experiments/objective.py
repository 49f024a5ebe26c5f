"""Section 5's objective, a bounded function of the mean reward plus the KL divergence.

The print maximises ``sigma(E U) + KL`` and says that the divergence goes to zero. With a plus it
runs away: the objective pays for divergence. A minus is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, fmpq

from theorems.experiments.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below
from verify.identity import Identity, Relation, Step
from verify.law import Law

# ---------------------------------------------------------------- as printed


def conditioning_cost() -> Relation:
    import sympy as sp

    n = symbols()
    # The density is 1/q on the event and 0 off it; 0 log 0 = 0.
    return Relation(n.q * ((1 / n.q) * sp.log(1 / n.q)), -sp.log(n.q))


def runs_away() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.s - sp.log(n.q), n.q, 0, "+"), sp.oo)


def rewards_divergence(case: tuple[str, int]) -> Iterator[Comparison]:
    """At (law of U, k): conditioning on its lowest 10^-k beats every policy with KL <= 2k.

    Sigma is the logistic function, between 0 and 1. The lowest rewards do it as well as any.
    """
    text, k = case
    law = Law.parse(text)
    cut = law.quantile(fmpq(1, 10**k)).mid().fmpq()

    def objective() -> arb:
        mass = law.cdf(cut)
        mean = law.lower_mean(cut)
        assert isinstance(mean, arb)
        return 1 / (1 + (-mean / mass).exp()) - mass.log()

    yield below("1 + 2k and the objective", lambda: arb(1 + 2 * k), objective)


# ---------------------------------------------------------------- with a minus


def unspent() -> Relation:
    n = symbols()
    # J = S - b KL is within d of s, and S <= s.
    via = {n.S: n.s - n.y, n.J: n.s - n.d + n.w}
    return Relation(
        n.d, n.S - n.J, ">=", (n.s - n.S) + (n.J - n.s + n.d), (n.s >= n.S, n.s - n.d <= n.J), via
    )


CLAIMS = (
    Claim(
        "experiments.objective",
        "Refuted: for a bounded function sigma, the policies that nearly maximise sigma(E U) + KL "
        "have a vanishing KL. To condition on any event of probability q, of low rewards say, is "
        "worth inf sigma + log(1/q), without bound as q falls; with KL <= d no policy is worth "
        "more than sup sigma + d.",
        "Bounded objective",
        "refutation",
        evidence=(
            Identity(
                (
                    Step("conditioning cost", "Conditioning costs log(1/q).", conditioning_cost),
                    Step("runs away", "The objective grows without bound.", runs_away),
                )
            ),
            Enclosed(
                rewards_divergence,
                (
                    ("normal(mu=0, sigma=1)", 5),
                    ("student_t(df=3)", 20),
                    ("lognormal(mu=0, sigma=1)", 50),
                ),
            ),
        ),
    ),
    Claim(
        "experiments.objective.corrected",
        "With sigma(E U) - b KL, b > 0, it is true of every right-heavy U: the supremum is s = sup "
        "sigma (sigma nondecreasing), and policies within d of it have KL <= d/b. As d falls their "
        "KL vanishes, and with it what Theorem 2 lets E V move, where V has light tails. Combines: "
        "Theorem 1 for the supremum; sigma(E U) <= s for the bound.",
        "Bounded objective",
        "corrected",
        uses=("t1", "t2.erratum-a.corrected"),
        evidence=(Identity((Step("unspent", "b KL = sigma(E U) - J is at most d.", unspent),)),),
    ),
)
