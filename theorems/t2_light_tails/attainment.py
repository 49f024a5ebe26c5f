"""Where S is reached, and where it is not: the last tilt, and the largest reward.

``D* = lim D(l)`` as l rises to the rate r. A budget below D* is spent exactly by one tilt, which
reaches S. Beyond D* there are two cases. If X is bounded above, D* is ``-log Q{top}`` and all mass
on the top reaches it. Else r and D* are finite, and S is approached but not reached: what is left
of the budget buys mass far out at the price r for each unit of mean, and the last tilt, right-heavy
as it is, lets that price be met as closely as one likes but (Gibbs) never quite.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb, fmpq

from theorems.t2_light_tails.duality import NO_GAP
from theorems.t2_light_tails.symbols import Expression, slope_at_l, symbols, taylor
from theorems.t2_light_tails.tilts import finite, finite_mean, on_frontier, tilt_cost
from verify.claim import Claim, Comparison, Enclosed, agrees, below, near, rounds_to
from verify.divergence import binary_kl
from verify.enclosure import Diverges, ball, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.ranked import TopShare
from verify.reweighted import reweight
from verify.weight import TopFraction

#: The law whose last tilt is reached: rate 1, and E X exp(X) is finite.
NON_STEEP = 'tail(log_sf="-x-3*log(1+x)", lower=0)'
#: Laws and budgets on either side of D*, bounded and unbounded, with atoms and without.
BUDGETED = (
    ("normal(mu=1, sigma=2)", "0.000001"),
    ("exponential()", "50"),
    ("gumbel()", "0.5"),
    ("logistic()", "3"),
    ("-pareto(alpha=2)", "0.01"),
    ("beta(a=2, b=3)", "3"),
    ("poisson(mu=3)", "3"),
    ("bernoulli(p=0.3)", "0.5"),
    ("bernoulli(p=0.3)", "3"),
    ("mixture(0.5*exponential(), 0.5*(-pareto(alpha=3)))", "1"),
)
#: Digits that mpmath carries on the second route; a comparison to 25 leaves 15 for its errors.
MP_DIGITS, AGREEING_DIGITS = 40, 25

# ---------------------------------------------------------------- beyond the last tilt


def mean_rate() -> Relation:
    n = symbols()
    each = taylor() / (n.l + n.e)
    return Relation(slope_at_l(each), (n.l * n.A - n.K) / n.l**2)


def price_beyond() -> Relation:
    n = symbols()
    # KL(P||Q) = KL(P||Q_r) + r E_P X - K(r) with KL(P||Q_r) = z: the mean that the budget buys.
    mean = (n.d - n.z + n.K) / n.r
    return Relation(n.z + n.r * mean - n.K, n.d)


def short_of_bound() -> Relation:
    n = symbols()
    return Relation((n.d + n.K) / n.r, (n.d - n.z + n.K) / n.r, ">=", n.z / n.r)


def approached() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit((n.d - n.z + n.K) / n.r, n.z, 0, "+"), (n.d + n.K) / n.r)


def above_last_mean() -> Relation:
    n = symbols()
    # The mean wanted is above that of Q_r, K'(r) = A, where d - z > D* = r A - K.
    mean = (n.d - n.z + n.K) / n.r
    given = (n.d - n.z > n.r * n.A - n.K,)
    via = {n.K: n.r * n.A - n.d + n.z + n.h}
    return Relation(mean, n.A, ">", (n.d - n.z + n.K - n.r * n.A) / n.r, given, via)


def only_the_last_tilt() -> Relation:
    n = symbols()
    # A P with mean (d + K)/r at cost d would have KL(P||Q_r) = d - r mean + K.
    return Relation(n.d - n.r * ((n.d + n.K) / n.r) + n.K, 0)


def witnesses_meet(case: tuple[str, str]) -> Iterator[Comparison]:
    """At one law and budget: an achieving law and a dual bound, as close as 1e-12 of their size."""
    law, budget = Law.parse(case[0]), exact(case[1])
    reached, bound = on_frontier(law, budget)
    # The frontier closes its gap to 1e-12 of S or S - mean; 10 covers both sums.
    room = 10 * arb(10) ** -12 * (1 + abs(finite(bound)) + abs(finite_mean(law)))
    yield near("bound - reached", partial(finite, bound), partial(finite, reached), lambda: room)


# ---------------------------------------------------------------- the example


def tail() -> Expression:
    """``Q(X > x)`` of the example, with ``y = 1 + x``."""
    import sympy as sp

    n = symbols()
    return sp.exp(1 - n.y) * n.y**-3


def tilted_density() -> Expression:
    """``exp(x)`` times the density of the example, with ``y = 1 + x``."""
    y = symbols().y
    return y**-3 + 3 * y**-4


def density_of_example() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(-sp.Derivative(tail(), n.y), sp.exp(1 - n.y) * tilted_density())


def mass_of_example() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Integral(tilted_density(), (n.y, 1, sp.oo)), sp.Rational(3, 2))


def mean_of_example() -> Relation:
    import sympy as sp

    n = symbols()
    inside = (n.y - 1) * tilted_density()
    return Relation(sp.Integral(inside, (n.y, 1, sp.oo)), 1)


def last_cost_of_example() -> Relation:
    import sympy as sp

    log_mgf, mean = sp.log(sp.Rational(3, 2)), 1 / sp.Rational(3, 2)
    return Relation(mean - log_mgf, sp.Rational(2, 3) - sp.log(sp.Rational(3, 2)))


def beyond_rate_of_example() -> Relation:
    import sympy as sp

    n = symbols()
    # By Markov, E exp((1 + h) X) >= exp((1 + h) x) Q(X > x).
    logarithm = (1 + n.h) * (n.y - 1) + (1 - n.y) - 3 * sp.log(n.y)
    return Relation(sp.Limit(logarithm, n.y, sp.oo), sp.oo)


def last_cost() -> arb:
    """``D* = 2/3 - log(3/2)``, from the symbolic steps."""
    return arb(2) / 3 - (arb(3) / 2).log()


def last_cost_enclosed(number: str) -> Iterator[Comparison]:
    """The digits of D*, by the closed form, by mpmath and by the law's own tilts near rate 1."""
    import mpmath as mp

    law = Law.parse(NON_STEEP)
    with mp.workdps(MP_DIGITS):
        mgf = mp.quad(lambda u: u + 3 * u**2, [0, 1])  # y = 1/u
        mean = mp.quad(lambda u: (1 / u - 1) * (u + 3 * u**2), [0, 1]) / mgf
        second = mean - mp.log(mgf)
    yield rounds_to("D*", last_cost, number)
    yield agrees("D*", last_cost, lambda: second, AGREEING_DIGITS)
    for places in (3, 6):
        tilt = 1 - fmpq(1, 10**places)
        yield below(f"D at 1 - 1e-{places}", partial(tilt_cost, law, tilt), last_cost)
    # D' = l K'' <= E X^2 exp(l X), as X >= 0 makes M(l) >= 1. With g = 1 - l that is the integral
    # of exp(-g x) x^2 (y^-3 + 3 y^-4), where x^2 (...) <= 4/y: at most 4 log(1 + 1/g). Over the
    # last 1e-6 this adds up to less than 4e-6 (1 + log(1e6 + 1)) < 1e-4.
    yield below(
        "D* - D at 1 - 1e-6",
        lambda: last_cost() - tilt_cost(law, 1 - fmpq(1, 10**6)),
        lambda: arb(10) ** -4,
    )


