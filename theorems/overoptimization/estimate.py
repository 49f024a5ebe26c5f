"""The mean of the best of n from N scored samples, without bias, and its standard error.

Everything here is in integers and fractions; the float64 that users call is
:mod:`verify.best_of.estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

from flint import fmpq

from theorems.overoptimization.symbols import symbols
from verify.claim import Claim, Exact
from verify.identity import Identity, Relation, Step

#: Draws of a proxy and a gold score.
Scores = Sequence[tuple[int, int]]


def estimate(scores: Scores, n: int) -> fmpq:
    """``sum_i C(i - 1, n - 1)/C(N, n) gold_(i)``, gold averaged where proxies tie."""
    ordered = sorted(scores)
    total = fmpq(0)
    for rank, (proxy, _) in enumerate(ordered, 1):
        golds = [gold for other, gold in ordered if other == proxy]
        total += comb(rank - 1, n - 1) * fmpq(sum(golds), len(golds))
    return total / comb(len(scores), n)


def by_enumeration(scores: Scores, n: int) -> fmpq:
    """The mean gold score of the best, over all subsets of n; those that tie are averaged."""
    total = fmpq(0)
    for subset in combinations(scores, n):
        best = max(proxy for proxy, _ in subset)
        golds = [gold for proxy, gold in subset if proxy == best]
        total += fmpq(sum(golds), len(golds))
    return total / comb(len(scores), n)


def jackknife(scores: Scores, n: int) -> fmpq:
    """The variance that leaving out one sample after the other finds."""
    size = len(scores)
    without = [estimate([*scores[:j], *scores[j + 1 :]], n) for j in range(size)]
    mean = sum(without, fmpq(0)) / size
    return fmpq(size - 1, size) * sum(((each - mean) ** 2 for each in without), fmpq(0))


@dataclass(frozen=True)
class Base:
    """A base policy whose answers have one of a few pairs of scores.

    Attributes
    ----------
    atoms : tuple of (int, int, int)
        Proxy, gold, and the number of equal chances that fall to them.
    """

    atoms: tuple[tuple[int, int, int], ...]

    @property
    def chances(self) -> int:
        """How many equal chances there are."""
        return sum(count for _, _, count in self.atoms)

    def samples(self, size: int) -> Iterator[tuple[Scores, fmpq]]:
        """Every sample with its probability."""
        for drawn in product(self.atoms, repeat=size):
            chance = fmpq(prod(count for _, _, count in drawn), self.chances**size)
            yield [(proxy, gold) for proxy, gold, _ in drawn], chance

    def best_of(self, n: int) -> fmpq:
        """The mean gold score of the best of n, by ``F(x)^n - F(x-)^n`` at each proxy x."""
        total = fmpq(0)
        for level in {proxy for proxy, _, _ in self.atoms}:
            upto = fmpq(sum(c for p, _, c in self.atoms if p <= level), self.chances)
            under = fmpq(sum(c for p, _, c in self.atoms if p < level), self.chances)
            golds = sum(c * g for p, g, c in self.atoms if p == level)
            mean = fmpq(golds, sum(c for p, _, c in self.atoms if p == level))
            total += (upto**n - under**n) * mean
        return total


BASES = (
    Base(((0, 1, 1), (1, -2, 1), (2, 5, 1))),
    Base(((0, 0, 3), (1, 4, 1), (1, -7, 2))),  # ties whose gold scores differ
    Base(((0, 2, 1), (5, 2, 4), (9, -100, 1))),  # a rare hack
)
#: (base, N, n) of which every sample is gone through.
SAMPLED = tuple((base, size, n) for base in BASES for size, n in ((3, 2), (4, 1), (4, 3), (5, 2)))


def is_mean_over_subsets(case: tuple[Scores, int]) -> bool:
    """At (scores, n): the weights' sum is the mean over all subsets."""
    return estimate(*case) == by_enumeration(*case)


def is_unbiased(case: tuple[Base, int, int]) -> bool:
    """At (base, N, n): averaged over all samples it is the mean of the best of n."""
    base, size, n = case
    mean = sum((p * estimate(scores, n) for scores, p in base.samples(size)), fmpq(0))
    return bool(mean == base.best_of(n))


def error_is_not_small(case: tuple[Base, int, int]) -> bool:
    """At (base, N, n): the jackknife's mean is at least the estimate's variance."""
    base, size, n = case
    mean = base.best_of(n)
    variance = stated = fmpq(0)
    for scores, chance in base.samples(size):
        variance += chance * (estimate(scores, n) - mean) ** 2
        stated += chance * jackknife(scores, n)
    return bool(stated >= variance)


def pascal() -> Relation:
    n = symbols()
    # With w = C(i - 1, n - 1): C(i, n) = w i/n and C(i - 1, n) = w (i - n)/n.
    return Relation(n.w * n.i / n.n - n.w * (n.i - n.n) / n.n, n.w)


def next_weight() -> Relation:
    n = symbols()
    # C(i - 2, n - 1) = w (i - n)/(i - 1), so that C(i - 1, n) - C(i - 2, n) is it too.
    lower = n.w * (n.i - n.n) / (n.i - 1)
    return Relation(
        n.w * (n.i - n.n) / n.n - lower * (n.i - 1 - n.n) / n.n, lower, given=(n.i > 1,)
    )


WEIGHTS = (
    Step(
        "Pascal", "C(i, n) - C(i - 1, n) = C(i - 1, n - 1), so that the weights sum to 1.", pascal
    ),
    Step("downwards", "From rank i to i - 1 the weight changes by (i - n)/(i - 1).", next_weight),
)

ORDERED = tuple((i, (7 * i * i) % 11 - 5) for i in range(8))
TIED = ((0, 1), (2, -3), (2, 8), (2, 1), (5, 0), (5, 9), (6, -2))

CLAIMS = (
    Claim(
        "overoptimization.estimate",
        "From N samples, sum_i C(i - 1, n - 1)/C(N, n) gold_(i), in the order of the proxy and "
        "with gold averaged where proxies tie, is the mean gold score of the best over all subsets "
        "of n. So it is unbiased: each subset is a sample of n.",
        "ours",
        "ours",
        evidence=(
            Identity(WEIGHTS),
            Exact(
                is_mean_over_subsets,
                tuple((scores, n) for scores in (ORDERED, TIED) for n in range(1, len(scores) + 1)),
            ),
            Exact(is_unbiased, SAMPLED),
        ),
    ),
    Claim(
        "overoptimization.estimate.error",
        "For n < N its jackknife variance is on average at least its variance. Combines: Efron and "
        "Stein bound the variance for N - 1 samples by the mean sum of squares of the N estimates "
        "that leave one out, and N times the variance of an average over subsets never rises with "
        "N (Hoeffding).",
        "ours",
        "ours",
        evidence=(Exact(error_is_not_small, SAMPLED),),
    ),
)
