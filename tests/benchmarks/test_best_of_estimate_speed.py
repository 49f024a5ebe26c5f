"""The unbiased best-of-n estimate from a million draws, for all n that are powers of two.

Run by ``make bench``. The times are measured in this run, the sorting of the same draws beside
them; they are processor time, of all threads, so that what else runs does not count. The aims:
under 0.3 s in all, and an error of at most 1e-8 relative to the mean of ``|gold|`` under the same
weights, which is derived (``error_bound``) and measured here against sums in integers and
fractions.
"""

from __future__ import annotations

import os
from fractions import Fraction
from time import process_time

import numpy as np

from verify.best_of.estimate import NEGLIGIBLE, best_of_estimates, error_bound, rank_weights

N = 10**6
NS = [2**k for k in range(20)]
REPEATS = 7
#: Seconds, and the relative error.
AIM, ERROR_AIM = 0.3, 1e-8
#: Digits after the point of the reference's fixed-point arithmetic.
DIGITS = 40


def exact_mean(golds: list[int], n: int) -> tuple[Fraction, Fraction]:
    """``sum w gold`` and ``sum w |gold|`` in fixed point, from the largest proxy downwards.

    Each weight is its predecessor times a fraction, rounded down at the 40th digit: a million of
    them are off by 1e-34 together.
    """
    weight = 10**DIGITS * n // N
    total = size = 0
    for place, gold in enumerate(golds):
        total += weight * gold
        size += weight * abs(gold)
        rank = N - place - 1
        if rank < n or not weight:
            break
        weight = weight * (rank - n + 1) // rank
    return Fraction(total, 10**DIGITS), Fraction(size, 10**DIGITS)


def test_a_million_draws() -> None:
    rng = np.random.default_rng(5)
    proxy = rng.standard_normal(N)
    gold = np.round(1e6 * (proxy + rng.standard_normal(N)))  # integers, so that the sums are exact
    times: dict[str, list[float]] = {"sort": [], "estimates": [], "with standard errors": []}
    for _ in range(REPEATS):
        for name, work in (
            ("sort", lambda: np.argsort(proxy)),
            ("estimates", lambda: best_of_estimates(proxy, gold, NS, errors=False)),
            ("with standard errors", lambda: best_of_estimates(proxy, gold, NS)),
        ):
            start = process_time()
            work()
            times[name].append(process_time() - start)
    golds = [int(each) for each in gold[np.argsort(proxy)[::-1]]]
    worst = 0.0
    for n, found in zip(NS, best_of_estimates(proxy, gold, NS, errors=False), strict=True):
        mean, size = exact_mean(golds, n)
        worst = max(worst, float(abs(Fraction(found.mean) - mean) / size))
    print(
        f"\n{N} draws, {len(NS)} values of n, numpy {np.__version__}, {os.cpu_count()} processors,"
    )
    print(f"load {os.getloadavg()[0]:.1f}; least times of {REPEATS}\n")
    fastest = {name: min(each) for name, each in times.items()}
    for name, seconds in fastest.items():
        print(f"{name:22} {seconds:7.3f} s   {seconds / fastest['sort']:6.2f} times the sort")
    bound = error_bound(N) + NEGLIGIBLE
    print(f"relative error {worst:.1e}, derived bound {bound:.1e}, aim {ERROR_AIM:.0e}")
    assert worst <= bound <= ERROR_AIM
    assert fastest["estimates"] < AIM


def test_a_wrong_weight_is_noticed() -> None:
    """The reference sees an error of the size that is allowed."""
    weights = rank_weights(1000, 7)
    weights[-1] *= 1 + 1e-7
    assert abs(weights.sum() - 1) > error_bound(1000)