def approached_enclosed(case: tuple[str, int]) -> Iterator[Comparison]:
    """At a budget d > D*: the last tilt with mass c/t above ``t = 10^k`` comes within 1/1000 of S.

    The last tilt of the example has tail ``(2/3)(y^-2/2 + y^-3)`` and partial mean
    ``(2/3)(y^-1 + y^-2 - y^-3)``, ``y = 1 + t``, so that all is a closed form.
    """
    number, exponent = case
    budget, t = exact(number), fmpq(10) ** exponent
    law = Law.parse(NON_STEEP)

    def parts() -> tuple[arb, arb, arb, arb]:
        """Under the last tilt: tail, mean above t, mean below it; and the mass above t."""
        y = ball(1 + t)
        tail, upper = (y**-2 / 2 + y**-3) * 2 / 3, (1 / y + y**-2 - y**-3) * 2 / 3
        above, under = upper / tail, (arb(2) / 3 - upper) / (1 - tail)
        # All but a thousandth of what is left of the budget, at the price 1 for each unit.
        wanted = arb(2) / 3 + (budget - last_cost()) - arb(1) / 1000
        return tail, above, under, (wanted - under) / (above - under)

    def mean() -> arb:
        _, above, under, mass = parts()
        return mass * above + (1 - mass) * under

    def cost() -> arb:
        tail, _, _, mass = parts()
        # KL(P||Q) = KL(P||Q_1) + E_P X - K(1).
        return binary_kl(mass, tail.log(), (-tail).log1p()) + mean() - (arb(3) / 2).log()

    def supremum() -> arb:
        return budget + (arb(3) / 2).log()

    def last_tail() -> arb:
        # Q(X > t) by the law is the integral of exp(-x) against the last tilt, times 3/2.
        return law.survival(t)

    yield below("D*", last_cost, lambda: ball(budget))
    yield below("cost", cost, lambda: ball(budget))
    yield below("mean and S", mean, supremum)
    yield below("S - 1/500 and mean", lambda: supremum() - arb(1) / 500, mean)
    y = ball(1 + t)
    yield near(
        "the law's tail",
        last_tail,
        lambda: (-ball(t)).exp() * y**-3,
        lambda: (-ball(t)).exp() * arb(10) ** -30,
    )


