"""The frontier of a million rewards: against sorting them, and against skfolio, budget by budget.

Run by ``make bench``. The entropic value at risk of the losses x at level ``1 - e^-d`` is S(d), so
``skfolio.measures.evar``, which takes returns, is given -x. Every time is measured in this run. The
aims: 20 budgets within 10 times ``np.sort`` of the same array, all work included; and a budget at
least 3 times as fast as skfolio, with the same digits.
"""

from __future__ import annotations

from collections.abc import Callable
from math import expm1
from statistics import median
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray

from verify.frontier import frontier
from verify.large_sample import LargeSample, SamplePoint
from verify.laws.empirical_law import Empirical

N = 10**6
BUDGETS = [f"{budget:.3g}" for budget in np.geomspace(1e-6, 12, 20)]
REPEATS = 5

#: What skfolio's sums over a million terms may be wrong by, in K: 50 roundings.
PEER_ROUNDING = 50 * 2.0**-53

Floats = NDArray[np.float64]


def samples() -> dict[str, Floats]:
    """A million rewards of several kinds, unsorted."""
    rng = np.random.default_rng(7)
    normal = rng.standard_normal(N)
    tied = normal.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return {
        "normal": normal,
        "exponential": rng.exponential(size=N),
        "uniform": rng.uniform(size=N),
        "Student t(2)": rng.standard_t(2, N),
        "Pareto(0.3)": rng.pareto(0.3, N),
        "minus Pareto(0.3)": -rng.pareto(0.3, N),
        "bfloat16": tied.view(np.float32).astype(np.float64),
        "1e9 + normal": 1e9 + normal,
        "50 clusters": rng.integers(0, 50, N) + 1e-5 * normal,
        "normal * 1e300": normal * 1e300,
    }


def milliseconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median of a few runs."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return 1e3 * median(times)


def test_against_sorting() -> None:
    print(f"\n{len(BUDGETS)} budgets of {N} rewards, numpy {np.__version__}: sorting included\n")
    print(f"{'rewards':20} {'sort ms':>8} {'ours ms':>8} {'ratio':>6} {'error':>9} {'law, too':>9}")
    ratios = []
    for name, rewards in samples().items():
        points = LargeSample(rewards).frontier(BUDGETS)
        worst = max(point.error for point in points)
        assert worst <= 1e-9
        sort = milliseconds(lambda rewards=rewards: np.sort(rewards))
        ours = milliseconds(lambda rewards=rewards: LargeSample(rewards).frontier(BUDGETS))
        # The same through the law of the rewards, which also hashes them and finds the ties.
        law = milliseconds(
            lambda rewards=rewards: frontier(Empirical.from_values(rewards), BUDGETS), repeats=3
        )
        ratios.append(ours / sort)
        print(
            f"{name:20} {sort:8.1f} {ours:8.1f} {ours / sort:6.2f} {worst:9.1e} {law / sort:9.2f}"
        )
    print(f"\nours / sort: median {median(ratios):.2f}, most {max(ratios):.2f}")
    print("`law, too` is frontier(Empirical.from_values(x), budgets) / sort")


def agreement(point: SamplePoint, peer: float) -> float:
    """How far the peer's value is from ours, relatively; fails where that is too far."""
    middle = (point.lower + point.upper) / 2
    rounding = 0.0 if point.tilt is None else PEER_ROUNDING / point.tilt
    assert abs(peer - middle) <= 1e-9 * abs(middle) + rounding
    return abs(peer - middle) / abs(middle)


def test_against_skfolio() -> None:
    reason = "needs the extra bench: no skfolio here"
    measures = pytest.importorskip("skfolio.measures", reason=reason)
    import skfolio

    print(f"\na budget of {N} rewards against skfolio {skfolio.__version__}'s evar, which has")
    print("no bound on its error\n")
    print(f"{'rewards':20} {'budget':>9} {'ours ms':>8} {'evar ms':>8} {'ratio':>6} {'apart':>9}")
    ratios, alone = [], []
    chosen = BUDGETS[::4]
    for name, rewards in samples().items():
        if name not in {"normal", "exponential", "Student t(2)", "50 clusters"}:
            continue
        all_at_once = milliseconds(lambda rewards=rewards: LargeSample(rewards).frontier(BUDGETS))
        ours = all_at_once / len(BUDGETS)
        for point in LargeSample(rewards).frontier(chosen):
            budget = str(point.budget)
            level, returns = -expm1(-float(budget)), -rewards
            apart = agreement(point, float(measures.evar(returns, level)))
            peer = milliseconds(lambda x=returns, level=level: measures.evar(x, level), repeats=3)
            single = milliseconds(lambda x=rewards, d=budget: LargeSample(x).frontier([d]), 3)
            ratios.append(peer / ours)
            alone.append(peer / single)
            print(f"{name:20} {budget:>9} {ours:8.2f} {peer:8.1f} {peer / ours:6.1f} {apart:9.1e}")
    print(f"\nevar / ours, of {len(BUDGETS)} budgets: least {min(ratios):.1f}, ", end="")
    print(f"median {median(ratios):.1f}")
    print(f"evar / ours, one budget alone, sorting included: least {min(alone):.1f}")
