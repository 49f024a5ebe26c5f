"""The worst of n by the best of up to n: two computations that begin at opposite ends.

The worst of n by U is the best of n by ``(-X) + (-V)``. Its weight at the rank r is
``n (1 - r)^(n-1)``, the sum of ``(-1)^(k+1) binomial(n, k) k r^(k-1)`` over k from 1 to n, and the
terms are the weights of the best of k. Ties share in proportion on both sides.
"""

from __future__ import annotations

from math import comb

import pytest
from flint import arb

from verify.best_of import best_of
from verify.enclosure import Number, working_precision
from verify.laws import parse

#: By how much the two may differ, as a share of the mean of V, besides what they say themselves.
CLOSE = 1e-9


def _ball(mean: Number) -> arb:
    assert isinstance(mean, arb)
    return mean


def _check(error: str, utility: str) -> None:
    best, worst = best_of(error, utility), best_of(-parse(error), -parse(utility))
    for n in (2, 3, 4):
        with working_precision(96):
            terms = [
                (-1) ** (k + 1) * comb(n, k) * _ball(best.at(k).mean_v) for k in range(1, n + 1)
            ]
            found = -_ball(worst.at(n).mean_v)
            assert sum(terms, arb(0)).overlaps(found)
            assert found.rad() < CLOSE * (1 + abs(found))


@pytest.mark.parametrize(
    ("error", "utility"),
    [("geometric(1/2)", "poisson(3)"), ("exponential()", "exponential()")],
)
def test_the_worst_by_the_best(error: str, utility: str) -> None:
    _check(error, utility)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("error", "utility"),
    [("log_cauchy()", "poisson(2)"), ("cauchy()", "normal()"), ("pareto(5/2)", "normal()")],
)
def test_the_worst_by_the_best_of_longer_tails(error: str, utility: str) -> None:
    _check(error, utility)
