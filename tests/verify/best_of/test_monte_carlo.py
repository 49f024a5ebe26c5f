"""Best-of-n by sampling: against exact values, by what blocks must be, and its planted mistakes."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import product
from math import sqrt
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from verify.best_of import monte_carlo
from verify.best_of.monte_carlo import _stages, monte_carlo_best_of
from verify.enclosure import Diverges, working_precision
from verify.errors import InputError
from verify.joint.normal_maximum import mean_of_largest
from verify.law import Law
from verify.utility_curve import Estimate, UtilityPoint

#: A normal error exceeds 6 standard errors with probability 2e-9; there are about 30 comparisons.
#: Each is of 400 blocks or more, of bounded or of normal utilities. The seeds are fixed.
Z = 6.0
SAMPLES = 400_000


def sampled(
    error: str, utility: str, draws: list[int], samples: int = SAMPLES, seed: int = 1
) -> tuple[UtilityPoint, ...]:
    return monte_carlo_best_of(Law.parse(error), Law.parse(utility), draws, samples, seed)


def z_score(estimate: object, value: float | Fraction) -> float:
    """How many standard errors an estimate is off."""
    assert isinstance(estimate, Estimate)
    return abs(estimate.value - float(value)) / estimate.standard_error


# ---------------------------------------------------------------- exact values


def test_normal_laws_have_a_closed_form() -> None:
    """X ~ N(1, 9) and V ~ N(-2, 16): V and X share the gain of U by their variances."""
    draws = [1, 3, 10, 64, 1000]
    points = sampled("1 + 3*normal()", "-2 + 4*normal()", draws)
    for n, point in zip(draws, points, strict=True):
        with working_precision(64):
            gain = float(mean_of_largest(n))
        assert z_score(point.mean_v, -2 + 16 / 5 * gain) < Z
        assert z_score(point.mean_x, 1 + 9 / 5 * gain) < Z
        assert z_score(point.mean_u, -1 + 5 * gain) < Z


def best_of_finite(error: dict[int, Fraction], utility: dict[int, Fraction], n: int) -> Fraction:
    """E V under best-of-n; those that tie for it share in proportion."""
    mass: dict[int, Fraction] = {}
    part: dict[int, Fraction] = {}
    for (x, p), (v, q) in product(error.items(), utility.items()):
        mass[x + v] = mass.get(x + v, Fraction(0)) + p * q
        part[x + v] = part.get(x + v, Fraction(0)) + p * q * v
    up_to = mean = Fraction(0)
    for u in sorted(mass):
        below, up_to = up_to, up_to + mass[u]
        mean += (up_to**n - below**n) / mass[u] * part[u]
    return mean


@pytest.mark.parametrize("n", [1, 2, 3, 7, 40])
def test_ties_share(n: int) -> None:
    error = {0: Fraction(7, 10), 1: Fraction(3, 10)}
    utility = {0: Fraction(9, 16), 1: Fraction(6, 16), 2: Fraction(1, 16)}
    (point,) = sampled("bernoulli(p=0.3)", "binomial(n=2, p=0.25)", [n])
    assert z_score(point.mean_v, best_of_finite(error, utility, n)) < Z
    assert point.kl is None and "atoms" in point.because


@pytest.mark.parametrize("n", [2, 3, 8])
def test_sums_that_float64_rounds_tie(n: int) -> None:
    # 0.1 + 0.2 and 0.3 + 0 are one reward, with utilities 0.2 and 0.
    error, utility = ({k: Fraction(1, 2) for k in (1, 3)}, {k: Fraction(1, 2) for k in (0, 2)})
    (point,) = sampled("mixture(0.5*point(0.1), 0.5*point(0.3))", "0.2*bernoulli(p=0.5)", [n])
    assert isinstance(point.mean_v, Estimate)
    tenths = Estimate(10 * point.mean_v.value, 10 * point.mean_v.standard_error)
    assert z_score(tenths, best_of_finite(error, utility, n)) < Z


def test_ties_broken_by_utility_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: of equal rewards the one with the larger utility."""
    right = monte_carlo._largest

    def by_both(u: Any, v: Any, blocks: int) -> Any:
        return right(u + 1e-9 * v, v, blocks)

    monkeypatch.setattr(monte_carlo, "_largest", by_both)
    error, utility = (
        {0: Fraction(7, 10), 1: Fraction(3, 10)},
        {0: Fraction(1, 2), 1: Fraction(1, 2)},
    )
    (point,) = sampled("bernoulli(p=0.3)", "bernoulli(p=0.5)", [3])
    assert z_score(point.mean_v, best_of_finite(error, utility, 3)) > 2 * Z


def test_standard_errors_are_those_of_independent_runs() -> None:
    """40 runs: the squares of their scores add up to a chi-square, which leaves [9, 107] with
    probability 7e-8 on either side. Blocks that are counted twice would make it 80 on average."""
    scores = []
    for seed in range(40):
        (point,) = sampled("normal()", "normal()", [8], samples=8000, seed=seed)
        with working_precision(64):
            scores.append(z_score(point.mean_v, float(mean_of_largest(8)) / sqrt(2)))
    assert 9 < sum(score**2 for score in scores) < 107


# ---------------------------------------------------------------- what blocks must be


@given(
    draws=st.sets(st.integers(1, 60), min_size=1, max_size=6),
    sizes=st.lists(st.integers(0, 90), min_size=1, max_size=12),
    batch=st.sampled_from([1, 7, 64]),
    seed=st.integers(0, 2**32 - 1),
)
def test_blocks_are_disjoint_and_of_n_draws(
    draws: set[int], sizes: list[int], batch: int, seed: int
) -> None:
    assert faults_of_blocks(sorted(draws), sizes, batch, seed) == []


