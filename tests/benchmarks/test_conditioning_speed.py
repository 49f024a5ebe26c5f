"""A certified point of a conditioning curve, against mpmath's quadrature at 30 digits.

Run by ``make bench``. One line a pair: our time for ``Pr(U > t)``, ``E[V | U > t]`` and
``E[X | U > t]`` to a relative radius of 1e-12, mpmath's for the same, and their ratio, measured by
turns in this run. The aims: median at least 20 times faster, none below 4.
"""

from __future__ import annotations

import os
from statistics import median
from time import perf_counter

import flint
import mpmath
import pytest
from flint import arb, fmpq
from mpmath import mp

from tests.benchmarks.mpmath_conditioning_peer import DIGITS, conditioned, laws
from verify.conditioning import Conditioned, condition
from verify.enclosure import working_precision
from verify.laws import parse

BITS = 64
REPEATS, LONGEST = 20, 2.0
RELATIVE = 1e-12
LEAST_RATIO, MEDIAN_RATIO = 4, 20

#: Error, utility, threshold.
PAIRS = (
    ("exponential", "normal", 8),
    ("normal", "exponential", 3),
    ("normal", "logistic", 30),
    ("gumbel", "student_t", 10),
    ("gamma", "exponential", 20),
    ("exponential", "gamma", 5),
    ("pareto2", "pareto3", 10),
    ("pareto2", "pareto3", 10**8),
    ("student_t", "normal", 10**6),
    ("pareto2", "normal", 10**12),
    ("weibull", "normal", 10),
    ("lognormal", "logistic", 100),
    ("lognormal", "pareto3", 30),
    ("normal", "cubed", 20),
    ("squared", "cubed", 1000),
)


def ours(error: str, utility: str, t: int) -> Conditioned:
    with working_precision(BITS):
        return condition(parse(LAWS[error].text), parse(LAWS[utility].text), fmpq(t))


def theirs(error: str, utility: str, t: int) -> tuple[object, ...]:
    with mp.workdps(DIGITS):
        return conditioned(LAWS[error], LAWS[utility], mp.mpf(t))


with mp.workdps(DIGITS):
    LAWS = laws()


def agrees(pair: tuple[str, str, int], shift: str = "0") -> bool:
    """Whether both sides have the same three numbers, and ours are as sharp as we say."""
    found, peer = ours(*pair), theirs(*pair)
    mine = (found.mass, found.mean_v, found.mean_x)
    with working_precision(200), mp.workdps(DIGITS):
        for value, other in zip(mine, peer, strict=True):
            assert isinstance(value, arb)
            reference = arb(mp.nstr(other * (1 + mp.mpf(shift)), DIGITS))
            if value.rad() > RELATIVE * abs(value):
                return False
            if not abs(value - reference) < 2 * RELATIVE * abs(reference):
                return False
    return True


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(map(str, pair)))
def test_both_sides_agree(pair: tuple[str, str, int]) -> None:
    assert agrees(pair)


def test_a_peer_that_is_a_little_wrong_does_not_agree() -> None:
    assert not agrees(PAIRS[0], shift="1e-11")


def test_conditioning_against_mpmath() -> None:
    print(f"\na certified point of a conditioning curve, Arb (python-flint {flint.__version__})")
    print(
        f"against mpmath {mpmath.__version__} at {DIGITS} digits, backend {mpmath.libmp.BACKEND};"
    )
    print(f"least times of up to {REPEATS}, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'error':12} {'utility':12} {'t':>14} {'ours ms':>9} {'mpmath ms':>10} {'ratio':>7}")
    ratios: list[float] = []
    for pair in PAIRS:
        ours(*pair)
        mine: list[float] = []
        peer: list[float] = []
        while len(mine) < REPEATS and sum(mine) + sum(peer) < LONGEST:
            start = perf_counter()
            ours(*pair)
            middle = perf_counter()
            theirs(*pair)
            mine.append(middle - start)
            peer.append(perf_counter() - middle)
        one, other = 1e3 * min(mine), 1e3 * min(peer)
        ratios.append(other / one)
        error, utility, t = pair
        print(f"{error:12} {utility:12} {t:14} {one:9.2f} {other:10.1f} {other / one:7.1f}")
    print(f"\nratio: least {min(ratios):.1f} (aim {LEAST_RATIO}), median {median(ratios):.1f}")
    print(f"(aim {MEDIAN_RATIO})")
