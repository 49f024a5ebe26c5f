"""Choices of a threshold and the interval of the extreme-value index, beside peers and floors.

Run by ``make bench``; all times are of this run. The aims: an automatic threshold among 10**6
rewards under 50 ms from the sorted rewards; the scan of 200 Kolmogorov-Smirnov distances no slower
than in plain numpy; the double bootstrap faster than tailestim's; the interval under 15 ms at
10**4, 60 ms at 10**5 and 150 ms at 10**7 rewards.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from verify.tails.index_interval import index_interval, largest_used
from verify.tails.thresholds import bader, clauset, danielsson, minimal_amse
from verify.tails.thresholds.choice import SHARE, candidates
from verify.tails.upper_tail import UpperTail

N = 10**6
#: tailestim takes 30 s for 10**5, powerlaw grows with the square of the sample.
PEER_N, POWERLAW_N = 10**5, 5000
RESAMPLES = 500
#: The aims, in seconds.
AUTOMATIC, INTERVAL = 0.05, {10**4: 0.015, 10**5: 0.06, 10**7: 0.15}


def spliced(count: int) -> UpperTail:
    """Uniform up to 1, and a tenth of it Pareto(5/2) above."""
    rng = np.random.default_rng(3)
    u = rng.random(count)
    return UpperTail.of(np.where(u < 0.1, (10 * u) ** -0.4, rng.random(count)))


def timed(work: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """The least time of some, and the last answer."""
    least = float("inf")
    for _ in range(repeats):
        start = perf_counter()
        answer = work()
        least = min(least, perf_counter() - start)
    return least, answer


def scan(values: np.ndarray, ks: list[int]) -> int:
    """The floor: the distances of Clauset's method in plain numpy."""
    logs = np.log(values)
    distances = []
    for k in ks:
        excess = logs[:k] - logs[k]
        survival = np.exp(-excess / excess.mean())
        ranks = np.arange(1, k + 1)
        distances.append(max(np.max(ranks / k - survival), np.max(survival - (ranks - 1) / k)))
    return ks[int(np.argmin(distances))]


def test_choices() -> None:
    tail = spliced(N)
    ks = candidates(20, int(SHARE * N) - 1, 200)
    floor, by_floor = timed(lambda: scan(tail.values, ks))
    amse, found = timed(lambda: minimal_amse(tail), 9)
    distances, by_distance = timed(lambda: clauset(tail, base=0))
    boots, by_boots = timed(lambda: danielsson(tail, resamples=RESAMPLES), 1)
    tests, by_tests = timed(lambda: bader(tail), 1)
    print(f"\n{N} rewards, of which {N // 10} are the tail:")
    print(f"  minimal AMSE      {1e3 * amse:7.1f} ms (aim {1e3 * AUTOMATIC:.0f}), k = {found.k}")
    print(f"  Clauset, 200 k    {1e3 * distances:7.1f} ms, {distances / floor:.2f} of numpy's")
    print(f"  Danielsson        {1e3 * boots:7.1f} ms, {RESAMPLES} resamples, k = {by_boots.k}")
    print(f"  Bader, 30 tests   {1e3 * tests:7.1f} ms, k = {by_tests.k}")
    assert by_distance.k == by_floor
    assert distances < 1.5 * floor
    assert amse < AUTOMATIC


def test_peers() -> None:
    powerlaw, tailestim = pytest.importorskip("powerlaw"), pytest.importorskip("tailestim")
    tail = spliced(PEER_N)
    ours, found = timed(lambda: danielsson(tail, base=0, resamples=RESAMPLES))
    theirs = tailestim.HillEstimator(r_bootstrap=RESAMPLES)
    seconds, _ = timed(lambda: theirs.fit(tail.values.copy()), 1)
    chosen = theirs.get_result().k_star_
    print(f"\ndouble bootstrap, {PEER_N} rewards: {1e3 * ours:.0f} ms, k = {found.k}")
    print(f"  tailestim {seconds:.1f} s, k = {chosen}: {seconds / ours:.0f} times ours")
    assert ours < seconds

    few = spliced(POWERLAW_N)
    ours, found = timed(lambda: clauset(few, base=0))

    def fit() -> Any:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            ranges = {"alpha": (1.01, 20)}
            return powerlaw.Fit(few.values, parameter_ranges=ranges, verbose=False).xmin

    seconds, least = timed(fit, 1)
    print(f"least distance, {POWERLAW_N} rewards: {1e3 * ours:.1f} ms, above {found.threshold:.3f}")
    print(f"  powerlaw  {seconds:.1f} s, above {least:.3f}: {seconds / ours:.0f} times ours")
    assert ours < seconds


def test_interval() -> None:
    rng = np.random.default_rng(4)
    for count, aim in INTERVAL.items():
        tail = UpperTail.of(rng.standard_t(3, count), largest_used(count) + 1)
        seconds, (found, k) = timed(partial(index_interval, tail), 7)
        print(
            f"\nindex interval, {count} rewards: {1e3 * seconds:.1f} ms (aim {1e3 * aim:.0f}), "
            f"k = {k}: {found.low:.3f} to {found.high:.3f}",
            end="",
        )
        assert seconds < aim
    print()