def faults_of_blocks(draws: list[int], sizes: list[int], batch: int, seed: int) -> list[str]:
    """What is wrong with the bests of blocks that draws in chunks of these sizes make.

    With N draws there are N // n bests. Each carries its own utility. The i-th smallest best is
    the best of i disjoint blocks or more: at least n i draws are no larger.
    """
    u = np.random.default_rng(seed).permutation(sum(sizes)).astype(float)
    stages = _stages(draws)
    seen: dict[int, list[tuple[float, float]]] = {n: [] for n in draws}
    for stage in stages:
        right = stage.sums.add

        def record(us: Any, vs: Any, n: int = stage.n, right: Any = right) -> None:
            seen[n] += zip(us, vs, strict=True)
            right(us, vs)

        stage.sums.add = record  # type: ignore[method-assign, assignment]
    before, monte_carlo.BATCH = monte_carlo.BATCH, batch
    try:
        for part in np.split(u, np.cumsum(sizes)[:-1]):
            for stage in stages:
                if stage.of_single_draws:
                    stage.add(part, 3 * part + 1)
        for stage in stages:
            stage.take_in()
    finally:
        monte_carlo.BATCH = before
    faults = []
    for stage in stages:
        bests = sorted(seen[stage.n])
        if not len(bests) == stage.sums.count == len(u) // stage.n:
            faults.append(f"{len(bests)} bests of {stage.n} in {len(u)} draws")
        if any(v != 3 * best + 1 for best, v in bests):
            faults.append("another draw's utility")
        if any(best + 1 < stage.n * i for i, (best, _) in enumerate(bests, start=1)):
            faults.append("blocks that overlap")
    return faults


def test_faults_of_blocks_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: bests without their partners, the second largest, blocks of one draw less."""
    right = monte_carlo._largest
    planted = {
        "another draw's utility": lambda u, v, k: (right(u, v, k)[0], right(u, v, k)[1][::-1]),
        "blocks that overlap": lambda u, v, k: tuple(-each for each in right(-u, -v, k)),
    }
    for fault, wrong in planted.items():
        monkeypatch.setattr(monte_carlo, "_largest", wrong)
        assert fault in faults_of_blocks([5], [40, 40], 1, 0)
    monkeypatch.setattr(monte_carlo, "_largest", right)
    monkeypatch.setattr(monte_carlo._Blocks, "_hold", lambda *_: [])
    assert any("bests of" in fault for fault in faults_of_blocks([7], [10] * 9, 1, 0))


# ---------------------------------------------------------------- answers and refusals


def test_the_answer_is_that_of_the_seed() -> None:
    def values(points: tuple[UtilityPoint, ...]) -> list[tuple[object, str]]:
        return [(point.at, str((point.mean_u, point.mean_v, point.mean_x))) for point in points]

    first = values(sampled("student_t(df=3)", "normal()", [4, 1, 12], samples=50_000))
    assert [at for at, _ in first] == [4, 1, 12]
    again = sampled("student_t(df=3)", "normal()", [12, 4, 1], samples=50_000)
    assert dict(first) == dict(values(again))
    other = sampled("student_t(df=3)", "normal()", [4, 1, 12], samples=50_000, seed=2)
    assert first != values(other)


def test_divergence_of_a_law_without_atoms() -> None:
    for utility in ("normal()", "bernoulli(p=0.3)"):
        (point,) = sampled("normal()", utility, [10], samples=1000)
        assert isinstance(point.kl, arb)
        assert abs(point.kl - (arb(10).log() - arb(9) / 10)) < arb(10) ** -12


def test_an_infinite_mean_stays_infinite() -> None:
    (point,) = sampled("levy()", "normal()", [3])
    assert isinstance(point.mean_x, Diverges) and isinstance(point.mean_u, Diverges)
    assert isinstance(point.mean_v, Estimate)
    (point,) = sampled("cauchy()", "normal()", [3], samples=1000)
    assert point.mean_x is None


def test_memory_does_not_grow_with_the_samples() -> None:
    def peak(samples: int) -> int:
        tracemalloc.start()
        sampled("normal()", "normal()", [1, 50_000], samples)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(1_000_000)
    # Ten arrays of a chunk are 2.6 MB; a million draws of one variable alone would be 8 MB.
    assert few < 4_000_000
    assert peak(3_000_000) < 1.5 * few


def test_an_interrupt_ends_it_and_leaves_nothing_behind() -> None:
    done: list[int] = []

    def stop(now: int, wanted: int) -> None:
        done.append(now)
        if len(done) == 2:
            raise KeyboardInterrupt

    laws = Law.parse("normal()"), Law.parse("normal()")
    before = monte_carlo_best_of(*laws, [3], 100_000, 1)
    with pytest.raises(KeyboardInterrupt):
        monte_carlo_best_of(*laws, [3], 100_000, 1, progress=stop)
    assert done == [monte_carlo.CHUNK, 2 * monte_carlo.CHUNK]
    assert str(monte_carlo_best_of(*laws, [3], 100_000, 1)) == str(before)


@pytest.mark.parametrize(
    ("utility", "draws", "message"),
    [
        ("normal()", [], "n >= 1, got none"),
        ("normal()", [3, 0], "n >= 1, got 0"),
        ("normal()", [100], "best of 100: 1000 samples make fewer than 20 blocks; 2000 would do"),
        ("cauchy()", [3], r"V ~ cauchy\(\): expected a law with a finite mean"),
    ],
)
def test_refusals(utility: str, draws: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sampled("normal()", utility, draws, samples=1000)
