"""Where the utilities of the synthetic experiment peak, without sampling.

The print reads its peaks off a hundred trials a point: around N = 10^2 or 10^3 in five cases and
around 10^5 in one. Here ``E V`` is enclosed at n - 1, n and n + 1 (:mod:`verify.best_of`), which
settles the peak to the draw. A case takes five to ten seconds, for the law of ``U = X + V`` is
expanded first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

from flint import arb

from theorems.experiments.synthetic import ERRORS, UTILITIES
from verify.best_of import best_of
from verify.best_of.pair import BestOfPair
from verify.claim import Claim, Comparison, Enclosed, below, rounds_to
from verify.enclosure import Diverges

#: For V and X: the number of draws at which E V is largest, and E V there.
PEAKS = {
    ("normal", "lognormal"): (98, "3.381628033762"),
    ("normal", "t3"): (169, "4.091390768860"),
    ("normal", "t5"): (832, "4.777809407092"),
    ("t10", "t3"): (643, "5.387662672024"),
    ("t10", "lognormal"): (914, "4.552935527106"),
    ("t10", "t5"): (48917, "9.167071819819"),
}
#: Where E V falls after its peak, and from 10^11.3 on rises; and what it is long after.
RISES_AGAIN = ("t10", "lognormal")
LONG_AFTER = (
    (10**6, "1.951686869420"),
    (10**9, "0.883707206396"),
    (199_526_231_497, "0.722113450438"),
    (10**12, "0.740325386764"),
    (10**14, "1.074413861429"),
    (10**18, "8.089036543618"),
)


@cache
def pair(utility: str, error: str) -> BestOfPair:
    """The pair by its names; what is worked out for one number of draws serves for all."""
    return best_of(ERRORS[error], UTILITIES[utility])


def mean_v(utility: str, error: str, n: int) -> arb:
    """``E V`` under the best of n."""
    found = pair(utility, error).at(n).mean_v
    assert not isinstance(found, Diverges)
    return found


def peaks(case: tuple[str, str, int, str]) -> Iterator[Comparison]:
    """At (V, X, n, digits): E V at n, which is more than at its neighbours, n/2 and 2n."""
    utility, error, n, number = case
    top = partial(mean_v, utility, error, n)
    yield rounds_to(f"E V at {n}", top, number)
    for other in (n - 1, n + 1, n // 2, 2 * n):
        yield below(f"E V at {other} and {n}", partial(mean_v, utility, error, other), top)


def at(case: tuple[str, str, int, str]) -> Iterator[Comparison]:
    """At (V, X, n, digits): E V under the best of n, to the digits given."""
    utility, error, n, number = case
    yield rounds_to(f"E V at {n}", partial(mean_v, utility, error, n), number)


def curve(
    case: tuple[str, str, int, str, tuple[tuple[int, str], ...]],
) -> Iterator[Comparison]:
    """A peak, and at (n, digits) after it: E V there, from one expansion of the law of U."""
    utility, error, n, number, after = case
    yield from peaks((utility, error, n, number))
    for later in after:
        yield from at((utility, error, *later))


#: How the figure's laws are called in a sentence.
SPOKEN = {
    "normal": "normal",
    "lognormal": "lognormal",
    "t3": "t(3)",
    "t5": "t(5)",
    "t10": "t(10)",
}


def _claim(utility: str, error: str) -> Claim:
    """What is claimed of one peak, and of what comes long after it."""
    n, number = PEAKS[utility, error]
    after = LONG_AFTER if (utility, error) == RISES_AGAIN else ()
    later = ", ".join(f"{value} at {n:,}" for n, value in after)
    return Claim(
        f"experiments.peak.{utility}-{error}",
        f"For V {SPOKEN[utility]} and X {SPOKEN[error]}, scaled as in the print, E V under the best"
        f" of n is {number} at n = {n}, more than at n = {n - 1} and {n + 1}, {n // 2} and {2 * n}."
        + (f" It falls, and rises again: {later}." if after else ""),
        "Best-of-N figure: peaks",
        "as_printed",
        evidence=(Enclosed(curve, ((utility, error, n, number, after),)),),
    )


CLAIMS = tuple(_claim(*names) for names in PEAKS)
