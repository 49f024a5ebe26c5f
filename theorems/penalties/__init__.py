"""Penalties other than KL: which of them holds which tail. Ours, from classical duality.

**Statement.** Let Q have a reward X with ``E|X| < oo``, and let the budget be ``D_f(P||Q) <= d``, d
positive. The best mean is ``inf (d + m + E f*(l X - m))/l`` over l > 0 and m. It is finite iff

* KL: ``E exp(l X)`` is finite for some l > 0 (Theorems 1 and 2);
* order a > 1 (power or Renyi): ``E X_+^(a/(a - 1))`` is; chi-square is order 2;
* an odds cap: ``E X_+`` is;
* total variation, Hellinger, Jensen-Shannon, reverse KL, orders below 1: X has a largest value.

**Verdict.** Nothing of this is printed in the paper; it answers what its readers ask: would another
penalty have helped? Against power tails, orders above 1 do, down to a tail index of a/(a - 1). KL
does not, and penalties with finite ``f'(oo)`` are weaker still: they fail for a normal law.

**The idea.** A tangent lies below a convex f. Averaged, that bounds the mean; and the reweighting
at which all tangents touch meets the bound.

From top to bottom: :mod:`.symbols`, :mod:`.fenchel` (tangents), :mod:`.duality` (the bound),
:mod:`.orders` (closed forms), :mod:`.moments` (finite iff a moment is, the boundary index, the odds
cap), :mod:`.steps` (where only a largest value helps). What computes frontiers is
:mod:`verify.penalties`.
"""

from __future__ import annotations

from theorems.penalties import duality, moments, orders, steps
from theorems.penalties.symbols import symbols
from verify.claim import Claim, Exact
from verify.identity import Identity, Relation, Step


def conjugate_order() -> Relation:
    n = symbols()
    # a = 1 + b and a' = (1 + b)/b.
    return Relation(1 / (1 + n.b) + n.b / (1 + n.b), 1)


CONJUGATE = (Step("conjugate orders", "1/a + 1/a' = 1 for a = 1 + b.", conjugate_order),)

TABLE = (
    ("normal()", "kl", "yes"),
    ("normal()", "chi2", "yes"),
    ("normal()", "tv", "no"),
    ("lognormal()", "kl", "no"),
    ("lognormal()", "power:1.01", "yes"),
    ("pareto(alpha=3)", "chi2", "yes"),
    ("pareto(alpha=3)", "power:1.5", "no"),
    ("pareto(alpha=3)", "renyi:1.6", "yes"),
    ("pareto(alpha=1.2)", "odds", "yes"),
    ("cauchy()", "odds", "no"),
    ("uniform(low=0, high=1)", "reverse_kl", "yes"),
    ('tail(log_sf="-2*log(x)", lower=1)', "chi2", "no"),
    ('tail(log_sf="-2*log(x)-2*log(log(x))", lower="exp(1)")', "chi2", "yes"),
)
"""Rows of the table: a law, a divergence, and whether it holds the law."""

THEOREM = Claim(
    "penalties",
    "Let E|X| be finite. For every budget d > 0 the best mean is finite iff: under order a > 1, "
    "E X_+^(a/(a - 1)) is; under an odds cap, E X_+ is; under total variation, Hellinger, "
    "Jensen-Shannon, reverse KL or an order below 1, X has a largest value. (Under KL: iff X is "
    "right-light.)",
    "ours",
    "ours",
    uses=(
        "t2",
        "penalties.dual",
        "penalties.orders",
        "penalties.infinite",
        "penalties.boundary",
        "penalties.odds",
        "penalties.steps",
    ),
    evidence=(Identity(CONJUGATE), Exact(steps.answers, TABLE)),
)

CLAIMS: tuple[Claim, ...] = (
    THEOREM,
    *duality.CLAIMS,
    *orders.CLAIMS,
    *moments.CLAIMS,
    *steps.CLAIMS,
)
