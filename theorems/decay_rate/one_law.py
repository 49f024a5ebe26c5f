"""The decay rate g of the error decides: conditioning tilts V by g, as far as V has it.

``Pr(V in dv | U > t)`` is ``Pr(X > t - v) Pr(V in dv)`` over ``Pr(U > t)``, and ``Pr(X > t -
v)/Pr(X > t)`` tends to ``exp(g v)``. So V is tilted by g in the limit. The rest is to let the
limit through the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from flint import arb

from theorems.decay_rate.symbols import symbols
from verify.claim import Claim, Comparison, Enclosed, below, near, rounds_to
from verify.conditioning import condition
from verify.enclosure import Diverges, Number, Undecided, exact
from verify.identity import Identity, Relation, Step
from verify.law import Law
from verify.limits import limit_of_utility


def mean_given(error: str, utility: str, t: str) -> Number:
    """``E[V | U > t]`` at the working precision."""
    return condition(Law.parse(error), Law.parse(utility), exact(t)).mean_v


def limit(error: str, utility: str, optimizer: str = "condition") -> Number:
    """What the program says that it tends to.

    Raises
    ------
    Undecided
        If it says that it does not know.
    """
    found = limit_of_utility(Law.parse(error), Law.parse(utility), optimizer)  # type: ignore[arg-type]
    if found.mean_v is None:
        raise Undecided(f"the limit of ({error}, {utility}): {found.because}")
    return found.mean_v


# ---------------------------------------------------------------- 0 <= g < oo


def exponential_ratio() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.exp(-n.g * (n.t - n.v)) / sp.exp(-n.g * n.t), sp.exp(n.g * n.v))


def slower_factors() -> Relation:
    import sympy as sp

    n = symbols()
    # Of the tail exp(-g x) (1 + x)^-3.
    ratio = sp.exp(n.g * n.v) * (1 + n.t) ** 3 / (1 + n.t - n.v) ** 3
    return Relation(sp.Limit(ratio, n.t, sp.oo), sp.exp(n.g * n.v))


def unit_steps() -> Relation:
    n = symbols()
    # n - 1 + z = v: n unit steps lead from t - v past t, each by a factor of at most exp(g + d).
    given, via = (n.v >= n.n - 1,), {n.v: n.n - 1 + n.z}
    left, right = (n.g + n.d) * (n.v + 1), (n.g + n.d) * n.n
    return Relation(left, right, ">=", (n.g + n.d) * (n.v + 1 - n.n), given, via)


def exponential_above_line() -> Relation:
    import sympy as sp

    n = symbols()
    # exp(d v)/(d e) - v at d v = 1 + z; the same area is above 0 for z < 0.
    v = (1 + n.z) / n.d
    area = sp.Integral(sp.exp(n.s) - 1, (n.s, 0, n.z))
    return Relation(sp.exp(n.d * v) / (n.d * sp.E) - v, area / n.d)


def what_is_left() -> Relation:
    import sympy as sp

    n = symbols()
    # E[V; V > t] is O(exp(-(g + 2 d) t)), and Pr(X > t) is above a multiple of exp(-(g + d) t).
    ratio = sp.exp(-(n.g + 2 * n.d) * n.t) / sp.exp(-(n.g + n.d) * n.t)
    return Relation(sp.Limit(ratio, n.t, sp.oo), sp.Integer(0))


def normal_slope() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Derivative(n.sigma**2 * n.g**2 / 2, n.g), n.g * n.sigma**2)


def laplace_slope() -> Relation:
    import sympy as sp

    n = symbols()
    log_mgf = -sp.log(1 - n.g**2 / n.k**2)
    right = 2 * n.g / (n.k**2 - n.g**2)
    return Relation(sp.Derivative(log_mgf, n.g), right, given=(n.k > n.g,))


def closes_in(case: tuple[str, str, str, str, str]) -> Iterator[Comparison]:
    """At (X, V, t, a further t, gap): ``E[V | U > t]`` is within the gap of the limit there."""
    error, utility, near_t, far_t, gap = case

    def distance(t: str) -> arb:
        value, end = mean_given(error, utility, t), limit(error, utility)
        if isinstance(value, Diverges) or isinstance(end, Diverges):
            raise Undecided(f"E V at {t}, or its limit, is infinite")
        return abs(value - end)

    yield below(f"the distance at {far_t}", partial(distance, far_t), lambda: arb(exact(gap)))
    yield below("half of that before", partial(distance, far_t), lambda: distance(near_t) / 2)


def is_the_number(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (X, V, the number): what the program gives as the limit."""
    error, utility, number = case
    value = exact(number)

    def found() -> arb:
        end = limit(error, utility)
        if isinstance(end, Diverges):
            raise Undecided(f"the limit is infinite: {end.because}")
        return end

    yield near("the limit", found, lambda: arb(value), lambda: arb(10) ** -18)


