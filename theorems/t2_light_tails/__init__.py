"""Theorem 2: light tails bound the mean; with Theorem 1, a dichotomy.

**Statement.** Let Q be a law on the line with a light right tail: ``E exp(l X) < oo`` for some
l > 0. For every d > 0 the means ``E_P X`` of all P with ``KL(P || Q) <= d`` have a finite
supremum S(d), and ``S(d) -> E X`` as d -> 0. Precisely, ``S(d) = inf (d + K(l))/l`` over l > 0,
with ``K(l) = log E exp(l X)``.

**In print.** Theorem 2 of the paper (Theorem 3 in the earlier blog version).

**Verdict.** False as printed: a light right tail bounds means from above, and the printed
conclusion is about both directions. With both tails light it is true; the upper half, which is all
that Corollary 1 uses, needs the right one only.

**The idea.** Tilt Q by ``exp(l X)``. Any P is at a distance of ``KL(P || Q_l) >= 0`` from the tilt,
and that distance is ``KL(P || Q) - l E_P X + K(l)``. So each l is a bound on every mean, and the
tilt that costs exactly d meets it.

**Where we differ.** (a) Which tail bounds which side. (b) The tilt at the rate may have an infinite
mean; below it all is finite and continuous. (c) Symbols that change within the printed proof, of
which there is nothing to run. And "light" is the exact opposite of Theorem 1's "heavy".

From top to bottom: :mod:`.symbols`, :mod:`.duality` (each tilt bounds every mean, the right one
meets it), :mod:`.attainment` (what happens beyond the last tilt and at the top),
:mod:`.dichotomy`, :mod:`.closed_forms` and :mod:`.digits` (seven laws), :mod:`.two_sides`
(erratum a), :mod:`.errata` (b), :mod:`.corollary_1`. What computes S for a given law is
:mod:`verify.frontier`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.kernel import proved
from theorems.t2_light_tails import (
    attainment,
    corollary_1,
    dichotomy,
    digits,
    duality,
    errata,
    two_sides,
)
from theorems.t2_light_tails.tilts import bound_near_zero, finite_mean
from verify.claim import Claim, Comparison, Enclosed, below
from verify.enclosure import Diverges
from verify.identity import Identity
from verify.law import Law


def falls_to_the_mean(case: tuple[str, str]) -> Iterator[Comparison]:
    """The bound at ``l = sqrt(d)`` for ``d = 10^-8`` and ``10^-16``: near the mean, or far down.

    The case gives the law and room for the bound at ``10^-8`` above the mean; where the mean is
    -oo, a number that the bound is below.
    """
    text, number = case
    law, room = Law.parse(text), fmpq(int(number))

    if isinstance(law.mean(), Diverges):
        yield below("bound at 1e-8", partial(bound_near_zero, law, 10**4), partial(arb, room))
        yield below("bound at 1e-16", partial(bound_near_zero, law, 10**8), lambda: 50 * arb(room))
        return

    def gain(root: int) -> arb:
        return bound_near_zero(law, root) - finite_mean(law)

    yield below("0 and bound", lambda: arb(0), lambda: gain(10**8))
    yield below("bound at 1e-8", lambda: gain(10**4), lambda: arb(room) / 10**4)
    yield below("bound at 1e-16", lambda: gain(10**8), lambda: arb(room) / 10**8)


THEOREM = Claim(
    "t2",
    "For every right-light law Q: over all P with KL(P||Q) <= d, E_P X has a finite supremum S(d), "
    "for every d > 0; and S(d) -> E X as d -> 0. Combines: (d + K(l))/l bounds it, and at l = "
    "sqrt(d) this is at most sqrt(d) + (M(l) - 1)/l, which falls to E X by monotone convergence "
    "(to -oo where E X = -oo). P = Q gives S(d) >= E X.",
    "Theorem 2, upper half",
    "as_printed",
    uses=("t2.gibbs", "t2.bowl"),
    evidence=(
        Identity(duality.START),
        Enclosed(
            falls_to_the_mean,
            (
                ("normal(mu=1, sigma=2)", "4"),
                ("exponential()", "2"),
                ("laplace()", "3"),
                ("poisson(mu=3)", "4"),
                ("gumbel()", "2"),
                ("-pareto(alpha=3)", "2"),
                ("-pareto(alpha=0.5)", "-100"),
            ),
        ),
        proved("t2_light_tails.theorem2"),
    ),
)

CLAIMS: tuple[Claim, ...] = (
    THEOREM,
    *duality.CLAIMS,
    *attainment.CLAIMS,
    *dichotomy.CLAIMS,
    *digits.CLAIMS,
    *two_sides.CLAIMS,
    *errata.CLAIMS,
    *corollary_1.CLAIMS,
)
