"""construct and certify, against the same decision with the same search in mpmath alone.

Run by ``make bench``. It prints one line a law, both times measured in this run, and their ratio.
The aims: at least 8 times faster on every law; median under 5 ms, none over 100 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

import flint
import mpmath

from tests.benchmarks.mpmath_peer import decide, laws
from verify.construction import construct
from verify.laws import parse
from verify.laws.custom import forget_tails

MEAN, KL = "100", "0.01"
#: A tail this close to exponential needs t = exp(c/eps): a smaller mean keeps mpmath in reach.
EASIER = {'tail(log_sf="-x/log(x)", lower="exp(1)")': ("10", "0.01")}
REPEATS = 5
LONGEST = 3.0


def seconds(work: Callable[[], object]) -> float:
    """The median of a few runs (of one, where that takes long)."""
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < LONGEST:
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def afresh(text: str, mean: str, kl: str) -> object:
    """Parse, prove the tail of a law that a user wrote, decide and certify: nothing remembered."""
    forget_tails()
    return construct(parse(text), mean, kl)


def test_construct_against_mpmath() -> None:
    print(f"\nconstruct + certify, Arb (python-flint {flint.__version__}) against mpmath")
    print(f"{mpmath.__version__} at 50 digits (backend {mpmath.libmp.BACKEND}), same search\n")
    print(f"{'law':44} {'ours ms':>9} {'mpmath ms':>10} {'ratio':>7}")
    ratios, ours = [], []
    for peer in laws():
        mean, kl = EASIER.get(peer.text, (MEAN, KL))
        certificate = construct(parse(peer.text), mean, kl)
        reached, spent = decide(peer, mean, kl)
        assert certificate.verdict == "counterexample"
        assert reached > float(mean) * 0.99 and spent < float(kl) * 1.01
        fast = seconds(lambda text=peer.text, mean=mean, kl=kl: afresh(text, mean, kl))
        slow = seconds(lambda peer=peer, mean=mean, kl=kl: decide(peer, mean, kl))
        ours.append(fast)
        ratios.append(slow / fast)
        print(f"{peer.text:44} {fast * 1e3:9.2f} {slow * 1e3:10.1f} {slow / fast:7.1f}")
    print(f"\nratio: least {min(ratios):.1f}, median {median(ratios):.1f}")
    print(f"ours: median {median(ours) * 1e3:.2f} ms, most {max(ours) * 1e3:.1f} ms")
