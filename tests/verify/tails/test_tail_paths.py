"""Paths along k: each against its formula written as a loop, and against what theory says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.errors import InputError
from verify.tails.estimators import (
    Path,
    above,
    generalised_pickands_path,
    gpd_path,
    hill_path,
    kernel_path,
    maximum_to_sum,
    mean_excess,
    moment_path,
    pickands_path,
    port_hill_path,
    probability_weighted_path,
)
from verify.tails.estimators.moment import moment_variance
from verify.tails.estimators.pickands import pickands_variance
from verify.tails.estimators.probability_weighted import probability_weighted_variance
from verify.tails.upper_tail import UpperTail

Loop = Callable[[np.ndarray, int], float]


def hill_loop(x: np.ndarray, k: int) -> float:
    return sum(np.log(x[j]) - np.log(x[k]) for j in range(k)) / k


def moment_loop(x: np.ndarray, k: int) -> float:
    first = sum(np.log(x[j] / x[k]) for j in range(k)) / k
    second = sum(np.log(x[j] / x[k]) ** 2 for j in range(k)) / k
    return float(first + 1 - 0.5 / (1 - first**2 / second))


def kernel_loop(x: np.ndarray, k: int) -> float:
    weights = [(1 - (j / k) ** 2) ** 2 for j in range(1, k)]
    spacings = [j * np.log(x[j - 1] / x[j]) for j in range(1, k)]
    return float(np.dot(weights, spacings) / np.sum(weights))


def weighted_loop(x: np.ndarray, k: int) -> float:
    ascending = sorted(x[j] - x[k] for j in range(k))
    a0 = sum(ascending) / k
    # Hosking and Wallis: E[Y (1 - F)] without bias, ranks from the smallest.
    a1 = sum((k - i) * y / (k - 1) for i, y in enumerate(ascending, start=1)) / k
    return float(2 - a0 / (a0 - 2 * a1))


def pickands_loop(x: np.ndarray, k: int) -> float:
    j = k // 4
    return float(np.log2((x[j - 1] - x[2 * j - 1]) / (x[2 * j - 1] - x[4 * j - 1])))


def generalised_loop(x: np.ndarray, k: int) -> float:
    j = k // 32
    top, far = x[j - 1] - x[4 * j - 1], x[8 * j - 1] - x[32 * j - 1]
    return float(np.log(top / far) / np.log(8))


PATHS: dict[str, tuple[Callable[[UpperTail], Path], Loop]] = {
    "hill": (hill_path, hill_loop),
    "moment": (moment_path, moment_loop),
    "kernel": (kernel_path, kernel_loop),
    "weighted": (probability_weighted_path, weighted_loop),
    "pickands": (pickands_path, pickands_loop),
    "generalised": (generalised_pickands_path, generalised_loop),
    "port": (port_hill_path, lambda x, k: hill_loop(x[:-1] - x[-1], k)),
}
INVARIANT = ("weighted", "pickands", "generalised", "port")


def sample(n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).pareto(2.0, n) + 1


@pytest.mark.parametrize("name", PATHS)
def test_path_is_its_formula(name: str) -> None:
    path_of, loop = PATHS[name]
    tail = UpperTail.of(sample(), 200)
    path = path_of(tail)
    assert int(path.k[0]) >= 2 and (np.diff(path.k) > 0).all()
    places = np.unique(np.linspace(0, len(path.k) - 1, 25).astype(int))
    for place in places:
        # Running sums of 200 numbers below 10: rounded by 1e-13; M2 of two near rewards divides.
        wanted = loop(tail.values, int(path.k[place]))
        assert path.shape[place] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_all_of_the_rewards_above_0_are_used() -> None:
    x = np.concatenate([sample(50), -sample(50), [0.0]])
    path = hill_path(UpperTail.of(x))
    assert int(path.k[-1]) == 49
    assert "zero point" in (path.warning or "")
    with pytest.raises(InputError, match="four or more above 0"):
        hill_path(UpperTail.of(-sample(50)))


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(PATHS)),
    st.integers(-(2**20), 2**20),
    st.integers(-20, 20),
    st.integers(0, 2**20),
)
def test_shift_and_scale(name: str, shift: int, power: int, seed: int) -> None:
    path_of, _ = PATHS[name]
    # Multiples of 2^-20 below 2^12: sums with the shift are exact, and so is a power of two.
    x = np.round(sample(100, seed) * 2**20) / 2**20
    x = np.minimum(x, 2.0**12)
    plain = path_of(UpperTail.of(x, 80)).shape
    scaled = path_of(UpperTail.of(x * 2.0**power, 80)).shape
    assert np.array_equal(plain, scaled, equal_nan=True)
    path = path_of if name in INVARIANT else lambda tail: path_of(above(tail))
    one, other = path(UpperTail.of(x, 80)), path(UpperTail.of(x + shift, 80))
    assert np.array_equal(one.shape, other.shape, equal_nan=True)


def test_hill_is_not_invariant() -> None:
    """What the warning is for: a planted shift of 10 halves the estimate and more."""
    x = sample(10_000)
    plain, shifted = (hill_path(UpperTail.of(each, 2000)).at(200).value for each in (x, x + 10))
    assert plain == pytest.approx(0.5, abs=0.15)  # 4 standard errors of 0.035
    assert shifted < 0.35
    port = (port_hill_path(UpperTail.of(each, 2000)).at(200) for each in (x, x + 10))
    low, high = (each.value for each in port)
    # x + 10 is rounded: spacings near the threshold, of about 1e-3, lose 1e-15.
    assert low == pytest.approx(high, abs=1e-9)


SIMULATED = {
    "hill": (hill_path, 0.5, lambda xi: xi**2),
    "kernel": (kernel_path, 0.5, lambda xi: xi**2 * 10 / 7),
    "moment": (moment_path, 0.5, lambda xi: 1 + xi**2),
    "moment below 0": (moment_path, -0.3, lambda xi: float(moment_variance(np.array(xi)))),
    "weighted": (
        probability_weighted_path,
        0.1,
        lambda xi: float(probability_weighted_variance(np.array(xi))),
    ),
    "pickands": (pickands_path, 0.5, lambda xi: 4 * float(pickands_variance(np.array(xi)))),
    "generalised": (
        generalised_pickands_path,
        0.1,
        lambda xi: 32 * float(pickands_variance(np.array(xi), 4.0, 8.0)),
    ),
}


@pytest.mark.parametrize("name", SIMULATED)
def test_standard_errors_by_simulation(name: str) -> None:
    """1,000 samples from laws without bias: a variance is known to 4.5 %, 4 sd = 18 %.

    Limits are off by up to 10 % more at k = 800: the estimators divide by what they estimate.
    """
    path_of, xi, variance = SIMULATED[name]
    rng = np.random.default_rng(11)
    k, found = 800, []
    for _ in range(1000):
        # Order statistics of the k + 1 largest of 10^6 from Pr(X > x) = x^(-1 / xi), or the
        # bounded law with end point 1 + 1 / |xi|.
        points = np.cumsum(rng.standard_exponential(k + 1)) / 1e6
        values = points**-xi if xi > 0 else 1 + 1 / -xi - points**-xi / -xi
        path = path_of(UpperTail(values, 10**6))
        place = int(np.searchsorted(path.k, k, side="right")) - 1
        found.append(path.shape[place])
    assert np.mean(found) == pytest.approx(xi, abs=4 * np.sqrt(variance(xi) / k / 1000) + 10 / k)
    assert np.var(found) * k == pytest.approx(variance(xi), rel=0.28)
    one = path.standard_error[place]
    assert one == pytest.approx(np.sqrt(variance(found[-1]) / k), rel=1e-2)


def test_printed_variances() -> None:
    # Pickands's, as printed; at 0 its limit.
    for xi in (-0.4, 0.3, 1.5):
        printed = xi**2 * (2 ** (2 * xi + 1) + 1) / (2 * (2**xi - 1) * np.log(2)) ** 2
        assert float(pickands_variance(np.array(xi))) == pytest.approx(printed, rel=1e-12)
    assert float(pickands_variance(np.array(0.0))) == pytest.approx(3 / (4 * np.log(2) ** 4))
    # The moment estimator's for shapes below 0, as Dekkers, Einmahl and de Haan print it.
    xi = -0.3
    inner = 4 - 8 * (1 - 2 * xi) / (1 - 3 * xi)
    inner += (5 - 11 * xi) * (1 - 2 * xi) / ((1 - 3 * xi) * (1 - 4 * xi))
    printed = (1 - xi) ** 2 * (1 - 2 * xi) * inner
    assert float(moment_variance(np.array(xi))) == pytest.approx(printed, rel=1e-12)
    assert float(moment_variance(np.array(0.0))) == 1
    assert np.isnan(probability_weighted_variance(np.array(0.5)))


def test_mean_excess_is_its_formula() -> None:
    tail = UpperTail.of(np.random.default_rng(2).standard_normal(500) - 3, 100)
    found = mean_excess(tail)
    low, high = found.band(0.9)
    for place, k in enumerate(found.k):
        excesses = tail.excesses(int(k))
        assert found.threshold[place] == tail.values[k]
        assert found.value[place] == pytest.approx(np.mean(excesses), rel=1e-12)
        error = np.std(excesses, ddof=1) / np.sqrt(k)
        assert found.standard_error[place] == pytest.approx(error, rel=1e-6, abs=1e-9)
        assert (high - low)[place] == pytest.approx(2 * 1.6448536 * error, rel=1e-6, abs=1e-9)


def test_mean_excess_of_a_gpd_is_linear_with_its_slope() -> None:
    xi, k = 0.25, 200_000
    points = np.cumsum(np.random.default_rng(4).standard_exponential(k)) / k
    found = mean_excess(UpperTail(points**-xi / xi, k))
    a, b = 20_000, 100_000
    # Standard errors of 1.4 sd / sqrt(k): 0.02 together, over a difference of 3 thresholds.
    slope = (found.value[a] - found.value[b]) / (found.threshold[a] - found.threshold[b])
    assert slope == pytest.approx(xi / (1 - xi), abs=0.05)


def test_maximum_to_sum_is_its_formula_and_tells_moments_apart() -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_t(3, 300)
    found = maximum_to_sum(x, 2.0, 0.0)
    for n in range(1, 300, 17):
        powers = np.maximum(x[:n], 0) ** 2
        total = powers.sum()
        assert found[n - 1] == pytest.approx(powers.max() / total if total else 0, rel=1e-12)
    assert np.array_equal(maximum_to_sum(np.zeros(3), 2.0), np.zeros(3))
    # Shift: sums that are exact.
    whole = np.round(x * 2**20) / 2**20
    assert np.array_equal(maximum_to_sum(whole, 3.0), maximum_to_sum(whole + 512, 3.0))
    # t(3): the first moment is finite, the fourth is not. With 200,000 rewards the largest excess
    # is about 50 with sum 1e5; the largest fourth power outweighs all others with a chance near 1.
    x = rng.standard_t(3, 200_000)
    assert maximum_to_sum(x, 1.0)[-1] < 0.01
    assert maximum_to_sum(x, 4.0)[-1] > 0.1


def test_ties_give_no_estimate_instead_of_a_wrong_one() -> None:
    tail = UpperTail(np.array([3.0, 3.0, 3.0, 3.0, 3.0, 2.0, 1.0]), 7)
    assert np.isnan(moment_path(tail).shape[0])
    assert np.isnan(pickands_path(tail).shape[0])
    assert np.isnan(probability_weighted_path(tail).shape[0])


def test_at_reads_the_path() -> None:
    path = hill_path(UpperTail.of(sample(), 100))
    found = path.at(50)
    assert found.value == path.shape[48] and found.high - found.low == pytest.approx(
        2 * 1.959964 * found.value / np.sqrt(50)
    )
    with pytest.raises(ValueError, match="begins above"):
        path.at(1)


@pytest.mark.parametrize("name", [*PATHS, "mean excess", "gpd", "maximum to sum"])
def test_torch_tensors_give_the_same(name: str) -> None:
    torch = pytest.importorskip("torch")
    x = sample()

    def shape_of(values: object) -> object:
        tail = UpperTail.of(values, 150)
        if name == "mean excess":
            return mean_excess(tail).standard_error
        if name == "gpd":
            return gpd_path(tail, [10, 20, 100]).shape
        if name == "maximum to sum":
            return maximum_to_sum(values, 2.0)
        return PATHS[name][0](tail).shape

    ours, theirs = shape_of(x), shape_of(torch.tensor(x))
    assert isinstance(theirs, torch.Tensor) and theirs.dtype == torch.float64
    # Sums in another order; Newton's last step.
    assert theirs.numpy() == pytest.approx(ours, rel=1e-8, abs=1e-9, nan_ok=True)


def test_a_reward_beside_0_does_not_overflow() -> None:
    """The largest over the least is beyond float64, as where bytes of a file are damaged."""
    rewards = np.append(np.random.default_rng(5).pareto(2.0, 99) + 1, 1e-310)
    shape = hill_path(UpperTail.of(rewards)).shape
    wanted = [hill_loop(np.sort(rewards)[::-1], k) for k in range(2, 100)]
    # 200 roundings, both routes together, each of 2^-53 of a sum of 99 logarithms below 720.
    assert np.abs(np.asarray(shape) - wanted).max() < 200 * 99 * 720 * 2.0**-53
