"""Maximising a bounded function of ``E U`` less the price of the KL divergence.

The paper's discussion offers ``sigma(E U) - b KL`` for a bounded rising sigma, in place of
``E U - b KL``. With a right-heavy proxy its supremum is that of sigma, for any mean is had at any
KL divergence above 0. Whoever comes within g of it has spent at most ``g/b``: so the KL divergence
goes to 0, and with it all that a light utility can gain. With a light proxy there is an optimum
that spends some KL, and the utility gains.
"""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb

from theorems.mitigations.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near
from verify.enclosure import exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.reweighted import ThresholdReweighted
from verify.weight import Threshold

HEAVY = "student_t(df=3)"


def spent() -> Relation:
    n = symbols()
    return Relation((n.b * n.K + n.y + n.w) / n.b, n.K, ">=", (n.y + n.w) / n.b)


def bought() -> Relation:
    import sympy as sp

    n = symbols()
    bound = (n.K + n.l**2 * n.tau**2 / 2) / n.l
    form = (n.h - n.l * n.tau) ** 2 / (2 * n.l)
    return Relation(bound, n.tau * sp.sqrt(2 * n.K), ">=", form, (n.K > 0,), {n.K: n.h**2 / 2})


def vanishes() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.tau * sp.sqrt(2 * n.z / n.b), n.z, 0, "+"), 0)


def _logistic(mean: arb) -> arb:
    return 1 / (1 + (-mean).exp())


def _bought(cost: arb) -> arb:
    """The most that a KL divergence moves the mean of N(0, 1)."""
    return (2 * cost).sqrt()


def close_to_the_supremum(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (t, mass, gap) with b = 1: mass above t comes within the gap of the supremum, 1."""
    t, mass, gap = case
    policy = ThresholdReweighted(Law.parse(HEAVY), Threshold.at(t, mass))

    def value() -> arb:
        mean = policy.mean()
        assert isinstance(mean, arb)
        return _logistic(mean) - policy.kl()

    yield below("supremum less value", lambda: 1 - value(), lambda: arb(exact(gap)))
    yield below("value", value, lambda: arb(1))
    yield below("KL", policy.kl, lambda: arb(exact(gap)))
    # What any policy of that KL can make of V ~ N(0, 1), to either side.
    yield below("E V", lambda: _bought(policy.kl()), lambda: _bought(arb(exact(gap))))


# ---------------------------------------------------------------- a light proxy


def slope_at_a_tilt() -> Relation:
    import sympy as sp

    n = symbols()
    gain = 1 / (1 + sp.exp(-n.l * n.s**2)) - n.b * n.l**2 * n.s**2 / 2
    slope = n.s**2 * (sp.exp(-n.l * n.s**2) / (1 + sp.exp(-n.l * n.s**2)) ** 2 - n.b * n.l)
    return Relation(sp.Derivative(gain, n.l), slope)


def slope_at_the_base() -> Relation:
    import sympy as sp

    n = symbols()
    slope = n.s**2 * (sp.exp(-n.l * n.s**2) / (1 + sp.exp(-n.l * n.s**2)) ** 2 - n.b * n.l)
    return Relation(sp.Limit(slope, n.l, 0, "+"), n.s**2 / 4)


#: Halvings of the interval in which the best tilt lies.
HALVINGS = 60


def interior_optimum(price: str) -> Iterator[Comparison]:
    """At b, with X and V ~ N(0, 1): the best tilt spends KL, and E V is that tilt."""
    b = exact(price)

    def slope(tilt: arb) -> arb:
        sigma = _logistic(2 * tilt)
        return sigma * (1 - sigma) - b * tilt

    def best() -> arb:
        low, high = arb(0), 1 / (4 * arb(b))
        for _ in range(HALVINGS):
            middle = ((low + high) / 2).mid()
            if slope(middle) > 0:
                low = middle
            else:
                high = middle
        return low.union(high)

    def value(tilt: arb) -> arb:
        return _logistic(2 * tilt) - b * tilt**2

    yield near(
        "slope at the best tilt", lambda: slope(best()), lambda: arb(0), lambda: arb(10) ** -12
    )
    yield below("value of the base policy", lambda: value(arb(0)), lambda: value(best()))
    yield below("0 and E V", lambda: arb(0), best)
    yield below("0 and KL", lambda: arb(0), lambda: best() ** 2)


HEAVY_STEPS = (
    Step(
        "spent",
        "Let sigma be y short of its best, and let w be left of the gap g: then g is b KL + y + w, "
        "so KL is at most g/b.",
        spent,
    ),
    Step(
        "bought",
        "A tilt of V ~ N(0, tau^2) bounds what a KL divergence K = h^2/2 moves E V by; at "
        "l = h/tau the bound is reached.",
        bought,
    ),
    Step("vanishes", "With g/b for K that goes to 0 as g does.", vanishes),
)
LIGHT_STEPS = (
    Step(
        "slope",
        "For U ~ N(0, s^2) the tilt by l has E U = l s^2 and KL = l^2 s^2/2. So the logistic "
        "function of E U less b KL rises at this rate.",
        slope_at_a_tilt,
    ),
    Step("slope at 0", "That is positive at the base policy, for any b.", slope_at_the_base),
)

CLAIMS = (
    Claim(
        "mitigations.saturating",
        "Let the proxy be right-heavy and sigma bounded and rising. Then sup(sigma(E U) - b KL) "
        "is sup sigma for every b, no policy attains it unless sigma does, a policy within g of "
        "it has KL <= g/b, and for V ~ N(0, tau^2) its E V is within tau sqrt(2 g/b) of the base "
        "policy's. So such an objective drives KL, and with it E V, back to the base.",
        "ours",
        "ours",
        uses=("t1", "t2.duality"),
        evidence=(
            Identity(HEAVY_STEPS),
            Enclosed(
                close_to_the_supremum,
                (
                    ("10000", "0.001", "0.1"),
                    ("100000", "0.0001", "0.01"),
                    ("10000000", "0.000001", "0.0001"),
                ),
            ),
        ),
    ),
    Claim(
        "mitigations.saturating.light",
        "With a light proxy the same objective has an optimum that spends KL: for X and V ~ N(0, "
        "1) and the logistic function it is a tilt by some l > 0, at every price b, and E V = l "
        "> 0.",
        "ours",
        "ours",
        uses=("t4.optimum",),
        evidence=(
            Identity(LIGHT_STEPS),
            Enclosed(interior_optimum, ("0.01", "0.1", "1", "10")),
        ),
    ),
)
