"""The certified tilt path of 50 points, against the same cumulants in mpmath alone.

Run by ``make bench``. One line a pair of laws: the times for 50 tilts on either side and their
ratio, measured by turns in this run, and ours for 50 KL caps, each of which takes a search. mpmath
works at 50 digits and certifies nothing. The aims: 50 points under a second where both cumulants
are closed forms, under ten where one is an integral.
"""

from __future__ import annotations

import os
from dataclasses import replace
from time import perf_counter
from typing import Any

import flint
import mpmath
import pytest
from flint import arb
from mpmath import mp

from tests.benchmarks.mpmath_frontier_peer import DIGITS, PeerLaw, laws
from verify.enclosure import Diverges, ball, working_precision
from verify.independent_sum import rate_of_sum
from verify.law import Law
from verify.laws.custom import forget_tails
from verify.tilted_utility import tilted_utility
from verify.utility_curve import UtilityCurve

POINTS = 50
REPEATS = 20
#: Seconds after which a pair is not measured again.
LONGEST = 2.0
#: Seconds for 50 points: closed forms, and with integrals.
CLOSED_AIM, QUADRATURE_AIM = 1.0, 10.0

PEERS = {law.text: law for law in laws()}
PAIRS = (
    ("exponential()", "normal(mu=1, sigma=2)"),
    ("laplace()", "logistic()"),
    ("gumbel()", "poisson(mu=3)"),
    ("inverse_gaussian(mu=2, lam=1)", "skew_normal(alpha=2)"),
    ("beta(a=2, b=3)", "bernoulli(p=0.3)"),
    ("weibull(shape=2)", "normal(mu=1, sigma=2)"),
    ("weibull(shape=2)", "gev(xi=-1/2)"),
    ('tail(log_sf="-x-3*log(1+x)", lower=0)', "laplace()"),
)
CAPS = [f"{0.05 * k * k:.4g}" for k in range(1, POINTS + 1)]


def grid(error: str, utility: str) -> list[str]:
    """50 tilts, up to 98 % of a finite rate or to 5."""
    rate = rate_of_sum(Law.parse(error), Law.parse(utility)).rate
    end = 5.0 if rate is None or isinstance(rate, Diverges) else 0.98 * float(ball(rate))
    return [f"{end * k / POINTS:.6g}" for k in range(1, POINTS + 1)]


def ours(error: str, utility: str, tilts: list[str]) -> UtilityCurve:
    """The path, with nothing remembered of the integrals of a tail that a user wrote."""
    forget_tails()
    return tilted_utility(error, utility, tilts=tilts)


def theirs(error: PeerLaw, utility: PeerLaw, tilts: list[str]) -> list[tuple[Any, Any, Any]]:
    """KL and the means of V and X at each tilt."""
    with mp.workdps(DIGITS):
        points = []
        for text in tilts:
            tilt = mp.mpf(text)
            log_x, mean_x, _ = error.cumulants(tilt)
            log_v, mean_v, _ = utility.cumulants(tilt)
            points.append((tilt * (mean_x + mean_v) - log_x - log_v, mean_v, mean_x))
        return points


def check_agreement(error: PeerLaw, utility: PeerLaw, tilts: list[str]) -> None:
    """That both sides have the same numbers, to 18 digits."""
    curve = ours(error.text, utility.text, tilts)
    for point, peer in zip(curve.points, theirs(error, utility, tilts), strict=True):
        for value, other in zip((point.kl, point.mean_v, point.mean_x), peer, strict=True):
            assert isinstance(value, arb)
            with working_precision(200), mp.workdps(DIGITS):
                number = arb(mp.nstr(other, DIGITS))
                assert abs(value - number) < arb("1e-18") * (1 + abs(number))


def some(tilts: list[str]) -> list[str]:
    return tilts[::12]


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_both_sides_agree(pair: tuple[str, str]) -> None:
    error, utility = (PEERS[text] for text in pair)
    check_agreement(error, utility, some(grid(*pair)))


def test_a_peer_that_is_a_little_wrong_does_not_agree() -> None:
    error, utility = (PEERS[text] for text in PAIRS[0])

    def shifted(tilt: Any) -> tuple[Any, Any, Any]:
        value, first, second = error.cumulants(tilt)
        return value, first * (1 + mp.mpf("1e-15")), second

    with pytest.raises(AssertionError):
        check_agreement(replace(error, cumulants=shifted), utility, some(grid(*PAIRS[0])))


def fastest(pair: tuple[str, str]) -> tuple[float, float, float]:
    """The least times for 50 tilts, ours and the peer's, and for 50 caps, taken by turns."""
    tilts, peers = grid(*pair), [PEERS[text] for text in pair]
    times: list[tuple[float, float, float]] = []
    spent = 0.0
    while len(times) < REPEATS and spent < LONGEST:
        start = perf_counter()
        ours(*pair, tilts)
        first = perf_counter()
        theirs(peers[0], peers[1], tilts)
        second = perf_counter()
        tilted_utility(*pair, kl_caps=CAPS)
        times.append((first - start, second - first, perf_counter() - second))
        spent += sum(times[-1])
    by_side = list(zip(*times, strict=True))
    return min(by_side[0]), min(by_side[1]), min(by_side[2])


def test_fifty_points_against_mpmath() -> None:
    print(f"\nthe certified tilt path of {POINTS} points, Arb (python-flint {flint.__version__})")
    print(f"against mpmath {mpmath.__version__} at {DIGITS} digits ({mpmath.libmp.BACKEND}); least")
    print(f"times of up to {REPEATS}, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'X':38} {'V':24} {'tilts ms':>9} {'mpmath ms':>10} {'ratio':>6} {'caps ms':>9}")
    slowest = {False: 0.0, True: 0.0}
    for pair in PAIRS:
        path, peer, caps = fastest(pair)
        by_quadrature = any(PEERS[text].quadrature for text in pair)
        slowest[by_quadrature] = max(slowest[by_quadrature], path)
        mark = " by quadrature" if by_quadrature else ""
        print(
            f"{pair[0]:38} {pair[1]:24} {1e3 * path:9.1f} {1e3 * peer:10.1f} {peer / path:6.1f}"
            f" {1e3 * caps:9.1f}{mark}"
        )
    closed, integrals = slowest[False], slowest[True]
    print(f"\nslowest path of {POINTS} tilts: {closed:.4f} s where K is closed (aim {CLOSED_AIM}),")
    print(f"{integrals:.2f} s where one is an integral (aim {QUADRATURE_AIM})")
    assert closed < CLOSED_AIM and integrals < QUADRATURE_AIM
