"""Pairs with a law on a lattice, expanded once for all tests that ask for their numbers."""

from __future__ import annotations

from functools import cache

from flint import arb

from verify.best_of import BestOfPair, best_of

#: What blocks are good to, with room: goal bits are 60.
CLOSE = 2.0**-50


@cache
def pair_of(error: str, utility: str) -> BestOfPair:
    """The pair of two laws."""
    return best_of(error, utility)


def numbers(error: str, utility: str, n: int) -> tuple[arb, arb, arb]:
    """``E V``, ``E X`` and KL under the best of n, all finite."""
    found = pair_of(error, utility).at(n)
    v, x, kl = found.mean_v, found.mean_x, found.kl
    assert isinstance(v, arb) and isinstance(x, arb) and isinstance(kl, arb)
    return v, x, kl
