"""Erratum b, and what "light" must mean.

(b) The printed proof takes the mean of a tilt for granted, and its continuity. At the rate itself a
tilt can have a finite normaliser and an infinite mean: ``Q(X > x) = exp(-x)(1 + x)^-2`` at l = 1.
Below the rate all is well, and that is where the proof belongs.

Erratum c, symbols that change their names within the printed proof, has nothing that could be run.

The paper does not define "light". Read as "not heavy" in its own sense of heavy, Theorem 2 fails:
the staircase is not heavy in that sense, and yet a KL of next to nothing buys any mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal
from functools import partial

from flint import arb, fmpq

from theorems.t2_light_tails.symbols import Expression, bowl, symbols
from theorems.t2_light_tails.tilts import finite_mean, tilt_bound, tilt_mean
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.laws.staircase import Staircase, corner
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

LAST_MEAN_INFINITE = 'tail(log_sf="-x-2*log(1+x)", lower=0)'

# ---------------------------------------------------------------- b: the mean of a tilt


def weight_at_rate() -> Expression:
    """``exp(x)`` times the density of ``exp(-x)(1 + x)^-2``, with ``y = 1 + x``."""
    y = symbols().y
    return y**-2 + 2 * y**-3


def density_at_rate() -> Relation:
    import sympy as sp

    y = symbols().y
    return Relation(-sp.Derivative(sp.exp(1 - y) * y**-2, y), sp.exp(1 - y) * weight_at_rate())


def normaliser_at_rate() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Integral(weight_at_rate(), (n.y, 1, sp.oo)), 2)


def mean_up_to_t() -> Relation:
    import sympy as sp

    n = symbols()
    inside = (n.y - 1) * weight_at_rate()
    return Relation(sp.Integral(inside, (n.y, 1, n.t)), sp.log(n.t) - 1 / n.t + n.t**-2)


def mean_diverges() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.log(n.t) - 1 / n.t + n.t**-2, n.t, sp.oo), sp.oo)


def linear_below_exponential() -> Relation:
    import sympy as sp

    n = symbols()
    # At z = h x, where l + h is still below the rate: x exp(l x) <= exp((l + h) x)/h.
    return Relation(sp.exp(n.z) - n.z, 1 + sp.exp(n.z) * bowl(-n.z))


def near_the_rate(text: str) -> Iterator[Comparison]:
    """Tilts near the rate: normalisers below 2, and means that grow like a logarithm."""
    law = Law.parse(text)
    for places, least in ((3, 2), (6, 5), (9, 8)):
        tilt = 1 - fmpq(1, 10**places)
        # K(l) < log 2, and l is at least 0.999. At d = 0 the bound is K(l)/l.
        ratio, mean = partial(tilt_bound, law, tilt, fmpq(0)), partial(tilt_mean, law, tilt)
        yield below(f"K/l at 1 - 1e-{places}", ratio, lambda: arb(2).log() * 1002 / 1000)
        yield below(f"mean at 1 - 1e-{places}", partial(arb, least), mean)


# ---------------------------------------------------------------- what "light" must mean


def bought_on_the_staircase(k: int) -> Iterator[Comparison]:
    """Just below corner k + 1, mass 200/t raises the mean by 100 or more at a KL below 1/100."""
    law, x = Staircase(), corner(k)
    t = x * x - 1
    mass = Context(prec=60).divide(Decimal(200), Decimal(int(t.p)))
    optimised = ThresholdReweighted(law, Threshold.at(int(t.p), mass))

    def by_parts() -> arb:
        above, below_t = law.tail_mean(t), law.lower_mean(t)
        assert isinstance(above, arb) and isinstance(below_t, arb)
        p = arb(200) / arb(t)
        return p * above + (1 - p) * below_t / law.cdf(t)

    yield below("KL", optimised.kl, lambda: arb(1) / 100)
    yield below("mean + 100", lambda: finite_mean(law) + 100, optimised.mean)
    # The mass is 200/t to 60 digits.
    yield near("mean", partial(finite_mean, optimised), by_parts, lambda: arb(10) ** -50)


# ---------------------------------------------------------------- claims

AT_RATE = (
    Step("density at rate", "exp(x) times the density, y = 1 + x.", density_at_rate),
    Step("M at rate", "E exp(X) = 2.", normaliser_at_rate),
    Step("mean up to t", "E[X exp(X); X <= t - 1] in closed form.", mean_up_to_t),
    Step("mean at rate", "It grows without bound.", mean_diverges),
)
BELOW_RATE = (
    Step("linear below exponential", "exp(z) - z is 1 and a bowl.", linear_below_exponential),
)

CLAIMS = (
    Claim(
        "t2.erratum-b",
        "Refuted: where E exp(l X) is finite the tilt by l has a finite mean. For Q(X > x) = "
        "exp(-x)(1 + x)^-2, E exp(X) = 2 and E X exp(X) = oo.",
        "Theorem 2, proof",
        "refutation",
        evidence=(Identity(AT_RATE), Enclosed(near_the_rate, (LAST_MEAN_INFINITE,))),
    ),
    Claim(
        "t2.erratum-b.corrected",
        "For 0 < l < rate(Q) the tilt has a finite mean: |x| exp(l x) is at most "
        "exp((l + h) x)/h for x >= 0 and at most 1/l for x < 0. There K is analytic, so mean and "
        "cost of the tilt are continuous in l, and the cost tends to 0 with l.",
        "Theorem 2, proof",
        "corrected",
        uses=("t2.bowl", "t2.tilts"),
        evidence=(Identity(BELOW_RATE),),
    ),
    Claim(
        "t2.definition",
        "'Light' cannot be read as 'not heavy' in the printed sense of heavy: the staircase is not "
        "heavy in that sense, and its mean can be raised by 100 at a KL below 1/100.",
        "ours",
        "ours",
        uses=("t1.definitions-differ",),
        evidence=(Enclosed(bought_on_the_staircase, (5, 6)),),
    ),
)
