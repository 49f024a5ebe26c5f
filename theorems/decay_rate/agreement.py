"""Optimisers compared: what conditioning, best-of-n and the tilts share, and where they part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import pairwise

from flint import arb

from theorems.decay_rate.boundary import CUBED
from theorems.decay_rate.one_law import SLOPES, limit, mean_given
from verify.best_of import BestOfPair, best_of
from verify.claim import Claim, Comparison, Enclosed, below, near, rounds_to
from verify.enclosure import Diverges, Number, Undecided, exact
from verify.identity import Identity
from verify.law import Law

OPTIMIZERS = ("condition", "best-of-n", "tilt")


def finite(value: Number) -> arb:
    """A number.

    Raises
    ------
    Undecided
        For an infinity.
    """
    if isinstance(value, Diverges):
        raise Undecided(f"infinite: {value.because}")
    return value


def one_limit(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (X, V): what the program gives for each optimiser is the same number."""
    found = [partial(lambda o: finite(limit(*case, o)), o) for o in OPTIMIZERS]
    for optimizer, other in zip(OPTIMIZERS[1:], found[1:], strict=True):
        yield near(f"{optimizer} and conditioning", other, found[0], lambda: arb(10) ** -18)


@cache
def best_of_pair(error: str, utility: str) -> BestOfPair:
    """The pair, whose law of U is worked out once."""
    return best_of(Law.parse(error), Law.parse(utility))


def best_of_closes_in(case: tuple[str, str, str]) -> Iterator[Comparison]:
    """At (X, V, gap): the best of 10, 10^3 and 10^9 close in on the limit, to within the gap."""
    error, utility, gap = case

    def distance(n: int) -> arb:
        mean_v = best_of_pair(error, utility).at(n).mean_v
        return abs(finite(mean_v) - finite(limit(error, utility, "best-of-n")))

    for few, many in pairwise((10, 10**3, 10**9)):
        closer = partial(lambda n: distance(n) / 2, few)
        yield below(f"n = {many}", partial(distance, many), closer)
    yield below("n = 10^9", partial(distance, 10**9), lambda: arb(exact(gap)))


def last_tilt(law: str) -> arb:
    """``K_V'`` at the rate 1."""
    return Law.parse(law).cumulants(1)[1]


def parts_from_the_tilt(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (t, digits): E V given U > t, for a normal error, and the end of the tilts below it."""
    t, printed = case
    value = partial(mean_given, "normal()", CUBED, t)
    yield rounds_to(f"E V at {t}", lambda: finite(value()), printed)
    yield below("the tilts' limit", lambda: limit("normal()", CUBED, "tilt"), value)


def ends(case: str) -> Iterator[Comparison]:
    """For this V and a normal error: the last tilt is 2/3, and conditioning has no end."""
    two_thirds = partial(lambda: arb(2) / 3)
    yield near("the last tilt", partial(last_tilt, case), two_thirds, lambda: arb(10) ** -15)
    tilts = partial(lambda: finite(limit("normal()", case, "tilt")))
    yield near("the limit of the tilts", tilts, two_thirds, lambda: arb(10) ** -15)
    yield below("any number", lambda: arb(10) ** 99, partial(limit, "normal()", case))
    yield below("any number", lambda: arb(10) ** 99, partial(limit, "normal()", case, "best-of-n"))


CLAIMS = (
    Claim(
        "decay-rate.shared",
        "Let E|V| < oo. If E[V | U > t] has a limit as t rises to the largest value of U, then "
        "under every monotone optimiser whose mass escapes E V has the same: best-of-n, the top "
        "fraction, every threshold whose mass above t tends to 1. Combines: the layer-cake lemma "
        "makes E V an average of the curve, and its mass lies ever further out. For 0 < rate(X) = "
        "g < oo below V's rate the tilts of U tend to it too.",
        "ours",
        "ours",
        uses=("decay-rate.finite", "t4.limit"),
        evidence=(
            Identity(SLOPES),
            Enclosed(
                one_limit,
                (
                    ("exponential()", "normal()"),
                    ("exponential()", "0.5*laplace()"),
                    ("2*logistic()", "1 + bernoulli(p=0.3)"),
                    ("gamma(shape=2.5)", "3*normal()"),
                    ("normal()", "beta(a=2, b=3)"),
                    ("geometric(p=0.5)", "poisson(mu=3)"),
                ),
            ),
            Enclosed(
                best_of_closes_in,
                (
                    ("geometric(p=0.5)", "poisson(mu=3)", "1e-7"),
                    ("pareto(alpha=2)", "bernoulli(p=0.5)", "3e-5"),
                ),
            ),
        ),
    ),
    Claim(
        "decay-rate.parts",
        "For g = oo the tilts may part from the rest. X ~ N(0, 1), Pr(V > v) = exp(-v) (1 + v)^-3: "
        "E[V | U > t] is 3.84, 9.46, 19.7, 39.9 and 79.9 at t = 5, 10, 20, 40 and 80, and tends to "
        "oo; the tilts, which end at V's own rate 1, tend to K_V'(1) = 2/3.",
        "ours",
        "ours",
        uses=("decay-rate.top", "t4.limit"),
        evidence=(
            Enclosed(
                parts_from_the_tilt,
                (("5", "3.84"), ("10", "9.46"), ("20", "19.7"), ("40", "39.9"), ("80", "79.9")),
            ),
            Enclosed(ends, (CUBED,)),
        ),
    ),
)
