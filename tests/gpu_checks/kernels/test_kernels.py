"""Large torch kernels on the CPU, against numpy on the same numbers and against verify's laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verify.best_of.monte_carlo import monte_carlo_best_of
from verify.errors import InputError
from verify.law import Law
from verify.tails.estimators import hill_path, moment_path, probability_weighted_path
from verify.tails.upper_tail import UpperTail
from verify.utility_curve import Estimate

pytestmark = pytest.mark.gpu

Z = 6.0
"""Normal errors exceed so many standard errors with probability 2e-9."""

LAWS = {
    "normal(mu=1, sigma=2)": stats.norm(1, 2),
    "exponential()": stats.expon(),
    "laplace()": stats.laplace(),
    "lognormal(mu=0, sigma=0.7)": stats.lognorm(0.7),
    "weibull(shape=0.5)": stats.weibull_min(0.5),
    "pareto(alpha=1.5, scale=2)": stats.pareto(1.5, scale=2),
    "student_t(df=3)": stats.t(3),
    "1 - 2*exponential()": stats.expon(),
}


def generator(seed: int) -> Any:
    import torch

    return torch.Generator("cpu").manual_seed(seed)


@pytest.mark.parametrize("text", LAWS)
def test_draws_follow_their_law(text: str) -> None:
    from gpu_checks.kernels.drawing import drawing

    drawn = drawing(Law.parse(text))(20_000, generator(1)).numpy()
    if text.startswith("1 -"):
        drawn = (1 - drawn) / 2
    # Kolmogorov and Smirnov: a right generator fails one in a million; another law surely.
    assert stats.kstest(drawn, LAWS[text].cdf).pvalue > 1e-6
    assert stats.kstest(drawn * 1.1 + 0.1, LAWS[text].cdf).pvalue < 1e-6


@pytest.mark.parametrize(
    "text", ["cauchy()", "student_t(df=2.5)", "student_t(df=40)", "poisson(3)"]
)
def test_other_laws_get_one_line(text: str) -> None:
    from gpu_checks.kernels.drawing import drawing

    with pytest.raises(InputError, match="expected normal, exponential"):
        drawing(Law.parse(text))


def bests_in_numpy(u: Any, v: Any, n: int) -> tuple[Any, Any]:
    """By the definition: the first largest of each block, whatever other n there are."""
    rows = u[: len(u) // n * n].reshape(-1, n)
    places = rows.argmax(axis=1)
    return rows.max(axis=1), v[: len(u) // n * n].reshape(-1, n)[np.arange(len(rows)), places]


@given(
    st.lists(st.sampled_from((1, 2, 3, 4, 6, 8, 12, 5)), min_size=1, max_size=5),
    st.lists(st.integers(2, 60), min_size=1, max_size=4),
    st.integers(0, 10**6),
)
def test_blocks_are_those_of_numpy(draws: list[int], sizes: list[int], seed: int) -> None:
    """Chunks of whole blocks, and merged moments: the same as of all the bests at once."""
    import torch

    from gpu_checks.kernels.best_of_draws import BlockBests

    rng = np.random.default_rng(seed)
    bests = BlockBests(draws)
    middles = np.array([[1e4], [-50.0]])
    chunks = [rng.standard_normal((2, 24 * size)) + middles for size in sizes]
    for u, v in chunks:
        bests.add(torch.from_numpy(u.copy()), torch.from_numpy(v.copy()))
    for n in draws:
        # Of n = 5 each chunk drops what fills no block.
        found = [bests_in_numpy(u, v, n) for u, v in chunks]
        u, v = (np.concatenate(each) for each in zip(*found, strict=True))
        if len(u) < 2:
            continue
        best = bests.of(n)
        assert best.blocks == len(u)
        for estimate, values in ((best.proxy, u), (best.utility, v), (best.error, u - v)):
            # Sums of up to 5760 numbers near 10^4; squares about their means are near 1.
            assert estimate.value == pytest.approx(values.mean(), rel=1e-14 * 6)
            error = values.std(ddof=1) / len(values) ** 0.5
            assert estimate.standard_error == pytest.approx(error, rel=1e-9)


def test_of_equal_rewards_the_first_of_a_pair_is_taken() -> None:
    import torch

    from gpu_checks.kernels.best_of_draws import largest_of_blocks

    u, v = torch.tensor([1.0, 1.0, 0.0, 2.0, 9.0]), torch.tensor([5.0, 6.0, 7.0, 8.0, 9.0])
    best, partner = largest_of_blocks(u, v, 2)
    assert best.tolist() == [1, 2]
    assert partner.tolist() == [5, 8]


@pytest.mark.parametrize("error", ["student_t(df=3)", "exponential()"])
def test_it_agrees_with_the_numpy_kernel(error: str) -> None:
    import torch

    from gpu_checks.kernels.best_of_draws import best_of_draws

    laws, draws = (Law.parse(error), Law.parse("2*normal()")), [64, 1, 8]
    found = best_of_draws(*laws, draws, 200_000, 3, torch.device("cpu"))
    expected = monte_carlo_best_of(*laws, draws, 200_000, 4)
    for one, other in zip(found, expected, strict=True):
        assert one.n == other.at
        for mine, theirs in ((one.utility, other.mean_v), (one.proxy, other.mean_u)):
            assert isinstance(theirs, Estimate)
            within = Z * float(np.hypot(mine.standard_error, theirs.standard_error))
            assert abs(mine.value - theirs.value) < within
    assert found[1].utility.value == pytest.approx(0, abs=Z * found[1].utility.standard_error)
    # Planted: the best of 64 is told from the best of 8.
    gap = abs(found[0].proxy.value - found[2].proxy.value)
    assert gap > Z * float(np.hypot(found[0].proxy.standard_error, found[2].proxy.standard_error))


def test_one_seed_one_answer_and_progress_ends_at_the_end() -> None:
    import torch

    from gpu_checks.kernels.best_of_draws import best_of_draws

    normal, seen = Law.parse("normal()"), []
    one, two, other = (
        best_of_draws(
            normal, normal, [3], 99_999, seed, torch.device("cpu"), lambda d, n: seen.append((d, n))
        )
        for seed in (1, 1, 2)
    )
    assert one == two
    assert one != other
    assert seen[-1] == (99_999, 99_999)
    assert one[0].blocks == 33_333


@pytest.mark.parametrize(
    ("draws", "line"),
    [([], "needs n >= 1, got none"), ([0], "needs n >= 1, got 0"), ([51], "1020 would do")],
)
def test_bad_draws_get_one_line(draws: list[int], line: str) -> None:
    import torch

    from gpu_checks.kernels.best_of_draws import best_of_draws

    normal = Law.parse("normal()")
    with pytest.raises(InputError, match=line):
        best_of_draws(normal, normal, draws, 1000, 1, torch.device("cpu"))


# ---------------------------------------------------------------- the largest of many


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(1, 80), st.integers(0, 99))
def test_the_largest_are_those_of_numpy(sizes: list[int], keep: int, seed: int) -> None:
    import torch

    from gpu_checks.kernels.largest import largest

    rng = np.random.default_rng(seed)
    chunks = [rng.integers(0, 30, size) / 4 for size in sizes]  # with ties
    tail = largest((torch.from_numpy(chunk) for chunk in chunks), keep)
    expected = UpperTail.of(np.concatenate(chunks), keep)
    assert tail.count == expected.count
    assert tail.values.tolist() == expected.values.tolist()


def test_paths_of_a_torch_tail_are_those_of_numpy() -> None:
    import torch

    from gpu_checks.kernels.largest import largest

    rewards = np.random.default_rng(5).pareto(2, 30_000) + 1
    chunks = (torch.from_numpy(each) for each in np.array_split(rewards, 7))
    one, other = largest(chunks, 2000), UpperTail.of(rewards, 2000)
    for path in (hill_path, moment_path, probability_weighted_path):
        found, expected = path(one), path(other)
        # Running sums of 2000 terms; a moment is a difference of two that keep half their digits.
        assert found.shape.numpy()[10:] == pytest.approx(expected.shape[10:], rel=1e-9)


@pytest.mark.parametrize(
    ("chunks", "keep", "line"),
    [
        ([], 1, "expected rewards, got none"),
        ([[]], 1, "expected rewards, got none"),
        ([[1.0], [np.nan]], 1, "a reward is NaN"),
        ([[1.0]], 0, "expected to keep 1 or more, got 0"),
    ],
)
def test_bad_rewards_get_one_line(chunks: list[list[float]], keep: int, line: str) -> None:
    import torch

    from gpu_checks.kernels.largest import largest

    with pytest.raises(InputError, match=line):
        largest((torch.tensor(chunk) for chunk in chunks), keep)
