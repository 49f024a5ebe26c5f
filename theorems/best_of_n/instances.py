"""Numbers: light and independent errors can make the best of n fall."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from flint import arb

from verify.best_of import BestOfPair, best_of
from verify.claim import Claim, Comparison, Enclosed, below, rounds_to
from verify.enclosure import Diverges, Undecided

#: X is N(0, 0.01), and an exponential of rate 0.3 once in a hundred times.
RARE = "mixture(0.99*(1/10*normal()), 0.01*(10/3*exponential()))"
PRINTED = {50: "1.79", 300: "1.00", 10**4: "0.30"}


def rare_errors(case: tuple[str, str]) -> Iterator[Comparison]:
    """At (law of X, law of V): E V falls with n, to the numbers given."""
    pair = best_of(*case)
    yield below("E V, n = 300", partial(utility, pair, 300), partial(utility, pair, 50))
    yield below("E V, n = 10^4", partial(utility, pair, 10**4), partial(utility, pair, 300))
    for n, text in PRINTED.items():
        yield rounds_to(f"E V, n = {n}", partial(utility, pair, n), text)


def utility(pair: BestOfPair, n: int) -> arb:
    """``E V`` of the best of n."""
    value = pair.at(n).mean_v
    if isinstance(value, Diverges):
        raise Undecided(f"infinite: {value.because}")
    return value


CLAIMS = (
    Claim(
        "best-of-n.light-fall",
        "A light error that is independent of V can make E V fall under best-of-n: for X normal "
        "with variance 0.01, but exponential with rate 0.3 in one case of a hundred, and V ~ "
        "N(0, 1), E V is 1.79, 1.00 and 0.30 for n = 50, 300 and 10^4.",
        "ours",
        "ours",
        evidence=(Enclosed(rare_errors, ((RARE, "normal(mu=0, sigma=1)"),)),),
    ),
)
