"""Continuity of the proxy, which the printed theorem asks for, plays no part.

With atoms all goes through: for V ~ Poisson(m) the tilt by l has the mean ``m exp(l)``, without
bound. And with a density it need not: erratum b's proxy has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.t4_tilting.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.tilted_utility import tilted_utility


def poisson_mean() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(n.m * (sp.exp(n.l) - 1), n.l), n.m * sp.exp(n.l))


def poisson_grows() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.m * sp.exp(n.l), n.l, sp.oo), sp.oo)


def on_the_integers(beta: str) -> Iterator[Comparison]:
    """At b: X and V both Poisson(3), so that U is an integer, and E V = 3 exp(1/b)."""
    law = "poisson(mu=3)"
    point = tilted_utility(law, law, betas=[beta]).points[0]
    mean_v = point.mean_v
    assert isinstance(mean_v, arb) and isinstance(point.at, fmpq)
    tilt = point.at

    def closed_form() -> arb:
        return 3 * arb(tilt).exp()

    yield near("E V", lambda: mean_v, closed_form, lambda: closed_form() * arb(10) ** -18)
    yield below("base and E V", partial(arb, 3), lambda: mean_v)
    yield near(
        "mass on the integers",
        lambda: sum((Law.parse(law).mass_at(fmpq(k)) for k in range(60)), arb(0)),
        lambda: arb(1),
        lambda: arb(10) ** -30,
    )


ATOMS = (
    Step("mean of Poisson", "Tilted by l, the mean is m exp(l).", poisson_mean),
    Step("grows", "It has no bound.", poisson_grows),
)

CLAIMS = (
    Claim(
        "t4.continuity",
        "U need not be continuous, and that does not help: with X and V Poisson, U is an integer, "
        "and E V grows without bound; with X ~ Exp(1) and V ~ N(0, 1), U has a density, and E V "
        "does not.",
        "Theorem 4",
        "corrected",
        uses=("t4.erratum-b", "t4.limit"),
        evidence=(Identity(ATOMS), Enclosed(on_the_integers, ("1", "0.25"))),
    ),
)