def digits(case: tuple[str, str, str, str]) -> Iterator[Comparison]:
    """At (X, V, t, digits): ``E[V | U > t]`` rounds to them."""
    error, utility, t, printed = case

    def value() -> arb:
        found = mean_given(error, utility, t)
        if isinstance(found, Diverges):
            raise Undecided(found.because)
        return found

    yield rounds_to(f"E V at {t}", value, printed)


def rises_by(error: str, utility: str, t: str, least: str) -> Number:
    """``E[V | U > t]`` and as much more."""
    value = mean_given(error, utility, t)
    return value if isinstance(value, Diverges) else value + arb(exact(least))


def grows(case: tuple[str, str, tuple[str, ...], str]) -> Iterator[Comparison]:
    """At (X, V, thresholds, least growth): E V rises by as much from each to the next."""
    error, utility, thresholds, least = case
    yield below("a number and the limit", lambda: arb(10) ** 99, partial(limit, error, utility))
    for before, after in pairwise(thresholds):
        yield below(
            f"E V at {before} and at {after}",
            partial(rises_by, error, utility, before, least),
            partial(mean_given, error, utility, after),
        )


# ---------------------------------------------------------------- g = oo


def normal_ratio() -> Relation:
    import sympy as sp

    n = symbols()
    ratio = sp.exp(-((n.t + n.h) ** 2) / 2) / sp.exp(-(n.t**2) / 2)
    return Relation(ratio, sp.exp(-n.h * n.t - n.h**2 / 2))


def normal_falls() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(sp.exp(-n.h * n.t - n.h**2 / 2), n.t, sp.oo), sp.Integer(0))


def odds_below() -> Relation:
    n = symbols()
    # Pr(U > t, V <= c) <= Pr(X > t - c), and Pr(U > t, V > c + h) >= q Pr(X > t - c - h) = q f.
    return Relation(n.f * n.z / (n.q * n.f), n.z / n.q)


def odds_vanish() -> Relation:
    import sympy as sp

    n = symbols()
    return Relation(sp.Limit(n.z / n.q, n.z, 0, "+"), sp.Integer(0))


# ---------------------------------------------------------------- claims

TILTED = (
    Step(
        "exponential",
        "For Pr(X > x) = exp(-g x) the ratio is exp(g v) at every t,",
        exponential_ratio,
    ),
    Step("slower factors", "and in the limit for exp(-g x) (1 + x)^-3.", slower_factors),
)
LET_THROUGH = (
    Step(
        "unit steps",
        "A ratio below exp((g + d) (v + 1)): one factor for each unit step.",
        unit_steps,
    ),
    Step("Markov", "v is at most exp(d v)/(d e).", exponential_above_line),
    Step("what is left", "So V beyond t is negligible.", what_is_left),
)
SLOPES = (
    Step("normal utility", "For V ~ N(0, sigma^2), K_V'(g) = g sigma^2.", normal_slope),
    Step("Laplace utility", "For a Laplace law of rate k it is 2 g/(k^2 - g^2).", laplace_slope),
)
TOP = (
    Step("normal error", "The ratio of normal tails, up to slower factors.", normal_ratio),
    Step("normal error, limit", "It vanishes, whatever the step.", normal_falls),
    Step(
        "odds",
        "With Pr(V > c + h) = q, the odds of V <= c are at most z/q, z the ratio.",
        odds_below,
    ),
    Step("odds, limit", "They vanish with it.", odds_vanish),
)