def on_the_line(number: str) -> Iterator[Comparison]:
    """The frontier beyond D* is the line ``d + log(3/2)``."""
    d = exact(number)

    def line() -> arb:
        return d + (arb(3) / 2).log()

    # The frontier closes its gap to 1e-12 of S, which is below 10 here.
    for value in on_frontier(Law.parse(NON_STEEP), d):
        yield near("S - line", partial(finite, value), line, lambda: arb(10) ** -11)


# ---------------------------------------------------------------- the largest reward


def cost_of_top() -> Relation:
    import sympy as sp

    n = symbols()
    # All mass on the top: the density there is 1/q, and P is there for certain.
    return Relation(sp.log(1 / n.q), -sp.log(n.q))


def tilts_go_to_top() -> Relation:
    import sympy as sp

    n = symbols()
    # The gap top - X = h has relative weight exp(-l h) against the top.
    return Relation(sp.Limit(n.l * n.h * sp.exp(-n.l * n.h), n.l, sp.oo), 0)


def at_the_top(case: tuple[str, str]) -> Iterator[Comparison] | None:
    """All mass on the top costs ``-log Q{top}``, which the tilts approach from below.

    The case gives the law and the mass of its top.
    """
    text, mass = case
    law, fraction = Law.parse(text), exact(mass)
    top = law.support[1]
    if isinstance(top, Diverges):
        return None
    assert isinstance(top, fmpq)
    return _top_comparisons(law, top, fraction)


def _top_comparisons(law: Law, top: fmpq, fraction: fmpq) -> Iterator[Comparison]:
    tiny, far = fmpq(1, 10**15), fmpq(200)

    def conditioned() -> TopShare:
        share = reweight(law, TopFraction(fraction))
        assert isinstance(share, TopShare)
        return share

    def mean() -> arb:
        value = conditioned().mean()
        assert isinstance(value, arb)
        return value

    def cost() -> arb:
        return -arb(fraction).log()

    # What tilt 200 leaves below the top: at a next atom, 1 away, exp(-200) < 1e-80 of its mass; of
    # the uniform part 0.75/200, which is 0.015 of the 0.25 on top, and D feels it twice.
    near_top = tiny if law.mass_at(top - 1) > 0 else fmpq(1, 20)
    yield near(
        "mass of the top", lambda: law.mass_at(top), lambda: arb(fraction), lambda: arb(tiny)
    )
    yield near("cost of the top", conditioned().kl, cost, lambda: arb(tiny))
    yield near("mean at the top", mean, lambda: arb(top), lambda: arb(tiny))
    yield below("D at tilt 200", lambda: tilt_cost(law, far), cost)
    yield near("D at tilt 200", lambda: tilt_cost(law, far), cost, lambda: arb(near_top))


# ---------------------------------------------------------------- steps and claims

