"""Best-of-n by sampling 10^8 pairs (X, V), against numpy's own time to draw them.

Run by ``make bench``. One line a pair: the time that numpy takes to draw as many variates of the
same laws in chunks of the same size, ours for 17 values of n with standard errors, and the ratio,
all in this run. The aim is a ratio of at most 3, in memory that does not depend on the number.
Processor time, so that what else runs on the machine counts on neither side.
"""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
import pytest

from verify.best_of.monte_carlo import CHUNK, monte_carlo_best_of
from verify.law import Law
from verify.utility_curve import Estimate

SAMPLES = 10**8
#: The grid in print: powers of four up to 65536. Here those of two.
DRAWS = [2**k for k in range(17)]
AIM = 3.0
#: Normal errors exceed this many standard errors with probability 2e-9.
Z = 6.0

Generate = Callable[[np.random.Generator, int], Any]
#: X and V as laws, and numpy's calls that draw them.
PAIRS: tuple[tuple[str, str, Generate, Generate], ...] = (
    (
        "normal()",
        "2*normal()",
        lambda rng, size: rng.normal(0, 1, size),
        lambda rng, size: rng.normal(0, 2, size),
    ),
    (
        "student_t(df=3)",
        "2*normal()",
        lambda rng, size: rng.standard_t(3, size),
        lambda rng, size: rng.normal(0, 2, size),
    ),
    (
        "lognormal(mu=0, sigma=0.7)",
        "student_t(df=10)",
        lambda rng, size: rng.lognormal(0, 0.7, size),
        lambda rng, size: rng.standard_t(10, size),
    ),
)


def drawing(x: Generate, v: Generate, samples: int) -> float:
    """Seconds that numpy takes to draw the pairs."""
    rng, done = np.random.default_rng(1), 0
    start = process_time()
    while done < samples:
        size = min(CHUNK, samples - done)
        x(rng, size), v(rng, size)
        done += size
    return process_time() - start


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair[0]} and {pair[1]}")
def test_both_sides_draw_the_same_law(pair: tuple[str, str, Generate, Generate]) -> None:
    """Means of the best of 16 by plain numpy, 20,000 blocks, against ours."""
    rng = np.random.default_rng(2)
    error, utility, draw_x, draw_v = pair
    x, v = (draw(rng, 320_000).reshape(-1, 16) for draw in (draw_x, draw_v))
    best = np.take_along_axis(v, (x + v).argmax(axis=1)[:, None], axis=1)[:, 0]
    laws = Law.parse(error), Law.parse(utility)
    (point,) = monte_carlo_best_of(*laws, [16], 320_000, 3)
    assert isinstance(point.mean_v, Estimate)
    spread = (best.var() / len(best) + point.mean_v.standard_error**2) ** 0.5
    assert abs(best.mean() - point.mean_v.value) < Z * spread


def test_a_hundred_million_draws_against_numpy() -> None:
    print(
        f"\nbest-of-n by sampling {SAMPLES:.0e} pairs, {len(DRAWS)} values of n up to {DRAWS[-1]};"
    )
    print(f"numpy {np.__version__}, processor time, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'X':28} {'V':18} {'numpy s':>8} {'ours s':>8} {'ratio':>6} {'ns a pair':>10}")
    worst = 0.0
    for error, utility, draw_x, draw_v in PAIRS:
        laws = Law.parse(error), Law.parse(utility)
        monte_carlo_best_of(*laws, DRAWS, 20 * DRAWS[-1], 1)  # imports, and what is made once
        theirs = drawing(draw_x, draw_v, SAMPLES)
        start = process_time()
        monte_carlo_best_of(*laws, DRAWS, SAMPLES, 1)
        ours = process_time() - start
        worst = max(worst, ours / theirs)
        print(
            f"{error:28} {utility:18} {theirs:8.2f} {ours:8.2f} {ours / theirs:6.2f}"
            f" {1e9 * ours / SAMPLES:10.1f}"
        )
    tracemalloc.start()
    monte_carlo_best_of(Law.parse("normal()"), Law.parse("normal()"), DRAWS, 20 * DRAWS[-1], 1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"\nmost memory held: {most / 1e6:.1f} MB; worst ratio {worst:.2f} (aim {AIM})")
    assert worst < AIM
