"""A certified point of the frontier, against the same search for it in mpmath alone.

Run by ``make bench``. One line a law: our slowest point of three budgets, the times of all three on
either side, and their ratio, measured by turns in this run. The aims: a point under 2 ms where K is
closed and under 60 ms where it is an integral; at least 2 times faster than mpmath on every law,
median at least 5. Where K is a few elementary functions neither side has much arithmetic to do: a
point is a tenth of a millisecond here, most of it Python, and the ratio stays about 2.
"""

from __future__ import annotations

import os
from dataclasses import replace
from statistics import median
from time import perf_counter

import flint
import mpmath
import pytest
from flint import arb
from mpmath import mp

from tests.benchmarks.mpmath_frontier_peer import DIGITS, PeerLaw, laws
from tests.benchmarks.mpmath_frontier_peer import frontier as peer_frontier
from tests.verify.test_frontier import HEAVY
from verify.enclosure import working_precision
from verify.frontier import frontier_point
from verify.law import Law
from verify.laws import CATALOGUE, parse
from verify.laws.custom import forget_tails

REPEATS = 50
LEAST_RATIO = 2
#: Seconds after which a law's budget is not measured again.
LONGEST = 1.0
#: Relative to max(|S|, S - mean). Each value is within 1e-13 of S; twice that, because the sizes of
#: the two sides are taken at means that differ a little.
APART = 2e-13


def afresh(text: str) -> Law:
    """The law, with nothing remembered of the integrals of a tail that a user wrote."""
    forget_tails()
    return parse(text)


def fastest(law: PeerLaw, budget: str) -> tuple[float, float]:
    """Our least time and the peer's, taken by turns: what else runs here slows both."""
    ours, theirs = [], []
    while len(ours) < REPEATS and sum(ours) + sum(theirs) < LONGEST:
        base = afresh(law.text)
        start = perf_counter()
        frontier_point(base, budget)
        middle = perf_counter()
        peer_frontier(law, budget)
        ours.append(middle - start)
        theirs.append(perf_counter() - middle)
    return min(ours), min(theirs)


def check_agreement(law: PeerLaw, budget: str) -> None:
    """That both sides enclose the same S."""
    point = frontier_point(law.text, budget)
    peer = peer_frontier(law, budget)
    lower, upper = peer.lower, peer.upper
    assert isinstance(point.lower, arb) and isinstance(point.upper, arb)
    assert point.attained is peer.attained
    with working_precision(200), mp.workdps(DIGITS):
        size = arb(mp.nstr(max(abs(lower), lower - law.mean()), 17))
        below, above = (arb(mp.nstr(value, DIGITS)) for value in (lower, upper))
        assert abs(point.lower - below) < APART * size
        assert abs(point.upper - above) < APART * size
        assert not below > point.upper and not point.lower > above


PEERS = laws()


@pytest.mark.parametrize("law", PEERS, ids=lambda law: law.text)
def test_both_sides_agree(law: PeerLaw) -> None:
    for budget in law.budgets:
        check_agreement(law, budget)


def test_a_peer_that_is_a_little_wrong_does_not_agree() -> None:
    for law in PEERS:
        budget = law.budgets[0]

        def shifted(tilt: object, law: PeerLaw = law) -> tuple[object, ...]:
            value, first, second = law.cumulants(tilt)
            return value * (1 + mp.mpf("1e-10")), first, second

        with pytest.raises(AssertionError):
            check_agreement(replace(law, cumulants=shifted), budget)


def test_every_light_law_of_the_catalogue_is_compared() -> None:
    named = {law.text.split("(")[0] for law in PEERS}
    made_of_others = {"mixture", "truncate", "empirical", "point"}
    assert named == set(CATALOGUE) - HEAVY - made_of_others | {"tail"}


def test_frontier_against_mpmath() -> None:
    print(f"\na certified point of the frontier, Arb (python-flint {flint.__version__}) against")
    print(f"mpmath {mpmath.__version__} at {DIGITS} digits (backend {mpmath.libmp.BACKEND}), same")
    print(f"search; least times of up to {REPEATS}, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'law':38} {'slowest ms':>10} {'ours ms':>8} {'mpmath ms':>10} {'ratio':>6}")
    ratios: list[float] = []
    slowest: dict[bool, list[float]] = {False: [], True: []}
    for law in PEERS:
        pairs = [fastest(law, budget) for budget in law.budgets]
        ours, theirs = (1e3 * sum(times) for times in zip(*pairs, strict=True))
        most = 1e3 * max(pair[0] for pair in pairs)
        slowest[law.quadrature].append(most)
        ratios.append(theirs / ours)
        mark = " by quadrature" if law.quadrature else ""
        print(f"{law.text:38} {most:10.2f} {ours:8.2f} {theirs:10.2f} {theirs / ours:6.1f}{mark}")
    reached = sum(ratio >= LEAST_RATIO for ratio in ratios)
    print(f"\nratio: least {min(ratios):.1f} (aim {LEAST_RATIO}; {reached} of {len(ratios)} laws")
    print(f"reach it), median {median(ratios):.1f} (aim 5)")
    print(f"slowest point: {max(slowest[False]):.2f} ms where K is closed (aim 2),")
    print(f"{max(slowest[True]):.1f} ms where it is an integral (aim 60)")