LAST = (
    Step("K(l)/l", "(K/l)' = D/l^2, so K(r) is finite where D* and r are.", mean_rate),
    Step("price", "With z left for KL(P||Q_r), the mean is (d - z + K(r))/r.", price_beyond),
    Step("short of the bound", "It falls short of (d + K(r))/r by z/r.", short_of_bound),
    Step("approached", "It tends to the bound as z falls to 0.", approached),
    Step("above the last mean", "It is above the mean of Q_r where d - z > D*.", above_last_mean),
)
NEVER = (
    Step("only Q_r", "A P that reached the bound would have KL(P||Q_r) = 0.", only_the_last_tilt),
)
EXAMPLE = (
    Step("density", "The density of the tail exp(-x)(1 + x)^-3, y = 1 + x.", density_of_example),
    Step("M(1)", "E exp(X) = 3/2.", mass_of_example),
    Step("M'(1)", "E X exp(X) = 1.", mean_of_example),
    Step("D*", "K'(1) - K(1) = 2/3 - log(3/2).", last_cost_of_example),
    Step("no tilt beyond 1", "E exp((1 + h) X) = oo for every h > 0.", beyond_rate_of_example),
)
TOP = (
    Step("cost of the top", "All mass on the top costs -log Q{top}.", cost_of_top),
    Step("tilts go to the top", "Under far tilts l (top - X) averages to 0.", tilts_go_to_top),
)

CLAIMS = (
    Claim(
        "t2.duality",
        "S(d) = inf of (d + K(l))/l over all l > 0 up to rate(Q), for every right-light Q and "
        "d > 0. Combines: for d < D*, the tilt that costs d. For d >= D* with a finite rate r: "
        "K(r) and K'(r) are finite, and the last tilt Q_r is right-heavy (its MGF is infinite "
        "beyond 0), so mixtures of Q_r and of what Theorem 1 gives have KL(P||Q_r) <= z and any "
        "mean from K'(r) on; z -> 0. For rate oo and D* finite: X is bounded above (else K'(l) -> "
        "oo at a bounded cost, against the bound) with an atom at the top, of mass exp(-D*); S "
        "and the infimum are the top.",
        "ours",
        "ours",
        uses=("t2.gibbs", "t2.tilts", "t2.convexity", "t1"),
        evidence=(Identity(LAST), Enclosed(witnesses_meet, BUDGETED)),
    ),
    Claim(
        "t2.attained",
        "Where d < D*, S(d) is reached by the one tilt with D(l) = d; at d = D* by the last tilt, "
        "or by all mass on the top.",
        "ours",
        "ours",
        uses=("t2.tilts", "t2.duality"),
        evidence=(Identity((NO_GAP,)),),
    ),
    Claim(
        "t2.not-attained",
        "S(d) is not reached iff the rate r is finite and positive, E X exp(r X) is finite and "
        "d > D*; then S(d) = (d + K(r))/r, linear in d. Combines: P with mean S(d) at a cost of at "
        "most d has KL(P||Q_r) = 0, so it is Q_r, whose mean is K'(r) < S(d).",
        "ours",
        "ours",
        uses=("t2.duality", "t2.attained", "t2.top", "t2.infinite-mean"),
        evidence=(
            Identity(NEVER),
            Enclosed(approached_enclosed, (("1", 6), ("0.3", 6), ("3", 7))),
            Enclosed(on_the_line, ("1",)),
        ),
    ),
    Claim(
        "t2.last-cost",
        "For Q(X > x) = exp(-x)(1 + x)^-3 the rate is 1 and D* = 2/3 - log(3/2) = "
        "0.26120155855850228.",
        "ours",
        "ours",
        evidence=(Identity(EXAMPLE), Enclosed(last_cost_enclosed, ("0.26120155855850228",))),
    ),
    Claim(
        "t2.top",
        "If X is bounded above and its largest value has mass q > 0, then D* = -log q, and S(d) is "
        "the top for every d >= -log q, reached by all mass on it. Without mass at the top, D* = "
        "oo: to be within h of it for certain costs -log Q(X > top - h), which grows without "
        "bound.",
        "ours",
        "ours",
        uses=("t2.tilts",),
        evidence=(
            Identity(TOP),
            Enclosed(
                at_the_top,
                (
                    ("bernoulli(p=0.3)", "0.3"),
                    ("binomial(n=4, p=0.5)", "1/16"),
                    ("mixture(0.25*point(1), 0.75*uniform(low=0, high=1))", "0.25"),
                ),
            ),
        ),
    ),
)
