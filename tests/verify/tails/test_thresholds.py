"""Thresholds chosen by the data: by definition, and where the right one is known."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest, pareto

from verify.errors import InputError
from verify.tails.estimators.gpd import gpd_path
from verify.tails.estimators.hill import hill_path
from verify.tails.thresholds import Choice, bader, clauset, danielsson, minimal_amse
from verify.tails.thresholds.choice import SHARE, candidates, log_rewards
from verify.tails.thresholds.double_bootstrap import contrast, top_ranks
from verify.tails.thresholds.kolmogorov_smirnov import distance
from verify.tails.thresholds.least_error import amse_path
from verify.tails.thresholds.sequential_tests import forward_stop
from verify.tails.upper_tail import UpperTail

METHODS: dict[str, Callable[[UpperTail], Choice]] = {
    "bader": lambda tail: bader(tail, number=8),
    "clauset": clauset,
    "danielsson": danielsson,
    "minimal_amse": minimal_amse,
}
ON_LOGARITHMS = {name: METHODS[name] for name in ("clauset", "danielsson", "minimal_amse")}


def spliced(seed: int, count: int = 10_000, share: float = 0.1) -> UpperTail:
    """Uniform up to 1, and with chance ``share`` Pareto(5/2) above: the tail begins at 1."""
    rng = np.random.default_rng(seed)
    u = rng.random(count)
    return UpperTail.of(np.where(u < share, (u / share) ** -0.4, rng.random(count)))


def logs_of(seed: int, count: int = 300) -> np.ndarray:
    found: np.ndarray = np.log(
        UpperTail.of(1 + np.random.default_rng(seed).pareto(2.0, count)).values
    )
    return found


@pytest.mark.parametrize("name", METHODS)
def test_a_spliced_tail_is_found(name: str) -> None:
    """1000 rewards are Pareto, give or take 30. None of 6 choices goes far beyond them.

    Beyond 1300 three in thirteen excesses would be of the body, and a line from 0 to 1 is no
    power law. The median is over half of those that there are: each method errs downwards.
    """
    ks = [METHODS[name](spliced(seed)).k for seed in range(6)]
    assert max(ks) < 1300
    assert np.median(ks) > 500


@pytest.mark.parametrize("name", METHODS)
def test_shift_and_scale_change_no_choice(name: str) -> None:
    tail = spliced(1, 4000)
    found = METHODS[name](tail)
    # A power of two and a shift that keeps the digits apart: excesses differ in the last digits.
    moved = METHODS[name](UpperTail(4 * tail.values + 32, tail.count))
    assert moved.k == found.k
    assert moved.threshold == pytest.approx(4 * found.threshold + 32, rel=1e-12)
    assert found.threshold == tail.values[found.k]
    assert found.warning is None


@pytest.mark.parametrize("name", METHODS)
def test_torch_gives_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    tail = spliced(3, 4000)
    found = METHODS[name](tail)
    other = METHODS[name](UpperTail(torch.from_numpy(tail.values.copy()), tail.count))
    assert (other.k, other.threshold) == (found.k, found.threshold)
    assert other.detail == pytest.approx(found.detail, rel=1e-6)


@pytest.mark.parametrize("name", ON_LOGARITHMS)
def test_rewards_as_they_are_come_with_a_warning(name: str) -> None:
    """Planted: with a zero point that is given, a shift does change what is chosen."""
    method = ON_LOGARITHMS[name]
    tail = UpperTail(spliced(2).values + 1.0, 10_000)
    found = method(tail, base=0)  # type: ignore[call-arg]
    assert "another zero point" in (found.warning or "")
    moved = method(UpperTail(tail.values + 10, 10_000), base=0)  # type: ignore[call-arg]
    assert moved.k != found.k


def test_distance_by_scipy() -> None:
    logs = logs_of(3)
    for k in (1, 2, 20, 299):
        found, shape = distance(logs, k)
        ratios = np.exp(logs[:k] - logs[k])
        assert shape == pytest.approx(np.mean(np.log(ratios)), rel=1e-12)
        assert found == pytest.approx(kstest(ratios, pareto(1 / shape).cdf).statistic, abs=1e-12)
    assert distance(np.zeros(9), 5)[0] == float("inf")


def test_clauset_takes_the_least_distance() -> None:
    tail = spliced(4, 3000)
    found = clauset(tail, number=40)
    logs, _ = log_rewards(tail, None)
    table = {k: distance(logs, k)[0] for k in candidates(20, len(logs) - 1, 40)}
    assert table[found.k] == min(table.values()) == found.detail["distance"]


def test_amse_by_least_squares() -> None:
    logs, rho = logs_of(5), -0.5
    hill, bias, doubt = amse_path(logs, rho)
    path = hill_path(UpperTail(np.exp(logs), len(logs)))
    assert hill[1:-1] == pytest.approx(path.shape[: len(hill) - 2], rel=1e-9)
    for k in (5, 60, 299):
        j = np.arange(1, k + 1)
        z = j * (logs[:k] - logs[1 : k + 1])
        design = np.stack([np.ones(k), (j / (k + 1)) ** -rho], axis=1)
        (_, slope), *_ = np.linalg.lstsq(design, z, rcond=None)
        assert bias[k - 1] == pytest.approx(slope / (1 - rho), rel=1e-6, abs=1e-9)
        error = np.sqrt(np.linalg.inv(design.T @ design)[1, 1]) * z.mean()
        assert doubt[k - 1] == pytest.approx(abs(slope) / error, rel=1e-6)


def test_amse_stops_where_the_bias_is_certain() -> None:
    """Planted: without the stop, the body is taken for a power law; 300 rewards are of one."""
    tail = spliced(6, share=0.03)
    logs, _ = log_rewards(tail, None)
    hill, bias, doubt = amse_path(logs, -0.5)
    error = hill**2 / np.arange(1, len(hill) + 1) + bias**2
    found = minimal_amse(tail)
    assert found.k < 400
    assert int(np.argmin(error[19:])) + 20 > 2000
    last = int(found.detail["last"])
    assert doubt[last - 1] > 4
    assert (doubt[99 : last - 1] <= 4).all()
    assert found.k == 20 + int(np.argmin(error[19:last]))


def test_contrast_by_definition() -> None:
    logs = logs_of(7, 40)
    found = contrast(logs)
    for k in (1, 7, 39):
        excess = logs[:k] - logs[k]
        by_hand = np.mean(excess**2) - 2 * np.mean(excess) ** 2
        assert found[k - 1] == pytest.approx(by_hand, rel=1e-9, abs=1e-12)


def test_top_ranks_are_those_of_resamples() -> None:
    """Against resamples that are drawn in full: the means of the ten least ranks agree.

    The j-th least of 200 has standard deviation below ``sqrt(j) 1000 / 200``.
    """
    rng = np.random.default_rng(8)
    rows = 4000
    found = top_ranks(1000, 200, 10, rows, rng)
    direct = np.sort(rng.integers(0, 1000, (rows, 200)), axis=1)[:, :10]
    for j, (one, other) in enumerate(zip(found.T, direct.T, strict=True), 1):
        assert one.mean() == pytest.approx(other.mean(), abs=4 * 5 * sqrt(2 * j / rows))
        assert one.std() == pytest.approx(other.std(), rel=4 / sqrt(rows))
    assert (np.diff(found, axis=1) >= 0).all()


def test_danielsson_multiplies_as_stated() -> None:
    found = danielsson(spliced(9), resamples=50, seed=1)
    k1, k2, n1, n2 = (found.detail[name] for name in ("k1", "k2", "n1", "n2"))
    assert n2 == n1**2 // 10_000
    factor = (log(k1) ** 2 / (2 * log(n1) - log(k1)) ** 2) ** ((log(n1) - log(k1)) / log(n1))
    assert found.k == round(k1**2 / k2 * factor)
    assert danielsson(spliced(9), resamples=50, seed=1) == found


@given(st.lists(st.floats(0, 1), max_size=30), st.sampled_from([0.05, 0.1, 0.3]))
def test_forward_stop_by_definition(chances: list[float], rate: float) -> None:
    rounded = [min(chance, 1 - 1e-12) for chance in chances]
    means = [np.mean([-log(1 - p) for p in rounded[:k]]) for k in range(1, len(chances) + 1)]
    # A mean within rounding of the rate may fall on either side.
    if all(abs(mean - rate) > 1e-9 for mean in means):
        allowed = [k for k, mean in enumerate(means, 1) if mean <= rate]
        assert forward_stop(chances, rate) == max(allowed, default=0)


def test_bader_keeps_a_tail_that_fits_throughout() -> None:
    """On GPD excesses all rejections are false: in few of 10 samples is there one."""
    rejected = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        tail = UpperTail.of(rng.standard_exponential(3000))
        rejected += bader(tail, number=4).k < 600
    assert rejected <= 3


def test_bader_says_where_nothing_fits() -> None:
    """Whole numbers, each spread a little: no GPD at any threshold."""
    rng = np.random.default_rng(10)
    tail = UpperTail.of(np.floor(rng.standard_exponential(3000)) + 1e-6 * rng.random(3000))
    found = bader(tail, number=6)
    assert found.warning is not None
    assert (found.k, found.detail["rejected"]) == (50, 6)
    shape = float(gpd_path(tail, [50]).shape[0])
    assert found.detail["shape"] == pytest.approx(shape, rel=1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_too_few_rewards(name: str) -> None:
    with pytest.raises(InputError, match="choice of a threshold: expected"):
        METHODS[name](UpperTail.of(np.random.default_rng(0).random(40)))


def test_candidates() -> None:
    assert candidates(20, 20, 5) == [20]
    found = candidates(20, 2000, 50)
    assert (found[0], found[-1]) == (20, 2000)
    assert len(found) == len(set(found)) <= 50
    with pytest.raises(InputError, match="at least 21 rewards"):
        candidates(20, 19, 5)


def test_zero_point() -> None:
    tail = UpperTail.of(np.arange(1.0, 1001.0))
    logs, warning = log_rewards(tail, 500)
    assert warning is None
    assert len(logs) == int(SHARE * 500)
    assert logs == pytest.approx(np.log(tail.values[:150] - 500))
    given_point, warning = log_rewards(tail, 0)
    assert warning is not None
    assert given_point == pytest.approx(np.log(tail.values[:300]))