CLAIMS = (
    Claim(
        "decay-rate.finite",
        "Let X and V be independent and Pr(X > t + s)/Pr(X > t) -> exp(-g s) for every s, with 0 "
        "<= g < oo. If E exp((g + 3 d)V) < oo for some d > 0, and E min(V, 0) > -oo where g = 0, "
        "then E[V | U > t] -> K_V'(g), which is E V for g = 0. Combines: Pr(X > t - v)/Pr(X > t) "
        "-> exp(g v), bounded by a multiple of exp((g + d) v) up to v = t - T, and for v < 0 by a "
        "multiple of exp(g v/2); beyond, E[V; V > t - T] is of a smaller order than Pr(X > t). So "
        "the limit goes through both integrals.",
        "ours",
        "ours",
        evidence=(
            Identity((*TILTED, *LET_THROUGH, *SLOPES)),
            Enclosed(
                closes_in,
                (
                    ("exponential()", "normal()", "4", "8", "2e-12"),
                    ("0.5*exponential()", "normal()", "4", "12", "2e-9"),
                    ("exponential()", "0.5*laplace()", "10", "20", "1e-7"),
                    ("gamma(shape=2.5)", "normal()", "100", "1000", "0.002"),
                    ("logistic()", "bernoulli(p=0.3)", "10", "20", "1e-8"),
                    ("pareto(alpha=2)", "normal()", "1000", "1000000", "3e-6"),
                    ("lognormal()", "uniform(low=-1, high=1)", "1000", "1000000", "1e-5"),
                ),
            ),
        ),
    ),
    Claim(
        "decay-rate.numbers",
        "K_V'(g) is g for V ~ N(0, 1) and X of decay rate g; 2/3 for V Laplace of rate 2 and X ~ "
        "Exp(1). For g = 1 E[V | U > 8] is 0.99999999999887522 already.",
        "ours",
        "ours",
        uses=("decay-rate.finite",),
        evidence=(
            Identity(SLOPES),
            Enclosed(
                is_the_number,
                (
                    ("exponential()", "normal()", "1"),
                    ("exponential()", "3*normal()", "9"),
                    ("0.25*exponential()", "normal()", "4"),
                    ("4*gamma(shape=2)", "1 + normal()", "1.25"),
                    ("pareto(alpha=2)", "1 + normal()", "1"),
                    ("exponential()", "0.5*laplace()", "2/3"),
                ),
            ),
            Enclosed(digits, (("exponential()", "normal()", "8", "0.99999999999887522"),)),
        ),
    ),
    Claim(
        "decay-rate.infinite-mgf",
        "Let X be in L(g), 0 < g < oo, and E exp(g V) = oo. Then E[V | U > t] -> oo. Combines: by "
        "Fatou Pr(U > t)/Pr(X > t) -> oo, while Pr(U > t, V <= c) <= Pr(X > t - c) stays a "
        "multiple of Pr(X > t); so V leaves every c behind. The part of V below 0 is negligible, "
        "for v Pr(X > t + v)/Pr(X > t) has a bound.",
        "ours",
        "ours",
        evidence=(
            Identity(TILTED),
            Enclosed(
                grows,
                (
                    ("exponential()", "exponential()", ("10", "20", "40"), "4"),
                    ("exponential()", "gumbel()", ("10", "20", "40"), "4"),
                    ("exponential()", "2*laplace()", ("10", "20", "40"), "4"),
                    ("gamma(shape=2)", "student_t(df=3)", ("50", "100", "200"), "40"),
                ),
            ),
        ),
    ),
    Claim(
        "decay-rate.top",
        "If Pr(X > t + s)/Pr(X > t) -> 0 for every s > 0, then E[V | U > t] tends to the largest "
        "value of V, be it finite or oo; no moment of V is needed. Combines: the odds of V <= c "
        "against V > c + h vanish for every c + h below that value; and the part of V below 0 is "
        "negligible, for v Pr(X > t + v)/Pr(X > t) has a bound.",
        "ours",
        "ours",
        evidence=(
            Identity(TOP),
            Enclosed(
                grows,
                (
                    ("normal()", "exponential()", ("5", "10", "20"), "4"),
                    ("weibull(shape=2)", "normal()", ("5", "10", "20"), "2"),
                ),
            ),
            Enclosed(
                closes_in,
                (
                    ("normal()", "bernoulli(p=0.3)", "5", "20", "1e-8"),
                    ("normal()", "-pareto(alpha=2)", "5", "40", "0.06"),
                ),
            ),
        ),
    ),
)
